"""First contact and the differences it finds: the report, one pattern, and settling them in bulk, as a person does it."""

import csv
import io
import re
import shlex
import tomllib
from collections.abc import Callable, Iterator

import pytest
from cli_world import Ran, World

PHONES = {"salesforce": "+1 555 010 0100", "hubspot": "+1 555 010 0199"}


def _pair(world: World, number: int, *, phones: bool = False, **properties: str) -> None:
    """One person in both CRMs; with `phones` under two numbers."""
    name, email = {"FirstName": "Ann", "LastName": f"Lee{number}"}, f"ann{number}@acme.example"
    world.lead(**name, Email=email, Phone=PHONES["salesforce"], Title="=CEO()", Status="Open - Not Contacted")
    shown = {"firstname": "Ann", "lastname": f"Lee{number}", "email": email, "company": "Acme", "jobtitle": "=CEO()", "lifecyclestage": "lead"}
    world.contact(**{**shown, "phone": PHONES["hubspot" if phones else "salesforce"], **properties})


@pytest.fixture(scope="module")
def met(make_world: Callable[[], World]) -> World:
    """Both adopted: three persons whose phones differ, one whose title HubSpot lacks, one whose stage contradicts; nobody has an owner in HubSpot."""
    world = make_world()
    for number in range(3):
        _pair(world, number, phones=True)
    _pair(world, 3, jobtitle="")
    _pair(world, 4, lifecyclestage="customer")
    for system in ("salesforce", "hubspot"):
        assert world.run("adopt", system).code == 0
    return world


@pytest.fixture(autouse=True)
def _configuration_as_it_was(met: World) -> Iterator[None]:
    """What one test writes into leadhub.toml is gone for the next."""
    path = met.folder / "leadhub.toml"
    text = path.read_bytes()
    yield
    path.write_bytes(text)


def _settled(world: World) -> list[dict[str, str]]:
    found: list[dict[str, str]] = tomllib.loads((world.folder / "leadhub.toml").read_text()).get("settle", [])
    return found


# ---- the report ------------------------------------------------------------------------------------------------------------------------


def test_disagreement_is_a_table_of_patterns_with_the_rule_that_holds(met: World) -> None:
    """The largest pattern stands first, with its number, why it is left alone, and the rule; stderr says nothing, for nobody is called."""
    ran = met.run("report", "disagreement")
    assert (ran.code, ran.err) == (0, "")
    assert ran.lines[0] == "10 standing differences in 4 patterns; 10 records compared."
    assert any(re.fullmatch(r"2 +3 +hubspot +phone +different +old +keep", line) for line in ran.lines)
    assert any('"customer" there, stage lead in leadhub' in line for line in ran.lines)
    assert "Left out, for the system that shows it lets nobody write it: created_at." in ran.lines


def test_one_pattern_shows_leads_and_the_commands_that_settle_it(met: World) -> None:
    """Both values of each lead, the rule now, and for each way to settle it a command that can be copied."""
    ran = met.run("report", "disagreement", "--pattern", "2")
    assert ran.lines[0] == "Pattern 2: hubspot phone, different, 3 leads"
    assert sum(PHONES["hubspot"] in line and PHONES["salesforce"] in line for line in ran.lines) == 3
    assert f"  leadhub -C {met.folder} adopt hubspot --prefer phone" in ran.lines
    assert f"  leadhub -C {met.folder} adopt salesforce --prefer phone" in ran.lines


def test_a_pattern_of_the_state_is_settled_by_a_command_that_can_be_copied(met: World) -> None:
    """The command names the value there and what the lead holds; it concerns what the report counts, and writes that rule."""
    found = met.run("report", "disagreement", "--field", "lifecyclestage", "--pattern", "1")
    command = f"leadhub -C {met.folder} adopt hubspot --prefer state --value customer --hub 'stage lead'"
    _shows(found, command)
    settled = met.run(*shlex.split(command)[3:], "--yes")
    assert settled.lines[0] == "1 standing difference of state now: hubspot is right: its value is taken, and written to the others."
    assert _settled(met) == [{"field": "state", "rule": "prefer", "system": "hubspot", "value": "customer", "hub": "stage lead"}]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--prefer", "stage"), "settles them together, as state"),
        (("--fill", "state"), "there is nothing to fill"),
        (("--prefer", "state", "--hub", "mql"), 'write it as "stage mql"'),
        (("--prefer", "state", "--value", "costumer"), 'has a value "costumer"'),
    ],
)
def test_a_rule_of_the_state_that_would_do_nothing_is_refused(met: World, args: tuple[str, ...], said: str) -> None:
    """A part of the state alone, a blank, and a pattern that no difference can be of: usage errors that say how to write it."""
    ran = met.run("adopt", "hubspot", *args, "--yes")
    assert (ran.code, _settled(met)) == (2, [])
    assert said in ran.err


