"""Observations: the latest one of each record, the cursor behind them, and the work list of what changed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, or_, select, tuple_, type_coerce, update
from sqlalchemy.types import NullType

from leadhub.model.person import StoredRecord
from leadhub.model.record import Cursor, Gone, Record
from leadhub.store import bulk, tables
from leadhub.store.codec import decode_native, encode_native
from leadhub.store.leases import Leases
from leadhub.store.repository import Repository
from leadhub.store.rows import IngestResult, RecordKey, Seen

_T = tables.record
_MOVE_STAMP = (
    update(_T)
    .where(_T.c.system == bindparam("at_system"), _T.c.object == bindparam("at_object"), _T.c.record_id == bindparam("at_id"))
    .values(stamp=bindparam("new"))
)
_WEIGHTS = ("unchanged", "older", "changed", "new", "ambiguous")
OBSERVED = tuple(_T.c[name] for name in ("system", "object", "record_id", "native", "stamp", "raw_hash", "gone", "gone_to", "created"))
"""The columns that `stored_record` reads, in its order."""
_DECIDING = ("raw_hash", "stamp", "gone", "gone_to", "created")


@dataclass(slots=True)
class _Known:
    """As much of a stored record as decides whether an observation changes it."""

    raw_hash: bytes
    stamp: datetime | None
    gone: str | None
    gone_to: str | None
    created: datetime | None
    native: dict[str, Any] | None = None


@dataclass(slots=True)
class _Page:
    """What a page comes to: the rows to write, and the last verdict on each record."""

    rows: dict[RecordKey, dict[str, Any]] = field(default_factory=dict)
    stamps: dict[RecordKey, datetime] = field(default_factory=dict)
    verdicts: dict[RecordKey, str] = field(default_factory=dict)
    settled: list[RecordKey] = field(default_factory=list)

    def note(self, key: RecordKey, verdict: str) -> None:
        """Keep the verdict that weighs more: a record that came twice and changed once has changed."""
        before = self.verdicts.get(key)
        self.verdicts[key] = verdict if before is None else max(before, verdict, key=_WEIGHTS.index)

    def result(self) -> IngestResult:
        """Count each record once."""
        keys = {name: tuple(key for key, verdict in self.verdicts.items() if verdict == name) for name in set(self.verdicts.values())}
        return IngestResult(
            new=len(keys.get("new", ())),
            changed=len(keys.get("changed", ())),
            unchanged=len(keys.get("unchanged", ())),
            older=len(keys.get("older", ())),
            ambiguous=keys.get("ambiguous", ()),
            changed_keys=tuple(self.rows),
        )


class Records(Repository):
    """Records by (system, object, id)."""

    def cursor(self, system: str, object: str = "") -> Cursor:  # noqa: A002 - the model's word
        """Return where the pull of a system goes on, None for its beginning."""
        row = select(tables.cursor.c.value).where(tables.cursor.c.system == system, tables.cursor.c.object == object)
        cursor: Cursor = self.connection.scalar(row)
        return cursor

    def ingest(
        self,
        system: str,
        records: Iterable[tuple[Record, bytes]],
        cursor: Cursor,
        run_id: str,
        token: int,
        *,
        object: str = "",  # noqa: A002 - the model's word
        how: Seen = "told",
    ) -> IngestResult:
        """Store one page, put what changed on the work list, and move the cursor, all in this transaction.

        Args:
            system: the system's name.
            records: observations with the hash of their values; the order is the order in which they were made.
            cursor: where the next pull goes on; None leaves the stored cursor alone (a re-read moves nothing).
            run_id: the run that saw them.
            token: the caller's lease.
            object: the part of the system that the cursor is of; blank where it has one cursor.
            how: how the records came, which says what their stamps are worth.

        An unchanged record is known by its hash alone. An observation older than the stored one is dropped: an index lags. In a reading of everything
        that may also be a system that was put back to an earlier state, so there the record is asked for by id, as it is where two values have one
        stamp. What was asked for is later than all that was seen before, whatever its stamp. A record that is gone and comes without values keeps
        those last seen.

        Raises:
            LeaseHeld: the lease was lost; nothing is stored.
        """
        Leases(self.connection, self.clock).check(token)
        page = _Page()
        for name, group in groupby(sorted(records, key=lambda pair: pair[0].object), key=lambda pair: pair[0].object):
            self._judge(page, system, name, list(group), run_id, how)
        bulk.upsert(self.connection, _T, list(page.rows.values()))
        self._touch(page)
        if cursor is not None:
            row = {"system": system, "object": object, "value": cursor, "run_id": run_id, "token": token}
            bulk.upsert(self.connection, tables.cursor, [row])
        return page.result()

    def _judge(self, page: _Page, system: str, name: str, group: Sequence[tuple[Record, bytes]], run_id: str, how: Seen) -> None:
        known = self._known(system, name, group)
        seen_at = self.clock.now()
        for record, raw_hash in group:
            key = RecordKey(system, name, record.id)
            stored = known.get(record.id)
            said = verdict(stored, record, raw_hash, how)
            page.note(key, said)
            if said in {"new", "changed"}:
                row = record_row(_observed(key, record, raw_hash, stored), seen_at, run_id, dirty=True)
                if stored and stored.native is not None and record.gone and not record.values:
                    row |= {"native": stored.native, "raw_hash": stored.raw_hash}
                page.rows[key] = row
                page.stamps.pop(key, None)
                known[record.id] = _Known(*(row[name] for name in (*_DECIDING, "native")))
                continue
            if said == "unchanged" and how == "asked":
                page.settled.append(key)
            if said == "unchanged" and stored and record.stamp and record.stamp != stored.stamp:
                # The values asked for are the same, but a late observation from between the two stamps must still count as old.
                stored.stamp = record.stamp
                page.stamps[key] = record.stamp

    def forget_cursor(self, system: str) -> None:
        """Let the next pull of a system begin at its beginning."""
        self.connection.execute(delete(tables.cursor).where(tables.cursor.c.system == system))

    def set_gone(self, gone: Mapping[RecordKey, Gone | None]) -> None:
        """Mark records as gone for a reason of the deployment's own, or as there again. They stay on the work list, or off it."""
        for reason, keys in groupby(sorted(gone, key=lambda key: str(gone[key])), key=lambda key: gone[key]):
            self.connection.execute(update(_T).where(self._among(list(keys))).values(gone=reason))

    def _known(self, system: str, name: str, group: Sequence[tuple[Record, bytes]]) -> dict[str, _Known]:
        ids = {record.id for record, _ in group}
        emptied = {record.id for record, _ in group if record.gone and not record.values}
        wanted = (_T.c.record_id, *(_T.c[column] for column in _DECIDING))
        here = (_T.c.system == system, _T.c.object == name)
        rows = self.connection.execute(select(*wanted).where(*here, bulk.among(self.connection, _T.c.record_id, ids)))
        known = {row[0]: _Known(*row[1:]) for row in rows}
        if emptied:
            last = select(_T.c.record_id, _T.c.native).where(*here, bulk.among(self.connection, _T.c.record_id, emptied))
            for record_id, native in self.connection.execute(last):
                known[record_id].native = native
        return known

    def _touch(self, page: _Page) -> None:
        if ambiguous := [key for key, verdict in page.verdicts.items() if verdict == "ambiguous"]:
            self.connection.execute(update(_T).where(self._among(ambiguous)).values(unsettled=True))
        if page.settled:
            self.connection.execute(update(_T).where(self._among(page.settled)).values(unsettled=False))
        if page.stamps:
            moved = [{"at_system": key.system, "at_object": key.object, "at_id": key.id, "new": stamp} for key, stamp in page.stamps.items()]
            self.connection.execute(_MOVE_STAMP, moved)

    def digests(self, *, out_of_scope: bool = True, size: int = 5000) -> Iterator[Sequence[tuple[str, str, str, bytes]]]:
        """Yield (system, object, id, hash of the values) of every record that is there, many at a time, in no order: one walk over it all.

        `out_of_scope`: with those that are out of scope, which are there too.
        """
        hashed = type_coerce(_T.c.raw_hash, NullType())  # both drivers give bytes: there is nothing to convert
        there = or_(_T.c.gone.is_(None), _T.c.gone == Gone.OUT_OF_SCOPE.value) if out_of_scope else _T.c.gone.is_(None)
        wanted = select(_T.c.system, _T.c.object, _T.c.record_id, hashed).where(there)
        yield from self.connection.execution_options(yield_per=size).execute(wanted).partitions()

    def read_until(self, system: str) -> str | None:
        """Return the run that last moved the cursor of a system, None where nothing was ever read to its end."""
        run_id: str | None = self.connection.scalar(select(func.max(tables.cursor.c.run_id)).where(tables.cursor.c.system == system))
        return run_id

    def get(self, keys: Iterable[RecordKey]) -> dict[RecordKey, StoredRecord]:
        """Return the latest observations of those records that were ever seen."""
        rows = self.connection.execute(select(*OBSERVED).where(self._among(keys))).all()
        return {RecordKey(*row[:3]): stored_record(row) for row in rows}

    def slice(self, system: str, after: RecordKey | None, limit: int) -> tuple[StoredRecord, ...]:
        """Return up to `limit` records of a system in the order of their keys, after the one named."""
        found = select(*OBSERVED).where(_T.c.system == system).order_by(_T.c.object, _T.c.record_id).limit(limit)
        if after:
            found = found.where(tuple_(_T.c.object, _T.c.record_id) > tuple_(after.object, after.id))
        return tuple(stored_record(row) for row in self.connection.execute(found))

    def count(self, system: str) -> int:
        """Return how many records of a system are there and not gone."""
        return self.connection.execute(select(func.count()).select_from(_T).where(_T.c.system == system, _T.c.gone.is_(None))).scalar_one()

    def total(self) -> int:
        """Return how many records of all systems are known, gone or not."""
        return self.connection.execute(select(func.count()).select_from(_T)).scalar_one()

    def there(self, system: str, limit: int, after: RecordKey | None = None) -> tuple[RecordKey, ...]:
        """Return keys of the records of a system that are not gone, in the order of keys."""
        return self._marked((_T.c.system == system) & _T.c.gone.is_(None), limit, after)

    def dirty(self, limit: int = 1000, after: RecordKey | None = None) -> tuple[RecordKey, ...]:
        """Return keys from the work list, in the order of keys: records that changed and whose persons were not saved since."""
        return self._marked(_T.c.dirty.is_(True), limit, after)

    def waiting(self, keys: Iterable[RecordKey]) -> frozenset[RecordKey]:
        """Return those of these keys that are on the work list."""
        found = select(_T.c.system, _T.c.object, _T.c.record_id).where(self._among(keys), _T.c.dirty.is_(True))
        return frozenset(RecordKey(*row) for row in self.connection.execute(found))

    def unsettled(self, limit: int = 1000, after: RecordKey | None = None) -> tuple[RecordKey, ...]:
        """Return keys of records that must be read by id: an observation cannot be told from what is stored by its stamp."""
        return self._marked(_T.c.unsettled.is_(True), limit, after)

    def _marked(self, mark: Any, limit: int, after: RecordKey | None) -> tuple[RecordKey, ...]:
        found = select(_T.c.system, _T.c.object, _T.c.record_id).where(mark).order_by(_T.c.system, _T.c.object, _T.c.record_id).limit(limit)
        if after:
            found = found.where(tuple_(_T.c.system, _T.c.object, _T.c.record_id) > tuple_(*after))
        return tuple(RecordKey(*row) for row in self.connection.execute(found))

    def mark_dirty(self, keys: Iterable[RecordKey]) -> None:
        """Put records on the work list though nothing of them changed: a setting did."""
        self.connection.execute(update(_T).where(self._among(keys)).values(dirty=True))

    def mark_system_dirty(self, system: str) -> None:
        """Put all records of a system on the work list, after its mapping changed."""
        self.connection.execute(update(_T).where(_T.c.system == system).values(dirty=True))

    def clear_dirty(self, records: Iterable[StoredRecord]) -> None:
        """Take records off the work list, each only if it is still as it was when it was worked on."""
        clear_dirty(self.connection, records)

    def _among(self, keys: Iterable[RecordKey]) -> Any:
        return tuple_(_T.c.system, _T.c.object, _T.c.record_id).in_(bulk.listed_rows(self.connection, keys, 3))


