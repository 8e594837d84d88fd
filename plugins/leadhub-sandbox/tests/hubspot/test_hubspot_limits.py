"""The limits of search and of an account, each at its edge: what just keeps it passes, one more does not."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from leadhub_sandbox.clock import SandboxClock

V3 = "/crm/v3/objects/contacts"
JSON = {"Content-Type": "application/json"}
HAS_EMAIL = {"propertyName": "email", "operator": "HAS_PROPERTY"}
Create = Callable[..., dict[str, Any]]
Search = Callable[..., dict[str, Any]]
Settings = Callable[..., None]


@pytest.mark.parametrize(("letter", "length", "status"), [("x", 3000, 200), ("x", 3001, 400), ("ö", 3000, 200), ("ö", 3001, 400)])
def test_a_search_body_has_three_thousand_characters(hub: httpx.Client, letter: str, length: int, status: int) -> None:
    """Behavior 36: a body of 3,000 characters passes and one more is refused; characters are counted, not bytes."""
    frame = json.dumps({"query": ""})
    body = json.dumps({"query": letter * (length - len(frame))}, ensure_ascii=False)
    assert len(body) == length
    assert hub.post(f"{V3}/search", content=body.encode(), headers=JSON).status_code == status


@pytest.mark.parametrize(
    ("groups", "status"), [([6, 6, 6], 200), ([6, 6, 6, 1], 400), ([4, 4, 4, 3, 3], 200), ([1] * 5, 200), ([1] * 6, 400), ([7], 400)]
)
def test_filters_are_counted_by_group_and_in_all(hub: httpx.Client, groups: list[int], status: int) -> None:
    """Behavior 36: five groups, six filters in each and eighteen in all pass; one more of any is refused."""
    body = {"filterGroups": [{"filters": [HAS_EMAIL] * count} for count in groups]}
    assert hub.post(f"{V3}/search", json=body).status_code == status


def test_search_is_late_unless_told_otherwise(create: Create, search: Search, clock: SandboxClock) -> None:
    """Behavior 37: a fresh account's search does not know what was written two seconds ago, and does after ten."""
    create(email="a@x.example")
    clock.advance(2)
    assert search()["total"] == 0
    clock.advance(8)
    assert search()["total"] == 1


def test_the_limits_of_a_professional_account(hub: httpx.Client, settings: Settings, clock: SandboxClock) -> None:
    """Behavior 43: one word sets the real limits: 190 calls in ten seconds, 5 searches in a second, 625,000 calls a day."""
    settings(account_limits="professional")
    answers = [hub.get(V3) for _ in range(190)]
    assert {answer.status_code for answer in answers} == {200}
    told = {name.removeprefix("x-hubspot-ratelimit-"): value for name, value in answers[-1].headers.items() if "ratelimit" in name}
    expected = {"max": "190", "remaining": "0", "interval-milliseconds": "10000", "daily": "625000", "daily-remaining": "624810"}
    assert told == expected
    assert hub.get(V3).json()["policyName"] == "TEN_SECONDLY_ROLLING"
    assert [hub.post(f"{V3}/search", json={}).status_code for _ in range(6)] == [200] * 5 + [429]
    clock.advance(1)
    assert hub.post(f"{V3}/search", json={}).status_code == 200
    assert hub.get(V3).status_code == 429
    clock.advance(9)
    assert hub.get(V3).status_code == 200


@pytest.mark.parametrize(
    ("name", "burst", "daily", "oauth"),
    [
        ("starter", 100, 250_000, 110),
        ("professional", 190, 625_000, 110),
        ("enterprise", 190, 1_000_000, 110),
        ("generous", 10_000, 1_000_000, 10_000),
    ],
)
def test_the_limits_of_each_kind_of_account(hub: httpx.Client, name: str, burst: int, daily: int, oauth: int) -> None:
    """Behavior 43: the limits are those of HubSpot's usage guidelines, 110 for an OAuth app; one named beside the word holds instead."""
    told = hub.post("/_sandbox/settings", json={"account_limits": name}).json()
    assert (told["burst_limit"], told["daily_limit"], told["account_limits"]) == (burst, daily, name)
    assert told["oauth_burst_limit"] == oauth
    told = hub.post("/_sandbox/settings", json={"daily_limit": 7, "account_limits": name}).json()
    assert (told["burst_limit"], told["daily_limit"]) == (burst, 7)


def test_a_kind_of_account_that_there_is_not(hub: httpx.Client) -> None:
    """Behavior 43: an unknown word is refused and names the known ones; nothing is set."""
    answer = hub.post("/_sandbox/settings", json={"account_limits": "platinum", "burst_limit": 3})
    assert (answer.status_code, "professional" in answer.json()["error"]) == (400, True)
    assert hub.get("/_sandbox/settings").json()["burst_limit"] == 10_000
