"""What HubSpot raises, in leadhub's words: nothing foreign leaves the client."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import respx
from leadhub_hubspot.connector import HubSpot
from leadhub_hubspot.refusals import record_error
from leadhub_hubspot.settings import Settings
from leadhub_hubspot.values import from_wire, to_wire
from pydantic import ValidationError

from leadhub import (
    AccessDenied,
    Change,
    Context,
    DuplicateRefused,
    FatalError,
    InvalidValue,
    QuotaExhausted,
    RateLimited,
    RecordError,
    RecordGone,
    Result,
    Unavailable,
    UnknownOutcome,
)
from leadhub.connectors.http import client

BASE = "https://hubspot.test"
UPDATE = f"{BASE}/crm/objects/2026-03/contacts/batch/update"
INSIDE = (
    'Property values were not valid: [{"isValid":false,"message":"Property \\"missing\\" does not exist",'
    '"error":"PROPERTY_DOESNT_EXIST","name":"missing","localizedErrorMessage":"x","portalId":1}]'
)


@pytest.fixture
def connector(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A connector whose HTTP is played by respx and whose properties are known beforehand."""
    settings = Settings(token="secret-token", base_url=BASE)
    made = HubSpot(Context("hubspot", settings, {"contacts": ("email",)}, client, None, None))
    monkeypatch.setattr(made._client, "properties", lambda **_: {})
    return made


def refused(**body: Any) -> RecordError:
    return record_error({"status": "error", **body})


def test_both_forms_of_a_property_fault_are_read() -> None:
    """A fault of a property is read from errors[] and from the JSON inside the message alike."""
    listed = {"message": "no", "code": "INVALID_INTEGER", "context": {"propertyName": ["age"]}}
    one = refused(category="VALIDATION_ERROR", message="Invalid", errors=[listed])
    assert (type(one), one.code, one.fields) == (InvalidValue, "INVALID_INTEGER", ("age",))
    two = refused(category="VALIDATION_ERROR", message=INSIDE)
    assert (type(two), two.code, two.fields) == (InvalidValue, "PROPERTY_DOESNT_EXIST", ("missing",))
    assert 'Property "missing" does not exist' in str(two)


@pytest.mark.parametrize("message", ["Property values were not valid: [{broken", "", None, "[{]"])
def test_a_message_that_cannot_be_parsed_is_told_as_it_is(message: str | None) -> None:
    """A body whose inner JSON is broken, or that has no message at all, still makes an InvalidValue."""
    error = refused(category="VALIDATION_ERROR", message=message)
    assert isinstance(error, InvalidValue)
    assert (message or "no reason given") in str(error)


@pytest.mark.parametrize(
    ("message", "existing"), [("Contact already exists. Existing ID: 123", "123"), ("Contact already exists. Existing ID:9", "9"), ("Conflict", None)]
)
def test_a_conflict_names_the_other_contact_when_hubspot_does(message: str | None, existing: str | None) -> None:
    """The existing id is read from the text, and its absence is borne."""
    error = refused(category="CONFLICT", message=message)
    assert isinstance(error, DuplicateRefused)
    assert error.existing_id == existing


def test_a_taken_unique_value_is_a_duplicate() -> None:
    """A unique property that another contact holds is a duplicate too."""
    entry = {"message": "77 already has that value.", "code": "CONFLICTING_UNIQUE_VALUE", "context": {"propertyName": ["leadhub_id"]}}
    error = refused(category="VALIDATION_ERROR", message="x", errors=[entry])
    assert isinstance(error, DuplicateRefused)
    assert (error.existing_id, error.fields) == ("77", ("leadhub_id",))


def test_other_categories() -> None:
    """A missing record is RecordGone; a category that nobody knows is a plain RecordError."""
    assert isinstance(refused(category="OBJECT_NOT_FOUND", message="no"), RecordGone)
    assert type(refused(category="SOMETHING", message="no")) is RecordError


LIMIT = {"status": "error", "errorType": "RATE_LIMIT"}


