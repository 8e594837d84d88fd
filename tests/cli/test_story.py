"""One deployment from first contact to a settled conflict, as a person reads it. The commands run once; each test reads what one of them said."""

import csv
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from cli_world import World

from leadhub.hub.systems import os_user

Story = dict[str, Any]
"""What each command said, by the name of its step."""

STANDING = 'hubspot had "+1 555 0122" at the same time; that lost, and is kept in the journal.'
FAIR = "lead id,first name,last name,email,company\n1,Dora,Day,dora@d.example,D Ltd\n2,,,,\n3,Ann,Lee,ann@acme.example,Acme\n"


def _people(world: World) -> tuple[str, str]:
    """Ann in both CRMs with two phone numbers, Bert in both with an exit that Salesforce cannot say, Cy in HubSpot alone."""
    ann = {"FirstName": "Ann", "LastName": "Lee", "Email": "ann@acme.example", "Phone": "+1 555 0100"}
    sf_ann = world.lead(**ann, Status="Working - Contacted")
    world.lead(LastName="Bo", FirstName="Bert", Email="bert@b.example", Status="Closed - Not Converted")
    mql = {"lifecyclestage": "marketingqualifiedlead"}
    hs_ann = world.contact(email="ann@acme.example", firstname="Ann", lastname="Lee", company="Acme", phone="+1 555 0199", **mql)
    world.contact(email="bert@b.example", firstname="Bert", lastname="Bo", company="Acme", lifecyclestage="lead")
    world.contact(email="cy@c.example", firstname="Cy", lastname="Cole", company="C Inc", lifecyclestage="lead")
    return sf_ann, hs_ann


def _conflict(world: World, sf_ann: str, hs_ann: str) -> None:
    """Two people edit Ann between two runs: other e-mail addresses, other phones; one of them moves her on."""
    world.admin("salesforce", "edit", id=sf_ann, fields={"Title": "CEO", "Phone": "+1 555 0111", "Email": "ann.lee@acme.example"})
    sql = {"lifecyclestage": "salesqualifiedlead"}
    world.admin("hubspot", "edit", id=hs_ann, properties={"phone": "+1 555 0122", "email": "a.lee@acme.example", **sql})


@pytest.fixture(scope="module")
def told(make_world: Callable[[], World]) -> Story:
    """What every command of the story said, by a name for the step."""
    world = make_world()
    people = _people(world)
    said: Story = {"world": world}

    def step(name: str, *args: str, answers: str | None = None) -> None:
        said[name] = world.run(*args, answers=answers)

    world.admin("salesforce", "settings", is_sandbox=False)
    step("doctor, new", "doctor")
    step("adopt salesforce", "adopt", "salesforce")
    step("adopt hubspot", "adopt", "hubspot")
    step("adopt hubspot again", "adopt", "hubspot")
    said["journal"] = [(e["method"], e["path"]) for crm in (world.salesforce, world.hubspot) for e in crm.journal]
    step("plan, off", "plan")
    step("write-on, nobody there", "adopt", "salesforce", "--write-on")
    step("write-on, no", "adopt", "salesforce", "--write-on", answers="n\n")
    step("write-on, yes", "adopt", "salesforce", "--write-on", answers="y\n")
    world.run("adopt", "hubspot", "--write-on", "--yes")
    (world.folder / "fair.csv").write_text(FAIR)
    step("import", "import", str(world.folder / "fair.csv"), "--yes")
    step("import again", "import", str(world.folder / "fair.csv"))
    step("plan", "plan")
    step("plan json", "plan", "--output", "json")
    step("plan csv", "plan", "--output", "csv")
    step("pattern", "plan", "--pattern", "1")
    step("apply, nobody there", "apply")
    step("apply, no", "apply", answers="\n")
    step("apply", "apply", answers="yes\n")
    step("sync, nothing", "sync")
    step("sync json", "sync", "--output", "json")
    _conflict(world, *people)
    step("sync", "sync")
    step("review list", "review", "list")
    step("review items", "review", "list", "--items")
    step("review json", "review", "list", "--output", "json")
    said["conflict"], said["unmapped"] = (
        next(i["id"] for i in said["review json"].json["items"] if i["kind"] == k) for k in ("conflict", "unmapped")
    )
    step("why, open", "leads", "why", "ann@acme.example", "email")
    step("review show", "review", "show", said["conflict"])
    step("review show unmapped", "review", "show", said["unmapped"])
    step("resolve nothing", "review", "resolve", said["conflict"])
    step("resolve, no", "review", "resolve", said["conflict"], "--take", "hubspot", answers="n\n")
    step("resolve", "review", "resolve", said["conflict"], "--take", "hubspot", "--yes")
    step("resolve unmapped", "review", "resolve", said["unmapped"], "--take", "hub", "--yes")
    step("sync, decided", "sync")
    step("why", "leads", "why", "ann.lee@acme.example")
    step("why json", "leads", "why", "ann@acme.example", "phone", "--output", "json")
    step("show", "leads", "show", "ann@acme.example")
    step("show json", "leads", "show", "ann@acme.example", "--output", "json")
    step("runs", "runs", "list", "--output", "json")
    step("run", "runs", "show", said["runs"].json["runs"][0]["run"])
    step("doctor", "doctor")
    return said


