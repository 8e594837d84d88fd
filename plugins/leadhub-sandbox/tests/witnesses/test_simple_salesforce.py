"""simple-salesforce, the client that most Python programs use, against the Salesforce sandbox: every login, every call, every refusal."""

import csv
import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from leadhub_sandbox import SandboxClock, SandboxServer
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce, SFType, format_soql
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceGeneralError,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceOperationError,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)
from witnessing import Tried

Admin = Callable[..., Any]
WAIT = {"wait": 0}
LEAD = {"LastName": "Berg", "Company": "Acme"}


class _ToSandbox(HTTPAdapter):
    """Sends whatever simple-salesforce addresses to https://, login hosts too, to the sandbox's plain http."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        assert request.url
        request.url = f"{self._url}/{request.url.split('/', 3)[3]}"
        return super().send(request, *args, **kwargs)


@pytest.fixture
def session(org: SandboxServer) -> Iterator[requests.Session]:
    """A session that reaches nothing but the org."""
    with requests.Session() as found:
        found.trust_env = False
        found.mount("https://", _ToSandbox(org.url))
        yield found


@pytest.fixture
def client(org: SandboxServer, session: requests.Session) -> Any:
    """The client with a token got elsewhere, as leadhub uses it, so that it never logs in again by itself."""
    form = {"grant_type": "client_credentials", "client_id": org.service.client_id, "client_secret": org.service.client_secret}
    token = session.post("https://login/services/oauth2/token", form).json()["access_token"]
    session.headers["Sforce-Auto-Assign"] = "FALSE"
    return Salesforce(session_id=token, instance_url=org.url, session=session, version="62.0")


def _listed(call: Callable[..., Iterator[Any]]) -> Callable[..., list[Any]]:
    """Return the client's method, read to its end."""

    @wraps(call)
    def read(*given: Any, **more: Any) -> list[Any]:
        return list(call(*given, **more))

    return read


def _codes(problem: Any) -> list[str]:
    return [entry["errorCode"] for entry in problem.content]


def test_logs_in_in_every_way(tried: Tried, org: SandboxServer, session: requests.Session, admin: Admin, clock: SandboxClock) -> None:
    """1, 2: password by SOAP (v59, v64, by org too), password grant, JWT bearer, client credentials and a token got elsewhere."""
    clock.set(datetime.now(UTC))  # the client signs its JWT by the machine's clock
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public, private = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    service = org.service
    admin("settings", jwt_keys={service.client_id: {"n": public["n"], "e": public["e"]}})
    jane = {"username": "jane@acme.example", "password": "sandbox-password"}
    pair = {"consumer_key": service.client_id, "consumer_secret": service.client_secret}
    signed = {"username": jane["username"], "consumer_key": service.client_id}
    ways: list[dict[str, Any]] = [
        jane | {"security_token": "sandboxtoken", "version": "59.0"},
        jane | {"security_token": "sandboxtoken", "version": "64.0", "domain": "test"},
        jane | {"organizationId": service.org.organization_id},
        jane | pair,
        signed | {"privatekey": key.private_bytes(*private, serialization.NoEncryption()).decode()},
        pair | {"domain": "acme.my"},
    ]
    for way in ways:
        logged = tried.accepts(Salesforce, session=session, **way)
        assert logged.sf_instance == org.url.removeprefix("http://")
        assert tried.accepts(logged.query, "SELECT Id FROM User LIMIT 1")["totalSize"] == 1
    elsewhere = tried.accepts(Salesforce, session_id=logged.session_id, instance_url=org.url, session=session)
    assert tried.accepts(elsewhere.limits)["DailyApiRequests"]["Max"] == 100_000


