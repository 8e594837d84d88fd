"""What a row becomes: its fields, its id, or a reject with a reason."""

from collections.abc import Callable
from typing import Any

import pytest
from leadhub_files.headers import HeaderError, columns
from leadhub_files.settings import FilesSettings
from pydantic import ValidationError

from leadhub import FatalError

Read = Callable[..., Any]


def test_fields_are_read_and_a_blank_is_none(read: Read) -> None:
    """A row shows its fields under their canonical names, trimmed, with None for a blank cell."""
    records, rejects, _ = read("E-Mail,First Name,Surname,Organisation,Tel.,Title\nada@x.example, Ada ,Lovelace,,+44 1234,Countess\n")
    assert records == {
        "ada@x.example": {
            "email": "ada@x.example",
            "first_name": "Ada",
            "last_name": "Lovelace",
            "company": None,
            "phone": "+44 1234",
            "job_title": "Countess",
        }
    }
    assert rejects == []


def test_a_column_that_is_not_there_is_unknown(read: Read) -> None:
    """A field without a column is absent from the values."""
    records, _, _ = read("email\nada@x.example\n")
    assert records == {"ada@x.example": {"email": "ada@x.example"}}


def test_unknown_columns_are_left_out_and_named_once(read: Read, folder: Any) -> None:
    """Columns that mean nothing are kept out of the values, and one warning names them, also when two files have them."""
    folder.write("email,Shoe Size,Pet\nb@x.example,9,cat\n", "b.csv")
    records, _, events = read("email,Shoe Size,Pet\na@x.example,8,dog\n")
    assert records == {"a@x.example": {"email": "a@x.example"}, "b@x.example": {"email": "b@x.example"}}
    assert len(events) == 1
    assert "Shoe Size" in events[0]
    assert "Pet" in events[0]
    assert "dog" not in events[0]


def test_own_headers_outrank_the_known_ones(read: Read) -> None:
    """A header that the settings name means what they say, and the usual header of that field is left out."""
    records, _, events = read("Email,Badge Mail\nold@x.example,new@x.example\n", headers={"badge mail": "email"})
    assert records == {"new@x.example": {"email": "new@x.example"}}
    assert "'Email'" in events[0]


def test_a_named_header_that_is_missing_is_told(read: Read) -> None:
    """A header of the settings that no column has is in the log."""
    _, _, events = read("Email\na@x.example\n", headers={"Bedge": "company"})
    assert ["Bedge" in event for event in events] == [True]


def test_two_columns_for_one_field_are_an_error() -> None:
    """Two columns that could both be a field are not guessed between: the error names both and the setting."""
    with pytest.raises(HeaderError, match=r'"Email" and "E-mail" could each be email.*headers = \{ "Email" = "email" \}'):
        columns(["Email", "E-mail"], own={}, key=None, wanted=())


def test_numbered_columns_are_not_the_plain_one() -> None:
    """A column "Email 2" is not taken for "Email"."""
    found = columns(["Email", "Email 2"], own={}, key=None, wanted=())
    assert (found.fields, found.unused) == ({"email": 0}, ("Email 2",))


def test_a_file_without_anyone_in_it_is_refused(read: Read) -> None:
    """A file whose header names neither e-mail nor last name is refused, with the header and the setting that helps."""
    with pytest.raises(FatalError, match=r'leads\.csv was not taken in.*"Colour", "Price"\. Name them: headers ='):
        read("Colour,Price\nred,5\n")


def test_a_wanted_field_beyond_the_six_is_read_by_its_name() -> None:
    """A state field that the configuration asks for is found under its own header."""
    found = columns(["email", "Lead Status"], own={}, key=None, wanted=("email", "lead_status"))
    assert found.fields == {"email": 0, "lead_status": 1}


# ---- who a row is ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["lead_id", "Lead ID", "External-Id", "Record ID", "Contact ID", "Record ID - Contact"])
def test_a_column_of_ids_identifies_the_row(read: Read, header: str) -> None:
    """A column of ids is found by its name."""
    records, _, _ = read(f"{header},email\n007,a@x.example\n")
    assert list(records) == ["007"]


@pytest.mark.parametrize("header", ["id", "ID", "Nr.", "No", "#", "Lfd. Nr.", "Customer ID", "Account ID"])
def test_a_number_that_may_be_of_anything_identifies_nobody(read: Read, header: str) -> None:
    """A running number begins anew in the next list, and a customer is often a company: such a column is a key only where it is named."""
    records, _, (event,) = read(f"{header},email\n1,a@x.example\n")
    assert list(records) == ["a@x.example"]
    assert f"'columns': ['{header}']" in event
    assert list(read(f"{header},email\n1,a@x.example\n", key=header)[0]) == ["1"]


def test_the_key_setting_names_the_column(read: Read) -> None:
    """The setting outranks a column that is known for one of ids."""
    records, _, _ = read("lead id,Badge,email\n1,B7,a@x.example\n", key="badge")
    assert list(records) == ["B7"]


