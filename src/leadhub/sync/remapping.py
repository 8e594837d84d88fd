"""What a changed mapping calls for: reading again what was never asked for, and meeting anew what another field holds now."""

from collections.abc import Mapping
from dataclasses import replace

from leadhub.core.agreement import field_of_key
from leadhub.core.targets import native_names
from leadhub.hub import System
from leadhub.model.person import Aggregate
from leadhub.model.record import Json
from leadhub.store import SystemRow, Transaction

Mapped = dict[str, dict[str, str]]
"""By object, the native field of each canonical one."""


def follow_mapping(tx: Transaction, system: System, row: SystemRow) -> SystemRow:
    """Return the row with the present mapping noted.

    Where a native field is asked for that was not before, the system is read from its beginning. Where a canonical field stands for another
    native one now, its bases are dropped: what the new field shows is met like at first contact, and is nobody's edit.
    """
    asked: dict[str, Json] = {o.mapping.object: list[Json](sorted(native_names(o))) for o in system.objects}
    mapped: Mapped = {o.mapping.object: {f.canonical: f.native for f in o.mapping.fields if not f.member} for o in system.objects}
    before = dict(row.identity or {})
    old_asked, old_mapped = before.get("asked"), before.get("mapped")
    now: dict[str, Json] = {**before, "asked": asked, "mapped": dict[str, Json]({name: dict(fields) for name, fields in mapped.items()})}
    if isinstance(old_asked, dict) and any(_more(asked[name], old_asked.get(name)) for name in asked):
        tx.records.forget_cursor(system.name)
    if isinstance(old_mapped, dict):
        changed = {name: moved for name, fields in mapped.items() if (moved := _moved(fields, old_mapped.get(name)))}
        if changed:
            _drop_bases(tx, system.name, changed)
    return replace(row, identity=now)


def _more(asked: Json, before: Json) -> bool:
    return isinstance(asked, list) and isinstance(before, list) and any(name not in before for name in asked)


def _moved(fields: Mapping[str, str], before: Json) -> set[str]:
    return {name for name, native in fields.items() if isinstance(before, dict) and name in before and before[name] != native}


def _drop_bases(tx: Transaction, system: str, changed: Mapping[str, set[str]]) -> None:
    after = ""
    while ids := tx.persons.iter_ids(after):
        tx.persons.save(_without(one, system, changed) for one in tx.persons.load(ids))
        after = ids[-1]


def _without(aggregate: Aggregate, system: str, changed: Mapping[str, set[str]]) -> Aggregate:
    links = tuple(
        replace(link, base={key: base for key, base in link.base.items() if field_of_key(key) not in changed.get(link.object, ())})
        if link.system == system
        else link
        for link in aggregate.links
    )
    return replace(aggregate, links=links, records={})  # no records: they stay on the work list
