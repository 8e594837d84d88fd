"""Salesforce as one service of the sandbox: authentication, metering, versions, and the way from a path to its handler."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from leadhub_sandbox.clock import SandboxClock
from leadhub_sandbox.faults import Faults
from leadhub_sandbox.http import Request, Response
from leadhub_sandbox.salesforce import duplicates, wire
from leadhub_sandbox.salesforce.admin import Admin
from leadhub_sandbox.salesforce.auth import Auth, Session
from leadhub_sandbox.salesforce.bulk_ingest import BulkIngest
from leadhub_sandbox.salesforce.bulk_jobs import Jobs
from leadhub_sandbox.salesforce.bulk_query import BulkQueries
from leadhub_sandbox.salesforce.composite import Composite
from leadhub_sandbox.salesforce.errors import ApiError, not_found
from leadhub_sandbox.salesforce.identity import Identity
from leadhub_sandbox.salesforce.org import Org
from leadhub_sandbox.salesforce.partner import Partner
from leadhub_sandbox.salesforce.query import Queries
from leadhub_sandbox.salesforce.records import Records
from leadhub_sandbox.salesforce.rest import NEWEST, OLDEST, Call, Rest, versions
from leadhub_sandbox.salesforce.usage import Usage

MAX_URL = 16_384
GONE = 20
"""Versions above this one existed once; those up to it never answered at this path here."""


def _error(status: int, code: str, message: str) -> dict[str, Any]:
    return {"status": status, "body": [{"message": message, "errorCode": code}]}


FAULTS: dict[str, dict[str, Any]] = {
    "lock": _error(400, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record"),
    "unavailable": _error(503, "SERVER_UNAVAILABLE", "The server is temporarily unavailable"),
    "server_error": _error(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred"),
    "limit": _error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
    "concurrent": _error(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded."),
    "query_timeout": _error(400, "QUERY_TIMEOUT", "Your query request was running for too long."),
    "expired_session": _error(401, "INVALID_SESSION_ID", "Session expired or invalid"),
    "setting_up": {"status": 420},
    "not_acceptable": {"status": 406},
}


class SalesforceService:
    """One org behind Salesforce's REST API (v31.0 to v68.0). The seed decides every id and secret."""

    name = "salesforce"

    def __init__(self, seed: int, clock: SandboxClock) -> None:
        self.clock = clock
        self.faults = Faults(FAULTS)
        self.org = Org(seed, clock)
        self.auth = Auth(self.org)
        self.usage = Usage(self.org)
        self._queries = Queries(self.org)
        self._records = Records(self.org)
        self._routes = Rest(self.org, self._records, self._queries, self.usage).routes()
        composite = Composite(self.org, self.usage, self._dispatch)
        self._routes.add("GET", "/composite", composite.resources)
        self._routes.add("POST", "/composite", composite.composite)
        self._routes.add("POST", "/composite/batch", composite.batch)
        self._identity = Identity(self.org, self.auth)
        self._partner = Partner(self.org, self.auth, self._records, self.usage)
        self.jobs = Jobs(self.org)
        ingest = BulkIngest(self.jobs, self._records)
        self.jobs.work = ingest.work
        ingest.add_to(self._routes)
        BulkQueries(self.jobs, self._queries, self.usage).add_to(self._routes)
        self._admin = Admin(self.org, self._records, self.auth, self._queries)

    @property
    def client_id(self) -> str:
        """The connected client's id."""
        return self.auth.client_id

    @property
    def client_secret(self) -> str:
        """The connected client's secret."""
        return self.auth.client_secret

    def handle(self, request: Request) -> Response:
        """Answer the CRM's own API; a refused request leaves nothing behind."""
        self._let_jobs_run()
        mark = self.org.store.begin()
        try:
            response = self._answer(wire.opened(request))
        except ApiError as refusal:
            self.org.store.rollback(mark)
            response = refusal.response()
        except BaseException:
            self.org.store.rollback(mark)
            raise
        self.org.store.commit()
        if request.path.startswith("/services/data/v"):
            response.headers["Sforce-Limit-Info"] = self.usage.header()
        return wire.closed(request, response)

    def _let_jobs_run(self) -> None:
        """Let the Bulk API's jobs go on as far as the clock says, whatever becomes of the call at hand."""
        self.jobs.tick()
        self.org.store.commit()

    def internal_error(self, problem: Exception) -> Response:
        """Return the 500 of a fault in the sandbox itself, in Salesforce's shape."""
        return ApiError(500, "UNKNOWN_EXCEPTION", f"An unexpected error occurred: {type(problem).__name__}").response()

    def _answer(self, request: Request) -> Response:
        if len(request.raw_target) > MAX_URL:
            raise ApiError(414, "URI_TOO_LONG", f"The request URI is longer than {MAX_URL} bytes")
        if found := re.fullmatch(r"/services/data/(v(\d+)\.0)(/.*)?", request.path):
            return self._data(request, found[1], int(found[2]), found[3] or "/")
        match request.method, request.path.rstrip("/"):
            case "POST", "/services/oauth2/token":
                return self.auth.token(request)
            case "GET" | "POST", "/services/oauth2/userinfo":
                return self._identity.userinfo(request)
            case "GET", "/services/data":
                return Response(body=versions())
            case "POST", path if path.startswith("/services/Soap/u/"):
                return self._partner.answer(request)
            case "GET" | "POST", path if named := re.fullmatch(r"/id/([^/]+)/([^/]+)", path):
                return self._identity.identity(request, named[1], named[2])
            case _:
                raise not_found()

    def _data(self, request: Request, version: str, number: int, path: str) -> Response:
        if GONE < number < OLDEST:
            raise ApiError(410, "GONE", f"The requested API version {version} is retired")
        if not OLDEST <= number <= NEWEST:
            raise not_found()
        actor = self.auth.actor(request)
        if sum(1 for seconds in request.others if seconds >= self.org.settings.long_call_seconds) >= self.org.settings.concurrent_limit:
            raise ApiError(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded.")
        if self.usage.full() and path != "/limits":
            raise ApiError(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        self.usage.add()
        return self._dispatch(Call(request, version, actor), path)

    def _dispatch(self, call: Call, path: str) -> Response:
        """Answer one call, alone or as a part of another, by its path below the version."""
        handler, names, allowed = self._routes.find(call.request.method, path)
        if handler is None and allowed:
            text = f"HTTP Method '{call.request.method}' not allowed. Allowed are {','.join(sorted(set(allowed)))}"
            raise ApiError(405, "METHOD_NOT_ALLOWED", text)
        if handler is None:
            raise not_found()
        said = duplicates.header(call.request.headers.get("sforce-duplicate-rule-header", ""), call.version)
        return handler(replace(call, actor=replace(call.actor, duplicates=said)), **names)

    def admin(self, request: Request) -> Response | None:
        """Answer the admin paths that are Salesforce's own."""
        self._let_jobs_run()
        return self._admin.answer(request)

    def snapshot(self) -> Any:
        """Return a JSON-able copy of the org, its sessions and its count of calls."""
        sessions = {token: [s.user_id, s.expires.isoformat()] for token, s in self.auth.sessions.items()}
        calls, query_jobs = ({minute.isoformat(): n for minute, n in counts.items()} for counts in (self.usage.minutes, self.usage.query_jobs))
        counted = {"calls": calls, "query_jobs": query_jobs, "jobs": self.jobs.snapshot()}
        return self.org.snapshot() | {"sessions": sessions, "refresh": dict(self.auth.refresh)} | counted

    def restore(self, state: Any) -> None:
        """Put back what `snapshot` returned; query cursors end, as they do when an org is refreshed."""
        self.org.restore(state)
        self.auth.sessions = {t: Session(user, datetime.fromisoformat(ends)) for t, (user, ends) in state["sessions"].items()}
        self.auth.refresh = dict(state["refresh"])
        counts = ({datetime.fromisoformat(m).astimezone(UTC): n for m, n in state.get(key, {}).items()} for key in ("calls", "query_jobs"))
        self.usage.minutes, self.usage.query_jobs = counts
        self.jobs.restore(state.get("jobs", []))
        self._queries.cursors.clear()
