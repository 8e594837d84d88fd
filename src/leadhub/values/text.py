"""Texts of one line and of several."""

import unicodedata
from itertools import chain

_DROPPED = dict.fromkeys(
    chain(
        (c for c in range(0xA0) if unicodedata.category(chr(c)) == "Cc" and not chr(c).isspace()),
        (0x00AD, 0x200B, 0x2060, 0xFEFF),  # soft hyphen, zero-width space, word joiner, byte order mark
        (0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)),  # marks of writing direction
        range(0xD800, 0xE000),  # halves of a character, which no database can store
    )
)
"""Characters that nobody sees and a paste brings along. PostgreSQL refuses NUL; the joiners U+200C and U+200D stay, some scripts spell with them."""

_LONG = 4_096
_PILE = "1" * 31


def text_display(value: str) -> str:
    """Return the value in NFC on one line, trimmed, with inner runs of white space as one space, without control and invisible characters."""
    if value.isascii() and value.isprintable():
        return " ".join(value.split())
    return _composed(" ".join(value.translate(_DROPPED).split()))


def multiline_display(value: str) -> str:
    """Return the value with each line as `text_display` shows it, joined by a line feed, without blank lines at either end."""
    if value.isascii() and value.isprintable():
        return " ".join(value.split())
    return "\n".join(text_display(line) for line in value.splitlines()).strip("\n")


def multiline_match(value: str) -> str:
    """Return the value on one line: some systems keep no line breaks, and losing them must not look like an edit."""
    return text_display(value)


def _composed(text: str) -> str:
    """Return the text in NFC; a long one with more than 30 combining marks in a row as it is.

    Composing takes time quadratic in such a pile, and no language writes one: Unicode's Stream-Safe Text Format (UAX #15) draws the line at 30.
    """
    if len(text) > _LONG and _PILE in "".join("1" if unicodedata.combining(c) else "0" for c in text):
        return text
    return unicodedata.normalize("NFC", text)
