"""The records of one type with their history and their indexes. It stores what it is told and checks nothing."""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from leadhub_sandbox.hubspot.index import Entry, SearchIndex
from leadhub_sandbox.hubspot.numerals import whole
from leadhub_sandbox.hubspot.timestamps import iso


@dataclass(frozen=True, slots=True)
class Source:
    """Who changed a value, as a property's history tells it: `kind` is HubSpot's sourceType."""

    kind: str
    id: str
    label: str
    user_id: int | None = None


CALCULATED = Source("CALCULATED", "CalculatedProperties", "Calculated")


@dataclass(frozen=True, slots=True)
class Version:
    """One value that a property had from `ms` on; "" means cleared."""

    value: str
    ms: int
    source: Source


@dataclass(slots=True)
class Record:
    """One record. `values` holds no blanks; `history` is oldest first."""

    id: int
    created_ms: int
    modified_ms: int
    values: dict[str, str] = field(default_factory=dict)
    history: dict[str, list[Version]] = field(default_factory=dict)
    archived_ms: int | None = None
    merges: int = 0  # how many it took to make it of others

    def emails(self) -> list[str]:
        """Return the primary e-mail, then the secondary ones."""
        primary = self.values.get("email")
        return ([primary] if primary else []) + self.additional_emails()

    def additional_emails(self) -> list[str]:
        """Return the secondary e-mails, which HubSpot keeps in one text with semicolons."""
        return [address for address in self.values.get("hs_additional_emails", "").split(";") if address]


