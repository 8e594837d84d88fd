"""The jobs of Bulk API 2.0: what all of them have, how they move on, and what is kept of them.

After the Bulk API 2.0 Developer Guide. A job moves on when it is asked for, or with the sandbox's clock: see `bulk_polls` and `bulk_seconds`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any

from leadhub_sandbox.salesforce import ids, times
from leadhub_sandbox.salesforce.bulk_csv import DELIMITERS, LINE_ENDINGS
from leadhub_sandbox.salesforce.errors import ApiError, not_found
from leadhub_sandbox.salesforce.org import Org

KEPT = timedelta(days=7)
QUERY, INGEST = "query", "ingest"
_TYPES = {QUERY: "V2Query", INGEST: "V2Ingest"}
RUNNING = ("UploadComplete", "InProgress")


@dataclass(slots=True)
class Job:
    """One job. `rows` are a query's results or an upload's records, as texts; `outcomes` an ingested record's place, id, created and error."""

    id: str
    kind: str
    operation: str
    object: str
    user_id: str
    version: str
    created: str
    modified: str
    state: str
    line_ending: str = "LF"
    delimiter: str = "COMMA"
    key: str | None = None
    rule: str | None = None
    polls: int = 0
    started: str | None = None
    error: str | None = None
    uploaded: str | None = None
    header: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    outcomes: list[list[Any]] = field(default_factory=list)

    def base(self) -> dict[str, Any]:
        """Return what every answer tells of the job."""
        shown: dict[str, Any] = {
            "id": self.id,
            "operation": self.operation,
            "object": self.object,
            "createdById": self.user_id,
            "createdDate": self.created,
            "systemModstamp": self.modified,
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.version[1:]),
            "lineEnding": self.line_ending,
            "columnDelimiter": self.delimiter,
        }
        if self.key:
            shown["externalIdFieldName"] = self.key
        if self.rule:
            shown["assignmentRuleId"] = self.rule
        if self.kind == INGEST and self.state == "Open":
            shown["contentUrl"] = f"services/data/{self.version}/jobs/ingest/{self.id}/batches"
        return shown

    def info(self) -> dict[str, Any]:
        """Return the answer to a poll."""
        shown = self.base() | {"jobType": _TYPES[self.kind], "retries": 0, "totalProcessingTime": 0}
        if self.kind == QUERY:
            shown |= {"numberRecordsProcessed": len(self.rows) if self.state == "JobComplete" else 0, "isPkChunkingSupported": True}
        else:
            failed = sum(1 for outcome in self.outcomes if outcome[3])
            shown |= {"numberRecordsProcessed": len(self.outcomes), "numberRecordsFailed": failed}
            shown |= {"apiActiveProcessingTime": 0, "apexProcessingTime": 0}
        return shown | ({"errorMessage": self.error} if self.error else {})


