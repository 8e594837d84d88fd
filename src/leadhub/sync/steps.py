"""The steps that every run is made of, put together: agree on what was read, guard what is planned. `run` and `acts` are the runs."""

from collections import Counter
from collections.abc import Sequence

from leadhub.core.guard import judge as judge_guards
from leadhub.core.guard import tally
from leadhub.model.run import PlannedChange
from leadhub.sync.backfill import fill
from leadhub.sync.enroll import resolve
from leadhub.sync.judge import judge as reconcile
from leadhub.sync.planfile import Backfill
from leadhub.sync.pull import pull
from leadhub.sync.recover import recover
from leadhub.sync.session import Session

PASSES = 3
"""What changes between our reading and our writing is judged again in the same run, this often; after that the next run does it."""


def agree(session: Session) -> list[PlannedChange]:
    """Find out whom the touched records are about, reconcile these persons, and return the writes that it takes."""
    session.planned.clear()
    resolve(session)
    standing, not_planned = session.standing, session.not_planned
    session.standing, session.not_planned = Counter(), []
    reconcile(session)
    session.standing |= standing  # who is judged again in a later pass of the run is not counted twice
    session.not_planned = list((Counter(session.not_planned) | Counter(not_planned)).elements())
    return list(session.planned)


def fresh_plan(session: Session, backfill: Backfill | None = None) -> list[PlannedChange]:
    """Everything up to the writes; in a run that journals none of them."""
    recover(session)
    pull(session)
    changes = agree(session)
    return changes if backfill is None else fill(session, backfill)


def tidy(session: Session) -> None:
    """Judge once more what was written, so that it waits for nothing; what the run met was counted before."""
    met = session.standing.copy(), list(session.lost), list(session.not_planned)
    agree(session)
    session.standing, session.lost, session.not_planned = met


def guard(session: Session, changes: Sequence[PlannedChange], *, blanks: bool = False) -> None:
    """Judge the plan before the first write; a system whose guard refuses is left out of this run. `blanks`: blanks that stood there may come back."""
    with session.hub.store.read() as tx:
        linked = {name: tx.persons.linked(name) for name in {change.system for change in changes}}
    caps = {name: row.create_cap for name, row in session.rows.items()}
    may_blank = frozenset(name for name, policy in session.hub.policy.fields.items() if blanks or policy.clear == "propagate")
    session.refuse(judge_guards(tally(changes, may_blank), linked, caps, session.allowed))
