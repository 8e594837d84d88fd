"""Deals as evidence for a lead: which speaks, what the others do, and what nobody is moved by. Pure."""

# ruff: noqa: ANN001 - the builders' arguments are plain words

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from leadhub.core.resolve import lead_at
from leadhub.model.person import Versions

OPEN, WON, LOST = "Negotiation/Review", "Closed Won", "Closed Lost"


def writes(result) -> dict[str, str]:
    """The native state values that are written, as system.field → value."""
    return {f"{w.side.system}.{s.field}": s.value for w in result.writes for s in w.state}


def state(result) -> str:
    """The one lead's state."""
    (lead,) = result.leads
    return str(lead.state)


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(
    ("stages", "after"),
    [
        ([(LOST, OPEN), (OPEN, OPEN)], "opportunity/in_deal/open"),
        ([(LOST, OPEN), (LOST, LOST)], "opportunity/none/lost"),
        ([(WON, OPEN), (LOST, OPEN)], "customer/none/open"),
        ([(WON, OPEN), (OPEN, OPEN)], "customer/none/open"),
        ([(OPEN, LOST), (LOST, LOST)], "opportunity/in_deal/open"),
    ],
    ids=["16: lost beside open", "the last one lost", "won beats lost", "won beats open", "reopened"],
)
def test_the_strongest_deal_speaks(crm, order, stages, after) -> None:
    """A won deal, else an open one, else a lost one, whatever their order; what the weaker ones show is agreed, and moves nothing."""
    before = crm.lead("opportunity/none/lost" if stages[0][1] == LOST else "opportunity/in_deal/open", closed=datetime(2026, 3, 1, tzinfo=UTC))
    sides = [crm.deal(now, was, number=n) for n, (now, was) in enumerate(stages, 1)][::order]
    result = crm.run(before, sides)
    assert state(result) == after
    assert {link.record_id: link.state.values["StageName"] for link in result.links} == {str(n): now for n, (now, _) in enumerate(stages, 1)}
    again = crm.run(result.leads[0], [replace(s, link=link) for s, link in zip(sides, result.links, strict=True)])
    assert again.leads == result.leads, "at rest"


def test_a_deal_is_never_written(crm) -> None:
    """Whatever contradicts a deal, no write of it is planned (G, 3c)."""
    contact = crm.contact("customer", "", ("opportunity", "OPEN_DEAL"))
    result = crm.run(crm.lead("opportunity/in_deal/open"), [contact, crm.deal(OPEN)])
    assert state(result) == "customer/none/open"
    assert not writes(result)


@pytest.mark.parametrize(
    ("fresh", "after", "written"),
    [(True, "customer/none/open", {"hubspot.lifecyclestage": "customer", "hubspot.hs_lead_status": ""}), (False, "opportunity/in_deal/open", {})],
)
def test_only_a_deal_that_is_news_moves_what_was_edited(*, crm, fresh: bool, after: str, written: dict[str, str]) -> None:
    """A deal met for the first time: made after leadhub began to read deals it is heard like an edit; an older one contradicts no edit."""
    sides = [crm.contact("opportunity", "OPEN_DEAL"), crm.deal(WON, "new", fresh=fresh)]
    result = crm.run(crm.lead("opportunity/in_deal/open"), sides)
    assert state(result) == after
    assert writes(result) == written


def test_an_old_deal_says_more_than_first_contact_and_is_written_to_nobody(crm) -> None:
    """A won deal outranks what another record was met with; the difference to that is an old one."""
    lead = crm.lead("opportunity/in_deal/open", cause="adopted")
    result = crm.run(lead, [crm.contact("opportunity", "OPEN_DEAL"), crm.deal(WON, "new")])
    assert state(result) == "customer/none/open"
    assert not writes(result)


@pytest.mark.parametrize("first", [(WON, "customer"), (OPEN, "opportunity")])
def test_deals_come_first_where_all_are_met_together(*, crm, first: tuple[str, str]) -> None:
    """Nobody was staged yet: a won deal, an open one, then a converted Lead, a Lead's value and a life cycle."""
    nobody = replace(crm.lead("lead/new/open"), versions=Versions(), set_by={})
    result = crm.run(nobody, [crm.contact("salesqualifiedlead", "", "new"), crm.sf("Working - Contacted", "new"), crm.deal(first[0], "new")])
    assert result.leads[0].state.stage == first[1]
    assert not writes(result)


