"""The frame both CRMs stand on, tried with a service of one path."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from time import perf_counter
from typing import Any

import httpx
import pytest
from leadhub_sandbox import SandboxClock, SandboxServer
from leadhub_sandbox.faults import Faults
from leadhub_sandbox.http import Request, Response, Router

START = "2026-11-16T10:00:00+00:00"


class Counter:
    """Counts the calls it gets; /crash raises, /big answers with more than a socket buffer."""

    name = "counter"

    def __init__(self) -> None:
        self.clock = SandboxClock()
        self.faults = Faults({"own": {"status": 418, "body": {"own": True}}})
        self.calls = 0

    def handle(self, request: Request) -> Response:
        """Answer any path."""
        self.calls += 1
        if request.path == "/crash":
            raise RuntimeError("a fault of the sandbox")
        if request.path == "/empty":
            return Response(204)
        return Response(body={"calls": self.calls, "path": request.path, "fill": "x" * (3_000_000 if request.path == "/big" else 0)})

    def admin(self, request: Request) -> Response | None:
        """Answer one admin path with its own order."""
        return Response(body=request.json()) if request.path == "/_sandbox/own" else None

    def snapshot(self) -> Any:
        """Return the count."""
        return self.calls

    def restore(self, state: Any) -> None:
        """Put the count back."""
        self.calls = int(state)


class Explained(Counter):
    """A service that words its own 500."""

    def internal_error(self, problem: Exception) -> Response:
        """Name the problem."""
        return Response(500, [{"errorCode": type(problem).__name__}])


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    """A running server of the counter."""
    found = SandboxServer(Counter())
    found.start()
    yield found
    found.stop()


@pytest.fixture
def web(server: SandboxServer) -> Iterator[httpx.Client]:
    """A client of the server."""
    with httpx.Client(base_url=server.url, verify=False) as client:
        yield client


def _plain(server: SandboxServer) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=5)


def test_a_connection_is_kept_and_used_again(server: SandboxServer) -> None:
    """Several calls, with and without a body, travel over one connection."""
    connection = _plain(server)
    connection.connect()
    first = connection.sock
    for path in ("/a", "/empty", "/big", "/a"):
        connection.request("GET", path)
        connection.getresponse().read()
        assert connection.sock is first
    connection.close()


def test_an_answer_leaves_in_one_piece(server: SandboxServer) -> None:
    """Twenty small answers on one connection take no delayed acknowledgement each (40 ms is what one costs)."""
    connection = _plain(server)
    began = perf_counter()
    for _ in range(20):
        connection.request("POST", "/a", body=b"{}")
        connection.getresponse().read()
    connection.close()
    assert perf_counter() - began < 0.6


@pytest.mark.parametrize(("kind", "calls"), [("drop_before", 0), ("drop_after", 1)])
def test_a_dropped_connection_really_closes_without_an_answer(server: SandboxServer, web: httpx.Client, kind: str, calls: int) -> None:
    """A drop ends the connection with not one byte sent; before the commit the service never saw the call, after it it did."""
    web.post("/_sandbox/faults", json={"kind": kind})
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=5) as raw:
        raw.sendall(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        assert raw.recv(100) == b""
    assert web.get("/_sandbox/snapshot").json() == calls


def test_a_truncated_answer_is_short_and_final(web: httpx.Client) -> None:
    """A truncated body is shorter than its length says and ends the connection."""
    web.post("/_sandbox/faults", json={"kind": "truncate"})
    with pytest.raises(httpx.RemoteProtocolError):
        web.get("/a")
    assert web.get("/a").json()["calls"] == 2


def test_a_fault_waits_for_its_call(web: httpx.Client) -> None:
    """A fault hits by path and method, after the calls it skips, as often as asked, and is written into the journal."""
    web.post("/_sandbox/faults", json={"kind": "own", "path": "^/a$", "method": "GET", "skip": 1, "times": 2, "headers": {"Retry-After": "3"}})
    answers = [web.get("/b"), web.post("/a"), *(web.get("/a") for _ in range(4))]
    assert [a.status_code for a in answers] == [200, 200, 200, 418, 418, 200]
    assert answers[3].headers["Retry-After"] == "3"
    assert [e["fault"] for e in web.get("/_sandbox/journal").json()] == [None, None, None, "own", "own", None]
    web.post("/_sandbox/faults", json={"kind": "own"})
    web.delete("/_sandbox/faults")
    assert web.get("/a").status_code == 200


def test_a_redirect_and_a_delay_are_faults_too(web: httpx.Client) -> None:
    """A 302 names where to; a slow answer comes late and whole."""
    web.post("/_sandbox/faults", json={"kind": "redirect"})
    assert web.get("/a").headers["Location"] == "/elsewhere"
    web.post("/_sandbox/faults", json={"kind": "slow", "delay": 0.2})
    began = perf_counter()
    assert web.get("/a").json()["path"] == "/a"
    assert perf_counter() - began >= 0.2


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("GET", "/_sandbox/nowhere", b"", 404),
        ("POST", "/_sandbox/health", b"", 404),
        ("POST", "/_sandbox/faults", b"{", 400),
        ("POST", "/_sandbox/faults", b"{}", 400),
        ("POST", "/_sandbox/faults", b"[]", 400),
        ("POST", "/_sandbox/faults", b'{"kind": "unheard of"}', 400),
        ("POST", "/_sandbox/faults", b'{"kind": "drop_before", "colour": 1}', 400),
        ("POST", "/_sandbox/clock", b'{"set": "noon"}', 400),
        ("POST", "/_sandbox/clock", b"null", 400),
        ("POST", "/_sandbox/own", b"{", 400),
        ("PUT", "/_sandbox/snapshot", b"{}", 400),
        ("GET", "/_sandbox/journal?after=x", b"", 400),
    ],
)
def test_a_bad_admin_call_is_told_and_harms_nothing(web: httpx.Client, method: str, path: str, content: bytes, status: int) -> None:
    """A wrong path is 404 and a bad order 400, both say why, and the server goes on."""
    answer = web.request(method, path, content=content)
    assert answer.status_code == status
    assert answer.json()["error"]
    assert web.get("/a").json()["calls"] == 1


def test_a_fault_of_the_sandbox_is_a_500_and_seen(web: httpx.Client, capfd: pytest.CaptureFixture[str]) -> None:
    """An unexpected exception is a 500 for the client and a traceback on standard error, and the server goes on."""
    answer = web.get("/crash")
    assert answer.status_code == 500
    assert "RuntimeError" in answer.json()["message"]
    assert "a fault of the sandbox" in capfd.readouterr().err
    assert web.get("/a").status_code == 200


def test_a_service_words_its_own_500(capfd: pytest.CaptureFixture[str]) -> None:
    """A service that knows its CRM's shape of a 500 gives it."""
    server = SandboxServer(Explained())
    server.start()
    try:
        assert httpx.get(f"{server.url}/crash").json() == [{"errorCode": "RuntimeError"}]
    finally:
        server.stop()
    assert "Traceback" in capfd.readouterr().err


