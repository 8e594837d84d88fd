"""Writing: one outcome a change, nothing written that must not be, and no answer taken for more than it says."""

import json
from decimal import Decimal
from typing import Any

import pytest
from leadhub_salesforce.errors import RECORD_KINDS, Complaint, for_record, graver

from leadhub import (
    Change,
    DuplicateRefused,
    FatalError,
    InvalidValue,
    Operation,
    RecordError,
    RecordGone,
    Result,
    RetryableError,
    RowsLocked,
    StaleRecord,
    Unavailable,
    UnknownOutcome,
)


def test_creates_are_upserts_by_our_key_and_can_be_repeated(org: Any, create: Any, pushed: Any) -> None:
    """The same create sent twice makes one lead and gives the same id."""
    connector = org.connector()
    first = pushed(connector, create("key-1", Email="a@acme.example"))["key-1"]
    second = pushed(connector, create("key-1", Email="a@acme.example"))["key-1"]
    assert first.result is second.result is Result.ACCEPTED
    assert first.record_id == second.record_id
    ((lead_id, row),) = org.rows().items()
    assert (lead_id, row["LeadhubId__c"], row["Email"]) == (first.record_id, "key-1", "a@acme.example")
    assert (first.stamp, first.values) == (None, None)


def test_without_an_external_id_creates_are_plain(org: Any, create: Any, pushed: Any) -> None:
    """Without the field a create is a plain create, and finding by key is an error, never "not there"."""
    connector = org.connector(external_id=None)
    outcome = pushed(connector, create("key-1"))["key-1"]
    assert org.rows()[outcome.record_id]["LeadhubId__c"] is None
    with pytest.raises(FatalError, match="external_id") as caught:
        connector.find("Lead", ["key-1"])
    assert caught.value.next_step


@pytest.mark.parametrize("hidden", [["LeadhubId__c"]])
def test_a_missing_external_id_field_stops_creates_before_the_first(org: Any, create: Any, hidden: list[str]) -> None:
    """A create that could not be recognized again is not made; updates go on."""
    org.admin("settings", hidden_fields={"Lead": hidden})
    connector = org.connector()
    with pytest.raises(FatalError, match="LeadhubId__c") as caught:
        list(connector.push([create("k1")]))
    assert caught.value.next_step
    assert not org.journal("PATCH")
    with pytest.raises(FatalError, match="not there"):
        connector.find("Lead", ["k1"])


def test_a_key_field_that_need_not_be_unique_is_refused(org: Any, create: Any) -> None:
    """Two leads could carry one key there, so neither a create nor a look-up goes by it."""
    connector = org.connector(external_id="Legacy_Id__c")
    with pytest.raises(FatalError, match="not unique") as caught:
        list(connector.push([create("k1")]))
    assert caught.value.next_step
    with pytest.raises(FatalError, match="unique"):
        connector.find("Lead", ["k1"])
    assert not org.rows()


@pytest.mark.parametrize("count", [1, 199, 200])
def test_one_call_writes_up_to_200(org: Any, create: Any, pushed: Any, count: int) -> None:
    """Two hundred creates take one call, and each key gets the id of its own lead."""
    connector = org.connector()
    outcomes = pushed(connector, *(create(f"key-{n}", LastName=f"L{n}") for n in range(count)))
    assert len(org.journal("PATCH")) == 1
    rows = org.rows()
    assert len(rows) == len(outcomes) == count
    assert all(rows[outcomes[f"key-{n}"].record_id]["LastName"] == f"L{n}" for n in range(count))
    assert connector.batch_size == 200


def test_201_changes_are_a_fault_of_the_caller(org: Any, create: Any) -> None:
    """More than `batch_size` is refused before anything is sent."""
    with pytest.raises(ValueError, match="at most 200"):
        list(org.connector().push([create(f"k{n}") for n in range(201)]))
    assert not org.rows()


