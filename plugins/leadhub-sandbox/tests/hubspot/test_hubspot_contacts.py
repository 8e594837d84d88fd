"""Contacts one by one: what a create, read, update and archive promise and refuse."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from leadhub_sandbox.clock import SandboxClock

V3 = "/crm/v3/objects/contacts"
Create = Callable[..., dict[str, Any]]


def test_ids_are_growing_numbers_in_text(create: Create) -> None:
    """Behavior 5: ids are numeric strings that only grow, and hs_object_id is the id."""
    made = [create(email=f"{name}@x.example") for name in "abc"]
    ids = [int(entry["id"]) for entry in made]
    assert ids == sorted(set(ids))
    assert [entry["properties"]["hs_object_id"] for entry in made] == [entry["id"] for entry in made]


def test_listing_goes_page_by_page(hub: httpx.Client, fill: Callable[[int], None]) -> None:
    """Behavior 6: ten a page unless asked, and the link leads through every record to an end without paging."""
    fill(25)
    url, seen = V3, []
    sizes = []
    while url:
        body = hub.get(url).json()
        sizes.append(len(body["results"]))
        seen += [entry["id"] for entry in body["results"]]
        url = body.get("paging", {}).get("next", {}).get("link")
        assert url is None or url.startswith(str(hub.base_url))
    assert sizes == [10, 10, 5]
    assert seen == sorted(set(seen))


@pytest.mark.parametrize(("query", "status"), [("limit=100", 200), ("limit=101", 400), ("limit=0", 400), ("limit=ten", 400)])
def test_list_limits(hub: httpx.Client, query: str, status: int) -> None:
    """Behavior 6: a page has 1 to 100 records."""
    assert hub.get(f"{V3}?{query}").status_code == status


def test_history_halves_the_page(hub: httpx.Client) -> None:
    """Behavior 6: with propertiesWithHistory a page has at most 50 records."""
    assert hub.get(f"{V3}?limit=50&propertiesWithHistory=email").status_code == 200
    assert hub.get(f"{V3}?limit=51&propertiesWithHistory=email").status_code == 400


def test_a_made_up_cursor_is_refused(hub: httpx.Client) -> None:
    """Behavior 6: `after` is a cursor of the list's own and nothing to compute with."""
    assert hub.get(f"{V3}?after=10").status_code == 400


def test_list_shows_default_properties_and_the_asked(hub: httpx.Client, create: Create) -> None:
    """Behavior 7: only default properties come unasked; unknown asked names are ignored and blank asked ones are null."""
    create(email="a@x.example", phone="1", city="Lund")
    plain = hub.get(V3).json()["results"][0]["properties"]
    asked = hub.get(V3, params={"properties": "city,fax,no_such"}).json()["results"][0]["properties"]
    repeated = hub.get(f"{V3}?properties=city&properties=fax").json()["results"][0]["properties"]
    assert set(plain) == {"createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"}
    assert set(asked) - set(plain) == {"city", "fax"}
    assert (asked["city"], asked["fax"]) == ("Lund", None)
    assert repeated == asked


@pytest.mark.parametrize("spelling", ["true", "True"])
def test_archived_records_are_listed_apart(hub: httpx.Client, create: Create, spelling: str) -> None:
    """Behavior 8: an archived contact is only in the archived list, in either spelling of true, with its archivedAt."""
    gone, kept = (create(email=f"{name}@x.example")["id"] for name in "ab")
    assert hub.delete(f"{V3}/{gone}").status_code == 204
    live = hub.get(f"{V3}?archived=False").json()["results"]
    archived = hub.get(f"{V3}?archived={spelling}").json()["results"]
    assert [entry["id"] for entry in live] == [kept]
    assert [(entry["id"], entry["archived"], entry["archivedAt"]) for entry in archived] == [(gone, True, "2026-03-02T09:00:00.000Z")]


def test_read_by_email(hub: httpx.Client, create: Create) -> None:
    """Behavior 9: an e-mail finds its contact in any case, encoded or not, also a secondary one; an unknown one is 404."""
    made = create(email="a@x.example")
    hub.post("/_sandbox/edit", json={"id": made["id"], "properties": {"hs_additional_emails": "second@x.example"}})
    for address in ("a@x.example", "A%40X.example", "second@x.example"):
        assert hub.get(f"{V3}/{address}?idProperty=email").json()["id"] == made["id"]
    missing = hub.get(f"{V3}/no@x.example?idProperty=email")
    assert (missing.status_code, missing.json()["category"]) == (404, "OBJECT_NOT_FOUND")


def test_create_fills_what_hubspot_fills(create: Create) -> None:
    """Behavior 10: a create answers 201 with what was sent and what HubSpot adds."""
    values = create(lastname="Berg", phone="1")["properties"]
    assert (values["lastname"], values["phone"], values["hs_is_unworked"]) == ("Berg", "1", "true")
    assert values["hs_pipeline"] == "contacts-lifecycle-pipeline"
    assert values["createdate"] == values["lastmodifieddate"] == "2026-03-02T09:00:00.000Z"


