"""Privacy deletion: a contact that is gone for good, and addresses that may not come back."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from leadhub_sandbox.clock import SandboxClock

V3 = "/crm/v3/objects/contacts"
Create = Callable[..., dict[str, Any]]
PATHS = pytest.mark.parametrize("base", [V3, "/crm/objects/2026-03/contacts", "/crm/objects/2026-09/contacts"])


def purge(hub: httpx.Client, named: str, by: str | None = None, base: str = V3) -> httpx.Response:
    """Purge by id, or by e-mail."""
    return hub.post(f"{base}/gdpr-delete", json={"objectId": named} | ({"idProperty": by} if by else {}))


@PATHS
@pytest.mark.parametrize("by", [None, "email"])
def test_a_purged_contact_is_nowhere(
    hub: httpx.Client, create: Create, search: Callable[..., dict[str, Any]], clock: SandboxClock, base: str, by: str | None
) -> None:
    """Behavior 33: 204, then it is in no list, not the archived one, in no read, no batch read and, after the lag, no search."""
    made, kept = (create(email=f"{name}@x.example")["id"] for name in "ab")
    clock.advance(60)
    assert search()["total"] == 2
    assert purge(hub, "A@x.example" if by else made, by, base).status_code == 204
    for query in ("", "?archived=true"):
        assert hub.get(f"{V3}/{made}{query}").status_code == 404
    assert [entry["id"] for entry in hub.get(V3).json()["results"]] == [kept]
    assert hub.get(f"{V3}?archived=true").json()["results"] == []
    read = hub.post(f"{V3}/batch/read", json={"inputs": [{"id": made}], "properties": [], "propertiesWithHistory": []})
    assert (read.status_code, read.json()["errors"][0]["context"]) == (207, {"ids": [made]})
    assert hub.post("/_sandbox/restore", json={"id": made}).status_code == 404
    clock.advance(60)
    assert search()["total"] == 1


def test_archived_and_merged_ones_can_be_purged(hub: httpx.Client, create: Create) -> None:
    """Behavior 33: an archived contact, and one by an id that was merged away, are purged under all their ids."""
    gone = create(email="c@x.example")["id"]
    hub.delete(f"{V3}/{gone}")
    assert purge(hub, "c@x.example", "email").status_code == 204
    assert hub.get(f"{V3}?archived=true").json()["results"] == []
    pair = [create(email=f"{name}@x.example")["id"] for name in "ab"]
    survivor = hub.post(f"{V3}/merge", json={"primaryObjectId": pair[0], "objectIdToMerge": pair[1]}).json()["id"]
    assert purge(hub, pair[1]).status_code == 204
    assert {hub.get(f"{V3}/{record}").status_code for record in (*pair, survivor)} == {404}


def test_an_address_that_nobody_has_is_blocked(hub: httpx.Client, settings: Callable[..., None]) -> None:
    """Behavior 33: purging an unknown address is 204 and blocks it; whether that binds is a switch."""
    assert purge(hub, "Never@x.example", "email").status_code == 204
    body = {"properties": {"email": "never@x.example"}}
    refused = hub.post(V3, json=body)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "BLOCKED_EMAIL")
    settings(blocked_emails="none")
    assert hub.post(V3, json=body).status_code == 201


@pytest.mark.parametrize(("blocked", "status"), [("unknown", 201), ("all", 400), ("none", 201)])
def test_a_purged_address_can_come_back(hub: httpx.Client, create: Create, settings: Callable[..., None], blocked: str, status: int) -> None:
    """Behavior 33: the address of a purged contact can be created anew by the API, as another record, unless the account is set so that it cannot."""
    settings(blocked_emails=blocked)
    made = create(email="a@x.example")["id"]
    purge(hub, made)
    again = hub.post(V3, json={"properties": {"email": "A@x.example"}})
    assert again.status_code == status
    assert again.json().get("id") != made


def test_what_cannot_be_purged(hub: httpx.Client, create: Create) -> None:
    """Behavior 33: an unknown id is 404; no id, another idProperty and a text that is no address are 400."""
    create(email="a@x.example")
    answers = [purge(hub, "5"), purge(hub, ""), purge(hub, "a@x.example", "phone"), purge(hub, "nobody", "email")]
    assert [answer.status_code for answer in answers] == [404, 400, 400, 400]
    assert len(hub.get(V3).json()["results"]) == 1


def test_a_purge_ends_associations(hub: httpx.Client, create: Create) -> None:
    """Behavior 33: deals stay and count one contact less; a lead, which is about the contact, is deleted."""
    made = create(email="a@x.example")["id"]

    def spec(number: int) -> list[dict[str, Any]]:
        return [{"to": {"id": made}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": number}]}]

    deal = hub.post("/crm/v3/objects/deals", json={"properties": {"dealname": "D", "dealstage": "closedwon"}, "associations": spec(3)}).json()["id"]
    lead = hub.post("/crm/v3/objects/leads", json={"properties": {"hs_lead_name": "L"}, "associations": spec(578)}).json()["id"]
    assert purge(hub, made).status_code == 204
    told = hub.get(f"/crm/v3/objects/deals/{deal}?associations=contacts&properties=num_associated_contacts").json()
    assert (told["properties"]["num_associated_contacts"], "associations" in told) == ("0", False)
    assert hub.get(f"/crm/v3/objects/leads/{lead}").status_code == 404


@pytest.mark.parametrize("by", ["id", "email"])
def test_a_person_purges(hub: httpx.Client, create: Create, by: str) -> None:
    """Behavior 33: in HubSpot's pages a person can do it too; `records` tells the address, and a snapshot keeps it."""
    made = create(email="a@x.example")
    assert hub.post("/_sandbox/purge", json={by: made["id"] if by == "id" else "a@x.example"}).status_code == 204
    state = hub.get("/_sandbox/snapshot").json()
    hub.post("/_sandbox/purge", json={"email": "b@x.example"})
    hub.put("/_sandbox/snapshot", json=state)
    told = hub.get("/_sandbox/records").json()
    assert (told["results"], told["purged"]) == ([], {"a@x.example": True})
