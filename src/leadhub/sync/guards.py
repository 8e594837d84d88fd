"""Guards, the shell's part: what a plan comes to together with what its run has already written. Judged on the plan, and again right before the writes.

Whatever writes goes through `apply`, which asks here once more: a second pass, a plan's file, one pattern, a revert.
"""

from collections.abc import Sequence

from leadhub.core.guard import judge, tally
from leadhub.model.run import PlannedChange
from leadhub.sync.installation import refusals
from leadhub.sync.session import Session


def guard(session: Session, changes: Sequence[PlannedChange], *, blanks: bool = False) -> None:
    """Judge what is planned; a system whose guard refuses is left out of this run. `blanks`: blanks that stood there may come back."""
    systems = {change.system for change in changes if not session.blocked(change.system) and not _left(session, change.system)}
    with session.hub.store.read() as tx:
        linked = {name: tx.persons.linked(name) for name in systems}
    caps = {name: row.create_cap for name, row in session.rows.items()}
    may_blank = frozenset(name for name, policy in session.hub.policy.fields.items() if blanks or policy.clear == "propagate")
    made = [change for change, _ in session.made]
    before = tally((change for change in made if change.system in systems), may_blank)
    whole = tally((change for change in (*made, *changes) if change.system in systems), may_blank)
    session.refuse(list(refusals(session, sorted(systems))))
    session.refuse(judge(whole, linked, caps, session.allowed, before))


def _left(session: Session, system: str) -> bool:
    """Whether nothing is written to a system anyway, for it is paused: then no run ends as stopped. A plan is looked at, so there it counts."""
    return session.rows[system].mode == "paused" and session.kind != "plan"
