"""Dataclasses to JSON and back, exactly. Pure: knows neither tables nor databases."""

import math
from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from leadhub.model.person import Base, Canonical, SetBy, StateBase, Value, Versions
from leadhub.model.record import Author, NativeValue, Operation
from leadhub.model.run import PlannedChange
from leadhub.store.types import all_plain, restored, storable

_TEXTS = frozenset({str, type(None)})
_BLANK = Base(None, 0, "agreed")
"""What most bases of a CRM's record are: few of its fields are ever filled in."""


def encode_native(values: Mapping[str, NativeValue]) -> dict[str, Any]:
    """Return native values as JSON. What JSON has no word for becomes an object with one key that names its type."""
    if _plain_texts(values.values()):
        return dict(values)
    return {name: _encode_value(value) for name, value in values.items()}


def decode_native(coded: Mapping[str, Any]) -> dict[str, NativeValue]:
    """Return what was given to `encode_native`, with the same types."""
    if _plain_texts(coded.values()):
        return dict(coded)
    return {name: _decode_value(value) for name, value in coded.items()}


def _plain_texts(values: Collection[Any]) -> bool:
    """Whether there is nothing but blanks and texts that are stored as they are, as in files and in most records of a CRM: one look at all of them."""
    return _TEXTS.issuperset(map(type, values)) and all_plain(values)


def _encode_value(value: NativeValue) -> Any:
    match value:
        case str():
            return storable(value)
        case None | bool() | int():
            return value
        case float():
            return value if _plain(value) else {"float": repr(value)}
        case Decimal():
            return {"decimal": str(value)}
        case datetime():  # a datetime is a date too: it comes first
            return {"datetime": value.isoformat()}
        case date():
            return {"date": value.isoformat()}
        case list():
            return [storable(item) for item in value]


def _plain(value: float) -> bool:
    """PostgreSQL keeps JSON's numbers as decimals: an exponent, a negative zero or an infinity would not come back as it went."""
    return math.isfinite(value) and "e" not in repr(value) and not (value == 0 and math.copysign(1, value) < 0)


def _decode_value(coded: Any) -> NativeValue:
    match coded:
        case str():
            return restored(coded)
        case list():
            return [restored(item) for item in coded]
        case {"float": text}:
            return float(text)
        case {"decimal": text}:
            return Decimal(text)
        case {"datetime": text}:
            return datetime.fromisoformat(text)
        case {"date": text}:
            return date.fromisoformat(text)
        case None | bool() | int() | float():
            return coded
        case _:
            raise ValueError(f"the store holds a value of an unknown shape: {coded!r}")


def encode_values(values: Mapping[str, Value]) -> dict[str, Value]:
    """Return display values as JSON."""
    return {name: None if value is None else storable(value) for name, value in values.items()}


def decode_values(coded: Mapping[str, Any]) -> dict[str, Value]:
    """Return what was given to `encode_values`."""
    return {name: None if value is None else restored(value) for name, value in coded.items()}


def _texts(values: Mapping[str, str]) -> dict[str, str]:
    return {name: storable(value) for name, value in values.items()}


def _restored_texts(coded: Mapping[str, str]) -> dict[str, str]:
    return {name: restored(value) for name, value in coded.items()}


def encode_fields(fields: Mapping[str, Canonical]) -> dict[str, Any]:
    """Return a person's fields as JSON: name to [value, version, origin, cause]."""
    return {name: [None if c.value is None else storable(c.value), c.version, c.origin, c.cause] for name, c in fields.items()}


def decode_fields(coded: Mapping[str, Any]) -> dict[str, Canonical]:
    """Return what was given to `encode_fields`."""
    return {
        name: Canonical(None if value is None else restored(value), version, origin, cause) for name, (value, version, origin, cause) in coded.items()
    }


def encode_sets(sets: Mapping[str, tuple[str, ...]]) -> dict[str, list[str]]:
    """Return a person's sets as JSON."""
    return {name: [storable(member) for member in members] for name, members in sets.items()}


