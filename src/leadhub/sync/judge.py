"""Reconcile, the shell's part: loads touched persons in slices, lets the pure rule judge them, and stores what it says with the intents to write."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from leadhub.core.normalize import side_of
from leadhub.core.plan import PersonPlan, TargetObject, label, plan_person
from leadhub.core.reconcile import Reconciled, reconcile
from leadhub.core.sides import Side
from leadhub.errors import LeadhubError
from leadhub.model.person import Aggregate, Link, Person
from leadhub.model.record import Author
from leadhub.model.run import Decision, Edit, Review, ReviewKind
from leadhub.store import RecordKey, Transaction
from leadhub.sync.session import Session

SLICE = 500
JUDGED: frozenset[ReviewKind] = frozenset({"conflict", "regress", "reentry"})
"""The kinds of question that reconciling asks, and so closes when it no longer does."""

Authors = Mapping[tuple[str, str], Author]
"""By (link id, native field)."""


def judge(session: Session) -> None:
    """Reconcile every person whose records changed, who is due, or for whom something was decided."""
    _close_mapped(session)
    for ids in _work(session):
        session.checkpoint()
        with session.hub.store.read() as tx:
            aggregates = tx.persons.load(ids)
        authors = _ask_authors(session, aggregates)
        with session.hub.store.begin() as tx:
            _judge_slice(session, tx, ids, authors)
        session.renew()


def _close_mapped(session: Session) -> None:
    """Close the questions about unmapped values that somebody has mapped since."""
    with session.hub.store.begin() as tx:
        for stored in tx.reviews.open(kind="unmapped"):
            for place, value in stored.review.values.items():
                system, _, object_name = place.partition("/")
                relation = session.hub.policy.relations.get((system, object_name))
                if relation is None or relation.row(stored.review.field, {stored.review.field: value or ""}) is not None:
                    tx.reviews.close([stored.review.id], session.run_id)


def _work(session: Session) -> Iterator[Sequence[str]]:
    with session.hub.store.read() as tx:
        persons: dict[str, None] = dict.fromkeys([*tx.decisions.persons_pending(), *tx.persons.due(session.started, 1_000_000)])
        after: RecordKey | None = None
        while batch := tx.records.dirty(1000, after):
            persons.update(dict.fromkeys(tx.persons.person_of(batch).values()))
            after = batch[-1]
    ids = list(persons)
    for start in range(0, len(ids), SLICE):
        yield ids[start : start + SLICE]


def sides_of(session: Session, aggregate: Aggregate, authors: Authors) -> list[Side]:
    """Return the sides that count: primary links whose records are there."""
    sides = []
    for link in aggregate.links:
        record = aggregate.records.get(link.id)
        system = session.hub.systems.get(link.system)
        if system is None or record is None or record.gone is not None or link.role != "primary":
            continue
        target = system.object(link.object)
        mine = {name: author for (link_id, name), author in authors.items() if link_id == link.id}
        writes = session.kind != "adopt" and session.switched_on(link.system)
        sides.append(side_of(link, record, target.mapping, target.relation, writes=writes, authors=mine))
    return sides


def _ask_authors(session: Session, aggregates: Sequence[Aggregate]) -> dict[tuple[str, str], Author]:
    """Ask the systems that keep a history who set the state fields that changed."""
    wanted: dict[tuple[str, str], list[str]] = {}
    for aggregate in aggregates:
        for side in sides_of(session, aggregate, {}):
            base, careful = side.link.state, session.careful.get(side.system)
            if careful is None or not careful.can_tell_authors or base is None or side.state is None:
                continue
            if any(base.values.get(name) != value for name, value in side.state.items()):
                wanted.setdefault((side.system, side.link.object), []).append(side.link.record_id)
    found: dict[tuple[str, str], Author] = {}
    for (system, name), ids in wanted.items():
        target = session.hub.systems[system].object(name)
        assert target.relation is not None
        try:
            authors = session.careful[system].authors(name, ids, target.relation.state_fields)
        except LeadhubError as error:
            session.fail(system, error)
            continue
        found |= {(RecordKey(system, name, record_id).link_id, field): author for (record_id, field), author in authors.items()}
    return found


def _judge_slice(session: Session, tx: Transaction, ids: Sequence[str], authors: Authors) -> None:
    aggregates = tx.persons.load(ids)
    decisions: dict[str, list[Decision]] = {}
    for decision in tx.decisions.pending(ids):
        decisions.setdefault(decision.person_id, []).append(decision)
    targets, uncertain = _targets(session), _uncertain(session, tx)
    now = session.hub.clock.now()
    results: list[tuple[Reconciled, PersonPlan]] = []
    saved = []
    for aggregate in aggregates:
        result, after = _judge_one(session, aggregate, decisions.get(aggregate.person.id, []), authors, now)
        saved.append(after)
        full = replace(result, links=after.links)  # a frozen or secondary link also says that a record is there
        results.append((result, plan_person(full, targets, uncertain.get(result.person.id, frozenset()))))
    tx.persons.save(saved)
    _store_results(session, tx, ids, results)
    changes = [change for _, plan in results for change in plan.changes]
    if session.writes:
        tx.intents.plan(session.run_id, changes, session.token)
    else:
        waiting = {change.person_id for change in changes}
        tx.records.mark_dirty(_key(link) for a in saved if a.person.id in waiting for link in a.links)
    session.planned.extend(changes)


def _judge_one(
    session: Session, aggregate: Aggregate, decisions: Sequence[Decision], authors: Authors, now: datetime
) -> tuple[Reconciled, Aggregate]:
    sides = sides_of(session, aggregate, authors)
    result = reconcile(aggregate.person, aggregate.leads, sides, decisions, session.hub.policy, now)
    judged = {link.id: link for link in result.links}
    links = tuple(judged.get(link.id, link) for link in aggregate.links)
    return result, Aggregate(result.person, result.leads, links, aggregate.records)


def _targets(session: Session) -> dict[tuple[str, str], TargetObject]:
    """What may be written now: creates only where the system is switched on."""
    targets = {}
    for key, target in session.hub.targets().items():
        writable = session.kind != "adopt" and session.switched_on(target.system)
        targets[key] = replace(target, creates=target.creates and writable)
    return targets


def _uncertain(session: Session, tx: Transaction) -> dict[str, frozenset[str]]:
    """By person, the systems that may have a record already: an open question says so. Two persons that may be one are created nowhere."""
    found: dict[str, frozenset[str]] = {}
    for stored in tx.reviews.open(kind="possible_duplicate", limit=100_000):
        person = stored.review.person_id or ""
        found[person] = found.get(person, frozenset()) | frozenset(stored.review.values)
    for stored in tx.reviews.open(kind="duplicate", limit=100_000):
        both = (stored.review.person_id, stored.review.values.get("other"))
        found |= {one: frozenset(session.hub.systems) for one in both if one is not None}
    return found


def _store_results(session: Session, tx: Transaction, ids: Sequence[str], results: Sequence[tuple[Reconciled, PersonPlan]]) -> None:
    session.pending.difference_update(ids)  # judged anew: what waited for them is found out again
    reviews = [review for result, _ in results for review in result.reviews]
    session.reviews_opened += tx.reviews.replace(ids, reviews, session.run_id, kinds=JUDGED)
    unmapped = {r.id: r for result, _ in results for r in _unmapped(result)}
    session.reviews_opened += tx.reviews.replace([], unmapped.values(), session.run_id)
    unplanned = {r.id: r for _, plan in results for r in _not_planned(plan)}
    session.reviews_opened += tx.reviews.replace([], unplanned.values(), session.run_id)
    tx.edits.append(session.run_id, [edit for result, _ in results for edit in result.edits])
    tx.decisions.mark_applied([d for result, _ in results for d in result.decided], session.run_id)
    for result, plan in results:
        session.standing.update((s.system, s.field, s.value or "", s.reason) for s in result.standing)
        session.not_planned.extend(f"{n.system}: {n.field}: {n.reason}" for n in plan.not_planned)
        session.lost.extend(_lost(result.person, e) for e in result.edits if not e.taken)
        if any(session.hub.systems[link_id.partition("/")[0]].is_target for link_id, _ in result.waiting):
            session.pending.add(result.person.id)


def _lost(person: Person, edit: Edit) -> str:
    new, old = (f'"{value}"' if value else "(blank)" for value in (edit.new, edit.old))
    return f"{label(person)}: {edit.field}: {edit.origin} had {new}, {old} was kept"


def _unmapped(result: Reconciled) -> Iterator[Review]:
    for link_id, name, value in result.unmapped:
        system, object_name, _ = link_id.split("/", 2)
        identity = hashlib.blake2b(f"unmapped|{system}|{object_name}|{name}|{value}".encode(), digest_size=6).hexdigest()
        note = "nobody mapped this value: it is left alone, and everything else flows"
        yield Review(identity, "unmapped", f"unmapped:{system}:{name}:{value}", None, None, name, {f"{system}/{object_name}": value}, note)


def _not_planned(plan: PersonPlan) -> Iterator[Review]:
    for missing in (n for n in plan.not_planned if not n.by_design):
        identity = hashlib.blake2b(f"refused|{missing.system}|{missing.person_id}|{missing.field}".encode(), digest_size=6).hexdigest()
        group = f"refused:{missing.system}:{missing.field}"
        yield Review(identity, "refused", group, missing.person_id, None, missing.field, {missing.system: None}, missing.reason)


def _key(link: Link) -> RecordKey:
    return RecordKey(link.system, link.object, link.record_id)
