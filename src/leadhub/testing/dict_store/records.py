"""Observations, cursors and the work list in dictionaries."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from leadhub.model.person import StoredRecord
from leadhub.model.record import Cursor, Gone, Record
from leadhub.store import IngestResult, RecordKey, Seen
from leadhub.store.records import Records, verdict
from leadhub.testing.dict_store.json_values import json_in, json_out
from leadhub.testing.dict_store.repository import DictRepository
from leadhub.testing.dict_store.tables import Place, Tables, native_in, record_out, utc

_WEIGHTS = {"unchanged": 0, "older": 1, "changed": 2, "new": 3, "ambiguous": 4}


class DictRecords(DictRepository, Records):
    """Records by (system, object, id)."""

    def cursor(self, system: str, object: str = "") -> Cursor:  # noqa: A002 - the model's word
        """See `Records.cursor`."""
        place = self.held.cursors.get((system, object))
        cursor: Cursor = place and json_out(place.cursor)
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
        """See `Records.ingest`."""
        held = self.held
        held.writable()
        held.check_lease(token)
        page: dict[RecordKey, StoredRecord] = {}
        verdicts: dict[RecordKey, str] = {}
        changed: dict[RecordKey, None] = {}
        settled: list[RecordKey] = []
        for record, raw_hash in sorted(records, key=_by_object):
            key = RecordKey(system, record.object, record.id)
            stored = page.get(key) or held.records.get(key)
            said = verdict(stored, record, raw_hash, how)
            before = verdicts.get(key)
            verdicts[key] = said if before is None else max(before, said, key=_WEIGHTS.__getitem__)
            if said in {"new", "changed"}:
                page[key] = _observed(key, record, raw_hash, stored)
                changed[key] = None
            elif said == "unchanged" and stored:
                if how == "asked":
                    settled.append(key)
                if record.stamp and record.stamp != stored.stamp:
                    page[key] = replace(stored, stamp=utc(record.stamp))
        _store(held, page, changed, [key for key, said in verdicts.items() if said == "ambiguous"], settled)
        if cursor is not None:
            held.put(held.cursors, (system, object), Place(json_in(cursor), run_id))
        return _result(verdicts, changed)

    def forget_cursor(self, system: str) -> None:
        """See `Records.forget_cursor`."""
        self.held.writable()
        for key in [key for key in self.held.cursors if key[0] == system]:
            self.held.drop(self.held.cursors, key)

    def set_gone(self, gone: Mapping[RecordKey, Gone | None]) -> None:
        """See `Records.set_gone`."""
        self.held.writable()
        for key, reason in gone.items():
            if stored := self.held.records.get(key):
                self.held.put(self.held.records, key, replace(stored, gone=reason))

    def digests(self, *, out_of_scope: bool = True, size: int = 5000) -> Iterator[Sequence[tuple[str, str, str, bytes]]]:
        """See `Records.digests`."""
        there = {None, Gone.OUT_OF_SCOPE} if out_of_scope else {None}
        told = ((*key, record.raw_hash) for key, record in self.held.records.items() if record.gone in there)
        while page := list(islice(told, size)):
            yield page

    def read_until(self, system: str) -> str | None:
        """See `Records.read_until`."""
        return max((place.run_id for (of, _), place in self.held.cursors.items() if of == system), default=None)

    def get(self, keys: Iterable[RecordKey]) -> dict[RecordKey, StoredRecord]:
        """See `Records.get`."""
        records = self.held.records
        return {key: record_out(records[key]) for key in keys if key in records}

    def slice(self, system: str, after: RecordKey | None, limit: int) -> tuple[StoredRecord, ...]:
        """See `Records.slice`."""
        records = self.held.records
        keys = sorted(key for key in records if key.system == system and (after is None or key[1:] > after[1:]))
        return tuple(record_out(records[key]) for key in keys[:limit])

    def count(self, system: str) -> int:
        """See `Records.count`."""
        return sum(key.system == system and record.gone is None for key, record in self.held.records.items())

    def total(self) -> int:
        """See `Records.total`."""
        return len(self.held.records)

    def there(self, system: str, limit: int, after: RecordKey | None = None) -> tuple[RecordKey, ...]:
        """See `Records.there`."""
        return _part((key for key, record in self.held.records.items() if key.system == system and record.gone is None), limit, after)

    def dirty(self, limit: int = 1000, after: RecordKey | None = None) -> tuple[RecordKey, ...]:
        """See `Records.dirty`."""
        return _part(self.held.dirty, limit, after)

    def waiting(self, keys: Iterable[RecordKey]) -> frozenset[RecordKey]:
        """See `Records.waiting`."""
        return frozenset(key for key in keys if key in self.held.dirty)

    def unsettled(self, limit: int = 1000, after: RecordKey | None = None) -> tuple[RecordKey, ...]:
        """See `Records.unsettled`."""
        return _part(self.held.unsettled, limit, after)

    def mark_dirty(self, keys: Iterable[RecordKey]) -> None:
        """See `Records.mark_dirty`."""
        held = self.held
        held.writable()
        for key in keys:
            if key in held.records and key not in held.dirty:
                held.put(held.dirty, key, None)

    def mark_system_dirty(self, system: str) -> None:
        """See `Records.mark_system_dirty`."""
        self.mark_dirty([key for key in self.held.records if key.system == system])

    def clear_dirty(self, records: Iterable[StoredRecord]) -> None:
        """See `Records.clear_dirty`."""
        self.held.writable()
        clear_dirty(self.held, records)


def clear_dirty(held: Tables, records: Iterable[StoredRecord]) -> None:
    """See `Records.clear_dirty`. Of a record given twice the last counts."""
    dirty = held.dirty
    worked_on = {key: record for record in records if (key := RecordKey(record.system, record.object, record.id)) in dirty}
    for key, record in worked_on.items():
        stored = held.records[key]
        if stored.raw_hash == record.raw_hash and stored.gone == record.gone:
            held.drop(dirty, key)


def _by_object(seen: tuple[Record, bytes]) -> str:
    return seen[0].object


def _store(
    held: Tables, page: Mapping[RecordKey, StoredRecord], changed: Iterable[RecordKey], unclear: list[RecordKey], settled: list[RecordKey]
) -> None:
    for key, record in page.items():
        held.put(held.records, key, record)
    for key in changed:
        held.put(held.dirty, key, None)
        held.drop(held.unsettled, key)
    for key in unclear:
        held.put(held.unsettled, key, None)
    for key in settled:
        held.drop(held.unsettled, key)


def _observed(key: RecordKey, record: Record, raw_hash: bytes, stored: StoredRecord | None) -> StoredRecord:
    native, stamp, created = record.values, record.stamp, record.created
    if stored:
        if record.gone and not native:
            native, raw_hash = stored.native, stored.raw_hash
        stamp, created = stamp or stored.stamp, created or stored.created
    return StoredRecord(*key, native_in(native), stamp and utc(stamp), bytes(raw_hash), record.gone, record.gone_to, created and utc(created))


def _result(verdicts: Mapping[RecordKey, str], changed: Iterable[RecordKey]) -> IngestResult:
    said = list(verdicts.values())
    return IngestResult(
        new=said.count("new"),
        changed=said.count("changed"),
        unchanged=said.count("unchanged"),
        older=said.count("older"),
        ambiguous=tuple(key for key, one in verdicts.items() if one == "ambiguous"),
        changed_keys=tuple(changed),
    )


def _part(keys: Iterable[RecordKey], limit: int, after: RecordKey | None) -> tuple[RecordKey, ...]:
    return tuple(sorted(keys if after is None else (key for key in keys if key > after))[:limit])
