"""Finds the line of leadhub.toml at which a key stands. It looks at the text alone: the parser keeps no lines."""

import re


def place(name: str, text: str, keys: tuple[str, ...]) -> str:
    """Return file and line of a key, as an error names them; the file alone where the line cannot be told."""
    line = line_of(text, keys)
    return f"{name}:{line}" if line else name


def line_of(text: str, keys: tuple[str, ...]) -> int | None:
    """Return the line of the deepest of these nested keys that can be found: its table's header, then the key below it."""
    best: int | None = None
    lines = text.splitlines()
    for depth in range(len(keys), 0, -1):
        header = re.compile(r"\s*\[\[?\s*" + r"\s*\.\s*".join(f"[\"']?{re.escape(k)}[\"']?" for k in keys[:depth]) + r"\s*\]\]?")
        for number, line in enumerate(lines, 1):
            if header.match(line):
                best = best or number
                found = _key_below(lines, number, keys[depth:])
                if found:
                    return found
        if best:
            return best
    return _key_below(lines, 0, keys)


def _key_below(lines: list[str], start: int, keys: tuple[str, ...]) -> int | None:
    if not keys:
        return None
    wanted = re.compile(rf"\s*[\"']?{re.escape(keys[0])}[\"']?\s*[=.]")
    for number, line in enumerate(lines[start:], start + 1):
        if re.match(r"\s*\[", line) and number > start + 1:
            return None
        if wanted.match(line):
            return number
    return None
