"""Archiving: leads go to the Recycle Bin, from where a person can bring them back; each has an outcome of its own."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from leadhub_salesforce.connector import SalesforceConnector

from leadhub import Change, InvalidValue, Operation, QuotaExhausted, RecordError, RecordGone, Result, Unavailable, UnknownOutcome


@pytest.fixture
def archive() -> Callable[..., Change]:
    """Make the change that archives a record."""

    def make(record_id: str | None, key: str = "k1") -> Change:
        return Change(key, "Lead", Operation.ARCHIVE, record_id, {})

    return make


def test_an_archived_lead_lies_in_the_recycle_bin_and_comes_back(org: Any, archive: Any, pushed: Any) -> None:
    """The lead is gone for every reader and its neighbor is not; whoever undeletes it finds it under its old id, as it was."""
    lead, other = org.lead(Title="CEO"), org.lead()
    outcome = pushed(org.connector(), archive(lead[:15]))["k1"]
    assert (outcome.result, outcome.record_id, outcome.values) == (Result.ACCEPTED, lead, None)
    assert (org.rows()[lead]["IsDeleted"], org.rows()[other]["IsDeleted"]) == (True, False)
    org.admin("undelete", id=lead)
    assert (org.rows()[lead]["IsDeleted"], org.rows()[lead]["Title"]) == (False, "CEO")


def test_leadhub_says_that_it_archives() -> None:
    """Without this word leadhub asks no connector to archive."""
    assert SalesforceConnector.archives


def test_two_hundred_leads_are_archived_in_one_call(org: Any, archive: Any, pushed: Any) -> None:
    """As many as a collection takes, and not all or none."""
    leads = [org.lead(LastName=f"L{n}") for n in range(200)]
    outcomes = pushed(org.connector(), *(archive(lead, lead) for lead in leads))
    assert all(outcomes[lead].record_id == lead for lead in leads)
    (call,) = org.journal("DELETE")
    asked = parse_qs(urlsplit(call["target"]).query)
    assert asked["allOrNone"] == ["false"]
    assert sorted(asked["ids"][0].split(",")) == sorted(leads)


def test_each_lead_has_its_own_outcome(org: Any, archive: Any, pushed: Any) -> None:
    """One that is gone, one that leadhub may not delete and one that never was are refused, each with its reason; the others are archived."""
    good, gone, kept = org.lead(), org.lead(), org.lead()
    org.admin("delete", id=gone)
    org.admin("settings", no_delete=[kept])
    never = f"{good[:14]}z"
    outcomes = pushed(org.connector(), *(archive(one, key) for one, key in ((gone, "gone"), (kept, "kept"), (never, "never"), (good, "good"))))
    assert outcomes["good"].result is Result.ACCEPTED
    assert {type(outcomes[key].error) for key in ("gone", "never")} == {RecordGone}
    assert type(outcomes["kept"].error) is RecordError
    assert "insufficient access rights" in str(outcomes["kept"].error)
    assert "Modify All" in str(outcomes["kept"].error)
    assert not org.rows()[kept]["IsDeleted"]


def test_a_login_without_the_right_to_delete_archives_nothing(org: Any, archive: Any, pushed: Any) -> None:
    """Delete on Lead is a permission of its own: without it each lead is refused with the way out, and stays."""
    lead = org.lead()
    org.admin("settings", no_delete=["Lead"])
    error = pushed(org.connector(), archive(lead))["k1"].error
    assert error.code == "INSUFFICIENT_ACCESS_OR_READONLY"
    assert "by hand" in str(error)
    assert not org.rows()[lead]["IsDeleted"]


def test_a_locked_lead_is_offered_again(org: Any, archive: Any) -> None:
    """A row that somebody else holds was not refused: the others are told, then it is left as not attempted."""
    free, locked = org.lead(), org.lead()
    org.admin("settings", locked_records=[locked])
    outcomes, connector = [], org.connector()
    with pytest.raises(Unavailable):
        outcomes.extend(iter(connector.push([archive(locked, "a"), archive(free, "b")])))
    assert org.rows()[free]["IsDeleted"]
    assert not org.rows()[locked]["IsDeleted"]


@pytest.mark.parametrize("record_id", [None, "", "12", "00Q000000000001,00Q000000000002"])
def test_an_archive_without_a_proper_id_is_refused(org: Any, archive: Any, pushed: Any, record_id: str | None) -> None:
    """No id, or a text that is none, never reaches the API."""
    assert pushed(org.connector(), archive(record_id))["k1"].error.code == "MALFORMED_ID"
    assert not org.journal("DELETE")


def test_another_objects_id_is_not_deleted_as_a_leads(org: Any, archive: Any, pushed: Any) -> None:
    """A delete names ids alone: a Contact's id among them would delete the Contact."""
    contact = org.contact()
    error = pushed(org.connector(), archive(contact))["k1"].error
    assert isinstance(error, InvalidValue)
    assert not org.rows("Contact")[contact]["IsDeleted"]


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_a_lost_answer_is_unknown_and_never_repeated(org: Any, archive: Any, kind: str) -> None:
    """Whether the lead is gone cannot be known from here: one call, and the error that makes leadhub read it again."""
    lead, connector = org.lead(), org.connector()
    connector.describe("Lead")
    org.admin("faults", kind=kind, path="/composite/sobjects")
    with pytest.raises(UnknownOutcome):
        list(connector.push([archive(lead)]))
    assert len(org.journal("DELETE")) == 1
    assert org.rows()[lead]["IsDeleted"] is (kind == "drop_after")


def test_a_call_that_is_refused_as_a_whole_stops_the_system(org: Any, archive: Any) -> None:
    """The day's calls being used up says nothing of one lead: the error is the system's, and the lead stays."""
    lead, connector = org.lead(), org.connector()
    connector.describe("Lead")
    org.admin("faults", kind="limit", path="/composite/sobjects")
    with pytest.raises(QuotaExhausted):
        list(connector.push([archive(lead)]))
    assert not org.rows()[lead]["IsDeleted"]