def test_one_bad_record_leaves_the_others_alone(org: Any, create: Any, pushed: Any) -> None:
    """In one call the good are written and each bad one is refused with Salesforce's own word and field."""
    outcomes = pushed(
        org.connector(),
        create("good"),
        create("long", LastName="x" * 81),
        create("mail", Email="nonsense"),
        create("none", Company=None),
    )
    assert outcomes["good"].result is Result.ACCEPTED
    assert len(org.rows()) == 1
    for key, code, field in (
        ("long", "STRING_TOO_LONG", "LastName"),
        ("mail", "INVALID_EMAIL_ADDRESS", "Email"),
        ("none", "REQUIRED_FIELD_MISSING", "Company"),
    ):
        error = outcomes[key].error
        assert outcomes[key].result is Result.REFUSED
        assert isinstance(error, InvalidValue)
        assert (error.code, error.fields) == (code, (field,))


@pytest.mark.parametrize(
    ("setting", "header", "owner"),
    [(None, "FALSE", "leadhub"), ("assignment_rules", "TRUE", "queue"), ("queue", "FALSE", "queue"), ("jane", "FALSE", "jane")],
)
def test_the_owner_of_a_create_is_as_configured(org: Any, create: Any, *, setting: Any, header: str, owner: str) -> None:
    """The assignment rules run only when asked for, and a named owner gets the lead."""
    service: Any = org.server.service
    ids = {"queue": org.admin("settings")["assignment_rule"]["owner"], **{who: service.org.user_id(who) for who in ("jane", "leadhub")}}
    (outcome,) = org.connector(owner_on_create=ids.get(setting, setting)).push([create("k1")])
    (call,) = org.journal("PATCH")
    assert call["headers"]["sforce-auto-assign"] == header
    assert org.rows()[outcome.record_id]["OwnerId"] == ids[owner]


@pytest.mark.parametrize("setting", [None, "assignment_rules"])
def test_no_update_moves_a_lead_to_another_owner(org: Any, update: Any, pushed: Any, setting: str | None) -> None:
    """Whatever is configured for creates, an update runs no assignment rule."""
    service: Any = org.server.service
    omar = service.org.user_id("omar")
    lead = org.lead(OwnerId=omar)
    pushed(org.connector(owner_on_create=setting), update(lead, Title="CTO"))
    assert org.rows()[lead]["OwnerId"] == omar
    assert org.rows()[lead]["Title"] == "CTO"


def test_an_update_sends_only_what_changes_and_none_clears(org: Any, update: Any, pushed: Any) -> None:
    """The body holds the id and the changed fields; None goes as null and empties the field."""
    lead = org.lead(Phone="123", Title="CEO")
    assert pushed(org.connector(), update(lead, Phone=None))["k1"].result is Result.ACCEPTED
    (call,) = org.journal("PATCH")
    assert json.loads(call["body"]) == {"allOrNone": False, "records": [{"attributes": {"type": "Lead"}, "Phone": None, "id": lead}]}
    assert (org.rows()[lead]["Phone"], org.rows()[lead]["Title"]) == (None, "CEO")


@pytest.mark.parametrize("status", ["Closed - Converted", "Open", "working - contacted", "", None, 7])
def test_a_status_that_is_not_live_never_reaches_the_api(org: Any, update: Any, create: Any, pushed: Any, status: Any) -> None:
    """Converted, unknown, wrongly cased and blank statuses, and labels, are refused with the live values named; nothing is sent."""
    lead = org.lead()
    outcomes = pushed(org.connector(), update(lead, "u", Status=status))
    outcomes |= pushed(org.connector(), create("c", Status=status))
    assert not org.journal("PATCH")
    for outcome in outcomes.values():
        assert outcome.result is Result.REFUSED
        assert isinstance(outcome.error, InvalidValue)
        assert outcome.error.fields == ("Status",)
        if status != "Closed - Converted":
            assert "'Working - Contacted'" in str(outcome.error)
            assert "Closed - Converted" not in str(outcome.error)