# ---- first contact ---------------------------------------------------------------------------------------------------------------------


def test_every_command_that_touches_a_system_names_it(told: Story) -> None:
    """Name, organization, PRODUCTION or sandbox, and the user stand on stderr before the answer, one line a system."""
    lines = told["plan"].err.splitlines()
    assert lines[0] == "salesforce  Acme Example (00DHC0000004XcU2AU)  PRODUCTION  as leadhub@acme.example"
    assert lines[1] == "hubspot  HubSpot account 40000001 (app.hubspot.com, DEVELOPER_TEST)  sandbox  as service key"
    assert lines[2].startswith("fair  fair.csv  read only  as ")
    for step in ("doctor, new", "adopt salesforce", "apply", "sync", "write-on, no"):
        assert "PRODUCTION" in told[step].err


def test_doctor_before_first_contact_is_well_and_says_what_to_do(told: Story) -> None:
    """A deployment that can reach everything but has met nobody is a row of warnings with their commands, not a failure."""
    ran = told["doctor, new"]
    assert ran.code == 0
    assert "warn  salesforce  not adopted yet: no run reads it, and its organization is not pinned" in ran.lines
    assert any(re.fullmatch(r"      next: leadhub -C \S+ adopt salesforce", line) for line in ran.lines)
    assert any(re.fullmatch(r"ok    salesforce  Lead: all \d+ fields are there for this login", line) for line in ran.lines)
    assert "ok    hubspot  contacts: records can be found by leadhub's key in leadhub_id" in ran.lines
    assert any("Closed - Not Converted" in line and line.lstrip().startswith("next: answers =") for line in ran.lines)
    assert ran.lines[-1].endswith("0 failed, 3 warnings.")


def test_doctor_in_the_end(told: Story) -> None:
    """Adopted and switched on, nothing is left to warn of but the sandbox's own clock, which this story moved on."""
    assert [line for line in told["doctor"].lines if line.startswith("fail")] == []
    assert "not adopted" not in told["doctor"].out


def test_adopting_says_what_was_found_and_writes_nothing(told: Story) -> None:
    """Who is known elsewhere, what differed before, which rule holds for it, and the command that comes next."""
    lines = told["adopt hubspot"].lines
    assert lines[0] == "Read hubspot; nothing was written, to no system."
    assert lines[1] == "hubspot  HubSpot account 40000001 (app.hubspot.com, DEVELOPER_TEST)  sandbox  as service key"
    assert re.fullmatch(r"3 records in scope, 0 out of scope; \d+ API calls used, [\d,]+ of [\d,]+ left today\.", lines[2])
    assert "       2 persons  known from another system too: 2 by the same e-mail address" in lines
    assert "        1 person  only in hubspot" in lines
    pattern = re.compile(r"\d +1 +hubspot +phone +different +old +keep")
    assert any(pattern.fullmatch(line) for line in lines)
    assert lines[-1].startswith("Writing to hubspot is off. Next: leadhub -C ")
    assert any(pattern.fullmatch(line) for line in told["adopt hubspot again"].lines)
    written = [call for call in told["journal"] if call[0] in {"PATCH", "PUT", "DELETE"} or "/batch/up" in call[1] or "/batch/create" in call[1]]
    assert written == []
    assert len(told["journal"]) > 10


