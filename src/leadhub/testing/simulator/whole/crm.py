"""A simulated CRM: rows with coarse stamps behind an index that lags, with the habits of real ones. People, automations and leadhub change it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, Protocol

from leadhub.model.record import Gone, NativeValue
from leadhub.testing.simulator.whole.kinds import KINDS, LONGEST, Kind

ADDRESSES = ("Email", "email", "mail")
"""What an e-mail address is called in the systems."""
Who = Literal["person", "automation", "leadhub"]


class Place(NamedTuple):
    """One field of one row."""

    crm: str
    object: str
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Traits:
    """How one CRM behaves. `grain` is the granularity of its stamps in seconds, `lag` by how much its index may be late, `skew` how far its clock is off.

    `workflow`: "rewrites" types over what leadhub writes into the title, "follows" sets the company after a title was changed. `detects`: a write is
    refused where the row was changed since it was read. `tells`: it says who changed a field, and which rows are deleted.
    """

    kind: str
    grain: int = 1
    lag: int = 0
    skew: int = 0
    lowers: bool = False
    workflow: Literal["", "rewrites", "follows"] = ""
    detects: bool = True
    tells: bool = True


@dataclass(slots=True)
class Row:
    """A row as it is now. `shown` is what the index has of it: stamps and values with the moment from which it shows them."""

    object: str
    id: str
    human: int
    values: dict[str, NativeValue]
    created: datetime
    stamp: datetime
    revision: int = 0
    key: str | None = None
    gone: Gone | None = None
    gone_to: str | None = None
    authors: dict[str, Who] = field(default_factory=dict)
    shown: list[tuple[datetime, datetime, dict[str, NativeValue], Gone | None, str | None]] = field(default_factory=list)
    looked: int = -1
    """The revision at leadhub's last look by id, and how many points of the schedule had passed by then."""
    looked_at: int = 0
    addresses: set[str] = field(default_factory=set)
    """The e-mail addresses under which leadhub was given it."""


def addresses_of(row: Row) -> list[str]:
    """The e-mail addresses that a row shows, in lower case."""
    return [str(row.values[name]).lower() for name in ADDRESSES if row.values.get(name)]


class Witness(Protocol):
    """Is told of every change of every field."""

    def began(self, crm: str, row: Row, values: Mapping[str, NativeValue]) -> None:
        """A row is made by somebody other than leadhub, with these values; what is not among them is blank."""

    def made(self, crm: str, row: Row) -> None:
        """A row was made by leadhub, and has all its values."""

    def edited(self, place: Place, old: NativeValue, new: NativeValue, who: Who) -> None:
        """Somebody other than leadhub typed a value."""

    def wrote(self, row: Row, place: Place, old: NativeValue, new: NativeValue) -> None:
        """A value was written by leadhub."""

    def turned_away(self, crm: str, row: Row) -> None:
        """Leadhub tried to write to a converted lead."""

    def merged(self, crm: str, winner: Row, loser: Row) -> None:
        """Two rows became one by hand: whoever did it had both before their eyes."""

    def copied(self, crm: str, old: Row, new: Row, names: Mapping[str, str]) -> None:
        """A row became another one (a converted lead its contact), its values going along."""


