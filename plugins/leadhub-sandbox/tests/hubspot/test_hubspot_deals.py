"""Deals: objects with pipelines of their own, through the same paths as contacts."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from leadhub_sandbox.clock import SandboxClock

V3 = "/crm/v3/objects/deals"
DATED = "/crm/objects/2026-09/0-3"
Settings = Callable[..., None]


def make(hub: httpx.Client, **properties: str) -> dict[str, Any]:
    """Create a deal by the API and return the answer."""
    answer = hub.post(V3, json={"properties": {"dealname": "D", "dealstage": "qualifiedtobuy"} | properties, "associations": []})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def values(hub: httpx.Client, record: str, *names: str) -> list[str | None]:
    """Return some of a deal's values."""
    held = hub.get(f"{V3}/{record}", params={"properties": ",".join(names)}).json()["properties"]
    return [held[name] for name in names]


def search(hub: httpx.Client, *filters: dict[str, Any], **fields: Any) -> list[str]:
    """Return the names of the deals that a search finds."""
    body = {"filterGroups": [{"filters": list(filters)}], "sorts": [], "properties": [], "limit": 100, "after": "0"} | fields
    answer = hub.post(f"{V3}/search", json=body)
    assert answer.status_code == 200, answer.text
    return [entry["properties"]["dealname"] for entry in answer.json()["results"]]


@pytest.mark.parametrize("path", [V3, "/crm/v3/objects/deal", "/crm/objects/2026-03/deals", DATED])
def test_every_version_serves_deals(hub: httpx.Client, path: str) -> None:
    """Behavior 2: a deal is one under each version and name of its type, and no contact."""
    made = make(hub, dealname="Big", amount="1200.50")
    told = hub.get(f"{path}/{made['id']}").json()["properties"]
    assert (told["dealname"], told["amount"], told["hs_object_id"]) == ("Big", "1200.50", made["id"])
    assert hub.get(f"/crm/v3/objects/contacts/{made['id']}").status_code == 404
    assert [entry["id"] for entry in hub.get(path).json()["results"]] == [made["id"]]


def test_a_deal_from_birth_to_archive(hub: httpx.Client, clock: SandboxClock) -> None:
    """Behavior 8: a deal is created, changed, archived and restored, and its own property tells the time of change."""
    made = make(hub)
    clock.advance(60)
    changed = hub.patch(f"{V3}/{made['id']}", json={"properties": {"amount": "5"}}).json()
    assert changed["properties"]["hs_lastmodifieddate"] == changed["updatedAt"] == "2026-03-02T09:01:00.000Z"
    assert "lastmodifieddate" not in changed["properties"]
    assert hub.delete(f"{V3}/{made['id']}").status_code == 204
    assert (hub.get(f"{V3}/{made['id']}").status_code, hub.get(V3).json()["results"]) == (404, [])
    assert [entry["id"] for entry in hub.get(f"{V3}?archived=true").json()["results"]] == [made["id"]]
    hub.post("/_sandbox/restore", json={"object": "deals", "id": made["id"]})
    assert values(hub, made["id"], "amount") == ["5"]


@pytest.mark.parametrize(
    ("properties", "told"),
    [
        ({"dealname": "D"}, "dealstage"),
        ({"dealstage": "closedwon"}, "dealname"),
        ({"dealname": "D", "dealstage": "Closed Won"}, "INVALID_OPTION"),
        ({"dealname": "D", "dealstage": "closedwon", "pipeline": "none"}, "INVALID_OPTION"),
        ({"dealname": "D", "dealstage": "closedwon", "amount": "much"}, "INVALID_INTEGER"),
        ({"dealname": "D", "dealstage": "closedwon", "hs_is_closed_won": "true"}, "READ_ONLY_VALUE"),
        ({"dealname": "D", "dealstage": "closedwon", "email": "a@x.example"}, "PROPERTY_DOESNT_EXIST"),
    ],
)
def test_wrong_deals_are_refused(hub: httpx.Client, properties: dict[str, str], told: str) -> None:
    """Behaviors 16 to 19: a deal has properties of its own; what is missing, unknown or of another kind is 400."""
    answer = hub.post(V3, json={"properties": properties})
    assert answer.status_code == 400
    assert told in answer.text
    assert hub.get(V3).json()["results"] == []


def test_what_a_deal_needs_is_a_switch(hub: httpx.Client, settings: Settings) -> None:
    """Behavior 16: an account can be set to take a deal without a stage."""
    settings(deal_requires=[])
    assert hub.post(V3, json={"properties": {"amount": "1"}}).json()["properties"]["pipeline"] == "default"


