"""Questions answered in a spreadsheet, in bulk, and once for all."""

import csv
import io
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest
from cli_world import Ran, World

from leadhub.cli.review_file import answer_of, fingerprint, words
from leadhub.errors import LeadhubError
from leadhub.model.run import Review, ReviewKind

Rows = list[dict[str, str]]
NAMES = ("Ann", "Bea", "Cem", "Dan", "Eve")


def _conflicts(world: World) -> None:
    """Five persons in both CRMs, whose e-mail addresses two people change at the same time."""
    ids = []
    for name in NAMES:
        email = f"{name.lower()}@acme.example"
        lead = world.lead(FirstName=name, LastName="=Lee()", Email=email, Status="Open - Not Contacted")
        ids.append((lead, world.contact(firstname=name, lastname="=Lee()", email=email, company="Acme", lifecyclestage="lead")))
    world.adopt()
    world.run("sync")
    for name, (lead, contact) in zip(NAMES, ids, strict=True):
        world.admin("salesforce", "edit", id=lead, fields={"Email": f"{name.lower()}@sf.example"})
        world.admin("hubspot", "edit", id=contact, properties={"email": f"{name.lower()}@hs.example"})
    world.run("sync")


@pytest.fixture
def asked(make_world: Callable[[], World]) -> World:
    """A deployment with five open questions in one group."""
    world = make_world()
    _conflicts(world)
    return world


def _exported(world: World) -> Rows:
    assert world.run("review", "export", str(world.folder / "q.csv"), "--yes").code == 0
    with (world.folder / "q.csv").open(encoding="utf-8-sig", newline="") as file:
        return sorted(csv.DictReader(file), key=lambda row: row["about"])


def _answered(world: World, rows: Rows, *, delimiter: str = ",", encoding: str = "utf-8") -> Path:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    path = world.folder / "answers.csv"
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def _take(world: World, path: Path) -> Ran:
    return world.run("review", "resolve", "--from", str(path), "--yes")


def _emails(world: World) -> dict[str, str]:
    leads = world.run("leads", "list", "--output", "json").json["leads"]
    return {lead["name"].split()[0]: lead["email"] for lead in leads}


def test_each_answer_of_a_spreadsheet_is_taken_as_it_was_meant(asked: World) -> None:
    """A system, leadhub itself, another value, leaving it: after the next sync each lead is as its row says, and an unanswered one waits."""
    rows = _exported(asked)
    for row, answer in zip(rows, ("salesforce", "HubSpot", "hub", "value: dan@new.example", ""), strict=True):
        row["answer"] = answer
    taken = _take(asked, _answered(asked, rows, delimiter=";"))
    assert taken.code == 0
    assert "4 answers read, 0 left out, 1 row without an answer." in taken.lines
    asked.run("sync")
    expected = {"Ann": "ann@sf.example", "Bea": "bea@hs.example", "Cem": "cem@acme.example", "Dan": "dan@new.example", "Eve": "eve@acme.example"}
    assert _emails(asked) == expected
    assert len(asked.run("review", "list", "--output", "json").json["items"]) == 1


def test_the_same_answers_again_are_harmless(asked: World) -> None:
    """Before the sync and after it, a file that was taken once changes nothing more."""
    rows = _exported(asked)
    for row in rows:
        row["answer"] = "salesforce"
    path = _answered(asked, rows)
    _take(asked, path)
    again = _take(asked, path)
    assert "5 answers read, 5 settled already, 0 left out, 0 rows without an answer." in again.lines
    asked.run("sync")
    writes = asked.run("runs", "list", "--output", "json")
    assert writes.code == 0
    assert "5 answers read, 5 settled already, 0 left out, 0 rows without an answer." in _take(asked, path).lines
    assert asked.run("sync").lines[0].startswith("Nothing to write")


def test_stale_unknown_and_senseless_rows_are_listed_and_the_rest_is_taken(asked: World) -> None:
    """What changed since the export is not answered blindly; each row that is left out is named with why."""
    rows = _exported(asked)
    for row in rows:
        row["answer"] = "salesforce"
    rows[0]["as of"] = "0000"
    rows[1]["question"] = "q-nothing"
    rows[2]["answer"] = "the blue one"
    taken = _take(asked, _answered(asked, rows))
    assert "5 answers read, 3 left out, 0 rows without an answer." in taken.lines
    assert "row 2: question" in taken.err
    assert "says something else by now; export it again" in taken.err
    assert "row 3: there is no question nothing" in taken.err
    assert 'row 4: "the blue one" is no answer' in taken.err
    assert "2 answers stored" in taken.out


def test_the_export_is_safe_in_a_spreadsheet(asked: World) -> None:
    """A name that looks like a formula is text, an id is no number, the file is its owner's alone, and it is not replaced unasked."""
    rows = _exported(asked)
    assert all(row["question"].startswith("q-") for row in rows)
    assert (asked.folder / "q.csv").stat().st_mode & 0o077 == 0
    assert all(row["answers"] == "salesforce | hubspot | hub | leave | value: …" for row in rows)
    assert asked.run("review", "export", str(asked.folder / "q.csv")).code == 2
    assert asked.run("review", "export", "-").out.count("\n") == 6
    assert asked.run("review", "export", "-", "--group", "nothing").code == 2
    missing = asked.run("review", "export", str(asked.folder / "no" / "q.csv"))
    assert (missing.code, "cannot be written" in missing.err) == (1, True)


