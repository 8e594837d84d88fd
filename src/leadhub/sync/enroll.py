"""Resolve, the shell's part: gives every changed record its person and lead, follows merges, and freezes what is gone."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import TypeVar

from leadhub.core.normalize import members_of, shown_by, text_of
from leadhub.core.resolve import Assignment, Bearer, Unlinked, assign, enroll, heir
from leadhub.identity.keys import FORMER, IDENTIFYING, RECORD, Key, Name, keys_of
from leadhub.model.person import Aggregate, Link, Person, StoredRecord, Value
from leadhub.model.record import NOTHING, Gone
from leadhub.model.run import Review
from leadhub.store import MatchKey, RecordKey, Transaction
from leadhub.sync.consent import recall
from leadhub.sync.deals import evidence_keys, link_deals
from leadhub.sync.graves import bury
from leadhub.sync.session import Session

SLICE = 1000
_T = TypeVar("_T")


def resolve(session: Session) -> None:
    """Judge the touched records as a set, then link them slice by slice."""
    with session.storing() as tx:
        fresh = list(identified(session, tx))
        if fresh:
            result = assign(fresh, _bearers(session, tx, fresh))
            _store(session, tx, fresh, result)
            emails = {RecordKey(u.record.system, u.record.object, u.record.id): [k.key for k in u.keys if k.kind == "email"] for u in fresh}
            recall(session, tx, emails)
        if session.hub.policy.evidence:
            link_deals(session.hub, tx, _dirty(tx))


def identified(session: Session, tx: Transaction) -> Iterator[Unlinked]:
    """Bring the match keys of the touched records up to date, slice by slice, and yield those records that belong to nobody yet."""
    policy = session.hub.policy
    for keys in _dirty(tx):
        records = _scoped(session, tx, tx.records.get(keys))
        _follow_gone(session, tx, [r for r in records.values() if r.gone is not None])
        present = {key: r for key, r in records.items() if r.gone in (None, Gone.OUT_OF_SCOPE)}  # who is out of scope is somebody all the same
        unlinked = {key: _identified(session, r) for key, r in present.items() if (r.system, r.object) not in policy.evidence}
        shown = {key: [MatchKey(k.kind, k.key, u.name.last) for k in u.keys] for key, u in unlinked.items()}
        linked = tx.persons.person_of(present)
        before = tx.keys.of(linked)
        tx.keys.replace(
            {
                key: [
                    *shown.get(key, ()),
                    *_former(before.get(key, ()), shown.get(key, ())),
                    *(MatchKey(*k, "") for k in evidence_keys(session.hub, r)),
                ]
                for key, r in present.items()
            }
        )
        _thaw(tx, {key: person for key, person in linked.items() if present[key].gone is None}, policy.evidence)
        yield from (u for key, u in unlinked.items() if key not in linked)


def _former(before: Iterable[MatchKey], now: Iterable[MatchKey]) -> Iterator[MatchKey]:
    """Yield the addresses under which a linked record was known and is no more: who comes under one of them may be the same person."""
    shown = {match.key for match in now if match.kind == "email"}
    yield from (MatchKey(FORMER, match.key, match.surname) for match in before if match.kind in ("email", FORMER) and match.key not in shown)


def _dirty(tx: Transaction) -> Iterator[Sequence[RecordKey]]:
    after: RecordKey | None = None
    while batch := tx.records.dirty(SLICE, after):
        yield batch
        after = batch[-1]


def _scoped(session: Session, tx: Transaction, records: Mapping[RecordKey, StoredRecord]) -> dict[RecordKey, StoredRecord]:
    """Mark what left its system's scope as gone, and what came back as there. The configuration may have changed since a record was read."""
    result = dict(records)
    for key, record in records.items():
        system = session.hub.systems.get(record.system)
        if system is None or not system.reads(record.object):
            del result[key]
            continue
        if record.gone not in (None, Gone.OUT_OF_SCOPE):
            continue
        if any(name not in record.native for name in system.object(record.object).scope):
            continue  # what was never read says nothing: the record stays what it is
        gone = None if system.in_scope(record.object, record.native) else Gone.OUT_OF_SCOPE
        if gone is not record.gone:
            result[key] = replace(record, gone=gone)
    tx.records.set_gone({key: record.gone for key, record in result.items() if record is not records[key]})
    return result


