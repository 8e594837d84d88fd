"""The life cycle stage, the lead status, and who changed what: forward only by the API, both ways by people."""

from collections.abc import Callable
from typing import Any

import httpx
from leadhub_sandbox.clock import SandboxClock

V3 = "/crm/v3/objects/contacts"
Create = Callable[..., dict[str, Any]]


def _stage(hub: httpx.Client, record: str, stage: str) -> httpx.Response:
    return hub.patch(f"{V3}/{record}", json={"properties": {"lifecyclestage": stage}})


def test_forward_is_set_and_backward_is_silently_ignored(hub: httpx.Client, create: Create, clock: SandboxClock) -> None:
    """Behavior 21: a stage moves forward; backward is answered 200 with the old stage, and lastmodifieddate is bumped."""
    made = create(email="a@x.example")["id"]
    assert _stage(hub, made, "opportunity").json()["properties"]["lifecyclestage"] == "opportunity"
    clock.advance(60)
    back = _stage(hub, made, "lead")
    assert (back.status_code, back.json()["properties"]["lifecyclestage"]) == (200, "opportunity")
    assert back.json()["updatedAt"] == "2026-03-02T09:01:00.000Z"
    assert hub.get(f"{V3}/{made}?properties=lifecyclestage").json()["properties"]["lifecyclestage"] == "opportunity"


def test_backward_bumps_even_where_an_equal_write_does_not(
    hub: httpx.Client, create: Create, settings: Callable[..., None], clock: SandboxClock
) -> None:
    """Behavior 21: an ignored backward move is no write of nothing new, so the switch of behavior 41 does not silence it."""
    settings(noop_bumps_modified=False)
    made = create(email="a@x.example", lifecyclestage="customer")["id"]
    clock.advance(60)
    assert _stage(hub, made, "customer").json()["updatedAt"] == "2026-03-02T09:00:00.000Z"
    assert _stage(hub, made, "lead").json()["updatedAt"] == "2026-03-02T09:01:00.000Z"


def test_clear_then_set_moves_backward(hub: httpx.Client, create: Create) -> None:
    """Behavior 22: once cleared, any stage can be set."""
    made = create(email="a@x.example", lifecyclestage="customer")["id"]
    assert _stage(hub, made, "").json()["properties"]["lifecyclestage"] is None
    assert _stage(hub, made, "lead").json()["properties"]["lifecyclestage"] == "lead"


def test_clear_and_set_in_one_batch_is_refused(hub: httpx.Client, create: Create) -> None:
    """Behavior 22: the clear and the set cannot be two inputs of one batch, whose ids must be unique."""
    made = create(email="a@x.example", lifecyclestage="customer")["id"]
    inputs = [{"id": made, "properties": {"lifecyclestage": stage}} for stage in ("", "lead")]
    answer = hub.post(f"{V3}/batch/update", json={"inputs": inputs})
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("Duplicate IDs found in batch input")


def test_custom_stages_have_numbers_and_an_order(hub: httpx.Client, create: Create, settings: Callable[..., None]) -> None:
    """Behavior 23: a custom stage is a numeric name whose place is its displayOrder, and the pipeline lists it there."""
    stages = [{"value": "lead", "displayOrder": 0}, {"value": "customer", "displayOrder": 2}]
    settings(options={"lifecyclestage": [*stages, {"value": "51439524", "label": "Trial", "displayOrder": 1}]})
    pipeline = hub.get("/crm/v3/pipelines/contacts").json()["results"][0]
    assert pipeline["id"] == "contacts-lifecycle-pipeline"
    assert [(stage["id"], stage["label"]) for stage in pipeline["stages"]][1] == ("51439524", "Trial")
    made = create(email="a@x.example", lifecyclestage="51439524")["id"]
    assert _stage(hub, made, "lead").json()["properties"]["lifecyclestage"] == "51439524"
    assert _stage(hub, made, "customer").json()["properties"]["lifecyclestage"] == "customer"
    dated = hub.get(f"{V3}/{made}?properties=hs_v2_date_entered_51439524").json()["properties"]
    assert dated["hs_v2_date_entered_51439524"] == "2026-03-02T09:00:00.000Z"


