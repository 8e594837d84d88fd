"""Backfill: one explicit act after a field was mapped. What first contact left blank in it is planned with the value that leadhub holds.

Only blanks are filled: a value that differed at first contact stays, and so does a blank that somebody made, or decided on. Nothing is remembered of
it but the writes: what is not written now is a standing difference as before. For a rule that stays, there is `[[settle]]` in leadhub.toml.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from leadhub.core.agreement import field_of_key
from leadhub.core.plan import plan_person
from leadhub.core.policy import Policy, Settle
from leadhub.core.reconcile import reconcile
from leadhub.model.person import Aggregate
from leadhub.model.run import PlannedChange
from leadhub.sync.judge import sides_of
from leadhub.sync.planfile import Backfill
from leadhub.sync.session import Session

SLICE = 500


def fill(session: Session, wanted: Backfill) -> list[PlannedChange]:
    """Return the changes that fill the blanks of one field, with whatever else those records wait for. All edits must have been heard."""
    policy = replace(session.hub.policy, settle=(*session.hub.policy.settle, Settle(wanted.field, "fill", wanted.system)))
    changes: list[PlannedChange] = []
    for aggregates in _everybody(session):
        changes += [c for a in aggregates if _may_be_blank(a, wanted) for c in _planned(session, a, policy, wanted)]
    return changes


def _everybody(session: Session) -> Iterator[Sequence[Aggregate]]:
    after = ""
    while True:
        session.checkpoint()
        session.renew()
        with session.hub.store.read() as tx:
            ids = tx.persons.iter_ids(after, SLICE)
            aggregates = tx.persons.load(ids)
        if not ids:
            return
        yield aggregates
        after = ids[-1]


def _may_be_blank(aggregate: Aggregate, wanted: Backfill) -> bool:
    """Whether first contact left a difference in the field in some record of this person; most have none, and need not be judged."""
    links = (link for link in aggregate.links if wanted.system in (None, link.system))
    bases = (base for link in links for key, base in link.base.items() if field_of_key(key) == wanted.field)
    return any(base.how == "adopted" for base in bases)


def _planned(session: Session, aggregate: Aggregate, policy: Policy, wanted: Backfill) -> Sequence[PlannedChange]:
    sides = sides_of(session, aggregate, {})
    result = reconcile(aggregate.person, aggregate.leads, sides, [], policy, session.hub.clock.now())
    targets = {key: replace(target, creates=False) for key, target in session.hub.targets(session.books).items()}
    filled = {b.id for b in result.links for key, base in b.base.items() if field_of_key(key) == wanted.field and base.how == "fill"}
    return [c for c in plan_person(result, targets).changes if f"{c.system}/{c.object}/{c.record_id}" in filled]
