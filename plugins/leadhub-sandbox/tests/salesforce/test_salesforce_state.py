"""Faults, snapshots and determinism (behaviors 39, 46)."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from leadhub_sandbox import SandboxClock, SandboxServer, start_salesforce

Make = Callable[..., str]
Admin = Callable[..., Any]


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("lock", 400, "UNABLE_TO_LOCK_ROW"),
        ("unavailable", 503, "SERVER_UNAVAILABLE"),
        ("server_error", 500, "UNKNOWN_EXCEPTION"),
        ("limit", 403, "REQUEST_LIMIT_EXCEEDED"),
        ("concurrent", 403, "REQUEST_LIMIT_EXCEEDED"),
        ("query_timeout", 400, "QUERY_TIMEOUT"),
        ("expired_session", 401, "INVALID_SESSION_ID"),
    ],
)
def test_a_fault_in_salesforces_words_hits_its_route_once(
    *, api: httpx.Client, admin: Admin, refusal: Callable[..., Any], kind: str, status: int, code: str
) -> None:
    """39: an injected error has Salesforce's shape, hits the calls that match and no more of them than asked."""
    admin("faults", kind=kind, path="/query", method="GET")
    assert api.get("/limits").status_code == 200
    assert refusal(api.get("/query", params={"q": "SELECT Id FROM Lead"})) == (status, code)
    assert api.get("/query", params={"q": "SELECT Id FROM Lead"}).status_code == 200


@pytest.mark.parametrize(
    ("kind", "status"), [("html_503", 503), ("bad_gateway", 502), ("setting_up", 420), ("too_many", 429), ("not_acceptable", 406)]
)
def test_a_fault_of_the_edge_is_no_json(api: httpx.Client, admin: Admin, kind: str, status: int) -> None:
    """39: what comes from in front of Salesforce is HTML or nothing at all."""
    admin("faults", kind=kind)
    answer = api.get("/limits")
    assert answer.status_code == status
    assert not answer.content.startswith(b"[")


@pytest.mark.parametrize(("kind", "made"), [("drop_before", 0), ("drop_after", 1), ("truncate", 1)])
def test_a_lost_answer_may_have_been_a_success(api: httpx.Client, soql: Callable[..., Any], admin: Admin, kind: str, made: int) -> None:
    """39: a connection that drops before the commit leaves nothing; after it, the record is there and only the answer is lost."""
    admin("faults", kind=kind, method="POST", path="/sobjects/Lead")
    with pytest.raises(httpx.RemoteProtocolError):
        api.post("/sobjects/Lead", json={"LastName": "A", "Company": "B"})
    assert len(soql("SELECT Id FROM Lead")) == made


def test_the_same_seed_gives_the_same_org(server: SandboxServer, make_lead: Make, clock: SandboxClock) -> None:
    """46: ids and credentials follow from the seed and the calls alone."""
    twin, other = (start_salesforce(seed=seed, clock=clock) for seed in (7, 8))
    try:
        assert (twin.service.client_id, twin.service.client_secret) == (server.service.client_id, server.service.client_secret)
        assert other.service.client_secret != server.service.client_secret
        first = make_lead()
        order = {"object": "Lead", "fields": {"LastName": "Berg", "Company": "Acme"}}
        made = [httpx.post(f"{s.url}/_sandbox/create", json=order).json()["id"] for s in (twin, other)]
        assert made[0] == first
        assert made[1] != first
    finally:
        twin.stop()
        other.stop()


def test_a_snapshot_brings_everything_back(web: httpx.Client, api: httpx.Client, make_lead: Make, soql: Callable[..., Any], admin: Admin) -> None:
    """46: a restored snapshot has the old rows, settings, sessions, unique values and next id."""
    kept = make_lead(LeadhubId__c="k")
    admin("settings", daily_limit=500)
    state = web.get("/_sandbox/snapshot").json()
    later = make_lead()
    api.delete(f"/sobjects/Lead/{kept}")
    admin("settings", expire_tokens=True, daily_limit=1)
    assert web.put("/_sandbox/snapshot", json=state).status_code == 204
    assert [r["Id"] for r in soql("SELECT Id FROM Lead")] == [kept]
    assert api.patch("/composite/sobjects/Lead/LeadhubId__c", json={"records": [_row("k")]}).json()[0]["created"] is False
    assert make_lead() == later
    assert web.get("/_sandbox/snapshot").json()["settings"]["daily_limit"] == 500


def _row(key: str) -> dict[str, Any]:
    return {"attributes": {"type": "Lead"}, "LastName": "A", "Company": "B", "LeadhubId__c": key}


def test_the_journal_tells_what_was_asked(web: httpx.Client, api: httpx.Client, make_lead: Make) -> None:
    """46: the journal holds each call with its body and status, in order, and no token."""
    token = api.headers["Authorization"].removeprefix("Bearer ")
    web.delete("/_sandbox/journal")
    make_lead()
    journal = web.get("/_sandbox/journal").json()
    assert [(e["method"], e["path"], e["status"]) for e in journal] == [("POST", "/services/data/v62.0/sobjects/Lead", 201)]
    assert "Berg" in journal[0]["body"]
    assert token not in str(journal)


