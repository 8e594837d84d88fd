"""What the account's administrator and HubSpot's own jobs do: owners who leave, options that change, thousands of contacts touched at once."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from leadhub_sandbox.clock import SandboxClock

V3 = "/crm/v3/objects/contacts"
Create = Callable[..., dict[str, Any]]
Search = Callable[..., dict[str, Any]]


def test_archived_owners_are_listed_apart(hub: httpx.Client) -> None:
    """A user who left is an archived owner: told only when asked for, by id too, with the user id in the second field alone."""
    active, archived = (hub.get("/crm/v3/owners", params={"archived": flag}).json()["results"] for flag in ("false", "true"))
    assert [owner["id"] for owner in active] == ["7001", "7002", "7003"]
    assert [(owner["id"], owner["userId"], owner["userIdIncludingInactive"]) for owner in archived] == [("7004", None, 9004)]
    assert hub.get("/crm/v3/owners", params={"archived": "true", "email": "dirk.vos@owners.example"}).json()["results"] == archived
    assert (hub.get("/crm/v3/owners/7004").status_code, hub.get("/crm/v3/owners/7004?archived=true").status_code) == (404, 200)


def test_owners_come_in_pages(hub: httpx.Client) -> None:
    """Owners have a page size and a cursor."""
    first = hub.get("/crm/v3/owners?limit=2").json()
    assert [owner["id"] for owner in first["results"]] == ["7001", "7002"]
    second = hub.get("/crm/v3/owners", params={"limit": 2, "after": first["paging"]["next"]["after"]}).json()
    assert ([owner["id"] for owner in second["results"]], "paging" in second) == (["7003"], False)
    assert hub.get("/crm/v3/owners?limit=501").status_code == 400


def test_an_owner_who_leaves_keeps_contacts_and_gets_no_more(hub: httpx.Client, create: Create) -> None:
    """A contact keeps its owner when the user leaves; nobody can be given to that owner afterwards, but to a new one."""
    made = create(email="a@x.example", hubspot_owner_id="7001")["id"]
    hub.post("/_sandbox/owners", json={"id": "7001", "archived": True})
    new = hub.post("/_sandbox/owners", json={"email": "eve@owners.example", "firstName": "Eve", "lastName": "Holm"}).json()
    assert hub.get(f"{V3}/{made}?properties=hubspot_owner_id").json()["properties"]["hubspot_owner_id"] == "7001"
    given = [hub.patch(f"{V3}/{made}", json={"properties": {"hubspot_owner_id": owner}}).status_code for owner in ("7001", "7004", new["id"])]
    assert given == [400, 400, 200]


def test_the_options_of_the_lead_status_are_the_administrators(hub: httpx.Client, create: Create, settings: Callable[..., None]) -> None:
    """Behavior 25: an option that is taken away stays on its contacts and can no longer be written."""
    made = create(email="a@x.example", hs_lead_status="BAD_TIMING")["id"]
    settings(options={"hs_lead_status": ["NEW", {"value": "WARM", "label": "Warm lead"}]})
    listed = hub.get("/crm/v3/properties/contacts/hs_lead_status").json()["options"]
    assert [(option["value"], option["label"]) for option in listed] == [("NEW", "NEW"), ("WARM", "Warm lead")]
    assert hub.get(f"{V3}/{made}?properties=hs_lead_status").json()["properties"]["hs_lead_status"] == "BAD_TIMING"
    written = [hub.patch(f"{V3}/{made}", json={"properties": {"hs_lead_status": value}}).status_code for value in ("WARM", "BAD_TIMING")]
    assert written == [200, 400]


def test_an_invalid_email_changes_nothing(hub: httpx.Client, create: Create) -> None:
    """Behavior 15: the whole record stays as it was, also when one of a batch's values is the wrong one."""
    made = create(email="a@x.example", city="Lund")
    properties = {"email": "not an address", "city": "Oslo"}
    assert hub.patch(f"{V3}/{made['id']}", json={"properties": properties}).status_code == 400
    inputs = [{"id": made["id"], "properties": properties, "objectWriteTraceId": "t"}]
    told = hub.post(f"{V3}/batch/update", json={"inputs": inputs}).json()
    assert told["errors"][0]["errors"][0]["code"] == "INVALID_EMAIL"
    kept = hub.get(f"{V3}/{made['id']}?properties=city").json()
    assert (kept["properties"]["email"], kept["properties"]["city"], kept["updatedAt"]) == ("a@x.example", "Lund", made["updatedAt"])


def test_a_mass_touch_gives_all_one_instant(
    hub: httpx.Client, create: Create, search: Search, fill: Callable[[int], None], clock: SandboxClock
) -> None:
    """Behavior 42: HubSpot's own job changes no value and gives every live contact, or the named ones, one time of change."""
    fill(150)
    gone = create(email="gone@x.example")["id"]
    hub.post("/_sandbox/archive", json={"id": gone})
    clock.advance(3600)
    assert hub.post("/_sandbox/touch", json={}).status_code == 204
    clock.advance(60)
    at = {"propertyName": "lastmodifieddate", "operator": "EQ", "value": "2026-03-02T10:00:00Z"}
    assert search(at)["total"] == 150
    assert hub.get(V3).json()["results"][0]["properties"]["lastname"] == "P0"
    one = hub.get(V3).json()["results"][0]["id"]
    hub.post("/_sandbox/touch", json={"ids": [one], "at": "2026-03-02T09:30:00Z"})
    assert hub.get(f"{V3}/{one}").json()["updatedAt"] == "2026-03-02T09:30:00.000Z"


