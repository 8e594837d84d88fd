"""Names of people. They are never re-cased: only their bearer knows how they are written."""

import unicodedata
from typing import Literal, NamedTuple

from leadhub.values.text import text_display

_LONGEST = 200


class SplitName(NamedTuple):
    """A full name in its parts. `confidence` is "low" where another reading is as good; then a person should look at it."""

    first: str
    last: str
    confidence: Literal["high", "low"]


def split_name(full: str) -> SplitName:
    """Split a full name by nameparser, for sources that have one column for it. Titles ("Dr.", "Prof. Dr. med.") and suffixes ("MBA") are left out.

    Sure are one given name and one family name (with its "von" or "de la"), in this order or with a comma between them. A single word is taken
    for the family name: that is what systems insist on.
    """
    text = text_display(full)
    if not text or len(text) > _LONGEST or not any(c.isalpha() for c in text):
        return SplitName("", text, "low")
    from nameparser import parse

    name = parse(text)
    first, last = " ".join(filter(None, (name.given, name.middle))), name.family
    if not first or not last:
        return SplitName("", last or first or text, "low")
    unsure = name.ambiguities or name.middle or name.nickname or name.maiden or any(c in text for c in '&/+;()"')
    return SplitName(first, last, "low" if unsure else "high")


def name_key(value: str | None) -> str:
    """Return a name in plain Latin letters and digits, lower case: for telling whether two names may be the same, never for showing."""
    text = value or ""
    if not text.isascii():
        text = _latin(text)
    return "".join(c for c in text.casefold() if c.isalnum())


def _latin(text: str) -> str:
    from anyascii import anyascii

    decomposed = unicodedata.normalize("NFKD", text)
    return anyascii(decomposed) or decomposed
