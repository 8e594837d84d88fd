"""What happens in the account between two calls of one client, and what the account tells of its own use."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from leadhub_sandbox.clock import SandboxClock

V3 = "/crm/v3/objects/contacts"
Create = Callable[..., dict[str, Any]]
Settings = Callable[..., None]


def _set(hub: httpx.Client, record: str, **properties: str) -> dict[str, Any]:
    told: dict[str, Any] = hub.patch(f"{V3}/{record}", json={"properties": properties}).json()["properties"]
    return told


def test_a_deal_is_won_between_the_clearing_and_the_setting_of_a_stage(hub: httpx.Client, create: Create) -> None:
    """Behavior 52: who moves a stage back in two calls finds, when a deal is won between them, that the second was ignored."""
    made = create(email="a@x.example", lifecyclestage="salesqualifiedlead")["id"]
    deal = hub.post("/crm/v3/objects/deals", json={"properties": {"dealname": "D", "dealstage": "contractsent"}}).json()["id"]
    hub.put(f"/crm/v4/objects/contacts/{made}/associations/default/deals/{deal}")
    won = {"method": "PATCH", "object": "deals", "id": deal, "properties": {"dealstage": "closedwon"}}
    assert hub.post("/_sandbox/between", json=won).status_code == 204
    assert _set(hub, made, lifecyclestage="")["lifecyclestage"] is None
    assert _set(hub, made, lifecyclestage="lead")["lifecyclestage"] == "customer"
    history = hub.get(f"{V3}/{made}?propertiesWithHistory=lifecyclestage").json()["propertiesWithHistory"]["lifecyclestage"]
    assert [(entry["value"], entry["sourceType"]) for entry in history[:2]] == [("customer", "AUTOMATION_PLATFORM"), ("", "INTEGRATION")]


def test_a_person_edits_between_a_read_and_a_write(hub: httpx.Client, create: Create) -> None:
    """Behavior 52: right after the call that was named, and not after an earlier one, somebody changes a contact, once."""
    made = create(email="a@x.example", city="Lund")["id"]
    order = {"method": "POST", "path": "/batch/read", "skip": 1, "id": made, "properties": {"city": "Oslo"}}
    hub.post("/_sandbox/between", json=order)
    seen = []
    for _ in range(3):
        read = hub.post(f"{V3}/batch/read", json={"inputs": [{"id": made}], "properties": ["city"]}).json()
        seen.append(read["results"][0]["properties"]["city"])
        hub.get(V3)
    assert seen == ["Lund", "Lund", "Oslo"]
    _set(hub, made, city="Malmo")
    hub.post(f"{V3}/batch/read", json={"inputs": [{"id": made}]})
    assert hub.get(f"{V3}/{made}?properties=city").json()["properties"]["city"] == "Malmo"


def test_what_waits_between_calls_is_kept_and_forgotten(hub: httpx.Client, create: Create) -> None:
    """Behaviors 52 and 54: a snapshot keeps what is to happen, and an order forgets it."""
    made = create(email="a@x.example")["id"]
    hub.post("/_sandbox/between", json={"id": made, "properties": {"city": "Oslo"}})
    state = hub.get("/_sandbox/snapshot").json()
    hub.delete("/_sandbox/between")
    hub.get(V3)
    assert hub.get(f"{V3}/{made}?properties=city").json()["properties"]["city"] is None
    hub.put("/_sandbox/snapshot", json=state)
    hub.get(V3)
    assert hub.get(f"{V3}/{made}?properties=city").json()["properties"]["city"] == "Oslo"


@pytest.mark.parametrize(
    "order",
    [
        {"id": "1", "properties": {}},
        {"properties": {"city": "x"}},
        {"id": "1007001"},
        {"id": "1007001", "properties": {"no_such": "x"}},
        {"id": "1007001", "properties": {"city": "x"}, "object": "deals"},
        {"id": "1007001", "properties": {"city": "x"}, "source": "NOBODY"},
        {"id": "1007001", "properties": {"city": "x"}, "path": "["},
        {"id": "1007001", "properties": {"city": "x"}, "skip": "often"},
    ],
)
def test_odd_orders_are_refused(hub: httpx.Client, create: Create, order: dict[str, Any]) -> None:
    """Behavior 52: an order that could never act is refused when it is given."""
    assert create(email="a@x.example")["id"] == "1007001"
    assert hub.post("/_sandbox/between", json=order).status_code in (400, 404)
    assert hub.get("/_sandbox/snapshot").json()["between"] == []


@pytest.mark.parametrize("version", ["v3", "2026-03", "2026-09"])
def test_the_use_of_the_day(hub: httpx.Client, settings: Settings, clock: SandboxClock, version: str) -> None:
    """Behavior 53: the account tells the day's calls, this one among them, their limit, and when the count starts anew."""
    settings(daily_limit=500)
    for _ in range(3):
        hub.get(V3)
    [told] = hub.get(f"/account-info/{version}/api-usage/daily/private-apps").json()["results"]
    assert (told["name"], told["usageLimit"], told["currentUsage"]) == ("private-apps-api-calls-daily", 500, 4)
    assert (told["collectedAt"], told["fetchStatus"], told["resetsAt"]) == ("2026-03-02T09:00:00.000Z", "SUCCESS", "2026-03-03T05:00:00.000Z")
    clock.advance(20 * 3600)
    [told] = hub.get(f"/account-info/{version}/api-usage/daily/private-apps").json()["results"]
    assert (told["currentUsage"], told["resetsAt"]) == (1, "2026-03-04T05:00:00.000Z")
