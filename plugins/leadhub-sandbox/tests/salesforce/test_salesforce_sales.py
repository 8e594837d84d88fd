"""Opportunities and their contact roles, as evidence for a person's stage (behaviors 6, 9, 15, 24 to 27)."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from leadhub_sandbox import SandboxClock

Admin = Callable[..., Any]
Make = Callable[..., str]
Soql = Callable[..., list[dict[str, Any]]]
DEAL = {"Name": "Acme-", "StageName": "Prospecting", "CloseDate": "2026-12-31"}


@pytest.fixture
def add(admin: Admin) -> Callable[..., str]:
    """Add a record of any object as a person and return its id."""

    def run(name: str, /, **fields: Any) -> str:
        return str(admin("create", object=name, fields=fields)["id"])

    return run


def test_the_stages_are_the_orgs_own(api: httpx.Client, soql: Soql, admin: Admin) -> None:
    """6, 14: OpportunityStage and describe show the ten standard stages in order, with what is closed and won; a setting changes them."""
    rows = soql("SELECT ApiName, MasterLabel, IsClosed, IsWon, SortOrder, DefaultProbability FROM OpportunityStage ORDER BY SortOrder")
    assert [r["SortOrder"] for r in rows] == list(range(1, 11))
    assert [(r["ApiName"], r["IsWon"]) for r in rows if r["IsClosed"]] == [("Closed Won", True), ("Closed Lost", False)]
    fields = {f["name"]: f for f in api.get("/sobjects/Opportunity/describe").json()["fields"]}
    assert [v["value"] for v in fields["StageName"]["picklistValues"]] == [r["ApiName"] for r in rows]
    assert not fields["IsWon"]["updateable"]
    assert "ContactId" not in fields
    own = {"MasterLabel": "Signed", "SortOrder": 1, "IsClosed": True, "IsWon": True, "DefaultProbability": 100.0, "ForecastCategory": "Closed"}
    admin("settings", stages=[own | {"ApiName": "Signed"}])
    assert [r["ApiName"] for r in soql("SELECT ApiName FROM OpportunityStage")] == ["Signed"]


@pytest.mark.parametrize("missing", sorted(DEAL))
def test_an_opportunity_needs_name_stage_and_date(api: httpx.Client, missing: str) -> None:
    """9: an opportunity without its name, stage or close date is refused."""
    (error,) = api.post("/sobjects/Opportunity", json={k: v for k, v in DEAL.items() if k != missing}).json()
    assert (error["errorCode"], error["fields"]) == ("REQUIRED_FIELD_MISSING", [missing])


def test_a_person_moves_an_opportunity_through_its_stages(*, api: httpx.Client, add: Make, admin: Admin, clock: SandboxClock) -> None:
    """15: a person's edit of the stage computes IsClosed, IsWon, probability and forecast, and moves the stamps."""
    row_id = add("Opportunity", **DEAL, Amount=1000)
    path = f"/sobjects/Opportunity/{row_id}"
    first = api.get(path).json()
    assert [first[n] for n in ("IsClosed", "IsWon", "Probability", "ExpectedRevenue", "ForecastCategory")] == [False, False, 10.0, 100.0, "Pipeline"]
    clock.advance(60)
    admin("edit", id=row_id, fields={"StageName": "Closed Won"}, user="omar")
    won = api.get(path).json()
    assert [won[n] for n in ("IsClosed", "IsWon", "Probability", "ForecastCategory")] == [True, True, 100.0, "Closed"]
    assert won["SystemModstamp"] > first["SystemModstamp"]
    admin("edit", id=row_id, fields={"StageName": "Closed Lost", "Probability": 5})
    lost = api.get(path).json()
    assert [lost[n] for n in ("IsClosed", "IsWon", "Probability")] == [True, False, 5.0]
    assert api.patch(path, json={"IsWon": True}).json()[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_a_conversion_makes_the_contact_role(make_lead: Make, soql: Soql, admin: Admin) -> None:
    """27: a conversion with an opportunity makes its contact the primary role; one without makes none."""
    made = admin("convert", id=make_lead())
    admin("convert", id=make_lead(), create_opportunity=False)
    (role,) = soql("SELECT Id, ContactId, OpportunityId, IsPrimary, Role, Opportunity.StageName FROM OpportunityContactRole")
    assert (role["ContactId"], role["OpportunityId"], role["IsPrimary"]) == (made["ConvertedContactId"], made["ConvertedOpportunityId"], True)
    assert role["Opportunity"]["StageName"] == "Prospecting"
    assert role["Id"].startswith("00K")


def test_an_opportunity_has_one_primary_contact(api: httpx.Client, add: Make, soql: Soql) -> None:
    """9: a role needs both sides, keeps its opportunity, and takes the primary mark from the others."""
    deal, first, second = add("Opportunity", **DEAL), add("Contact", LastName="A"), add("Contact", LastName="B")
    assert api.post("/sobjects/OpportunityContactRole", json={"OpportunityId": deal}).json()[0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    for contact in (first, second):
        body = {"OpportunityId": deal, "ContactId": contact, "IsPrimary": True, "Role": "Decision Maker"}
        assert api.post("/sobjects/OpportunityContactRole", json=body).status_code == 201
    rows = {row["ContactId"]: row for row in soql("SELECT Id, ContactId, IsPrimary FROM OpportunityContactRole")}
    assert (rows[first]["IsPrimary"], rows[second]["IsPrimary"]) == (False, True)
    answer = api.patch(f"/sobjects/OpportunityContactRole/{rows[first]['Id']}", json={"OpportunityId": deal})
    assert answer.json()[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"


@pytest.mark.parametrize("gone", ["Opportunity", "Contact"])
def test_a_role_goes_with_either_side(*, api: httpx.Client, add: Make, soql: Soql, clock: SandboxClock, gone: str) -> None:
    """24, 26: deleting the contact or the opportunity deletes the role, which queryAll and the deleted feed tell."""
    sides = {"Opportunity": add("Opportunity", **DEAL), "Contact": add("Contact", LastName="A")}
    role = add("OpportunityContactRole", OpportunityId=sides["Opportunity"], ContactId=sides["Contact"])
    assert api.delete(f"/sobjects/{gone}/{sides[gone]}").status_code == 204
    assert soql("SELECT Id FROM OpportunityContactRole") == []
    assert [r["IsDeleted"] for r in soql("SELECT IsDeleted FROM OpportunityContactRole", "/queryAll")] == [True]
    clock.advance(60)
    window = {"start": "2026-11-16T09:00:00+00:00", "end": "2026-11-16T11:00:00+00:00"}
    for name, row_id in (("OpportunityContactRole", role), (gone, sides[gone])):
        feed = api.get(f"/sobjects/{name}/deleted", params=window).json()
        assert [r["id"] for r in feed["deletedRecords"]] == [row_id]


def test_a_merge_hands_the_roles_over(add: Make, soql: Soql, admin: Admin) -> None:
    """25: in a merge of contacts the winner takes the loser's roles; where both have one, the loser's goes."""
    shared, own = add("Opportunity", **DEAL), add("Opportunity", **DEAL)
    winner, loser = add("Contact", LastName="A"), add("Contact", LastName="B")
    for contact, deal in ((winner, shared), (loser, shared), (loser, own)):
        add("OpportunityContactRole", OpportunityId=deal, ContactId=contact)
    admin("merge", winner=winner, losers=[loser])
    rows = soql("SELECT OpportunityId, ContactId FROM OpportunityContactRole")
    assert sorted((r["ContactId"], r["OpportunityId"]) for r in rows) == sorted([(winner, shared), (winner, own)])
