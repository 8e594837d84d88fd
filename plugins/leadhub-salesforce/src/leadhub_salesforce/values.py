"""Salesforce's ids and values, to and from Python. Pure."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal

from leadhub import InvalidValue, Json, NativeValue

_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?\Z", re.ASCII)
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def is_id(text: str) -> bool:
    """Say whether this has the form of a record id: 15 or 18 letters and digits."""
    return bool(_ID.match(text))


def full_id(text: str) -> str:
    """Return the 18-character form, under which everything is keyed.

    The first 15 characters are the id and tell case apart. Each of the last three stands for five of them: bit j is set where character j is a
    capital letter.
    """
    if not is_id(text):
        raise ValueError(f"{text!r} is no Salesforce id")
    short = text[:15]
    blocks = (short[start : start + 5] for start in (0, 5, 10))
    return short + "".join(_SUFFIX[sum(1 << j for j, char in enumerate(block) if "A" <= char <= "Z")] for block in blocks)


def parse_time(text: str) -> datetime:
    """Return an instant such as `2026-11-16T10:00:00.000+0000` as an aware datetime in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def soql_time(instant: datetime) -> str:
    """Return a datetime literal for SOQL, to the second, in UTC: the form with `Z`, as a `+` would have to survive the URL."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_salesforce(value: Json, kind: str) -> NativeValue:
    """Return a value of a row as Python holds it; `kind` is the field's type in the describe. A blank text is None.

    A multi-select is a set, which Salesforce tells in an order of its own: here its members are in alphabetical order.
    """
    if value is None or value == "":
        return None
    if isinstance(value, str) and kind == "multipicklist":
        return sorted(value.split(";"), key=str.casefold)
    if isinstance(value, str) and kind == "datetime":
        return parse_time(value)
    if isinstance(value, str) and kind == "date":
        return date.fromisoformat(value)
    return value if isinstance(value, (str, int, float)) else str(value)


def to_salesforce(value: NativeValue, field: str) -> Json:
    """Return a value as the API takes it. None becomes null, which clears the field; raises InvalidValue for a datetime without an offset."""
    match value:
        case datetime():
            if value.tzinfo is None:
                raise InvalidValue(f"{field}: {value.isoformat()} has no time zone, so it names no instant.", fields=(field,))
            return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case list():
            return ";".join(value)
        case _:
            return value
