"""Records under native names become sides in canonical terms."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from leadhub.core.normalize import display_of, raw_hash, shown_by, side_of, state_of, text_of
from leadhub.lifecycle.loader import load_relation
from leadhub.model.person import Link, StoredRecord
from leadhub.model.record import FieldMapping, NativeValue, ObjectMapping

RELATION = load_relation(
    {
        "system": "crm",
        "object": "Lead",
        "field": {
            "Status": {
                "required": True,
                "map": [
                    {"value": "Open", "stage": ["lead", "known", "mql", "sal", "sql"], "exit": ["open"]},
                    {"value": "Done", "stage": ["opportunity", "customer", "advocate"], "writes": False, "converted": True},
                ],
                "hold": [{"exit": ["disqualified", "recycled", "lost", "churned"]}, {"stage": ["opportunity+"]}],
            }
        },
    },
    source="test.toml",
)
MAPPING = ObjectMapping(
    "Lead", (FieldMapping("email", "Email", max_length=80), FieldMapping("phone", "Phone"), FieldMapping("company", "Org", writable=False))
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (Decimal("1.50"), "1.50"),
        (date(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 2, 3, tzinfo=UTC), "2026-01-02T03:00:00+00:00"),
        (["a", "b"], "a;b"),
        ("x", "x"),
    ],
)
def test_every_native_value_has_a_text(value: NativeValue, text: str) -> None:
    """Blank for None, `true` and `false`, ISO dates, lists by semicolons."""
    assert text_of(value) == text


def test_absent_is_not_known_and_blank_is_known() -> None:
    """A key that the record lacks stays absent; an empty or blank one is None."""
    assert shown_by(MAPPING, {"Email": " Ann@ACME.example ", "Phone": " "}) == {"email": "Ann@acme.example", "phone": None}
    assert display_of(FieldMapping("phone", "Phone"), None) is None


def test_some_fields_can_be_asked_for_alone() -> None:
    """Of the fields that a record makes known only those asked for are read, as they are among all."""
    native = {"Email": " Ann@ACME.example ", "Phone": " "}
    assert shown_by(MAPPING, native, only={"email", "company"}) == {"email": "Ann@acme.example"}


def test_a_state_with_an_unknown_field_says_nothing() -> None:
    """Without the field there is no state; a blank field is a blank."""
    assert state_of(RELATION, {"Email": "x"}) is None
    assert state_of(RELATION, {"Status": None}) == {"Status": ""}
    assert state_of(None, {"Status": "Open"}) is None


def test_the_hash_tells_values_types_and_projections_apart() -> None:
    """The order of keys makes no difference; a value, its type and the configuration do."""
    same = raw_hash({"a": "1", "b": None}, "p")
    assert raw_hash({"b": None, "a": "1"}, "p") == same
    others = [raw_hash({"a": 1, "b": None}, "p"), raw_hash({"a": "1"}, "p"), raw_hash({"a": "1", "b": ""}, "p"), raw_hash({"a": "1", "b": None}, "q")]
    assert len({same, *others}) == 5


def _side(native: dict[str, NativeValue], *, writes: bool = True) -> object:
    link = Link("crm", "Lead", "1", "p", "l")
    return side_of(link, StoredRecord("crm", "Lead", "1", native, None, b""), MAPPING, RELATION, writes=writes)


def test_a_side_may_be_written_where_the_mapping_and_the_system_let_it() -> None:
    """Read-only and unknown fields are not writable; nothing is where the system may not be written."""
    side = _side({"Email": "a@b.example", "Org": "Acme", "Status": "Open"})
    assert side.writable == {"email"}
    assert side.state_writable == {"Status"}
    assert side.limits == {"email": 80}
    silent = _side({"Email": "a@b.example", "Status": "Open"}, writes=False)
    assert not silent.writable
    assert not silent.state_writable


def test_a_converted_record_is_read_only() -> None:
    """What Salesforce converted is looked at and never written."""
    side = _side({"Email": "a@b.example", "Status": "Done"})
    assert side.shown == {"email": "a@b.example"}
    assert not side.writable
    assert not side.state_writable


def test_a_field_that_only_adds_to_a_set_does_not_make_its_primary_read_only() -> None:
    """HubSpot's further addresses cannot be written, its e-mail address can: a difference in that is told like any other."""
    fields = (
        FieldMapping("email", "email"),
        FieldMapping("email", "further", member=True, writable=False),
        FieldMapping("score", "score", writable=False),
    )
    native: dict[str, NativeValue] = {"email": "a@x.example", "further": "b@x.example", "score": 3}
    side = side_of(
        Link("crm", "contact", "1", "p1", None),
        StoredRecord("crm", "contact", "1", native, None, b""),
        ObjectMapping("contact", fields),
        None,
        writes=True,
    )
    assert (side.writable, side.readonly) == ({"email"}, {"score"})
