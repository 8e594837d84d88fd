"""`leadhub serve` as a process: what it answered with 2xx is in the store, however it ends."""

import random
import signal
import socket
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from forms_world import TOKEN, Served

from leadhub.errors import LeadhubError
from leadhub.web import bind, is_loopback

Start = Callable[..., Served]


def kept(folder: Path) -> set[str]:
    """The ids of all deliveries in the store, read behind leadhub's back."""
    with sqlite3.connect(folder / "leadhub.db") as connection:
        return {row[0] for row in connection.execute("SELECT delivery_id FROM inbox")}


def answers(url: str) -> bool:
    """Whether a server still takes requests."""
    try:
        return httpx.get(f"{url}/healthz").is_success
    except httpx.TransportError:
        return False


def post_until_it_dies(url: str, worker: int, answered: list[str], enough: Callable[[], bool]) -> None:
    """Post one lead after another; note the id of each that was answered with 2xx."""
    with httpx.Client() as client:
        for n in range(100_000):
            try:
                answer = client.post(url, json={"email": f"w{worker}n{n}@acme.example", "noise": "x" * random.Random(n).randint(0, 3000)})
            except httpx.HTTPError:
                return
            if answer.is_success:
                answered.append(answer.json()["received"])
            if enough():
                return


def test_what_was_answered_survives_a_kill(served: Start) -> None:
    """kill -9 in the middle of posts from eight senders: every one that was answered is in the store, and the next server goes on."""
    server = served("--every", "never")
    answered: list[str] = []
    reached = threading.Event()

    def enough() -> bool:
        if len(answered) >= 200:
            reached.set()
        return False

    threads = [threading.Thread(target=post_until_it_dies, args=(server.form, n, answered, enough)) for n in range(8)]
    for thread in threads:
        thread.start()
    assert reached.wait(60)
    server.process.kill()
    for thread in threads:
        thread.join()
    assert set(answered) <= kept(server.folder)
    again = served("--every", "never")
    answer = httpx.post(again.form, json={"email": "after@acme.example"})
    assert answer.json()["received"] in kept(again.folder)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_cuts_off_no_request(served: Start, number: signal.Signals) -> None:
    """A post whose body is under way when the signal comes is taken and answered; then the process ends with 0."""
    server = served("--every", "never")
    address = httpx.URL(server.url)
    body = b'{"email": "slow@acme.example"}'
    with socket.create_connection((address.host, address.port)) as connection:
        head = f"POST /in/website/{TOKEN} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body[:5])
        assert answers(server.url)  # by now the post is being read
        server.process.send_signal(number)
        while answers(server.url):
            pass
        connection.sendall(body[5:])
        answer = connection.makefile("rb").read()
    code, err = server.end()
    assert answer.startswith(b"HTTP/1.1 202 ")
    assert code == 0, err
    assert err.rstrip().endswith("Ended. What was received is kept; the next sync takes it in.")
    assert len(kept(server.folder)) == 1


def test_a_post_becomes_a_lead_at_the_next_sync(served: Start) -> None:
    """The server syncs by itself, and says in one line what came of it."""
    server = served("--every", "1s")
    httpx.post(server.form, data={"email": "ann@acme.example"})
    assert server.process.stderr is not None
    said: list[str] = []
    for line in server.process.stderr:
        said.append(line)
        if "sync ended" in line and "pulled=1" in line:
            break
    server.process.terminate()
    code, rest = server.end()
    assert code == 0
    assert TOKEN not in "".join(said) + rest
    with sqlite3.connect(server.folder / "leadhub.db") as connection:
        assert connection.execute("SELECT count(*) FROM person").fetchone() == (1,)


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.5", False),
        ("leadhub.example", False),
    ],
)
def test_only_this_machine_is_loopback(host: str, own: bool) -> None:
    """A name might be anybody's."""
    assert is_loopback(host) is own


def test_a_port_that_is_taken_is_told() -> None:
    """With what to do."""
    with bind("127.0.0.1", 0) as first, pytest.raises(LeadhubError, match="cannot be listened on") as caught:
        bind("127.0.0.1", first.getsockname()[1])
    assert "--port" in str(caught.value.next_step)
