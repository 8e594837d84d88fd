"""Ingest jobs of Bulk API 2.0: /jobs/ingest. Each record has the rules and the outcome that it has in a collection of 200."""

import base64
import random
from dataclasses import dataclass
from typing import Any

from leadhub_sandbox.http import Response, Router
from leadhub_sandbox.salesforce import ids, values
from leadhub_sandbox.salesforce.bulk_csv import CsvProblem, read, write
from leadhub_sandbox.salesforce.bulk_jobs import INGEST, Job, Jobs, asked, closed_twice
from leadhub_sandbox.salesforce.errors import ApiError, not_found
from leadhub_sandbox.salesforce.objects import OBJECTS, find_object
from leadhub_sandbox.salesforce.org import Actor
from leadhub_sandbox.salesforce.records import AUTO, NONE, Records
from leadhub_sandbox.salesforce.rest import Call
from leadhub_sandbox.salesforce.schema import Field, SObject
from leadhub_sandbox.salesforce.sobject_collections import MAX_RECORDS, Collections, Outcome

SINCE = 41.0
OPERATIONS = ("insert", "update", "upsert", "delete")
RULE_PREFIX = "01Q"
EMPTY = "#N/A"
"""What a cell says to make the field empty; an empty cell leaves the field as it is."""
_BOOLEANS = dict.fromkeys(("yes", "y", "true", "on", "1"), True) | dict.fromkeys(("no", "n", "false", "off", "0"), False)
_XSD = {
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "boolean": "xsd:boolean",
}


