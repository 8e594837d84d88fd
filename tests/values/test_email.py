"""E-mail addresses: one spelling, and what is none."""

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from leadhub.values.email import email_display, email_match, email_problem
from leadhub.values.text import text_display

LOCALS = [
    "ann",
    "Ann.Lee",
    "ann+fair",
    "INFO",
    "Postmaster",
    "o'neill",
    "a_b-c",
    "1",
    ".ann",
    "ann.",
    "a..b",
    "a b",
    "ä",
    '"a b"',
    "",
    "x" * 65,
    "a@b",
]
DOMAINS = [
    *("acme.example", "ACME.Example", "mail.acme.co.uk", "müller.de", "MÜLLER.DE", "xn--mller-kva.de", "xn--zzz.de", "a-b.de", "-a.de", "a-.de"),
    *(
        "a_b.de",
        "acme",
        "acme.",
        ".acme.de",
        "a..de",
        "acme.123",
        "1.de",
        "acme.d3",
        "ACME.1",
        "ab--c.de",
        "localhost",
        "x.local",
        "x.LOCAL",
        "x.test",
        "test",
    ),
    *("x.invalid", "x.onion", "[1.2.3.4]", "faß.de", "x" * 63 + ".de", "x" * 64 + ".de", "aa." * 70 + "de", "aa." * 85 + "de", "Ａ.de", ""),
]
PIECES = st.sampled_from(["a", "B", "1", ".", "-", "--", "_", "+", "xn--", "é", "info", "de", "test", "local", "'", " "])


def by_library(text: str) -> str:
    """What email-validator makes of a text: the address in its one spelling, or the text."""
    try:
        return validate_email(text, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        return text


@pytest.mark.parametrize("local", LOCALS)
def test_the_fast_path_says_what_the_library_says(local: str) -> None:
    """Plain addresses are read without the library, and come out as it would have them, valid or not."""
    for domain in DOMAINS:
        address = f"{local}@{domain}"
        assert email_display(address) == by_library(address)


@settings(max_examples=500, deadline=None)
@given(st.builds("{}@{}".format, st.lists(PIECES, max_size=5).map("".join), st.lists(PIECES, max_size=6).map("".join)))
def test_the_fast_path_says_what_the_library_says_of_any_address(address: str) -> None:
    """The same for addresses that nobody thought of."""
    text = text_display(address)
    assert email_display(address) == by_library(text)


@pytest.mark.parametrize(("value", "shown"), [(" Ann.Lee@ACME.Example ", "Ann.Lee@acme.example"), ("not an address", "not an address"), ("", "")])
def test_an_address_keeps_its_local_part_as_typed(value: str, shown: str) -> None:
    """The domain is shown in lower case, the local part as typed."""
    assert email_display(value) == shown


def test_addresses_are_compared_without_capitals_and_with_their_tags() -> None:
    """Capitals make no difference; a plus tag may name another mailbox and does (edge case 49)."""
    assert email_match("Ann@Acme.Example") == email_match("ann@acme.example")
    assert email_match("ann+fair@acme.example") != email_match("ann@acme.example")
    assert email_display("ann+Fair@acme.example") == "ann+Fair@acme.example"


def test_a_domain_is_one_in_unicode_and_in_punycode() -> None:
    """Systems store either."""
    assert email_match("ann@XN--mller-kva.de") == email_match("ann@müller.de") == "ann@müller.de"


@pytest.mark.parametrize("value", ["", "  ", "ann@acme.example", "ann@müller.de", "ann@acme.test"])
def test_nothing_is_wrong_with_an_address_or_a_blank(value: str) -> None:
    """A blank is for those to refuse who need an address; .test is for trying a deployment out."""
    assert email_problem(value) is None


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("ann", "@-sign"),
        ("ann@acme", "period"),
        ("ann lee@acme.de", "SPACE"),
        ("ann@printer.local", "reserved"),
        ("a@b.de; c@d.de", "@-sign"),
        (f"{'x' * 300}@acme.de", "too long"),
        ("x" * 1000, "has 1000"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(value: str, says: str) -> None:
    """A file's or a form's reject names the fault, not just that there is one."""
    problem = email_problem(value)
    assert problem is not None
    assert says in problem
    assert problem.endswith(".")