class Crm:
    """One system, far away."""

    def __init__(self, name: str, traits: Traits, now: Callable[[], datetime], delay: Callable[[int], int]) -> None:
        self.name, self.traits = name, traits
        self.kind: Kind = KINDS[traits.kind]
        self._now, self._delay = now, delay
        self.rows: dict[tuple[str, str], Row] = {}
        self.witness: Witness | None = None
        self.points: Callable[[], int] = lambda: 0
        self.faults: list[str] = []
        self.down = 0
        self.made = 0

    def time(self) -> datetime:
        """The CRM's own clock."""
        return self._now() + timedelta(seconds=self.traits.skew)

    def alive(self) -> list[Row]:
        """The rows that people see and may change, oldest first."""
        return [row for row in self.rows.values() if row.gone is None and not self.kind.receives]

    # ---- changes -------------------------------------------------------------------------------------------------------------------

    def make(self, object_name: str, human: int, values: Mapping[str, NativeValue], who: Who, key: str | None = None) -> Row:
        """Make a row."""
        self.made += 1
        at = self.time()
        row = Row(object_name, f"{self.name[0]}{self.made}", human, dict.fromkeys(self.kind.fields[object_name]), at, at, key=key)
        self.rows[object_name, row.id] = row
        given = {**self.kind.defaults.get(object_name, {}), **values}
        if who == "leadhub":
            self.save(row, given, who)
            self._tell().made(self.name, row)
            return row
        row.values.update({name: self._stored(row, name, value) for name, value in given.items()})
        row.authors.update(dict.fromkeys(given, who))
        self._tell().began(self.name, row, row.values)
        self._touch(row)
        return row

    def receive(self, id_: str, human: int, values: Mapping[str, NativeValue]) -> None:
        """Take in what somebody sent, under the name of its delivery."""
        object_name, at = self.kind.mappings[0].object, self._now()
        row = Row(object_name, id_, human, dict.fromkeys(self.kind.fields[object_name]), at, at)
        self.rows[object_name, id_] = row
        row.values.update(values)
        self._tell().began(self.name, row, row.values)

    def save(self, row: Row, values: Mapping[str, NativeValue], who: Who) -> None:
        """Set fields of a row as this system does: lower-cased, cut off, an ordered stage never backward."""
        for name, value in values.items():
            self._put(row, name, value, who)
        self._touch(row)
        if who == "leadhub":
            self._automate(row, values)

    def _stored(self, row: Row, name: str, value: NativeValue) -> NativeValue:
        if isinstance(value, str):
            value = value.strip() or None
        if isinstance(value, str) and self.traits.lowers and name in self.kind.plain:
            value = value.lower()
        if isinstance(value, str) and name in self.kind.cut:
            value = value[:LONGEST]
        order = self.kind.ordered.get(name, ())
        if order and value in order and row.values.get(name) in order and order.index(value) < order.index(row.values[name]):
            return row.values[name]  # silently ignored, and the answer is 200
        return value

    def _put(self, row: Row, name: str, sent: NativeValue, who: Who) -> None:
        old, value = row.values.get(name), self._stored(row, name, sent)
        place = Place(self.name, row.object, row.id, name)
        row.values[name] = value
        if who == "leadhub":
            row.authors[name] = "automation"
            self._tell().wrote(row, place, old, sent)
            if value != sent:
                self._tell().edited(place, sent, value, "automation")
        elif old != value:
            row.authors[name] = who
            self._tell().edited(place, old, value, who)

    def _automate(self, row: Row, written: Mapping[str, NativeValue]) -> None:
        title, company = self.kind.title.get(row.object), self.kind.company.get(row.object)
        if title is None or title not in written:
            return
        if self.traits.workflow == "rewrites" and written[title]:
            self._put(row, title, f"{row.revision}~{row.values[title]}", "automation")
            self._touch(row)
        elif self.traits.workflow == "follows" and company is not None:
            self._put(row, company, f"Wf{row.id}{row.revision}", "automation")
            self._touch(row)

    def _touch(self, row: Row) -> None:
        row.revision += 1
        row.stamp = self._grained(self.time())
        visible = self._now() + timedelta(seconds=self._delay(self.traits.lag) if self.traits.lag else 0)
        row.shown.append((visible, row.stamp, dict(row.values), row.gone, row.gone_to))

    def _grained(self, at: datetime) -> datetime:
        whole = int(at.timestamp())
        return datetime.fromtimestamp(whole - whole % self.traits.grain, tz=at.tzinfo)

    def turned_away(self, row: Row) -> None:
        """Leadhub tried to write to a row that takes no write any more."""
        self._tell().turned_away(self.name, row)

    def _tell(self) -> Witness:
        assert self.witness is not None
        return self.witness

    def delete(self, row: Row) -> None:
        """Put a row into the bin."""
        row.gone = Gone.DELETED
        self._touch(row)

    def restore(self, row: Row) -> None:
        """Take a row out of the bin."""
        row.gone = None
        self._touch(row)

    def merge(self, winner: Row, loser: Row) -> None:
        """Make one row of two: the winner keeps what it has, and gets the rest from the loser."""
        self._tell().merged(self.name, winner, loser)
        missing = {name: value for name, value in loser.values.items() if value and not winner.values.get(name) and name in self.kind.plain}
        for name, value in missing.items():
            self._put(winner, name, value, "person")
        loser.gone, loser.gone_to = Gone.MERGED, winner.id
        for row in self.rows.values():
            if row.gone is Gone.MERGED and row.gone_to == loser.id:
                row.gone_to = winner.id
        self._touch(loser)
        self._touch(winner)

    def convert(self, row: Row, *, opportunity: bool) -> None:
        """Make a contact of a lead, as a salesman does."""
        self.made += 1
        at = self.time()
        names = self.kind.contact
        contact = Row("Contact", f"{self.name[0]}{self.made}", row.human, dict.fromkeys(self.kind.fields["Contact"]), at, at)
        self.rows["Contact", contact.id] = contact
        contact.values.update({to: row.values.get(name) for name, to in names.items()})
        self._tell().began(self.name, contact, contact.values)
        self._tell().copied(self.name, row, contact, names)
        for name, value in {"Status": "Closed - Converted", "ConvertedOpportunityId": "006A" if opportunity else None}.items():
            self._put(row, name, value, "person")
        row.values |= {"IsConverted": True, "ConvertedContactId": contact.id}
        self._touch(row)
        self._touch(contact)

    # ---- the index -----------------------------------------------------------------------------------------------------------------

    def indexed(self, row: Row) -> tuple[datetime, dict[str, NativeValue], Gone | None, str | None] | None:
        """What the index shows of a row at this moment."""
        now, found = self._now(), None
        for n, entry in enumerate(row.shown):
            if entry[0] <= now:
                found = n
        if found is None:
            return None
        _, stamp, values, gone, gone_to = row.shown[found]
        return stamp, values, gone, gone_to
