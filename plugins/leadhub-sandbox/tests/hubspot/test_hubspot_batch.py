"""Batches: their limits, all or nothing, and per-record outcomes with trace ids."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

V3 = "/crm/v3/objects/contacts"
Create = Callable[..., dict[str, Any]]


def _batch(hub: httpx.Client, verb: str, inputs: list[dict[str, Any]], **more: Any) -> httpx.Response:
    return hub.post(f"{V3}/batch/{verb}", json={"inputs": inputs, **more})


def _upsert(key: str, trace: str | None = None, *, by: str = "leadhub_id", **properties: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"idProperty": by, "id": key, "properties": properties}
    return entry | ({"objectWriteTraceId": trace} if trace else {})


def _count(hub: httpx.Client) -> int:
    return len(hub.get(f"{V3}?limit=100").json()["results"])


@pytest.mark.parametrize("verb", ["read", "create", "update", "upsert", "archive"])
def test_batch_sizes(hub: httpx.Client, verb: str) -> None:
    """Behavior 26: a batch of 101 or of nothing is 400 for every verb."""
    inputs = [_upsert(str(at), email=f"p{at}@x.example") for at in range(101)]
    assert _batch(hub, verb, inputs).status_code == 400
    assert _batch(hub, verb, []).status_code == 400
    assert _count(hub) == 0


def test_duplicate_ids(hub: httpx.Client) -> None:
    """Behavior 26: an id that comes twice refuses the batch, trace ids or not, and is named."""
    inputs = [_upsert("L1", "1", email="a@x.example"), _upsert("L1", "2", email="b@x.example"), _upsert("L2", "3", email="c@x.example")]
    answer = _batch(hub, "upsert", inputs)
    assert answer.status_code == 400
    assert answer.json()["message"] == "Duplicate IDs found in batch input: [L1]. IDs must be unique"
    assert answer.json()["context"] == {"ids": ["L1"]}
    assert _count(hub) == 0


@pytest.mark.parametrize("verb", ["create", "upsert"])
def test_one_bad_record_refuses_all_without_trace_ids(hub: httpx.Client, verb: str) -> None:
    """Behavior 27: without trace ids one wrong value makes the whole batch 400 and writes nothing."""
    inputs = [_upsert("L1", email="a@x.example"), _upsert("L2", email="b@x.example", hs_lead_status="nope")]
    answer = _batch(hub, verb, inputs)
    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")
    assert _count(hub) == 0


def test_a_conflict_refuses_all_without_trace_ids(hub: httpx.Client, create: Create) -> None:
    """Behavior 27: a taken e-mail, or one that comes twice in the batch, makes the whole batch 409."""
    create(email="a@x.example")
    taken = _batch(hub, "create", [{"properties": {"email": address}} for address in ("b@x.example", "a@x.example")])
    twice = _batch(hub, "create", [{"properties": {"email": address}} for address in ("c@x.example", "C@x.example")])
    assert (taken.status_code, twice.status_code) == (409, 409)
    assert _count(hub) == 1


@pytest.mark.parametrize("verb", ["create", "upsert"])
def test_trace_ids_give_each_record_its_outcome(hub: httpx.Client, create: Create, verb: str) -> None:
    """Behavior 28: with a unique trace id on each, the answer is 207, the good are written and the bad are named by trace id."""
    create(email="taken@x.example")
    inputs = [
        _upsert("L1", "t1", email="a@x.example", leadhub_id="L1"),
        _upsert("L2", "t2", email="b@x.example", lifecyclestage="nope"),
        _upsert("L3", "t3", email="taken@x.example"),
    ]
    answer = _batch(hub, verb, inputs)
    body = answer.json()
    told = {entry["context"]["objectWriteTraceId"][0]: entry["category"] for entry in body["errors"]}
    assert (answer.status_code, body["numErrors"], body["status"]) == (207, 2, "COMPLETE")
    assert told == {"t2": "VALIDATION_ERROR", "t3": "CONFLICT"}
    assert [entry["objectWriteTraceId"] for entry in body["results"]] == ["t1"]
    assert _count(hub) == 2


def test_trace_ids_count_only_if_unique_and_on_all(hub: httpx.Client) -> None:
    """Behavior 28: a trace id that repeats or is missing on one input is as good as none."""
    bad = _upsert("L2", "same", email="no-address")
    assert _batch(hub, "upsert", [_upsert("L1", "same", email="a@x.example"), bad]).status_code == 400
    assert _batch(hub, "upsert", [_upsert("L1", None, email="a@x.example"), bad]).status_code == 400
    assert _count(hub) == 0


def test_results_are_not_in_the_order_of_inputs(hub: httpx.Client) -> None:
    """Behavior 29: results come in a seeded order of their own, complete, each with its trace id."""
    inputs = [_upsert(f"L{at}", str(at), email=f"p{at}@x.example") for at in range(20)]
    traces = [entry["objectWriteTraceId"] for entry in _batch(hub, "upsert", inputs).json()["results"]]
    assert sorted(traces, key=int) == [str(at) for at in range(20)]
    assert traces != sorted(traces, key=int)


@pytest.mark.parametrize("by", ["email", "leadhub_id"])
def test_upsert_says_what_is_new(hub: httpx.Client, by: str) -> None:
    """Behavior 30: an upsert creates by its key, then updates by it, and says which."""
    key = "a@x.example" if by == "email" else "L1"
    first = _batch(hub, "upsert", [_upsert(key, by=by, lastname="Berg")]).json()["results"][0]
    second = _batch(hub, "upsert", [_upsert(key.upper() if by == "email" else key, by=by, lastname="Dahl")]).json()["results"][0]
    assert (first["new"], second["new"], first["id"] == second["id"]) == (True, False, True)
    values = hub.get(f"{V3}/{key}?idProperty={by}&properties={by}").json()["properties"]
    assert (values["lastname"], values[by]) == ("Dahl", key)


@pytest.mark.parametrize("by", ["phone", "no_such", ""])
def test_upsert_needs_a_unique_property(hub: httpx.Client, by: str) -> None:
    """Behavior 30: an idProperty that does not identify contacts is 400."""
    assert _batch(hub, "upsert", [_upsert("1", by=by, email="a@x.example")]).status_code == 400


def test_a_unique_value_belongs_to_one(hub: httpx.Client, create: Create) -> None:
    """Behavior 30: a custom unique property's value cannot be held by two contacts."""
    create(email="a@x.example", leadhub_id="L1")
    answer = hub.post(V3, json={"properties": {"email": "b@x.example", "leadhub_id": "L1"}})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "CONFLICTING_UNIQUE_VALUE")


