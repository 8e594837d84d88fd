"""Pitfalls of logging in, of headers, and of the way between leadhub and Salesforce."""

import threading
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from leadhub_salesforce import client as client_module
from leadhub_salesforce.client import Client
from leadhub_salesforce.settings import Settings
from pydantic import ValidationError

from leadhub import AccessDenied, FatalError, RateLimited, Unavailable, UnknownOutcome

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


# ---- 2: assignment rules -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ends", [False, True])
def test_no_update_is_routed_anew(org: Any, update: Any, pushed: Any, ends: bool) -> None:
    """Pitfall 2: every update carries Sforce-Auto-Assign: FALSE, also the one that is sent again after the session ended: the owner stays."""
    omar = org.user("omar")
    lead, connector = org.lead(OwnerId=omar), org.connector(owner_on_create="assignment_rules")
    connector.check()
    if ends:
        org.admin("faults", kind="expired_session", path="composite")
    pushed(connector, update(lead, Status="Working - Contacted"))
    calls = org.journal("PATCH")
    assert [call["status"] for call in calls] == ([401, 200] if ends else [200])
    assert {call["headers"]["sforce-auto-assign"] for call in calls} == {"FALSE"}
    assert (org.rows()[lead]["OwnerId"], org.rows()[lead]["Status"]) == (omar, "Working - Contacted")


# ---- 8: login storms -----------------------------------------------------------------------------------------------------------------------


