"""The OAuth app: an access token for a refresh token, for half an hour."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from leadhub_sandbox.clock import SandboxClock

V3 = "/crm/v3/objects/contacts"
TOKEN = "/oauth/2026-03/token"


@pytest.fixture
def form(hub: httpx.Client) -> dict[str, str]:
    """The form that gets an access token."""
    app = hub.get("/_sandbox/account").json()["oauth"]
    ids = {"client_id": app["clientId"], "client_secret": app["clientSecret"]}
    return {"grant_type": "refresh_token", "refresh_token": app["refreshToken"], **ids}


@pytest.fixture
def bare(hub: httpx.Client) -> Callable[..., httpx.Response]:
    """Call without the service key."""

    def call(method: str, path: str, token: str | None = None, **more: Any) -> httpx.Response:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=hub.base_url, verify=False) as client:
            return client.request(method, path, headers=headers, **more)

    return call


@pytest.mark.parametrize("path", ["/oauth/v1/token", TOKEN])
def test_a_refresh_token_buys_half_an_hour(bare: Callable[..., httpx.Response], form: dict[str, str], clock: SandboxClock, path: str) -> None:
    """Behavior 4: the form gives an access token that opens the account for 1,800 seconds of the sandbox's clock, then is 401."""
    told = bare("POST", path, data=form)
    assert (told.status_code, told.json()["expires_in"], told.json()["refresh_token"]) == (200, 1800, form["refresh_token"])
    token = told.json()["access_token"]
    assert bare("GET", V3, token).status_code == 200
    clock.advance(1799)
    assert bare("GET", V3, token).status_code == 200
    clock.advance(1)
    assert bare("GET", V3, token).status_code == 401
    renewed = bare("POST", path, data=form).json()["access_token"]
    assert (renewed != token, bare("GET", V3, renewed).status_code) == (True, 200)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"refresh_token": "wrong"}, "BAD_REFRESH_TOKEN"),
        ({"client_id": "wrong"}, "BAD_CLIENT_ID"),
        ({"client_secret": "wrong"}, "BAD_CLIENT_SECRET"),
        ({"grant_type": "password"}, "BAD_GRANT_TYPE"),
    ],
)
def test_a_wrong_form_is_refused(bare: Callable[..., httpx.Response], form: dict[str, str], change: dict[str, str], code: str) -> None:
    """Behavior 4: a wrong refresh token, client or grant is 400, with the code as status, and repeats no secret."""
    answer = bare("POST", TOKEN, data=form | change)
    assert (answer.status_code, answer.json()["status"]) == (400, code)
    assert not [value for value in (form | change).values() if value in answer.text and value not in ("refresh_token", "password")]


def test_only_a_form_is_read(bare: Callable[..., httpx.Response], form: dict[str, str]) -> None:
    """Behavior 4: fields in the address or in JSON are no form; they are 400; another version's path wants a token first."""
    assert bare("POST", TOKEN, params=form).status_code == 400
    assert bare("POST", TOKEN, json=form).status_code == 400
    assert bare("POST", "/oauth/v3/token", data=form).status_code == 401
    assert bare("POST", "/oauth/v1/token/revoke", data=form).status_code == 401


def test_tokens_are_told_of_and_taken_back(bare: Callable[..., httpx.Response], form: dict[str, str], clock: SandboxClock) -> None:
    """Behavior 4: the dated version tells whether a token is good and for how long, and a revoked one is good for nothing."""
    token = bare("POST", TOKEN, data=form).json()["access_token"]
    clock.advance(800)
    told = bare("POST", f"{TOKEN}/introspect", data=form | {"token": token}).json()
    assert (told["active"], told["expires_in"]) == (True, 1000)
    assert bare("POST", f"{TOKEN}/revoke", data=form | {"token": token}).status_code == 200
    assert bare("POST", f"{TOKEN}/introspect", data=form | {"token": token}).json() == {"active": False}
    assert bare("GET", V3, token).status_code == 401
    bare("POST", f"{TOKEN}/revoke", data=form | {"token": form["refresh_token"]})
    assert bare("POST", TOKEN, data=form).json()["status"] == "BAD_REFRESH_TOKEN"


def test_an_app_has_a_window_of_its_own_and_no_day(
    hub: httpx.Client, bare: Callable[..., httpx.Response], form: dict[str, str], settings: Callable[..., None]
) -> None:
    """Behavior 43: OAuth calls carry no daily headers and no daily limit, and count apart from the service key's ten seconds."""
    token = bare("POST", TOKEN, data=form).json()["access_token"]
    settings(burst_limit=9, oauth_burst_limit=2, daily_limit=1)
    assert hub.get(V3).status_code == 200
    calls = [bare("GET", V3, token) for _ in range(3)]
    assert [call.status_code for call in calls] == [200, 200, 429]
    assert calls[0].headers["X-HubSpot-RateLimit-Remaining"] == "1"
    assert not [name for call in calls for name in call.headers if "daily" in name.lower()]
    assert hub.get(V3).json()["policyName"] == "DAILY"


def test_an_app_of_a_real_account_has_a_hundred_and_ten_calls(
    hub: httpx.Client, bare: Callable[..., httpx.Response], form: dict[str, str], settings: Callable[..., None]
) -> None:
    """Behavior 43: in a professional account an OAuth app may call 110 times in ten seconds and says so, while the service key may 190 times."""
    token = bare("POST", TOKEN, data=form).json()["access_token"]
    settings(account_limits="professional")
    calls = [bare("GET", V3, token) for _ in range(111)]
    assert [call.status_code for call in calls] == [200] * 110 + [429]
    assert calls[0].headers["X-HubSpot-RateLimit-Max"] == "110"
    assert hub.get(V3).headers["X-HubSpot-RateLimit-Max"] == "190"


def test_scopes_bind_the_app_too(bare: Callable[..., httpx.Response], form: dict[str, str], settings: Callable[..., None]) -> None:
    """Behavior 3: an access token opens no more than the scopes that were granted."""
    token = bare("POST", TOKEN, data=form).json()["access_token"]
    settings(scopes=["crm.objects.contacts.read"])
    assert (bare("GET", V3, token).status_code, bare("GET", "/crm/v3/owners", token).status_code) == (200, 403)


def test_a_snapshot_keeps_tokens(hub: httpx.Client, bare: Callable[..., httpx.Response], form: dict[str, str]) -> None:
    """Behavior 54: tokens, and what was revoked, come back with a snapshot."""
    token = bare("POST", TOKEN, data=form).json()["access_token"]
    state = hub.get("/_sandbox/snapshot").json()
    bare("POST", f"{TOKEN}/revoke", data=form | {"token": token})
    hub.put("/_sandbox/snapshot", json=state)
    assert bare("GET", V3, token).status_code == 200
