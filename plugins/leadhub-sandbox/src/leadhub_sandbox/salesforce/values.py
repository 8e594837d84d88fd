"""What a value sent by a client becomes when it is stored, or why it is refused. It knows fields, not rows."""

import math
import re
from collections.abc import Callable

from leadhub_sandbox.salesforce import ids, times
from leadhub_sandbox.salesforce.errors import ApiError, bad_value
from leadhub_sandbox.salesforce.objects import OBJECTS
from leadhub_sandbox.salesforce.schema import STRING_TYPES, Field

_EMAIL = re.compile(r"[^@\s,;<>()\[\]\"]+@[^@\s,;<>()\[\]\"]+\.[A-Za-z0-9-]{2,}")

OUTSIDE = "NUMBER_OUTSIDE_VALID_RANGE"


def clean(field: Field, value: object) -> object:
    """Return the value as it is stored. Raises ApiError: wrong JSON type, too long, too great, not an address, outside a restricted picklist."""
    if value is None:
        return False if field.type == "boolean" else None
    if field.type in STRING_TYPES:
        return _text(field, value)
    return _PARSERS[field.type](field, value)


def _text(field: Field, value: object) -> str | None:
    if not isinstance(value, str):
        raise bad_value("string", value)
    text = value.strip()
    if not text:
        return None
    if len(text) > field.length:
        raise ApiError(400, "STRING_TOO_LONG", f"{field.name}: data value too large: {text} (max length={field.length})", [field.name])
    if field.type == "email":
        return _email(field, text)
    if field.type in ("picklist", "multipicklist"):
        return _picklist(field, text)
    return text


def _email(field: Field, text: str) -> str:
    if not _EMAIL.fullmatch(text):
        raise ApiError(400, "INVALID_EMAIL_ADDRESS", f"{field.name}: invalid email address: {text}", [field.name])
    return text.lower()


def _picklist(field: Field, text: str) -> str | None:
    chosen = [v.strip() for v in text.split(";")] if field.type == "multipicklist" else [text]
    known = {v.lower(): v for v in field.values}
    if field.restricted and (wrong := next((v for v in chosen if v.lower() not in known), None)):
        code = "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
        raise ApiError(400, code, f"{field.name}: bad value for restricted picklist field: {wrong}", [field.name])
    if field.type == "picklist":
        return known[text.lower()] if field.restricted else text
    order = {v: i for i, v in enumerate(field.values)}
    unique = dict.fromkeys(known.get(v.lower(), v) for v in chosen if v)
    return ";".join(sorted(unique, key=lambda v: order.get(v, len(order)))) or None


def _boolean(_: Field, value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise bad_value("boolean", value)


def _number(field: Field, value: object) -> float | int | None:
    kind = "int" if field.type == "int" else "double"
    if value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise bad_value(kind, value)
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise bad_value(kind, value) from None
    if not math.isfinite(number):
        raise bad_value(kind, value)
    if abs(number) >= 10**field.whole_digits:
        text = f"{field.name}: value outside of valid range on numeric field: {value}"
        raise ApiError(400, OUTSIDE, text, [field.name])
    if kind == "int":
        if number != int(number):
            raise bad_value(kind, value)
        return int(number)
    return number


def _date(_: Field, value: object) -> str | None:
    if value == "":
        return None
    try:
        return times.parse_date(value if isinstance(value, str) else "")
    except ValueError:
        raise bad_value("date", value) from None


def _datetime(_: Field, value: object) -> str | None:
    if value == "":
        return None
    try:
        return times.stamp(times.parse_instant(value if isinstance(value, str) else ""))
    except ValueError:
        raise bad_value("datetime", value) from None


def _reference(field: Field, value: object) -> str | None:
    if value == "":
        return None
    return ids.wanted(value, tuple(OBJECTS[name].prefix for name in field.references), field.name)


_PARSERS: dict[str, Callable[[Field, object], object]] = {
    "boolean": _boolean,
    "int": _number,
    "double": _number,
    "currency": _number,
    "percent": _number,
    "date": _date,
    "datetime": _datetime,
    "reference": _reference,
}