def test_batch_read_tells_what_is_missing(hub: httpx.Client, create: Create) -> None:
    """Behavior 31: found contacts come as results, missing ids as one OBJECT_NOT_FOUND in a 207."""
    made = create(email="a@x.example", city="Lund")["id"]
    answer = _batch(hub, "read", [{"id": made}, {"id": "5"}, {"id": "x"}], properties=["city"], propertiesWithHistory=["city"])
    body = answer.json()
    assert (answer.status_code, body["numErrors"]) == (207, 1)
    assert (body["errors"][0]["category"], body["errors"][0]["context"]) == ("OBJECT_NOT_FOUND", {"ids": ["5", "x"]})
    assert body["results"][0]["properties"]["city"] == "Lund"
    assert body["results"][0]["propertiesWithHistory"]["city"][0]["value"] == "Lund"


def test_batch_read_by_email_finds_secondary_ones(hub: httpx.Client, create: Create) -> None:
    """Behavior 31: idProperty email finds a contact by its secondary e-mail and answers with its primary one."""
    made = create(email="a@x.example")["id"]
    hub.post("/_sandbox/edit", json={"id": made, "properties": {"hs_additional_emails": "second@x.example"}})
    answer = _batch(hub, "read", [{"id": "Second@x.example"}], idProperty="email", properties=[], propertiesWithHistory=[])
    assert answer.status_code == 200
    assert [entry["properties"]["email"] for entry in answer.json()["results"]] == ["a@x.example"]


def test_batch_create_answers_201(hub: httpx.Client) -> None:
    """Behavior 10, in a batch: a create answers 201 with every record."""
    answer = _batch(hub, "create", [{"properties": {"email": f"{name}@x.example"}, "associations": []} for name in "ab"])
    assert (answer.status_code, len(answer.json()["results"])) == (201, 2)


def test_batch_update_takes_ids_and_tells_missing_ones(hub: httpx.Client, create: Create) -> None:
    """Behavior 28, for updates: a missing id is told in a 207 and the others are written; e-mail is no id here."""
    made = create(email="a@x.example")["id"]
    answer = _batch(hub, "update", [{"id": made, "properties": {"city": "Lund"}}, {"id": "5", "properties": {"city": "Lund"}}])
    assert (answer.status_code, answer.json()["errors"][0]["context"]) == (207, {"ids": ["5"]})
    assert hub.get(f"{V3}/{made}?properties=city").json()["properties"]["city"] == "Lund"
    by_email = [{"id": "a@x.example", "idProperty": "email", "properties": {"city": "Oslo"}}]
    assert _batch(hub, "update", by_email).status_code == 400


def test_batch_archive(hub: httpx.Client, create: Create) -> None:
    """Behavior 32: a batch archive is 204, also for an id that does not exist."""
    made = create(email="a@x.example")["id"]
    answer = _batch(hub, "archive", [{"id": made}, {"id": "5"}])
    assert (answer.status_code, answer.content, _count(hub)) == (204, b"", 0)


def test_writing_by_a_secondary_email_swaps_it_in(hub: httpx.Client, create: Create) -> None:
    """Behavior 30: an upsert by a secondary e-mail updates that contact, and sending the address makes it the primary one."""
    made = create(email="a@x.example")["id"]
    hub.post("/_sandbox/edit", json={"id": made, "properties": {"hs_additional_emails": "b@x.example"}})
    result = _batch(hub, "upsert", [_upsert("b@x.example", by="email", email="b@x.example")]).json()["results"][0]
    values = hub.get(f"{V3}/{made}?properties=hs_additional_emails").json()["properties"]
    assert (result["id"], result["new"]) == (made, False)
    assert (values["email"], values["hs_additional_emails"]) == ("b@x.example", "a@x.example")
