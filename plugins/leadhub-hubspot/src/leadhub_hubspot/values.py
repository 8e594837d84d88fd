"""HubSpot's texts as Python values and back. Pure, and it never raises for a value: one odd date must not cost a page of records."""

from datetime import UTC, date, datetime, timedelta

from leadhub import NativeValue

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_wire(value: NativeValue) -> str:
    """Return the text that HubSpot takes for a value: every property value is a string, and "" clears ("Contacts" guide)."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case datetime():
            return iso(value)
        case date():
            return value.isoformat()
        case list():
            return ";".join(value)
        case _:
            return str(value)


def from_wire(text: str | None, kind: str = "string") -> NativeValue:
    """Return the value of a property of this type: dates and instants parsed, all else as text, blank as None.

    Instants come as ISO 8601 with or without milliseconds, at times as epoch milliseconds; what is neither stays a text.
    """
    if text is None or text == "":
        return None
    if kind not in {"date", "datetime"}:
        return text
    instant = parse_instant(text)
    if instant is None:
        return text
    return instant.date() if kind == "date" else instant


def parse_instant(text: object) -> datetime | None:
    """Return an aware UTC datetime, or None for what is no instant."""
    if isinstance(text, int) and not isinstance(text, bool):
        text = str(text)
    if not isinstance(text, str):
        return None
    try:
        if text.isdigit():
            return from_ms(int(text))
        parsed = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def to_ms(instant: datetime) -> int:
    """Return whole epoch milliseconds, cut off and not rounded: HubSpot's clock has no finer ticks."""
    return (instant - EPOCH) // timedelta(milliseconds=1)


def from_ms(ms: int) -> datetime:
    """Return the instant of epoch milliseconds."""
    return EPOCH + timedelta(milliseconds=ms)


def iso(instant: datetime) -> str:
    """Return an instant as HubSpot writes it: UTC, milliseconds, Z."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
