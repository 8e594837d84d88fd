"""Who may call HubSpot's sandbox, by which path, how often, and what trouble it can be told to make."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from leadhub_sandbox.clock import SandboxClock
from leadhub_sandbox.http import SandboxServer
from leadhub_sandbox.hubspot import HubSpotService

V3 = "/crm/v3/objects/contacts"


def test_json_over_a_kept_connection(hub: httpx.Client) -> None:
    """Behavior 1: answers are JSON over plain HTTP, and one connection carries several calls."""
    first, second = hub.get(V3), hub.get(V3)
    assert first.headers["content-type"].lower() == "application/json;charset=utf-8"
    streams = [answer.extensions["network_stream"].get_extra_info("client_addr") for answer in (first, second)]
    assert streams[0] == streams[1]


@pytest.mark.parametrize(
    "path", ["/crm/objects/2026-03/contacts", "/crm/objects/2026-09/contacts", "/crm/objects/2026-09/0-1", "/crm/v3/objects/0-1"]
)
def test_every_version_serves_one_store(hub: httpx.Client, create: Callable[..., dict[str, Any]], path: str) -> None:
    """Behavior 2: what v3 created is there under each dated path, and under the object's type id."""
    made = create(email="a@x.example")
    assert hub.get(f"{path}/{made['id']}").json()["properties"]["email"] == "a@x.example"


def test_unknown_versions_objects_and_methods_are_refused(hub: httpx.Client, settings: Callable[..., None]) -> None:
    """Behavior 2: a version or object that the account does not have, leads without a seat too, is refused, never served as contacts."""
    assert hub.get("/crm/objects/2024-01/contacts").status_code == 404
    assert hub.get("/crm/v3/objects/unicorns").status_code == 400
    assert hub.put(V3).status_code == 405
    settings(lead_seats=False)
    leads = hub.get("/crm/v3/objects/leads")
    assert (leads.status_code, leads.json()["category"]) == (403, "MISSING_SCOPES")


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic abc"}])
def test_a_wrong_token_is_refused(server: SandboxServer, header: dict[str, str]) -> None:
    """Behavior 3: without the service key the answer is 401 INVALID_AUTHENTICATION."""
    answer = httpx.get(server.url + V3, headers=header)
    assert (answer.status_code, answer.json()["category"]) == (401, "INVALID_AUTHENTICATION")


def test_an_expired_token_is_refused(hub: httpx.Client, settings: Callable[..., None]) -> None:
    """Behavior 3: the right key gets 401 too once it has expired."""
    settings(token_expired=True)
    assert hub.get(V3).status_code == 401
    settings(token_expired=False)
    assert hub.get(V3).status_code == 200


def test_each_scope_opens_its_own_calls(hub: httpx.Client, settings: Callable[..., None]) -> None:
    """Behavior 3: a missing scope is 403 MISSING_SCOPES and names the scope; other calls go on."""
    settings(scopes=["crm.objects.contacts.read"])
    refused = hub.post(V3, json={"properties": {"email": "a@x.example"}})
    assert (refused.status_code, refused.json()["category"]) == (403, "MISSING_SCOPES")
    assert refused.json()["errors"][0]["context"]["requiredGranularScopes"] == ["crm.objects.contacts.write"]
    assert hub.get(V3).status_code == 200
    assert hub.get("/crm/v3/properties/contacts").status_code == 403
    assert hub.get("/crm/v3/owners").status_code == 403


def test_the_rolling_limit(hub: httpx.Client, settings: Callable[..., None], clock: SandboxClock) -> None:
    """Behavior 43: beyond the limit of ten seconds comes 429 TEN_SECONDLY_ROLLING with Retry-After, until the window has passed."""
    settings(burst_limit=2)
    left = [hub.get(V3).headers["X-HubSpot-RateLimit-Remaining"] for _ in range(2)]
    refused = hub.get(V3)
    assert left == ["1", "0"]
    assert (refused.status_code, refused.json()["policyName"]) == (429, "TEN_SECONDLY_ROLLING")
    assert (refused.json()["errorType"], refused.headers["Retry-After"]) == ("RATE_LIMIT", "10")
    clock.advance(10)
    assert hub.get(V3).status_code == 200


