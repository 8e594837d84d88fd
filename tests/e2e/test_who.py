"""Who did it, over HTTP: `leads why` names whom the system's own history names, else who saved the record last, else says that nobody can know."""

import io
from contextlib import redirect_stdout

import pytest
from sandbox_world import World

from leadhub.cli.app import main

TRACKED = {"Lead": ["Status", "OwnerId", "HasOptedOutOfEmail", "DoNotCall"]}
JANE = "by Jane Novak (its own history says so)."


@pytest.fixture
def pair(world: World) -> tuple[str, str]:
    """Ann, in both CRMs and settled; Salesforce tracks nothing, as a new org does."""
    found = world.pair(sf={"Status": "Open - Not Contacted"}, hs={"lifecyclestage": "lead", "hs_lead_status": "NEW"})
    world.begin()
    return found


def why(world: World, name: str, email: str = "ann@acme.example") -> str:
    """Run `leadhub leads why`, as a person does, and return what it prints."""
    out = io.StringIO()
    with redirect_stdout(out):
        assert main(["-C", str(world.folder), "leads", "why", email, name]) == 0
    return " ".join(out.getvalue().split())


def asked(world: World, word: str) -> int:
    """Count the calls to Salesforce since the mark that hold this word."""
    return sum(word in call["target"] or word in call["body"] for call in world.calls("salesforce"))


# ---- the state -------------------------------------------------------------------------------------------------------------------------


def test_salesforce_history_names_who_moved_the_status(world: World, pair: tuple[str, str]) -> None:
    """Where Status is tracked, the person is named, and counts as one."""
    world.settings("salesforce", field_history=TRACKED)
    world.sf_edit(pair[0], Status="Working - Contacted")
    world.sync()
    assert f"edited in salesforce, {JANE}" in why(world, "status")
    assert world.lead().set_by["status"].author.kind == "person"


def test_without_history_salesforce_tells_who_saved_last(world: World, pair: tuple[str, str]) -> None:
    """Where Status is not tracked, who saved the lead last is told as just that, with the time, and counts as no person's decision."""
    world.sf_edit(pair[0], Status="Working - Contacted")
    at = f"{world.clock.now():%Y-%m-%d %H:%M} UTC"
    world.sync()
    told = why(world, "status")
    assert f"edited in salesforce; last modified by Jane Novak {at}; salesforce keeps no history for Status that tells who set it." in told
    assert "Since" not in told
    assert world.lead().set_by["status"].author.kind == "automation"


def test_tracking_that_began_too_late_tells_who_saved_last(world: World, pair: tuple[str, str]) -> None:
    """A history without the change names nobody, and is not taken to say anything."""
    world.sf_edit(pair[0], Status="Working - Contacted")
    world.settings("salesforce", field_history=TRACKED)
    world.sync()
    assert "last modified by Jane Novak" in why(world, "status")


def test_hubspots_property_history_names_who_moved_the_stage(world: World, pair: tuple[str, str]) -> None:
    """HubSpot keeps the history of every property: the person is named."""
    world.hs_edit(pair[1], lifecyclestage="marketingqualifiedlead")
    world.sync()
    assert "edited in hubspot, by jane@people.example (its own history says so)." in why(world, "stage")


def test_a_hubspot_workflow_is_named_and_is_nobody(world: World, pair: tuple[str, str]) -> None:
    """What a workflow set is told as its work, and no person's."""
    world.hs_edit(pair[1], by="AUTOMATION_PLATFORM", lifecyclestage="marketingqualifiedlead")
    world.sync()
    assert "jane" not in why(world, "stage")
    assert world.lead().set_by["stage"].author.kind == "automation"


