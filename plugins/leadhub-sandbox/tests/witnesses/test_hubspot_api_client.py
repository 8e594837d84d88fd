"""HubSpot's own Python client, with its validation on, as an independent reader of every answer: each call that leadhub could need."""

import importlib
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from leadhub_sandbox import SandboxClock, SandboxServer
from witnessing import Tried

hubspot = pytest.importorskip("hubspot", reason="hubspot-api-client is not installed")
for package in ("contacts", "deals", "objects", "objects.leads", "properties", "pipelines", "owners", "associations.v4"):
    importlib.import_module(f"hubspot.crm.{package}")  # the client itself imports a package when it is first asked for

Order = Callable[..., Any]
PRIMARY = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 578}
TO_CONTACT = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}
EVERYTHING = {"filterGroups": [], "sorts": ["hs_object_id"], "properties": [], "limit": 10, "after": "0"}


@pytest.fixture
def client(account: SandboxServer) -> Any:
    """The client, pointed at the sandbox, refusing answers that break its models."""
    return hubspot.HubSpot(access_token=account.service.token, host=account.url, client_side_validation=True)


@pytest.fixture
def crm(client: Any) -> Any:
    """The client's CRM part."""
    return client.crm


def _with(properties: dict[str, str], *associations: dict[str, Any]) -> dict[str, Any]:
    return {"properties": properties, "associations": list(associations)}


def _make(crm: Any, **properties: str) -> Any:
    return crm.contacts.basic_api.create(_with(properties))


def _body(problem: Any) -> Any:
    return json.loads(problem.body)


def test_the_client_does_validate(crm: Any) -> None:
    """The check has teeth: an answer without an id is refused by the client's models."""
    api = crm.contacts.basic_api.api_client
    whole = {"id": "1", "properties": {}, "createdAt": "2026-03-02T09:00:00Z", "updatedAt": "2026-03-02T09:00:00Z", "archived": False}
    assert api.deserialize(SimpleNamespace(data=json.dumps(whole)), "SimplePublicObject").id == "1"
    del whole["id"]
    with pytest.raises(ValueError, match="id"):
        api.deserialize(SimpleNamespace(data=json.dumps(whole)), "SimplePublicObject")


def test_contacts_one_by_one(tried: Tried, crm: Any) -> None:
    """Behavior 55: create, get by id and by e-mail, list, update and archive satisfy the client."""
    basic = crm.contacts.basic_api
    made = tried.accepts(basic.create, _with({"email": "a@x.example", "city": "Lund"}))
    read = tried.accepts(basic.get_by_id, made.id, properties=["city"], properties_with_history=["city"])
    assert (read.properties["city"], [entry.value for entry in read.properties_with_history["city"]]) == ("Lund", ["Lund"])
    assert tried.accepts(basic.get_by_id, "a@x.example", id_property="email").id == made.id
    assert tried.accepts(basic.update, made.id, {"properties": {"city": ""}}).properties["city"] is None
    assert tried.accepts(basic.update, "a@x.example", {"properties": {"city": "Oslo"}}, id_property="email").id == made.id
    page = tried.accepts(basic.get_page, limit=10, properties=["city", "email"], archived=False)
    assert [entry.id for entry in page.results] == [made.id]
    tried.accepts(basic.archive, made.id)
    tried.accepts(basic.archive, made.id)
    gone = tried.accepts(basic.get_page, archived=True).results[0]
    assert (gone.id, gone.archived) == (made.id, True)
    assert tried.accepts(basic.get_by_id, made.id, archived=True).archived_at is not None


