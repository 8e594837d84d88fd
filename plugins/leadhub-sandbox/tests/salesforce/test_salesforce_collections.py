"""Collections of records in one call (behaviors 29, 31, 32, 33)."""

from collections.abc import Callable
from typing import Any

import httpx
from leadhub_sandbox import SandboxServer

Make = Callable[..., str]
Read = Callable[[str], dict[str, Any]]
LEAD = {"attributes": {"type": "Lead"}, "Company": "Acme"}
UPSERT = "/composite/sobjects/Lead/LeadhubId__c"


def _codes(answer: httpx.Response) -> list[str | None]:
    assert answer.status_code == 200, answer.text
    return [o["errors"][0]["statusCode"] if o["errors"] else None for o in answer.json()]


def test_each_record_has_its_outcome_in_order(api: httpx.Client, soql: Callable[..., Any]) -> None:
    """32: a partial failure is HTTP 200, with statusCode, message and fields for the failing record and the others stored."""
    answer = api.post("/composite/sobjects", json={"allOrNone": False, "records": [LEAD | {"LastName": "A"}, LEAD, LEAD | {"LastName": "C"}]})
    assert _codes(answer) == [None, "REQUIRED_FIELD_MISSING", None]
    assert answer.json()[1]["errors"][0]["fields"] == ["LastName"]
    assert "id" not in answer.json()[1]
    assert {r["LastName"] for r in soql("SELECT LastName FROM Lead")} == {"A", "C"}


def test_all_or_none_leaves_nothing(api: httpx.Client, make_lead: Make, lead: Read, soql: Callable[..., Any]) -> None:
    """32: with allOrNone one failure undoes the call, unique values included, and the others say that they were rolled back."""
    rows = [LEAD | {"LastName": "A", "LeadhubId__c": "k"}, LEAD]
    answer = api.post("/composite/sobjects", json={"allOrNone": True, "records": rows})
    assert _codes(answer) == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
    assert soql("SELECT Id FROM Lead") == []
    row_id = make_lead(LeadhubId__c="k", Title="old")
    changes = [{"attributes": {"type": "Lead"}, "id": row_id, "Title": "new"}, {"attributes": {"type": "Lead"}, "id": row_id[:15] + "AAA"}]
    api.patch("/composite/sobjects", json={"allOrNone": True, "records": changes})
    assert lead(row_id)["Title"] == "old"


def test_the_size_of_a_call_is_bounded(api: httpx.Client, refusal: Callable[..., Any], soql: Callable[..., Any]) -> None:
    """32: 201 records, eleven runs of types, a record without a type and a body without records refuse the whole call."""
    many = [LEAD | {"LastName": str(i)} for i in range(201)]
    assert refusal(api.post("/composite/sobjects", json={"records": many})) == (400, "EXCEEDED_ID_LIMIT")
    account = {"attributes": {"type": "Account"}, "Name": "x"}
    chunks = [LEAD | {"LastName": "x"} if i % 2 else account for i in range(11)]
    assert refusal(api.post("/composite/sobjects", json={"records": chunks})) == (400, "LIMIT_EXCEEDED")
    assert refusal(api.post("/composite/sobjects", json={"records": [{"LastName": "x"}]})) == (400, "INVALID_INPUT")
    assert refusal(api.post("/composite/sobjects", json=[LEAD])) == (400, "JSON_PARSER_ERROR")
    assert soql("SELECT Id FROM Lead") == []
    assert _codes(api.post("/composite/sobjects", json={"records": chunks[:10]})) == [None] * 10