def test_is_not_let_in(tried: Tried, org: SandboxServer, session: requests.Session) -> None:
    """1, 2: a wrong password, secret, client, key or inactive user, and SOAP login from v65 on, are the client's failed authentication."""
    service = org.service
    jane = {"username": "jane@acme.example", "password": "sandbox-password", "security_token": ""}
    pair = {"consumer_key": service.client_id, "consumer_secret": service.client_secret}
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = other.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    ways: list[tuple[dict[str, Any], str]] = [
        (jane | {"password": "wrong"}, "INVALID_LOGIN"),
        (jane | {"security_token": "wrong"}, "INVALID_LOGIN"),
        (jane | {"username": "lena@acme.example"}, "INVALID_LOGIN"),
        (jane | {"version": "65.0"}, "INVALID_OPERATION"),
        (pair | {"username": "jane@acme.example", "password": "wrong"}, "invalid_grant"),
        (pair | {"domain": "acme.my", "consumer_secret": "wrong"}, "invalid_client"),
        (pair | {"domain": "acme.my", "consumer_key": "wrong"}, "invalid_client_id"),
        ({"username": "jane@acme.example", "consumer_key": service.client_id, "privatekey": pem}, "invalid_client_id"),
    ]
    for way, code in ways:
        assert tried.refuses(SalesforceAuthenticationFailed, Salesforce, session=session, **way).code == code
    stale = Salesforce(session_id="stale", instance_url=org.url, session=session)
    assert _codes(tried.refuses(SalesforceExpiredSession, stale.query, "SELECT Id FROM Lead")) == ["INVALID_SESSION_ID"]


def test_a_dead_session_is_opened_anew(tried: Tried, org: SandboxServer, session: requests.Session, admin: Admin) -> None:
    """3: a client that holds credentials logs in again by itself after a 401."""
    pair = {"consumer_key": org.service.client_id, "consumer_secret": org.service.client_secret, "domain": "acme.my"}
    client = tried.accepts(Salesforce, session=session, version="62.0", **pair)
    admin("settings", expire_tokens=True)
    assert tried.accepts(client.query, "SELECT Id FROM User LIMIT 1")["done"]
    admin("settings", expire_tokens=True)
    assert tried.accepts(client.Lead.metadata)["objectDescribe"]["name"] == "Lead"


def test_queries(tried: Tried, client: Any, admin: Admin) -> None:
    """18, 19, 24: query, query_all, query_more, the iterator and queryAll page through everything once."""
    admin("settings", page_size=60)
    rows = [{"attributes": {"type": "Lead"}, **LEAD, "LeadhubId__c": f"k{i:03}"} for i in range(200)]
    outcomes = tried.accepts(client.restful, "composite/sobjects/Lead/LeadhubId__c", method="PATCH", json={"allOrNone": False, "records": rows})
    assert all(o["success"] and o["created"] for o in outcomes)
    ordered = "SELECT Id, LeadhubId__c FROM Lead ORDER BY LeadhubId__c"
    keys = [f"k{i:03}" for i in range(200)]
    assert [r["LeadhubId__c"] for r in tried.accepts(client.query_all, ordered)["records"]] == keys
    assert [r["LeadhubId__c"] for r in tried.accepts(_listed(client.query_all_iter), ordered)] == keys
    page = tried.accepts(client.query, ordered)
    assert (page["totalSize"], page["done"], len(page["records"])) == (200, False, 60)
    more = tried.accepts(client.query_more, page["nextRecordsUrl"], identifier_is_url=True)
    assert [r["LeadhubId__c"] for r in more["records"]] == keys[60:120]
    client.Lead.delete(page["records"][0]["Id"])
    assert tried.accepts(client.query_all, ordered)["totalSize"] == 199
    assert tried.accepts(client.query_all, ordered, include_deleted=True)["totalSize"] == 200
    quoted = format_soql("SELECT Id FROM Lead WHERE LeadhubId__c IN {}", ["k007", "k'"])
    assert tried.accepts(client.query, quoted)["totalSize"] == 1
    for text, code in (
        ("SELECT Nothing__c FROM Lead", "INVALID_FIELD"),
        ("SELECT Id FROM Nothing", "INVALID_TYPE"),
        ("SELECT Id FROM", "MALFORMED_QUERY"),
        ("SELECT Id FROM Lead WHERE CreatedDate > 'yesterday'", "INVALID_FIELD"),
    ):
        assert _codes(tried.refuses(SalesforceMalformedRequest, client.query, text)) == [code]
    admin("settings", expire_cursors=True)
    gone = tried.refuses(SalesforceMalformedRequest, client.query_more, page["nextRecordsUrl"], identifier_is_url=True)
    assert _codes(gone) == ["INVALID_QUERY_LOCATOR"]


