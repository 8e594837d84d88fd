"""Pitfalls of writing: conditions, partial success, duplicate rules, blanks, locks, values that Salesforce has its own mind about."""

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from leadhub_salesforce.mapping import CONTACT, FEW, LEAD

from leadhub import DuplicateRefused, InvalidValue, LeadhubError, Outcome, RecordError, RecordGone, Result, RowsLocked, StaleRecord, UnknownOutcome

OPEN, WORKING, LOST = "Open - Not Contacted", "Working - Contacted", "Closed - Not Converted"


def by_themselves(org: Any) -> list[dict[str, Any]]:
    return [call for call in org.journal("PATCH") if "/sobjects/Lead/00Q" in call["path"]]


def told_before(outcomes: Iterator[Outcome]) -> tuple[list[Outcome], LeadhubError | None]:
    """Return the outcomes that came before a push broke off, and what broke it off."""
    told: list[Outcome] = []
    try:
        for outcome in outcomes:
            told.append(outcome)  # noqa: PERF402 - what came before the exception must stay
    except LeadhubError as error:
        return told, error
    return told, None


# ---- 1 -----------------------------------------------------------------------------------------------------------------------------------------


def test_a_lost_create_with_a_key_can_be_repeated(org: Any, create: Any, pushed: Any) -> None:
    """Pitfall 1: creates are upserts by a unique external id: sent again after the answer was lost, one makes no second lead."""
    connector = org.connector()
    connector.check()
    org.admin("faults", kind="drop_after", path="composite")
    with pytest.raises(UnknownOutcome):
        pushed(connector, create("k1"))
    (found,) = connector.find(LEAD, ["k1"]).values()
    assert pushed(connector, create("k1"))["k1"].record_id == found.id
    assert list(org.rows()) == [found.id]


def test_only_our_own_lead_that_one_create_fits_is_found_again(org: Any, create: Any, pushed: Any) -> None:
    """Pitfall 1: without a key a lead counts only if leadhub's user made it since, and one create alone fits it; quotes in a name do no harm."""
    connector = org.connector(external_id=False)
    pushed(connector, create("old", LastName="O'Hara \\' OR Id != '"))
    org.clock.advance(3600)
    org.our_clock.time += timedelta(hours=1)
    since = org.our_clock.time
    org.lead(LastName="Jane's")  # made by somebody else
    outcomes = pushed(connector, *(create(f"k{n}", LastName=name) for n, name in enumerate(("O'Hara", "Twin", "Twin", " Odd  name "))))
    org.our_clock.time += timedelta(minutes=5)
    org.clock.advance(300)
    names = {"k0": "O'HARA", "k1": "Twin", "k2": "Twin", "k3": "Odd name", "k4": "Jane's", "k5": "O'Hara \\' OR Id != '"}
    found = connector.trace(LEAD, [create(key, LastName=name) for key, name in names.items()], since)
    assert {key: record.id for key, record in found.items()} == {key: outcomes[key].record_id for key in ("k0", "k3")}
    assert connector.trace(CONTACT, [create("k0")], since) == {}


# ---- 3 -----------------------------------------------------------------------------------------------------------------------------------------


def test_few_writes_of_a_status_depend_on_the_last_save(org: Any, update: Any, pushed: Any) -> None:
    """Pitfall 3: a status or an owner is written by itself and only if the lead was not saved since it was reread; other fields go in one call."""
    leads = [org.lead(LastName=f"L{n}") for n in range(3)]
    connector = org.connector()
    connector.reread(LEAD, leads)
    org.clock.advance(2)
    org.edit(leads[0], Title="meanwhile")
    outcomes = pushed(
        connector,
        update(leads[0], "late", Status=WORKING),
        update(leads[1], "owner", OwnerId=org.user("jane"), Status=WORKING),
        update(leads[2], "plain", Title="CTO"),
    )
    assert {key: outcome.result for key, outcome in outcomes.items()} == {"late": "stale", "owner": "accepted", "plain": "accepted"}
    assert isinstance(outcomes["late"].error, StaleRecord)
    assert [call["status"] for call in by_themselves(org)] == [412, 204]
    assert all(call["headers"]["sforce-auto-assign"] == "FALSE" for call in by_themselves(org))
    rows = org.rows()
    assert [rows[lead]["Status"] for lead in leads] == [OPEN, WORKING, OPEN]
    assert len(org.journal("PATCH")) == 3