def test_create_needs_a_name_or_email(hub: httpx.Client) -> None:
    """Behavior 10: without email, firstname and lastname a create is 400 and nothing is written."""
    assert hub.post(V3, json={"properties": {"phone": "1", "email": ""}}).status_code == 400
    assert hub.get(V3).json()["results"] == []


def test_lifecycle_stage_on_create_is_a_switch(create: Create, settings: Callable[..., None]) -> None:
    """Behavior 11: a contact without a stage becomes a lead, dated, unless the account has that switched off."""
    on = create(email="a@x.example")["properties"]
    given = create(email="b@x.example", lifecyclestage="customer")["properties"]
    settings(lifecycle_on_create=False)
    off = create(email="c@x.example")["properties"]
    assert (on["lifecyclestage"], on["hs_lifecyclestage_lead_date"]) == ("lead", "2026-03-02T09:00:00.000Z")
    assert given["lifecyclestage"] == "customer"
    assert "lifecyclestage" not in off


def test_emails_are_kept_in_lower_case(create: Create) -> None:
    """Behavior 12: an e-mail comes back in lower case and without outer blanks."""
    assert create(email=" Jo.Berg@X.Example ")["properties"]["email"] == "jo.berg@x.example"


def test_a_taken_email_is_a_conflict(hub: httpx.Client, create: Create, settings: Callable[..., None]) -> None:
    """Behavior 13: another contact's primary or secondary e-mail, in any case, is 409; the id is in the text, or left out."""
    made = create(email="a@x.example")
    hub.post("/_sandbox/edit", json={"id": made["id"], "properties": {"hs_additional_emails": "second@x.example"}})
    for address in ("A@x.example", "second@X.example"):
        answer = hub.post(V3, json={"properties": {"email": address}})
        assert (answer.status_code, answer.json()["category"]) == (409, "CONFLICT")
        assert answer.json()["message"] == f"Contact already exists. Existing ID: {made['id']}"
    settings(conflict_names_id=False)
    assert "ID" not in hub.post(V3, json={"properties": {"email": "a@x.example"}}).json()["message"]


def test_an_email_cannot_be_taken_over(hub: httpx.Client, create: Create) -> None:
    """Behavior 14: a PATCH to another contact's e-mail is 409 and changes nothing; one's own is no conflict."""
    create(email="a@x.example")
    other = create(email="b@x.example")["id"]
    assert hub.patch(f"{V3}/{other}", json={"properties": {"email": "a@x.example", "city": "Lund"}}).status_code == 409
    values = hub.get(f"{V3}/{other}?properties=city").json()["properties"]
    assert (values["email"], values["city"]) == ("b@x.example", None)
    assert hub.patch(f"{V3}/{other}", json={"properties": {"email": "B@x.example"}}).status_code == 200


@pytest.mark.parametrize("address", ["no-at-sign", "a@b", "two@at@x.example", "a b@x.example"])
def test_an_invalid_email_is_refused(hub: httpx.Client, address: str) -> None:
    """Behavior 15: a text that is no e-mail is 400 INVALID_EMAIL."""
    answer = hub.post(V3, json={"properties": {"email": address}})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "INVALID_EMAIL")


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("no_such", "1", "PROPERTY_DOESNT_EXIST"),
        ("lifecyclestage", "Lead", "INVALID_OPTION"),
        ("hs_lead_status", "nope", "INVALID_OPTION"),
        ("hs_object_id", "5", "READ_ONLY_VALUE"),
        ("num_associated_deals", "1", "READ_ONLY_VALUE"),
        ("hs_data_privacy_ads_consent", "yes", "INVALID_BOOLEAN"),
        ("hs_email_optout", "true", "READ_ONLY_VALUE"),
        ("closedate", "tomorrow", "INVALID_DATE"),
        ("company", "x" * 65_537, "VALUE_TOO_LONG"),
    ],
)
def test_wrong_values_are_refused_as_a_whole(hub: httpx.Client, create: Create, name: str, value: str, code: str) -> None:
    """Behaviors 16 to 19: one wrong property refuses the whole record, in errors[] and as JSON in the message."""
    made = create(email="a@x.example")["id"]
    answer = hub.patch(f"{V3}/{made}", json={"properties": {name: value, "city": "Lund"}})
    body = answer.json()
    assert (answer.status_code, body["category"]) == (400, "VALIDATION_ERROR")
    assert (body["errors"][0]["code"], body["errors"][0]["context"]) == (code, {"propertyName": [name]})
    assert body["message"].startswith('Property values were not valid: [{"isValid": false')
    assert f'"error": "{code}"' in body["message"]
    assert hub.get(f"{V3}/{made}?properties=city").json()["properties"]["city"] is None


