"""A run is killed in the middle of its writes, then a revert is: what every command says of whose the writes are, and of what was taken back."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import httpx
import pytest
from cli_world import World

from leadhub.cli.run_ties import in_words
from leadhub.model.record import Change, Outcome
from leadhub.store.runs import Runs
from leadhub.sync.found_out import FoundOut
from leadhub.sync.retry import Careful

Story = dict[str, Any]
"""What each command said, by the name of its step; under "runs" the ids of the runs by their names in the story."""

NAMES = ("Ann", "Bob", "Cat", "Dan", "Eve", "Flo")


class Killed(BaseException):
    """The process ends here: no handler of leadhub's may catch it."""


@pytest.fixture(scope="module")
def told(make_world: Callable[[], World]) -> Story:
    """Six titles change in Salesforce; of the first call's five writes four arrive, then the run is dead. Later that run is taken back, and that dies too."""
    world = make_world()
    leads = {name: _pair(world, name) for name in NAMES}
    world.adopt()
    said: Story = {"world": world, "runs": {}}

    def step(name: str, *args: str) -> None:
        said[name] = world.run(*args)

    for kind, output in (("first", "table"), ("second", "json")):
        for name, lead in leads.items():
            world.admin("salesforce", "edit", id=lead, fields={"Title": f"The {kind} of {name}"})
        _kill(world, "sync", arrive=4)
        said["runs"][f"{kind} killed"] = _latest(world)
        step(f"{kind} dead", "runs", "show", _latest(world))
        step(f"{kind} sync", "sync", "--output", output)
        said["runs"][kind] = _latest(world)
    _look(step, said, "before")
    step("why", "leads", "why", "ann@ann.example", "job_title", "--output", "json")

    killed = said["runs"]["second killed"]
    _kill(world, "revert", killed, "--yes", arrive=2)
    said["runs"]["revert killed"] = _latest(world)
    step("half", "runs", "show", killed)
    step("half list", "runs", "list", "--output", "json")
    step("revert", "revert", killed, "--yes")
    said["runs"]["revert"] = _latest(world)
    said["titles"] = _titles(world)

    world.admin("salesforce", "edit", id=leads["Eve"], fields={"Title": "Eve's own"})
    step("other", "revert", said["runs"]["second"], "--yes")
    said["runs"]["other"] = _latest(world)
    _look(step, said, "after")
    step("again", "revert", said["runs"]["revert"], "--yes")
    said["runs"]["again"] = _latest(world)
    step("undone", "runs", "show", killed)
    return said


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (FoundOut("r", "sync", True), "was killed; no write of it was on its way."),
        (FoundOut("r", "sync", True, in_place=1), "was killed: of its 1 write without an answer, 1 is in place."),
        (
            FoundOut("r", "apply", True, in_place=4, not_made=1, written_now=1),
            "was killed: of its 5 writes without an answer, 4 are in place, 1 was not made and is written now.",
        ),
        (FoundOut("r", "sync", True, never_sent=1, written_now=1), "was killed: 1 write was never sent; it is written now."),
        (
            FoundOut("r", "sync", True, never_sent=3, not_made=1, written_now=1),
            "was killed: of its 1 write without an answer, 1 was not made; 3 more were never sent; 1 of these 4 is written now.",
        ),
        (
            FoundOut("r", "sync", False, in_doubt=1, waiting=2),
            "ended before every answer came: of its 3 writes without an answer, of 1 nobody can tell, 2 wait to be looked up.",
        ),
    ],
)
def test_what_became_of_a_killed_run_is_told_in_one_sentence(found: FoundOut, words: str) -> None:
    """How many are in place, not made, in doubt, still to be looked up, never sent; and whether what was not made is written now."""
    assert in_words(found) == f"Run r ({found.kind}) {words}"


def _look(step: Callable[..., None], said: Story, when: str) -> None:
    step(f"list {when}", "runs", "list", "--output", "json")
    step(f"table {when}", "runs", "list")
    for name, run in dict(said["runs"]).items():
        step(f"{name} {when}", "runs", "show", run)
        step(f"{name} {when} json", "runs", "show", run, "--output", "json")


