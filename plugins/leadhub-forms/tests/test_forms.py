"""What becomes of a post."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from leadhub_forms.connector import Forms
from leadhub_forms.settings import FormsSettings
from pydantic import ValidationError

from leadhub import ConfigError, Delivery, InvalidValue
from leadhub.testing import Factory

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
TOKEN = "t0ken-of-sixteen-letters"
Post = Callable[..., dict[str, Any]]


def test_a_record_is_its_delivery(form: Callable[..., Forms]) -> None:
    """The record's id is the delivery's, and its time is that of receipt: read twice it is the same record."""
    delivery = Delivery("d17", "application/x-www-form-urlencoded", b"email=ann@acme.example", AT)
    (record,) = form().parse(delivery)
    assert (record.id, record.stamp, record.created, record.values["occurred_at"]) == ("d17", AT, AT, AT)
    assert form().parse(delivery) == [record]


def test_common_names_are_known_in_english_and_german(post: Post) -> None:
    """Nobody has to map "Vorname"."""
    english = post("First Name=Ann&surname=Berg&e-mail=ann@acme.example&company=Acme&phone=%2B49+151+1234567&comments=Hi&utm_source=ads")
    german = post("Vorname=Ann&Nachname=Berg&E-Mail-Adresse=ann@acme.example&Firma=Acme&Telefon=%2B49+151+1234567&Nachricht=Hi&utm_source=ads")
    assert english == german
    assert english == {
        "first_name": "Ann",
        "last_name": "Berg",
        "email": "ann@acme.example",
        "company": "Acme",
        "phone": "+49 151 1234567",
        "message": "Hi",
        "utm_source": "ads",
        "occurred_at": AT,
    }


def test_own_names_outrank_known_ones(post: Post) -> None:
    """`headers` says what a form's own words mean."""
    values = post("mail=ann@acme.example&title=Dr&xyz=CTO", headers={"xyz": "job_title", "title": "ignore"})
    assert values["job_title"] == "CTO"
    assert "salutation" not in values


def test_a_name_that_no_field_has_is_refused_at_once() -> None:
    """A mistyped field in `headers` is told when the form is opened, not when a lead is lost."""
    with pytest.raises(ConfigError, match='headers: "x" = "emial": a form has no such field'):
        Factory(Forms, FormsSettings(token=TOKEN, headers={"x": "emial"}))()


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [("Ann Maria Berg", "Ann Maria", "Berg"), ("Berg, Ann", "Ann", "Berg"), ("Cher", "", "Cher"), (" Ann  Berg ", "Ann", "Berg")],
)
def test_one_field_for_the_whole_name_is_split(post: Post, name: str, first: str, last: str) -> None:
    """In a form "Name" alone is what a person calls themselves."""
    values = post(f"email=ann@acme.example&name={name}")
    assert (values["first_name"] or "", values["last_name"]) == (first, last)


def test_a_name_beside_a_first_name_is_the_last_name(post: Post) -> None:
    """As German forms have it."""
    values = post("email=ann@acme.example&Vorname=Ann&Name=Berg")
    assert (values["first_name"], values["last_name"]) == ("Ann", "Berg")


def test_a_blank_field_is_a_known_blank_and_an_unknown_one_is_left_out(post: Post) -> None:
    """What the form asked for and nobody filled in is blank; what it did not ask for is not known."""
    values = post("email=ann@acme.example&company=&favorite+color=blue")
    assert values["company"] is None
    assert "phone" not in values
    assert "favorite color" not in values


def test_a_stranger_cannot_say_who_owns_the_lead(post: Post) -> None:
    """Anybody can post: owner, score and the like are not the sender's to set."""
    assert post("email=ann@acme.example&owner=eve@evil.example&score=100&rating=hot&created_at=1999-01-01").keys() == {"email", "occurred_at"}


@pytest.mark.parametrize("ticked", ["on", "yes", "ja", "true", "1", "ON"])
def test_a_ticked_consent_is_an_opt_in_with_its_text(post: Post, ticked: str) -> None:
    """Which text a person agreed to is kept with the record."""
    values = post(f"email=ann@acme.example&newsletter={ticked}", consent={"field": "newsletter", "text": "2026-05"})
    assert (values["email_opt_out"], values["consent_text"]) == (False, "2026-05")


@pytest.mark.parametrize("body", ["email=ann@acme.example", "email=ann@acme.example&newsletter=", "email=ann@acme.example&newsletter=false"])
def test_a_box_that_was_not_ticked_says_nothing(post: Post, body: str) -> None:
    """Whoever agreed before has not taken it back by not ticking a box."""
    values = post(body, consent={"field": "newsletter", "text": "2026-05"})
    assert "email_opt_out" not in values
    assert "consent_text" not in values


@pytest.mark.parametrize("box", ["newsletter=0&newsletter=1", "newsletter=&newsletter=checked", "newsletter=no&newsletter=Ja"])
def test_a_box_with_a_hidden_value_before_it_is_ticked_all_the_same(post: Post, box: str) -> None:
    """Rails, Symfony and others post a hidden "no" beside the box: one yes among the values of a name is a yes."""
    assert post(f"email=ann@acme.example&{box}", consent={"field": "newsletter", "text": "2026-05"})["email_opt_out"] is False


