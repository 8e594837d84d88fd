"""The steps that every run is made of, put together: read, and agree on what was read. `run` and `acts` are the runs."""

from collections import Counter

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
