"""Literals of SOQL as rows hold such values, by the type of the field that they are compared with."""

from collections.abc import Callable
from typing import Any

from leadhub_sandbox.salesforce import ids, times
from leadhub_sandbox.salesforce.errors import ApiError, invalid_field, malformed_query
from leadhub_sandbox.salesforce.schema import STRING_TYPES, Field
from leadhub_sandbox.salesforce.soql import Literal

ID_TYPES = ("id", "reference")


def mistyped(field: Field, advice: str) -> ApiError:
    """Return the refusal of a literal of another type than the field's."""
    kind = {"datetime": "dateTime", "currency": "double", "percent": "double"}.get(field.type, field.type)
    return invalid_field(f"value of filter criterion for field '{field.name}' must be of type {kind} {advice}".strip())


def literal_value(field: Field, literal: Literal) -> Any:
    """Return the literal as rows hold such a value; raises the error that Salesforce gives for one of another type."""
    if literal.kind == "null":
        return None
    if field.type in STRING_TYPES or field.type in ID_TYPES:
        if literal.kind != "string":
            raise mistyped(field, "and should be enclosed in quotes")
        return _id(literal.text) if field.type in ID_TYPES and literal.text else literal.text or None
    if literal.kind == "string":
        raise mistyped(field, "and should not be enclosed in quotes")
    kinds = {"datetime": "datetime", "date": "date", "boolean": "boolean"}
    if literal.kind != kinds.get(field.type, "number"):
        raise mistyped(field, "")
    try:
        return _READERS[literal.kind](literal.text)
    except ValueError:
        raise malformed_query(f"Invalid {literal.kind}: {literal.text}") from None


def _id(text: str) -> str:
    complete = ids.full(text)
    if complete is None:
        raise ApiError(400, "INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {text}")
    return complete


_READERS: dict[str, Callable[[str], Any]] = {
    "datetime": lambda text: times.stamp(times.parse_instant(text.upper())),
    "date": times.parse_date,
    "boolean": lambda text: text.lower() == "true",
    "number": float,
}
