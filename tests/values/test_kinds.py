"""The laws that every kind of value keeps."""

import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadhub.values import kinds
from leadhub.values.fields import FIELDS
from leadhub.values.kinds import Kind

KINDS = {kind.name: kind for kind in vars(kinds).values() if isinstance(kind, Kind)}
REGIONS = st.sampled_from([None, "GB", "US", "DE", "IT", "JP", "ZZ", "Deutschland", ""])
LIKELY = st.sampled_from(
    [
        *(
            "Ann.Lee@ACME.Example",
            "Info@acme.com",
            "ann@müller.de",
            "a@xn--mller-kva.de",
            "+44 (0)20 7946 0958 x12",
            "0044 20 7946 0958",
            "020 7946 0958",
        ),
        *("+39 06 6982", "(212) 555-0100 ext. 5", "+1 555 010 0123", "Deutschland", "korea, republic of", "N/A", "Untied States", "Côte d’Ivoire"),
        *(
            "HTTPS://Acme.example:443//a/?b#c",
            "acme.example/",
            "//acme.example",
            "https://u:p@a.b/?token=x&c=d",
            "http://[::1]/",
            "https://a.b:99999/",
        ),
        *("3 May 2026 10:00", "2026-05-03T23:00:00.5+0200", "2026-05-03", "3. Mär 2026", "9999-12-31T23:59:59-12:00", "31 February 2026"),
        *(
            "1.234,50",
            "-0.0",
            "1e9",
            "00",
            "51 – 200",
            "1,234",
            "'1'",
            "Ja",
            "x",
            "de_DE",
            "Deutsch",
            "zh-hant-tw",
            "b;A;a",
            " a \r\n\n b\x00c ",
            "İ",
            "ﬁ",
        ),
    ]
)
ALPHABET = st.characters() | st.sampled_from("0123456789+-.,;:/@# \t\n\r\x00\u00ad\u0301\u200b\ud800")
TEXTS = LIKELY | st.text(ALPHABET, max_size=40) | st.builds(str.__add__, LIKELY, st.text(ALPHABET, max_size=3))


@pytest.mark.parametrize("name", sorted(KINDS))
@settings(deadline=None)  # the first value of a kind loads its library
@given(value=TEXTS, region=REGIONS)
def test_showing_twice_shows_the_same(name: str, value: str, region: str | None) -> None:
    """Whatever the text, the display form of a display form is itself, so a value read back is never an edit; and it matches what it came from."""
    kind = KINDS[name]
    shown = kind.display(value, region)
    assert kind.display(shown, region) == shown
    assert kind.match(shown, region) == kind.match(value, region)


@pytest.mark.parametrize("name", sorted(KINDS))
@settings(deadline=None)  # the first value of a kind loads its library
@given(value=TEXTS, region=REGIONS)
def test_what_is_shown_can_be_stored(name: str, value: str, region: str | None) -> None:
    """No form holds a NUL, another control character than the line feed of a text of several lines, or half a character."""
    for form in (KINDS[name].display(value, region), KINDS[name].match(value, region)):
        assert form.encode().decode() == form
        assert not [c for c in form if (c < " " and not (c == "\n" and name == "multiline")) or "\x7f" <= c < "\xa0"]


@pytest.mark.parametrize("name", sorted(KINDS))
@pytest.mark.parametrize("value", ["", "  ", "\n\t", "\x00", "\ufeff"])
def test_a_blank_is_shown_as_nothing(name: str, value: str) -> None:
    """White space and invisible characters say nothing."""
    assert KINDS[name].display(value, "DE") == ""
    assert KINDS[name].match(value, "DE") == ""


@pytest.mark.parametrize("name", sorted(KINDS))
@settings(deadline=None)  # the first value of a kind loads its library
@given(value=TEXTS.filter(str.strip), region=REGIONS)
def test_a_value_that_is_shown_is_not_compared_as_blank(name: str, value: str, region: str | None) -> None:
    """Only a blank matches a blank: else clearing a value would not be seen."""
    shown = KINDS[name].display(value, region)
    assert bool(KINDS[name].match(shown, region)) == bool(shown)


@pytest.mark.parametrize("name", sorted(KINDS))
@pytest.mark.parametrize("unit", ["x", "9", "+49 30 ", "a@", "é\u0301", "a;", "\u0301\u0327", "https://a.b/", "\x00", "\n", "1,"])
def test_a_million_characters_take_but_a_moment(name: str, unit: str) -> None:
    """A hostile value is shown in less than three CPU seconds on the slowest machine, and nothing of it that can be seen is cut."""
    value = unit * (1_000_000 // len(unit))
    started = time.process_time()
    shown = KINDS[name].display(value, "DE")
    KINDS[name].match(shown, "DE")
    assert time.process_time() - started < 3
    if unit == "x":
        assert shown == value


def test_every_field_has_one_of_the_kinds() -> None:
    """The laws above hold for all fields."""
    assert {field.kind.name for field in FIELDS.values()} <= set(KINDS)


def test_nfd_and_nfc_are_one_value() -> None:
    """A name that one system stores decomposed is not an edit (edge case 66)."""
    assert kinds.PERSON_NAME.match("Zoe\u0308", None) == kinds.PERSON_NAME.match("Zoë", None)
    assert kinds.TAGS.match("Zoe\u0308", None) == kinds.TAGS.match("zoë", None)


def test_a_postal_code_keeps_its_zero() -> None:
    """A code is a text, never a number (edge case 55)."""
    assert FIELDS["postal_code"].kind.display("01234", "DE") == "01234"


def test_no_library_is_loaded_before_a_value_needs_it() -> None:
    """The kinds are imported without the libraries behind them: a command line that only prints its help stays quick."""
    heavy = ("phonenumbers", "babel", "nameparser", "countryguess", "anyascii", "email_validator", "dateutil")
    script = f"import sys, leadhub.values.fields, leadhub.identity.keys; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
