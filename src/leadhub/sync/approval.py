"""Approval: a second person says that a plan may be made. Who planned, approved and applied is what the operating system says of whoever ran the command."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from leadhub.errors import GuardStopped
from leadhub.hub import Hub
from leadhub.model.run import Approval, RunRow
from leadhub.store import Transaction
from leadhub.sync.planfile import PlanFile


class NotYours(GuardStopped):
    """Whoever planned something cannot approve it, and nobody takes back what another approved."""


@dataclass(frozen=True, slots=True)
class Told:
    """Who planned what a run made, and who had approved it when it began."""

    run: str
    hash: str
    planned_by: str
    planned_at: datetime
    approvals: tuple[Approval, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it as `runs show` and `apply` print it."""
        approvals = [{"actor": a.actor, "at": a.at.isoformat(), "comment": a.comment} for a in self.approvals]
        named = {"run": self.run, "hash": self.hash, "planned_by": self.planned_by, "planned_at": self.planned_at.isoformat()}
        return {**named, "approvals": approvals}


def required(hub: Hub) -> bool:
    """Whether nothing is written unless a second person approved it."""
    return hub.deployment.document.defaults.approval == "required"


def demand_file(hub: Hub, command: str) -> None:
    """Raise GuardStopped for a run that would write what it plans itself, where only an approved plan may be made."""
    if required(hub):
        raise GuardStopped(
            f'{hub.deployment.path.name} says approval = "required": {command} writes nothing by itself, only a plan file that somebody else approved.'
            " Nothing was read or written.",
            next_step="leadhub plan -o FILE; then somebody else: leadhub approve FILE; then: leadhub apply FILE (leadhub pull reads, and writes nothing)",
        )


def demand(tx: Transaction, hub: Hub, plan: PlanFile) -> None:
    """Raise GuardStopped where this plan may not be made: it has to be approved, and nobody but its author has."""
    if not required(hub):
        return
    if plan.hash is None:
        demand_file(hub, "apply")
    if not standing(tx.approvals.of(plan.run), plan):
        raise GuardStopped(
            f"The plan of {plan.planned_by} (run {plan.run}) is approved by nobody else, and {hub.deployment.path.name}"
            ' says approval = "required". Nothing was written.',
            next_step=f"somebody other than {plan.planned_by}: leadhub approve {plan.file}",
        )


def standing(said: Iterable[Approval], plan: PlanFile, at: datetime | None = None) -> tuple[Approval, ...]:
    """Return the approvals of exactly this plan that hold (or held `at` that time), by others than its author."""
    found: dict[str, Approval] = {}
    for one in said:
        if one.plan_hash != plan.hash or one.actor == plan.planned_by or (at is not None and one.at > at):
            continue
        found.pop(one.actor, None)
        if one.given:
            found[one.actor] = one
    return tuple(found.values())


def approve(hub: Hub, plan: PlanFile, comment: str = "") -> Approval:
    """Store that whoever runs this approves a plan; who has approved it already is not stored again. Raises NotYours for its author."""
    refuse_author(hub, plan)
    with hub.store.begin() as tx:
        mine = [a for a in standing(tx.approvals.of(plan.run), plan) if a.actor == hub.actor]
        return mine[0] if mine else _say(tx, hub, plan, comment, given=True)


def withdraw(hub: Hub, plan: PlanFile, comment: str = "") -> Approval:
    """Store that one's own approval holds no more. Raises NotYours where there is none."""
    with hub.store.begin() as tx:
        if not any(a.actor == hub.actor for a in standing(tx.approvals.of(plan.run), plan)):
            raise NotYours(f"{hub.actor} has not approved this plan, so there is nothing to withdraw.", next_step=f"leadhub runs show {plan.run}")
        return _say(tx, hub, plan, comment, given=False)


def refuse_author(hub: Hub, plan: PlanFile) -> None:
    """Raise NotYours for who planned it."""
    if hub.actor == plan.planned_by:
        raise NotYours(
            f"{hub.actor} planned this, and so cannot approve it: the operating system knows you by the same name. Nothing was recorded.",
            next_step=f"give the file to somebody else, who has a user of their own: leadhub approve {plan.file}",
        )


def _say(tx: Transaction, hub: Hub, plan: PlanFile, comment: str, *, given: bool) -> Approval:
    assert plan.hash is not None
    said = Approval(plan.run, plan.hash, hub.actor, hub.clock.now(), given, comment)
    tx.approvals.add(said)
    return said


def told(tx: Transaction, run: RunRow) -> Told | None:
    """Return who planned and approved what a run made, or what it keeps in a file; None for a run that has to do with no file."""
    if run.plan_hash is None:
        return None
    planned = run if run.plan_run is None else next((r for r in tx.runs.get(run.plan_run) if r.id == run.plan_run), None)
    if planned is None:
        return None
    plan = PlanFile(planned.id, planned.config_hash, {}, (), hash=run.plan_hash, planned_by=planned.actor)
    approvals = standing(tx.approvals.of(planned.id), plan, None if run is planned else run.started_at)
    return Told(planned.id, run.plan_hash, planned.actor, planned.started_at, approvals)
