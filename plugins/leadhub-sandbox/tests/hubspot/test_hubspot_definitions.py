"""Definitions that change: properties that are archived or renamed by the API, and rules that bind the newest version."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

V3 = "/crm/v3/objects/contacts"
PROPERTIES = "/crm/v3/properties/contacts"
Create = Callable[..., dict[str, Any]]
Settings = Callable[..., None]
TIER = {
    "name": "tier",
    "label": "Tier",
    "type": "enumeration",
    "fieldType": "select",
    "groupName": "contactinformation",
    "options": [{"label": "Gold", "value": "gold"}, {"label": "Silver", "value": "silver"}],
}
BASES = pytest.mark.parametrize("base", [PROPERTIES, "/crm/properties/2026-03/contacts", "/crm/properties/2026-09/0-1"])


@pytest.fixture
def tier(hub: httpx.Client) -> str:
    """The name of a property that the account has made."""
    assert hub.post(PROPERTIES, json=TIER).status_code == 201
    return "tier"


@BASES
def test_an_archived_property_is_gone(hub: httpx.Client, create: Create, tier: str, base: str) -> None:
    """Behavior 46: archiving is 204; then it is in the archived list alone, writes and searches of it are 400, and reads pass over it."""
    made = create(email="a@x.example", tier="gold")["id"]
    assert hub.delete(f"{base}/{tier}").status_code == 204
    assert (hub.get(f"{base}/{tier}").status_code, hub.get(f"{base}/{tier}?archived=true").json()["archived"]) == (404, True)
    assert tier not in {entry["name"] for entry in hub.get(base).json()["results"]}
    assert [entry["name"] for entry in hub.get(f"{base}?archived=true").json()["results"]] == [tier]
    refused = hub.patch(f"{V3}/{made}", json={"properties": {tier: "silver"}})
    assert refused.json()["errors"][0]["code"] == "PROPERTY_DOESNT_EXIST"
    assert tier not in hub.get(f"{V3}/{made}?properties={tier}").json()["properties"]
    filters = [{"propertyName": tier, "operator": "HAS_PROPERTY"}]
    assert hub.post(f"{V3}/search", json={"filterGroups": [{"filters": filters}]}).status_code == 400
    assert (hub.delete(f"{base}/{tier}").status_code, hub.post(base, json=TIER).status_code) == (404, 409)


@BASES
def test_label_and_options_change(hub: httpx.Client, create: Create, tier: str, base: str) -> None:
    """Behavior 46: a PATCH renames and replaces the options; what was an option stays on its contacts and can no longer be written."""
    made = create(email="a@x.example", tier="silver")["id"]
    change = {"label": "Grade", "options": [{"label": "Gold!", "value": "gold"}, {"label": "Lead", "value": "lead", "displayOrder": 0}]}
    told = hub.patch(f"{base}/{tier}", json=change).json()
    assert (told["label"], [option["label"] for option in told["options"]]) == ("Grade", ["Gold!", "Lead"])
    assert hub.get(f"{base}/{tier}").json() == told
    assert hub.get(f"{V3}/{made}?properties=tier").json()["properties"]["tier"] == "silver"
    written = [hub.patch(f"{V3}/{made}", json={"properties": {"tier": value}}).status_code for value in ("silver", "lead")]
    assert written == [400, 200]


@pytest.mark.parametrize(
    ("method", "name", "change", "status"),
    [
        ("DELETE", "firstname", None, 400),
        ("DELETE", "none", None, 404),
        ("PATCH", "none", {"label": "X"}, 404),
        ("PATCH", "firstname", {"label": "Given name"}, 400),
        ("PATCH", "hubspot_owner_id", {"options": [{"label": "X", "value": "1"}]}, 400),
        ("PATCH", "hs_analytics_source", {"options": [{"label": "X", "value": "1"}]}, 400),
        ("PATCH", "tier", {"name": "rank"}, 400),
        ("PATCH", "tier", {"hasUniqueValue": True}, 400),
        ("PATCH", "tier", {"fieldType": "text"}, 400),
        ("PATCH", "tier", {"groupName": "none"}, 400),
        ("PATCH", "tier", {"options": []}, 400),
        ("PATCH", "tier", {"options": [{"value": "gold"}]}, 400),
        ("PATCH", "tier", {"options": [{"label": "A", "value": "a"}, {"label": "B", "value": "a"}]}, 400),
        ("PATCH", "tier", {"options": ["gold"]}, 400),
    ],
)
def test_what_of_a_definition_cannot_change(hub: httpx.Client, tier: str, method: str, name: str, change: dict[str, Any] | None, status: int) -> None:
    """Behavior 46: HubSpot's own definitions are read only, as modificationMetadata says, and a change must fit together."""
    before = hub.get(PROPERTIES).json()
    assert hub.request(method, f"{PROPERTIES}/{name}", json=change).status_code == status
    assert hub.get(PROPERTIES).json() == before


