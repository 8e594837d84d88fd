"""The module that speaks HTTP to Salesforce (with `soap`, for the one call that REST does not have), by simple-salesforce.

It uses simple-salesforce in its direct mode, where that never logs in and never retries. It never retries either: the one thing it repeats is
a call answered 401 (which had no effect), once, with a fresh token and every header the call had.
"""

import contextlib
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce, format_soql
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceError,
    SalesforceExpiredSession,
    SalesforceOperationError,
    SalesforceRefusedRequest,
)
from urllib3.exceptions import ConnectTimeoutError, HTTPError, MaxRetryError, NewConnectionError

from leadhub import AccessDenied, Clock, FatalError, Unavailable, UnknownOutcome, Usage
from leadhub_salesforce import soap
from leadhub_salesforce.errors import Complaint, Trouble, as_result, from_answer
from leadhub_salesforce.login import grant
from leadhub_salesforce.settings import LOOPBACK, Settings
from leadhub_salesforce.values import full_id, parse_time

__all__ = ["Client", "Transport", "format_soql", "translate"]

TIMEOUT = (10.0, 130.0)
"""Seconds to connect and to wait. Salesforce ends a query after 120: its own error then comes before our time-out."""

T = TypeVar("T")

_LIMIT = re.compile(r"api-usage=(\d+)/(\d+)")
_UNREADABLE = (LookupError, TypeError, ValueError, AttributeError)  # what simple-salesforce raises on an answer of an unexpected shape
_BELOW = (HTTPError, OSError)  # what urllib3 and the system raise, should requests let it through
_TRANSLATED = (SalesforceError, SalesforceOperationError, requests.RequestException, *_UNREADABLE, *_BELOW)


class Transport(HTTPAdapter):
    """Gives every call a time-out, follows no redirect, and keeps the headers that simple-salesforce drops.

    simple-salesforce always calls https. For the hosts in `plain` (loopback only: the sandbox) the call goes out as http. No proxy stands
    between a program and its own machine.
    """

    def __init__(self) -> None:
        super().__init__(max_retries=0)
        self.plain: set[str] = set()
        self.calls = 0
        self.server_time: datetime | None = None
        self.used: int | None = None
        self.limit: int | None = None
        self.retry_after: float | None = None

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        """Send, and remember. Raises FatalError for a redirect: requests would turn a POST into a GET on the way."""
        parts = urlsplit(str(request.url))
        if parts.netloc in self.plain:
            request.url = urlunsplit(parts._replace(scheme="http"))
        if parts.hostname in LOOPBACK:
            options["proxies"] = {}
        options["timeout"] = options.get("timeout") or TIMEOUT
        self.calls += 1
        response = super().send(request, *args, **options)
        self._remember(response.headers)
        if response.is_redirect:
            response.close()
            target = urlsplit(response.headers["Location"]).hostname or "another address"
            raise FatalError(
                f"{parts.hostname} sends calls on to {target}: the org's address has changed.",
                next_step="set login_url to the org's present My Domain address",
            )
        return response

    def _remember(self, headers: Mapping[str, str]) -> None:
        with contextlib.suppress(TypeError, ValueError):
            self.server_time = parsedate_to_datetime(headers.get("Date", "")).astimezone(UTC)
        if usage := _LIMIT.search(headers.get("Sforce-Limit-Info", "")):
            self.used, self.limit = int(usage[1]), int(usage[2])
        after = headers.get("Retry-After", "")
        self.retry_after = float(after) if after.isdigit() else None