def test_contacts_in_batches(tried: Tried, crm: Any) -> None:
    """Behavior 55: batch create, upsert, update, read and archive satisfy the client, whole and partial."""
    batch = crm.contacts.batch_api
    first = tried.accepts(batch.create, {"inputs": [_with({"email": "a@x.example"})]}).results[0].id
    upserts = [
        {"idProperty": "email", "id": "a@x.example", "properties": {"city": "Lund"}, "objectWriteTraceId": "1"},
        {"idProperty": "email", "id": "b@x.example", "properties": {"email": "b@x.example"}, "objectWriteTraceId": "2"},
    ]
    both = tried.accepts(batch.upsert, {"inputs": upserts})
    assert {entry.object_write_trace_id: entry.new for entry in both.results} == {"1": False, "2": True}
    upserts[1]["properties"] = {"lifecyclestage": "nope"}
    partial = tried.accepts(batch.upsert, {"inputs": upserts})
    assert (partial.num_errors, partial.errors[0].context["objectWriteTraceId"]) == (1, ["2"])
    traced = [_with({"email": email}) | {"objectWriteTraceId": email} for email in ("c@x.example", "a@x.example")]
    partial = tried.accepts(batch.create, {"inputs": traced})
    assert (len(partial.results), partial.errors[0].category) == (1, "CONFLICT")
    updates = [{"id": number, "properties": {"city": "Oslo"}, "objectWriteTraceId": number} for number in (first, "5")]
    partial = tried.accepts(batch.update, {"inputs": updates})
    assert (partial.results[0].properties["city"], partial.num_errors) == ("Oslo", 1)
    order = {"inputs": [{"id": first}, {"id": "5"}], "properties": ["city"], "propertiesWithHistory": ["city"]}
    read = tried.accepts(batch.read, order)
    assert read.errors[0].context["ids"] == ["5"]
    assert [entry.value for entry in read.results[0].properties_with_history["city"]] == ["Oslo", "Lund"]
    by_email = {"idProperty": "email", "inputs": [{"id": "b@x.example"}], "properties": [], "propertiesWithHistory": []}
    assert len(tried.accepts(batch.read, by_email).results) == 1
    tried.accepts(batch.archive, {"inputs": [{"id": first}]})


def test_search(tried: Tried, crm: Any, clock: SandboxClock) -> None:
    """Behavior 55: searches with all five fields, with every operator, and their paging satisfy the client."""
    made = [_make(crm, email=f"{name}@x.example", city=city).id for name, city in (("a", "Lund"), ("b", ""))]
    clock.advance(60)
    search = crm.contacts.search_api.do_search
    filters = [{"propertyName": "email", "operator": "HAS_PROPERTY"}]
    page = tried.accepts(search, EVERYTHING | {"filterGroups": [{"filters": filters}], "properties": ["email"], "limit": 1})
    assert (page.total, page.paging.next.after, page.results[0].properties["email"]) == (2, "1", "a@x.example")
    found = {
        ("EQ", "city", "value", "lund"): 1,
        ("NEQ", "city", "value", "Oslo"): 1,
        ("NOT_HAS_PROPERTY", "city", "", None): 1,
        ("IN", "email", "values", ("a@x.example",)): 1,
        ("NOT_IN", "email", "values", ("a@x.example",)): 1,
        ("CONTAINS_TOKEN", "email", "value", "a@x.example"): 1,
        ("NOT_CONTAINS_TOKEN", "email", "value", "a@x.example"): 1,
        ("GT", "hs_object_id", "value", made[0]): 1,
        ("GTE", "hs_object_id", "value", made[0]): 2,
        ("LT", "hs_object_id", "value", made[1]): 1,
        ("LTE", "hs_object_id", "value", made[1]): 2,
    }
    for (operator, name, key, value), count in found.items():
        one = {"propertyName": name, "operator": operator} | ({key: list(value) if isinstance(value, tuple) else value} if key else {})
        assert tried.accepts(search, EVERYTHING | {"filterGroups": [{"filters": [one]}]}).total == count, operator
    between = {"propertyName": "hs_object_id", "operator": "BETWEEN", "value": made[0], "highValue": made[1]}
    assert tried.accepts(search, EVERYTHING | {"filterGroups": [{"filters": [between]}], "sorts": ["-createdate"]}).total == 2


def test_merge_and_purge(tried: Tried, crm: Any) -> None:
    """Behavior 55: a merge, and privacy deletions by id and by e-mail, satisfy the client."""
    basic = crm.contacts.basic_api
    pair = [_make(crm, email=f"{name}@x.example").id for name in "ab"]
    merged = tried.accepts(basic.merge, {"primaryObjectId": pair[0], "objectIdToMerge": pair[1]})
    assert merged.properties["hs_merged_object_ids"] == ";".join(pair)
    tried.accepts(basic.purge, {"objectId": merged.id})
    tried.accepts(basic.purge, {"objectId": "c@x.example", "idProperty": "email"})
    assert basic.get_page(archived=False).results == []