def test_a_live_status_is_written(org: Any, update: Any, pushed: Any) -> None:
    """A status that the org knows goes through, and a status added later is known within a minute."""
    lead, connector = org.lead(), org.connector()
    assert pushed(connector, update(lead, Status="Working - Contacted"))["k1"].result is Result.ACCEPTED
    assert org.rows()[lead]["Status"] == "Working - Contacted"
    new = {"ApiName": "Parked", "MasterLabel": "Parked", "SortOrder": 9, "IsDefault": False, "IsConverted": False}
    org.admin("settings", statuses=[*org.admin("settings")["statuses"], new])
    org.our_clock.time = org.our_clock.time.replace(minute=2)
    assert pushed(connector, update(lead, Status="Parked"))["k1"].result is Result.ACCEPTED


@pytest.mark.parametrize(("field", "code"), [("Name", "INVALID_FIELD_FOR_INSERT_UPDATE"), ("Phone", "INVALID_FIELD"), ("No__c", "INVALID_FIELD")])
def test_a_field_that_cannot_be_written_is_refused_with_its_reason(org: Any, update: Any, pushed: Any, field: str, code: str) -> None:
    """Read-only, hidden and unknown fields are never sent; the rest of the batch is written."""
    org.admin("settings", hidden_fields={"Lead": ["Phone"]})
    one, two = org.lead(), org.lead()
    outcomes = pushed(org.connector(), update(one, "bad", **{field: "x"}), update(two, "good", Title="CEO"))
    assert outcomes["bad"].result is Result.REFUSED
    assert outcomes["bad"].error.code == code
    assert outcomes["bad"].error.fields == (field,)
    assert outcomes["good"].result is Result.ACCEPTED
    (call,) = org.journal("PATCH")
    assert field not in call["body"]


def test_a_converted_lead_is_stale_and_a_deleted_one_gone(org: Any, update: Any, pushed: Any) -> None:
    """Each is told by its own kind; a lead that no longer exists at all is gone too."""
    won, dropped, merged, winner, purged = (org.lead() for _ in range(5))
    org.admin("convert", id=won)
    org.admin("delete", id=dropped)
    org.admin("merge", winner=winner, losers=[merged])
    org.admin("delete", id=purged)
    org.admin("purge", id=purged)
    leads = {"won": won, "dropped": dropped, "merged": merged, "purged": purged, "winner": winner}
    outcomes = pushed(org.connector(), *(update(lead, key, Title="x") for key, lead in leads.items()))
    assert outcomes["won"].result is Result.STALE
    assert isinstance(outcomes["won"].error, StaleRecord)
    assert all(isinstance(outcomes[key].error, RecordGone) for key in ("dropped", "merged", "purged"))
    assert outcomes["winner"].result is Result.ACCEPTED
    assert all(outcomes[key].record_id == lead for key, lead in leads.items())


def test_a_duplicate_value_names_the_lead_that_holds_it(org: Any, create: Any, pushed: Any) -> None:
    """A clash on a unique field is DuplicateRefused with the other lead's id."""
    holder = org.lead(LeadhubId__c="taken")
    outcome = pushed(org.connector(external_id=None), create("k1", LeadhubId__c="taken"))["k1"]
    assert isinstance(outcome.error, DuplicateRefused)
    assert outcome.error.existing_id == holder


def test_locked_rows_are_left_not_attempted_and_all_others_told(org: Any, update: Any) -> None:
    """Every other outcome comes first, then RowsLocked: sent again, exactly the locked rows are missing."""
    leads = [org.lead(LastName=f"L{n}") for n in range(4)]
    org.admin("settings", locked_records=[leads[1]])
    connector, told = org.connector(), []
    changes = [update(lead, f"k{n}", Title="CEO") for n, lead in enumerate(leads)]
    with pytest.raises(RowsLocked, match="UNABLE_TO_LOCK_ROW"):
        told += list_into(told, connector.push(changes))
    assert {outcome.key for outcome in told} == {"k0", "k2", "k3"}
    org.admin("settings", locked_records=[])
    left = [change for change in changes if change.key not in {outcome.key for outcome in told}]
    (last,) = connector.push(left)
    assert (last.key, last.result) == ("k1", Result.ACCEPTED)
    assert all(row["Title"] == "CEO" for row in org.rows().values())


