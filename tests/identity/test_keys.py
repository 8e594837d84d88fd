"""Exact keys: what links two records, and what is too common to."""

import pytest

from leadhub.identity.keys import Key, Name, compatible, is_generic, keys_of


def test_an_address_and_a_phone_with_a_full_name_are_keys() -> None:
    """Both kinds of key, in the order in which they are trusted."""
    shown = {"email": "Ann@Acme.example", "phone": "+1 555 010 0123", "first_name": "Ann", "last_name": "O'Neill"}
    assert keys_of(shown) == (Key("email", "ann@acme.example"), Key("phone+name", "+15550100123|oneill|ann"))


@pytest.mark.parametrize("address", ["info@acme.example", "Sales@acme.example", "support+de@acme.example", "no-reply@acme.example"])
def test_a_mailbox_of_a_role_is_no_key(address: str) -> None:
    """What several people answer identifies none of them, with a tag or without."""
    assert keys_of({"email": address}) == ()


@pytest.mark.parametrize(
    "shown",
    [
        {},
        {"email": None},
        {"email": "not an address"},
        {"phone": "+1 555 010 0123"},
        {"phone": "+1 555 010 0123", "last_name": "Lee"},
        {"phone": "12345", "first_name": "Ann", "last_name": "Lee"},
    ],
)
def test_what_is_missing_or_short_is_no_key(shown: dict[str, str | None]) -> None:
    """A switchboard's number alone, a surname alone, a short number, and nothing at all identify nobody."""
    assert keys_of(shown) == ()


@pytest.mark.parametrize(
    ("one", "other", "fits"),
    [
        (("ann", "lee"), ("ann", "lee"), True),
        (("ann", "lee"), ("anne", "lee"), True),
        (("a", "lee"), ("ann", "lee"), True),
        (("", "lee"), ("ann", "lee"), True),
        (("", ""), ("ann", "lee"), True),
        (("ann", "lee"), ("ann", "miller"), True),
        (("ann", "lee"), ("bert", "moss"), False),
        (("", "lee"), ("", "moss"), False),
        (("ann", "schmidt"), ("ann", "schmitt"), True),
    ],
)
def test_names_fit_unless_they_contradict(one: tuple[str, str], other: tuple[str, str], *, fits: bool) -> None:
    """Initials, missing parts, typing errors and a new surname fit; two different parts do not. The same either way round."""
    assert compatible(Name(*one), Name(*other)) is fits
    assert compatible(Name(*other), Name(*one)) is fits


def test_three_different_people_make_a_value_generic() -> None:
    """A value on three people of different names means nobody; two, or one person in three spellings, still do."""
    ann, bert, cem = Name("ann", "lee"), Name("bert", "moss"), Name("cem", "yilmaz")
    assert is_generic([ann, bert, cem])
    assert not is_generic([ann, bert])
    assert not is_generic([ann, Name("a", "lee"), Name("anne", "lee"), Name("", "")])


def test_a_number_is_the_same_key_at_home_and_abroad() -> None:
    """The record's country says in which plan a number without country code is; a mobile number is a key like a phone's."""
    ann = {"first_name": "Ann", "last_name": "Lee"}
    at_home = keys_of({**ann, "phone": "020 7946 0958", "country": "GB"})
    assert at_home == keys_of({**ann, "mobile": "+44 20 7946 0958"}) == (Key("phone+name", "+442079460958|lee|ann"),)
    assert keys_of({**ann, "phone": "020 7946 0958"}) != at_home


def test_further_addresses_are_keys_and_none_is_named_twice() -> None:
    """Each address of a set links, but for a role mailbox and what is no address."""
    keys = keys_of({"email": "ann@acme.example"}, ["Ann@ACME.example", "ann@home.example", "info@acme.example", "ann@", ""])
    assert keys == (Key("email", "ann@acme.example"), Key("email", "ann@home.example"))
