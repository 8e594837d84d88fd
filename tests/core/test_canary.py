"""The canary's pure part: which writes are alike, which of them are read back, and what counts as shown."""

import pytest

from leadhub.core.canary import FIRST, differing, first_ones, pattern_of
from leadhub.model.record import FieldMapping, NativeValue, ObjectMapping, Operation
from leadhub.model.run import PlannedChange
from leadhub.values.fields import FIELDS

MAPPING = ObjectMapping(
    "Lead",
    (
        FieldMapping("job_title", "Title"),
        FieldMapping("phone", "Phone"),
        FieldMapping("email", "Email", normal="lower"),
        FieldMapping("email_opt_out", "OptOut", type="boolean"),
    ),
    None,
)


def _change(number: int = 1, *, before: str = "Open", operation: Operation = Operation.UPDATE, **values: NativeValue) -> PlannedChange:
    state = {name: str(value or "") for name, value in values.items() if name == "Status"} or None
    return PlannedChange(f"k{number}", "crm", "Lead", operation, str(number), "p", None, values, {"Status": before}, {}, state=state)


def test_a_pattern_is_named_by_fields_and_by_the_move_of_a_state() -> None:
    """Two titles are alike whatever they say; two moves of a status only if they go from the same to the same."""
    assert pattern_of(_change(Title="CEO")) == pattern_of(_change(Title="CFO"))
    assert pattern_of(_change(Title="CEO")) != pattern_of(_change(Title="CEO", Phone="1"))
    assert pattern_of(_change(Title="CEO")) != pattern_of(_change(Title="CEO", operation=Operation.CREATE))
    assert pattern_of(_change(Status="Working")) != pattern_of(_change(Status="Working", before="Closed"))
    assert str(pattern_of(_change(Status="Working", Title="CEO"))) == "Lead update: Status Open -> Working, Title"


def test_twenty_are_read_back_of_twenty_one_and_none_of_twenty() -> None:
    """The first twenty in the order of the plan; a pattern of twenty writes costs nothing."""
    changes = [_change(n, Title=f"T{n}") for n in range(FIRST + 1)]
    assert FIRST == 20
    assert not first_ones(changes[:FIRST])
    assert list(first_ones(changes).values()) == [changes[:FIRST]]


def test_what_sends_no_values_has_nothing_to_be_compared() -> None:
    """Twenty-one archived records are no pattern."""
    assert not first_ones([_change(n, operation=Operation.ARCHIVE) for n in range(21)])


@pytest.mark.parametrize(
    ("sent", "shown", "differs"),
    [
        ({"Title": "CEO"}, {"Title": "CEO"}, []),
        ({"Title": "CEO"}, {"Title": "Robot"}, ["Title"]),
        ({"Title": "CEO"}, {"Title": None}, ["Title"]),
        ({"Title": "a long title"}, {"Title": "a long"}, ["Title"]),
        ({"Title": "CEO"}, {}, []),
        ({"Phone": "+1 212 555 0100"}, {"Phone": "(212) 555-0100"}, []),
        ({"Email": "Ann@Acme.example"}, {"Email": "ann@acme.example"}, []),
        ({"Status": "Working"}, {"Status": "Open"}, ["Status"]),
        ({"OptOut": False}, {"OptOut": None}, []),
        ({"OptOut": False}, {"OptOut": True}, ["OptOut"]),
        ({"OptOut": True}, {"OptOut": None}, ["OptOut"]),
        ({"OptOut": True}, {"OptOut": False}, ["OptOut"]),
    ],
)
def test_only_another_value_differs(sent: dict[str, NativeValue], shown: dict[str, NativeValue], differs: list[str]) -> None:
    """Rewritten, ignored, blanked and cut values differ; a form that the system is known to give, what it does not tell, and a no shown as nothing do not."""
    change = _change(before="Open", **sent)
    assert [name for name, _, _ in differing(change, shown, MAPPING, FIELDS, "US")] == differs
