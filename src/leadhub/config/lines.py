"""Finds the line of leadhub.toml at which a key stands. It looks at the text alone: the parser keeps no lines."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import lru_cache

_PART = r'"(?:[^"\\]|\\.)*"|\'[^\']*\'|[A-Za-z0-9_-]+'
_PATH = rf"(?:{_PART})(?:\s*\.\s*(?:{_PART}))*"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_PATH})\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(rf"\s*({_PATH})\s*=")
_LONG = re.compile(r'"""|\'\'\'')


def place(name: str, text: str, keys: Sequence[object]) -> str:
    """Return file and line of a key, as an error names them; the file alone where the line cannot be told."""
    line = line_of(text, tuple(map(str, keys)))
    return f"{name}:{line}" if line else name


def line_of(text: str, keys: tuple[str, ...]) -> int | None:
    """Return the line of the deepest of these nested keys that can be found: its own, or that of the table or value it stands in.

    Tables of an array are told apart by their place in it, from "0".
    """
    lines = _index(text)
    return next((lines[keys[:depth]] for depth in range(len(keys), 0, -1) if keys[:depth] in lines), None)


@lru_cache(maxsize=8)
def _index(text: str) -> dict[tuple[str, ...], int]:
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    arrays: dict[tuple[str, ...], int] = {}
    for number, line in _lines_of_keys(text):
        if header := _HEADER.match(line):
            table = _parts(header[2])
            if header[1] == "[[":
                arrays[table] = arrays.get(table, -1) + 1
            table = _with_places(table, arrays)
            for depth in range(1, len(table) + 1):
                found.setdefault(table[:depth], number)
        elif key := _KEY.match(line):
            path = table + _parts(key[1])
            for depth in range(len(table) + 1, len(path) + 1):
                found.setdefault(path[:depth], number)
    return found


def _lines_of_keys(text: str) -> Iterator[tuple[int, str]]:
    """Every line that may hold a header or a key: none inside a text of several lines."""
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        if not inside:
            yield number, line
        inside ^= len(_LONG.findall(line)) % 2 == 1


def _with_places(table: tuple[str, ...], arrays: dict[tuple[str, ...], int]) -> tuple[str, ...]:
    """The path of a table with the place of each array's table on the way: `settle` becomes `settle`, "0"."""
    path: list[str] = []
    for depth, part in enumerate(table, 1):
        path.append(part)
        if table[:depth] in arrays:
            path.append(str(arrays[table[:depth]]))
    return tuple(path)


def _parts(path: str) -> tuple[str, ...]:
    return tuple(str(tomllib.loads(f"v = {part}")["v"]) if part[0] in "\"'" else part for part in re.findall(_PART, path))
