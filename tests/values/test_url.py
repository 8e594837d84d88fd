"""Addresses of pages, the secrets in them, and their domains."""

import pytest

from leadhub.values.url import page_display, strip_secrets, url_display, url_match


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("acme.example", "https://acme.example"),
        ("//acme.example/a", "https://acme.example/a"),
        ("HTTP://WWW.Acme.Example/", "http://www.acme.example"),
        ("https://acme.example/A/?Q=1#part", "https://acme.example/A/?Q=1"),
        ("https://acme.example:443/a//", "https://acme.example/a"),
        ("acme.example:8080/x", "https://acme.example:8080/x"),
        ("xn--mller-kva.de", "https://müller.de"),
        ("https://MÜLLER.de", "https://müller.de"),
        ("https://ann:pw@acme.example/", "https://acme.example"),
    ],
)
def test_a_page_has_one_spelling(value: str, shown: str) -> None:
    """With a scheme, its host in lower case and Unicode; without fragment, trailing slash, default port, user and password."""
    assert url_display(value) == shown


@pytest.mark.parametrize(
    "value",
    [
        "n/a",
        "none",
        "Acme Inc.",
        "1.234",
        "ann@acme.example",
        "javascript:alert(1)",
        "ftp://acme.example",
        "http://localhost",
        "a_b.de",
        "https://[::",
    ],
)
def test_what_is_no_page_stays_as_typed(value: str) -> None:
    """It is never made one by a scheme in front of it."""
    assert url_display(value) == value


def test_scheme_and_www_make_no_difference() -> None:
    """A page with and without them is the same; another path is another page."""
    assert url_match("http://www.acme.example/") == url_match("acme.example")
    assert url_match("acme.example/A") != url_match("acme.example/a")


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("https://a.example/x?utm=1&access_token=abc&q=a%20b", "https://a.example/x?utm=1&q=a%20b"),
        ("https://a.example/?password=x", "https://a.example/"),
        ("https://a.example/#id_token=x&part=2", "https://a.example/#part=2"),
        ("https://a.example/?api%5Fkey=x&a=b", "https://a.example/?a=b"),
        ("https://a.example/?next=https%3A%2F%2Fb.example%2F%3Ftoken%3Dx&utm=1", "https://a.example/?utm=1"),
        ("https://ann:pw@a.example/x", "https://a.example/x"),
        ("/pricing?token=1&a=2", "/pricing?a=2"),
        ("https://a.example/?keyword=crm&monkey=1&tokens=2", "https://a.example/?keyword=crm&monkey=1&tokens=2"),
        ("no address", "no address"),
    ],
)
def test_secrets_are_taken_out_of_an_address(address: str, kept: str) -> None:
    """Parameters named like a secret go, in query and fragment, encoded or nested; the others stay byte for byte."""
    assert strip_secrets(address) == kept


def test_no_secret_of_a_referrer_is_shown() -> None:
    """The kind of `referrer` and `landing_page` strips them by itself."""
    assert page_display("https://a.example/x?utm=1&sessionid=abc#token=1") == "https://a.example/x?utm=1"
