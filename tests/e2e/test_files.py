"""Files on both ends: lists that come in, and a list that leadhub keeps and people edit."""

import csv
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from leadhub.hub import Hub, open_hub, opening
from leadhub.sync.report import RunReport
from leadhub.sync.run import adopt, sync

CONFIG = """version = 1
[system.fair]
plugin = "files"
path = "in/*.csv"
formats = { "Datum" = "%d.%m.%Y" }

[system.list]
plugin = "csv"
path = "list.csv"
create = "always"
on_create = { owner = "ann@own.example" }
"""
HEAD = "Nr;Vorname;Name;E-Mail;Firma;PLZ;Land;Telefon;Newsletter;Datum"
ADA = "7;Ada;Lovelace;ada@x.example;Works GmbH;01234;Deutschland;+49 30 901820;nein;27.11.2026"
BOB = "8;Bob;Bee;bob@x.example;Bees;80331;DE;;ja;"
_laws_once = cache(opening.check_laws)


class Desk:
    """A deployment with a folder of lists and one list that leadhub keeps."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "in").mkdir()
        (folder / "leadhub.toml").write_text(CONFIG)

    def drop(self, *rows: str, name: str = "fair.csv") -> None:
        """Save the list of the trade fair, or another."""
        (self.folder / "in" / name).write_bytes("\r\n".join(rows).encode("utf-8-sig"))

    def hub(self) -> Hub:
        """Open the deployment."""
        return open_hub(self.folder)

    def adopt(self) -> None:
        """Adopt the kept list and switch writing on."""
        hub = self.hub()
        adopt(hub, "list")
        with hub.store.begin() as tx:
            row = tx.systems.get("list")
            assert row is not None
            tx.systems.save(replace(row, mode="write"))
        hub.store.close()

    def sync(self) -> RunReport:
        """Run once."""
        hub = self.hub()
        try:
            return sync(hub)
        finally:
            hub.store.close()

    def kept(self) -> list[dict[str, str]]:
        """Return the rows of the kept list."""
        with (self.folder / "list.csv").open(newline="", encoding="utf-8-sig") as file:
            return list(csv.DictReader(file))

    def edit(self, email: str, **cells: str) -> None:
        """Change a row of the kept list, as in a spreadsheet."""
        rows = [row | cells if row["email"] == email else row for row in self.kept()]
        with (self.folder / "list.csv").open("w", newline="", encoding="utf-8-sig") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A deployment whose kept list has both people of the fair's list."""
    monkeypatch.setattr(opening, "check_laws", _laws_once)
    made = Desk(tmp_path)
    made.adopt()
    made.drop(HEAD, ADA, BOB)
    assert made.sync().status == "ok"
    return made


def at_rest(desk: Desk) -> None:
    """Demand that a further run writes nothing."""
    before = (desk.folder / "list.csv").read_bytes()
    report = desk.sync()
    assert (report.systems["list"].created, report.systems["list"].updated) == (0, 0)
    assert (desk.folder / "list.csv").read_bytes() == before


def test_a_german_list_arrives_whole(desk: Desk) -> None:
    """Names, company, postal code with its zero, country, phone, date and the refused newsletter stand in the kept list."""
    ada, bob = sorted(desk.kept(), key=lambda row: row["email"])
    assert (ada["first_name"], ada["last_name"], ada["company"]) == ("Ada", "Lovelace", "Works GmbH")
    assert (ada["phone"], ada["email_opt_out"], ada["occurred_at"]) == ("'+4930901820", "true", "2026-11-27")
    assert (bob["email_opt_out"], bob["last_name"], bob["owner"]) == ("", "Bee", "ann@own.example")
    at_rest(desk)


def test_55_a_postal_code_stays_text(desk: Desk) -> None:
    """55: the postal code 01234 of a file keeps its zero on the way to a target."""
    assert next(row["postal_code"] for row in desk.kept() if row["email"] == "ada@x.example") == "01234"


def test_a_list_imported_again_or_reordered_changes_nothing(desk: Desk) -> None:
    """The same list, and the list with its columns in another order: no write; one row edited: one write."""
    desk.drop(*(";".join(reversed(row.split(";"))) for row in (HEAD, ADA, BOB)))
    at_rest(desk)
    desk.drop(HEAD, ADA, BOB.replace("Bees", "Hive"))
    report = desk.sync()
    assert (report.systems["list"].created, report.systems["list"].updated) == (0, 1)
    assert sorted(row["company"] for row in desk.kept()) == ["Hive", "Works GmbH"]


def test_an_old_list_that_is_mended_brings_no_old_value_back(desk: Desk) -> None:
    """Ada's new number came with a later list; Bob's name is mended in the earlier one: her number stays, his name travels."""
    desk.drop(HEAD, ADA.replace("901820", "999999"), name="later.csv")
    desk.sync()
    desk.drop(HEAD, ADA, BOB.replace("Bob;Bee", "Rob;Bee"))
    desk.sync()
    ada, bob = sorted(desk.kept(), key=lambda row: row["email"])
    assert (ada["phone"], bob["first_name"]) == ("'+4930999999", "Rob")


def test_62_of_one_person_three_times_the_last_row_wins_by_field(desk: Desk) -> None:
    """62: three rows of one address are one person; of each field the last row counts that says something of it."""
    rows = ("9;Cid;Sea;cid@x.example;Boats;20095;DE;+49 40 111111;nein;", "9;;;cid@x.example;Ships;;;;;", "9;;;cid@x.example;;;AT;;;")
    desk.drop(HEAD, *rows)
    desk.sync()
    assert len(desk.kept()) == 3
    cid = next(row for row in desk.kept() if row["email"] == "cid@x.example")
    assert (cid["first_name"], cid["last_name"], cid["company"], cid["country"], cid["postal_code"]) == ("Cid", "Sea", "Ships", "AT", "20095")
    assert (cid["phone"], cid["email_opt_out"]) == ("'+4940111111", "true")


def test_an_edit_in_the_spreadsheet_travels_back(desk: Desk) -> None:
    """What a person types into the kept list is known to leadhub, and is not overwritten by the older list."""
    desk.edit("bob@x.example", company="Honey Ltd", stage="mql")
    at_rest(desk)
    hub = desk.hub()
    with hub.store.read() as tx:
        found = [a for a in tx.persons.load(tx.persons.iter_ids()) if a.person.fields["email"].value == "bob@x.example"]
    hub.store.close()
    (bob,) = found
    assert (bob.person.fields["company"].value, bob.leads[0].state.stage) == ("Honey Ltd", "mql")
    desk.drop(HEAD, ADA, BOB.replace("DE", "AT"))
    desk.sync()
    row = next(row for row in desk.kept() if row["email"] == "bob@x.example")
    assert (row["company"], row["country"], row["stage"]) == ("Honey Ltd", "AT", "mql")