@pytest.mark.parametrize(("count", "alone"), [(FEW, FEW), (FEW + 1, 0)])
def test_many_writes_of_a_status_go_in_one_call(org: Any, update: Any, pushed: Any, count: int, alone: int) -> None:
    """Pitfall 3: where many statuses are written they go in one call, after the reading that leadhub makes right before."""
    leads = [org.lead(LastName=f"L{n}") for n in range(count)]
    connector = org.connector()
    connector.reread(LEAD, leads)
    outcomes = pushed(connector, *(update(lead, lead, Status=WORKING) for lead in leads))
    assert all(outcome.result is Result.ACCEPTED for outcome in outcomes.values())
    assert len(by_themselves(org)) == alone


def test_what_was_not_reread_is_written_without_a_condition(org: Any, update: Any, pushed: Any) -> None:
    """Pitfall 3: the condition is the time of the last reading: without one, and for what an earlier reading showed, there is none."""
    first, second = org.lead(), org.lead()
    connector = org.connector()
    pushed(connector, update(first, Status=WORKING))
    connector.reread(LEAD, [first])
    connector.reread(LEAD, [second])
    pushed(connector, update(first, Status=LOST))
    assert not by_themselves(org)


def test_a_row_by_itself_is_refused_as_it_would_be_in_a_batch(org: Any, update: Any, pushed: Any) -> None:
    """Pitfall 3: deleted, converted, locked and invalid rows have the same outcome by themselves as in a batch."""
    gone, locked, won, bad, good = (org.lead(LastName=name) for name in ("Gone", "Locked", "Won", "Bad", "Good"))
    connector = org.connector()
    connector.reread(LEAD, [gone, locked, won, bad, good])
    org.admin("delete", id=gone)
    org.admin("convert", id=won)
    org.admin("settings", locked_records=[locked])
    jane = org.user("jane")
    changes = [update(lead, name, OwnerId=jane) for name, lead in {"gone": gone, "locked": locked, "won": won, "good": good}.items()]
    told, ended = told_before(connector.push([*changes, update(bad, "bad", OwnerId=org.user("lena"))]))
    assert isinstance(ended, RowsLocked)
    assert "UNABLE_TO_LOCK_ROW" in str(ended)
    errors = {outcome.key: type(outcome.error) for outcome in told}
    assert errors == {"gone": RecordGone, "won": StaleRecord, "good": type(None), "bad": InvalidValue}
    assert len(by_themselves(org)) == 5


@pytest.mark.parametrize("kind", ["drop_after", "html_503", "bad_gateway"])
def test_a_lost_answer_to_a_row_by_itself_is_unknown(org: Any, update: Any, kind: str) -> None:
    """Pitfall 3: the answer to a conditional write may be lost like any other: unknown, and sent once."""
    lead, connector = org.lead(), org.connector()
    connector.reread(LEAD, [lead])
    org.admin("faults", kind=kind, path="sobjects/Lead/00Q")
    with pytest.raises(UnknownOutcome):
        list(connector.push([update(lead, Status=WORKING)]))
    assert len(by_themselves(org)) == 1


# ---- 6 -----------------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["working - contacted", "Working", "Contacted", "Nonsense", "Closed - Converted", ""])
def test_salesforce_would_store_any_status(org: Any, update: Any, pushed: Any, status: str) -> None:
    """Pitfall 6: a label, another spelling, a typo or a converted status never reaches the API, which would store it; the live values are named."""
    lead, connector = org.lead(), org.connector()
    outcome = pushed(connector, update(lead, Status=status))["k1"]
    assert isinstance(outcome.error, InvalidValue)
    assert not org.journal("PATCH")


