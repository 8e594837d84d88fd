"""sObject Collections: up to 200 records a call, each with an outcome of its own, in the order of the request.

Shapes after the REST API Developer Guide's pages on composite/sobjects.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeVar

from leadhub_sandbox.salesforce import ids
from leadhub_sandbox.salesforce.errors import ApiError, id_given, not_found
from leadhub_sandbox.salesforce.objects import BY_PREFIX, find_object
from leadhub_sandbox.salesforce.org import Actor
from leadhub_sandbox.salesforce.records import Records
from leadhub_sandbox.salesforce.schema import Field, SObject

MAX_RECORDS, MAX_CHUNKS, MAX_READ = 200, 10, 2000
Outcome = dict[str, Any]
T = TypeVar("T")
_ROLLED_BACK = "Record rolled back because not all records were valid and the request was using AllOrNone header"


@dataclass(frozen=True, slots=True)
class Collections:
    """One request's collection call: who asks, and how Leads are assigned. `chunk` are the records that it is a part of, if it is one."""

    records: Records
    actor: Actor
    assign: str
    chunk: Sequence[Mapping[str, Any]] = ()

    def create(self, body: object) -> list[Outcome]:
        """Answer POST /composite/sobjects."""
        rows, strict = _rows_of(body)

        def one(row: Mapping[str, Any]) -> Outcome:
            return _done(self.records.create(self._object_of(row), row, self.actor, self.assign))

        return self._each(rows, one, strict=strict)

    def update(self, body: object) -> list[Outcome]:
        """Answer PATCH /composite/sobjects: every record names its id."""
        rows, strict = _rows_of(body)
        repeated = _repeated([ids.full(_take(row, "id")) for row in self.chunk or rows])

        def one(row: Mapping[str, Any]) -> Outcome:
            obj = self._object_of(row)
            given = _take(row, "id")
            if not given:
                raise ApiError(400, "MISSING_ARGUMENT", "Id not specified in an update call", ["Id"])
            row_id = ids.wanted(given, (obj.prefix,), f"{obj.name} ID")
            if row_id in repeated:
                raise ApiError(400, "DUPLICATE_VALUE", f"duplicate id specified: {row_id}", ["Id"])
            try:
                self.records.update(obj, row_id, _without(row, "id"), self.actor, self.assign)
            except ApiError as problem:
                raise _cross_reference(problem) from None
            return _done(row_id)

        return self._each(rows, one, strict=strict)

    def upsert(self, obj: SObject, key: Field, body: object) -> list[Outcome]:
        """Answer PATCH /composite/sobjects/{object}/{external id field}."""
        rows, strict = _rows_of(body)
        repeated = _repeated([str(v).lower() if (v := _take(row, key.name)) is not None else None for row in self.chunk or rows])

        def one(row: Mapping[str, Any]) -> Outcome:
            if self._object_of(row) is not obj:
                raise ApiError(400, "INVALID_TYPE", f"the record is a {_type_name(row)}, the path says {obj.name}", [])
            value = _take(row, key.name)
            if value in (None, ""):
                raise ApiError(400, "MISSING_ARGUMENT", f"{key.name} not specified", [key.name])
            if str(value).lower() in repeated:
                raise ApiError(400, "DUPLICATE_VALUE", f"Duplicate external id specified: {value}", [key.name])
            if _take(row, "id"):
                raise id_given()
            found = self._held(obj, key, value)
            if len(found) > 1:
                text = f"{key.name}: more than one record found for external id field: [{', '.join(found)}]"
                raise ApiError(400, "DUPLICATE_EXTERNAL_ID", text, [key.name])
            if not found:
                return _done(self.records.create(obj, row, self.actor, self.assign), created=True)
            self.records.update(obj, found[0], _without(row, key.name), self.actor, self.assign)
            return _done(found[0], created=False)

        outcomes = self._each(rows, one, strict=strict)
        for row, outcome in zip(rows, outcomes, strict=True):
            outcome.setdefault("created", not self._held(obj, key, _take(row, key.name)))
        return outcomes

    def _held(self, obj: SObject, key: Field, value: object) -> list[str]:
        return self.records.org.holders(obj, key.name, str(value).strip())

    def delete(self, names: list[str], *, strict: bool) -> list[Outcome]:
        """Answer DELETE /composite/sobjects?ids=."""
        _check_size(len(names))

        def one(name: str) -> Outcome:
            row_id = ids.full(name)
            if row_id is None or row_id[:3] not in BY_PREFIX:
                raise ApiError(400, "MALFORMED_ID", f"malformed id {name}", [])
            try:
                self.records.archive(BY_PREFIX[row_id[:3]], row_id, self.actor)
            except ApiError as problem:
                raise _cross_reference(problem) from None
            return _done(row_id)

        return self._each(names, one, strict=strict)

    def _object_of(self, row: Mapping[str, Any]) -> SObject:
        name = _type_name(row)
        obj = find_object(name)
        if obj is None or not self.records.org.shows(obj):
            raise ApiError(400, "INVALID_TYPE", f"sObject type '{name}' is not supported.", [])
        return obj

    def _each(self, rows: list[T], one: Callable[[T], Outcome], *, strict: bool) -> list[Outcome]:
        store = self.records.org.store
        start = store.begin()
        outcomes: list[Outcome] = []
        for row in rows:
            mark = store.begin()
            try:
                outcomes.append(one(row))
            except ApiError as problem:
                store.rollback(mark)
                outcomes.append({"success": False, "errors": [problem.save_error()]})
        if strict and not all(o["success"] for o in outcomes):
            store.rollback(start)
            error = {"statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK", "message": _ROLLED_BACK, "fields": []}
            outcomes = [{"success": False, "errors": [error]} if o["success"] else o for o in outcomes]
        return outcomes


