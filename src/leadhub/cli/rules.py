"""Rules that a command writes into leadhub.toml: the difference of the file is shown first, and a file that would not load is never left there."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import AoT, Table

from leadhub.cli.session import Cli
from leadhub.config.edit import read_text, replace_text
from leadhub.errors import LeadhubError
from leadhub.hub import open_hub


def with_settle(text: str, rule: Mapping[str, str]) -> str:
    """Return leadhub.toml with a `[[settle]]` rule before all others, for the first that fits decides; one about the very same is replaced."""
    document = tomlkit.parse(text)
    about = _about(rule)
    others = [table for table in document.get("settle", ()) if _about(table) != about]
    rules = tomlkit.aot()
    for one in (rule, *others):
        table = tomlkit.table()
        table.update(one)
        rules.append(table)
    if isinstance(document.get("settle"), AoT):
        document["settle"] = rules
        return tomlkit.dumps(document)
    return _added(text, {"settle": rules})


def _about(rule: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(rule.get(key) for key in ("field", "system", "value", "hub"))


def with_field_options(text: str, field: str, options: Mapping[str, str]) -> str:
    """Return leadhub.toml with these options of `[fields.FIELD]`, whatever they were before."""
    document = tomlkit.parse(text)
    fields = document.get("fields")
    if isinstance(fields, Table) and field in fields:
        fields[field].update(options)
        return tomlkit.dumps(document)
    if fields is not None and not isinstance(fields, Table):  # dotted keys: the parser knows how to add to them
        fields[field] = dict(options)
        return tomlkit.dumps(document)
    return _added(text, {"fields": {field: dict(options)}})


def _added(text: str, table: Mapping[str, Any]) -> str:
    """The text with a table at its end, as a paragraph of its own and with the line ends that the file has."""
    new = tomlkit.dumps(table)
    end = "\r\n" if "\r\n" in text else "\n"
    return f"{text.rstrip()}{end * 2 if text.strip() else ''}{new.replace(chr(10), end)}"


def show_difference(cli: Cli, path: Path, after: str) -> None:
    """Print what would change in leadhub.toml, as a unified difference."""
    now, then = read_text(path).splitlines(), after.splitlines()
    for line in difflib.unified_diff(now, then, f"{path.name} now", f"{path.name} then", n=1, lineterm=""):
        cli.screen.line(f"  {line}", style={"+": "green", "-": "red"}.get(line[:1], "dim"))


def write(path: Path, before: str, after: str) -> None:
    """Replace leadhub.toml, and open the deployment once with it. Raises LeadhubError if it would not load, or was changed: then it is as it was."""
    replace_text(path, before, after)
    try:
        open_hub(path.parent, offline=True).store.close()
    except LeadhubError:
        replace_text(path, after, before)
        raise
