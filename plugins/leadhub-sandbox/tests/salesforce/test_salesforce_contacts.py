"""Contacts after conversion, owners, semi-joins and objects that a login does not see (behaviors 21, 27, 45)."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

Make = Callable[..., str]
Admin = Callable[..., Any]
Soql = Callable[..., list[dict[str, Any]]]


def test_a_contact_describes_what_a_person_has_and_no_company(api: httpx.Client) -> None:
    """6: a Contact has a person's fields under its own names; company, industry and size are the Account's."""
    fields = {f["name"]: f for f in api.get("/sobjects/Contact/describe").json()["fields"]}
    assert {"Company", "Industry", "NumberOfEmployees", "Status"}.isdisjoint(fields)
    assert {"Department", "MailingCity", "MobilePhone", "HasOptedOutOfEmail", "DoNotCall"} <= {n for n, f in fields.items() if f["updateable"]}
    assert not fields["EmailBouncedReason"]["updateable"]
    assert fields["OwnerId"]["referenceTo"] == ["User"]


def test_a_conversion_copies_the_mapped_fields(make_lead: Make, soql: Soql, admin: Admin) -> None:
    """27: standard fields go along, custom ones as far as the org maps them, and an existing contact keeps what it has."""
    admin("settings", lead_field_mapping={"LeadhubId__c": "LeadhubId__c"})
    row_id = make_lead(MobilePhone="1", HasOptedOutOfEmail=True, Description="Met in Oslo", LeadhubId__c="k", Salutation="Dr.")
    contact_id = admin("convert", id=row_id)["ConvertedContactId"]
    (contact,) = soql(f"SELECT MobilePhone, HasOptedOutOfEmail, Description, LeadhubId__c, Salutation FROM Contact WHERE Id = '{contact_id}'")
    assert {k: v for k, v in contact.items() if k != "attributes"} == {
        "MobilePhone": "1",
        "HasOptedOutOfEmail": True,
        "Description": "Met in Oslo",
        "LeadhubId__c": "k",
        "Salutation": "Dr.",
    }
    second = make_lead(MobilePhone="2")
    assert admin("convert", id=second, contact_id=contact_id)["ConvertedContactId"] == contact_id
    assert soql("SELECT MobilePhone FROM Contact")[0]["MobilePhone"] == "1"


def test_an_edit_after_conversion_belongs_to_the_contact(api: httpx.Client, make_lead: Make, admin: Admin, refusal: Callable[..., Any]) -> None:
    """28: the lead refuses it, the contact takes it, alone and in a collection."""
    row_id = make_lead()
    contact_id = admin("convert", id=row_id)["ConvertedContactId"]
    assert refusal(api.patch(f"/sobjects/Lead/{row_id}", json={"Phone": "5"})) == (400, "CANNOT_UPDATE_CONVERTED_LEAD")
    assert api.patch(f"/sobjects/Contact/{contact_id}", json={"Phone": "5"}).status_code == 204
    rows = [{"attributes": {"type": "Contact"}, "id": contact_id, "Department": "Sales"}, {"attributes": {"type": "Contact"}, "id": row_id}]
    good, bad = api.patch("/composite/sobjects", json={"records": rows}).json()
    assert good["success"]
    assert bad["errors"][0]["statusCode"] == "MALFORMED_ID"


def test_an_owner_is_of_a_type_that_may_own(api: httpx.Client, make_lead: Make, admin: Admin, soql: Soql, refusal: Callable[..., Any]) -> None:
    """45: the process user and guests own nothing; users and queues can be listed with what tells them apart."""
    row_id = make_lead()
    guest = admin("users", alias="guest", first="Site", last="Guest", type="Guest", email="site@else.example")["id"]
    code = (400, "OP_WITH_INVALID_USER_TYPE_EXCEPTION")
    assert refusal(api.patch(f"/sobjects/Lead/{row_id}", json={"OwnerId": guest})) == code
    assert [r["Email"] for r in soql("SELECT Email FROM User WHERE UserType = 'Guest'")] == ["site@else.example"]
    assert [r["Name"] for r in soql("SELECT Name FROM Group WHERE Type = 'Queue'")] == ["Inbound Leads"]


def test_a_semi_join_chooses_by_another_object(make_lead: Make, soql: Soql, admin: Admin) -> None:
    """19: a contact is found by the converted leads that point at it, and the others by the anti-join."""
    converted = make_lead(LastName="Converted")
    contact_id = admin("convert", id=converted)["ConvertedContactId"]
    other = admin("create", object="Contact", fields={"LastName": "Other"})["id"]
    inner = "(SELECT ConvertedContactId FROM Lead WHERE IsConverted = true)"
    assert [r["Id"] for r in soql(f"SELECT Id FROM Contact WHERE Id IN {inner}")] == [contact_id]
    assert [r["Id"] for r in soql(f"SELECT Id FROM Contact WHERE Id NOT IN {inner}")] == [other]
    both = f"SELECT Id FROM Contact WHERE (LastName = 'Converted' OR LastName = 'Other') AND Id IN {inner}"
    assert [r["Id"] for r in soql(both)] == [contact_id]


@pytest.mark.parametrize(
    ("where", "code"),
    [
        ("LastName = 'x' OR Id IN (SELECT ConvertedContactId FROM Lead)", "MALFORMED_QUERY"),
        ("NOT Id IN (SELECT ConvertedContactId FROM Lead)", "MALFORMED_QUERY"),
        ("LastName = 'x' AND (LastName = 'y' AND Id IN (SELECT ConvertedContactId FROM Lead))", "MALFORMED_QUERY"),
        ("Id IN (SELECT ConvertedContactId FROM Lead WHERE Id IN (SELECT Id FROM Lead))", "MALFORMED_QUERY"),
        ("Id IN (SELECT ConvertedContactId FROM Lead ORDER BY Id)", "MALFORMED_QUERY"),
        ("Id IN (SELECT ConvertedAccountId FROM Lead)", "MALFORMED_QUERY"),
        ("LastName IN (SELECT LastName FROM Lead)", "MALFORMED_QUERY"),
        ("Id IN (SELECT Nowhere FROM Lead)", "INVALID_FIELD"),
        ("Id IN (SELECT Id FROM Nothing)", "INVALID_TYPE"),
    ],
)
def test_a_semi_join_stands_where_salesforce_takes_it(api: httpx.Client, refusal: Callable[..., Any], where: str, code: str) -> None:
    """19: with OR, NOT, in parentheses, nested, over other types or unknown names a semi-join is refused."""
    assert refusal(api.get("/query", params={"q": f"SELECT Id FROM Contact WHERE {where}"})) == (400, code)


def test_an_object_can_be_out_of_sight(api: httpx.Client, soql: Soql, admin: Admin, refusal: Callable[..., Any]) -> None:
    """21: an object without permission is 404 by path, an unknown type in a query and a collection, and in no list."""
    admin("settings", hidden_objects=["Contact"])
    assert refusal(api.get("/sobjects/Contact/describe")) == (404, "NOT_FOUND")
    assert refusal(api.get("/query", params={"q": "SELECT Id FROM Contact"})) == (400, "INVALID_TYPE")
    (told,) = api.post("/composite/sobjects", json={"records": [{"attributes": {"type": "Contact"}, "LastName": "x"}]}).json()
    assert told["errors"][0]["statusCode"] == "INVALID_TYPE"
    assert "Contact" not in {o["name"] for o in api.get("/sobjects").json()["sobjects"]}