def test_a_long_list_is_whole(tried: Tried, crm: Any) -> None:
    """Behavior 55: the client's own way through all pages finds every record once."""
    inputs = [_with({"lastname": f"P{number}"}) for number in range(120)]
    for start in (0, 100):
        tried.accepts(crm.contacts.batch_api.create, {"inputs": inputs[start : start + 100]})
    seen = [entry.id for entry in tried.accepts(crm.contacts.get_all)]
    assert len(set(seen)) == len(seen) == 120
    page = tried.accepts(crm.contacts.basic_api.get_page, limit=50, properties_with_history=["lastname"], archived=False)
    assert (len(page.results), page.paging.next.link.startswith("http://127.0.0.1:")) == (50, True)


def test_refused_contacts(tried: Tried, crm: Any, administer: Order) -> None:
    """Behavior 55: each refusal of a contact arrives as the client's error for its status, with HubSpot's body."""
    errors, contacts = hubspot.crm.contacts.exceptions, crm.contacts
    made = _make(crm, email="a@x.example").id
    _make(crm, email="c@x.example", leadhub_id="L1")
    create, batch = contacts.basic_api.create, contacts.batch_api
    for values, status, category in (
        ({"email": "A@x.example"}, 409, "CONFLICT"),
        ({"email": "b@x.example", "no_such": "1"}, 400, "VALIDATION_ERROR"),
        ({"email": "b@x.example", "lifecyclestage": "nope"}, 400, "VALIDATION_ERROR"),
        ({"email": "b@x.example", "createdate": "1"}, 400, "VALIDATION_ERROR"),
        ({"email": "nobody"}, 400, "VALIDATION_ERROR"),
        ({"email": "b@x.example", "leadhub_id": "L1"}, 400, "VALIDATION_ERROR"),
        ({"city": "Lund"}, 400, "VALIDATION_ERROR"),
    ):
        problem = tried.refuses(errors.ApiException, create, _with(values))
        assert (problem.status, _body(problem)["status"], _body(problem)["category"]) == (status, "error", category)
    for call, given in (
        (contacts.basic_api.get_by_id, ("5",)),
        (contacts.basic_api.update, ("5", {"properties": {}})),
        (contacts.basic_api.purge, ({"objectId": "5"},)),
    ):
        assert _body(tried.refuses(errors.NotFoundException, call, *given))["category"] == "OBJECT_NOT_FOUND"
    twice = [{"id": made, "properties": {"city": city}} for city in ("Lund", "Oslo")]
    for call, inputs in (
        (batch.create, [_with({"email": "a@x.example"})] * 101),
        (batch.create, []),
        (batch.update, twice),
        (batch.upsert, [{"idProperty": "nothing", "id": "1", "properties": {}}]),
        (batch.archive, [{"id": "1"}] * 101),
    ):
        assert tried.refuses(errors.ApiException, call, {"inputs": inputs}).status == 400
    bad = {"filters": [{"propertyName": "no_such", "operator": "EQ", "value": "1"}]}
    for change in ({"limit": 201}, {"after": "10000"}, {"filterGroups": [bad]}, {"filterGroups": [bad] * 6}, {"sorts": ["a", "b"]}):
        assert tried.refuses(errors.ApiException, contacts.search_api.do_search, EVERYTHING | change).status == 400
    assert tried.refuses(errors.ApiException, contacts.basic_api.get_page, limit=101).status == 400
    administer("settings", scopes=["crm.objects.contacts.read"])
    assert _body(tried.refuses(errors.ForbiddenException, create, _with({"email": "d@x.example"})))["category"] == "MISSING_SCOPES"