def _thaw(tx: Transaction, linked: Mapping[RecordKey, str], evidence: Collection[tuple[str, str]]) -> None:
    """A record that was gone and is back counts again; of it and the one that took its place meanwhile the newer one is primary."""
    saved = []
    for aggregate in tx.persons.load(tx.persons.frozen(linked)):
        links = list(aggregate.links)
        for n, link in enumerate(links):
            if link.role == "frozen" and RecordKey(link.system, link.object, link.record_id) in linked:
                links[n] = replace(link, role="primary")
                for m, rival in enumerate(links if (link.system, link.object) not in evidence else ()):
                    alike = (rival.system, rival.object, rival.lead_id) == (link.system, link.object, link.lead_id)
                    if m != n and alike and rival.role == "primary":
                        loser = m if _is_newer(aggregate, link, rival) else n
                        links[loser] = replace(links[loser], role="secondary")
        if links != list(aggregate.links):
            saved.append(replace(aggregate, links=tuple(links), records={}))  # no records: they stay on the work list
    if saved:
        tx.persons.save(saved)


def _is_newer(aggregate: Aggregate, one: Link, other: Link) -> bool:
    ages = [getattr(aggregate.records.get(link.id), "created", None) for link in (one, other)]
    return ages[0] is not None and (ages[1] is None or ages[0] > ages[1])


def _identified(session: Session, record: StoredRecord) -> Unlinked:
    mapping = session.hub.systems[record.system].object(record.object).mapping
    further = members_of(mapping, record.native, session.hub.fields).get("email", ())
    shown = _identity(session, record)
    bare = replace(record, native=NOTHING)  # many are held at once: who they are is known from here on, what they say is not needed
    return Unlinked(bare, Name.of(shown), (*keys_of(shown, further), *_record_keys(session, record)))


def _identity(session: Session, record: StoredRecord) -> dict[str, Value]:
    """Return the few canonical fields that tell whose a record is: of all of them the cost would be many times that."""
    hub = session.hub
    mapping = hub.systems[record.system].object(record.object).mapping
    return shown_by(mapping, record.native, hub.fields, region=hub.region, only=IDENTIFYING)


def _record_keys(session: Session, record: StoredRecord) -> Iterator[Key]:
    """Keys by which one record names another of the same person: a converted Lead and its Contact."""
    system = session.hub.systems[record.system]
    for target in system.objects:
        if record.object in target.mapping.same_person:
            yield Key(RECORD, f"{record.system}/{record.object}/{record.id}")
        if target.mapping.object == record.object:
            for other, native in target.mapping.same_person.items():
                if (record.system, other) not in session.hub.policy.evidence and (named := text_of(record.native.get(native))):
                    yield Key(RECORD, f"{record.system}/{other}/{named}")


def _bearers(session: Session, tx: Transaction, fresh: Sequence[Unlinked]) -> dict[Key, list[Bearer]]:
    """Who already shows the keys of the new records."""
    wanted = {key for u in fresh for key in u.keys}
    found = tx.keys.find(wanted | {(FORMER, key.key) for key in wanted if key.kind == "email"})
    persons = tx.persons.person_of({record for records in found.values() for record in records})
    names: dict[RecordKey, Name] = {}
    for keys in _sliced(persons):
        names |= {key: Name.of(_identity(session, record)) for key, record in tx.records.get(keys).items() if record.system in session.hub.systems}
    bearers: dict[Key, list[Bearer]] = {}
    for (kind, key), of in found.items():
        former = kind == FORMER
        bearers.setdefault(Key("email" if former else kind, key), []).extend(Bearer(persons[k], names[k], former) for k in of if k in names)
    return bearers


