"""Records that their system put back to an earlier state: from a backup, by a refresh. Their times of change went back, and what they show is no edit.

Nobody typed it anew, and what leadhub knows is later: were it taken for an edit, a restore of one system would undo in the others what people did
since. The bases say so, and the rule asks.
"""

from collections.abc import Iterable
from dataclasses import replace

from leadhub.core.agreement import field_of_key
from leadhub.core.normalize import display_of, text_of
from leadhub.model.person import Link
from leadhub.model.record import Record
from leadhub.store import RecordKey, Transaction
from leadhub.sync.session import Session


def mark_put_back(session: Session, tx: Transaction, system: str, records: Iterable[Record]) -> None:
    """Mark what these records, read by id, show otherwise than was agreed, where their stamps are older than the stored ones.

    Between a write whose answer told no stamp and the next reading nothing tells a record that was put back from one that was set back.
    """
    found = {RecordKey(system, record.object, record.id): record for record in records if record.gone is None and record.stamp is not None}
    stamps = {key: known.stamp for key, known in tx.records.get(found).items() if known.stamp is not None}
    back = {key.link_id: record for key, record in found.items() if key in stamps and record.stamp is not None and record.stamp < stamps[key]}
    if not back:
        return
    owners = tx.persons.person_of(key for key in found if key.link_id in back)
    aggregates = tx.persons.load(sorted(set(owners.values())))
    tx.persons.save(
        replace(a, links=tuple(_marked(session, link, back[link.id]) if link.id in back else link for link in a.links)) for a in aggregates
    )
    tx.records.mark_dirty(RecordKey(link.system, link.object, link.record_id) for a in aggregates for link in a.links)


def _marked(session: Session, link: Link, record: Record) -> Link:
    """The link with what was put back: `put_back` in the place of why that was agreed."""
    mapping = session.hub.systems[link.system].object(link.object).mapping
    shown = {f.canonical: display_of(f, record.values.get(f.native), session.hub.fields) for f in mapping.fields if not f.member}
    base = {
        key: replace(known, how="put_back") if shown.get(field_of_key(key), known.value) != known.value else known for key, known in link.base.items()
    }
    state = link.state
    if state is not None and any(text_of(record.values.get(name)) != value for name, value in state.values.items()):
        state = replace(state, how="put_back")
    return replace(link, base=base, state=state)