def test_programs_get_the_documented_shape(met: World) -> None:
    """`leadhub.disagreement/1`; CSV has the same rows, and a value that a spreadsheet would run is text."""
    data = met.run("report", "disagreement", "--output", "json").json
    assert data["schema"] == "leadhub.disagreement/1"
    assert (data["total"], data["compared"], len(data["patterns"])) == (10, 10, 4)
    phones = data["patterns"][1]
    assert {"pattern", "count", "system", "field", "kind", "there", "here", "reason", "rule", "settle", "examples"} <= phones.keys()
    assert (phones["kind"], phones["there"], phones["rule"]) == ("different", None, "keep")
    rows = list(csv.DictReader(io.StringIO(met.run("report", "disagreement", "--output", "csv").out)))
    assert [int(row["count"]) for row in rows] == [p["count"] for p in data["patterns"]]
    lines = met.run("report", "disagreement", "--output", "jsonl").lines
    assert len(lines) == 4


def test_the_report_narrows_and_refuses_what_is_not_there(met: World) -> None:
    """By system, by field and by number; a name or number that is none is a usage error with the way on."""
    assert met.run("report", "disagreement", "--field", "phone", "--output", "json").json["total"] == 3
    assert met.run("report", "disagreement", "--system", "salesforce").lines[0].startswith("No standing differences")
    assert "… and 3 smaller patterns with 5 differences (--limit shows more)" in met.run("report", "disagreement", "--limit", "1").lines
    for wrong in (("--system", "salesfarce"), ("--pattern", "99"), ("--field", "fone")):
        assert met.run("report", "disagreement", *wrong).code == 2


def test_adoption_for_programs_keeps_its_keys(met: World) -> None:
    """`leadhub.adoption/1` says who answered, how many are who, and every pattern."""
    data = met.run("adopt", "hubspot", "--output", "json").json
    assert data["schema"] == "leadhub.adoption/1"
    assert (data["records"], data["persons_shared"], data["persons_only_here"], data["evidence"]) == (5, 5, 0, {"email": 5})
    assert data["org"]["production"] is False
    assert data["usage"]["limit"] > data["usage"]["used"]
    assert sum(p["count"] for p in data["standing"]) == 10


# ---- settling --------------------------------------------------------------------------------------------------------------------------


def _shows(ran: Ran, *lines: str) -> None:
    for line in lines:
        assert any(line in there for there in ran.lines), line


def test_settling_shows_what_it_concerns_and_the_difference_of_the_file(met: World) -> None:
    """A no changes nothing; a yes writes the rule, and says how many it concerns before it asks."""
    no = met.run("adopt", "hubspot", "--prefer", "phone", answers="n\n")
    assert no.lines[0] == "3 standing differences of phone now: hubspot is right: its value is taken, and written to the others."
    _shows(no, "+[[settle]]", '+rule = "prefer"', "Nothing was changed.")
    assert _settled(met) == []
    yes = met.run("adopt", "hubspot", "--prefer", "phone", answers="y\n")
    assert yes.lines[-1].startswith("Written. Next: leadhub -C ")
    assert _settled(met) == [{"field": "phone", "rule": "prefer", "system": "hubspot"}]


def test_a_rule_does_what_it_says_and_nothing_more(make_world: Callable[[], World]) -> None:
    """After `--prefer phone` the plan writes the other side's phones and leaves every other difference alone."""
    world = make_world()
    _pair(world, 0, phones=True, jobtitle="")
    world.adopt()
    assert world.run("plan", "--output", "json").json["changes"] == []
    assert world.run("adopt", "hubspot", "--prefer", "phone", "--yes").code == 0
    assert world.run("adopt", "hubspot", "--fill", "job_title", "--yes").code == 0
    changes = world.run("plan", "--output", "json").json["changes"]
    written = {(c["system"], name): field["to"] for c in changes for name, field in c["fields"].items()}
    assert written == {("salesforce", "Phone"): PHONES["hubspot"], ("hubspot", "jobtitle"): "=CEO()"}


def test_a_preferred_state_is_taken_and_written(make_world: Callable[[], World]) -> None:
    """HubSpot stood behind at an attempt: with the command that the report offers, the next plan writes Salesforce's Status and nothing else."""
    world = make_world()
    _pair(world, 0, hs_lead_status="ATTEMPTED_TO_CONTACT")
    world.adopt()
    assert world.run("plan", "--output", "json").json["changes"] == []
    (pattern,) = (p for p in world.run("report", "disagreement", "--output", "json").json["patterns"] if p["field"] == "hs_lead_status")
    assert world.run(*shlex.split(pattern["settle"][0]), "--yes").code == 0
    changes = world.run("plan", "--output", "json").json["changes"]
    written = {(c["system"], name): field["to"] for c in changes for name, field in c["fields"].items()}
    assert written == {("salesforce", "Status"): "Working - Contacted"}