def clear_dirty(connection: Connection, records: Iterable[StoredRecord]) -> None:
    """See `Records.clear_dirty`."""
    name = tuple_(_T.c.system, _T.c.object, _T.c.record_id)
    for batch in bulk.slices(records):
        worked_on = {(record.system, record.object, record.id): (record.raw_hash, record.gone) for record in batch}
        among = name.in_(bulk.listed_rows(connection, worked_on, 3))
        rows = connection.execute(select(*name.clauses, _T.c.raw_hash, _T.c.gone, _T.c.dirty).where(among))
        done = [row[:3] for row in rows if row.dirty and worked_on[row[:3]] == (row.raw_hash, row.gone)]
        connection.execute(update(_T).where(name.in_(bulk.listed_rows(connection, done, 3))).values(dirty=False))


def record_row(record: StoredRecord, seen_at: datetime, run_id: str, *, dirty: bool) -> dict[str, Any]:
    """Return an observation as a row."""
    return {
        "system": record.system,
        "object": record.object,
        "record_id": record.id,
        "native": encode_native(record.native),
        "stamp": record.stamp,
        "created": record.created,
        "raw_hash": record.raw_hash,
        "gone": record.gone.value if record.gone else None,
        "gone_to": record.gone_to,
        "seen_at": seen_at,
        "seen_run": run_id,
        "dirty": dirty,
        "unsettled": False,
    }