@dataclass(slots=True)
class BulkIngest:
    """The handlers of /jobs/ingest, and the work of such a job."""

    jobs: Jobs
    records: Records

    def add_to(self, router: Router) -> None:
        """Register the resources."""
        router.add("POST", "/jobs/ingest", self.create)
        router.add("GET", "/jobs/ingest", self.all)
        router.add("GET", "/jobs/ingest/{job_id}", self.info)
        router.add("PATCH", "/jobs/ingest/{job_id}", self.close)
        router.add("DELETE", "/jobs/ingest/{job_id}", self.delete)
        router.add("PUT", "/jobs/ingest/{job_id}/batches", self.upload)
        router.add("GET", "/jobs/ingest/{job_id}/successfulResults", self.successful)
        router.add("GET", "/jobs/ingest/{job_id}/failedResults", self.failed)
        for name in ("unprocessedrecords", "unprocessedRecords"):
            router.add("GET", f"/jobs/ingest/{{job_id}}/{name}", self.unprocessed)

    def _find(self, call: Call, job_id: str) -> Job:
        _check_version(call)
        return self.jobs.find(INGEST, job_id)

    def create(self, call: Call) -> Response:
        """Open a job that waits for its data."""
        _check_version(call)
        order = call.record()
        form = asked(order, {"operation", "object", "externalIdFieldName", "assignmentRuleId"})
        operation, obj = order.get("operation"), find_object(str(order.get("object")))
        if operation not in OPERATIONS:
            raise ApiError(400, "JSON_PARSER_ERROR", f"operation: value {operation!r} is none of {', '.join(OPERATIONS)}")
        if obj is None or not obj.writable or not self.jobs.org.shows(obj):
            raise ApiError(400, "INVALIDENTITY", f"Entity '{order.get('object')}' is not supported by the Bulk API.")
        key = self._key(obj, operation, order.get("externalIdFieldName"))
        given = order.get("assignmentRuleId")
        rule = ids.wanted(given, (RULE_PREFIX,), "assignmentRuleId") if given is not None else None
        job = self.jobs.add(INGEST, operation, obj.name, call.actor.user_id, call.version, "Open", key=key, rule=rule, **form)
        return Response(body=job.base())

    def _key(self, obj: SObject, operation: str, name: object) -> str | None:
        if operation != "upsert":
            return None
        if not name:
            raise ApiError(400, "INVALIDJOB", f"External ID was blank for {obj.name}. An External ID must be specified for upsert.")
        field = obj.find(str(name))
        if field is None or not (field.external_id or field.type == "id") or field.name in self.jobs.org.hidden(obj):
            raise ApiError(400, "INVALIDJOB", f"Field name not found : {name}")
        return field.name

    def all(self, call: Call) -> Response:
        """List the ingest jobs."""
        _check_version(call)
        return Response(body=self.jobs.listed(INGEST, call.request.param("jobType")))

    def info(self, call: Call, job_id: str) -> Response:
        """Tell how far a job is."""
        job = self._find(call, job_id)
        self.jobs.poll(job)
        return Response(body=job.info())

    def upload(self, call: Call, job_id: str) -> Response:
        """Take the job's data, once."""
        job = self._find(call, job_id)
        kind = call.request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "text/csv":
            raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", f"Content type '{kind}' is not supported")
        if job.state != "Open":
            raise ApiError(400, "INVALIDJOBSTATE", f"Uploading to a Job in the state {job.state} not allowed")
        if job.uploaded is not None:
            text = (
                f"Found multiple contents for job: <{job.id[:15]}>, please 'Close' / 'Abort' / 'Delete' the current Job then create a new Job "
                "and make sure you only do 'PUT' once on a given Job."
            )
            raise ApiError(400, "INVALIDJOB", text)
        job.uploaded = base64.b64encode(call.request.body).decode()
        return Response(201)

    def close(self, call: Call, job_id: str) -> Response:
        """Obey {"state": "UploadComplete"} or {"state": "Aborted"}."""
        job, order = self._find(call, job_id), call.record()
        if order != {"state": "UploadComplete"}:
            self.jobs.abort(job, order)
            return Response(body=job.base())
        if job.state != "Open":
            raise closed_twice(job)
        self.jobs.start(job)
        return Response(body=job.base())

    def delete(self, call: Call, job_id: str) -> Response:
        """Forget a job that has ended."""
        self.jobs.delete(self._find(call, job_id))
        return Response(204)

    def successful(self, call: Call, job_id: str) -> Response:
        """Return the records that were written."""
        job = self._ended(call, job_id)
        done = [[row_id, "true" if created else "false", *job.rows[place]] for place, row_id, created, error in job.outcomes if not error]
        return self._csv(job, ["sf__Id", "sf__Created"], done)

    def failed(self, call: Call, job_id: str) -> Response:
        """Return the records that were refused, each with its error."""
        job = self._ended(call, job_id)
        done = [[row_id, error, *job.rows[place]] for place, row_id, _, error in job.outcomes if error]
        return self._csv(job, ["sf__Id", "sf__Error"], done)

    def unprocessed(self, call: Call, job_id: str) -> Response:
        """Return the records that the job never came to."""
        job = self._ended(call, job_id)
        self._load(job)
        return self._csv(job, [], job.rows[len(job.outcomes) :])

    def _ended(self, call: Call, job_id: str) -> Job:
        job = self._find(call, job_id)
        self.jobs.must_be_complete(job)
        return job

    def _csv(self, job: Job, own: list[str], rows: list[list[str]]) -> Response:
        """Return rows as CSV in an order that is not that of the upload."""
        random.Random(f"{self.jobs.org.seed}-{job.id}").shuffle(rows)  # noqa: S311 - reproducible
        return Response(body=write([[*own, *job.header], *rows], job.delimiter, job.line_ending), content_type="text/csv; charset=UTF-8")

    def _load(self, job: Job) -> None:
        """Read the upload of a job; without one, or with one that cannot be read, there are no records."""
        if job.uploaded is None or job.header:
            return
        try:
            job.header, job.rows = read(base64.b64decode(job.uploaded), job.delimiter, job.line_ending)
        except CsvProblem as problem:
            job.error = job.error or str(problem)

    def work(self, job: Job, last: bool) -> None:
        """Write the first half of the records, or with `last` the rest; a job whose data cannot be read fails."""
        if job.kind != INGEST:
            return
        if not job.header:
            self._load(job)
            problem = job.error or self._wrong_header(job)
            if problem:
                self.jobs.fail(job, problem)
                return
        end = len(job.rows) if last else len(job.rows) // 2
        while (start := len(job.outcomes)) < end:
            self._write(job, start, min(_chunk(start).stop, end))

    def _wrong_header(self, job: Job) -> str | None:
        if not job.header:
            return "InvalidBatch : The job has no data"
        obj = OBJECTS[job.object]
        hidden = self.jobs.org.hidden(obj)
        fields = [obj.find(name) for name in job.header]
        for name, field in zip(job.header, fields, strict=True):
            if field is None or field.name in hidden:
                return f"InvalidBatch : Field name not found : {name}"
        names = [field.name for field in fields if field]
        if twice := next((name for name in names if names.count(name) > 1), None):
            return f"InvalidBatch : Duplicate field name found : {twice}"
        if job.operation == "delete" and names != ["Id"]:
            return "InvalidBatch : A delete takes the field Id and no other"
        missing = {"update": "Id", "delete": "Id", "upsert": job.key}.get(job.operation)
        return f"InvalidBatch : Field name not found : {missing}" if missing and missing not in names else None

    def _write(self, job: Job, start: int, end: int) -> None:
        """Write some records of one chunk of 200 in one collection, those left out that cannot be read."""
        obj = OBJECTS[job.object]
        fields = [field for name in job.header if (field := obj.find(name))]
        errors: dict[int, str] = {}
        bodies: dict[int, dict[str, Any]] = {}
        for place in _chunk(start)[: len(job.rows) - _chunk(start).start]:
            try:
                bodies[place] = {"attributes": {"type": obj.name}} | _record(fields, job.rows[place])
            except ApiError as problem:
                errors[place] = _told([problem.save_error()])
        named = {place: next((job.rows[place][n] for n, f in enumerate(fields) if f.type == "id"), "") for place in range(start, end)}
        mine = {place: body for place, body in bodies.items() if start <= place < end}
        outcomes = dict(zip(mine, self._outcomes(job, obj, list(mine.values()), list(bodies.values())), strict=True))
        for place in range(start, end):
            outcome = outcomes.get(place)
            error = errors.get(place) or (None if outcome and outcome["success"] else _told(outcome["errors"] if outcome else []))
            row_id = outcome["id"] if outcome and outcome["success"] else named[place]
            job.outcomes.append([place, row_id, bool(outcome and outcome.get("created", job.operation == "insert")), error])

    def _outcomes(self, job: Job, obj: SObject, rows: list[dict[str, Any]], chunk: list[dict[str, Any]]) -> list[Outcome]:
        assign = job.rule or (AUTO if self.jobs.org.settings.bulk_auto_assign else NONE)
        collections = Collections(self.records, Actor(job.user_id), assign, chunk)
        body = {"records": rows}
        if job.operation == "delete":
            return collections.delete([str(row.get("Id", "")) for row in rows], strict=False)
        if job.operation == "upsert" and job.key and job.key != "Id":
            return collections.upsert(obj, obj.fields[job.key], body)
        if job.operation == "upsert":
            return self._by_id(collections, rows)
        return collections.update(body) if job.operation == "update" else collections.create(body)

    def _by_id(self, collections: Collections, rows: list[dict[str, Any]]) -> list[Outcome]:
        """Upsert by the record's own id: what has none is new."""
        known = [row for row in rows if "Id" in row]
        changed = iter([outcome | {"created": False} for outcome in collections.update({"records": known})])
        made = iter([outcome | {"created": True} for outcome in collections.create({"records": [row for row in rows if "Id" not in row]})])
        return [next(changed if "Id" in row else made) for row in rows]


