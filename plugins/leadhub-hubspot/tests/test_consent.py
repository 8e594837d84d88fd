"""Opt-outs travel to HubSpot at once and by its own way; nobody is opted in again by a program."""

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest

from leadhub import AccessDenied, Change, Describes, Operation, RateLimited, RecordError, RecordGone, Result, UnknownOutcome

OPT_OUT = "hs_email_optout"


def opt_outs(sandbox: Any) -> list[str]:
    """Return the addresses that were opted out by calls, in order."""
    return [unquote(entry["path"]).split("/")[-2] for entry in sandbox.calls("/unsubscribe-all")]


def test_an_opt_out_goes_through_the_subscriptions(sandbox: Any, change: Callable[..., Change]) -> None:
    """A change that opts out and changes a name does both, and the answer shows both; HubSpot refuses the property itself."""
    [one] = sandbox.people(1)
    [outcome] = sandbox.connector().push([change("k", one, hs_email_optout=True, firstname="New")])
    assert (outcome.result, outcome.values[OPT_OUT], outcome.values["firstname"]) == (Result.ACCEPTED, "true", "New")
    assert (sandbox.raw(one)[OPT_OUT], sandbox.raw(one)["firstname"]) == ("true", "New")
    assert opt_outs(sandbox) == ["p0@example.com"]
    assert all(OPT_OUT not in entry["body"] for entry in sandbox.calls("/batch/update"))


def test_an_opt_out_alone_writes_no_contact(sandbox: Any, change: Callable[..., Change]) -> None:
    """Where the opt-out is all there is, no batch is sent for it, and others of the batch are written as ever."""
    ids = sandbox.people(3)
    changes = [change("a", ids[0], hs_email_optout=True), change("b", ids[1], phone="+1 2"), change("c", ids[2], hs_email_optout=True)]
    outcomes = {outcome.key: outcome for outcome in sandbox.connector().push(changes)}
    assert {key: outcome.result for key, outcome in outcomes.items()} == dict.fromkeys("abc", Result.ACCEPTED)
    assert outcomes["a"].values == {OPT_OUT: "true"}
    assert [sandbox.raw(one).get(OPT_OUT) for one in ids] == ["true", None, "true"]
    assert len(sandbox.calls("/batch/update")) == 1


@pytest.mark.parametrize("version", ["v3", "2026-03", "2026-09"])
def test_every_version_has_its_path(sandbox: Any, change: Callable[..., Change], version: str) -> None:
    """Each API version's opt-out reaches the address, version 3 by the subscriptions of version 4."""
    [one] = sandbox.people(1)
    [outcome] = sandbox.connector(api_version=version).push([change("k", one, hs_email_optout=True)])
    assert (outcome.result, sandbox.raw(one)[OPT_OUT]) == (Result.ACCEPTED, "true")


def test_an_opt_out_twice_is_no_error(sandbox: Any, change: Callable[..., Change]) -> None:
    """A retry after a lost answer, or a second order, changes nothing and is accepted."""
    [one] = sandbox.people(1)
    connector = sandbox.connector()
    for key in ("first", "second"):
        [outcome] = connector.push([change(key, one, hs_email_optout=True)])
        assert outcome.result is Result.ACCEPTED


def test_a_change_of_address_opts_out_both(sandbox: Any, change: Callable[..., Change]) -> None:
    """A person who opted out and has a new address is mailed at neither, nor in between."""
    [one] = sandbox.people(1)
    [outcome] = sandbox.connector().push([change("k", one, hs_email_optout=True, email="new@example.com")])
    assert (outcome.result, sandbox.raw(one)["email"], sandbox.raw(one)[OPT_OUT]) == (Result.ACCEPTED, "new@example.com", "true")
    assert opt_outs(sandbox) == ["p0@example.com", "new@example.com"]
    order = [entry["path"].rsplit("/", 1)[-1] for entry in sandbox.calls() if entry["path"].endswith(("/unsubscribe-all", "/update"))]
    assert order == ["unsubscribe-all", "unsubscribe-all", "update"]


