"""Pitfall 14: an OAuth app's token lives for half an hour, may be taken back at any time, and a 401 in many threads is a storm of renewals."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from leadhub_hubspot import tokens
from leadhub_hubspot.connector import HubSpot
from leadhub_hubspot.refusals import call_error
from leadhub_hubspot.settings import Settings
from pydantic import ValidationError

from leadhub import AccessDenied, Change, Context, Need, Result, Unavailable


class AccountsClock:
    """leadhub's clock, set right: the sandbox's time."""

    def __init__(self, sandbox: Any) -> None:
        self.now = sandbox.service.clock.now


@pytest.fixture
def app(sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., HubSpot]:
    """Makes connectors that act as the account's OAuth app, as after a restart of the process."""
    monkeypatch.setattr(tokens, "_GRANTS", {})
    told = sandbox.admin.get("/_sandbox/account").json()["oauth"]
    given = {"client_id": told["clientId"], "client_secret": told["clientSecret"], "refresh_token": told["refreshToken"]}

    def make(**changed: Any) -> HubSpot:
        settings = Settings(**{**given, "base_url": sandbox.server.url, **changed})
        return HubSpot(Context("hubspot", settings, {"contacts": ("email", "phone")}, sandbox._http, AccountsClock(sandbox), sandbox.log))

    return make


def renewals(sandbox: Any) -> int:
    return len(sandbox.calls("/token"))


@pytest.mark.parametrize("version", ["v3", "2026-03", "2026-09"])
def test_an_app_acts_as_a_service_key_does(sandbox: Any, app: Callable[..., HubSpot], change: Callable[..., Change], version: str) -> None:
    """Pitfall 14: with client id, secret and refresh token the connector reads and writes, for one access token, and says as whom."""
    connector = app(api_version=version)
    assert connector.check().user == "OAuth app"
    [made] = connector.push([change("k1", email="a@example.com")])
    assert made.result is Result.ACCEPTED
    assert [record.id for page in connector.pull(None) for record in page.records] == [made.record_id]
    assert renewals(sandbox) == 1


def test_a_token_is_renewed_by_the_clock(sandbox: Any, app: Callable[..., HubSpot]) -> None:
    """Pitfall 14: five minutes before a token ends a new one is asked for: no call is ever made with one that has ended."""
    connector = app()
    connector.check()
    for minutes, expected in ((24, 1), (2, 2), (24, 2), (26, 3)):
        sandbox.advance(timedelta(minutes=minutes).total_seconds())
        connector.check()
        assert renewals(sandbox) == expected
    assert {entry["status"] for entry in sandbox.calls()} == {200}


