"""Numbers, exact and without exponent."""

import re
from decimal import Decimal

from leadhub.values.cached import cached
from leadhub.values.text import text_display

_LONGEST = 64
_MACHINE = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?")
_GROUPED = (
    re.compile(r"[+-]?[1-9][0-9]{0,2}(?:[ '’][0-9]{3})+(?:[.,][0-9]+)?"),
    re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+\.[0-9]+"),
    re.compile(r"[+-]?[1-9][0-9]{0,2}(?:\.[0-9]{3})+,[0-9]+"),
    re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3}){2,}"),
    re.compile(r"[+-]?[1-9][0-9]{0,2}(?:\.[0-9]{3}){2,}"),
)
"""Spellings whose separators can be read in one way only."""
_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")
_DOUBTFUL = re.compile(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}")
"""A thousand and some in English, one and some thousandths in German."""
_RANGE = re.compile(r"([0-9]+) ?[-\u2010-\u2015] ?([0-9]+)")


@cached
def number_display(value: str) -> str:
    """Return a number plainly ("1,234.50", "1.234,50": "1234.5"), a range as "51-200"; any other text as typed.

    What can be read in two ways is not guessed: "1,234" stays as typed. "1.234" stays too, and counts as what a program means by it, one and
    234 thousandths: no program groups thousands in what it stores. Amounts with a currency or a unit stay, since the number alone would lose it.
    """
    text = text_display(value)
    if not text or len(text) > _LONGEST:
        return text
    if bounds := _RANGE.fullmatch(text):
        return "-".join(_plain(bound) for bound in bounds.groups())
    if _MACHINE.fullmatch(text):
        return _plain(text)
    if any(grouped.fullmatch(text) for grouped in _GROUPED):
        return _plain(_ungrouped(text))
    if _COMMA.fullmatch(text) and not _DOUBTFUL.fullmatch(text):
        return _plain(text.replace(",", "."))
    return text


def _ungrouped(text: str) -> str:
    separators = [c for c in text if not c.isdigit() and c not in "+-"]
    decimal = separators[-1] if separators[-1] != separators[0] else ""
    digits = text.replace(separators[0], "")
    return digits.replace(decimal, ".") if decimal else digits


def _plain(number: str) -> str:
    text = format(Decimal(number), "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text
