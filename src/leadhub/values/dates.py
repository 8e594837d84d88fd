"""Dates and instants."""

import re
from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING

from leadhub.values.cached import cached
from leadhub.values.text import text_display

if TYPE_CHECKING:
    from dateutil.parser import parserinfo

_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:?[0-9]{2}.{0,24})?")
_CANONICAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_LONGEST = 48
_FOUR_DIGITS = re.compile(r"(?<![0-9:.+-])[0-9]{4}(?![0-9:])")
_WORD = re.compile(r"[^\W\d_]+")
_MONTHS = [
    ("Jan", "January", "Januar", "Jänner"),
    ("Feb", "February", "Februar"),
    ("Mar", "March", "März", "Mär", "Mrz"),
    ("Apr", "April"),
    ("May", "Mai"),
    ("Jun", "June", "Juni"),
    ("Jul", "July", "Juli"),
    ("Aug", "August"),
    ("Sep", "Sept", "September"),
    ("Oct", "October", "Okt", "Oktober"),
    ("Nov", "November"),
    ("Dec", "December", "Dez", "Dezember"),
]
_MONTH_WORDS = frozenset(word.lower() for words in _MONTHS for word in words)
_OTHER_WORDS = frozenset({"st", "nd", "rd", "th", "am", "pm", "at", "t", "z", "utc", "gmt", "mon", "tue", "wed", "thu", "fri", "sat", "sun"})


def parse_date(value: str, format: str | None = None) -> date | None:  # noqa: A002 - what strptime calls it
    """Return the date that a text names, None if it names none or more than one could be meant.

    Read are ISO 8601 (of an instant the date as written) and dates with the month in words, in English or German, and a year of four digits.
    "03/04/2026" is never guessed: give the `format` (as for strptime), which then alone counts.
    """
    found = _parse(value, format)
    return found if found is None or not isinstance(found, datetime) else found.date()


def parse_instant(value: str, format: str | None = None) -> datetime | None:  # noqa: A002 - what strptime calls it
    """Return the instant that a text names, aware and in UTC, to the second; None if it names none, or a day without a time.

    Read as by `parse_date`. A time without a zone counts as UTC.
    """
    found = _parse(value, format)
    return found.astimezone(UTC) if isinstance(found, datetime) else None


def date_display(value: str) -> str:
    """Return a date as YYYY-MM-DD; any other text as typed."""
    found = parse_date(value)
    return text_display(value) if found is None else found.isoformat()


def instant_display(value: str) -> str:
    """Return an instant in UTC as YYYY-MM-DDTHH:MM:SSZ, a day without a time as YYYY-MM-DD (no midnight is made up); any other text as typed."""
    if _CANONICAL.fullmatch(value) and _is_iso(value):
        return value
    found = _parse(value, None)
    if found is None:
        return text_display(value)
    return found.astimezone(UTC).isoformat().replace("+00:00", "Z") if isinstance(found, datetime) else found.isoformat()


@cached
def _parse(value: str, pattern: str | None) -> date | datetime | None:
    """Return a date, or an aware datetime to the second (in the zone that is written, or UTC) if the text has a time."""
    if len(value) > _LONGEST:
        return None
    text = text_display(value)
    try:
        found = _by_format(text, pattern) if pattern is not None else _iso(text) if _ISO.fullmatch(text) else _in_words(text)
        if not isinstance(found, datetime):
            return found
        aware = found.replace(microsecond=0) if found.tzinfo is not None else found.replace(microsecond=0, tzinfo=UTC)
        aware.astimezone(UTC)
    except (ValueError, OverflowError):  # no date of the calendar, or an hour before the first year
        return None
    return aware


def _is_iso(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _iso(text: str) -> date | datetime:
    return date.fromisoformat(text) if len(text) == len("YYYY-MM-DD") else datetime.fromisoformat(text)


def _by_format(text: str, pattern: str) -> date | datetime:
    found = datetime.strptime(text, pattern)  # noqa: DTZ007 - _parse gives it the zone
    return found if any(mark in pattern for mark in ("%H", "%I", "%c", "%X")) else found.date()


def _in_words(text: str) -> date | datetime | None:
    words = [word.lower() for word in _WORD.findall(text)]
    months = [word for word in words if word in _MONTH_WORDS]
    if len(months) != 1 or len(_FOUR_DIGITS.findall(text)) != 1 or any(w not in _MONTH_WORDS | _OTHER_WORDS for w in words):
        return None
    from dateutil.parser import parse

    # dateutil fills what a text leaves open from a default: what two defaults agree on is what the text says.
    one, other = (
        parse(text, parserinfo=_english_and_german(), default=default, tzinfos=_offset)
        for default in (datetime(2000, 1, 1), datetime(2001, 2, 2, 1))  # noqa: DTZ001 - a text without a zone has none
    )
    if one == other:
        return one
    return one.date() if one.date() == other.date() else None


def _offset(_name: str | None, seconds: int | None) -> int | None:
    """Zones by their offset only; the names let through by `_OTHER_WORDS` all mean UTC, which dateutil gives as 0. Never the zone of this machine."""
    return seconds


@cache
def _english_and_german() -> "parserinfo":
    from dateutil.parser import parserinfo

    class EnglishAndGerman(parserinfo):
        MONTHS = _MONTHS  # type: ignore[assignment]  # the stubs want three names at most

    return EnglishAndGerman()
