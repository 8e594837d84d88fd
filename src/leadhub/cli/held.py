"""What the records that were read so far show, in one pass over the store: how often, how long, and how often nothing."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from leadhub.core.normalize import state_of
from leadhub.hub import Hub, System
from leadhub.model.person import StoredRecord
from leadhub.store import RecordKey

_PAGE = 1000


@dataclass(slots=True)
class Held:
    """Counts over all records that are there. Fields are canonical where they are compared across systems, native where a picklist is meant."""

    records: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By system and object."""
    values: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    """By system, object, native state field and value."""
    blank: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Records without a value, by system, object and canonical field."""
    longest: dict[tuple[str, str], int] = field(default_factory=dict)
    """In characters, by system and canonical field."""


def held(hub: Hub) -> Held:
    """Read every record of the store once, a page at a time."""
    found = Held()
    for system in hub.systems.values():
        for record in stored(hub, system.name):
            if record.gone is None:
                _count(found, system, record)
    return found


def stored(hub: Hub, system: str) -> Iterator[StoredRecord]:
    """Yield every record of a system, a page at a time."""
    after: RecordKey | None = None
    while True:
        with hub.store.read() as tx:
            records = tx.records.slice(system, after, _PAGE)
        if not records:
            return
        yield from records
        after = RecordKey(system, records[-1].object, records[-1].id)


def unmapped(hub: Hub) -> Counter[tuple[str, str, str]]:
    """Count, by system, field and value, the records that are there and show a value that no row names."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for (system, object_name), relation in hub.policy.relations.items():
        for record in stored(hub, system):
            values = state_of(relation, record.native) if record.object == object_name and record.gone is None else None
            if values is not None:
                counts.update((system, name, values[name]) for name in relation.unmapped(values))
    return counts


def _count(found: Held, system: System, record: StoredRecord) -> None:
    target = next((o for o in system.objects if o.mapping.object == record.object), None)
    if target is None:
        return
    key = (record.system, record.object)
    found.records[key] += 1
    for name in target.relation.state_fields if target.relation is not None else ():
        found.values[*key, name, str(record.native.get(name) or "")] += 1
    for mapped in target.mapping.fields:
        text = str(record.native.get(mapped.native) or "")
        found.blank[*key, mapped.canonical] += not text
        longest = (record.system, mapped.canonical)
        found.longest[longest] = max(found.longest.get(longest, 0), len(text))