@pytest.mark.parametrize(
    ("status", "body", "headers", "error", "wait"),
    [
        (429, LIMIT | {"policyName": "DAILY"}, {}, QuotaExhausted, None),
        (429, LIMIT | {"policyName": "TEN_SECONDLY_ROLLING"}, {"Retry-After": "3"}, RateLimited, 3.0),
        (429, LIMIT | {"policyName": "SECONDLY"}, {}, RateLimited, None),
        (429, "<html>", {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, RateLimited, None),
        (401, {"category": "INVALID_AUTHENTICATION"}, {}, AccessDenied, None),
        (403, {"category": "MISSING_SCOPES"}, {}, AccessDenied, None),
        (530, "<html>", {}, AccessDenied, None),
        (423, {"message": "locked"}, {}, Unavailable, 2.0),
        (423, {"message": "locked"}, {"Retry-After": "9"}, Unavailable, 9.0),
        (477, {"message": "moving"}, {"Retry-After": "600"}, Unavailable, 600.0),
        (500, {"message": "oops"}, {}, UnknownOutcome, None),
        (502, "<html>", {}, UnknownOutcome, None),
        (503, {"message": "down"}, {"Retry-After": "5"}, Unavailable, 5.0),
        (503, "<html>", {}, UnknownOutcome, None),
        (504, "<html>", {}, UnknownOutcome, None),
        (524, "<html>", {}, UnknownOutcome, None),
        (302, "", {"Location": "https://elsewhere.test"}, FatalError, None),
        (404, "<html>", {}, FatalError, None),
        (404, {"category": "OBJECT_NOT_FOUND", "message": "There is no such path"}, {}, FatalError, None),
        (405, {}, {}, FatalError, None),
        (414, {}, {}, FatalError, None),
        (200, "<html>", {}, UnknownOutcome, None),
        (200, {"status": "COMPLETE"}, {}, UnknownOutcome, None),
        (200, [], {}, UnknownOutcome, None),
    ],
)
@respx.mock
def test_every_answer_to_a_write_is_typed(
    connector: Any, change: Callable[..., Change], *, status: int, body: Any, headers: dict[str, str], error: type[Exception], wait: float | None
) -> None:
    """Pitfall 13: each status is the error that says what to do next; the token is in none of them."""
    content = {"text": body} if isinstance(body, str) else {"json": body}
    respx.post(UPDATE).mock(httpx.Response(status, headers=headers, **content))
    with pytest.raises(error) as caught:
        list(connector.push([change("k", "1", email="a@example.com")]))
    assert type(caught.value) is error
    assert getattr(caught.value, "retry_after", None) == wait
    assert "secret-token" not in f"{caught.value} {caught.value!r} {vars(caught.value)}"


@pytest.mark.parametrize(("status", "error"), [(500, Unavailable), (502, Unavailable), (524, Unavailable), (400, FatalError), (200, UnknownOutcome)])
@respx.mock
def test_a_read_that_fails_may_be_repeated(connector: Any, status: int, error: type[Exception]) -> None:
    """A 5xx leaves nothing open after a read: it is Unavailable; a refusal is not repeated."""
    respx.post(f"{BASE}/crm/objects/2026-03/contacts/batch/read").mock(httpx.Response(status, text="<html>"))
    with pytest.raises(error):
        connector.reread("contacts", ["1"])


@pytest.mark.parametrize(
    ("error", "expected"),
    [(httpx.ConnectError("x"), Unavailable), (httpx.ConnectTimeout("x"), Unavailable), (httpx.ReadTimeout("x"), UnknownOutcome)],
)
@respx.mock
def test_a_lost_connection_is_typed_by_what_may_have_happened(
    connector: Any, change: Callable[..., Change], error: Exception, expected: type[Exception]
) -> None:
    """A call that never left is Unavailable; one whose answer is missing is unknown."""
    respx.post(UPDATE).mock(side_effect=error)
    with pytest.raises(expected):
        list(connector.push([change("k", "1", email="a@example.com")]))


def answer(entry: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a contact as HubSpot answers a batch update."""
    times = {"createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z", "archived": False}
    return {"id": entry["id"], "properties": entry["properties"], **times, **more}


def refuse_first(body: Any) -> tuple[list[Any], Callable[[httpx.Request], httpx.Response]]:
    """Refuse the first call with this body, write all of any later one."""
    calls = []

    def respond(request: httpx.Request) -> httpx.Response:
        calls.append(json.loads(request.content)["inputs"])
        if len(calls) == 1:
            return httpx.Response(400, json=body)
        return httpx.Response(200, json={"status": "COMPLETE", "results": [answer(entry) for entry in calls[-1]]})

    return calls, respond


@pytest.mark.parametrize("context", [{"objectWriteTraceId": ["b"]}, {"ids": ["2"]}])
@respx.mock
def test_a_whole_refusal_that_names_the_culprit_is_narrowed(connector: Any, change: Callable[..., Change], context: dict[str, list[str]]) -> None:
    """Pitfall 6: when HubSpot refuses a batch and names a record, that one is refused and the others are written in a second call."""
    calls, respond = refuse_first({"category": "VALIDATION_ERROR", "message": "bad", "context": context})
    respx.post(UPDATE).mock(side_effect=respond)
    outcomes = {o.key: o.result for o in connector.push([change(key, str(n), phone="1") for n, key in enumerate("abc", 1)])}
    assert outcomes == {"a": Result.ACCEPTED, "b": Result.REFUSED, "c": Result.ACCEPTED}
    assert [[entry["id"] for entry in inputs] for inputs in calls] == [["1", "2", "3"], ["1", "3"]]


@respx.mock
def test_a_whole_refusal_that_names_nobody_is_halved(connector: Any, change: Callable[..., Change], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a name halves are sent, down to single records; what stays together is refused together, and nobody's duplicate is taken for another's."""
    body = {"category": "CONFLICT", "message": "Contact already exists. Existing ID: 5"}
    route = respx.post(UPDATE).mock(httpx.Response(409, json=body))
    changes = [change(key, str(n), phone="1") for n, key in enumerate("abc", 1)]
    outcomes = list(connector.push(changes))
    assert [outcome.error.existing_id for outcome in outcomes] == ["5"] * 3
    assert route.call_count == 5
    monkeypatch.setattr("leadhub_hubspot.writer.SPLITS", 1)
    together = list(connector.push(changes))
    assert [outcome.result for outcome in together] == [Result.REFUSED] * 3
    assert not any(isinstance(outcome.error, DuplicateRefused) for outcome in together)
    assert route.call_count == 6


@respx.mock
def test_answers_are_matched_by_trace_id_or_id(connector: Any, change: Callable[..., Change]) -> None:
    """Pitfall 7: trace ids may be missing from the answer and the order is HubSpot's own; a record without any answer is unknown, not accepted."""

    def respond(request: httpx.Request) -> httpx.Response:
        a, b, _lost = json.loads(request.content)["inputs"]
        moved = answer(b, objectWriteTraceId="b") | {"id": "99"}
        return httpx.Response(200, json={"status": "COMPLETE", "results": [moved, answer(a)]})

    respx.post(UPDATE).mock(side_effect=respond)
    outcomes = {o.key: (o.result, o.record_id) for o in connector.push([change(key, str(n), phone="1") for n, key in enumerate("abc", 1)])}
    assert outcomes == {"a": (Result.ACCEPTED, "1"), "b": (Result.ACCEPTED, "99"), "c": (Result.UNKNOWN, "3")}


@respx.mock
def test_a_stage_that_would_not_clear_is_not_set(connector: Any, change: Callable[..., Change]) -> None:
    """When the answer to the clearing still shows a stage, nothing of that record is sent a second time."""

    def respond(request: httpx.Request) -> httpx.Response:
        [entry] = json.loads(request.content)["inputs"]
        stuck = answer({"id": entry["id"], "properties": {"lifecyclestage": "customer"}}, objectWriteTraceId="k")
        return httpx.Response(200, json={"status": "COMPLETE", "results": [stuck]})

    route = respx.post(UPDATE).mock(side_effect=respond)
    [outcome] = connector.push([change("k", "1", "clear_then_set", lifecyclestage="lead", phone="1")])
    assert (outcome.result, outcome.values, outcome.error.code) == (Result.REFUSED, {"lifecyclestage": "customer"}, "NOT_APPLIED")
    assert route.call_count == 1


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("too_many", RateLimited),
        ("daily_limit", QuotaExhausted),
        ("unavailable", Unavailable),
        ("bad_gateway", Unavailable),
        ("drop_before", UnknownOutcome),
        ("truncate", UnknownOutcome),
    ],
)
def test_reading_the_properties_is_one_call(sandbox: Any, kind: str, error: type[Exception]) -> None:
    """Pitfall 20: nothing is repeated behind leadhub's back: one call, one answer, and the error that it means."""
    sandbox.fault(kind, "properties", times=9)
    with pytest.raises(error):
        sandbox.connector().describe("contacts")
    assert len(sandbox.calls("/contacts")) == 1


