"""The forms of values: what counts as the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadhub.values.forms import FIELDS, email_display, email_match, name_key, phone_match, text_display, text_match


@pytest.mark.parametrize(
    ("value", "shown"),
    [("  Ann   Lee ", "Ann Lee"), ("Zoe\u0308", "Zoë"), ("a\u00a0b\tc", "a b c"), ("", ""), ("  ", "")],
)
def test_text_is_composed_trimmed_and_single_spaced(value: str, shown: str) -> None:
    """Text is shown in NFC, trimmed, with single spaces."""
    assert text_display(value) == shown


def test_capitals_of_a_text_count() -> None:
    """A person may have corrected just the capitals of a name: that is an edit."""
    assert text_match("mcdonald") != text_match("McDonald")


@pytest.mark.parametrize(("value", "shown"), [(" Ann.Lee@ACME.Example ", "Ann.Lee@acme.example"), ("not an address", "not an address"), ("", "")])
def test_an_address_keeps_its_local_part_as_typed(value: str, shown: str) -> None:
    """The domain is shown in lower case, the local part as typed."""
    assert email_display(value) == shown


def test_addresses_are_compared_without_capitals_and_with_their_tags() -> None:
    """Capitals make no difference; a plus tag may name another mailbox and does."""
    assert email_match("Ann@Acme.Example") == email_match("ann@acme.example")
    assert email_match("ann+fair@acme.example") != email_match("ann@acme.example")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("+1 (555) 010-0123", "+15550100123", True),
        ("0044 20 7946 0958", "+44 20 7946 0958", True),
        ("020 7946 0958", "+44 20 7946 0958", False),
        ("555 0100 x12", "555 0100", False),
        ("555 0100", "5550100", True),
    ],
)
def test_phones_are_compared_by_their_digits(one: str, other: str, *, same: bool) -> None:
    """Dress makes no difference; a country code, or an extension, does."""
    assert (phone_match(one) == phone_match(other)) is same


@pytest.mark.parametrize("name", sorted(FIELDS))
@given(value=st.text(max_size=40))
def test_showing_twice_shows_the_same(name: str, value: str) -> None:
    """The display form of a display form is itself, so a value read back is never an edit; and it matches what it came from."""
    kind = FIELDS[name]
    shown = kind.display(value)
    assert kind.display(shown) == shown
    assert kind.match(shown) == kind.match(kind.display(shown))


@pytest.mark.parametrize(
    ("one", "other"), [("O'Neill", "ONEILL"), ("José", "jose"), ("van der Berg", "Vanderberg"), ("Straße", "STRASSE"), (None, "")]
)
def test_names_are_told_apart_by_letters_alone(one: str | None, other: str) -> None:
    """Accents, capitals, punctuation and spaces say nothing of whether two names may be the same."""
    assert name_key(one) == name_key(other)
