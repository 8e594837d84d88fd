"""Resolve, the shell's part: gives every changed record its person and lead, follows merges, and freezes what is gone."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from leadhub.core.normalize import shown_by
from leadhub.core.resolve import Assignment, Bearer, Unlinked, assign, enroll
from leadhub.identity.keys import Key, Name, keys_of
from leadhub.model.person import Aggregate, Link, Person, StoredRecord
from leadhub.model.record import Gone
from leadhub.model.run import Review
from leadhub.store import MatchKey, RecordKey, Transaction
from leadhub.sync.session import Session

SLICE = 1000


def resolve(session: Session) -> None:
    """Judge the touched records as a set, then link them slice by slice."""
    with session.hub.store.begin() as tx:
        touched = list(_dirty(tx))
        fresh: list[Unlinked] = []
        for keys in _slices(touched):
            records = tx.records.get(keys)
            _follow_gone(session, tx, [r for r in records.values() if r.gone is not None])
            present = {key: r for key, r in records.items() if r.gone is None}
            unlinked = {key: _identified(session, r) for key, r in present.items()}
            tx.keys.replace({key: [MatchKey(k.kind, k.key, u.name.last) for k in u.keys] for key, u in unlinked.items()})
            linked = tx.persons.person_of(present)
            fresh.extend(u for key, u in unlinked.items() if key not in linked)
        if fresh:
            result = assign(fresh, _bearers(session, tx, fresh))
            _store(session, tx, fresh, result)


def _dirty(tx: Transaction) -> Iterator[RecordKey]:
    after: RecordKey | None = None
    while batch := tx.records.dirty(SLICE, after):
        yield from batch
        after = batch[-1]


def _slices(keys: Sequence[RecordKey]) -> Iterator[Sequence[RecordKey]]:
    for start in range(0, len(keys), SLICE):
        yield keys[start : start + SLICE]


def _shown(session: Session, record: StoredRecord) -> dict[str, str | None]:
    return shown_by(session.hub.systems[record.system].object(record.object).mapping, record.native)


def _identified(session: Session, record: StoredRecord) -> Unlinked:
    shown = _shown(session, record)
    return Unlinked(record, Name.of(shown), keys_of(shown))


def _bearers(session: Session, tx: Transaction, fresh: Sequence[Unlinked]) -> dict[Key, list[Bearer]]:
    """Who already shows the keys of the new records."""
    wanted = {key for u in fresh for key in u.keys}
    found = tx.keys.find(wanted)
    others = {record for records in found.values() for record in records}
    persons = tx.persons.person_of(others)
    records = tx.records.get(persons)
    names = {key: Name.of(_shown(session, record)) for key, record in records.items() if record.system in session.hub.systems}
    return {Key(*value): [Bearer(persons[k], names[k]) for k in of if k in names] for value, of in found.items()}


def _store(session: Session, tx: Transaction, fresh: Sequence[Unlinked], result: Assignment) -> None:
    """Save new links, persons and leads, and open a review for every doubt."""
    hub, now = session.hub, session.hub.clock.now()
    joined: dict[str, list[StoredRecord]] = {}
    for unlinked in fresh:
        if unlinked.id in result.persons:
            joined.setdefault(result.persons[unlinked.id], []).append(unlinked.record)
    known = tx.persons.load(joined)
    saved = [enroll(a, joined[a.person.id], hub.policy, hub.clock.new_id, now) for a in known]
    for group in result.groups:
        empty = Aggregate(Person(hub.clock.new_id()), (), (), {})
        saved.append(enroll(empty, [u.record for u in group], hub.policy, hub.clock.new_id, now))
    for start in range(0, len(saved), SLICE):
        tx.persons.save(saved[start : start + SLICE])
    tx.records.mark_dirty(RecordKey(u.record.system, u.record.object, u.record.id) for u in fresh)
    of_record = {link.id: a.person.id for a in saved for link in a.links}
    reviews = [_doubt(u, of_record.get(u.id), of_record.get(other, other), key) for u, other, key in result.doubts]
    session.reviews_opened += tx.reviews.replace([], reviews, session.run_id)


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
    aggregates = {a.person.id: a for a in tx.persons.load(persons.values())}
    owners = dict(tx.persons.person_of(RecordKey(k.system, k.object, r.gone_to) for k, r in records.items() if r.gone_to))
    for key, person_id in persons.items():
        record, aggregate = records[key], aggregates[person_id]
        survivor = RecordKey(key.system, key.object, record.gone_to) if record.gone is Gone.MERGED and record.gone_to else None
        owner = owners.setdefault(survivor, person_id) if survivor is not None else person_id
        aggregates[person_id] = _without(aggregate, key, survivor if owner == person_id else None)
        if owner != person_id:
            session.reviews_opened += tx.reviews.replace([], [_merge(key, record, person_id, owner)], session.run_id)
    tx.persons.save(aggregates.values())
    tx.records.clear_dirty(records.values())
    moved = [RecordKey(k.system, k.object, r.gone_to) for k, r in records.items() if r.gone_to]
    tx.records.mark_dirty(moved)


def _without(aggregate: Aggregate, key: RecordKey, survivor: RecordKey | None) -> Aggregate:
    links = _moved(aggregate.links, key, survivor)
    alike = [n for n, link in enumerate(links) if (link.system, link.object) == (key.system, key.object)]
    if all(links[n].role != "primary" for n in alike):
        for n in [n for n in alike if links[n].role == "secondary"][:1]:  # the primary record went: another of the person's takes its place
            links[n] = replace(links[n], role="primary")
    return replace(aggregate, links=tuple(links))


def _moved(links: Sequence[Link], key: RecordKey, survivor: RecordKey | None) -> list[Link]:
    """The loser's link goes to the survivor, unless that has a primary link already: a record is linked once."""
    there = {link.id: link for link in links}
    loser, at = there[key.link_id], there.get(survivor.link_id) if survivor is not None else None
    if survivor is None or (at is not None and (at.role != "secondary" or loser.role != "primary")):
        return [replace(link, role="frozen") if link is loser else link for link in links]
    return [replace(link, record_id=survivor.id) if link is loser else link for link in links if link is not at]


def _merge(key: RecordKey, record: StoredRecord, person: str, owner: str) -> Review:
    identity = hashlib.blake2b(f"merge|{'|'.join(sorted([person, owner]))}".encode(), digest_size=6).hexdigest()
    values: Mapping[str, str | None] = {key.link_id: record.gone_to, "other": owner}
    return Review(identity, "merge", f"merge:{key.system}", person, None, "record", values, f"merged in {key.system} with a record of another person")
