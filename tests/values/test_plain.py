"""Texts, dates, numbers, yes and no, languages, tags, names and companies."""

from datetime import UTC, date, datetime

import pytest

from leadhub.values.booleans import boolean_display
from leadhub.values.dates import date_display, instant_display, parse_date, parse_instant
from leadhub.values.kinds import COMPANY
from leadhub.values.language import language_display
from leadhub.values.names import name_key, split_name
from leadhub.values.numbers import number_display
from leadhub.values.tags import tags_display, tags_match
from leadhub.values.text import multiline_display, multiline_match, text_display


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("  Ann   Lee ", "Ann Lee"),
        ("Zoe\u0308", "Zoë"),
        ("a\u00a0b\tc", "a b c"),
        ("a\x00b\x07", "ab"),
        ("\ufeffAnn\u200b", "Ann"),
        ("McDONALD", "McDONALD"),
    ],
)
def test_text_is_composed_trimmed_and_single_spaced(value: str, shown: str) -> None:
    """Text is shown in NFC, trimmed, with single spaces, without control and invisible characters; its capitals are left alone."""
    assert text_display(value) == shown


def test_lines_of_a_text_stay_lines_and_are_compared_as_one() -> None:
    """A street of two lines is shown in two; a system that joins them has edited nothing."""
    assert multiline_display(" 1 Main  St \r\n\r\n Floor 2 \n") == "1 Main St\n\nFloor 2"
    assert multiline_match("1 Main St\nFloor 2") == multiline_match("1 Main St Floor 2")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("2026-05-03", "2026-05-03"),
        ("2026-05-03T23:30:00-08:00", "2026-05-03"),
        ("3 May 2026", "2026-05-03"),
        ("May 3rd, 2026", "2026-05-03"),
        ("3. März 2026", "2026-03-03"),
        ("Sun, 03 May 2026 10:00:00 +0200", "2026-05-03"),
    ],
)
def test_a_date_is_read_where_it_can_be_read_in_one_way(value: str, shown: str) -> None:
    """ISO, and the month in English or German words; of an instant, the day as written."""
    assert date_display(value) == shown


@pytest.mark.parametrize(
    "value", ["03/04/2026", "25.12.2026", "May 2026", "2026-02-30", "31 February 2026", "3 May 26", "tomorrow", "20260503", "12 3 May 2026 7"]
)
def test_a_date_is_never_guessed(value: str) -> None:
    """Day or month first, a missing day, a day that does not exist: the text stays."""
    assert parse_date(value) is None
    assert date_display(value) == value


def test_a_declared_format_decides() -> None:
    """A column that says how its dates are written is read so, and in no other way."""
    assert parse_date("03/04/2026", "%d/%m/%Y") == date(2026, 4, 3)
    assert parse_date("03/04/2026", "%m/%d/%Y") == date(2026, 3, 4)
    assert parse_date("2026-04-03", "%d/%m/%Y") is None
    assert parse_instant("03.04.2026 14:30", "%d.%m.%Y %H:%M") == datetime(2026, 4, 3, 14, 30, tzinfo=UTC)
    assert parse_instant("03.04.2026", "%d.%m.%Y") is None


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("2026-05-03T23:00:00.999+0200", "2026-05-03T21:00:00Z"),
        ("2026-05-03 10:00", "2026-05-03T10:00:00Z"),
        ("3 May 2026 10:00 GMT", "2026-05-03T10:00:00Z"),
        ("3 May 2026 10 pm", "2026-05-03T22:00:00Z"),
        ("2026-05-03", "2026-05-03"),
        ("3 May 2026", "2026-05-03"),
        ("3 May 2026 10:00 CET", "3 May 2026 10:00 CET"),
        ("2026-05-03T25:00:00Z", "2026-05-03T25:00:00Z"),
        ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00"),
    ],
)
def test_an_instant_is_shown_in_utc_to_the_second(value: str, shown: str) -> None:
    """A day without a time stays a day; a zone that is only a name stays a text."""
    assert instant_display(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        *(
            ("250", "250"),
            ("250.00", "250"),
            ("-0", "0"),
            ("+5", "5"),
            (".5", "0.5"),
            ("1E+3", "1000"),
            ("007", "7"),
            ("12345678901234567890.1", "12345678901234567890.1"),
        ),
        *(
            ("1,234.50", "1234.5"),
            ("1.234,50", "1234.5"),
            ("1.234.567", "1234567"),
            ("1,234,567", "1234567"),
            ("1 234", "1234"),
            ("1’234.5", "1234.5"),
        ),
        *(("1,5", "1.5"), ("1234,567", "1234.567"), ("0,123", "0.123"), ("51 – 200", "51-200"), ("51-200", "51-200")),
    ],
)
def test_a_number_is_shown_plainly(value: str, shown: str) -> None:
    """Exact, without grouping, exponent and idle zeros; a range as two numbers."""
    assert number_display(value) == shown


