"""Reconcile, the shell's part: loads touched persons in slices, lets the pure rule judge them, and stores what it says with the intents to write."""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from leadhub.core.agreement import base_key
from leadhub.core.drafts import PersonPlan, label
from leadhub.core.plan import plan_person
from leadhub.core.reconcile import Reconciled, current_lead, reconcile
from leadhub.core.sides import Side
from leadhub.core.targets import TargetObject
from leadhub.errors import LeadhubError
from leadhub.hub.systems import heard_records
from leadhub.model.person import Aggregate, Link, Person, StoredRecord
from leadhub.model.record import LAST_SAVED, Author, Gone, Operation
from leadhub.model.run import Decision, Edit, Review, ReviewKind
from leadhub.store import RecordKey, Transaction
from leadhub.sync.consent import opt_out_namesakes
from leadhub.sync.deals import since
from leadhub.sync.graves import Graves
from leadhub.sync.retry import Careful
from leadhub.sync.session import Session

SLICE = 500
JUDGED: frozenset[ReviewKind] = frozenset({"conflict", "regress", "reentry"})
"""The kinds of question that reconciling asks, and so closes when it no longer does."""

ATTRIBUTED: frozenset[str] = frozenset({"owner", "email_opt_out", "do_not_call"})
"""The plain fields of which it is asked who changed them, as it is of the state (operations.md, "Why, and who")."""

Authors = Mapping[tuple[str, str], Author]
"""By (link id, native field)."""


def judge(session: Session) -> None:
    """Reconcile every person whose records changed, who is due, or for whom something was decided."""
    _close_mapped(session)
    _close_overtaken(session)
    with session.hub.store.read() as tx:
        uncertain = _uncertain(session, tx)
    done = 0
    for ids, total in _work(session):
        session.checkpoint()
        session.hub.progress("agreeing", "", done, total)
        done += len(ids)
        with session.hub.store.read() as tx:
            aggregates = tx.persons.load(ids)
        authors = _ask_authors(session, aggregates)
        with session.storing() as tx:
            _judge_slice(session, tx, ids, authors, uncertain)
        session.renew()


def _close_mapped(session: Session) -> None:
    """Close the questions about unmapped values that somebody has mapped since."""
    with session.storing() as tx:
        for stored in tx.reviews.open(kind="unmapped"):
            for place, value in stored.review.values.items():
                system, _, object_name = place.partition("/")
                relation = session.hub.policy.relations.get((system, object_name))
                if relation is None or relation.row(stored.review.field, {stored.review.field: value or ""}) is not None:
                    tx.reviews.close([stored.review.id], session.run_id)


def _work(session: Session) -> Iterator[tuple[Sequence[str], int]]:
    """Yield slices of the persons to judge, each with how many there are in all."""
    with session.hub.store.read() as tx:
        persons: dict[str, None] = dict.fromkeys([*tx.decisions.persons_pending(), *tx.persons.due(session.started, 1_000_000)])
        after: RecordKey | None = None
        while batch := tx.records.dirty(1000, after):
            persons.update(dict.fromkeys(tx.persons.person_of(batch).values()))
            after = batch[-1]
    ids = list(persons)
    for start in range(0, len(ids), SLICE):
        yield ids[start : start + SLICE], len(ids)


def sides_of(session: Session, aggregate: Aggregate, authors: Authors) -> list[Side]:
    """Return the sides that count: the linked records that are there."""
    sides = []
    for link, record in heard_records(session.hub, aggregate.links, aggregate.records):
        mine = {name: author for (link_id, name), author in authors.items() if link_id == link.id}
        writes = session.switched_on(link.system)
        fresh = _is_news(session, link, record)
        sides.append(session.hub.side(link, record, session.books, writes=writes, authors=mine, fresh=fresh))
    return sides


def _is_news(session: Session, link: Link, record: StoredRecord) -> bool:
    """Whether a record met for the first time was made after its system was adopted, or came in by itself: then it is no old disagreement."""
    if link.base:
        return False
    adopted = since(session.rows[link.system], link.object)
    later = adopted is not None and record.created is not None and record.created > adopted
    return later or session.hub.systems[link.system].receives


def _ask_authors(session: Session, aggregates: Sequence[Aggregate]) -> dict[tuple[str, str], Author]:
    """Ask the systems who changed what counts: the state, the owner, consent. Where no history names anyone, who saved the record last is told."""
    telling = {name for name, careful in session.careful.items() if careful.can_tell_authors or careful.can_tell_modifier}
    changed: dict[tuple[str, str], dict[str, list[str]]] = {}
    for aggregate in aggregates if telling else ():
        for side in sides_of(session, aggregate, {}):
            if side.system in telling and (fields := [*_changed_state(side), *_changed_fields(session, side, aggregate)]):
                changed.setdefault((side.system, side.link.object), {})[side.link.record_id] = fields
    found: dict[tuple[str, str], Author] = {}
    for (system, name), records in changed.items():
        try:
            told = ask_system(session.careful[system], name, records)
        except LeadhubError as error:
            session.fail(system, error)
            continue
        found |= {(RecordKey(system, name, record_id).link_id, field): author for (record_id, field), author in told.items()}
    return found


