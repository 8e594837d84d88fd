"""What the account tells of itself, and the admin API behind it."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

V3 = "/crm/v3/objects/contacts"
Create = Callable[..., dict[str, Any]]


@pytest.mark.parametrize("base", ["/crm/v3/properties", "/crm/properties/2026-03", "/crm/properties/2026-09"])
def test_properties_are_described(hub: httpx.Client, base: str) -> None:
    """Behavior 46: every version lists the properties with options and modificationMetadata; leadhub_id is unique from the start."""
    listed = {entry["name"]: entry for entry in hub.get(f"{base}/contacts").json()["results"]}
    assert [option["value"] for option in listed["lifecyclestage"]["options"]][:2] == ["subscriber", "lead"]
    assert listed["lastmodifieddate"]["modificationMetadata"]["readOnlyValue"] is True
    assert (listed["leadhub_id"]["hasUniqueValue"], listed["leadhub_id"]["hubspotDefined"]) == (True, False)
    assert hub.get(f"{base}/contacts/email").json() == listed["email"]
    assert hub.get(f"{base}/contacts/no_such").status_code == 404


def test_a_property_can_be_made_once(hub: httpx.Client) -> None:
    """Behavior 46: a new property takes values; its name cannot be taken again, and unique ones end at ten."""
    made = {"label": "X", "type": "string", "fieldType": "text", "groupName": "contactinformation", "hasUniqueValue": True}
    answers = [hub.post("/crm/v3/properties/contacts", json=made | {"name": f"key_{at}"}).status_code for at in range(10)]
    assert answers == [201] * 9 + [400]
    assert hub.post("/crm/v3/properties/contacts", json=made | {"name": "key_0"}).status_code == 409
    assert hub.post("/crm/v3/properties/contacts", json={"name": "y"}).status_code == 400
    body = {"inputs": [{"idProperty": "key_0", "id": "1", "properties": {"email": "a@x.example"}}]}
    assert hub.post(f"{V3}/batch/upsert", json=body).json()["results"][0]["new"] is True


def test_owners(hub: httpx.Client) -> None:
    """Owners are listed and found by e-mail or id, and a contact takes only their ids."""
    listed = hub.get("/crm/v3/owners").json()["results"]
    one = hub.get("/crm/v3/owners", params={"email": listed[1]["email"]}).json()["results"]
    assert one == [listed[1]]
    assert hub.get(f"/crm/owners/2026-09/{listed[1]['id']}").json() == listed[1]
    assert hub.get("/crm/v3/owners/1").status_code == 404
    owned = [hub.post(V3, json={"properties": {"lastname": "B", "hubspot_owner_id": owner}}).status_code for owner in (listed[0]["id"], "1")]
    assert owned == [201, 400]


@pytest.mark.parametrize("version", ["v3", "2026-03"])
def test_account_details(hub: httpx.Client, settings: Callable[..., None], version: str) -> None:
    """Behavior 53 (details only): the account tells its portal and whether it is a real one."""
    details = hub.get(f"/account-info/{version}/details").json()
    assert (details["portalId"], details["accountType"]) == (40_000_007, "DEVELOPER_TEST")
    assert (details["uiDomain"], details["timeZone"], details["utcOffset"]) == ("app.hubspot.com", "US/Eastern", "-05:00")
    settings(account_type="STANDARD")
    assert hub.get(f"/account-info/{version}/details").json()["accountType"] == "STANDARD"


def test_records_shows_all(hub: httpx.Client, create: Create) -> None:
    """The admin's list holds archived contacts and every value, and tells where merged ids lead."""
    ids = [create(email=f"{name}@x.example", city="Lund")["id"] for name in "abc"]
    hub.post("/_sandbox/archive", json={"id": ids[0]})
    survivor = hub.post("/_sandbox/merge", json={"primaryObjectId": ids[1], "objectIdToMerge": ids[2]}).json()["id"]
    body = hub.get("/_sandbox/records").json()
    assert [(entry["id"], entry["archived"]) for entry in body["results"]] == [(ids[0], True), (survivor, False)]
    assert body["merged"] == {ids[1]: survivor, ids[2]: survivor}
    assert body["results"][0]["properties"]["city"] == "Lund"


def test_a_person_creates(hub: httpx.Client) -> None:
    """A contact made in HubSpot's pages has CRM_UI in its history, and the same rules bind it."""
    made = hub.post("/_sandbox/create", json={"properties": {"email": "a@x.example"}, "user": "jo@people.example"})
    assert made.status_code == 201
    history = hub.get(f"{V3}/{made.json()['id']}?propertiesWithHistory=email").json()["propertiesWithHistory"]["email"]
    assert (history[0]["sourceType"], history[0]["sourceLabel"]) == ("CRM_UI", "jo@people.example")
    assert hub.post("/_sandbox/create", json={"properties": {"email": "A@x.example"}}).status_code == 409


@pytest.mark.parametrize(
    ("path", "order", "status", "hint"),
    [
        ("settings", {"no_such": 1}, 400, "unknown setting 'no_such'; known:"),
        ("settings", {"burst_limit": "many"}, 400, "takes a int"),
        ("settings", {"options": {"email": ["x"]}}, 400, "not an enumeration"),
        ("edit", {"id": "1", "properties": {}}, 404, "There is no contact 1."),
        ("create", {"properties": {"email": "a@x.example"}, "source": "MAGIC"}, 400, "CRM_UI or AUTOMATION_PLATFORM"),
        ("automation", {"property": "city"}, 400, "the order lacks 'set'"),
    ],
)
def test_admin_mistakes_are_told(hub: httpx.Client, path: str, order: dict[str, Any], status: int, hint: str) -> None:
    """A wrong admin order is refused with a text that says what is wrong, and changes nothing."""
    before = hub.get("/_sandbox/settings").json()
    answer = hub.post(f"/_sandbox/{path}", json=order)
    assert answer.status_code == status
    assert hint in answer.text
    assert hub.get("/_sandbox/settings").json() == before
