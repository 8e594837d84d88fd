"""One person with everything the store holds, and what each record shows beside what leadhub holds. Every question begins here."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from leadhub.core.agreement import agrees, base_key, compared
from leadhub.core.drafts import label
from leadhub.core.reconcile import current_lead, voices_of
from leadhub.core.sides import Side
from leadhub.core.voices import Voice
from leadhub.hub import Hub
from leadhub.hub.systems import Books, heard_records
from leadhub.model.person import Aggregate, Base, Canonical, Lead, Value
from leadhub.store import StoredEdit, StoredReview, SystemRow, Transaction


@dataclass(frozen=True, slots=True)
class View:
    """What one record shows in one field, beside what leadhub holds. `lead` is None for a field of the person."""

    side: Side
    field: str
    lead: Lead | None
    shown: Value
    canonical: Canonical | None
    base: Base | None
    same: bool
    """Whether the side needs nothing of what leadhub holds: the two are one value to it."""
    edited: bool
    """Whether it shows something else than at the last agreement: the next run judges it."""

    @property
    def held(self) -> Value:
        """What leadhub holds."""
        return None if self.canonical is None else self.canonical.value

    @property
    def seen(self) -> bool:
        """Whether the side has seen the present value."""
        return self.base is not None and self.canonical is not None and self.base.version >= self.canonical.version

    @property
    def stands(self) -> bool:
        """Whether this is a standing difference: seen, different all the same, and left alone."""
        return self.seen and not self.same and not self.edited


@dataclass(frozen=True, slots=True)
class Known:
    """A person as leadhub knows them now."""

    hub: Hub
    aggregate: Aggregate
    sides: tuple[Side, ...]
    systems: Mapping[str, SystemRow]
    history: tuple[StoredEdit, ...] = ()
    reviews: tuple[StoredReview, ...] = ()

    @property
    def name(self) -> str:
        """What the person is called."""
        return label(self.aggregate.person)

    @property
    def current(self) -> Lead | None:
        """The newest open lead, else the newest."""
        return current_lead(self.aggregate.leads)

    def voices(self, lead: Lead) -> list[Voice]:
        """Return what each record says of one lead."""
        said = (voice for side in self.sides for voice in voices_of(side, self.aggregate.leads, self.hub.policy))
        return [voice for voice in said if voice.lead_id == lead.id]

    def canonical(self, field: str, lead: Lead | None = None) -> Canonical | None:
        """Return what leadhub holds in a field of the person, or of this lead."""
        return (self.aggregate.person.fields if lead is None else lead.fields).get(field)

    def lead_of(self, field: str) -> Lead | None:
        """Return the lead that a field of this person belongs to, the current one; None for a field of the person."""
        return self.current if self.hub.policy.fields[field].entity == "lead" else None

    def views(self, field: str | None = None) -> Iterator[View]:
        """Yield every field that a record shows, or one, beside what leadhub holds."""
        for side in self.sides:
            for name, shown in side.shown.items():
                if field in {None, name} and name in self.hub.policy.fields:
                    yield self._view(side, name, shown)

    def _view(self, side: Side, name: str, shown: Value) -> View:
        policy = self.hub.policy.fields[name]
        lead = self._lead_of(side) if policy.entity == "lead" else None
        canonical = self.canonical(name, lead)
        base = side.link.base.get(base_key(name, None if lead is None else lead.id))
        edited = base is not None and compared(policy, side, shown) != compared(policy, side, base.value)
        same = agrees(policy, side, None if canonical is None else canonical.value)
        return View(side, name, lead, shown, canonical, base, same=same, edited=edited)

    def alike(self, side: Side, name: str, one: Value, other: Value) -> bool:
        """Whether two values of a field are the same to a side."""
        policy = self.hub.policy.fields[name]
        return compared(policy, side, one) == compared(policy, side, other)

    def _lead_of(self, side: Side) -> Lead | None:
        own = (side.link.system, side.link.object) in self.hub.policy.own_lead
        return next((lead for lead in self.aggregate.leads if lead.id == side.link.lead_id), None) if own else self.current


def sides_of(hub: Hub, aggregate: Aggregate, systems: Mapping[str, SystemRow], books: Books) -> tuple[Side, ...]:
    """Return the sides that count, as the stored records show them."""
    sides = []
    for link, record in heard_records(hub, aggregate.links, aggregate.records):
        row = systems.get(link.system)
        writes = hub.systems[link.system].writes and row is not None and row.written
        sides.append(hub.side(link, record, books, writes=writes))
    return tuple(sides)


def know(hub: Hub, tx: Transaction, person_id: str) -> Known:
    """Return what is known of one person, who must exist."""
    (aggregate,) = tx.persons.load([person_id])
    systems = {row.name: row for row in tx.systems.list()}
    sides = sides_of(hub, aggregate, systems, hub.books(tx))
    return Known(hub, aggregate, sides, systems, tx.edits.history(person_id), tx.reviews.open(person_id=person_id))


def everyone(hub: Hub, tx: Transaction, *, slice_size: int = 500) -> Iterator[Known]:
    """Yield every person without history and questions, in the order of ids; memory holds one slice."""
    systems, books = {row.name: row for row in tx.systems.list()}, hub.books(tx)
    after = ""
    while ids := tx.persons.iter_ids(after, slice_size):
        for aggregate in tx.persons.load(ids):
            yield Known(hub, aggregate, sides_of(hub, aggregate, systems, books), systems)
        after = ids[-1]