def test_a_lock_stands_for_rows_that_were_not_taken_only_where_all_are_locked() -> None:
    """Rows that Salesforce could not take for another reason are not told as locked ones, whichever came first."""
    locked, down = RowsLocked("locked"), Unavailable("no server")
    assert (graver(None, locked), graver(locked, down), graver(down, locked)) == (locked, down, down)


def list_into(target: list[Any], outcomes: Any) -> list[Any]:
    for outcome in outcomes:
        target.append(outcome)  # noqa: PERF402 - what came before an exception must stay
    return []


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "truncate", "server_error", "html_503", "bad_gateway"])
@pytest.mark.parametrize("key_field", ["LeadhubId__c", None])
def test_a_lost_answer_is_an_unknown_outcome(org: Any, create: Any, kind: str, key_field: str | None) -> None:
    """Whether the write happened or not, no outcome is told; it is sent once, and by its key the lead is found or not."""
    connector = org.connector(external_id=key_field)
    connector.check()
    org.admin("faults", kind=kind, path="composite")
    told: list[Any] = []
    with pytest.raises(UnknownOutcome):
        list_into(told, connector.push([create("k1"), create("k2")]))
    assert not told
    assert len(org.journal(part="composite")) == 1
    happened = kind in ("drop_after", "truncate")
    assert len(org.rows()) == (2 if happened else 0)
    if key_field:
        assert set(connector.find("Lead", ["k1", "k2"])) == ({"k1", "k2"} if happened else set())
        list(connector.push([create("k1"), create("k2")]))
        assert len(org.rows()) == 2


@pytest.mark.parametrize("kind", ["unavailable", "lock", "too_many", "not_acceptable", "setting_up", "concurrent"])
def test_a_write_that_was_not_taken_may_be_repeated(org: Any, create: Any, pushed: Any, kind: str) -> None:
    """Refusals that had no effect are retryable and leave nothing behind."""
    connector = org.connector()
    connector.check()
    org.admin("faults", kind=kind, path="composite")
    with pytest.raises(RetryableError):
        pushed(connector, create("k1"))
    assert not org.rows()
    assert pushed(connector, create("k1"))["k1"].result is Result.ACCEPTED


def test_a_call_refused_as_a_whole_refuses_each_change_with_the_reason(org: Any, create: Any, pushed: Any) -> None:
    """When Salesforce refuses the call and names no record, all of its changes carry the reason."""
    connector = org.connector()
    connector.check()
    body = [{"errorCode": "JSON_PARSER_ERROR", "message": "unexpected character"}]
    org.admin("faults", kind="lock", path="composite", status=400, body=body)
    outcomes = pushed(connector, create("k1"), create("k2"))
    assert {o.result for o in outcomes.values()} == {Result.REFUSED}
    assert {o.error.code for o in outcomes.values()} == {"JSON_PARSER_ERROR"}


def test_two_changes_of_one_lead_go_in_two_calls_in_their_order(org: Any, update: Any, pushed: Any) -> None:
    """Salesforce refuses a record named twice in a call; the later change is written last. Within a call leads are sorted by id."""
    one, two = sorted(org.lead() for _ in range(2))
    outcomes = pushed(org.connector(), update(two, "a", Title="1"), update(one, "b", Title="2"), update(two[:15], "c", Title="3"))
    assert {o.result for o in outcomes.values()} == {Result.ACCEPTED}
    first, second = (json.loads(call["body"])["records"] for call in org.journal("PATCH"))
    assert [row["id"] for row in first] == [one, two]
    assert [row["id"] for row in second] == [two]
    assert org.rows()[two]["Title"] == "3"


