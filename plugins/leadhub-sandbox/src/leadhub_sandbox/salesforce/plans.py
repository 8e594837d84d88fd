"""Which rows a query has to look at: found through the indexes where its WHERE clause allows it. What is found may hold too much, never too little."""

from dataclasses import dataclass

from leadhub_sandbox.salesforce.indexes import STAMP
from leadhub_sandbox.salesforce.literals import literal_value
from leadhub_sandbox.salesforce.org import Org
from leadhub_sandbox.salesforce.schema import STRING_TYPES, SObject
from leadhub_sandbox.salesforce.soql import Comparison, Condition, Group, Ordering

Bounds = tuple[str, str | None]
ALWAYS: Bounds = ("", None)
_INDEXED = STRING_TYPES | {"id", "reference", "boolean"}


@dataclass(frozen=True, slots=True)
class Plan:
    """The ids to look at, or None for all; `in_order` says that they come by SystemModstamp and Id."""

    ids: list[str] | None
    in_order: bool = False


def plan(org: Org, obj: SObject, where: Condition | None, order: tuple[Ordering, ...] = ()) -> Plan:
    """Return how to find a query's rows; rows that readers do not see yet are in no index, so then all are looked at."""
    if org.store.has_unseen(obj):
        return Plan(None)
    held = _held(org, obj, where)
    bounds = _bounds(obj, where) if STAMP in obj.fields else ALWAYS
    by_stamp = _by_stamp(order)
    if bounds == ALWAYS and not (by_stamp and held is None and STAMP in obj.fields):
        return Plan(sorted(held) if held is not None else None)
    stamped = org.store.stamped(obj, *bounds)
    if held is not None and len(held) < len(stamped):
        return Plan(sorted(held))
    return Plan(stamped, by_stamp) if by_stamp else Plan(sorted(stamped))


def _by_stamp(order: tuple[Ordering, ...]) -> bool:
    return [key.path.lower() for key in order] == [STAMP.lower(), "id"] and not any(key.descending for key in order)


def _held(org: Org, obj: SObject, where: Condition | None) -> set[str] | None:
    """Return the ids of the rows that equality of one field leaves, or None."""
    if isinstance(where, Group) and where.op in ("AND", "OR"):
        parts = [_held(org, obj, part) for part in where.parts]
        known = [part for part in parts if part is not None]
        if where.op == "AND":
            return min(known, key=len, default=None)
        return set().union(*known) if len(known) == len(parts) else None
    if not isinstance(where, Comparison) or where.op not in ("=", "IN"):
        return None
    field = obj.find(where.path)
    if field is None or field.type not in _INDEXED or field.type == "multipicklist":
        return None
    values = [literal_value(field, literal) for literal in where.literals if literal.kind != "relative"]
    if None in values or len(values) < len(where.literals):
        return None
    return org.store.holding(obj, field.name, values)


def _bounds(obj: SObject, where: Condition | None) -> Bounds:
    """Return the first and the last SystemModstamp that a row can have."""
    if isinstance(where, Group) and where.op in ("AND", "OR"):
        parts = [_bounds(obj, part) for part in where.parts]
        highs = [high for _, high in parts if high is not None]
        if where.op == "AND":
            return max(low for low, _ in parts), min(highs, default=None)
        return min(low for low, _ in parts), max(highs) if len(highs) == len(parts) else None
    if not isinstance(where, Comparison) or where.path.lower() != STAMP.lower() or where.literals[0].kind != "datetime":
        return ALWAYS
    value = str(literal_value(obj.fields[STAMP], where.literals[0]))
    return {"=": (value, value), ">": (value, None), ">=": (value, None), "<": ("", value), "<=": ("", value)}.get(where.op, ALWAYS)
