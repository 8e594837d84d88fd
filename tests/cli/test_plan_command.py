"""`leadhub plan`, its files, `apply` of a part of it, and backfills, as a person or a scheduler meets them. The commands run once."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from cli_world import HTTP, World

Story = dict[str, Any]
"""What each command said, by the name of its step; under `leads` the ids of the Salesforce leads, under `path` the plan file's."""


@pytest.fixture(scope="module")
def told(make_world: Callable[[], World]) -> Story:
    """Three people in both CRMs; two titles and a status are edited, then one of them again, behind the back of a plan that was kept."""
    world = make_world()
    leads = {name: _pair(world, name) for name in ("Ann", "Bob", "Cid")}
    world.adopt()
    assert world.run("sync").code == 0
    path = world.folder / "night.plan"
    said: Story = {"world": world, "leads": leads, "path": path}

    def step(name: str, *args: str, answers: str | None = None) -> None:
        said[name] = world.run(*args, answers=answers)

    step("nothing", "plan", "--detailed-exitcode")
    for name in ("Ann", "Bob"):
        world.admin("salesforce", "edit", id=leads[name], fields={"Title": "CEO"})
    world.admin("salesforce", "edit", id=leads["Cid"], fields={"Status": "Working - Contacted"})
    step("plan", "plan", "--detailed-exitcode")
    step("pattern 9", "plan", "--pattern", "9")
    step("kept", "plan", "-o", str(path))
    step("kept json", "plan", "--output", "json", "-o", str(world.folder / "other.plan"))
    step("nowhere", "plan", "-o", str(world.folder / "no" / "such.plan"))
    step("few, no", "apply", "--pattern", "1", "--limit", "1", answers="n\n")
    step("few", "apply", "--pattern", "1", "--limit", "1", answers="y\n")
    step("after few", "plan", "--output", "json")
    world.admin("salesforce", "edit", id=leads["Cid"], fields={"Status": "Open - Not Contacted"})
    step("file and pattern", "apply", str(path), "--pattern", "1")
    step("file", "apply", str(path), "--yes")
    step("file again", "apply", str(path), "--yes", "--output", "json")
    path.write_text(path.read_text().replace("CEO", "Emperor"))
    step("tampered", "apply", str(path), "--yes")
    step("unknown field", "plan", "--backfill", "shoe_size")
    step("system alone", "plan", "--system", "hubspot")
    step("backfill, none", "plan", "--backfill", "first_name")
    step("backfill", "plan", "--backfill", "phone", "--system", "hubspot")
    step("backfill, apply", "apply", "--backfill", "phone", "--yes")
    step("backfill, again", "apply", "--backfill", "phone", "--yes")
    return said


def _pair(world: World, name: str) -> str:
    """One person in both CRMs; Bob's phone is in Salesforce alone."""
    email = f"{name.lower()}@{name.lower()}.example"
    phone = f"+1 555 01{len(name) + ord(name[0]):02}"
    lead = world.lead(FirstName=name, LastName="Lee", Email=email, Phone=phone, Title="CTO", Status="Open - Not Contacted")
    more = {} if name == "Bob" else {"phone": phone}
    world.contact(email=email, firstname=name, lastname="Lee", company="Acme", jobtitle="CTO", lifecyclestage="lead", hs_lead_status="NEW", **more)
    return lead


def test_detailed_exitcode_tells_whether_there_are_changes(told: Story) -> None:
    """2 where there is something to write, 0 where there is nothing."""
    assert (told["nothing"].code, told["plan"].code) == (0, 2)


def test_a_plan_says_what_can_be_taken_back_and_what_it_costs(told: Story) -> None:
    """By pattern and in all; and a word where automation often listens."""
    lines = told["plan"].lines
    assert lines[0] == "3 writes for 3 leads, in 2 patterns. Nothing is written by looking."
    first = next(n for n, line in enumerate(lines) if re.fullmatch(r"1\. [a-z]{6}: hubspot contacts: update jobtitle: 2", line))
    assert lines[first + 1] == "   reversible; 1 write request"
    state = next(n for n, line in enumerate(lines) if re.match(r"2\. [a-z]{6}: hubspot contacts: update hs_lead_status", line))
    assert lines[state + 1] == "   reversible; 1 write request; often starts workflows or e-mails there"
    assert "In all: 3 reversible." in lines
    assert any(line.startswith("API calls: hubspot 1 write request;") for line in lines)
    pattern = lines[first].split()[1].rstrip(":")
    assert any(f"apply --pattern {pattern} --limit 20 tries a few; the rest stays planned." in line for line in lines)


