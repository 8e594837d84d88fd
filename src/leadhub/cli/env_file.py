"""The file .env of a deployment: names and secrets, for its owner alone to read."""

import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path


def keep(path: Path, values: Mapping[str, str]) -> None:
    """Set these names in the file; what else stands in it stays. Nobody but its owner can read it, at no moment."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    left = dict(values)
    for number, line in enumerate(lines):
        named = re.match(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=", line)
        if named and named[1] in left:
            lines[number] = f"{named[1]}={_quoted(left.pop(named[1]))}"
    lines += [f"{name}={_quoted(value)}" for name, value in left.items()]
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    beside.replace(path)


def as_export(name: str, value: str | None) -> str:
    """Return the line that sets a name in a shell; a secret's value is left to whoever types it."""
    return f"export {name}={'…' if value is None else shlex.quote(value)}"


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
