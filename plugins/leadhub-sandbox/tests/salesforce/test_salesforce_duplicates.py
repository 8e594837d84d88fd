"""Duplicate rules: what is refused, what passes, and what is told (behavior 36)."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

Make = Callable[..., str]
Soql = Callable[..., list[dict[str, Any]]]
Admin = Callable[..., Any]
ALLOW = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
ANN = {"LastName": "Lee", "Company": "B", "Email": "ann@acme.example"}


@pytest.fixture
def rule(admin: Admin) -> Callable[..., None]:
    """Switch one duplicate rule on: it blocks leads with the Email of another lead, unless told otherwise."""

    def switch(**more: Any) -> None:
        admin("settings", duplicate_rules=[{"action": "block", "fields": ["Email"]} | more])

    return switch


def _matches(answer: httpx.Response, key: str = "duplicateResult") -> dict[str, list[str]]:
    """Return the ids that a refused save is said to look like, by object, of an answer in the shape that orgs give."""
    assert answer.status_code == 400, answer.text
    (error,) = answer.json()
    assert set(error) == {key, "errorCode", "message"}
    told = error[key]
    assert (error["errorCode"], error["message"]) == ("DUPLICATES_DETECTED", told["errorMessage"])
    assert all(match["size"] == len(match["matchRecords"]) and match["success"] for match in told["matchResults"])
    return {match["entityType"]: [found["record"]["Id"] for found in match["matchRecords"]] for match in told["matchResults"]}


@pytest.mark.parametrize("action", ["block", "alert"])
def test_a_duplicate_is_refused_and_told(api: httpx.Client, make_lead: Make, rule: Callable[..., None], action: str) -> None:
    """36: block and alert alike refuse a create with the records that it looks like, in whatever letter case."""
    known = make_lead(Email="ann@acme.example")
    rule(action=action, message="Known already", name="Leads_by_email")
    answer = api.post("/sobjects/Lead", json=ANN | {"Email": "ANN@acme.example"})
    assert _matches(answer) == {"Lead": [known]}
    told = answer.json()[0]["duplicateResult"]
    assert (told["allowSave"], told["duplicateRule"], told["duplicateRuleEntityType"]) == (action == "alert", "Leads_by_email", "Lead")
    assert told["errorMessage"] == "Known already"
    record = told["matchResults"][0]["matchRecords"][0]["record"]
    assert record == {"attributes": {"type": "Lead", "url": f"/services/data/v62.0/sobjects/Lead/{known}"}, "Id": known}


def test_allow_save_passes_an_alert_and_never_a_block(api: httpx.Client, make_lead: Make, rule: Callable[..., None], soql: Soql) -> None:
    """36: allowSave=true saves past an alert, in a row and a collection; it does nothing for a block, nor before v52."""
    make_lead(Email="ann@acme.example")
    rule(action="alert")
    assert api.post("/sobjects/Lead", json=ANN, headers=ALLOW).status_code == 201
    row = {"attributes": {"type": "Lead"}} | ANN
    assert api.post("/composite/sobjects", json={"records": [row]}, headers=ALLOW).json()[0]["success"]
    old = str(api.base_url).replace("v62.0", "v51.0")
    assert api.post(f"{old}sobjects/Lead", json=ANN, headers=ALLOW).status_code == 400
    rule(action="block")
    assert api.post("/sobjects/Lead", json=ANN, headers=ALLOW).status_code == 400
    assert len(soql("SELECT Id FROM Lead")) == 3


def test_the_matches_can_come_with_their_values(api: httpx.Client, make_lead: Make, rule: Callable[..., None], admin: Admin) -> None:
    """36: includeRecordDetails=true tells the matching record's fields, but for those that the user does not see."""
    make_lead(Email="ann@acme.example", Title="CEO", Phone="1")
    rule()
    admin("settings", hidden_fields={"Lead": ["Phone"]})
    headers = {"Sforce-Duplicate-Rule-Header": "allowSave=false; includeRecordDetails=true"}
    error = api.post("/sobjects/Lead", json=ANN, headers=headers).json()[0]
    record = error["duplicateResult"]["matchResults"][0]["matchRecords"][0]["record"]
    assert (record["Title"], "Phone" in record) == ("CEO", False)


def test_a_lead_can_look_like_a_contact(api: httpx.Client, make_lead: Make, rule: Callable[..., None], admin: Admin) -> None:
    """36: a rule can hold leads against contacts too; the answer keeps the two apart, and a converted lead is nobody's duplicate."""
    contact_id = admin("convert", id=make_lead(Email="ann@acme.example"))["ConvertedContactId"]
    rule(against=["Lead", "Contact"])
    assert _matches(api.post("/sobjects/Lead", json=ANN)) == {"Contact": [contact_id]}
    rule()
    known = api.post("/sobjects/Lead", json=ANN).json()["id"]
    rule(against=["Lead", "Contact"])
    assert _matches(api.post("/sobjects/Lead", json=ANN)) == {"Lead": [known], "Contact": [contact_id]}
    rule(object="Contact", against=["Contact"])
    assert _matches(api.post("/sobjects/Contact", json={"LastName": "L", "Email": "ann@acme.example"})) == {"Contact": [contact_id]}


