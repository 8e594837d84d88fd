"""What is wrong with leadhub.toml, in sentences: where, a code, what, and the mend. Values are shown only where they cannot be secrets."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from leadhub.config.document import CreateWhen, Defaults, Document, OnCreate, Settle, StagesDoc
from leadhub.config.fields import NativeTable
from leadhub.config.lines import place
from leadhub.lifecycle.wording import did_you_mean

_TABLES: dict[tuple[str, ...], type[BaseModel]] = {
    (): Document,
    ("defaults",): Defaults,
    ("stages",): StagesDoc,
    ("system", "*", "on_create"): OnCreate,
    ("system", "*", "create_when"): CreateWhen,
    ("fields", "*", "*"): NativeTable,
    ("settle", "*"): Settle,
}
"""The tables that know all their keys. The others, a system's and a field's, also hold keys of the connector's and names of systems."""

_SPECIAL = {
    ("conflict", "newest"): (
        'conflict = "newest" is not offered: two systems stamp a change by clocks of their own, and any automation that saves a record again would '
        'look newest. Write "review", or "prefer" with prefer = "SYSTEM".'
    ),
    (
        "merge",
        "latest",
    ): 'merge = "latest" is not known. Did you mean "edit"? The later edit wins; of two that did not know of each other the trusted one.',
    ("skip", "known"): "known cannot be skipped: there is no stage before it.",
    ("skip", "lead"): "lead cannot be skipped: it is what a record counts as before anything of it is read.",
    ("skip", "opportunity"): "opportunity cannot be skipped: a deal, and a lost one, exist nowhere else.",
    ("skip", "customer"): "customer cannot be skipped: only a customer can be churned.",
}


@dataclass(frozen=True, slots=True)
class Faults:
    """The faults of one file, all of them. `text` is what it says, `raw` the same as a parser reads it, references not filled in."""

    name: str
    text: str
    raw: Mapping[str, Any] = field(default_factory=dict)
    found: list[str] = field(default_factory=list)
    spoiled: set[tuple[str, ...]] = field(default_factory=set)
    """The keys of what could not be read: what seems to be missing there may be what was meant."""
    settled: list[int] = field(default_factory=list)
    """The places in the file of the settle rules that could be read, from 0."""

    def add(self, keys: Sequence[object], message: str, code: str = "") -> None:
        """Note one fault of the value under these nested keys."""
        self.found.append(self.told(keys, message, code))

    def told(self, keys: Sequence[object], message: str, code: str = "") -> str:
        """Return a sentence about the value under these nested keys, as every fault is told."""
        return f"{place(self.name, self.text, keys)}: {f'{code} ' if code else ''}{message}"

    def unread(self, *keys: object) -> bool:
        """Whether something under these keys, or around them, could not be read."""
        path = tuple(map(str, keys))
        return any(spoiled[: len(path)] == path or path[: len(spoiled)] == spoiled for spoiled in self.spoiled)

    def invalid(self, error: ValidationError) -> None:
        """Note every fault of a validation of the whole document, save those of what a reference should have given: that was told."""
        unfilled = frozenset(self.spoiled)
        for fault in error.errors(include_input=False, include_url=False):
            keys = _keys(fault["loc"])
            if keys not in unfilled:
                self.found.append(self._described(fault))
                self.spoiled.add(keys)

    def _described(self, fault: ErrorDetails) -> str:
        keys = _keys(fault["loc"])
        written = self._written(keys)
        match fault["type"]:
            case "missing":
                if len(keys) == 1:
                    return f"{self.name}:1: the file needs {keys[0]}, before its first table."
                return self.told(keys[:-1], f"{'.'.join(keys[:-1])} needs {keys[-1]}.")
            case "extra_forbidden":
                return self.told(keys, _unknown_key(keys), "M24")
            case "literal_error":
                named = None if fault["loc"][-1] == "[key]" else written
                return self._unknown_word(keys, named, str(fault.get("ctx", {}).get("expected", "")))
            case "tuple_type" | "list_type":
                return self.told(keys, f'{".".join(keys)} has to be a list: ["…"].')
            case _:
                return self.told(keys, f"{'.'.join(keys)}: {_plain(fault['msg'])}.")

    def _unknown_word(self, keys: tuple[str, ...], written: Any, expected: str) -> str:
        name = next((key for key in reversed(keys) if not key.isdigit()), "")
        code = "M23" if name == "merge" else "M24"
        if special := _SPECIAL.get((name, str(written))):
            return self.told(keys, special, code)
        known = [word.strip(" '") for word in expected.replace(" or ", ", ").split(",")]
        if written is None:  # the unknown word is a key
            return self.told(keys, f'"{name}" is not known in {".".join(keys[:-1])}. {did_you_mean(name, known)}Known: {", ".join(known)}.', code)
        shown = f'"{written}"' if isinstance(written, str) else str(written).lower()
        return self.told(keys, f"{'.'.join(keys)} = {shown} is not known. {did_you_mean(str(written), known)}Known: {', '.join(known)}.", code)

    def _written(self, keys: tuple[str, ...]) -> Any:
        """What the file says under these keys; None where it says nothing."""
        found: Any = self.raw
        for key in keys:
            if isinstance(found, Mapping) and key in found:
                found = found[key]
            elif isinstance(found, list) and key.isdigit() and int(key) < len(found):
                found = found[int(key)]
            else:
                return None
        return found


def describe(error: ValidationError, faults: Faults, prefix: tuple[str, ...], *, model: type[BaseModel], also: Sequence[str]) -> Iterator[str]:
    """Yield one sentence per fault of a connector's settings, with file and line; no value is repeated, for it may be a secret.

    `model` and `also` are the keys there are: those of the settings, and those of the table that leadhub reads itself. What a reference should have
    given, or could not be read before, is told already.
    """
    for fault in error.errors(include_input=False, include_url=False):
        keys = prefix + tuple(str(part) for part in fault["loc"])
        if faults.unread(*keys):
            continue
        match fault["type"]:
            case "extra_forbidden":
                known = [*model.model_fields, *also]
                yield faults.told(
                    keys, f'unknown key "{keys[-1]}" in {".".join(keys[:-1])}. {did_you_mean(keys[-1], known)}Keys: {", ".join(known)}.', "M24"
                )
            case "missing":
                yield faults.told(keys[:-1], f"{'.'.join(keys[:-1])} needs {keys[-1]}.")
            case _:
                yield faults.told(keys, f"{'.'.join(keys)}: {_plain(fault['msg'])}.")


def _keys(loc: Sequence[int | str]) -> tuple[str, ...]:
    """The place of a fault as the file has it: without the parser's words for which way of writing it took."""
    keys = [str(part) for part in loc if part != "[key]"]
    if len(keys) > 3 and keys[0] == "fields":
        del keys[3]
    return tuple(keys)


def _unknown_key(keys: tuple[str, ...]) -> str:
    *table, key = keys
    models = (
        model for pattern, model in _TABLES.items() if len(pattern) == len(table) and all(p in ("*", k) for p, k in zip(pattern, table, strict=True))
    )
    known = [of.alias or name for model in models for name, of in model.model_fields.items()]
    return f'unknown key "{key}" in {".".join(table) or "the file"}. {did_you_mean(key, known)}Keys: {", ".join(known)}.'


def _plain(message: str) -> str:
    """The parser's sentence as the end of ours."""
    text = message.removeprefix("Value error, ").rstrip(".")
    return text if text[:1] in "\"'[{" or text[:2].isupper() else f"{text[0].lower()}{text[1:]}"