def test_entering_a_stage_is_dated(hub: httpx.Client, create: Create, clock: SandboxClock) -> None:
    """Behavior 24: each stage has the instant of its entry in two read-only properties."""
    made = create(email="a@x.example")["id"]
    clock.advance(60)
    _stage(hub, made, "customer")
    names = "hs_lifecyclestage_customer_date,hs_v2_date_entered_customer,hs_lifecyclestage_lead_date"
    values = hub.get(f"{V3}/{made}", params={"properties": names}).json()["properties"]
    assert values["hs_lifecyclestage_customer_date"] == values["hs_v2_date_entered_customer"] == "2026-03-02T09:01:00.000Z"
    assert values["hs_lifecyclestage_lead_date"] == "2026-03-02T09:00:00.000Z"


def test_history_is_newest_first_and_names_the_source(hub: httpx.Client, create: Create, clock: SandboxClock) -> None:
    """Behavior 24: propertiesWithHistory tells every value, newest first, by whom and when; an ignored write is no value."""
    made = create(email="a@x.example")["id"]
    clock.advance(60)
    hub.post("/_sandbox/edit", json={"id": made, "properties": {"lifecyclestage": "customer"}, "user": "ana.lopez@owners.example"})
    _stage(hub, made, "lead")
    clock.advance(60)
    order = {"id": made, "properties": {"lifecyclestage": ""}, "source": "AUTOMATION_PLATFORM"}
    assert hub.post("/_sandbox/edit", json=order).status_code == 200
    body = hub.get(f"{V3}/{made}?propertiesWithHistory=lifecyclestage").json()
    told = [(entry["value"], entry["sourceType"], entry["timestamp"][11:19]) for entry in body["propertiesWithHistory"]["lifecyclestage"]]
    assert told == [
        ("", "AUTOMATION_PLATFORM", "09:02:00"),
        ("customer", "CRM_UI", "09:01:00"),
        ("lead", "INTEGRATION", "09:00:00"),
    ]
    assert body["propertiesWithHistory"]["lifecyclestage"][1]["updatedByUserId"] == 9001


def test_any_property_has_history(hub: httpx.Client, create: Create) -> None:
    """Behavior 24: history is kept for every property, also in a list."""
    made = create(email="a@x.example", city="Lund")["id"]
    hub.patch(f"{V3}/{made}", json={"properties": {"city": "Oslo"}})
    listed = hub.get(f"{V3}?propertiesWithHistory=city&limit=50").json()["results"][0]
    assert [entry["value"] for entry in listed["propertiesWithHistory"]["city"]] == ["Oslo", "Lund"]


def test_a_person_may_move_a_stage_backward_and_a_workflow_may_not(hub: httpx.Client, create: Create) -> None:
    """Behavior 21: the rule binds the API and workflows; in HubSpot's own pages a person can choose any stage."""
    made = create(email="a@x.example", lifecyclestage="customer")["id"]
    order = {"id": made, "properties": {"lifecyclestage": "lead"}}
    flow = hub.post("/_sandbox/edit", json=order | {"source": "AUTOMATION_PLATFORM"}).json()
    person = hub.post("/_sandbox/edit", json=order | {"source": "CRM_UI"}).json()
    assert (flow["properties"]["lifecyclestage"], person["properties"]["lifecyclestage"]) == ("customer", "lead")


def test_lead_status_goes_any_way(hub: httpx.Client, create: Create) -> None:
    """Behavior 25: hs_lead_status has no direction."""
    made = create(email="a@x.example", hs_lead_status="CONNECTED")["id"]
    for status in ("NEW", "BAD_TIMING", "OPEN"):
        changed = hub.patch(f"{V3}/{made}", json={"properties": {"hs_lead_status": status}}).json()
        assert changed["properties"]["hs_lead_status"] == status


def test_an_automation_acts_between_two_calls(hub: httpx.Client, create: Create) -> None:
    """Behavior 52 (as a rule): after our clear, and before our set, a workflow may have set a stage of its own."""
    made = create(email="a@x.example", lifecyclestage="opportunity")["id"]
    rule = {"property": "lifecyclestage", "value": "", "set": {"lifecyclestage": "customer"}}
    assert hub.post("/_sandbox/automation", json=rule).status_code == 204
    assert _stage(hub, made, "").json()["properties"]["lifecyclestage"] is None
    assert _stage(hub, made, "lead").json()["properties"]["lifecyclestage"] == "customer"
    _stage(hub, made, "")
    assert _stage(hub, made, "lead").json()["properties"]["lifecyclestage"] == "lead"
