"""Tokens, sessions, versions and the count of calls (behaviors 1, 3, 4, 5, 44)."""

import base64
from collections.abc import Callable
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from leadhub_sandbox import SandboxClock, SandboxServer

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
Login = Callable[..., httpx.Response]
Admin = Callable[..., Any]


def test_client_credentials_in_the_form_or_the_header_open_a_session(web: httpx.Client, login: Login, server: SandboxServer) -> None:
    """1: client credentials, sent either way, give a token, this server's address and the integration user's identity."""
    in_form = login().json()
    secret = base64.b64encode(f"{server.service.client_id}:{server.service.client_secret}".encode()).decode()
    answer = web.post("/services/oauth2/token", data={"grant_type": "client_credentials"}, headers={"Authorization": f"Basic {secret}"})
    assert answer.status_code == 200
    assert answer.json()["instance_url"] == in_form["instance_url"] == server.url
    assert answer.json()["access_token"] != in_form["access_token"]


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "wrong"}, "invalid_client_id"),
        ({"grant_type": "implicit"}, "unsupported_grant_type"),
        ({"grant_type": "password", "username": "jane@acme.example", "password": "wrong"}, "invalid_grant"),
        ({"grant_type": "password", "username": "lena@acme.example", "password": "sandbox-password"}, "invalid_grant"),
        ({"grant_type": "password", "username": "autoproc@acme.example", "password": "sandbox-password"}, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "wrong"}, "invalid_grant"),
        ({"grant_type": JWT_GRANT, "assertion": "a.b.c"}, "invalid_grant"),
    ],
)
def test_a_bad_login_is_refused_in_the_words_of_oauth(login: Login, form: dict[str, str], error: str) -> None:
    """1: every refused grant is a 400 with error and error_description."""
    answer = login(**form)
    assert answer.status_code == 400
    assert answer.json()["error"] == error
    assert answer.json()["error_description"]


