"""Associations: one by one, in batches, with labels, on reading and on creating."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from leadhub_sandbox.clock import SandboxClock

CONTACTS, DEALS = "/crm/v3/objects/contacts", "/crm/v3/objects/deals"
DEAL_TO_CONTACT = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}
UNLABELED = {"category": "HUBSPOT_DEFINED", "typeId": 3, "label": None}
Create = Callable[..., dict[str, Any]]
VERSIONS = pytest.mark.parametrize(
    ("one", "many"),
    [("/crm/v4/objects", "/crm/v4/associations")] + [(f"/crm/objects/{dated}", f"/crm/associations/{dated}") for dated in ("2026-03", "2026-09")],
)


@pytest.fixture
def deal(hub: httpx.Client) -> Callable[..., str]:
    """Create a deal, associated with these contacts, and return its id."""

    def make(*contacts: str) -> str:
        ends = [{"to": {"id": contact}, "types": [DEAL_TO_CONTACT]} for contact in contacts]
        answer = hub.post(DEALS, json={"properties": {"dealname": "D", "dealstage": "closedwon"}, "associations": ends})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    return make


def ends(hub: httpx.Client, deal: str) -> list[int]:
    """Return the contacts of a deal."""
    return [entry["toObjectId"] for entry in hub.get(f"/crm/v4/objects/deals/{deal}/associations/contacts").json()["results"]]


@VERSIONS
def test_a_default_association_is_seen_from_both_ends(hub: httpx.Client, create: Create, deal: Callable[..., str], one: str, many: str) -> None:
    """Behavior 48: PUT default associates without a label, each end by its own type id, and DELETE ends it for both."""
    made, contact = deal(), create(email="a@x.example")["id"]
    told = hub.put(f"{one}/deals/{made}/associations/default/contacts/{contact}").json()["results"]
    assert [(entry["from"]["id"], entry["to"]["id"], entry["associationSpec"]["associationTypeId"]) for entry in told] == [
        (made, contact, 3),
        (contact, made, 4),
    ]
    assert hub.get(f"{one}/deal/{made}/associations/contact").json() == {"results": [{"toObjectId": int(contact), "associationTypes": [UNLABELED]}]}
    back = hub.get(f"{one}/0-1/{contact}/associations/0-3").json()["results"]
    assert [(entry["toObjectId"], entry["associationTypes"][0]["typeId"]) for entry in back] == [(int(made), 4)]
    assert [hub.delete(f"{one}/contacts/{contact}/associations/deals/{made}").status_code for _ in range(2)] == [204, 204]
    assert ends(hub, made) == []
    assert hub.post(f"{many}/deals/contacts/batch/read", json={"inputs": [{"id": made}]}).status_code == 207


def test_a_label_is_the_accounts_own(hub: httpx.Client, create: Create, deal: Callable[..., str]) -> None:
    """Behavior 48: a label has a type id for each direction; putting it keeps the unlabeled type, and labels go one by one."""
    made, contact = deal(), create(email="a@x.example")["id"]
    labels = "/crm/v4/associations/deals/contacts/labels"
    order = {"name": "buyer", "label": "Buyer", "inverseLabel": "Buys"}
    there, back = hub.post(labels, json=order).json()["results"]
    assert (there["category"], there["label"], back["label"], there["typeId"] == back["typeId"]) == ("USER_DEFINED", "Buyer", "Buys", False)
    assert hub.get(labels).json()["results"] == [UNLABELED, there]
    assert hub.post(labels, json=order).status_code == 409
    spec = {"associationCategory": "USER_DEFINED", "associationTypeId": there["typeId"]}
    put = hub.put(f"/crm/v4/objects/deals/{made}/associations/contacts/{contact}", json=[spec])
    assert (put.status_code, put.json()["labels"]) == (201, ["Buyer"])
    assert hub.get(f"/crm/v4/objects/deals/{made}/associations/contacts").json()["results"][0]["associationTypes"] == [UNLABELED, there]
    gone = {"inputs": [{"from": {"id": made}, "to": {"id": contact}, "types": [spec]}]}
    assert hub.post("/crm/v4/associations/deals/contacts/batch/labels/archive", json=gone).status_code == 204
    assert hub.get(f"/crm/v4/objects/deals/{made}/associations/contacts").json()["results"][0]["associationTypes"] == [UNLABELED]


@pytest.mark.parametrize(
    "spec",
    [
        {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 4},
        {"associationCategory": "USER_DEFINED", "associationTypeId": 3},
        {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": "3"},
        {},
    ],
)
def test_a_wrong_type_is_refused(hub: httpx.Client, create: Create, deal: Callable[..., str], spec: dict[str, Any]) -> None:
    """Behavior 48: the type id of the other direction, of another category or of none is 400, and nothing is associated."""
    made, contact = deal(), create(email="a@x.example")["id"]
    assert hub.put(f"/crm/v4/objects/deals/{made}/associations/contacts/{contact}", json=[spec]).status_code == 400
    body = {"properties": {"dealname": "D", "dealstage": "closedwon"}, "associations": [{"to": {"id": contact}, "types": [spec]}]}
    assert hub.post(DEALS, json=body).status_code == 400
    assert (ends(hub, made), len(hub.get(DEALS).json()["results"])) == ([], 1)


def test_a_missing_record_is_refused(hub: httpx.Client, create: Create, deal: Callable[..., str]) -> None:
    """Behavior 48: what does not exist, or is archived, cannot be associated, nor can two types that do not go together."""
    made, gone, contact = deal(), create(email="a@x.example")["id"], create(email="b@x.example")["id"]
    hub.delete(f"{CONTACTS}/{gone}")
    for record in ("5", gone):
        assert hub.put(f"/crm/v4/objects/deals/{made}/associations/default/contacts/{record}").status_code == 404
        body = {"properties": {"dealname": "D", "dealstage": "closedwon"}, "associations": [{"to": {"id": record}, "types": [DEAL_TO_CONTACT]}]}
        assert hub.post(DEALS, json=body).status_code == 400
    assert hub.put(f"/crm/v4/objects/contacts/{contact}/associations/default/contacts/{contact}").status_code == 400
    assert hub.get(f"/crm/v4/objects/deals/{made}/associations/unicorns").status_code == 400
    assert hub.get(f"/crm/v3/objects/deals/{made}/associations/contacts").status_code == 404
    assert hub.get("/crm/v4/objects/deals").status_code == 404


def test_one_records_associations_come_in_pages(hub: httpx.Client, create: Create, deal: Callable[..., str]) -> None:
    """Behavior 48: GET has a limit of at most 500 and a cursor, and archived records are not among them."""
    contacts = [create(email=f"{name}@x.example")["id"] for name in "abcd"]
    made = deal(*contacts)
    hub.delete(f"{CONTACTS}/{contacts[3]}")
    base = f"/crm/v4/objects/deals/{made}/associations/contacts"
    first = hub.get(f"{base}?limit=2").json()
    second = hub.get(base, params={"limit": 2, "after": first["paging"]["next"]["after"]}).json()
    assert [entry["toObjectId"] for entry in first["results"] + second["results"]] == [int(contact) for contact in contacts[:3]]
    assert "paging" not in second
    assert hub.get(f"{base}?limit=501").status_code == 400


@VERSIONS
def test_batches(hub: httpx.Client, create: Create, deal: Callable[..., str], one: str, many: str) -> None:
    """Behavior 48: batches create, with labels or without, read and archive; a record without any is told in a 207."""
    contacts = [create(email=f"{name}@x.example")["id"] for name in "abc"]
    first, second = deal(), deal()
    base = f"{many}/deals/contacts/batch"
    pairs = [{"from": {"id": first}, "to": {"id": contact}} for contact in contacts]
    assert hub.post(f"{base}/create", json={"inputs": [pair | {"types": [DEAL_TO_CONTACT]} for pair in pairs]}).status_code == 201
    assert hub.post(f"{base}/associate/default", json={"inputs": pairs}).status_code == 200
    read = hub.post(f"{base}/read", json={"inputs": [{"id": first}, {"id": second}, {"id": "5"}]})
    assert (read.status_code, read.json()["numErrors"], read.json()["results"][0]["from"]) == (207, 2, {"id": first})
    assert [entry["toObjectId"] for entry in read.json()["results"][0]["to"]] == [int(contact) for contact in contacts]
    assert (
        hub.post(f"{base}/archive", json={"inputs": [{"from": {"id": first}, "to": [{"id": contact} for contact in contacts[:2]]}]}).status_code
        == 204
    )
    assert ends(hub, first) == [int(contacts[2])]


@pytest.mark.parametrize(("verb", "most"), [("read", 1000), ("create", 2000), ("archive", 100)])
def test_batch_sizes(hub: httpx.Client, verb: str, most: int) -> None:
    """Behavior 48: a batch reads 1,000, creates 2,000 and archives 100 at most."""
    entry = {"id": "5", "from": {"id": "5"}, "to": [{"id": "6"}] if verb == "archive" else {"id": "6"}, "types": [DEAL_TO_CONTACT]}
    base = f"/crm/v4/associations/deals/contacts/batch/{verb}"
    assert hub.post(base, json={"inputs": [entry] * (most + 1)}).status_code == 400
    assert hub.post(base, json={"inputs": [entry] * most}).status_code in (204, 207)


def test_reading_tells_associations_when_asked(hub: httpx.Client, create: Create, deal: Callable[..., str]) -> None:
    """Behavior 48: `associations` on a list and on a read names the records by type; unasked they are left out, an unknown type is 400."""
    contact = create(email="a@x.example")["id"]
    made = deal(contact)
    wanted = {"contacts": {"results": [{"id": contact, "type": "deal_to_contact"}]}}
    assert hub.get(f"{DEALS}/{made}?associations=contacts").json()["associations"] == wanted
    assert hub.get(f"{DEALS}?associations=contact").json()["results"][0]["associations"] == wanted
    back = hub.get(f"{CONTACTS}/a@x.example?idProperty=email&associations=deals").json()
    assert back["associations"]["deals"]["results"] == [{"id": made, "type": "contact_to_deal"}]
    assert "associations" not in hub.get(f"{DEALS}/{made}").json()
    assert "associations" not in hub.get(f"{DEALS}/{deal()}?associations=contacts").json()
    assert hub.get(f"{DEALS}?associations=unicorns").status_code == 400


@pytest.mark.parametrize("base", [DEALS, "/crm/objects/2026-03/deals", "/crm/objects/2026-09/deals"])
def test_a_batch_create_takes_associations(hub: httpx.Client, create: Create, base: str) -> None:
    """Behavior 48: each input of a batch create has associations of its own; a wrong one is that input's error."""
    contact = create(email="a@x.example")["id"]
    entry = {"properties": {"dealname": "D", "dealstage": "closedwon"}}
    good = entry | {"associations": [{"to": {"id": contact}, "types": [DEAL_TO_CONTACT]}], "objectWriteTraceId": "1"}
    bad = entry | {"associations": [{"to": {"id": "5"}, "types": [DEAL_TO_CONTACT]}], "objectWriteTraceId": "2"}
    answer = hub.post(f"{base}/batch/create", json={"inputs": [good, bad]})
    assert (answer.status_code, answer.json()["errors"][0]["context"]["objectWriteTraceId"]) == (207, ["2"])
    assert ends(hub, answer.json()["results"][0]["id"]) == [int(contact)]


