"""Writing contacts: one outcome a change, per record, believed only from the answer."""

from collections.abc import Callable
from typing import Any

import pytest

from leadhub import (
    AccessDenied,
    Change,
    ConfigError,
    DuplicateRefused,
    InvalidValue,
    Outcome,
    QuotaExhausted,
    RateLimited,
    RecordGone,
    Result,
    Unavailable,
    UnknownOutcome,
)

UPSERT, UPDATE = "batch/upsert", "batch/update"


def push(connector: Any, *changes: Change) -> dict[str, Outcome]:
    return {outcome.key: outcome for outcome in connector.push(changes)}


def test_a_hundred_creates_are_one_call(sandbox: Any, change: Callable[..., Change]) -> None:
    """Pitfall 7: a full batch of creates takes one upsert, and each outcome carries its own record whatever order HubSpot answers in."""
    changes = [change(f"k{n}", email=f"P{n}@Example.com", lastname=f"N{n}") for n in range(100)]
    outcomes = push(sandbox.connector(), *changes)
    assert len(sandbox.calls(UPSERT)) == 1
    assert sandbox.count() == 100
    for n in range(100):
        outcome = outcomes[f"k{n}"]
        assert outcome.result is Result.ACCEPTED
        assert outcome.values == {"email": f"p{n}@example.com", "lastname": f"N{n}"}
        assert outcome.stamp == sandbox.service.clock.now()
    for n in (0, 41, 99):
        assert sandbox.raw(outcomes[f"k{n}"].record_id)["lastname"] == f"N{n}"


def test_a_create_carries_the_key(sandbox: Any, change: Callable[..., Change]) -> None:
    """The key lies in the external-id property afterwards, so that a lost create can be found."""
    outcome = push(sandbox.connector(), change("k1", email="a@example.com"))["k1"]
    assert sandbox.raw(outcome.record_id)["leadhub_id"] == "k1"


def test_a_create_sends_no_blanks(sandbox: Any, change: Callable[..., Change]) -> None:
    """Blanks mean nothing to a new contact: the first stage that the account gives it is no refusal."""
    outcome = push(sandbox.connector(), change("k1", email="a@example.com", phone=None, lifecyclestage=None))["k1"]
    assert (outcome.result, outcome.values) == (Result.ACCEPTED, {"email": "a@example.com"})
    assert sandbox.raw(outcome.record_id)["lifecyclestage"] == "lead"


def test_a_create_twice_makes_one_contact(sandbox: Any, change: Callable[..., Change]) -> None:
    """A create that is repeated under its key finds what the first one made."""
    connector = sandbox.connector()
    first = push(connector, change("k1", email="a@example.com"))["k1"]
    second = push(connector, change("k1", email="a@example.com"))["k1"]
    assert (second.result, second.record_id) == (Result.ACCEPTED, first.record_id)
    assert sandbox.count() == 1


def test_without_external_id_creates_are_plain(sandbox: Any, change: Callable[..., Change]) -> None:
    """With external_id off, contacts are made by batch create and matched by trace id."""
    outcomes = push(sandbox.connector(external_id=None), change("k1", email="a@example.com"), change("k2", email="b@example.com"))
    assert [sandbox.raw(outcomes[key].record_id)["email"] for key in ("k1", "k2")] == ["a@example.com", "b@example.com"]
    assert len(sandbox.calls("batch/create")) == 1


@pytest.mark.parametrize("owner", ["7002", "ben.okafor@owners.example"])
def test_the_owner_is_set_on_create(sandbox: Any, change: Callable[..., Change], owner: str) -> None:
    """The configured owner, by id or by e-mail address, gets the contacts that leadhub makes, and no update touches it."""
    connector = sandbox.connector(owner_on_create=owner)
    made = push(connector, change("k1", email="a@example.com"))["k1"]
    assert sandbox.raw(made.record_id)["hubspot_owner_id"] == "7002"
    push(connector, change("k2", made.record_id, phone="1"))
    assert "hubspot_owner_id" not in sandbox.calls(UPDATE)[0]["body"]


def test_an_unknown_owner_stops_before_any_create(sandbox: Any, change: Callable[..., Change]) -> None:
    """An owner that the account does not have is a fault of the configuration, told before anything is written."""
    with pytest.raises(ConfigError, match=r"owner_on_create"):
        push(sandbox.connector(owner_on_create="nobody@example.com"), change("k1", email="a@example.com"))
    assert sandbox.count() == 0


@pytest.mark.parametrize(("name", "fault"), [("no_such_property", "does not exist"), ("company", "not set to unique values")])
def test_an_unusable_external_id_stops_before_any_create(sandbox: Any, change: Callable[..., Change], name: str, fault: str) -> None:
    """A missing or ordinary external-id property is told before anything is written: without it creates could double."""
    with pytest.raises(ConfigError, match=fault):
        push(sandbox.connector(external_id=name), change("k1", email="a@example.com"))
    assert sandbox.count() == 0


