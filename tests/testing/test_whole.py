"""The whole engine under simulation, in every test run: as many schedules as there is time for, the process killed around every write, all stores."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from leadhub.core import creates
from leadhub.store import open_store
from leadhub.testing.simulator.whole import Person, Schedule, Setting, Step, Traits, play, run_for, schedule, shorter

PORTIONS = range(4)
AT_LEAST, SECONDS = 1_300, 30.0
"""Of each portion, so many schedules and as many more as fit into this time."""
KILLED = (1, 2, 3, 5, 8)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("portion", PORTIONS)
def test_random_schedules_find_nothing(portion: int, record_property: Callable[[str, object], None]) -> None:
    """No edit is lost, nobody doubled or brought back, nothing written without cause; and two writing rounds after the last foreign change all is quiet."""
    tally, seconds = run_for(1_000_000 * (portion + 1), AT_LEAST, SECONDS)
    record_property("schedules", f"{tally.schedules} of the whole engine in {seconds:.0f} s, {tally.schedules / seconds * 60:.0f} a minute")
    assert not tally.findings, f"{dict(tally.findings)}; seeds {tally.seeds}"
    assert max(tally.quiet) <= 2
    assert sum(tally.races.values()) <= 0.02 * tally.schedules
    assert tally.reverts > 10, "schedules that take runs back are among them"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", KILLED)
def test_killed_at_every_point_nothing_is_lost(seed: int) -> None:
    """The process ends at each point around every write, in turn: whoever comes next finds out, and ends where nothing is missing or doubled."""
    plan = schedule(seed)
    found = {point: of for point in play(plan).write_points if (of := [f for f in play(plan, kill_at=point).findings if not f.raced])}
    assert not found


@pytest.mark.parametrize("seed", [3, 9, 17, 20])
def test_sqlite_comes_to_the_same(seed: int) -> None:
    """The schedule on SQLite ends as on the store in dictionaries, call by call and write by write."""
    plan = schedule(seed)
    assert play(plan, lambda clock: open_store("sqlite:///:memory:", clock)) == play(plan)


def _goes_by_the_clock(plan: Schedule) -> bool:
    """Whether a lease runs out in the schedule: on PostgreSQL it does so by the database's own time, which no simulated clock moves."""
    return any(step.kind in ("kill", "usurp") for step in plan.steps)


@pytest.mark.parametrize("seed", [seed for seed in range(1, 40) if not _goes_by_the_clock(schedule(seed))][:3])
def test_postgresql_comes_to_the_same(seed: int, postgres_url: str) -> None:
    """And so it does on PostgreSQL."""
    plan = schedule(seed)
    assert play(plan, lambda clock: open_store(postgres_url, clock)) == play(plan)


def test_a_finding_replays_shrinks_and_can_be_pasted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the engine is wrong the same seed says so each time, in fewer steps, and in Python that plays the same."""
    original = creates._is_missing
    monkeypatch.setattr(
        creates,
        "_is_missing",
        lambda result, lead, target: original(replace(result, links=tuple(x for x in result.links if x.role != "frozen")), lead, target),
    )
    seed = next(n for n in range(1, 200) if any(f.oracle == "resurrect" for f in play(schedule(n)).findings))
    found = play(schedule(seed))
    assert play(schedule(seed)) == found
    short = shorter(schedule(seed), "resurrect")
    assert len(short.steps) < len(found.plan.steps)
    names: dict[str, object] = {"Schedule": Schedule, "Setting": Setting, "Traits": Traits, "Person": Person, "Step": Step}
    pasted = eval(play(short).text(), names)
    assert pasted == short
    assert play(pasted) == play(short)