def test_refused_calls(tried: Tried, account: SandboxServer, client: Any, administer: Order) -> None:
    """Behavior 55: a wrong token, limits, locks and trouble arrive as the client's errors, which keep HubSpot's body."""
    errors = hubspot.crm.contacts.exceptions
    wrong = hubspot.HubSpot(access_token="wrong", host=account.url, client_side_validation=True).crm.contacts.basic_api
    assert _body(tried.refuses(errors.UnauthorizedException, wrong.get_page))["category"] == "INVALID_AUTHENTICATION"
    update = client.crm.contacts.basic_api.update
    for kind, error, status in (
        ("too_many", errors.ApiException, 429),
        ("daily_limit", errors.ApiException, 429),
        ("locked", errors.ApiException, 423),
        ("migrating", errors.ApiException, 477),
        ("internal", errors.ServiceException, 500),
        ("bad_gateway", errors.ServiceException, 502),
        ("unavailable", errors.ServiceException, 503),
        ("gateway_timeout", errors.ServiceException, 504),
        ("timeout_524", errors.ServiceException, 524),
    ):
        administer("faults", kind=kind)
        assert tried.refuses(error, update, "1", {"properties": {"city": "Lund"}}).status == status


def test_deals(tried: Tried, crm: Any, clock: SandboxClock) -> None:
    """Behavior 55: deals satisfy the client, one by one, in batches and by search."""
    order = _with({"dealname": "D", "dealstage": "closedwon", "amount": "12.50"})
    basic, batch = crm.deals.basic_api, crm.deals.batch_api
    made = tried.accepts(basic.create, order)
    assert tried.accepts(basic.get_by_id, made.id, properties=["amount"]).properties["amount"] == "12.50"
    assert tried.accepts(basic.update, made.id, {"properties": {"amount": "3"}}).properties["amount"] == "3"
    assert [entry.id for entry in tried.accepts(basic.get_page, limit=5, archived=False).results] == [made.id]
    assert len(tried.accepts(crm.deals.get_all)) == 1
    more = [entry.id for entry in tried.accepts(batch.create, {"inputs": [order, order]}).results]
    wanted = {"inputs": [{"id": made.id}], "properties": ["amount"], "propertiesWithHistory": ["amount"]}
    read = tried.accepts(batch.read, wanted).results[0]
    assert [entry.value for entry in read.properties_with_history["amount"]] == ["3", "12.50"]
    assert len(tried.accepts(batch.update, {"inputs": [{"id": number, "properties": {"amount": "4"}} for number in more]}).results) == 2
    clock.advance(60)
    won = {"filters": [{"propertyName": "hs_is_closed_won", "operator": "EQ", "value": "true"}]}
    assert tried.accepts(crm.deals.search_api.do_search, EVERYTHING | {"filterGroups": [won]}).total == 3
    tried.accepts(batch.archive, {"inputs": [{"id": number} for number in more]})
    tried.accepts(basic.archive, made.id)
    errors = hubspot.crm.deals.exceptions
    for values in ({"dealname": "D"}, {"dealname": "D", "dealstage": "nope"}, {"dealname": "D", "dealstage": "closedwon", "amount": "much"}):
        assert tried.refuses(errors.ApiException, basic.create, _with(values)).status == 400
    tried.refuses(errors.NotFoundException, basic.get_by_id, made.id)


def test_leads(tried: Tried, crm: Any, clock: SandboxClock, administer: Order) -> None:
    """Behavior 55: the Leads object satisfies the client by its own package."""
    order = _with({"hs_lead_name": "L"}, {"to": {"id": _make(crm, email="a@x.example").id}, "types": [PRIMARY]})
    basic, batch = crm.objects.leads.basic_api, crm.objects.leads.batch_api
    made = tried.accepts(basic.create, order)
    assert tried.accepts(basic.get_by_id, made.id, associations=["contacts"]).associations["contacts"].results
    assert tried.accepts(basic.update, made.id, {"properties": {"hs_lead_label": "HOT"}}).properties["hs_lead_label"] == "HOT"
    assert [entry.id for entry in tried.accepts(basic.get_page, archived=False).results] == [made.id]
    other = tried.accepts(batch.create, {"inputs": [order]}).results[0].id
    wanted = {"inputs": [{"id": made.id}], "properties": ["hs_lead_label"], "propertiesWithHistory": []}
    assert tried.accepts(batch.read, wanted).results[0].properties["hs_lead_label"] == "HOT"
    assert len(tried.accepts(batch.update, {"inputs": [{"id": other, "properties": {"hs_lead_label": "COLD"}}]}).results) == 1
    clock.advance(60)
    assert tried.accepts(crm.objects.leads.search_api.do_search, EVERYTHING).total == 2
    tried.accepts(batch.archive, {"inputs": [{"id": other}]})
    tried.accepts(basic.archive, made.id)
    errors = hubspot.crm.objects.leads.exceptions
    for bad in (_with({"hs_lead_name": "L"}), _with({}, *order["associations"])):
        assert tried.refuses(errors.ApiException, basic.create, bad).status == 400
    tried.refuses(errors.NotFoundException, basic.get_by_id, made.id)
    administer("settings", lead_seats=False)
    tried.refuses(errors.ForbiddenException, basic.get_page)