class Client:
    """One org's REST API. Every error that leaves here is leadhub's own."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._transport = Transport()
        self._session = requests.Session()
        self._session.auth = _as_it_is  # else requests would put a .netrc entry in place of the token
        self._session.headers["User-Agent"] = "leadhub"
        self._session.mount("https://", self._transport)
        self._session.mount("http://", self._transport)
        self._clock = clock
        self._connection: Any = None
        self._lock = threading.Lock()
        self._refused: AccessDenied | None = None

    def query(self, soql: str, *, deleted: bool = False) -> dict[str, Any]:
        """Return the first page of a query; `deleted`: also what lies in the recycle bin."""
        answer = self._call(lambda sf: sf.query(soql, include_deleted=deleted), "query", write=False)
        page = _checked(answer, dict, "query")
        _checked(page.get("records"), list, "query")
        return page

    def rows(self, soql: str) -> Iterator[dict[str, Any]]:
        """Yield all rows of a query, page after page by Salesforce's own cursor: for what is read at once, and anew if it breaks off."""
        page = self.query(soql)
        yield from page["records"]
        while not page["done"]:
            path = str(page.get("nextRecordsUrl") or "")
            if not path.startswith("/services/data/"):
                raise UnknownOutcome("query: Salesforce says that there is more, and not where.")
            page = _checked(self._call(_page_at(path), "query", write=False), dict, "query")
            yield from _checked(page.get("records"), list, "query")

    def describe(self, object_name: str) -> dict[str, Any]:
        """Return an object's describe."""
        path = f"sobjects/{object_name}/describe"
        answer = _checked(self._call(lambda sf: sf.restful(path), path, write=False), dict, path)
        _checked(answer.get("fields"), list, path)
        return answer

    def order_bulk(self, soql: str) -> str:
        """Order a bulk query, deleted rows among its results, and return the id of its job."""
        order = {"operation": "queryAll", "query": soql, "contentType": "CSV", "lineEnding": "LF", "columnDelimiter": "COMMA"}
        job = _checked(self._call(lambda sf: sf.restful("jobs/query", method="POST", json=order), "bulk query", write=False), dict, "bulk query")
        return full_id(_checked(job.get("id"), str, "bulk query"))

    def bulk_state(self, job_id: str) -> str:
        """Return how far a bulk query is, in Salesforce's word."""
        job = _checked(self._call(lambda sf: sf.restful(f"jobs/query/{job_id}"), "bulk query", write=False), dict, "bulk query")
        return _checked(job.get("state"), str, "bulk query")

    def count(self, whom: str) -> int:
        """Return how many live rows a query from here on would have."""
        answer = self.query(f"SELECT COUNT() FROM {whom}")  # noqa: S608 - conditions are escaped
        return _checked(answer.get("totalSize"), int, "query")

    def bulk_page(self, job_id: str, locator: str | None, rows: int) -> tuple[str, int, str | None]:
        """Return a page of a bulk query's results as CSV, how many rows it has, and the locator of the next, None after the last."""
        which = {"maxRecords": rows, **({"locator": locator} if locator else {})}

        def ask(sf: Any) -> Any:
            return sf._call_salesforce("GET", f"{sf.base_url}jobs/query/{job_id}/results", name="bulk query", params=which)  # noqa: SLF001 - CSV has no other way

        answer = self._call(ask, "bulk query", write=False)
        following, count = answer.headers.get("Sforce-Locator"), answer.headers.get("Sforce-NumberOfRecords", "")
        if following is None or not count.isdigit():
            raise UnknownOutcome("bulk query: Salesforce does not say how many results these are, and whether they are the last.")
        return answer.content.decode("utf-8", "replace"), int(count), None if following == "null" else following

    def covered(self, object_name: str, now: datetime) -> datetime:
        """Return `latestDateCovered` of getUpdated for the last two minutes, the shortest window that is sure to be taken."""
        path = f"sobjects/{object_name}/updated"
        window = {"start": (now - timedelta(minutes=2)).isoformat(), "end": now.isoformat()}
        answer = _checked(self._call(lambda sf: sf.restful(f"{path}/", window), path, write=False), dict, path)
        return parse_time(_checked(answer.get("latestDateCovered"), str, path))

    def user_info(self) -> dict[str, Any]:
        """Return who is logged in, by OpenID's names."""
        return _checked(self._call(lambda sf: sf.oauth2("userinfo"), "userinfo", write=False), dict, "userinfo")

    def versions(self) -> list[dict[str, Any]]:
        """Return the API versions that this org offers, oldest first."""
        answer = self._call(lambda sf: sf.restful("../", method="GET"), "versions", write=False)
        return _checked(answer, list, "versions")

    def limits(self) -> dict[str, Any]:
        """Return the org's limits, by Salesforce's names."""
        return _checked(self._call(lambda sf: sf.restful("limits"), "limits", write=False), dict, "limits")

    def read_many(self, object_name: str, ids: list[str], fields: list[str]) -> list[dict[str, Any] | None]:
        """Return up to 2,000 rows by id in one call (sObject Collections); None for a row that is not to be had."""
        path = f"composite/sobjects/{object_name}"
        body = {"ids": ids, "fields": fields}
        answer = self._call(lambda sf: sf.restful(path, method="POST", json=body), path, write=False)
        return _checked(answer, list, path)

    def write(self, method: str, path: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> list[dict[str, Any]]:
        """Send one sObject Collections write and return its results, in the order of the request."""
        answer = self._call(lambda sf: sf.restful(path, method=method, json=body, headers=dict(headers)), path, write=True)
        return _checked(answer, list, path)

    def save_one(self, method: str, path: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        """Send one row by itself and return its result as a collection would tell it."""

        def ask(sf: Any) -> Any:
            try:
                return sf.restful(path, method=method, json=body, headers=dict(headers)) or {"success": True}
            except SalesforceError as error:
                if (result := as_result(error.status, error.content)) is None:
                    raise
                return result

        return _checked(self._call(ask, "one row", write=True), dict, "one row")

    def delete(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """Move up to 200 records to the recycle bin in one call and return the results, in the order of the ids (sObject Collections, "Delete")."""
        path, which = "composite/sobjects", {"ids": ",".join(ids), "allOrNone": "false"}
        answer = self._call(lambda sf: sf.restful(path, which, method="DELETE"), f"deletes at {path}", write=True)
        return _checked(answer, list, path)

    def convert(self, orders: Sequence[soap.Order]) -> list[soap.Converted]:
        """Convert up to 100 leads in one call and return the results, in the order of the orders. No REST resource does that: it is SOAP's."""
        version = self._settings.api_version
        return list(self._call(lambda sf: soap.convert_leads(self._session, sf.base_url, sf.session_id, version, orders), "convertLead", write=True))

    def server_time(self) -> datetime:
        """Return the time that the last answer carried: Salesforce's clock, never ours."""
        if self._transport.server_time is None:
            raise Unavailable("Salesforce's answer carries no Date header, without which no pull has a safe end.")
        return self._transport.server_time

    def usage(self) -> Usage:
        """Return the calls made, and the org's rolling 24 hours as last heard."""
        return Usage(self._transport.calls, self._transport.used, self._transport.limit)

    def _call(self, ask: Callable[[Any], Any], what: str, *, write: bool) -> Any:
        connection = self._connect(None)
        with self._translating(what, write=write):
            try:
                return ask(connection)
            except (SalesforceExpiredSession, SalesforceRefusedRequest) as error:
                if not _is_expired(error):
                    raise
        connection = self._connect(connection)
        with self._translating(what, write=write):
            try:
                return ask(connection)
            except (SalesforceExpiredSession, SalesforceRefusedRequest) as error:
                if not _is_expired(error):
                    raise
                self._refused = _never_accepted(from_answer(401, error.content, what, write=write))
                raise

    def _connect(self, expired: Any) -> Any:
        """Return a connection that is not the expired one. Threads that find the same one expired wait for a single login.

        A login that was refused is refused for as long as this client lives: asked again and again, Salesforce locks the user out.
        """
        with self._lock:
            if self._refused is not None:
                raise self._refused
            if self._connection is None or self._connection is expired:
                self._connection = None
                try:
                    self._connection = self._log_in()
                except AccessDenied as error:
                    self._refused = error
                    raise
            return self._connection

    @contextlib.contextmanager
    def _translating(self, what: str, *, write: bool) -> Iterator[None]:
        try:
            yield
        except _TRANSLATED as error:
            raise translate(error, what, write=write, retry_after=self._transport.retry_after) from error

    def _log_in(self) -> Any:
        """Fetch a token and connect with it."""
        grant = self._fetch_token()
        try:
            token, instance = str(grant["access_token"]), str(grant["instance_url"])
        except (KeyError, TypeError) as error:
            raise AccessDenied(f"{self._settings.login_url} gave no token.", next_step="check login_url, then: leadhub doctor") from error
        parts = urlsplit(instance)
        if parts.scheme == "http" and parts.hostname in LOOPBACK and urlsplit(self._settings.login_url).hostname in LOOPBACK:
            self._transport.plain.add(parts.netloc)
        elif parts.scheme != "https":
            raise AccessDenied(f"The org's address is {instance}, and leadhub sends its token over https alone.")
        version = self._settings.api_version
        return Salesforce(session_id=token, instance_url=instance, session=self._session, version=version, object_pairs_hook=dict)

    def _fetch_token(self) -> Any:
        url = f"{self._settings.login_url}/services/oauth2/token"
        form, secret = grant(self._settings, self._clock.now())
        try:
            response = self._session.post(url, data=form, auth=secret or _as_it_is)
            content = response.json() if "json" in response.headers.get("Content-Type", "") else None
        except _TRANSLATED as error:
            raise _asked_in_vain(error) from error
        if response.status_code < 300:
            return content
        if response.status_code >= 500 or response.status_code in (406, 420, 429):
            raise Unavailable(f"login: {self._settings.login_url} answered {response.status_code}.", retry_after=self._transport.retry_after)
        raise _refused_login(self._settings, response.status_code, content)


def _is_expired(error: SalesforceExpiredSession | SalesforceRefusedRequest) -> bool:
    """Whether a refusal is the token's: 401, but at the addresses that tell of the user 403 and one word (as jsforce and others report)."""
    return isinstance(error, SalesforceExpiredSession) or error.content in ("Bad_OAuth_Token", b"Bad_OAuth_Token")


def _page_at(path: str) -> Callable[[Any], Any]:
    return lambda sf: sf.query_more(path, identifier_is_url=True)


def _refused_login(settings: Settings, status: int, content: Any) -> AccessDenied:
    complaint = Complaint.parse(content)
    if settings.client_secret is not None:
        check = "client_secret, and that the app allows the client credentials flow"
    else:
        check = "username, private_key, that the app holds the key's certificate, and that the user is admitted to it beforehand"
    return AccessDenied(
        f"{settings.login_url} refuses leadhub's login: {status} {complaint.code}: {complaint.message}",
        next_step=f"check login_url (the org's My Domain), client_id, {check}",
    )


def _never_accepted(trouble: Trouble) -> AccessDenied:
    return AccessDenied(f"{trouble} A new token did not help, and leadhub logs in no further time in this run.", next_step=trouble.next_step)


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _asked_in_vain(error: Exception) -> Trouble:
    """Return the error for a login that failed on the way: it changes nothing, so it may always be repeated."""
    trouble = translate(error, "login", write=False)
    return Unavailable(str(trouble)) if isinstance(trouble, UnknownOutcome) else trouble


def _checked(answer: Any, shape: type[T], what: str) -> T:
    if isinstance(answer, shape):
        return answer
    raise UnknownOutcome(f"{what}: Salesforce's answer is a {type(answer).__name__}, not the {shape.__name__} that its documentation promises.")


def translate(error: Exception, what: str, *, write: bool, retry_after: float | None = None) -> Trouble:
    """Return leadhub's error for one of simple-salesforce's or requests'. The text names the call, never its URL: that holds data."""
    match error:
        case SalesforceAuthenticationFailed():
            return AccessDenied(f"{what}: Salesforce refuses the login ({error.code}).", next_step="leadhub doctor")
        case SalesforceError():
            return from_answer(error.status, error.content, what, write=write, retry_after=retry_after)
        case requests.RequestException():
            return _on_the_way(error, what)
        case _:
            return UnknownOutcome(f"{what}: the call broke off, or its answer cannot be read ({type(error).__name__}).")


def _on_the_way(error: requests.RequestException, what: str) -> Trouble:
    match error:
        case requests.exceptions.InvalidURL() | requests.exceptions.InvalidHeader() | requests.exceptions.TooManyRedirects():
            return FatalError(f"{what}: the call cannot be made ({type(error).__name__}).", next_step="check login_url")
        case requests.exceptions.MissingSchema() | requests.exceptions.InvalidSchema():
            return FatalError(f"{what}: the address is none ({type(error).__name__}).", next_step="check login_url")
        case requests.exceptions.SSLError():
            return FatalError(f"{what}: no secure connection to Salesforce.", next_step="check the machine's certificates, clock and proxy")
        case requests.exceptions.ConnectTimeout() | requests.exceptions.ProxyError():
            return Unavailable(f"{what}: Salesforce cannot be reached ({type(error).__name__}).")
        case requests.exceptions.ConnectionError() if _never_sent(error):
            return Unavailable(f"{what}: Salesforce cannot be reached.")
        case (
            requests.exceptions.ConnectionError()
            | requests.exceptions.Timeout()
            | requests.exceptions.ChunkedEncodingError()
            | requests.exceptions.ContentDecodingError()
            | requests.exceptions.JSONDecodeError()
        ):
            return UnknownOutcome(f"{what}: the answer was lost or cannot be read ({type(error).__name__}).")
        case _:
            return UnknownOutcome(f"{what}: the call broke off ({type(error).__name__}).")


def _never_sent(error: requests.exceptions.ConnectionError) -> bool:
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, (NewConnectionError, ConnectTimeoutError))