class RecordStore:
    """Records by id in order of creation, with what finds them by e-mail, by unique value and by a merged id."""

    def __init__(self, first_id: int, modified: str) -> None:
        self.next_id = first_id
        self.modified = modified  # the property that tells when a record last changed
        self.records: dict[int, Record] = {}
        self.merged: dict[int, int] = {}
        self.index = SearchIndex()
        self.pending: deque[tuple[int, int, Entry | None]] = deque()
        self.tell: Callable[..., None] = _nobody_listens
        self._ids: list[int] = []
        self._keys: dict[tuple[str, str], int] = {}

    def new_id(self) -> int:
        """Return an id that no record had before; ids only grow."""
        self.next_id += 1
        return self.next_id - 1

    def add(self, record: Record) -> None:
        """Take in a new record whose id is the newest."""
        self.records[record.id] = record
        self._ids.append(record.id)

    def get(self, record_id: str) -> Record | None:
        """Return the record with this id, or the one that it was merged into; archived ones too."""
        number = whole(record_id)
        if number is None:
            return None
        return self.records.get(self._last(number))

    def find(self, name: str, value: str) -> Record | None:
        """Return the live record that holds a unique value. E-mails match in any case, secondary ones included."""
        number = self._keys.get((name, value.strip().lower() if name == "email" else value))
        return None if number is None else self.records[number]

    def after(self, last_id: int) -> Iterator[Record]:
        """Yield the records with a greater id, archived ones too, in order of id. A merged-away one is none."""
        for at in range(bisect_right(self._ids, last_id), len(self._ids)):
            record = self.records.get(self._ids[at])
            if record is not None:
                yield record

    def ids_between(self, least: int, most: int) -> list[int]:
        """Return the ids from `least` to `most` that were given to records, in order."""
        return self._ids[bisect_left(self._ids, least) : bisect_right(self._ids, most)]

    def set_value(self, record: Record, name: str, value: str, version: Version) -> None:
        """Give a property its value ("" clears) and its history an entry."""
        if value:
            record.values[name] = value
        else:
            record.values.pop(name, None)
        record.history.setdefault(name, []).append(version)
        self.tell("propertyChange", record.id, version.ms, version.source, propertyName=name, propertyValue=version.value)

    def calculate(self, record: Record, name: str, value: str, now_ms: int) -> bool:
        """Give a property the value that HubSpot calculated, and say whether it had another one."""
        if record.values.get(name, "") == value:
            return False
        self.set_value(record, name, value, Version(value, now_ms, CALCULATED))
        return True

    def touch(self, record: Record, now_ms: int) -> None:
        """Mark a record as modified now."""
        record.modified_ms = now_ms
        record.values[self.modified] = iso(now_ms)

    def claim_keys(self, record: Record, unique_names: Iterable[str]) -> None:
        """Make a live record findable by its e-mails and unique values."""
        for key in self._own_keys(record, unique_names):
            self._keys[key] = record.id

    def free_keys(self, record: Record, unique_names: Iterable[str]) -> None:
        """Forget what a record was found by."""
        for key in self._own_keys(record, unique_names):
            if self._keys.get(key) == record.id:
                del self._keys[key]

    @staticmethod
    def _own_keys(record: Record, unique_names: Iterable[str]) -> list[tuple[str, str]]:
        keys = [("email", address) for address in record.emails()]
        return keys + [(name, record.values[name]) for name in unique_names if name in record.values]

    def merge_away(self, old: Record, survivor_id: int) -> None:
        """Let an id resolve to the survivor from now on; its own record is no more."""
        del self.records[old.id]
        self.merged[old.id] = survivor_id

    def purge(self, record: Record) -> None:
        """Let a record be as if it had never been, under every id that led to it."""
        del self.records[record.id]
        self.merged = {old: new for old, new in self.merged.items() if self._last(new) != record.id}

    def _last(self, number: int) -> int:
        """Return the id that a merged-away id leads to in the end."""
        while number in self.merged:
            number = self.merged[number]
        return number

    def queue(self, record_id: int, now_ms: int) -> None:
        """Tell the search index of a record's present state; it learns it once the lag is over."""
        record = self.records.get(record_id)
        live = record is not None and record.archived_ms is None
        entry = Entry(record_id, record.modified_ms, dict(record.values)) if record is not None and live else None
        self.pending.append((now_ms, record_id, entry))

    def settle(self, until_ms: int) -> bool:
        """Move what was queued until then into the index; say whether anything moved."""
        moved = False
        while self.pending and self.pending[0][0] <= until_ms:
            _, record_id, entry = self.pending.popleft()
            moved = True
            if entry is None:
                self.index.drop(record_id)
            else:
                self.index.put(entry)
        return moved

    def dump(self) -> dict[str, Any]:
        """Return everything as plain data that `load` takes. Sources are listed once: thousands of values share them."""
        sources: dict[Source, int] = {}
        records = [_dump_record(record, sources) for record in self.records.values()]
        return {
            "next_id": self.next_id,
            "records": records,
            "sources": [[source.kind, source.id, source.label, source.user_id] for source in sources],
            "merged": [[old, new] for old, new in self.merged.items()],
            "index": [[entry.id, entry.modified_ms, dict(entry.values)] for entry in self.index.entries.values()],
            "pending": [[ms, number, [entry.id, entry.modified_ms, dict(entry.values)] if entry else None] for ms, number, entry in self.pending],
        }

    def load(self, state: Mapping[str, Any], unique_names: Iterable[str]) -> None:
        """Put back what `dump` returned."""
        names = list(unique_names)
        sources = [Source(*entry) for entry in state["sources"]]
        self.next_id = state["next_id"]
        self.records = {entry["id"]: _load_record(entry, sources) for entry in state["records"]}
        self.merged = dict(state["merged"])
        self.index = SearchIndex()
        for number, ms, values in state["index"]:
            self.index.put(Entry(number, ms, dict(values)))
        self.pending = deque((ms, number, Entry(*entry) if entry else None) for ms, number, entry in state["pending"])
        self._ids = sorted(self.records)
        self._keys = {}
        for record in self.records.values():
            if record.archived_ms is None:
                self.claim_keys(record, names)


def _nobody_listens(kind: str, record_id: int, ms: int, source: Source, **detail: Any) -> None:
    """Take what happens to a record: `kind` is the second half of HubSpot's subscription type, `detail` what its event carries beside."""


def _dump_record(record: Record, sources: dict[Source, int]) -> dict[str, Any]:
    history = {
        name: [[version.value, version.ms, sources.setdefault(version.source, len(sources))] for version in versions]
        for name, versions in record.history.items()
    }
    times = {"created_ms": record.created_ms, "modified_ms": record.modified_ms, "archived_ms": record.archived_ms}
    return {"id": record.id, **times, "merges": record.merges, "values": dict(record.values), "history": history}


def _load_record(state: Mapping[str, Any], sources: list[Source]) -> Record:
    history = {name: [Version(value, ms, sources[at]) for value, ms, at in versions] for name, versions in state["history"].items()}
    return Record(**{**state, "values": dict(state["values"]), "history": history})
