"""The console's own server: who may ask, which page answers, and what a form does."""

import secrets
import sys
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs

from leadhub_sandbox.console import records, trouble
from leadhub_sandbox.console.forms import changed, filled
from leadhub_sandbox.console.html import Html, el, url
from leadhub_sandbox.console.hubspot import HubSpot
from leadhub_sandbox.console.layout import Frame, kind_of, page, whole
from leadhub_sandbox.console.model import SURE, Crm, Kind, Row
from leadhub_sandbox.console.salesforce import Salesforce
from leadhub_sandbox.faults import Fault
from leadhub_sandbox.http import Loopback, Request, Response, SandboxServer
from leadhub_sandbox.local import is_local
from leadhub_sandbox.orders import Orders, RefusedError

CRMS: dict[str, Callable[[SandboxServer], Crm]] = {"salesforce": Salesforce, "hubspot": HubSpot}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
Given = Mapping[str, list[str]]


class Console(Loopback):
    """Pages over the servers of CRMs. It answers this machine's own names alone, and takes forms that it made itself alone."""

    def __init__(self, servers: Mapping[str, SandboxServer], port: int = 0) -> None:
        super().__init__(port)
        self._crms = {name: CRMS[name](server) for name, server in servers.items()}
        self._clock = Orders(next(iter(servers.values())))
        self._token = secrets.token_urlsafe()
        self._style = files("leadhub_sandbox.console").joinpath("style.css").read_bytes()

    def answer(self, request: Request) -> tuple[Response, Fault | None]:
        """Answer one request; the console itself has no faults."""
        try:
            response = self._refusal(request) or self._answer(request)
        except Exception as problem:  # noqa: BLE001 - whatever it is, the browser gets an answer
            traceback.print_exc(file=sys.stderr)
            response = _plain(500, f"The console failed: {type(problem).__name__}. What happened stands where it was started.")
        response.headers |= HEADERS
        return response, None

    def _refusal(self, request: Request) -> Response | None:
        """Refuse another page's doing: a name that is not this machine's (DNS rebinding), and a form that is not the console's (CSRF)."""
        if not is_local(f"//{request.headers.get('host', '')}"):
            return _plain(403, "The console answers to 127.0.0.1 and localhost alone.")
        if request.method not in ("GET", "HEAD", "POST"):
            return _plain(405, f"{request.method} is not allowed here: GET, HEAD, POST.")
        if request.method != "POST":
            return None
        origin = request.headers.get("origin")
        sent = _form(request).get("token", [""])[0].encode()
        if (origin is not None and not is_local(origin)) or not secrets.compare_digest(sent, self._token.encode()):
            return _plain(403, "This form is not of this console, or of one that has ended. Open its page again.")
        return None

    def _answer(self, request: Request) -> Response:
        query = {name: values[0] for name, values in request.query.items()}
        told = self._clock.get("clock")
        frame = Frame(self._crms, self._token, told["now"], told["frozen"], query.get("done", ""))
        parts = [part for part in request.path.split("/") if part]
        if request.method == "POST":
            return self._post(frame, parts, _form(request))
        if parts == ["style.css"]:
            return Response(200, self._style, content_type="text/css; charset=utf-8")
        try:
            shown = self._page(frame, parts, query)
        except ValueError as problem:
            return _plain(400, f"This address does not fit: {problem}.")
        return _html(shown) if shown is not None else self._missing(frame)

    def _missing(self, frame: Frame) -> Response:
        return _html(page(frame, "Not found", el("p", "There is no such page, or the record is gone.", class_="empty")), 404)

    def _page(self, frame: Frame, parts: list[str], query: Mapping[str, str]) -> Html | None:
        match parts:
            case []:
                return records.overview(frame)
            case ["clock"]:
                return trouble.clock(frame)
            case [name, *rest] if name in self._crms:
                return self._page_of(frame, self._crms[name], rest, query)
            case _:
                return None

    def _page_of(self, frame: Frame, crm: Crm, parts: list[str], query: Mapping[str, str]) -> Html | None:
        match parts:
            case [] | ["objects"]:
                return records.objects(frame, crm)
            case ["faults"]:
                return trouble.faults(frame, crm)
            case ["journal"]:
                return trouble.journal(frame, crm, query)
            case ["journal", number]:
                return trouble.one_call(frame, crm, whole("the number of a call", number))
            case ["settings"]:
                return trouble.settings(frame, crm)
            case ["records", name, *rest] if kind := kind_of(crm, name):
                return self._page_of_kind(frame, crm, kind, rest, query)
            case _:
                return None

    def _page_of_kind(self, frame: Frame, crm: Crm, kind: Kind, parts: list[str], query: Mapping[str, str]) -> Html | None:
        match parts:
            case []:
                return records.listing(frame, crm, kind, query)
            case ["new"] if kind.creatable:
                return records.new(frame, crm, kind)
            case [row_id] if row := crm.row(kind, row_id):
                return records.record(frame, crm, kind, row)
            case _:
                return None

    def _post(self, frame: Frame, parts: list[str], given: Given) -> Response:
        match parts:
            case ["clock"]:
                return self._set_clock(frame, given)
            case [name, *rest] if name in self._crms:
                return self._post_to(frame, self._crms[name], rest, given)
            case _:
                return self._missing(frame)

    def _post_to(self, frame: Frame, crm: Crm, parts: list[str], given: Given) -> Response:
        typed = {name: values[0] for name, values in given.items()}
        match parts:
            case ["faults"]:
                shown = lambda told: trouble.faults(told, crm, typed)  # noqa: E731 - one page, shown again
                return _tried(frame, lambda: crm.orders.post("faults", **trouble.fault_order(typed)), shown, _to(crm.name, "faults", done="fault"))
            case ["settings"]:
                named = {"name": "", **typed}
                shown = lambda told: trouble.settings(told, crm, named)  # noqa: E731 - the same
                return _tried(
                    frame, lambda: crm.orders.post("settings", **trouble.settings_order(typed)), shown, _to(crm.name, "settings", done="setting")
                )
            case ["faults" | "journal" as what, "clear"]:
                crm.orders.give("DELETE", what)
                return _to(crm.name, what, done="clear")
            case ["records", name, *rest] if kind := kind_of(crm, name):
                return self._post_to_kind(frame, crm, kind, rest, given)
            case _:
                return self._missing(frame)

    def _post_to_kind(self, frame: Frame, crm: Crm, kind: Kind, parts: list[str], given: Given) -> Response:
        match parts:
            case [] if kind.creatable:
                return _create(frame, crm, kind, given)
            case [row_id, "edit"] if row := crm.row(kind, row_id):
                return _edit(frame, crm, kind, row, given)
            case [row_id, act] if row := crm.row(kind, row_id):
                return _do(frame, crm, kind, row, act, given)
            case _:
                return self._missing(frame)

    def _set_clock(self, frame: Frame, given: Given) -> Response:
        def order() -> None:
            said = {name: given[name][0] for name in ("set", "advance", "release") if name in given}
            told: dict[str, Any] = {**said, **({"set": _instant(said["set"])} if "set" in said else {})}
            self._clock.post("clock", **told)

        return _tried(frame, order, trouble.clock, _to("clock", done="clock"))


