"""The rows of one file as records, where several rows may be about one person. Pure but for the lines, which it is given."""

import json
from collections.abc import Iterator, Mapping

from leadhub import NativeValue, Record, Reject
from leadhub.values.people import somebody_else
from leadhub_files.cells import CellReader
from leadhub_files.identity import Survey, Told, id_of, place
from leadhub_files.mapping import ROW
from leadhub_files.table import Table

Values = Mapping[str, NativeValue]


class People:
    """Brings the rows of each person together, field by field. `repeats` are the numbers of the rows that repeat an earlier one.

    What a person's rows said so far is held from the first to the last of them, as text, which takes the least: nothing where nobody has several.
    """

    def __init__(self, table: Table, reader: CellReader, found: Survey) -> None:
        self.repeats: list[int] = []
        self._table, self._reader, self._found = table, reader, found
        self._said: dict[str, str] = {}

    def records(self, source: str) -> Iterator[tuple[int, Record | Reject]]:
        """Yield every row as a record with what earlier rows said beside it, or as a reject."""
        for number, told in self._table.taken(self._reader, source):
            yield number, told if isinstance(told, Reject) else self._record(told, source)

    def _record(self, told: Told, source: str) -> Record | Reject:
        record_id = id_of(told, self._found.shared)
        other = self._table.reject(source, told.number, self._table.somebody_else(told)) if told.own_id else None
        key = place(told) if self._found.last else 0
        if key not in self._found.last:
            return Record(ROW, record_id, told.values, reject=other)
        said = self._said.pop(record_id, None)
        before: Values = {} if said is None else json.loads(said)
        stranger = other if other is not None and somebody_else(before, told.values) else None
        values = dict(before) if stranger else _together(before, told.values)
        if told.number != self._found.last[key]:
            self._said[record_id] = json.dumps(values, ensure_ascii=False)
        if stranger is not None:
            self._reader.forget(told.number)
            return stranger
        if said is not None:
            self.repeats.append(told.number)
        return Record(ROW, record_id, values, reject=other)


def _together(before: Values, now: Values) -> dict[str, NativeValue]:
    """Return what two rows say of one person: of each field the later, but a cell that was left empty takes nothing back."""
    return {**before, **{name: value for name, value in now.items() if value is not None or name not in before}}
