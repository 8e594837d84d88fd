"""What an org's own code and its load do to a call, and how calls travel (behaviors 38, 40, 43)."""

import gzip
import json
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from leadhub_sandbox import SandboxServer

Make = Callable[..., str]
Read = Callable[[str], dict[str, Any]]
Soql = Callable[..., list[dict[str, Any]]]
Admin = Callable[..., Any]
Refusal = Callable[[httpx.Response], tuple[int, str]]
LEAD = {"LastName": "Berg", "Company": "Acme"}
JSON = {"Content-Type": "application/json"}


def test_a_trigger_that_fails_refuses_the_save(*, api: httpx.Client, make_lead: Make, lead: Read, admin: Admin, refusal: Refusal) -> None:
    """38: a trigger's exception is CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY with the trigger, the event and the cause in its text, where it fits."""
    row_id = make_lead(Title="CEO")
    rule = {"when": {"Title": "CTO"}, "trigger": "LeadRouting", "cause": "System.NullPointerException: Attempt to de-reference a null object"}
    admin("settings", trigger_errors=[rule])
    answer = api.patch(f"/sobjects/Lead/{row_id}", json={"Title": "CTO"})
    assert refusal(answer) == (400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY")
    text = "LeadRouting: execution of BeforeUpdate\n\ncaused by: System.NullPointerException: Attempt to de-reference a null object\n\n"
    assert answer.json()[0]["message"].startswith(text + "Trigger.LeadRouting: line")
    assert answer.json()[0]["fields"] == []
    assert lead(row_id)["Title"] == "CEO"
    row = {"attributes": {"type": "Lead"}, **LEAD, "Title": "CTO"}
    bad, good = api.post("/composite/sobjects", json={"records": [row, row | {"Title": "CFO"}]}).json()
    assert (bad["errors"][0]["statusCode"], good["success"]) == ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", True)
    assert "execution of BeforeInsert" in bad["errors"][0]["message"]


def test_a_trigger_runs_where_it_is_on(*, api: httpx.Client, web: httpx.Client, make_lead: Make, admin: Admin, refusal: Refusal) -> None:
    """38: a trigger fails on the events and the object it is set for, for people too; it comes before validation rules."""
    row_id = make_lead()
    admin("settings", trigger_errors=[{"cause": "x", "on": ["Delete"]}, {"cause": "y", "object": "Contact"}])
    assert api.patch(f"/sobjects/Lead/{row_id}", json={"Title": "x"}).status_code == 204
    assert refusal(api.delete(f"/sobjects/Lead/{row_id}"))[1] == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
    assert web.post("/_sandbox/delete", json={"id": row_id}).json()[0]["errorCode"] == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
    admin("settings", trigger_errors=[{"cause": "x"}], validation_rules=[{"message": "no"}])
    assert refusal(api.patch(f"/sobjects/Lead/{row_id}", json={"Title": "y"}))[1] == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
    for bad in ({"on": ["Insert"]}, {"cause": "x", "on": ["create"]}):
        assert web.post("/_sandbox/settings", json={"trigger_errors": [bad]}).status_code == 400


def test_a_query_that_finds_too_much_takes_too_long(*, api: httpx.Client, make_lead: Make, soql: Soql, admin: Admin, refusal: Refusal) -> None:
    """40: above the object's setting a query is QUERY_TIMEOUT, whatever its LIMIT; a narrower one, and another object's, is answered."""
    for name in ("A", "B", "C"):
        make_lead(LastName=name)
    admin("settings", query_timeouts={"Lead": 2})
    for query in ("SELECT Id FROM Lead", "SELECT Id FROM Lead LIMIT 1", "SELECT COUNT() FROM Lead"):
        assert refusal(api.get("/query", params={"q": query})) == (400, "QUERY_TIMEOUT")
    assert len(soql("SELECT Id FROM Lead WHERE LastName != 'A'")) == 2
    assert len(soql("SELECT Id FROM User")) > 2


def test_calls_that_run_long_are_counted_while_they_run(*, api: httpx.Client, server: SandboxServer, admin: Admin, refusal: Refusal) -> None:
    """40: with as many calls under way for longer than the threshold as the limit allows, the next is refused, until one of them ends."""
    admin("settings", concurrent_limit=2)
    admin("faults", kind="slow", path="/sobjects$", times=2, delay=1.5)
    with ThreadPoolExecutor(2) as pool:
        before = len(server.journal)
        running = [pool.submit(httpx.get, f"{api.base_url}sobjects", headers=api.headers) for _ in range(2)]
        while len(server.journal) < before + 2:
            time.sleep(0.01)
        assert api.get("/limits").status_code == 200  # both are under way, neither for 20 seconds
        time.sleep(0.1)
        admin("settings", long_call_seconds=0.1)
        answer = api.get("/limits")
        assert refusal(answer) == (403, "REQUEST_LIMIT_EXCEEDED")
        assert "ConcurrentRequests" in answer.json()[0]["message"]
        assert [call.result().status_code for call in running] == [200, 200]
    assert api.get("/limits").status_code == 200


@pytest.mark.parametrize(("coding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("GZIP", gzip.compress)])
def test_a_body_can_come_compressed(api: httpx.Client, soql: Soql, coding: str, pack: Callable[[bytes], bytes]) -> None:
    """43: a body in gzip or deflate that says so is read."""
    content = pack(json.dumps(LEAD | {"Title": "naïve"}).encode())
    assert api.post("/sobjects/Lead", content=content, headers=JSON | {"Content-Encoding": coding}).status_code == 201
    assert [r["Title"] for r in soql("SELECT Title FROM Lead")] == ["naïve"]


def test_a_body_can_come_in_chunks(api: httpx.Client, soql: Soql) -> None:
    """43: a body whose length is not told beforehand comes in chunks and is read, with an end of its own."""
    for content in (json.dumps(LEAD).encode(), json.dumps(LEAD | {"Title": "CEO"}).encode()):
        assert api.post("/sobjects/Lead", content=iter([content[:7], content[7:]]), headers=JSON).status_code == 201
    assert {r["Title"] for r in soql("SELECT Title FROM Lead")} == {None, "CEO"}


def test_a_body_that_is_not_what_it_says_is_refused(api: httpx.Client, refusal: Refusal, soql: Soql) -> None:
    """43: plain, cut and unmarked bodies are a JSON_PARSER_ERROR, an unknown coding 415; nothing is written."""
    content = json.dumps(LEAD).encode()
    broken = (400, "JSON_PARSER_ERROR")
    assert refusal(api.post("/sobjects/Lead", content=content, headers=JSON | {"Content-Encoding": "gzip"})) == broken
    assert refusal(api.post("/sobjects/Lead", content=gzip.compress(content)[:-9], headers=JSON | {"Content-Encoding": "gzip"})) == broken
    assert refusal(api.post("/sobjects/Lead", content=gzip.compress(content), headers=JSON)) == broken
    unknown = api.post("/sobjects/Lead", content=content, headers=JSON | {"Content-Encoding": "br"})
    assert refusal(unknown) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert soql("SELECT Id FROM Lead") == []


@pytest.mark.parametrize(
    ("asked", "coding"),
    [("gzip", "gzip"), ("deflate", "deflate"), ("br, gzip;q=0.5", "gzip"), ("gzip;q=0, deflate", "deflate"), ("identity", None), ("gzip;q=0", None)],
)
def test_an_answer_is_compressed_where_it_is_asked_for(api: httpx.Client, asked: str, coding: str | None) -> None:
    """43: the answer is in the first coding that is asked for and known, and says so; refusals too."""
    for path, status in (("/sobjects/Lead/describe", 200), ("/sobjects/Nothing", 404)):
        with api.stream("GET", path, headers={"Accept-Encoding": asked}) as answer:
            raw = b"".join(answer.iter_raw())
        assert (answer.status_code, answer.headers.get("Content-Encoding")) == (status, coding)
        assert int(answer.headers["Content-Length"]) == len(raw)
        assert json.loads({"gzip": gzip.decompress, "deflate": zlib.decompress}.get(coding or "", bytes)(raw))


def test_an_answer_without_a_body_stays_without(api: httpx.Client, make_lead: Make) -> None:
    """43: a 204 has no coding and no body, whatever was asked for."""
    answer = api.patch(f"/sobjects/Lead/{make_lead()}", json={"Title": "x"}, headers={"Accept-Encoding": "gzip"})
    assert (answer.status_code, answer.content, "Content-Encoding" in answer.headers) == (204, b"", False)


def test_json_can_be_asked_for_in_lines(api: httpx.Client, web: httpx.Client) -> None:
    """43: X-PrettyPrint: 1 gives the same JSON with lines and indents, also for refusals and before login; without it there is one line."""
    for client, path in ((api, "/sobjects"), (api, "/sobjects/Nothing"), (web, "/services/data")):
        plain, pretty = client.get(path), client.get(path, headers={"X-PrettyPrint": "1"})
        assert plain.json() == pretty.json()
        assert (plain.text.count("\n"), pretty.text.count("\n") > 2) == (0, True)
        assert '" : ' in pretty.text
    assert "\n" not in api.get("/sobjects", headers={"X-PrettyPrint": "0"}).text


def test_ten_thousand_leads_take_seconds(api: httpx.Client, server: SandboxServer) -> None:
    """10,000 leads are created in 50 calls and read back in pages within seconds."""
    began = time.perf_counter()
    for start in range(0, 10_000, 200):
        rows = [{"attributes": {"type": "Lead"}, "LastName": f"L{i}", "Company": "A", "LeadhubId__c": str(i)} for i in range(start, start + 200)]
        assert all(o["success"] for o in api.post("/composite/sobjects", json={"records": rows}).json())
    answer = api.get("/query", params={"q": "SELECT Id, LastName, Email, SystemModstamp FROM Lead ORDER BY SystemModstamp, Id"}).json()
    count = len(answer["records"])
    while not answer["done"]:
        answer = api.get(server.url + answer["nextRecordsUrl"]).json()
        count += len(answer["records"])
    assert count == 10_000
    assert time.perf_counter() - began < 20  # about 2 s on an idle machine
