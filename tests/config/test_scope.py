"""Which records count: conditions over native fields."""

import pytest
from pydantic import TypeAdapter

from leadhub.config.document import Scope
from leadhub.config.scope import Condition, admits
from leadhub.model.record import NativeValue

READ: TypeAdapter[Condition] = TypeAdapter(Scope)


@pytest.mark.parametrize(
    ("written", "holds", "fails"),
    [
        ("A", ["A", ["B", "A"]], ["a", "B", None, "", []]),
        (True, [True, "true"], [False, "false", None]),
        (7, [7, "7"], [8, None]),
        (["A", "B"], ["A", "B"], ["C", None]),
        ({"not": ["A"]}, ["B", None, ""], ["A", ["B", "A"]]),
        ("present", ["x", False, 0], [None, "", []]),
        ("absent", [None, "", []], ["x", False]),
    ],
    ids=str,
)
def test_a_condition_holds_for_what_it_names(written: object, holds: list[NativeValue], fails: list[NativeValue]) -> None:
    """A value, one of several, none of these, something, nothing; a false box is something."""
    condition = READ.validate_python(written)
    assert [value for value in holds if not condition.holds(value)] == []
    assert [value for value in fails if condition.holds(value)] == []


def test_every_condition_of_its_object_has_to_hold() -> None:
    """Those of another object say nothing; a field that the record does not tell is blank."""
    scope = {name: READ.validate_python(written) for name, written in {"Type": "A", "Lead.Email": "present", "Contact.Email": "absent"}.items()}
    assert admits(scope, "Lead", {"Type": "A", "Email": "ann@acme.example"})
    assert not admits(scope, "Lead", {"Type": "A"})
    assert not admits(scope, "Lead", {"Type": "B", "Email": "ann@acme.example"})
    assert admits(scope, "Contact", {"Type": "A"})
    assert admits({}, "Lead", {})
