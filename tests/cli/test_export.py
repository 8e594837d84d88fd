"""`leads export`: the leads as a file, everything about one person, and files that are never left half written."""

import csv
import io
import json
import os
from contextlib import closing
from pathlib import Path

import pytest
from cli_world import World

from leadhub.cli.files import target
from leadhub.errors import LeadhubError
from leadhub.hub import open_hub

ANN = "ann@acme.example"


def _csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_every_lead_is_one_row_in_each_form(adopted_once: World, tmp_path: Path) -> None:
    """CSV, JSON and JSON lines say the same; values that nobody knows are blank."""
    paths = [tmp_path / f"leads{form}" for form in (".csv", ".json", ".jsonl")]
    for path in paths:
        assert adopted_once.run("leads", "export", str(path)).code == 0
    rows = [
        _csv(paths[0].read_text()),
        json.loads(paths[1].read_text()),
        [json.loads(line) for line in paths[2].read_text().splitlines()],
    ]
    for (lead,) in rows:
        assert (lead["email"], lead["stage"], lead["exit"]) == (ANN, "lead", "open")
        assert not lead["phone"]
    assert rows[1] == rows[2]
    assert rows[0][0]["salesforce ids"] == rows[1][0]["salesforce ids"][0]


def test_stdout_takes_the_form_that_output_names(adopted_once: World) -> None:
    """A dash writes data to stdout and nothing else, in the form of --output."""
    assert _csv(adopted_once.run("leads", "export", "-").out)[0]["email"] == ANN
    assert adopted_once.run("leads", "export", "-", "--output", "json").json[0]["email"] == ANN
    assert json.loads(adopted_once.run("leads", "export", "-", "--output", "jsonl").out)["email"] == ANN


def test_what_a_spreadsheet_would_run_is_text(adopted: World) -> None:
    """A title that begins like a formula gets an apostrophe in CSV, and stays as it is in JSON."""
    adopted.run("leads", "set", ANN, "job_title==cmd()", "--reason", "x", "--yes")
    adopted.run("sync")
    assert _csv(adopted.run("leads", "export", "-").out)[0]["job_title"] == "'=cmd()"
    assert adopted.run("leads", "export", "-", "--output", "json").json[0]["job_title"] == "=cmd()"


def test_everything_about_one_person_is_in_one_document(adopted: World) -> None:
    """Fields, sets, records as the systems sent them, history, writes, and rejected rows and form posts that name the person."""
    (adopted.folder / "fair.csv").write_text(f"first name,last name,email,company\nAnn,Lee,{ANN},Acme\n,,not {ANN},\n")
    adopted.run("import", str(adopted.folder / "fair.csv"), "--yes")
    adopted.run("leads", "set", ANN, "job_title=CTO", "--reason", "met her", "--yes")
    adopted.run("sync")
    with closing(open_hub(adopted.folder, offline=True).store) as store, store.begin() as tx:
        tx.inbox.keep("website", "application/x-www-form-urlencoded", b"email=Ann%40acme.example&message=hi", fingerprint="1")
        tx.inbox.keep("website", "application/x-www-form-urlencoded", b"email=bo%40acme.example&message=hi", fingerprint="2")
    held = adopted.run("leads", "export", "-", "--person", ANN, "--everything").json
    assert held["schema"] == "leadhub.everything/1"
    assert held["person"]["fields"]["job_title"]["value"] == "CTO"
    assert held["person"]["sets"]["email"] == [ANN]
    assert {record["system"] for record in held["records"]} == {"salesforce", "hubspot", "fair"}
    assert any(record["record"]["native"].get("LastName") == "Lee" for record in held["records"])
    assert {write["change"]["values"].get("Title") or write["change"]["values"].get("jobtitle") for write in held["writes"]} == {"CTO"}
    assert [edit["new"] for edit in held["edits"] if edit["field"] == "job_title"] == ["CTO"]
    assert [(d["field"], d["value"]) for d in held["decisions"]] == [("job_title", "CTO")]
    assert len(held["rejects"]) == 1
    assert [(d["source"], d["state"]) for d in held["deliveries"]] == [("website", "waiting")]


def test_a_question_that_was_answered_is_in_the_document_too(adopted: World) -> None:
    """Who asks what is held about them sees what was asked of people, and who closed it, when it is long settled."""
    adopted.lead(LastName="Odd", FirstName="Bo", Email="bo@odd.example", Status="Open - Not Contacted")
    adopted.lead(LastName="Lee", FirstName="Ann", Email="bo@odd.example", Status="Open - Not Contacted")
    adopted.run("sync")
    (item,) = adopted.run("review", "list", "--items", "--output", "json").json["items"]
    assert adopted.run("review", "resolve", item["id"], "--keep-apart", "--yes").code == 0
    held = adopted.run("leads", "export", "-", "--person", item["person"], "--everything").json
    assert [(r["id"], bool(r["closed_at"])) for r in held["reviews"]] == [(item["id"], True)]


def test_a_file_is_replaced_only_after_a_yes_and_is_its_owners_alone(adopted_once: World, tmp_path: Path) -> None:
    """It holds personal data: nobody else may read it, and nothing that is there is lost unasked."""
    path = tmp_path / "leads.csv"
    path.write_text("mine")
    assert adopted_once.run("leads", "export", str(path)).code == 2
    assert adopted_once.run("leads", "export", str(path), answers="n\n").lines == ["Nothing was written."]
    assert path.read_text() == "mine"
    assert adopted_once.run("leads", "export", str(path), "--yes").code == 0
    assert path.stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "args", [("leads.xlsx",), ("leads.csv", "--everything"), ("all.csv", "--person", ANN, "--everything"), ("-", "--person", "nobody@x.example")]
)
def test_what_cannot_be_exported_is_a_usage_error(adopted_once: World, tmp_path: Path, args: tuple[str, ...]) -> None:
    """An unknown form, everything about everybody, a person whom nobody knows: refused, and no file appears."""
    file, *rest = args
    assert adopted_once.run("leads", "export", file if file == "-" else str(tmp_path / file), *rest).code == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the full disk is Linux's /dev/full")
def test_a_disk_that_fills_up_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the file, the old content stays, and nothing half written lies beside it."""
    path = tmp_path / "leads.csv"
    path.write_text("mine")
    opened = os.open
    monkeypatch.setattr(os, "open", lambda _path, flags, mode=0o777: opened("/dev/full", flags & ~os.O_CREAT & ~os.O_TRUNC, mode))
    with pytest.raises(LeadhubError, match=r"leads\.csv cannot be written: No space left on device"), target(str(path)) as out:
        out.write("x" * 100_000)
    monkeypatch.undo()
    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]