def _chunk(place: int) -> range:
    """Return the places of the chunk of 200 that a record is in."""
    first = place // MAX_RECORDS * MAX_RECORDS
    return range(first, first + MAX_RECORDS)


def _check_version(call: Call) -> None:
    if float(call.version[1:]) < SINCE:
        raise not_found()


def _record(fields: list[Field], texts: list[str]) -> dict[str, Any]:
    """Return a record as REST would send it; raises ApiError for a cell that is no value of its field's type."""
    record: dict[str, Any] = {}
    for number, (field, text) in enumerate(zip(fields, texts, strict=True)):
        if text == EMPTY:
            record[field.name] = None
        elif text:
            record[field.name] = _cell(field, text, number)
    return record


def _cell(field: Field, text: str, number: int) -> Any:
    value = _BOOLEANS.get(text.strip().lower(), text) if field.type == "boolean" else text
    if field.type in _XSD:
        try:
            values.clean(field, value)
        except ApiError as problem:
            if problem.code == values.OUTSIDE:
                raise
            told = f"Failed to deserialize field at col {number}. Due to, '{text}' is not a valid value for the type {_XSD[field.type]}"
            raise ApiError(400, "INVALID_TYPE_ON_FIELD_IN_RECORD", told, [field.name]) from None
    return value


def _told(errors: list[dict[str, Any]]) -> str:
    """Return errors as a failed record's sf__Error has them."""
    return "; ".join(f"{e['statusCode']}:{e['message']}:{' '.join([*e['fields'], '--'])}" for e in errors)
