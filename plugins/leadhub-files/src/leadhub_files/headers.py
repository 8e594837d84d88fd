"""Finds out which column holds what. Never guesses: two columns that could both be a field are an error that names them. Pure."""

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from leadhub_files.mapping import CANONICAL, KEYS, SYNONYMS


class HeaderError(Exception):
    """The header does not tell what is needed. `str(error)` says what and what to do."""


def form(header: str) -> str:
    """Return a header as it is compared: NFKC, casefolded, letters and digits only ("E-Mail" and "email" are one, "Email 2" is another)."""
    return "".join(c for c in unicodedata.normalize("NFKC", header).casefold() if c.isalnum())


_FIELD_OF = {form(synonym): field for field, synonyms in SYNONYMS.items() for synonym in (field, *synonyms)}


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column holds what: `fields` by native name, `key` identifies a row, `unused` are the headers of the rest.

    `missing` are headers that the deployment named and that this file does not have.
    """

    width: int
    fields: Mapping[str, int]
    key: int | None
    unused: tuple[str, ...]
    missing: tuple[str, ...]


def columns(header: Sequence[str], *, own: Mapping[str, str], key: str | None, wanted: Collection[str]) -> Columns:
    """Return what the columns hold. `own` (the deployment's words) outranks the synonyms; a `wanted` name beyond them is looked up as it is.

    Raises HeaderError.
    """
    names = [cell.strip() for cell in header]
    own_field = {form(name): field for name, field in own.items()}
    fields: dict[str, int] = {}
    for field in (*CANONICAL, *(name for name in wanted if name not in CANONICAL)):
        chosen = [i for i, name in enumerate(names) if own_field.get(form(name)) == field]
        chosen = chosen or [i for i, name in enumerate(names) if form(name) not in own_field and _means(name, field)]
        if len(chosen) > 1:
            both = " and ".join(f'"{names[i]}"' for i in chosen)
            raise HeaderError(f'The columns {both} could each be {field}. Say which: headers = {{ "{names[chosen[0]]}" = "{field}" }}.')
        if chosen:
            fields[field] = chosen[0]
    if not fields.keys() & {"email", "last_name"}:
        raise HeaderError(f"No column is known to hold an e-mail address or a last name. The header has: {_listed(names)}. {_HINT}")
    key_column = _key(names, key)
    used = {*fields.values(), key_column}
    unused = tuple(name for i, name in enumerate(names) if i not in used and name)
    missing = tuple(name for name in own if form(name) not in set(map(form, names)))
    return Columns(len(names), fields, key_column, unused, missing)


_HINT = 'Name them: headers = { "YOUR HEADER" = "email" }.'


def known(header: Sequence[str], own: Mapping[str, str]) -> int:
    """Return how many headers mean something: what tells the right delimiter from a wrong one."""
    words = {*_FIELD_OF, *map(form, own), *map(form, KEYS)}
    return sum(form(name) in words for name in header)


def _means(name: str, field: str) -> bool:
    return _FIELD_OF.get(form(name), form(name)) in {field, form(field)}


def _key(names: Sequence[str], key: str | None) -> int | None:
    if key is not None:
        chosen = [i for i, name in enumerate(names) if form(name) == form(key)]
        if len(chosen) != 1:
            raise HeaderError(f'{"No" if not chosen else "More than one"} column is called "{key}" (key). The header has: {_listed(names)}.')
        return chosen[0]
    for candidate in KEYS:
        chosen = [i for i, name in enumerate(names) if form(name) == form(candidate)]
        if len(chosen) == 1:
            return chosen[0]
    return None


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names if name) or "nothing"