def test_one_bad_record_of_a_hundred(sandbox: Any, change: Callable[..., Change]) -> None:
    """Pitfall 6: exactly the bad record is refused, with the property and HubSpot's code; the other 99 are written by the same call."""
    ids = sandbox.people(100)
    changes = [change(f"k{n}", record_id, phone=f"+1 {n}") for n, record_id in enumerate(ids)]
    changes[41] = change("k41", ids[41], hs_lead_status="WARM")
    outcomes = push(sandbox.connector(), *changes)
    bad = outcomes.pop("k41")
    assert (bad.result, bad.error.code, bad.error.fields) == (Result.REFUSED, "INVALID_OPTION", ("hs_lead_status",))
    assert isinstance(bad.error, InvalidValue)
    assert all(outcome.result is Result.ACCEPTED for outcome in outcomes.values())
    assert len(outcomes) == 99
    assert len(sandbox.calls(UPDATE)) == 1


def test_an_unknown_property_is_refused_for_its_record(sandbox: Any, change: Callable[..., Change]) -> None:
    """A property that the account lacks refuses the record that names it and no other."""
    one, two = sandbox.people(2)
    outcomes = push(sandbox.connector(), change("a", one, nonsense="1"), change("b", two, phone="1"))
    assert (outcomes["a"].error.code, outcomes["a"].error.fields) == ("PROPERTY_DOESNT_EXIST", ("nonsense",))
    assert outcomes["b"].result is Result.ACCEPTED


def test_a_taken_email_names_the_contact_that_has_it(sandbox: Any, change: Callable[..., Change]) -> None:
    """A create with an e-mail that another contact has is a duplicate, and the outcome says whose it is."""
    held = sandbox.create(email="a@example.com")
    outcomes = push(sandbox.connector(), change("k1", email="A@example.com", lastname="Lee"), change("k2", email="b@example.com"))
    assert isinstance(outcomes["k1"].error, DuplicateRefused)
    assert outcomes["k1"].error.existing_id == held
    assert outcomes["k2"].result is Result.ACCEPTED


def test_an_update_to_a_taken_email_is_a_duplicate(sandbox: Any, change: Callable[..., Change]) -> None:
    """An update that would take another contact's e-mail is refused, and names that contact."""
    one, two = sandbox.people(2)
    error = push(sandbox.connector(), change("k", two, email="p0@example.com"))["k"].error
    assert isinstance(error, DuplicateRefused)
    assert error.existing_id == one


def test_none_clears_and_text_comes_back(sandbox: Any, change: Callable[..., Change]) -> None:
    """Pitfall 18: none blanks a property, the outcome says None, and what was not named stays."""
    [one] = sandbox.people(1, phone="+1", company="Acme")
    outcome = push(sandbox.connector(), change("k", one, phone=None))["k"]
    assert outcome.values == {"phone": None}
    held = sandbox.raw(one)
    assert (held.get("phone"), held["company"]) == (None, "Acme")


def test_no_email_in_an_update_that_does_not_change_it(sandbox: Any, change: Callable[..., Change]) -> None:
    """Pitfall 8: an update names only what it changes: an e-mail sent along could replace the primary one."""
    [one] = sandbox.people(1)
    push(sandbox.connector(), change("k", one, phone="1"))
    assert "email" not in sandbox.calls(UPDATE)[0]["body"]


def test_a_contact_that_is_gone_is_refused(sandbox: Any, change: Callable[..., Change]) -> None:
    """An update of an archived contact is refused as gone; its neighbor is written."""
    one, two = sandbox.people(2)
    sandbox.post("archive", id=one)
    outcomes = push(sandbox.connector(), change("a", one, phone="1"), change("b", two, phone="2"))
    assert isinstance(outcomes["a"].error, RecordGone)
    assert outcomes["b"].result is Result.ACCEPTED


def test_the_answered_id_counts(sandbox: Any, change: Callable[..., Change]) -> None:
    """Pitfall 1: an update through an id that was merged away names the survivor's id in its outcome."""
    one, two = sandbox.people(2)
    survivor = str(sandbox.post("merge", primaryObjectId=one, objectIdToMerge=two)["id"])
    assert survivor not in (one, two)
    outcome = push(sandbox.connector(), change("k", two, phone="7"))["k"]
    assert (outcome.result, outcome.record_id) == (Result.ACCEPTED, survivor)