def test_a_pattern_that_there_is_not_is_a_usage_error(told: Story) -> None:
    """How many there are is said."""
    assert told["pattern 9"].code == 2
    assert "There are 2 patterns now; there is no number 9." in told["pattern 9"].err


def test_a_kept_plan_is_announced_on_stderr(told: Story) -> None:
    """What was kept, who can read it, and the command that applies it; stdout stays data."""
    assert f"3 writes kept in {told['path']}." in told["kept"].err
    assert f"apply {told['path']} makes exactly these" in told["kept"].err
    assert told["kept json"].json["schema"] == "leadhub.plan/1"


def test_a_plan_that_cannot_be_kept_is_an_error(told: Story) -> None:
    """A folder that is not there: named, with what helps."""
    assert told["nowhere"].code == 1
    assert "such.plan: No such file or directory." in told["nowhere"].err


def test_a_few_of_a_pattern_are_tried(told: Story) -> None:
    """One of three is made; a no makes none; the other two are still planned."""
    assert told["few, no"].lines[-1] == "Nothing was written."
    assert told["few"].lines[0] == "1 write of 3 planned. The rest stays planned."
    assert "Make this write?" in told["few"].err
    assert re.search(r"Number 1 is pattern ([a-z]{6}) now: numbers change with the plan, --pattern \1 does not\.", told["few"].err)
    assert any(line.startswith("Nothing is half done: 1 write made.") for line in told["few"].lines)
    assert len(told["after few"].json["changes"]) == 2


def test_a_plan_file_takes_no_pattern(told: Story) -> None:
    """The file says itself what is written."""
    assert told["file and pattern"].code == 2
    assert "A plan file says itself what is to be written." in told["file and pattern"].err


def test_a_plan_file_is_applied_item_by_item(told: Story) -> None:
    """Bob's title is written; Ann's stands already and Cid's status moved on: both are listed with the reason."""
    lines = told["file"].lines
    assert told["file"].code == 3
    assert "Nothing is half done: 1 of 3 writes of the plan made, 2 left out." in lines
    assert "2 writes of the plan not made, and why" in lines
    assert any("Ann Lee: jobtitle: it shows this already" in line for line in lines)
    assert any("Cid Lee: hs_lead_status: leadhub would not write this any more: its value moved on" in line for line in lines)


def test_what_a_program_reads_lists_what_was_not_applied(told: Story) -> None:
    """The run's object with a list beside it."""
    report = told["file again"].json
    assert report["schema"] == "leadhub.run/1"
    assert (len(report["not_applied"]), len(report["made_before"])) == (2, 1)
    assert all(set(row) == {"key", "system", "record_id", "reason"} for row in report["not_applied"])


def test_a_plan_file_changed_by_hand_is_refused(told: Story) -> None:
    """Nothing of it is written, and the command that makes a new one is said."""
    assert told["tampered"].code == 1
    assert "it is not as leadhub wrote it: somebody changed it. Nothing was written." in told["tampered"].err
    assert "plan -o FILE makes a new one" in told["tampered"].err


def test_a_backfill_of_an_unknown_field_names_the_known_ones(told: Story) -> None:
    """A misspelled field is a usage error; so is a system without a field."""
    assert told["unknown field"].code == 2
    assert 'leadhub has no field "shoe_size". Fields: ' in told["unknown field"].err
    assert told["system alone"].code == 2


def test_a_backfill_shows_the_blanks_and_fills_them_once(told: Story) -> None:
    """Only Bob's phone was blank from the start: it is shown, then written, then there is nothing left."""
    assert told["backfill, none"].lines[0].startswith("Nothing to fill: first contact left no blank in first_name")
    assert any(re.fullmatch(r"1\. [a-z]{6}: hubspot contacts: update phone: 1", line) for line in told["backfill"].lines)
    assert any("apply --backfill phone --system hubspot asks once and writes." in line for line in told["backfill"].lines)
    assert "Nothing is half done: 1 write made." in told["backfill, apply"].lines
    assert told["backfill, again"].lines[0].startswith("Nothing to fill")


def test_the_file_on_disk_is_plain_json(told: Story) -> None:
    """What was planned can be read and compared without leadhub."""
    body = json.loads((told["world"].folder / "other.plan").read_text())
    assert (body["schema"], len(body["changes"])) == ("leadhub.plan/1", 3)
    assert body["changes"][0]["fields"]["jobtitle"] == {"from": "CTO", "to": "CEO", "why": "edited in salesforce"}


def _contacts(world: World) -> dict[str, tuple[str, str]]:
    """Title and status of every contact, by first name."""
    rows = HTTP.get(f"{world.hubspot.url}/_sandbox/records").json()["results"]
    return {p["firstname"]: (p["jobtitle"], p["hs_lead_status"]) for p in (row["properties"] for row in rows)}