def test_what_is_not_offered_is_refused(org: Any, pushed: Any) -> None:
    """Nothing is cleared on the way: such a change is refused with the reason."""
    lead = org.lead()
    outcome = pushed(org.connector(), Change("k1", "Lead", Operation.CLEAR_THEN_SET, lead, {"Title": "x"}))["k1"]
    assert (outcome.result, outcome.error.code) == (Result.REFUSED, "NOT_OFFERED")
    assert pushed(org.connector(), Change("k1", "Contact", Operation.UPDATE, lead, {}))["k1"].result is Result.REFUSED


@pytest.mark.parametrize("record_id", [None, "", "12", "00Q000000000001' OR Id != '"])
def test_an_update_without_a_proper_id_is_refused(org: Any, update: Any, pushed: Any, record_id: str | None) -> None:
    """No id, or text that is none, never reaches the API."""
    assert pushed(org.connector(), update(record_id, Title="x"))["k1"].error.code == "MALFORMED_ID"
    assert not org.journal("PATCH")


def test_values_of_every_kind_go_as_salesforce_takes_them(org: Any, update: Any, pushed: Any) -> None:
    """Decimals, lists, dates and instants are written in the API's forms; an instant without a zone is refused."""
    from datetime import UTC, date, datetime

    lead = org.lead()
    good = {"Score__c": Decimal("1.5"), "Interests__c": ["Hardware", "Training"], "Demo_Date__c": date(2026, 12, 24), "AnnualRevenue": Decimal(10)}
    good["Next_Call__c"] = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)
    outcome = pushed(org.connector(), update(lead, **good))["k1"]
    assert outcome.result is Result.ACCEPTED, outcome.error
    row = org.rows()[lead]
    assert (row["Score__c"], row["Interests__c"], row["Demo_Date__c"], row["AnnualRevenue"]) == (1.5, "Hardware;Training", "2026-12-24", 10)
    assert str(row["Next_Call__c"]).startswith("2026-12-01T09:30:00")
    naive = datetime(2026, 12, 1, 9, 30)  # noqa: DTZ001 - the fault under test
    refused = pushed(org.connector(), update(lead, Next_Call__c=naive))["k1"]
    assert "time zone" in str(refused.error)


@pytest.mark.parametrize(
    "answer", [[], [{}], [None], [{"success": True, "id": ""}], [{"success": True, "id": "00Q000000000009AAA"}], [{"success": True}] * 2]
)
def test_a_result_that_cannot_be_read_is_an_unknown_outcome(org: Any, update: Any, monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
    """Too few or too many results, or a result about another record, are never matched to a change by luck."""
    connector = org.connector()
    lead = org.lead()
    monkeypatch.setattr(connector._client, "write", lambda *_: answer)
    with pytest.raises(UnknownOutcome):
        list(connector.push([update(lead, Title="x")]))


def test_only_success_counts_in_a_result(org: Any, create: Any, pushed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed upsert that still carries `created` is refused."""
    connector = org.connector()
    failed = {"success": False, "created": True, "id": None, "errors": [{"statusCode": "DUPLICATE_VALUE", "message": "taken", "fields": []}]}
    monkeypatch.setattr(connector._client, "write", lambda *_: [failed])
    outcome = pushed(connector, create("k1"))["k1"]
    assert outcome.result is Result.REFUSED
    assert isinstance(outcome.error, DuplicateRefused)


@pytest.mark.parametrize("code", [*RECORD_KINDS, "DUPLICATES_DETECTED", "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "SOMETHING_NEW"])
def test_each_record_code_is_a_record_error_that_keeps_the_word(code: str) -> None:
    """The code, the message and the fields of a refusal reach the person who has to mend it."""
    error = for_record(Complaint(code, "said so", ("Email",)))
    assert isinstance(error, RecordError)
    assert (error.code, error.fields) == (code, ("Email",))
    assert "said so" in str(error)


def test_an_empty_push_does_nothing(org: Any) -> None:
    """No changes, no write."""
    assert list(org.connector().push([])) == []
    assert not org.journal("PATCH")
