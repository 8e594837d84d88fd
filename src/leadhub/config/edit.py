"""Writes to leadhub.toml, with a person's comments and order kept."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tomlkit

from leadhub.config.lines import line_of
from leadhub.errors import ConfigError


def pin(path: Path, system: str, org: str) -> None:
    """Write the organization that answered into the system's table: below its plugin, where it stays in sight and in no comment's way."""
    text = _read(path)
    document = tomlkit.parse(text)
    document["system"][system]["org"] = org
    said = tomllib.loads(tomlkit.dumps(document))
    below = with_line_below(text, line_of(text, ("system", system, "plugin")), f"org = {tomlkit.item(org).as_string()}")
    _replace(path, below if says(below, said) else tomlkit.dumps(document))


def with_line_below(text: str, number: int | None, line: str) -> str:
    """Return the text with a further line below one of its lines, indented and ended as that one is."""
    lines = text.splitlines(keepends=True)
    if number is None:
        return text
    before = lines[number - 1]
    bare = before.rstrip("\r\n")
    end = before[len(bare) :] or "\n"
    lines[number - 1 : number] = [bare + end, bare[: len(bare) - len(bare.lstrip())] + line + end]
    return "".join(lines)


def with_first(text: str, array: str, at: int | None, values: Mapping[str, str]) -> str:
    """Return the text with a table of these values as the first of an array of tables; `at` is the one that it takes the place of, which moves there.

    A comment directly above a table, or in it, stays with it. Only the text is looked at: the caller has to see whether the result says what is meant.
    """
    lines = text.replace("\r\n", "\n").splitlines(keepends=True)
    blocks = _blocks(lines, array)
    if not blocks or (at is not None and at >= len(blocks)):
        return text
    first, rest = blocks[0][0], lines[blocks[0][0] :]
    table = tomlkit.parse(tomlkit.dumps({array: [{}]}))
    if at is not None:
        begin, end = blocks[at]
        table = tomlkit.parse("".join(lines[begin:end]))
        rest = [*lines[first:begin], *"".join(lines[end:]).lstrip("\n").splitlines(keepends=True)]
    table[array][0].update(values)
    parts = ("".join(lines[:first]).rstrip("\n"), tomlkit.dumps(table).rstrip("\n"), "".join(rest).rstrip("\n"))
    return with_ends_of(text, "\n\n".join(part for part in parts if part) + "\n")


def _blocks(lines: Sequence[str], array: str) -> list[tuple[int, int]]:
    """Where each table of an array begins, with the comment directly above it, and ends, behind its last key."""
    found = []
    for number, line in enumerate(lines):
        if re.match(rf"\s*\[\[\s*{array}\s*\]\]", line):
            begin, end = number, number + 1
            while begin and lines[begin - 1].lstrip().startswith("#"):
                begin -= 1
            for further in range(number + 1, len(lines)):
                if lines[further].lstrip().startswith("["):
                    break
                end = further + 1 if lines[further].strip() and not lines[further].lstrip().startswith("#") else end
            found.append((begin, end))
    return found


def with_ends_of(text: str, changed: str) -> str:
    """Return a changed text with the line ends of the text that it was made from."""
    return re.sub(r"\r?\n", "\r\n", changed) if "\r\n" in text else changed


def says(text: str, said: Mapping[str, Any]) -> bool:
    """Return whether a text says just that: a table may be written inline or dotted, or a line that looks like a key be part of a longer text."""
    try:
        return tomllib.loads(text) == said
    except tomllib.TOMLDecodeError:
        return False


def add_system(path: Path, system: str, settings: Mapping[str, str]) -> None:
    """Add a system's table at the end of the file. Raises ConfigError if there is one of that name."""
    text = _read(path)
    document = tomlkit.parse(text)
    systems = document.setdefault("system", tomlkit.table(is_super_table=True))
    if system in systems:
        raise ConfigError(f'{path.name} has a system "{system}" already; nothing was written.')
    table = tomlkit.table()
    table.update(settings)
    systems[system] = table
    _replace(path, with_ends_of(text, tomlkit.dumps(document)))


def write_new(path: Path, text: str) -> None:
    """Write a file that must not be there yet. Raises ConfigError if it is."""
    if path.exists():
        raise ConfigError(f"{path} exists already; nothing was written.", next_step=f"leadhub -C {path.parent} config check")
    path.parent.mkdir(parents=True, exist_ok=True)
    _replace(path, text)


def replace_text(path: Path, before: str, after: str) -> None:
    """Write a changed text. Raises ConfigError if the file no longer says what the change was made from."""
    if _read(path) != before:
        raise ConfigError(f"{path} was changed in the meantime; nothing was written.", next_step="the same command again")
    _replace(path, after)


def read_text(path: Path) -> str:
    """Return the text of the file as it is, line ends included."""
    return _read(path)


def _read(path: Path) -> str:
    """Return the text with its own line ends, which a person's editor may count on."""
    return path.read_bytes().decode()


def _replace(path: Path, text: str) -> None:
    """Replace the file in one step, so that nobody ever reads half of it."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(text.encode())
    beside.replace(path)