def test_retry_after_can_be_left_out(hub: httpx.Client, settings: Callable[..., None]) -> None:
    """Behavior 43: a 429 may come without Retry-After."""
    settings(burst_limit=0, retry_after=False)
    answer = hub.get(V3)
    assert answer.status_code == 429
    assert "Retry-After" not in answer.headers


def test_the_daily_limit_lasts_till_midnight_of_the_account(hub: httpx.Client, settings: Callable[..., None], clock: SandboxClock) -> None:
    """Behavior 43: the daily limit is told in headers, refuses as DAILY, and starts anew at midnight in the account's zone."""
    settings(daily_limit=1)
    assert hub.get(V3).headers["X-HubSpot-RateLimit-Daily-Remaining"] == "0"
    assert hub.get(V3).json()["policyName"] == "DAILY"
    clock.advance(15 * 3600)  # 00:00 UTC, still 19:00 in the account
    assert hub.get(V3).json()["policyName"] == "DAILY"
    clock.advance(5 * 3600)
    assert hub.get(V3).status_code == 200


def test_search_has_a_limit_of_its_own_and_no_headers(hub: httpx.Client, settings: Callable[..., None], clock: SandboxClock) -> None:
    """Behavior 43: search is limited by the second, apart from the other calls, and its answers carry no rate headers."""
    settings(search_limit=1)
    first, second = (hub.post(f"{V3}/search", json={}) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 429)
    assert second.json()["message"] == "You have reached your secondly limit."
    assert not [name for name in first.headers if name.startswith("x-hubspot-ratelimit")]
    assert hub.get(V3).status_code == 200
    clock.advance(1)
    assert hub.post(f"{V3}/search", json={}).status_code == 200


STATUSES = [
    ("locked", 423),
    ("migrating", 477),
    ("internal", 500),
    ("bad_gateway", 502),
    ("unavailable", 503),
    ("gateway_timeout", 504),
    ("timeout_524", 524),
    ("malformed_token_530", 530),
    ("too_many", 429),
    ("daily_limit", 429),
]


@pytest.mark.parametrize(("kind", "status"), STATUSES)
def test_injected_statuses(hub: httpx.Client, kind: str, status: int) -> None:
    """Behavior 44: each status comes when ordered, once, and the call has not happened."""
    hub.post("/_sandbox/faults", json={"kind": kind, "method": "POST"})
    body = {"properties": {"email": "a@x.example"}}
    assert hub.post(V3, json=body).status_code == status
    assert hub.get(V3).json()["results"] == []
    assert hub.post(V3, json=body).status_code == 201


@pytest.mark.parametrize(("kind", "status"), STATUSES)
def test_injected_statuses_after_the_write(hub: httpx.Client, kind: str, status: int) -> None:
    """Behavior 44: each status can also come once the write has happened, so that the caller is told less than is true."""
    hub.post("/_sandbox/faults", json={"kind": kind, "method": "POST", "after_commit": True})
    answer = hub.post(V3, json={"properties": {"email": "a@x.example"}})
    assert answer.status_code == status
    assert "a@x.example" not in answer.text
    assert [entry["properties"]["email"] for entry in hub.get(V3).json()["results"]] == ["a@x.example"]


def test_a_migration_says_how_long(hub: httpx.Client) -> None:
    """Behavior 44: a 477 carries Retry-After, the other statuses of a troubled account carry none."""
    for kind, wait in (("migrating", "600"), ("locked", None), ("timeout_524", None)):
        hub.post("/_sandbox/faults", json={"kind": kind})
        assert hub.get(V3).headers.get("Retry-After") == wait


