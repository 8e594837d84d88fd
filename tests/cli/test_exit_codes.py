"""Every exit code that a scheduler may rely on."""

import os
import socket
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from cli_world import World

from leadhub.cli.exits import ANYWHERE, ExitCode, UsageFault, in_folder, next_step_of, of_error
from leadhub.cli.program import make_app
from leadhub.clock import SystemClock
from leadhub.errors import AccessDenied, ConfigError, GuardStopped, LeadhubError, LeaseHeld, StoreError
from leadhub.store import open_store
from leadhub.sync import run as flow
from leadhub.sync.session import LEASE


def _all_kinds(kind: type[LeadhubError] = LeadhubError) -> list[type[LeadhubError]]:
    return [kind, *(below for child in kind.__subclasses__() for below in _all_kinds(child))]


@pytest.mark.parametrize("kind", _all_kinds(), ids=lambda kind: kind.__name__)
def test_every_error_names_a_next_step(kind: type[LeadhubError]) -> None:
    """No kind of error leaves a person without something to do, and its own next step goes before the kind's."""
    error = kind.__new__(kind)
    LeadhubError.__init__(error, "it broke")
    assert len(next_step_of(error)) > 10
    error.next_step = "leadhub runs list"
    assert next_step_of(error) == "leadhub runs list"


def test_a_next_step_names_the_folder_for_every_command_that_needs_one() -> None:
    """What is printed can be copied: each command of a deployment gets its folder, the others are the same everywhere."""
    app = make_app()
    names = {command.name or "" for command in app.registered_commands} | {group.name or "" for group in app.registered_groups}
    placed = {name for name in names if in_folder(f"run: leadhub {name} X", Path("my leads")) == f"run: leadhub -C 'my leads' {name} X"}
    assert placed == names - ANYWHERE
    assert names > ANYWHERE


def test_a_lease_of_a_process_that_is_gone_says_so() -> None:
    """Who is told to wait learns that nobody works any more; of a living process, or another machine's, nothing is claimed."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    host = socket.gethostname()
    told = [
        next_step_of(LeaseHeld(f"held by ops@{where} pid {pid} until 09:10", next_step="wait"))
        for where, pid in ((host, ended.pid), (host, os.getpid()), ("other.example", ended.pid))
    ]
    assert told[0].startswith(f"process {ended.pid} no longer runs on this machine")
    assert told[1:] == ["wait", "wait"]


@pytest.mark.parametrize(
    ("error", "code"),
    [(UsageFault("x"), 2), (AccessDenied("x"), 4), (GuardStopped("x"), 5), (LeaseHeld("x"), 6), (ConfigError("x"), 1), (StoreError("x"), 1)],
    ids=lambda value: type(value).__name__,
)
def test_errors_map_to_the_documented_codes(error: LeadhubError, code: int) -> None:
    """A scheduler can tell what kind of help is needed from the exit code alone."""
    assert of_error(error) == code


def test_0_done_also_with_open_reviews(adopted: World) -> None:
    """A sync that needs nothing of anybody but opens a question is no failure."""
    adopted.lead(LastName="Odd", Email="odd@acme.example", Status="Closed - Not Converted")
    ran = adopted.run("sync")
    assert "1 open question" in ran.out
    assert ran.code == ExitCode.OK


def test_1_failed_where_a_system_cannot_be_reached(adopted: World) -> None:
    """A CRM that is down leaves the run partial: exit 1, the message names the system, and nothing is half done."""
    adopted.configure(adopted.hubspot.url, "http://127.0.0.1:9")
    ran = adopted.run("sync")
    assert ran.code == ExitCode.FAILED
    assert ran.lines[0].startswith("Nothing is half done")
    left_out = ran.lines.index("Left out of this run:") + 1
    assert ran.lines[left_out].startswith("  hubspot: 127.0.0.1 cannot be reached")
    assert ran.lines[left_out + 1].startswith("    Next: ")


def test_2_usage(world: World) -> None:
    """What cannot be meant ends with 2 and touches no system."""
    assert world.run("adopt", "pipedrive").code == ExitCode.USAGE
    assert world.run("sync", "--allow", "nonsense").code == ExitCode.USAGE
    assert world.run("no-such-command").code == ExitCode.USAGE


def test_2_changes_pending_with_detailed_exitcode(adopted: World) -> None:
    """`plan --detailed-exitcode` tells changes (2) from none (0); without the option both are 0."""
    assert adopted.run("plan", "--detailed-exitcode").code == ExitCode.OK
    adopted.contact(email="new@acme.example", firstname="Nia", lastname="New", company="N Ltd")
    assert adopted.run("plan").code == ExitCode.OK
    assert adopted.run("plan", "--detailed-exitcode").code == ExitCode.CHANGES


def test_3_refused_the_first_time_only(adopted: World) -> None:
    """A record that the CRM refuses ends the run with 3 once; the next run, which has nothing new to tell, with 0."""
    rule = {"message": "New is no last name here", "when": {"LastName": "New"}}
    adopted.admin("salesforce", "settings", validation_rules=[rule])
    adopted.contact(email="new@acme.example", firstname="Nia", lastname="New", company="N Ltd")
    ran = adopted.run("sync")
    assert ran.code == ExitCode.REFUSED
    assert "1 refused" in ran.lines[0]
    assert adopted.run("sync").code == ExitCode.OK


def test_4_authentication(adopted: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused credential is told apart from every other failure."""
    monkeypatch.setenv("HUBSPOT_TOKEN", "pat-revoked")
    ran = adopted.run("sync")
    assert ran.code == ExitCode.ACCESS
    assert "pat-revoked" not in ran.out + ran.err


