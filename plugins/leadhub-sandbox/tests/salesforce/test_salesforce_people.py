"""What people do in Salesforce's pages, through the admin API (behaviors 25, 27)."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from leadhub_sandbox import SandboxClock

Make = Callable[..., str]
Read = Callable[[str], dict[str, Any]]
Admin = Callable[..., Any]


def test_a_conversion_makes_and_links_its_records(make_lead: Make, lead: Read, soql: Callable[..., Any], admin: Admin) -> None:
    """27: a conversion makes an account, a contact and an opportunity, links them, and sets a converted status and a date without a time."""
    row_id = make_lead(FirstName="Ann", Email="ann@acme.example", City="Oslo")
    made = admin("convert", id=row_id, user="omar")
    row = lead(row_id)
    assert (row["IsConverted"], row["ConvertedDate"], row["Status"]) == (True, "2026-11-16", "Closed - Converted")
    assert made == {k: row[k] for k in ("ConvertedAccountId", "ConvertedContactId", "ConvertedOpportunityId")}
    (contact,) = soql("SELECT Id, Name, Email, MailingCity, AccountId FROM Contact")
    assert (contact["Id"], contact["Email"], contact["MailingCity"]) == (row["ConvertedContactId"], "ann@acme.example", "Oslo")
    assert contact["AccountId"] == row["ConvertedAccountId"]
    assert soql("SELECT StageName, IsClosed FROM Opportunity")[0]["StageName"] == "Prospecting"


def test_a_conversion_can_use_what_exists(make_lead: Make, soql: Callable[..., Any], admin: Admin) -> None:
    """27: an account given is used, and without an opportunity its link stays null."""
    account = admin("create", object="Account", fields={"Name": "Acme"})["id"]
    made = admin("convert", id=make_lead(), account_id=account, create_opportunity=False)
    assert made["ConvertedAccountId"] == account
    assert made["ConvertedOpportunityId"] is None
    assert len(soql("SELECT Id FROM Account")) == 1


def test_a_conversion_needs_a_converted_status_and_happens_once(web: httpx.Client, make_lead: Make, lead: Read, admin: Admin) -> None:
    """27: a status that does not mean converted is refused and leaves nothing made; a second conversion is refused."""
    row_id = make_lead()
    wrong = web.post("/_sandbox/convert", json={"id": row_id, "status": "Working - Contacted"})
    assert (wrong.status_code, wrong.json()[0]["errorCode"]) == (400, "INVALID_STATUS")
    assert lead(row_id)["IsConverted"] is False
    assert web.get("/_sandbox/records/Account").json() == []
    admin("convert", id=row_id)
    assert web.post("/_sandbox/convert", json={"id": row_id}).status_code == 400


def test_a_merge_points_losers_to_the_winner(
    *, api: httpx.Client, make_lead: Make, lead: Read, soql: Callable[..., Any], clock: SandboxClock, admin: Admin
) -> None:
    """25: a merged-away lead is deleted with MasterRecordId set, the winner's stamps move, and /deleted lists the loser alone."""
    winner, loser = make_lead(Title="CEO"), make_lead()
    clock.advance(60)
    admin("merge", winner=winner, losers=[loser], fields={"Phone": "5"}, user="jane")
    assert (lead(winner)["Phone"], lead(winner)["SystemModstamp"]) == ("5", "2026-11-16T10:01:00.000+0000")
    (gone,) = soql("SELECT Id, MasterRecordId FROM Lead WHERE IsDeleted = true", "/queryAll")
    assert (gone["Id"], gone["MasterRecordId"]) == (loser, winner)
    listed = api.get("/sobjects/Lead/deleted", params={"start": "2026-11-16T09:00:00Z", "end": "2026-11-16T11:00:00Z"}).json()
    assert [d["id"] for d in listed["deletedRecords"]] == [loser]


@pytest.mark.parametrize(
    ("path", "order", "told"),
    [
        ("edit", {"id": "00Q", "fields": {}, "user": "nobody"}, "jane"),
        ("create", {"object": "Nothing", "fields": {}}, "Lead"),
        ("create", {"fields": {}}, "object"),
        ("settings", {"nonsense": 1}, "daily_limit"),
        ("settings", {"daily_limit": "many"}, "daily_limit"),
        ("settings", {"statuses": [{"ApiName": "x"}]}, "IsConverted"),
        ("convert", [], "object"),
    ],
)
def test_a_bad_order_is_told_what_is_wrong(web: httpx.Client, path: str, order: Any, told: str) -> None:
    """An admin order that cannot be carried out is a 400 that names what there is."""
    answer = web.post(f"/_sandbox/{path}", json=order)
    assert answer.status_code == 400
    assert told in answer.json()["error"]


def test_people_can_be_added(web: httpx.Client, make_lead: Make, lead: Read, admin: Admin) -> None:
    """A person added by a test can edit, and all rows are there to be looked at."""
    added = admin("users", alias="sam", first="Sam", last="Ito")["id"]
    row_id = make_lead()
    admin("edit", id=row_id, fields={"Title": "x"}, user="sam")
    assert lead(row_id)["LastModifiedById"] == added
    assert [r["Id"] for r in web.get("/_sandbox/records/Lead").json()] == [row_id]
