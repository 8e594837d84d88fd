"""Descriptions, ids and statuses (behaviors 6, 7, 8, 14, 21)."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from leadhub_sandbox import SandboxClock
from leadhub_sandbox.salesforce.ids import full, suffix


def _fields(api: httpx.Client, name: str = "Lead") -> dict[str, Any]:
    return {f["name"]: f for f in api.get(f"/sobjects/{name}/describe").json()["fields"]}


def test_describe_tells_what_a_connector_must_know(api: httpx.Client) -> None:
    """6: describe tells lengths, what can be written, what is unique or an external id, picklists and compounds."""
    fields = _fields(api)
    assert fields["LastName"] | {"nillable": False, "createable": True, "length": 80, "compoundFieldName": "Name"} == fields["LastName"]
    assert not fields["Name"]["createable"]
    assert not fields["Name"]["updateable"]
    assert fields["LeadhubId__c"]["externalId"]
    assert fields["LeadhubId__c"]["unique"]
    assert fields["Status"]["defaultedOnCreate"]
    assert fields["Tier__c"]["restrictedPicklist"]
    assert not fields["Status"]["restrictedPicklist"]
    assert fields["Address"]["type"] == "address"
    assert fields["OwnerId"]["referenceTo"] == ["User", "Group"]
    assert {"Lead", "Contact", "Account"} <= {o["name"] for o in api.get("/sobjects").json()["sobjects"]}
    assert _fields(api, "Contact")["AccountId"]["relationshipName"] == "Account"


KEYS = """
aggregatable aiPredictionField autoNumber byteLength calculated calculatedFormula cascadeDelete caseSensitive compoundFieldName controllerName
createable custom defaultValue defaultValueFormula defaultedOnCreate dependentPicklist deprecatedAndHidden digits displayLocationInDecimal encrypted
externalId extraTypeInfo filterable filteredLookupInfo formulaTreatNullNumberAsZero groupable highScaleNumber htmlFormatted idLookup inlineHelpText
label length mask maskType name nameField namePointing nillable permissionable picklistValues polymorphicForeignKey precision queryByDistance
referenceTargetField referenceTo relationshipName relationshipOrder restrictedDelete restrictedPicklist scale searchPrefilterable soapType sortable
type unique updateable writeRequiresMasterRead
"""


def test_every_field_is_described_with_every_key(api: httpx.Client) -> None:
    """6: each field of each object has all keys of a field's description, and sizes and SOAP types that fit its type."""
    for name in (o["name"] for o in api.get("/sobjects").json()["sobjects"]):
        for field in _fields(api, name).values():
            assert set(field) == set(KEYS.split()), (name, field["name"])
    fields = _fields(api)
    assert [fields["LastName"][k] for k in ("soapType", "length", "byteLength")] == ["xsd:string", 80, 240]
    assert [fields["Id"][k] for k in ("soapType", "length", "byteLength", "idLookup")] == ["tns:ID", 18, 18, True]
    assert [fields["AnnualRevenue"][k] for k in ("soapType", "precision", "scale", "length")] == ["xsd:double", 18, 0, 0]
    assert [fields["NumberOfEmployees"][k] for k in ("soapType", "digits")] == ["xsd:int", 8]
    assert (fields["Name"]["nillable"], fields["Name"]["nameField"]) == (False, True)
    assert fields["Email"]["idLookup"]


def test_an_object_tells_who_refers_to_it(api: httpx.Client, admin: Callable[..., Any]) -> None:
    """6, 21: childRelationships lists the references of other objects, without those that the user does not see."""
    path = "/sobjects/Account/describe"
    named = {r["relationshipName"]: (r["childSObject"], r["field"]) for r in api.get(path).json()["childRelationships"] if r["relationshipName"]}
    assert named == {"Contacts": ("Contact", "AccountId"), "Opportunities": ("Opportunity", "AccountId")}
    admin("settings", hidden_objects=["Contact"], hidden_fields={"Opportunity": ["AccountId"]})
    assert not [r for r in api.get(path).json()["childRelationships"] if r["relationshipName"]]
    assert api.get(path).json()["urls"]["layouts"] == "/services/data/v62.0/sobjects/Account/describe/layouts"


