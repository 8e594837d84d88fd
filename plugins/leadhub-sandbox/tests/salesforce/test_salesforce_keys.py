"""External ids: upserts by them, values that clash, values in paths, and what is not visible yet (behaviors 17, 29, 30, 31)."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from leadhub_sandbox import SandboxClock

Make = Callable[..., str]
Read = Callable[[str], dict[str, Any]]
Admin = Callable[..., Any]
BODY = {"LastName": "Berg", "Company": "Acme"}


def test_several_holders_of_a_key_are_a_choice(api: httpx.Client, make_lead: Make, lead: Read) -> None:
    """29: an external id that need not be unique gives 300 with the holders' paths, to a read and to an upsert, which changes none of them."""
    ids = {make_lead(Legacy_Id__c="L-1") for _ in range(2)}
    path = "/sobjects/Lead/Legacy_Id__c/L-1"
    for answer in (api.get(path), api.patch(path, json={"Title": "x"})):
        assert answer.status_code == 300
        assert {uri.rsplit("/", 1)[1] for uri in answer.json()} == ids
        assert all(uri.startswith("/services/data/v62.0/sobjects/Lead/") for uri in answer.json())
    assert {lead(i)["Title"] for i in ids} == {None}


def test_several_holders_in_a_collection_fail_their_record_alone(api: httpx.Client, make_lead: Make) -> None:
    """29: the record is refused by DUPLICATE_EXTERNAL_ID, which names the holders; the others are written."""
    ids = [make_lead(Legacy_Id__c="L-1") for _ in range(2)]
    rows = [{"attributes": {"type": "Lead"}, **BODY, "Legacy_Id__c": key} for key in ("L-1", "L-2")]
    clash, made = api.patch("/composite/sobjects/Lead/Legacy_Id__c", json={"records": rows}).json()
    assert clash["errors"][0]["statusCode"] == "DUPLICATE_EXTERNAL_ID"
    assert all(i in clash["errors"][0]["message"] for i in ids)
    assert made["created"]


def test_one_holder_is_found_and_a_deleted_one_is_none(api: httpx.Client, make_lead: Make) -> None:
    """29: a key with one live holder reads and updates it; a holder in the bin does not count."""
    gone, kept = make_lead(Legacy_Id__c="L-1"), make_lead(Legacy_Id__c="l-1")
    api.delete(f"/sobjects/Lead/{gone}")
    path = "/sobjects/Lead/Legacy_Id__c/L-1"
    assert api.get(path).json()["Id"] == kept
    assert api.patch(path, json={"Title": "x"}).json() == {"id": kept, "success": True, "errors": [], "created": False}


def test_an_upsert_that_may_only_update_makes_nothing(api: httpx.Client, soql: Callable[..., Any], refusal: Callable[..., Any]) -> None:
    """29: updateOnly is 404 where nobody holds the key; a field that is no external id, or is hidden, is 404 too; the key may not repeat in the body."""
    path = "/sobjects/Lead/LeadhubId__c/k-1"
    assert refusal(api.patch(path, params={"updateOnly": "true"}, json=BODY)) == (404, "NOT_FOUND")
    assert refusal(api.patch("/sobjects/Lead/Phone/5", json=BODY)) == (404, "NOT_FOUND")
    assert refusal(api.patch(path, json={**BODY, "LeadhubId__c": "k-1"})) == (400, "INVALID_FIELD")
    assert soql("SELECT Id FROM Lead") == []


@pytest.mark.parametrize("version", ["v45.0", "v46.0", "v68.0"])
def test_an_update_by_key_tells_more_since_46(api: httpx.Client, make_lead: Make, server: Any, version: str) -> None:
    """29: an upsert that changed a record is an empty 204 in old versions and a 200 with a body since."""
    make_lead(LeadhubId__c="k-1")
    answer = api.patch(f"{server.url}/services/data/{version}/sobjects/Lead/LeadhubId__c/k-1", json={"Title": "x"})
    assert answer.status_code == (204 if version == "v45.0" else 200)