def _tried(frame: Frame, order: Callable[[], Any], shown: Callable[[Frame], Html], after: Response) -> Response:
    """Give an order and lead on; where it is refused, show the page again with the refusal."""
    try:
        order()
    except ValueError as problem:
        return _html(shown(frame.after(RefusedError(400, {"error": str(problem)}))), 400)
    except RefusedError as refused:
        return _html(shown(frame.after(refused)), 400)
    return after


def _create(frame: Frame, crm: Crm, kind: Kind, given: Given) -> Response:
    typed = filled((field for field in crm.fields(kind) if field.create), given)
    try:
        made = crm.create(kind, {name: value for name, value in typed.items() if value})
    except RefusedError as refused:
        return _html(records.new(frame.after(refused), crm, kind, typed), 400)
    return _to(crm.name, "records", kind.name, made, done="create")


def _edit(frame: Frame, crm: Crm, kind: Kind, row: Row, given: Given) -> Response:
    fields = [field for field in crm.fields(kind) if field.edit]
    try:
        values = changed(fields, given)
    except ValueError as problem:
        return _plain(400, f"This form does not fit: {problem}.")
    if not values:
        return _to(crm.name, "records", kind.name, row.id, done="nothing")
    shown = lambda told: records.record(told, crm, kind, row, values)  # noqa: E731 - one page, shown again
    return _tried(frame, lambda: crm.edit(kind, row, values), shown, _to(crm.name, "records", kind.name, row.id, done="edit"))


def _do(frame: Frame, crm: Crm, kind: Kind, row: Row, name: str, given: Given) -> Response:
    act = next((act for act in crm.acts(kind, row) if act.name == name), None)
    if act is None or (SURE in act.fields and given.get(SURE.name) != ["true"]):
        refused = RefusedError(400, {"error": f"{name} cannot be done with this record as it is now."})
        return _html(records.record(frame.after(refused), crm, kind, row), 400)
    try:
        left = crm.do(kind, row, name, filled(act.fields, given))
    except RefusedError as refused:
        return _html(records.record(frame.after(refused), crm, kind, row), 400)
    return _to(crm.name, "records", kind.name, *([left] if left else []), done=name)


def _instant(text: str) -> str:
    """Return an instant as the clock takes it: without a zone it is UTC. Raises ValueError."""
    found = datetime.fromisoformat(text.strip())
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).isoformat()


def _form(request: Request) -> dict[str, list[str]]:
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return {}
    return parse_qs(request.body.decode("utf-8", "replace"), keep_blank_values=True)


def _html(shown: Html, status: int = 200) -> Response:
    return Response(status, shown.encode("utf-8", "replace"), content_type="text/html; charset=utf-8")


def _plain(status: int, text: str) -> Response:
    return Response(status, f"{text}\n".encode("utf-8", "replace"), content_type="text/plain; charset=utf-8")


def _to(*parts: str, **query: str) -> Response:
    return Response(303, None, {"Location": url(*parts, **query)})