def test_a_shuffled_search_keeps_to_no_sort(search: Search, settings: Callable[..., None], fill: Callable[[int], None], clock: SandboxClock) -> None:
    """Behavior 38: with the switch on, even a sort by id is wrong, in the same way each time, and nothing is missing."""
    fill(60)
    clock.advance(60)
    settings(search_shuffled=True)
    ids = [entry["id"] for entry in search(sorts=["hs_object_id"])["results"]]
    assert ids != sorted(ids)
    assert len(set(ids)) == 60
    assert ids == [entry["id"] for entry in search(sorts=["hs_object_id"])["results"]]


@pytest.mark.parametrize(
    "bounds",
    [
        [("hs_object_id", "GTE", "1007003"), ("hs_object_id", "LT", "1007006")],
        [("hs_object_id", "GT", "1007002"), ("hs_object_id", "LTE", "1007005"), ("lastmodifieddate", "GTE", "2026-03-02T08:00:00Z")],
        [("hs_object_id", "LTE", "1007005"), ("lastmodifieddate", "GTE", "2026-03-02T09:02:00Z")],
        [("lastmodifieddate", "GT", "2026-03-02T09:01:00Z"), ("lastmodifieddate", "LT", "2026-03-02T09:05:00Z")],
    ],
)
def test_bounds_hold_together(create: Create, search: Search, clock: SandboxClock, bounds: list[tuple[str, str, str]]) -> None:
    """Behavior 39: filters on the id and on the time of change narrow each other, whichever is the narrower."""
    for at in range(8):
        create(email=f"p{at}@x.example")
        clock.advance(60)
    filters = [{"propertyName": name, "operator": operator, "value": value} for name, operator, value in bounds]
    assert [entry["id"] for entry in search(*filters)["results"]] == ["1007003", "1007004", "1007005"]


@pytest.mark.parametrize("source", ["AUTOMATION_PLATFORM", "INTEGRATION", "IMPORT", "FORM", "CALCULATED"])
def test_history_names_every_kind_of_author(hub: httpx.Client, create: Create, source: str) -> None:
    """Behavior 24: whoever it was, the history tells the kind, an id and a label; only people and imports have a user."""
    made = create(email="a@x.example")["id"]
    hub.post("/_sandbox/edit", json={"id": made, "properties": {"city": "Lund"}, "source": source})
    [version] = hub.get(f"{V3}/{made}?propertiesWithHistory=city").json()["propertiesWithHistory"]["city"]
    assert (version["sourceType"], bool(version["sourceId"]), bool(version["sourceLabel"])) == (source, True, True)
    assert ("updatedByUserId" in version) is (source == "IMPORT")


def test_the_past_can_be_seeded(hub: httpx.Client) -> None:
    """An order with "system" sets what HubSpot itself keeps, the date of creation included; without it that is refused."""
    properties = {"email": "a@x.example", "createdate": "2025-01-01T00:00:00Z", "hs_analytics_source": "ORGANIC_SEARCH"}
    refused = hub.post("/_sandbox/create", json={"properties": properties})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "READ_ONLY_VALUE")
    made = hub.post("/_sandbox/create", json={"properties": properties, "system": True}).json()
    shown = hub.get(f"{V3}/{made['id']}?properties=hs_analytics_source").json()
    assert (shown["createdAt"], shown["properties"]["hs_analytics_source"]) == ("2025-01-01T00:00:00.000Z", "ORGANIC_SEARCH")


def test_properties_are_made_by_their_api_and_scope_alone(hub: httpx.Client, settings: Callable[..., None]) -> None:
    """Behavior 46: writing an unknown property never makes it; making one takes the schema scope."""
    made = {"name": "tier", "label": "Tier", "type": "enumeration", "fieldType": "select", "groupName": "contactinformation"}
    options = [{"label": "Gold", "value": "gold"}, {"label": "Silver", "value": "silver"}]
    contact = {"properties": {"lastname": "A", "tier": "gold"}}
    assert hub.post(V3, json=contact).status_code == 400
    settings(scopes=["crm.objects.contacts.read", "crm.objects.contacts.write", "crm.schemas.contacts.read"])
    refused = hub.post("/crm/v3/properties/contacts", json=made | {"options": options})
    assert (refused.status_code, refused.json()["category"]) == (403, "MISSING_SCOPES")
    assert hub.get("/crm/v3/properties/contacts/tier").status_code == 404
    settings(scopes=["crm.objects.contacts.read", "crm.objects.contacts.write", "crm.schemas.contacts.write"])
    assert hub.post("/crm/v3/properties/contacts", json=made | {"options": options}).status_code == 201
    assert hub.post(V3, json=contact).json()["properties"]["tier"] == "gold"


@pytest.mark.parametrize(
    "odd",
    [
        {"type": "string", "fieldType": "select"},
        {"type": "bool", "fieldType": "text"},
        {"type": "enumeration", "fieldType": "select"},
        {"name": "Tier"},
        {"name": "1tier"},
        {"type": "money"},
    ],
)
def test_odd_definitions_are_refused(hub: httpx.Client, odd: dict[str, str]) -> None:
    """Behavior 46: a field type that does not go with the type, choices without options and names that are none are 400."""
    made = {"name": "tier", "label": "Tier", "type": "string", "fieldType": "text", "groupName": "contactinformation"} | odd
    assert hub.post("/crm/v3/properties/contacts", json=made).status_code == 400


def test_options_kept_elsewhere_are_not_listed(hub: httpx.Client) -> None:
    """Behavior 46: owners are the options of the owner property, which says that they are kept elsewhere."""
    told = hub.get("/crm/v3/properties/contacts/hubspot_owner_id").json()
    assert (told["externalOptions"], told["options"]) == (True, [])
