"""Bodies as browsers and scripts write them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from leadhub_forms.client import JSON, MULTIPART, URLENCODED, file_names, read

from leadhub import InvalidValue

BOUNDARY = "----WebKitFormBoundary7MA4YWxkTrZu0gW"
MULTI = f"{MULTIPART}; boundary={BOUNDARY}"


def multipart(*parts: tuple[str, str], end: str = "--\r\n") -> bytes:
    """A body as a browser writes it: (what follows `form-data; `, content)."""
    written = "".join(f"--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n" for head, content in parts)
    return f"{written}--{BOUNDARY}{end}".encode()


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (URLENCODED, b"email=ann%40acme.example&name=J%C3%BCrgen+Gro%C3%9F"),
        ("application/x-www-form-urlencoded; charset=UTF-8", b"email=ann%40acme.example&name=J%C3%BCrgen+Gro%C3%9F"),
        ("application/x-www-form-urlencoded; charset=iso-8859-1", b"email=ann%40acme.example&name=J%FCrgen+Gro%DF"),
        (JSON, '{"email": "ann@acme.example", "name": "Jürgen Groß"}'.encode()),
        ("application/json; charset=utf-8", b'\xef\xbb\xbf{"email": "ann@acme.example", "name": "J\\u00fcrgen Gro\\u00df"}'),
        (MULTI, multipart(('name="email"', "ann@acme.example"), ('name="name"', "Jürgen Groß"))),
    ],
)
def test_every_way_of_writing_a_form_says_the_same(content_type: str, body: bytes) -> None:
    """JSON, urlencoded and multipart posts give the same fields."""
    assert read(content_type, body) == {"email": "ann@acme.example", "name": "Jürgen Groß"}


def test_a_group_of_boxes_is_one_field() -> None:
    """A name that comes several times keeps all its values, blank ones left out."""
    assert read(URLENCODED, b"topic=crm&topic=&topic=forms") == {"topic": "crm;forms"}
    assert read(JSON, b'{"topic": ["crm", null, "forms"]}') == {"topic": "crm;forms"}


def test_json_keeps_numbers_as_they_were_written() -> None:
    """No digit of a phone number is lost, and nested objects get dotted names."""
    body = b'{"contact": {"phone": 4915112345678901234567890, "size": 1.50}, "ok": true, "gone": null}'
    assert read(JSON, body) == {"contact.phone": "4915112345678901234567890", "contact.size": "1.50", "ok": "true", "gone": ""}


def test_a_quoted_name_is_read_as_browsers_escape_it() -> None:
    """Quotes and line ends in a field's name are percent-encoded by browsers."""
    assert read(MULTI, multipart(('name="say %22hi%22"', "x"))) == {'say "hi"': "x"}


def test_a_file_is_told_and_an_empty_file_input_is_none() -> None:
    """A file input that was left empty comes with a blank file name."""
    empty = multipart(('name="email"', "a@b.example"), ('name="cv"; filename=""\r\nContent-Type: application/octet-stream', ""))
    assert file_names(MULTI, empty) == ()
    assert read(MULTI, empty) == {"email": "a@b.example"}
    filled = multipart(('name="cv"; filename="me.pdf"\r\nContent-Type: application/pdf', "%PDF"))
    assert file_names(MULTI, filled) == ("me.pdf",)


DEEP = b'{"a":' * 100_000


@pytest.mark.parametrize(
    ("content_type", "body", "reason"),
    [
        (JSON, b'{"email": "x"', "It is no JSON: Expecting ',' delimiter at line 1, column 14."),
        (JSON, b"", "It is no JSON: Expecting value at line 1, column 1."),
        (JSON, b'["email"]', "Its JSON is no object with a key for each field."),
        (JSON, DEEP, "Its JSON is nested too deep."),
        (JSON, b'{"email": "\xff"}', "It is no utf-8 text (byte 11)."),
        (JSON, b'{"email": "a\\u0000b"}', 'The field "email" contains a character that no text has (NUL, or half of a surrogate pair).'),
        (JSON, b'{"\\ud800": "x"}', 'The field "?" contains a character that no text has (NUL, or half of a surrogate pair).'),
        (URLENCODED, b"email=%FF", "It is no utf-8 text (byte 0)."),
        (URLENCODED, b"email=\xff", "It is no ascii text (byte 6)."),
        (URLENCODED, b"", "It holds no field."),
        (URLENCODED, b"a=1&" * 1001, "It has more than 1,000 fields."),
        (f"{URLENCODED}; charset=klingon", b"a=%FF", 'Its charset "klingon" is not known.'),
        (MULTIPART, b"x", "Its Content-Type names no boundary."),
        (MULTI, b"x", "It breaks off before its last boundary."),
        (MULTI, multipart(('name="email"', "ann@acme.example"), end=""), "It breaks off before its last boundary."),
        (MULTI, multipart(("nothing", "x")), "A part of it has no name."),
        ("text/plain", b"x", f"text/plain is no form: {JSON}, {URLENCODED} and {MULTIPART} are."),
    ],
    ids=lambda value: value[:20].decode(errors="replace") if isinstance(value, bytes) else value[:30],
)
def test_a_body_that_cannot_be_read_says_why(content_type: str, body: bytes, reason: str) -> None:
    """Each class of broken body has its own sentence."""
    with pytest.raises(InvalidValue) as caught:
        read(content_type, body)
    assert str(caught.value) == reason


@given(
    st.sampled_from([JSON, URLENCODED, MULTI, f"{URLENCODED}; charset=utf-16", "multipart/form-data; boundary=\x00", ";", ""]),
    st.binary(max_size=200),
)
def test_no_body_fails_in_another_way(content_type: str, body: bytes) -> None:
    """Whatever is posted, it is read or refused with a reason."""
    refused = ""
    fields: dict[str, str] = {}
    try:
        fields = read(content_type, body)
    except InvalidValue as error:
        refused = str(error) or "without a reason"
    assert refused != "without a reason"
    assert all(isinstance(name, str) and isinstance(text, str) for name, text in fields.items())
    file_names(content_type, body)


@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).map(str.strip).filter(bool),
        st.text(st.characters(codec="utf-8", exclude_characters="\0")).map(str.strip),
    )
)
def test_what_json_says_comes_through(fields: dict[str, str]) -> None:
    """Every text in every script arrives as it was written."""
    assert read(JSON, json.dumps(fields).encode()) == fields