@pytest.mark.parametrize("box", ["newsletter=newsletter", "newsletter=maybe", "newsletter=0&newsletter=no", "newsletter=0"])
def test_a_consent_is_never_invented(post: Post, box: str) -> None:
    """What is not known for a yes agrees to nothing."""
    assert "email_opt_out" not in post(f"email=ann@acme.example&{box}", consent={"field": "newsletter", "text": "2026-05"})


@pytest.mark.parametrize(
    ("boxes", "field"),
    [
        ("email_opt_out=0&email_opt_out=1", "email_opt_out"),
        ("unsubscribe=unsubscribe", "email_opt_out"),
        ("keine+Werbung=ankreuzen", "email_opt_out"),
        ("unsubscribe=0&opt_out=on", "email_opt_out"),
        ("unsubscribe=true&opt_out=on", "email_opt_out"),
        ("dnc=%E2%9C%93", "do_not_call"),
    ],
)
def test_a_ticked_opt_out_is_heard_whatever_the_box_is_worth(post: Post, boxes: str, field: str) -> None:
    """A page's author writes any value into a box: only a blank and a known no are no opt-out, whatever stands beside them."""
    assert post(f"email=ann@acme.example&{boxes}")[field] is True


@pytest.mark.parametrize("boxes", ["email_opt_out=0", "unsubscribe=", "unsubscribe=nein&opt_out=false", "dnc=off&dnc=unchecked"])
def test_an_opt_out_box_that_was_not_ticked_says_nothing(post: Post, boxes: str) -> None:
    """It takes no opt-out back."""
    assert post(f"email=ann@acme.example&{boxes}").keys() == {"email", "occurred_at"}


def test_an_opt_out_outranks_an_opt_in_of_the_same_post(post: Post) -> None:
    """The more protective of two boxes counts, and a box that is left empty takes no opt-out back."""
    both = "email=ann@acme.example&newsletter=on&unsubscribe=on&dnc=off"
    values = post(both, consent={"field": "newsletter", "text": "2026-05"})
    assert values["email_opt_out"] is True
    assert "do_not_call" not in values


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("email=ann@acme", "The e-mail address is not valid: The part after the @-sign is not valid. It should have a period."),
        ("email=ann&phone=%2B49+151+1234567", "The e-mail address is not valid: An email address must have an @-sign."),
        ("name=Ann+Berg", "It has neither an e-mail address nor a phone number that leadhub knows for one."),
        ("phone=none", "It has neither an e-mail address nor a phone number that leadhub knows for one."),
        ("email=a@acme.example&e-mail=b@acme.example", "Two fields say different things of email."),
    ],
)
def test_a_post_that_names_nobody_says_why(post: Post, body: str, reason: str) -> None:
    """The reason is what `leadhub inbox list` shows."""
    with pytest.raises(InvalidValue) as caught:
        post(body)
    assert str(caught.value).startswith(reason)


def test_a_phone_number_alone_is_enough(post: Post) -> None:
    """Somebody who can be called is a lead."""
    assert post("name=Ann+Berg&phone=0151+1234567")["phone"] == "0151 1234567"


def test_two_fields_that_agree_are_one(post: Post) -> None:
    """A form that asks for the address twice is no contradiction."""
    assert post("email=ann@acme.example&e-mail=ann@acme.example")["email"] == "ann@acme.example"


def test_a_file_is_turned_away_with_a_sentence(form: Callable[..., Forms]) -> None:
    """Nothing of a post with a file is kept, and its sender is told."""
    body = b'--x\r\nContent-Disposition: form-data; name="cv"; filename="a.pdf"\r\n\r\n%PDF\r\n--x--\r\n'
    said = form().turn_away(Delivery("", "multipart/form-data; boundary=x", body, AT))
    assert said == "This form takes no files, and 1 came with it. Nothing of it was kept; send it again without them."
    assert form().turn_away(Delivery("", "application/json", b"{", AT)) is None


def test_the_door_knows_the_hash_alone(form: Callable[..., Forms]) -> None:
    """A token and its hash open the same door, and neither the door nor the settings show the token."""
    digest = hashlib.sha256(TOKEN.encode())
    hashed = FormsSettings(token_hash=digest.hexdigest().upper())
    assert form().door().token_hash == hashed.digest == digest.digest()
    assert TOKEN not in repr(form().door()) + repr(form().settings)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "one of both"),
        ({"token": TOKEN, "token_hash": "0" * 64}, "one of both"),
        ({"token": "short"}, "at least 16"),
        ({"token": "has/slashes/in/it/and/more"}, "that an address can hold"),
        ({"token_hash": "abc"}, "64 hexadecimal digits"),
        ({"token": TOKEN, "thanks_url": "//evil.example"}, "a whole address"),
        ({"token": TOKEN, "thanks_url": "javascript:alert(1)"}, "a whole address"),
        ({"token": TOKEN, "allowed_origins": ["*"]}, "an origin as a browser names it"),
        ({"token": TOKEN, "allowed_origins": ["https://www.example.com/"]}, "an origin as a browser names it"),
        ({"token": TOKEN, "tokne": "x"}, "Extra inputs"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(settings: dict[str, Any], said: str) -> None:
    """Each with what to write instead, and without repeating a token."""
    with pytest.raises(ValidationError, match=said):
        FormsSettings(**settings)