def test_threads_that_find_one_token_expired_log_in_once(org: Any) -> None:
    """Pitfall 8: eight threads whose common token has ended share one login, and every call is answered."""
    client = Client(org.settings(), org.our_clock)
    client.user_info()
    org.admin("settings", expire_tokens=True)
    org.forget()
    org.admin("faults", kind="slow", path="token", delay=0.3)
    answers: list[Any] = []
    threads = [threading.Thread(target=lambda: answers.append(client.user_info()["user_id"])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8
    assert len(org.journal("POST", "token")) == 1


def test_a_dead_credential_is_asked_about_once(org: Any) -> None:
    """Pitfall 8: a refused login is remembered as long as the connector lives: whatever is called after it asks the token endpoint no more."""
    connector = org.connector(client_secret="revoked")
    for ask in (connector.check, lambda: next(connector.pull(None)), lambda: list(connector.owners()), connector.check):
        with pytest.raises(AccessDenied, match="invalid_client"):
            ask()
    assert len(org.journal("POST", "token")) == 1


def test_a_token_that_is_never_accepted_ends_all_calls(org: Any) -> None:
    """Pitfall 8: where a new token is answered 401 as well, leadhub stops: two logins in all, however many calls would follow."""
    connector = org.connector()
    org.admin("faults", kind="expired_session", path="/services/data", times=50)
    for _ in range(5):
        with pytest.raises(AccessDenied, match="INVALID_SESSION_ID"):
            next(connector.pull(None))
    assert len(org.journal("POST", "token")) == 2
    assert len(org.journal("GET", "/services/data")) == 2


def test_sessions_that_end_in_the_course_of_a_run_are_renewed_each_time(org: Any) -> None:
    """Pitfall 8: a long run may outlive several sessions: each end costs one login, for a new token that works is no dead credential."""
    connector = org.connector()
    for expected in (1, 2, 3):
        connector.check()
        assert len(org.journal("POST", "token")) == expected
        org.admin("settings", expire_tokens=True)


# ---- 13: time-outs, redirects, HTML ----------------------------------------------------------------------------------------------------------


def test_an_answer_that_does_not_come_ends_in_an_unknown_outcome(org: Any, create: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pitfall 13: a write that is not answered in time is unknown, not failed: it happened, it is sent once, and by its key it is found."""
    connector = org.connector()
    connector.check()
    monkeypatch.setattr(client_module, "TIMEOUT", (0.2, 0.2))
    org.admin("faults", kind="slow", path="composite", delay=0.6)
    with pytest.raises(UnknownOutcome):
        list(connector.push([create("k1")]))
    monkeypatch.undo()
    assert set(connector.find("Lead", ["k1"])) == {"k1"}
    assert len(org.journal("PATCH")) == 1


def test_a_redirect_makes_no_write_a_read(org: Any, create: Any) -> None:
    """Pitfall 13: a redirect is told and not followed: a POST would become a GET, and a lead that nobody made would look created."""
    connector = org.connector(external_id=False)
    connector.check()
    org.admin("faults", kind="redirect", path="composite")
    with pytest.raises(FatalError, match="address has changed"):
        list(connector.push([create("k1")]))
    assert not org.journal(part="elsewhere")
    assert not org.rows()


@pytest.mark.parametrize(
    ("kind", "to_a_read", "to_a_write"),
    [("html_503", Unavailable, UnknownOutcome), ("setting_up", RateLimited, RateLimited), ("not_acceptable", Unavailable, Unavailable)],
)
def test_a_page_for_people_is_no_answer(org: Any, create: Any, kind: str, to_a_read: type[Exception], to_a_write: type[Exception]) -> None:
    """Pitfall 13: HTML or nothing from the network's edge is never read as data; after a 503 a write is unknown, after a 406 or 420 not taken."""
    connector = org.connector()
    connector.check()
    org.admin("faults", kind=kind, path="describe")
    with pytest.raises(to_a_read):
        connector.describe("Lead")
    org.admin("faults", kind=kind, path="composite")
    with pytest.raises(to_a_write):
        list(connector.push([create("k1")]))


# ---- 20: ways that are being closed ----------------------------------------------------------------------------------------------------------


def by_key(org: Any, **changed: Any) -> Settings:
    """Return the settings of a login by a signed note, as the org's clock goes, once the org has the key."""
    public = jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True)
    client_id = org.settings().client_id
    org.admin("settings", jwt_keys={client_id: {"n": public["n"], "e": public["e"]}})
    org.our_clock.time = org.clock.now()
    return org.settings(**{"client_secret": None, "username": "leadhub@acme.example", "private_key": PEM, **changed})


@pytest.mark.parametrize("pem", [PEM, PEM.replace("\n", "\\n")], ids=["lines", "one line"])
def test_a_signed_note_logs_in_without_a_secret(org: Any, pem: str) -> None:
    """Pitfall 20: beside client credentials there is JWT bearer: the key signs a note for one user, no secret is sent, and no SOAP login exists."""
    client = Client(by_key(org, private_key=pem), org.our_clock)
    assert client.user_info()["preferred_username"] == "leadhub@acme.example"
    (login,) = org.journal("POST", "token")
    assert "secret" not in login["body"]
    assert not org.journal(part="Soap")


def test_a_note_that_nobody_believes_is_access_denied(org: Any) -> None:
    """Pitfall 20: a key that the app does not hold, or a user who may not log in, is told with a next step, and the key is not."""
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = other.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    for wrong in ({"private_key": pem}, {"username": "lena@acme.example"}):
        with pytest.raises(AccessDenied, match="invalid_grant") as caught:
            Client(by_key(org, **wrong), org.our_clock).user_info()
        assert caught.value.next_step
        assert pem.splitlines()[1] not in str(caught.value)


@pytest.mark.parametrize(
    "given",
    [
        {"client_secret": "s", "username": "leadhub@acme.example", "private_key": PEM},
        {"private_key": PEM},
        {"username": "leadhub@acme.example"},
        {},
        {"username": "leadhub@acme.example", "private_key": "a key"},
        {"client_secret": "s", "username": "leadhub@acme.example"},
        {"username": "leadhub@acme.example", "password": "p", "security_token": "t"},
    ],
    ids=["both", "no user", "no key", "neither", "no PEM", "a name too many", "password"],
)
def test_there_is_one_way_to_log_in_and_no_password(given: dict[str, str]) -> None:
    """Pitfall 20: password and token, which Salesforce retires, are no settings at all, and of the two ways there are exactly one is chosen."""
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({"login_url": "https://acme.my.salesforce.com", "client_id": "id", **given})
    assert PEM.splitlines()[1] not in str(caught.value)


def test_a_retired_version_is_told_with_the_setting_that_pins_it(org: Any) -> None:
    """Pitfall 20: the API's version is pinned and changed on purpose: one that Salesforce has retired ends with the name of the setting."""
    with pytest.raises(FatalError) as caught:
        org.connector(api_version="29.0").describe("Lead")
    assert "api_version" in str(caught.value.next_step)