def test_nothing_is_planned_while_writing_is_off(told: Story) -> None:
    """The plan says why it is empty: nobody switched writing on."""
    assert told["plan, off"].code == 0
    assert any("salesforce is only read: " in line and "adopt salesforce --write-on" in line for line in told["plan, off"].lines)


def test_switching_writing_on_needs_a_yes_that_names_production(told: Story) -> None:
    """Without a person it is refused (2), with a no nothing changes, with a yes it is on and says what may now happen."""
    question = "Let leadhub write to salesforce, Acme Example (00DHC0000004XcU2AU), PRODUCTION, as leadhub@acme.example?"
    assert told["write-on, nobody there"].code == 2
    assert question in told["write-on, nobody there"].err
    assert question in told["write-on, no"].err
    assert told["write-on, no"].lines == ["Nothing was changed: writing to salesforce stays off."]
    assert told["write-on, yes"].lines[0] == "Writing to salesforce is on. Nothing has been written yet."
    assert (
        "  create missing records, for the owner assignment_rules; a run that wants more than 200 creates none and asks."
        in told["write-on, yes"].lines
    )


def test_import_takes_a_file_in_and_keeps_what_it_could_not_read(told: Story) -> None:
    """The file becomes a system of leadhub.toml, said beforehand; rejected rows are named by number and reason; no CRM is called."""
    ran = told["import"]
    assert "leadhub.toml: adding [system.fair], which reads fair.csv." in ran.err
    assert "PRODUCTION" not in ran.err
    assert ran.lines[0] == "2 rows taken in from fair, 1 row rejected; no CRM was called."
    assert "  fair.csv row 3: The row has neither an e-mail address nor a last name." in ran.lines
    assert told["import again"].lines[0] == "Nothing new: fair is as it was when it was last read."
    run = re.search(r"runs show (\w+)", ran.out)
    assert run is not None
    assert "  fair.csv row 3: The row has neither" in told["world"].run("runs", "show", run[1]).out


# ---- plan, apply, sync -----------------------------------------------------------------------------------------------------------------


def test_a_plan_is_grouped_with_examples_cost_and_what_can_be_taken_back(told: Story) -> None:
    """Each pattern has its count, examples by name, reversibility and calls."""
    lines = told["plan"].lines
    assert lines[0] == "2 writes for 2 leads, in 1 pattern. Nothing is written by looking."
    assert re.fullmatch(r"1\. [a-z]{6}: salesforce Lead: create: 2", lines[2])
    assert lines[3:6] == [
        "   compensable (undone only by an act of its own); 1 write request; often starts workflows or e-mails there",
        '   · Dora Day: Email "dora@d.example", FirstName "Dora", LastName "Day", Company "D Ltd", Status "Open - Not Contacted"',
        '   · Cy Cole: Email "cy@c.example", FirstName "Cy", LastName "Cole", Company "C Inc", Status "Open - Not Contacted"',
    ]
    assert "API calls: salesforce 1 write request; reading comes on top: each batch once more before it is written." in lines
    assert told["pattern"].lines[0] == lines[2]


def test_a_plan_as_json_has_the_documented_shape(told: Story) -> None:
    """`leadhub.plan/1`: changes with from, to and why of each field, reversibility, calls by system, guards."""
    plan = told["plan json"].json
    assert plan["schema"] == "leadhub.plan/1"
    assert {"changes", "api_calls", "guards"} <= plan.keys()
    change = plan["changes"][0]
    assert {"key", "system", "object", "record_id", "operation", "fields", "reversible"} <= change.keys()
    assert (change["operation"], change["record_id"], change["reversible"]) == ("create", None, "compensable")
    assert change["fields"]["LastName"] == {"from": None, "to": "Day", "why": "there is no record of this lead yet"}
    assert (plan["api_calls"], plan["guards"]) == ({"salesforce": 1}, [])


def test_a_plan_as_csv_has_a_row_a_change(told: Story) -> None:
    """A plan opens in a spreadsheet."""
    rows = list(csv.DictReader(io.StringIO(told["plan csv"].out)))
    assert [row["operation"] for row in rows] == ["create", "create"]
    assert "LastName=Day" in rows[0]["fields"]


