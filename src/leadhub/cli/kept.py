"""A plan that was kept, as it is shown before it is approved or made: what of it is left, and which runs made the rest."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from leadhub.cli import plan_view, run_view
from leadhub.cli.session import Cli
from leadhub.cli.words import listed, plural, verb
from leadhub.hub import Hub
from leadhub.model.run import PlannedChange, RunRow
from leadhub.sync import approval
from leadhub.sync.chosen import Refused, made_before
from leadhub.sync.patterns import grouped, irreversible
from leadhub.sync.planfile import Item, PlanFile


@dataclass(frozen=True, slots=True)
class Before:
    """An item that an earlier run made."""

    item: Item
    run: str

    def as_json(self) -> dict[str, Any]:
        """Return it as `apply` prints it."""
        return {"key": self.item.key, "system": self.item.system, "record_id": self.item.record_id, "run": self.run}


@dataclass(frozen=True, slots=True)
class Left:
    """A plan with what of it no run has made yet, and beside it what was made before: what stands of it, and what was taken back."""

    plan: PlanFile
    before: tuple[Before, ...] = ()
    undone: tuple[Refused, ...] = ()
    runs: tuple[RunRow, ...] = ()
    """The runs that made what was made before, oldest first."""

    def first(self, limit: int | None) -> "Left":
        """Return the same with no more of what is left than that."""
        return replace(self, plan=replace(self.plan, items=self.plan.items[:limit]))

    @property
    def asked(self) -> PlanFile:
        """The plan that a run is asked for: what is left, and what was taken back, so that its journal says why that is not made again."""
        return replace(self.plan, items=(*self.plan.items, *(one.item for one in self.undone)))


def left_of(hub: Hub, plan: PlanFile) -> Left:
    """Part a plan into what is left and what was made. What was sent and not answered is left: the next run finds out first."""
    with hub.store.read() as tx:
        made = {key: one for key, one in made_before(tx, plan).items() if one.made_by is not None}
        runs = tuple(run for run in tx.runs.of_plan(plan.run) if run.id in {one.made_by for one in made.values()})
    left = replace(plan, items=tuple(item for item in plan.items if item.key not in made))
    before = tuple(Before(one.item, one.made_by) for one in made.values() if one.stands and one.made_by is not None)
    return Left(left, before, tuple(one for one in made.values() if not one.stands), runs)


def show(cli: Cli, hub: Hub, left: Left, which: str) -> list[PlannedChange]:
    """Show what is left of a plan, and who planned and approved it; return its changes, but for those of objects that are not read any more."""
    plan = left.plan
    known = [item.as_change() for item in plan.items if item.system in hub.systems and hub.systems[item.system].reads(item.object)]
    if cli.screen.for_people:
        cli.screen.line(f"{plural(len(plan.items), 'write')} {which}", style="bold")
        if plan.hash is not None:
            with hub.store.read() as tx:
                approvals = approval.standing(tx.approvals.of(plan.run), plan)
            cli.screen.line(run_view.planned_by(plan.planned_by, plan.planned_at, plan.run, approvals))
        if made := len(left.before) + len(left.undone):
            all_of_it = plural(len(plan.items) + made, "write")
            cli.screen.line(f"{made:,} of its {all_of_it} {verb(made, 'was', 'were')} made before: {made_by(left)}.")
        plan_view.show_groups(cli, hub, known, grouped(hub, known))
    return known


def made_by(left: Left) -> str:
    """Say which runs made what was made before, by whom, when, and how much of it each; and which took some of that back."""
    counted = Counter([*(one.run for one in left.before), *(one.made_by for one in left.undone)])
    made = "; ".join(f"run {r.id}, by {r.actor}, {r.started_at:%Y-%m-%d %H:%M} UTC: {plural(counted[r.id], 'write')}" for r in left.runs)
    if not left.undone:
        return made
    by = list(dict.fromkeys(run for one in left.undone for run in one.taken_back))
    count = len(left.undone)
    return f"{made}, of which {count:,} {verb(count, 'was', 'were')} taken back by {verb(len(by), 'run', 'runs')} {listed(by)}"


def nothing_left(left: Left, where: str) -> str:
    """Say why there is nothing to do; `where` names the plan."""
    if left.undone:
        return f"Everything in {where} was made before: {made_by(left)}. No item of a plan is made twice."
    if left.before:
        return f"Everything in {where} was made before: {made_by(left)}. Nothing is left to do."
    return f"{where[0].upper()}{where[1:]} has no writes: there is nothing to do."


def as_json(hub: Hub, left: Left, refused: Sequence[Refused], run: str) -> dict[str, Any]:
    """Return what stands beside the object of a run that made a plan; `run` is that run, or the one that planned, where none was needed."""
    rows = [{"key": r.item.key, "system": r.item.system, "record_id": r.item.record_id, "reason": r.reason} for r in refused if not r.stands]
    before = [*left.before, *(Before(r.item, r.made_by) for r in refused if r.stands and r.made_by is not None)]
    with hub.store.read() as tx:
        told = next((approval.told(tx, row) for row in tx.runs.get(run)), None)
    asked = len(left.asked.items)
    counts = {"asked": asked, "made": asked - len(refused)}
    return {"plan": told and told.as_json(), **counts, "not_applied": rows, "made_before": [one.as_json() for one in before]}


def question(hub: Hub, verb: str, count: int, changes: Sequence[PlannedChange]) -> str:
    """Return the question before writes are made, or approved: it says how many of them leadhub cannot take back."""
    what = "this write" if count == 1 else f"these {count:,} writes"
    final = len(irreversible(hub, changes))
    warning = f" leadhub cannot take {'it' if count == 1 else f'{final:,} of them'} back." if final else ""
    return f"{verb} {what}?{warning}"
