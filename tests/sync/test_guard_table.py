"""Every row of the table of guards, by one test: what provokes it, and what then happens."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from sandbox_world import World

from leadhub.cli.exits import ExitCode, next_step_of, of_report
from leadhub.core import canary, guard
from leadhub.errors import GuardStopped, ReserveReached
from leadhub.sync.acts import apply_plan, revert
from leadhub.sync.apply import apply
from leadhub.sync.guards import guard as judge_guards
from leadhub.sync.planfile import Item, PlanFile
from leadhub.sync.pull import pull
from leadhub.sync.run import plan
from leadhub.sync.session import open_session
from leadhub.sync.steps import agree

OPEN, WORKING = "Open - Not Contacted", "Working - Contacted"
WEEK = 8 * 24 * 3600
NAMES = ["ann", "bob", "cem", "dora", "eve"]
Pairs = list[tuple[str, str]]


def _titles(world: World, pairs: Pairs) -> None:
    for lead, _ in pairs[:4]:
        world.sf_edit(lead, Title=f"Title of {lead}")


def _moves(world: World, pairs: Pairs) -> None:
    for lead, _ in pairs:
        world.sf_edit(lead, Status=WORKING)


def _phones(world: World, pairs: Pairs) -> None:
    for lead, _ in pairs:
        world.sf_edit(lead, Phone="+1 555 9999")


def _blank(world: World, pairs: Pairs) -> None:
    world.sf_edit(pairs[0][0], Phone=None)
    world.sync()
    world.decide("phone", None)


def _creates(world: World, _pairs: Pairs) -> None:
    world.configure(hubspot='create = "always"\ncreate_cap = 2')
    world.drop_csv("fair.csv", "first name,last name,email", *(f"{n},New,{n}.new@new.example" for n in NAMES[:3]))


def _vanished(world: World, pairs: Pairs) -> None:
    _titles(world, pairs)
    for _, contact in pairs[1:]:  # Ann's stays, and its write is the one that waits
        world.boxes.order(world.boxes.hubspot, "purge", {"id": contact})
    world.clock.sleep(WEEK)


def _rewritten(world: World, pairs: Pairs) -> None:
    world.boxes.order(world.boxes.hubspot, "automation", {"property": "jobtitle", "set": {"jobtitle": "Robot"}, "times": 100})
    _titles(world, pairs)


@dataclass(frozen=True)
class Row:
    """A guard, how low its limit is for the test, what provokes it, and what its message names."""

    guard: str
    provoke: Callable[[World, Pairs], object]
    seen: int
    pattern: str
    lowered: str = ""
    first: int = 0
    """So many writes go before it is known."""


ROWS = [
    Row("updates", _titles, 4, "most of them jobtitle changed", "UPDATES_AT_LEAST"),
    Row("stage_moves", _moves, 5, "most of them hs_lead_status: NEW -> ", "MOVES_AT_LEAST"),
    Row("one_value", _phones, 5, "the same phone", "ONE_VALUE_AT_LEAST"),
    Row("blanks", _blank, 1, "a value replaced by nothing"),
    Row("creates", _creates, 3, "the limit is 2"),
    Row("missing", _vanished, 4, "of 5 records that were there, 4 did not come", "SHRANK_AT_LEAST"),
    Row("canary", _rewritten, 2, "contacts update: jobtitle", first=2),
]


def _written(world: World) -> int:
    return sum(one.system == "hubspot" for one in world.written())


@pytest.fixture
def pairs(world: World) -> Pairs:
    """Five people who are at rest in both CRMs."""
    made = [world.pair(f"{name}@acme.example", sf={"Status": OPEN}, hs={"lifecyclestage": "lead", "hs_lead_status": "NEW"}) for name in NAMES]
    world.begin()
    world.mark()
    return made


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.guard)
def test_a_guard_stops_its_system_alone_and_its_flag_lets_it_pass(world: World, pairs: Pairs, row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the plan, before the first write: nothing reaches HubSpot, Salesforce goes on, the message names pattern and flag, the run ends with 5; then the flag."""
    if row.lowered:
        monkeypatch.setattr(guard, row.lowered, 3)
    if row.guard == "canary":
        monkeypatch.setattr(canary, "FIRST", 2)
    row.provoke(world, pairs)
    world.hs_edit(pairs[0][1], company="Travels")
    world.mark()
    report = world.sync()
    (refusal,) = report.guards
    assert (report.status, of_report(report), refusal.system) == ("blocked", ExitCode.GUARD, "hubspot")
    flag = f"--allow hubspot.{row.guard}={row.seen}"
    assert (refusal.flag, row.pattern in str(refusal), flag in str(refusal)) == (flag, True, True), str(refusal)
    assert _written(world) == row.first
    assert world.sf(pairs[0][0])["Company"] == "Travels", "the other system goes on"
    world.clock.sleep(WEEK)
    assert world.sync({("hubspot", row.guard): 5}).status == "ok"
    assert _written(world) > row.first


