"""The client: what it makes of every failure, and what it never does."""

import inspect
import itertools
import json
from typing import Any

import pytest
import requests
import simple_salesforce.exceptions
from leadhub_salesforce import client as client_module
from leadhub_salesforce.client import Client, Transport, translate
from leadhub_salesforce.errors import ReadRefused, from_answer
from requests.adapters import HTTPAdapter

from leadhub import (
    AccessDenied,
    DuplicateRefused,
    FatalError,
    QuotaExhausted,
    RateLimited,
    RecordError,
    RetryableError,
    Unavailable,
    UnknownOutcome,
)

OURS = (FatalError, RecordError, RetryableError, UnknownOutcome)
BODY = [{"errorCode": "SOME_CODE", "message": "some words", "fields": []}]


def exceptions_of(module: Any) -> list[type[Exception]]:
    found = [kind for _, kind in inspect.getmembers(module, inspect.isclass) if issubclass(kind, Exception)]
    assert found
    return [kind for kind in found if not issubclass(kind, Warning)]


def made(kind: type[Exception]) -> Exception:
    if kind is simple_salesforce.exceptions.SalesforceAuthenticationFailed:
        return kind("INVALID_LOGIN", "no")
    if issubclass(kind, simple_salesforce.exceptions.SalesforceError):
        return kind("https://x/", 400, "Lead", BODY)
    if issubclass(kind, json.JSONDecodeError):
        return kind("no", "doc", 0)
    return kind("broken")


@pytest.mark.parametrize("write", [False, True])
@pytest.mark.parametrize("kind", [*exceptions_of(simple_salesforce.exceptions), *exceptions_of(requests.exceptions)], ids=lambda k: k.__name__)
def test_every_exception_of_both_libraries_is_caught_and_translated(org: Any, kind: type[Exception], write: bool) -> None:
    """Whatever simple-salesforce or requests can raise leaves the client as one of leadhub's own errors."""
    client, error = Client(org.settings(), org.our_clock), made(kind)

    def ask(_: Any) -> Any:
        raise error

    with pytest.raises(OURS) as caught:
        client._call(ask, "call", write=write)
    assert str(caught.value)
    assert "https://" not in str(caught.value)


@pytest.mark.parametrize("kind", [ValueError, KeyError, TypeError, IndexError, AttributeError])
def test_an_answer_of_an_unexpected_shape_is_an_unknown_outcome(org: Any, kind: type[Exception]) -> None:
    """What simple-salesforce trips over while it reads an answer says nothing of whether the write happened."""

    def ask(_: Any) -> Any:
        raise kind("odd")

    with pytest.raises(UnknownOutcome):
        Client(org.settings(), org.our_clock)._call(ask, "call", write=True)


def test_a_lost_answer_is_never_called_repeatable() -> None:
    """Only errors that prove that the call was not sent, or not taken, are retryable for a write."""
    never = {"ConnectTimeout", "ProxyError"}
    for kind in exceptions_of(requests.exceptions):
        error = translate(made(kind), "call", write=True)
        assert isinstance(error, RetryableError) == (kind.__name__ in never), kind


@pytest.mark.parametrize(
    ("status", "body", "read", "write"),
    [
        (300, ["/services/data/x"], FatalError, DuplicateRefused),
        (400, [{"errorCode": "MALFORMED_QUERY", "message": "unexpected token"}], ReadRefused, RecordError),
        (400, "<html>", FatalError, FatalError),
        (400, [{"errorCode": "UNABLE_TO_LOCK_ROW", "message": "unable to obtain exclusive access"}], Unavailable, Unavailable),
        (400, [{"errorCode": "QUERY_TIMEOUT", "message": "too long"}], Unavailable, RecordError),
        (401, [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}], AccessDenied, AccessDenied),
        (403, [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}], QuotaExhausted, QuotaExhausted),
        (403, [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "ConcurrentRequests Limit exceeded."}], RateLimited, RateLimited),
        (403, [{"errorCode": "API_DISABLED_FOR_ORG", "message": "off"}], AccessDenied, AccessDenied),
        (404, [{"errorCode": "NOT_FOUND", "message": "Provided external ID field does not exist"}], FatalError, FatalError),
        (405, [], FatalError, FatalError),
        (406, "", Unavailable, Unavailable),
        (410, "", FatalError, FatalError),
        (414, "", FatalError, FatalError),
        (420, "", RateLimited, RateLimited),
        (429, "", RateLimited, RateLimited),
        (500, [{"errorCode": "UNKNOWN_EXCEPTION", "message": "An unexpected error"}], Unavailable, UnknownOutcome),
        (502, "<html>", Unavailable, UnknownOutcome),
        (503, "<html>", Unavailable, UnknownOutcome),
        (503, [{"errorCode": "SERVER_UNAVAILABLE", "message": "busy"}], Unavailable, Unavailable),
        (504, "", Unavailable, UnknownOutcome),
    ],
)
def test_each_status_is_an_error_typed_by_recovery(status: int, body: Any, read: type[Exception], write: type[Exception]) -> None:
    """The status and the code decide; the same answer to a write is never milder than it is safe to be."""
    assert isinstance(from_answer(status, body, "call", write=False), read)
    assert isinstance(from_answer(status, body, "call", write=True), write)


