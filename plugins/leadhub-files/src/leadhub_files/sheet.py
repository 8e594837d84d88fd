"""One CSV file as records: which row is which record, and how a row changes. Columns and rows that are nobody's stay as they are. Pure."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from leadhub import NativeValue, Record, Reject
from leadhub.values.fields import FIELDS
from leadhub_files.client import OpenFile
from leadhub_files.encoding import FileRefused
from leadhub_files.formula import guarded, unguarded
from leadhub_files.mapping import LEAD, LEADHUB_ID, OPTIONS, RECORD_ID
from leadhub_files.rows import Rows, guess_delimiter, told_delimiter

COLUMNS = (*FIELDS, *OPTIONS)
"""The columns that leadhub reads and writes."""


@dataclass(slots=True)
class Line:
    """One row: its number, its cells as they stand, the record's id ("" for a blank row), and why it is no record."""

    number: int
    cells: list[str]
    record_id: str = ""
    fault: str | None = None
    broken: bool = False


class Sheet:
    """The header of a file, and its rows, to be read once."""

    def __init__(self, file: OpenFile, delimiter: str, *, to_write: bool = False) -> None:
        """Read the header. `to_write` puts the columns of leadhub's own that the file lacks before the others. Raises FileRefused."""
        chunks = file.lines()
        first = next(chunks, [])
        named = told_delimiter(first[0]) if first else None
        before = 0 if named is None else 1
        self.sep_line = first[:before]
        first = first[before:]
        self.line_end = "\r\n" if first and first[0].endswith("\r\n") else "\n"
        self.delimiter = delimiter if delimiter != "auto" else named or guess_delimiter(first, {name: name for name in (*COLUMNS, RECORD_ID)})
        self._rows = Rows(chain([first], chunks), self.delimiter, before=before)
        self._numbered = iter(self._rows)
        _, header, fault = next(self._numbered, (1, [], "It is empty."))
        if fault:
            raise FileRefused(f"its first line, which must name the columns, cannot be read. {fault}")
        names = [cell.strip().casefold() for cell in header]
        # In front: behind the last column a cell too many of a ragged row would be taken for one of these.
        self._added = [name for name in (RECORD_ID, LEADHUB_ID) if name not in names] if to_write else []
        self.header, names = self._added + header, self._added + names
        self.at = {name: names.index(name) for name in (*COLUMNS, RECORD_ID, LEADHUB_ID) if name in names}
        twice = sorted(name for name in self.at if names.count(name) > 1)
        if twice:
            raise FileRefused(f"the column {twice[0]} is there more than once. Rename or remove all but one of them")
        if not self.at.keys() & {"email", "last_name"}:
            listed = ", ".join(f'"{cell}"' for cell in header if cell.strip()) or "nothing"
            raise FileRefused(
                f"it has neither a column email nor a column last_name. Its header has: {listed}. The columns that leadhub keeps are called"
                f" {', '.join(COLUMNS[:7])} …; a list with other headers is read by the plugin `files`"
            )

    def lines(self) -> Iterator[Line]:
        """Yield every row, blank and broken ones too."""
        seen: dict[int, int] = {}
        for number, cells, broken in self._numbered:
            if broken is not None:
                yield Line(number, cells, fault=broken, broken=True)
                continue
            line = Line(number, cells)
            if any(map(str.strip, cells)):
                line.cells = [""] * len(self._added) + cells
                line.fault = self._fault(line.cells)
                line.record_id = self._id(line)
                earlier = seen.setdefault(hash(line.record_id), number)
                if earlier != number and not line.fault:
                    line.fault = (
                        f'Row {earlier} is the same record. Empty this row\'s cell in the column "{RECORD_ID}" and give it an e-mail of its own.'
                    )
            yield line

    def reject(self, line: Line, source: str) -> Reject:
        """Return the row given out last as a reject."""
        return Reject(source, line.number, self._rows.raw(), line.fault or "")

    def record(self, line: Line, wanted: Sequence[str]) -> Record:
        """Return a row as a record: a blank cell is None, a column that the file lacks is not known."""
        return Record(LEAD, line.record_id, {name: self.cell(line, name) for name in wanted if name in self.at and name in COLUMNS})

    def cell(self, line: Line, name: str) -> str | None:
        """Return the text in a column; None for a blank."""
        place = self.at[name]
        return (unguarded(line.cells[place].strip()) if place < len(line.cells) else "") or None

    def key(self, line: Line) -> str | None:
        """Return the key under which leadhub made the row."""
        return self.cell(line, LEADHUB_ID) if LEADHUB_ID in self.at else None

    def _id(self, line: Line) -> str:
        """The row's own id; for a row that a person added, one made of its address, else of its content, until the file is written next."""
        own = self.cell(line, RECORD_ID) if RECORD_ID in self.at else None
        if own is not None:
            return own
        address = self.cell(line, "email") if "email" in self.at else None
        if address is not None:
            return address.lower()
        own_places = {self.at[name] for name in (RECORD_ID, LEADHUB_ID) if name in self.at}
        content = [cell.strip() for place, cell in enumerate(line.cells) if place not in own_places]
        return f"row-{hashlib.sha256(repr(content).encode()).hexdigest()[:32]}"

    def _fault(self, cells: Sequence[str]) -> str | None:
        if any(map(str.strip, cells[len(self.header) :])):
            return f"The row has {len(cells)} cells, the header {len(self.header)}."
        if "\0" in "".join(cells):
            return "The row contains a NUL character: the file is damaged, or no text."
        return None


def text_of(value: NativeValue) -> str:
    """Return a value as a cell holds it; blank for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ";".join(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def put(line: Line, at: Mapping[str, int], values: Mapping[str, NativeValue]) -> bool:
    """Write values into a row, in the columns that the file has; return whether a cell changed. Cells that are not named stay as they are."""
    changed = False
    for name, value in values.items():
        place = at.get(name)
        if place is None:
            continue
        line.cells.extend([""] * (place + 1 - len(line.cells)))
        cell = guarded(text_of(value))
        if line.cells[place] != cell:
            line.cells[place], changed = cell, True
    return changed