# ---- the owner, and consent --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("native", "name"), [("HasOptedOutOfEmail", "email_opt_out"), ("DoNotCall", "do_not_call")])
def test_salesforce_names_who_withdrew_consent(*, world: World, pair: tuple[str, str], native: str, name: str) -> None:
    """Tracked, the person is named; not tracked, who saved the lead last."""
    world.sf_edit(pair[0], **{native: True})
    world.sync()
    assert f"last modified by Jane Novak {world.clock.now():%Y-%m-%d}" in why(world, name)
    world.settings("salesforce", field_history=TRACKED)
    lead, _ = world.pair("bob@acme.example")
    world.sync()
    world.sf_edit(lead, **{native: True})
    world.sync()
    assert f"edited in salesforce, {JANE}" in why(world, name, "bob@acme.example")


def test_hubspot_names_who_withdrew_consent(world: World, pair: tuple[str, str]) -> None:
    """An opt-out in HubSpot has an author in its history."""
    world.hs_edit(pair[1], hs_email_optout="true")
    world.sync()
    assert "edited in hubspot, by jane@people.example (its own history says so)." in why(world, "email_opt_out")


@pytest.mark.parametrize("tracked", [True, False])
def test_salesforce_names_who_gave_a_lead_away(world: World, *, tracked: bool) -> None:
    """A new owner: by history who gave the lead to whom, else who saved it last."""
    world.settings("salesforce", field_history=TRACKED if tracked else {})
    lead, _ = world.pair(hs={"hubspot_owner_id": "7001"})
    world.configure(hubspot='owner_map = { "7001" = "jane@acme.example", "7002" = "omar@acme.example" }')
    world.begin()
    owners = {row["Alias"]: row["Id"] for row in world.boxes.http.get(f"{world.boxes.salesforce.url}/_sandbox/records/User").json()}
    world.sf_edit(lead, OwnerId=owners["omar"])
    world.sync()
    assert world.lead().fields["owner"].value == "omar@acme.example"
    assert (f"edited in salesforce, {JANE}" if tracked else "last modified by Jane Novak") in why(world, "owner")


def test_hubspot_names_who_gave_a_contact_away(world: World) -> None:
    """The owner's history is asked for in HubSpot too."""
    _, contact = world.pair(hs={"hubspot_owner_id": "7001"})
    world.configure(hubspot='owner_map = { "7001" = "jane@acme.example", "7002" = "omar@acme.example" }')
    world.begin()
    world.hs_edit(contact, hubspot_owner_id="7002")
    world.sync()
    assert "edited in hubspot, by jane@people.example (its own history says so)." in why(world, "owner")


# ---- nobody can know, and what asking costs -----------------------------------------------------------------------------------------------


def test_of_a_file_nobody_can_know(world: World, pair: tuple[str, str]) -> None:
    """A file tells neither history nor who saved it, and the command says so."""
    world.drop_csv("a.csv", "email,first name,last name,job title", "ann@acme.example,Ann,Lee,CTO")
    world.sync()
    world.drop_csv("a.csv", "email,first name,last name,job title", "ann@acme.example,Ann,Lee,Boss")
    world.sync()
    assert "edited in files; who did it nobody can know, for files tells no history of its fields." in why(world, "job_title")


def test_a_title_is_not_asked_about(world: World, pair: tuple[str, str]) -> None:
    """Of other fields nobody is asked who changed them: no call is made for them, and the command says that nobody is named."""
    world.mark()
    world.sf_edit(pair[0], Title="CEO")
    world.sync()
    assert (asked(world, "LeadHistory"), asked(world, "LastModifiedById")) == (0, 0)
    assert "who did it nobody can know, for salesforce's history of Title names nobody." in why(world, "job_title")


def test_many_changes_are_one_question(world: World, pair: tuple[str, str]) -> None:
    """Five leads move in one night: one query of the history and one reading of who saved last, for all of them."""
    names = ("bea", "cem", "dan", "eve")
    leads = [pair[0], *(world.pair(f"{name}@{name}.example")[0] for name in names)]
    world.sync()
    for lead in leads:
        world.sf_edit(lead, Status="Working - Contacted")
    world.mark()
    world.sync()
    assert (asked(world, "LeadHistory"), asked(world, "LastModifiedById")) == (1, 1)
    assert all("last modified by Jane Novak" in why(world, "status", f"{name}@{name}.example") for name in names)