def _changed_state(side: Side) -> Iterator[str]:
    """Yield the native state fields that show something else than was last agreed."""
    base = side.link.state
    if base is not None and side.state is not None:
        yield from (name for name, value in side.state.items() if base.values.get(name) != value)


def _changed_fields(session: Session, side: Side, aggregate: Aggregate) -> Iterator[str]:
    """Yield the native names of the owner, the consents and whatever answers our writes, where they show something else than was last agreed."""
    policy = session.hub.policy
    current = current_lead(aggregate.leads)
    own = (side.system, side.link.object) in policy.own_lead
    lead_id = side.link.lead_id if own or current is None else current.id
    for mapped in session.hub.systems[side.system].object(side.link.object).mapping.fields:
        name = mapped.canonical
        if name not in policy.fields.keys() & side.shown.keys() or mapped.member:
            continue
        base = side.link.base.get(base_key(name, lead_id if policy.fields[name].entity == "lead" else None))
        if base is not None and base.value != side.shown[name] and (name in ATTRIBUTED or base.bounced):
            yield mapped.native


def ask_system(careful: Careful, name: str, records: Mapping[str, Sequence[str]]) -> dict[tuple[str, str], Author]:
    """Return who set the changed fields of these records, by record id and native field; one question for all of them."""
    fields = list(dict.fromkeys(field for changed in records.values() for field in changed))
    told = dict(careful.authors(name, list(records), fields)) if careful.can_tell_authors else {}
    unknown = [(record_id, field) for record_id, changed in records.items() for field in changed if (record_id, field) not in told]
    if unknown and careful.can_tell_modifier:
        savers = careful.modified(name, list(dict.fromkeys(record_id for record_id, _ in unknown)))
        told |= {(id_, field): _saved_by(savers[id_]) for id_, field in unknown if id_ in savers}
    return told


def _saved_by(saver: Author) -> Author:
    """Return an author of no consequence: that somebody saved the record last is no proof that they set this field."""
    return Author("automation", f"{LAST_SAVED}{saver.name}", saver.at)


def _judge_slice(session: Session, tx: Transaction, ids: Sequence[str], authors: Authors, uncertain: Mapping[str, frozenset[str]]) -> None:
    aggregates = tx.persons.load(ids)
    decisions: dict[str, list[Decision]] = {}
    for decision in tx.decisions.pending(ids):
        decisions.setdefault(decision.person_id, []).append(decision)
    targets = _targets(session)
    now = session.hub.clock.now()
    judged = [_judge_one(session, aggregate, decisions.get(aggregate.person.id, []), authors, now) for aggregate in aggregates]
    saved = [after for _, after in judged]
    graves = Graves(session, tx, saved)
    results: list[tuple[Reconciled, PersonPlan]] = []
    for result, after in judged:
        # a frozen or secondary link also says that a record is there; a deal is none of the person
        links = tuple(link for link in graves.opened(after).links if (link.system, link.object) not in session.hub.policy.evidence)
        full = replace(result, links=links)
        results.append((result, _plan(full, after, targets, uncertain.get(result.person.id, frozenset()), graves)))
    tx.persons.save(saved)
    _store_results(session, tx, ids, results)
    changes = [change for _, plan in results for change in plan.changes]
    waiting = {result.person.id for result, plan in results if plan.proposed}  # each plan says it again
    if session.writes:
        tx.intents.plan(session.run_id, changes, session.token)
    else:
        waiting |= {change.person_id for change in changes}
    tx.records.mark_dirty(_key(link) for a in saved if a.person.id in waiting for link in a.links)
    session.planned.extend(changes)


def _plan(
    full: Reconciled, after: Aggregate, targets: Mapping[tuple[str, str], TargetObject], uncertain: frozenset[str], graves: Graves
) -> PersonPlan:
    plan = plan_person(full, targets, uncertain)
    held = graves.of(after) & {change.system for change in plan.changes if change.operation is Operation.CREATE}
    if not held:
        return plan
    graves.ask(after, held)
    return plan_person(full, targets, uncertain | held)


