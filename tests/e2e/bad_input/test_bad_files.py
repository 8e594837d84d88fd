"""Files that are not what they should be: the message says which, where and why, and the good rows and files beside them are taken in."""

from pathlib import Path

import leadhub_files.client
import pytest
from bad_input_desk import Desk, as_on_the_page, told

GOOD = "last_name,email,company\nZander,zoe@zander.example,Zander\n"
REFUSED = {
    "It is empty": b"",
    "It is not UTF-8": "Nachname;E-Mail\nMüller;m@mueller.example\n".encode("cp1252"),
    "Most rows have too many or too few cells": b"last_name,email\nLang,lang@lang.example,too,many\nKurz,kurz@kurz.example\nFew\n",
    "A header is there twice": b"last_name,email,email\nLang,a@lang.example,b@lang.example\n",
    "No column is known": b"1,2,3\n4,5,6\n",
    "It is a workbook": b"PK\x03\x04" + bytes(range(256)) * 20,
}
"""Files of which nothing is taken in."""
ROWS = {
    "One row has too many cells": b"Kurz,kurz@kurz.example,Kurz,too,many\n" + b"".join(b"Nr%d,nr%d@nr.example,Nr\n" % (n, n) for n in range(20)),
    "A field of a million characters": b"x" * 1_000_000 + b",kurz@kurz.example,Kurz\n",
    "A quotation mark is never closed": b'"Kurz,kurz@kurz.example,Kurz\n' + b"y" * 1_000_000,
    "A NUL byte": b"Ku\0rz,kurz@kurz.example,Kurz\n",
    "An e-mail address or phone number that is none": b"Kurz,not-an-address,Kurz\n",
}
"""Lines after which the rest of a file is taken in all the same."""


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_cannot_be_read_is_refused_and_nothing_changes(desk: Desk, case: str) -> None:
    """`import` names the file, the place and the mend; store, CRMs and configuration are as they were; the mended file goes in."""
    crms, path = desk.crms(), desk.folder / "list.csv"
    path.write_bytes(REFUSED[case])
    ran = desk.run("import", str(path), "--yes")
    as_on_the_page("Files", case, told(ran, desk), ran.code)
    assert desk.kept() == desk.before
    assert desk.crms() == crms
    path.write_text(GOOD)
    assert desk.run("import", str(path), "--yes").code == 0
    assert desk.kept()["record"] == desk.before["record"] + 1


@pytest.mark.parametrize("case", ROWS)
def test_a_bad_row_costs_no_other_row(desk: Desk, case: str) -> None:
    """What is wrong is listed by row; the row before it is taken in."""
    path = desk.folder / "list.csv"
    path.write_bytes(GOOD.encode() + ROWS[case])
    ran = desk.run("import", str(path), "--yes")
    as_on_the_page("Files", case, told(ran, desk), ran.code)
    assert "zoe@zander.example" in desk.run("leads", "list", "--system", "list").out


def test_a_missing_file_is_named(desk: Desk) -> None:
    """`import` of a path where nothing is, or a folder, is a fault of the command line."""
    ran = desk.run("import", str(desk.folder / "list.csv"), "--yes")
    as_on_the_page("Files", "It is not there", told(ran, desk), ran.code)
    assert desk.kept() == desk.before


def test_an_unreadable_file_is_named(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that may not be read is told from one that is not there."""
    path = desk.folder / "list.csv"
    path.write_text(GOOD)

    def denied(which: Path) -> None:
        raise PermissionError(13, "Permission denied", str(which))

    with monkeypatch.context() as patch:  # whoever runs the tests as root may read everything
        patch.setattr(leadhub_files.client, "raw", denied)
        patch.setattr(leadhub_files.client, "user", lambda: "olga")
        ran = desk.run("import", str(path), "--yes")
    as_on_the_page("Files", "It may not be read", told(ran, desk), ran.code)
    assert desk.kept() == desk.before


def test_a_bad_file_stops_neither_its_neighbors_nor_the_crms(desk: Desk) -> None:
    """In a folder that every sync reads, the good file is taken in and both CRMs are written; the bad one is said to be left out, until it is mended."""
    desk.edit("salesforce", Title="Boss")
    (desk.folder / "drop" / "a-bad.csv").write_bytes(REFUSED["A header is there twice"])
    (desk.folder / "drop" / "b-good.csv").write_text(GOOD)
    ran = desk.run("sync")
    as_on_the_page("Files", "A bad file in a folder that every sync reads", told(ran, desk), ran.code)
    assert desk.crm("hubspot")[0]["properties"]["jobtitle"] == "Boss"
    (desk.folder / "drop" / "a-bad.csv").write_text("last_name,email,company\nLang,a@lang.example,Lang\n")
    assert desk.run("sync").code == 0
    assert {"zoe@zander.example", "a@lang.example"} <= {row["properties"]["email"] for row in desk.crm("hubspot")}
