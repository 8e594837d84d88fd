"""`on_failure`: who is told when a sync fails, and when it is well again; what is told names nobody."""

import json
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from cli_world import World

from leadhub.errors import LeaseHeld, StoreError
from leadhub.store.runs import Runs
from leadhub.sync import run as flow

SCRIPT = "import pathlib, sys\nwith open(pathlib.Path(__file__).with_name('told.jsonl'), 'ab') as told:\n    told.write(sys.stdin.buffer.read() + b'\\n')\n"


@pytest.fixture
def told(adopted: World) -> Iterator[list[dict[str, Any]]]:
    """A deployment whose on_failure keeps what it is told; the list is read anew each time it is looked at."""
    script = adopted.folder / "tell.py"
    script.write_text(SCRIPT)
    adopted.configure("version = 1", f"version = 1\non_failure = '{sys.executable} tell.py'")

    class Told(list[dict[str, Any]]):
        def __iter__(self) -> Iterator[dict[str, Any]]:
            path = adopted.folder / "told.jsonl"
            return iter([json.loads(line) for line in path.read_text().splitlines()] if path.exists() else [])

    return Told()


def broken(*_args: object, **_options: object) -> None:
    raise StoreError("The database is gone, says ann@acme.example, +1 415 555 0100.")


def test_a_failure_and_the_recovery_are_told_and_nothing_else(adopted: World, told: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    """One system refuses the login: told each time. Then all is well: told once. Then nothing is news."""
    assert adopted.run("sync").code == 0
    assert list(told) == []
    right = adopted.hubspot.service.token
    monkeypatch.setenv("HUBSPOT_TOKEN", "revoked")
    assert [adopted.run("sync").code for _ in range(2)] == [4, 4]
    monkeypatch.setenv("HUBSPOT_TOKEN", right)
    assert [adopted.run("sync").code for _ in range(2)] == [0, 0]
    first, second, third = told
    assert [first["event"], second["event"], third["event"]] == ["failure", "failure", "recovery"]
    assert (first["schema"], first["exit_code"], first["deployment"]) == ("leadhub.notice/1", 4, adopted.folder.name)
    assert "hubspot" in first["troubles"]
    assert first["next"]
    assert first["run"] != second["run"]
    assert (third["exit_code"], third["status"]) == (0, "ok")
    assert "revoked" not in json.dumps(list(told))


def test_a_run_that_breaks_off_is_told_without_personal_data(adopted: World, told: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    """What an error quotes of a person is masked; the error itself ends the command as ever."""
    monkeypatch.setattr(flow, "sync", broken)
    ran = adopted.run("sync")
    assert ran.code == 1
    (notice,) = told
    assert (notice["event"], notice["exit_code"]) == ("failure", 1)
    assert notice["error"] == "The database is gone, says ***@acme.example, ***."
    assert notice["next"] == ["leadhub doctor"]


def secret_gone(world: World, patch: pytest.MonkeyPatch) -> None:
    patch.delenv("HUBSPOT_TOKEN")


def unknown_key(world: World, _patch: pytest.MonkeyPatch) -> None:
    world.configure('create = "never"', 'create = "never"\nsurprise = 1')


def no_toml(world: World, _patch: pytest.MonkeyPatch) -> None:
    world.configure('create = "never"', "create = ")


def no_database(world: World, _patch: pytest.MonkeyPatch) -> None:
    for path in world.folder.glob("leadhub.db*"):
        path.unlink()
    (world.folder / "leadhub.db").write_text("no database, however long it may be" * 99)


def newer(world: World, _patch: pytest.MonkeyPatch) -> None:
    with closing(sqlite3.connect(world.folder / "leadhub.db")) as store, store:
        store.execute("UPDATE alembic_version SET version_num = '9999'")


def no_history(_world: World, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Runs, "list", broken)
    patch.setattr(flow, "sync", broken)


def unexpected(_world: World, patch: pytest.MonkeyPatch) -> None:
    def ended(*_args: object, **_options: object) -> None:
        raise KeyError("Ann Lee, s3cret")

    patch.setattr(flow, "sync", ended)


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (secret_gone, "the environment variable HUBSPOT_TOKEN is not set"),
        (unknown_key, 'M24 unknown key "surprise"'),
        (no_toml, "is not valid TOML"),
        (no_database, "leadhub.db"),
        (newer, "newer"),
        (no_history, "The database is gone"),
        (unexpected, "leadhub itself failed: KeyError"),
    ],
)
def test_a_night_that_does_not_even_begin_is_told_and_so_is_the_next_good_one(
    adopted: World, told: list[dict[str, Any]], trouble: Callable[[World, pytest.MonkeyPatch], None], said: str
) -> None:
    """The commonest failed nights: no secret, a mistyped key, a store that cannot be used, a fault of leadhub's own. The store knows of none of them."""
    kept = {path: path.read_bytes() for path in (adopted.folder / "leadhub.toml", adopted.folder / "leadhub.db")}
    with pytest.MonkeyPatch.context() as patch:
        trouble(adopted, patch)
        assert adopted.run("sync").code == 1
    (notice,) = told
    assert (notice["event"], notice["exit_code"]) == ("failure", 1)
    assert said in notice["error"]
    assert notice["next"]
    assert "s3cret" not in json.dumps(notice)
    for path, content in kept.items():
        path.write_bytes(content)
    assert [adopted.run("sync").code for _ in range(2)] == [0, 0]
    assert [notice["event"] for notice in told] == ["failure", "recovery"]


