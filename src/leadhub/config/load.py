"""Reads leadhub.toml: parses it, fills in ${ENV} and file: references, validates it, and says what is wrong with line numbers."""

import hashlib
import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from leadhub.config.document import Document
from leadhub.config.lines import line_of, place
from leadhub.config.references import References
from leadhub.errors import ConfigError

FILE_NAME = "leadhub.toml"


@dataclass(frozen=True, slots=True)
class Deployment:
    """A folder with a leadhub.toml: the document, its text, and a hash of what it says (secrets left out)."""

    folder: Path
    path: Path
    text: str
    document: Document
    hash: str
    missing: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Opened offline: by system, what its table points at and is not there."""

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
    references = References(path.parent, environ if environ is not None else os.environ, text, path.name)
    filled = references.fill(raw)
    problems = references.problems
    if not offline:
        problems.extend(problem for found in references.missing.values() for problem in found)
    document = _validated(filled, text, path.name, problems)
    if problems or document is None:
        count = len(problems)
        raise ConfigError(f"{path.name} has {count} problem{'s' * (count != 1)}:\n" + "\n".join(f"  {p}" for p in problems), problems=tuple(problems))
    digest = hashlib.blake2b(repr(raw).encode(), digest_size=8).hexdigest()
    return Deployment(path.parent, path, text, document, digest, dict(references.missing))


def _validated(raw: dict[str, Any], text: str, name: str, problems: list[str]) -> Document | None:
    document = None
    try:
        document = Document.model_validate(raw)
    except ValidationError as error:
        problems.extend(describe(error, text, name))
    problems.extend(_cross_checks(raw, text, name))
    return document


def describe(error: ValidationError, text: str, name: str, prefix: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield one sentence per fault of a pydantic validation, with file and line; no value is repeated, for it may be a secret."""
    for fault in error.errors(include_input=False, include_url=False):
        keys = prefix + tuple(str(part) for part in fault["loc"])
        top = fault["type"] == "missing" and len(keys) == 1
        where = f"{name}:1" if top else place(name, text, keys)  # such a key has to stand before the first table
        if fault["type"] == "extra_forbidden":
            yield f'{where}: unknown key "{keys[-1]}" in {".".join(keys[:-1]) or "the file"}.'
        else:
            yield f"{where}: {'.'.join(keys)}: {fault['msg'][0].lower()}{fault['msg'][1:]}."


def _cross_checks(raw: dict[str, Any], text: str, name: str) -> Iterator[str]:
    """Yield what no table can tell by itself. It reads the bare file, so that a fault of one table hides nothing of the others."""
    systems = sorted(_table(raw, "system"))
    named: list[tuple[tuple[str, ...], Any]] = [(("defaults", "trust"), _table(raw, "defaults").get("trust"))]
    for of, doc in _table(raw, "fields").items():
        named += [(("fields", of, key), doc.get(key)) for key in ("prefer", "owner") if isinstance(doc, dict)]
    for keys, system in named:
        if isinstance(system, str) and system not in systems:
            guess = get_close_matches(system, systems, 1)
            hint = f' Did you mean "{guess[0]}"?' if guess else ""
            yield f'{place(name, text, keys)}: {".".join(keys)} names "{system}", which is no system here.{hint} Systems: {", ".join(systems)}.'
    for system, configured in _table(raw, "system").items():
        if isinstance(configured, dict) and configured.get("create") == "always" and "on_create" not in configured:
            where = place(name, text, ("system", system, "create"))
            yield (
                f'{where}: {system} may create records, but nothing says whose they become. Add on_create = {{ owner = "…" }} with '
                "somebody whom the system knows (Salesforce also takes assignment_rules): a record without an owner rule lands on whoever the system's default is, and nobody calls."
            )


def _table(raw: dict[str, Any], key: str) -> dict[str, Any]:
    """Return a table of the file; an empty one where there is none, or something else in its place."""
    found = raw.get(key)
    return found if isinstance(found, dict) else {}
