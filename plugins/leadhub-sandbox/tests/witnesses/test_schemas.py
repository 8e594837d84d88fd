"""What a real org's own OpenAPI description (v59.0) says of Salesforce's answers, against the sandbox's.

It is read strictly: an answer has a status that is named, an object has every property that is named and no other, rows have no other fields, and
an instant has the form that Salesforce writes. Where the description says nothing, null may stand in every place. `MORE` and `FEWER` are all that
is let pass beyond that.
"""

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator, FormatChecker
from leadhub_sandbox import SandboxServer
from witnessing import SCHEMAS, Tried, installed

pytestmark = pytest.mark.network

MORE = {
    r"\w+SObject\.\w+__c": "a custom field: each org has its own",
    r"(Lead|Contact)SObject\.(DoNotCall|HasOptedOutOfEmail|HasOptedOutOfFax)": "a standard field that the described org hides from the API's user",
    r"LeadSObject\.RecordTypeId": "is there only where an org has record types",
    r"\w+\.defaultValue": "a field's default is in every describe of the API, this description alone leaves it out",
    r"RestApiError\.fields": "errors that come of a save name their fields, whatever their status",
}
"""Properties that the sandbox has and the description has not, and why: expressions over component and property."""

FEWER = {
    r"\w+SObject\.\w+": "a row has the fields that its user sees, and the sandbox only those that a synchronization needs",
    r"\w+\.dataTranslationEnabled": "is told only where an org translates its data",
    r"SaveResult\.(warnings|infos)": "are told only where there are some",
    r"ErrorInfo\.(fields|extendedErrorDetails)|SaveResult\.extendedErrorDetails": "are told only where there are some",
}
"""Properties that the description has and the sandbox may leave out, and why."""

