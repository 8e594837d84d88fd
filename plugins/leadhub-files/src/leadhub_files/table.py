"""One file as a table: what its columns hold, and its rows, each taken in or rejected with the reason. Pure but for the lines, which it is given."""

from collections.abc import Collection, Iterator
from itertools import chain, islice

from leadhub import Reject
from leadhub.values.headers import Choice, Question
from leadhub_files.cells import CellReader
from leadhub_files.client import OpenFile
from leadhub_files.headers import Columns, HeaderError, columns
from leadhub_files.identity import Told
from leadhub_files.rows import DELIMITERS, Rows, guess_delimiter, told_delimiter
from leadhub_files.settings import FilesSettings

SAMPLE = 200
"""Rows whose content may tell what a header means."""


class Table:
    """The rows of one file, to be read once. `columns` says what they hold, `delimiter` how they are parted."""

    def __init__(self, file: OpenFile, settings: FilesSettings, wanted: Collection[str]) -> None:
        """Read the header. Raises HeaderError."""
        chunks = file.lines()
        first = next(chunks, [])
        named = told_delimiter(first[0]) if first else None
        before = 0 if named is None else 1
        first = first[before:]
        if not first or not first[0].strip():
            raise HeaderError("its first line, which must name the columns, is empty.")
        self._sure = settings.delimiter != "auto" or named is not None
        self.delimiter = settings.delimiter if settings.delimiter != "auto" else named or guess_delimiter(first, settings.headers)
        self._rows = Rows(chain([first], chunks), self.delimiter, before=before)
        self._numbered = iter(self._rows)
        _, header, fault = next(self._numbered)
        if fault:
            raise HeaderError(f"its first line, which must name the columns, cannot be read. {fault}")
        sample = [cells for _, cells, wrong in islice(Rows([first], self.delimiter), 1, SAMPLE) if wrong is None]
        self.columns: Columns = columns(header, own=settings.headers, key=settings.key, wanted=wanted, sample=sample)
        self._header_length = len(header)
        self._has_nul = file.has_nul
        self.count = self.ragged = 0

    def taken(self, reader: CellReader, source: str) -> Iterator[tuple[int, Told | Reject]]:
        """Yield (row number, what it tells or why it is rejected) for every row that is not blank."""
        layout, width, longest = self.columns, self.columns.width, self._header_length
        own_id = layout.own_id
        for number, cells, broken in self._numbered:
            if not broken and not any(map(str.strip, cells)):
                continue
            self.count += 1
            fault = broken
            if not fault and (len(cells) < width or (len(cells) > longest and any(map(str.strip, cells[longest:])))):
                self.ragged += 1
                fault = f"The row has {len(cells)} cells, the header {width}."
            elif not fault and self._has_nul and "\0" in "".join(cells):
                fault = "The row contains a NUL character: the file is damaged, or no text."
            if not fault:
                values = reader.values(number, cells)
                if values.get("email") is not None or values.get("last_name") is not None:
                    yield number, Told(number, cells[own_id].strip() if own_id is not None else "", values)
                    continue
                fault = _nobody(layout, cells)
                reader.forget(number)
            yield number, self.reject(source, number, fault)

    def reject(self, source: str, number: int, reason: str) -> Reject:
        """Return the row given out last as a reject."""
        return Reject(source, number, self._rows.raw(), reason)

    def somebody_else(self, row: Told) -> str:
        """Say why a row is rejected whose id showed somebody else before, and how to mend it."""
        names, own_id, address = self.columns.names, self.columns.own_id or 0, self.columns.fields.get("email", 0)
        return (
            f'The id "{row.own_id}" (column "{names[own_id]}") showed somebody else before: another e-mail address and another name. If that column'
            f' only numbers the rows, set key = "{names[address]}" in leadhub.toml or rename the column; if it is the same person, change the address'
            " first, and the name with the next import."
        )

    def check_shape(self) -> None:
        """Look back over all rows. Raises HeaderError where the delimiter was found and not told, and fits fewer than half of them."""
        if self._sure or self.ragged * 2 <= self.count:
            return
        other = next(delimiter for delimiter in DELIMITERS if delimiter != self.delimiter)
        text = (
            f"{self.ragged:,} of {self.count:,} rows have another number of cells than the header, if the delimiter is {_shown(self.delimiter)}."
            f' Mend the file, or set delimiter = "{other}" or another'
        )
        raise HeaderError(text, (Question(f"{text}.", tuple(Choice(_shown(sign), {"delimiter": sign}) for sign in DELIMITERS)),))


def _nobody(layout: Columns, cells: list[str]) -> str:
    address = cells[layout.fields["email"]].strip() if "email" in layout.fields else ""
    if address:
        return "The row has no last name, and what it has for an e-mail address is none."
    return "The row has neither an e-mail address nor a last name."


def _shown(delimiter: str) -> str:
    return "a tab" if delimiter == "\t" else f'"{delimiter}"'
