"""What both sandbox CRMs stand on: requests, responses, routes, injected faults and a real HTTP server on loopback.

It knows nothing of either CRM, and it never imports leadhub: a sandbox that shared code with the thing under test would share its mistakes.
"""

import contextlib
import json
import re
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol, runtime_checkable
from urllib.parse import parse_qs, unquote, urlsplit

from leadhub_sandbox.clock import SandboxClock
from leadhub_sandbox.faults import Fault, Faults
from leadhub_sandbox.local import is_local

MAX_JOURNAL = 100_000
_LINE = 65_536
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?\r?\n")
_STATUSES = frozenset(status.value for status in HTTPStatus)


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came in. `path` is percent-decoded, `query` holds every value of every name, `raw_target` is the undecoded target.

    `others` tells for how many seconds each other call of the CRM's API has been under way.
    """

    method: str
    path: str
    raw_target: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    others: tuple[float, ...] = ()

    def json(self) -> Any:
        """Return the parsed body; raises json.JSONDecodeError (the CRM turns it into its own error)."""
        return json.loads(self.body or b"null")

    def param(self, name: str, default: str | None = None) -> str | None:
        """Return the first value of a query parameter."""
        return self.query.get(name, [default])[0] if name in self.query else default


@dataclass(slots=True)
class Response:
    """One answer. `body` is JSON-encoded unless it is bytes or None (None: no body at all)."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json;charset=UTF-8"

    def payload(self) -> bytes:
        """Return the bytes that go over the wire."""
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(slots=True)
class Unlocked(Response):
    """An admin answer whose body `work` makes once the lock is free: it calls somebody, who may call back before answering."""

    work: Callable[[], Any] = dict


class Service(Protocol):
    """One CRM. `handle` answers a request under the server's lock: one request at a time sees and changes the state."""

    name: str
    clock: SandboxClock
    faults: Faults

    def handle(self, request: Request) -> Response:
        """Answer the CRM's own API. Must not raise for anything a client can send."""
        ...

    def admin(self, request: Request) -> Response | None:
        """Answer a path below /_sandbox/ that belongs to this CRM alone, or None."""
        ...

    def snapshot(self) -> Any:
        """Return a JSON-able copy of the whole state."""
        ...

    def restore(self, state: Any) -> None:
        """Put back a state that `snapshot` returned."""
        ...


@runtime_checkable
class OwnErrors(Protocol):
    """A service that gives its own faults (an exception in `handle`) the CRM's shape of a 500."""

    def internal_error(self, problem: Exception) -> Response:
        """Return the CRM's answer to a fault of its own."""
        ...


Handler = Callable[..., Response]


