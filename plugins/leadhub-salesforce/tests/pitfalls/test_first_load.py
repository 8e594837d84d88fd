"""A first load by a bulk query: all of it, once, however long the query takes and wherever the reading breaks off."""

import itertools
from typing import Any

import pytest
from leadhub_salesforce import bulk, reading

from leadhub import Gone, QuotaExhausted, Unavailable, UnknownOutcome

WANTED = ("Email", "FirstName", "LastName", "Company", "Status", "Description", "AnnualRevenue", "NumberOfEmployees", "DoNotCall", "Demo_Date__c")
WANTED = (*WANTED, "Next_Call__c", "Interests__c", "Score__c", "IsConverted")


@pytest.fixture
def large(org: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An org of 25 leads, two converted and one deleted, where ten rows are many and a page of results has four."""
    monkeypatch.setattr(bulk, "FROM", 10)
    monkeypatch.setattr(bulk, "ROWS", 4)
    more = {
        "AnnualRevenue": 12.5,
        "NumberOfEmployees": 7,
        "DoNotCall": True,
        "Demo_Date__c": "2026-12-24",
        "Next_Call__c": "2026-12-01T09:30:00.000Z",
    }
    org.leads = [org.lead(LastName=f"L{n}", Description=f'line 1\nline 2, "{n}"\u2028é', **(more if n % 2 else {})) for n in range(22)]
    org.gone = org.lead(LastName="Gone")
    org.admin("delete", id=org.gone)
    for n in range(2):
        org.leads.append(org.converted(LastName=f"Won{n}")[0])
    org.clock.advance(1200)  # no overlap of a later pass reaches them
    return org


def read(org: Any, cursor: Any = None, *, connector: Any = None, most: int = 200) -> tuple[list[Any], Any, list[float]]:
    """Read as leadhub's retry layer does: after Unavailable wait as long as it says, and go on from the last cursor with another pull."""
    records, waits = [], []
    connector = connector or org.connector(WANTED)
    for _ in range(most):
        try:
            for page in connector.pull(cursor):
                records += page.records
                cursor = page.cursor
            return records, cursor, waits
        except Unavailable as error:
            waits.append(error.retry_after or 0.0)
            org.clock.advance(waits[-1])
    raise AssertionError("no end")


def test_a_bulk_load_reads_what_rest_reads(large: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pitfall 19: a first load of many leads goes by a bulk query, waits without sleeping, and gives every record as REST does, deleted ones too."""
    records, cursor, waits = read(large)
    assert waits == sorted(waits)
    assert waits[0] == 5
    assert len(records) == len({(record.object, record.id) for record in records})
    seen = {record.id: record for record in records if record.object == "Lead"}
    assert seen.keys() == {*large.leads, large.gone}
    assert seen[large.gone].gone is Gone.DELETED
    assert len(large.journal("GET", "/results")) == 7
    monkeypatch.setattr(bulk, "FROM", 10_000)
    by_rest = {record.id: record for record in read(large)[0] if record.object == "Lead"}
    assert seen == by_rest
    large.clock.advance(720)
    read(large, cursor)
    assert not large.journal("POST", "jobs/query")[1:], "only a first load goes by bulk"


@pytest.mark.parametrize("pages", range(1, 8))
def test_a_load_that_breaks_off_goes_on_from_its_locator(large: Any, pages: int) -> None:
    """Pitfall 19: after any page another process goes on with the same job from the next locator, days later, and reads no lead twice."""
    seen: list[str] = []
    cursor, connector = None, large.connector(WANTED)
    while pages:
        try:
            for page in connector.pull(cursor):
                cursor = page.cursor
                seen += [record.id for record in page.records if record.object == "Lead"]
                pages -= bool(page.records)
                if not pages:
                    break
        except Unavailable:
            large.clock.advance(5)
    large.admin("settings", expire_tokens=True)
    large.clock.advance(3 * 86_400)
    rest, _, _ = read(large, cursor)
    seen += [record.id for record in rest if record.object == "Lead"]
    assert sorted(seen) == sorted({*large.leads, large.gone})
    assert len([call for call in large.journal("POST", "jobs/query") if "FROM Lead" in call["body"]]) == 1


def test_a_query_that_takes_an_hour_costs_few_calls(large: Any) -> None:
    """Pitfall 9: a job is looked after once a wait, the waits grow with it, and nothing else is asked meanwhile."""
    large.admin("settings", bulk_seconds=3600)
    _, _, waits = read(large)
    assert sum(waits) >= 3600
    assert waits == sorted(waits)
    assert max(waits) == 120
    assert len(waits) < 60
    assert len(large.journal(part="/services/data")) < len(waits) + 30


@pytest.mark.parametrize("trouble", ["failed", "refused", "forbidden", "too long", "gone", "locator"])
def test_what_bulk_does_not_give_rest_gives(large: Any, monkeypatch: pytest.MonkeyPatch, trouble: str) -> None:
    """Pitfall 19: where the org refuses a job, fails it, or no longer keeps its results, the same load is read by REST: whole, and without an error."""
    order = {"kind": "slow", "delay": 0, "after_commit": False, "method": "POST|GET"}
    match trouble:
        case "failed":
            large.admin("settings", bulk_failure="InternalServerError")
        case "refused":
            large.admin("faults", **order, path="jobs/query", status=400, body=[{"errorCode": "EXCEEDED_QUOTA", "message": "jobs"}])
        case "forbidden":
            large.admin("faults", **order, path="jobs/query", status=403, body=[{"errorCode": "API_DISABLED_FOR_ORG", "message": "bulk"}])
        case "too long":
            large.admin("settings", bulk_seconds=10_000)
        case "gone":
            large.admin("faults", **order, path="/results", status=404, body=[{"errorCode": "NOT_FOUND", "message": "no job"}], times=9)
        case "locator":
            large.admin("faults", **order, path="/results", skip=3, status=400, body=[{"errorCode": "INVALID_QUERY_LOCATOR", "message": "old"}])
    records, _, _ = read(large)
    assert {record.id for record in records if record.object == "Lead"} == {*large.leads, large.gone}
    assert large.journal("GET", "queryAll")
    assert reading.PAGE == 2000


@pytest.mark.parametrize(
    ("kind", "path"), [("truncate", "/results"), ("drop_after", "jobs/query"), ("html_503", "/results"), ("expired_session", "/results")]
)
def test_trouble_on_the_way_is_sat_out(large: Any, kind: str, path: str) -> None:
    """Pitfall 13: half a page of results, a lost answer or a session that ended costs a repetition, and no row."""
    large.admin("faults", kind=kind, path=path, skip=1 if path == "/results" else 0)
    records: list[Any] = []
    cursor, connector = None, large.connector(WANTED)
    for _ in range(100):
        try:
            for page in connector.pull(cursor):
                records += page.records
                cursor = page.cursor
            break
        except (Unavailable, UnknownOutcome):
            large.clock.advance(10)
    assert {record.id for record in records if record.object == "Lead"} == {*large.leads, large.gone}


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ('"Id","LastName"\n"00Q000000000001AAA","A"\n', {"Sforce-Locator": "null", "Sforce-NumberOfRecords": "2"}),
        ('"Id","LastName"\n"00Q000000000001AAA"\n', {"Sforce-Locator": "null", "Sforce-NumberOfRecords": "1"}),
        ('"Id","LastName"\n"00Q000000000001AAA","A"\n', {"Sforce-NumberOfRecords": "1"}),
        ("<html>", {}),
    ],
)
def test_half_a_page_of_results_is_none(large: Any, body: str, headers: dict[str, str]) -> None:
    """Pitfall 10: a page of results that has fewer rows or cells than it says, or does not say whether it is the last, is asked for again."""
    connector, cursor = large.connector(WANTED), None
    for page in connector.pull(None):
        cursor = page.cursor
        if cursor["job"] is not None:
            break
    large.clock.advance(5)
    assert list(connector.pull(cursor).__next__().records) == []
    large.server.service.faults.add(
        {"kind": "slow", "path": "/results", "delay": 0, "after_commit": False, "status": 200, "body": body.encode(), "headers": headers}
    )
    pull = connector.pull(cursor)
    with pytest.raises((UnknownOutcome, Unavailable)):
        list(itertools.islice(pull, 5))
    records, _, _ = read(large, cursor)
    assert {record.id for record in records if record.object == "Lead"} == {*large.leads, large.gone}


def test_a_small_org_orders_no_job(org: Any) -> None:
    """Pitfall 9: below ten thousand rows a first load asks how many there are, once an object, and reads by REST."""
    leads = [org.lead(LastName=f"L{n}") for n in range(5)]
    records, _, _ = read(org)
    assert sorted(record.id for record in records if record.object == "Lead") == sorted(leads)
    assert not org.journal(part="jobs/query")
    assert bulk.FROM == 10_000


def test_the_daily_limit_is_no_refusal_of_bulk(large: Any) -> None:
    """Pitfall 9: a job that the daily limit stops is not read by REST instead: the system stops."""
    large.admin("faults", kind="limit", path="jobs/query")
    with pytest.raises(QuotaExhausted):
        read(large)
