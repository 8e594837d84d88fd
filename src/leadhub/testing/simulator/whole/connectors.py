"""Connectors to the simulated CRMs. Every call is one point at which anything may happen: an edit, a lost answer, the end of the process."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, cast

import httpx
from pydantic import BaseModel, ConfigDict

from leadhub.connectors.protocols import Context, Source
from leadhub.errors import InvalidValue, RateLimited, RecordGone, Unavailable, UnknownOutcome
from leadhub.model.delivery import Delivery, Door
from leadhub.model.record import Author, Change, Cursor, Gone, Identity, NativeValue, ObjectMapping, Operation, Outcome, Page, Record, Result
from leadhub.testing.simulator.whole.crm import ADDRESSES, Crm, Row
from leadhub.testing.simulator.whole.kinds import KINDS, Kind

PAGE = 4
OVERLAP = 1
"""How often what the index may be late by; a pull without any is a mutant."""
_CREATED = {"Lead": "CreatedDate", "Contact": "CreatedDate", "contacts": "createdate", "person": "made"}


class Wire:
    """In the place of an HTTP client: what has to pass before a request goes out is asked, and nothing is sent."""

    def __init__(self) -> None:
        self.event_hooks: dict[str, list[Callable[[httpx.Request], None]]] = {"request": []}

    def send(self) -> None:
        """Let a request out, or raise what forbids it."""
        for hook in self.event_hooks["request"]:
            hook(_REQUEST)


_REQUEST = httpx.Request("POST", "http://simulated/")


class SimulatedSettings(BaseModel):
    """Where the CRM is, and who is told of each call before it is made."""

    model_config = ConfigDict(arbitrary_types_allowed=True, frozen=True)

    crm: Any = None
    call: Any = None


class Simulated:
    """Reads and writes one simulated CRM. Cursor: the stamp of the youngest row seen; each pull begins `overlap` before it."""

    name: ClassVar[str]
    kind: ClassVar[Kind]
    settings_model: ClassVar[type[BaseModel]] = SimulatedSettings
    batch_size: ClassVar[int] = 3
    archives: ClassVar[bool] = True
    mappings: ClassVar[tuple[ObjectMapping, ...]]

    def __init__(self, context: Context) -> None:
        self.context = context
        self.crm: Crm = context.settings.crm
        self._call: Callable[[str, str], None] = context.settings.call
        self._wire = cast(Wire, context.http("http://simulated"))

    def _begin(self, what: str) -> None:
        self._call(self.crm.name, what)
        if self.crm.down:
            self.crm.down -= 1
            raise Unavailable(f"{self.crm.name} is down")

    def check(self) -> Identity:
        """Say who answers."""
        self._begin("check")
        return Identity(f"org-{self.crm.name}", self.crm.name, production=False, user="leadhub")

    # ---- reading -------------------------------------------------------------------------------------------------------------------

    def pull(self, since: Cursor | None) -> Iterator[Page]:
        """Yield everything, or what changed since, oldest first, as far as the index shows it."""
        if since is None:
            yield from self._listing()
            return
        overlap = OVERLAP * timedelta(seconds=self.crm.traits.lag + self.crm.traits.grain + 1)
        start, newest = datetime.fromisoformat(str(since)) - overlap, datetime.fromisoformat(str(since))
        after: tuple[datetime, str] | None = None
        while True:
            self._begin("pull")
            found = self._changed(start, after)
            for stamp, row, _ in found:
                newest, after = max(newest, stamp), (stamp, row.id)
            yield Page(tuple(record for _, _, record in found if record is not None), newest.isoformat())
            if len(found) < PAGE:
                return

    def _listing(self) -> Iterator[Page]:
        """List by id, not through the index; the mark to go on from is taken before."""
        mark, after = self.crm.time(), ""
        while True:
            self._begin("pull")
            there = sorted((row for row in self.crm.rows.values() if row.gone is None and row.id > after), key=lambda row: row.id)[:PAGE]
            for row in there:
                after = row.id
            yield Page(tuple(self._record(row, row.stamp, row.values, None, None) for row in there), mark.isoformat())
            if len(there) < PAGE:
                return

    def _changed(self, since: datetime, after: tuple[datetime, str] | None) -> list[tuple[datetime, Row, Record | None]]:
        found = []
        for row in self.crm.rows.values():
            shown = self.crm.indexed(row)
            if shown is None:
                continue
            stamp, values, gone, gone_to = shown
            if stamp >= since and (after is None or (stamp, row.id) > after):
                silent = gone is not None and not self.crm.traits.tells
                found.append((stamp, row, None if silent else self._record(row, stamp, values, gone, gone_to)))
        return sorted(found, key=lambda item: (item[0], item[1].id))[:PAGE]

    def _record(self, row: Row, stamp: datetime, values: Mapping[str, NativeValue], gone: Gone | None, gone_to: str | None) -> Record:
        if gone is not None:
            return Record(row.object, row.id, {}, stamp, gone=gone, gone_to=gone_to)
        wanted = self.context.wanted[row.object]
        row.addresses.update(str(values[name]).lower() for name in ADDRESSES if values.get(name))
        given = {name: row.created if name == _CREATED[row.object] else values.get(name) for name in wanted}
        return Record(row.object, row.id, given, stamp, created=row.created)

    def reread(self, object_name: str, ids: Sequence[str]) -> Mapping[str, Record]:
        """Return rows by id, as they are now."""
        self._begin("reread")
        return {id_: self._by_id(object_name, id_) for id_ in ids}

    def _by_id(self, object_name: str, id_: str) -> Record:
        row = self.crm.rows.get((object_name, id_))
        if row is None:
            return Record(object_name, id_, {}, gone=Gone.VANISHED)
        row.looked, row.looked_at = row.revision, self.crm.points()
        if row.gone is Gone.DELETED and not self.crm.traits.tells:
            return Record(object_name, id_, {}, row.stamp, gone=Gone.VANISHED)
        return self._record(row, row.stamp, row.values, row.gone, row.gone_to)

    def find(self, object_name: str, keys: Collection[str]) -> Mapping[str, Record]:
        """Return rows by leadhub's key, not through the index."""
        self._begin("find")
        found = [row for row in self.crm.rows.values() if row.object == object_name and row.key in keys]
        return {str(row.key): self._by_id(object_name, row.id) for row in found}

    # ---- writing -------------------------------------------------------------------------------------------------------------------

    def push(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        """Write one batch; what the network does to it is taken from the CRM's list of faults."""
        self._begin("push")
        self._wire.send()
        fault = self.crm.faults.pop(0) if self.crm.faults else ""
        if fault == "busy":
            raise RateLimited("too many calls", retry_after=1.0)
        if fault == "lost":
            raise UnknownOutcome("no answer, and nothing was written")
        outcomes = []
        for n, change in enumerate(changes):
            if fault == "half" and n >= (len(changes) + 1) // 2:
                break
            refused = fault == "refused" and n == 0
            outcomes.append(
                self._refused(change, InvalidValue("this row's rule says no", fields=tuple(change.values))) if refused else self._write(change)
            )
        self._call(self.crm.name, "written")
        if fault in ("unheard", "half"):
            raise UnknownOutcome("written, and no answer")
        yield from outcomes[::-1]  # the contract says by key, never by position

    def _write(self, change: Change) -> Outcome:
        if change.operation is Operation.CREATE:
            return self._create(change)
        row = self.crm.rows.get((change.object, str(change.record_id)))
        if row is None or row.gone is not None:
            return self._refused(change, RecordGone(f"{change.record_id} is not there"))
        if self.crm.traits.detects and row.looked >= 0 and row.revision != row.looked:
            return Outcome(change.key, Result.STALE, row.id)
        if row.values.get("IsConverted"):
            self.crm.turned_away(row)
            return self._refused(change, InvalidValue("a converted lead takes no change"))
        if change.operation is Operation.ARCHIVE:
            self.crm.delete(row)
            return Outcome(change.key, Result.ACCEPTED, row.id, None, row.stamp)
        if change.operation is Operation.CLEAR_THEN_SET:
            self.crm.save(row, {name: None for name in change.values if name in self.crm.kind.ordered}, "leadhub")
            self._call(self.crm.name, "cleared")
        self.crm.save(row, change.values, "leadhub")
        row.looked = row.revision
        return Outcome(change.key, Result.ACCEPTED, row.id, {name: row.values.get(name) for name in change.values}, row.stamp)

    def _create(self, change: Change) -> Outcome:
        row = next((r for r in self.crm.rows.values() if r.key == change.key), None) if self.crm.kind.upserts else None
        if row is None:
            row = self.crm.make(change.object, -1, change.values, "leadhub", change.key)
        return Outcome(change.key, Result.ACCEPTED, row.id, {name: row.values.get(name) for name in change.values}, row.stamp)

    def _refused(self, change: Change, error: Exception) -> Outcome:
        return Outcome(change.key, Result.REFUSED, change.record_id, error=error)  # type: ignore[arg-type]  # a RecordError by construction


class _Telling(Simulated):
    """One with a history of its fields."""

    def authors(self, object_name: str, ids: Sequence[str], fields: Sequence[str]) -> Mapping[tuple[str, str], Author]:
        """Return who set the present values."""
        self._begin("authors")
        rows = [row for id_ in ids if (row := self.crm.rows.get((object_name, id_))) is not None]
        return {
            (row.id, name): Author("person" if row.authors[name] == "person" else "automation", row.authors[name])
            for row in rows
            for name in fields
            if name in row.authors
        }


class LeadsCrm(_Telling):
    """Leads that people convert."""

    name = "sim-leads"
    kind = KINDS["leads"]
    mappings = kind.mappings


class ContactsCrm(_Telling):
    """Contacts with an ordered stage."""

    name = "sim-contacts"
    kind = KINDS["contacts"]
    mappings = kind.mappings


class PeopleCrm(Simulated):
    """People without a stage or a history."""

    name = "sim-people"
    kind = KINDS["people"]
    mappings = kind.mappings


class Posts:
    """What senders deliver: a record a delivery, under its name."""

    name: ClassVar[str] = "sim-posts"
    settings_model: ClassVar[type[BaseModel]] = SimulatedSettings
    mappings: ClassVar[tuple[ObjectMapping, ...]] = KINDS["posts"].mappings

    def __init__(self, context: Context) -> None:
        self.context = context
        self.crm: Crm = context.settings.crm
        self._call: Callable[[str, str], None] = context.settings.call

    def check(self) -> Identity:
        """Say who answers."""
        self._call(self.crm.name, "check")
        return Identity(f"org-{self.crm.name}", self.crm.name, production=False, user="nobody")

    def pull(self, since: Cursor | None) -> Iterator[Page]:  # noqa: ARG002 - there is nothing to go on from
        """Yield nothing."""
        yield from ()

    def door(self) -> Door:
        """Say by which door deliveries come in; in the simulation they are put into the inbox."""
        return Door(b"", frozenset({"application/json"}))

    def turn_away(self, delivery: Delivery) -> str | None:  # noqa: ARG002 - every delivery is kept
        """Turn nobody away."""
        return None

    def parse(self, delivery: Delivery) -> Sequence[Record]:
        """Return the record of a delivery."""
        self._call(self.crm.name, "parse")
        values = json.loads(delivery.body)
        return [Record("post", delivery.id, {**values, "made": delivery.received_at}, stamp=delivery.received_at, created=delivery.received_at)]


CONNECTORS: tuple[type[Source], ...] = (LeadsCrm, ContactsCrm, PeopleCrm, Posts)
START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
