"""Lost answers, killed processes and edits at the wrong moment, over real HTTP and a real store: nothing twice, nothing lost, nothing overwritten."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sandbox_world import World

from leadhub.model.record import Change, Outcome
from leadhub.store.runs import Runs
from leadhub.sync import apply as applying
from leadhub.sync import run as flow
from leadhub.sync.found_out import kept_of
from leadhub.sync.retry import Careful
from leadhub.sync.whose import counts_of

HEAD, ROW = "id,first name,last name,email,company,title", "1,Bob,Bee,bob@b.example,Bees,CTO"
PATHS = {
    ("salesforce", "create"): r"composite/sobjects/Lead/LeadhubId__c$",
    ("salesforce", "update"): r"composite/sobjects$",
    ("hubspot", "create"): r"batch/upsert$",
    ("hubspot", "update"): r"batch/update$",
}
WRITES = sorted(PATHS)


class Killed(BaseException):
    """The process ends here: no handler of leadhub's may catch it."""


def _prepare(world: World, system: str, operation: str) -> None:
    """Leave exactly one write to be made in that system."""
    if operation == "create":
        world.configure(**{system: 'create = "always"'})
        world.begin()
        world.drop_csv("fair.csv", HEAD, ROW)
    else:
        lead, contact = world.pair()
        world.begin()
        if system == "salesforce":
            world.hs_edit(contact, jobtitle="CEO")
        else:
            world.sf_edit(lead, Title="CEO")
    world.mark()


def _arrived(world: World, system: str, operation: str) -> None:
    """There is one record, and it shows what was to be written."""
    wanted = "CTO" if operation == "create" else "CEO"
    if system == "salesforce":
        assert [row["Title"] for row in world.sf_all()] == [wanted]
    else:
        assert [row["properties"]["jobtitle"] for row in world.hs_all()] == [wanted]


def _calls(world: World, system: str, operation: str) -> int:
    end = PATHS[system, operation].removesuffix("$")
    return sum(n for (_, path), n in world.write_calls(system).items() if path.endswith(end))


def _at_rest(world: World) -> None:
    world.mark()
    report = world.sync()
    assert report.status == "ok"
    assert not world.written()
    assert not world.reviews()


@pytest.mark.parametrize(("system", "operation"), WRITES)
def test_an_answer_lost_after_the_write_is_found_by_reading(world: World, system: str, operation: str) -> None:
    """The CRM wrote, its answer is lost: the record is read, nothing is sent again, the base is what was sent."""
    _prepare(world, system, operation)
    world.fault(system, "drop_after", PATHS[system, operation])
    report = world.sync()
    assert _calls(world, system, operation) == 1, "a write whose outcome is unknown is never repeated"
    _arrived(world, system, operation)
    assert (report.systems[system].created, report.systems[system].updated) == ((1, 0) if operation == "create" else (0, 1))
    _at_rest(world)


@pytest.mark.parametrize(("system", "operation"), WRITES)
def test_a_write_that_never_arrived_is_judged_anew_and_made_once(world: World, system: str, operation: str) -> None:
    """The connection broke before the CRM wrote: reading tells, and a new plan makes the write, once."""
    _prepare(world, system, operation)
    world.fault(system, "drop_before", PATHS[system, operation])
    world.sync()
    _arrived(world, system, operation)
    assert _calls(world, system, operation) == 2, "the lost one and the one that arrived"
    _at_rest(world)


def test_when_reading_fails_too_the_next_run_finds_out(world: World) -> None:
    """The answer to a create is lost and the CRM stays down: nothing is repeated; when it is back, the record is found and linked."""
    _prepare(world, "hubspot", "create")
    world.fault("hubspot", "drop_after", PATHS["hubspot", "create"])
    world.fault("hubspot", "html_503", "batch/read", times=20)
    report = world.sync()
    assert report.status == "partial"
    assert "hubspot" in report.troubles
    world.boxes.hubspot.service.faults.clear()
    world.sync()
    _arrived(world, "hubspot", "create")
    assert _calls(world, "hubspot", "create") == 1
    _at_rest(world)