@pytest.mark.parametrize(
    ("content", "why"), [(b"a,b\n1,2\n", "has no column question"), (b"question,answer\n\xff\xfe", "is no UTF-8 text"), (b"", "has no column")]
)
def test_a_file_that_is_no_export_is_refused(adopted_once: World, content: bytes, why: str) -> None:
    """Another file, another encoding, an empty one: said at once, and nothing is stored."""
    path = adopted_once.folder / "other.csv"
    path.write_bytes(content)
    ran = _take(adopted_once, path)
    assert (ran.code, why in ran.err) == (2, True)
    assert _take(adopted_once, adopted_once.folder / "missing.csv").code == 2
    assert adopted_once.run("review", "resolve", "x", "--from", str(path)).code == 2
    assert adopted_once.run("review", "resolve").code == 2


def test_always_writes_the_rule_beside_the_decisions(asked: World) -> None:
    """The difference of the file stands before the question; after the yes the next such conflict is settled without a person."""
    assert asked.run("sync", "--output", "json").json["questions"] == {"conflict": 5}
    group = asked.run("review", "list", "--output", "json").json["items"][0]["group"]
    no = asked.run("review", "resolve", group, "--take", "hubspot", "--always", answers="n\n")
    assert {'  +prefer = "hubspot"', "Nothing was stored."} <= set(no.lines)
    assert "fields" not in tomllib.loads((asked.folder / "leadhub.toml").read_text())
    assert asked.run("review", "resolve", group, "--take", "hubspot", "--always", "--yes").code == 0
    fields = tomllib.loads((asked.folder / "leadhub.toml").read_text())["fields"]
    assert fields == {"email": {"conflict": "prefer", "prefer": "hubspot"}}
    assert asked.run("sync").lines[0] == "Nothing is half done: 5 writes made."
    assert _emails(asked)["Eve"] == "eve@hs.example"


def test_always_maps_a_value_that_nobody_mapped(world: World) -> None:
    """The meaning goes into the configuration with its difference shown; the next sync closes the question."""
    parked = {"ApiName": "Parked", "MasterLabel": "Parked", "SortOrder": 9, "IsDefault": False, "IsConverted": False}
    world.admin("salesforce", "settings", statuses=[*world.salesforce.service.org.settings.statuses, parked])
    world.lead(LastName="Odd", Email="odd@o.example", Status="Parked")
    assert world.run("adopt", "salesforce").code == 0
    item = world.run("review", "list", "--output", "json").json["items"][0]["id"]
    assert "map add salesforce Status Parked --stage sql --status attempting" in world.run("review", "show", item).out
    assert world.run("review", "resolve", item, "--take", "salesforce", "--always", "--yes").code == 2
    assert world.run("review", "resolve", item, "--value", "sql/in_deal/open", "--always", "--yes").code == 2
    mapped = world.run("review", "resolve", item, "--value", "sql/attempting/open", "--always", "--yes")
    assert '  +value = "Parked"' in mapped.lines
    assert world.run("sync").code == 0
    assert world.run("review", "list").lines == ["No open questions."]
    (row,) = tomllib.loads((world.folder / "leadhub.toml").read_text())["system"]["salesforce"]["field"]["Status"]["map"]
    assert row == {"value": "Parked", "stage": ["sql"], "status": ["attempting"], "exit": ["open"], "writes": False}


@pytest.mark.parametrize("answer", [("--take", "hub"), ("--value", "x@y.example"), ("--take", "hubspot", "--leave"), ("--take", "nobody")])
def test_always_needs_the_name_of_a_system(asked_once: World, answer: tuple[str, ...]) -> None:
    """One value is no rule for others: refused, and neither decision nor rule is stored."""
    before = (asked_once.folder / "leadhub.toml").read_bytes()
    item = asked_once.run("review", "list", "--output", "json").json["items"][0]["id"]
    assert asked_once.run("review", "resolve", item, *answer, "--always", "--yes").code == 2
    assert (asked_once.folder / "leadhub.toml").read_bytes() == before


@pytest.fixture(scope="module")
def asked_once(make_world: Callable[[], World]) -> World:
    """The same, for tests that change nothing."""
    world = make_world()
    _conflicts(world)
    return world


# ---- without a deployment --------------------------------------------------------------------------------------------------------------


def _question(kind: ReviewKind, field: str = "email") -> Review:
    values = {"hub": "a", "salesforce/Lead/1": "b", "hubspot/contacts/2": "c"}
    return Review("0123456789ab", kind, "g", "p", None, field, values)


@pytest.mark.parametrize("kind", get_args(ReviewKind))
def test_every_kind_of_question_takes_every_word_that_it_offers(kind: ReviewKind) -> None:
    """What the column `answers` names is understood in the column `answer`, however a person spells it."""
    review = _question(kind)
    offered = list(words(review))
    assert offered
    for word in offered:
        typed = word.replace("…", "x")
        assert answer_of(review, typed, "") == answer_of(review, typed.upper() if ":" not in typed else typed, "")
    with pytest.raises(LeadhubError, match="is no answer"):
        answer_of(review, "nobody", "")


def test_a_fingerprint_changes_with_what_the_question_says_and_is_no_number() -> None:
    """A side that shows something else makes the answer stale; no spreadsheet turns the print into another number."""
    one, other = _question("conflict"), Review("0123456789ab", "conflict", "g", "p", None, "email", {"hub": "a", "salesforce/Lead/1": "x"})
    assert fingerprint(one) == fingerprint(_question("conflict"))
    assert fingerprint(one) != fingerprint(other)
    assert "e" not in fingerprint(one)
