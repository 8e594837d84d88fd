"""The switch that stops the writes to one system at once: while a run is at work, in every later run, and until somebody lifts it."""

from collections.abc import Iterator, Sequence

import pytest
from leadhub_hubspot.connector import HubSpot
from sandbox_world import World

from leadhub.cli.exits import ExitCode, of_report
from leadhub.core import guard
from leadhub.errors import GuardStopped
from leadhub.model.record import Change, Outcome
from leadhub.model.run import IntentState
from leadhub.sync import pausing
from leadhub.sync.acts import apply_plan, revert
from leadhub.sync.planfile import Item, PlanFile
from leadhub.sync.run import plan

NAMES = ["ann", "bob", "cem"]
Pairs = list[tuple[str, str]]


@pytest.fixture
def pairs(world: World) -> Pairs:
    """Three people who are at rest in both CRMs."""
    made = [world.pair(f"{name}@acme.example") for name in NAMES]
    world.begin()
    world.mark()
    return made


def _edit(world: World, pairs: Pairs, title: str = "CEO") -> None:
    for lead, _ in pairs:
        world.sf_edit(lead, Title=title)


def _titles(world: World, pairs: Pairs) -> list[str]:
    return [world.hs(contact)["jobtitle"] for _, contact in pairs]


def test_a_run_at_work_stops_before_its_next_call(world: World, pairs: Pairs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paused while the first of three calls is on its way: that one ends and is journaled, no second is made, and the journal says who and why."""
    original = HubSpot.push

    def push(self: HubSpot, changes: Sequence[Change]) -> Iterator[Outcome]:
        pausing.pause(world.hub, "hubspot", "wrong titles")
        return original(self, changes)

    monkeypatch.setattr(HubSpot, "batch_size", 1)
    monkeypatch.setattr(HubSpot, "push", push)
    _edit(world, pairs)
    report = world.sync()
    assert report.systems["hubspot"].updated == 1
    assert sorted(_titles(world, pairs)) == ["CEO", "CTO", "CTO"]
    with world.hub.store.read() as tx:
        waiting = [i for i in tx.intents.of_run(report.run) if i.state is IntentState.NOT_APPLIED]
        (run,) = tx.runs.list(kind=pausing.PAUSE)
    assert len(waiting) == 2
    assert all(f"by {world.hub.actor}: wrong titles" in str(i.detail) for i in waiting)
    assert (run.actor, run.counts) == (world.hub.actor, {"system": "hubspot", "reason": "wrong titles"})


def test_reading_goes_on_and_what_waits_goes_after_the_pause_judged_anew(world: World, pairs: Pairs) -> None:
    """While HubSpot is paused its edits travel, nothing is written to it in run after run, no run fails for it; then what still holds is written, once."""
    pausing.pause(world.hub, "hubspot", "")
    _edit(world, pairs[:2])
    world.hs_edit(pairs[2][1], jobtitle="Travels")
    for _ in range(3):
        report = world.sync()
        assert (report.status, of_report(report)) == ("ok", ExitCode.OK)
        assert "hubspot is paused since" in report.paused["hubspot"]
    assert world.sf(pairs[2][0])["Title"] == "Travels"
    assert not [w for w in world.written() if w.system == "hubspot"]
    assert len(plan(world.hub)[1]) == 2, "the plan shows what waits"
    world.sf_edit(pairs[0][0], Title="CTO")  # back to what HubSpot shows: nothing of it is left to write
    pausing.resume(world.hub, "hubspot", "")
    world.mark()
    report = world.sync()
    assert (report.paused, report.systems["hubspot"].updated) == ({}, 1)
    assert _titles(world, pairs) == ["CTO", "CEO", "Travels"]
    world.mark()
    world.sync()
    assert not world.written()


def test_a_pause_outlives_what_a_run_at_work_saves_of_the_system(world: World, pairs: Pairs) -> None:
    """A run that read the system's row before the pause stores it again, with a new sweep or organization: it stays paused, and resumed as well."""
    with world.hub.store.read() as tx:
        running = tx.systems.get("hubspot")
    assert running is not None
    pausing.pause(world.hub, "hubspot", "")
    with world.hub.store.begin() as tx:
        tx.systems.save(running)
        paused = tx.systems.get("hubspot")
    assert paused is not None
    assert paused.mode == "paused"
    pausing.resume(world.hub, "hubspot", "")
    with world.hub.store.begin() as tx:
        tx.systems.save(paused)
        resumed = tx.systems.get("hubspot")
    assert resumed is not None
    assert resumed.mode == "write"


def test_no_way_leads_round_a_pause(world: World, pairs: Pairs) -> None:
    """A plan's file says of each item that the system is paused; a revert that could write nowhere else takes nothing back, and says what to do."""
    _edit(world, pairs)
    with world.hub.store.read() as tx:
        (run,) = tx.runs.get(world.sync().run)
    pausing.pause(world.hub, "hubspot", "")
    world.mark()
    with pytest.raises(GuardStopped, match="hubspot is paused") as stopped:
        revert(world.hub, run)
    assert "leadhub resume hubspot" in (stopped.value.next_step or "")
    _edit(world, pairs, "CFO")
    world.clock.sleep(3600)
    report, changes = plan(world.hub)
    assert len(changes) == 3
    items = tuple(Item.of(change, world.hub) for change in changes)
    _, refused = apply_plan(world.hub, PlanFile(report.run, world.hub.deployment.hash, {}, items))
    assert {one.reason for one in refused} == {"hubspot is paused"}
    assert not [w for w in world.written() if w.system == "hubspot"]


def test_what_waits_in_a_pause_stops_no_run_as_a_guard_would(world: World, pairs: Pairs, monkeypatch: pytest.MonkeyPatch) -> None:
    """More waits than a guard lets pass: while nothing can be written no run ends with 5, the plan shows it, and after the pause the guard stands."""
    monkeypatch.setattr(guard, "UPDATES_AT_LEAST", 2)
    pausing.pause(world.hub, "hubspot", "")
    _edit(world, pairs)
    assert world.sync().status == "ok"
    assert plan(world.hub)[0].status == "blocked"
    pausing.resume(world.hub, "hubspot", "")
    assert world.sync().status == "blocked"
