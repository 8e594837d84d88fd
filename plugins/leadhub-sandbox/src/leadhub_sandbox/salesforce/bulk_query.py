"""Query jobs of Bulk API 2.0: /jobs/query. The results are a snapshot of the moment of the order."""

import base64
import re
from dataclasses import dataclass

from leadhub_sandbox.http import Response, Router
from leadhub_sandbox.salesforce.bulk_csv import cell, write
from leadhub_sandbox.salesforce.bulk_jobs import QUERY, Job, Jobs, asked
from leadhub_sandbox.salesforce.errors import ApiError, malformed_query, not_found
from leadhub_sandbox.salesforce.filters import resolve
from leadhub_sandbox.salesforce.query import Queries
from leadhub_sandbox.salesforce.rest import Call
from leadhub_sandbox.salesforce.schema import SObject
from leadhub_sandbox.salesforce.soql import Select
from leadhub_sandbox.salesforce.usage import Usage

SINCE = 47.0
OPERATIONS = {"query": False, "queryAll": True}
"""The operations, and whether each sees the recycle bin."""


@dataclass(slots=True)
class BulkQueries:
    """The handlers of /jobs/query."""

    jobs: Jobs
    queries: Queries
    usage: Usage

    def add_to(self, router: Router) -> None:
        """Register the resources."""
        router.add("POST", "/jobs/query", self.create)
        router.add("GET", "/jobs/query", self.all)
        router.add("GET", "/jobs/query/{job_id}", self.info)
        router.add("PATCH", "/jobs/query/{job_id}", self.abort)
        router.add("DELETE", "/jobs/query/{job_id}", self.delete)
        router.add("GET", "/jobs/query/{job_id}/results", self.results)

    def _find(self, call: Call, job_id: str) -> Job:
        _check_version(call)
        return self.jobs.find(QUERY, job_id)

    def create(self, call: Call) -> Response:
        """Order a query; raises what a query raises, and the refusal of what Bulk cannot do."""
        _check_version(call)
        order = call.record()
        form = asked(order, {"operation", "query"})
        operation, text = order.get("operation"), order.get("query")
        if not isinstance(operation, str) or operation not in OPERATIONS or not isinstance(text, str) or not text:
            raise ApiError(400, "JSON_PARSER_ERROR", "a query job needs the operation query or queryAll, and a query")
        obj, tree, rows = self.queries.find(text, deleted=OPERATIONS[operation])
        paths = _supported(obj, tree)
        columns = [resolve(self.jobs.org, obj, path) for path in paths]
        if any(field.type == "address" for field, _ in columns):
            raise ApiError(400, "API_ERROR", "Selecting compound data not supported in Bulk Query")
        texts = [[cell(field, get(row)) for field, get in columns] for row in rows]
        header = [".".join([*_links(obj, path), field.name]) for path, (field, _) in zip(paths, columns, strict=True)]
        self.usage.take_query_job()
        job = self.jobs.add(QUERY, operation, obj.name, call.actor.user_id, call.version, "UploadComplete", header=header, rows=texts, **form)
        return Response(body=job.base())

    def all(self, call: Call) -> Response:
        """List the query jobs."""
        _check_version(call)
        return Response(body=self.jobs.listed(QUERY, call.request.param("jobType")))

    def info(self, call: Call, job_id: str) -> Response:
        """Tell how far a job is."""
        job = self._find(call, job_id)
        self.jobs.poll(job)
        return Response(body=job.info())

    def abort(self, call: Call, job_id: str) -> Response:
        """Abort a job."""
        job = self._find(call, job_id)
        self.jobs.abort(job, call.record())
        return Response(body=job.base())

    def delete(self, call: Call, job_id: str) -> Response:
        """Forget a job that has ended."""
        self.jobs.delete(self._find(call, job_id))
        return Response(204)

    def results(self, call: Call, job_id: str) -> Response:
        """Return a page of the results; Sforce-Locator names the next one, and is the word null on the last."""
        job = self._find(call, job_id)
        if call.version != job.version:
            raise ApiError(409, "API_ERROR", f"The job was created in API version {job.version}, not {call.version}")
        self.jobs.must_be_complete(job)
        if job.state != "JobComplete":
            raise ApiError(400, "INVALIDJOBSTATE", f"The job has no results in the state {job.state}")
        start = _position(call.request.param("locator"), len(job.rows))
        most = call.request.param("maxRecords") or str(self.jobs.org.settings.bulk_page_size)
        if not re.fullmatch(r"[1-9][0-9]{0,8}", most):
            raise ApiError(400, "API_ERROR", f"maxRecords must be a number above 0, not {most}")
        page = job.rows[start : start + int(most)]
        end = start + len(page)
        headers = {"Sforce-NumberOfRecords": str(len(page)), "Sforce-Locator": _locator(end) if end < len(job.rows) else "null"}
        body = write([job.header, *page], job.delimiter, job.line_ending)
        return Response(body=body, headers=headers, content_type="text/csv; charset=UTF-8")


def _check_version(call: Call) -> None:
    if float(call.version[1:]) < SINCE:
        raise not_found()


def _supported(obj: SObject, tree: Select) -> list[str]:
    """Return the selected paths; raises for what Bulk does not take: counts, FIELDS(), OFFSET, a field twice."""
    if any(not isinstance(item, str) for item in tree.select):
        raise malformed_query("Aggregate queries and FIELDS() are not supported in Bulk Query")
    if tree.offset:
        raise malformed_query("OFFSET is not supported in Bulk Query")
    paths = [path for path in tree.select if isinstance(path, str)]
    lower = [path.lower().removeprefix(f"{obj.name.lower()}.") for path in paths]
    if twice := next((path for path in paths if lower.count(path.lower()) > 1), None):
        raise ApiError(400, "INVALID_FIELD", f"duplicate field selected: {twice}")
    return paths


def _links(obj: SObject, path: str) -> list[str]:
    """Return the relationships of a path as the header names them."""
    links = [link for name in path.split(".")[:-1] if (link := obj.relation(name))]
    return [str(link.relationship) for link in links]


def _locator(position: int) -> str:
    return base64.urlsafe_b64encode(str(position).encode()).decode().rstrip("=")


def _position(locator: str | None, total: int) -> int:
    if not locator:
        return 0
    try:
        position = int(base64.urlsafe_b64decode(locator + "=" * (-len(locator) % 4)))
    except ValueError:
        position = -1
    if not 0 < position < total:
        raise ApiError(400, "INVALID_QUERY_LOCATOR", f"invalid locator: {locator}")
    return position