@pytest.mark.parametrize(
    ("stage", "closed", "won", "lost", "probability"),
    [
        ("contractsent", "false", "false", "false", "0.9"),
        ("closedwon", "true", "true", "false", "1.0"),
        ("closedlost", "true", "false", "true", "0.0"),
    ],
)
def test_closed_is_calculated(hub: httpx.Client, stage: str, closed: str, won: str, lost: str, probability: str) -> None:
    """Behavior 52, by deals: the stage decides what is closed and won, and closing dates the deal."""
    made = make(hub)["id"]
    hub.patch(f"{V3}/{made}", json={"properties": {"dealstage": stage}})
    names = ("hs_is_closed", "hs_is_closed_won", "hs_is_closed_lost", "hs_deal_stage_probability")
    assert values(hub, made, *names) == [closed, won, lost, probability]
    assert values(hub, made, "closedate") == ["2026-03-02T09:00:00.000Z" if closed == "true" else None]


def test_a_close_date_that_was_sent_stays(hub: httpx.Client, settings: Settings) -> None:
    """Behavior 52, by deals: the date that comes with the stage is kept, and the account can be set not to date deals."""
    sent = make(hub, dealstage="closedwon", closedate="2026-01-31T00:00:00Z")["id"]
    settings(closing_dates_deals=False)
    undated = make(hub, dealstage="closedwon")["id"]
    assert (values(hub, sent, "closedate"), values(hub, undated, "closedate")) == (["2026-01-31T00:00:00.000Z"], [None])


@pytest.mark.parametrize("base", ["/crm/v3/pipelines/deals", "/crm/pipelines/2026-03/deals", "/crm/pipelines/2026-09/0-3"])
def test_the_default_pipeline(hub: httpx.Client, base: str) -> None:
    """Behavior 23, for deals: the pipeline lists its stages in order, with what is closed and how likely each is, as texts."""
    [pipeline] = hub.get(base).json()["results"]
    assert (pipeline["id"], [stage["displayOrder"] for stage in pipeline["stages"]]) == ("default", list(range(7)))
    assert [stage["id"] for stage in pipeline["stages"]][:2] == ["appointmentscheduled", "qualifiedtobuy"]
    assert {stage["id"]: stage["metadata"] for stage in pipeline["stages"]}["closedwon"] == {"isClosed": "true", "probability": "1.0"}
    assert hub.get(f"{base}/default").json() == pipeline
    assert hub.get(f"{base}/default/stages").json()["results"] == pipeline["stages"]
    assert hub.get(f"{base}/none").status_code == 404


def test_a_further_pipeline_has_stages_of_its_own(hub: httpx.Client) -> None:
    """Behavior 47, for deals: a stage belongs to its pipeline and is refused in another one, at a create and at an update."""
    stages = [{"id": "9001", "label": "Asked"}, {"id": "9002", "label": "Renewed", "metadata": {"isClosed": "true", "probability": "1.0"}}]
    hub.post("/_sandbox/pipelines", json={"object": "deals", "id": "700", "label": "Renewals", "stages": stages})
    assert [entry["id"] for entry in hub.get("/crm/v3/pipelines/deals").json()["results"]] == ["default", "700"]
    made = make(hub, pipeline="700", dealstage="9002")["id"]
    assert values(hub, made, "hs_is_closed_won") == ["true"]
    wrong = [{"dealstage": "closedwon"}, {"pipeline": "default"}]
    assert [hub.patch(f"{V3}/{made}", json={"properties": change}).status_code for change in wrong] == [400, 400]
    body = {"properties": {"dealname": "D", "dealstage": "9001"}}
    assert hub.post(V3, json=body).status_code == 400
    assert hub.patch(f"{V3}/{made}", json={"properties": {"pipeline": "default", "dealstage": "closedlost"}}).status_code == 200


def test_stages_are_options_kept_elsewhere(hub: httpx.Client) -> None:
    """Behavior 46: stage and pipeline of a deal say that their options are kept elsewhere and list none."""
    for name in ("dealstage", "pipeline"):
        told = hub.get(f"/crm/v3/properties/deals/{name}").json()
        assert (told["externalOptions"], told["options"]) == (True, [])
    assert hub.get("/crm/v3/properties/deals/lifecyclestage").status_code == 404


def test_deals_are_searched(hub: httpx.Client, clock: SandboxClock) -> None:
    """Behaviors 36 and 41: search knows deals after the lag, by number, stage and hs_lastmodifieddate, and in no contact's results."""
    for name, amount in (("a", "9"), ("b", "10"), ("c", "200")):
        make(hub, dealname=name, amount=amount)
        clock.advance(60)
    assert search(hub, {"propertyName": "amount", "operator": "GTE", "value": "10"}, sorts=["-amount"]) == ["c", "b"]
    assert search(hub, {"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": "2026-03-02T09:01:00Z"}) == ["b", "c"]
    assert search(hub, {"propertyName": "hs_is_closed", "operator": "EQ", "value": "false"}, query="c") == ["c"]
    assert hub.post("/crm/v3/objects/contacts/search", json={}).json()["total"] == 0
    wrong = {"filterGroups": [{"filters": [{"propertyName": "lastmodifieddate", "operator": "HAS_PROPERTY"}]}]}
    assert hub.post(f"{V3}/search", json=wrong).status_code == 400