def test_leads_as_any_object(tried: Tried, crm: Any, clock: SandboxClock) -> None:
    """Behavior 55: leads satisfy the client as generic objects, by the number of their type."""
    _walk(tried, crm, clock, "0-136", {"hs_lead_name": "L"}, PRIMARY)


def test_deals_as_any_object(tried: Tried, crm: Any, clock: SandboxClock) -> None:
    """Behavior 55: deals satisfy the client as generic objects, by the number of their type."""
    _walk(tried, crm, clock, "0-3", {"dealname": "D", "dealstage": "closedwon"}, TO_CONTACT)


def _walk(tried: Tried, crm: Any, clock: SandboxClock, kind: str, values: dict[str, str], spec: dict[str, Any]) -> None:
    """Do with an object whatever the generic part of the client can do."""
    order = _with(values, {"to": {"id": _make(crm, email="a@x.example").id}, "types": [spec]})
    basic, batch = crm.objects.basic_api, crm.objects.batch_api
    made = tried.accepts(basic.create, kind, order).id
    assert tried.accepts(basic.get_by_id, kind, made).id == made
    assert tried.accepts(basic.update, kind, made, {"properties": values}).id == made
    assert [entry.id for entry in tried.accepts(basic.get_page, kind, archived=False).results] == [made]
    other = tried.accepts(batch.create, kind, {"inputs": [order]}).results[0].id
    wanted = {"inputs": [{"id": made}, {"id": "5"}], "properties": [], "propertiesWithHistory": []}
    assert tried.accepts(batch.read, kind, wanted).num_errors == 1
    assert len(tried.accepts(batch.update, kind, {"inputs": [{"id": other, "properties": values}]}).results) == 1
    clock.advance(60)
    assert tried.accepts(crm.objects.search_api.do_search, kind, EVERYTHING).total == 2
    tried.accepts(batch.archive, kind, {"inputs": [{"id": other}]})
    tried.accepts(basic.archive, kind, made)
    errors = hubspot.crm.objects.exceptions
    tried.refuses(errors.NotFoundException, basic.get_by_id, kind, made)
    assert tried.refuses(errors.ApiException, basic.create, kind, _with({})).status == 400
    assert tried.refuses(errors.ApiException, basic.get_page, "0-999").status == 400


def test_properties(tried: Tried, crm: Any) -> None:
    """Behavior 55: properties listed, read, made, changed and archived satisfy the client, and so do the refusals."""
    core = crm.properties.core_api
    for kind, name in (("contacts", "leadhub_id"), ("deals", "dealstage"), ("leads", "hs_lead_label")):
        assert name in [entry.name for entry in tried.accepts(core.get_all, kind).results]
    assert tried.accepts(core.get_by_name, "contacts", "lifecyclestage").options[1].value == "lead"
    order = {"name": "tier", "label": "Tier", "type": "enumeration", "fieldType": "select", "groupName": "contactinformation"}
    options = [{"label": name, "value": name.lower(), "hidden": False, "displayOrder": -1} for name in ("Gold", "Silver")]
    assert tried.accepts(core.create, "contacts", order | {"options": options}).name == "tier"
    assert tried.accepts(core.update, "contacts", "tier", {"label": "Grade", "options": options[:1]}).label == "Grade"
    errors = hubspot.crm.properties.exceptions
    assert tried.refuses(errors.ApiException, core.create, "contacts", order | {"options": options}).status == 409
    assert tried.refuses(errors.ApiException, core.create, "contacts", order | {"name": "b", "fieldType": "date"}).status == 400
    tried.accepts(core.archive, "contacts", "tier")
    assert [entry.name for entry in tried.accepts(core.get_all, "contacts", archived=True).results] == ["tier"]
    tried.refuses(errors.NotFoundException, core.get_by_name, "contacts", "no_such")
    assert tried.refuses(errors.ApiException, core.archive, "contacts", "email").status == 400


