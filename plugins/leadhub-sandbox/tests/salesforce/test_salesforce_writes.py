"""One record written: what is stored, stamped and refused (behaviors 9 to 13, 15, 16, 28, 30, 35, 37, 38, 45)."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from leadhub_sandbox import SandboxClock

Make = Callable[..., str]
Read = Callable[[str], dict[str, Any]]
Admin = Callable[..., Any]


def test_a_create_fills_defaults_and_names_all_that_is_missing(api: httpx.Client, lead: Read) -> None:
    """9: a create answers 201 with the id, fills Status and owner, and without its required fields names each of them."""
    created = api.post("/sobjects/Lead", json={"LastName": "Berg", "Company": "Acme"})
    assert created.status_code == 201
    assert created.json() == {"id": created.json()["id"], "success": True, "errors": []}
    row = lead(created.json()["id"])
    assert row["Status"] == "Open - Not Contacted"
    assert row["OwnerId"] == row["CreatedById"]
    refused = api.post("/sobjects/Lead", json={"FirstName": "Ann"})
    assert refused.status_code == 400
    assert refused.json()[0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert refused.json()[0]["fields"] == ["LastName", "Company"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"Name": "Ann Berg"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),  # 10
        ({"Id": "00QD000000FP14JMAT"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"SystemModstamp": "2026-01-01T00:00:00Z"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"IsConverted": True}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"Nonsense__c": "x"}, "INVALID_FIELD"),
        ({"LastName": "x" * 81}, "STRING_TOO_LONG"),  # 11
        ({"Email": "not an address"}, "INVALID_EMAIL_ADDRESS"),
        ({"Demo_Date__c": "16.11.2026"}, "JSON_PARSER_ERROR"),
        ({"Next_Call__c": "2026-11-16T10:00:00"}, "JSON_PARSER_ERROR"),
        ({"AnnualRevenue": "much"}, "JSON_PARSER_ERROR"),
        ({"DoNotCall": "maybe"}, "JSON_PARSER_ERROR"),
        ({"Title": 7}, "JSON_PARSER_ERROR"),
        ({"Tier__c": "Z"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),  # 13
        ({"Status": None}, "REQUIRED_FIELD_MISSING"),
        ({"Company": ""}, "REQUIRED_FIELD_MISSING"),
        ({"Status": "Closed - Converted"}, "INVALID_STATUS"),
    ],
)
def test_a_value_that_salesforce_refuses_changes_nothing(
    *, api: httpx.Client, make_lead: Make, lead: Read, refusal: Callable[..., Any], fields: dict[str, Any], code: str
) -> None:
    """10, 11, 13: read-only, unknown, over-long, ill-typed and barred values are refused, on create and on update, and leave the row alone."""
    row_id = make_lead()
    before = lead(row_id)
    assert refusal(api.patch(f"/sobjects/Lead/{row_id}", json=fields)) == (400, code)
    assert lead(row_id) == before
    if fields != {"Status": None}:
        assert refusal(api.post("/sobjects/Lead", json={"LastName": "B", "Company": "C"} | fields)) == (400, code)


@pytest.mark.parametrize(
    ("field", "most", "beyond"),
    [("Score__c", 10**16 - 100, 10**16), ("AnnualRevenue", 9 * 10**17, -(10**18)), ("NumberOfEmployees", 99_999_999, "100000000")],
)
def test_a_number_has_no_more_digits_than_its_description_says(
    *, api: httpx.Client, make_lead: Make, lead: Read, field: str, most: int, beyond: object
) -> None:
    """11: a number with more digits before the point than describe tells is NUMBER_OUTSIDE_VALID_RANGE and names its field; the greatest one is kept."""
    row_id = make_lead(**{field: most})
    refused = api.patch(f"/sobjects/Lead/{row_id}", json={field: beyond})
    assert (refused.status_code, refused.json()[0]["errorCode"], refused.json()[0]["fields"]) == (400, "NUMBER_OUTSIDE_VALID_RANGE", [field])
    assert lead(row_id)[field] == most


def test_an_update_does_not_name_its_record_twice(api: httpx.Client, make_lead: Make) -> None:
    """10: an update whose data has the Id, the record's own too, is refused in the words that a collection has for it."""
    row_id = make_lead()
    for name in ("Id", "id"):
        (error,) = api.patch(f"/sobjects/Lead/{row_id}", json={name: row_id, "LastName": "x"}).json()
        assert error["message"] == "The Id field should not be specified in the sobject data."