def test_the_reserve_of_calls_stops_its_system_alone_and_its_flag_lets_it_pass(world: World, pairs: Pairs) -> None:
    """Nine tenths of Salesforce's calls are used: nothing is written there, HubSpot goes on, others' use and the flag are told, the run ends with 5; then the flag."""
    world.hs_edit(pairs[0][1], jobtitle="CEO")
    world.sf_edit(pairs[1][0], Title="Travels")
    minutes = world.boxes.salesforce.service.usage.minutes
    minutes[max(minutes)] += 900 - sum(minutes.values())
    world.settings("salesforce", daily_limit=1000)
    world.mark()
    report = world.sync()
    error = report.errors["salesforce"]
    assert isinstance(error, ReserveReached)
    assert of_report(report) is ExitCode.GUARD
    assert " of them by others" in str(error)
    assert "--allow salesforce.api_calls=1000" in next_step_of(error)
    assert not world.write_calls("salesforce")
    assert world.hs(pairs[1][1])["jobtitle"] == "Travels", "the other system goes on"
    assert world.sync({("salesforce", "api_calls"): 1000}).status == "ok"
    assert world.sf(pairs[0][0])["Title"] == "CEO"


def test_the_passes_of_a_run_have_one_limit(world: World, pairs: Pairs, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a first pass wrote counts in the next: four updates pass, and four more of the same run are eight, over a limit of seven."""
    monkeypatch.setattr(guard, "UPDATES_AT_LEAST", 7)
    _titles(world, pairs)
    world.clock.sleep(3600)
    with open_session(world.hub, "sync") as session:
        pull(session)
        changes = agree(session)
        judge_guards(session, changes)
        apply(session)
        assert not session.refusals
        judge_guards(session, changes)
        (refusal,) = session.refusals
    assert (refusal.seen, refusal.limit, refusal.made) == (8, 7, 4)
    assert "4 of them written already in this run" in str(refusal)


def test_nothing_is_written_past_the_guards_whoever_planned_it(world: World, pairs: Pairs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writes that were journaled without having been judged are judged right before the first call."""
    monkeypatch.setattr(guard, "UPDATES_AT_LEAST", 3)
    _titles(world, pairs)
    world.clock.sleep(3600)
    _, changes = plan(world.hub)
    world.mark()
    with open_session(world.hub, "apply") as session:
        with world.hub.store.begin() as tx:
            tx.intents.plan(session.run_id, changes, session.token)
        apply(session)
        assert [refusal.guard for refusal in session.refusals] == ["updates"]
    assert not _written(world)


@pytest.mark.parametrize("way", ["file", "revert"])
def test_every_way_to_write_meets_the_guards(world: World, pairs: Pairs, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """A plan's file and a revert stop as a sync does, and pass with the same flag."""
    _titles(world, pairs)
    world.clock.sleep(3600)
    hub, allowed = world.hub, {("hubspot", "updates"): 4}
    if way == "revert":
        done = world.sync()
        with hub.store.read() as tx:
            (run,) = tx.runs.get(done.run)
        monkeypatch.setattr(guard, "UPDATES_AT_LEAST", 3)
        world.mark()
        with pytest.raises(GuardStopped, match=r"--allow hubspot\.updates=4"):
            revert(hub, run)
        assert not _written(world)
        revert(hub, run, allowed=allowed)
    else:
        monkeypatch.setattr(guard, "UPDATES_AT_LEAST", 3)
        report, changes = plan(hub)
        kept = PlanFile(report.run, hub.deployment.hash, {}, tuple(Item.of(change, hub) for change in changes))
        world.mark()
        stopped, _ = apply_plan(hub, kept)
        assert of_report(stopped) is ExitCode.GUARD
        assert not _written(world)
        apply_plan(hub, kept, allowed=allowed)
    assert _written(world) == 4
