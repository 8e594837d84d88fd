"""Lines to rows: the delimiter, the rows as a person counts them, and one broken row that leaves the others alone. Pure."""

import csv
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from leadhub_files.headers import known

DELIMITERS = (",", ";", "\t", "|")
LONGEST_RAW = 10_000


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number as a spreadsheet shows it (the header is 1), its cells, its text as it came, and what is wrong with it."""

    number: int
    cells: tuple[str, ...]
    raw: str
    fault: str | None = None


class _Lines:
    """Physical lines, of which those of the present row are remembered, so that they can be read again."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._again: deque[str] = deque()
        self.taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self.taken.append(line)
        return line

    def put_back_all_but_the_first(self) -> str:
        first, *rest = self.taken
        self._again.extendleft(reversed(rest))
        self.taken = []
        return first


def rows(lines: Iterable[str], delimiter: str) -> Iterator[Row]:
    """Yield every row, blank ones too. A row that is no CSV (an open quote, text after a closing one) costs its first line alone."""
    source = _Lines(lines)
    number = 0
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    while True:
        source.taken = []
        try:
            cells = next(reader, None)
        except csv.Error as error:
            number += 1
            yield Row(number, (), _kept(source.put_back_all_but_the_first()), _in_words(error))
            reader = csv.reader(source, delimiter=delimiter, strict=True)
            continue
        if cells is None:
            return
        number += 1
        yield Row(number, tuple(cells), _kept("".join(source.taken)))


def _kept(text: str) -> str:
    """Return the text as a store can hold it: no NUL, which PostgreSQL refuses, and no endless cell."""
    return text[:LONGEST_RAW].rstrip("\r\n").replace("\0", "\N{SYMBOL FOR NULL}")


def _in_words(error: csv.Error) -> str:
    match str(error):
        case "unexpected end of data":
            return "A quotation mark is opened and never closed."
        case text if "expected after" in text:
            return "Text follows a closing quotation mark: a quotation mark inside a cell must be doubled."
        case text if "field larger than field limit" in text:
            return f"A cell has more than {csv.field_size_limit():,} characters, most likely because a quotation mark is never closed."
        case text:
            return f"The row is no CSV: {text}."


def guess_delimiter(header: str, own: Mapping[str, str]) -> str:
    """Return the delimiter under which the header means most: most known names, then most columns, then the comma."""

    def meaning(delimiter: str) -> tuple[int, int]:
        cells = next(csv.reader([header], delimiter=delimiter), [])
        return known(cells, own), len(cells)

    return max(DELIMITERS, key=meaning)
