"""Queries: the SOQL subset, pages, the recycle bin and what is not visible yet (behaviors 17 to 20, 23, 24, 26)."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from leadhub_sandbox import SandboxClock, SandboxServer

Make = Callable[..., str]
Soql = Callable[..., list[dict[str, Any]]]
Admin = Callable[..., Any]

FOUR = (
    {"LastName": "Adams", "Email": "a@x.example", "Score__c": 1, "Interests__c": "Hardware;Training", "Demo_Date__c": "2026-11-15"},
    {"LastName": "Berg", "Email": "b@x.example", "Score__c": 2, "Interests__c": "Software", "Demo_Date__c": "2026-11-16", "DoNotCall": True},
    {"LastName": "O'Neil", "Title": "50% off", "Score__c": 3.5, "Demo_Date__c": "2026-11-17"},
    {"LastName": "Čapek"},
)


@pytest.fixture
def four(make_lead: Make) -> None:
    """Four leads that differ in telling ways."""
    for fields in FOUR:
        make_lead(**fields)


@pytest.mark.usefixtures("four")
@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("Email = 'A@X.EXAMPLE'", "Adams"),
        ("lastname = 'berg'", "Berg"),
        ("Email != 'a@x.example'", "Berg O'Neil Čapek"),  # null is not equal
        ("Email = null", "O'Neil Čapek"),
        ("Email != null AND Score__c > 1", "Berg"),
        ("LastName = 'O\\'Neil'", "O'Neil"),
        ("LastName IN ('Adams', 'čapek')", "Adams Čapek"),
        ("Email NOT IN ('a@x.example')", "Berg O'Neil Čapek"),
        ("Title LIKE '50\\%%'", "O'Neil"),
        ("LastName LIKE '_erg'", "Berg"),
        ("Score__c >= 2", "Berg O'Neil"),
        ("Score__c < 2.5", "Adams Berg"),
        ("Interests__c INCLUDES ('Software', 'Hardware;Training')", "Adams Berg"),
        ("Interests__c EXCLUDES ('Software')", "Adams O'Neil Čapek"),
        ("DoNotCall = TRUE", "Berg"),
        ("NOT DoNotCall = true", "Adams O'Neil Čapek"),
        ("(Score__c = 1 OR Score__c = 2) AND NOT (LastName = 'Adams')", "Berg"),
        ("Demo_Date__c = TODAY", "Berg"),
        ("Demo_Date__c = LAST_N_DAYS:1", "Adams Berg"),
        ("Demo_Date__c > today", "O'Neil"),
        ("Demo_Date__c <= 2026-11-16", "Adams Berg"),
        ("CreatedDate = TODAY AND LastName > 'N'", "O'Neil Čapek"),
        ("SystemModstamp >= 2026-11-16T11:00:00+01:00 AND Score__c = 1", "Adams"),
        ("SystemModstamp > 2026-11-16T10:00:00Z", ""),
        ("Owner.Name = 'leadhub integration' AND Score__c = 1", "Adams"),
    ],
)
def test_a_condition_selects_what_salesforce_selects(soql: Soql, where: str, names: str) -> None:
    """19: operators, null, letter case, date and instant literals, relative dates and relationships select the right rows."""
    found = soql(f"SELECT LastName FROM Lead WHERE {where} ORDER BY LastName")
    assert [r["LastName"] for r in found] == names.split()


@pytest.mark.usefixtures("four")
def test_order_limit_offset_and_count(api: httpx.Client, soql: Soql) -> None:
    """19: nulls come first unless told otherwise, LIMIT and OFFSET cut, COUNT() only counts, attributes and nulls are present."""
    assert [r["Score__c"] for r in soql("SELECT Score__c FROM Lead ORDER BY Score__c")] == [None, 1, 2, 3.5]
    assert [r["Score__c"] for r in soql("SELECT Score__c FROM Lead ORDER BY Score__c DESC NULLS LAST LIMIT 2 OFFSET 1")] == [2, 1]
    counted = api.get("/query", params={"q": "SELECT COUNT() FROM Lead WHERE Score__c != null"}).json()
    assert counted == {"totalSize": 3, "done": True, "records": []}
    (row,) = soql("select id, email, owner.name from lead where lastname = 'Čapek'")
    assert row["attributes"]["type"] == "Lead"
    assert row["Email"] is None
    assert "Status" in soql("SELECT FIELDS(ALL) FROM Lead LIMIT 200")[0]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT Id FROM Lead WHERE Email = 'a' AND Score__c = 1 OR Score__c = 2", "MALFORMED_QUERY"),
        ("SELECT Id, COUNT(Id) FROM Lead GROUP BY Id", "MALFORMED_QUERY"),
        ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "MALFORMED_QUERY"),
        ("SELECT COUNT(Id) FROM Lead", "MALFORMED_QUERY"),
        ("SELECT FIELDS(ALL) FROM Lead", "MALFORMED_QUERY"),
        ("SELECT * FROM Lead", "MALFORMED_QUERY"),
        ("DELETE FROM Lead", "MALFORMED_QUERY"),
        ("SELECT Id FROM Lead FOR VIEW", "MALFORMED_QUERY"),
        ("SELECT Id FROM Lead WHERE Demo_Date__c = 2026-13-01", "MALFORMED_QUERY"),
        ("SELECT Id FROM Lead WHERE CreatedDate = LAST_FISCAL_YEAR", "MALFORMED_QUERY"),
        ("SELECT Id FROM Lead WHERE LastName = 'bad \\q escape'", "MALFORMED_QUERY"),  # 20
        ("SELECT Id FROM Lead WHERE LastName = 'O'Neil'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Lead WHERE SystemModstamp > 2026-11-16T10:00:00 01:00", "MALFORMED_QUERY"),
        ("SELECT Id FROM Lead WHERE SystemModstamp > '2026-11-16T10:00:00Z'", "INVALID_FIELD"),
        ("SELECT Id FROM Lead WHERE SystemModstamp > 2026-11-16", "INVALID_FIELD"),
        ("SELECT Id FROM Lead WHERE LastName = 5", "INVALID_FIELD"),
        ("SELECT Id FROM Lead WHERE DoNotCall = 'true'", "INVALID_FIELD"),
        ("SELECT Id FROM Lead WHERE Description = 'x'", "INVALID_FIELD"),
        ("SELECT Id, Nope FROM Lead", "INVALID_FIELD"),
        ("SELECT Id, id FROM Lead", "INVALID_FIELD"),
        ("SELECT Owner.Nope FROM Lead", "INVALID_FIELD"),
        ("SELECT Boss.Name FROM Lead", "INVALID_FIELD"),
        ("SELECT Id FROM Lead ORDER BY Nope", "INVALID_FIELD"),
        ("SELECT Id FROM Nothing", "INVALID_TYPE"),
        ("SELECT Id FROM Lead WHERE Id = 'short'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Lead WHERE Email INCLUDES ('a')", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Lead LIMIT 1 OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE"),
        ("", "MALFORMED_QUERY"),
    ],
)
def test_what_soql_does_not_take_is_refused(api: httpx.Client, refusal: Callable[..., Any], query: str, code: str) -> None:
    """19, 20: syntax outside the subset, bad escapes and literals of the wrong type are errors even with no row to test, never silence."""
    assert refusal(api.get("/query", params={"q": query})) == (400, code)


def test_a_raw_plus_sign_is_a_space(api: httpx.Client, server: SandboxServer, refusal: Callable[..., Any]) -> None:
    """20: an offset's '+' that was not encoded arrives as a space and breaks the literal."""
    query = "SELECT%20Id%20FROM%20Lead%20WHERE%20SystemModstamp%20>%202026-11-16T10:00:00"
    assert refusal(api.get(f"{server.url}/services/data/v62.0/query?q={query}+01:00")) == (400, "MALFORMED_QUERY")
    assert api.get(f"{server.url}/services/data/v62.0/query?q={query}%2B01:00").status_code == 200


