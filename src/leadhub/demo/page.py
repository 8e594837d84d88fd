"""Lays the demo's story out: numbered steps, wrapped lines, small tables; at most 110 columns. Outside text is never read as markup."""

from collections.abc import Iterable, Sequence
from textwrap import wrap

from rich.console import Console
from rich.text import Text

WIDTH = 110
_INDENT = "   "
_LABEL = 16
_GAP = "  "
_NARROWEST = 20
"""Columns of text that a table's last column needs to stand beside the others."""


def printable(text: object) -> str:
    """Return text that cannot steer a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(text))


class Page:
    """Writes the story to one console."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._width = min(WIDTH, max(console.width, 60))
        self.step = 0

    def _line(self, text: str, style: str = "") -> None:
        self._console.print(Text(printable(text), style=style), soft_wrap=True)

    def first(self, text: str) -> None:
        """Write the first line, whole."""
        self._line(text, "bold")

    def heading(self, title: str, *commands: str) -> None:
        """Begin the next step: its number and title, and what one would type for it."""
        self.step += 1
        self._line("")
        self._line(f"{self.step}. {title}", "bold cyan")
        for command in commands:
            self.command(command)

    def command(self, text: str) -> None:
        """Write what one would type."""
        self._line(f"{_INDENT}$ {text}", "green")

    def say(self, text: str, *, indent: str = _INDENT, first: str | None = None, style: str = "") -> None:
        """Write a paragraph, wrapped; `first` begins its first line in place of the indent."""
        lines = wrap(
            printable(text), self._width, initial_indent=indent if first is None else first, subsequent_indent=indent, break_long_words=False
        )
        for line in lines:
            self._line(line, style)

    def point(self, text: str) -> None:
        """Write one point of a list."""
        self.say(text, indent=f"{_INDENT}  ", first=f"{_INDENT}- ")

    def subject(self, text: str) -> None:
        """Begin to speak of one lead."""
        self._line(f"{_INDENT}{text}", "bold")

    def told(self, label: str, text: str) -> None:
        """Write what is said under a label, beside it."""
        indent = _INDENT + "  " + " " * _LABEL
        self.say(text, indent=indent, first=f"{_INDENT}  {printable(label):<{_LABEL}}")

    def table(self, rows: Iterable[Sequence[object]], header: Sequence[str] = ()) -> None:
        """Write rows in columns; columns of numbers are set to the right. The last column is wrapped, beneath the others where it has no room beside."""
        cells = [[printable(cell) for cell in row] for row in rows]
        everything = [*([list(header)] if header else []), *cells]
        widths = [max(len(row[at]) for row in everything) for at in range(len(everything[0]))]
        numbers = [all(row[at].isdigit() for row in cells) for at in range(len(widths))]
        left = f"{_INDENT}  "
        beside = len(left) + sum(widths[:-1]) + len(_GAP) * (len(widths) - 1)
        beneath = self._width - beside < min(widths[-1], _NARROWEST)
        last_at = len(left) + widths[0] + len(_GAP) if beneath else beside
        for number, row in enumerate(everything):
            style = "dim" if header and not number else ""
            front = [c.rjust(w) if right else c.ljust(w) for c, w, right in zip(row[:-1], widths, numbers, strict=False)]
            line = left + "".join(cell + _GAP for cell in front)
            lines = wrap(row[-1].rjust(widths[-1]) if numbers[-1] else row[-1], self._width - last_at, drop_whitespace=False) or [""]
            if beneath:
                self._line(line.rstrip(), style)
                line = " " * last_at
            for text in lines:
                self._line(f"{line}{text}".rstrip(), style)
                line = " " * last_at
