"""Phone numbers: one number in several dresses, and what is none."""

import phonenumbers
import pytest

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
    ],
)
def test_a_valid_number_is_shown_in_e164(value: str, region: str | None, shown: str) -> None:
    """With its extension, whatever its dress; a leading zero that belongs to it (Italy) stays."""
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
    ],
)
def test_what_is_no_single_number_stays_as_typed(value: str, region: str | None) -> None:
    """Nothing that a person typed is lost: words, a second number, a number of an unknown country."""
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
        ("call me", "DE", "has none"),
        ("020 7946 0958", None, "no country code"),
        ("12", "DE", "of DE"),
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
