"""Pitfall 23: a sandbox that is kinder than HubSpot hides faults."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from leadhub import Change, Operation

Judge = Callable[[Mapping[str, Any]], None]
UPDATE = {"inputs": [{"id": "1", "properties": {"phone": "1"}, "objectWriteTraceId": "k"}]}
CREATE = {"inputs": [{"properties": {"phone": "1"}, "associations": [], "objectWriteTraceId": "k"}]}
UPSERT = {"inputs": [{"id": "k", "idProperty": "leadhub_id", "properties": {"phone": "1"}, "objectWriteTraceId": "k"}]}
READ = {"properties": ["phone"], "propertiesWithHistory": [], "inputs": [{"id": "1"}]}
SEARCH = {
    "filterGroups": [{"filters": [{"propertyName": "lastmodifieddate", "operator": "GTE", "value": "1"}]}],
    "sorts": ["hs_object_id"],
    "properties": ["hs_object_id"],
    "limit": 200,
    "after": "0",
}


def call(path: str, body: Any) -> dict[str, Any]:
    return {"method": "POST", "path": f"/crm/objects/2026-03/contacts/{path}", "body": json.dumps(body)}


@pytest.mark.parametrize(
    ("path", "body"),
    [("batch/update", UPDATE), ("batch/create", CREATE), ("batch/upsert", UPSERT), ("batch/read", READ), ("search", SEARCH)],
)
def test_the_judge_lets_the_strict_form_pass(judge: Judge, path: str, body: Any) -> None:
    """Pitfall 23: the form in which the connector sends is what HubSpot's own client accepts as its model of the request."""
    judge(call(path, body))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("batch/upsert", {"inputs": [{**UPSERT["inputs"][0], "id": None}]}),
        ("batch/read", {name: value for name, value in READ.items() if name != "propertiesWithHistory"}),
        ("search", {**SEARCH, "filterGroups": [{"filters": [{"propertyName": "a", "operator": "SINCE", "value": "1"}]}]}),
        ("batch/update", {"inputs": [{**UPDATE["inputs"][0], "properties": {"phone": 1}}]}),
        ("search", {name: value for name, value in SEARCH.items() if name != "after"}),
        ("batch/create", {"inputs": [{"properties": {"phone": "1"}, "objectWriteTraceId": "k"}]}),
    ],
    ids=["no id", "no history", "no such operator", "a number for a text", "no after", "no associations"],
)
def test_the_judge_refuses_what_hubspot_might(judge: Judge, path: str, body: Any) -> None:
    """Pitfall 23: what HubSpot's client rejects is rejected, and so are the three things that it overlooks: no text, no whole search, no associations."""
    with pytest.raises((ValueError, AssertionError, KeyError)):
        judge(call(path, body))


def test_every_body_that_is_sent_is_judged(sandbox: Any, change: Callable[..., Change], judge: Judge) -> None:
    """Pitfall 23: of everything that the connector can do each body goes before the judge; none is of a kind that the judge does not know."""
    plain, keyed = sandbox.connector(external_id=None), sandbox.connector(deals=True, leads=True)
    sandbox.deal()
    mine = sandbox.lead(sandbox.create(email="l@example.com"))
    list(plain.push([change("p", email="p@example.com")]))
    [made] = keyed.push([change("k", email="k@example.com", lifecyclestage="customer")])
    mark = list(keyed.pull(None))[-1].cursor
    sandbox.advance(7 * 3600)
    list(keyed.push([change("u", made.record_id, phone="+1", closedate=None)]))
    list(keyed.push([change("c", made.record_id, "clear_then_set", lifecyclestage="lead")]))
    list(keyed.push([change("o", made.record_id, hs_email_optout=True)]))
    list(keyed.pull(mark))
    keyed.find("contacts", ["k"])
    keyed.authors("contacts", [made.record_id], ["phone"])
    list(keyed.push([Change("l", "leads", Operation.UPDATE, mine, {"hs_pipeline_stage": "connected-stage-id"})]))
    list(keyed.push([change("a", made.record_id, "archive")]))
    bodies = [entry for entry in sandbox.calls() if entry["method"] == "POST" and entry["body"]]
    assert {entry["path"].removeprefix("/crm/objects/2026-03/contacts/") for entry in bodies} == {
        *("batch/create", "batch/upsert", "batch/update", "batch/read", "batch/archive", "search"),
        *(f"/crm/objects/2026-03/{name}/{verb}" for name in ("deals", "leads") for verb in ("search", "batch/read")),
        *(f"/crm/associations/2026-03/{name}/contacts/batch/read" for name in ("deals", "leads")),
        "/crm/objects/2026-03/leads/batch/update",
    }
    for entry in bodies:
        judge(entry)