def test_deals_in_batches(hub: httpx.Client) -> None:
    """Behaviors 26 to 31: deals are created, read, updated, upserted by a property of their own and archived in batches."""
    key = {"name": "crm_key", "label": "Key", "type": "string", "fieldType": "text", "groupName": "dealinformation", "hasUniqueValue": True}
    assert hub.post("/crm/v3/properties/deals", json=key).status_code == 201
    assert hub.get("/crm/v3/properties/contacts/crm_key").status_code == 404
    good = {"dealname": "A", "dealstage": "closedwon"}
    inputs = [{"properties": good, "objectWriteTraceId": "1"}, {"properties": {"dealname": "B"}, "objectWriteTraceId": "2"}]
    partial = hub.post(f"{DATED}/batch/create", json={"inputs": inputs})
    assert (partial.status_code, partial.json()["errors"][0]["context"]["objectWriteTraceId"]) == (207, ["2"])
    made = partial.json()["results"][0]["id"]
    upsert = {"idProperty": "crm_key", "id": "K1", "properties": good}
    new = [hub.post(f"{V3}/batch/upsert", json={"inputs": [upsert]}).json()["results"][0]["new"] for _ in range(2)]
    assert new == [True, False]
    assert hub.post(f"{V3}/batch/upsert", json={"inputs": [upsert | {"idProperty": "email"}]}).status_code == 400
    hub.post(f"{V3}/batch/update", json={"inputs": [{"id": made, "properties": {"amount": "7"}}]})
    read = hub.post(f"{V3}/batch/read", json={"inputs": [{"id": made}, {"id": "5"}], "properties": ["amount"], "propertiesWithHistory": []})
    assert (read.status_code, read.json()["results"][0]["properties"]["amount"]) == (207, "7")
    assert hub.post(f"{V3}/batch/archive", json={"inputs": [{"id": made}]}).status_code == 204
    assert len(hub.get(V3).json()["results"]) == 1


def test_deals_have_scopes_of_their_own(hub: httpx.Client, settings: Settings) -> None:
    """Behavior 3: a token for contacts reads no deals, nor what they are like."""
    settings(scopes=["crm.objects.contacts.read", "crm.objects.contacts.write", "crm.schemas.contacts.read"])
    told = [hub.get(path).json() for path in (V3, "/crm/v3/properties/deals", "/crm/v3/pipelines/deals")]
    assert [entry["errors"][0]["context"]["requiredGranularScopes"][0] for entry in told] == [
        "crm.objects.deals.read",
        "crm.schemas.deals.read",
        "crm.schemas.deals.read",
    ]


def test_an_owner_who_leaves_gets_no_deals(hub: httpx.Client) -> None:
    """Owners are the account's: who left can be given no deal."""
    assert make(hub, hubspot_owner_id="7001")["properties"]["hubspot_owner_id"] == "7001"
    hub.post("/_sandbox/owners", json={"id": "7001", "archived": True})
    body = {"properties": {"dealname": "D", "dealstage": "closedwon", "hubspot_owner_id": "7001"}}
    assert hub.post(V3, json=body).status_code == 400


def test_people_and_workflows_work_on_deals(hub: httpx.Client) -> None:
    """Behavior 52: admin orders name the object, a workflow fires on the type that it is for, and `records` shows all deals."""
    made = hub.post("/_sandbox/create", json={"object": "deals", "properties": {"dealname": "D", "dealstage": "closedwon"}}).json()["id"]
    rule = {"object": "deals", "property": "dealstage", "value": "closedlost", "set": {"closed_lost_reason": "price"}}
    hub.post("/_sandbox/automation", json=rule)
    hub.post("/_sandbox/edit", json={"object": "deals", "id": made, "properties": {"dealstage": "closedlost"}, "user": "jo@people.example"})
    told = hub.get("/_sandbox/records").json()
    assert (told["results"], told["deals"][0]["properties"]["closed_lost_reason"]) == ([], "price")
    assert hub.post("/_sandbox/edit", json={"object": "unicorns", "id": made, "properties": {}}).status_code == 400


def test_a_snapshot_keeps_deals_and_pipelines(hub: httpx.Client) -> None:
    """Behavior 54: deals, their pipelines and their definitions come back with a snapshot."""
    hub.post("/_sandbox/pipelines", json={"object": "deals", "id": "700", "label": "R", "stages": [{"id": "9001", "label": "Asked"}]})
    made = make(hub, pipeline="700", dealstage="9001")["id"]
    state = hub.get("/_sandbox/snapshot").json()
    hub.post("/_sandbox/pipelines", json={"object": "deals", "id": "700", "label": "R", "stages": [{"id": "9009", "label": "Other"}]})
    hub.delete(f"{V3}/{made}")
    assert hub.put("/_sandbox/snapshot", json=state).status_code == 204
    assert values(hub, made, "dealstage") == ["9001"]
    assert make(hub, pipeline="700", dealstage="9001")["id"] != made