def _store(session: Session, tx: Transaction, fresh: Sequence[Unlinked], result: Assignment) -> None:
    """Save new links, persons and leads, and open a review for every doubt. The records stay on the work list: their persons are to be judged."""
    asked = {id_ for unlinked, other, _ in result.doubts for id_ in (unlinked.id, other)}
    person_of: dict[str, str] = {}
    for slice_ in _sliced(_enrolled(session, tx, fresh, result)):
        tx.persons.save(slice_)
        person_of |= {link.id: one.person.id for one in slice_ for link in one.links if link.id in asked}
    reviews = [_doubt(u, person_of.get(u.id), person_of.get(other, other), key) for u, other, key in result.doubts]
    session.reviews_opened += tx.reviews.replace([], reviews, session.run_id)


def _enrolled(session: Session, tx: Transaction, fresh: Sequence[Unlinked], result: Assignment) -> Iterator[Aggregate]:
    """Yield the persons whom the new records belong to, known ones first. No records come with them: saving takes those off the work list."""
    policy, new_id, now = session.hub.policy, session.hub.clock.new_id, session.hub.clock.now()
    joined: dict[str, list[StoredRecord]] = {}
    for unlinked in fresh:
        if unlinked.id in result.persons:
            joined.setdefault(result.persons[unlinked.id], []).append(unlinked.record)
    for ids in _sliced(joined):
        for known in tx.persons.load(ids):
            yield replace(enroll(known, joined[known.person.id], policy, new_id, now), records={})
    for group in result.groups:
        empty = Aggregate(Person(new_id()), (), (), {})
        yield replace(enroll(empty, [u.record for u in group], policy, new_id, now), records={})


def _sliced(items: Iterable[_T]) -> Iterator[list[_T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, SLICE)):
        yield batch


def _doubt(unlinked: Unlinked, person: str | None, other: str, key: Key) -> Review:
    identity = hashlib.blake2b("|".join(["duplicate", *sorted([str(person), other]), *key]).encode(), digest_size=6).hexdigest()
    note = f"the same {key.kind} as another person, under a name that does not fit"
    return Review(
        identity, "duplicate", f"duplicate:{unlinked.record.system}:{key.kind}", person, None, key.kind, {unlinked.id: key.key, "other": other}, note
    )


# ---- records that are gone -------------------------------------------------------------------------------------------------------------


def _follow_gone(session: Session, tx: Transaction, gone: Iterable[StoredRecord]) -> None:
    """A merge made by people moves the link to the survivor; whatever else is gone freezes it: nothing is written, nothing created anew."""
    records = {RecordKey(r.system, r.object, r.id): r for r in gone}
    if not records:
        return
    persons = tx.persons.person_of(records)
    bury(session, tx, records, persons)
    aggregates = {a.person.id: a for a in tx.persons.load(persons.values())}
    claims = {k: RecordKey(k.system, k.object, r.gone_to) for k, r in records.items() if r.gone is Gone.MERGED and r.gone_to and k in persons}
    owners = _heirs(session, tx, {k: (survivor, aggregates[persons[k]].person) for k, survivor in claims.items()})
    owners |= tx.persons.person_of(RecordKey(k.system, k.object, r.gone_to) for k, r in records.items() if r.gone_to)
    touched = [RecordKey(k.system, k.object, r.gone_to) for k, r in records.items() if r.gone_to]
    asked = []
    for key, person_id in persons.items():
        record, aggregate = records[key], aggregates[person_id]
        survivor = claims.get(key)
        owner = owners.setdefault(survivor, person_id) if survivor is not None else person_id
        links = _moved(aggregate.links, key, survivor if owner == person_id else None)
        promoted = _successor(session, replace(aggregate, links=tuple(links)), key)
        if promoted is not None:  # another of the person's records takes the place of the primary one
            links = [promoted if link.id == promoted.id else link for link in links]
            touched.append(RecordKey(promoted.system, promoted.object, promoted.record_id))
        aggregates[person_id] = replace(aggregate, links=tuple(links))
        if owner != person_id:
            asked.append(_merge(key, record, person_id, owner))
    session.reviews_opened += tx.reviews.replace([], [review for review in asked if not _is_answered(tx, review)], session.run_id)
    tx.persons.save(
        replace(aggregate, records={}) for aggregate in aggregates.values()
    )  # no records: what else changed of the person is to be judged
    tx.records.clear_dirty(records.values())
    deals = [k for k in persons if (k.system, k.object) in session.hub.policy.evidence]  # what becomes of a lead whose deal is gone is to be judged
    tx.records.mark_dirty([*touched, *deals])


