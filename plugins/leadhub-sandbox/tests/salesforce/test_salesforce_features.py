"""Record types, several currencies, state and country picklists (behaviors 6, 12, 13, 46)."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

Admin = Callable[..., Any]
Make = Callable[..., str]
Soql = Callable[..., list[dict[str, Any]]]
PARTNER = {"object": "Lead", "name": "Partner", "label": "Partner Lead", "values": {"Status": ["Working - Contacted"], "Tier__c": ["A"]}}
RETAIL = {"object": "Lead", "name": "Retail", "default": True}
EURO = {"IsoCode": "EUR", "ConversionRate": 1.0, "IsActive": True, "IsCorporate": True}
DOLLAR = {"IsoCode": "USD", "ConversionRate": 1.1, "IsActive": True, "IsCorporate": False}
OLD = {"IsoCode": "DEM", "ConversionRate": 1.95583, "IsActive": False, "IsCorporate": False}
COUNTRIES = {
    "US": {"name": "United States", "states": {"CA": "California", "WA": "Washington"}},
    "AU": {"name": "Australia", "states": {"WA": "Western Australia"}},
    "DE": {"name": "Germany"},
}


def _fields(api: httpx.Client, name: str = "Lead") -> dict[str, Any]:
    return {f["name"]: f for f in api.get(f"/sobjects/{name}/describe").json()["fields"]}


def _types(api: httpx.Client) -> dict[str, Any]:
    return {info["developerName"]: info for info in api.get("/sobjects/Lead/describe").json()["recordTypeInfos"]}


def test_a_plain_org_has_none_of_it(api: httpx.Client, refusal: Callable[..., Any], soql: Soql) -> None:
    """6: without a setting there is no record type but Master, no currency field and no country code, as in an org without the feature."""
    assert not {"RecordTypeId", "CurrencyIsoCode", "CountryCode", "StateCode"} & set(_fields(api))
    assert [(t["master"], t["defaultRecordTypeMapping"]) for t in _types(api).values()] == [(True, True)]
    assert refusal(api.get("/query", params={"q": "SELECT CurrencyIsoCode FROM Lead"})) == (400, "INVALID_FIELD")
    assert refusal(api.get("/query", params={"q": "SELECT IsoCode FROM CurrencyType"})) == (400, "INVALID_TYPE")
    assert refusal(api.post("/sobjects/Lead", json={"LastName": "A", "Company": "B", "CountryCode": "US"})) == (400, "INVALID_FIELD")
    assert soql("SELECT Id FROM RecordType") == []


def test_record_types_are_described_and_queried(api: httpx.Client, admin: Admin, soql: Soql) -> None:
    """6: describe and RecordType show the same record types, and which is the default."""
    admin("settings", record_types=[PARTNER, RETAIL, {"object": "Lead", "name": "Old", "active": False}])
    infos = _types(api)
    rows = {row["DeveloperName"]: row for row in soql("SELECT Id, Name, DeveloperName, IsActive FROM RecordType WHERE SobjectType = 'Lead'")}
    assert {name: info["recordTypeId"] for name, info in infos.items() if not info["master"]} == {name: row["Id"] for name, row in rows.items()}
    assert infos["Partner"]["name"] == "Partner Lead"
    assert [name for name, info in infos.items() if info["defaultRecordTypeMapping"]] == ["Retail"]
    assert (infos["Old"]["active"], rows["Old"]["IsActive"]) == (False, False)
    assert rows["Partner"]["Id"].startswith("012")
    admin("settings", record_types=[RETAIL | {"label": "Shop"}])
    assert _types(api)["Retail"]["recordTypeId"] == rows["Retail"]["Id"]


def test_a_lead_has_the_default_record_type(api: httpx.Client, admin: Admin, make_lead: Make, soql: Soql) -> None:
    """6: a lead made without a record type has the user's default, with it the one asked for, and Master is none."""
    before = make_lead()
    admin("settings", record_types=[PARTNER, RETAIL])
    partner = _types(api)["Partner"]["recordTypeId"]
    made = {before: None, make_lead(): "Retail", make_lead(RecordTypeId=partner): "Partner", make_lead(RecordTypeId="012000000000000AAA"): None}
    found = {row["Id"]: row["RecordType"] and row["RecordType"]["DeveloperName"] for row in soql("SELECT Id, RecordType.DeveloperName FROM Lead")}
    assert found == made