class Router:
    """Routes by method and path pattern: `{name}` takes one segment, `{name:path}` the rest."""

    def __init__(self) -> None:
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []

    def add(self, method: str, pattern: str, handler: Handler) -> None:
        """Register a handler; it is called as handler(request, **names)."""
        rest = re.sub(r"\{(\w+):path\}", r"(?P<\1>.+)", pattern)
        self._routes.append((method, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", rest) + r"/?\Z"), handler))

    def find(self, method: str, path: str) -> tuple[Handler | None, dict[str, str], list[str]]:
        """Return (handler, path names, methods that the path knows): no handler and some methods means 405."""
        allowed: list[str] = []
        for known, pattern, handler in self._routes:
            if match := pattern.match(path):
                if known == method:
                    return handler, match.groupdict(), []
                allowed.append(known)
        return None, {}, allowed


class Loopback:
    """Something that answers requests over real HTTP on 127.0.0.1, in threads of its own."""

    def __init__(self, port: int = 0) -> None:
        self.connections: set[socket.socket] = set()
        self.running: dict[int, float] = {}
        self._http = _Listener(("127.0.0.1", port), type("_OwnConnection", (_Connection,), {"sandbox": self}))

    @property
    def url(self) -> str:
        """The base URL, without a slash at the end."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def start(self) -> None:
        """Serve in a thread of its own until `stop`."""
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        """Stop serving, free the port and hang up on every client that keeps its connection."""
        self._http.shutdown()
        self._http.server_close()
        for connection in list(self.connections):
            hang_up(connection)

    def answer(self, request: Request) -> tuple[Response, Fault | None]:
        """Answer one request; the fault, if any, says what the connection does with the answer."""
        raise NotImplementedError


class SandboxServer(Loopback):
    """Serves one CRM over real HTTP on loopback, with its request journal and its admin API.

    Admin API, for tests and people, all below /_sandbox/, JSON in and out, without the CRM's authentication: GET health; GET journal
    (?after=N), DELETE journal; GET clock, POST clock {set|advance|release}; GET faults, POST faults (see `Faults`), DELETE faults; GET
    snapshot, PUT snapshot. What is the CRM's own goes to the service's `admin`.
    """

    def __init__(self, service: Service, port: int = 0) -> None:
        super().__init__(port)
        self.service = service
        self.lock = threading.RLock()
        self.journal: list[dict[str, Any]] = []

    def answer(self, request: Request) -> tuple[Response, Fault | None]:
        """Answer one request; the fault, if any, says what the connection does with the answer."""
        if request.path.startswith("/_sandbox/"):
            with self.lock:
                response = self._safe_admin(request)
            return (Response(body=response.work()) if isinstance(response, Unlocked) else response), None
        with self.lock:
            fault = self.service.faults.take(request.method, request.path)
            response = self._handle(request) if fault is None or fault.after_commit else Response(503)
            if fault is not None and fault.status is not None:
                response = Response(fault.status, fault.body, dict(fault.headers), fault.content_type)
            now = self.service.clock.now().replace(microsecond=0)
            response.headers.setdefault("Date", format_datetime(now, usegmt=True))
            self._record(request, response, fault)
            return response, fault

    def _handle(self, request: Request) -> Response:
        try:
            return self.service.handle(request)
        except Exception as problem:  # noqa: BLE001 - whatever it is, the client gets an answer
            # A fault of the sandbox must look like one of the CRM to the client, and like one of ours to whoever runs it.
            traceback.print_exc(file=sys.stderr)
            if isinstance(self.service, OwnErrors):
                return self.service.internal_error(problem)
            return Response(500, {"status": "error", "message": f"internal error: {type(problem).__name__}"})

    def _record(self, request: Request, response: Response, fault: Fault | None) -> None:
        if len(self.journal) < MAX_JOURNAL:
            self.journal.append(
                {
                    "seq": len(self.journal) + 1,
                    "at": self.service.clock.now().isoformat(),
                    "method": request.method,
                    "path": request.path,
                    "target": request.raw_target,
                    "headers": {k: v for k, v in request.headers.items() if k != "authorization"},
                    "body": request.body.decode("utf-8", "replace"),
                    "status": response.status,
                    "fault": fault.kind if fault else None,
                }
            )

    def _safe_admin(self, request: Request) -> Response:
        host, origin = request.headers.get("host"), request.headers.get("origin")
        if (host is not None and not is_local(f"//{host}")) or (origin is not None and not is_local(origin)):
            return Response(403, {"error": "the admin API answers to 127.0.0.1 and localhost alone, and to no page from elsewhere"})
        try:
            return self._admin(request)
        except (ValueError, TypeError, KeyError, OverflowError) as problem:  # json.JSONDecodeError is a ValueError
            what = f"the order lacks {problem}" if isinstance(problem, KeyError) else f"{type(problem).__name__}: {problem}"
            return Response(400, {"error": f"bad order for {request.method} {request.path}: {what}"})
        except Exception as problem:  # noqa: BLE001 - whatever it is, the client gets an answer
            traceback.print_exc(file=sys.stderr)
            return Response(500, {"error": f"internal error: {type(problem).__name__}"})

    def _admin(self, request: Request) -> Response:
        own = self.service.admin(request)
        if own is not None:
            return own
        path = request.path.removeprefix("/_sandbox/").strip("/")
        told = self._told(request, path) if request.method == "GET" else self._done(request, path)
        return told or Response(404, {"error": f"no such admin path: {request.method} {request.path}"})

    def _told(self, request: Request, path: str) -> Response | None:
        clock, faults = self.service.clock, self.service.faults
        match path:
            case "health":
                return Response(body={"name": self.service.name, "now": clock.now().isoformat()})
            case "journal":
                return Response(body=self.journal[int(request.param("after", "0") or 0) :])
            case "clock":
                return Response(body={"now": clock.now().isoformat(), "frozen": clock.frozen})
            case "faults":
                return Response(body={"waiting": faults.waiting(), "kinds": faults.kinds()})
            case "snapshot":
                return Response(body=self.service.snapshot())
            case _:
                return None

    def _done(self, request: Request, path: str) -> Response | None:
        match request.method, path:
            case "DELETE", "journal":
                self.journal.clear()
            case "POST", "clock":
                return _set_clock(self.service.clock, request.json())
            case "POST", "faults":
                self.service.faults.add(request.json())
            case "DELETE", "faults":
                self.service.faults.clear()
            case "PUT", "snapshot":
                self.service.restore(request.json())
            case _:
                return None
        return Response(204)


def _set_clock(clock: SandboxClock, order: Mapping[str, Any]) -> Response:
    if "set" in order:
        clock.set(datetime.fromisoformat(order["set"]))
    if "advance" in order:
        clock.advance(float(order["advance"]))
    if order.get("release"):
        clock.release()
    return Response(body={"now": clock.now().isoformat()})


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def hang_up(connection: socket.socket) -> None:
    """End a connection at once. Closing alone would not: the handler's files keep the socket open."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


class _Connection(BaseHTTPRequestHandler):
    sandbox: Loopback
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.sandbox.connections.add(self.connection)

    def finish(self) -> None:
        self.sandbox.connections.discard(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # the client went away: nobody is left to tell
            super().handle()

    def _serve(self) -> None:
        request = self._request()
        if request is None:
            self.close_connection = True
            self._send(Response(400, {"error": "the body has neither a length nor chunks that can be read"}), truncate=False)
            return
        running = self.sandbox.running
        if not request.path.startswith("/_sandbox/"):
            running[threading.get_ident()] = time.monotonic()
        try:
            response, fault = self.sandbox.answer(request)
            if fault is not None and fault.delay:
                time.sleep(fault.delay)
        finally:
            running.pop(threading.get_ident(), None)
        if fault is not None and fault.drop:
            self.close_connection = True
            hang_up(self.connection)
            return
        self._send(response, truncate=fault is not None and fault.truncate)

    def _request(self) -> Request | None:
        body = self._body()
        if body is None:
            return None
        parts = urlsplit(self.path)
        headers = {k.lower(): v for k, v in self.headers.items()}
        query = parse_qs(parts.query, keep_blank_values=True)
        others = tuple(time.monotonic() - began for began in list(self.sandbox.running.values()))
        return Request(self.command, unquote(parts.path), self.path, query, headers, body, others)

    def _body(self) -> bytes | None:
        """Return the request's body; None for one whose end cannot be told."""
        coding, length = self.headers.get("Transfer-Encoding", ""), self.headers.get("Content-Length") or "0"
        if coding.strip().lower() == "chunked":
            return self._chunks()
        return self.rfile.read(int(length)) if not coding and length.isdigit() else None

    def _chunks(self) -> bytes | None:
        """Return a body that comes in chunks (RFC 9112, 7.1), without its trailers; None where a chunk is none."""
        found = bytearray()
        while size := _CHUNK.fullmatch(self.rfile.readline(_LINE)):
            found += self.rfile.read(length := int(size[1], 16))
            end = self.rfile.readline(_LINE)
            if length and end.strip():
                return None
            if not length:
                while end.strip():
                    end = self.rfile.readline(_LINE)
                return bytes(found)
        return None

    def _send(self, response: Response, *, truncate: bool) -> None:
        payload = response.payload()
        self.close_connection = self.close_connection or truncate
        headers = dict(response.headers)
        if payload:
            headers["Content-Type"] = response.content_type
        if response.status not in (204, 304):
            headers["Content-Length"] = str(len(payload))
        if self.close_connection:
            headers["Connection"] = "close"
        reason = HTTPStatus(response.status).phrase if response.status in _STATUSES else "Unnamed"
        lines = [f"HTTP/1.1 {response.status} {reason}", *(f"{k}: {v}" for k, v in headers.items()), "", ""]
        shown = b"" if self.command == "HEAD" else payload[: len(payload) // 2] if truncate else payload
        # Headers and body leave in one write: two writes cost a delayed acknowledgement each.
        self.wfile.write("\r\n".join(lines).encode("latin-1") + shown)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _serve  # noqa: N815 - the names that http.server calls

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in http.server
        """Stay silent: the journal is the log."""