def test_a_rotated_refresh_token_works_once(login: Login, admin: Admin) -> None:
    """1: with rotation on, a refresh gives a new refresh token and the old one is dead."""
    admin("settings", rotate_refresh_tokens=True)
    first = login(grant_type="password", username="jane@acme.example", password="sandbox-password").json()
    second = login(grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert second.json()["refresh_token"] != first["refresh_token"]
    assert login(grant_type="refresh_token", refresh_token=first["refresh_token"]).status_code == 400


def test_a_signed_jwt_opens_a_session_and_a_bent_one_does_not(login: Login, admin: Admin, server: SandboxServer, clock: SandboxClock) -> None:
    """1: a JWT counts only with the registered key's signature, this audience, an active subject and at most five minutes to live."""
    key, other = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
    public = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    client = server.service.client_id
    admin("settings", jwt_keys={client: {"n": public["n"], "e": public["e"]}})
    now = int(clock.now().timestamp())
    good = {"iss": client, "sub": "jane@acme.example", "aud": server.url, "exp": now + 180}

    def status(signer: rsa.RSAPrivateKey = key, **changes: Any) -> int:
        return login(grant_type=JWT_GRANT, assertion=jwt.encode(good | changes, signer, algorithm="RS256")).status_code

    assert status() == 200
    assert status(signer=other) == 400
    assert status(exp=now + 3600) == 400
    assert status(exp=now - 1) == 400
    assert status(aud="https://elsewhere.example") == 400
    assert status(sub="lena@acme.example") == 400
    assert status(sub="autoproc@acme.example") == 400


def test_a_call_without_a_valid_token_is_refused(web: httpx.Client, api: httpx.Client, admin: Admin, refusal: Callable[..., Any]) -> None:
    """3: no token, a wrong one and one that a test expired all give 401 INVALID_SESSION_ID."""
    refused = (401, "INVALID_SESSION_ID")
    assert refusal(web.get("/services/data/v62.0/limits")) == refused
    assert refusal(web.get("/services/data/v62.0/limits", headers={"Authorization": "Bearer nonsense"})) == refused
    assert api.get("/limits").status_code == 200
    admin("settings", expire_tokens=True)
    assert refusal(api.get("/limits")) == refused


def test_a_session_ends_by_the_clock(api: httpx.Client, clock: SandboxClock) -> None:
    """3: a token is good for the session's seconds and not one longer."""
    clock.advance(7199)
    assert api.get("/limits").status_code == 200
    clock.advance(1)
    assert api.get("/limits").status_code == 401


def test_versions_need_no_token_and_others_are_gone_or_unknown(web: httpx.Client, api: httpx.Client, server: SandboxServer) -> None:
    """4: the list of versions is open and carries no limit header; a retired version is 410, a future one 404."""
    listed = web.get("/services/data")
    assert [v["version"] for v in listed.json()][-1] == "68.0"
    assert listed.json()[-1]["label"] == "Winter '27"
    assert "Sforce-Limit-Info" not in listed.headers
    assert api.get(f"{server.url}/services/data/v25.0/limits").status_code == 410
    assert api.get(f"{server.url}/services/data/v99.0/limits").status_code == 404


def test_each_call_counts_once_and_says_so(api: httpx.Client) -> None:
    """5: Sforce-Limit-Info rises by one a call, a collection of 200 records included, and /limits agrees."""
    assert api.get("/sobjects").headers["Sforce-Limit-Info"] == "api-usage=1/100000"
    records = [{"attributes": {"type": "Lead"}, "LastName": str(i), "Company": "A"} for i in range(200)]
    assert api.post("/composite/sobjects", json={"records": records}).headers["Sforce-Limit-Info"] == "api-usage=2/100000"
    assert api.get("/sobjects/Lead/nonsense").headers["Sforce-Limit-Info"] == "api-usage=3/100000"
    assert api.get("/limits").json()["DailyApiRequests"] == {"Max": 100_000, "Remaining": 99_996}


def test_at_the_daily_limit_only_limits_answers(
    api: httpx.Client, admin: Admin, clock: SandboxClock, login: Login, refusal: Callable[..., Any]
) -> None:
    """5: at the limit every call but /limits is 403 REQUEST_LIMIT_EXCEEDED, until a day has passed."""
    admin("settings", daily_limit=2)
    assert [api.get("/sobjects").status_code for _ in range(2)] == [200, 200]
    assert refusal(api.get("/sobjects")) == (403, "REQUEST_LIMIT_EXCEEDED")
    assert api.get("/limits").json()["DailyApiRequests"]["Remaining"] == 0
    clock.advance(25 * 3600)
    assert api.get("/sobjects", headers={"Authorization": f"Bearer {login().json()['access_token']}"}).status_code == 200


def test_the_org_and_the_user_can_be_named(web: httpx.Client, login: Login, soql: Callable[..., Any]) -> None:
    """44: userinfo names the token's user, and a query the org, its id and that it is a sandbox."""
    token = login().json()
    info = web.get("/services/oauth2/userinfo", headers={"Authorization": f"Bearer {token['access_token']}"}).json()
    assert info["preferred_username"] == "leadhub@acme.example"
    (organization,) = soql("SELECT Id, Name, IsSandbox FROM Organization")
    assert organization["IsSandbox"] is True
    assert info["organization_id"] == organization["Id"]
    assert token["id"].endswith(f"/id/{organization['Id']}/{info['user_id']}")


def test_the_identity_address_of_a_token_answers_for_its_own_user(web: httpx.Client, login: Login, soql: Callable[..., Any]) -> None:
    """44: the address in a token's `id` tells the user in the identity's own words; another org's and another user's do not answer."""
    token = login(grant_type="password", username="jane@acme.example", password="sandbox-password").json()
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    told = web.get(token["id"], headers=headers).json()
    assert (told["username"], told["display_name"], told["id"], told["asserted_user"]) == ("jane@acme.example", "Jane Novak", token["id"], True)
    omar = soql("SELECT Id FROM User WHERE Alias = 'omar'")[0]["Id"]
    other = web.get(token["id"].replace(told["user_id"], omar), headers=headers)
    assert (other.status_code, other.text) == (404, "Bad_Id")
    strange = web.get(token["id"].replace(told["organization_id"], "00D000000000001AAA"), headers=headers)
    assert (strange.status_code, strange.text) == (403, "Wrong_Org")


def test_the_resources_of_a_version_name_the_identity(api: httpx.Client, web: httpx.Client, login: Login) -> None:
    """44: who holds a token alone learns from a version's resources where the identity of the token's user is told."""
    address = api.get("/").json()["identity"]
    assert address == login().json()["id"]
    told = web.get(address, headers={"Authorization": api.headers["Authorization"]}).json()
    assert (told["id"], told["username"]) == (address, "leadhub@acme.example")


def test_the_identity_of_a_bad_token_is_refused_in_one_word(web: httpx.Client, api: httpx.Client, admin: Admin, server: SandboxServer) -> None:
    """3, 44: userinfo and the identity address answer 403 and a word, no JSON and no 401, for a missing, a wrong and an ended token."""
    admin("settings", expire_tokens=True)
    for path in ("/services/oauth2/userinfo", "/id/x/y"):
        assert (web.get(path).status_code, web.get(path).text) == (403, "Missing_OAuth_Token")
        for token in ("Bearer nonsense", api.headers["Authorization"]):
            answer = web.get(path, headers={"Authorization": token})
            assert (answer.status_code, answer.text) == (403, "Bad_OAuth_Token")


def test_what_salesforces_own_client_asks_is_answered(api: httpx.Client, web: httpx.Client, login: Login, soql: Callable[..., Any]) -> None:
    """44: the token's user as a record, what the org is and what is no scratch org, in the queries of the sf client."""
    info = web.get("/services/oauth2/userinfo", headers={"Authorization": f"Bearer {login().json()['access_token']}"}).json()
    user = api.get(f"/sobjects/User/{info['user_id']}").json()
    assert (user["Username"], user["IsActive"], user["UserType"]) == ("leadhub@acme.example", True, "Standard")
    (org,) = soql("SELECT Name, InstanceName, IsSandbox, TrialExpirationDate, NamespacePrefix FROM Organization")
    assert (org["Name"], org["IsSandbox"], org["TrialExpirationDate"], org["NamespacePrefix"]) == ("Acme Example", True, None, None)
    assert api.get("/query", params={"q": "SELECT Id FROM ScratchOrgInfo"}).json()[0]["errorCode"] == "INVALID_TYPE"


def test_a_query_can_tell_its_columns_in_place_of_its_rows(api: httpx.Client, refusal: Callable[..., Any]) -> None:
    """44: columns=true names each column with its type, those of a relationship below it, and refuses what the query would refuse."""
    told = api.get("/query", params={"q": "SELECT id, Score__c, Owner.Name FROM Lead", "columns": "true"}).json()
    columns = {c["columnName"]: c for c in told["columnMetadata"]}
    assert (told["entityName"], told["keyPrefix"], told["idSelected"], list(columns)) == ("Lead", "00Q", True, ["Id", "Score__c", "Owner"])
    assert (columns["Score__c"]["apexType"], columns["Score__c"]["numberType"], columns["Score__c"]["custom"]) == ("Double", True, True)
    assert [c["columnName"] for c in columns["Owner"]["joinColumns"]] == ["Name"]
    for query, code in (("SELECT Nowhere FROM Lead", "INVALID_FIELD"), ("SELECT Id FROM Nothing", "INVALID_TYPE")):
        assert refusal(api.get("/query", params={"q": query, "columns": "true"})) == (400, code)