def test_a_converted_lead_says_more_than_a_life_cycle(crm) -> None:
    """Of records that are met together the converted one is heard first."""
    nobody = replace(crm.lead("lead/new/open"), versions=Versions(), set_by={})
    converted = crm.sf("Closed - Converted", "new", opportunity="006")
    assert state(crm.run(nobody, [crm.contact("salesqualifiedlead", "", "new"), converted])) == "opportunity/in_deal/open"


@pytest.mark.parametrize("was", ["new", OPEN])
def test_a_further_deal_of_a_customer_takes_nothing_back(*, crm, was: str) -> None:
    """Open or lost, a deal that did not make the customer moves nobody and asks nobody."""
    result = crm.run(crm.lead("customer/none/open"), [crm.deal(LOST, was, fresh=True)])
    assert state(result) == "customer/none/open"
    assert not result.reviews


def test_a_won_deal_that_is_reopened_is_a_question(crm) -> None:
    """G6: a customer is lowered by nobody without a question, not by the deal that made them one either."""
    result = crm.run(crm.lead("customer/none/open"), [crm.deal(OPEN, WON)])
    assert state(result) == "customer/none/open"
    assert [r.kind for r in result.reviews] == ["regress"]


@pytest.mark.parametrize(
    ("there", "stage_version", "asked"),
    [([], 5, 1), ([OPEN], 5, 0), ([LOST], 5, 1), ([], 6, 0)],
    ids=["the only one", "another is open", "only a lost one is left", "the stage was moved since"],
)
def test_a_deleted_deal_is_a_question_once(*, crm, there: list[str], stage_version: int, asked: int) -> None:
    """T5, 17: the deal that a stage goes by is deleted: asked, unless another stands for it or somebody has said since where the lead is."""
    lead = replace(crm.lead("opportunity/in_deal/open"), versions=Versions(stage_version, 5, 5))
    gone = [replace(crm.deal(OPEN, number=9).link, role="frozen")]
    result = crm.run(lead, [crm.deal(stage, number=n) for n, stage in enumerate(there, 1)], gone=gone)
    assert state(result) == "opportunity/in_deal/open"
    assert [r.kind for r in result.reviews] == ["regress"] * asked


def test_a_deal_is_of_the_lead_that_was_current_when_it_was_made(crm) -> None:
    """The newest lead that was open then, else the newest of then; one that is older than all leads is the first one's."""
    day = [datetime(2026, 3, n, tzinfo=UTC) for n in range(1, 8)]
    first = replace(crm.lead("sql/none/disqualified", number=1), cycle=1, opened_at=day[1], closed_at=day[3])
    second = replace(crm.lead("lead/new/open", number=2), cycle=2, opened_at=day[4])
    found = [lead_at([first, second], made) for made in (day[0], day[2], day[3], day[5], None)]
    assert [lead and lead.id for lead in found] == ["l1", "l1", "l1", "l2", "l2"]


@pytest.mark.parametrize(
    ("state_", "status", "version", "writable", "wanted"),
    [
        ("opportunity/in_deal/open", "Open - Not Contacted", 4, True, True),
        ("customer/none/open", "Working - Contacted", 4, True, True),
        ("opportunity/in_deal/open", "Open - Not Contacted", 5, True, False),
        ("opportunity/in_deal/open", "Open - Not Contacted", 4, False, False),
        ("opportunity/none/lost", "Open - Not Contacted", 4, True, False),
        ("sql/connected/open", "Open - Not Contacted", 4, True, False),
        ("opportunity/in_deal/open", "Closed - Converted", 4, True, False),
    ],
    ids=["W13", "a customer", "an old difference", "not to be written", "it has left", "Status says that", "converted already"],
)
def test_a_conversion_is_wanted_only_where_nothing_else_says_how_far_the_lead_is(crm, state_, status, version, writable, wanted) -> None:
    """The record is behind on a stage for which it has a converted value alone; an old difference and an exit are no reason."""
    side = crm.sf(status, version=version)
    side = side if writable else replace(side, state_writable=frozenset())
    result = crm.run(crm.lead(state_), [side])
    assert [(one.id, lead.id) for one, lead in result.conversions] == [("salesforce/Lead/1", "l1")] * wanted
