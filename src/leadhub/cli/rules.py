"""Rules that a command writes into leadhub.toml: the difference of the file is shown first, and a file that would not load is never left there."""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import AoT, Table

from leadhub.cli.session import Cli
from leadhub.config.edit import read_text, replace_text, says, with_ends_of, with_first
from leadhub.errors import LeadhubError
from leadhub.hub import open_hub


def with_settle(text: str, rule: Mapping[str, str]) -> str:
    """Return leadhub.toml with a `[[settle]]` rule before all others, for the first that fits decides.

    One about the very same takes its place there, with the comments that it has; all other rules keep theirs.
    """
    said = tomllib.loads(text)
    written = said.get("settle", [])
    at = next((number for number, one in enumerate(written) if _about(one) == _about(rule)), None)
    wanted = [dict(rule), *(one for number, one in enumerate(written) if number != at)]
    document = tomlkit.parse(text)
    rules = document.get("settle")
    if rules is None:
        return _added(text, {"settle": _tables([rule])})
    if isinstance(rules, AoT):
        moved = with_first(text, "settle", at, rule)
        if says(moved, {**said, "settle": wanted}):
            return moved
        document["settle"] = _tables(wanted)  # it is spelled in a way that the text does not tell: then the comments have to go
    else:
        if at is not None:
            rules.pop(at)
        inline = tomlkit.inline_table()
        inline.update(rule)
        rules.insert(0, inline)
    return with_ends_of(text, tomlkit.dumps(document))


def _tables(rules: Iterable[Mapping[str, Any]]) -> AoT:
    tables = tomlkit.aot()
    for rule in rules:
        table = tomlkit.table()
        table.update(rule)
        tables.append(table)
    return tables


def _about(rule: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(rule.get(key) for key in ("field", "system", "value", "hub"))


def with_field_options(text: str, field: str, options: Mapping[str, str]) -> str:
    """Return leadhub.toml with these options of `[fields.FIELD]`, whatever they were before."""
    document = tomlkit.parse(text)
    fields = document.get("fields")
    if isinstance(fields, Table) and field in fields:
        fields[field].update(options)
        return with_ends_of(text, tomlkit.dumps(document))
    if fields is not None and not isinstance(fields, Table):  # dotted keys: the parser knows how to add to them
        fields[field] = dict(options)
        return with_ends_of(text, tomlkit.dumps(document))
    return _added(text, {"fields": {field: dict(options)}})


def _added(text: str, table: Mapping[str, Any]) -> str:
    """The text with a table at its end, as a paragraph of its own and with the line ends that the file has."""
    end = "\r\n" if "\r\n" in text else "\n"
    return with_ends_of(text, f"{text.rstrip()}{end * 2 if text.strip() else ''}{tomlkit.dumps(table)}")


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
