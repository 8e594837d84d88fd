"""Phone numbers: one number in several dresses, and what is none."""

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadhub.values.phone import phone_display, phone_match, phone_problem


@pytest.mark.parametrize(
    ("value", "region", "shown"),
    [
        ("020 7946 0958", "GB", "+442079460958"),
        ("+44 20 7946 0958", None, "+442079460958"),
        ("0044 20 7946 0958", None, "+442079460958"),
        ("+44 (0)20 7946 0958", "US", "+442079460958"),
        ("011 44 20 7946 0958", "US", "+442079460958"),
        ("0011 44 20 7946 0958", "AU", "+442079460958"),
        ("Tel.: 030/1234567", "DE", "+49301234567"),
        ("+39 06 6982", None, "+39066982"),
        ("(212) 555-0100 x5", "US", "+12125550100 ext. 5"),
        ("(212) 555-0100;ext=5", "US", "+12125550100 ext. 5"),
        ("(416) 555-0100", "US", "+14165550100"),
        ("1 (212) 555-0100", "US", "+12125550100"),
        ("447911123456", "GB", "+447911123456"),
        ("436641234567", "AT", "+436641234567"),
    ],
)
def test_a_valid_number_is_shown_in_e164(value: str, region: str | None, shown: str) -> None:
    """With its extension, whatever its dress; a leading zero that belongs to it (Italy) stays, and a plus comes where no other number can be meant."""
    assert phone_display(value, region) == shown


@pytest.mark.parametrize(
    ("value", "region"),
    [
        ("020 7946 0958", None),
        ("020 7946 0958", "Deutschland"),
        ("1234", "DE"),
        ("+1 555 010 0123", None),
        ("1-800-FLOWERS", "US"),
        ("+49 30 1234567 ask for Ann", None),
        ("030 1234567 / 0151 23456789", "DE"),
        ("n/a", "US"),
        ("491712345678", "DE"),
        ("49 171 2345678", "DE"),
        ("Tel. (49) 171 2345678", "DE"),
    ],
)
def test_what_is_no_single_number_stays_as_typed(value: str, region: str | None) -> None:
    """Nothing that a person typed is lost: words, a second number, a number of an unknown country, one that may have lost its plus."""
    assert phone_display(value, region) == value


@pytest.mark.parametrize(
    ("one", "other", "region", "same"),
    [
        ("020 7946 0958", "+44 20 7946 0958", "GB", True),
        ("020 7946 0958", "+44 20 7946 0958", None, False),
        ("+1 (555) 010-0123", "+15550100123", None, True),
        ("0044 20 7946 0958", "+44 20 7946 0958", None, True),
        ("(212) 555-0100 x5", "+1 212 555 0100 ext. 5", "US", True),
        ("(212) 555-0100 x5", "(212) 555-0100", "US", False),
        ("555 0100 x12", "555 0100", None, False),
        ("555 0100", "5550100", None, True),
        ("ask Ann", "ask Bob", None, False),
        ("+49 30 1234567 ask for Ann", "+49 30 1234567", None, False),
    ],
)
def test_dress_makes_no_difference_and_digits_do(one: str, other: str, region: str | None, *, same: bool) -> None:
    """A number with and without its country code is one only where the country is known (edge cases 50, 51)."""
    assert (phone_match(one, region) == phone_match(other, region)) is same


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_every_country_s_example_is_valid_and_stays_itself(region: str) -> None:
    """The quick check for validity agrees with the library's own on an example of each country's plan, dialed at home or from abroad."""
    example = phonenumbers.example_number(region)
    assert example is not None
    canonical = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
    assert phone_display(canonical, None) == canonical
    assert phone_display(phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.NATIONAL), region) == canonical


@pytest.mark.parametrize(
    ("value", "region", "says"),
    [
        ("call me", "DE", "no digits"),
        ("020 7946 0958", None, "no country code"),
        ("491712345678", "DE", "its plus may be lost"),
        ("4.91712E+11", "DE", "a power of ten"),
        ("12", "DE", "numbering plan:"),
        ("+49 30", None, "numbering plan:"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(value: str, region: str | None, says: str) -> None:
    """Each fault names what to mend."""
    assert says in (phone_problem(value, region) or "")


@pytest.mark.parametrize(("value", "region"), [("", None), (" ", "DE"), ("030 1234567", "DE"), ("+442079460958", None), ("(212) 555-0100 x5", "US")])
def test_nothing_is_wrong_with_a_number_or_a_blank(value: str, region: str | None) -> None:
    """A blank is for those to refuse who need a number."""
    assert phone_problem(value, region) is None


@pytest.mark.parametrize("value", ["4.91712E+11", "4,91712E+11", "4.91712e11", "+4.9E+11", "-1E5"])
@pytest.mark.parametrize("region", [None, "DE"])
def test_a_power_of_ten_is_no_phone_number(value: str, region: str | None) -> None:
    """A spreadsheet lost its last digits: it says nothing, and is written nowhere."""
    assert phone_display(value, region) == phone_match(value, region) == ""
    assert phone_problem(value, region) is not None


def test_a_plus_that_got_lost_is_no_edit() -> None:
    """The digits alone are compared as the number that they are with the plus; nothing is rewritten for a sign."""
    assert phone_match("491712345678", "DE") == phone_match("+49 171 2345678", "DE")
    assert phone_match("491712345678", "DE") != phone_match("0491 712345678", "DE")


@settings(max_examples=300, deadline=None)
@given(st.text("0123456789+-/ ().xE", max_size=20), st.sampled_from([None, "DE", "AT", "GB", "US", "IT"]))
def test_a_normal_form_is_its_own_normal_form(value: str, region: str | None) -> None:
    """Showing what is shown changes nothing, and neither does comparing it."""
    shown = phone_display(value, region)
    assert phone_display(shown, region) == shown
    assert phone_match(shown, region) == phone_match(value, region)


@settings(max_examples=300, deadline=None)
@given(st.from_regex(r"(\+|00|0)?[1-9][0-9]{5,13}", fullmatch=True), st.sampled_from([None, "DE", "AT", "GB", "FR"]))
def test_no_digit_that_says_something_is_lost(value: str, region: str | None) -> None:
    """Only the zeros before a number may go, and a country's code come."""
    digits = "".join(c for c in phone_display(value, region) if c.isdigit())
    assert digits.endswith(value.lstrip("+0"))
