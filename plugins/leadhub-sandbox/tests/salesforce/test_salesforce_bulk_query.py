"""Bulk API 2.0 query jobs (behavior 41)."""

import csv
import io
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from leadhub_sandbox import SandboxClock, SandboxServer

Admin = Callable[..., Any]
Make = Callable[..., str]


@pytest.fixture
def order(api: httpx.Client) -> Callable[..., dict[str, Any]]:
    """Order a query job and return what was answered."""

    def ask(query: str, **more: Any) -> dict[str, Any]:
        answer = api.post("/jobs/query", json={"operation": "query", "query": query} | more)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    return ask


@pytest.fixture
def results(api: httpx.Client, admin: Admin, order: Callable[..., dict[str, Any]]) -> Callable[..., httpx.Response]:
    """Order a query job, wait for it, and return the first page of its results."""

    def run(query: str, params: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        admin("settings", bulk_polls=0)
        job = order(query, **more)["id"]
        answer = api.get(f"/jobs/query/{job}/results", params=params)
        assert answer.status_code == 200, answer.text
        return answer

    return run


def test_a_query_job_goes_through_its_states(api: httpx.Client, order: Callable[..., Any], make_lead: Make, refusal: Callable[..., Any]) -> None:
    """41: a query job is UploadComplete, InProgress at a first poll and JobComplete at the next; only then it has results."""
    make_lead()
    job = order("SELECT Id FROM Lead")
    assert job["state"] == "UploadComplete"
    assert job | {"operation": "query", "object": "Lead", "contentType": "CSV", "apiVersion": 62.0, "lineEnding": "LF"} == job
    path = f"/jobs/query/{job['id']}"
    assert job["id"].startswith("750")
    assert refusal(api.get(f"{path}/results")) == (400, "INVALIDJOBSTATE")
    assert api.get(path).json()["state"] == "InProgress"
    done = api.get(path).json()
    assert (done["state"], done["numberRecordsProcessed"], done["jobType"]) == ("JobComplete", 1, "V2Query")
    assert api.get(f"{path}/results").status_code == 200


def test_a_query_job_may_take_time_instead(api: httpx.Client, order: Callable[..., Any], admin: Admin, clock: SandboxClock) -> None:
    """41: with `bulk_seconds` the clock alone moves a job on."""
    admin("settings", bulk_polls=0, bulk_seconds=60)
    path = f"/jobs/query/{order('SELECT Id FROM Lead')['id']}"
    assert api.get(path).json()["state"] == "InProgress"
    clock.advance(59)
    assert api.get(path).json()["state"] == "InProgress"
    clock.advance(1)
    assert api.get(f"{path}/results").status_code == 200


def test_results_are_csv_with_everything_quoted(results: Callable[..., httpx.Response], make_lead: Make) -> None:
    """41: results are quoted CSV: null empty, booleans as words, instants with Z, quotes and line breaks as they are."""
    row_id = make_lead(Company='B "x", c', Description="one\ntwo", Score__c=5, AnnualRevenue=25_000_000, Next_Call__c="2026-12-01T09:00:00Z")
    fields = "id, Company, Description, Email, DoNotCall, Score__c, AnnualRevenue, Next_Call__c, Owner.Name"
    answer = results(f"SELECT {fields} FROM Lead")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.headers["Sforce-NumberOfRecords"] == "1"
    assert answer.headers["Sforce-Locator"] == "null"
    header, row = answer.text.split("\n", 1)
    assert header == '"Id","Company","Description","Email","DoNotCall","Score__c","AnnualRevenue","Next_Call__c","Owner.Name"'
    start = f'"{row_id}","B ""x"", c","one\ntwo","","false","5.0","2.5E7","2026-12-01T09:00:00.000Z",'
    assert row == f'{start}"Leadhub Integration"\n'


def test_results_come_in_the_asked_form(results: Callable[..., httpx.Response], make_lead: Make) -> None:
    """41: lineEnding and columnDelimiter are those of the order."""
    row_id = make_lead()
    assert results("SELECT Id, LastName FROM Lead", lineEnding="CRLF", columnDelimiter="PIPE").content == (
        f'"Id"|"LastName"\r\n"{row_id}"|"Berg"\r\n'.encode()
    )


def test_results_are_paged_by_a_locator(api: httpx.Client, results: Callable[..., httpx.Response], make_lead: Make) -> None:
    """41: maxRecords cuts pages, each with the header row; Sforce-Locator leads to the next and is the word null at the end."""
    made = {make_lead() for _ in range(5)}
    page = results("SELECT Id FROM Lead", {"maxRecords": "2"})
    path, seen, sizes = page.url.path.removeprefix("/services/data/v62.0"), [], []
    while True:
        rows = list(csv.DictReader(io.StringIO(page.text)))
        seen += [row["Id"] for row in rows]
        sizes.append((len(rows), page.headers["Sforce-NumberOfRecords"]))
        if page.headers["Sforce-Locator"] == "null":
            break
        page = api.get(path, params={"maxRecords": "2", "locator": page.headers["Sforce-Locator"]})
    assert sizes == [(2, "2"), (2, "2"), (1, "1")]
    assert set(seen) == made
    for wrong in (
        {"locator": "nonsense"},
        {"locator": "é"},
        {"locator": "MTAwMA"},
        {"maxRecords": "0"},
        {"maxRecords": "²"},
        {"maxRecords": "9" * 5000},
    ):
        assert api.get(path, params=wrong).status_code == 400


def test_results_are_those_of_the_moment_of_the_order(api: httpx.Client, order: Callable[..., Any], make_lead: Make, admin: Admin) -> None:
    """41: what changes while a job runs is not in its results."""
    row_id = make_lead()
    job = order("SELECT Id, LastName FROM Lead")["id"]
    make_lead()
    api.patch(f"/sobjects/Lead/{row_id}", json={"LastName": "Later"})
    admin("settings", bulk_polls=0)
    assert list(csv.DictReader(io.StringIO(api.get(f"/jobs/query/{job}/results").text))) == [{"Id": row_id, "LastName": "Berg"}]


def test_query_all_sees_the_recycle_bin(api: httpx.Client, results: Callable[..., httpx.Response], make_lead: Make) -> None:
    """41, 24: queryAll has deleted rows, query has not."""
    row_id = make_lead()
    api.delete(f"/sobjects/Lead/{row_id}")
    assert results("SELECT Id, IsDeleted FROM Lead", operation="queryAll").text == f'"Id","IsDeleted"\n"{row_id}","true"\n'
    assert results("SELECT Id, IsDeleted FROM Lead").text == '"Id","IsDeleted"\n'


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT Id, Address FROM Lead", "API_ERROR"),
        ("SELECT FIELDS(ALL) FROM Lead LIMIT 200", "MALFORMED_QUERY"),
        ("SELECT COUNT() FROM Lead", "MALFORMED_QUERY"),
        ("SELECT Status, COUNT(Id) FROM Lead GROUP BY Status", "MALFORMED_QUERY"),
        ("SELECT Id FROM Lead ORDER BY Id LIMIT 5 OFFSET 5", "MALFORMED_QUERY"),
        ("SELECT TYPEOF Owner WHEN User THEN Name END FROM Lead", "MALFORMED_QUERY"),
        ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "MALFORMED_QUERY"),
        ("SELECT Id, id FROM Lead", "INVALID_FIELD"),
        ("SELECT Nothing__c FROM Lead", "INVALID_FIELD"),
        ("SELECT Id FROM Nothing", "INVALID_TYPE"),
    ],
)
def test_what_bulk_cannot_do_is_refused(api: httpx.Client, refusal: Callable[..., Any], query: str, code: str) -> None:
    """41: compound fields, counts, groups, OFFSET, TYPEOF, inner queries and whatever a query may not have make no job."""
    assert refusal(api.post("/jobs/query", json={"operation": "query", "query": query})) == (400, code)
    assert api.get("/jobs/query").json()["records"] == []


