"""Search: its limits, its late index, its disorder and its operators."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from leadhub_sandbox.clock import SandboxClock

V3 = "/crm/v3/objects/contacts"
Create = Callable[..., dict[str, Any]]
Search = Callable[..., dict[str, Any]]
HAS_EMAIL = {"propertyName": "email", "operator": "HAS_PROPERTY"}


def _emails(answer: dict[str, Any]) -> list[str]:
    return [entry["properties"]["email"].partition("@")[0] for entry in answer["results"]]


@pytest.mark.parametrize(
    "body",
    [
        {"filterGroups": [{"filters": [HAS_EMAIL]}] * 6},
        {"filterGroups": [{"filters": [HAS_EMAIL] * 7}]},
        {"filterGroups": [{"filters": [HAS_EMAIL] * 5}] * 4},
        {"sorts": ["createdate", "email"]},
        {"limit": 201},
        {"limit": 0},
        {"after": "10000"},
        {"properties": ["x" * 3000]},
        {"filterGroups": [{"filters": [HAS_EMAIL | {"operator": "SINCE"}]}]},
        {"filterGroups": [{"filters": [HAS_EMAIL | {"propertyName": "no_such"}]}]},
        {"filterGroups": [{"filters": [{"propertyName": "createdate", "operator": "GT", "value": "soon"}]}]},
        {"sorts": ["no_such"]},
        [],
    ],
)
def test_search_limits(hub: httpx.Client, body: Any) -> None:
    """Behavior 36: what goes beyond the guide's limits, or names what there is not, is 400."""
    assert hub.post(f"{V3}/search", json=body).status_code == 400


@pytest.mark.parametrize("body", [{}, {"filterGroups": [{"filters": [HAS_EMAIL] * 6}] * 3, "limit": 200, "after": "9999"}])
def test_search_at_its_limits(hub: httpx.Client, body: dict[str, Any]) -> None:
    """Behavior 36: what just keeps the limits is answered, and every field may be left out."""
    assert hub.post(f"{V3}/search", json=body).json() == {"total": 0, "results": []}


def test_total_goes_beyond_what_can_be_paged(fill: Callable[[int], None], search: Search, clock: SandboxClock, hub: httpx.Client) -> None:
    """Behavior 36: more than 10,000 matches are counted exactly, but no page begins at 10,000."""
    fill(10_200)
    clock.advance(60)
    last = search(HAS_EMAIL, after="9900")
    assert (last["total"], len(last["results"]), last["paging"]["next"]["after"]) == (10_200, 200, "10100")
    assert hub.post(f"{V3}/search", json={"after": "10100"}).status_code == 400


def test_pages_are_in_order_of_creation(fill: Callable[[int], None], search: Search, clock: SandboxClock) -> None:
    """Behavior 36: unsorted results are oldest first, and `after` counts on through them."""
    fill(25)
    clock.advance(60)
    seen, after = [], "0"
    while after:
        page = search(limit=10, after=after)
        seen += [int(entry["id"]) for entry in page["results"]]
        after = page.get("paging", {}).get("next", {}).get("after")
    assert len(seen) == 25
    assert seen == sorted(seen)


def test_search_is_late(hub: httpx.Client, create: Create, search: Search, settings: Callable[..., None], clock: SandboxClock) -> None:
    """Behavior 37: creates, updates and archives show in search after the lag; reads by id show them at once."""
    settings(search_lag_seconds=4)
    made = create(email="a@x.example", city="Lund")["id"]
    assert search()["total"] == 0
    assert hub.get(f"{V3}/{made}").status_code == 200
    clock.advance(4)
    assert search(properties=["city"])["results"][0]["properties"]["city"] == "Lund"
    hub.patch(f"{V3}/{made}", json={"properties": {"city": "Oslo"}})
    assert search(properties=["city"])["results"][0]["properties"]["city"] == "Lund"
    clock.advance(4)
    assert search(properties=["city"])["results"][0]["properties"]["city"] == "Oslo"
    hub.delete(f"{V3}/{made}")
    assert search()["total"] == 1
    clock.advance(4)
    assert search()["total"] == 0


def test_merged_records_leave_the_index(hub: httpx.Client, create: Create, search: Search, clock: SandboxClock) -> None:
    """Behavior 34: after a merge and the lag, search knows the survivor alone."""
    pair = [create(email=f"{name}@x.example")["id"] for name in "ab"]
    survivor = hub.post(f"{V3}/merge", json={"primaryObjectId": pair[0], "objectIdToMerge": pair[1]}).json()["id"]
    clock.advance(60)
    assert [entry["id"] for entry in search()["results"]] == [survivor]


def test_search_can_be_out_of_order(create: Create, search: Search, settings: Callable[..., None], clock: SandboxClock) -> None:
    """Behavior 38: with disorder on, a sort by lastmodifieddate is wrong by up to so many seconds, the same way each time."""
    for at in range(30):
        create(email=f"p{at}@x.example")
        clock.advance(1)
    clock.advance(60)
    in_order = _emails(search(sorts=["lastmodifieddate"]))
    settings(search_disorder_seconds=10)
    mixed = _emails(search(sorts=["lastmodifieddate"]))
    assert in_order == [f"p{at}" for at in range(30)]
    assert mixed != in_order
    assert sorted(mixed) == sorted(in_order)
    assert all(abs(mixed.index(name) - in_order.index(name)) <= 20 for name in in_order)
    assert mixed == _emails(search(sorts=["lastmodifieddate"]))