def test_counts_are_calculated_and_bump_the_record(hub: httpx.Client, create: Create, deal: Callable[..., str], clock: SandboxClock) -> None:
    """Behavior 41: a contact counts its live deals, and the count that moves is a change of the contact, an echo to whoever reads it."""
    contact = create(email="a@x.example")["id"]

    def shown() -> tuple[str | None, str]:
        told = hub.get(f"{CONTACTS}/{contact}?properties=num_associated_deals").json()
        return told["properties"]["num_associated_deals"], told["updatedAt"][11:16]

    assert shown() == (None, "09:00")
    clock.advance(60)
    made = deal(contact)
    assert shown() == ("1", "09:01")
    assert hub.get(f"{DEALS}/{made}?properties=num_associated_contacts").json()["properties"]["num_associated_contacts"] == "1"
    clock.advance(60)
    hub.delete(f"{DEALS}/{made}")
    assert shown() == ("0", "09:02")
    hub.post("/_sandbox/restore", json={"object": "deals", "id": made})
    assert shown() == ("1", "09:02")


@pytest.mark.parametrize("new_id", [True, False])
def test_a_merge_takes_the_associations_along(
    hub: httpx.Client, create: Create, deal: Callable[..., str], settings: Callable[..., None], new_id: bool
) -> None:
    """Behavior 34: the survivor has the deals of both."""
    settings(merge_makes_new_id=new_id)
    pair = [create(email=f"{name}@x.example")["id"] for name in "ab"]
    deals = [deal(contact) for contact in pair]
    merged = hub.post(f"{CONTACTS}/merge", json={"primaryObjectId": pair[0], "objectIdToMerge": pair[1]}).json()["id"]
    assert [ends(hub, made) for made in deals] == [[int(merged)], [int(merged)]]
    assert hub.get(f"{CONTACTS}/{merged}?properties=num_associated_deals").json()["properties"]["num_associated_deals"] == "2"


