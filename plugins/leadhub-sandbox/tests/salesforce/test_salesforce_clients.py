"""simple-salesforce as a client that nobody here wrote, and the pace that a first load needs."""

import csv
import io
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

import httpx
import pytest
import requests
from leadhub_sandbox import SandboxServer
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceExpiredSession, SalesforceMalformedRequest, SalesforceResourceNotFound


class _ToSandbox(HTTPAdapter):
    """Sends what simple-salesforce addresses to https:// to the sandbox's plain http."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        assert request.url
        request.url = request.url.replace("https://", "http://", 1)
        return super().send(request, *args, **kwargs)


@pytest.fixture
def client(server: SandboxServer, login: Callable[..., httpx.Response]) -> Iterator[Any]:
    """simple-salesforce with a session of its own, as it is used with a token got elsewhere."""
    with requests.Session() as session:
        session.mount("https://", _ToSandbox())
        yield Salesforce(session_id=login().json()["access_token"], instance_url=server.url, session=session, version="62.0")


def test_simple_salesforce_works_record_by_record(client: Any) -> None:
    """simple-salesforce creates, reads, updates, describes and deletes, and understands the refusals."""
    created = client.Lead.create({"LastName": "Berg", "Company": "Acme"})
    assert created["success"]
    assert client.Lead.update(created["id"], {"Title": "CEO"}) == 204
    assert client.Lead.get(created["id"])["Title"] == "CEO"
    assert {f["name"] for f in client.Lead.describe()["fields"]} > {"LastName", "Status"}
    with pytest.raises(SalesforceMalformedRequest):
        client.Lead.create({"LastName": "Berg"})
    assert client.Lead.delete(created["id"]) == 204
    with pytest.raises(SalesforceResourceNotFound):
        client.Lead.get(created["id"])


def test_simple_salesforce_pages_through_a_query(client: Any, admin: Callable[..., Any]) -> None:
    """simple-salesforce follows nextRecordsUrl to the end and writes collections."""
    admin("settings", page_size=60)
    rows = [{"attributes": {"type": "Lead"}, "LastName": f"L{i}", "Company": "A", "LeadhubId__c": f"k{i}"} for i in range(200)]
    outcomes = client.restful("composite/sobjects/Lead/LeadhubId__c", method="PATCH", json={"allOrNone": False, "records": rows})
    assert all(o["success"] and o["created"] for o in outcomes)
    found = list(client.query_all_iter("SELECT Id, LeadhubId__c FROM Lead ORDER BY Id"))
    assert [r["LeadhubId__c"] for r in found] == [f"k{i}" for i in range(200)]
    admin("settings", expire_tokens=True)
    with pytest.raises(SalesforceExpiredSession):
        client.query("SELECT Id FROM Lead")


def test_ten_thousand_leads_take_seconds(api: httpx.Client, server: SandboxServer) -> None:
    """10,000 leads are created in 50 calls and read back in pages within seconds."""
    began = perf_counter()
    for start in range(0, 10_000, 200):
        rows = [{"attributes": {"type": "Lead"}, "LastName": f"L{i}", "Company": "A", "LeadhubId__c": str(i)} for i in range(start, start + 200)]
        assert all(o["success"] for o in api.post("/composite/sobjects", json={"records": rows}).json())
    answer = api.get("/query", params={"q": "SELECT Id, LastName, Email, SystemModstamp FROM Lead ORDER BY SystemModstamp, Id"}).json()
    count = len(answer["records"])
    while not answer["done"]:
        answer = api.get(server.url + answer["nextRecordsUrl"]).json()
        count += len(answer["records"])
    assert count == 10_000
    assert perf_counter() - began < 20  # about 2 s on an idle machine


def test_simple_salesforce_loads_and_reads_in_bulk(client: Any, admin: Callable[..., Any]) -> None:
    """41, 42: simple-salesforce's bulk2 upserts, tells what failed, queries in pages and deletes."""
    admin("settings", bulk_polls=1)
    rows = [{"LeadhubId__c": f"k{i}", "LastName": f"L{i}", "Company": "Acme" if i else ""} for i in range(25)]
    (told,) = client.bulk2.Lead.upsert(records=rows, external_id_field="LeadhubId__c", wait=0)
    assert (told["numberRecordsTotal"], told["numberRecordsProcessed"], told["numberRecordsFailed"]) == (25, 25, 1)
    outcome = client.bulk2.Lead.get_all_ingest_records(told["job_id"])
    assert len(outcome["successfulRecords"]) == 24
    assert outcome["failedRecords"][0]["LeadhubId__c"] == "k0"
    assert outcome["unprocessedRecords"] == []
    pages = list(client.bulk2.Lead.query("SELECT Id, LastName FROM Lead", max_records=10, wait=0))
    found = [row for page in pages for row in csv.DictReader(io.StringIO(page))]
    assert (len(pages), {row["LastName"] for row in found}) == (3, {f"L{i}" for i in range(1, 25)})
    (gone,) = client.bulk2.Lead.delete(records=[{"Id": row["Id"]} for row in found], wait=0)
    assert gone["numberRecordsFailed"] == 0
    assert client.query("SELECT Id FROM Lead")["totalSize"] == 0