def test_the_options_of_hubspots_own_choices_can_change(hub: httpx.Client, create: Create) -> None:
    """Behavior 46: where modificationMetadata says readOnlyDefinition but not readOnlyOptions, options alone can change."""
    told = hub.get(f"{PROPERTIES}/hs_lead_status").json()["modificationMetadata"]
    assert (told["readOnlyDefinition"], told["readOnlyOptions"], told["archivable"]) == (True, False, False)
    assert hub.patch(f"{PROPERTIES}/hs_lead_status", json={"options": [{"label": "Hot", "value": "HOT"}]}).status_code == 200
    assert create(email="a@x.example", hs_lead_status="HOT")["properties"]["hs_lead_status"] == "HOT"


def test_an_archived_unique_property_makes_room(hub: httpx.Client, create: Create) -> None:
    """Behavior 46: ten unique properties at most, of which an archived one is none; its values identify nobody any more."""
    key = {"label": "K", "type": "string", "fieldType": "text", "groupName": "contactinformation", "hasUniqueValue": True}
    assert [hub.post(PROPERTIES, json=key | {"name": f"key_{at}"}).status_code for at in range(10)] == [201] * 9 + [400]
    create(email="a@x.example", key_0="1")
    hub.delete(f"{PROPERTIES}/key_0")
    assert hub.post(PROPERTIES, json=key | {"name": "key_9"}).status_code == 201
    assert hub.get(f"{V3}/1?idProperty=key_0").status_code == 400


def test_definitions_need_the_schema_scope(hub: httpx.Client, tier: str, settings: Settings) -> None:
    """Behavior 46: who may write contacts may not therefore change what they are like."""
    settings(scopes=["crm.objects.contacts.write", "crm.schemas.contacts.read"])
    told = [hub.patch(f"{PROPERTIES}/{tier}", json={"label": "X"}), hub.delete(f"{PROPERTIES}/{tier}")]
    assert [answer.json()["errors"][0]["context"]["requiredGranularScopes"] for answer in told] == [["crm.schemas.contacts.write"]] * 2


def test_a_snapshot_keeps_archived_properties(hub: httpx.Client, tier: str) -> None:
    """Behavior 54: an archived property comes back as one."""
    hub.delete(f"{PROPERTIES}/{tier}")
    state = hub.get("/_sandbox/snapshot").json()
    hub.put("/_sandbox/snapshot", json=state)
    assert [entry["name"] for entry in hub.get(f"{PROPERTIES}?archived=true").json()["results"]] == [tier]


RULE = {"property": "lifecyclestage", "values": ["customer", "evangelist"], "requires": ["company", "phone"]}


@pytest.mark.parametrize(("base", "status"), [(V3, 200), ("/crm/objects/2026-03/contacts", 200), ("/crm/objects/2026-09/contacts", 400)])
def test_a_value_can_require_others(hub: httpx.Client, create: Create, settings: Settings, base: str, status: int) -> None:
    """Behavior 45: version 2026-09 refuses a stage whose required properties are blank, names them, and writes nothing; the others accept."""
    settings(conditional_from_2026_09=[RULE])
    made = create(email="a@x.example", phone="1")["id"]
    answer = hub.patch(f"{base}/{made}", json={"properties": {"lifecyclestage": "customer"}})
    assert answer.status_code == status
    if status == 400:
        assert (answer.json()["category"], answer.json()["context"]) == ("VALIDATION_ERROR", {"properties": ["company"]})
        assert hub.get(f"{V3}/{made}?properties=lifecyclestage").json()["properties"]["lifecyclestage"] == "lead"
        whole = {"properties": {"lifecyclestage": "customer", "company": "Acme"}}
        assert hub.patch(f"{base}/{made}", json=whole).status_code == 200
        assert hub.patch(f"{base}/{made}", json={"properties": {"company": ""}}).status_code == 400
    assert hub.post(base, json={"properties": {"email": "b@x.example", "lifecyclestage": "opportunity"}}).status_code == 201


def test_the_rules_bind_batches_and_other_objects(hub: httpx.Client, settings: Settings) -> None:
    """Behavior 45: each input of a 2026-09 batch is held to them, and so are deals to theirs."""
    settings(conditional_from_2026_09=[RULE, {"property": "deals.dealstage", "values": ["closedlost"], "requires": ["closed_lost_reason"]}])
    inputs = [
        {"idProperty": "email", "id": f"{stage}@x.example", "properties": {"lifecyclestage": stage}, "objectWriteTraceId": stage}
        for stage in ("lead", "customer")
    ]
    told = hub.post("/crm/objects/2026-09/contacts/batch/upsert", json={"inputs": inputs})
    assert (told.status_code, told.json()["errors"][0]["context"]["objectWriteTraceId"]) == (207, ["customer"])
    lost = {"properties": {"dealname": "D", "dealstage": "closedlost"}}
    assert [hub.post(f"/crm/objects/{version}/deals", json=lost).status_code for version in ("2026-03", "2026-09")] == [201, 400]


def test_people_are_not_held_to_the_rules_of_the_api(hub: httpx.Client, create: Create, settings: Settings) -> None:
    """Behavior 45: the rule is about API writes of one version; a badly formed one is refused by the sandbox."""
    settings(conditional_from_2026_09=[RULE])
    made = create(email="a@x.example")["id"]
    assert hub.post("/_sandbox/edit", json={"id": made, "properties": {"lifecyclestage": "customer"}}).status_code == 200
    assert hub.post("/_sandbox/settings", json={"conditional_from_2026_09": [{"property": "city"}]}).status_code == 400
