"""Field history: the rows of LeadHistory and ContactHistory, kept only for the fields that an administrator switched tracking on for.

After the object reference's pages on LeadHistory and "Field History Tracking": a changed owner makes two rows, one with ids and one with names;
a long text or a multi-select is noted as changed, without its values. The author is who saved the record, also of what a rule changed in that save.
"""

from leadhub_sandbox.salesforce.objects import BY_PREFIX, OBJECTS
from leadhub_sandbox.salesforce.org import Org
from leadhub_sandbox.salesforce.schema import Field, Row, SObject

LONGEST = 255
"""Texts of longer fields are not kept."""


def note_save(org: Org, obj: SObject, before: Row | None, after: Row, user_id: str) -> None:
    """Note a save: the `created` row of a new record, and a row for each tracked field that changed. Nothing where the object is not tracked."""
    tracked = org.settings.field_history.get(obj.name)
    if tracked is None:
        return
    if before is None:
        _add(org, obj, str(after["Id"]), "created", user_id)
        return
    for name in tracked:
        if before[name] != after[name]:
            for old, new in _values(org, obj.fields[name], before[name], after[name]):
                _add(org, obj, str(after["Id"]), name.removesuffix("Id"), user_id, old, new)


def note_event(org: Org, obj: SObject, row_id: str, event: str, user_id: str) -> None:
    """Note what is no field's change: `leadConverted`, `leadMerged` and their like."""
    if obj.name in org.settings.field_history:
        _add(org, obj, row_id, event, user_id)


def _values(org: Org, field: Field, old: object, new: object) -> list[tuple[object, object]]:
    if field.references:
        names = tuple(_name(org, row_id) for row_id in (old, new))
        return [(old, new), (names[0], names[1])]
    if field.length > LONGEST:
        return [(None, None)]
    return [(old, new)]


def _name(org: Org, row_id: object) -> object:
    row = org.store.seen(BY_PREFIX[str(row_id)[:3]], str(row_id)) if row_id else None
    return row.get("Name") if row else None


def _add(org: Org, obj: SObject, parent: str, what: str, user_id: str, old: object = None, new: object = None) -> None:
    kept = OBJECTS[f"{obj.name}History"]
    row: Row = {"Id": org.new_id(kept), "IsDeleted": False, f"{obj.name}Id": parent, "Field": what, "OldValue": old, "NewValue": new}
    org.store.put(kept, row | org.stamps(user_id, created=True))
