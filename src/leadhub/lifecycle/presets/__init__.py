"""The presets that belong to no plugin, as package data. The one place of the lifecycle that reads files, and only those of packages."""

from collections.abc import Mapping
from importlib.resources import files

CORE = "leadhub.lifecycle.presets"


def preset_texts(package: str = CORE) -> Mapping[str, str]:
    """The TOML texts in a package, by name without ending, sorted: `preset_texts("leadhub_hubspot.presets")`."""
    found = (entry for entry in files(package).iterdir() if entry.name.endswith(".toml"))
    return {entry.name.removesuffix(".toml"): entry.read_text(encoding="utf-8") for entry in sorted(found, key=lambda entry: entry.name)}
