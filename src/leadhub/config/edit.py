"""Writes to leadhub.toml, with a person's comments and order kept."""

from collections.abc import Mapping
from pathlib import Path

import tomlkit

from leadhub.errors import ConfigError


def pin(path: Path, system: str, org: str) -> None:
    """Write the organization that answered into the system's table."""
    document = tomlkit.parse(path.read_text(encoding="utf-8"))
    table = document["system"][system]
    table["org"] = org
    _replace(path, tomlkit.dumps(document))


def add_system(path: Path, system: str, settings: Mapping[str, str]) -> None:
    """Add a system's table at the end of the file. Raises ConfigError if there is one of that name."""
    document = tomlkit.parse(path.read_text(encoding="utf-8"))
    systems = document.setdefault("system", tomlkit.table(is_super_table=True))
    if system in systems:
        raise ConfigError(f'{path.name} has a system "{system}" already; nothing was written.')
    table = tomlkit.table()
    table.update(settings)
    systems[system] = table
    _replace(path, tomlkit.dumps(document))


def write_new(path: Path, text: str) -> None:
    """Write a file that must not be there yet. Raises ConfigError if it is."""
    if path.exists():
        raise ConfigError(f"{path} exists already; nothing was written.", next_step=f"leadhub -C {path.parent} config check")
    path.parent.mkdir(parents=True, exist_ok=True)
    _replace(path, text)


def _replace(path: Path, text: str) -> None:
    """Replace the file in one step, so that nobody ever reads half of it."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)
