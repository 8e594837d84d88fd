"""Records that the client's user does not see (behavior 22)."""

from collections.abc import Callable
from typing import Any

import httpx

Make = Callable[..., str]
Soql = Callable[..., list[dict[str, Any]]]
Admin = Callable[..., Any]
Refusal = Callable[[httpx.Response], tuple[int, str]]
OUT_OF_REACH = (400, "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY")
WINDOW = {"start": "2026-11-16T09:00:00Z", "end": "2026-11-16T11:00:00Z"}


def _outcome(answer: httpx.Response) -> str:
    (row,) = answer.json()
    return str(row["errors"][0]["statusCode"])


def test_a_record_out_of_sight_is_in_no_reading(*, api: httpx.Client, make_lead: Make, soql: Soql, admin: Admin, refusal: Refusal) -> None:
    """22: a record that is not shared is 404 by its id, null in a collections read, and in no query, no count and no list of changes."""
    kept, seen = make_lead(), make_lead()
    admin("settings", unshared=[kept[:15]])
    assert refusal(api.get(f"/sobjects/Lead/{kept}")) == (404, "NOT_FOUND")
    read = api.post("/composite/sobjects/Lead", json={"ids": [kept, seen], "fields": ["Id"]}).json()
    assert [row and row["Id"] for row in read] == [None, seen]
    assert [r["Id"] for r in soql("SELECT Id FROM Lead")] == [seen]
    assert soql(f"SELECT Id FROM Lead WHERE Id = '{kept}'") == []
    assert api.get("/query", params={"q": "SELECT COUNT() FROM Lead"}).json()["totalSize"] == 1
    assert api.get("/sobjects/Lead/updated", params=WINDOW).json()["ids"] == [seen]
    admin("delete", id=kept)
    assert soql("SELECT Id FROM Lead WHERE IsDeleted = true", "/queryAll") == []
    assert api.get("/sobjects/Lead/deleted", params=WINDOW).json()["deletedRecords"] == []


def test_a_record_out_of_sight_takes_no_writes(*, api: httpx.Client, make_lead: Make, web: httpx.Client, admin: Admin, refusal: Refusal) -> None:
    """22: an update or a delete of a record that is not shared is refused, alone and in a collection, and nothing changes."""
    kept = make_lead(Title="CEO")
    admin("settings", unshared=[kept])
    assert refusal(api.patch(f"/sobjects/Lead/{kept}", json={"Title": "x"})) == OUT_OF_REACH
    assert refusal(api.delete(f"/sobjects/Lead/{kept}")) == OUT_OF_REACH
    row = {"attributes": {"type": "Lead"}, "id": kept, "Title": "x"}
    assert _outcome(api.patch("/composite/sobjects", json={"records": [row]})) == OUT_OF_REACH[1]
    assert _outcome(api.delete("/composite/sobjects", params={"ids": kept})) == OUT_OF_REACH[1]
    (left,) = web.get("/_sandbox/records/Lead").json()
    assert (left["Title"], left["IsDeleted"]) == ("CEO", False)
    admin("edit", id=kept, fields={"Title": "x"})


def test_an_external_id_out_of_sight_is_taken_all_the_same(*, api: httpx.Client, make_lead: Make, admin: Admin, refusal: Refusal) -> None:
    """22, 30: an upsert finds no record that is not shared, tries to create, and is told of a duplicate value on <unknown>."""
    kept = make_lead(LeadhubId__c="k")
    admin("settings", unshared=[kept])
    assert refusal(api.get("/sobjects/Lead/LeadhubId__c/k")) == (404, "NOT_FOUND")
    answer = api.patch("/sobjects/Lead/LeadhubId__c/k", json={"LastName": "A", "Company": "B"})
    assert refusal(answer) == (400, "DUPLICATE_VALUE")
    assert answer.json()[0]["message"] == "duplicate value found: <unknown> duplicates value on record with id: <unknown>"
    row = {"attributes": {"type": "Lead"}, "LastName": "A", "Company": "B", "LeadhubId__c": "k"}
    assert _outcome(api.patch("/composite/sobjects/Lead/LeadhubId__c", json={"records": [row]})) == "DUPLICATE_VALUE"


def test_an_owners_records_can_be_out_of_sight(*, api: httpx.Client, make_lead: Make, soql: Soql, admin: Admin) -> None:
    """22: all records of an owner go out of sight together, with their history, as the owner changes; the owner stays a user to be read."""
    admin("settings", field_history={"Lead": ["OwnerId"]})
    jane = soql("SELECT Id FROM User WHERE Alias = 'jane'")[0]["Id"]
    row_id = make_lead()
    admin("settings", unshared=[jane])
    assert [r["Id"] for r in soql("SELECT Id FROM Lead")] == [row_id]
    assert api.patch(f"/sobjects/Lead/{row_id}", json={"OwnerId": jane}).status_code == 204
    assert soql("SELECT Id FROM Lead") == soql("SELECT Id FROM LeadHistory") == []
    assert soql(f"SELECT Alias FROM User WHERE Id = '{jane}'")[0]["Alias"] == "jane"
    admin("settings", unshared=[])
    assert len(soql("SELECT Id FROM LeadHistory")) == 3


def test_what_points_out_of_sight_shows_the_id_alone(*, api: httpx.Client, soql: Soql, admin: Admin, refusal: Refusal) -> None:
    """22: the id of an account that is not shared can be read from a contact, its fields cannot, and nothing new may point at it."""
    account = admin("create", object="Account", fields={"Name": "Acme"})["id"]
    contact = admin("create", object="Contact", fields={"LastName": "A", "AccountId": account})["id"]
    admin("settings", unshared=[account])
    (row,) = soql("SELECT AccountId, Account.Name FROM Contact")
    assert (row["AccountId"], row["Account"]) == (account, None)
    assert soql("SELECT Id FROM Contact WHERE Account.Name = 'Acme'") == []
    assert soql("SELECT Id FROM Contact WHERE AccountId IN (SELECT Id FROM Account)") == []
    assert refusal(api.post("/sobjects/Contact", json={"LastName": "B", "AccountId": account})) == OUT_OF_REACH
    assert api.patch(f"/sobjects/Contact/{contact}", json={"Title": "x"}).status_code == 204


def test_a_duplicate_out_of_sight_is_none(api: httpx.Client, make_lead: Make, admin: Admin, web: httpx.Client) -> None:
    """22, 36: a duplicate rule compares with what the user sees; people in Salesforce's pages see all."""
    kept = make_lead(Email="ann@acme.example")
    admin("settings", unshared=[kept], duplicate_rules=[{"action": "block", "fields": ["Email"]}])
    order = {"LastName": "A", "Company": "B", "Email": "ann@acme.example"}
    assert web.post("/_sandbox/create", json={"object": "Lead", "fields": order}).status_code == 400
    assert api.post("/sobjects/Lead", json=order).status_code == 201
