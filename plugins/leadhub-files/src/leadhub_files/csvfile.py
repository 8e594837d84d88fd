"""One CSV file that leadhub reads and writes: a list that people may edit in a spreadsheet, and whose edits travel back."""

import itertools
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from pydantic import BaseModel

from leadhub import Change, Context, Cursor, FatalError, FieldDescription, Gone, Identity, ObjectMapping, Operation, Outcome, Page, Record
from leadhub_files import client
from leadhub_files.batch import Batch
from leadhub_files.encoding import FileRefused
from leadhub_files.mapping import CELL_LIMIT, CSV_MAPPING, LEAD, LEADHUB_ID, OPTIONS, RECORD_ID
from leadhub_files.settings import CsvSettings
from leadhub_files.sheet import Line, Sheet

PAGE = 1000
MEND = "Mend the file; then: leadhub sync"


class CsvFile:
    """A CSV file as a system: one row a person, in the columns that leadhub names.

    Cursor: {"digest": of the file, "row": up to which it was read, null for all of it}. A file with another digest is read from its start, and whoever
    stores its rows sees which differ: the time of a file proves nothing. A row that disappears is not told; reading it by id says that it is gone.
    A write replaces the whole file in one step, so that there is never half of one.
    """

    name: ClassVar[str] = "csv"
    settings_model: ClassVar[type[BaseModel]] = CsvSettings
    mappings: ClassVar[tuple[ObjectMapping, ...]] = (CSV_MAPPING,)
    batch_size: ClassVar[int] = 500

    def __init__(self, context: Context) -> None:
        self.settings: CsvSettings = context.settings
        self.wanted = context.wanted.get(LEAD, ())
        self.new_id = context.clock.new_id
        self.path = self.settings.base / self.settings.path
        self.label = self.settings.path

    def check(self) -> Identity:
        """Say which file it is. Raises FatalError when its folder is not there, AccessDenied when it may not be read, Unavailable."""
        there = client.is_there(self.path)
        return Identity(self.label, self.label if there else f"{self.label} (not there yet)", production=False, user=client.user())

    def pull(self, since: Cursor | None) -> Iterator[Page]:
        """Yield all rows of a file that changed since the cursor, at most 1,000 a page. Raises AccessDenied, FatalError, Unavailable.

        A file that was never there is begun by the first write; one that was is not taken for empty.
        """
        state: Any = since or {}
        if not client.is_there(self.path):
            if state.get("digest") is not None:
                raise client.lost(self.label)
            yield Page((), {"digest": None, "row": None})
            return
        with self._refusals(), client.opened(self.path, self.label) as file:
            same = state.get("digest") == file.digest
            if not (same and state.get("row") is None):
                sheet = Sheet(file, self.settings.delimiter)
                done = state["row"] if same else 0
                ahead = (line for line in sheet.lines() if line.number > done and (line.record_id or line.fault))
                while batch := [
                    (line.number, sheet.reject(line, self.label) if line.fault else sheet.record(line, self.wanted))
                    for line in itertools.islice(ahead, PAGE)
                ]:
                    file.check_unchanged()
                    records = tuple(row for _, row in batch if isinstance(row, Record))
                    rejects = tuple(row for _, row in batch if not isinstance(row, Record))
                    yield Page(records, {"digest": file.digest, "row": batch[-1][0]}, rejects)
            yield Page((), {"digest": file.digest, "row": None})

    def push(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        """Write the changes into the file, all in one replacement. A change whose expected values are no longer there is stale.

        Raises AccessDenied, FatalError and Unavailable, each with the file as it was; UnknownOutcome when the replacement itself gave no clear answer.
        """
        if not changes:
            return
        batch = Batch(changes, self.new_id, self.settings.owner_on_create)
        with self._refusals(), client.locked(self.path, self.label):
            if client.is_there(self.path):
                self._rewrite(batch)
            elif all(change.operation is Operation.CREATE for change in changes):
                self._begin(batch)
            else:
                raise client.lost(self.label)
        yield from batch.outcomes

    def reread(self, object_name: str, ids: Sequence[str]) -> Mapping[str, Record]:
        """Return the rows with these ids as they are now; one that is not there has vanished. Raises Unavailable where the whole file is gone."""
        if not client.is_there(self.path):
            raise client.lost(self.label)
        found = self._rows(_record_id, set(ids))
        return {i: found.get(i) or Record(object_name, i, {}, gone=Gone.VANISHED) for i in ids}

    def find(self, object_name: str, keys: Collection[str]) -> Mapping[str, Record]:  # noqa: ARG002 - a file has one object
        """Return the rows that leadhub made under these keys, by key."""
        return self._rows(Sheet.key, set(keys))

    def describe(self, object_name: str) -> Mapping[str, FieldDescription]:  # noqa: ARG002 - a file has one object
        """Return the columns that the file has; of a file that is not there yet, those that it will have."""
        names: Sequence[str] = self.settings.columns
        if client.is_there(self.path):
            with self._refusals(), client.opened(self.path, self.label) as file:
                names = [name for name in Sheet(file, self.settings.delimiter).at if name not in {RECORD_ID, LEADHUB_ID}]
        return {name: FieldDescription(name, name, writable=True, max_length=CELL_LIMIT, options=OPTIONS.get(name)) for name in names}

    # ---- the file -------------------------------------------------------------------------------------------------------------------

    def _rows(self, by: Callable[[Sheet, Line], str | None], wanted: Collection[str]) -> dict[str, Record]:
        if not client.is_there(self.path):
            return {}
        with self._refusals(), client.opened(self.path, self.label) as file:
            sheet = Sheet(file, self.settings.delimiter)
            here = ((by(sheet, line), line) for line in sheet.lines() if line.record_id and not line.fault)
            return {name: sheet.record(line, self.wanted) for name, line in here if name is not None and name in wanted}

    def _rewrite(self, batch: Batch) -> None:
        with client.opened(self.path, self.label) as file, client.Replacement(self.path, self.label, file) as new:
            sheet = Sheet(file, self.settings.delimiter, to_write=True)
            new.begin(sheet.sep_line, sheet.delimiter, sheet.line_end)
            new.row(sheet.header)
            for line in sheet.lines():
                if line.broken:
                    raise FatalError(f"{self.label} row {line.number}: {line.fault} Nothing was written, the file is as it was.", next_step=MEND)
                if batch.change(sheet, line):
                    new.row(line.cells)
            for cells in batch.added(sheet.at):
                new.row(cells)
            if batch.touched:
                new.commit()

    def _begin(self, batch: Batch) -> None:
        columns = (RECORD_ID, *self.settings.columns, LEADHUB_ID)
        with client.Replacement(self.path, self.label, None) as new:
            new.begin([], "," if self.settings.delimiter == "auto" else self.settings.delimiter, "\r\n")
            new.row(columns)
            for cells in batch.added({name: place for place, name in enumerate(columns)}):
                new.row(cells)
            if batch.touched:
                new.commit()

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        try:
            yield
        except FileRefused as error:
            raise FatalError(f"{self.label} cannot be used: {error}. It is as it was.", next_step=MEND) from error


def _record_id(_sheet: Sheet, line: Line) -> str:
    return line.record_id