def test_a_wrong_option_names_the_right_ones(hub: httpx.Client) -> None:
    """Behavior 17: INVALID_OPTION lists the options, which the administrator can change; a hidden one is accepted."""
    hub.post("/_sandbox/settings", json={"options": {"hs_lead_status": ["HOT", {"value": "OLD", "hidden": True}]}})
    answer = hub.post(V3, json={"properties": {"email": "a@x.example", "hs_lead_status": "NEW"}})
    assert answer.json()["errors"][0]["message"] == "NEW was not one of the allowed options: [HOT, OLD]"
    assert hub.post(V3, json={"properties": {"email": "a@x.example", "hs_lead_status": "OLD"}}).status_code == 201


@pytest.mark.parametrize(
    ("kind", "field", "good", "stored", "bad"),
    [
        ("number", "number", "12.50", "12.50", "twelve"),
        ("date", "date", "1772409600000", "2026-03-02", "1772409600001"),
        ("datetime", "date", "2026-03-02T10:00:00+01:00", "2026-03-02T09:00:00.000Z", "later"),
        ("bool", "booleancheckbox", "true", "true", "True"),
    ],
)
def test_values_must_fit_the_type(hub: httpx.Client, kind: str, field: str, good: str, stored: str, bad: str) -> None:
    """Behavior 19: numbers, days, instants and booleans are checked as texts and kept in HubSpot's form."""
    made = {"name": "extra", "label": "Extra", "type": kind, "fieldType": field, "groupName": "contactinformation"}
    assert hub.post("/crm/v3/properties/contacts", json=made).status_code == 201
    answer = hub.post(V3, json={"properties": {"email": "a@x.example", "extra": good}})
    assert answer.json()["properties"]["extra"] == stored
    assert hub.post(V3, json={"properties": {"email": "b@x.example", "extra": bad}}).status_code == 400


@pytest.mark.parametrize("properties", [{"email": "a@x.example", "phone": 1}, {"email": None}, ["email"], None])
def test_values_that_are_no_texts_are_refused(hub: httpx.Client, properties: object) -> None:
    """Behavior 19: property values are strings, never null and never a number."""
    assert hub.post(V3, json={"properties": properties}).status_code == 400


@pytest.mark.parametrize(("reads_as", "value"), [("null", None), ("empty", "")])
def test_an_empty_text_clears(hub: httpx.Client, create: Create, settings: Callable[..., None], reads_as: str, value: str | None) -> None:
    """Behavior 20: "" clears a value, which then reads as null, or as "" where so set."""
    settings(cleared_reads_as=reads_as)
    made = create(email="a@x.example", city="Lund")["id"]
    changed = hub.patch(f"{V3}/{made}", json={"properties": {"city": ""}}).json()
    assert changed["properties"]["city"] == value
    assert hub.get(f"{V3}/{made}?properties=city").json()["properties"]["city"] == value


def test_archive_and_what_follows(hub: httpx.Client, create: Create) -> None:
    """Behavior 32: archiving is 204 for any id; then GET and PATCH are 404, archived=true reads it, and its e-mail is free."""
    made = create(email="a@x.example")["id"]
    assert [hub.delete(f"{V3}/{record}").status_code for record in (made, made, "42")] == [204, 204, 204]
    assert hub.get(f"{V3}/{made}").status_code == 404
    assert hub.patch(f"{V3}/{made}", json={"properties": {"city": "Lund"}}).status_code == 404
    assert hub.get(f"{V3}/{made}?archived=true").json()["archived"] is True
    assert create(email="a@x.example")["id"] != made
    assert hub.post("/_sandbox/restore", json={"id": made}).status_code == 409


def test_restore(hub: httpx.Client, create: Create) -> None:
    """Behavior 32: a restored contact is live under its old id."""
    made = create(email="a@x.example")["id"]
    hub.delete(f"{V3}/{made}")
    assert hub.post("/_sandbox/restore", json={"id": made}).status_code == 200
    assert hub.get(f"{V3}/a@x.example?idProperty=email").json()["id"] == made