@pytest.mark.parametrize(("error", "code"), [(LeaseHeld("another run works"), 6), (KeyboardInterrupt(), 130)])
def test_what_is_no_failure_is_not_told(
    adopted: World, told: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int
) -> None:
    """Another run at work, and a person's Ctrl-C."""

    def ended(*_args: object, **_options: object) -> None:
        raise error

    monkeypatch.setattr(flow, "sync", ended)
    assert adopted.run("sync").code == code
    assert list(told) == []


def test_a_wrong_flag_is_the_callers_fault_alone(adopted: World, told: list[dict[str, Any]]) -> None:
    """Nobody is woken because somebody mistyped."""
    assert adopted.run("sync", "--allow", "nonsense").code == 2
    assert list(told) == []


@pytest.mark.parametrize(
    ("command", "said"),
    [("no-such-command-anywhere", "No such file"), (f"{sys.executable} -c 'raise SystemExit(3)'", "ended with 3"), ("'", "ValueError")],
)
def test_a_receiver_that_fails_changes_nothing(adopted: World, monkeypatch: pytest.MonkeyPatch, command: str, said: str) -> None:
    """The exit code is that of the run; stderr says that nobody was told."""
    adopted.configure("version = 1", f"version = 1\non_failure = {json.dumps(command)}")
    monkeypatch.setattr(flow, "sync", broken)
    ran = adopted.run("sync")
    assert ran.code == 1
    assert "on_failure could not be told of this failure" in ran.err
    assert said in ran.err


@pytest.mark.parametrize("status", [204, 500])
def test_an_address_is_posted_to(adopted: World, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    """JSON in the body; an answer that is no success is said with the host alone, for the address may be a secret."""
    bodies: list[dict[str, Any]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("HOOK", f"http://127.0.0.1:{server.server_port}/s3cret")
        adopted.configure("version = 1", 'version = 1\non_failure = "${HOOK}"')
        monkeypatch.setattr(flow, "sync", broken)
        ran = adopted.run("sync")
        server.shutdown()
    assert ran.code == 1
    assert [body["event"] for body in bodies] == ["failure"]
    assert ("127.0.0.1 answered 500" in ran.err) == (status == 500)
    assert "s3cret" not in ran.out + ran.err


def test_an_address_that_is_not_there_is_said_without_its_path(adopted: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens: the run is what it was."""
    monkeypatch.setenv("HOOK", "http://127.0.0.1:9/s3cret")
    adopted.configure("version = 1", 'version = 1\non_failure = "${HOOK}"')
    monkeypatch.setattr(flow, "sync", broken)
    ran = adopted.run("sync")
    assert ran.code == 1
    assert "127.0.0.1 cannot be reached" in ran.err
    assert "s3cret" not in ran.err


def test_local_commands_do_not_need_the_address(adopted: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what may fail has somebody to tell: without the variable the store can still be read, and sync says what is missing."""
    adopted.configure("version = 1", 'version = 1\non_failure = "${HOOK}"')
    monkeypatch.delenv("HOOK", raising=False)
    assert adopted.run("runs", "list").code == 0
    ran = adopted.run("sync")
    assert ran.code == 1
    assert "leadhub.toml:2: the environment variable HOOK is not set (on_failure)." in ran.err