def decode_sets(coded: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return what was given to `encode_sets`."""
    return {name: tuple(restored(member) for member in members) for name, members in coded.items()}


def encode_base(base: Mapping[str, Base]) -> dict[str, Any]:
    """Return a link's bases as JSON: name to [value, version, how, bounced, over], or to 0 for a field of which nothing was ever known."""
    return {name: 0 if b == _BLANK else [_text(b.value), b.version, b.how, b.bounced, *_over(b.over)] for name, b in base.items()}


def _over(value: Value) -> tuple[Value, ...]:
    return () if value is None else (storable(value),)


def _text(value: Value) -> Value:
    return None if value is None else storable(value)


def decode_base(coded: Mapping[str, Any]) -> dict[str, Base]:
    """Return what was given to `encode_base`."""
    return {name: _BLANK if b == 0 else Base(None if b[0] is None else restored(b[0]), *b[1:4], *map(restored, b[4:])) for name, b in coded.items()}


def _encode_versions(versions: Mapping[str, Versions]) -> dict[str, list[int]]:
    return {lead: [v.stage, v.status, v.exit] for lead, v in versions.items()}


def _decode_versions(coded: Mapping[str, Any]) -> dict[str, Versions]:
    return {lead: Versions(*numbers) for lead, numbers in coded.items()}


def encode_state(state: StateBase | None) -> dict[str, Any] | None:
    """Return the base of a record's state fields as JSON."""
    if state is None:
        return None
    fought: dict[str, Any] = {"bounced": state.bounced, "over": _texts(state.over)} if state.bounced or state.over else {}
    return {"values": _texts(state.values), "versions": _encode_versions(state.versions), "silent": sorted(state.silent), "how": state.how, **fought}


def decode_state(coded: Mapping[str, Any] | None) -> StateBase | None:
    """Return what was given to `encode_state`."""
    if coded is None:
        return None
    values, versions, over = _restored_texts(coded["values"]), _decode_versions(coded["versions"]), _restored_texts(coded.get("over", {}))
    return StateBase(values, versions, frozenset(coded["silent"]), coded["how"], coded.get("bounced", 0), over)


def encode_set_by(set_by: Mapping[Any, SetBy]) -> dict[str, Any]:
    """Return who set each facet as JSON: facet to [origin, cause, kind, name, at]."""
    return {
        facet: [by.origin, by.cause, by.author.kind, storable(by.author.name), by.author.at.isoformat() if by.author.at else None]
        for facet, by in set_by.items()
    }


def decode_set_by(coded: Mapping[str, Any]) -> dict[Any, SetBy]:
    """Return what was given to `encode_set_by`."""
    return {
        facet: SetBy(origin, cause, Author(kind, restored(name), datetime.fromisoformat(at) if at else None))
        for facet, (origin, cause, kind, name, at) in coded.items()
    }


def encode_change(change: PlannedChange) -> dict[str, Any]:
    """Return an intended write as JSON, complete: a later run can tell from it what was meant."""
    return {
        "key": change.key,
        "system": change.system,
        "object": change.object,
        "operation": change.operation.value,
        "record_id": change.record_id,
        "person_id": change.person_id,
        "lead_id": change.lead_id,
        "values": encode_native(change.values),
        "before": encode_native(change.before),
        "why": _texts(change.why),
        "fields": encode_base(change.fields),
        "state": None if change.state is None else _texts(change.state),
        "state_versions": _encode_versions(change.state_versions),
        "stage_move": change.stage_move,
        "before_stamp": change.before_stamp.isoformat() if change.before_stamp else None,
        "name": storable(change.name),
    }


def decode_change(coded: Mapping[str, Any]) -> PlannedChange:
    """Return what was given to `encode_change`."""
    return PlannedChange(
        key=coded["key"],
        system=coded["system"],
        object=coded["object"],
        operation=Operation(coded["operation"]),
        record_id=coded["record_id"],
        person_id=coded["person_id"],
        lead_id=coded["lead_id"],
        values=decode_native(coded["values"]),
        before=decode_native(coded["before"]),
        why=_restored_texts(coded["why"]),
        fields=decode_base(coded["fields"]),
        state=None if coded["state"] is None else _restored_texts(coded["state"]),
        state_versions=_decode_versions(coded["state_versions"]),
        stage_move=coded["stage_move"],
        before_stamp=datetime.fromisoformat(coded["before_stamp"]) if coded["before_stamp"] else None,
        name=restored(coded["name"]),
    )
