"""Which sides still wait for a write that nothing will make, and which differ from what leadhub holds without a reason. None do where all is quiet."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from leadhub.core.agreement import field_of_key
from leadhub.core.plan import plan_person
from leadhub.core.reconcile import Reconciled, reconcile
from leadhub.core.targets import TargetObject
from leadhub.model.person import Aggregate, Canonical, Link
from leadhub.model.state import FACETS
from leadhub.store import RecordKey, Transaction
from leadhub.sync.drift import Example, Findings
from leadhub.sync.judge import sides_of
from leadhub.sync.session import Session

SLICE = 500


def waiting_writes(session: Session, findings: Findings, systems: Collection[str], unanswered: Collection[RecordKey]) -> int:
    """Look at everybody; count what waits without anybody knowing. Return how many persons wait for the next run: they are known, as those are of whom is asked.

    Of the records that are `unanswered` nobody says anything here: what they show is known once the next run has looked at them.
    """
    targets = {key: replace(target, creates=False) for key, target in session.hub.targets(session.books).items()}
    after, known, done = "", 0, 0
    while True:
        session.checkpoint()
        with session.hub.store.read() as tx:
            ids = tx.persons.iter_ids(after, SLICE)
            if not ids:
                return known
            doubtful = [a for a in tx.persons.load(ids) if may_wait(a)]
            told = ((a.person.id, [one for one in _found(session, a, targets, systems) if one.key not in unanswered]) for a in doubtful)
            found = {person: some for person, some in told if some}
            looked_at, asked = _expected(session, tx, [a for a in doubtful if a.person.id in found])
        known += len(looked_at)
        for example in (example for person, some in found.items() if person not in looked_at | asked for example in some):
            findings.add("behind", example)
        after, done = ids[-1], done + len(ids)
        session.hub.progress("looking at links", "", done, None)
        session.renew()


def _expected(session: Session, tx: Transaction, aggregates: Collection[Aggregate]) -> tuple[set[str], set[str]]:
    """Those of these persons whom the next run looks at anyway, and those about whom somebody is asked."""
    if not aggregates:
        return set(), set()
    persons = [a.person.id for a in aggregates]
    links = {RecordKey(link.system, link.object, link.record_id): a.person.id for a in aggregates for link in a.links}
    looked_at = {links[key] for key in tx.records.waiting(links)} | {decision.person_id for decision in tx.decisions.pending(persons)}
    due = set(tx.persons.due(session.started, 1_000_000)) & set(persons)
    return looked_at | due, {person for person in persons if tx.reviews.open(person_id=person, limit=1)}


def may_wait(aggregate: Aggregate) -> bool:
    """Whether a link stands for an older version than leadhub holds, or for another value of the same one; nearly nobody's does."""
    leads = {lead.id: lead for lead in aggregate.leads}
    for link in aggregate.links:
        if link.role != "primary":
            continue
        for key, base in link.base.items():
            held = _held(aggregate, key)
            if held is not None and (base.version < held.version or (base.how == "agreed" and base.value != held.value)):
                return True
        seen = link.state.versions if link.state is not None else {}
        if any(id_ in leads and any(v.of(facet) < leads[id_].versions.of(facet) for facet in FACETS) for id_, v in seen.items()):
            return True
    return False


def _held(aggregate: Aggregate, key: str) -> Canonical | None:
    name, _, lead_id = key.partition("@")
    fields = next((lead.fields for lead in aggregate.leads if lead.id == lead_id), {}) if lead_id else aggregate.person.fields
    return fields.get(name)


def _found(session: Session, aggregate: Aggregate, targets: Mapping[tuple[str, str], TargetObject], systems: Collection[str]) -> Iterator[Example]:
    """What the rule would do with the person now: writes that nothing has planned, and differences to which it gives no reason."""
    result: Reconciled = reconcile(
        aggregate.person, aggregate.leads, sides_of(session, aggregate, {}), [], session.hub.policy, session.hub.clock.now()
    )
    links: dict[str, Link] = {link.id: link for link in aggregate.links}
    written: dict[RecordKey, list[str]] = {}
    differs: dict[RecordKey, list[str]] = {}
    for change in plan_person(result, targets).changes:
        if change.system in systems:
            written.setdefault(RecordKey(change.system, change.object, change.record_id or ""), []).extend(change.values)
    for one in result.standing:
        if one.reason == "agreed" and one.system in systems:
            link = links[one.link]
            differs.setdefault(RecordKey(link.system, link.object, link.record_id), []).append(field_of_key(one.field))
    for key in {**written, **differs}:  # each record counts once
        told = {"to be written": written.get(key), "differs without a reason": differs.get(key)}
        yield Example(key, "; ".join(f"{what}: {', '.join(names)}" for what, names in told.items() if names))