def test_many_threads_renew_once(sandbox: Any, app: Callable[..., HubSpot]) -> None:
    """Pitfall 14: eight threads that need a new token at the same time ask for one."""
    app().check()
    sandbox.advance(3600)
    connectors = [app() for _ in range(8)]
    threads = [threading.Thread(target=connector.check) for connector in connectors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert renewals(sandbox) == 2


def test_a_token_that_was_taken_back_is_renewed_once(sandbox: Any, app: Callable[..., HubSpot], change: Callable[..., Change]) -> None:
    """Pitfall 14: a 401 before the time has the token renewed and the call made again, which had done nothing."""
    connector = app()
    connector.check()
    sandbox.service.account.oauth.access.clear()
    [made] = connector.push([change("k1", email="a@example.com")])
    assert made.result is Result.ACCEPTED
    assert renewals(sandbox) == 2


def test_a_renewed_token_that_is_refused_too_is_the_end(sandbox: Any, app: Callable[..., HubSpot]) -> None:
    """Pitfall 14: where HubSpot refuses the new token as well, that is told after two calls and one renewal, and nothing is tried again."""
    connector = app()
    connector.describe("contacts")
    sandbox.forget_calls()
    sandbox.fault("html_503", "properties", status=401, times=9)
    with pytest.raises(AccessDenied) as caught:
        connector.describe("contacts")
    assert "refresh_token setting" in str(caught.value.next_step)
    assert (len(sandbox.calls("/contacts")), renewals(sandbox)) == (2, 1)


def test_a_service_key_is_not_renewed(sandbox: Any) -> None:
    """Pitfall 14: a service key that is refused is told after one call; there is nothing to ask another for."""
    sandbox.post("settings", token_expired=True)
    with pytest.raises(AccessDenied):
        sandbox.connector().describe("contacts")
    assert len(sandbox.calls()) == 1


@pytest.mark.parametrize("spoiled", ["client_id", "client_secret", "refresh_token"])
def test_an_app_that_is_refused_is_told_without_its_secrets(sandbox: Any, app: Callable[..., HubSpot], spoiled: str) -> None:
    """Pitfall 14: a wrong id, secret or refresh token is AccessDenied with HubSpot's code and what to do, and repeats none of them."""
    with pytest.raises(AccessDenied, match="BAD_") as caught:
        app(**{spoiled: "not-to-be-told"}).check()
    shown = f"{caught.value} {caught.value!r} {vars(caught.value)} {sandbox.log.events} {app()._settings!r}"
    for secret in ("not-to-be-told", sandbox.service.account.oauth.client_secret, sandbox.service.account.oauth.refresh_token):
        assert secret not in shown.replace(sandbox.service.account.oauth.client_id, "")
    assert caught.value.next_step


@pytest.mark.parametrize("kind", ["bad_gateway", "too_many", "unavailable"])
def test_no_token_just_now_is_no_refusal(sandbox: Any, app: Callable[..., HubSpot], kind: str) -> None:
    """Pitfall 14: where HubSpot cannot lend a token just now, that is a trouble that passes, and not the end of the access."""
    sandbox.fault(kind, "/token")
    with pytest.raises(Unavailable):
        app().check()


def test_tokens_are_in_no_log_and_no_settings(sandbox: Any, app: Callable[..., HubSpot]) -> None:
    """Pitfall 14: neither what is logged nor what shows the settings, the grant or the lent token tells a token."""
    connector = app(external_id="no_such_property")
    connector.check()
    assert sandbox.log.events, "nothing was logged: this test would show nothing"
    (grant,) = tokens._GRANTS.values()
    shown = f"{sandbox.log.events} {connector._settings!r} {grant!r} {grant._lent!r} {list(tokens._GRANTS)}"
    access = list(sandbox.service.account.oauth.access)
    assert access
    assert not any(secret in shown for secret in (*access, sandbox.service.account.oauth.refresh_token, sandbox.service.account.oauth.client_secret))


def test_an_app_is_sent_to_its_own_scopes(sandbox: Any, app: Callable[..., HubSpot]) -> None:
    """Pitfall 14: a scope that an app lacks is added to the app, which is installed anew; the page of service keys is not for it."""
    lacks = {"crm.objects.owners.read", "crm.objects.deals.read"}
    sandbox.post("settings", scopes=[one for one in sandbox.service.account.settings.scopes if one not in lacks])
    told = {one.subject: one for one in app().examine((Need("contacts", ("email",), ("email",)),))}
    owners = told["crm.objects.owners.read"]
    assert owners.text.startswith("the app lacks this scope")
    assert "the OAuth app's scopes: add crm.objects.owners.read, install the app anew" in owners.next_step
    assert told["login"].text.startswith("the app is good for the account")
    with pytest.raises(AccessDenied, match=r"^The OAuth app lacks a right") as caught:
        app(deals=True).reread("deals", ["1"])
    assert "the OAuth app's scopes: add crm.objects.deals.read, install" in str(caught.value.next_step)
    assert not [one for one in told.values() if "key" in f"{one.text} {one.next_step}"]


def test_a_service_key_that_lacks_a_scope_is_sent_to_the_page(sandbox: Any) -> None:
    """Pitfall 14: in the middle of a run as in doctor: the page of Settings, and the scope where HubSpot names it."""
    sandbox.post("settings", scopes=[one for one in sandbox.service.account.settings.scopes if one != "crm.objects.deals.read"])
    with pytest.raises(AccessDenied) as caught:
        sandbox.connector(deals=True).reread("deals", ["1"])
    where = "HubSpot: Settings > Integrations > Service Keys > leadhub's key > scopes"
    assert caught.value.next_step == f"{where}: tick crm.objects.deals.read"
    assert call_error("GET /x", 403, {}, None, write=False, app=False).next_step == f"{where}: tick what lacks"


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"client_id": "a", "client_secret": "b"},
        {"token": "t", "client_id": "a", "client_secret": "b", "refresh_token": "c"},
        {"token": "t", "refresh_token": "c"},
    ],
)
def test_one_way_in_and_a_whole_one(given: dict[str, str]) -> None:
    """Pitfall 14: a service key or a whole app, never half of one and never both: the settings say so."""
    with pytest.raises(ValidationError, match="service key"):
        Settings(**given)
