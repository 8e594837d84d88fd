"""Finds one person by id or e-mail, with everything the store holds about them. Reads the store alone."""

from collections.abc import Mapping
from dataclasses import dataclass

from leadhub.cli.exits import UsageFault
from leadhub.core.normalize import side_of
from leadhub.core.plan import label
from leadhub.core.reconcile import voices_of
from leadhub.core.sides import Side
from leadhub.core.voices import Voice
from leadhub.hub import Hub
from leadhub.model.person import Aggregate, Lead
from leadhub.store import LeadQuery, StoredEdit, StoredReview, SystemRow, Transaction
from leadhub.values.forms import email_match


@dataclass(frozen=True, slots=True)
class Known:
    """A person as leadhub knows them now."""

    hub: Hub
    aggregate: Aggregate
    sides: tuple[Side, ...]
    systems: Mapping[str, SystemRow]
    history: tuple[StoredEdit, ...]
    reviews: tuple[StoredReview, ...]

    @property
    def name(self) -> str:
        """What the person is called."""
        return label(self.aggregate.person)

    def voices(self, lead: Lead) -> list[Voice]:
        """Return what each record says of one lead."""
        said = (voice for side in self.sides for voice in voices_of(side, self.aggregate.leads, self.hub.policy))
        return [voice for voice in said if voice.lead_id == lead.id]


def sides_of(hub: Hub, aggregate: Aggregate, systems: Mapping[str, SystemRow]) -> tuple[Side, ...]:
    """Return the sides that count, as the stored records show them: primary links whose records are there."""
    sides = []
    for link in aggregate.links:
        record, system = aggregate.records.get(link.id), hub.systems.get(link.system)
        if system is None or record is None or record.gone is not None or link.role != "primary":
            continue
        target = system.object(link.object)
        row = systems.get(link.system)
        writes = system.writes and row is not None and row.mode == "write"
        sides.append(side_of(link, record, target.mapping, target.relation, writes=writes))
    return tuple(sides)


def know(hub: Hub, tx: Transaction, person_id: str) -> Known:
    """Return what is known of one person, who must exist."""
    (aggregate,) = tx.persons.load([person_id])
    systems = {row.name: row for row in tx.systems.list()}
    return Known(hub, aggregate, sides_of(hub, aggregate, systems), systems, tx.edits.history(person_id), tx.reviews.open(person_id=person_id))


def find(hub: Hub, who: str) -> Known:
    """Return the person with this e-mail address, or whose id or lead's id begins so. Raises UsageFault where that is nobody, or several."""
    query = LeadQuery(email=email_match(who)) if "@" in who else LeadQuery(id_prefix=who)
    with hub.store.read() as tx:
        found = tx.leads.search(query, limit=50)
        ids = list(dict.fromkeys(summary.lead.person_id for summary in found))
        if len(ids) == 1:
            return know(hub, tx, ids[0])
    if not ids:
        raise UsageFault(f'Nobody is known by "{who}".', next_step="leadhub leads list --search NAME finds people by name or company")
    several = "; ".join(f"{s.lead.person_id} {s.name or s.email or ''}".strip() for s in found[:8])
    raise UsageFault(f'"{who}" names {len(ids)} persons: {several}.', next_step="use one of these ids")