@pytest.mark.parametrize(
    "wrong", [{"operation": "delete"}, {"query": ""}, {"lineEnding": "CR"}, {"columnDelimiter": "COLON"}, {"contentType": "JSON"}, {"other": 1}]
)
def test_an_order_outside_the_resource_is_refused(api: httpx.Client, refusal: Callable[..., Any], wrong: dict[str, Any]) -> None:
    """41: a key or a value that the resource does not know makes no job."""
    assert refusal(api.post("/jobs/query", json={"operation": "query", "query": "SELECT Id FROM Lead"} | wrong)) == (400, "JSON_PARSER_ERROR")


def test_a_query_job_is_aborted_or_deleted(api: httpx.Client, order: Callable[..., Any], refusal: Callable[..., Any]) -> None:
    """41: a running job can be aborted once and then deleted; one in progress cannot be deleted."""
    path = f"/jobs/query/{order('SELECT Id FROM Lead')['id']}"
    assert api.get(path).json()["state"] == "InProgress"
    assert refusal(api.delete(path)) == (400, "INVALIDJOBSTATE")
    assert api.patch(path, json={"state": "Aborted"}).json()["state"] == "Aborted"
    assert refusal(api.patch(path, json={"state": "Aborted"})) == (400, "INVALIDJOBSTATE")
    assert refusal(api.get(f"{path}/results")) == (400, "INVALIDJOBSTATE")
    assert api.delete(path).status_code == 204
    assert refusal(api.get(path)) == (404, "NOT_FOUND")


