"""One search filter at a time: what a property's value must be like. It knows nothing of paging or indexes."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from leadhub_sandbox.hubspot.errors import invalid
from leadhub_sandbox.hubspot.schema import Property, Schema
from leadhub_sandbox.hubspot.timestamps import parse_ms

Comparable = float | str
Test = Callable[[str | None], bool]

_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "EQ": lambda held, wanted: held == wanted,
    "NEQ": lambda held, wanted: held != wanted,
    "LT": lambda held, wanted: held < wanted,
    "LTE": lambda held, wanted: held <= wanted,
    "GT": lambda held, wanted: held > wanted,
    "GTE": lambda held, wanted: held >= wanted,
}


def compile_filter(schema: Schema, order: Mapping[str, Any]) -> tuple[str, Test]:
    """Return (property, test of its value) for one filter. Raises ApiError 400 for what HubSpot's search guide does not know."""
    name, operator = order.get("propertyName"), order.get("operator")
    known = schema.properties.get(str(name))
    if known is None:
        raise invalid(f"There is no property {name} to search by.", propertyName=[str(name)])
    match operator:
        case "HAS_PROPERTY":
            return known.name, lambda held: held is not None
        case "NOT_HAS_PROPERTY":
            return known.name, lambda held: held is None
        case "IN" | "NOT_IN":
            return known.name, _among(known, _values(order), wanted=operator == "IN")
        case "CONTAINS_TOKEN" | "NOT_CONTAINS_TOKEN":
            return known.name, _token(_value(order, "value"), wanted=operator == "CONTAINS_TOKEN")
        case "BETWEEN":
            return known.name, _between(known, *(comparable(known, _value(order, key)) for key in ("value", "highValue")))
        case str() if operator in _ORDERED:
            return known.name, _compare(known, _ORDERED[operator], comparable(known, _value(order, "value")))
        case _:
            raise invalid(f"{operator} is not a search operator.", operator=[str(operator)])


def comparable(known: Property, text: str) -> Comparable:
    """Return a value in the form that compares: numbers and instants as numbers, texts without case, options as they are.

    Raises ApiError 400 for a text that is no such value.
    """
    try:
        if known.type in ("date", "datetime"):
            return parse_ms(text)
        if known.type == "number":
            return _finite(text)
    except ValueError as error:
        raise invalid(f"{text} is no value that {known.name} can be compared with.") from error
    return text if known.type == "enumeration" else text.lower()


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _compare(known: Property, compare: Callable[[Any, Any], bool], wanted: Comparable) -> Test:
    return _held(known, lambda value: compare(value, wanted))


def _between(known: Property, low: Any, high: Any) -> Test:
    return _held(known, lambda value: low <= value <= high)


def _held(known: Property, test: Callable[[Comparable], bool]) -> Test:
    """Return a test that no blank passes, not even a negative one."""
    return lambda held: held is not None and test(comparable(known, held))


def _among(known: Property, values: list[str], *, wanted: bool) -> Test:
    """IN and NOT_IN. On texts the filter's values are taken as they stand, so that only lower-case ones ever match."""
    typed = known.type not in ("string", "phone_number")
    chosen = {comparable(known, value) if typed else value for value in values}
    return _held(known, lambda value: (value in chosen) is wanted)


def _token(pattern: str, *, wanted: bool) -> Test:
    """CONTAINS_TOKEN: a whole word of the value, or with * any part of one."""
    words = re.escape(pattern.lower()).replace(r"\*", r"[^\s@.;,]*")
    found = re.compile(rf"(?<![^\s@.;,]){words}(?![^\s@.;,])")
    return lambda held: held is not None and bool(found.search(held.lower())) is wanted


def _value(order: Mapping[str, Any], key: str) -> str:
    value = order.get(key)
    if not isinstance(value, str):
        raise invalid(f"The filter on {order.get('propertyName')} needs {key}, which is a string.")
    return value


def _values(order: Mapping[str, Any]) -> list[str]:
    values = order.get("values")
    if not isinstance(values, list) or not values or not all(isinstance(value, str) for value in values):
        raise invalid(f"The filter on {order.get('propertyName')} needs values, which is a list of strings.")
    return values
