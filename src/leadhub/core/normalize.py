"""Normalize: a record under its native names becomes a side in canonical terms. Pure."""

import hashlib
import json
from collections.abc import Mapping
from datetime import date, datetime

from leadhub.core.sides import Side
from leadhub.lifecycle.relation import Relation
from leadhub.model.person import Link, StoredRecord, Value
from leadhub.model.record import Author, NativeValue, ObjectMapping
from leadhub.values import VERSION
from leadhub.values.forms import FIELDS


def text_of(value: NativeValue) -> str:
    """Return a native value as text; blank for None. Booleans are `true` and `false`, dates ISO."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case datetime() | date():
            return value.isoformat()
        case list():
            return ";".join(value)
        case _:
            return str(value)


def display_of(canonical: str, value: NativeValue) -> Value:
    """Return a native value in the display form of its canonical field; None if it is blank."""
    return FIELDS[canonical].display(text_of(value)) or None


def shown_by(mapping: ObjectMapping, native: Mapping[str, NativeValue]) -> dict[str, Value]:
    """Return the canonical fields that a record makes known. A key that the record lacks is not known and stays absent."""
    return {f.canonical: display_of(f.canonical, native[f.native]) for f in mapping.fields if f.native in native}


def state_of(relation: Relation | None, native: Mapping[str, NativeValue]) -> dict[str, str] | None:
    """Return the native state values of a record as text, or None where it says nothing of the state or one of the fields is not known."""
    if relation is None or any(name not in native for name in relation.state_fields):
        return None
    return {name: text_of(native.get(name)) for name in relation.names}


def raw_hash(native: Mapping[str, NativeValue], projection: str) -> bytes:
    """Return what tells whether a record's values changed: a hash of them and of the projection, which the configuration determines."""
    text = json.dumps({name: [type(v).__name__, text_of(v)] for name, v in sorted(native.items())}, ensure_ascii=True)
    return hashlib.blake2b(f"{VERSION}|{projection}|{text}".encode(), digest_size=16).digest()


def side_of(
    link: Link,
    record: StoredRecord,
    mapping: ObjectMapping,
    relation: Relation | None,
    *,
    writes: bool,
    authors: Mapping[str, Author] | None = None,
) -> Side:
    """Return what a linked record shows. `writes` says whether its system may be written at all; a converted record is read only."""
    state = state_of(relation, record.native)
    frozen = relation is not None and state is not None and relation.is_frozen(state)
    may_write = writes and not frozen
    known = [f for f in mapping.fields if f.native in record.native]
    return Side(
        link=link,
        shown=shown_by(mapping, record.native),
        state=state,
        writable=frozenset(f.canonical for f in known if f.writable) if may_write else frozenset(),
        state_writable=frozenset(relation.state_fields) if may_write and relation is not None else frozenset(),
        limits={f.canonical: f.max_length for f in mapping.fields if f.max_length is not None},
        authors=authors or {},
    )