@pytest.mark.parametrize("new_id", [True, False])
def test_merge(hub: httpx.Client, create: Create, settings: Callable[..., None], new_id: bool) -> None:
    """Behavior 34: both ids lead to the survivor, blanks are filled from the other, its e-mail becomes a secondary one."""
    settings(merge_makes_new_id=new_id)
    first = create(email="a@x.example", city="Lund")["id"]
    second = create(email="b@x.example", city="Oslo", phone="2")["id"]
    merged = hub.post(f"{V3}/merge", json={"primaryObjectId": first, "objectIdToMerge": second}).json()
    values = merged["properties"]
    assert (merged["id"] not in (first, second)) is new_id
    assert (values["city"], values["phone"], values["hs_additional_emails"]) == ("Lund", "2", "b@x.example")
    assert values["hs_merged_object_ids"] == (f"{first};{second}" if new_id else second)
    assert values["hs_calculated_merged_vids"].endswith(f"{second}:1772442000000")
    assert {hub.get(f"{V3}/{old}").json()["id"] for old in (first, second)} == {merged["id"]}
    batch = hub.post(f"{V3}/batch/read", json={"inputs": [{"id": second}], "properties": [], "propertiesWithHistory": []})
    assert [entry["id"] for entry in batch.json()["results"]] == [merged["id"]]
    assert [entry["id"] for entry in hub.get(V3).json()["results"]] == [merged["id"]]
    assert hub.get(f"{V3}?archived=true").json()["results"] == []


@pytest.mark.parametrize("new_id", [True, False])
def test_a_contact_is_made_of_no_more_than_so_many_merges(hub: httpx.Client, create: Create, settings: Callable[..., None], new_id: bool) -> None:
    """Behavior 34: the 251st merge is 414 and changes nothing, whichever of the two has the merges behind it."""
    settings(merge_makes_new_id=new_id)
    made = hub.post("/_sandbox/create_many", json={"records": [{"lastname": "Lee"}] * 252}).json()["ids"]
    survivor = made[0]
    for number in made[1:251]:
        survivor = hub.post("/_sandbox/merge", json={"primaryObjectId": survivor, "objectIdToMerge": number}).json()["id"]
    for pair in ((survivor, made[251]), (made[251], survivor)):
        refused = hub.post(f"{V3}/merge", json=dict(zip(("primaryObjectId", "objectIdToMerge"), pair, strict=True)))
        assert (refused.status_code, refused.json()["message"]) == (414, "Cannot have more than 250 identities")
    assert hub.get(f"{V3}/{made[251]}").json()["id"] == made[251]


def test_the_later_value_wins_a_merge_where_so_set(hub: httpx.Client, create: Create, settings: Callable[..., None], clock: SandboxClock) -> None:
    """Behavior 34: whose value a merge keeps, sources disagree: the primary's, or by the switch the later one; the primary e-mail stays either way."""
    settings(merge_values="latest")
    first = create(email="a@x.example", city="Lund", phone="1")["id"]
    clock.advance(60)
    second = create(email="b@x.example", city="Oslo")["id"]
    merged = hub.post(f"{V3}/merge", json={"primaryObjectId": first, "objectIdToMerge": second}).json()
    shown = hub.get(f"{V3}/{merged['id']}?properties=city,phone,email").json()["properties"]
    assert (shown["city"], shown["phone"], shown["email"]) == ("Oslo", "1", "a@x.example")


@pytest.mark.parametrize(("through", "status"), [(True, 200), (False, 404)])
def test_writes_through_a_merged_id_are_a_switch(
    hub: httpx.Client, create: Create, settings: Callable[..., None], through: bool, status: int
) -> None:
    """Behavior 35: an update by an id that was merged away changes the survivor, or is 404 where so set."""
    settings(write_through_merged=through)
    pair = [create(email=f"{name}@x.example")["id"] for name in "ab"]
    survivor = hub.post(f"{V3}/merge", json={"primaryObjectId": pair[0], "objectIdToMerge": pair[1]}).json()["id"]
    assert hub.patch(f"{V3}/{pair[1]}", json={"properties": {"city": "Lund"}}).status_code == status
    city = hub.get(f"{V3}/{survivor}?properties=city").json()["properties"]["city"]
    assert city == ("Lund" if through else None)


@pytest.mark.parametrize("bumps", [True, False])
def test_a_write_of_nothing_new(hub: httpx.Client, create: Create, settings: Callable[..., None], clock: SandboxClock, bumps: bool) -> None:
    """Behavior 41: writing the same value again bumps lastmodifieddate, unless switched off."""
    settings(noop_bumps_modified=bumps)
    made = create(email="a@x.example", city="Lund")["id"]
    clock.advance(60)
    changed = hub.patch(f"{V3}/{made}", json={"properties": {"city": "Lund"}}).json()
    assert changed["properties"]["lastmodifieddate"] == changed["updatedAt"] == f"2026-03-02T09:0{int(bumps)}:00.000Z"


@pytest.mark.parametrize(("base", "status"), [(V3, 201), ("/crm/objects/2026-03/contacts", 201), ("/crm/objects/2026-09/contacts", 400)])
def test_account_rules_bind_the_newest_version(hub: httpx.Client, settings: Callable[..., None], base: str, status: int) -> None:
    """Behavior 45: version 2026-09 refuses a write that leaves a required property blank."""
    settings(required_from_2026_09=["lastname"])
    assert hub.post(base, json={"properties": {"email": "a@x.example"}}).status_code == status