def test_associating_needs_the_scopes_of_both_ends(
    hub: httpx.Client, create: Create, deal: Callable[..., str], settings: Callable[..., None]
) -> None:
    """Behavior 3: a token that reads contacts alone sees no associations with deals, and one that reads both makes none."""
    made, contact = deal(), create(email="a@x.example")["id"]
    path = f"/crm/v4/objects/contacts/{contact}/associations"
    settings(scopes=["crm.objects.contacts.read"])
    assert hub.get(f"{path}/deals").status_code == 403
    settings(scopes=["crm.objects.contacts.read", "crm.objects.deals.read", "crm.objects.contacts.write"])
    assert hub.get(f"{path}/deals").status_code == 200
    assert hub.put(f"{path}/default/deals/{made}").status_code == 403


def test_a_snapshot_keeps_associations(hub: httpx.Client, create: Create, deal: Callable[..., str]) -> None:
    """Behavior 54: associations and labels come back with a snapshot, and `records` shows them."""
    contact = create(email="a@x.example")["id"]
    made = deal(contact)
    hub.post("/crm/v4/associations/deals/contacts/labels", json={"name": "buyer", "label": "Buyer"})
    state = hub.get("/_sandbox/snapshot").json()
    told = hub.get("/_sandbox/records").json()["associations"]
    assert {"from": {"object": "deals", "id": made}, "to": {"object": "contacts", "id": contact, "types": [3]}} in told
    hub.delete(f"/crm/v4/objects/deals/{made}/associations/contacts/{contact}")
    hub.put("/_sandbox/snapshot", json=state)
    assert ends(hub, made) == [int(contact)]
    assert len(hub.get("/crm/v4/associations/deals/contacts/labels").json()["results"]) == 2


