"""A run that lost its lease stores nothing, marks nothing and finishes nobody's run; one that died holds nobody up."""

import ast
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from sandbox_world import World
from sqlalchemy import create_engine

from leadhub.connectors.http import LONGEST_CALL
from leadhub.errors import LeaseHeld
from leadhub.model.record import Change, Outcome
from leadhub.model.run import RunRow
from leadhub.store import tables
from leadhub.sync import apply as applying
from leadhub.sync import pull as pulling
from leadhub.sync import run as running
from leadhub.sync import session as session_module
from leadhub.sync.outcomes import Settler
from leadhub.sync.process import is_gone, this_process
from leadhub.sync.retry import Careful
from leadhub.sync.run import sync
from leadhub.sync.session import LEASE, LEASE_TIME

SYNC = Path(__file__).parents[2] / "src/leadhub/sync"
WITHOUT_A_LEASE = {
    ("session.py", "storing"),
    ("session.py", "open_session"),
    ("planfile.py", "write"),
    ("approval.py", "approve"),
    ("approval.py", "withdraw"),
    ("pausing.py", "pause"),
    ("pausing.py", "resume"),
}
"""What makes such a transaction, what takes the lease, and what notes the hash of a plan with the run that made it.

Of people: what somebody says of a plan is about nothing that a run stores, and a pause has to stand while a run is at work, which holds the lease.
"""


def test_every_step_of_a_run_stores_under_its_lease() -> None:
    """No step opens a storing transaction that does not look whether the lease is still there."""
    found = set()
    for path in SYNC.glob("*.py"):
        for function in (n for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.FunctionDef)):
            calls = (n for n in ast.walk(function) if isinstance(n, ast.Attribute) and n.attr == "begin")
            found |= {(path.name, function.name) for call in calls if isinstance(call.value, ast.Attribute) and call.value.attr == "store"}
    assert found == WITHOUT_A_LEASE


def _tables(world: World) -> dict[str, list[tuple[object, ...]]]:
    engine = create_engine(world.store_url)
    with engine.connect() as connection:
        stored = {
            table.name: sorted((tuple(map(repr, row)) for row in connection.execute(table.select())), key=str)
            for table in tables.metadata.sorted_tables
        }
    engine.dispose()
    return stored


PAUSES = {
    "before the first page is stored": (pulling, "store_page"),
    "before it agrees": (running, "agree"),
    "before it writes": (applying, "apply"),
    "before the call": (Careful, "push"),
    "before the answer is stored": (Settler, "store"),
    "at its end": (session_module, "_close"),
}


