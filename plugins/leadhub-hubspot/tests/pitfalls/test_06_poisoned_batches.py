"""Pitfall 6: one bad record can have HubSpot refuse a whole batch; pitfall 7: answers come in an order, and with addresses, of HubSpot's own."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from leadhub import Change, Outcome, RateLimited, Result, UnknownOutcome

UPDATE, UPSERT = "batch/update", "batch/upsert"


@pytest.fixture
def untraced(sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A connector whose trace ids never arrive: HubSpot then refuses a batch whole, naming nobody, and answers without them."""
    connector = sandbox.connector()
    call = connector._client._call

    def without_traces(method: str, path: str, **options: Any) -> Any:
        if "/batch/" in path and options.get("body"):
            inputs = [{name: value for name, value in entry.items() if name != "objectWriteTraceId"} for entry in options["body"]["inputs"]]
            options["body"] = options["body"] | {"inputs": inputs}
        return call(method, path, **options)

    monkeypatch.setattr(connector._client, "_call", without_traces)
    yield connector
    sandbox.forget_calls()


def by_key(outcomes: Any) -> dict[str, Outcome]:
    return {outcome.key: outcome for outcome in outcomes}


@pytest.mark.parametrize("operation", ["create", "update"])
def test_the_poisoned_record_is_found_and_the_others_are_written(sandbox: Any, untraced: Any, change: Callable[..., Change], operation: str) -> None:
    """Pitfall 6: of a hundred records refused as one the poisoned is found in about two calls a halving, and is refused alone, with HubSpot's reason."""
    ids: list[Any] = sandbox.people(100) if operation == "update" else [None] * 100
    more = [{} if operation == "update" else {"email": f"new{n}@example.com"} for n in range(100)]
    changes = [change(f"k{n}", ids[n], phone=f"+1 {n}", **more[n]) for n in range(100)]
    changes[41] = change("k41", ids[41], hs_lead_status="WARM", **more[41])
    outcomes = by_key(untraced.push(changes))
    bad = outcomes.pop("k41")
    assert (bad.result, bad.error.code, bad.error.fields) == (Result.REFUSED, "INVALID_OPTION", ("hs_lead_status",))
    assert len(outcomes) == 99
    assert all(outcome.result is Result.ACCEPTED for outcome in outcomes.values())
    for n in (0, 40, 42, 99):
        assert sandbox.raw(outcomes[f"k{n}"].record_id)["phone"] == f"+1 {n}"
    assert len(sandbox.calls(UPDATE if operation == "update" else UPSERT)) <= 15


def test_the_calls_for_a_batch_full_of_poison_are_bounded(sandbox: Any, untraced: Any, change: Callable[..., Change]) -> None:
    """Pitfall 6: where every record is bad, forty calls are the end: all are refused, with the reason, and the limit of calls is not burnt on them."""
    ids = sandbox.people(100)
    outcomes = by_key(untraced.push([change(f"k{n}", ids[n], hs_lead_status="WARM") for n in range(100)]))
    assert len(outcomes) == 100
    assert all(outcome.result is Result.REFUSED and "WARM" in str(outcome.error) for outcome in outcomes.values())
    assert len(sandbox.calls(UPDATE)) <= 60


@pytest.mark.parametrize(("kind", "error"), [("too_many", RateLimited), ("drop_before", UnknownOutcome), ("drop_after", UnknownOutcome)])
def test_trouble_among_the_halves_takes_nothing_back(
    sandbox: Any, untraced: Any, change: Callable[..., Change], kind: str, error: type[Exception]
) -> None:
    """Pitfall 6: what was written before a later half met trouble is told as written; only the rest is left to be sent again, or looked up."""
    ids = sandbox.people(8)
    changes = [change(f"k{n}", ids[n], phone=f"+1 {n}") for n in range(8)]
    changes[7] = change("k7", ids[7], hs_lead_status="WARM")
    sandbox.fault(kind, UPDATE, skip=2)
    told: list[Outcome] = []
    with pytest.raises(error):
        told.extend(untraced.push(changes))
    assert sorted(outcome.key for outcome in told) == ["k0", "k1", "k2", "k3"]
    assert all(outcome.result is Result.ACCEPTED for outcome in told)


def test_answers_are_matched_by_what_they_name(sandbox: Any, change: Callable[..., Change]) -> None:
    """Pitfall 7: answers in another order, with addresses in lower case and trimmed, each reach their own record, by trace id."""
    changes = [change(f"k{n}", email=f" P{n}@EXAMPLE.com ", lastname=f"N{n}") for n in range(40)]
    outcomes = by_key(sandbox.connector().push(changes))
    answered = [result["objectWriteTraceId"] for result in json.loads(sandbox.traffic[-1][3])["results"]]
    assert answered != [f"k{n}" for n in range(40)], "the answer kept the order: this test would show nothing"
    assert all(sandbox.raw(outcomes[f"k{n}"].record_id)["lastname"] == f"N{n}" for n in range(40))


def test_answers_without_trace_ids_are_matched_by_the_unique_key(sandbox: Any, untraced: Any, change: Callable[..., Change]) -> None:
    """Pitfall 7: where the answer names no trace ids, a create is known by the unique key that it sent, never by its place or address."""
    changes = [change(f"k{n}", email=f"P{n}@Example.com", lastname=f"N{n}") for n in range(40)]
    outcomes = by_key(untraced.push(changes))
    assert all(outcome.result is Result.ACCEPTED for outcome in outcomes.values())
    assert all(sandbox.raw(outcomes[f"k{n}"].record_id)["lastname"] == f"N{n}" for n in range(40))