NASTY: list[tuple[str, str, Any]] = [
    ("POST", "/sobjects/Lead", None),
    ("POST", "/sobjects/Lead", {"LastName": "A", "Company": "B", "AnnualRevenue": "inf"}),
    ("POST", "/sobjects/Lead", {"LastName": "A", "Company": "B", "NumberOfEmployees": "1e999"}),
    ("POST", "/sobjects/Lead", {"LastName": "A", "Company": "B", "NumberOfEmployees": 10**400}),
    ("POST", "/sobjects/Lead", {"LastName": "A", "Company": "B", "Next_Call__c": "0001-01-01T00:00:00+23:00"}),
    ("POST", "/sobjects/Lead", {"LastName": {"a": 1}, "Company": ["b"]}),
    ("POST", "/sobjects/Lead", {"LastName": "A", "Company": "B", "OwnerId": 5}),
    ("POST", "/sobjects/Nothing", {}),
    ("POST", "/sobjects/User", {"LastName": "A"}),
    ("PATCH", "/sobjects/Lead/nonsense", {}),
    ("PATCH", "/composite/sobjects", {"records": [1]}),
    ("PATCH", "/composite/sobjects", {"records": [{"attributes": 1}]}),
    ("PATCH", "/composite/sobjects", {"records": [{"attributes": {"type": "Lead"}, "id": {"x": 1}}]}),
    ("PATCH", "/composite/sobjects/Lead/LeadhubId__c", {"records": [{"attributes": {"type": "Contact"}, "LeadhubId__c": 5}]}),
    ("PATCH", "/composite/sobjects/Lead/LeadhubId__c", {"records": [{"attributes": {"type": "Lead"}, "LeadhubId__c": [5]}]}),
    ("POST", "/composite/sobjects/Lead", {"ids": [None, 5], "fields": ["Id"]}),
    ("POST", "/composite/sobjects/Lead", {"ids": [], "fields": [5]}),
    ("POST", "/jobs/query", [1]),
    ("POST", "/jobs/query", {"operation": ["query"], "query": "SELECT Id FROM Lead"}),
    ("POST", "/jobs/query", {"operation": "query", "query": {"a": 1}}),
    ("POST", "/jobs/ingest", {"operation": ["insert"], "object": ["Lead"]}),
    ("POST", "/jobs/ingest", {"operation": "upsert", "object": "Lead", "externalIdFieldName": [1]}),
    ("POST", "/jobs/ingest", {"operation": "insert", "object": "Lead", "assignmentRuleId": 5}),
    ("POST", "/jobs/ingest", {"operation": "insert", "object": "Lead", "lineEnding": {"a": 1}}),
    ("GET", "/jobs/query/%FF/results?maxRecords=²", None),
    ("GET", "/query?q=SELECT Id FROM Lead WHERE CreatedDate = LAST_N_DAYS:99999999999", None),
    ("GET", "/query?q=SELECT Id FROM Lead WHERE CreatedDate > 0001-01-01T00:00:00%2B23:00", None),
    ("GET", "/query?q=SELECT Id FROM Lead WHERE LastName = '\\u00e9", None),
    ("GET", "/query/x-99999999999999999999", None),
    ("GET", "/sobjects/Lead/updated?start=x", None),
    ("GET", "/sobjects/%FF/describe", None),
]


@pytest.mark.parametrize(("method", "path", "body"), NASTY)
def test_nothing_a_client_sends_is_a_fault_of_the_sandbox(
    *, api: httpx.Client, soql: Callable[..., Any], method: str, path: str, body: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whatever a client sends is answered in Salesforce's words, leaves nothing behind, and is no exception in the server."""
    content = json.dumps(body).encode() if method != "GET" else None
    answer = api.request(method, path, content=content, headers={"Content-Type": "application/json"})
    errors = answer.json()
    assert answer.status_code in (200, 400, 404)
    assert answer.status_code != 200 or not any(e["success"] for e in errors)
    assert all(e.get("errorCode") or e["errors"][0]["statusCode"] for e in errors)
    assert soql("SELECT Id FROM Lead") == []
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("header", ["If-Modified-Since", "If-Unmodified-Since"])
@pytest.mark.parametrize("text", ["Mon, 16 Nov 2026 09:00:00 -0000", "Mon, 99 Nov 2026 09:00:00 GMT", "x"])
def test_an_odd_date_header_is_no_fault_of_the_sandbox(api: httpx.Client, make_lead: Make, header: str, text: str) -> None:
    """A conditional header in another form is read or refused, never an exception in the server."""
    assert api.get(f"/sobjects/Lead/{make_lead()}", headers={header: text}).status_code in (200, 400, 412)