@pytest.mark.parametrize("body", ["", "<html>", None, [], {}, [1], [{}], BODY, {"error": "x"}, b"raw"], ids=str)
def test_no_status_and_no_body_break_the_translation(body: Any) -> None:
    """Any status with any body gives an error of ours; a 5xx without a code never says that a write may simply be repeated."""
    for status, write in itertools.product(range(300, 600), (False, True)):
        error = from_answer(status, body, "call", write=write)
        assert isinstance(error, OURS)
        assert not (write and status >= 500 and isinstance(error, RetryableError))


def test_a_401_is_cured_by_one_login_and_the_call_keeps_its_headers(org: Any, update: Any, pushed: Any) -> None:
    """After the session ended, the same PATCH goes out again with every header, so that no assignment rule runs on the way."""
    connector, lead = org.connector(), org.lead()
    pushed(connector, update(lead, FirstName="A"))
    org.admin("settings", expire_tokens=True)
    org.forget()
    outcome = pushed(connector, update(lead, FirstName="B"))["k1"]
    first, second = org.journal("PATCH")
    assert (first["status"], second["status"]) == (401, 200)
    assert first["headers"] == second["headers"]
    assert first["body"] == second["body"]
    assert second["headers"]["sforce-auto-assign"] == "FALSE"
    assert len(org.journal("POST", "token")) == 1
    assert outcome.error is None
    assert org.rows()[lead]["FirstName"] == "B"


def test_a_token_that_is_never_accepted_ends_after_one_login(org: Any) -> None:
    """A 401 that a new token does not cure is AccessDenied: no storm of logins, no lock-out."""
    org.admin("faults", kind="expired_session", path="/services/data", times=50)
    with pytest.raises(AccessDenied):
        next(org.connector().pull(None))
    assert len(org.journal("POST", "token")) == 2
    assert len(org.journal("GET", "/services/data")) == 2


def test_wrong_credentials_are_access_denied_and_the_secret_is_not_told(org: Any) -> None:
    """A refused login says what the token endpoint said, and never the secret."""
    with pytest.raises(AccessDenied, match="invalid_client") as caught:
        org.connector(client_secret="hunter2-secret").check()
    assert "hunter2-secret" not in str(caught.value) + repr(caught.value.__cause__) + repr(org.settings(client_secret="hunter2-secret"))
    assert caught.value.next_step


@pytest.mark.parametrize("kind", ["drop_before", "html_503", "too_many", "bad_gateway", "truncate"])
def test_a_login_that_failed_on_the_way_may_be_repeated(org: Any, kind: str) -> None:
    """The login changes nothing: whatever breaks it is Unavailable, even before a write."""
    connector = org.connector()
    org.admin("faults", kind=kind, path="token")
    with pytest.raises(Unavailable):
        connector.check()
    assert connector.check().user == "leadhub@acme.example"


def test_a_redirect_is_refused_and_never_followed(org: Any, create: Any) -> None:
    """Followed, a POST would become a GET and a create that never happened would look done."""
    connector = org.connector()
    connector.check()
    org.admin("faults", kind="redirect", path="composite", method="PATCH")
    with pytest.raises(FatalError, match="address has changed") as caught:
        list(connector.push([create("k1")]))
    assert caught.value.next_step
    assert not org.rows()
    assert not org.journal(part="elsewhere")