@pytest.mark.parametrize("when", ["before the call", "after the call"])
@pytest.mark.parametrize(("system", "operation"), WRITES)
def test_a_killed_run_is_recovered_by_the_next(world: World, system: str, operation: str, when: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process dies between "about to be sent" and "this came of it": the next run finds out and ends where an unbroken one would."""
    _prepare(world, system, operation)
    with monkeypatch.context() as patch:
        patch.setattr(Careful, "push", _killing(when))
        with pytest.raises(Killed):
            world.sync()
    world.clock.sleep(3600)
    world.sync()
    _arrived(world, system, operation)
    assert _calls(world, system, operation) == 1, "made by the killed run or by the next, never by both"
    _at_rest(world)


def _killing(when: str) -> Callable[[Careful, Sequence[Change]], Iterator[Outcome]]:
    original = Careful.push

    def push(self: Careful, changes: Sequence[Change]) -> Iterator[Outcome]:
        if when == "after the call":
            list(original(self, changes))
        raise Killed
        yield

    return push


KILL_FOR_GOOD = """
import os, sys
from datetime import datetime
from pathlib import Path
from leadhub.hub import open_hub
from leadhub.sync.retry import Careful
from leadhub.sync.run import sync

class Stopped:
    def now(self): return datetime.fromisoformat(sys.argv[2])
    def sleep(self, seconds): pass
    def new_id(self): return "f" + os.urandom(8).hex()

original = Careful.push
def push(self, changes):
    list(original(self, changes))
    os._exit(9)
Careful.push = push
sync(open_hub(Path(sys.argv[1]), clock=Stopped()))
"""


def test_what_a_process_left_that_is_gone_for_good_is_recovered(any_world: World) -> None:
    """A real process ends in mid-run: the next run recovers the create, makes no second record, and tells whose the first one is."""
    world = any_world
    _prepare(world, "hubspot", "create")
    world.clock.sleep(3600)
    command = [sys.executable, "-c", KILL_FOR_GOOD, str(world.folder), world.clock.now().isoformat()]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 9, done.stderr
    world.expire_lease()  # where a process cannot be told for gone
    report = world.sync()
    (found,) = report.found_out
    assert (found.killed, found.in_place, found.not_made, found.never_sent) == (True, 1, 0, 0)
    with world.hub.store.read() as tx:
        runs = [run for run_id in (found.run, report.run) for run in tx.runs.get(run_id)]
        made = {run_id: counts["hubspot"]["created"] for run_id, counts in counts_of(tx, runs).items()}
        (kept,) = kept_of(runs[1].counts)
    assert (made, report.systems["hubspot"].created) == ({found.run: 1, report.run: 0}, 0)
    assert (kept.run, kept.in_place) == (found.run, 1)
    _arrived(world, "hubspot", "create")
    assert _calls(world, "hubspot", "create") == 1
    _at_rest(world)


def test_a_run_that_is_killed_while_it_finds_out_has_said_what_it_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the second run found stands in its row with the outcomes themselves: the third neither looks again nor tells of it as its own."""
    _prepare(world, "hubspot", "create")
    with monkeypatch.context() as patch:
        patch.setattr(Careful, "push", _killing("after the call"))
        patch.setattr(Runs, "finish", lambda *_args: None)
        with pytest.raises(Killed):
            world.sync()
    world.clock.sleep(3600)
    with monkeypatch.context() as patch:
        patch.setattr(flow, "pull", _die)
        patch.setattr(Runs, "finish", lambda *_args: None)
        with pytest.raises(Killed):
            world.sync()
    report = world.sync()
    with world.hub.store.read() as tx:
        _, second, first = tx.runs.list(3, kind="sync")
        (kept,) = kept_of(second.counts)
    assert [(one.run, one.killed, one.unanswered) for one in report.found_out if one.run != first.id] == [(second.id, True, 0)]
    assert all(one.unanswered == 0 for one in report.found_out)
    assert (kept.run, kept.killed, kept.in_place) == (first.id, True, 1)


def _die(*_args: object) -> None:
    raise Killed


def test_a_write_that_shows_something_else_goes_to_a_person(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer is lost and somebody edits the same field before it is read: neither what was sent nor what was there, so a person is told."""
    _prepare(world, "hubspot", "update")
    contact = world.hs_all()[0]["id"]
    original = applying.find_out

    def find_out(*arguments: Any) -> Any:
        world.hs_edit(contact, jobtitle="Somebody's")
        return original(*arguments)

    monkeypatch.setattr(applying, "find_out", find_out)
    world.fault("hubspot", "drop_before", PATHS["hubspot", "update"])
    world.sync()
    assert world.hs(contact)["jobtitle"] == "Somebody's", "not overwritten"
    assert len(world.reviews()) == 1


@pytest.mark.parametrize("policy", ["review", "prefer"])
def test_an_edit_between_plan_and_write_is_seen(world: World, policy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody edits the field right before it is written: it is judged again, by a person, or by the rule with the loser journaled."""
    if policy == "review":
        world.configure(**{"": '[fields.job_title]\nconflict = "review"'})
    lead, contact = world.pair()
    world.begin()
    world.sf_edit(lead, Title="CEO")
    _edit_before_reread(world, monkeypatch, lambda: world.hs_edit(contact, jobtitle="Chair"))
    report = world.sync()
    if policy == "review":
        assert (world.sf(lead)["Title"], world.hs(contact)["jobtitle"]) == ("CEO", "Chair")
        assert [r.kind for r in world.reviews()] == ["conflict"]
    else:
        assert (world.sf(lead)["Title"], world.hs(contact)["jobtitle"]) == ("CEO", "CEO")
        assert any("Chair" in line for line in report.lost)


def test_an_edit_of_another_field_between_plan_and_write_travels_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody edits the phone in HubSpot while its title is about to be written: both arrive, in the same run."""
    lead, contact = world.pair()
    world.begin()
    world.sf_edit(lead, Title="CEO")
    _edit_before_reread(world, monkeypatch, lambda: world.hs_edit(contact, phone="+1 555 0177"))
    world.sync()
    assert world.hs(contact)["jobtitle"] == "CEO"
    assert world.hs(contact)["phone"] == world.sf(lead)["Phone"] == "+1 555 0177"
    monkeypatch.undo()
    _at_rest(world)


def test_a_change_that_leadhub_does_not_read_holds_nothing_up(world: World) -> None:
    """Somebody edits a field that is not synced: its stamp moves, and the write is made at once."""
    lead, contact = world.pair()
    world.begin()
    world.sf_edit(lead, Score__c=7)
    world.sync()
    world.hs_edit(contact, jobtitle="CEO")
    assert world.sync().systems["salesforce"].updated == 1
    assert world.sf(lead)["Title"] == "CEO"


def _edit_before_reread(world: World, monkeypatch: pytest.MonkeyPatch, edit: Callable[[], None]) -> None:
    original, edits = Careful.reread, [edit]

    def reread(self: Careful, object_name: str, ids: Sequence[str]) -> Any:
        if edits:
            edits.pop()()
        return original(self, object_name, ids)

    monkeypatch.setattr(Careful, "reread", reread)


def test_a_run_that_is_interrupted_between_batches_leaves_the_rest_for_the_next(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three creates in batches of one, stopped after the first: nothing is half done, and the next run makes the other two."""
    world.configure(hubspot='create = "always"')
    world.begin()
    world.drop_csv("fair.csv", HEAD, *(f"{n},Bob{n},Bee{n},bob{n}@b{n}.example,Bees,CTO" for n in range(3)))
    monkeypatch.setattr(Careful, "batch_size", 1)
    original, calls = Careful.push, [0]

    def push(self: Careful, changes: Sequence[Change]) -> Iterator[Outcome]:
        calls[0] += 1
        if calls[0] == 2:
            raise Killed
        yield from original(self, changes)

    with monkeypatch.context() as patch:
        patch.setattr(Careful, "push", push)
        with pytest.raises(Killed):
            world.sync()
    assert len(world.hs_all()) == 1
    world.clock.sleep(timedelta(hours=1).total_seconds())
    world.sync()
    assert len(world.hs_all()) == 3
    _at_rest(world)


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_a_move_back_that_breaks_off_between_clear_and_set_is_finished(world: World, kind: str) -> None:
    """The stage was cleared and not set: that blank is our own and no edit, so the wanted stage is set, and nothing is asked."""
    _, contact = world.pair(hs={"lifecyclestage": "salesqualifiedlead", "hs_lead_status": "NEW"})
    world.begin()
    world.decide_state("mql/new/open")
    world.fault("hubspot", kind, PATHS["hubspot", "update"], skip=1)
    world.sync()
    assert world.hs(contact)["lifecyclestage"] == "marketingqualifiedlead"
    assert world.state() == "mql/new/open"
    _at_rest(world)