def test_pipelines_and_owners(tried: Tried, crm: Any) -> None:
    """Behavior 55: pipelines, their stages and owners, active and archived, satisfy the client."""
    pipelines, stages, owners = crm.pipelines.pipelines_api, crm.pipelines.pipeline_stages_api, crm.owners.owners_api
    for kind, count in (("contacts", 8), ("deals", 7), ("leads", 5)):
        (one,) = tried.accepts(pipelines.get_all, kind).results
        assert len(one.stages) == count
        assert tried.accepts(pipelines.get_by_id, kind, one.id).label == one.label
        assert [stage.id for stage in tried.accepts(stages.get_all, kind, one.id).results] == [stage.id for stage in one.stages]
    tried.refuses(hubspot.crm.pipelines.exceptions.NotFoundException, pipelines.get_by_id, "deals", "no_such")
    page = tried.accepts(owners.get_page, limit=2)
    assert (page.results[0].user_id, page.paging.next.after) == (9001, "2")
    (gone,) = tried.accepts(owners.get_page, archived=True).results
    assert (gone.id, gone.archived, gone.user_id) == ("7004", True, None)
    assert tried.accepts(owners.get_page, email=page.results[0].email).results == page.results[:1]
    assert tried.accepts(owners.get_by_id, 7001).email == page.results[0].email
    assert tried.accepts(owners.get_by_id, 7004, archived=True).archived
    tried.refuses(hubspot.crm.owners.exceptions.NotFoundException, owners.get_by_id, 7004)


def test_associations(tried: Tried, crm: Any) -> None:
    """Behavior 55: associations satisfy the client, one by one, in batches, labelled, and on what is created and read with them."""
    contact = _make(crm, email="a@x.example").id
    order = _with({"dealname": "D", "dealstage": "closedwon"}, {"to": {"id": contact}, "types": [TO_CONTACT]})
    deal = tried.accepts(crm.deals.basic_api.create, order).id
    read = tried.accepts(crm.deals.basic_api.get_by_id, deal, associations=["contacts"])
    assert [(end.id, end.type) for end in read.associations["contacts"].results] == [(contact, "deal_to_contact")]
    one, many, labels = crm.associations.v4.basic_api, crm.associations.v4.batch_api, crm.associations.v4.schema.definitions_api
    assert tried.accepts(one.create, "deals", deal, "contacts", contact, [TO_CONTACT]).labels == []
    assert tried.accepts(one.create_default, "deals", deal, "contacts", contact).status == "COMPLETE"
    assert tried.accepts(one.get_page, "deals", deal, "contacts").results[0].association_types[0].type_id == 3
    made = tried.accepts(labels.create, "deals", "contacts", {"label": "Buyer", "name": "buyer"}).results[0]
    assert made.type_id in [entry.type_id for entry in tried.accepts(labels.get_all, "deals", "contacts").results]
    labelled = {"associationCategory": "USER_DEFINED", "associationTypeId": made.type_id}
    pair = {"from": {"id": deal}, "to": {"id": contact}}
    assert tried.accepts(many.create, "deals", "contacts", {"inputs": [pair | {"types": [labelled]}]}).results[0].labels == ["Buyer"]
    assert len(tried.accepts(many.create_default, "deals", "contacts", {"inputs": [pair]}).results) == 2
    page = tried.accepts(many.get_page, "deals", "contacts", {"inputs": [{"id": deal}, {"id": "5"}]})
    assert (len(page.results[0].to), page.num_errors) == (1, 1)
    tried.accepts(many.archive_labels, "deals", "contacts", {"inputs": [pair | {"types": [labelled]}]})
    tried.accepts(many.archive, "deals", "contacts", {"inputs": [{"from": {"id": deal}, "to": [{"id": contact}]}]})
    tried.accepts(one.archive, "deals", deal, "contacts", contact)
    errors = hubspot.crm.associations.v4.exceptions
    tried.refuses(errors.NotFoundException, one.create_default, "deals", "5", "contacts", contact)
    wrong = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 578}
    assert tried.refuses(errors.ApiException, one.create, "deals", deal, "contacts", contact, [wrong]).status == 400