def test_values_come_back_as_salesforce_keeps_them(make_lead: Make, lead: Read) -> None:
    """12: texts are trimmed, an empty one is null, a multi-select has its canonical order, money is a number, an address is put together."""
    row = lead(
        make_lead(
            FirstName=" Ann ",
            Title="  ",
            Phone="",
            Interests__c="Training;hardware;Training",
            AnnualRevenue="1200.5",
            NumberOfEmployees=12,
            DoNotCall=None,
            City="Oslo",
            Email="Ann@Acme.Example",
        )
    )
    assert (row["FirstName"], row["Name"], row["Title"], row["Phone"]) == ("Ann", "Ann Berg", None, None)
    assert row["Interests__c"] == "Hardware;Training"
    assert (row["AnnualRevenue"], row["NumberOfEmployees"], row["DoNotCall"]) == (1200.5, 12, False)
    assert row["Address"]["city"] == "Oslo"
    assert row["Email"] == "ann@acme.example"


def test_an_unknown_status_is_stored_in_silence(make_lead: Make, lead: Read) -> None:
    """13: Lead.Status takes any text: a typo in a mapping is stored."""
    assert lead(make_lead(Status="Wroking"))["Status"] == "Wroking"


def test_an_update_moves_the_stamps_even_when_nothing_changes(
    api: httpx.Client, make_lead: Make, lead: Read, clock: SandboxClock, admin: Admin
) -> None:
    """15, 16: an update is an empty 204 and moves the stamps to the present second, by whoever made it, even if it changed nothing."""
    row_id = make_lead(Title="CEO")
    created = lead(row_id)["CreatedDate"]
    assert created == "2026-11-16T10:00:00.000+0000"
    clock.advance(60.6)
    answer = api.patch(f"/sobjects/Lead/{row_id}", json={"Title": "CEO"})
    assert (answer.status_code, answer.content) == (204, b"")
    row = lead(row_id)
    assert row["SystemModstamp"] == row["LastModifiedDate"] == "2026-11-16T10:01:01.000+0000"
    assert row["CreatedDate"] == created
    admin("edit", object="Lead", id=row_id, fields={"Title": "CTO"}, user="omar")
    assert lead(row_id)["LastModifiedById"] != row["LastModifiedById"]


def test_automation_moves_the_system_stamp_alone(make_lead: Make, lead: Read, clock: SandboxClock, admin: Admin) -> None:
    """15: a background process changes values and SystemModstamp, not LastModifiedDate."""
    row_id = make_lead()
    clock.advance(60)
    admin("automate", id=row_id, fields={"Rating": "Hot"})
    row = lead(row_id)
    assert (row["Rating"], row["SystemModstamp"] > row["LastModifiedDate"]) == ("Hot", True)


def test_a_converted_lead_is_read_only_unless_permitted(
    api: httpx.Client, make_lead: Make, lead: Read, admin: Admin, refusal: Callable[..., Any]
) -> None:
    """28: a PATCH of a converted lead is refused, and passes with the permission; it stays readable."""
    row_id = make_lead()
    admin("convert", id=row_id)
    assert refusal(api.patch(f"/sobjects/Lead/{row_id}", json={"Title": "x"})) == (400, "CANNOT_UPDATE_CONVERTED_LEAD")
    assert lead(row_id)["IsConverted"] is True
    admin("settings", view_edit_converted=True)
    assert api.patch(f"/sobjects/Lead/{row_id}", json={"Title": "x"}).status_code == 204


def test_a_unique_value_belongs_to_one_live_record(api: httpx.Client, make_lead: Make) -> None:
    """30: a second holder of a unique value is refused with the first one's id; a deleted holder is none."""
    first, second = make_lead(LeadhubId__c="k1"), make_lead()
    clash = api.patch(f"/sobjects/Lead/{second}", json={"LeadhubId__c": "K1"})
    assert clash.status_code == 400
    assert clash.json()[0]["errorCode"] == "DUPLICATE_VALUE"
    assert first in clash.json()[0]["message"]
    api.delete(f"/sobjects/Lead/{first}")
    assert api.patch(f"/sobjects/Lead/{second}", json={"LeadhubId__c": "K1"}).status_code == 204


