"""Lines to rows: the delimiter, the rows as a person counts them, and one broken row that leaves the others alone. Pure."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from leadhub.values.headers import form, is_known
from leadhub_files.mapping import KEYS

DELIMITERS = (",", ";", "\t", "|")
LONGEST_RAW = 10_000
SEP = "sep="
"""How a first line begins by which spreadsheets are told the delimiter: `sep=;`."""

Numbered = tuple[int, list[str], str | None]
"""A row: its number as a spreadsheet shows it (the header is 1), its cells, and what is wrong with it."""


class Rows:
    """The rows of a table, blank ones too. A row that is no CSV (an open quote, text after a closing one) costs its first line alone.

    Lines are held from the last row that was given out; `raw()` is the text of that row.
    """

    def __init__(self, chunks: Iterable[list[str]], delimiter: str, *, before: int = 0) -> None:
        """Take the lines, some at a time. `before` counts the lines of the file that come before these."""
        self._chunks = iter(chunks)
        self._delimiter = delimiter
        self._number = before
        self._held: list[str] = []
        self._first = self._start = self._end = 0  # lines, counted from the first: the first held, and where the last row begins and ends

    def __iter__(self) -> Iterator[Numbered]:
        """Yield the rows. An iteration that was left goes on where it was."""
        while True:
            begin = self._end
            reader = csv.reader(chain(self._held[begin - self._first :], chain.from_iterable(self._more())), delimiter=self._delimiter, strict=True)
            try:
                for cells in reader:
                    self._number += 1
                    self._start, self._end = self._end, begin + reader.line_num
                    yield self._number, cells, None
            except csv.Error as error:
                self._number += 1
                self._start, self._end = self._end, self._end + 1
                yield self._number, [], _in_words(error)
            else:
                return

    def raw(self) -> str:
        """Return the text of the last row as a store can hold it: no NUL, which PostgreSQL refuses, and no endless cell."""
        text = "".join(self._held[self._start - self._first : self._end - self._first])
        return text[:LONGEST_RAW].rstrip("\r\n").replace("\0", "\N{SYMBOL FOR NULL}")

    def _more(self) -> Iterator[list[str]]:
        for lines in self._chunks:
            self._held = self._held[self._end - self._first :] + lines
            self._first = self._end
            yield lines


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


_KEYS = frozenset(map(form, KEYS))


def told_delimiter(first_line: str) -> str | None:
    """Return the delimiter that a line `sep=;` names, None for any other line."""
    text = first_line.rstrip("\r\n").strip('"')
    return text[len(SEP) :] if text.lower().startswith(SEP) and len(text) == len(SEP) + 1 else None


def guess_delimiter(lines: list[str], own: Mapping[str, str]) -> str:
    """Return the delimiter under which the first line, the header, means most: most known names, then most columns, then the comma.

    Where no header means anything, the shape of the first lines decides.
    """
    words = set(map(form, own))

    def meaning(delimiter: str) -> tuple[int, int]:
        cells = next(csv.reader(lines[:1], delimiter=delimiter), [])
        return sum(is_known(cell) or form(cell) in _KEYS or form(cell) in words for cell in cells), len(cells)

    best = max(DELIMITERS, key=meaning)
    return best if meaning(best)[0] else by_shape(lines) or best


def by_shape(lines: list[str]) -> str | None:
    """Return the delimiter under which the lines look most like a table, or None if they look like none. It is a suggestion: see `Columns`."""
    import clevercsv  # slow to import, and needed for few files

    try:
        dialect = clevercsv.Sniffer().sniff("".join(lines[:100])[:20_000], delimiters="".join(DELIMITERS))
    except clevercsv.Error:
        return None
    return (dialect and dialect.delimiter) or None