def test_apply_asks_once_and_writes_what_it_showed(told: Story) -> None:
    """Nobody there: 2. No answer: nothing. Yes: exactly the plan, and the run says that nothing is half done."""
    assert told["apply, nobody there"].code == 2
    assert "Make these 2 writes?" in told["apply, no"].err
    assert told["apply, no"].lines[-1] == "Nothing was written."
    assert "Nothing is half done: 2 writes made." in told["apply"].lines
    assert "were shown" not in told["apply"].out


def test_a_sync_with_nothing_to_do_says_so(told: Story) -> None:
    """The second run writes nothing, and its first line says so, and that a question is open all the same."""
    assert told["sync, nothing"].lines[0] == "Nothing new to write: 1 question open."


def test_a_sync_as_json_has_the_documented_shape(told: Story) -> None:
    """`leadhub.run/1`: every record pulled is in exactly one of six counts."""
    report = told["sync json"].json
    assert report["schema"] == "leadhub.run/1"
    assert {"run", "status", "systems", "records", "reviews_opened", "standing", "seconds"} <= report.keys()
    assert set(report["records"]) == {"synced", "pending", "conflict", "review", "quarantined", "rejected"}
    assert set(report["systems"]["salesforce"]) == {"pulled", "created", "updated", "unchanged", "refused", "api_calls"}
    assert sum(report["records"].values()) == sum(system["pulled"] for system in report["systems"].values())


def test_a_sync_reports_figures_lost_values_and_questions(told: Story) -> None:
    """What lost is listed once, what is asked has its command, and the six counts add up to the records read."""
    ran = told["sync"]
    assert ran.lines[0] == "Nothing is half done: 1 write made."
    counted = next(line for line in ran.lines if " read: synced " in line)
    total, *counts = [int(n) for n in re.findall(r"\d+", counted.split(".")[0])]
    assert total == sum(counts) > 0
    assert "Values that lost a conflict (kept in the journal):" in ran.lines
    assert any('phone: hubspot had "+1 555 0122", "+1 555 0111" was kept' in line for line in ran.lines)
    asked = next(number for number, line in enumerate(ran.lines) if line.startswith("2 open questions (1 new, everything else flows)"))
    kinds = [re.fullmatch(r" +1  (conflict|unmapped): .+", line) for line in ran.lines[asked + 1 : asked + 3]]
    assert {kind[1] for kind in kinds if kind is not None} == {"conflict", "unmapped"}


# ---- questions -------------------------------------------------------------------------------------------------------------------------


def test_questions_come_in_groups_and_one_by_one(told: Story) -> None:
    """Groups for people, items with what each side shows, and `leadhub.review/1` for programs."""
    assert told["review list"].lines[0] == "2 open questions in 2 groups. Everything that they are not about goes on."
    assert f"{told['conflict']}  conflict  Ann Lee  email" in told["review items"].lines
    items = told["review json"].json["items"]
    assert {"id", "group", "kind", "person", "field", "values", "opened_at"} <= items[0].keys()


def test_a_question_shows_every_side_and_how_to_answer(told: Story) -> None:
    """A person sees what each side shows, and the commands, ready to be copied."""
    ran = told["review show"]
    assert ran.lines[0].startswith(f"conflict {told['conflict']}: two edits contradict each other")
    assert re.search(r'salesforce/Lead/\w+ +"ann.lee@acme.example"', ran.out)
    assert f"review resolve {told['conflict']} --take hubspot" in ran.out


def test_an_unmapped_value_is_answered_in_the_file(told: Story) -> None:
    """The question that the preset asks is repeated with the lines for leadhub.toml; a value is no answer to it."""
    assert 'answers = { "Closed - Not Converted" = "…" }' in told["review show unmapped"].out
    assert told["resolve unmapped"].code == 2
    assert "is not answered by a value" in told["resolve unmapped"].err