def test_the_clock_is_set_over_http_and_dates_the_answers(web: httpx.Client) -> None:
    """A set clock stands still, advances when told, and the Date header is its time; released, it runs on."""
    assert web.post("/_sandbox/clock", json={"set": START}).json() == {"now": START}
    assert web.post("/_sandbox/clock", json={"advance": 90}).json() == {"now": "2026-11-16T10:01:30+00:00"}
    assert web.get("/a").headers["Date"] == "Mon, 16 Nov 2026 10:01:30 GMT"
    web.post("/_sandbox/clock", json={"release": True})
    assert web.get("/_sandbox/health").json()["now"] > "2026-11-16T10:01:30"


def test_the_journal_and_snapshots_work_over_http(web: httpx.Client) -> None:
    """The journal counts on, can be read from a place and emptied, hides credentials; a snapshot goes out and in."""
    for path in ("/a?x=1", "/b"):
        web.get(path, headers={"Authorization": "Bearer secret"})
    journal = web.get("/_sandbox/journal").json()
    assert [(e["seq"], e["path"], e["target"]) for e in journal] == [(1, "/a", "/a?x=1"), (2, "/b", "/b")]
    assert "secret" not in json.dumps(journal)
    assert [e["path"] for e in web.get("/_sandbox/journal", params={"after": 1}).json()] == ["/b"]
    web.delete("/_sandbox/journal")
    assert web.get("/_sandbox/journal").json() == []
    assert web.put("/_sandbox/snapshot", json=7).status_code == 204
    assert web.get("/a").json()["calls"] == 8


def test_a_body_can_come_in_chunks(web: httpx.Client) -> None:
    """A chunked body is read to its end, and the next call of the connection is one of its own."""
    assert web.post("/a", content=iter([b'{"x":', b" 1}" + b" " * 70_000])).json()["calls"] == 1
    assert web.get("/b").json()["calls"] == 2
    first, second = web.get("/_sandbox/journal").json()
    assert (first["body"].rstrip(), second["path"], second["body"]) == ('{"x": 1}', "/b", "")


@pytest.mark.parametrize(
    "rest",
    [
        b"Transfer-Encoding: chunked\r\n\r\nx\r\n{}\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}}\r\n0\r\n\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        b"Content-Length: two\r\n\r\n{}",
    ],
)
def test_a_body_whose_end_cannot_be_told_is_refused(server: SandboxServer, rest: bytes) -> None:
    """Chunks that are none, other codings and a length that is no number: 400 and the line is closed, instead of a call with half a body."""
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2]))) as wire:
        wire.sendall(b"POST /a HTTP/1.1\r\nHost: x\r\n" + rest)
        answer = b"".join(iter(lambda: wire.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert server.journal == []


def test_many_clients_are_served_at_once(server: SandboxServer, web: httpx.Client) -> None:
    """Calls from several threads are each answered, one after the other, none lost."""

    def work() -> None:
        with httpx.Client(base_url=server.url, verify=False) as client:
            for _ in range(25):
                client.get("/a")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert web.get("/a").json()["calls"] == 201


def test_a_stopped_server_hangs_up(server: SandboxServer, web: httpx.Client) -> None:
    """After `stop` even a client with an open connection gets no answer."""
    assert web.get("/a").status_code == 200
    server.stop()
    with pytest.raises(httpx.TransportError):
        web.get("/a")


def test_the_router_tells_an_unknown_path_from_a_wrong_method() -> None:
    """A router gives names from the path, the methods a path knows, or nothing."""
    router = Router()

    def handler(_: Request) -> Response:
        return Response()

    router.add("GET", "/a/{name}", handler)
    router.add("GET", "/rest/{tail:path}", handler)
    assert router.find("GET", "/a/b") == (handler, {"name": "b"}, [])
    assert router.find("GET", "/rest/b/c") == (handler, {"tail": "b/c"}, [])
    assert router.find("PUT", "/a/b") == (None, {}, ["GET"])
    assert router.find("GET", "/a/b/c") == (None, {}, [])
