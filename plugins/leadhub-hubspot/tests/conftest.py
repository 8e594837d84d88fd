"""A sandbox account over real HTTP, connectors on it, and HubSpot's own SDK as the judge of every body that passes."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hubspot import HubSpot as Sdk
from leadhub_hubspot.connector import HubSpot
from leadhub_hubspot.settings import Settings
from leadhub_sandbox.clock import SandboxClock
from leadhub_sandbox.http import SandboxServer
from leadhub_sandbox.hubspot import HubSpotService

from leadhub import Change, Context, Operation, Page, Record
from leadhub.connectors.http import client

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
OF_DEALS = ("dealstage", "hs_is_closed", "hs_is_closed_won", "associations.contacts", "createdate")
OF_LEADS = ("hubspot_owner_id", "hs_lead_label", "hs_pipeline_stage", "associations.contacts", "hs_createdate")
WANTED = ("email", "phone", "firstname", "lastname", "company", "jobtitle", "lifecyclestage", "hs_lead_status")


@dataclass
class Log:
    """Remembers what it is told."""

    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def info(self, event: str, /, **fields: object) -> None:
        """Keep it."""
        self.events.append((event, fields))

    def warning(self, event: str, /, **fields: object) -> None:
        """Keep it."""
        self.events.append((event, fields))


class StillClock:
    """leadhub's own clock: it stands a year off, so that whoever reads it where HubSpot's time is due is found out."""

    def now(self) -> datetime:
        """Return an instant that is not the sandbox's."""
        return datetime(2025, 1, 1, tzinfo=UTC)

    def sleep(self, seconds: float) -> None:
        """Fail: the one retry layer sleeps."""
        raise AssertionError("a connector never sleeps")

    def new_id(self) -> str:
        """Fail: the core makes ids."""
        raise AssertionError("a connector makes no ids")