def test_two_changes_of_one_contact_are_two_requests(sandbox: Any, change: Callable[..., Change]) -> None:
    """HubSpot refuses a batch that names an id twice, so the later change goes in a second request, in order."""
    one, two = sandbox.people(2)
    outcomes = push(sandbox.connector(), change("a", one, phone="1"), change("b", one, phone="2"), change("c", two, phone="3"))
    assert {outcome.result for outcome in outcomes.values()} == {Result.ACCEPTED}
    assert sandbox.raw(one)["phone"] == "2"
    assert len(sandbox.calls(UPDATE)) == 2


# ---- the life cycle stage ------------------------------------------------------------------------------------------------------------------


def test_a_stage_forward_is_accepted(sandbox: Any, change: Callable[..., Change]) -> None:
    """A stage set forward is accepted, and the answer shows it."""
    one = sandbox.create(email="a@example.com", lifecyclestage="lead")
    outcome = push(sandbox.connector(), change("k", one, lifecyclestage="customer"))["k"]
    assert (outcome.result, outcome.values) == (Result.ACCEPTED, {"lifecyclestage": "customer"})


def test_a_silent_backward_stage_is_refused(sandbox: Any, change: Callable[..., Change]) -> None:
    """Pitfall 2: hubSpot ignores a stage set backward and answers success; the outcome says "not applied" and shows the stage that stands."""
    one = sandbox.create(email="a@example.com", lifecyclestage="customer")
    outcome = push(sandbox.connector(), change("k", one, lifecyclestage="lead", phone="1"))["k"]
    assert (outcome.result, outcome.error.fields) == (Result.REFUSED, ("lifecyclestage",))
    assert "not applied" in str(outcome.error)
    assert outcome.values == {"lifecyclestage": "customer", "phone": "1"}


def test_a_stage_that_the_answer_leaves_out_is_read_back(sandbox: Any, change: Callable[..., Change], monkeypatch: pytest.MonkeyPatch) -> None:
    """Pitfall 2: when the answer does not show the stage, it is read by id before it is believed."""
    one = sandbox.create(email="a@example.com", lifecyclestage="customer")
    connector = sandbox.connector()
    write = connector._client.batch_write

    def without_stage(*args: Any) -> Any:
        answer = write(*args)
        for result in answer.results:
            result["properties"].pop("lifecyclestage")
        return answer

    monkeypatch.setattr(connector._client, "batch_write", without_stage)
    assert push(connector, change("k", one, lifecyclestage="lead"))["k"].result is Result.REFUSED
    assert push(connector, change("k", one, lifecyclestage="evangelist"))["k"].result is Result.ACCEPTED


def test_clear_then_set_goes_backward_in_two_requests(sandbox: Any, change: Callable[..., Change]) -> None:
    """Pitfall 3: a backward stage is one request that blanks it and a second that sets all values, verified from the answers."""
    one, two = (sandbox.create(email=f"{name}@example.com", lifecyclestage="customer") for name in "ab")
    outcomes = push(
        sandbox.connector(),
        change("a", one, "clear_then_set", lifecyclestage="lead", hs_lead_status="NEW"),
        change("b", two, "clear_then_set", lifecyclestage="subscriber"),
    )
    assert {outcome.result for outcome in outcomes.values()} == {Result.ACCEPTED}
    assert outcomes["a"].values == {"lifecyclestage": "lead", "hs_lead_status": "NEW"}
    assert [sandbox.raw(record_id)["lifecyclestage"] for record_id in (one, two)] == ["lead", "subscriber"]
    clear, put = sandbox.calls(UPDATE)
    assert '"lifecyclestage":""' in clear["body"].replace(" ", "")
    assert "hs_lead_status" not in clear["body"]
    assert "hs_lead_status" in put["body"]


def test_a_workflow_between_clear_and_set_is_noticed(sandbox: Any, change: Callable[..., Change]) -> None:
    """Pitfall 12: a workflow that sets a further stage between the two requests makes the set fail silently: refused, and what stands is told."""
    one = sandbox.create(email="a@example.com", lifecyclestage="opportunity")
    sandbox.post("automation", property="lifecyclestage", value="", set={"lifecyclestage": "customer"})
    outcome = push(sandbox.connector(), change("k", one, "clear_then_set", lifecyclestage="lead"))["k"]
    assert (outcome.result, outcome.values) == (Result.REFUSED, {"lifecyclestage": "customer"})


def test_a_refused_set_says_that_the_stage_is_blank_now(sandbox: Any, change: Callable[..., Change]) -> None:
    """When the second request refuses a record, its outcome tells that the first one has already blanked the stage."""
    one = sandbox.create(email="a@example.com", lifecyclestage="customer")
    outcome = push(sandbox.connector(), change("k", one, "clear_then_set", lifecyclestage="lead", hs_lead_status="WARM"))["k"]
    assert (outcome.result, outcome.values, outcome.error.code) == (Result.REFUSED, {"lifecyclestage": None}, "INVALID_OPTION")
    assert "blank now" in str(outcome.error)
    assert sandbox.raw(one).get("lifecyclestage") is None