def _kill(world: World, *args: str, arrive: int) -> None:
    """Run a command that dies in its first call that writes, after some of its writes arrived; the journal stays as a killed process leaves it."""
    original = Careful.push

    def push(self: Careful, changes: Sequence[Change]) -> Iterator[Outcome]:
        list(original(self, changes[:arrive]))
        raise Killed
        yield

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Careful, "push", push)
        patch.setattr(Careful, "batch_size", 5)
        patch.setattr(Runs, "finish", lambda *_args: None)
        with pytest.raises(Killed):
            world.run(*args)


def _latest(world: World) -> str:
    return str(world.run("runs", "list", "--limit", "1", "--output", "json").json["runs"][0]["run"])


def _pair(world: World, name: str) -> str:
    email, phone = f"{name.lower()}@{name.lower()}.example", f"+1 555 01{ord(name[0])}"
    lead = world.lead(FirstName=name, LastName="Lee", Email=email, Phone=phone, Title="CTO", Status="Open - Not Contacted")
    stage = {"lifecyclestage": "lead", "hs_lead_status": "NEW"}
    world.contact(email=email, firstname=name, lastname="Lee", company="Acme", phone=phone, jobtitle="CTO", **stage)
    return lead


def _titles(world: World) -> list[str]:
    rows = httpx.get(f"{world.hubspot.url}/_sandbox/records").json()["results"]
    return sorted(row["properties"]["jobtitle"].partition(" of ")[0] for row in rows)


def _row(told: Story, name: str, when: str) -> dict[str, Any]:
    (row,) = (row for row in told[f"list {when}"].json["runs"] if row["run"] == told["runs"][name])
    return dict(row)


# ---- what became of the writes ------------------------------------------------------------------------------------------------------------


def test_the_next_sync_tells_of_the_killed_run_and_of_its_writes(told: Story) -> None:
    """Nobody reads "nothing new" after a night like that: which run was killed, what is in place, what is not and what was done about it, and where more stands."""
    killed = told["runs"]["first killed"]
    lines = told["first sync"].lines
    assert lines[0] == "Nothing is half done: 2 writes made."
    assert lines[1] == (
        f"Run {killed} (sync) was killed: of its 5 writes without an answer, 4 are in place, 1 was not made; 1 more was never sent;"
        " these 2 are written now."
    )
    assert lines[2] == f"  Next: leadhub -C {told['world'].folder} runs show {killed}"


def test_the_report_as_data_tells_it_too(told: Story) -> None:
    """The same figures for a program, and the run's own counts have none of them."""
    body = told["second sync"].json
    assert body["found_out"] == [
        {
            "run": told["runs"]["second killed"],
            "kind": "sync",
            "killed": True,
            "in_place": 4,
            "not_made": 1,
            "in_doubt": 0,
            "never_sent": 1,
            "waiting": 0,
            "written_now": 2,
        }
    ]
    assert body["systems"]["hubspot"]["updated"] == 2


@pytest.mark.parametrize(("name", "made"), [("first killed", 4), ("first", 2), ("second killed", 4), ("second", 2)])
def test_a_write_belongs_to_the_run_that_meant_it(told: Story, name: str, made: int) -> None:
    """The list, one run's page, and both as data count a write under the run that stored its intent, whoever found out what became of it."""
    assert _row(told, name, "before")["updated"] == made
    body = told[f"{name} before json"].json
    assert (body["updated"], body["counts"]["hubspot"]["updated"]) == (made, made)
    assert [w["outcome"] for w in body["writes"]].count("accepted") == made
    page = told[f"{name} before"].lines
    assert f"{made} writes made" in page
    assert any(re.fullmatch(rf"hubspot +\d+ +0 +{made} +0 +\d+", line) for line in page)


def test_who_found_out_says_of_whose_writes(told: Story) -> None:
    """The recovering run names the killed one with what it found; the killed one names who looked, write by write."""
    killed, found = told["runs"]["first killed"], told["runs"]["first"]
    assert f"Found out: 6 writes of run {killed}: 4 in place, 1 not made, 1 never sent." in told["first before"].lines
    assert told["first before json"].json["found_out"] == [
        {"run": killed, "kind": "sync", "killed": True, "in_place": 4, "not_made": 1, "in_doubt": 0, "never_sent": 1}
    ]
    page = told["first killed before"].out
    assert page.count(f"(no answer came; run {found} found it in place)") == 4
    assert page.count(f"(no answer came; run {found} looked, and it is not there)") == 1
    assert "1 write not made, and judged again" in told["first killed before"].lines
    assert "(the run ended before the call)" in page
    assert f"found out 6 of {killed}" in told["table before"].out