def _pages(api: httpx.Client, server: SandboxServer, query: str, headers: dict[str, str]) -> Iterator[list[Any]]:
    answer = api.get("/query", params={"q": query}, headers=headers).json()
    yield answer["records"]
    while not answer["done"]:
        answer = api.get(server.url + answer["nextRecordsUrl"]).json()
        yield answer["records"]


def test_pages_are_cut_from_a_snapshot(api: httpx.Client, server: SandboxServer, admin: Admin) -> None:
    """18: a page holds at most the asked batch, may hold fewer rows, and later edits do not move rows between pages."""
    records = [{"attributes": {"type": "Lead"}, "LastName": f"L{i}", "Company": "A"} for i in range(200)]
    for _ in range(3):
        assert all(o["success"] for o in api.post("/composite/sobjects", json={"records": records}).json())
    query = "SELECT Id, LastName FROM Lead ORDER BY Id"
    batch = {"Sforce-Query-Options": "batchSize=250"}
    assert [len(p) for p in _pages(api, server, query, batch)] == [250, 250, 100]
    assert [len(p) for p in _pages(api, server, query, {"Sforce-Query-Options": "batchSize=1"})] == [200, 200, 200]
    pages = _pages(api, server, query, batch)
    first = next(pages)
    victim = api.get("/query", params={"q": "SELECT Id FROM Lead ORDER BY Id DESC LIMIT 1"}).json()["records"][0]["Id"]
    assert api.patch(f"/sobjects/Lead/{victim}", json={"LastName": "Changed"}).status_code == 204
    rows = [*first, *(row for page in pages for row in page)]
    assert len({r["Id"] for r in rows}) == 600
    assert rows[-1]["LastName"] == "L199"
    admin("settings", short_pages=True)
    sizes = [len(p) for p in _pages(api, server, query, batch)]
    assert sum(sizes) == 600
    assert max(sizes) <= 250
    assert len(set(sizes[:-1])) > 1


