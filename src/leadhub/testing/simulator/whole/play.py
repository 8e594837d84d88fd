"""One schedule of the whole engine from start to rest."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from leadhub.model.person import Link
from leadhub.store import Store
from leadhub.testing.dict_store import DictStore
from leadhub.testing.simulator.shell import Finding
from leadhub.testing.simulator.whole.schedule import Schedule, Step
from leadhub.testing.simulator.whole.world import SimulatedClock, World

BEFORE_A_CALL, AFTER_A_CALL = 6, 6
"""Points that a writing call has to do with: the plan, the last look and the journal before it; its effect, its answer and the journal after it."""
QUIET_ROUNDS = 2
FIGHTING_ROUNDS = 30
"""An automation that types over what leadhub writes is a foreign change each time, until it is left alone."""


@dataclass
class PlayedWhole:
    """What came of a schedule."""

    plan: Schedule
    findings: list[Finding]
    rounds: int = 0
    asked: int = 0
    quiet: int = 0
    points: int = 0
    write_points: tuple[int, ...] = ()
    """The points around each writing call: from where it is planned to where what came of it is stored."""
    writes: int = 0
    reverts: int = 0
    """How many fields were held against what they showed before a run that was taken back."""

    def text(self) -> str:
        """The schedule as Python that can be pasted into a test."""
        steps = "".join(f"\n        {step!r}," for step in self.plan.steps)
        people = "".join(f"\n        {person!r}," for person in self.plan.people)
        return (
            f"Schedule(\n    {self.plan.setting!r},\n    {self.plan.traits!r},\n    ({people}\n    ),\n    ({steps}\n    ),"
            f"\n    {self.plan.seed},\n    {self.plan.late!r},\n)"
        )


def in_memory(clock: SimulatedClock) -> Store:
    """A store for one schedule."""
    return DictStore(clock)


def play(plan: Schedule, make_store: Callable[[SimulatedClock], Store] = in_memory, *, kill_at: int | None = None) -> PlayedWhole:
    """Play a schedule, then let syncs run until nothing is written any more, then look at what is left."""
    world = World(plan, make_store)
    try:
        for n, crm in enumerate(world.crms):
            if n not in plan.late:
                world.adopt(crm)
        world.kill_at = kill_at
        for step in plan.steps:
            world.play(step)
        played = PlayedWhole(plan, world.witness.findings)
        played.quiet = settle(world)
        near = {point for push in world.pushes for point in range(push - BEFORE_A_CALL, push + AFTER_A_CALL + 1)}
        played.write_points = tuple(sorted(point for point in near if point > 0))
        played.rounds, played.asked, played.points = world.rounds, world.asked, world.total
        played.writes, played.reverts = world.oracles.writes, world.oracles.reverts_checked
        return played
    finally:
        world.store.close()


def settle(world: World) -> int:
    """No edits and no faults any more: how many syncs write something before one writes nothing?"""
    world.due.clear()
    for crm in world.crms:
        crm.faults.clear()
        crm.down = 0
    world.clock.sleep(3600)
    world.senders.release()
    for n in world.plan.late:
        world.run(Step("adopt", n))
        if world.killed:
            world.run(Step("adopt", n))
    quiet = 0
    limit = QUIET_ROUNDS if not any(t.workflow for t in world.plan.traits) else FIGHTING_ROUNDS
    while True:
        before = world.oracles.writes
        world.clock.sleep(60)  # every index has caught up
        report = world.run(Step("sync"))
        if world.killed:
            continue
        if report is None or report.troubles:
            world.witness.find("liveness", f"a healthy run does not end well: {report.troubles if report else None}")
            break
        if world.oracles.writes == before:
            break
        quiet += 1
        if quiet > limit:
            world.witness.find("convergence", f"still writing after {quiet} rounds without an edit")
            break
    _look(world, held=report is not None and bool(report.refusals))
    return quiet


def _look(world: World, *, held: bool) -> None:
    """Look at what is left. `held`: a guard stopped something, and a person is told how to let it pass."""
    with world.store.inner.read() as tx:
        open_ = {(s.review.person_id, s.review.field) for s in tx.reviews.open(limit=10_000)} | {
            (s.review.person_id, part) for s in tx.reviews.open(kind="refused", limit=10_000) for part in s.review.field.split(",")
        }
        aggregates = tx.persons.load(tx.persons.iter_ids(limit=10_000))

    def excused(link: Link, name: str) -> bool:
        system = world.hub.systems[link.system]
        mapped = {f.canonical: f for o in system.objects if o.mapping.object == link.object for f in o.mapping.fields}
        asked = bool({(link.person_id, name), (link.person_id, "record"), (link.person_id, mapped[name].native)} & open_)
        row = next(c for c in world.crms if c.name == link.system).rows[link.object, link.record_id]
        return held or asked or not system.writes or row.gone is not None or bool(row.values.get("IsConverted"))

    world.witness.ended(aggregates, excused)
    world.oracles.ended(excused)


def shorter(plan: Schedule, oracle: str, *, kill_at: int | None = None) -> Schedule:
    """Leave out steps as long as the schedule still shows the finding."""
    steps, size = list(plan.steps), max(1, len(plan.steps) // 2)
    while size:
        at = 0
        while at < len(steps):
            fewer = steps[:at] + steps[at + size :]
            if any(f.oracle == oracle and not f.raced for f in play(replace(plan, steps=tuple(fewer)), kill_at=kill_at).findings):
                steps = fewer
            else:
                at += size
        size //= 2
    return replace(plan, steps=tuple(steps))
