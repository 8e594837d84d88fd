"""Instants as HubSpot writes them: epoch milliseconds inside, ISO 8601 with milliseconds and Z outside."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from leadhub_sandbox.hubspot.numerals import whole

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY_MS = 86_400_000
FIRST_MS = -62_135_596_800_000  # the beginning of the year 1
LAST_MS = 253_402_300_799_999  # the end of the year 9999


def to_ms(instant: datetime) -> int:
    """Return whole milliseconds since 1970 of an aware instant."""
    return (instant - EPOCH) // timedelta(milliseconds=1)


@lru_cache(maxsize=1 << 16)
def iso(ms: int) -> str:
    """Return 2026-01-02T03:04:05.678Z for epoch milliseconds."""
    instant = EPOCH + timedelta(milliseconds=ms)
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso_date(ms: int) -> str:
    """Return the UTC calendar day of epoch milliseconds, as 2026-01-02."""
    return (EPOCH + timedelta(milliseconds=ms)).date().isoformat()


@lru_cache(maxsize=1 << 16)
def parse_ms(text: str) -> int:
    """Read epoch milliseconds or ISO 8601 (a date alone means midnight UTC). Raises ValueError."""
    ms = whole(text)
    if ms is None:
        instant = datetime.fromisoformat(text)
        ms = to_ms(instant if instant.tzinfo else instant.replace(tzinfo=UTC))
    if not FIRST_MS <= ms <= LAST_MS:
        raise ValueError(text)
    return ms