def test_writes_record_by_record(tried: Tried, client: Any) -> None:
    """9, 15, 29: create, get, update, upsert and delete, by id and by external id."""
    lead: SFType = client.Lead
    made = tried.accepts(lead.create, LEAD | {"LeadhubId__c": "k 1"})
    assert (made["success"], made["errors"]) == (True, [])
    assert tried.accepts(lead.update, made["id"], {"Title": "CEO", "City": None}) == 204
    read = tried.accepts(lead.get, made["id"])
    assert (read["Title"], read["attributes"]["type"]) == ("CEO", "Lead")
    assert tried.accepts(lead.get, made["id"][:15], params={"fields": "Id,Title"})["Title"] == "CEO"
    assert tried.accepts(lead.upsert, "LeadhubId__c/k2", LEAD) == 201
    assert tried.accepts(lead.upsert, "LeadhubId__c/k2", {"Title": "CFO"}) == 200
    assert tried.accepts(lead.upsert, made["id"], {"Title": "COO"}) == 204
    assert tried.accepts(lead.get_by_custom_id, "LeadhubId__c", "k2")["Title"] == "CFO"
    raw = tried.accepts(lead.update, made["id"], {"Title": "CTO"}, raw_response=True)
    assert raw.headers["Sforce-Limit-Info"].startswith("api-usage=")
    assert tried.accepts(lead.delete, made["id"]) == 204
    past = {"If-Unmodified-Since": "Mon, 01 Jan 2024 00:00:00 GMT"}
    other = lead.get_by_custom_id("LeadhubId__c", "k2")["Id"]
    assert tried.refuses(SalesforceGeneralError, lead.update, other, {"Title": "x"}, headers=past).status == 412
    assert _codes(tried.refuses(SalesforceResourceNotFound, lead.get, made["id"])) == ["NOT_FOUND"]
    assert _codes(tried.refuses(SalesforceResourceNotFound, lead.delete, made["id"])) == ["ENTITY_IS_DELETED"]
    assert _codes(tried.refuses(SalesforceResourceNotFound, lead.update, made["id"], {"Title": "x"})) == ["ENTITY_IS_DELETED"]


