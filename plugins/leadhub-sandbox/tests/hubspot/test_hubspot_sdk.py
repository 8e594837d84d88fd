"""HubSpot's own Python client, with its validation on, as an independent reader of every answer."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from leadhub_sandbox.clock import SandboxClock
from leadhub_sandbox.http import SandboxServer
from leadhub_sandbox.hubspot import HubSpotService

hubspot = pytest.importorskip("hubspot", reason="hubspot-api-client is not installed")

TIMEOUT = {"_request_timeout": (5, 30)}


@pytest.fixture
def crm(server: SandboxServer, service: HubSpotService) -> Any:
    """The client's CRM part, pointed at the sandbox, refusing answers that break its models."""
    return hubspot.HubSpot(access_token=service.token, host=server.url, client_side_validation=True).crm


def _make(crm: Any, **properties: str) -> Any:
    return crm.contacts.basic_api.create({"properties": properties, "associations": []}, **TIMEOUT)


def test_the_client_does_validate(crm: Any) -> None:
    """The check has teeth: an answer without an id is refused by the client's models."""
    api = crm.contacts.basic_api.api_client
    whole = {"id": "1", "properties": {}, "createdAt": "2026-03-02T09:00:00Z", "updatedAt": "2026-03-02T09:00:00Z", "archived": False}
    assert api.deserialize(SimpleNamespace(data=json.dumps(whole)), "SimplePublicObject").id == "1"
    del whole["id"]
    with pytest.raises(ValueError, match="id"):
        api.deserialize(SimpleNamespace(data=json.dumps(whole)), "SimplePublicObject")


def test_one_by_one(crm: Any) -> None:
    """Behavior 55: create, get by id and by e-mail, list, update and archive satisfy the client."""
    made = _make(crm, email="a@x.example", city="Lund")
    basic = crm.contacts.basic_api
    assert basic.get_by_id(made.id, properties=["city"], properties_with_history=["city"], **TIMEOUT).properties["city"] == "Lund"
    assert basic.get_by_id("a@x.example", id_property="email", **TIMEOUT).id == made.id
    assert basic.update(made.id, {"properties": {"city": ""}}, **TIMEOUT).properties["city"] is None
    page = basic.get_page(limit=10, properties=["city", "email"], archived=False, **TIMEOUT)
    assert [entry.id for entry in page.results] == [made.id]
    basic.archive(made.id, **TIMEOUT)
    gone = basic.get_page(archived=True, **TIMEOUT).results[0]
    assert (gone.id, gone.archived) == (made.id, True)


def test_errors_are_the_clients_own(crm: Any) -> None:
    """Behavior 55: conflict, not found and a wrong value arrive as the client's exceptions with HubSpot's body."""
    _make(crm, email="a@x.example")
    for call, status in (
        (lambda: _make(crm, email="a@x.example"), 409),
        (lambda: crm.contacts.basic_api.get_by_id("5", **TIMEOUT), 404),
        (lambda: _make(crm, email="b@x.example", no_such="1"), 400),
    ):
        with pytest.raises(hubspot.crm.contacts.ApiException) as caught:
            call()
        assert caught.value.status == status
        assert json.loads(caught.value.body)["status"] == "error"


def test_batches(crm: Any) -> None:
    """Behavior 55: batch create, upsert, update, read and archive satisfy the client, whole and partial."""
    batch = crm.contacts.batch_api
    made = batch.create({"inputs": [{"properties": {"email": "a@x.example"}, "associations": []}]}, **TIMEOUT)
    first = made.results[0].id
    upserts = [
        {"idProperty": "email", "id": "a@x.example", "properties": {"city": "Lund"}, "objectWriteTraceId": "1"},
        {"idProperty": "email", "id": "b@x.example", "properties": {"email": "b@x.example"}, "objectWriteTraceId": "2"},
    ]
    both = batch.upsert({"inputs": upserts}, **TIMEOUT)
    assert {entry.object_write_trace_id: entry.new for entry in both.results} == {"1": False, "2": True}
    upserts[1]["properties"] = {"lifecyclestage": "nope"}
    partial = batch.upsert({"inputs": upserts}, **TIMEOUT)
    assert (partial.num_errors, partial.errors[0].context["objectWriteTraceId"]) == (1, ["2"])
    updated = batch.update({"inputs": [{"id": first, "properties": {"city": "Oslo"}}]}, **TIMEOUT)
    assert updated.results[0].properties["city"] == "Oslo"
    order = {"inputs": [{"id": first}, {"id": "5"}], "properties": ["city"], "propertiesWithHistory": ["city"]}
    read = batch.read(order, **TIMEOUT)
    assert read.errors[0].context["ids"] == ["5"]
    assert [entry.value for entry in read.results[0].properties_with_history["city"]] == ["Oslo", "Lund"]
    batch.archive({"inputs": [{"id": first}]}, **TIMEOUT)


