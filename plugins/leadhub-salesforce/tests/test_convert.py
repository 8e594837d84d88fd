"""Conversions: asked for by SOAP, into the one contact of the same address or a new one, told apart from every other write, and never guessed at."""

from collections.abc import Callable
from typing import Any

import pytest
from leadhub_salesforce.client import translate
from leadhub_salesforce.soap import Order, convert_leads
from simple_salesforce.exceptions import SalesforceError, SalesforceExpiredSession

from leadhub import Change, FatalError, Operation, QuotaExhausted, RecordError, RecordGone, Result, StaleRecord, Unavailable, UnknownOutcome

EMAIL = "ann@acme.example"


@pytest.fixture
def convert() -> Callable[..., Change]:
    def make(record_id: str, key: str = "k1", object_name: str = "Lead") -> Change:
        return Change(key, object_name, Operation.CONVERT, record_id, {})

    return make


def _soap(org: Any) -> list[dict[str, Any]]:
    return list(org.journal("POST", "/services/Soap/"))


def test_a_lead_becomes_a_contact_with_an_opportunity(org: Any, convert: Any, pushed: Any) -> None:
    """Converted into the org's only converted status; the outcome tells what it set, as the lead shows it from then on."""
    lead = org.lead(Email=EMAIL)
    outcome = pushed(org.connector(), convert(lead))["k1"]
    row = org.rows()[lead]
    assert (outcome.result, outcome.record_id) == (Result.ACCEPTED, lead)
    assert row["IsConverted"]
    assert outcome.values == {name: row[name] for name in ("Status", "IsConverted", "ConvertedContactId", "ConvertedOpportunityId")}
    assert row["ConvertedOpportunityId"] in org.rows("Opportunity")


@pytest.mark.parametrize(("count", "reused"), [(0, False), (1, True), (2, False)])
def test_only_the_one_contact_of_the_same_address_is_taken(*, org: Any, convert: Any, pushed: Any, count: int, reused: bool) -> None:
    """One contact has the address, in any case of letters: it is the person. None, or several: a new one is made."""
    account = org.admin("create", object="Account", fields={"Name": "Acme"})["id"]
    there = {org.contact(Email=EMAIL.upper(), AccountId=account, LastName=f"Novak {n}") for n in range(count)}
    lead = org.lead(Email=EMAIL)
    pushed(org.connector(), convert(lead))
    assert (org.rows()[lead]["ConvertedContactId"] in there) is reused


def test_several_converted_statuses_need_a_name(org: Any, convert: Any, pushed: Any) -> None:
    """Where several statuses mean converted nobody guesses: nothing is converted until converted_status names one; a wrong name is told."""
    names = {"Open": False, "Won over": True, "Partner": True}
    statuses = [{"ApiName": n, "MasterLabel": n, "SortOrder": i, "IsDefault": not c, "IsConverted": c} for i, (n, c) in enumerate(names.items(), 1)]
    org.admin("settings", statuses=statuses)
    lead = org.lead()
    for settings in ({}, {"converted_status": "Open"}):
        with pytest.raises(FatalError, match="Won over"):
            pushed(org.connector(**settings), convert(lead))
    assert not org.rows()[lead]["IsConverted"]
    pushed(org.connector(converted_status="Partner"), convert(lead))
    assert org.rows()[lead]["Status"] == "Partner"


def test_a_converted_lead_is_told_as_stale_and_not_asked_for_again(org: Any, convert: Any, pushed: Any) -> None:
    """Converted by somebody in the meantime: nothing is sent."""
    lead, _ = org.converted(Email=EMAIL)
    org.forget()
    outcome = pushed(org.connector(), convert(lead))["k1"]
    assert (outcome.result, type(outcome.error)) == (Result.STALE, StaleRecord)
    assert not _soap(org)


