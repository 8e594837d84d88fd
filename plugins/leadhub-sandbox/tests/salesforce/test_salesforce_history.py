"""Field history: LeadHistory and ContactHistory, and what conversion and merge leave there."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from leadhub_sandbox import SandboxClock

Make = Callable[..., str]
Admin = Callable[..., Any]
Soql = Callable[..., list[dict[str, Any]]]

ROWS = "SELECT LeadId, Field, OldValue, NewValue, CreatedDate, CreatedBy.Name, CreatedBy.UserType FROM LeadHistory ORDER BY CreatedDate, Id"


def test_without_tracking_nothing_is_kept(make_lead: Make, soql: Soql, admin: Admin) -> None:
    """An org tracks nothing until it is told to: LeadHistory is there and empty."""
    admin("edit", id=make_lead(), fields={"Status": "Working - Contacted"})
    assert soql(ROWS) == []


def test_a_tracked_field_tells_who_and_when(api: httpx.Client, make_lead: Make, soql: Soql, admin: Admin, clock: SandboxClock) -> None:
    """Each change of a tracked field is a row with both values, its author and its second; other fields leave none, nor does a save without change."""
    admin("settings", field_history={"Lead": ["Status"]})
    row_id = make_lead()
    clock.advance(60)
    admin("edit", id=row_id, fields={"Status": "Working - Contacted", "Title": "CEO"}, user="omar")
    clock.advance(60)
    api.patch(f"/sobjects/Lead/{row_id}", json={"Status": "Working - Contacted"})
    created, changed = soql(ROWS)
    assert (created["LeadId"], created["Field"], created["CreatedBy"]["Name"]) == (row_id, "created", "Leadhub Integration")
    assert (changed["Field"], changed["OldValue"], changed["NewValue"]) == ("Status", "Open - Not Contacted", "Working - Contacted")
    assert (changed["CreatedBy"]["Name"], changed["CreatedDate"]) == ("Omar Haddad", "2026-11-16T10:01:00.000+0000")


def test_a_background_process_is_an_author_of_its_own(make_lead: Make, soql: Soql, admin: Admin) -> None:
    """What a process changes is the Automated Process user's; what a rule changes in a person's save is that person's, as in Salesforce."""
    admin(
        "settings", field_history={"Lead": ["Status", "Rating"]}, automations=[{"when": {"Rating": "Hot"}, "set": {"Status": "Working - Contacted"}}]
    )
    row_id = make_lead()
    admin("automate", id=row_id, fields={"Rating": "Cold"})
    admin("edit", id=row_id, fields={"Rating": "Hot"}, user="jane")
    told = [(r["Field"], r["CreatedBy"]["Name"], r["CreatedBy"]["UserType"]) for r in soql(ROWS)][1:]
    assert told[0] == ("Rating", "Automated Process", "AutomatedProcess")
    assert sorted(told[1:]) == [("Rating", "Jane Novak", "Standard"), ("Status", "Jane Novak", "Standard")]


def test_an_owner_makes_two_rows_and_a_long_text_tells_no_value(make_lead: Make, soql: Soql, admin: Admin) -> None:
    """A new owner is noted once by ids and once by names; a long text and a multi-select only as changed."""
    admin("settings", field_history={"Lead": ["OwnerId", "Description", "Interests__c"]})
    row_id = make_lead()
    queue = admin("queues", name="Partners")["id"]
    admin("edit", id=row_id, fields={"OwnerId": queue, "Description": "Long", "Interests__c": "Hardware"})
    rows = [(r["Field"], r["OldValue"], r["NewValue"]) for r in soql(ROWS)][1:]
    assert [r for r in rows if r[0] != "Owner"] == [("Description", None, None), ("Interests__c", None, None)]
    assert [(field, new) for field, _, new in rows if field == "Owner"] == [("Owner", queue), ("Owner", "Partners")]


def test_conversion_and_merge_are_rows_too(make_lead: Make, soql: Soql, admin: Admin) -> None:
    """leadConverted and leadMerged are noted on the lead, contactCreatedFromLead on the contact; a refused edit leaves no row."""
    admin("settings", field_history={"Lead": ["Status"], "Contact": ["Phone"]})
    converted, winner, loser = make_lead(), make_lead(), make_lead()
    made = admin("convert", id=converted, user="priya")
    admin("merge", winner=winner, losers=[loser])
    told = {(r["LeadId"], r["Field"]) for r in soql(ROWS)}
    assert {(converted, "leadConverted"), (converted, "Status"), (winner, "leadMerged")} <= told
    contact = made["ConvertedContactId"]
    admin("edit", id=contact, fields={"Phone": "5"})
    kept = soql("SELECT Field, NewValue, ContactId FROM ContactHistory ORDER BY CreatedDate, Id")
    assert [(r["Field"], r["NewValue"]) for r in kept] == [("created", None), ("contactCreatedFromLead", None), ("Phone", "5")]
    assert {r["ContactId"] for r in kept} == {contact}


def test_history_is_read_only_and_undone_with_what_it_tells(
    *, api: httpx.Client, web: httpx.Client, make_lead: Make, soql: Soql, admin: Admin, refusal: Callable[..., Any]
) -> None:
    """A refused change leaves no row, no client writes one, and old and new values cannot be filtered by."""
    admin("settings", field_history={"Lead": ["Phone"]})
    row_id = make_lead()
    order = {"id": row_id, "fields": {"Phone": "5", "Email": "nonsense"}}
    assert web.post("/_sandbox/edit", json=order).status_code == 400
    assert [r["Field"] for r in soql(ROWS)] == ["created"]
    assert refusal(api.post("/sobjects/LeadHistory", json={"Field": "x"}))[0] == 400
    assert refusal(api.get("/query", params={"q": "SELECT Id FROM LeadHistory WHERE NewValue = '5'"})) == (400, "INVALID_FIELD")
    found = soql("SELECT Id FROM LeadHistory")[0]["Id"]
    assert found.startswith("017")
    assert api.get(f"/sobjects/LeadHistory/{found}").json()["Field"] == "created"


@pytest.mark.parametrize("wrong", [{"Account": ["Name"]}, {"Lead": ["Nowhere"]}, {"Lead": ["Phone"] * 21}])
def test_what_cannot_be_tracked_is_told(web: httpx.Client, wrong: dict[str, list[str]]) -> None:
    """Objects without history, unknown fields and more than twenty of them are refused."""
    answer = web.post("/_sandbox/settings", json={"field_history": wrong})
    assert answer.status_code == 400
    assert "history" in answer.json()["error"]
