"""Indexes of one object's rows, each built when it is first asked for and kept from then on. They know all rows, deleted ones too."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Mapping

from leadhub_sandbox.salesforce.schema import Row

STAMP = "SystemModstamp"
_LAST = "~"
"""Sorts after every character of a stamp and of an id."""


def fold(value: object) -> str:
    """Return a value as the indexes hold it: two that SOQL takes for equal are one (two that differ in letter case are one too)."""
    return str(value).lower()


class Indexes:
    """Finds ids by a field's value, and by the time of the last change."""

    def __init__(self, rows: Mapping[str, Row]) -> None:
        self._rows = rows
        self._by_value: dict[str, dict[str, set[str]]] = {}
        self._stamps: list[tuple[str, str]] | None = None

    def holding(self, field: str, values: Iterable[object]) -> set[str]:
        """Return the ids of the rows that hold one of some values; none of them is None."""
        if field not in self._by_value:
            self._by_value[field] = {}
            for row_id, row in self._rows.items():
                self._add(field, row_id, row)
        index = self._by_value[field]
        found = [index[key] for key in {fold(value) for value in values} if key in index]
        return set().union(*found)

    def _add(self, field: str, row_id: str, row: Row) -> None:
        if row[field] is not None:
            self._by_value[field].setdefault(fold(row[field]), set()).add(row_id)

    def stamped(self, low: str, high: str | None) -> list[str]:
        """Return the ids of the rows changed from `low` to `high` (both included), by the time of the change, then by id."""
        if self._stamps is None:
            self._stamps = sorted((str(row[STAMP]), row_id) for row_id, row in self._rows.items())
        end = len(self._stamps) if high is None else bisect_right(self._stamps, (high, _LAST))
        return [row_id for _, row_id in self._stamps[bisect_left(self._stamps, (low, "")) : end]]

    def replace(self, row_id: str, before: Row | None, after: Row | None) -> None:
        """Take note of a row's new version; None: it was not there, or is not any more."""
        for field, index in self._by_value.items():
            old, new = before and before[field], after and after[field]
            if old == new:
                continue
            if old is not None and row_id in index.get(fold(old), ()):
                index[fold(old)].discard(row_id)
            if after is not None:
                self._add(field, row_id, after)
        if self._stamps is None:
            return
        old, new = before and before[STAMP], after and after[STAMP]
        if old == new:
            return
        if old:
            del self._stamps[bisect_left(self._stamps, (str(old), row_id))]
        if new:
            insort(self._stamps, (str(new), row_id))

    def clear(self) -> None:
        """Forget everything: the rows are others now."""
        self._by_value.clear()
        self._stamps = None