def test_nobody_at_home() -> None:
    """A host that cannot be reached is Unavailable."""
    settings = Settings(token="t", base_url="http://127.0.0.1:9")
    made = HubSpot(Context("hubspot", settings, {}, client, None, None))
    for call in (made.check, lambda: made.describe("contacts")):
        with pytest.raises(Unavailable):
            call()


# ---- settings and values -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["http://api.hubapi.com", "ftp://127.0.0.1", "api.hubapi.com", "http://127.0.0.1.evil.test"])
def test_the_token_goes_over_tls_only(url: str) -> None:
    """A plain base URL is refused but for this machine: the token would travel in the open."""
    with pytest.raises(ValidationError, match="base_url"):
        Settings(token="t", base_url=url)


def test_the_token_is_not_shown() -> None:
    """Neither the settings nor their errors show the token."""
    assert "tell-nobody" not in repr(Settings(token="tell-nobody"))


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        (None, "string", None),
        ("", "datetime", None),
        ("007", "number", "007"),
        ("2026-05-01", "date", "2026-05-01"),
        ("1777593600000", "date", "2026-05-01"),
        ("2026-05-01T10:00:00Z", "datetime", "2026-05-01T10:00:00.000Z"),
        ("2026-05-01T10:00:00.500+02:00", "datetime", "2026-05-01T08:00:00.500Z"),
        ("soon", "datetime", "soon"),
        ("99999999999999999999", "datetime", "99999999999999999999"),
    ],
)
def test_values_come_and_go(text: str | None, kind: str, value: str | None) -> None:
    """Pitfall 17: dates and instants are parsed in every form that HubSpot uses, go back in one, and what cannot be parsed stays as it is."""
    parsed = from_wire(text, kind)
    assert (None if parsed is None else to_wire(parsed)) == value


def test_every_value_is_a_string_on_the_wire() -> None:
    """HubSpot takes strings alone: booleans in lower case, lists joined, None as the empty string that clears."""
    assert [to_wire(value) for value in (None, True, 3, 2.5, ["a", "b"], "x")] == ["", "true", "3", "2.5", "a;b", "x"]