def test_a_duplicate_in_the_second_request_keeps_its_name(sandbox: Any, change: Callable[..., Change]) -> None:
    """A set that would take another contact's e-mail still says whose it is, and that the stage is blank now."""
    one = sandbox.create(email="a@example.com", lifecyclestage="customer")
    held = sandbox.create(email="b@example.com")
    outcome = push(sandbox.connector(), change("k", one, "clear_then_set", lifecyclestage="lead", email="b@example.com"))["k"]
    assert isinstance(outcome.error, DuplicateRefused)
    assert (outcome.error.existing_id, outcome.values) == (held, {"lifecyclestage": None})
    assert "blank now" in str(outcome.error)


def test_a_record_that_cannot_be_cleared_is_refused_alone(sandbox: Any, change: Callable[..., Change]) -> None:
    """A contact that is gone is refused at the first request; the other one is cleared and set."""
    one, two = (sandbox.create(email=f"{name}@example.com", lifecyclestage="customer") for name in "ab")
    sandbox.post("archive", id=one)
    changes = [change(key, record_id, "clear_then_set", lifecyclestage="lead") for key, record_id in (("a", one), ("b", two))]
    outcomes = push(sandbox.connector(), *changes)
    assert isinstance(outcomes["a"].error, RecordGone)
    assert outcomes["b"].result is Result.ACCEPTED


@pytest.mark.parametrize("kind", ["too_many", "daily_limit", "unavailable", "locked", "drop_before", "drop_after"])
def test_whatever_stops_the_second_request_is_unknown(sandbox: Any, change: Callable[..., Change], kind: str) -> None:
    """Pitfall 3: once the stage is cleared nothing may claim "not attempted": every failure of the second request is an unknown outcome."""
    one = sandbox.create(email="a@example.com", lifecyclestage="customer")
    sandbox.fault(kind, UPDATE, skip=1)
    with pytest.raises(UnknownOutcome):
        push(sandbox.connector(), change("k", one, "clear_then_set", lifecyclestage="lead"))
    assert sandbox.raw(one).get("lifecyclestage") == ("lead" if kind == "drop_after" else None)
    assert len(sandbox.calls(UPDATE)) == 2


# ---- faults --------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("too_many", RateLimited),
        ("daily_limit", QuotaExhausted),
        ("locked", Unavailable),
        ("migrating", Unavailable),
        ("unavailable", Unavailable),
        ("html_503", UnknownOutcome),
        ("internal", UnknownOutcome),
        ("bad_gateway", UnknownOutcome),
        ("gateway_timeout", UnknownOutcome),
        ("timeout_524", UnknownOutcome),
        ("drop_before", UnknownOutcome),
        ("drop_after", UnknownOutcome),
        ("truncate", UnknownOutcome),
    ],
)
def test_a_broken_write_is_typed_and_never_repeated(sandbox: Any, change: Callable[..., Change], kind: str, error: type[Exception]) -> None:
    """Pitfall 20: each kind of trouble is raised by what the caller can do about it, after one call and no more."""
    sandbox.fault(kind, UPSERT, times=9)
    with pytest.raises(error):
        push(sandbox.connector(), change("k1", email="a@example.com"))
    assert len(sandbox.calls(UPSERT)) == 1


@pytest.mark.parametrize(("kind", "made"), [("drop_before", False), ("drop_after", True)])
def test_find_tells_what_became_of_a_lost_create(sandbox: Any, change: Callable[..., Change], kind: str, made: bool) -> None:
    """Pitfall 5: after an answer was lost, find by the key tells the truth at once, search index or not."""
    sandbox.fault(kind, UPSERT)
    connector = sandbox.connector()
    with pytest.raises(UnknownOutcome):
        push(connector, change("k1", email="a@example.com"))
    found = connector.find("contacts", ["k1", "k2"])
    assert set(found) == ({"k1"} if made else set())
    assert not made or found["k1"].values["email"] == "a@example.com"


def test_a_missing_scope_stops_the_system(sandbox: Any, change: Callable[..., Change]) -> None:
    """A key without the right to write is AccessDenied and names the scope."""
    sandbox.post("settings", scopes=["crm.schemas.contacts.read", "crm.objects.contacts.read"])
    with pytest.raises(AccessDenied, match=r"crm\.objects\.contacts\.write"):
        push(sandbox.connector(), change("k1", email="a@example.com"))


def test_archive(sandbox: Any, change: Callable[..., Change]) -> None:
    """An archive takes the contacts out of the account, in one call."""
    ids = sandbox.people(2)
    outcomes = push(sandbox.connector(), *(change(record_id, record_id, "archive") for record_id in ids))
    assert {outcome.result for outcome in outcomes.values()} == {Result.ACCEPTED}
    assert sandbox.count() == 0
