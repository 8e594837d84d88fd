"""The way back: what a system is sent for a canonical value, and what it has no word for."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from leadhub.core.nativize import NoWord, native_of
from leadhub.core.normalize import display_of, shown_by
from leadhub.core.owners import OwnerBook
from leadhub.model.record import FieldMapping, NativeValue, ObjectMapping, Owner, ValueMapping

BOOK = OwnerBook.of(
    [
        Owner("005A", "Ana López", "ana@x.example"),
        Owner("005B", "Bo Lind", "bo@x.example", active=False),
        Owner("00GQ", "Inbound", queue=True),
        Owner("005C", "Cy Ott", "cy@crm.example"),
    ],
    {"Cy Ott": "cy@x.example"},
    None,
)
WEB = (ValueMapping("Web", ("organic_search", "direct")), ValueMapping("Other", ("event",), writes=False), ValueMapping("Phone", ("phone_in",)))


@pytest.mark.parametrize(
    ("mapped", "value", "native"),
    [
        (FieldMapping("email_opt_out", "Opt", type="boolean"), "true", True),
        (FieldMapping("employees", "N", type="integer"), "250", 250),
        (FieldMapping("annual_revenue", "R", type="decimal"), "1000.5", Decimal("1000.5")),
        (FieldMapping("next_step_at", "D", type="date"), "2026-03-02", date(2026, 3, 2)),
        (FieldMapping("occurred_at", "T", type="datetime"), "2026-03-02T10:00:00Z", datetime(2026, 3, 2, 10, tzinfo=UTC)),
        (FieldMapping("tags", "M", type="multi"), "a;b", ["a", "b"]),
        (FieldMapping("country", "Country"), "DE", "Germany"),
        (FieldMapping("country", "Country", style="code"), "DE", "DE"),
        (FieldMapping("source", "LeadSource", values=WEB), "direct", "Web"),
        (FieldMapping("source", "LeadSource", values=WEB), "unheard of", "unheard of"),
        (FieldMapping("owner", "OwnerId", type="owner"), "ANA@x.example", "005A"),
        (FieldMapping("owner", "OwnerId", type="owner"), "cy@x.example", "005C"),
        (FieldMapping("owner", "OwnerId", type="owner"), "queue: Inbound", "00GQ"),
        (FieldMapping("job_title", "Title"), None, None),
    ],
)
def test_a_value_is_sent_as_the_system_wants_it(mapped: FieldMapping, value: str | None, native: NativeValue) -> None:
    """Typed, mapped, or as text; None blanks."""
    assert native_of(mapped, value, BOOK) == native


@pytest.mark.parametrize(
    ("mapped", "value", "why"),
    [
        (FieldMapping("employees", "N", type="integer"), "51-200", 'N takes a integer; "51-200" is none'),
        (FieldMapping("owner", "OwnerId", type="owner"), "bo@x.example", "OwnerId: bo@x.example is inactive there"),
        (FieldMapping("owner", "OwnerId", type="owner"), "who@x.example", "OwnerId: who@x.example is nobody there"),
        (FieldMapping("source", "LeadSource", values=WEB), "event", "LeadSource has no value for event"),
    ],
)
def test_what_a_system_has_no_word_for_is_left_alone(mapped: FieldMapping, value: str, why: str) -> None:
    """The reason is told, so that it can be listed."""
    with pytest.raises(NoWord, match="^" + why.replace("(", "\\(") + "$"):
        native_of(mapped, value, BOOK)


def test_a_fallback_takes_what_nobody_else_owns() -> None:
    """With a fallback, an owner whom the system does not know becomes that one."""
    book = OwnerBook.of([Owner("1", "Ana", "ana@x.example")], {}, "ana@x.example")
    assert native_of(FieldMapping("owner", "o", type="owner"), "who@x.example", book) == "1"


def test_an_owner_nobody_knows_and_a_placeholder_are_not_shown() -> None:
    """An unknown owner is not known, not blank; "[not provided]" reads as blank."""
    mapping = ObjectMapping("Lead", (FieldMapping("owner", "OwnerId", type="owner"), FieldMapping("company", "Company", missing=("[not provided]",))))
    assert shown_by(mapping, {"OwnerId": "005X", "Company": "[not provided]"}, owners=BOOK) == {"company": None}
    assert shown_by(mapping, {"OwnerId": "005A"}, owners=BOOK) == {"owner": "ana@x.example"}


def test_a_coarse_value_is_read_as_its_first_meaning() -> None:
    """What reading it alone gives; that it stands for others too is in the side."""
    assert display_of(FieldMapping("source", "LeadSource", values=WEB), "Web") == "organic_search"