def _judge_one(
    session: Session, aggregate: Aggregate, decisions: Sequence[Decision], authors: Authors, now: datetime
) -> tuple[Reconciled, Aggregate]:
    sides = sides_of(session, aggregate, authors)
    policy = session.hub.policy
    deals = (link for link in aggregate.links if (link.system, link.object) in policy.evidence and link.id in aggregate.records)
    gone = [link for link in deals if aggregate.records[link.id].gone is Gone.DELETED]
    result = reconcile(aggregate.person, aggregate.leads, sides, decisions, policy, now, gone)
    judged = {link.id: link for link in result.links}
    links = tuple(judged.get(link.id, link) for link in aggregate.links)
    return result, Aggregate(result.person, result.leads, links, aggregate.records)


def _targets(session: Session) -> dict[tuple[str, str], TargetObject]:
    """What may be written now: creates only where the system is switched on."""
    targets = {}
    for key, target in session.hub.targets(session.books).items():
        on = session.switched_on(target.system)
        targets[key] = replace(target, creates=target.creates and on, may_convert=target.may_convert and on, installation=session.installation)
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


def _close_overtaken(session: Session) -> None:
    """Close what was asked about creates that a rule refused, where nobody wants the record any more: the person has one by now, or none elsewhere."""
    with session.storing() as tx:
        asked = [s.review for s in tx.reviews.open(kind="possible_duplicate", limit=100_000) if "existing" in s.review.values]
        systems: dict[str, set[str]] = {}
        for aggregate in tx.persons.load({r.person_id for r in asked if r.person_id}):
            systems[aggregate.person.id] = {link.system for link in aggregate.links if link.role != "frozen"}
        over = (r for r in asked if not (there := systems.get(r.person_id or "", set())) or _refused_create(r) in there)
        tx.reviews.close([review.id for review in over], session.run_id)


def _refused_create(review: Review) -> str | None:
    """The system that refused to make a record; None for what it refused of a record that is there."""
    return next((name for name, record_id in review.values.items() if name != "existing" and record_id is None), None)


def _store_results(session: Session, tx: Transaction, ids: Sequence[str], results: Sequence[tuple[Reconciled, PersonPlan]]) -> None:
    session.pending.difference_update(ids)  # judged anew: what waited for them is found out again
    reviews = [review for result, _ in results for review in result.reviews]
    session.reviews_opened += tx.reviews.replace(ids, reviews, session.run_id, kinds=JUDGED)
    unmapped = {r.id: r for result, _ in results for r in _unmapped(result)}
    session.reviews_opened += tx.reviews.replace([], unmapped.values(), session.run_id)
    unplanned = {r.id: r for _, plan in results for r in _not_planned(plan)}
    session.reviews_opened += tx.reviews.replace([], unplanned.values(), session.run_id)
    for person in ids if session.had_refusals else ():
        tx.reviews.close(_moot(tx, person, unplanned), session.run_id)
    for result, plan in results if session.had_refusals else ():
        tx.reviews.close(_found_out(tx, result, plan), session.run_id)
    tx.edits.append(session.run_id, [edit for result, _ in results for edit in result.edits])
    opt_out_namesakes(session, tx, [result for result, _ in results])
    tx.decisions.mark_applied([d for result, _ in results for d in result.decided], session.run_id)
    session.proposed.update((result.person.id, plan.proposed) for result, plan in results)
    for result, plan in results:
        session.standing.update((s.system, s.field, s.value or "", s.reason) for s in result.standing)
        session.not_planned.extend(f"{n.system}: {n.field}: {n.reason}" for n in plan.not_planned)
        session.lost.extend(_lost(result.person, e) for e in result.edits if not e.taken)
        if any(_is_written(session, link_id) for link_id, _ in result.waiting):
            session.pending.add(result.person.id)


def _is_written(session: Session, link_id: str) -> bool:
    system, name, _ = link_id.split("/", 2)
    return session.hub.systems[system].is_target and (system, name) not in session.hub.policy.evidence


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


def _moot(tx: Transaction, person: str, unplanned: Collection[str]) -> list[str]:
    """The questions about writes that no plan would make, and that leadhub no longer wants to make."""
    asked = [s.review for s in tx.reviews.open(kind="refused", person_id=person) if s.review.id not in unplanned]
    return [r.id for r in asked for system, record_id in r.values.items() if record_id is None and r.group == f"refused:{system}:{r.field}"]


def _found_out(tx: Transaction, result: Reconciled, plan: PersonPlan) -> list[str]:
    """The questions about updates without an answer that are none any more: nothing is left to be written to the record."""
    left = {(change.system, change.record_id) for change in plan.changes} | {_place(link_id) for link_id, _ in result.waiting}
    asked = [stored.review for stored in tx.reviews.open(kind="unanswered", person_id=result.person.id) if stored.review.field != "record"]
    return [review.id for review in asked if left.isdisjoint(review.values.items())]


def _place(link_id: str) -> tuple[str, str | None]:
    system, _, record_id = link_id.split("/", 2)
    return system, record_id


def _key(link: Link) -> RecordKey:
    return RecordKey(link.system, link.object, link.record_id)