def test_search(crm: Any, clock: SandboxClock) -> None:
    """Behavior 55: a search with all five fields and its paging satisfy the client."""
    for name in "ab":
        _make(crm, email=f"{name}@x.example")
    clock.advance(60)
    filters = [{"propertyName": "email", "operator": "HAS_PROPERTY"}]
    order = {"filterGroups": [{"filters": filters}], "sorts": ["hs_object_id"], "properties": ["email"], "limit": 1, "after": "0"}
    page = crm.contacts.search_api.do_search(order, **TIMEOUT)
    assert (page.total, page.paging.next.after, page.results[0].properties["email"]) == (2, "1", "a@x.example")


def test_merge(crm: Any) -> None:
    """Behavior 55: a merge satisfies the client."""
    pair = [_make(crm, email=f"{name}@x.example").id for name in "ab"]
    merged = crm.contacts.basic_api.merge({"primaryObjectId": pair[0], "objectIdToMerge": pair[1]}, **TIMEOUT)
    assert merged.properties["hs_merged_object_ids"] == ";".join(pair)


def test_descriptions(crm: Any) -> None:
    """Behavior 55: properties, the pipeline and owners satisfy the client."""
    names = [entry.name for entry in crm.properties.core_api.get_all("contacts", **TIMEOUT).results]
    assert "leadhub_id" in names
    assert crm.properties.core_api.get_by_name("contacts", "lifecyclestage", **TIMEOUT).options[1].value == "lead"
    assert crm.pipelines.pipelines_api.get_all("contacts", **TIMEOUT).results[0].stages[1].id == "lead"
    assert crm.owners.owners_api.get_page(**TIMEOUT).results[0].user_id == 9001
    gone = crm.owners.owners_api.get_page(archived=True, limit=1, **TIMEOUT).results
    assert [(owner.id, owner.archived, owner.user_id) for owner in gone] == [("7004", True, None)]


def test_a_made_property(crm: Any) -> None:
    """Behavior 55: a property made by the client comes back as it wants it."""
    order = {"name": "score", "label": "Score", "type": "number", "fieldType": "number", "groupName": "contactinformation"}
    assert crm.properties.core_api.create("contacts", order, **TIMEOUT).name == "score"


def test_a_long_list_is_whole(crm: Any, fill: Callable[[int], None]) -> None:
    """Behavior 55: the client's own way through all pages finds every record once."""
    fill(120)
    seen, after = [], None
    while True:
        page = crm.contacts.basic_api.get_page(limit=50, **({"after": after} if after else {}), **TIMEOUT)
        seen += [entry.id for entry in page.results]
        if page.paging is None:
            break
        after = page.paging.next.after
    assert len(set(seen)) == len(seen) == 120


def test_deals(crm: Any, clock: SandboxClock) -> None:
    """Behavior 55: deals, their pipelines and properties satisfy the client, one by one, in batches and by search."""
    order = {"properties": {"dealname": "D", "dealstage": "closedwon", "amount": "12.50"}, "associations": []}
    basic, batch = crm.deals.basic_api, crm.deals.batch_api
    made = basic.create(order, **TIMEOUT)
    assert basic.update(made.id, {"properties": {"amount": "3"}}, **TIMEOUT).properties["amount"] == "3"
    assert [entry.id for entry in basic.get_page(limit=5, archived=False, **TIMEOUT).results] == [made.id]
    assert len(batch.create({"inputs": [order, order]}, **TIMEOUT).results) == 2
    wanted = {"inputs": [{"id": made.id}], "properties": ["amount"], "propertiesWithHistory": ["amount"]}
    assert [entry.value for entry in batch.read(wanted, **TIMEOUT).results[0].properties_with_history["amount"]] == ["3", "12.50"]
    clock.advance(60)
    filters = [{"propertyName": "hs_is_closed_won", "operator": "EQ", "value": "true"}]
    search = {"filterGroups": [{"filters": filters}], "sorts": ["hs_object_id"], "properties": [], "limit": 10, "after": "0"}
    assert crm.deals.search_api.do_search(search, **TIMEOUT).total == 3
    basic.archive(made.id, **TIMEOUT)
    stages = crm.pipelines.pipelines_api.get_all("deals", **TIMEOUT).results[0].stages
    assert stages[-1].metadata == {"isClosed": "true", "probability": "0.0"}
    assert "dealstage" in [entry.name for entry in crm.properties.core_api.get_all("deals", **TIMEOUT).results]


