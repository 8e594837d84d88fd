"""Several requests in one call: composite and batch (behavior 34)."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

Make = Callable[..., str]
Read = Callable[[str], dict[str, Any]]
Soql = Callable[..., list[dict[str, Any]]]
Admin = Callable[..., Any]
Refusal = Callable[[httpx.Response], tuple[int, str]]
DATA = "/services/data/v62.0"
LEAD = {"LastName": "Berg", "Company": "Acme"}
Part = dict[str, Any]


def _part(name: str, method: str, path: str, body: Any = None, **headers: str) -> Part:
    """A composite subrequest that leaves owners alone: the header of the call does not reach it."""
    part = {"referenceId": name, "method": method, "url": f"{DATA}{path}", "httpHeaders": {"Sforce-Auto-Assign": "FALSE"} | headers}
    return part | ({"body": body} if body is not None else {})


@pytest.fixture
def composite(api: httpx.Client) -> Callable[..., list[Part]]:
    """Send subrequests as one composite call, which is answered 200, and return their answers."""

    def send(*parts: Part, **options: Any) -> list[Part]:
        answer = api.post("/composite", json={"compositeRequest": list(parts)} | options)
        assert answer.status_code == 200, answer.text
        told = answer.json()["compositeResponse"]
        assert [t["referenceId"] for t in told] == [p["referenceId"] for p in parts]
        return list(told)

    return send


def _codes(told: list[Part]) -> list[tuple[int, str | None]]:
    return [(t["httpStatusCode"], t["body"][0]["errorCode"] if isinstance(t["body"], list) and t["httpStatusCode"] >= 400 else None) for t in told]


def test_a_part_can_use_the_answer_of_another(composite: Callable[..., list[Part]], soql: Soql) -> None:
    """34: @{name.path} in an url or a body is the earlier answer's value; each part has its status, its headers and its body."""
    told = composite(
        _part("acc", "POST", "/sobjects/Account", {"Name": "Acme"}),
        _part("con", "POST", "/sobjects/Contact", {"LastName": "Berg", "AccountId": "@{acc.id}"}),
        _part("got", "GET", "/sobjects/Contact/@{con.id}?fields=AccountId,LastName"),
        _part("list", "GET", "/query?q=SELECT+Id+FROM+Account+WHERE+Id='@{got.AccountId}'"),
        _part("upd", "PATCH", "/sobjects/Account/@{list.records[0].Id}", {"Phone": "@{got.LastName}-1"}),
    )
    assert [t["httpStatusCode"] for t in told] == [201, 201, 200, 200, 204]
    assert told[0]["httpHeaders"] == {"Location": f"{DATA}/sobjects/Account/{told[0]['body']['id']}"}
    assert told[2]["body"]["AccountId"] == told[0]["body"]["id"]
    assert told[4]["body"] is None
    assert soql("SELECT Account.Phone FROM Contact")[0]["Account"]["Phone"] == "Berg-1"


def test_a_failure_stops_what_depends_on_it(composite: Callable[..., list[Part]], soql: Soql) -> None:
    """34: without allOrNone a failed part leaves the others; one that refers to it, or to nothing, or by another case is PROCESSING_HALTED."""
    told = composite(
        _part("bad", "POST", "/sobjects/Lead", {"LastName": "Berg"}),
        _part("needs", "PATCH", "/sobjects/Lead/@{bad.id}", {"Title": "x"}),
        _part("good", "POST", "/sobjects/Lead", LEAD),
        _part("case", "PATCH", "/sobjects/Lead/@{good.Id}", {"Title": "x"}),
        _part("none", "PATCH", "/sobjects/Lead/@{later.id}", {"Title": "x"}),
        _part("later", "PATCH", "/sobjects/Lead/@{good.id}", {"Title": "y"}),
    )
    halted = (400, "PROCESSING_HALTED")
    assert _codes(told) == [(400, "REQUIRED_FIELD_MISSING"), halted, (201, None), halted, halted, (204, None)]
    assert told[1]["body"][0]["message"] == "Invalid reference specified. No value for bad.id found in bad"
    assert [r["Title"] for r in soql("SELECT Title FROM Lead")] == ["y"]


def test_all_or_none_undoes_everything(composite: Callable[..., list[Part]], make_lead: Make, lead: Read, soql: Soql) -> None:
    """34: with allOrNone the failed part tells its error, all others PROCESSING_HALTED, and nothing is left of any of them."""
    row_id = make_lead(Title="CEO")
    told = composite(
        _part("new", "POST", "/sobjects/Lead", LEAD),
        _part("upd", "PATCH", f"/sobjects/Lead/{row_id}", {"Title": "x"}),
        _part("bad", "PATCH", f"/sobjects/Lead/{row_id}", {"Nowhere": "x"}),
        _part("del", "DELETE", f"/sobjects/Lead/{row_id}"),
        allOrNone=True,
    )
    halted = (400, "PROCESSING_HALTED")
    assert _codes(told) == [halted, halted, (400, "INVALID_FIELD"), halted]
    assert told[0]["body"][0]["message"] == "The transaction was rolled back since another operation in the same transaction failed."
    assert [r["Id"] for r in soql("SELECT Id FROM Lead")] == [row_id]
    assert lead(row_id)["Title"] == "CEO"


