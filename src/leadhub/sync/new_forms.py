"""What a changed normal form calls for (`values.VERSION`): what was agreed on is read anew from the store, for a new spelling is nobody's edit."""

from collections.abc import Mapping
from dataclasses import replace

from leadhub.core.agreement import compared, field_of_key
from leadhub.core.sides import Side
from leadhub.hub import Hub
from leadhub.hub.systems import Books, heard_records
from leadhub.model.person import Aggregate, Base, Canonical, Link, Reason, Value
from leadhub.store import RecordKey, Transaction

_UNDER_WAY: frozenset[Reason] = frozenset({"sent", "unknown", "lost"})
"""Bases that tell what was written, or is to be: the record shows it later, or never."""

_Anew = dict[tuple[str, str], tuple[Value, Value]]
"""By system and base, the value of a base that was read anew, before and after."""


def follow_values(tx: Transaction, hub: Hub) -> None:
    """Read anew, slice by slice, every base whose record was judged in the old form and would look edited in the new one; no system is called.

    Where leadhub's value came from that very record it follows, so that nothing written from now on is in the old form.
    """
    books = hub.books(tx)
    after = ""
    while ids := tx.persons.iter_ids(after):
        aggregates = tx.persons.load(ids)
        waiting = tx.records.waiting(RecordKey(r.system, r.object, r.id) for one in aggregates for r in one.records.values())
        anew = ((one, _read_anew(hub, books, one, waiting)) for one in aggregates)
        tx.persons.save(replace(after_, records={}) for before, after_ in anew if after_ is not before)  # no records: they stay on the work list
        after = ids[-1]


def _read_anew(hub: Hub, books: Books, aggregate: Aggregate, waiting: frozenset[RecordKey]) -> Aggregate:
    anew: _Anew = {}
    links: dict[str, Link] = {}
    for link, record in heard_records(hub, aggregate.links, aggregate.records):
        if RecordKey(record.system, record.object, record.id) not in waiting:  # what it shows otherwise may be an edit that nobody has judged
            side = hub.side(link, record, books, writes=False)
            bases = {key: _base(hub, side, field_of_key(key), base) for key, base in link.base.items()}
            anew |= {(link.system, key): (link.base[key].value, base.value) for key, base in bases.items() if base is not link.base[key]}
            links[link.id] = replace(link, base=bases)
    if not anew:
        return aggregate
    person = replace(aggregate.person, fields=_follow(aggregate.person.fields, anew))
    leads = tuple(replace(lead, fields=_follow(lead.fields, anew, f"@{lead.id}")) for lead in aggregate.leads)
    return replace(aggregate, person=person, leads=leads, links=tuple(links.get(link.id, link) for link in aggregate.links))


def _base(hub: Hub, side: Side, name: str, base: Base) -> Base:
    field = hub.policy.fields.get(name)
    if field is None or name not in side.shown or base.how in _UNDER_WAY:
        return base
    same = compared(field, side, base.value) == compared(field, side, side.shown[name])
    return base if same else replace(base, value=side.shown[name])


def _follow(fields: Mapping[str, Canonical], anew: _Anew, suffix: str = "") -> dict[str, Canonical]:
    followed = dict(fields)
    for name, held in fields.items():
        before, after = anew.get((held.origin, f"{name}{suffix}"), (None, None))
        if after is not None and before == held.value:
            followed[name] = replace(held, value=after)
    return followed