def test_5_stopped_by_a_guard_and_passed_by_its_flag(adopted: World) -> None:
    """A guard stops the writes to its system, names the flag that lets them pass, and that very flag does."""
    adopted.configure('on_create = { owner = "assignment_rules" }', 'on_create = { owner = "assignment_rules" }\ncreate_cap = 1')
    for number in range(2):
        adopted.contact(email=f"p{number}@many.example", firstname="P", lastname=f"Many{number}", company="M")
    stopped = adopted.run("sync")
    assert stopped.code == ExitCode.GUARD
    assert "pass --allow salesforce.creates=2" in stopped.out
    assert "not started (a guard refused the plan)" in stopped.lines[0]
    passed = adopted.run("sync", "--allow", "salesforce.creates=2")
    assert (passed.code, passed.lines[0]) == (ExitCode.OK, "Nothing is half done: 2 writes made.")


def test_5_apply_stops_before_it_asks(adopted: World) -> None:
    """`apply` under a guard asks nothing and writes nothing."""
    adopted.configure('on_create = { owner = "assignment_rules" }', 'on_create = { owner = "assignment_rules" }\ncreate_cap = 0')
    adopted.contact(email="p@many.example", firstname="P", lastname="Many", company="M")
    ran = adopted.run("apply", "--yes")
    assert ran.code == ExitCode.GUARD
    assert "--allow salesforce.creates=1" in ran.err


def test_6_another_run_holds_the_lease(adopted: World) -> None:
    """Two runs never overlap: the second ends with 6, says who works and until when, and reads nothing."""
    store = open_store(f"sqlite:///{adopted.folder / 'leadhub.db'}", SystemClock())
    with store.begin() as tx:
        token = tx.leases.acquire(LEASE, "night job", timedelta(minutes=5))
    ran = adopted.run("sync")
    assert ran.code == ExitCode.LEASE
    assert "held by night job" in ran.err
    assert "Next: wait for that run to end" in ran.err
    with store.begin() as tx:
        tx.leases.release(token)
    store.close()


def test_130_interrupted_with_how_to_go_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends with 130 and says that the same command goes on."""

    def interrupted(*_args: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(flow, "sync", interrupted)
    ran = world.run("sync")
    assert ran.code == ExitCode.INTERRUPTED
    assert "the same command again goes on from there" in ran.err


def test_an_unexpected_error_is_one_line_and_debug_shows_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug of ours does not bury a person in a traceback, and --debug shows it."""

    def broken(*_args: object, **_options: object) -> None:
        raise RuntimeError("the wheel came off")

    monkeypatch.setattr(flow, "sync", broken)
    plain, debug = world.run("sync"), world.run("sync", "--debug")
    assert plain.code == debug.code == ExitCode.FAILED
    assert plain.err.splitlines()[0] == "Error: leadhub itself failed: RuntimeError: the wheel came off"
    assert "Traceback" not in plain.err
    assert "Traceback" in debug.err


def test_a_missing_deployment_says_how_to_get_one(world: World) -> None:
    """A folder without leadhub.toml is no riddle."""
    (world.folder / "leadhub.toml").unlink()
    ran = world.run("sync")
    assert ran.code == ExitCode.FAILED
    assert "Next: leadhub init DIR" in ran.err
