"""Normalize: a record under its native names becomes a side in canonical terms. Pure. The way back, for writing, is in `nativize`."""

import hashlib
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime

from leadhub.core.owners import NOBODY, OwnerBook
from leadhub.core.sides import Side
from leadhub.lifecycle.relation import Relation
from leadhub.model.person import Link, StoredRecord, Value
from leadhub.model.record import Author, FieldMapping, NativeValue, ObjectMapping
from leadhub.values import VERSION
from leadhub.values.fields import FIELDS, CanonicalField

Fields = Mapping[str, CanonicalField]
"""The canonical fields of a deployment: those that ship, and its own."""


def text_of(value: NativeValue) -> str:
    """Return a native value as text; blank for None. Booleans are `true` and `false`, dates ISO."""
    match value:
        case str():  # first, because nearly all values are texts
            return value
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


def display_of(mapped: FieldMapping, value: NativeValue, fields: Fields = FIELDS, *, region: str | None = None, owners: OwnerBook = NOBODY) -> Value:
    """Return a native value in the display form of its canonical field; None if it is blank, or a placeholder for that."""
    text = text_of(value)
    if not text or text in mapped.missing:
        return None
    if mapped.type == "owner":
        return owners.names.get(text)
    if text in mapped.by_native:
        return mapped.by_native[text].canonical[0]
    return fields[mapped.canonical].kind.display(text, region) or None


def region_of(mapping: ObjectMapping, native: Mapping[str, NativeValue], fields: Fields = FIELDS, default: str | None = None) -> str | None:
    """Return the country that a record names as an ISO 3166-1 alpha-2 code, else the default."""
    for mapped in mapping.fields:
        if mapped.canonical == "country" and native.get(mapped.native):
            code = display_of(mapped, native[mapped.native], fields)
            return code if code is not None and len(code) == 2 else default
    return default


def shown_by(
    mapping: ObjectMapping,
    native: Mapping[str, NativeValue],
    fields: Fields = FIELDS,
    *,
    region: str | None = None,
    owners: OwnerBook = NOBODY,
    only: Collection[str] | None = None,
) -> dict[str, Value]:
    """Return the canonical fields that a record makes known, or some of them (`only`).

    A key that the record lacks is not known and stays absent; so does an unknown owner.
    """
    where = region_of(mapping, native, fields, region)
    return {
        f.canonical: display_of(f, native[f.native], fields, region=where, owners=owners)
        for f in mapping.fields
        if (only is None or f.canonical in only)
        and f.native in native
        and not f.member
        and not (f.type == "owner" and _is_stranger(native[f.native], owners))
    }


def _is_stranger(value: NativeValue, owners: OwnerBook) -> bool:
    return bool(text_of(value)) and text_of(value) not in owners.names


def is_echo(mapped: FieldMapping | None, sent: NativeValue, shown: NativeValue, fields: Fields = FIELDS, region: str | None = None) -> bool:
    """Whether what a system shows is what was sent, or that in a form that the system is known to give it."""
    if mapped is None or mapped.type == "owner" or mapped.values:
        return text_of(sent) == text_of(shown)
    match = fields[mapped.canonical].kind.match
    one, other = (match(display_of(mapped, value, fields, region=region) or "", region) for value in (sent, shown))
    return one == other or (mapped.normal == "lower" and one.lower() == other.lower())


def members_of(mapping: ObjectMapping, native: Mapping[str, NativeValue], fields: Fields = FIELDS) -> dict[str, tuple[str, ...]]:
    """Return what a record adds to the person's sets beside its primary values: HubSpot's further e-mail addresses."""
    found: dict[str, tuple[str, ...]] = {}
    for mapped in mapping.fields:
        if mapped.member and native.get(mapped.native):
            parts = (fields[mapped.canonical].kind.display(part, None) for part in text_of(native[mapped.native]).split(";"))
            found[mapped.canonical] = (*found.get(mapped.canonical, ()), *(part for part in parts if part))
    return found


def _stands_for(mapping: ObjectMapping, native: Mapping[str, NativeValue]) -> Iterator[tuple[str, frozenset[str]]]:
    for mapped in mapping.fields:
        listed = mapped.by_native.get(text_of(native.get(mapped.native))) if mapped.values else None
        if listed is not None and len(listed.canonical) > 1:
            yield mapped.canonical, frozenset(listed.canonical)


def state_of(relation: Relation | None, native: Mapping[str, NativeValue]) -> dict[str, str] | None:
    """Return the native state values of a record as text, or None where it says nothing of the state or one of the fields is not known."""
    if relation is None or any(name not in native for name in relation.state_fields):
        return None
    return {name: text_of(native.get(name)) for name in relation.names}


def raw_hash(native: Mapping[str, NativeValue], projection: str) -> bytes:
    """Return what tells whether a record's values changed: a hash of them and of the projection, which the configuration determines."""
    text = f"{VERSION}|{projection}|{sorted(native.items())!r}"  # repr tells types apart, and is quicker than JSON
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def side_of(
    link: Link,
    record: StoredRecord,
    mapping: ObjectMapping,
    relation: Relation | None,
    *,
    writes: bool,
    authors: Mapping[str, Author] | None = None,
    fields: Fields = FIELDS,
    region: str | None = None,
    owners: OwnerBook = NOBODY,
    fresh: bool = False,
    told: bool = False,
) -> Side:
    """Return what a linked record shows. `writes` says whether its system may be written at all; a converted record is read only."""
    native = record.native
    state = state_of(relation, native)
    frozen = relation is not None and state is not None and relation.is_frozen(state)
    may_write = writes and not frozen
    where = region_of(mapping, native, fields, region)
    shown = shown_by(mapping, native, fields, region=region, owners=owners)
    named = {f.canonical: by for f in mapping.fields if (by := (authors or {}).get(f.native)) is not None}
    return Side(
        link=link,
        shown=shown,
        state=state,
        writable=frozenset(f.canonical for f in mapping.fields if f.writable and f.canonical in shown) if may_write else frozenset(),
        state_writable=frozenset(relation.state_fields) if may_write and relation is not None else frozenset(),
        limits={f.canonical: f.max_length for f in mapping.fields if f.max_length is not None},
        authors={**named, **(authors or {})},
        native=native,
        region=where,
        also=dict(_stands_for(mapping, native)),
        members=members_of(mapping, native, fields),
        readonly=frozenset(f.canonical for f in mapping.fields if not f.member) - {f.canonical for f in mapping.fields if f.writable},
        created=record.created,
        fresh=fresh,
        told=told,
    )
