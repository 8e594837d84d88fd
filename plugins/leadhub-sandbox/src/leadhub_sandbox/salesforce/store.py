"""The rows, with their indexes, what is not yet visible, and the undoing of a request that must leave nothing.

Rows are replaced, never changed, so a query's snapshot is a list of rows and an undo is the row before.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from leadhub_sandbox.clock import SandboxClock
from leadhub_sandbox.salesforce import times
from leadhub_sandbox.salesforce.indexes import Indexes, fold
from leadhub_sandbox.salesforce.objects import OBJECTS
from leadhub_sandbox.salesforce.schema import Row, SObject

BIN_DAYS = 15

Key = tuple[str, str]


class Store:
    """All rows of the org by object and id."""

    def __init__(self, clock: SandboxClock) -> None:
        self.clock = clock
        self.skew = 0.0
        self._tables: dict[str, dict[str, Row]] = {name: {} for name in OBJECTS}
        self._unique: dict[str, dict[str, dict[str, str]]] = {o.name: {f.name: {} for f in o.fields.values() if f.unique} for o in OBJECTS.values()}
        self._indexes = {name: Indexes(table) for name, table in self._tables.items()}
        self._unseen: dict[Key, tuple[datetime, Row | None]] = {}
        self._undo: list[tuple[Key, Row | None, tuple[datetime, Row | None] | None]] = []

    def put(self, obj: SObject, row: Row) -> None:
        """Store a new version of a row."""
        row_id = str(row["Id"])
        before = self._tables[obj.name].get(row_id)
        self._remember((obj.name, row_id))
        if self.skew:
            first = self._unseen.get((obj.name, row_id), (None, before))[1]
            self._unseen[obj.name, row_id] = (self.clock.now() + timedelta(seconds=self.skew), first)
        self._set(obj.name, row_id, row)

    def remove(self, obj: SObject, row_id: str) -> None:
        """Take a row away for good, as the emptying of the recycle bin does."""
        self._remember((obj.name, row_id))
        self._set(obj.name, row_id, None)

    def _remember(self, key: Key) -> None:
        self._undo.append((key, self._tables[key[0]].get(key[1]), self._unseen.get(key)))

    def _set(self, table: str, row_id: str, row: Row | None) -> None:
        before = self._tables[table].pop(row_id, None) if row is None else self._tables[table].get(row_id)
        for field, index in self._unique[table].items():
            if before is not None and index.get(fold(before[field])) == row_id:
                del index[fold(before[field])]
            if row is not None and row[field] is not None and not row.get("IsDeleted"):
                index[fold(row[field])] = row_id
        if row is not None:
            self._tables[table][row_id] = row
        self._indexes[table].replace(row_id, before, row)

    def get(self, obj: SObject, row_id: str) -> Row | None:
        """Return the newest version of a row, deleted or not, visible or not."""
        return self._tables[obj.name].get(row_id)

    def holder(self, obj: SObject, field: str, value: object) -> str | None:
        """Return the id of the live row that holds a value of a unique field."""
        return self._unique[obj.name][field].get(fold(value))

    def holders(self, obj: SObject, field: str, value: object) -> list[str]:
        """Return the ids of the live rows that hold a value: at most one if the field is unique."""
        if obj.fields[field].unique:
            held = self.holder(obj, field, value)
            return [held] if held else []
        table = self._tables[obj.name]
        return [row_id for row_id in sorted(self.holding(obj, field, [value])) if not table[row_id].get("IsDeleted")]

    def holding(self, obj: SObject, field: str, values: Iterable[object]) -> set[str]:
        """Return the ids of the rows, deleted or not, whose newest version holds one of some values."""
        return self._indexes[obj.name].holding(field, values)

    def stamped(self, obj: SObject, low: str, high: str | None) -> list[str]:
        """Return the ids of the rows, deleted or not, whose newest version is of the time from `low` to `high`, the oldest first."""
        return self._indexes[obj.name].stamped(low, high)

    def has_unseen(self, obj: SObject) -> bool:
        """Return whether readers see some row of an object in another version than the newest."""
        self._reveal()
        return any(name == obj.name for name, _ in self._unseen)

    def seen(self, obj: SObject, row_id: str) -> Row | None:
        """Return the version of a row that readers see by now, deleted or not."""
        self._reveal()
        if (obj.name, row_id) in self._unseen:
            return self._unseen[obj.name, row_id][1]
        return self._tables[obj.name].get(row_id)

    def rows(self, obj: SObject, *, deleted: bool = False, among: list[str] | None = None) -> Iterator[Row]:
        """Yield what readers see: the live rows and, if asked, those in the recycle bin (for 15 days); of `among` only and in its order, if given."""
        self._reveal()
        emptied = times.stamp(self.clock.now() - timedelta(days=BIN_DAYS))
        unseen = {row_id: old for (table, row_id), (_, old) in self._unseen.items() if table == obj.name}
        table = self._tables[obj.name]
        pool = table.items() if among is None else ((i, table[i]) for i in among if i in table)
        for row_id, newest in pool:
            row = unseen.get(row_id, newest) if unseen else newest
            if row is None or (row.get("IsDeleted") and not (deleted and str(row["SystemModstamp"]) > emptied)):
                continue
            yield row

    def everything(self, obj: SObject) -> list[Row]:
        """Return the newest version of every row, whatever its state."""
        return list(self._tables[obj.name].values())

    def _reveal(self) -> None:
        if self._unseen:
            now = self.clock.now()
            self._unseen = {key: entry for key, entry in self._unseen.items() if entry[0] > now}

    def oldest_unseen(self) -> str | None:
        """Return the earliest stamp of a write that readers do not see yet."""
        self._reveal()
        stamps = [str(self._tables[table][row_id]["SystemModstamp"]) for table, row_id in self._unseen if row_id in self._tables[table]]
        return min(stamps, default=None)

    def begin(self) -> int:
        """Return a mark to which `rollback` can return."""
        return len(self._undo)

    def rollback(self, mark: int) -> None:
        """Undo every change since a mark, newest first."""
        while len(self._undo) > mark:
            key, row, unseen = self._undo.pop()
            self._set(*key, row)
            self._unseen.pop(key, None)
            if unseen:
                self._unseen[key] = unseen

    def commit(self) -> None:
        """Forget how to undo."""
        self._undo.clear()

    def snapshot(self) -> dict[str, Any]:
        """Return a JSON-able copy of all rows."""
        return {name: [dict(row) for row in table.values()] for name, table in self._tables.items()}

    def unseen(self) -> list[dict[str, Any]]:
        """Return a JSON-able copy of what readers do not see yet: until when, and the row that they see instead."""
        return [{"object": o, "id": i, "until": until.isoformat(), "row": old and dict(old)} for (o, i), (until, old) in self._unseen.items()]

    def restore(self, state: dict[str, Any], unseen: Iterable[dict[str, Any]] = ()) -> None:
        """Put back what `snapshot` and `unseen` returned."""
        self._unseen.clear()
        self._undo.clear()
        for table in self._tables.values():
            table.clear()
        for indexes in self._indexes.values():
            indexes.clear()
        for unique in self._unique.values():
            for index in unique.values():
                index.clear()
        for name, rows in state.items():
            for row in rows:
                self._set(name, row["Id"], _blank(OBJECTS[name]) | row)
        for entry in unseen:
            self._unseen[entry["object"], entry["id"]] = (datetime.fromisoformat(entry["until"]), entry["row"])


def _blank(obj: SObject) -> Row:
    """Return a row of defaults: one that was kept by an older sandbox may lack fields."""
    return {f.name: f.default for f in obj.fields.values()}