def test_a_key_that_no_column_has_is_an_error(read: Read) -> None:
    """A key setting without its column is told with the header that is there."""
    with pytest.raises(FatalError, match=r'No column is called "Badge" \(key\)\. The header has: "email"'):
        read("email\na@x.example\n", key="Badge")


def test_an_email_identifies_in_lower_case(read: Read) -> None:
    """Two spellings of one address are one row, also when the address is the key, and the last row wins."""
    text = "email,company\nAda@X.example,One\nada@x.example,Two\n"
    for settings in ({}, {"key": "Email"}):
        records, _, _ = read(text, **settings)
        assert records == {"ada@x.example": {"email": "ada@x.example", "company": "Two"}}


def test_a_row_without_id_falls_back(read: Read) -> None:
    """A blank id falls back on the e-mail address, a blank address on a hash that knows no order of columns."""
    first, _, _ = read("lead id,email,last_name,company\n,a@x.example,A,\n,,Lovelace,Works\n")
    second, _, _ = read("company;last_name\nWorks;Lovelace\n")
    by_email, by_hash = first
    assert by_email == "a@x.example"
    assert by_hash.startswith("row-")
    assert list(second) == [by_hash]


def test_the_same_row_twice_is_one_id(read: Read) -> None:
    """Equal rows are one record."""
    records, _, _ = read("last_name,company\nLovelace,Works\nLovelace,Works\n")
    assert len(records) == 1


# ---- what is no row -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("x@x.example,X", "has 2 cells, the header 3"),
        ("x@x.example,X,Y,Z", "has 4 cells, the header 3"),
        (",,Company only", "neither an e-mail address nor a last name"),
        ("x@x.example,X\0,Y", "NUL"),
        ('x@x.example,"X,Y', "never closed"),
        ('x@x.example,"X"Y,Z', "must be doubled"),
    ],
)
def test_a_bad_row_is_rejected_alone(read: Read, bad: str, reason: str) -> None:
    """A row that cannot be taken in becomes a reject with its file, its number as a person counts it, its text and the reason; its neighbors go on."""
    records, rejects, _ = read(f"email,last_name,company\na@x.example,A,\n\n{bad}\nb@x.example,B,\n")
    assert list(records) == ["a@x.example", "b@x.example"]
    (reject,) = rejects
    assert (reject.source, reject.row) == ("leads.csv", 4)
    assert reject.raw == bad.replace("\0", "␀")
    assert reason in reject.reason


def test_an_endless_quote_costs_one_line(read: Read) -> None:
    """A quotation mark that is never closed costs its own line, even when the rest of the file is larger than any cell may be."""
    rest = "".join(f"p{n}@x.example,Person {n}\n" for n in range(10_000))
    records, rejects, _ = read(f'email,last_name\nx@x.example,"X\n{rest}')
    assert len(records) == 10_000
    assert [reject.row for reject in rejects] == [2]


def test_a_cell_over_two_lines_is_one_row(read: Read) -> None:
    """A quoted line break stays inside its cell, and the rows after it are counted as a spreadsheet counts them."""
    records, rejects, _ = read('email,company\na@x.example,"Works\r\nLtd"\n,lost\n')
    assert records["a@x.example"]["company"] == "Works\r\nLtd"
    assert [reject.row for reject in rejects] == [3]


def test_blank_cells_beyond_the_header_do_no_harm(read: Read) -> None:
    """Trailing blank cells, as spreadsheets write them, are no fault."""
    records, rejects, _ = read("email,company\na@x.example,Works,,\n")
    assert (list(records), rejects) == (["a@x.example"], [])


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends_are_found(read: Read, delimiter: str, end: str) -> None:
    """The usual delimiters and line ends are found without a setting, though cells hold the other ones."""
    lines = [["email", "last name", "company"], ["a@x.example", "A", '"x, y; z | w"']]
    records, rejects, _ = read("\ufeff" + end.join(delimiter.join(cells) for cells in lines) + end)
    assert records == {"a@x.example": {"email": "a@x.example", "last_name": "A", "company": "x, y; z | w"}}
    assert rejects == []


def test_a_postal_code_of_a_name_stays_text(read: Read) -> None:
    """Digits stay as they are written: nothing becomes a number."""
    records, _, _ = read("lead id,last_name,phone\n00123,007,0049 30 0\n")
    assert records == {"00123": {"last_name": "007", "phone": "0049 30 0"}}


@pytest.mark.parametrize(
    "wrong",
    [
        {"headers": {"Mail": "e_mail"}},
        {"delimiter": ";;"},
        {"encoding": "hex"},
        {"region": "Germany"},
        {"formats": {"Date": "%H"}},
        {"consent": "yes"},
        {"path": ""},
        {"pth": "x.csv"},
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, Any]) -> None:
    """Settings that cannot work are refused when they are read."""
    with pytest.raises(ValidationError):
        FilesSettings(**{"path": "x.csv", **wrong})