def test_a_cursor_ends(
    *, api: httpx.Client, server: SandboxServer, make_lead: Make, admin: Admin, clock: SandboxClock, refusal: Callable[..., Any]
) -> None:
    """18: a cursor that timed out, was expired or never was is INVALID_QUERY_LOCATOR."""
    for _ in range(3):
        make_lead()
    admin("settings", page_size=2, cursor_seconds=600)
    ended = (400, "INVALID_QUERY_LOCATOR")
    for end in (lambda: admin("settings", expire_cursors=True), lambda: clock.advance(601)):
        more = server.url + api.get("/query", params={"q": "SELECT Id FROM Lead"}).json()["nextRecordsUrl"]
        assert api.get(more).json()["done"]
        end()
        assert refusal(api.get(more)) == ended
    assert refusal(api.get("/query/01g000000000001AAA-2000")) == ended


def test_a_deleted_row_is_seen_by_query_all_only(api: httpx.Client, make_lead: Make, soql: Soql, refusal: Callable[..., Any]) -> None:
    """24: query hides a deleted row and queryAll shows it; reading it is 404, writing or deleting it again ENTITY_IS_DELETED."""
    row_id = make_lead()
    assert api.delete(f"/sobjects/Lead/{row_id}").status_code == 204
    assert soql("SELECT Id FROM Lead") == []
    assert soql("SELECT Id, IsDeleted FROM Lead", "/queryAll")[0]["IsDeleted"] is True
    assert refusal(api.get(f"/sobjects/Lead/{row_id}")) == (404, "NOT_FOUND")
    assert refusal(api.patch(f"/sobjects/Lead/{row_id}", json={"Title": "x"})) == (404, "ENTITY_IS_DELETED")
    assert refusal(api.delete(f"/sobjects/Lead/{row_id}")) == (404, "ENTITY_IS_DELETED")


