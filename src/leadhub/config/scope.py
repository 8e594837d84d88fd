"""Conditions over a record's native fields: which records of a system count."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

from leadhub.model.record import NativeValue

_VALUE = {"type": ["string", "boolean", "integer"]}
_VALUES = {"type": "array", "items": _VALUE, "minItems": 1}
SPELLING: dict[str, Any] = {
    "anyOf": [_VALUE, _VALUES, {"type": "object", "properties": {"not": _VALUES}, "required": ["not"], "additionalProperties": False}]
}
"""How a condition is spelled, as JSON Schema."""


class Condition(BaseModel):
    """One condition over one native field. Values are compared as text; a boolean is "true" or "false", a list has to hold one of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    any_of: tuple[str, ...] | None = None
    none_of: tuple[str, ...] = ()
    blank: Literal["present", "absent"] | None = None

    def holds(self, value: NativeValue) -> bool:
        """Whether a field's value meets the condition; None and "" are blank."""
        shown = _texts(value)
        if self.blank is not None:
            return bool(shown) == (self.blank == "present")
        if self.any_of is not None and not any(text in self.any_of for text in shown):
            return False
        return not any(text in self.none_of for text in shown)


def admits(scope: Mapping[str, Condition], object_name: str, values: Mapping[str, NativeValue]) -> bool:
    """Whether a record meets every condition for its object: those named "Object.Field", and those that name no object.

    A field that the record does not tell counts as blank.
    """
    conditions = [(field, condition) for name, condition in scope.items() if (field := field_of(name, object_name)) is not None]
    return all(condition.holds(values.get(field)) for field, condition in conditions)


def field_of(name: str, object_name: str) -> str | None:
    """Return the native field of "Object.Field" or "Field" in this object; None where another object is meant."""
    named, dot, field = name.partition(".")
    if not dot:
        return name
    return field if named == object_name else None


def as_condition(written: Any) -> Any:
    """Read a condition as leadhub.toml spells it. Raises a validation error that says how it is spelled."""
    match written:
        case Condition():
            return written
        case "present" | "absent":
            return {"blank": written}
        case bool() | int() | str():
            return {"any_of": (_text(written),)}
        case [*values] if values and all(isinstance(value, bool | int | str) for value in values):
            return {"any_of": tuple(map(_text, values))}
        case {"not": [*values], **rest} if values and not rest and all(isinstance(value, bool | int | str) for value in values):
            return {"none_of": tuple(map(_text, values))}
    raise PydanticCustomError("scope", 'a condition is a value, a list of values, { not = ["…"] }, "present" or "absent"')


def _texts(value: NativeValue) -> Sequence[str]:
    if value is None or value == "":
        return ()
    return [_text(one) for one in value] if isinstance(value, list) else [_text(value)]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
