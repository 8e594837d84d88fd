"""Reads leadhub.toml: parses it, fills in ${ENV} and file: references, validates it, and says what is wrong with line numbers."""

import copy
import hashlib
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import ValidationError

from leadhub.config import checks, secrets
from leadhub.config.document import Document
from leadhub.config.faults import Faults
from leadhub.config.lines import line_of
from leadhub.config.references import References
from leadhub.errors import ConfigError

__all__ = ["FILE_NAME", "Deployment", "find", "load", "read", "refused", "told_of_failures"]

FILE_NAME = "leadhub.toml"
ENV_FILE = ".env"
Way = tuple[int | str, ...]
"""The keys and places in lists that lead to a value."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """A folder with a leadhub.toml: the document, its text, and a hash of what it says (secrets left out)."""

    folder: Path
    path: Path
    text: str
    document: Document
    hash: str
    missing: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Opened offline: by system, what its table points at and is not there; "" stands for the file's own keys."""
    warnings: Sequence[str] = ()
    """What can be meant, and often is not."""
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Where "${NAME}" was looked up: the process's environment, and below it the folder's .env."""

    def line_of(self, *keys: str) -> int | None:
        """Return the line of the last of these nested keys, or None."""
        return line_of(self.text, keys)


def find(folder: Path) -> Path:
    """Return the path of leadhub.toml in this folder. Raises ConfigError with the next step if there is none."""
    path = folder / FILE_NAME
    if not path.is_file():
        raise ConfigError(f"There is no {FILE_NAME} in {folder}.", next_step="leadhub init DIR, or leadhub -C DIR … for another folder")
    return path


def load(folder: Path, environ: Mapping[str, str] | None = None, *, offline: bool = False) -> Deployment:
    """Load a deployment. Raises ConfigError with every problem that the file alone can tell, each with file and line."""
    deployment, faults = read(folder, environ, offline=offline)
    if faults.found:
        raise refused(faults)
    return deployment


def read(folder: Path, environ: Mapping[str, str] | None = None, *, offline: bool = False) -> tuple[Deployment, Faults]:
    """Return what of a deployment could be read, and what is wrong with it, for whoever can find more. Raises ConfigError if the file is no TOML.

    `environ` is where "${NAME}" is looked up; by default the process's environment and, below it, the file .env of the folder.

    `offline`: for what calls no system. A system's reference that points at nothing is then no problem, but noted in `missing`.
    """
    path = find(folder)
    try:
        text = path.read_bytes().decode().replace("\r\n", "\n")
        raw = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        problem = f"{path.name}:{line}: this is no UTF-8 text, which TOML has to be."
        raise ConfigError(problem, problems=(problem,), next_step=f"save {path.name} as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path.name} is not valid TOML: {error}.", problems=(f"{path.name}: {error}",)) from error
    faults = Faults(path.name, text, raw)
    known = environ if environ is not None else {**_dot_env(path.parent), **os.environ}
    references = References(path.parent, known, text, path.name)
    filled = references.fill(raw)
    faults.found.extend(references.problems)
    if not offline:
        faults.found.extend(problem for found in references.missing.values() for problem in found)
    secrets.check(raw, faults)
    faults.spoiled.update(references.unfilled)
    document = _read(filled, faults)
    checks.check(document, faults)
    digest = hashlib.blake2b(repr(raw).encode(), digest_size=8).hexdigest()
    warnings = tuple(checks.warnings(document, faults))
    return Deployment(path.parent, path, text, document, digest, dict(references.missing), warnings, known), faults


def told_of_failures(folder: Path) -> str | None:
    """Return the file's `on_failure`, also where the rest of it cannot be used, or is no TOML; None if nobody is named, or cannot be found."""
    path = folder / FILE_NAME
    try:
        text = path.read_bytes().decode(errors="replace")
        known = {**_dot_env(folder), **os.environ}
    except OSError:
        return None
    named = _named_alone(text)
    return References(folder, known, text, path.name).fill(named, ("on_failure",)) or None if isinstance(named, str) else None


def _named_alone(text: str) -> Any:
    """What `on_failure` says; in a text that is no TOML its line is read by itself."""
    for part in (text, *re.findall(r"^on_failure\s*=.*$", text, re.MULTILINE)):
        with suppress(tomllib.TOMLDecodeError):
            return tomllib.loads(part).get("on_failure")
    return None


def _dot_env(folder: Path) -> dict[str, str]:
    """The names that a file .env beside leadhub.toml sets; the environment itself outranks it."""
    path = folder / ENV_FILE
    return {name: value for name, value in dotenv_values(path, interpolate=False).items() if value is not None} if path.is_file() else {}


def refused(faults: Faults) -> ConfigError:
    """Return the error that tells of all these faults, in the order of the file's lines; what stands in another file comes last."""
    ordered = sorted(faults.found, key=lambda problem: _line(problem, faults.name))
    count = len(ordered)
    return ConfigError(f"{faults.name} has {count} problem{'s' * (count != 1)}:\n" + "\n".join(f"  {p}" for p in ordered), problems=tuple(ordered))


def _line(problem: str, name: str) -> tuple[bool, int]:
    found = re.match(r"([^:]*):(\d+):", problem)
    return (found[1] != name, int(found[2])) if found else (False, 0)


def _read(filled: dict[str, Any], faults: Faults) -> Document:
    """Return the document; where it has faults, what of it has none, so that one fault hides no other."""
    rules = filled.get("settle")
    faults.settled.extend(range(len(rules)) if isinstance(rules, list) else ())
    try:
        return Document.model_validate(filled)
    except ValidationError as error:
        faults.invalid(error)
        return _sound_part(filled, error, faults.settled)


def _sound_part(filled: dict[str, Any], error: ValidationError, settled: list[int]) -> Document:
    """Take out of the document what is faulty, until the rest is valid. `settled` loses the places of the rules that are taken out."""
    rest = copy.deepcopy(filled)
    while True:
        faulty = {_innermost(rest, fault["loc"]) for fault in error.errors(include_input=False, include_url=False, include_context=False)}
        for way in sorted(faulty, key=_in_order, reverse=True):  # from behind: places in a list stay what they are
            _take_out(rest, way)
            if way[:1] == ("settle",) and len(way) == 2:
                del settled[int(way[1])]
        try:
            return Document.model_validate({**rest, "version": 1})
        except ValidationError as again:
            error = again


def _innermost(rest: Any, loc: Sequence[int | str]) -> Way:
    """The way to the innermost value of this place that is there: the parser's own words for how it was read are no part of it."""
    way: Way = ()
    for part in loc:
        there = part in rest if isinstance(rest, dict) else isinstance(rest, list) and isinstance(part, int) and part < len(rest)
        if there:
            rest, way = rest[part], (*way, part)
    return way


def _in_order(way: Way) -> tuple[str, ...]:
    return tuple(f"{part:09}" if isinstance(part, int) else part for part in way)


def _take_out(rest: Any, way: Way) -> None:
    """Delete what stands at the end of the way; of a list that entry alone."""
    if way:
        for part in way[:-1]:
            rest = rest[part]
        rest.pop(way[-1])
