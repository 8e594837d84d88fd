"""Records that their system put back to an earlier state: from a backup, by a refresh. Their times of change went back, and what they show is no edit.

Nobody typed it anew, and what leadhub knows is later: were it taken for an edit, a restore of one system would undo in the others what people did
since. The bases say so, and the rule asks.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from leadhub.core.agreement import field_of_key
from leadhub.core.normalize import display_of, text_of
from leadhub.model.person import Link, StateBase
from leadhub.model.record import Record
from leadhub.store import RecordKey, Transaction
from leadhub.sync.session import Session

_EARLIEST = datetime.min.replace(tzinfo=UTC)


def mark_put_back(session: Session, tx: Transaction, system: str, records: Iterable[Record]) -> None:
    """Mark what these records, read by id, show otherwise than was agreed, where that is older than what is stored.

    Older is what has an older stamp. Not every answer to a write tells its stamp: where the stored one is still that of before our write, so is what
    shows again just what the write replaced.
    """
    found = {RecordKey(system, record.object, record.id): record for record in records if record.gone is None and record.stamp is not None}
    stored = {key.link_id: known.stamp for key, known in tx.records.get(found).items() if known.stamp is not None}
    back = {key.link_id: record for key, record in found.items() if record.stamp is not None and record.stamp <= stored.get(key.link_id, _EARLIEST)}
    if not back:
        return
    owners = tx.persons.person_of(key for key in found if key.link_id in back)
    changed = []
    for aggregate in tx.persons.load(sorted(set(owners.values()))):
        links = tuple(
            _marked(session, link, back[link.id], older=back[link.id].stamp != stored[link.id]) if link.id in back else link
            for link in aggregate.links
        )
        if links != aggregate.links:
            changed.append(replace(aggregate, links=links))
    tx.persons.save(changed)
    tx.records.mark_dirty(RecordKey(link.system, link.object, link.record_id) for aggregate in changed for link in aggregate.links)


def _marked(session: Session, link: Link, record: Record, *, older: bool) -> Link:
    """The link with what was put back: `put_back` in the place of why that was agreed. `older` is the record as a whole, or what a write replaced."""
    mapping = session.hub.systems[link.system].object(link.object).mapping
    shown = {f.canonical: display_of(f, record.values.get(f.native), session.hub.fields) for f in mapping.fields if not f.member}
    base = {}
    for key, known in link.base.items():
        now = shown.get(field_of_key(key), known.value)
        back = now != known.value and (older or (known.how == "sent" and now == known.over))
        base[key] = replace(known, how="put_back") if back else known
    return replace(link, base=base, state=_state(link.state, record, older=older))


def _state(state: StateBase | None, record: Record, *, older: bool) -> StateBase | None:
    if state is None:
        return None
    moved = {name: text_of(record.values.get(name)) for name, value in state.values.items() if text_of(record.values.get(name)) != value}
    back = moved and (older or (state.how == "sent" and all(state.over.get(name) == value for name, value in moved.items())))
    return replace(state, how="put_back") if back else state
