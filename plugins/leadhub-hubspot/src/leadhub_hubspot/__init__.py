"""HubSpot for leadhub. This module only answers leadhub's hooks."""

from collections.abc import Mapping, Sequence
from importlib.resources import files

from leadhub import Source, hookimpl
from leadhub_hubspot.connector import HubSpot


@hookimpl
def register_connectors() -> Sequence[type[Source]]:
    """Offer the one connector."""
    return (HubSpot,)


@hookimpl
def register_presets() -> Mapping[str, str]:
    """Return every preset beside this module, by the stem of its file's name."""
    folder = files("leadhub_hubspot") / "presets"
    return {entry.name.removesuffix(".toml"): entry.read_text("utf-8") for entry in folder.iterdir() if entry.name.endswith(".toml")}