def test_the_recycle_bin_gives_back_and_empties_itself(
    *, api: httpx.Client, login: Callable[..., httpx.Response], make_lead: Make, soql: Soql, admin: Admin, clock: SandboxClock
) -> None:
    """26: an undelete brings the same id back; after 15 days, or a purge, even queryAll sees nothing."""
    kept, aged, purged = make_lead(LeadhubId__c="a"), make_lead(), make_lead()
    for row_id in (kept, aged, purged):
        admin("delete", object="Lead", id=row_id)
    admin("undelete", id=kept)
    admin("purge", id=purged)
    assert {r["Id"] for r in soql("SELECT Id FROM Lead", "/queryAll")} == {kept, aged}
    clock.advance(15 * 86_400)
    api.headers["Authorization"] = f"Bearer {login().json()['access_token']}"
    assert {r["Id"] for r in soql("SELECT Id FROM Lead", "/queryAll")} == {kept}


def test_a_long_url_is_refused(api: httpx.Client, refusal: Callable[..., Any]) -> None:
    """23: a request line over 16,384 bytes is 414."""
    assert refusal(api.get("/query", params={"q": "SELECT Id FROM Lead WHERE LastName = '" + "x" * 17_000 + "'"})) == (414, "URI_TOO_LONG")


def test_a_late_commit_appears_with_an_old_stamp(api: httpx.Client, make_lead: Make, soql: Soql, admin: Admin, clock: SandboxClock) -> None:
    """17: a write is seen only after the skew, with the stamp of its beginning, and latestDateCovered stays at or below it until then."""
    row_id = make_lead(Title="old")
    admin("settings", commit_skew=30)
    clock.advance(10)
    admin("edit", object="Lead", id=row_id, fields={"Title": "new"})
    clock.advance(20)
    window = {"start": "2026-11-16T09:00:00Z", "end": "2026-11-16T10:05:00Z"}
    assert soql("SELECT Title FROM Lead")[0]["Title"] == "old"
    assert api.get("/sobjects/Lead/updated", params=window).json()["latestDateCovered"] == "2026-11-16T10:00:10.000+0000"
    clock.advance(10)
    row = soql("SELECT Title, SystemModstamp FROM Lead")[0]
    assert (row["Title"], row["SystemModstamp"]) == ("new", "2026-11-16T10:00:10.000+0000")
    assert api.get("/sobjects/Lead/updated", params=window).json() == {"ids": [row_id], "latestDateCovered": "2026-11-16T10:00:40.000+0000"}


def test_replication_lists_what_changed_and_what_went(api: httpx.Client, make_lead: Make, refusal: Callable[..., Any]) -> None:
    """26: /updated and /deleted list ids of their window, and refuse one that is reversed, within a minute, too old or has no offset."""
    changed, gone = make_lead(), make_lead()
    api.delete(f"/sobjects/Lead/{gone}")
    window = {"start": "2026-11-16T09:00:00Z", "end": "2026-11-16T10:05:00Z"}
    assert api.get("/sobjects/Lead/updated", params=window).json()["ids"] == [changed]
    deleted = api.get("/sobjects/Lead/deleted", params=window).json()
    assert [d["id"] for d in deleted["deletedRecords"]] == [gone]
    for start in ("2026-11-17T09:00:00Z", "2026-10-01T00:00:00Z", "2026-11-16T09:00:00", "2026-11-16T10:05:01Z"):
        for path in ("updated", "deleted"):
            answer = api.get(f"/sobjects/Lead/{path}", params=window | {"start": start, "end": "2026-11-16T10:05:59Z"})
            assert refusal(answer) == (400, "INVALID_REPLICATION_DATE")