def stage_of(hub: httpx.Client, contact: str) -> str | None:
    """Return a contact's life cycle stage."""
    stage: str | None = hub.get(f"{CONTACTS}/{contact}?properties=lifecyclestage").json()["properties"]["lifecyclestage"]
    return stage


def test_deals_move_their_contacts_forward(hub: httpx.Client, create: Create, deal: Callable[..., str]) -> None:
    """Behavior 52: a deal makes its contact an opportunity, a won one a customer, a lost one nothing, and never backward."""
    contact, later = (create(email=f"{name}@x.example")["id"] for name in "ab")
    evangelist = create(email="c@x.example", lifecyclestage="evangelist")["id"]
    ends = [{"to": {"id": record}, "types": [DEAL_TO_CONTACT]} for record in (contact, evangelist)]
    made = hub.post(DEALS, json={"properties": {"dealname": "D", "dealstage": "contractsent"}, "associations": ends}).json()["id"]
    assert [stage_of(hub, record) for record in (contact, later, evangelist)] == ["opportunity", "lead", "evangelist"]
    hub.patch(f"{DEALS}/{made}", json={"properties": {"dealstage": "closedwon"}})
    hub.put(f"/crm/v4/objects/contacts/{later}/associations/default/deals/{made}")
    assert [stage_of(hub, record) for record in (contact, later, evangelist)] == ["customer", "customer", "evangelist"]
    history = hub.get(f"{CONTACTS}/{later}?propertiesWithHistory=lifecyclestage").json()["propertiesWithHistory"]["lifecyclestage"]
    assert [(entry["value"], entry["sourceType"]) for entry in history] == [("customer", "AUTOMATION_PLATFORM"), ("lead", "INTEGRATION")]
    hub.patch(f"{DEALS}/{made}", json={"properties": {"dealstage": "closedlost"}})
    assert stage_of(hub, contact) == "customer"


def test_a_won_deal_comes_between_two_calls(hub: httpx.Client, create: Create, deal: Callable[..., str]) -> None:
    """Behavior 52: a person wins the deal after our clear and before our set: the stage is the deal's, and the set goes nowhere."""
    contact = create(email="a@x.example")["id"]
    made = deal(contact)
    hub.patch(f"{DEALS}/{made}", json={"properties": {"dealstage": "contractsent"}})
    hub.patch(f"{CONTACTS}/{contact}", json={"properties": {"lifecyclestage": ""}})
    assert stage_of(hub, contact) is None
    hub.post("/_sandbox/edit", json={"object": "deals", "id": made, "properties": {"dealstage": "closedwon"}})
    answer = hub.patch(f"{CONTACTS}/{contact}", json={"properties": {"lifecyclestage": "lead"}})
    assert (answer.status_code, answer.json()["properties"]["lifecyclestage"]) == (200, "customer")


def test_deals_can_leave_contacts_alone(hub: httpx.Client, create: Create, deal: Callable[..., str], settings: Callable[..., None]) -> None:
    """Behavior 52: an account may have that switched off."""
    settings(deals_move_contacts=False)
    contact = create(email="a@x.example")["id"]
    deal(contact)
    assert stage_of(hub, contact) == "lead"