def test_statuses_are_the_orgs_own(api: httpx.Client, soql: Callable[..., Any], admin: Callable[..., Any]) -> None:
    """6, 14: describe and LeadStatus show the same configured values, whose labels differ and whose order has gaps."""
    rows = soql("SELECT ApiName, MasterLabel, SortOrder, IsDefault, IsConverted FROM LeadStatus ORDER BY SortOrder")
    assert [r["SortOrder"] for r in rows] == [1, 3, 4, 7]
    assert all(r["ApiName"] != r["MasterLabel"] for r in rows)
    entries = [(v["value"], v["label"]) for v in _fields(api)["Status"]["picklistValues"]]
    assert entries == [(r["ApiName"], r["MasterLabel"]) for r in rows]
    own = {"ApiName": "new", "MasterLabel": "New", "SortOrder": 5, "IsDefault": True, "IsConverted": False}
    admin("settings", statuses=[own])
    assert [r["ApiName"] for r in soql("SELECT ApiName FROM LeadStatus")] == ["new"]


def test_conditional_reads_say_when_nothing_changed(
    api: httpx.Client, make_lead: Callable[..., str], clock: SandboxClock, admin: Callable[..., Any]
) -> None:
    """7: If-Modified-Since gives an empty 304 on the descriptions and on a row until they change."""
    row = f"/sobjects/Lead/{make_lead()}"
    for path in ("/sobjects", "/sobjects/Lead/describe", row):
        since = {"If-Modified-Since": api.get(path).headers["Last-Modified"]}
        unchanged = api.get(path, headers=since)
        assert (unchanged.status_code, unchanged.content) == (304, b"")
    clock.advance(5)
    api.patch(row, json={"Title": "CEO"})
    admin("settings", hidden_fields={"Lead": ["Phone"]})
    for path in ("/sobjects", "/sobjects/Lead/describe", row):
        assert api.get(path, headers=since).status_code == 200


def test_a_description_can_be_asked_for_as_it_was(
    api: httpx.Client, clock: SandboxClock, admin: Callable[..., Any], refusal: Callable[..., Any]
) -> None:
    """37: If-Unmodified-Since refuses the descriptions of an org whose schema changed later, and takes them before."""
    paths = ("/sobjects", "/sobjects/Lead/describe")
    since = {"If-Unmodified-Since": api.get(paths[1]).headers["Last-Modified"]}
    assert [api.get(path, headers=since).status_code for path in paths] == [200, 200]
    clock.advance(5)
    admin("settings", hidden_fields={"Lead": ["Phone"]})
    assert [refusal(api.get(path, headers=since))[0] for path in paths] == [412, 412]


@pytest.mark.parametrize("known", ["00QD000000FP14JMAT", "001D000000IqhSLIAZ", "005D0000001KPIcIAO", "0013000001K1TqNAAV"])
def test_the_suffix_of_known_ids_is_right(known: str) -> None:
    """8: the three check letters of published ids come out as published."""
    assert known[15:] == suffix(known[:15])


def test_ids_are_accepted_in_both_lengths_and_no_other_form(
    api: httpx.Client, make_lead: Callable[..., str], soql: Callable[..., Any], refusal: Callable[..., Any]
) -> None:
    """8: an id has the object's prefix and the right suffix, works with 15 characters everywhere, and is refused in any other form."""
    row_id = make_lead()
    assert row_id.startswith("00Q")
    assert row_id == full(row_id[:15])
    assert api.get(f"/sobjects/Lead/{row_id[:15]}").json()["Id"] == row_id
    assert soql(f"SELECT Id FROM Lead WHERE Id = '{row_id[:15]}'")[0]["Id"] == row_id
    assert api.patch(f"/sobjects/Lead/{row_id[:15]}", json={"Title": "x"}).status_code == 204
    wrong = row_id[:15] + ("AAA" if row_id[15:] != "AAA" else "BBB")
    assert refusal(api.get(f"/sobjects/Lead/{wrong}")) == (404, "NOT_FOUND")
    assert refusal(api.patch(f"/sobjects/Lead/{row_id}", json={"OwnerId": row_id})) == (400, "MALFORMED_ID")
    assert refusal(api.post("/composite/sobjects/Lead", json={"ids": ["00Q12"], "fields": ["Id"]})) == (400, "MALFORMED_ID")


def test_a_hidden_field_is_nowhere(api: httpx.Client, make_lead: Callable[..., str], admin: Callable[..., Any], refusal: Callable[..., Any]) -> None:
    """21: field-level security removes a field from rows and describe, and makes it an unknown one in queries and writes."""
    row_id = make_lead(Phone="1")
    admin("settings", hidden_fields={"Lead": ["Phone"]})
    assert "Phone" not in api.get(f"/sobjects/Lead/{row_id}").json()
    assert "Phone" not in _fields(api)
    assert refusal(api.get("/query", params={"q": "SELECT Phone FROM Lead"})) == (400, "INVALID_FIELD")
    assert refusal(api.patch(f"/sobjects/Lead/{row_id}", json={"Phone": "2"})) == (400, "INVALID_FIELD")
