"""The Leads object: a name, a primary contact, and a stage of its pipeline."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from leadhub_sandbox.clock import SandboxClock

V3 = "/crm/v3/objects/leads"
PRIMARY = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 578}
PLAIN = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 608}
Create = Callable[..., dict[str, Any]]
STAGES = ["new-stage-id", "attempting-stage-id", "connected-stage-id", "qualified-stage-id", "unqualified-stage-id"]


def body(contact: str, spec: dict[str, Any] = PRIMARY, **properties: str) -> dict[str, Any]:
    """Return the body of a create."""
    return {"properties": {"hs_lead_name": "L"} | properties, "associations": [{"to": {"id": contact}, "types": [spec]}]}


@pytest.fixture
def contact(create: Create) -> str:
    """A contact's id."""
    return str(create(email="a@x.example")["id"])


@pytest.mark.parametrize("base", [V3, "/crm/v3/objects/0-136", "/crm/objects/2026-03/leads", "/crm/objects/2026-09/0-136"])
def test_a_lead_is_about_a_contact(hub: httpx.Client, contact: str, base: str) -> None:
    """Behavior 47: with a name and a primary contact a lead is made, in the first stage of the default pipeline."""
    made = hub.post(base, json=body(contact, hs_lead_type="NEW BUSINESS", hs_lead_label="WARM"))
    assert made.status_code == 201, made.text
    told = made.json()["properties"]
    assert (told["hs_pipeline"], told["hs_pipeline_stage"], told["hs_lead_label"]) == ("lead-pipeline-id", "new-stage-id", "WARM")
    read = hub.get(f"{base}/{made.json()['id']}?associations=contacts").json()
    types = [(end["id"], end["type"]) for end in read["associations"]["contacts"]["results"]]
    assert types == [(contact, "lead_to_contact"), (contact, "lead_to_primary_contact")]
    assert [entry["id"] for entry in hub.get(base).json()["results"]] == [made.json()["id"]]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"properties": {"hs_lead_label": "HOT"}}, "hs_lead_name"),
        ({"associations": []}, "578"),
        ({"associations": [{"to": {"id": "CONTACT"}, "types": [PLAIN]}]}, "578"),
        ({"associations": [{"to": {"id": "5"}, "types": [PRIMARY]}]}, "There is no contact 5"),
        ({"properties": {"hs_lead_name": "L", "hs_pipeline_stage": "closedwon"}}, "INVALID_OPTION"),
        ({"properties": {"hs_lead_name": "L", "hs_pipeline": "default"}}, "INVALID_OPTION"),
        ({"properties": {"hs_lead_name": "L", "hs_lead_label": "Hot"}}, "INVALID_OPTION"),
        ({"properties": {"hs_lead_name": "L", "hs_createdate": "2026-01-01"}}, "READ_ONLY_VALUE"),
    ],
)
def test_an_incomplete_lead_is_refused(hub: httpx.Client, contact: str, change: dict[str, Any], told: str) -> None:
    """Behavior 47: without a name, without a primary contact, or with a stage of no lead pipeline, it is 400 and nothing is written."""
    order = body(contact) | change
    for entry in order["associations"]:
        entry["to"]["id"] = entry["to"]["id"].replace("CONTACT", contact)
    answer = hub.post(V3, json=order)
    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")
    assert told in answer.text
    assert hub.get(V3).json()["results"] == []


def test_stages_belong_to_the_pipeline(hub: httpx.Client, contact: str, clock: SandboxClock) -> None:
    """Behavior 47: five stages, in order, in any direction; each change dates hs_lastmodifieddate, and the name cannot be taken away."""
    [pipeline] = hub.get("/crm/v3/pipelines/leads").json()["results"]
    assert (pipeline["id"], [stage["id"] for stage in pipeline["stages"]]) == ("lead-pipeline-id", STAGES)
    assert hub.get("/crm/pipelines/2026-09/0-136").json()["results"] == [pipeline]
    told = hub.get("/crm/properties/2026-03/leads/hs_pipeline_stage").json()
    assert (told["externalOptions"], told["options"]) == (True, [])
    made = hub.post(V3, json=body(contact)).json()["id"]
    clock.advance(60)
    for stage, status in (("qualified-stage-id", 200), ("new-stage-id", 200), ("none", 400)):
        assert hub.patch(f"{V3}/{made}", json={"properties": {"hs_pipeline_stage": stage}}).status_code == status
    assert hub.patch(f"{V3}/{made}", json={"properties": {"hs_lead_name": ""}}).status_code == 400
    held = hub.get(f"{V3}/{made}").json()
    assert held["properties"]["hs_lastmodifieddate"] == held["updatedAt"] == "2026-03-02T09:01:00.000Z"