def test_a_failed_record_of_a_collection_is_no_failed_part(composite: Callable[..., list[Part]], soql: Soql) -> None:
    """32, 34: a collection answers 200 whatever its records did, so allOrNone of the composite does not undo it."""
    rows = [{"attributes": {"type": "Lead"}} | LEAD, {"attributes": {"type": "Lead"}, "LastName": "x"}]
    (told,) = composite(_part("rows", "POST", "/composite/sobjects", {"records": rows}), allOrNone=True)
    assert [r["success"] for r in told["body"]] == [True, False]
    assert len(soql("SELECT Id FROM Lead")) == 1


def test_a_part_has_the_headers_that_it_names(
    composite: Callable[..., list[Part]], api: httpx.Client, make_lead: Make, lead: Read, soql: Soql
) -> None:
    """34, 35, 37: a header of the call does not reach the parts: without one of its own a part re-assigns; a condition of its own holds."""
    row_id, other = make_lead(), make_lead()
    queue = soql("SELECT Id FROM Group WHERE Type = 'Queue'")[0]["Id"]
    stale = {"If-Unmodified-Since": "Mon, 16 Nov 2026 09:00:00 GMT"}
    bare = _part("bare", "PATCH", f"/sobjects/Lead/{row_id}", {"Title": "x"})
    del bare["httpHeaders"]
    told = composite(bare, _part("cond", "PATCH", f"/sobjects/Lead/{other}", {"Title": "x"}, **stale))
    assert [t["httpStatusCode"] for t in told] == [204, 412]
    assert lead(row_id)["OwnerId"] == queue
    assert lead(other)["OwnerId"] != queue
    for name in ("Authorization", "accept", "Content-Type"):
        part = bare | {"httpHeaders": {name: "x"}}
        assert api.post("/composite", json={"compositeRequest": [part]}).status_code == 400


def test_duplicate_rules_hear_a_parts_own_header(composite: Callable[..., list[Part]], make_lead: Make, admin: Admin) -> None:
    """34, 36: allowSave in httpHeaders passes an alert for that part alone."""
    make_lead(Email="ann@acme.example")
    admin("settings", duplicate_rules=[{"action": "alert", "fields": ["Email"]}])
    body = LEAD | {"Email": "ann@acme.example"}
    allowed = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
    told = composite(_part("a", "POST", "/sobjects/Lead", body, **allowed), _part("b", "POST", "/sobjects/Lead", body))
    assert _codes(told) == [(201, None), (400, "DUPLICATES_DETECTED")]


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [_part(f"r{n}", "GET", "/sobjects") for n in range(26)],
        [_part(f"r{n}", "GET", "/query?q=SELECT+Id+FROM+Lead") for n in range(6)],
        [*(_part(f"r{n}", "GET", "/queryAll?q=SELECT+Id+FROM+Lead") for n in range(5)), _part("c", "POST", "/composite/sobjects/Lead", {})],
        [_part("a", "GET", "/sobjects"), _part("a", "GET", "/sobjects")],
        [_part("a.b", "GET", "/sobjects")],
        [{"method": "GET", "url": f"{DATA}/sobjects"}],
        [_part("a", "HEAD", "/sobjects")],
        [_part("a", "GET", "/sobjects") | {"url": "v62.0/sobjects"}],
        [_part("a", "GET", "/sobjects") | {"url": "https://elsewhere.example/services/data/v62.0/sobjects"}],
        [_part("a", "GET", "/sobjects") | {"nonsense": 1}],
        [_part("a", "GET", "/sobjects") | {"httpHeaders": [1]}],
        ["x"],
    ],
)
def test_a_composite_that_is_malformed_runs_nothing(api: httpx.Client, soql: Soql, parts: list[Any]) -> None:
    """34: too many parts, too many queries and collections, repeated or odd names, unknown keys: 400, and not even the first part runs."""
    create = [_part("first", "POST", "/sobjects/Lead", LEAD)] if parts and len(parts) < 6 else []
    answer = api.post("/composite", json={"compositeRequest": create + parts})
    assert answer.status_code == 400
    assert answer.json()[0]["errorCode"] in ("JSON_PARSER_ERROR", "LIMIT_EXCEEDED", "INVALID_INPUT")
    assert soql("SELECT Id FROM Lead") == []


def test_25_parts_and_5_queries_are_one_call(composite: Callable[..., list[Part]], api: httpx.Client) -> None:
    """5, 34: as much as is allowed is answered and counts as one call of the day."""
    parts = [_part(f"q{n}", "GET", "/query?q=SELECT+Id+FROM+Lead") for n in range(5)]
    told = composite(*parts, *(_part(f"s{n}", "GET", "/sobjects/Lead") for n in range(20)))
    assert {t["httpStatusCode"] for t in told} == {200}
    assert api.get("/limits").headers["Sforce-Limit-Info"] == "api-usage=2/100000"