@dataclass
class Sandbox:
    """The account's people, workflows and administrator, and the list of the calls that reached it."""

    server: SandboxServer
    service: HubSpotService
    admin: httpx.Client
    log: Log = field(default_factory=Log)
    traffic: list[tuple[str, bytes, int, bytes]] = field(default_factory=list)

    def connector(self, *, wanted: Sequence[str] = WANTED, **settings: Any) -> HubSpot:
        """Return a new connector, as after a restart."""
        given = {"token": self.service.token, "base_url": self.server.url, **settings}
        fields = {"contacts": tuple(wanted), "deals": OF_DEALS, "leads": OF_LEADS}
        return HubSpot(Context("hubspot", Settings(**given), fields, self._http, StillClock(), self.log))

    def _http(self, *args: Any, **kwargs: Any) -> httpx.Client:
        made = client(*args, **kwargs)

        def remember(response: httpx.Response) -> None:
            response.read()
            self.traffic.append((response.request.url.path, response.request.content, response.status_code, response.content))

        made.event_hooks = {"response": [remember]}
        return made

    def post(self, path: str, /, **body: Any) -> Any:
        """Give an order to the sandbox."""
        response = self.admin.post(f"/_sandbox/{path}", json=body)
        assert response.is_success, response.text
        return response.json() if response.content else None

    def create(self, **properties: str) -> str:
        """Make a contact as a person does, and return its id."""
        return str(self.post("create", properties=properties)["id"])

    def people(self, count: int, **more: str) -> list[str]:
        """Make contacts p0, p1, … and return their ids."""
        return [self.create(email=f"p{n}@example.com", firstname="P", lastname=f"N{n}", **more) for n in range(count)]

    def deal(self, *contacts: str, **properties: str) -> str:
        """Make a deal of these contacts as a person does, and return its id."""
        kind = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}
        associations = [{"to": {"id": contact}, "types": [kind]} for contact in contacts]
        values = {"dealname": "Deal", "dealstage": "appointmentscheduled", **properties}
        return str(self.post("create", object="deals", properties=values, associations=associations)["id"])

    def lead(self, contact: str, **properties: str) -> str:
        """Make a record of the Leads object about a contact as a person does, and return its id."""
        kind = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 578}
        associations = [{"to": {"id": contact}, "types": [kind]}]
        values = {"hs_lead_name": "Lead", "hs_pipeline_stage": "new-stage-id", **properties}
        return str(self.post("create", object="leads", properties=values, associations=associations)["id"])

    def associate(self, record_id: str, contact: str, *, of: str = "deals") -> None:
        """Add a contact to a deal or a lead."""
        path = f"/crm/v4/objects/{of}/{record_id}/associations/default/contacts/{contact}"
        assert self.admin.put(path, headers={"Authorization": f"Bearer {self.service.token}"}).is_success

    def part(self, record_id: str, contact: str, *, of: str = "deals") -> None:
        """Take a contact from a deal or a lead."""
        path = f"/crm/v4/objects/{of}/{record_id}/associations/contacts/{contact}"
        assert self.admin.delete(path, headers={"Authorization": f"Bearer {self.service.token}"}).is_success

    def edit(self, record_id: str, *, by: str = "CRM_UI", of: str = "contacts", **properties: str) -> None:
        """Change properties as a person does, or as a workflow."""
        self.post("edit", object=of, id=record_id, properties=properties, source=by, user="jane@example.com")

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.post("clock", advance=seconds)

    def fault(self, kind: str, path: str = ".*", **more: Any) -> None:
        """Break the next call to this path."""
        self.post("faults", kind=kind, path=path, **more)

    def raw(self, record_id: str) -> dict[str, Any]:
        """Return one contact's properties as HubSpot holds them."""
        listed = self.admin.get("/_sandbox/records").json()["results"]
        return next(entry["properties"] for entry in listed if entry["id"] == record_id)

    def count(self) -> int:
        """Return how many live contacts there are."""
        return sum(not entry["archived"] for entry in self.admin.get("/_sandbox/records").json()["results"])

    def calls(self, ending: str = "") -> list[dict[str, Any]]:
        """Return the calls so far whose path ends so."""
        return [entry for entry in self.admin.get("/_sandbox/journal").json() if entry["path"].endswith(ending)]

    def forget_calls(self) -> None:
        """Begin the list of calls anew."""
        self.admin.delete("/_sandbox/journal")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """An account of its own; after the test every request and answer is held to HubSpot's form."""
    clock = SandboxClock()
    clock.set(START)
    service = HubSpotService(seed=7, clock=clock)
    server = SandboxServer(service)
    server.start()
    with httpx.Client(base_url=server.url, verify=False) as admin:
        made = Sandbox(server, service, admin)
        yield made
        journal = made.calls()
    server.stop()
    for entry in journal:
        require_strict_request(entry)
    for path, _request, status, answer in made.traffic:
        require_sdk_reads(path, status, answer)


REQUESTS = {
    "/associations/deals/contacts/batch/read": "BatchInputPublicFetchAssociationsBatchRequest",
    "/associations/leads/contacts/batch/read": "BatchInputPublicFetchAssociationsBatchRequest",
    "/batch/read": "BatchReadInputSimplePublicObjectId",
    "/batch/create": "BatchInputSimplePublicObjectBatchInputForCreate",
    "/batch/update": "BatchInputSimplePublicObjectBatchInput",
    "/batch/upsert": "BatchInputSimplePublicObjectBatchInputUpsert",
    "/batch/archive": "BatchInputSimplePublicObjectId",
    "/search": "PublicObjectSearchRequest",
}
ANSWERS = {
    "/associations/deals/contacts/batch/read": "BatchResponsePublicAssociationMultiWithLabel",
    "/associations/leads/contacts/batch/read": "BatchResponsePublicAssociationMultiWithLabel",
    "/batch/read": "BatchResponseSimplePublicObject",
    "/batch/create": "BatchResponseSimplePublicObject",
    "/batch/update": "BatchResponseSimplePublicObject",
    "/batch/upsert": "BatchResponseSimplePublicUpsertObject",
    "/search": "CollectionResponseWithTotalSimplePublicObjectForwardPaging",
    "/objects/contacts": "CollectionResponseSimplePublicObjectWithAssociationsForwardPaging",
    "/objects/deals": "CollectionResponseSimplePublicObjectWithAssociationsForwardPaging",
    "/properties/contacts": "CollectionResponsePropertyNoPaging",
    "/objects/leads": "CollectionResponseSimplePublicObjectWithAssociationsForwardPaging",
    "/properties/deals": "CollectionResponsePropertyNoPaging",
    "/properties/leads": "CollectionResponsePropertyNoPaging",
    "/pipelines/deals": "CollectionResponsePipelineNoPaging",
    "/pipelines/leads": "CollectionResponsePipelineNoPaging",
    "/owners": "CollectionResponsePublicOwnerForwardPaging",
}
_SDK = Sdk(access_token="t", host="http://127.0.0.1:9", client_side_validation=True).crm
_JUDGES = {
    **{f"/associations/{name}/contacts/batch/read": _SDK.associations.v4.batch_api.api_client for name in ("deals", "leads")},
    "/properties/contacts": _SDK.properties.core_api.api_client,
    **{f"/properties/{name}": _SDK.properties.core_api.api_client for name in ("deals", "leads")},
    **{f"/pipelines/{name}": _SDK.pipelines.pipelines_api.api_client for name in ("deals", "leads")},
    "/owners": _SDK.owners.owners_api.api_client,
}
_JUDGE = _SDK.contacts.batch_api.api_client


