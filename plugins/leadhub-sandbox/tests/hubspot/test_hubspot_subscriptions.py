"""Opt-outs: kept by address, shown on the contact, changed by their own API and by people."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

V3 = "/crm/v3/objects/contacts"
OPT_OUT = "hs_email_optout"
Create = Callable[..., dict[str, Any]]


def _shown(hub: httpx.Client, record: str) -> str | None:
    value: str | None = hub.get(f"{V3}/{record}", params={"properties": OPT_OUT}).json()["properties"][OPT_OUT]
    return value


def _opt_out(hub: httpx.Client, address: str, version: str = "2026-03", **query: str) -> httpx.Response:
    return hub.post(f"/communication-preferences/{version}/statuses/{address}/unsubscribe-all", params={"channel": "EMAIL", **query})


def test_the_property_is_read_only(hub: httpx.Client, create: Create) -> None:
    """The API cannot write hs_email_optout, not even with the value that it has."""
    made = create(email="a@x.example")["id"]
    answer = hub.patch(f"{V3}/{made}", json={"properties": {OPT_OUT: "true", "city": "Lund"}})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "READ_ONLY_VALUE")
    assert _shown(hub, made) is None


@pytest.mark.parametrize("version", ["v4", "2026-03", "2026-09"])
def test_an_address_opts_out_of_everything(hub: httpx.Client, create: Create, version: str) -> None:
    """The contact of the address shows it, the state of each subscription too, and a second time changes nothing."""
    made = create(email="a@x.example")["id"]
    base = f"/communication-preferences/{version}/statuses/A%40x.example"
    assert hub.get(f"{base}/unsubscribe-all").json()["results"] == []
    assert _opt_out(hub, "A%40x.example", version).json()["results"] == []
    told = _opt_out(hub, "a@x.example", version, verbose="true").json()["results"]
    assert {entry["status"] for entry in told} == {"UNSUBSCRIBED"}
    assert _shown(hub, made) == "true"
    assert hub.get(f"{base}/unsubscribe-all").json()["results"][0]["wideStatusType"] == "PORTAL_WIDE"
    listed = hub.get(f"/communication-preferences/{version}/definitions").json()["results"]
    assert len(hub.get(base).json()["results"]) == len(listed) == 2
    history = hub.get(f"{V3}/{made}?propertiesWithHistory={OPT_OUT}").json()["propertiesWithHistory"][OPT_OUT]
    assert [(entry["value"], entry["sourceType"]) for entry in history] == [("true", "INTEGRATION")]


def test_version_three_has_no_such_call(hub: httpx.Client) -> None:
    """Opting out of everything came with version 4."""
    assert _opt_out(hub, "a@x.example", "v3").status_code == 404


def test_an_opt_out_belongs_to_the_address(hub: httpx.Client, create: Create) -> None:
    """It is there before the contact and after it, comes with a new address, and does not come along with the contact."""
    _opt_out(hub, "early@x.example")
    first = create(email="early@x.example")["id"]
    assert _shown(hub, first) == "true"
    hub.patch(f"{V3}/{first}", json={"properties": {"email": "new@x.example"}})
    assert _shown(hub, first) == "false"
    second = create(email="early@x.example")["id"]
    assert _shown(hub, second) == "true"


@pytest.mark.parametrize(("opted_out", "shown"), [("a", "true"), ("b", "false")])
def test_a_merged_contact_shows_its_own_address(hub: httpx.Client, create: Create, opted_out: str, shown: str) -> None:
    """Whose address the survivor keeps decides, not whose contact once showed an opt-out."""
    pair = [create(email=f"{name}@x.example")["id"] for name in "ab"]
    _opt_out(hub, f"{opted_out}@x.example")
    survivor = hub.post(f"{V3}/merge", json={"primaryObjectId": pair[0], "objectIdToMerge": pair[1]}).json()["id"]
    assert _shown(hub, survivor) == shown


def test_subscribing_lifts_an_opt_out(hub: httpx.Client, create: Create) -> None:
    """A subscription to one type that the person asked for makes the address one that can be mailed again."""
    made = create(email="a@x.example")["id"]
    _opt_out(hub, "a@x.example")
    order = {"channel": "EMAIL", "statusState": "SUBSCRIBED", "subscriptionId": 501}
    states = hub.post("/communication-preferences/2026-03/statuses/a@x.example", json=order).json()["results"]
    assert [entry["status"] for entry in states] == ["SUBSCRIBED"]
    assert _shown(hub, made) == "false"


@pytest.mark.parametrize(
    ("path", "order"),
    [
        ("a@x.example/unsubscribe-all", {}),
        ("no-address/unsubscribe-all?channel=EMAIL", {}),
        ("a@x.example", {"channel": "EMAIL", "statusState": "MAYBE", "subscriptionId": 501}),
        ("a@x.example", {"channel": "EMAIL", "statusState": "SUBSCRIBED", "subscriptionId": 1}),
    ],
)
def test_bad_orders_are_refused(hub: httpx.Client, path: str, order: dict[str, Any]) -> None:
    """No channel, no address, no such state, no such subscription: 400 each."""
    answer = hub.post(f"/communication-preferences/2026-03/statuses/{path}", json=order)
    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")


def test_the_scope(hub: httpx.Client, settings: Callable[..., None]) -> None:
    """Subscriptions have a scope of their own."""
    settings(scopes=["crm.objects.contacts.read", "crm.objects.contacts.write"])
    refused = _opt_out(hub, "a@x.example")
    assert refused.status_code == 403
    assert refused.json()["errors"][0]["context"]["requiredGranularScopes"] == ["communication_preferences.read_write"]


def test_a_person_opts_a_contact_out(hub: httpx.Client, create: Create) -> None:
    """In HubSpot's pages a person can unsubscribe a contact; the address keeps it."""
    made = create(email="a@x.example")["id"]
    hub.post("/_sandbox/edit", json={"id": made, "properties": {OPT_OUT: "true"}})
    assert _shown(hub, made) == "true"
    assert len(hub.get("/communication-preferences/2026-03/statuses/a@x.example/unsubscribe-all").json()["results"]) == 1


def test_a_snapshot_keeps_opt_outs_and_owners(hub: httpx.Client, create: Create) -> None:
    """What is kept beside the contacts comes back with a snapshot."""
    _opt_out(hub, "a@x.example")
    hub.post("/_sandbox/owners", json={"id": "7001", "archived": True})
    state = hub.get("/_sandbox/snapshot").json()
    hub.post("/_sandbox/owners", json={"email": "eve@owners.example"})
    _opt_out(hub, "b@x.example")
    assert hub.put("/_sandbox/snapshot", json=state).status_code == 204
    assert [owner["id"] for owner in hub.get("/crm/v3/owners").json()["results"]] == ["7002", "7003"]
    assert [_shown(hub, create(email=f"{name}@x.example")["id"]) for name in "ab"] == ["true", None]