def test_an_update_names_each_record_once(api: httpx.Client, make_lead: Make, lead: Read, admin: Callable[..., Any]) -> None:
    """32: an id twice, a missing id, an id of another object, a deleted row, an unknown one and a locked one each fail alone."""
    once, twice, locked = make_lead(), make_lead(), make_lead()
    gone = make_lead()
    admin("delete", id=gone)
    admin("settings", locked_records=[locked])
    unknown = once[:14] + ("0" if once[14] != "0" else "1")
    ids = [once, twice, twice[:15], None, "0013000001K1TqNAAV", gone, unknown, locked]
    rows = [{"attributes": {"type": "Lead"}, "id": i, "Title": "x"} for i in ids]
    codes = _codes(api.patch("/composite/sobjects", json={"records": rows}))
    assert codes[:3] == [None, "DUPLICATE_VALUE", "DUPLICATE_VALUE"]
    assert codes[3:] == ["MISSING_ARGUMENT", "MALFORMED_ID", "ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "UNABLE_TO_LOCK_ROW"]
    assert lead(once)["Title"] == "x"
    assert lead(twice)["Title"] is None


def test_an_upsert_creates_once_and_then_updates(api: httpx.Client, lead: Read, soql: Callable[..., Any]) -> None:
    """29, 32: an upsert by the external id says which records it made, and a repeat of it makes none."""
    rows = [LEAD | {"LastName": "A", "LeadhubId__c": "k1"}, LEAD | {"LastName": "B", "LeadhubId__c": "k2"}]
    first = api.patch(UPSERT, json={"records": rows}).json()
    again = api.patch(UPSERT, json={"records": [rows[1] | {"Title": "CEO"}, rows[0]]}).json()
    assert [o["created"] for o in first] == [True, True]
    assert [(o["id"], o["created"]) for o in again] == [(first[1]["id"], False), (first[0]["id"], False)]
    assert lead(first[1]["id"])["Title"] == "CEO"
    assert len(soql("SELECT Id FROM Lead")) == 2


def test_a_failed_upsert_still_says_created(api: httpx.Client, make_lead: Make, refusal: Callable[..., Any]) -> None:
    """29, 32: a failed record carries `created` as Salesforce's does, so only `success` may be trusted; a bad key field is a 404."""
    make_lead(LeadhubId__c="old")
    rows = [
        LEAD | {"LeadhubId__c": "new"},
        LEAD | {"LastName": "x", "LeadhubId__c": "same"},
        LEAD | {"LastName": "y", "LeadhubId__c": "SAME"},
        LEAD | {"LastName": "z"},
        LEAD | {"LastName": "z" * 99, "LeadhubId__c": "old"},
    ]
    answer = api.patch(UPSERT, json={"records": rows})
    assert _codes(answer) == ["REQUIRED_FIELD_MISSING", "DUPLICATE_VALUE", "DUPLICATE_VALUE", "MISSING_ARGUMENT", "STRING_TOO_LONG"]
    assert [(o["success"], o["created"]) for o in answer.json()] == [(False, True)] * 4 + [(False, False)]
    assert refusal(api.patch("/composite/sobjects/Lead/Email", json={"records": rows})) == (404, "NOT_FOUND")


def test_a_collection_obeys_the_assignment_header(api: httpx.Client, lead: Read, admin: Callable[..., Any]) -> None:
    """32, 35: creates and updates in a collection are assigned unless the header says FALSE."""
    owner = admin("settings")["assignment_rule"]["owner"]
    kept = api.post("/composite/sobjects", json={"records": [LEAD | {"LastName": "A"}]}).json()[0]["id"]
    moved = api.post("/composite/sobjects", json={"records": [LEAD | {"LastName": "A"}]}, headers={"Sforce-Auto-Assign": "TRUE"}).json()[0]["id"]
    assert lead(kept)["OwnerId"] != owner
    assert lead(moved)["OwnerId"] == owner


def test_a_collection_of_deletes(api: httpx.Client, make_lead: Make, soql: Callable[..., Any]) -> None:
    """32: deletes by ids report each id, and allOrNone as a parameter keeps all when one fails."""
    one, two = make_lead(), make_lead()
    assert _codes(api.delete("/composite/sobjects", params={"ids": f"{one},nonsense", "allOrNone": "true"})) == [
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "MALFORMED_ID",
    ]
    assert len(soql("SELECT Id FROM Lead")) == 2
    assert _codes(api.delete("/composite/sobjects", params={"ids": f"{one},{two}"})) == [None, None]
    assert soql("SELECT Id FROM Lead") == []


def test_each_delete_needs_its_right_and_its_lock(api: httpx.Client, make_lead: Make, admin: Callable[..., Any], refusal: Callable[..., Any]) -> None:
    """32: of five deletes one is made; a lead gone, one locked, one that may not be deleted and one that never was fail alone."""
    free, gone, locked, kept = (make_lead() for _ in range(4))
    admin("delete", id=gone)
    admin("settings", locked_records=[locked], no_delete=[kept])
    unknown = f"{free[:14]}z"
    assert _codes(api.delete("/composite/sobjects", params={"ids": f"{free},{gone},{locked},{kept},{unknown}", "allOrNone": "false"})) == [
        None,
        "ENTITY_IS_DELETED",
        "UNABLE_TO_LOCK_ROW",
        "INSUFFICIENT_ACCESS_OR_READONLY",
        "INVALID_CROSS_REFERENCE_KEY",
    ]
    assert refusal(api.delete(f"/sobjects/Lead/{kept}")) == (403, "INSUFFICIENT_ACCESS_OR_READONLY")


def test_without_the_right_to_delete_an_object_nothing_goes(api: httpx.Client, make_lead: Make, admin: Callable[..., Any]) -> None:
    """32: the right is the object's: no lead is deleted by a client, and a person in Salesforce's pages still deletes one."""
    lead = make_lead()
    admin("settings", no_delete=["Lead"])
    assert _codes(api.delete("/composite/sobjects", params={"ids": lead})) == ["INSUFFICIENT_ACCESS_OR_READONLY"]
    assert api.get(f"/sobjects/Lead/{lead}").status_code == 200
    admin("delete", id=lead)
    assert api.get(f"/sobjects/Lead/{lead}").status_code == 404


def test_a_collection_read_keeps_order_and_gaps(api: httpx.Client, make_lead: Make, refusal: Callable[..., Any]) -> None:
    """33: a read answers in the order asked, null for what is not there; a bad field or 2,001 ids refuse the whole call."""
    one, two = make_lead(Title="a"), make_lead(Title="b")
    unknown = one[:14] + ("0" if one[14] != "0" else "1")
    order = {"ids": [two, unknown, one], "fields": ["Id", "Title"]}
    rows = api.post("/composite/sobjects/Lead", json=order).json()
    assert [r and r["Title"] for r in rows] == ["b", None, "a"]
    assert refusal(api.post("/composite/sobjects/Lead", json=order | {"fields": ["Nope"]})) == (400, "INVALID_FIELD")
    assert refusal(api.post("/composite/sobjects/Lead", json=order | {"ids": [one] * 2001})) == (400, "EXCEEDED_ID_LIMIT")


def test_one_record_is_upserted_by_its_path(api: httpx.Client, lead: Read, refusal: Callable[..., Any], server: SandboxServer) -> None:
    """29, 31: an upsert by path is 201 then 200 (204 in old versions); the value is decoded, must not repeat in the body or end like a file name."""
    path = "/sobjects/Lead/LeadhubId__c/a%20b%2Fc"
    body = {"LastName": "Berg", "Company": "Acme"}
    assert refusal(api.patch(path, json=body, params={"updateOnly": "true"})) == (404, "NOT_FOUND")
    created, again = api.patch(path, json=body), api.patch(path, json=body)
    assert (created.status_code, created.json()["created"], again.status_code, again.json()["created"]) == (201, True, 200, False)
    assert lead(created.json()["id"])["LeadhubId__c"] == "a b/c"
    assert api.get(path).json()["Id"] == created.json()["id"] == again.json()["id"]
    assert api.patch(f"{server.url}/services/data/v45.0{path}", json=body).status_code == 204
    assert refusal(api.patch(path, json=body | {"LeadhubId__c": "a b/c"})) == (400, "INVALID_FIELD")
    assert refusal(api.patch("/sobjects/Lead/LeadhubId__c/ann@acme.inc", json=body)) == (404, "NOT_FOUND")
    assert refusal(api.patch("/sobjects/Lead/Email/x", json=body)) == (404, "NOT_FOUND")