def test_tells_what_is_refused(tried: Tried, client: Any, admin: Admin) -> None:
    """9 to 11, 13, 29 to 31: each refusal is the class that the client documents for its status, with the API's own code."""
    lead: SFType = client.Lead
    lead.create(LEAD | {"LeadhubId__c": "k", "Legacy_Id__c": "same"})
    second = lead.create(LEAD | {"Legacy_Id__c": "same"})["id"]
    malformed = [
        (lead.create, {"LastName": "Berg"}, "REQUIRED_FIELD_MISSING"),
        (lead.create, LEAD | {"Nothing__c": 1}, "INVALID_FIELD"),
        (lead.create, LEAD | {"CreatedDate": "2026-01-01T00:00:00Z"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        (lead.create, LEAD | {"City": "x" * 41}, "STRING_TOO_LONG"),
        (lead.create, LEAD | {"Email": "nobody"}, "INVALID_EMAIL_ADDRESS"),
        (lead.create, LEAD | {"Tier__c": "Wood"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        (lead.create, LEAD | {"LeadhubId__c": "k"}, "DUPLICATE_VALUE"),
        (lead.create, LEAD | {"OwnerId": "005000000000000AAA"}, "INVALID_CROSS_REFERENCE_KEY"),
        (lead.create, LEAD | {"AnnualRevenue": "much"}, "JSON_PARSER_ERROR"),
    ]
    for call, fields, code in malformed:
        assert _codes(tried.refuses(SalesforceMalformedRequest, call, fields)) == [code]
    several = tried.refuses(SalesforceMoreThanOneRecord, lead.upsert, "Legacy_Id__c/same", {"Title": "x"})
    assert len(several.content) == 2
    for call in (lead.upsert, lead.get_by_custom_id):
        given = ("Nothing__c/1", {"Title": "x"}) if call == lead.upsert else ("Nothing__c", "1")
        assert _codes(tried.refuses(SalesforceResourceNotFound, call, *given)) == ["NOT_FOUND"]
    assert _codes(tried.refuses(SalesforceResourceNotFound, client.Nothing__c.describe)) == ["NOT_FOUND"]
    admin("settings", no_delete=["Lead"])
    assert _codes(tried.refuses(SalesforceRefusedRequest, lead.delete, second)) == ["INSUFFICIENT_ACCESS_OR_READONLY"]
    admin("settings", daily_limit=1)
    assert _codes(tried.refuses(SalesforceRefusedRequest, lead.get, second)) == ["REQUEST_LIMIT_EXCEEDED"]
    admin("settings", daily_limit=100_000)
    for kind, status in (("unavailable", 503), ("server_error", 500), ("setting_up", 420), ("too_many", 429), ("html_503", 503)):
        admin("faults", kind=kind)
        assert tried.refuses(SalesforceGeneralError, lead.get, second).status == status
    admin("settings", expire_tokens=True)
    assert _codes(tried.refuses(SalesforceExpiredSession, lead.get, second)) == ["INVALID_SESSION_ID"]


def test_reads_what_changed(tried: Tried, client: Any, clock: SandboxClock) -> None:
    """26: updated and deleted, as the client writes their instants."""
    made, gone = (client.Lead.create(LEAD)["id"] for _ in range(2))
    client.Lead.delete(gone)
    clock.advance(120)
    now = clock.now()
    told = tried.accepts(client.Lead.updated, now - timedelta(hours=1), now)
    assert (told["ids"], set(told)) == ([made], {"ids", "latestDateCovered"})
    told = tried.accepts(client.Lead.deleted, now - timedelta(hours=1), now)
    assert [entry["id"] for entry in told["deletedRecords"]] == [gone]
    assert set(told) == {"deletedRecords", "earliestDateAvailable", "latestDateCovered"}
    wrong = tried.refuses(SalesforceMalformedRequest, client.Lead.updated, now, now - timedelta(hours=1))
    assert _codes(wrong) == ["INVALID_REPLICATION_DATE"]
    assert _codes(tried.refuses(SalesforceMalformedRequest, client.Lead.updated, now - timedelta(days=40), now)) == ["INVALID_REPLICATION_DATE"]


def test_describes(tried: Tried, client: Any) -> None:
    """5, 6, 44: the org, each object, the limits and the client's own look at whether this is a sandbox."""
    described = tried.accepts(client.describe)
    assert described["maxBatchSize"] == 200
    for name in ("Lead", "Contact", "Account", "Opportunity", "User"):
        one = getattr(client, name)
        assert {f["name"] for f in tried.accepts(one.describe)["fields"]} > {"Id", "SystemModstamp"}
        assert tried.accepts(one.metadata)["objectDescribe"]["name"] == name
    assert tried.accepts(client.limits)["DailyApiRequests"]["Remaining"] > 0
    assert client.api_usage["api-usage"].total == 100_000
    assert tried.accepts(client.is_sandbox) is True


def test_queries_in_bulk(tried: Tried, client: Any, admin: Admin, tmp_path: Path) -> None:
    """41: bulk2 queries in pages, queries the deleted too, downloads, and tells of a query that cannot be and of a job that fails."""
    admin("settings", bulk_polls=1)
    rows = [{**LEAD, "LastName": f"L{i}", "Description": f'two\nlines, "{i}"'} for i in range(25)]
    bulk = client.bulk2.Lead
    assert tried.accepts(bulk.insert, records=rows, **WAIT)[0]["numberRecordsFailed"] == 0
    pages = tried.accepts(_listed(bulk.query), "SELECT Id, LastName, Description FROM Lead", max_records=10, **WAIT)
    found = [row for page in pages for row in csv.DictReader(io.StringIO(page, newline=""))]
    assert (len(pages), {r["LastName"] for r in found}) == (3, {r["LastName"] for r in rows})
    assert {r["Description"] for r in found} == {r["Description"] for r in rows}
    client.Lead.delete(found[0]["Id"])
    for call, lines in ((bulk.query, 25), (bulk.query_all, 26)):
        (page,) = tried.accepts(_listed(call), "SELECT Id FROM Lead", **WAIT)
        assert len(page.splitlines()) == lines
    files = tried.accepts(bulk.download, "SELECT Id FROM Lead", path=str(tmp_path), **WAIT)
    assert [file["number_of_records"] for file in files] == [24]
    for text, code in (
        ("SELECT Nothing__c FROM Lead", "INVALID_FIELD"),
        ("SELECT Address FROM Lead", "API_ERROR"),
        ("SELECT Id FROM", "MALFORMED_QUERY"),
    ):
        assert _codes(tried.refuses(SalesforceMalformedRequest, _listed(bulk.query), text, **WAIT)) == [code]
    admin("settings", bulk_failure="the job is lost")
    for call in (bulk.query, bulk.query_all):
        assert "the job is lost" in str(tried.refuses(SalesforceOperationError, _listed(call), "SELECT Id FROM Lead", **WAIT))


def test_loads_in_bulk(tried: Tried, client: Any, admin: Admin) -> None:
    """42: bulk2 inserts, updates, upserts and deletes, and tells of each record what became of it."""
    admin("settings", bulk_polls=1)
    bulk = client.bulk2.Lead
    rows = [{"LeadhubId__c": f"k{i}", "LastName": f"L{i}", "Company": "Acme" if i else ""} for i in range(25)]
    (told,) = tried.accepts(bulk.upsert, records=rows, external_id_field="LeadhubId__c", **WAIT)
    assert (told["numberRecordsTotal"], told["numberRecordsProcessed"], told["numberRecordsFailed"]) == (25, 25, 1)
    outcome = tried.accepts(bulk.get_all_ingest_records, told["job_id"])
    assert [r["LeadhubId__c"] for r in outcome["failedRecords"]] == ["k0"]
    assert (len(outcome["successfulRecords"]), outcome["unprocessedRecords"]) == (24, [])
    assert {r["sf__Created"] for r in outcome["successfulRecords"]} == {"true"}
    ids = [r["sf__Id"] for r in outcome["successfulRecords"]]
    (told,) = tried.accepts(bulk.update, records=[{"Id": row_id, "Title": "CEO"} for row_id in ids], **WAIT)
    assert told["numberRecordsFailed"] == 0
    done = list(csv.DictReader(io.StringIO(tried.accepts(bulk.get_successful_records, told["job_id"]))))
    assert {(r["sf__Id"], r["sf__Created"]) for r in done} == {(row_id, "false") for row_id in ids}
    (told,) = tried.accepts(bulk.insert, records=[LEAD, {**LEAD, "LastName": ""}], **WAIT)
    (failed,) = csv.DictReader(io.StringIO(tried.accepts(bulk.get_failed_records, told["job_id"])))
    assert failed["sf__Error"].startswith("REQUIRED_FIELD_MISSING")
    (told,) = tried.accepts(bulk.delete, records=[{"Id": row_id} for row_id in [*ids, ids[0]]], **WAIT)
    assert told["numberRecordsFailed"] == 1
    assert list(csv.reader(io.StringIO(tried.accepts(bulk.get_unprocessed_records, told["job_id"])))) == [["Id"]]
    assert client.query("SELECT Id FROM Lead")["totalSize"] == 1
    for call, more in ((bulk.upsert, {"external_id_field": "Nothing__c"}), (client.bulk2.Nothing__c.insert, {})):
        tried.refuses(SalesforceMalformedRequest, call, records=[LEAD], **more, **WAIT)
    tried.refuses(SalesforceResourceNotFound, bulk.get_failed_records, "750000000000000AAA")
    admin("settings", bulk_failure="the job is lost")
    assert "the job is lost" in str(tried.refuses(SalesforceOperationError, bulk.insert, records=[LEAD], **WAIT))
