"""Where words go: data to stdout, everything else to stderr. Color only on a terminal; control characters of outside data never reach it."""

import csv
import io
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

PLAIN_WIDTH = 200
"""Where no terminal tells its width: wide enough that no line of a log or a pipe is folded."""


class Output(StrEnum):
    """The form of the data on stdout."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


def clean(text: object) -> str:
    """Return text that cannot steer a terminal: control characters other than line ends are shown as their escapes."""
    return "".join(c if c in "\n\t" or c.isprintable() else c.encode("unicode_escape").decode() for c in str(text))


def safe_cell(value: object) -> object:
    """A cell that a spreadsheet would run as a formula is made text by an apostrophe; a phone number's plus is left alone."""
    if isinstance(value, str) and value[:1] in {"=", "@", "\t", "\r"}:
        return f"'{value}"
    if (
        isinstance(value, str)
        and value[:1] in {"+", "-"}
        and not value[1:].replace(" ", "").replace("-", "").replace("(", "").replace(")", "").isdigit()
    ):
        return f"'{value}"
    return value


@dataclass(slots=True)
class Screen:
    """The two streams of one command."""

    output: Output = Output.TABLE
    quiet: bool = False
    color: bool = True
    out: Console = field(init=False)
    err: Console = field(init=False)

    def __post_init__(self) -> None:
        self.out, self.err = self._console(stderr=False), self._console(stderr=True)

    def _console(self, *, stderr: bool) -> Console:
        terminal = (sys.stderr if stderr else sys.stdout).isatty()
        plain = not self.color or not terminal or bool(os.environ.get("NO_COLOR"))
        return Console(stderr=stderr, no_color=plain, highlight=False, markup=False, emoji=False, width=None if terminal else PLAIN_WIDTH)

    @property
    def for_people(self) -> bool:
        """Whether stdout is read by a person."""
        return self.output is Output.TABLE

    def line(self, text: str | Text = "", *, style: str = "") -> None:
        """Write one line of the answer."""
        self.out.print(text if isinstance(text, Text) else clean(text), style=style or None)

    def paste(self, text: str) -> None:
        """Write one line that is to be copied: a narrow terminal shows it over several rows, but no line end is put into it."""
        self.out.print(clean(text), soft_wrap=True)

    def title(self, text: str) -> None:
        """Write a heading after a blank line."""
        self.out.print()
        self.out.print(clean(text), style="bold")

    def note(self, text: str | Text, *, style: str = "") -> None:
        """Write a remark to stderr; `-q` leaves it out."""
        if not self.quiet:
            self.err.print(text if isinstance(text, Text) else clean(text), style=style or None)

    def complain(self, text: str, *, style: str = "bold red") -> None:
        """Write what went wrong to stderr, whatever the options."""
        self.err.print(clean(text), style=style or None)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]], *, right: Sequence[str] = ()) -> None:
        """Write rows under a header. Columns named in `right` are numbers."""
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold underline")
        for number, name in enumerate(columns):
            table.add_column(name, justify="right" if name in right else "left", overflow="fold", no_wrap=number == 0)
        for row in rows:
            table.add_row(*(Text(clean("" if cell is None else cell)) for cell in row))
        self.out.print(table)

    def json(self, data: Mapping[str, Any]) -> None:
        """Write one JSON object."""
        sys.stdout.write(json.dumps(data, indent=2 if sys.stdout.isatty() else None, ensure_ascii=False, default=str) + "\n")

    def rows(self, schema: str, name: str, rows: Sequence[Mapping[str, Any]], *, columns: Sequence[str], right: Sequence[str] = ()) -> None:
        """Write like things in the form that was asked for: as a table and as CSV the `columns` alone, as JSON all keys."""
        match self.output:
            case Output.JSON:
                self.json({"schema": schema, name: list(rows)})
            case Output.JSONL:
                for row in rows:
                    sys.stdout.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")
            case Output.CSV:
                sys.stdout.write(_as_csv(rows, columns))
            case Output.TABLE:
                self.table(columns, [[_for_people(row.get(column)) for column in columns] for row in rows], right=right)


def _for_people(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value)
    return "" if value is None else str(value)


def _as_csv(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([safe_cell(_for_people(row.get(column))) for column in columns] for row in rows)
    return text.getvalue()