def test_a_query_job_may_fail(api: httpx.Client, order: Callable[..., Any], admin: Admin) -> None:
    """41: a job that fails says why in errorMessage and has no results."""
    admin("settings", bulk_failure="InternalServerError : Retried too often", bulk_polls=1)
    path = f"/jobs/query/{order('SELECT Id FROM Lead')['id']}"
    failed = api.get(path).json()
    assert (failed["state"], failed["errorMessage"]) == ("Failed", "InternalServerError : Retried too often")
    assert api.get(f"{path}/results").status_code == 400


def test_jobs_are_listed_and_kept_for_a_week(
    api: httpx.Client, order: Callable[..., Any], clock: SandboxClock, login: Callable[..., httpx.Response]
) -> None:
    """41: the list has the newest job first, by type if asked; after seven days a job and its results are gone."""
    made = [order("SELECT Id FROM Lead")["id"] for _ in range(2)]
    listed = api.get("/jobs/query").json()
    assert (listed["done"], [job["id"] for job in listed["records"]]) == (True, made[::-1])
    assert api.get("/jobs/query", params={"jobType": "Classic"}).json()["records"] == []
    clock.advance(7 * 86_400 + 1)
    api.headers["Authorization"] = f"Bearer {login().json()['access_token']}"
    assert api.get("/jobs/query").json()["records"] == []
    assert api.get(f"/jobs/query/{made[0]}").status_code == 404


def test_results_need_the_version_of_the_order(server: SandboxServer, api: httpx.Client, order: Callable[..., Any], admin: Admin) -> None:
    """41: another API version than that of the order is a 409; versions without Bulk queries know no such path."""
    admin("settings", bulk_polls=0)
    job = order("SELECT Id FROM Lead")["id"]
    assert api.get(f"{server.url}/services/data/v61.0/jobs/query/{job}/results").status_code == 409
    assert api.get(f"{server.url}/services/data/v46.0/jobs/query/{job}").status_code == 404


def test_query_jobs_of_a_day_are_counted(
    *,
    api: httpx.Client,
    order: Callable[..., Any],
    admin: Admin,
    refusal: Callable[..., Any],
    clock: SandboxClock,
    login: Callable[..., httpx.Response],
) -> None:
    """41, 5: the query jobs of 24 hours are limited, apart from calls, and /limits tells how many are left."""
    admin("settings", daily_query_jobs=2)
    order("SELECT Id FROM Lead")
    assert api.get("/limits").json()["DailyBulkV2QueryJobs"] == {"Max": 2, "Remaining": 1}
    order("SELECT Id FROM Lead")
    ask = {"operation": "query", "query": "SELECT Id FROM Lead"}
    assert refusal(api.post("/jobs/query", json=ask)) == (400, "LIMIT_EXCEEDED")
    clock.advance(86_400)
    api.headers["Authorization"] = f"Bearer {login().json()['access_token']}"
    assert api.post("/jobs/query", json=ask).status_code == 200


def test_a_snapshot_keeps_jobs_and_their_count(web: httpx.Client, api: httpx.Client, order: Callable[..., Any], make_lead: Make) -> None:
    """41, 46: a restored snapshot has the jobs with their state, results and numbers."""
    make_lead()
    path = f"/jobs/query/{order('SELECT Id, LastName FROM Lead')['id']}"
    api.get(path)
    state = web.get("/_sandbox/snapshot").json()
    api.get(path)
    body = api.get(f"{path}/results").text
    limits = api.get("/limits").json()["DailyBulkV2QueryJobs"]
    api.delete(path)
    assert web.put("/_sandbox/snapshot", json=state).status_code == 204
    assert api.get("/limits").json()["DailyBulkV2QueryJobs"] == limits
    assert api.get(path).json()["state"] == "JobComplete"
    assert api.get(f"{path}/results").text == body