def test_associations(crm: Any) -> None:
    """Behavior 55: associations satisfy the client, one by one, in batches, and on what is created and read with them."""
    contact = _make(crm, email="a@x.example").id
    spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}
    order = {"properties": {"dealname": "D", "dealstage": "closedwon"}, "associations": [{"to": {"id": contact}, "types": [spec]}]}
    deal = crm.deals.basic_api.create(order, **TIMEOUT).id
    read = crm.deals.basic_api.get_by_id(deal, associations=["contacts"], **TIMEOUT)
    assert [(end.id, end.type) for end in read.associations["contacts"].results] == [(contact, "deal_to_contact")]
    one, many = crm.associations.v4.basic_api, crm.associations.v4.batch_api
    assert one.create("deals", deal, "contacts", contact, [spec], **TIMEOUT).labels == []
    assert one.create_default("deals", deal, "contacts", contact, **TIMEOUT).status == "COMPLETE"
    assert one.get_page("deals", deal, "contacts", **TIMEOUT).results[0].association_types[0].type_id == 3
    pair = {"from": {"id": deal}, "to": {"id": contact}}
    assert len(many.create("deals", "contacts", {"inputs": [pair | {"types": [spec]}]}, **TIMEOUT).results) == 1
    assert len(many.create_default("deals", "contacts", {"inputs": [pair]}, **TIMEOUT).results) == 2
    page = many.get_page("deals", "contacts", {"inputs": [{"id": deal}, {"id": "5"}]}, **TIMEOUT)
    assert (len(page.results[0].to), page.num_errors) == (1, 1)
    many.archive("deals", "contacts", {"inputs": [{"from": {"id": deal}, "to": [{"id": contact}]}]}, **TIMEOUT)
    one.archive("deals", deal, "contacts", contact, **TIMEOUT)


def test_leads(crm: Any, clock: SandboxClock) -> None:
    """Behavior 55: the Leads object satisfies the client by its own package and as one of the generic objects."""
    contact = _make(crm, email="a@x.example").id
    spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 578}
    order = {"properties": {"hs_lead_name": "L"}, "associations": [{"to": {"id": contact}, "types": [spec]}]}
    leads = crm.objects.leads
    made = leads.basic_api.create(order, **TIMEOUT)
    assert leads.basic_api.update(made.id, {"properties": {"hs_lead_label": "HOT"}}, **TIMEOUT).properties["hs_lead_label"] == "HOT"
    assert [entry.id for entry in leads.basic_api.get_page(archived=False, **TIMEOUT).results] == [made.id]
    assert len(leads.batch_api.create({"inputs": [order]}, **TIMEOUT).results) == 1
    read = {"inputs": [{"id": made.id}], "properties": ["hs_lead_label"], "propertiesWithHistory": []}
    assert leads.batch_api.read(read, **TIMEOUT).results[0].properties["hs_lead_label"] == "HOT"
    assert crm.objects.basic_api.get_by_id("0-136", made.id, **TIMEOUT).id == made.id
    clock.advance(60)
    search = {"filterGroups": [], "sorts": [], "properties": [], "limit": 10, "after": "0"}
    assert leads.search_api.do_search(search, **TIMEOUT).total == 2
    assert len(crm.pipelines.pipelines_api.get_all("leads", **TIMEOUT).results[0].stages) == 5
    leads.basic_api.archive(made.id, **TIMEOUT)


def test_oauth(server: SandboxServer, service: HubSpotService, clock: SandboxClock) -> None:
    """Behavior 55: the client refreshes its token by itself, and is told by a 401 when it is over."""
    app = service.account.oauth
    client = hubspot.HubSpot(host=server.url, client_side_validation=True)
    secrets = {"refresh_token": app.refresh_token, "client_id": app.client_id, "client_secret": app.client_secret}
    told = client.oauth.tokens_api.create(grant_type="refresh_token", **secrets, **TIMEOUT)
    assert (told.expires_in, told.token_type) == (1800, "bearer")
    client.access_token = told.access_token
    assert client.crm.contacts.basic_api.get_page(archived=False, **TIMEOUT).results == []
    clock.advance(1800)
    with pytest.raises(hubspot.crm.contacts.exceptions.UnauthorizedException):
        client.crm.contacts.basic_api.get_page(archived=False, **TIMEOUT)
    with pytest.raises(hubspot.oauth.ApiException) as caught:
        client.oauth.tokens_api.create(grant_type="refresh_token", **secrets | {"refresh_token": "wrong"}, **TIMEOUT)
    assert (caught.value.status, json.loads(caught.value.body)["status"]) == (400, "BAD_REFRESH_TOKEN")


def test_purge(crm: Any) -> None:
    """Behavior 55: a privacy deletion satisfies the client, by id and by e-mail."""
    made = _make(crm, email="a@x.example").id
    crm.contacts.basic_api.purge({"objectId": made}, **TIMEOUT)
    crm.contacts.basic_api.purge({"objectId": "b@x.example", "idProperty": "email"}, **TIMEOUT)
    assert crm.contacts.basic_api.get_page(archived=False, **TIMEOUT).results == []


def test_changed_properties(crm: Any) -> None:
    """Behavior 55: a property that the client changes and archives satisfies it."""
    core = crm.properties.core_api
    order = {"name": "tier", "label": "Tier", "type": "enumeration", "fieldType": "select", "groupName": "contactinformation"}
    options = [{"label": name, "value": name.lower(), "hidden": False, "displayOrder": -1} for name in ("Gold", "Silver")]
    core.create("contacts", order | {"options": options}, **TIMEOUT)
    assert core.update("contacts", "tier", {"label": "Grade", "options": options[:1]}, **TIMEOUT).label == "Grade"
    core.archive("contacts", "tier", **TIMEOUT)
    assert [entry.name for entry in core.get_all("contacts", archived=True, **TIMEOUT).results] == ["tier"]