def test_a_new_contact_is_opted_out_before_it_exists(sandbox: Any, change: Callable[..., Change]) -> None:
    """A create of somebody who opted out elsewhere makes a contact that was never to be mailed; one who did not is plain."""
    changes = [change("k1", email="out@example.com", hs_email_optout=True), change("k2", email="in@example.com", hs_email_optout=False)]
    outcomes = {outcome.key: outcome for outcome in sandbox.connector().push(changes)}
    raw = {key: sandbox.raw(outcome.record_id) for key, outcome in outcomes.items()}
    assert (raw["k1"][OPT_OUT], raw["k2"].get(OPT_OUT)) == ("true", None)
    calls = [entry["path"].rsplit("/", 1)[-1] for entry in sandbox.calls()]
    assert calls.index("unsubscribe-all") < calls.index("upsert")
    assert opt_outs(sandbox) == ["out@example.com"]


@pytest.mark.parametrize("value", [False, None])
def test_opting_in_is_refused(sandbox: Any, change: Callable[..., Change], value: bool | None) -> None:
    """No program opts a person in again: the change is refused as a whole, says who can, and nothing of it is written."""
    [one] = sandbox.people(1)
    connector = sandbox.connector()
    list(connector.push([change("out", one, hs_email_optout=True)]))
    [outcome] = connector.push([change("in", one, hs_email_optout=value, firstname="New")])
    assert (outcome.result, outcome.error.fields) == (Result.REFUSED, (OPT_OUT,))
    assert "a person has to do that" in str(outcome.error)
    assert "ask the contact" in str(outcome.error.next_step)
    assert (sandbox.raw(one)[OPT_OUT], sandbox.raw(one)["firstname"]) == ("true", "P")


def test_a_contact_without_an_address_cannot_be_opted_out(sandbox: Any, change: Callable[..., Change]) -> None:
    """HubSpot keeps opt-outs by address: without one the change is refused with that reason, and the others go on."""
    nameless = sandbox.create(firstname="No", lastname="Address")
    [other] = sandbox.people(1)
    changes = [change("a", nameless, hs_email_optout=True), change("b", other, phone="+1")]
    outcomes = {outcome.key: outcome for outcome in sandbox.connector().push(changes)}
    assert (outcomes["a"].result, outcomes["b"].result) == (Result.REFUSED, Result.ACCEPTED)
    assert "by e-mail address" in str(outcomes["a"].error)


@pytest.mark.parametrize("fate", ["archive", "merge"])
def test_a_contact_that_is_gone_is_not_opted_out(sandbox: Any, change: Callable[..., Change], fate: str) -> None:
    """An id that is archived or was merged away has no address of its own: nobody else's is opted out in its place."""
    one, two = sandbox.people(2)
    sandbox.post(fate, **({"id": one} if fate == "archive" else {"primaryObjectId": two, "objectIdToMerge": one}))
    [outcome] = sandbox.connector().push([change("k", one, hs_email_optout=True)])
    assert (outcome.result, type(outcome.error)) == (Result.REFUSED, RecordGone)
    assert opt_outs(sandbox) == []


def test_a_missing_scope_refuses_opt_outs_alone(sandbox: Any, change: Callable[..., Change]) -> None:
    """A key without the right to change subscriptions says which one it lacks, for each opt-out, and writes everything else."""
    scopes = sandbox.admin.get("/_sandbox/settings").json()["scopes"]
    sandbox.post("settings", scopes=[scope for scope in scopes if not scope.startswith("communication")])
    ids = sandbox.people(2)
    outcomes = {o.key: o for o in sandbox.connector().push([change("a", ids[0], hs_email_optout=True), change("b", ids[1], phone="+1")])}
    assert (outcomes["a"].result, outcomes["b"].result) == (Result.REFUSED, Result.ACCEPTED)
    assert isinstance(outcomes["a"].error, RecordError)
    assert str(outcomes["a"].error.next_step).endswith("Service Keys > leadhub's key > scopes: tick communication_preferences.write")