def _done(row_id: str, **more: bool) -> Outcome:
    return {"id": row_id, "success": True, "errors": [], **more}


def _cross_reference(problem: ApiError) -> ApiError:
    """Return the error as a record's outcome has it: a row that is not there is no 404 inside a collection."""
    if problem.code != "NOT_FOUND":
        return problem
    return ApiError(400, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [])


def _repeated(keys: list[str | None]) -> set[str]:
    return {key for key, count in Counter(keys).items() if key is not None and count > 1}


def _take(row: Mapping[str, Any], name: str) -> Any:
    return next((v for k, v in row.items() if k.lower() == name.lower()), None)


def _without(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {k: v for k, v in row.items() if k.lower() != name.lower()}


def _check_size(count: int) -> None:
    if count > MAX_RECORDS:
        text = f"record limit reached. cannot submit more than {MAX_RECORDS} records into this call"
        raise ApiError(400, "EXCEEDED_ID_LIMIT", text)


def _type_name(row: Mapping[str, Any]) -> str:
    attributes = row.get("attributes")
    name = attributes.get("type") if isinstance(attributes, dict) else None
    if not isinstance(name, str):
        raise ApiError(400, "INVALID_INPUT", "sObject type is missing: each record needs attributes.type")
    return name


def _rows_of(body: object) -> tuple[list[dict[str, Any]], bool]:
    if not isinstance(body, dict) or not isinstance(body.get("records"), list):
        raise ApiError(400, "JSON_PARSER_ERROR", "The request body needs a list named records")
    rows = body["records"]
    if not all(isinstance(row, dict) for row in rows):
        raise ApiError(400, "JSON_PARSER_ERROR", "Each record must be an object")
    unknown = set(body) - {"records", "allOrNone"}
    if unknown:
        raise ApiError(400, "JSON_PARSER_ERROR", f"Unrecognized field '{min(unknown)}'")
    _check_size(len(rows))
    if sum(1 for _ in groupby(rows, key=_type_name)) > MAX_CHUNKS:
        text = f"records of one call may form at most {MAX_CHUNKS} chunks of the same type"
        raise ApiError(400, "LIMIT_EXCEEDED", text)
    return rows, body.get("allOrNone") is True


def external_key(obj: SObject, name: str, hidden: set[str]) -> Field:
    """Return an object's external id field; raises Salesforce's 404 for any other field."""
    field = obj.find(name)
    if field is None or not field.external_id or field.name in hidden:
        raise not_found(f"Provided external ID field does not exist or is not accessible: {name}")
    return field
