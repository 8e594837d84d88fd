# ruff: noqa: ARG002 - the router calls every handler alike, with the request and the names in its path
"""Batches of up to 100 records: read, create, update, upsert, archive. All or nothing, or per record with trace ids."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from leadhub_sandbox.http import Request, Response
from leadhub_sandbox.hubspot.account import API_SOURCE, Account
from leadhub_sandbox.hubspot.errors import ApiError, invalid, not_found
from leadhub_sandbox.hubspot.objects import Objects
from leadhub_sandbox.hubspot.records import body_of, find_record, names_in, require_unique
from leadhub_sandbox.hubspot.store import Record
from leadhub_sandbox.hubspot.views import Views, is_true
from leadhub_sandbox.hubspot.writes import Change, Claims, Writer

MAX_INPUTS = 100
MAX_INPUTS_WITH_HISTORY = 50
Input = Mapping[str, Any]


@dataclass(slots=True)
class Outcome:
    """What a batch has come to: rendered records and error entries."""

    results: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)


class BatchHandlers:
    """The endpoints below /objects/{type}/batch."""

    def __init__(self, account: Account, objects: Objects, writer: Writer, views: Views) -> None:
        self._account = account
        self._objects = objects
        self._writer = writer
        self._views = views

    def read(self, request: Request, version: str) -> Response:
        """POST …/batch/read: by id, or by idProperty; what is missing is told in a 207."""
        started = self._account.now_iso()
        body = body_of(request)
        history = names_in(body, "propertiesWithHistory")
        inputs = inputs_of(body, MAX_INPUTS_WITH_HISTORY if history else MAX_INPUTS)
        archived = is_true(request, "archived")
        found: dict[int, Record] = {}
        missing = []
        for record_id in dict.fromkeys(_id_of(entry) for entry in inputs):
            record = find_record(self._objects, record_id, body.get("idProperty"))
            if record is None or (record.archived_ms is not None) != archived:
                missing.append(record_id)
            else:
                found[record.id] = record
        asked = names_in(body, "properties")
        outcome = Outcome([self._views.read(record, asked, history) for record in found.values()])
        if missing:
            outcome.errors.append(not_found(f"Could not get some {self._objects.type.name}: the ids may be wrong.", missing).entry())
        return self._answer(outcome, started)

    def create(self, request: Request, version: str) -> Response:
        """POST …/batch/create."""

        def prepare(entry: Input, claims: Claims) -> Change:
            return self._writer.prepare(None, entry.get("properties"), API_SOURCE, version, claims, associations=entry.get("associations"))

        return self._write(request, prepare, created_status=201)

    def update(self, request: Request, version: str) -> Response:
        """POST …/batch/update: by record id, or by a custom unique property; HubSpot takes no e-mail here."""

        def prepare(entry: Input, claims: Claims) -> Change:
            id_property = entry.get("idProperty")
            if id_property == "email":
                raise invalid("A batch update takes record ids or a custom unique property, not email.")
            record = find_record(self._objects, _id_of(entry), id_property)
            if record is None or record.archived_ms is not None or not self._may_write(entry, record):
                raise not_found(f"Could not update a {self._objects.type.singular}: the id may be wrong.", [_id_of(entry)])
            return self._writer.prepare(record, entry.get("properties"), API_SOURCE, version, claims)

        return self._write(request, prepare, with_ids=True)

    def upsert(self, request: Request, version: str) -> Response:
        """POST …/batch/upsert: by e-mail or a custom unique property; each result says whether it is `new`."""

        def prepare(entry: Input, claims: Claims) -> Change:
            id_property, record_id = entry.get("idProperty"), _id_of(entry)
            require_unique(self._objects, str(id_property))
            record = self._objects.store.find(str(id_property), record_id)
            properties = entry.get("properties")
            if record is None and isinstance(properties, dict):
                properties = {str(id_property): record_id, **properties}
            return self._writer.prepare(record, properties, API_SOURCE, version, claims)

        return self._write(request, prepare, with_ids=True, tell_new=True)

    def archive(self, request: Request, version: str) -> Response:
        """POST …/batch/archive: 204, also for ids that do not exist."""
        inputs = inputs_of(body_of(request))
        _refuse_duplicates(inputs)
        for entry in inputs:
            record = self._objects.store.get(_id_of(entry))
            if record is not None:
                self._writer.archive(record, API_SOURCE)
        return Response(204)

    def _may_write(self, entry: Input, record: Record) -> bool:
        own = entry.get("idProperty") or str(record.id) == _id_of(entry)
        return bool(own) or self._account.settings.write_through_merged

    def _write(
        self,
        request: Request,
        prepare: Callable[[Input, Claims], Change],
        *,
        with_ids: bool = False,
        tell_new: bool = False,
        created_status: int = 200,
    ) -> Response:
        """Check every input, then commit. Without a trace id on each, the first error refuses the whole batch."""
        started = self._account.now_iso()
        inputs = inputs_of(body_of(request))
        if with_ids:
            _refuse_duplicates(inputs)
        traced = _all_traced(inputs)
        outcome, claims = Outcome(), Claims()
        ready: list[tuple[Input, Change]] = []
        for entry in inputs:
            try:
                ready.append((entry, prepare(entry, claims)))
            except ApiError as error:
                if not traced and not (error.status == 404):
                    raise
                outcome.errors.append(error.entry(entry.get("objectWriteTraceId") if traced else None))
        for entry, change in ready:
            new = change.record is None
            record = self._writer.commit(change)
            view = self._views.written(record, entry["properties"], created=new)
            extra = {"new": new} if tell_new else {}
            trace = {"objectWriteTraceId": entry["objectWriteTraceId"]} if traced else {}
            outcome.results.append(view | extra | trace)
        return self._answer(outcome, started, created_status)

    def _answer(self, outcome: Outcome, started: str, status: int = 200) -> Response:
        body: dict[str, Any] = {"status": "COMPLETE", "results": self._account.shuffled(outcome.results)}
        body |= {"startedAt": started, "completedAt": self._account.now_iso()}
        if not outcome.errors:
            return Response(status, body)
        return Response(207, body | {"numErrors": len(outcome.errors), "errors": outcome.errors})


def inputs_of(body: Mapping[str, Any], most: int = MAX_INPUTS) -> list[Input]:
    """Return a batch's inputs. Raises ApiError 400 for none, too many, and what are no objects."""
    inputs = body.get("inputs")
    if not isinstance(inputs, list) or not inputs:
        raise invalid("Invalid input JSON: inputs must be a list with at least one entry.")
    if len(inputs) > most:
        raise invalid(f"A batch takes at most {most} inputs, this one has {len(inputs)}.")
    if not all(isinstance(entry, dict) for entry in inputs):
        raise invalid("Invalid input JSON: every input must be an object.")
    return inputs


def _id_of(entry: Input) -> str:
    record_id = entry.get("id")
    if not isinstance(record_id, str) or not record_id:
        raise invalid("Invalid input JSON: every input needs an id, which is a string.")
    return record_id


def _refuse_duplicates(inputs: Iterable[Input]) -> None:
    """Refuse the whole batch when an id comes twice; e-mails count in any case."""
    seen: set[tuple[str, str]] = set()
    double: list[str] = []
    for entry in inputs:
        record_id, name = _id_of(entry), str(entry.get("idProperty", ""))
        key = (name, record_id.strip().lower() if name == "email" else record_id)
        if key in seen and record_id not in double:
            double.append(record_id)
        seen.add(key)
    if double:
        listed = ", ".join(double)
        raise invalid(f"Duplicate IDs found in batch input: [{listed}]. IDs must be unique", ids=double)


def _all_traced(inputs: list[Input]) -> bool:
    traces = [entry.get("objectWriteTraceId") for entry in inputs]
    return all(isinstance(trace, str) and trace for trace in traces) and len(set(traces)) == len(traces)