def test_a_value_that_the_record_type_does_not_have_is_one_records_refusal(org: Any, update: Any, pushed: Any) -> None:
    """Pitfall 6: a value that only the record's type forbids is refused by Salesforce: that record is refused with its field, the others are written."""
    good, bad = org.lead(), org.lead()
    connector = org.connector()
    known = connector.describe(LEAD)["Tier__c"].options[0]
    outcomes = pushed(connector, update(good, "good", Tier__c=known), update(bad, "bad", Tier__c="Tin"))
    error = outcomes["bad"].error
    assert isinstance(error, InvalidValue)
    assert (error.code, error.fields) == ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", ("Tier__c",))
    assert "record's type" in str(error)
    assert outcomes["good"].result is Result.ACCEPTED


# ---- 10 ----------------------------------------------------------------------------------------------------------------------------------------


def test_part_of_a_batch_may_fail(org: Any, create: Any, pushed: Any) -> None:
    """Pitfall 10: HTTP 200 says nothing: of a batch each row is told by its own result, and a refused one stops no other."""
    outcomes = pushed(org.connector(), create("a"), create("b", LastName="x" * 81), create("c", Email="nobody"), create("d"))
    assert {key: outcome.result.value for key, outcome in outcomes.items()} == {"a": "accepted", "b": "refused", "c": "refused", "d": "accepted"}
    assert sorted(row["LeadhubId__c"] for row in org.rows().values()) == ["a", "d"]


@pytest.mark.parametrize("answer", [[], [{"id": None, "success": True, "errors": []}], [{"success": "yes"}] * 2, {"success": True}, "ok"])
def test_a_wrong_number_of_results_is_matched_to_nothing(org: Any, create: Any, answer: Any) -> None:
    """Pitfall 10: too few results, or ones that cannot be read, leave all rows of the call unknown: none is taken for written by its place."""
    connector = org.connector()
    connector.check()
    org.admin("faults", kind="slow", path="composite", status=200, body=answer, delay=0, after_commit=False)
    told, ended = told_before(connector.push([create("k1"), create("k2")]))
    assert not told
    assert isinstance(ended, UnknownOutcome)


# ---- 11 ----------------------------------------------------------------------------------------------------------------------------------------

MATCHES = [
    {
        "entityType": "Contact",
        "matchRecords": [{"matchConfidence": 100.0, "record": {"attributes": {"type": "Contact"}, "Id": "003000000000001AAA"}}],
    },
    {
        "entityType": "Lead",
        "matchRecords": [
            {"matchConfidence": 70.0, "record": {"attributes": {"type": "Lead"}, "Id": "00Q000000000001AAA"}},
            {"matchConfidence": 90.0, "record": {"attributes": {"type": "Lead"}, "Id": "00Q000000000002AAA"}},
            {"matchConfidence": 95.0, "record": {"attributes": {"type": "Lead"}}},
        ],
    },
]


def duplicate_rule(org: Any, *, key: str = "duplicateResult") -> None:
    """Let the first row of the next collection and the next single row be refused as a duplicate rule refuses them."""
    error = {"message": "Use one of these records?", "fields": []}
    refused = {"success": False, "errors": [{"statusCode": "DUPLICATES_DETECTED", **error}]}
    alone = [{"errorCode": "DUPLICATES_DETECTED", **error, key: {"allowSave": True, "matchResults": MATCHES}}]
    org.admin("faults", kind="slow", path="composite", status=200, body=[refused], delay=0, after_commit=False)
    org.admin("faults", kind="slow", path="sobjects/Lead", method="POST|PATCH", status=400, body=alone, delay=0, after_commit=False)


