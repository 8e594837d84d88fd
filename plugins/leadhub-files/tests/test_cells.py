"""What a cell says: consent, dates, names in one column, and values that cannot be meant."""

from collections.abc import Callable
from typing import Any

import pytest

Read = Callable[..., Any]


def test_a_postal_code_keeps_its_zeros(read: Read) -> None:
    """A postal code and an id are text, whatever they look like."""
    records, _, _ = read("Lead-ID;Nachname;PLZ\n007;Lee;01234\n")
    assert records == {"007": {"last_name": "Lee", "postal_code": "01234"}}


@pytest.mark.parametrize(
    ("header", "cell", "consent", "taken"),
    [
        ("Newsletter", "nein", "restrictive", {"email_opt_out": "true"}),
        ("Newsletter", "ja", "restrictive", {}),
        ("Newsletter", "ja", "explicit", {"email_opt_out": "false"}),
        ("Opt-in", "No", "restrictive", {"email_opt_out": "true"}),
        ("Opt-in", "", "explicit", {}),
        ("Unsubscribed", "yes", "restrictive", {"email_opt_out": "true"}),
        ("Unsubscribed", "no", "restrictive", {}),
        ("Unsubscribed", "no", "explicit", {"email_opt_out": "false"}),
        ("Newsletter", "abgemeldet", "restrictive", {"email_opt_out": "true"}),
        ("Anrufe unerwünscht", "x", "restrictive", {"do_not_call": "true"}),
    ],
)
def test_a_refusal_counts_at_once_and_a_yes_only_where_it_is_declared(
    read: Read, header: str, cell: str, consent: str, taken: dict[str, str]
) -> None:
    """Of consent a file can say no; a yes, and a blank, are nothing known, unless the deployment takes a yes for an explicit permission."""
    records, _, events = read(f"E-Mail;{header}\na@x.example;{cell}\n", consent=consent)
    assert records == {"a@x.example": {"email": "a@x.example", **taken}}
    assert events == []


@pytest.mark.parametrize("cells", ["ja;ja", "nein;ja", "nein;nein"])
def test_of_an_opt_in_and_an_opt_out_the_refusal_counts(read: Read, cells: str) -> None:
    """Two columns that contradict each other are a refusal, in whatever order they stand."""
    records, _, _ = read(f"E-Mail;Newsletter;Unsubscribed\na@x.example;{cells}\n", consent="explicit")
    assert records["a@x.example"]["email_opt_out"] == "true"


def test_dates_are_read_as_the_column_declares(read: Read) -> None:
    """A declared format reads a column's dates; ISO dates need none; a day stays a day."""
    text = "E-Mail;Datum;Wiedervorlage;Erstellt am\na@x.example;27.11.2026;2026-12-01;2026-11-01T10:00:00+01:00\n"
    records, _, events = read(text, formats={"datum": "%d.%m.%Y"})
    assert events == []
    values = records["a@x.example"]
    assert (values["occurred_at"], values["next_step_at"], values["created_at"]) == ("2026-11-27", "2026-12-01", "2026-11-01T09:00:00+00:00")


def test_a_date_that_can_be_read_in_two_ways_is_listed_and_left_out(read: Read) -> None:
    """03/04/2026 is no date without a format: the row is taken in without it, and the log says which rows and what to set."""
    records, rejects, (event,) = read("email,date\na@x.example,03/04/2026\nb@x.example,04/04/2026\n")
    assert records == {"a@x.example": {"email": "a@x.example"}, "b@x.example": {"email": "b@x.example"}}
    assert rejects == []
    assert "2 values were left out, the rest of the row taken in: no date that can be read in one way only" in event
    assert "'column': 'date', 'rows': '2, 3'" in event
    assert "03/04" not in event


def test_a_full_name_is_split_where_its_parts_are_missing(read: Read) -> None:
    """One column for the name gives first and last name; beside a column for each it fills rows that have neither."""
    records, _, _ = read("email,full name\na@x.example,Ada Lovelace\n")
    assert records["a@x.example"] == {"email": "a@x.example", "first_name": "Ada", "last_name": "Lovelace"}
    records, _, _ = read("email,first name,last name,full name\na@x.example,A,,Ada Lovelace\nb@x.example,,,Bob Bee\n")
    assert (records["a@x.example"]["first_name"], records["a@x.example"]["last_name"]) == ("A", None)
    assert (records["b@x.example"]["first_name"], records["b@x.example"]["last_name"]) == ("Bob", "Bee")


def test_an_invalid_value_costs_itself_and_not_the_row(read: Read) -> None:
    """A row with a name keeps its place without its e-mail address or phone number, and its number is listed by column."""
    records, rejects, events = read("lead id,email,last name,phone\n1,ada(at)x.example,Lee,+44 20 7946 0000\n2,b@x.example,Bee,n/a\n")
    assert records == {"1": {"last_name": "Lee", "phone": "+44 20 7946 0000"}, "2": {"email": "b@x.example", "last_name": "Bee"}}
    assert rejects == []
    assert ["no e-mail address" in event and "'rows': '2'" in event for event in events] == [True, False]
    assert "no phone number" in events[1]


def test_a_phone_number_that_cannot_be_dialed_is_kept_and_listed(read: Read) -> None:
    """What a spreadsheet made of it: a lost plus and a local number of nowhere stay as typed, a power of ten is left out; no number is repeated."""
    records, rejects, events = read(
        "lead_id,email,phone,country\n1,a@x.example,491712345678,Germany\n2,b@x.example,4.91712E+11,Germany\n3,c@x.example,020 7946 0958,\n"
    )
    assert [record.get("phone") for record in records.values()] == ["491712345678", None, "020 7946 0958"]
    assert "phone" not in records["2"]
    assert rejects == []
    left, plus, nowhere = events
    assert "1 value was left out, the rest of the row taken in: no phone number, for a spreadsheet wrote it as a power of ten" in left
    assert "1 value was kept as typed and should be mended: it begins with the code of DE itself: its plus may be lost" in plus
    assert "it has no country code, and nothing says in which country it is dialed" in nowhere
    assert not any(digits in event for event in events for digits in ("4917", "4.9", "7946"))


def test_a_row_that_identifies_nobody_is_rejected(read: Read) -> None:
    """Without a last name an invalid address rejects the row, and it is not listed a second time."""
    records, (reject,), events = read("email,phone\nada(at)x.example,n/a\n")
    assert (records, events) == ({}, [])
    assert (reject.row, reject.raw) == (2, "ada(at)x.example,n/a")
    assert reject.reason == "The row has no last name, and what it has for an e-mail address is none."


def test_a_local_number_is_of_the_region_or_of_the_rows_own_country(read: Read) -> None:
    """`region` completes local numbers of rows that name no country."""
    records, _, _ = read("email,phone,country\na@x.example,030 901820,\nb@x.example,030 901820,AT\n", region="de")
    assert [values["phone"] for values in records.values()] == ["+4930901820", "030 901820"]


def test_an_unknown_yes_or_no_is_listed(read: Read) -> None:
    """What is neither yes nor no is left out: consent is never guessed."""
    records, _, (event,) = read("email,opt in\na@x.example,maybe\n")
    assert records == {"a@x.example": {"email": "a@x.example"}}
    assert "neither yes nor no" in event