def stored_record(row: Sequence[Any]) -> StoredRecord:
    """Return a row of the columns `OBSERVED` as an observation."""
    system, object_, record_id, native, stamp, raw_hash, gone, gone_to, created = row
    return StoredRecord(
        system=system,
        object=object_,
        id=record_id,
        native=decode_native(native),
        stamp=stamp,
        raw_hash=bytes(raw_hash),
        gone=Gone(gone) if gone else None,
        gone_to=gone_to,
        created=created,
    )


def verdict(stored: _Known | StoredRecord | None, record: Record, raw_hash: bytes, how: Seen) -> str:
    """Return what an observation is beside the stored one: new, unchanged, changed, older or ambiguous."""
    if stored is None:
        return "new"
    if how != "asked" and stored.stamp and record.stamp and record.stamp < stored.stamp:
        return "ambiguous" if how == "listed" else "older"
    same_end = (record.gone, record.gone_to) == (stored.gone, stored.gone_to)
    tombstone = record.gone is not None and not record.values
    if same_end and (tombstone or raw_hash == stored.raw_hash):
        return "unchanged"
    if record.stamp and record.stamp == stored.stamp and same_end and how in ("told", "listed"):
        return "ambiguous"
    return "changed"


def _observed(key: RecordKey, record: Record, raw_hash: bytes, stored: _Known | None) -> StoredRecord:
    return StoredRecord(
        system=key.system,
        object=key.object,
        id=key.id,
        native=record.values,
        stamp=record.stamp or (stored.stamp if stored else None),
        raw_hash=raw_hash,
        gone=record.gone,
        gone_to=record.gone_to,
        created=record.created or (stored.created if stored else None),
    )
