"""Fills in what leadhub.toml only points at: "${NAME}" in the environment, "file:PATH" in a file. A value found there is never repeated in a message."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from leadhub.config.lines import place

REFERENCE = re.compile(r"\$\{(\w+)\}")
"""A reference to the environment."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_PEM = re.compile(r"-----BEGIN [A-Z ]+-----[A-Za-z0-9+/=\r\n]+-----END [A-Z ]+-----")
"""A key or a certificate, which has lines and goes into no header."""


@dataclass(slots=True)
class References:
    """The references of one file, and what is wrong with them, one sentence each.

    `missing` holds, by system, those of its table that point at nothing, and under "" that of `on_failure`; `problems` everything else.
    """

    folder: Path
    environ: Mapping[str, str]
    text: str
    name: str
    problems: list[str] = field(default_factory=list)
    missing: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    unfilled: set[tuple[str, ...]] = field(default_factory=set)
    """The keys whose value could not be filled in."""

    def fill(self, value: Any, keys: tuple[str, ...] = ()) -> Any:
        """Return the value with every reference replaced, at whatever depth it stands; what is missing becomes the empty text."""
        if isinstance(value, dict):
            return {key: self.fill(item, (*keys, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self.fill(item, keys) for item in value]
        if not isinstance(value, str):
            return value
        if value.startswith("file:"):
            return self._from_file(self.folder / value.removeprefix("file:"), keys)
        return REFERENCE.sub(lambda match: self._from_environment(match[1], keys), value)

    def _from_file(self, path: Path, keys: tuple[str, ...]) -> str:
        try:
            return self._usable(path.read_text(encoding="utf-8"), f"the file {path}", keys)
        except OSError as error:
            self._miss(keys, f"{'.'.join(keys)} points at {path}, which cannot be read ({error.strerror}).")
        except UnicodeDecodeError:
            self.unfilled.add(keys)
            self.problems.append(f"{self._place(keys)}: {'.'.join(keys)} points at {path}, which is no UTF-8 text.")
        return ""

    def _from_environment(self, name: str, keys: tuple[str, ...]) -> str:
        if found := self.environ.get(name):
            return self._usable(found, f"the environment variable {name}", keys)
        self._miss(keys, f'the environment variable {name} is not set ({".".join(keys)}). Set it, or use "file:PATH".')
        return ""

    def _usable(self, value: str, source: str, keys: tuple[str, ...]) -> str:
        """Strip the line end that comes along with what was read from somewhere; anything of the kind inside is a mistake, and breaks headers."""
        value = value.strip()
        if _CONTROL.search(value) and not _PEM.fullmatch(value):
            self.problems.append(f"{self._place(keys)}: {source} ({'.'.join(keys)}) holds a line break or another control character.")
        return value

    def _miss(self, keys: tuple[str, ...], what: str) -> None:
        problem = f"{self._place(keys)}: {what}"
        self.unfilled.add(keys)
        match keys:
            case ("system", system, *_):
                self.missing[system].append(problem)
            case ("on_failure",):
                self.missing[""].append(problem)  # needed by no command but sync
            case _:
                self.problems.append(problem)

    def _place(self, keys: tuple[str, ...]) -> str:
        return place(self.name, self.text, keys)
