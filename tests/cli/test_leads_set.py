"""`leads set` and `leads why`: what a person decides, what is refused, and who is said to have done what."""

import pytest
from cli_world import World

from leadhub.hub.systems import os_user

ANN = "ann@acme.example"


def test_a_decision_shows_what_it_writes_and_the_next_sync_writes_just_that(adopted: World) -> None:
    """The values shown before the yes are the ones in both CRMs after the sync, and the journal says who decided."""
    shown = adopted.run("leads", "set", ANN, "job_title=CTO", "stage=sql", "status=attempting", "--reason", "met her", answers="y\n")
    assert shown.lines[:3] == [
        'Ann Lee: state "lead/new/open" → "sql/attempting/open"',
        '  hubspot shows lifecyclestage "lead": "salesqualifiedlead" will be written',
        "  hubspot shows hs_lead_status (blank): fits, nothing is written",
    ]
    assert '  salesforce shows Status "Open - Not Contacted": "Working - Contacted" will be written' in shown.lines
    assert '  hubspot shows (blank): "CTO" will be written' in shown.lines
    assert shown.lines[-1].startswith("2 decisions stored, by ")
    assert adopted.run("sync").lines[0] == "Nothing is half done: 2 writes made."
    lead = adopted.run("leads", "show", ANN, "--output", "json").json
    assert lead["leads"][0]["state"] == {"stage": "sql", "status": "attempting", "exit": "open"}
    assert {link["shown"]["job_title"] for link in lead["links"]} == {"CTO"}
    for what in ("job_title", "stage", "status"):
        assert f"decided in leadhub, by {os_user()}: met her." in adopted.run("leads", "why", ANN, what).out


def test_a_no_stores_nothing_and_what_is_so_already_needs_no_decision(adopted: World) -> None:
    """Only a yes counts; a decision that changes nothing is not stored."""
    assert adopted.run("leads", "set", ANN, "job_title=CTO", "--reason", "x", answers="n\n").lines[-1] == "Nothing was stored."
    assert adopted.run("leads", "set", ANN, "job_title=CTO", "--reason", "x").code == 2
    assert adopted.run("leads", "set", ANN, "first_name=Ann", "--reason", "x").lines == ["Ann Lee is like that already: nothing to decide."]
    assert adopted.run("sync").lines[0].startswith("Nothing to write")


def test_a_blank_is_a_value_that_can_be_decided(adopted: World) -> None:
    """Nothing after the equals sign blanks a field, in both CRMs."""
    adopted.run("leads", "set", ANN, "job_title=CTO", "--reason", "x", "--yes")
    adopted.run("sync")
    assert adopted.run("leads", "set", ANN, "job_title=", "--reason", "left", "--yes").code == 0
    blanks = adopted.run("sync")
    assert blanks.code == 5, "blanks over values are stopped by their guard"
    assert adopted.run("sync", "--allow", "salesforce.blanks=1", "--allow", "hubspot.blanks=1").lines[0] == "Nothing is half done: 2 writes made."


def test_a_blank_is_announced_with_all_that_it_takes(adopted: World) -> None:
    """Salesforce requires a company, and a blank over a value wants the guard's flag: both are said before anything is stored, and are true."""
    shown = adopted.run("leads", "set", "ann@acme.example", "company=", "--reason", "gone", "--yes")
    assert '  hubspot shows "Acme": (blank) (which needs --allow hubspot.blanks=1) will be written' in shown.lines
    assert '  salesforce shows "Acme": stays, for Company is required and cannot be blanked' in shown.lines
    assert adopted.run("sync").code == 5
    assert adopted.run("sync", "--allow", "hubspot.blanks=1").code == 0
    why = adopted.run("leads", "why", "ann@acme.example", "company").out
    assert "it was refused: Company is required and cannot be blanked" in why


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("job_titel=CTO", 'Did you mean "job_title"?'),
        ("email=foo", "that is no e-mail address"),
        ("email_opt_out=false", "consent is given by the person it is about"),
        ("do_not_call=perhaps", "consent is given by the person it is about"),
        ("employees=many", "it is a number"),
        ("next_step_at=soon", "it is a date"),
        ("owner=Jane", "an owner is an e-mail address"),
        ("owner=nobody@nowhere.example", "no system has an active user of that address"),
        ("created_at=2026-01-01", "it is what a system observed"),
        ("phone=abc", "that is no phone number"),
        ("phone=4.91712E+11", "that is no phone number"),
        ("stage=warm", "is not a stage"),
        ("exit=lost", "a lead can be lost only at opportunity"),
        ("job_title", "is no FIELD=VALUE"),
    ],
)
def test_what_a_field_cannot_be_is_refused_with_the_reason(adopted_once: World, given: str, why: str) -> None:
    """A usage error that says what the field takes; nothing is stored."""
    ran = adopted_once.run("leads", "set", ANN, given, "--reason", "x", "--yes")
    assert (ran.code, ran.out) == (2, "")
    assert why in ran.err


@pytest.mark.parametrize("args", [("job_title=a", "job_title=b", "--reason", "x"), ("job_title=a",), ("job_title=a", "--reason", " ")])
def test_twice_or_without_a_reason_is_refused(adopted_once: World, args: tuple[str, ...]) -> None:
    """Each field once, and always with the reason for whoever asks later."""
    assert adopted_once.run("leads", "set", ANN, *args, "--yes").code == 2


def test_why_says_who_or_that_nobody_can_know(adopted: World) -> None:
    """HubSpot's history names the person of a stage; of a title nobody can know, and the sentence names the field that has no history."""
    salesforce = adopted.run("leads", "show", ANN, "--output", "json").json["links"]
    ids = {link["system"]: link["record_id"] for link in salesforce}
    adopted.admin("hubspot", "edit", id=ids["hubspot"], properties={"lifecyclestage": "marketingqualifiedlead"})
    adopted.admin("salesforce", "edit", id=ids["salesforce"], fields={"Title": "CEO"})
    assert adopted.run("sync").code == 0
    assert "edited in hubspot, by jane@people.example (its own history says so)." in adopted.run("leads", "why", ANN, "stage").out
    title = adopted.run("leads", "why", ANN, "job_title").out
    assert "who did it nobody can know, for salesforce's history of Title names nobody." in title