@dataclass(slots=True)
class Jobs:
    """All jobs of the org. `work` does a part of an ingest job: the first half when it begins, the rest when it ends."""

    org: Org
    work: Callable[[Job, bool], None] = lambda _job, _last: None
    found: dict[str, Job] = field(default_factory=dict)

    def add(self, kind: str, operation: str, name: str, user_id: str, version: str, state: str, **more: Any) -> Job:
        """Keep a new job."""
        now = self.org.now()
        job = Job(self.org.new_job_id(), kind, operation, name, user_id, version, now, now, state, **more)
        self.found[job.id] = job
        if state in RUNNING:
            self.start(job)
        return job

    def find(self, kind: str, job_id: str) -> Job:
        """Return a job; raises 404 for one that is not there, or no longer: jobs and results are kept for seven days."""
        job = self.found.get(ids.full(job_id) or "")
        if job is None or job.kind != kind or times.parse_instant(job.created) + KEPT < self.org.clock.now():
            raise not_found()
        return job

    def listed(self, kind: str, wanted: str | None) -> dict[str, Any]:
        """Return the list of jobs, the newest first; `wanted` is the jobType asked for."""
        oldest = times.stamp(self.org.clock.now() - KEPT)
        shown = [job.base() | {"jobType": _TYPES[kind]} for job in self.found.values() if job.kind == kind and job.created >= oldest]
        return {"done": True, "records": [one for one in reversed(shown) if wanted in (None, one["jobType"])], "nextRecordsUrl": None}

    def start(self, job: Job) -> None:
        """Begin to count the time and the polls of a job whose data is complete."""
        self.move(job, "UploadComplete")
        job.started = self.org.clock.now().isoformat()

    def move(self, job: Job, state: str) -> None:
        """Put a job into another state."""
        job.state, job.modified = state, self.org.now()

    def poll(self, job: Job) -> None:
        """Count one look at a job, and let it move on."""
        job.polls += 1
        self._advance(job)

    def tick(self) -> None:
        """Let time pass for every running job."""
        for job in list(self.found.values()):
            if job.state in RUNNING:
                self._advance(job)

    def _advance(self, job: Job) -> None:
        if job.state not in RUNNING or job.started is None:
            return
        knobs = self.org.settings
        passed = (self.org.clock.now() - datetime.fromisoformat(job.started)).total_seconds()
        ends = job.polls >= knobs.bulk_polls and passed >= knobs.bulk_seconds
        begins = ends or job.polls > 0 or (knobs.bulk_seconds > 0 and passed >= knobs.bulk_seconds / 2)
        if begins and job.state == "UploadComplete":
            self.move(job, "InProgress")
            self.work(job, False)
        if ends and job.state == "InProgress" and knobs.bulk_failure:
            self.fail(job, knobs.bulk_failure)
        elif ends and job.state == "InProgress":
            self.work(job, True)
            self.move(job, "JobComplete")

    def fail(self, job: Job, message: str) -> None:
        """End a job that cannot be done."""
        job.error = message
        self.move(job, "Failed")

    def abort(self, job: Job, order: dict[str, Any]) -> None:
        """Obey {"state": "Aborted"}; raises INVALIDJOBSTATE for a job that has ended."""
        if order.get("state") != "Aborted" or len(order) > 1:
            raise ApiError(400, "INVALIDJOBSTATE", f"A job cannot be put into the state {order.get('state')} by a client")
        if job.state not in ("Open", *RUNNING):
            raise ApiError(400, "INVALIDJOBSTATE", f"Aborting already {_ended(job)} Job not allowed")
        self.move(job, "Aborted")

    def delete(self, job: Job) -> None:
        """Forget a job and its data; raises INVALIDJOBSTATE for one that is under way."""
        if job.state in ("Open", "InProgress"):
            raise ApiError(400, "INVALIDJOBSTATE", f"A job in the state {job.state} cannot be deleted: abort it first")
        del self.found[job.id]

    def must_be_complete(self, job: Job) -> None:
        """Check that results can be had; raises INVALIDJOBSTATE."""
        if job.state in ("Open", *RUNNING):
            raise ApiError(400, "INVALIDJOBSTATE", f"The job has no results in the state {job.state}")

    def snapshot(self) -> list[dict[str, Any]]:
        """Return a JSON-able copy of all jobs."""
        jobs = ({f.name: getattr(job, f.name) for f in fields(Job)} for job in self.found.values())
        return [{name: list(value) if isinstance(value, list) else value for name, value in job.items()} for job in jobs]

    def restore(self, state: list[dict[str, Any]]) -> None:
        """Put back what `snapshot` returned."""
        self.found = {one["id"]: Job(**one) for one in state}


def closed_twice(job: Job) -> ApiError:
    """Return the refusal of a second end of the upload."""
    return ApiError(400, "INVALIDJOBSTATE", f"Closing already {_ended(job)} Job not allowed")


def _ended(job: Job) -> str:
    return {"JobComplete": "Completed", "UploadComplete": "Closed"}.get(job.state, job.state)


def asked(order: dict[str, Any], known: set[str]) -> dict[str, str]:
    """Return the CSV form that an order asks for; raises JSON_PARSER_ERROR for a key or a value that the resource does not know."""
    if unknown := set(order) - known - {"contentType", "lineEnding", "columnDelimiter"}:
        raise ApiError(400, "JSON_PARSER_ERROR", f'Unrecognized field "{min(unknown)}"')
    choices = {"contentType": ("CSV", ("CSV",)), "lineEnding": ("LF", tuple(LINE_ENDINGS)), "columnDelimiter": ("COMMA", tuple(DELIMITERS))}
    for name, (_, allowed) in choices.items():
        if name in order and order[name] not in allowed:
            raise ApiError(400, "JSON_PARSER_ERROR", f"{name}: value {order[name]!r} is none of {', '.join(allowed)}")
    return {"line_ending": order.get("lineEnding", "LF"), "delimiter": order.get("columnDelimiter", "COMMA")}