@pytest.mark.parametrize("pause", PAUSES)
def test_a_run_that_was_overtaken_stores_nothing(world: World, pause: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run is paused, another one takes over and ends; the first wakes: it is told so, and the store stays as it was."""
    lead, contact = world.pair()
    world.begin()
    world.hs_edit(contact, jobtitle="CEO")
    world.clock.sleep(3600)
    place, name = PAUSES[pause]
    original, left = getattr(place, name), []

    def paused(*given: object) -> object:
        if not left:
            left.append({})
            world.expire_lease()
            sync(world.hub)
            left[0] = _tables(world)
        return original(*given)

    monkeypatch.setattr(place, name, paused)
    with pytest.raises(LeaseHeld, match="lease lost"):
        sync(world.hub)
    assert _tables(world) == left[0]
    monkeypatch.undo()
    assert world.sync().status == "ok"
    assert world.sf(lead)["Title"] == world.hs(contact)["jobtitle"] == "CEO"
    assert not world.reviews()


STOPS = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from leadhub.errors import LeaseHeld
from leadhub.hub import open_hub
from leadhub.sync.retry import Careful
from leadhub.sync.run import sync

class Still:
    def now(self): return datetime.fromisoformat(sys.argv[2])
    def sleep(self, seconds): pass
    def new_id(self): return "f" + os.urandom(8).hex()

push = Careful.push
def pushing(self, changes):
    os.kill(os.getpid(), signal.SIGSTOP)
    yield from push(self, changes)
Careful.push = pushing
try:
    sync(open_hub(Path(sys.argv[1]), clock=Still()))
except LeaseHeld as lost:
    print(lost)
    sys.exit(6)
"""


def test_a_process_that_was_stopped_for_longer_than_its_lease_stores_nothing(any_world: World) -> None:
    """A real process is stopped (SIGSTOP) right before a create, another run takes over and makes it, the first goes on: exit 6, nobody doubled."""
    world = any_world
    world.configure(hubspot='create = "always"')
    world.begin()
    world.sf_create(Email="ann@acme.example", Title="CTO")
    world.clock.sleep(3600)
    command = [sys.executable, "-c", STOPS, str(world.folder), world.clock.now().isoformat()]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            _, status = os.waitpid(process.pid, os.WUNTRACED)
            assert os.WIFSTOPPED(status)
            assert not world.hs_all()
            world.expire_lease()
            assert sync(world.hub).status == "ok"
            left = _tables(world)
            process.send_signal(signal.SIGCONT)
            said, _ = process.communicate(timeout=100)
        finally:
            process.kill()
    assert process.returncode == 6
    assert "lease lost" in said
    assert _tables(world) == left
    assert len(world.hs_all()) == 1
    world.mark()
    assert world.sync().status == "ok"
    assert not world.written()


def test_a_write_goes_out_only_while_its_answer_can_come_within_the_lease(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """HubSpot asks for pauses until the lease is nearly over: no further write is sent, and the next run makes it, once."""
    _, contact = world.pair()
    world.begin()
    world.sf_edit(world.sf_all()[0]["Id"], Title="CEO")
    world.mark()
    push = Careful.push

    def pushing(self: Careful, changes: Sequence[Change]) -> Iterator[Outcome]:
        world.clock.sleep((LEASE_TIME - LONGEST_CALL).total_seconds())
        return push(self, changes)

    with monkeypatch.context() as patch:
        patch.setattr(Careful, "push", pushing)
        world.sync()
    assert not world.written()
    assert world.hs(contact)["jobtitle"] == "CTO"
    world.sync()
    assert len(world.written()) == 1
    assert world.hs(contact)["jobtitle"] == "CEO"
    assert not world.reviews()


# ---- a process that is gone ------------------------------------------------------------------------------------------------------------

linux = pytest.mark.skipif(not this_process(), reason="this machine does not tell its processes apart")
NAMES_ITSELF = "import sys; from leadhub.sync.process import this_process; print(this_process(), flush=True); sys.stdin.read()"


@contextmanager
def _somebody() -> Iterator[tuple[subprocess.Popen[str], str]]:
    with subprocess.Popen([sys.executable, "-c", NAMES_ITSELF], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


@linux
def test_a_process_is_gone_only_when_that_is_certain() -> None:
    """Alive, silent, stopped: not gone. Killed: gone, even before its parent has heard of it. Of another place or none: nobody can tell."""
    with _somebody() as (process, name):
        assert not is_gone(this_process())
        assert not is_gone(name)
        process.send_signal(signal.SIGSTOP)
        assert not is_gone(name)
        boot, *rest = json.loads(name)
        for elsewhere in ("", "no JSON", "[]", json.dumps(["another boot", *rest]), json.dumps([boot, "pid:[1]", *rest[1:]])):
            assert not is_gone(elsewhere)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert is_gone(name), "what is left is its entry in the table of processes"
        process.wait()
        assert is_gone(name)


@linux
def test_an_id_that_was_given_anew_names_another_process() -> None:
    """The start tells: a living process with the id of the dead one is not the dead one."""
    with _somebody() as (_, name):
        *place, pid, started = json.loads(name)
        assert is_gone(json.dumps([*place, pid, started - 1]))
        assert not is_gone(name)


@linux
def test_who_was_killed_holds_nobody_up(any_world: World) -> None:
    """The lease of a process that is gone is taken at once, and its run is closed as crashed; that of one that is silent is not."""
    world = any_world
    world.pair()
    world.begin()
    with _somebody() as (process, name):
        with world.hub.store.begin() as tx:
            tx.leases.acquire(LEASE, "ops@here", LEASE_TIME, process=name)
            tx.runs.start(RunRow("f" * 20, "sync", world.clock.now(), None, "running", {}, "", "ops"))
        process.send_signal(signal.SIGSTOP)
        with pytest.raises(LeaseHeld, match=r"held by ops@here until .* UTC; at work since 20\d\d-"):
            sync(world.hub)
        process.kill()
        process.wait()
        assert sync(world.hub).status == "ok"
    with world.hub.store.read() as tx:
        assert [run.status for run in tx.runs.get("f" * 20)] == ["crashed"]
