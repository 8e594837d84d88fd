"""The worked examples of the design's page on the life cycle, HubSpot (H) and Salesforce (S), over HTTP; W6 and W8 are in test_deals."""

import pytest
from sandbox_world import World

LEAD, MQL, SQL = "lead", "marketingqualifiedlead", "salesqualifiedlead"
OPEN, WORKING, CLOSED = "Open - Not Contacted", "Working - Contacted", "Closed - Not Converted"


def _pair(world: World, stage: str, status: str, sf: str) -> tuple[str, str]:
    """Both records of one person, adopted, at rest: every later difference is an edit."""
    ids = world.pair(sf={"Status": sf}, hs={"lifecyclestage": stage, "hs_lead_status": status})
    world.begin()
    world.mark()
    assert world.sync().status == "ok"
    assert not world.written(), "at rest before the edit"
    world.mark()
    return ids


def _at_rest(world: World) -> None:
    """A following sync writes nothing."""
    world.mark()
    report = world.sync()
    assert report.status == "ok"
    assert not world.written()
    assert not world.write_calls("salesforce")
    assert not world.write_calls("hubspot")


def test_w1_working_in_salesforce_becomes_attempting_in_hubspot(world: World) -> None:
    """W1: S goes to Working - Contacted: the lead is mql/attempting, H gets ATTEMPTED_TO_CONTACT, its life cycle stays untouched."""
    lead, contact = _pair(world, MQL, "NEW", OPEN)
    world.sf_edit(lead, Status=WORKING)
    world.sync()
    assert world.state() == "mql/attempting/open"
    assert world.written() == [("hubspot", contact, {"hs_lead_status": "ATTEMPTED_TO_CONTACT"})]
    assert world.hs(contact)["lifecyclestage"] == MQL
    _at_rest(world)


def test_w2_a_stage_that_salesforce_cannot_tell_apart_is_not_written(world: World) -> None:
    """W2: H's life cycle goes to mql: the lead is mql/new, and nothing is written to S, whose Open allows it."""
    _, contact = _pair(world, LEAD, "NEW", OPEN)
    world.hs_edit(contact, lifecyclestage=MQL)
    world.sync()
    assert world.state() == "mql/new/open"
    assert not world.written()
    _at_rest(world)


def test_w3_in_progress_is_consistent_with_working(world: World) -> None:
    """W3: H mql/IN_PROGRESS and S Working agree, however often they are looked at: no write."""
    lead, contact = _pair(world, MQL, "IN_PROGRESS", WORKING)
    world.sync()
    assert world.lead().state.stage == "mql"
    assert not world.written()
    assert (world.hs(contact)["hs_lead_status"], world.sf(lead)["Status"]) == ("IN_PROGRESS", WORKING)
    _at_rest(world)


def test_w4_a_conversion_moves_hubspot_to_opportunity_in_one_write(world: World) -> None:
    """W4: S converted with an opportunity: opportunity/in_deal by the entry default, H gets opportunity and OPEN_DEAL, S is never touched again."""
    lead, contact = _pair(world, MQL, "CONNECTED", WORKING)
    world.sf_convert(lead)
    world.sync()
    assert world.state() == "opportunity/in_deal/open"
    assert world.written() == [("hubspot", contact, {"lifecyclestage": "opportunity", "hs_lead_status": "OPEN_DEAL"})]
    _at_rest(world)
    world.mark()
    world.hs_edit(contact, jobtitle="CEO")
    world.sync()
    written = [(w.id, w.values) for w in world.written() if w.system == "salesforce"]
    assert written == [(world.sf(lead)["ConvertedContactId"], {"Title": "CEO"})], "a converted lead is frozen, its Contact is not"


def test_w5_a_conversion_without_opportunity_is_sql(world: World) -> None:
    """W5: converted without an opportunity: sql, still connected; H gets salesqualifiedlead alone."""
    lead, contact = _pair(world, MQL, "CONNECTED", WORKING)
    world.sf_convert(lead, opportunity=False)
    world.sync()
    assert world.state() == "sql/connected/open"
    assert world.written() == [("hubspot", contact, {"lifecyclestage": SQL})]
    _at_rest(world)


def test_w7_an_exit_is_no_regression(world: World) -> None:
    """W7: S closes the lead: mql, disqualified; H gets UNQUALIFIED, its life cycle stays at mql."""
    lead, contact = _pair(world, MQL, "NEW", OPEN)
    world.sf_edit(lead, Status=CLOSED)
    world.sync()
    assert (world.lead().state.stage, world.lead().state.exit) == ("mql", "disqualified")
    assert world.written() == [("hubspot", contact, {"hs_lead_status": "UNQUALIFIED"})]
    assert world.hs(contact)["lifecyclestage"] == MQL
    _at_rest(world)