def test_a_pattern_writes_its_field_alone_under_a_name_that_stays(world: World) -> None:
    """Three people have a new title and a new status. The titles go first, two and then one, by the same command; the statuses come with the next sync."""
    leads = [_pair(world, name) for name in ("Ann", "Bob", "Cid")]
    world.adopt()
    assert world.run("sync").code == 0
    for lead in leads:
        world.admin("salesforce", "edit", id=lead, fields={"Title": "CEO", "Status": "Working - Contacted"})
    plan = world.run("plan", "--output", "json").json
    shown = [(p["number"], p["operation"], p["field"], p["from"], p["to"], p["count"], p["reversible"], p["api_calls"]) for p in plan["patterns"]]
    assert shown == [
        (1, "update", "hs_lead_status", "NEW", "ATTEMPTED_TO_CONTACT", 3, "reversible", 1),
        (2, "update", "jobtitle", None, None, 3, "reversible", 1),
    ]
    assert [e["fields"] for e in plan["patterns"][1]["examples"]] == [{"jobtitle": {"from": "CTO", "to": "CEO", "why": "edited in salesforce"}}] * 3
    titles = plan["patterns"][1]["pattern"]
    kept = world.folder / "titles.plan"
    world.run("plan", "--pattern", titles, "-o", str(kept))
    body = json.loads(kept.read_text())
    assert [list(c["fields"]) for c in body["changes"]] == [["jobtitle"]] * 3
    assert [world.run("apply", "--pattern", titles, "--limit", "2", "--yes").code, sorted(_contacts(world).values())] == [
        0,
        [("CEO", "NEW"), ("CEO", "NEW"), ("CTO", "NEW")],
    ]
    assert [world.run("apply", "--pattern", titles, "--limit", "2", "--yes").code, list(_contacts(world).values())] == [0, [("CEO", "NEW")] * 3]
    assert f"there is no pattern {titles}." in world.run("apply", "--pattern", titles, "--yes").err
    assert world.run("sync").code == 0
    assert list(_contacts(world).values()) == [("CEO", "ATTEMPTED_TO_CONTACT")] * 3
    assert world.run("plan", "--detailed-exitcode").code == 0


def test_opt_outs_are_announced_as_what_they_are(world: World) -> None:
    """Pitfall 18 of Salesforce: nobody takes an opt-out back, and HubSpot takes each by a call of its own: on the screen, as data, and in a plan that is kept."""
    leads = [_pair(world, name) for name in ("Ann", "Bob", "Cid")]
    world.adopt()
    assert world.run("sync").code == 0
    for lead in leads:
        world.admin("salesforce", "edit", id=lead, fields={"HasOptedOutOfEmail": True})
    lines = world.run("plan").lines
    assert any(line.startswith("   irreversible by leadhub") and "; 3 write requests" in line for line in lines)
    assert any(line.startswith("API calls: hubspot 3 write requests") for line in lines)
    path = world.folder / "outs.plan"
    plan = world.run("plan", "--output", "json", "-o", str(path)).json
    assert ({c["reversible"] for c in plan["changes"]}, plan["api_calls"]) == ({"irreversible"}, {"hubspot": 3})
    assert [(p["field"], p["reversible"], p["api_calls"]) for p in plan["patterns"]] == [("hs_email_optout", "irreversible", 3)]
    assert {c["reversible"] for c in json.loads(path.read_text())["changes"]} == {"irreversible"}


def test_a_plan_names_what_lost(adopted: World) -> None:
    """Both sides gave Ann a title: the trusted side's is planned, and the other is told, as it is after a sync."""
    ids = {link["system"]: link["record_id"] for link in adopted.run("leads", "show", "ann@acme.example", "--output", "json").json["links"]}
    adopted.admin("salesforce", "edit", id=ids["salesforce"], fields={"Title": "CEO"})
    adopted.admin("hubspot", "edit", id=ids["hubspot"], properties={"jobtitle": "Boss"})
    ran = adopted.run("plan")
    assert "Values that lost a conflict (kept in the journal):" in ran.lines
    assert '  Ann Lee: job_title: hubspot had "Boss", "CEO" was kept' in ran.lines


def test_a_plan_is_kept_though_nobody_reads_on(adopted: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """`leadhub plan -o FILE | head`: the file is there before the first line is shown."""
    path = adopted.folder / "piped.plan"
    monkeypatch.setattr("leadhub.cli.plan_view.show", lambda *_args, **_more: (_ for _ in ()).throw(BrokenPipeError()))
    adopted.run("plan", "-o", str(path))
    assert json.loads(path.read_text())["changes"] == []