def test_an_answer_is_shown_before_it_is_stored(told: Story) -> None:
    """Before yes or no a person reads what becomes of each side; a no stores nothing; no answer at all is a usage error."""
    assert told["resolve nothing"].code == 2
    assert told["resolve, no"].lines[-1] == "Nothing was stored."
    assert told["resolve"].lines[:4] == [
        'Ann Lee: email "ann@acme.example" → "a.lee@acme.example"',
        '  fair shows "ann@acme.example": stays, for leadhub does not write to fair',
        '  hubspot shows "a.lee@acme.example": fits, nothing is written',
        '  salesforce shows "ann.lee@acme.example": "a.lee@acme.example" will be written',
    ]


def test_the_next_sync_applies_the_answer(told: Story) -> None:
    """One write carries the decision to the side that showed something else, and the question is closed."""
    assert told["sync, decided"].lines[0] == "Nothing is half done: 1 write made."
    assert 'salesforce update Ann Lee: Email "ann.lee@acme.example" → "a.lee@acme.example"' in told["run"].out
    assert told["world"].run("review", "show", told["conflict"]).out.splitlines()[0].endswith(")")
    assert "closed by" in told["world"].run("review", "show", told["conflict"]).out


# ---- why -------------------------------------------------------------------------------------------------------------------------------


def test_why_tells_who_said_so_what_it_replaced_and_who_differs(told: Story) -> None:
    """A stage names its author from HubSpot's history; a phone says that Salesforce tells none, what lost and who shows it now."""
    text = told["why"].out
    assert "stage: sql\n" in text
    assert "edited in hubspot, by jane@people.example (its own history says so)." in text
    assert "edited in salesforce; who did it nobody can know, for salesforce's history of Title names nobody." in text
    assert STANDING in text
    assert f"decided in leadhub, by {os_user()}" in text
    assert 'fair (3) shows "ann@acme.example", and is only ever read.' in text
    phone = told["why json"].json
    assert (phone["schema"], list(phone["why"])) == ("leadhub.why/1", ['phone: "+1 555 0111"'])
    assert 'It replaced "+1 555 0100".' in phone["why"]['phone: "+1 555 0111"']


def test_why_says_what_waits_for_an_answer(told: Story) -> None:
    """While a question is open, the sides that differ are said to wait for it, by its id."""
    assert f"it waits for an answer (leadhub review show {told['conflict']})." in told["why, open"].out


def test_a_lead_as_json_has_the_documented_shape(told: Story) -> None:
    """`leadhub.lead/1`: person, leads with state, links with record ids and base, history."""
    lead = told["show json"].json
    assert lead["schema"] == "leadhub.lead/1"
    assert {"person", "leads", "links", "history"} <= lead.keys()
    assert lead["leads"][0]["state"] == {"stage": "sql", "status": "attempting", "exit": "open"}
    salesforce = next(link for link in lead["links"] if link["system"] == "salesforce")
    assert salesforce["record_id"].startswith("00Q")
    assert salesforce["base"]["email"]["value"] == "a.lee@acme.example"
    assert [e["new"] for e in lead["history"] if e["field"] == "phone"] == ["+1 555 0100", "+1 555 0111", "+1 555 0122"]


def test_a_lead_for_people_lists_records_and_history(told: Story) -> None:
    """One page: values, passes, records with what they show, and the latest changes in words."""
    text = told["show"].out
    assert "pass 1: stage sql, status attempting, still open" in text
    assert re.search(r"hubspot +contacts +\d+ +primary +salesqualifiedlead, \(blank\)", text)
    assert 'email: "ann@acme.example" → "a.lee@acme.example", decided by a person' in text


def test_leads_are_found_by_stage_system_name_and_address(told: Story) -> None:
    """Each way to narrow the list narrows it, together too; nobody is a usage error where one person is meant."""
    world = told["world"]

    def names(*args: str) -> list[str]:
        return [lead["name"] for lead in world.run("leads", "list", *args, "--output", "json").json["leads"]]

    assert sorted(names()) == ["Ann Lee", "Bert Bo", "Cy Cole", "Dora Day"]
    assert names("--stage", "sql") == ["Ann Lee"]
    assert sorted(names("--system", "fair")) == ["Ann Lee", "Dora Day"]
    assert names("--search", "C INC") == ["Cy Cole"]
    assert names("--email", "Cy@C.example", "--stage", "sql") == []
    assert world.run("leads", "list", "--stage", "warm").code == 2
    assert world.run("leads", "show", "nobody@x.example").code == 2