def test_before_anybody_looked_the_page_says_that_nobody_knows(told: Story) -> None:
    """The five that were on their way are told as such, and none counts as made."""
    assert "5 writes sent, no answer known" in told["first dead"].lines
    assert not any(line.endswith("made") for line in told["first dead"].lines)


def test_why_names_the_run_that_took_the_edit_in(told: Story) -> None:
    """The edit was heard by the run that was killed: `leads why` and that run's page agree."""
    (because,) = told["why"].json["because"]
    killed = told["runs"]["second killed"]
    assert (because["value"], because["run"]["id"]) == ("The second of Ann", killed)
    edits = told["second killed before json"].json["edits"]
    assert "The second of Ann" in [edit["new"] for edit in edits]


# ---- what was taken back ------------------------------------------------------------------------------------------------------------------


def test_a_revert_takes_back_what_the_page_of_the_run_shows(told: Story) -> None:
    """The killed run's four titles go back, those that the recovering run wrote stay."""
    assert told["titles"] == ["The first"] * 4 + ["The second"] * 2


def test_a_revert_that_was_killed_is_told_and_how_it_goes_on(told: Story) -> None:
    """While nobody knows how far it came: the run's page and the list say that it was begun, by which run, and which command goes on."""
    killed, revert, folder = told["runs"]["second killed"], told["runs"]["revert killed"], told["world"].folder
    assert f"Run {revert} began to take this back and has not ended; leadhub -C {folder} revert {killed} goes on." in told["half"].lines
    (row,) = (row for row in told["half list"].json["runs"] if row["run"] == killed)
    assert (row["taken_back"], row["note"]) == ("begun", f"being taken back by {revert}")
    assert f"Run {revert} (revert) was killed: of its 4 writes without an answer, 2 are in place, 2 were not made." in told["revert"].lines
    assert f"  Next: leadhub -C {folder} revert {killed} goes on where it stopped" in told["revert"].lines


def test_a_run_that_was_taken_back_says_so_and_by_which_runs(told: Story) -> None:
    """Both the killed revert and the one that went on took some of it; its page, the list and the data name both, and there is nothing left to take back."""
    first, second = told["runs"]["revert killed"], told["runs"]["revert"]
    page = told["second killed after"]
    assert f"Taken back by runs {first} and {second}." in page.lines
    assert "Take it back:" not in page.out
    body = told["second killed after json"].json
    assert body["taken_back"] == {"how": "whole", "by": [first, second], "fields": 4, "left": 0}
    row = _row(told, "second killed", "after")
    assert (row["taken_back"], row["note"]) == ("whole", f"taken back by {first}, {second}")


def test_what_was_taken_back_in_part_says_how_much_is_left(told: Story) -> None:
    """Somebody had edited one of the two: the page says how many fields are left, and of how many."""
    by = told["runs"]["other"]
    assert f"Taken back in part by run {by}: 1 of 2 fields is left." in told["second after"].lines
    assert "Take it back:" in told["second after"].out
    assert told["second after json"].json["taken_back"] == {"how": "part", "by": [by], "fields": 2, "left": 1}
    assert _row(told, "second", "after")["note"].endswith(f"; taken back in part by {by}")


def test_a_revert_names_the_run_that_it_takes_back(told: Story) -> None:
    """On its page, in the list and as data; the killed one too."""
    for name in ("revert killed", "revert"):
        assert f"It takes back run {told['runs']['second killed']}." in told[f"{name} after"].lines
        assert told[f"{name} after json"].json["reverts"] == told["runs"]["second killed"]
        assert f"takes back {told['runs']['second killed']}" in _row(told, name, "after")["note"]


def test_a_run_that_nobody_took_back_says_nothing_of_it(told: Story) -> None:
    """Neither in words nor as data."""
    assert "aken back" not in told["first after"].out
    assert told["first after json"].json["taken_back"] is None


def test_a_revert_that_was_taken_back_itself_takes_nothing_back_any_more(told: Story) -> None:
    """Two of the four stand again: the page of the run counts them as left, and says why."""
    again = told["runs"]["again"]
    reverts = f"runs {told['runs']['revert killed']} and {told['runs']['revert']} (taken back itself by run {again})"
    assert f"Taken back in part by {reverts}: 2 of 4 fields are left." in told["undone"].lines