@pytest.mark.parametrize(
    ("method", "path", "order"),
    [
        ("DELETE", "/crm/v4/objects/leads/LEAD/associations/contacts/CONTACT", None),
        ("DELETE", "/crm/objects/2026-09/contacts/CONTACT/associations/leads/LEAD", None),
        ("POST", "/crm/v4/associations/leads/contacts/batch/labels/archive", {"from": {"id": "LEAD"}, "to": {"id": "CONTACT"}, "types": [PRIMARY]}),
        ("POST", "/crm/v4/associations/leads/contacts/batch/archive", {"from": {"id": "LEAD"}, "to": [{"id": "CONTACT"}]}),
    ],
)
def test_without_a_primary_contact_it_is_deleted(hub: httpx.Client, contact: str, method: str, path: str, order: dict[str, Any] | None) -> None:
    """Behavior 47: removing the last primary association, from either end and in any way, deletes the lead."""
    made = hub.post(V3, json=body(contact)).json()["id"]

    def put(text: str) -> str:
        return text.replace("LEAD", made).replace("CONTACT", contact)

    content = {} if order is None else {"json": json.loads(put(json.dumps({"inputs": [order]})))}
    assert hub.request(method, put(path), **content).status_code == 204
    assert hub.get(f"{V3}/{made}").status_code == 404


def test_a_second_primary_contact_keeps_it(hub: httpx.Client, contact: str, create: Create) -> None:
    """Behavior 47: only the last primary association takes the lead along; a plain one alone does not keep it."""
    made, other, third = hub.post(V3, json=body(contact)).json()["id"], create(email="b@x.example")["id"], create(email="c@x.example")["id"]
    base = f"/crm/v4/objects/leads/{made}/associations"
    hub.put(f"{base}/contacts/{other}", json=[PRIMARY])
    hub.put(f"{base}/default/contacts/{third}")
    hub.delete(f"{base}/contacts/{contact}")
    assert hub.get(f"{V3}/{made}").status_code == 200
    hub.delete(f"{base}/contacts/{other}")
    assert hub.get(f"{V3}/{made}").status_code == 404


def test_a_contact_has_many_leads(hub: httpx.Client, contact: str, clock: SandboxClock) -> None:
    """Behavior 47: one contact may have several leads, which a merge takes along, and which search finds after the lag."""
    made = [hub.post(V3, json=body(contact, hs_lead_name=name)).json()["id"] for name in ("One", "Two")]
    other = hub.post("/crm/v3/objects/contacts", json={"properties": {"email": "b@x.example"}}).json()["id"]
    merged = hub.post("/crm/v3/objects/contacts/merge", json={"primaryObjectId": other, "objectIdToMerge": contact}).json()["id"]
    listed = hub.get(f"/crm/v4/objects/contacts/{merged}/associations/leads").json()["results"]
    assert [str(entry["toObjectId"]) for entry in listed] == made
    assert hub.post(f"{V3}/search", json={}).json()["total"] == 0
    clock.advance(60)
    filters = [{"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": "2026-03-02T09:00:00Z"}]
    assert hub.post(f"{V3}/search", json={"filterGroups": [{"filters": filters}], "query": "two"}).json()["total"] == 1


@pytest.mark.parametrize("path", ["merge", "gdpr-delete"])
def test_leads_are_neither_merged_nor_purged(hub: httpx.Client, contact: str, path: str) -> None:
    """Behavior 47: the Leads object has no merge and no privacy deletion."""
    made = hub.post(V3, json=body(contact)).json()["id"]
    assert hub.post(f"{V3}/{path}", json={"objectId": made, "primaryObjectId": made, "objectIdToMerge": made}).status_code in (404, 405)
    assert hub.get(f"{V3}/{made}").status_code == 200


def test_leads_need_a_seat_and_scopes_of_their_own(hub: httpx.Client, contact: str, settings: Callable[..., None]) -> None:
    """Behavior 47: without seats every path of leads is 403, and so it is without their scopes."""
    settings(scopes=["crm.objects.contacts.read", "crm.objects.leads.read"])
    assert (hub.get(V3).status_code, hub.post(V3, json=body(contact)).status_code) == (200, 403)
    settings(lead_seats=False)
    paths = (V3, "/crm/objects/2026-09/0-136", "/crm/v3/pipelines/leads", f"/crm/v4/objects/contacts/{contact}/associations/leads")
    assert {hub.get(path).status_code for path in paths} == {403}


def test_a_snapshot_keeps_leads(hub: httpx.Client, contact: str) -> None:
    """Behavior 54: leads come back with a snapshot, and `records` shows them."""
    made = hub.post(V3, json=body(contact)).json()["id"]
    state = hub.get("/_sandbox/snapshot").json()
    hub.delete(f"{V3}/{made}")
    hub.put("/_sandbox/snapshot", json=state)
    assert [entry["id"] for entry in hub.get("/_sandbox/records").json()["leads"]] == [made]
    assert hub.get(f"{V3}/{made}").status_code == 200