def test_a_refused_token_still_stops_everything(sandbox: Any, change: Callable[..., Change]) -> None:
    """An expired key is no matter of one record."""
    [one] = sandbox.people(1)
    connector = sandbox.connector()
    connector.describe("contacts")
    sandbox.post("settings", token_expired=True)
    with pytest.raises(AccessDenied):
        list(connector.push([change("k", one, hs_email_optout=True)]))


def test_a_refused_write_says_that_the_opt_out_stands(sandbox: Any, change: Callable[..., Change]) -> None:
    """Where the rest of the change is refused, the outcome still tells that the address was opted out."""
    [one] = sandbox.people(1)
    [outcome] = sandbox.connector().push([change("k", one, hs_email_optout=True, hs_lead_status="NO_SUCH")])
    assert (outcome.result, outcome.values) == (Result.REFUSED, {OPT_OUT: "true"})
    assert sandbox.raw(one)[OPT_OUT] == "true"


def test_a_stage_set_back_and_an_opt_out_in_one(sandbox: Any, change: Callable[..., Change]) -> None:
    """The two writes that HubSpot wants done its own way go together."""
    [one] = sandbox.people(1, lifecyclestage="customer")
    [outcome] = sandbox.connector().push([change("k", one, Operation.CLEAR_THEN_SET, hs_email_optout=True, lifecyclestage="lead")])
    assert (outcome.result, sandbox.raw(one)[OPT_OUT], sandbox.raw(one)["lifecyclestage"]) == (Result.ACCEPTED, "true", "lead")


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "bad_gateway", "unavailable"])
def test_no_error_of_an_opt_out_shows_the_address_in_a_path(sandbox: Any, change: Callable[..., Change], kind: str) -> None:
    """A call that fails names the call and not the escaped address, which no log would know to mask."""
    [one] = sandbox.people(1)
    sandbox.fault(kind, "unsubscribe-all$")
    with pytest.raises(Exception, match=r"unsubscribe-all|HubSpot|no answer") as caught:
        list(sandbox.connector().push([change("k", one, hs_email_optout=True)]))
    assert "%40" not in str(caught.value)


def test_a_lost_answer_is_unknown(sandbox: Any, change: Callable[..., Change]) -> None:
    """An opt-out without an answer may have happened, and nothing else of the batch was written."""
    [one] = sandbox.people(1)
    sandbox.fault("drop_after", "unsubscribe-all$")
    with pytest.raises(UnknownOutcome):
        list(sandbox.connector().push([change("k", one, hs_email_optout=True, firstname="New")]))
    assert (sandbox.raw(one)[OPT_OUT], sandbox.raw(one)["firstname"]) == ("true", "P")


def test_the_opt_out_is_described_as_writable(sandbox: Any) -> None:
    """HubSpot calls the property read-only; leadhub can write it all the same, and says so."""
    connector = sandbox.connector()
    assert isinstance(connector, Describes)
    described = connector.describe("contacts")
    assert (described[OPT_OUT].writable, described["createdate"].writable) == (True, False)


def test_a_batch_that_meets_the_limit_gets_to_its_end(sandbox: Any, change: Callable[..., Change]) -> None:
    """One call an address can exceed HubSpot's ten-second limit; the batch that comes again goes on where it was, and opts nobody out twice."""
    ids = sandbox.people(40)
    connector = sandbox.connector()
    connector.describe("contacts")
    sandbox.post("settings", burst_limit=15)
    left = {f"k{at}": change(f"k{at}", one, hs_email_optout=True, city="Lund") for at, one in enumerate(ids)}
    refusals = 0
    while left:
        try:
            for outcome in connector.push(list(left.values())):
                assert outcome.result is Result.ACCEPTED
                del left[outcome.key]
        except RateLimited:
            refusals += 1
            assert refusals < 10, "no progress"
            sandbox.advance(10)
    assert [(sandbox.raw(one)[OPT_OUT], sandbox.raw(one)["city"]) for one in ids] == [("true", "Lund")] * 40
    answered = [entry for entry in sandbox.calls("/unsubscribe-all") if entry["status"] == 200]
    assert (len(answered), refusals > 1) == (40, True)
