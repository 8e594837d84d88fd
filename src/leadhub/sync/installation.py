"""Two installations on the same systems: each record that a leadhub makes carries its name, and whoever reads another's name stops writing there."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from leadhub.core.guard import OTHERS, Refusal
from leadhub.core.keys import signer
from leadhub.model.record import Record
from leadhub.store import OtherInstallation, Transaction
from leadhub.sync.session import Session


def without_keys(session: Session, tx: Transaction, system: str, records: Sequence[Record]) -> list[Record]:
    """Return records without our key among their values, which says nothing of anybody. One of another installation's is noted."""
    field = session.hub.systems[system].external_id
    if field is None or not any(field in record.values for record in records):
        return list(records)
    for record in records:
        other = signer(record.values.get(field))
        if other is not None and other != session.installation:
            tx.installations.note(system, other, record)
    return [replace(r, values={name: value for name, value in r.values.items() if name != field}) for r in records]


def refusals(session: Session, systems: Sequence[str]) -> Iterator[Refusal]:
    """Yield a refusal for each system in which another installation was met that nobody has taken over."""
    with session.hub.store.read() as tx:
        for system in systems:
            for other in tx.installations.others(system):
                if other.taken_over_at is None:
                    yield Refusal(system, OTHERS, 1, 0, shown(other), other=other.id)


def shown(other: OtherInstallation) -> str:
    """Say which installation it is, and what told."""
    saved = f", saved {other.stamp:%Y-%m-%d %H:%M:%S} UTC" if other.stamp else ""
    return f"installation {other.id}, first seen in {other.object} {other.record_id}{saved}, read {other.met_at:%Y-%m-%d %H:%M:%S} UTC"
