"""WHERE and ORDER BY made into functions of a row, with Salesforce's rules for types, nulls and letter case."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from leadhub_sandbox.salesforce import times
from leadhub_sandbox.salesforce.errors import ApiError, invalid_field, malformed_query, no_such_column
from leadhub_sandbox.salesforce.literals import ID_TYPES, literal_value, mistyped
from leadhub_sandbox.salesforce.objects import BY_PREFIX, OBJECTS, find_object
from leadhub_sandbox.salesforce.org import Org
from leadhub_sandbox.salesforce.plans import plan
from leadhub_sandbox.salesforce.schema import STRING_TYPES, Field, Row, SObject
from leadhub_sandbox.salesforce.soql import Comparison, Condition, Group, Join, Literal, Ordering

Getter = Callable[[Row], Any]
Predicate = Callable[[Row], bool]

_OWNER_FIELDS = {n.lower(): n for n in ("Id", "Name", "Type", "Email", "FirstName", "LastName", "Alias", "Username", "IsActive")}
_TYPE = Field("Type", "picklist", 40)


def resolve(org: Org, obj: SObject, path: str) -> tuple[Field, Getter]:
    """Return the field that a path names and how to read it from a row; raises INVALID_FIELD for one unknown or hidden."""
    head, _, rest = path.partition(".")
    if not rest:
        field = obj.find(head)
        if field is None or field.name in org.hidden(obj):
            raise no_such_column(path, obj.name)
        name = field.name
        return field, lambda row: row[name]
    link = obj.relation(head)
    if link is None:
        if head.lower() == obj.name.lower():
            return resolve(org, obj, rest)
        raise invalid_field(f"Didn't understand relationship '{head}' in field path")
    field, inner = _follow(org, link, rest)
    link_name = link.name

    def read(row: Row) -> Any:
        target = related(org, row[link_name])
        return inner(target) if target is not None else None

    return field, read


def related(org: Org, row_id: object) -> Row | None:
    """Return the row that a reference names."""
    return org.seen(BY_PREFIX[str(row_id)[:3]], str(row_id)) if row_id else None


def _follow(org: Org, link: Field, rest: str) -> tuple[Field, Getter]:
    targets = [OBJECTS[name] for name in link.references]
    if len(targets) == 1:
        return resolve(org, targets[0], rest)
    name = _OWNER_FIELDS.get(rest.lower())
    if name is None:
        raise no_such_column(rest, "Name")
    if name == "Type":
        return _TYPE, lambda row: BY_PREFIX[str(row["Id"])[:3]].name
    field = next(f for f in (o.find(name) for o in targets) if f)
    return field, lambda row: row.get(name)


def predicate(org: Org, obj: SObject, condition: Condition | None) -> Predicate:
    """Return the test that a WHERE clause makes; raises ApiError for a field or a literal that does not fit."""
    match condition:
        case None:
            return lambda _: True
        case Group("AND", parts):
            tests = [predicate(org, obj, part) for part in parts]
            return lambda row: all(test(row) for test in tests)
        case Group("OR", parts):
            tests = [predicate(org, obj, part) for part in parts]
            return lambda row: any(test(row) for test in tests)
        case Group(_, parts):
            test = predicate(org, obj, parts[0])
            return lambda row: not test(row)
        case Comparison():
            return _comparison(org, obj, condition)
        case Join():
            return _join(org, obj, condition)


def _join(org: Org, obj: SObject, join: Join) -> Predicate:
    """Return the test of a semi-join or anti-join: both sides are ids of one object (SOQL guide, "Semi-Joins with IN and Anti-Joins")."""
    field, get = resolve(org, obj, join.path)
    source = find_object(join.source)
    if source is None or not org.shows(source):
        raise ApiError(400, "INVALID_TYPE", f"sObject type '{join.source}' is not supported.")
    inner, read = resolve(org, source, join.field)
    if inner.type not in ID_TYPES or field.type not in ID_TYPES or not _targets(obj, field) & _targets(source, inner):
        raise malformed_query(f"The outer field '{join.path}' and the inner field '{join.field}' must be ids of the same object")
    test = predicate(org, source, join.where)
    pool = org.rows(source, among=plan(org, source, join.where).ids)
    chosen = {read(row) for row in pool if test(row)} - {None}
    return lambda row: ((value := get(row)) in chosen) is not join.absent and value is not None


def _targets(obj: SObject, field: Field) -> set[str]:
    return {obj.name} if field.type == "id" else set(field.references)


def _comparison(org: Org, obj: SObject, c: Comparison) -> Predicate:
    field, get = resolve(org, obj, c.path)
    if not field.filterable:
        raise invalid_field(f"field '{field.name}' can not be filtered in a query call")
    if (c.op in ("INCLUDES", "EXCLUDES")) != (field.type == "multipicklist") and c.op not in ("=", "!="):
        raise ApiError(400, "INVALID_QUERY_FILTER_OPERATOR", f"invalid operator {c.op} on {field.type} field")
    if c.op == "LIKE":
        return _like(field, get, c.literals[0])
    if any(literal.kind == "relative" for literal in c.literals):
        return _relative(org, field, get, c)
    wanted = [literal_value(field, literal) for literal in c.literals]
    if c.op in ("INCLUDES", "EXCLUDES"):
        return _includes(get, wanted, absent=c.op == "EXCLUDES")
    fold = _folder(field)
    if c.op in ("=", "IN"):
        chosen = {fold(v) for v in wanted}
        return lambda row: fold(get(row)) in chosen
    if c.op in ("!=", "NOT IN"):
        barred = {fold(v) for v in wanted}
        return lambda row: fold(get(row)) not in barred
    return _ordered(field, lambda row: fold(get(row)), c.op, fold(wanted[0]))


def _ordered(field: Field, get: Getter, op: str, bound: Any) -> Predicate:
    if bound is None or field.type == "boolean":
        raise ApiError(400, "INVALID_QUERY_FILTER_OPERATOR", f"invalid operator {op} on field '{field.name}'")
    tests: dict[str, Callable[[Any], bool]] = {
        "<": lambda v: v < bound,
        "<=": lambda v: v <= bound,
        ">": lambda v: v > bound,
        ">=": lambda v: v >= bound,
    }
    test = tests[op]
    return lambda row: (value := get(row)) is not None and test(value)


def _folder(field: Field) -> Callable[[Any], Any]:
    if field.type in STRING_TYPES:
        return lambda v: v.lower() if v is not None else None
    return lambda v: v


def _like(field: Field, get: Getter, literal: Literal) -> Predicate:
    if field.type not in STRING_TYPES or literal.kind != "string":
        raise ApiError(400, "INVALID_QUERY_FILTER_OPERATOR", f"invalid operator LIKE on field '{field.name}'")
    parts = re.findall(r"\\.|.", literal.text, re.DOTALL)
    pattern = "".join({"%": ".*", "_": "."}.get(p) or re.escape(p[-1]) for p in parts)
    compiled = re.compile(pattern, re.IGNORECASE | re.DOTALL)
    return lambda row: (value := get(row)) is not None and compiled.fullmatch(value) is not None


def _includes(get: Getter, wanted: list[Any], *, absent: bool) -> Predicate:
    groups = [{p.strip().lower() for p in str(v).split(";")} for v in wanted]

    def test(row: Row) -> bool:
        has = {p.lower() for p in str(get(row) or "").split(";")}
        return any(group <= has for group in groups) is not absent

    return test


def _relative(org: Org, field: Field, get: Getter, c: Comparison) -> Predicate:
    if field.type not in ("date", "datetime") or c.op in ("IN", "NOT IN"):
        raise mistyped(field, "and should be enclosed in quotes" if field.type in STRING_TYPES else "")
    word, _, count = c.literals[0].text.upper().partition(":")
    days = int(count or 1)
    bounds = {"TODAY": (0, 1), "YESTERDAY": (-1, 0), "TOMORROW": (1, 2), "LAST_N_DAYS": (-days, 1), "NEXT_N_DAYS": (1, days + 1)}
    today = org.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    width = len("2026-11-16") if field.type == "date" else None
    low, high = (times.stamp(today + timedelta(days=n))[:width] for n in bounds[word])
    tests: dict[str, Predicate] = {
        "=": lambda row: (v := get(row)) is not None and low <= v < high,
        "!=": lambda row: (v := get(row)) is None or not low <= v < high,
        "<": lambda row: (v := get(row)) is not None and v < low,
        "<=": lambda row: (v := get(row)) is not None and v < high,
        ">": lambda row: (v := get(row)) is not None and v >= high,
        ">=": lambda row: (v := get(row)) is not None and v >= low,
    }
    return tests[c.op]


def sort_rows(org: Org, obj: SObject, rows: list[Row], order: tuple[Ordering, ...]) -> list[Row]:
    """Return the rows in the asked order. Without one the order is unspecified: here it is deliberately not that of creation."""
    if not order:
        return sorted(rows, key=lambda row: str(row["Id"])[::-1])
    for key in reversed(order):
        field, get = resolve(org, obj, key.path)
        if not field.filterable or field.type == "multipicklist":
            raise malformed_query(f"field '{field.name}' can not be sorted in a query call")
        fold = _folder(field)
        present = [(fold(get(row)), row) for row in rows]
        nulls = [row for value, row in present if value is None]
        known = sorted((p for p in present if p[0] is not None), key=lambda p: p[0], reverse=key.descending)
        ordered = [row for _, row in known]
        rows = ordered + nulls if key.nulls_last else nulls + ordered
    return rows