def test_a_rule_looks_where_it_is_on(api: httpx.Client, make_lead: Make, rule: Callable[..., None]) -> None:
    """36: an update is refused when it makes a duplicate, not when it leaves the rule's fields alone; `on` can leave either out."""
    make_lead(Email="ann@acme.example")
    twin, other = make_lead(Email="ann@acme.example"), make_lead()
    rule()
    assert api.patch(f"/sobjects/Lead/{twin}", json={"Email": "ann@acme.example", "Title": "x"}).status_code == 204
    assert api.patch(f"/sobjects/Lead/{other}", json={"Email": "ann@acme.example"}).status_code == 400
    rule(on=["create"])
    assert api.patch(f"/sobjects/Lead/{other}", json={"Email": "ann@acme.example"}).status_code == 204
    rule(on=["update"])
    assert api.post("/sobjects/Lead", json=ANN).status_code == 201


def test_all_fields_must_agree_and_blanks_agree_with_nothing(api: httpx.Client, make_lead: Make, rule: Callable[..., None]) -> None:
    """36: a rule of two fields needs both; a lead without a value, a deleted one and a field that is hidden match nothing."""
    gone = make_lead(Email="ann@acme.example", Phone="1")
    make_lead()
    rule(fields=["Email", "Phone"])
    assert api.post("/sobjects/Lead", json=ANN).status_code == 201
    assert api.post("/sobjects/Lead", json=ANN | {"Phone": "2"}).status_code == 201
    assert _matches(api.post("/sobjects/Lead", json=ANN | {"Phone": "1"})) == {"Lead": [gone]}
    api.delete(f"/sobjects/Lead/{gone}")
    assert api.post("/sobjects/Lead", json=ANN | {"Phone": "1"}).status_code == 201


def test_a_collection_tells_no_matches(api: httpx.Client, make_lead: Make, rule: Callable[..., None], soql: Soql) -> None:
    """36: inside a collection the refusal is the record's own, without matches; two duplicates in one call: the second is refused."""
    make_lead(Email="ann@acme.example")
    rule()
    rows = [{"attributes": {"type": "Lead"}} | ANN | {"Email": email} for email in ("ann@acme.example", "new@acme.example", "new@acme.example")]
    first, second, third = api.post("/composite/sobjects", json={"records": rows}).json()
    assert first == {
        "success": False,
        "errors": [{"statusCode": "DUPLICATES_DETECTED", "message": "Use one of these records?", "fields": []}],
    }
    assert (second["success"], third["success"]) == (True, False)
    upserted = api.patch("/composite/sobjects/Lead/LeadhubId__c", json={"records": [rows[0] | {"LeadhubId__c": "k"}]}).json()
    assert (upserted[0]["success"], upserted[0]["created"]) == (False, True)
    assert len(soql("SELECT Id FROM Lead")) == 2


def test_the_key_can_be_misspelt(api: httpx.Client, make_lead: Make, rule: Callable[..., None], admin: Admin) -> None:
    """36: some releases write duplicateResut; a setting has the sandbox do so."""
    known = make_lead(Email="ann@acme.example")
    rule()
    admin("settings", misspelt_duplicate_key=True)
    assert _matches(api.post("/sobjects/Lead", json=ANN), "duplicateResut") == {"Lead": [known]}


def test_people_pass_an_alert_and_no_block(web: httpx.Client, make_lead: Make, rule: Callable[..., None], admin: Admin) -> None:
    """36: a person who is alerted saves all the same; a block stops people too; seeding, undeleting and merging ask no rule."""
    known = make_lead(Email="ann@acme.example")
    rule(action="alert")
    order = {"object": "Lead", "fields": ANN}
    twin = admin("create", **order)["id"]
    rule()
    assert web.post("/_sandbox/create", json=order).json()[0]["errorCode"] == "DUPLICATES_DETECTED"
    admin("create", **order, system=True)
    admin("delete", id=twin)
    admin("undelete", id=twin)
    admin("merge", winner=known, losers=[twin], fields={"Email": "ann@acme.example"})


def test_a_conversion_asks_the_rules_where_validation_is_required(
    web: httpx.Client, make_lead: Make, rule: Callable[..., None], admin: Admin
) -> None:
    """27, 36: with validation required, an alert blocks a conversion into a duplicate contact; the lead itself is none; without, nothing is asked."""
    admin("create", object="Contact", fields={"LastName": "Lee", "Email": "ann@acme.example"})
    twin, free = make_lead(Email="ann@acme.example"), make_lead(Email="bo@acme.example")
    rule(object="Contact", against=["Contact", "Lead"], action="alert")
    refused = web.post("/_sandbox/convert", json={"id": twin})
    assert refused.json()[0]["errorCode"] == "DUPLICATES_DETECTED"
    admin("convert", id=free)
    admin("settings", validate_conversions=False)
    admin("convert", id=twin)


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        ({"action": "warn"}, "block"),
        ({"fields": []}, "fields"),
        ({"nonsense": 1}, "action"),
        ({"on": ["delete"]}, "create"),
        ({"fields": ["Nowhere"]}, "Nowhere"),
        ({"fields": ["Company"], "against": ["Contact"]}, "Company"),
    ],
)
def test_a_rule_that_makes_no_sense_is_told(web: httpx.Client, bad: dict[str, Any], told: str) -> None:
    """36: a duplicate rule with an unknown action, field, occasion or key is a 400 that says what there is."""
    answer = web.post("/_sandbox/settings", json={"duplicate_rules": [{"action": "block", "fields": ["Email"]} | bad]})
    assert answer.status_code == 400
    assert told in answer.json()["error"]
