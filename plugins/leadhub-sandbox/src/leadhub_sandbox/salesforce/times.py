"""Dates and instants in the one form in which the sandbox keeps and sends them.

An instant is kept as `2026-11-16T10:00:00.000+0000`, in UTC and to the second, so that the order of texts is the order of time.
"""

from datetime import UTC, date, datetime

FIRST_YEAR, LAST_YEAR = 1700, 4000
"""The years that Salesforce keeps."""


def stamp(instant: datetime) -> str:
    """Return an aware instant as Salesforce sends it."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def parse_instant(text: str) -> datetime:
    """Return the instant of a text with an offset; raises ValueError without one."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None or "T" not in text:
        raise ValueError(f"{text} has no time or no offset")
    _check_year(instant.year)
    return instant


def parse_date(text: str) -> str:
    """Return a yyyy-MM-dd text that is a date; raises ValueError for any other."""
    if len(text) != len("2026-11-16"):
        raise ValueError(f"{text} is not a date")
    day = date.fromisoformat(text)
    _check_year(day.year)
    return day.isoformat()


def _check_year(year: int) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"the year {year} is outside {FIRST_YEAR} to {LAST_YEAR}")