@pytest.mark.parametrize(("kind", "written"), [("drop_before", 0), ("drop_after", 1)])
def test_lost_connections(hub: httpx.Client, kind: str, written: int) -> None:
    """Behavior 44: a connection can be lost before the write, or after it with only the answer lost."""
    hub.post("/_sandbox/faults", json={"kind": kind})
    with pytest.raises(httpx.RemoteProtocolError):
        hub.post(V3, json={"properties": {"email": "a@x.example"}})
    assert len(hub.get(V3).json()["results"]) == written


def test_same_seed_same_answers(clock: SandboxClock) -> None:
    """Behavior 54: two accounts of one seed have the same token and portal, and another seed has others."""
    first, again, other = (HubSpotService(seed, clock) for seed in (7, 7, 8))
    assert (first.token, first.account.portal_id) == (again.token, again.account.portal_id)
    assert first.token != other.token


def test_timestamps_come_from_the_clock(hub: httpx.Client, create: Callable[..., dict[str, Any]], clock: SandboxClock) -> None:
    """Behavior 54: the test's clock dates every write, and the Date header."""
    made = create(email="a@x.example")
    clock.advance(90)
    changed = hub.patch(f"{V3}/{made['id']}", json={"properties": {"city": "Lund"}})
    assert made["createdAt"] == "2026-03-02T09:00:00.000Z"
    assert changed.json()["updatedAt"] == "2026-03-02T09:01:30.000Z"
    assert changed.headers["Date"] == "Mon, 02 Mar 2026 09:01:30 GMT"


def test_a_snapshot_brings_everything_back(
    hub: httpx.Client, create: Callable[..., dict[str, Any]], settings: Callable[..., None], search: Callable[..., dict[str, Any]]
) -> None:
    """Behavior 54: after a restore, records, history, settings, options, merges and the index are as they were."""
    pair = [create(email=f"{name}@x.example", leadhub_id=name)["id"] for name in "ab"]
    survivor = hub.post(f"{V3}/merge", json={"primaryObjectId": pair[0], "objectIdToMerge": pair[1]}).json()["id"]
    settings(search_lag_seconds=0, options={"hs_lead_status": ["HOT"]})
    history = {"propertiesWithHistory": "email,lifecyclestage"}
    before = hub.get(f"{V3}/{survivor}", params=history).json()
    found = search()
    snapshot = hub.get("/_sandbox/snapshot").json()
    hub.delete(f"{V3}/{survivor}")
    settings(search_lag_seconds=9, options={"hs_lead_status": ["COLD"]})
    assert hub.put("/_sandbox/snapshot", json=snapshot).status_code == 204
    assert hub.get(f"{V3}/{pair[1]}", params=history).json() == before
    assert search() == found
    assert hub.get("/crm/v3/properties/contacts/hs_lead_status").json()["options"][0]["value"] == "HOT"
    assert hub.get(f"{V3}/b@x.example", params={"idProperty": "email"}).json()["id"] == survivor
    assert hub.get("/_sandbox/snapshot").json()["account"]["objects"] == snapshot["account"]["objects"]


JSON = {"Content-Type": "application/json"}


def test_a_body_says_that_it_is_json(hub: httpx.Client) -> None:
    """Behavior 1: a body of another type, or of none, is 415 and does nothing; JSON with a charset passes, and so does a call without a body."""
    body = b'{"properties": {"email": "a@x.example"}}'
    for kind in ({}, {"Content-Type": "text/plain"}, {"Content-Type": "application/x-www-form-urlencoded"}):
        answer = hub.post(V3, content=body, headers=kind)
        assert (answer.status_code, answer.json()["status"]) == (415, "error")
    assert hub.post(V3, content=body, headers={"Content-Type": "Application/JSON; charset=UTF-8"}).status_code == 201
    assert hub.delete(f"{V3}/5").status_code == 204


