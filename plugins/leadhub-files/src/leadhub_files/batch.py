"""What a batch of changes makes of the rows of a sheet, and the outcome of each. Pure: nothing is written here."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from leadhub import Change, InvalidValue, Operation, Outcome, RecordError, RecordGone, Result
from leadhub_files.mapping import CELL_LIMIT, LEADHUB_ID, OPTIONS, RECORD_ID
from leadhub_files.sheet import Line, Sheet, put, text_of

_HALF = re.compile("[\ud800-\udfff]")


class Batch:
    """Changes on their way into a file. First every row passes `change`, then `added` yields the new ones; after that `outcomes` has one a change."""

    def __init__(self, changes: Sequence[Change], new_id: Callable[[], str], owner: str | None) -> None:
        self.outcomes: list[Outcome] = []
        self.touched = False
        self._new_id = new_id
        self._owner = owner
        self._creates: dict[str, Change] = {}
        self._changes: dict[str, Change] = {}
        for change in changes:
            if (error := _refusal(change)) is not None:
                self._refuse(change, error)
            elif change.operation is Operation.CREATE:
                self._creates[change.key] = change
            else:
                self._changes[change.record_id or ""] = change

    def change(self, sheet: Sheet, line: Line) -> bool:
        """Bring one row up to date, and give it the id that it goes by; return whether it stays in the file."""
        if not line.record_id or line.fault:
            return True
        again = self._creates.pop(sheet.key(line) or "", None)
        change = self._changes.pop(line.record_id, None) or again
        if change is None:
            put(line, sheet.at, {RECORD_ID: line.record_id})
            return True
        if any(sheet.cell(line, name) != (text_of(value) or None) for name, value in change.expected.items() if name in sheet.at):
            self.outcomes.append(Outcome(change.key, Result.STALE, line.record_id))
            return True
        if change.operation is Operation.ARCHIVE:
            return self._archive(sheet, line, change)
        self.touched |= put(line, sheet.at, change.values)
        put(line, sheet.at, {RECORD_ID: line.record_id})
        self._accept(change, line.record_id, sheet.at)
        return True

    def added(self, at: Mapping[str, int]) -> Iterator[list[str]]:
        """Yield the cells of the rows to add. What was to be changed and came by no row is gone."""
        for key, change in self._creates.items():
            line = Line(0, [""] * (max(at.values()) + 1), self._new_id())
            put(line, at, {"owner": self._owner, **change.values, RECORD_ID: line.record_id, LEADHUB_ID: key})
            self.touched = True
            self._accept(change, line.record_id, at)
            yield line.cells
        for change in self._changes.values():
            self._refuse(change, RecordGone(f"No row has the {RECORD_ID} {change.record_id}."))

    def _archive(self, sheet: Sheet, line: Line, change: Change) -> bool:
        if sheet.key(line) is None:
            self._refuse(change, RecordError("leadhub takes no row out of a file that it did not put in itself."))
            return True
        self.touched = True
        self.outcomes.append(Outcome(change.key, Result.ACCEPTED, line.record_id))
        return False

    def _accept(self, change: Change, record_id: str, at: Mapping[str, int]) -> None:
        stored = {name: text_of(value).strip() or None for name, value in change.values.items() if name in at}
        self.outcomes.append(Outcome(change.key, Result.ACCEPTED, record_id, stored))

    def _refuse(self, change: Change, error: RecordError) -> None:
        self.outcomes.append(Outcome(change.key, Result.REFUSED, change.record_id, error=error))


def _refusal(change: Change) -> RecordError | None:
    """Return why a change cannot be made, whatever the file holds."""
    if change.operation is Operation.CLEAR_THEN_SET:
        return RecordError("A CSV file takes any value after any other: nothing is cleared first.")
    for name, value in change.values.items():
        text = text_of(value)
        if "\0" in text:
            return InvalidValue(f"{name} contains a NUL character, which no CSV file can hold.", fields=(name,))
        if not text.isascii() and _HALF.search(text):
            return InvalidValue(f"{name} contains half of a character (a surrogate without its pair), which no text file can hold.", fields=(name,))
        if len(text) > CELL_LIMIT:
            return InvalidValue(f"{name} has {len(text):,} characters; a spreadsheet's cell holds {CELL_LIMIT:,}, and cuts the rest.", fields=(name,))
        if name in OPTIONS and text and text not in OPTIONS[name]:
            return InvalidValue(f'{name} has no value "{text}"; it has {", ".join(OPTIONS[name])}.', fields=(name,))
    return None