def test_a_unique_value_clashes_however_it_arrives(*, api: httpx.Client, web: httpx.Client, make_lead: Make, soql: Callable[..., Any]) -> None:
    """30: on create, on update, in a collection and on undelete a second holder is DUPLICATE_VALUE, which names field and record, in any letter case."""
    first, second = make_lead(LeadhubId__c="k-1"), make_lead()
    told = f"duplicate value found: LeadhubId__c duplicates value on record with id: {first}"
    answers = [
        api.post("/sobjects/Lead", json={**BODY, "LeadhubId__c": "K-1"}).json()[0],
        api.patch(f"/sobjects/Lead/{second}", json={"LeadhubId__c": " k-1 "}).json()[0],
    ]
    assert [(a["errorCode"], a["message"], a["fields"]) for a in answers] == [("DUPLICATE_VALUE", told, ["LeadhubId__c"])] * 2
    row = {"attributes": {"type": "Lead"}, "id": second, "LeadhubId__c": "k-1"}
    (outcome,) = api.patch("/composite/sobjects", json={"records": [row]}).json()
    assert (outcome["errors"][0]["statusCode"], outcome["errors"][0]["message"]) == ("DUPLICATE_VALUE", told)
    api.delete(f"/sobjects/Lead/{first}")
    assert api.patch(f"/sobjects/Lead/{second}", json={"LeadhubId__c": "k-1"}).status_code == 204
    refused = web.post("/_sandbox/undelete", json={"id": first})
    assert refused.json()[0]["errorCode"] == "DUPLICATE_VALUE"
    assert [r["Id"] for r in soql("SELECT Id FROM Lead WHERE LeadhubId__c = 'k-1'")] == [second]


@pytest.mark.parametrize(("sent", "kept"), [("a%20b", "a b"), ("a%2Fb", "a/b"), ("a/b", "a/b"), ("a+b", "a+b"), ("%C3%A9", "é"), ("a%27b", "a'b")])
def test_a_key_in_a_path_is_decoded_once(*, api: httpx.Client, lead: Read, sent: str, kept: str) -> None:
    """31: percent signs are decoded, a plus stays a plus, and what was made so is found so."""
    made = api.patch(f"/sobjects/Lead/LeadhubId__c/{sent}", json=BODY)
    assert made.status_code == 201
    assert lead(made.json()["id"])["LeadhubId__c"] == kept
    assert api.get(f"/sobjects/Lead/LeadhubId__c/{sent}").json()["Id"] == made.json()["id"]


@pytest.mark.parametrize("value", ["ann@acme.inc", "ann%40acme.com", "report.pdf"])
def test_a_key_that_ends_like_a_file_is_never_found(api: httpx.Client, make_lead: Make, refusal: Callable[..., Any], value: str) -> None:
    """31: a value with what looks like a file's ending is 404 in a path, although a record holds it."""
    make_lead(LeadhubId__c="ann@acme.inc")
    path = f"/sobjects/Lead/LeadhubId__c/{value}"
    assert refusal(api.get(path)) == (404, "NOT_FOUND")
    assert refusal(api.patch(path, json=BODY)) == (404, "NOT_FOUND")


def test_a_late_write_is_seen_late_by_every_reader(
    *, api: httpx.Client, make_lead: Make, soql: Callable[..., Any], clock: SandboxClock, admin: Admin
) -> None:
    """17: query, queryAll, row, collections read and /updated all show the old version until the skew has passed, and the new one after."""
    row_id = make_lead(Title="old")
    clock.advance(60)
    admin("settings", commit_skew=120)
    admin("edit", id=row_id, fields={"Title": "new"})
    window = {"start": "2026-11-16T10:01:00Z", "end": "2026-11-16T10:05:00Z"}

    def seen() -> list[Any]:
        found = api.get("/sobjects/Lead/updated", params=window).json()
        return [
            soql("SELECT Title FROM Lead")[0]["Title"],
            soql("SELECT Title FROM Lead", "/queryAll")[0]["Title"],
            api.get(f"/sobjects/Lead/{row_id}").json()["Title"],
            api.post("/composite/sobjects/Lead", json={"ids": [row_id], "fields": ["Title"]}).json()[0]["Title"],
            found["ids"],
            found["latestDateCovered"],
        ]

    clock.advance(119)
    assert seen() == ["old"] * 4 + [[], "2026-11-16T10:01:00.000+0000"]
    clock.advance(1)
    assert seen() == ["new"] * 4 + [[row_id], "2026-11-16T10:03:00.000+0000"]


def test_a_snapshot_keeps_what_is_not_yet_visible(
    web: httpx.Client, make_lead: Make, soql: Callable[..., Any], clock: SandboxClock, admin: Admin
) -> None:
    """17, 46: a write on its way when the snapshot was taken is on its way again after it was put back."""
    make_lead(Title="old")
    admin("settings", commit_skew=60, field_history={"Lead": ["Title"]})
    admin("edit", id=soql("SELECT Id FROM Lead")[0]["Id"], fields={"Title": "new"})
    state = web.get("/_sandbox/snapshot").json()
    clock.advance(60)
    assert soql("SELECT Title FROM Lead")[0]["Title"] == "new"
    clock.advance(-60)
    assert web.put("/_sandbox/snapshot", json=state).status_code == 204
    assert (soql("SELECT Title FROM Lead")[0]["Title"], soql("SELECT Field FROM LeadHistory")) == ("old", [])
    clock.advance(60)
    assert soql("SELECT Title FROM Lead")[0]["Title"] == "new"
    assert soql("SELECT Field FROM LeadHistory")[0]["Field"] == "Title"