def test_every_call_has_a_time_out(org: Any, monkeypatch: pytest.MonkeyPatch, create: Any) -> None:
    """No call can hang for ever, whatever way through simple-salesforce it takes."""
    seen: list[Any] = []
    send = HTTPAdapter.send

    def spy(self: HTTPAdapter, request: Any, *args: Any, **options: Any) -> Any:
        seen.append(options["timeout"])
        return send(self, request, *args, **options)

    monkeypatch.setattr(HTTPAdapter, "send", spy)
    connector = org.connector()
    connector.check()
    list(connector.pull(None))
    list(connector.push([create("k1")]))
    connector.find("Lead", ["k1"])
    assert len(seen) > 5
    assert set(seen) == {client_module.TIMEOUT}


def test_a_host_that_is_not_there_is_unavailable_for_a_write_too(org: Any, create: Any) -> None:
    """A connection that was never made proves that nothing was sent."""
    connector = org.connector()
    connector.check()
    org.server.stop()
    connector._client._session.adapters["https://"].poolmanager.clear()
    with pytest.raises(Unavailable):
        list(connector.push([create("k1")]))
    with pytest.raises(Unavailable):
        org.connector().check()


def test_netrc_and_proxies_do_not_reach_the_sandbox(org: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """A .netrc entry does not replace the token, and a configured proxy is not asked for loopback."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password something\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert org.connector().check().user == "leadhub@acme.example"


def test_an_org_that_names_a_plain_address_gets_no_token(org: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only https carries the token, but for loopback."""
    monkeypatch.setattr(Client, "_fetch_token", lambda _: {"access_token": "t", "instance_url": "http://acme.my.salesforce.com"})
    with pytest.raises(AccessDenied, match="https alone"):
        org.connector().check()


@pytest.mark.parametrize("answer", ["text", [], {}, None, {"access_token": "t"}])
def test_a_login_answer_without_a_token_is_told(org: Any, monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
    """A page that is no token answer (a wrong login_url) is AccessDenied with a next step."""
    monkeypatch.setattr(Client, "_fetch_token", lambda _: answer)
    with pytest.raises(AccessDenied) as caught:
        org.connector().check()
    assert caught.value.next_step


def test_usage_counts_the_calls_and_repeats_the_limit(org: Any) -> None:
    """Usage tells this instance's HTTP calls, and the org's allowance as the last answer told it."""
    connector = org.connector()
    assert connector.usage().calls == 0
    assert connector.usage().used is None
    connector.check()
    usage = connector.usage()
    assert usage.calls == len(org.journal())
    assert usage.limit == 100_000
    assert usage.used is not None
    assert usage.used >= 1


def test_the_daily_limit_is_quota_exhausted(org: Any) -> None:
    """At the end of the day's calls the system stops, with a word on when it goes on."""
    connector = org.connector()
    connector.check()
    org.admin("settings", daily_limit=1)
    with pytest.raises(QuotaExhausted, match="TotalRequests") as caught:
        next(connector.pull(None))
    assert caught.value.next_step


def test_retry_after_is_handed_on(org: Any) -> None:
    """The pause that the network edge asks for reaches the retry layer."""
    connector = org.connector()
    connector.check()
    org.admin("faults", kind="too_many", path="describe", headers={"Retry-After": "7"})
    with pytest.raises(RateLimited) as caught:
        connector.describe("Lead")
    assert caught.value.retry_after == 7


def test_the_transport_keeps_what_it_cannot_read_out() -> None:
    """A broken Date or limit header is no reason to fail a call."""
    transport = Transport()
    transport._remember({"Date": "yesterday", "Sforce-Limit-Info": "lots", "Retry-After": "Mon, 16 Nov 2026 10:00:00 GMT"})
    assert (transport.server_time, transport.used, transport.retry_after) == (None, None, None)
    transport._remember({"Date": "Mon, 16 Nov 2026 10:00:00 GMT", "Sforce-Limit-Info": "api-usage=18/15000; api-bursts=1/2"})
    assert (str(transport.server_time), transport.used, transport.limit) == ("2026-11-16 10:00:00+00:00", 18, 15000)


def test_a_truncated_answer_to_a_read_is_told_as_such(org: Any) -> None:
    """Half an answer is never taken for a whole one."""
    connector = org.connector()
    connector.check()
    org.admin("faults", kind="truncate", path="describe")
    with pytest.raises(UnknownOutcome):
        connector.describe("Lead")
    assert json.dumps(sorted(connector.describe("Lead")))
