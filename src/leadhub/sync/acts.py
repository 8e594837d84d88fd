"""Runs that a person starts for a purpose: making exactly the changes of a plan, and taking a run back. Both use the flow of `run`, and its guards."""

from collections.abc import Mapping, Sequence

from leadhub.errors import GuardStopped
from leadhub.hub import Hub
from leadhub.model.run import RunRow
from leadhub.sync import approval, pausing
from leadhub.sync import revert as reverting
from leadhub.sync.apply import apply
from leadhub.sync.chosen import Refused, choose, leave_out, not_made
from leadhub.sync.guards import guard
from leadhub.sync.planfile import PlanFile
from leadhub.sync.report import RunReport, run_report
from leadhub.sync.revert import Part, Reverted
from leadhub.sync.session import open_session
from leadhub.sync.steps import PASSES, fresh_plan, tidy
from leadhub.sync.taken_back import LEFT, REVERTS

Allowed = Mapping[tuple[str, str], int]


def apply_plan(hub: Hub, wanted: PlanFile, *, allowed: Allowed | None = None) -> tuple[RunReport, Sequence[Refused]]:
    """Make exactly these changes of an earlier plan, as far as a plan made now has them too; of the others say why not.

    What a fresh plan has beside them stays planned for the next run.

    Raises:
        GuardStopped: the deployment asks for an approval of somebody else than the plan's author, and there is none.
    """
    with hub.store.read() as tx:
        approval.demand(tx, hub, wanted)
    with open_session(hub, "apply", allowed=allowed, plan=None if wanted.hash is None else (wanted.run, wanted.hash)) as session:
        chosen = choose(session, wanted, fresh_plan(session, wanted.backfill))
        guard(session, chosen.changes)
        with session.storing() as tx:
            approval.demand(tx, hub, wanted)  # again: it may have been withdrawn while the systems were read
            tx.intents.plan(session.run_id, chosen.changes, session.token)
            leave_out(session, tx, chosen.refused)
        apply(session)
        tidy(session)
        refused = [*chosen.refused, *not_made(session)]
        session.left_out = sum(not one.stands for one in refused)
        return run_report(session), refused


def preview_revert(hub: Hub, run: RunRow) -> tuple[RunReport, Reverted]:
    """Show what `revert` would take back of a run. Reads from the systems, writes to none of them."""
    with open_session(hub, "plan") as session:
        fresh_plan(session)
        found = reverting.take_back(session, run, store=False)
        guard(session, found.changes, blanks=True)
        return run_report(session), found


def revert(hub: Hub, run: RunRow, part: Part | None = None, *, allowed: Allowed | None = None) -> tuple[RunReport, Reverted]:
    """Take back what can be of a run: set leadhub's own values back as decisions, and write the old native values where they still stand.

    `part` are those of its writes that are meant; None: all. A revert that breaks off is finished by the same revert, made again.

    Raises:
        GuardStopped: a guard refuses it, or all that is left of it waits for a system that is paused; nothing was taken back.
    """
    with open_session(hub, "revert", allowed=allowed) as session:
        with session.storing() as tx:
            session.note(tx, REVERTS, run.id)
        fresh_plan(session)
        judged = reverting.take_back(session, run, part, store=False)
        if judged.empty:
            pausing.demand_running(hub, judged.waits_for)
        guard(session, judged.changes, blanks=True)
        if session.refusals:
            raise GuardStopped("A guard stops this revert; nothing was taken back. " + " ".join(map(str, session.refusals)))
        found = reverting.take_back(session, run, part, store=True)
        for _ in range(PASSES):
            again = apply(session)
            reverting.settle_archived(session, found.changes)
            tidy(session)
            if not again:
                break
            reverting.take_back(session, run, part, store=True)
        if part is None and not found.empty:
            session.noted[LEFT] = found.count("left") + found.count("waits")
        return run_report(session), found
