"""Where a value stands in a TOML text. `tomllib` keeps no line numbers, so the text is scanned for `value = "…"` under its table's header.

A row that is spelled in another way is simply not found: then a fault names the file without a line, never a wrong one.
"""

import re
import tomllib
from collections.abc import Callable

LineOf = Callable[[str, str, str], tuple[int, ...]]
"""(field, key, text) → the lines where `key = "text"` stands under that field; with text "" those of the key itself."""

_HEADER = re.compile(r"^\s*\[\[?(?P<path>[^\[\]]+)\]\]?\s*(#.*)?$")
_PART = re.compile(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'|[A-Za-z0-9_-]+')
_VALUE = re.compile(r'\bvalue\s*=\s*("(?:[^"\\]|\\.)*"|\'[^\']*\')')
_KEY = re.compile(r"^\s*([A-Za-z0-9_-]+)\s*=")


def no_lines(_field: str, _key: str, _text: str) -> tuple[int, ...]:
    """For documents that have no text."""
    return ()


def _literal(text: str) -> str:
    """A TOML string or bare key as it is meant."""
    return str(tomllib.loads(f"v = {text}")["v"]) if text[0] in "\"'" else text


def line_finder(text: str, *prefix: str) -> LineOf:
    """Index a TOML text. `prefix` is the path above `field`: nothing for a preset, `"system", "salesforce"` for a deployment's configuration."""
    places: dict[tuple[str, str, str], list[int]] = {}
    field: str | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            field = _field_of(header["path"], prefix)
        elif field is not None and not line.lstrip().startswith("#"):
            if key := _KEY.match(line):
                places.setdefault((field, key[1], ""), []).append(number)
            for value in _VALUE.findall(line):
                places.setdefault((field, "value", _literal(value)), []).append(number)
    return lambda field, key, text: tuple(places.get((field, key, text), ()))


def _field_of(path: str, prefix: tuple[str, ...]) -> str | None:
    parts = [_literal(part) for part in _PART.findall(path)]
    below = parts[len(prefix) :]
    return below[1] if tuple(parts[: len(prefix)]) == prefix and len(below) > 1 and below[0] == "field" else None