@pytest.mark.parametrize("kind", [{"active": False}, {"available": False}, {"object": "Contact"}])
def test_a_record_type_that_is_not_the_users_is_refused(
    *, api: httpx.Client, admin: Admin, make_lead: Make, soql: Soql, kind: dict[str, Any]
) -> None:
    """6: an inactive record type, one that the user has not and one of another object are no valid value."""
    admin("settings", record_types=[RETAIL, {"object": "Lead", "name": "Other"} | kind])
    (row,) = soql("SELECT Id FROM RecordType WHERE DeveloperName = 'Other'")
    row_id = make_lead()
    (error,) = api.patch(f"/sobjects/Lead/{row_id}", json={"RecordTypeId": row["Id"]}).json()
    assert (error["errorCode"], error["fields"]) == ("INVALID_CROSS_REFERENCE_KEY", ["RecordTypeId"])
    assert error["message"] == f"Record Type ID: this ID value isn't valid for the user: {row['Id']}"


def test_a_record_type_narrows_restricted_picklists(
    *, api: httpx.Client, admin: Admin, make_lead: Make, lead: Callable[..., Any], refusal: Callable[..., Any]
) -> None:
    """13: a record type narrows what a restricted picklist takes and what a new lead's status is; Lead.Status itself takes anything."""
    admin("settings", record_types=[PARTNER, RETAIL])
    partner = _types(api)["Partner"]["recordTypeId"]
    row_id = make_lead(RecordTypeId=partner, Tier__c="A")
    assert lead(row_id)["Status"] == "Working - Contacted"
    assert lead(make_lead(Tier__c="B"))["Status"] == "Open - Not Contacted"
    refused = api.patch(f"/sobjects/Lead/{row_id}", json={"Tier__c": "B"})
    assert refusal(refused) == (400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST")
    assert api.patch(f"/sobjects/Lead/{row_id}", json={"Status": "Open - Not Contacted"}).status_code == 204


def test_several_currencies_bring_an_iso_code(
    *, api: httpx.Client, admin: Admin, make_lead: Make, lead: Callable[..., Any], refusal: Callable[..., Any], soql: Soql
) -> None:
    """12, 13: with several currencies each record has one, of the active ones, by default the corporate one; amounts stay numbers."""
    older = make_lead()
    admin("settings", currencies=[EURO, DOLLAR, OLD])
    assert lead(older)["CurrencyIsoCode"] == "EUR"
    first, second = make_lead(AnnualRevenue=1000), make_lead(AnnualRevenue="1000.5", CurrencyIsoCode="USD")
    assert (lead(first)["CurrencyIsoCode"], lead(second)["CurrencyIsoCode"]) == ("EUR", "USD")
    assert (lead(first)["AnnualRevenue"], lead(second)["AnnualRevenue"]) == (1000.0, 1000.5)
    for wrong in ("DEM", "XXX"):
        answer = api.patch(f"/sobjects/Lead/{first}", json={"CurrencyIsoCode": wrong})
        assert refusal(answer) == (400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST")
    field = _fields(api)["CurrencyIsoCode"]
    assert ([v["value"] for v in field["picklistValues"]], field["restrictedPicklist"]) == (["EUR", "USD"], True)
    assert {row["IsoCode"]: row["IsActive"] for row in soql("SELECT IsoCode, IsActive FROM CurrencyType")} == {"EUR": True, "USD": True, "DEM": False}
    made = admin("convert", id=second)
    assert api.get(f"/sobjects/Opportunity/{made['ConvertedOpportunityId']}").json()["CurrencyIsoCode"] == "USD"


def test_a_country_is_one_of_the_list(*, api: httpx.Client, admin: Admin, make_lead: Make, lead: Callable[..., Any]) -> None:
    """13: with country picklists a name brings its code and a code its name, in any letter case; the address shows both."""
    admin("settings", countries=COUNTRIES)
    by_name, by_code = lead(make_lead(Country="germany")), lead(make_lead(CountryCode="US", StateCode="CA", City="Fresno"))
    assert (by_name["Country"], by_name["CountryCode"]) == ("Germany", "DE")
    assert [by_code[n] for n in ("Country", "CountryCode", "State", "StateCode")] == ["United States", "US", "California", "CA"]
    assert by_code["Address"]["countryCode"] == "US"
    row_id = make_lead(Country="Australia", State="Western Australia")
    assert lead(row_id)["StateCode"] == "WA"
    assert api.patch(f"/sobjects/Lead/{row_id}", json={"Country": None, "State": None}).status_code == 204
    assert [lead(row_id)[n] for n in ("Country", "CountryCode", "State", "StateCode")] == [None] * 4


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        ({"Country": "USA"}, "FIELD_INTEGRITY_EXCEPTION", "Country"),
        ({"Country": "DE"}, "FIELD_INTEGRITY_EXCEPTION", "Country"),
        ({"CountryCode": "Germany"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "CountryCode"),
        ({"Country": "Germany", "CountryCode": "US"}, "FIELD_INTEGRITY_EXCEPTION", "Country"),
        ({"State": "California"}, "FIELD_INTEGRITY_EXCEPTION", "State"),
        ({"Country": "Germany", "State": "Bavaria"}, "FIELD_INTEGRITY_EXCEPTION", "State"),
        ({"Country": "United States", "State": "Western Australia"}, "FIELD_INTEGRITY_EXCEPTION", "State"),
    ],
)
def test_a_place_outside_the_list_is_refused(*, api: httpx.Client, admin: Admin, wrong: dict[str, str], code: str, field: str) -> None:
    """13: a text that is no name of the list, a code that is none, a state without its country, and two that do not fit are refused."""
    admin("settings", countries=COUNTRIES)
    answer = api.post("/sobjects/Lead", json={"LastName": "A", "Company": "B"} | wrong)
    assert answer.status_code == 400
    assert (answer.json()[0]["errorCode"], answer.json()[0]["fields"]) == (code, [field])


def test_another_country_must_know_the_state(*, api: httpx.Client, admin: Admin, make_lead: Make, refusal: Callable[..., Any]) -> None:
    """13: a lead whose country changes keeps no state that the new one has not; what is not touched is not checked."""
    old = make_lead(Country="USA", State="Calif.")
    admin("settings", countries=COUNTRIES)
    assert api.patch(f"/sobjects/Lead/{old}", json={"Title": "CEO"}).status_code == 204
    row_id = make_lead(CountryCode="US", StateCode="CA")
    assert refusal(api.patch(f"/sobjects/Lead/{row_id}", json={"CountryCode": "DE"})) == (400, "FIELD_INTEGRITY_EXCEPTION")
    assert api.patch(f"/sobjects/Lead/{row_id}", json={"CountryCode": "DE", "StateCode": None}).status_code == 204


def test_a_state_is_described_by_its_countries(api: httpx.Client, admin: Admin) -> None:
    """6: StateCode depends on CountryCode; validFor has a bit for each country that knows the state, from the left."""
    admin("settings", countries=COUNTRIES)
    fields = _fields(api, "Contact")
    state = fields["MailingStateCode"]
    assert (state["dependentPicklist"], state["controllerName"], state["restrictedPicklist"]) == (True, "MailingCountryCode", True)
    assert [v["value"] for v in fields["MailingCountryCode"]["picklistValues"]] == ["US", "AU", "DE"]
    assert {v["value"]: v["validFor"] for v in state["picklistValues"]} == {"CA": "gA==", "WA": "wA=="}


@pytest.mark.parametrize(
    "wrong",
    [
        {"record_types": [{"object": "User", "name": "x"}]},
        {"record_types": [{"object": "Lead", "name": "x", "values": {"Nothing": []}}]},
        {"currencies": [DOLLAR]},
        {"currencies": [{"IsoCode": "EUR"}]},
        {"countries": {"DE": "Germany"}},
        {"stages": [{"ApiName": "x"}]},
    ],
)
def test_a_setting_that_cannot_be_is_refused(web: httpx.Client, wrong: dict[str, Any]) -> None:
    """A wrong order for a feature is told, and changes nothing."""
    assert web.post("/_sandbox/settings", json=wrong).status_code == 400
    assert web.get("/_sandbox/settings").json()["record_types"] == []


def test_a_snapshot_keeps_the_features(*, web: httpx.Client, api: httpx.Client, admin: Admin, make_lead: Make, lead: Callable[..., Any]) -> None:
    """46: a restored snapshot has record types under their ids, currencies and countries, and the leads that use them."""
    admin("settings", record_types=[RETAIL], currencies=[EURO], countries=COUNTRIES)
    row_id = make_lead(Country="Germany")
    state, kinds, before = web.get("/_sandbox/snapshot").json(), _types(api), lead(row_id)
    admin("settings", record_types=[], currencies=[], countries={})
    assert "RecordTypeId" not in lead(row_id)
    assert web.put("/_sandbox/snapshot", json=state).status_code == 204
    assert (_types(api), lead(row_id)) == (kinds, before)


def test_a_snapshot_of_an_older_sandbox_can_be_restored(*, web: httpx.Client, api: httpx.Client, make_lead: Make, soql: Soql) -> None:
    """46: rows, settings and objects that an older snapshot lacks have their defaults after its restore."""
    row_id = make_lead()
    state = web.get("/_sandbox/snapshot").json()
    for name in ("stages", "record_types", "currencies", "countries", "bulk_polls"):
        del state["settings"][name]
    for row in state["rows"]["Lead"]:
        del row["RecordTypeId"], row["CurrencyIsoCode"], row["StateCode"], row["CountryCode"]
    del state["rows"]["OpportunityStage"], state["rows"]["RecordType"], state["jobs"], state["query_jobs"]
    assert web.put("/_sandbox/snapshot", json=state).status_code == 204
    assert api.get(f"/sobjects/Lead/{row_id}").status_code == 200
    assert len(soql("SELECT Id FROM OpportunityStage")) == 10