def test_a_composite_takes_rows_queries_and_collections_alone(composite: Callable[..., list[Part]]) -> None:
    """34: other resources, another composite and unknown paths or methods fail in their part."""
    told = composite(
        _part("a", "GET", "/limits"),
        _part("b", "POST", "/composite", {"compositeRequest": []}),
        _part("c", "GET", "/sobjects/Nothing/describe"),
        _part("d", "DELETE", "/sobjects/Lead"),
        _part("e", "GET", "/sobjects/Lead") | {"url": "/services/data/v62.0/sobjects/%2e%2e/limits"},
        _part("f", "GET", "/sobjects/Lead") | {"url": "/services/data/v99.0/sobjects/Lead"},
    )
    assert [t["httpStatusCode"] for t in told] == [404, 404, 404, 405, 404, 404]


def test_a_batch_runs_its_parts_one_by_one(api: httpx.Client, make_lead: Make, soql: Soql) -> None:
    """34: a batch tells each part's status and result, keeps what succeeded, passes no answers on, and counts each part as a call."""
    row_id = make_lead()
    before = int(api.get("/limits").headers["Sforce-Limit-Info"].partition("=")[2].partition("/")[0])
    parts = [
        {"method": "PATCH", "url": f"v62.0/sobjects/Lead/{row_id}", "richInput": {"Title": "x"}},
        {"method": "GET", "url": f"v50.0/sobjects/Lead/{row_id}?fields=Title"},
        {"method": "PATCH", "url": f"v62.0/sobjects/Lead/{row_id}", "richInput": {"Nowhere": 1}},
        {"method": "GET", "url": "v62.0/limits"},
    ]
    answer = api.post("/composite/batch", json={"batchRequests": parts})
    told = answer.json()
    assert (told["hasErrors"], [r["statusCode"] for r in told["results"]]) == (True, [204, 200, 400, 200])
    assert told["results"][0]["result"] is None
    assert told["results"][1]["result"]["Title"] == "x"
    assert told["results"][2]["result"][0]["errorCode"] == "INVALID_FIELD"
    assert answer.headers["Sforce-Limit-Info"] == f"api-usage={before + 4}/100000"
    assert [r["Title"] for r in soql("SELECT Title FROM Lead")] == ["x"]


def test_a_batch_can_halt(api: httpx.Client, soql: Soql) -> None:
    """34: with haltOnError the parts after a failure are 412 BATCH_PROCESSING_HALTED and are not run; those before stay."""
    make = {"method": "POST", "url": "v62.0/sobjects/Lead", "richInput": LEAD}
    parts = [make, {"method": "POST", "url": "v62.0/sobjects/Lead", "richInput": {}}, make, make]
    told = api.post("/composite/batch", json={"batchRequests": parts, "haltOnError": True}).json()
    assert [r["statusCode"] for r in told["results"]] == [201, 400, 412, 412]
    assert told["results"][3]["result"][0]["errorCode"] == "BATCH_PROCESSING_HALTED"
    assert len(soql("SELECT Id FROM Lead")) == 1


def test_a_batch_ends_with_the_days_calls(api: httpx.Client, admin: Admin) -> None:
    """5, 34: a part beyond the day's limit is refused in its place."""
    admin("settings", daily_limit=2)
    parts = [{"method": "GET", "url": "v62.0/sobjects"}] * 3
    told = api.post("/composite/batch", json={"batchRequests": parts}).json()
    assert [r["statusCode"] for r in told["results"]] == [200, 200, 403]


@pytest.mark.parametrize(
    ("part", "status"),
    [
        ({"url": "v63.0/sobjects"}, 404),
        ({"url": "v33.0/sobjects"}, 404),
        ({"url": "v62.0/composite/sobjects/Lead"}, 404),
        ({"url": "/services/data/v62.0/sobjects"}, None),
        ({"method": "TRACE"}, None),
        ({"body": {}}, None),
    ],
)
def test_a_batch_takes_what_salesforce_batches(api: httpx.Client, part: Part, status: int | None) -> None:
    """34: a newer version than the call's, one before batches and collections fail in their part; a malformed part fails the call (no status)."""
    answer = api.post("/composite/batch", json={"batchRequests": [{"method": "GET", "url": "v62.0/sobjects"} | part]})
    if status is None:
        assert answer.status_code == 400
    else:
        assert [r["statusCode"] for r in answer.json()["results"]] == [status]


def test_both_begin_with_their_version(api: httpx.Client, refusal: Refusal) -> None:
    """34: before v38 there is no composite, before v34 no batch; both need JSON."""
    for path, version in (("composite", "v37.0"), ("composite/batch", "v33.0")):
        base = str(api.base_url).replace("v62.0", version)
        assert refusal(api.post(f"{base}{path}", json={})) == (404, "NOT_FOUND")
    assert refusal(api.post("/composite", content="{", headers={"Content-Type": "application/json"})) == (400, "JSON_PARSER_ERROR")
    assert refusal(api.post("/composite", content="{}", headers={"Content-Type": "text/plain"})) == (415, "UNSUPPORTED_MEDIA_TYPE")