@dataclass
class _Text:
    data: str


def sdk_reads(text: str, model: str, judge: Any = _JUDGE) -> Any:
    """Return a body as one of the SDK's models; raises ValueError for one that HubSpot's own client would not accept."""
    return judge.deserialize(_Text(text), model)


def require_strict_request(call: Mapping[str, Any]) -> None:
    """Hold a request to HubSpot's strict form: the SDK's request model, and what the SDK does not look at."""
    ending = next((name for name in REQUESTS if _without_version(call["path"]).endswith(name)), None)
    if ending is None or call["method"] != "POST":
        return
    sdk_reads(call["body"], REQUESTS[ending], _JUDGES.get(ending, _JUDGE))
    body = json.loads(call["body"])
    if ending == "/search":
        assert body.keys() == {"filterGroups", "sorts", "properties", "limit", "after"}
        assert isinstance(body["after"], str)
        assert all(isinstance(rule, str) for rule in body["sorts"])
        assert len(call["body"]) <= 3_000
        return
    assert 1 <= len(body["inputs"]) <= (1_000 if ending.startswith("/associations") else 100)
    for entry in body["inputs"]:
        assert isinstance(entry.get("id", ""), str)
        assert all(isinstance(value, str) for value in entry.get("properties", {}).values())
        if ending == "/batch/create":
            assert entry["associations"] == []
        if ending in {"/batch/create", "/batch/update", "/batch/upsert"}:
            assert entry["objectWriteTraceId"]
    traces = [entry["objectWriteTraceId"] for entry in body["inputs"] if "objectWriteTraceId" in entry]
    assert len(traces) == len(set(traces))


def require_sdk_reads(path: str, status: int, answer: bytes) -> None:
    """Hold an answer of the sandbox to the SDK's response model."""
    ending = next((name for name in ANSWERS if _without_version(path).endswith(name)), None)
    if ending is None or status not in {200, 201, 207}:
        return
    try:
        json.loads(answer)
    except ValueError:
        return  # an injected fault, not the sandbox's own answer
    sdk_reads(answer.decode(), ANSWERS[ending] + ("WithErrors" if status == 207 else ""), _JUDGES.get(ending, _JUDGE))


def _without_version(path: str) -> str:
    return re.sub(r"/(v\d|\d{4}-\d\d)(?=/|$)", "", path)


@pytest.fixture
def judge() -> Callable[[Mapping[str, Any]], None]:
    """What every request of these tests is held to."""
    return require_strict_request


@pytest.fixture
def change() -> Callable[..., Change]:
    """Makes changes: with a key alone a create, with a record id an update, another operation by its name."""

    def make(key: str, record_id: str | None = None, operation: str | None = None, **values: Any) -> Change:
        kind = Operation(operation or ("create" if record_id is None else "update"))
        return Change(key, "contacts", kind, record_id, values)

    return make


@pytest.fixture
def records() -> Callable[[Iterator[Page]], dict[str, Record]]:
    """Drain a pull: the last sight of each record, by id."""

    def drain(pages: Iterator[Page]) -> dict[str, Record]:
        return {record.id: record for page in pages for record in page.records}

    return drain