def test_the_newest_rule_comes_first_and_the_same_one_once(met: World) -> None:
    """The first rule that fits decides, so the last word of a person stands first; a second one about the same replaces it."""
    for rule in (("--prefer", "phone"), ("--keep", "phone", "--value", PHONES["hubspot"]), ("--keep", "phone")):
        assert met.run("adopt", "hubspot", *rule, "--yes").code == 0
    assert [(r["rule"], r.get("value")) for r in _settled(met)] == [("keep", None), ("keep", PHONES["hubspot"])]


def test_a_pattern_is_found_under_each_of_its_names(make_world: Callable[[], World]) -> None:
    """What the system shows, what leadhub makes of it: "Austria" is AT. The rule concerns the difference, and the next plan goes by it."""
    world = make_world()
    world.lead(LastName="Lee", Email="ann@acme.example", Country="Austria", Status="Open - Not Contacted")
    world.contact(lastname="Lee", email="ann@acme.example", company="Acme", country="Germany", lifecyclestage="lead")
    world.adopt()
    for value, held in (("Germany", "Austria"), ("DE", "AT"), ("Deutschland", "Österreich")):
        ran = world.run("adopt", "hubspot", "--prefer", "country", "--value", value, "--hub", held, answers="n\n")
        assert ran.lines[0].startswith("1 standing difference of country now"), ran.err
    assert world.run("adopt", "hubspot", "--prefer", "country", "--value", "Germany", "--hub", "Austria", "--yes").code == 0
    changes = world.run("plan", "--output", "json").json["changes"]
    assert [(c["system"], c["fields"]["Country"]["to"]) for c in changes] == [("salesforce", "Germany")]


def test_a_rule_that_fits_nothing_is_refused_with_what_there_is(met: World) -> None:
    """A value that nobody shows, or a field on which all agree: a rule about it would never do anything."""
    ran = met.run("adopt", "hubspot", "--prefer", "phone", "--value", "+1 555 010 0111", "--yes")
    assert ran.code == 2
    assert 'No standing difference is one of phone with "+1 555 010 0111" there.' in ran.err
    assert 'There are: "+1 555 010 0199" there and "+1 555 010 0100" in leadhub (3).' in " ".join(ran.err.split())
    nothing = met.run("adopt", "hubspot", "--keep", "last_name", "--yes")
    assert nothing.code == 2
    assert "There is none of last_name now." in nothing.err
    assert _settled(met) == []


def test_comments_of_the_file_stay_where_they_are(met: World) -> None:
    """Only the rule is added: what people wrote stays, byte for byte."""
    path = met.folder / "leadhub.toml"
    text = path.read_text().replace("[system.hubspot]", "# the marketing team's account\n[system.hubspot]")
    path.write_text(text)
    assert met.run("adopt", "hubspot", "--keep", "phone", "--yes").code == 0
    assert path.read_text().startswith(text.rstrip())


@pytest.mark.parametrize(
    "args",
    [("--keep", "fone"), ("--keep", "phone", "--fill", "phone"), ("--value", "x"), ("--prefer", "phone", "--write-on"), ("--prefer", "rating")],
)
def test_what_cannot_be_a_rule_is_refused(met: World, args: tuple[str, ...]) -> None:
    """An unknown field, two rules at once, half a rule, a field that the system has not: usage errors, and the file stays as it is."""
    assert met.run("adopt", "hubspot", *args, "--yes").code == 2
    assert _settled(met) == []


def test_nobody_there_to_answer_changes_nothing(met: World) -> None:
    """Without a person and without --yes the command ends as a usage error."""
    assert met.run("adopt", "hubspot", "--keep", "phone").code == 2
    assert _settled(met) == []


def test_a_rule_that_cannot_be_carried_out_stays_on_the_list(met: World) -> None:
    """No HubSpot owner has the address of Salesforce's: the plan says so once, and the report for as long as it is so."""
    assert met.run("adopt", "hubspot", "--write-on", "--yes").code == 0
    assert met.run("adopt", "hubspot", "--fill", "owner", "--yes").code == 0
    for _ in range(3):
        assert met.run("plan").code == 0
    told = met.run("report", "disagreement", "--system", "hubspot")
    assert any("hubspot owner: hubspot_owner_id:" in line and "is nobody there" in line for line in told.lines), told.out
    waiting = met.run("report", "disagreement", "--output", "json").json["waiting"]
    assert [(row["system"], row["field"]) for row in waiting] == [("hubspot", "owner")]
