"""Reads leadhub.toml: parses it, fills in ${ENV} and file: references, validates it, and says what is wrong with line numbers."""

import copy
import hashlib
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import ValidationError

from leadhub.config import checks, secrets
from leadhub.config.document import Document
from leadhub.config.faults import Faults, describe
from leadhub.config.lines import line_of
from leadhub.config.references import References
from leadhub.errors import ConfigError

__all__ = ["FILE_NAME", "Deployment", "describe", "find", "load", "refused"]

FILE_NAME = "leadhub.toml"
ENV_FILE = ".env"


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
    """Load a deployment. Raises ConfigError with every problem found, each with file and line.

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
    document, sound = _read(filled, faults)
    checks.check(sound, faults)
    if faults.found or document is None:
        raise refused(path.name, faults.found)
    digest = hashlib.blake2b(repr(raw).encode(), digest_size=8).hexdigest()
    return Deployment(path.parent, path, text, document, digest, dict(references.missing), tuple(checks.warnings(document, faults)), known)


def _dot_env(folder: Path) -> dict[str, str]:
    """The names that a file .env beside leadhub.toml sets; the environment itself outranks it."""
    path = folder / ENV_FILE
    return {name: value for name, value in dotenv_values(path, interpolate=False).items() if value is not None} if path.is_file() else {}


def refused(name: str, problems: Sequence[str]) -> ConfigError:
    """Return the error that tells of all these problems of the file, in the order of its lines."""
    ordered = sorted(problems, key=_line)
    count = len(ordered)
    return ConfigError(f"{name} has {count} problem{'s' * (count != 1)}:\n" + "\n".join(f"  {p}" for p in ordered), problems=tuple(ordered))


def _line(problem: str) -> int:
    found = re.match(r"[^:]*:(\d+):", problem)
    return int(found[1]) if found else 0


def _read(filled: dict[str, Any], faults: Faults) -> tuple[Document | None, Document]:
    """Return the document, None if it has faults, and what of it has none, so that one fault hides no other."""
    try:
        document = Document.model_validate(filled)
    except ValidationError as error:
        faults.invalid(error)
        return None, _sound_part(filled, error)
    return document, document


def _sound_part(filled: dict[str, Any], error: ValidationError) -> Document:
    """Take out of the document what is faulty, until the rest is valid."""
    rest = copy.deepcopy(filled)
    while True:
        for fault in error.errors(include_input=False, include_url=False, include_context=False):
            _take_out(rest, fault["loc"])
        try:
            return Document.model_validate({**rest, "version": 1})
        except ValidationError as again:
            error = again


def _take_out(rest: Any, loc: Sequence[int | str]) -> None:
    """Delete the innermost value on this way that is there; the entries of a list go with their list."""
    inside, key = rest, None
    for part in loc:
        holder, found = (inside, part) if key is None else (inside[key], part)
        if isinstance(holder, dict) and found in holder:
            inside, key = holder, found
    if key is not None:
        del inside[key]