@pytest.mark.parametrize("sort", ["-createdate", {"propertyName": "createdate", "direction": "DESCENDING"}])
def test_both_spellings_of_a_sort(create: Create, search: Search, clock: SandboxClock, sort: object) -> None:
    """Behavior 36: the one sort rule is a text or an object."""
    for name in "ab":
        create(email=f"{name}@x.example")
        clock.advance(10)
    assert _emails(search(sorts=[sort])) == ["b", "a"]


@pytest.mark.parametrize(
    "case",
    [
        ({"propertyName": "city", "operator": "EQ", "value": "LUND"}, "a"),
        ({"propertyName": "city", "operator": "NEQ", "value": "lund"}, "b"),
        ({"propertyName": "city", "operator": "IN", "values": ["lund", "oslo"]}, "ab"),
        ({"propertyName": "city", "operator": "IN", "values": ["Lund", "Oslo"]}, ""),
        ({"propertyName": "city", "operator": "NOT_IN", "values": ["lund"]}, "b"),
        ({"propertyName": "city", "operator": "HAS_PROPERTY"}, "ab"),
        ({"propertyName": "city", "operator": "NOT_HAS_PROPERTY"}, "c"),
        ({"propertyName": "hs_lead_status", "operator": "EQ", "value": "NEW"}, "a"),
        ({"propertyName": "hs_lead_status", "operator": "EQ", "value": "new"}, ""),
        ({"propertyName": "hs_lead_status", "operator": "IN", "values": ["NEW", "OPEN"]}, "ab"),
        ({"propertyName": "email", "operator": "EQ", "value": "A@x.example"}, "a"),
        ({"propertyName": "email", "operator": "EQ", "value": "second@x.example"}, ""),
        ({"propertyName": "hs_additional_emails", "operator": "CONTAINS_TOKEN", "value": "second@x.example"}, "c"),
        ({"propertyName": "company", "operator": "CONTAINS_TOKEN", "value": "acme"}, "a"),
        ({"propertyName": "company", "operator": "CONTAINS_TOKEN", "value": "acme*"}, "ab"),
        ({"propertyName": "company", "operator": "CONTAINS_TOKEN", "value": "*co"}, "b"),
        ({"propertyName": "company", "operator": "NOT_CONTAINS_TOKEN", "value": "acme"}, "bc"),
        ({"propertyName": "city", "operator": "NOT_CONTAINS_TOKEN", "value": "lund"}, "b"),
        ({"propertyName": "hs_lead_status", "operator": "NOT_IN", "values": ["NEW"]}, "b"),
        ({"propertyName": "createdate", "operator": "GTE", "value": "2026-03-02T09:01:00Z"}, "bc"),
        ({"propertyName": "lastmodifieddate", "operator": "GTE", "value": "1772442060000"}, "bc"),
        ({"propertyName": "lastmodifieddate", "operator": "GT", "value": "1772442060000"}, "c"),
        ({"propertyName": "lastmodifieddate", "operator": "LT", "value": "1772442060000"}, "a"),
        ({"propertyName": "lastmodifieddate", "operator": "LTE", "value": "1772442060000"}, "ab"),
        ({"propertyName": "lastmodifieddate", "operator": "BETWEEN", "value": "1772442000000", "highValue": "1772442060000"}, "ab"),
        ({"propertyName": "hs_object_id", "operator": "GT", "value": "1007001"}, "bc"),
        ({"propertyName": "hs_object_id", "operator": "GTE", "value": "1007003"}, "c"),
        ({"propertyName": "hs_object_id", "operator": "IN", "values": ["1007001", "9"]}, "a"),
    ],
)
def test_operators(hub: httpx.Client, create: Create, search: Search, clock: SandboxClock, case: tuple[dict[str, Any], str]) -> None:
    """Behaviors 39 and 40: operators with their case rules; `email` is the primary one, secondary ones have a property."""
    first = create(email="a@x.example", city="Lund", company="Acme AB", hs_lead_status="NEW")["id"]
    clock.advance(60)
    create(email="b@x.example", city="Oslo", company="Acmeco", hs_lead_status="OPEN")
    clock.advance(60)
    last = create(email="c@x.example", company="Other")["id"]
    hub.post("/_sandbox/edit", json={"id": last, "properties": {"hs_additional_emails": "second@x.example"}})
    clock.advance(60)
    assert first == "1007001"
    order, found = case
    assert "".join(_emails(search(order))) == found


def test_a_change_within_the_millisecond_of_since_can_be_found(hub: httpx.Client, create: Create, search: Search, clock: SandboxClock) -> None:
    """Behavior 39: where HubSpot cuts "since" to its millisecond, GT finds that millisecond's records too; other operators and properties do not."""
    create(email="a@x.example")
    clock.advance(60)
    create(email="b@x.example")
    clock.advance(60)
    since = {"operator": "GT", "value": "1772442060000"}
    modified, created = ({"propertyName": name, **since} for name in ("lastmodifieddate", "createdate"))
    assert _emails(search(modified)) == []
    assert hub.post("/_sandbox/settings", json={"search_truncates_ms": True}).is_success
    assert _emails(search(modified)) == ["b"]
    assert _emails(search(modified | {"operator": "LT"})) == ["a"]
    assert _emails(search(created)) == []


def test_groups_are_alternatives(create: Create, search: Search, clock: SandboxClock) -> None:
    """Behavior 36: filters of a group hold together, groups are alternatives, and nothing is found twice."""
    for name in "abc":
        create(email=f"{name}@x.example", city="Lund")
    clock.advance(60)
    wanted = [{"filters": [{"propertyName": "email", "operator": "EQ", "value": f"{name}@x.example"}, HAS_EMAIL]} for name in "aab"]
    assert sorted(_emails(search(filterGroups=wanted))) == ["a", "b"]
