"""`leadhub revert` and what `runs` says of it, as a person meets them. The commands run once."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from cli_world import World

Story = dict[str, Any]
"""What each command said, by the name of its step; `run` is the sync that is taken back."""


@pytest.fixture(scope="module")
def told(make_world: Callable[[], World]) -> Story:
    """Ann and Bob get new titles and Ann a new status in Salesforce; a sync carries them over; part by part that is taken back."""
    world = make_world()
    leads = {name: _pair(world, name) for name in ("Ann", "Bob")}
    world.adopt()
    for lead in leads.values():
        world.admin("salesforce", "edit", id=lead, fields={"Title": "CEO"})
    world.admin("salesforce", "edit", id=leads["Ann"], fields={"Status": "Working - Contacted"})
    said: Story = {"world": world}

    def step(name: str, *args: str, answers: str | None = None) -> None:
        said[name] = world.run(*args, answers=answers)

    step("plan", "plan", "--output", "json")
    said["run"] = run = world.run("sync", "--output", "json").json["run"]
    step("show", "runs", "show", run)
    step("a plan", "revert", said["plan"].json["run"])
    step("unknown", "revert", "ffffffff")
    step("nobody there", "revert", run)
    step("no", "revert", run, answers="n\n")
    said["before"] = _titles(world)
    step("pattern", "revert", run, "--pattern", "2", answers="y\n")
    said["between"] = _titles(world)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("leadhub.core.guard.UPDATES_AT_LEAST", 1)
        step("guard", "revert", run, "--yes")
    step("rest", "revert", run, "--yes", "--output", "json")
    said["after"] = _titles(world)
    step("again", "revert", run, "--yes")
    step("again json", "revert", run, "--yes", "--output", "json")
    step("list", "runs", "list", "--output", "json")
    return said


def _pair(world: World, name: str) -> str:
    email, phone = f"{name.lower()}@{name.lower()}.example", f"+1 555 01{ord(name[0])}"
    lead = world.lead(FirstName=name, LastName="Lee", Email=email, Phone=phone, Title="CTO", Status="Open - Not Contacted")
    stage = {"lifecyclestage": "lead", "hs_lead_status": "NEW"}
    world.contact(email=email, firstname=name, lastname="Lee", company="Acme", phone=phone, jobtitle="CTO", **stage)
    return lead


def _titles(world: World) -> dict[str, tuple[str, str]]:
    """Title and status of every contact, by first name."""
    rows = httpx.get(f"{world.hubspot.url}/_sandbox/records").json()["results"]
    return {p["firstname"]: (p["jobtitle"], p["hs_lead_status"]) for p in (row["properties"] for row in rows)}


def test_a_run_says_how_it_is_taken_back(told: Story) -> None:
    """`runs show` ends with the command."""
    assert told["show"].lines[-1].endswith(f"revert {told['run']} shows what of it still stands, and asks.")


def test_a_run_that_wrote_nothing_has_nothing_to_take_back(told: Story) -> None:
    """A plan: said without calling any system."""
    assert told["a plan"].code == 0
    assert told["a plan"].lines == [f"Nothing to take back: run {told['plan'].json['run']} (plan) wrote nothing."]
    assert told["a plan"].err == ""


def test_an_unknown_run_is_a_usage_error(told: Story) -> None:
    """The command that lists runs is named."""
    assert told["unknown"].code == 2
    assert "runs list" in told["unknown"].err


def test_it_is_shown_first_and_asked(told: Story) -> None:
    """The patterns, leadhub's own values, the question; nobody there or a no leaves all as it is."""
    lines = told["no"].lines
    assert re.fullmatch(rf"Taking back sync {told['run']} of [\d -]+:\d\d UTC: 2 writes\.", lines[0])
    assert any(re.fullmatch(r"1\. [a-z]{6}: hubspot contacts: update jobtitle: 2", line) for line in lines)
    assert '   · Ann Lee: "CEO" → "CTO", takes back run ' + told["run"] in lines
    assert '       2  job_title: "CEO" → "CTO"' in lines
    assert lines[-1] == "Nothing was taken back."
    assert told["nobody there"].code == 2
    assert told["before"]["Bob"][0] == "CEO"


def test_one_pattern_alone_is_taken_back(told: Story) -> None:
    """The status goes back; both titles stay."""
    assert told["pattern"].code == 0
    assert "Nothing is half done: 1 write made." in told["pattern"].lines
    assert told["before"]["Ann"][1] != "NEW"
    assert told["between"] == {"Ann": ("CEO", "NEW"), "Bob": ("CEO", "NEW")}


def test_a_guard_is_told_with_its_flag_before_anything_is_asked(told: Story) -> None:
    """Exit 5, nothing done, and the command that goes on."""
    assert told["guard"].code == 5
    assert "hubspot: 2 updates, the limit is 1." in told["guard"].err
    assert f"revert {told['run']} --allow hubspot.updates=2" in told["guard"].err


def test_the_rest_is_taken_back_and_listed_as_data(told: Story) -> None:
    """Changes, leadhub's values and what was left, with the run that did it."""
    body = told["rest"].json
    assert (body["schema"], body["reverts"], body["status"]) == ("leadhub.revert/1", told["run"], "ok")
    assert [c["fields"]["jobtitle"] for c in body["changes"]] == [{"from": "CEO", "to": "CTO", "why": f"takes back run {told['run']}"}] * 2
    assert [(h["field"], h["from"], h["to"]) for h in body["held"]] == [("job_title", "CEO", "CTO")] * 2
    assert told["after"] == {"Ann": ("CTO", "NEW"), "Bob": ("CTO", "NEW")}


def test_a_second_time_there_is_nothing_left(told: Story) -> None:
    """It is said, with the reason for each value, and nobody is asked."""
    assert told["again"].code == 0
    assert "Nothing of it can be taken back (any more)." in told["again"].lines
    assert told["again"].lines[0].endswith(" UTC: nothing, 3 taken back before.")
    assert not any("Left as it is" in line for line in told["again"].lines)
    assert (told["again json"].json["changes"], told["again json"].json["left"], told["again json"].json["taken_back_before"]) == ([], [], 3)


def test_what_takes_a_revert_back_is_said_as_it_is(told: Story, world: World) -> None:
    """Pitfall 18 of Salesforce: values by another revert; an archived record by hand in its system; a forgotten person by the file. Nobody is sent to a command that does nothing."""
    done = re.search(r"Run (\w+),", told["pattern"].out)
    assert done is not None
    assert told["pattern"].lines[-1].endswith(f"revert {done[1]} takes it back.")
    _pair(world, "Ann")
    world.adopt()
    world.run("sync")
    path = world.folder / "show.csv"
    path.write_text("E-mail,First name,Last name,Company\nnina@neu.example,Nina,Neu,Neu GmbH\n")
    assert world.run("import", str(path), "--yes").code == 0
    imported = world.run("runs", "list", "--kind", "import", "--output", "json").json["runs"][0]["run"]
    made = world.run("sync", "--output", "json").json["run"]
    archived = world.run("revert", made, "--yes").lines
    assert archived[-1] == "What it archived comes back only by hand, in salesforce itself."
    forgotten = world.run("revert", imported, "--yes").lines
    assert forgotten[-1] == "Who was forgotten comes back once the file changes and is read again."
    assert not [line for line in (*archived, *forgotten) if "takes it back" in line]


def test_a_revert_is_a_run(told: Story) -> None:
    """It is in the list under its own kind, with its writes."""
    rows = [r for r in told["list"].json["runs"] if r["kind"] == "revert"]
    assert [r["updated"] for r in rows] == [2, 1]