@pytest.mark.parametrize("key", ["duplicateResult", "duplicateResut"])
def test_the_records_that_a_duplicate_rule_found_are_named(org: Any, create: Any, pushed: Any, key: str) -> None:
    """Pitfall 11: a batch does not say whom a refused lead is like, so that row is sent by itself: the likeliest Lead is a candidate, all are named."""
    connector = org.connector()
    connector.check()
    duplicate_rule(org, key=key)
    error = pushed(connector, create("k1"))["k1"].error
    assert isinstance(error, DuplicateRefused)
    assert error.existing_id == "00Q000000000002AAA"
    assert all(f"{kind} {record_id}" in str(error) for kind, record_id in (("Lead", "00Q000000000001AAA"), ("Contact", "003000000000001AAA")))
    assert not [call for call in org.journal() if "allowsave" in str(call["headers"]).lower()]
    assert not org.rows()


def test_a_row_that_a_rule_lets_pass_the_second_time_is_written_once(org: Any, create: Any, update: Any, pushed: Any) -> None:
    """Pitfall 11: where the likeness is gone by the time the row is sent by itself, it is simply written, with its key and its headers."""
    connector = org.connector(owner_on_create="assignment_rules")
    connector.check()
    refused = {"success": False, "errors": [{"statusCode": "DUPLICATES_DETECTED", "message": "Use one?", "fields": []}]}
    order = {"kind": "slow", "path": "composite", "status": 200, "body": [refused], "delay": 0, "after_commit": False}
    org.admin("faults", **order)
    created = pushed(connector, create("k1"))["k1"]
    assert created.result is Result.ACCEPTED
    assert org.rows()[created.record_id]["LeadhubId__c"] == "k1"
    assert org.journal("POST", "sobjects/Lead")[0]["headers"]["sforce-auto-assign"] == "TRUE"
    org.admin("faults", **order)
    updated = pushed(connector, update(created.record_id, "k2", Title="CTO"))["k2"]
    assert (updated.result, updated.record_id, org.rows()[created.record_id]["Title"]) == (Result.ACCEPTED, created.record_id, "CTO")


@pytest.mark.parametrize(("kind", "result"), [("unavailable", Result.REFUSED), ("too_many", Result.REFUSED), ("drop_before", Result.UNKNOWN)])
def test_asking_for_the_matches_in_vain_changes_no_other_outcome(org: Any, create: Any, pushed: Any, kind: str, result: Result) -> None:
    """Pitfall 11: where the second call fails the refusal stands without names; where its answer is lost that one row is unknown."""
    connector = org.connector()
    connector.check()
    refused = {"success": False, "errors": [{"statusCode": "DUPLICATES_DETECTED", "message": "Use one?", "fields": []}]}
    written = {"success": True, "id": "00Q000000000002AAA", "errors": []}
    org.admin("faults", kind="slow", path="composite", status=200, body=[refused, written], delay=0, after_commit=False)
    org.admin("faults", kind=kind, path="sobjects/Lead", method="POST")
    outcomes = pushed(connector, create("k1"), create("k2"))
    assert (outcomes["k1"].result, outcomes["k2"].result) == (result, Result.ACCEPTED)


@pytest.mark.parametrize("action", ["alert", "block"])
@pytest.mark.parametrize("against", ["Lead", "Contact"])
def test_a_rule_of_the_org_asks_a_person(org: Any, create: Any, update: Any, pushed: Any, action: str, against: str) -> None:
    """Pitfall 11: a rule that blocks or only alerts, on leads or contacts, refuses a create and an update, and the record that is alike is known."""
    like = (org.lead if against == "Lead" else org.contact)(Email="ann@acme.example")
    other = org.lead(Email="other@acme.example")
    org.admin("settings", duplicate_rules=[{"object": "Lead", "action": action, "fields": ["Email"], "against": [against]}])
    connector = org.connector()
    outcomes = pushed(connector, create("new", Email="ann@acme.example"), create("good", Email="bob@acme.example"))
    outcomes |= pushed(connector, update(other, "edit", Email="ann@acme.example"))
    for key in ("new", "edit"):
        error = outcomes[key].error
        assert isinstance(error, DuplicateRefused)
        assert (error.existing_id, like in str(error)) == (like, True)
    assert outcomes["good"].result is Result.ACCEPTED
    assert len(org.rows()) == (3 if against == "Lead" else 2)


