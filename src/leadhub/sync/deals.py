"""Deals, the shell's part: which lead each is evidence for. They name, or are named by, records of persons; they make nobody known by themselves."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from leadhub.core.resolve import lead_at
from leadhub.hub import Hub, System
from leadhub.identity.keys import EVIDENCE, RECORD, Key
from leadhub.model.person import Aggregate, Link, StoredRecord
from leadhub.model.record import Json, NativeValue
from leadhub.store import RecordKey, SystemRow, Transaction


def evidence_keys(hub: Hub, record: StoredRecord) -> Iterator[Key]:
    """Yield the keys of a record by which a deal and what it belongs to find each other, whichever is read first."""
    evidence = hub.policy.evidence
    mine = (record.system, record.object) in evidence
    if mine:
        yield Key(EVIDENCE, f"{record.system}/{record.object}/{record.id}")
    if evidence:
        for other, native in hub.systems[record.system].object(record.object).mapping.same_person.items():
            if mine or (record.system, other) in evidence:
                yield from (Key(EVIDENCE, f"{record.system}/{other}/{id_}") for id_ in _ids(record.native.get(native)))


def _ids(value: NativeValue) -> list[str]:
    return value if isinstance(value, list) else [str(value)] if value else []


def link_deals(hub: Hub, tx: Transaction, touched: Iterable[Sequence[RecordKey]]) -> None:
    """Link the deals that belong to nobody yet, of those that are touched or that a touched record makes known."""
    for keys in touched:
        waiting = set(keys) | _made_known(tx, keys)
        waiting = {key for key in waiting if (key.system, key.object) in hub.policy.evidence}
        deals = {key: r for key, r in tx.records.get(waiting - tx.persons.person_of(waiting).keys()).items() if r.gone is None}
        found = _owners(hub, tx, deals)
        aggregates = {a.person.id: a for a in tx.persons.load(sorted({person for person, _ in found.values()}))}
        for key, (person, lead_id) in found.items():
            aggregates[person] = _linked(aggregates[person], deals[key], lead_id)
        tx.persons.save(replace(one, records={}) for one in aggregates.values())  # no records: their persons are to be judged
        tx.records.mark_dirty(found)
        tx.records.clear_dirty(r for key, r in deals.items() if key not in found)


def _made_known(tx: Transaction, keys: Iterable[RecordKey]) -> set[RecordKey]:
    """The deals that these records name, or that name them."""
    named = {(EVIDENCE, match.key) for of in tx.keys.of(keys).values() for match in of if match.kind in (RECORD, EVIDENCE)}
    return {key for found in tx.keys.find(named).values() for key in found}


def _owners(hub: Hub, tx: Transaction, deals: Mapping[RecordKey, StoredRecord]) -> dict[RecordKey, tuple[str, str]]:
    """Return person and lead of each deal of which anything is known: the lead whose record names it, else the one that was current then."""
    named = {key: [Key(RECORD, of.key) for of in evidence_keys(hub, record)][1:] for key, record in deals.items()}
    by_name = tx.keys.find({name for names in named.values() for name in names})
    by_deal = tx.keys.find({(EVIDENCE, key.link_id) for key in deals})
    bearers = {key for found in (*by_name.values(), *by_deal.values()) for key in found}
    persons = tx.persons.person_of(bearers)
    aggregates = {a.person.id: a for a in tx.persons.load(sorted(set(persons.values())))}
    found: dict[RecordKey, tuple[str, str]] = {}
    for key, record in deals.items():
        owner = next(
            (own for one in by_deal.get((EVIDENCE, key.link_id), ()) if one in persons and (own := _lead_of(one, aggregates[persons[one]]))), None
        )
        heard = [aggregates[persons[one]] for name in named[key] for one in by_name.get(name, ()) if one in persons]
        if owner is None and heard and (lead := lead_at(heard[0].leads, record.created)) is not None:
            owner = (heard[0].person.id, lead.id)
        if owner is not None:
            found[key] = owner
    return found


def _lead_of(named_in: RecordKey, aggregate: Aggregate) -> tuple[str, str] | None:
    """The lead that a record is, if it is one: a deal that names itself is none."""
    link = next((link for link in aggregate.links if link.id == named_in.link_id), None)
    return None if link is None or link.lead_id is None else (aggregate.person.id, link.lead_id)


def _linked(aggregate: Aggregate, deal: StoredRecord, lead_id: str) -> Aggregate:
    link = Link(deal.system, deal.object, deal.id, aggregate.person.id, lead_id)
    return replace(aggregate, links=(*aggregate.links, link))


_SINCE = "deals"


def note_deals(row: SystemRow, system: System, now: datetime) -> SystemRow:
    """Return the row with the time noted from which on each kind of deal is read: what is older was there before leadhub looked."""
    before = dict(row.identity or {})
    known = before.get(_SINCE)
    noted = known if isinstance(known, dict) else {}
    deals: dict[str, Json] = {o.mapping.object: noted.get(o.mapping.object, now.isoformat()) for o in system.objects if o.mapping.evidence}
    return replace(row, identity={**before, _SINCE: deals}) if deals or noted else row


def since(row: SystemRow, object_name: str) -> datetime | None:
    """Return from when on a record of an object that shows up is news: since its system was adopted, and deals are read."""
    noted = (row.identity or {}).get(_SINCE)
    begun = noted.get(object_name) if isinstance(noted, dict) else None
    return row.adopted_at if row.adopted_at is None or begun is None else max(row.adopted_at, datetime.fromisoformat(str(begun)))