DATA = "/services/data/v59.0"
LEAD = {"LastName": "Berg", "Company": "Acme"}
SAMPLES = {"boolean": True, "int": 3, "double": 1.5, "currency": 1.5, "date": "2026-01-02", "datetime": "2026-01-02T03:04:05Z"}
OBJECTS = ("Lead", "Contact", "Account", "Opportunity", "OpportunityContactRole", "User", "Group", "LeadStatus", "OpportunityStage", "RecordType")
HISTORIES = ("LeadHistory", "ContactHistory")
FORMATS = FormatChecker(formats=())
FORMATS.checks("date-time")(lambda value: value is None or bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000\+0000", value)))
FORMATS.checks("date")(lambda value: value is None or bool(re.fullmatch(r"\d{4}-\d\d-\d\d", value)))
Ask = Callable[..., Any]
Admin = Callable[..., Any]


@cache
def _document() -> Any:
    return json.loads((installed(SCHEMAS) / "salesforce.oas.json").read_text(encoding="utf-8"))


def _strict(schema: dict[str, Any], component: str = "") -> dict[str, Any]:
    """Return a schema with its references filled in, in which null is allowed, and all named properties and no others."""
    if name := schema.get("$ref", "").rpartition("/")[2]:
        return _strict(_document()["components"]["schemas"][name], name)
    found = schema | {"type": [schema["type"], "null"]}
    if "enum" in found:
        found["enum"] = [*found["enum"], None]
    if "items" in found:
        found["items"] = _strict(found["items"], component)
    if properties := found.get("properties"):
        more = [pattern.rpartition(r"\.")[2] for pattern in MORE if re.fullmatch(pattern.rpartition(r"\.")[0], component)]
        found["properties"] = {key: _strict(value, component) for key, value in properties.items()}
        found["required"] = [key for key in properties if not any(re.fullmatch(pattern, f"{component}.{key}") for pattern in FEWER)]
        found |= {"additionalProperties": False, "patternProperties": {f"^({pattern})$": {} for pattern in more}}
    return found


def _problems(schema: dict[str, Any], answer: Any) -> list[str]:
    found = Draft202012Validator(_strict(schema), format_checker=FORMATS).iter_errors(answer)
    return [f"{error.json_path}: {error.message}" for error in found]


@pytest.fixture
def api(org: SandboxServer) -> Iterator[httpx.Client]:
    """A client with the integration user's token, below v59.0."""
    service = org.service
    form = {"grant_type": "client_credentials", "client_id": service.client_id, "client_secret": service.client_secret}
    with httpx.Client(base_url=org.url + DATA, headers={"Sforce-Auto-Assign": "FALSE"}, trust_env=False) as client:
        token = client.post(f"{org.url}/services/oauth2/token", data=form).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


@pytest.fixture
def ask(tried: Tried, api: httpx.Client) -> Ask:
    """Make a call and compare its answer with what the description says of the path, the method and the status."""

    def made(call: str, status: int, row_id: str = "", **more: Any) -> Any:
        method, path = call.split(" ")
        answer = api.request(method, path.replace("{id}", row_id).replace("{sObject}", row_id), **more)
        assert answer.status_code == status, answer.text
        told = _document()["paths"][path][method.lower()]["responses"][str(status)]
        if answer.content:
            assert _problems(told["content"]["application/json"]["schema"], answer.json()) == []
        else:
            assert "content" not in told or status == 304
        tried.note(f"{call} {status}", refused=status >= 400)
        return answer.json() if answer.content else None

    return made


@pytest.fixture
def lived(api: httpx.Client, admin: Admin) -> str:
    """An org of record types, history, and a lead of which every field was filled and that was converted; its id."""
    admin("settings", record_types=[{"object": "Lead", "name": "Web", "label": "Web"}])
    admin("settings", field_history={"Lead": ["Title"], "Contact": ["Title"]}, lead_field_mapping={"LeadhubId__c": "LeadhubId__c"})
    fields = {f["name"]: f for f in api.get("/sobjects/Lead/describe").json()["fields"] if f["createable"] and f["type"] != "reference"}
    values = {name: _sample(field) for name, field in fields.items()} | {"Status": "Open - Not Contacted", "Email": "a@x.example"}
    answer = api.post("/sobjects/Lead", json=values)
    assert answer.status_code == 201, answer.text
    row_id: str = answer.json()["id"]
    api.patch(f"/sobjects/Lead/{row_id}", json={"Title": "CEO"})
    contact = admin("convert", id=row_id, status="Closed - Converted", create_opportunity=True)["ConvertedContactId"]
    api.patch(f"/sobjects/Contact/{contact}", json={"Title": "CFO"})
    return row_id


def _sample(field: dict[str, Any]) -> Any:
    """Return a value that a field takes."""
    if field["picklistValues"]:
        return field["picklistValues"][0]["value"]
    return SAMPLES.get(field["type"], "x@x.example" if field["type"] == "email" else "x")


def test_the_description_is_strict() -> None:
    """The check has teeth: a wrong type, an unknown field, a missing property, a bad instant are problems."""
    row, found = {"$ref": "#/components/schemas/LeadSObject"}, {"$ref": "#/components/schemas/GetDeletedResult"}
    assert _problems(row, {"LastName": "Berg", "Tier__c": "x", "City": None, "CreatedDate": "2026-11-16T10:00:00.000+0000"}) == []
    for wrong in ({"LastName": 1}, {"Nothing": "x"}, {"CreatedDate": "2026-11-16T10:00:00Z"}, {"ConvertedDate": "2026-11-16T10:00:00.000+0000"}):
        assert _problems(row, wrong) != []
    assert _problems(found, {"deletedRecords": [], "earliestDateAvailable": None}) == ["$: 'latestDateCovered' is a required property"]


@pytest.mark.usefixtures("lived")
def test_rows(ask: Ask, tried: Tried, api: httpx.Client) -> None:
    """10, 12, 14, 16, 19: rows of every object, read one by one and by FIELDS(ALL), with all of a lead's fields filled."""
    for name in (*OBJECTS, *HISTORIES, "Organization"):
        answer = api.get("/query", params={"q": f"SELECT FIELDS(ALL) FROM {name} LIMIT 200"})
        assert answer.json()["records"], answer.text
        for row in answer.json()["records"]:
            assert _problems({"$ref": f"#/components/schemas/{name}SObject"}, row) == []
        tried.note(f"GET /query FIELDS(ALL) FROM {name}")
        ask(f"GET /sobjects/{name}/{{id}}", 200, row["Id"])


@pytest.mark.usefixtures("lived")
def test_descriptions(ask: Ask) -> None:
    """6: the org's description and, in short and in full, that of every object."""
    ask("GET /sobjects", 200)
    for name in (*OBJECTS, *HISTORIES, "Organization"):
        ask(f"GET /sobjects/{name}", 200)
        ask("GET /sobjects/{sObject}/describe", 200, name)


def test_writes(ask: Ask, tried: Tried, api: httpx.Client) -> None:
    """9, 15, 24, 26, 32: what saves, deletes and lists of the deleted answer, alone and in collections."""
    made = ask("POST /sobjects/Lead", 201, json=LEAD)["id"]
    ask("PATCH /sobjects/Lead/{id}", 204, made, json={"Title": "CEO"})
    ask("DELETE /sobjects/Lead/{id}", 204, made)
    window = {"start": "2026-11-16T09:00:00Z", "end": "2026-11-16T10:01:00Z"}
    assert ask("GET /sobjects/{sObject}/deleted", 200, "Lead", params=window)["deletedRecords"][0]["id"] == made
    records = [{"attributes": {"type": "Lead"}} | fields for fields in (LEAD, {})]
    good, bad = api.post("/composite/sobjects", json={"records": records}).json()
    for one in (good, bad | {"id": None}):
        assert _problems({"$ref": "#/components/schemas/SaveResult"}, one) == []
        tried.note("POST /composite/sobjects, each SaveResult")


def test_refusals(ask: Ask, admin: Admin) -> None:
    """3, 5, 8 to 11, 24, 26, 37, 39, 43: refusals have a status that is named for the call, and its form of an error."""
    row, made = "/sobjects/Lead/{id}", ask("POST /sobjects/Lead", 201, json=LEAD)["id"]
    json_type, past = {"Content-Type": "application/json"}, {"If-Unmodified-Since": "Mon, 01 Jan 2024 00:00:00 GMT"}
    for fields in ({}, LEAD | {"Nothing__c": 1}, LEAD | {"City": "x" * 41}, LEAD | {"Email": "nobody"}, LEAD | {"CreatedDate": "x"}):
        ask("POST /sobjects/Lead", 400, json=fields)
    ask("POST /sobjects/Lead", 400, content="{", headers=json_type)
    ask("POST /sobjects/Lead", 415, content="x", headers={"Content-Type": "text/plain"})
    ask("POST /sobjects/Lead", 401, json=LEAD, headers={"Authorization": "Bearer x"})
    ask(f"GET {row}", 404, "00Q000000000000EAA")
    ask(f"GET {row}", 412, made, headers=past)
    ask(f"GET {row}", 400, made, headers={"If-Modified-Since": "yesterday"})
    ask(f"PATCH {row}", 400, made, json={"Nothing__c": 1})
    ask("GET /sobjects", 412, headers=past)
    ask("GET /sobjects/{sObject}/describe", 412, "Lead", headers=past)
    ask("GET /sobjects/{sObject}/describe", 404, "Nothing__c")
    ask("GET /sobjects/{sObject}/deleted", 400, "Lead", params={"start": "2026-01-01T00:00:00Z", "end": "2026-11-16T10:00:00Z"})
    for kind, status in (("unavailable", 503), ("server_error", 500), ("limit", 403), ("lock", 400)):
        admin("faults", kind=kind)
        ask(f"GET {row}", status, made)
    ask(f"DELETE {row}", 204, made)
    for method, more in (("GET", {}), ("DELETE", {}), ("PATCH", {"json": LEAD})):
        ask(f"{method} {row}", 404, made, **more)


def test_what_did_not_change(ask: Ask) -> None:
    """7: the three resources that the description has answer If-Modified-Since do answer it with an empty 304."""
    made, later = ask("POST /sobjects/Lead", 201, json=LEAD)["id"], {"If-Modified-Since": "Fri, 01 Jan 2027 00:00:00 GMT"}
    ask("GET /sobjects", 304, headers=later)
    ask("GET /sobjects/{sObject}/describe", 304, "Lead", headers=later)
    ask("GET /sobjects/Lead/{id}", 304, made, headers=later)
