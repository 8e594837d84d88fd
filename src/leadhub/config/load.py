"""Reads leadhub.toml: parses it, fills in ${ENV} and file: references, validates it, and says what is wrong with line numbers."""

import hashlib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from leadhub.config.document import Document
from leadhub.errors import ConfigError

FILE_NAME = "leadhub.toml"
_REFERENCE = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Deployment:
    """A folder with a leadhub.toml: the document, its text, and a hash of what it says (secrets left out)."""

    folder: Path
    path: Path
    text: str
    document: Document
    hash: str

    def line_of(self, *keys: str) -> int | None:
        """Return the line of the last of these nested keys, or None."""
        return line_of(self.text, keys)


def find(folder: Path) -> Path:
    """Return the path of leadhub.toml in this folder. Raises ConfigError with the next step if there is none."""
    path = folder / FILE_NAME
    if not path.is_file():
        raise ConfigError(f"There is no {FILE_NAME} in {folder}.", next_step="leadhub init DIR, or leadhub -C DIR … for another folder")
    return path


def load(folder: Path, environ: Mapping[str, str] | None = None) -> Deployment:
    """Load a deployment. Raises ConfigError with every problem found, each with file and line."""
    path = find(folder)
    text = path.read_text(encoding="utf-8")
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path.name} is not valid TOML: {error}.", problems=(f"{path.name}: {error}",)) from error
    problems: list[str] = []
    filled = _filled(raw, path.parent, environ if environ is not None else os.environ, text, path.name, (), problems)
    document = _validated(filled, text, path.name, problems)
    if problems or document is None:
        count = len(problems)
        raise ConfigError(f"{path.name} has {count} problem{'s' * (count != 1)}:\n" + "\n".join(f"  {p}" for p in problems), problems=tuple(problems))
    return Deployment(path.parent, path, text, document, hashlib.blake2b(repr(raw).encode(), digest_size=8).hexdigest())


def _filled(value: Any, folder: Path, environ: Mapping[str, str], text: str, name: str, keys: tuple[str, ...], problems: list[str]) -> Any:
    """Replace references in every string: "${NAME}" by the environment variable, "file:PATH" by the file's text."""
    if isinstance(value, dict):
        return {key: _filled(item, folder, environ, text, name, (*keys, key), problems) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, folder, environ, text, name, keys, problems) for item in value]
    if not isinstance(value, str):
        return value
    where = _place(name, text, keys)
    if value.startswith("file:"):
        secret = folder / value.removeprefix("file:")
        try:
            return secret.read_text(encoding="utf-8").strip()
        except OSError as error:
            problems.append(f"{where}: {'.'.join(keys)} points at {secret}, which cannot be read ({error.strerror}).")
            return value

    def one(match: re.Match[str]) -> str:
        if match[1] not in environ:
            problems.append(f'{where}: the environment variable {match[1]} is not set ({".".join(keys)}). Set it, or use "file:PATH".')
        return environ.get(match[1], "")

    return _REFERENCE.sub(one, value)


def _validated(raw: Any, text: str, name: str, problems: list[str]) -> Document | None:
    try:
        document = Document.model_validate(raw)
    except ValidationError as error:
        problems.extend(describe(error, text, name))
        return None
    problems.extend(_cross_checks(document, text, name))
    return document


def describe(error: ValidationError, text: str, name: str, prefix: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield one sentence per fault of a pydantic validation, with file and line; no value is repeated, for it may be a secret."""
    for fault in error.errors(include_input=False, include_url=False):
        keys = prefix + tuple(str(part) for part in fault["loc"])
        where = _place(name, text, keys)
        if fault["type"] == "extra_forbidden":
            yield f'{where}: unknown key "{keys[-1]}" in {".".join(keys[:-1]) or "the file"}.'
        else:
            yield f"{where}: {'.'.join(keys)}: {fault['msg'][0].lower()}{fault['msg'][1:]}."


def _cross_checks(document: Document, text: str, name: str) -> Iterator[str]:
    systems = sorted(document.system)
    named: list[tuple[tuple[str, ...], str | None]] = [(("defaults", "trust"), document.defaults.trust)]
    for field, doc in document.fields.items():
        named += [(("fields", field, "prefer"), doc.prefer), (("fields", field, "owner"), doc.owner)]
    for keys, system in named:
        if system is not None and system not in document.system:
            guess = get_close_matches(system, systems, 1)
            hint = f' Did you mean "{guess[0]}"?' if guess else ""
            yield f'{_place(name, text, keys)}: {".".join(keys)} names "{system}", which is no system here.{hint} Systems: {", ".join(systems)}.'
    for system, configured in document.system.items():
        if configured.create != "never" and configured.on_create is None:
            where = _place(name, text, ("system", system, "create"))
            yield (
                f'{where}: {system} may create records, but nothing says whose they become. Add on_create = {{ owner = "assignment_rules" }}, '
                "or a user or queue: a record without an owner rule lands on whoever the system's default is, and nobody calls."
            )


def _place(name: str, text: str, keys: tuple[str, ...]) -> str:
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