def test_w9_a_person_may_set_the_stage_back(world: World) -> None:
    """W9: a person sets H's life cycle back to lead, the only edit: accepted and journaled as a lowering; S's Working allows it: no write."""
    _, contact = _pair(world, SQL, "ATTEMPTED_TO_CONTACT", WORKING)
    world.hs_edit(contact, lifecyclestage=LEAD)
    report = world.sync()
    assert world.lead().state.stage == "lead"
    assert world.lead().set_by["stage"].cause == "lowering"
    assert not world.written()
    assert not report.open_reviews
    _at_rest(world)


def test_w9_automation_may_not_set_the_stage_back(world: World) -> None:
    """W9: the same edit by a workflow is not adopted and not written back: it is left standing."""
    _, contact = _pair(world, SQL, "ATTEMPTED_TO_CONTACT", WORKING)
    world.hs_edit(contact, lifecyclestage="", by="AUTOMATION_PLATFORM")
    world.hs_edit(contact, lifecyclestage=LEAD, by="AUTOMATION_PLATFORM")
    report = world.sync()
    assert world.lead().state.stage == "sql"
    assert world.hs(contact)["lifecyclestage"] == LEAD
    assert world.standing(report) == 1
    assert not world.written()
    _at_rest(world)


def test_w10_a_correction_in_the_hub_lowers_hubspot_in_two_requests(world: World) -> None:
    """W10: the hub is corrected from mql to lead: H is blanked, then set in a second request."""
    _, contact = _pair(world, MQL, "NEW", OPEN)
    world.decide_state("lead/new/open")
    world.sync()
    assert world.state() == "lead/new/open"
    assert world.written() == [("hubspot", contact, {"lifecyclestage": ""}), ("hubspot", contact, {"lifecyclestage": LEAD})]
    assert world.hs(contact)["lifecyclestage"] == LEAD
    _at_rest(world)


def test_w11_an_exit_beats_a_forward_move_by_automation(world: World) -> None:
    """W11: H moves on to sql by automation while S closes the lead: mql, disqualified; the move is listed, H's lead status gets the exit."""
    lead, contact = _pair(world, MQL, "ATTEMPTED_TO_CONTACT", WORKING)
    world.hs_edit(contact, lifecyclestage=SQL, by="AUTOMATION_PLATFORM")
    world.sf_edit(lead, Status=CLOSED)
    report = world.sync()
    assert (world.lead().state.stage, world.lead().state.exit) == ("mql", "disqualified")
    assert world.written() == [("hubspot", contact, {"hs_lead_status": "UNQUALIFIED"})]
    assert world.hs(contact)["lifecyclestage"] == SQL, "left standing, not written back"
    assert world.standing(report) == 1
    _at_rest(world)


@pytest.mark.parametrize("first", ["hubspot", "salesforce"])
def test_w12_a_customer_that_is_closed_elsewhere_is_a_question(world: World, first: str) -> None:
    """W12: H says customer, S says closed, in either order: one conflict card with what both show, and nobody is written."""
    lead, contact = _pair(world, MQL, "ATTEMPTED_TO_CONTACT", WORKING)
    edits = [lambda: world.hs_edit(contact, lifecyclestage="customer"), lambda: world.sf_edit(lead, Status=CLOSED)]
    for edit in edits if first == "hubspot" else reversed(edits):
        edit()
    report = world.sync()
    (card,) = world.reviews("conflict")
    assert report.records["conflict"] == 2
    assert "customer" in str(card.values)
    assert CLOSED in str(card.values)
    assert not world.written()
    _at_rest(world)
    assert [review.id for review in world.reviews("conflict")] == [card.id], "asked once"


def test_w13_an_opportunity_is_never_written_into_an_unconverted_lead(world: World) -> None:
    """W13: the hub is at opportunity, S still Open: Status is left alone (the conversion that is proposed for it is in test_convert)."""
    lead, contact = _pair(world, MQL, "NEW", OPEN)
    world.hs_edit(contact, lifecyclestage="opportunity")
    world.sync()
    assert world.lead().state.stage == "opportunity"
    assert not [w for w in world.written() if w.system == "salesforce"]
    assert world.sf(lead)["Status"] == OPEN
    _at_rest(world)
