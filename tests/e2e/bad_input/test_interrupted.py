"""Ctrl-C at any moment: the program ends with 130 and says how to go on, and the next sync leaves nothing undone and nothing doubled."""

import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from bad_input_desk import Desk, as_on_the_page, newcomer_and_edit, plain, told_to
from cli_world import Ran
from sqlalchemy import Connection

from leadhub.cli.exits import ExitCode
from leadhub.store import engine
from leadhub.store.runs import Runs

SECTION = "Ctrl-C"


@pytest.fixture(autouse=True)
def _a_late_press_hurts_nobody() -> Iterator[None]:
    """On a busy machine a signal may come when the run has just ended: it must not end the tests. A process that is started does not inherit this."""
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


class Hand:
    """Somebody at the keyboard of one `leadhub sync`: presses Ctrl-C while a CRM has a certain call in hand, the first call being 1."""

    def __init__(self, desk: Desk, *presses: int) -> None:
        self.desk, self.presses, self.calls = desk, presses, 0
        self.pid = os.getpid()

    def on_call(self) -> None:
        """Count a call, and press as often as is meant. The second press is a SIGTERM, as a scheduler sends it: two SIGINT at a time may count as one."""
        self.calls += 1
        for number, _ in zip((signal.SIGINT, signal.SIGTERM), range(self.presses.count(self.calls)), strict=False):
            os.kill(self.pid, number)

    def sync(self) -> tuple[int, str]:
        """Run `leadhub sync` as a process of its own; return its exit code and all that it printed."""
        command = [sys.executable, "-m", "leadhub.cli.app", "-C", str(self.desk.folder), "sync"]
        with self._watching():
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            self.pid = process.pid
            out, _ = process.communicate(timeout=120)
        return process.returncode, plain(out, self.desk.folder, self.desk.boxes)

    def sync_here(self) -> Ran:
        """Run `leadhub sync` in this process, which is quicker."""
        with self._watching():
            return self.desk.run("sync")

    @contextmanager
    def _watching(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            for server in self.desk.boxes.servers:
                patch.setattr(server.service.faults, "take", self._heard(server.service.faults.take))
            yield

    def _heard(self, take: Any) -> Any:
        def heard(method: str, path: str) -> Any:
            if not path.startswith("/_sandbox"):
                self.on_call()
            return take(method, path)

        return heard


def demand_all_made_once(desk: Desk) -> None:
    """The next sync ends well, with the edit and the newcomer in HubSpot, each written by one call."""
    assert desk.run("sync").code == 0
    assert told_to(desk, "hubspot") == {"ann@acme.example": "Boss", "bob@acme.example": "CTO", "cy@cyan.example": None}
    assert desk.writes("hubspot") == 2
    assert {run["status"] for run in desk.run("runs", "list", "--output", "json").json["runs"]} <= {"ok", "interrupted"}


@pytest.mark.parametrize(("moment", "call"), [("at the login", 1), ("while it reads", 9), ("while it writes", 18)])
def test_ctrl_c_ends_a_process_with_130_and_nothing_is_lost(desk: Desk, moment: str, call: int) -> None:
    """A real process, a real signal: it says that it was interrupted and how to go on."""
    newcomer_and_edit(desk, "hubspot")
    code, out = Hand(desk, call).sync()
    said = out[out.index("Interrupted") :]
    as_on_the_page(SECTION, moment, said, code)
    demand_all_made_once(desk)


def test_ctrl_c_twice_ends_a_process_at_once(desk: Desk) -> None:
    """In the middle of a writing call: what became of it is looked for by the next run."""
    newcomer_and_edit(desk, "hubspot")
    code, out = Hand(desk, 18, 18).sync()
    as_on_the_page(SECTION, "twice, while it writes", out[out.index("Interrupted") :], code)
    demand_all_made_once(desk)


@pytest.mark.parametrize("presses", [(call,) for call in range(1, 21)] + [(call, call) for call in range(2, 21, 2)])
def test_ctrl_c_during_any_call_loses_and_doubles_nothing(desk: Desk, presses: tuple[int, ...]) -> None:
    """The signal comes while a CRM has the first, the second … the last call in hand, once or twice: 130, or done; then all is made, once."""
    newcomer_and_edit(desk, "hubspot")
    ran = Hand(desk, *presses).sync_here()
    assert ran.code in {ExitCode.OK, ExitCode.INTERRUPTED}, ran.err
    demand_all_made_once(desk)


def test_ctrl_c_while_a_run_is_being_closed_leaves_no_lease_behind(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """An impatient hand presses while the run gives its lease back: that is finished first, and the next run need not wait."""
    finish = Runs.finish

    def pressed(*args: Any) -> None:
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGINT)
        finish(*args)

    newcomer_and_edit(desk, "hubspot")
    with monkeypatch.context() as patch:
        patch.setattr(Runs, "finish", pressed)
        assert desk.run("sync").code == ExitCode.OK
    demand_all_made_once(desk)


@pytest.mark.parametrize("transaction", range(2, 16, 3))
def test_ctrl_c_twice_while_the_store_is_written_leaves_it_unlocked(desk: Desk, monkeypatch: pytest.MonkeyPatch, transaction: int) -> None:
    """The transaction is brought to its end first: one that was left open would keep everybody out."""
    begin, begun = engine._begin_sqlite, itertools.count(1)

    def pressed(connection: Connection) -> None:
        begin(connection)
        if not connection.get_execution_options().get("leadhub_read") and next(begun) == transaction:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGTERM)
            connection.exec_driver_sql("SELECT 1")

    newcomer_and_edit(desk, "hubspot")
    with monkeypatch.context() as patch:
        patch.setattr(engine, "_begin_sqlite", pressed)
        assert desk.run("sync").code == ExitCode.INTERRUPTED
    demand_all_made_once(desk)
