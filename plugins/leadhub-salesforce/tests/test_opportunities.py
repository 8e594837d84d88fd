"""Opportunities: read where the deployment wants them, with their contact and their flags, and never written."""

from typing import Any

import pytest
from leadhub_salesforce.connector import SalesforceConnector

from leadhub import Change, Context, Gone, Operation
from leadhub.connectors.http import client as http_client

ASKED = ("StageName", "IsClosed", "IsWon", "ContactRoles")


def _connector(org: Any, *, opportunities: bool = True) -> SalesforceConnector:
    wanted = {"Lead": ("Email", "Status", "ConvertedOpportunityId"), "Contact": ("Email",), "Opportunity": ASKED}
    return SalesforceConnector(Context("crm", org.settings(opportunities=opportunities), wanted, http_client, org.our_clock, org.log))


def _deal(org: Any, contact: str | None = None, **fields: Any) -> str:
    values = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-12-31", **fields}
    deal = str(org.admin("create", object="Opportunity", fields=values)["id"])
    if contact is not None:
        _role(org, deal, contact)
    return deal


def _role(org: Any, deal: str, contact: str, *, primary: bool = True) -> None:
    org.admin("create", object="OpportunityContactRole", fields={"OpportunityId": deal, "ContactId": contact, "IsPrimary": primary})


def test_an_opportunity_comes_with_its_stage_and_its_contact(org: Any, pulled: Any) -> None:
    """One that a lead was converted into, and one that was made by hand for the contact."""
    lead, contact = org.converted()
    by_hand = _deal(org, contact, StageName="Closed Won")
    seen, _ = pulled(_connector(org))
    assert seen[by_hand].object == "Opportunity"
    assert (seen[by_hand].values["StageName"], seen[by_hand].values["ContactRoles"]) == ("Closed Won", [contact])
    assert seen[by_hand].created is not None
    assert seen[str(seen[lead].values["ConvertedOpportunityId"])].object == "Opportunity"


def test_the_contact_of_the_primary_role_comes_first(org: Any, pulled: Any) -> None:
    """Of several contact roles the primary one names who it is about, whichever was added first; reread it says the same."""
    other, main = org.contact(LastName="Other"), org.contact(LastName="Main")
    deal = _deal(org)
    _role(org, deal, other, primary=False)
    _role(org, deal, main)
    connector = _connector(org)
    seen, _ = pulled(connector)
    assert seen[deal].values["ContactRoles"] == [main, other]
    assert connector.reread("Opportunity", [deal])[deal].values == seen[deal].values
    assert not org.log.warnings, "no field of that name is missed"


def test_only_changed_opportunities_come_again(org: Any, pulled: Any) -> None:
    """A pull goes on from where the last one ended; a deleted one is told as such."""
    connector = _connector(org)
    first, second = _deal(org), _deal(org)
    org.clock.advance(3600)  # past the overlap
    _, cursor = pulled(connector)
    org.clock.advance(3600)
    seen, cursor = pulled(connector, cursor)
    assert not seen
    org.edit(first, StageName="Closed Lost")
    org.admin("delete", id=second)
    seen, _ = pulled(connector, cursor)
    assert {id_: record.gone for id_, record in seen.items()} == {first: None, second: Gone.DELETED}


def test_switched_on_later_all_of_them_are_read_and_no_lead_twice(org: Any, pulled: Any) -> None:
    """A cursor from before the setting goes on where it was in leads and contacts, and begins with the opportunities."""
    org.lead()
    deal = _deal(org)
    org.clock.advance(3600)  # past the overlap
    _, cursor = pulled(_connector(org, opportunities=False))
    seen, cursor = pulled(_connector(org), cursor)
    assert seen.keys() == {deal}
    org.clock.advance(3600)
    seen, _ = pulled(_connector(org), cursor)
    assert not seen


def test_without_the_setting_nobody_asks_for_them(org: Any, pulled: Any) -> None:
    """A pull costs what it cost, and the object is not known."""
    _deal(org)
    org.forget()
    pulled(_connector(org, opportunities=False))
    assert not [
        call
        for call in org.journal()
        if "Opportunity/describe" in call["path"] or "FROM+Opportunity" in str(call).replace("%20", "+").replace(" ", "+")
    ]


def test_a_quiet_pull_with_them_makes_two_calls_more(org: Any, pulled: Any) -> None:
    """A describe and a query."""
    counts = []
    for wanted in (False, True):
        connector = _connector(org, opportunities=wanted)
        _, cursor = pulled(connector)
        org.forget()
        pulled(connector, cursor)
        counts.append(len(org.journal()))
    assert counts[1] == counts[0] + 2


def test_a_login_that_does_not_see_them_reads_the_rest(org: Any, pulled: Any) -> None:
    """Without access to Opportunity leads are kept in sync all the same."""
    lead = org.lead()
    org.admin("settings", hidden_objects=["Opportunity"])
    seen, _ = pulled(_connector(org))
    assert seen.keys() == {lead}


@pytest.mark.parametrize("operation", [Operation.UPDATE, Operation.CREATE, Operation.ARCHIVE])
def test_no_opportunity_is_ever_written(org: Any, pushed: Any, operation: Operation) -> None:
    """Winning, losing, reopening or making one is nobody's but a person's."""
    deal = _deal(org)
    org.forget()
    change = Change("k", "Opportunity", operation, None if operation is Operation.CREATE else deal, {"StageName": "Closed Won"})
    assert pushed(_connector(org), change)["k"].error is not None
    assert not [call for call in org.journal() if call["method"] != "GET" and "composite" in call["path"]]
