"""The search index by itself, and the orders that fill and touch a large account."""

import random
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from leadhub_sandbox.clock import SandboxClock
from leadhub_sandbox.hubspot.index import EVERYTHING, FEW, Entry, SearchIndex

V3 = "/crm/v3/objects/contacts"
Create = Callable[..., dict[str, Any]]
Search = Callable[..., dict[str, Any]]


@pytest.mark.parametrize("at_once", [1, 20, FEW * 2])
def test_the_order_of_change_is_kept(at_once: int) -> None:
    """Behavior 37: however many changes come between two searches, a window of time gives what a look through all entries gives."""
    draw, index, known = random.Random(at_once), SearchIndex(), {}
    for _ in range(12):
        for _ in range(at_once):
            number = draw.randrange(at_once * 3)
            if draw.random() < 0.2:
                index.drop(number)
                known.pop(number, None)
            else:
                known[number] = Entry(number, draw.randrange(50), {"email": f"P{draw.randrange(at_once)}@x.example"})
                index.put(known[number])
        low, high = sorted(draw.choices(range(50), k=2))
        assert index.changed((low, high), EVERYTHING) == _in_order(known, low, high)
        assert index.changed((low, low), (at_once, at_once * 2)) == [one for one in _in_order(known, low, low) if at_once <= one <= at_once * 2]
        assert sorted(index.with_email("p0@X.example")) == sorted(one.id for one in known.values() if one.values["email"] == "P0@x.example")


def _in_order(known: dict[int, Entry], low: int, high: int) -> list[int]:
    return [one.id for one in sorted(known.values(), key=lambda one: (one.modified_ms, one.id)) if low <= one.modified_ms <= high]


def test_an_address_is_found_as_the_index_knows_it(hub: httpx.Client, create: Create, search: Search, clock: SandboxClock) -> None:
    """Behaviors 37 and 39: until the lag is over, search by e-mail finds the contact by the old address, and not by the new one."""
    made = create(email="old@x.example")["id"]
    clock.advance(60)
    hub.patch(f"{V3}/{made}", json={"properties": {"email": "new@x.example"}})
    by = [{"propertyName": "email", "operator": "EQ", "value": f"{name}@X.example"} for name in ("old", "new")]
    assert [search(order)["total"] for order in by] == [1, 0]
    clock.advance(60)
    assert [search(order)["total"] for order in by] == [0, 1]


def test_many_contacts_are_made_by_one_order(hub: httpx.Client, search: Search, clock: SandboxClock) -> None:
    """Behavior 54: a large account is seeded in one order, which obeys what every create obeys, and makes all or none."""
    people = [{"email": f"p{at}@x.example", "lastname": f"P{at}"} for at in range(300)]
    refused = hub.post("/_sandbox/create_many", json={"records": [*people, {"email": "p1@X.example"}]})
    assert (refused.status_code, hub.get(V3).json()["results"]) == (409, [])
    assert hub.post("/_sandbox/create_many", json={"records": [{"createdate": "2025-01-01"}]}).status_code == 400
    made = hub.post("/_sandbox/create_many", json={"records": people, "source": "IMPORT"})
    assert (made.status_code, len(made.json()["ids"])) == (201, 300)
    clock.advance(60)
    assert search()["total"] == 300
    first = hub.get(f"{V3}/{made.json()['ids'][0]}?propertiesWithHistory=email").json()
    assert (first["properties"]["lastname"], first["propertiesWithHistory"]["email"][0]["sourceType"]) == ("P0", "IMPORT")


def test_a_shared_millisecond_is_counted_and_cut_by_id(hub: httpx.Client, search: Search, settings: Callable[..., None], clock: SandboxClock) -> None:
    """Behaviors 36, 38 and 42: beyond 10,000 in one millisecond the total is exact, and ranges of ids split it without a gap, in no order."""
    settings(search_shuffled=True, search_disorder_seconds=30)
    people = [{"lastname": f"P{at}"} for at in range(10_500)]
    ids = [int(one) for one in hub.post("/_sandbox/create_many", json={"records": people}).json()["ids"]]
    clock.advance(60)
    hub.post("/_sandbox/touch", json={"ids": [str(one) for one in ids[:10_100]], "at": "2026-03-02T08:00:00.123Z"})
    clock.advance(60)
    instant = [{"propertyName": "lastmodifieddate", "operator": operator, "value": "1772438400123"} for operator in ("GTE", "LTE")]
    assert search(*instant, limit=1)["total"] == 10_100
    found: list[int] = []
    for start in range(0, len(ids), 200):
        within = [{"propertyName": "hs_object_id", "operator": "GTE", "value": str(ids[0] + start)}]
        within += [{"propertyName": "hs_object_id", "operator": "LT", "value": str(ids[0] + start + 200)}]
        found += [int(one["id"]) for one in search(*instant, *within)["results"]]
    assert found != sorted(found)
    assert sorted(found) == ids[:10_100]