# ---- 12 ----------------------------------------------------------------------------------------------------------------------------------------


def test_absent_null_and_blank_are_three_things(org: Any, update: Any, pushed: Any) -> None:
    """Pitfall 12: what is not in a change is not sent, None goes as null and clears, and a checkbox is never cleared: that would be a "no"."""
    lead = org.lead(Phone="123", Title="CEO", HasOptedOutOfEmail=True)
    connector = org.connector(("Phone", "Title", "HasOptedOutOfEmail"))
    pushed(connector, update(lead, Phone=None))
    (call,) = org.journal("PATCH")
    (record,) = json.loads(call["body"])["records"]
    assert record == {"attributes": {"type": "Lead"}, "id": lead, "Phone": None}
    shown = connector.reread(LEAD, [lead])[lead].values
    assert (shown["Phone"], shown["Title"]) == (None, "CEO")
    refused = pushed(connector, update(lead, HasOptedOutOfEmail=None))["k1"]
    assert isinstance(refused.error, RecordError)
    assert org.rows()[lead]["HasOptedOutOfEmail"] is True


# ---- 14 ----------------------------------------------------------------------------------------------------------------------------------------


def test_rows_are_locked_in_one_order(org: Any, update: Any, pushed: Any) -> None:
    """Pitfall 14: within a call rows are sorted by id, so that two writers wait for each other instead of failing."""
    leads = [org.lead(LastName=f"L{n}") for n in range(20)]
    pushed(org.connector(), *(update(lead, f"k{n}", Title="CTO") for n, lead in enumerate(reversed(leads))))
    (call,) = org.journal("PATCH")
    ids = [record["id"] for record in json.loads(call["body"])["records"]]
    assert ids == sorted(leads)


# ---- 16 ----------------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["ann@acme.inc", "a b+c", "..", "a/b?c#d", "' OR Id != '", "\\' OR Id != '", "Zoë%20"])
def test_no_text_of_a_key_or_a_name_means_anything(org: Any, create: Any, pushed: Any, key: str) -> None:
    """Pitfall 16: keys travel in a body or as an escaped literal, never in a path: dots, blanks, slashes and quotes make and find exactly one lead."""
    other = org.lead(LeadhubId__c="other")
    connector = org.connector()
    outcome = pushed(connector, create(key, LastName=key))[key]
    assert org.rows()[outcome.record_id]["LeadhubId__c"] == key
    assert {found: record.id for found, record in connector.find(LEAD, [key]).items()} == {key: outcome.record_id}
    assert other in org.rows()


def test_a_short_id_is_the_same_record(org: Any, update: Any, pushed: Any) -> None:
    """Pitfall 16: fifteen characters name the record that eighteen name; capitals count in the first fifteen."""
    lead, connector = org.lead(), org.connector()
    assert pushed(connector, update(lead[:15], Title="CTO"))["k1"].record_id == lead
    assert connector.reread(LEAD, [lead[:15]])[lead[:15]].id == lead


# ---- 17 ----------------------------------------------------------------------------------------------------------------------------------------


def test_a_multi_select_is_a_set_and_money_a_number(org: Any, update: Any, pushed: Any) -> None:
    """Pitfall 17: what was written reads back as the same set, whatever its order, and money as the same number: no eternal difference."""
    wanted = ("Interests__c", "AnnualRevenue", "NumberOfEmployees")
    lead, connector = org.lead(), org.connector(wanted)
    options = connector.describe(LEAD)["Interests__c"].options
    sent = {"Interests__c": [options[1], options[0]], "AnnualRevenue": Decimal("1250000.50"), "NumberOfEmployees": 12}
    pushed(connector, update(lead, **sent))
    shown = connector.reread(LEAD, [lead])[lead].values
    assert shown["Interests__c"] == sorted(sent["Interests__c"])
    assert (shown["AnnualRevenue"], shown["NumberOfEmployees"]) == (Decimal("1250000.50"), 12)