def _heirs(session: Session, tx: Transaction, claims: Mapping[RecordKey, tuple[RecordKey, Person]]) -> dict[RecordKey, str]:
    """Say whose the survivor of each merge is: of several persons' records, the one's whose address it shows, else whose name."""
    shown = tx.records.get({survivor for survivor, _ in claims.values()})
    best: dict[RecordKey, tuple[tuple[bool, ...], str]] = {}
    for survivor, person in claims.values():
        told = _identity(session, shown[survivor]) if survivor in shown else {}
        held = {name: known.value for name, known in person.fields.items()}
        unlike = tuple((told.get(name) or "").casefold() != (held.get(name) or "").casefold() for name in ("email", "last_name", "first_name"))
        best[survivor] = min(best.get(survivor, (unlike, person.id)), (unlike, person.id))
    return {survivor: person for survivor, (_, person) in best.items()}


def _successor(session: Session, aggregate: Aggregate, key: RecordKey) -> Link | None:
    """The link that becomes primary where a person's primary record is gone: of the secondary ones the newest."""
    alike = [link for link in aggregate.links if (link.system, link.object) == (key.system, key.object)]
    waiting = [link for link in alike if link.role == "secondary" and link.id in aggregate.records]
    if not waiting or key.system not in session.hub.systems or any(link.role == "primary" for link in alike):
        return None
    best = max(waiting, key=lambda link: (aggregate.records[link.id].created or session.started, len(link.record_id), link.record_id))
    gone = next((link for link in alike if link.record_id == key.id), best)
    side = session.hub.side(replace(best, role="primary"), aggregate.records[best.id], session.books, writes=False)
    return heir(gone, side, session.hub.policy)


def _moved(links: Sequence[Link], key: RecordKey, survivor: RecordKey | None) -> list[Link]:
    """The loser's link goes to the survivor, unless that has a primary link already: a record is linked once."""
    there = {link.id: link for link in links}
    loser, at = there[key.link_id], there.get(survivor.link_id) if survivor is not None else None
    if survivor is None or (at is not None and (at.role != "secondary" or loser.role != "primary")):
        return [replace(link, role="frozen") if link is loser else link for link in links]
    return [replace(link, record_id=survivor.id) if link is loser else link for link in links if link is not at]


def _is_answered(tx: Transaction, review: Review) -> bool:
    """Whether this very question was asked before and closed: the record that lost is looked at again for many reasons."""
    return any(stored.closed_by is not None for stored in tx.reviews.get(review.id))


def _merge(key: RecordKey, record: StoredRecord, person: str, owner: str) -> Review:
    """The question about one record that lost. It stays the same when the survivor loses a later merge, or takes a new id in it."""
    told = "|".join(["merge", key.link_id, *sorted([person, owner])])
    identity = hashlib.blake2b(told.encode(), digest_size=6).hexdigest()
    values: Mapping[str, str | None] = {key.link_id: record.gone_to, "other": owner}
    return Review(identity, "merge", f"merge:{key.system}", person, None, "record", values, f"merged in {key.system} with a record of another person")