def test_oauth(tried: Tried, account: SandboxServer, clock: SandboxClock) -> None:
    """Behavior 55: the client refreshes its token, works with it, and is told by a 401 when it is over."""
    app = account.service.account.oauth
    client = hubspot.HubSpot(host=account.url, client_side_validation=True)
    secrets = {"refresh_token": app.refresh_token, "client_id": app.client_id, "client_secret": app.client_secret}
    told = tried.accepts(client.oauth.tokens_api.create, grant_type="refresh_token", **secrets)
    assert (told.expires_in, told.token_type) == (1800, "bearer")
    client.access_token = told.access_token
    assert tried.accepts(client.crm.contacts.basic_api.get_page, archived=False).results == []
    clock.advance(1800)
    tried.refuses(hubspot.crm.contacts.exceptions.UnauthorizedException, client.crm.contacts.basic_api.get_page, archived=False)
    for wrong, code in (("refresh_token", "BAD_REFRESH_TOKEN"), ("client_id", "BAD_CLIENT_ID"), ("client_secret", "BAD_CLIENT_SECRET")):
        given = secrets | {wrong: "wrong"}
        problem = tried.refuses(hubspot.oauth.exceptions.ApiException, client.oauth.tokens_api.create, grant_type="refresh_token", **given)
        assert (problem.status, _body(problem)["status"]) == (400, code)


def test_forms(tried: Tried, account: SandboxServer, administer: Order) -> None:
    """Behavior 49, 55: the definitions of forms, in pages and by id, are read by the client, which here cannot validate: see the next test."""
    administer("forms", name="Second", fields=[{"name": "email", "required": True}, {"name": "city", "hidden": True}])
    forms = hubspot.HubSpot(access_token=account.service.token, host=account.url).marketing.forms.forms_api
    page = tried.accepts(forms.get_page, limit=1)
    rest = tried.accepts(forms.get_page, limit=1, after=page.paging.next.after)
    assert ([one.name for one in [*page.results, *rest.results]], rest.paging) == (["Contact us", "Second"], None)
    one = tried.accepts(forms.get_by_id, rest.results[0].id)
    assert [(field.name, field.hidden) for group in one.field_groups for field in group.fields] == [("email", False), ("city", True)]
    errors = hubspot.marketing.forms.exceptions
    tried.refuses(errors.NotFoundException, forms.get_by_id, "00000000-0000-0000-0000-000000000000")
    assert tried.refuses(errors.ApiException, forms.get_page, form_types=["nothing"]).status == 400


def test_the_parts_of_a_form(tried: Tried, client: Any, administer: Order) -> None:
    """Behavior 49, 55: each part of a form satisfies the client's model of it.

    As a whole no form satisfies the client: it takes every field for one that chooses a payment link, and every consent for an implicit one.
    """
    models = {
        "email": ("email", "EmailField"),
        "city": ("single_line_text", "SingleLineTextField"),
        "message": ("multi_line_text", "MultiLineTextField"),
        "phone": ("phone", "PhoneField"),
        "hs_lead_status": ("radio", "RadioField"),
        "numemployees": ("dropdown", "DropdownField"),
        "hs_legal_basis": ("multiple_checkboxes", "MultipleCheckboxesField"),
        "hs_email_optout": ("single_checkbox", "SingleCheckboxField"),
        "hubspotscore": ("number", "NumberField"),
        "createdate": ("datepicker", "DatepickerField"),
    }
    whole = administer("forms", name="All", fields=[{"name": name} for name in models])
    api = client.marketing.forms.forms_api.api_client

    def check(part: Any, model: str) -> None:
        api.deserialize(SimpleNamespace(data=json.dumps(part)), model)
        tried.note(f"marketing.forms.{model}")

    for group in whole["fieldGroups"]:
        check(group | {"fields": []}, "FieldGroup")
        for field in group["fields"]:
            assert field["fieldType"] == models[field["name"]][0]
            check(field, models[field["name"]][1])
    check(whole["configuration"], "HubSpotFormConfiguration")
    check(whole["displayOptions"], "FormDisplayOptions")
    check(whole["legalConsentOptions"], "LegalConsentOptionsNone")