def test_one_that_is_refused_leaves_the_others_alone(org: Any, convert: Any, pushed: Any) -> None:
    """A lead of a queue cannot be converted by Salesforce's own rule; a deleted one is gone; a Contact is no Lead. The rest is converted."""
    queue = next(iter(org.rows("Group")), None) or org.admin("queues", name="Inbound")["id"]
    queued, deleted, good = org.lead(OwnerId=queue), org.lead(), org.lead()
    org.admin("delete", id=deleted)
    changes = [convert(queued, "queued"), convert(deleted, "gone"), convert("003000000000001AAA", "contact"), convert(good, "good")]
    outcomes = pushed(org.connector(), *changes)
    assert outcomes["good"].result is Result.ACCEPTED
    assert isinstance(outcomes["gone"].error, RecordGone)
    assert isinstance(outcomes["queued"].error, RecordError)
    assert "owned by" in str(outcomes["queued"].error)
    assert outcomes["contact"].result is Result.REFUSED
    assert not org.rows()[queued]["IsConverted"]


def test_a_hundred_a_call(org: Any, convert: Any, pushed: Any) -> None:
    """Salesforce takes a hundred conversions in a call."""
    leads = [org.lead(LastName=f"N{n}") for n in range(101)]
    org.forget()
    outcomes = pushed(org.connector(), *(convert(lead, lead) for lead in leads))
    assert {outcome.result for outcome in outcomes.values()} == {Result.ACCEPTED}
    assert len(_soap(org)) == 2


@pytest.mark.parametrize(("kind", "happened"), [("drop_after", True), ("drop_before", False), ("html_503", False)])
def test_a_lost_answer_is_unknown(*, org: Any, convert: Any, pushed: Any, kind: str, happened: bool) -> None:
    """Whatever breaks after the call was sent: nobody knows, so nothing is repeated, and reading the lead tells."""
    lead, connector = org.lead(), org.connector()
    org.admin("faults", kind=kind, path="/services/Soap/.*")
    with pytest.raises(UnknownOutcome):
        pushed(connector, convert(lead))
    assert len(_soap(org)) == 1
    assert connector.reread("Lead", [lead])[lead].values["IsConverted"] is happened


class _Answer:
    """A session whose every call is answered alike."""

    def __init__(self, content: str, status: int = 200) -> None:
        self.content, self.status_code = content.encode(), status

    def post(self, *_args: object, **_options: object) -> "_Answer":
        """Answer."""
        return self


def _results(*results: str) -> str:
    return (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com"><e:Body><convertLeadResponse>'
        + "".join(f"<result>{result}</result>" for result in results)
        + "</convertLeadResponse></e:Body></e:Envelope>"
    )


@pytest.mark.parametrize(
    "content",
    [
        "",
        "<html>",
        "{}",
        '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
        _results(),
        _results("<success>false</success>"),
        _results("<leadId>00Q2</leadId><success>true</success>"),
    ],
    ids=["nothing", "html", "json", "a document type", "no result", "no reason", "another lead"],
)
def test_an_answer_that_nobody_can_read_is_no_answer(content: str) -> None:
    """Told as unreadable: the outcome is unknown then, never taken for the one or the other."""
    session: Any = _Answer(content)
    with pytest.raises(ValueError, match=r"."):
        convert_leads(session, "https://acme.my.salesforce.com/", "token", "66.0", [Order("00Q1", "Closed - Converted")])


FAULT = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><e:Fault><faultcode>sf:{code}</faultcode>'
    "<faultstring>{code}: no</faultstring></e:Fault></e:Body></e:Envelope>"
)


@pytest.mark.parametrize(
    ("code", "meant"),
    [
        ("INVALID_SESSION_ID", SalesforceExpiredSession),
        ("REQUEST_LIMIT_EXCEEDED", QuotaExhausted),
        ("UNABLE_TO_LOCK_ROW", Unavailable),
        ("UNKNOWN_EXCEPTION", UnknownOutcome),
        ("INVALID_TYPE", RecordError),
    ],
)
def test_a_fault_is_told_apart_by_its_code(code: str, meant: type[Exception]) -> None:
    """SOAP answers 500 to whatever it refuses: what it means is what REST's status would say. A session that ended is renewed by the caller."""
    session: Any = _Answer(FAULT.format(code=code), 500)
    with pytest.raises(SalesforceError) as refused:
        convert_leads(session, "https://acme.my.salesforce.com/", "token", "66.0", [Order("00Q1", "Closed - Converted")])
    assert meant is SalesforceExpiredSession or isinstance(translate(refused.value, "convertLead", write=True), meant)
    assert isinstance(refused.value, SalesforceExpiredSession) is (meant is SalesforceExpiredSession)