@pytest.mark.parametrize("value", ["1,234", "1.234", "1,23,456", "1.234.56", "€ 5", "5 %", "10000+", "1_000", "٣", "NaN", "1e999999999", "--5"])
def test_a_number_is_never_guessed(value: str) -> None:
    """What can be read in two ways, or says more than a number, stays as typed; "1.234" is the same as typed and as a decimal."""
    assert number_display(value) == value


@pytest.mark.parametrize(
    ("value", "shown"), [("Ja", "true"), ("X", "true"), ("1", "true"), ("NO", "false"), ("nein", "false"), ("maybe", "maybe"), (" ", "")]
)
def test_yes_and_no_are_read_in_two_languages(value: str, shown: str) -> None:
    """Not known is not no."""
    assert boolean_display(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [("de_DE", "de-DE"), ("de-de", "de-DE"), ("German", "de"), ("deutsch", "de"), ("zh_hant_TW", "zh-Hant-TW"), ("xx", "xx"), ("?", "?")],
)
def test_a_language_is_shown_as_its_tag(value: str, shown: str) -> None:
    """From tags in any dress and from names; what Babel does not know stays as typed."""
    assert language_display(value) == shown


def test_tags_are_a_set() -> None:
    """Order, doubles and capitals make no difference; the spelling that came first stays."""
    assert tags_display("fair; Berlin;BERLIN;;") == "Berlin;fair"
    assert tags_match("Fair;berlin") == tags_match("BERLIN; fair")


@pytest.mark.parametrize(
    ("full", "first", "last", "confidence"),
    [
        ("Ann Lee", "Ann", "Lee", "high"),
        ("Lee, Ann", "Ann", "Lee", "high"),
        ("Prof. Dr. med. Hans von der Müller", "Hans", "von der Müller", "high"),
        ("Müller, Dr. Jens", "Jens", "Müller", "high"),
        ("Frau Dr. Eva Groß", "Eva", "Groß", "high"),
        ("山田 太郎", "太郎", "山田", "high"),
        ("Dr. Müller", "", "Müller", "low"),
        ("Ann Mary Lee", "Ann Mary", "Lee", "low"),
        ("Ann & Bob Lee", "Ann & Bob", "Lee", "low"),
        ("Cher", "", "Cher", "low"),
        ("Dr.", "", "Dr.", "low"),
        ("", "", "", "low"),
    ],
)
def test_a_full_name_is_split_and_says_how_sure_it_is(full: str, first: str, last: str, confidence: str) -> None:
    """Titles are left out, particles stay with the family name; what could be split in another way is marked."""
    assert split_name(full) == (first, last, confidence)


@pytest.mark.parametrize(
    ("one", "other"),
    [("O'Neill", "ONEILL"), ("José", "jose"), ("van der Berg", "Vanderberg"), ("Straße", "STRASSE"), ("Łukasz", "Lukasz"), (None, "")],
)
def test_names_are_told_apart_by_letters_alone(one: str | None, other: str) -> None:
    """Accents, capitals, punctuation and spaces say nothing of whether two names may be the same."""
    assert name_key(one) == name_key(other)


def test_names_in_other_scripts_stay_different() -> None:
    """What has no Latin letters still has a key of its own."""
    assert len({name_key(name) for name in ("山田", "田中", "Иванов", "Петров")} - {""}) == 4


@pytest.mark.parametrize("other", ["Acme", "Acme AG", "ACME GmbH"])
def test_a_legal_form_is_part_of_a_company_s_name(other: str) -> None:
    """Who adds it or changes it has made an edit, which travels: were the two one value, it would be lost in silence."""
    assert COMPANY.match("Acme GmbH", None) != COMPANY.match(other, None)