def test_assignment_runs_unless_it_is_told_not_to(api: httpx.Client, make_lead: Make, lead: Read, server_rule: dict[str, Any]) -> None:
    """35: without Sforce-Auto-Assign, and with TRUE or the rule's id, creates and updates get the rule's owner; with FALSE they do not."""
    del api.headers["Sforce-Auto-Assign"]
    assert lead(make_lead())["OwnerId"] == server_rule["owner"]
    api.headers["Sforce-Auto-Assign"] = "FALSE"
    row_id = make_lead()
    mine = lead(row_id)["OwnerId"]
    assert mine != server_rule["owner"]
    for said, owner in (("FALSE", mine), ("TRUE", server_rule["owner"]), ("FALSE", mine), (server_rule["id"], server_rule["owner"])):
        api.patch(f"/sobjects/Lead/{row_id}", json={"OwnerId": mine}, headers={"Sforce-Auto-Assign": said})
        assert lead(row_id)["OwnerId"] == owner


@pytest.fixture
def server_rule(admin: Admin) -> dict[str, Any]:
    """The org's assignment rule."""
    return dict(admin("settings")["assignment_rule"])


def test_a_conditional_write_spares_a_newer_edit(api: httpx.Client, make_lead: Make, lead: Read, clock: SandboxClock) -> None:
    """37: If-Unmodified-Since refuses a PATCH with 412 when the row changed later, and a date that cannot be read with 400."""
    row_id = make_lead()
    path = f"/sobjects/Lead/{row_id}"
    since = {"If-Unmodified-Since": api.get(path).headers["Last-Modified"]}
    assert api.patch(path, json={"Title": "a"}, headers=since).status_code == 204
    clock.advance(1)
    api.patch(path, json={"Title": "b"})
    assert api.patch(path, json={"Title": "c"}, headers=since).status_code == 412
    assert api.patch(path, json={"Title": "c"}, headers={"If-Unmodified-Since": "yesterday"}).status_code == 400
    assert lead(row_id)["Title"] == "b"


def test_the_orgs_own_rules_refuse_and_change(api: httpx.Client, make_lead: Make, lead: Read, admin: Admin, refusal: Callable[..., Any]) -> None:
    """38: a validation rule refuses in its own words, and automation changes a further field after the save."""
    admin(
        "settings",
        validation_rules=[{"when": {"Rating": "Cold"}, "message": "No cold leads", "fields": ["Rating"]}],
        automations=[{"when": {"Rating": "Hot"}, "set": {"Status": "Working - Contacted"}}],
    )
    row_id = make_lead()
    assert refusal(api.patch(f"/sobjects/Lead/{row_id}", json={"Rating": "Cold"})) == (400, "FIELD_CUSTOM_VALIDATION_EXCEPTION")
    api.patch(f"/sobjects/Lead/{row_id}", json={"Rating": "Hot"})
    assert lead(row_id)["Status"] == "Working - Contacted"


def test_owners_are_active_users_or_queues(api: httpx.Client, make_lead: Make, soql: Callable[..., Any], refusal: Callable[..., Any]) -> None:
    """45: an inactive user is refused as an owner; a queue is accepted and a query tells it from a user."""
    row_id = make_lead()
    (lena,) = soql("SELECT Id FROM User WHERE IsActive = false")
    assert refusal(api.patch(f"/sobjects/Lead/{row_id}", json={"OwnerId": lena["Id"]})) == (400, "INACTIVE_OWNER_OR_USER")
    (queue,) = soql("SELECT Id, Name FROM Group WHERE Type = 'Queue'")
    assert api.patch(f"/sobjects/Lead/{row_id}", json={"OwnerId": queue["Id"]}).status_code == 204
    owner = soql("SELECT Owner.Name, Owner.Type FROM Lead")[0]["Owner"]
    assert (owner["Name"], owner["Type"]) == (queue["Name"], "Group")


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (b"{", "application/json", 400, "JSON_PARSER_ERROR"),
        (b"\xff", "application/json", 400, "JSON_PARSER_ERROR"),
        (b"[]", "application/json", 400, "JSON_PARSER_ERROR"),
        (b"{}", "text/plain", 415, "UNSUPPORTED_MEDIA_TYPE"),
    ],
)
def test_a_body_that_is_no_record_is_refused(
    *, api: httpx.Client, refusal: Callable[..., Any], content: bytes, kind: str, status: int, code: str
) -> None:
    """43: broken JSON, another shape and another type are refused; so is a method that the path has not."""
    answer = api.post("/sobjects/Lead", content=content, headers={"Content-Type": kind})
    assert refusal(answer) == (status, code)
    assert refusal(api.put("/sobjects/Lead", json={})) == (405, "METHOD_NOT_ALLOWED")
    assert refusal(api.get("/nowhere")) == (404, "NOT_FOUND")