def test_an_address_has_an_end(hub: httpx.Client) -> None:
    """Behavior 7: so many properties that the address has more than 16,384 bytes are 414, one byte less is answered."""
    frame = f"{V3}?properties="
    assert hub.get(frame + "x" * (16_384 - len(frame))).status_code == 200
    answer = hub.get(frame + "x" * (16_385 - len(frame)))
    assert (answer.status_code, answer.json()["status"]) == (414, "error")


AWKWARD = (
    b"",
    b"{",
    b"[]",
    b"null",
    b'"x"',
    b"\xff",
    b'{"inputs": 5}',
    b'{"inputs": [5]}',
    b'{"inputs": [{"id": 5}]}',
    b'{"properties": 5, "sorts": 5}',
)


@pytest.mark.parametrize("path", ["", "/search", "/merge", "/batch/read", "/batch/create", "/batch/update", "/batch/upsert", "/batch/archive"])
def test_awkward_bodies_are_refused_in_words(hub: httpx.Client, path: str) -> None:
    """Whatever a client sends is answered: an awkward body is an error of HubSpot's form, never a lost connection."""
    for body in AWKWARD:
        answer = hub.post(V3 + path, content=body, headers=JSON)
        if path == "/search" and body.startswith(b'{"inputs'):
            assert answer.status_code == 200  # unknown fields alone are an empty search
        else:
            assert answer.status_code in (400, 404), body
            assert answer.json()["status"] == "error"
    assert hub.get(V3).json()["results"] == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/crm/v3/objects/deals"),
        ("PATCH", "/crm/v3/objects/deals/DEAL"),
        ("POST", "/crm/v3/objects/leads/batch/create"),
        ("POST", f"{V3}/gdpr-delete"),
        ("POST", "/crm/v3/properties/deals"),
        ("PATCH", "/crm/v3/properties/contacts/hs_lead_status"),
        ("PUT", "/crm/v4/objects/deals/DEAL/associations/contacts/5"),
        ("POST", "/crm/v4/associations/deals/contacts/batch/read"),
        ("POST", "/crm/v4/associations/deals/contacts/batch/create"),
        ("POST", "/crm/v4/associations/deals/contacts/batch/archive"),
        ("POST", "/crm/v4/associations/deals/contacts/batch/labels/archive"),
        ("POST", "/crm/v4/associations/deals/contacts/batch/associate/default"),
        ("POST", "/crm/v4/associations/deals/contacts/labels"),
        ("POST", "/oauth/2026-03/token"),
    ],
)
def test_awkward_bodies_are_refused_everywhere(hub: httpx.Client, method: str, path: str) -> None:
    """An awkward body is a refusal of HubSpot's form on every path that takes one."""
    deal = hub.post("/crm/v3/objects/deals", json={"properties": {"dealname": "D", "dealstage": "closedwon"}}).json()["id"]
    more = (
        b'{"properties": {"dealname": "D", "dealstage": "closedwon"}, "associations": 5}',
        b'{"properties": {"dealname": "D", "dealstage": "closedwon"}, "associations": [{"to": 5, "types": [5]}]}',
        b'{"properties": {"dealname": "D", "dealstage": "closedwon"}, "associations": [{"to": {"id": [5]}, "types": [{"associationTypeId": {}}]}]}',
        b'{"inputs": [{"from": 5, "to": [5], "types": 5, "id": [5], "after": []}]}',
        b'{"options": [5], "objectId": 5}',
        b"[5]",
    )
    for body in AWKWARD + more:
        answer = hub.request(method, path.replace("DEAL", deal), content=body, headers=JSON)
        if method == "PATCH" and path.startswith("/crm/v3/objects") and b'"dealname"' in body:
            assert answer.status_code == 200  # an update takes no associations and passes over them
        else:
            assert answer.status_code in (400, 404), (body, answer.text)
            assert answer.json()["message"]
