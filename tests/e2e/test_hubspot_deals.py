"""HubSpot's deals as evidence of how far a lead has come, over HTTP from end to end: read, never written, with Salesforce on the other side."""

import pytest
from sandbox_world import World

from leadhub.cli.held import held
from leadhub.cli.map_diff import differences
from leadhub.sync.run import plan

READ = "deals = true"


def _in_a_deal(world: World, *, follows: bool = False) -> tuple[str, str, str]:
    """One person in both CRMs, worked in both, who has come to an open deal in HubSpot, at rest; return lead, contact and deal.

    `follows`: HubSpot moves a contact forward by its deals, as it does where nobody has switched that off.
    """
    world.settings("hubspot", deals_move_contacts=follows)
    world.configure(hubspot=READ)
    lead, contact = world.pair(sf={"Status": "Working - Contacted"}, hs={"lifecyclestage": "marketingqualifiedlead", "hs_lead_status": "CONNECTED"})
    world.begin()
    deal = world.hs_deal(contact)
    world.sync()
    assert world.state() == ("opportunity/connected/open" if follows else "opportunity/in_deal/open"), "HubSpot moves the life cycle alone"
    _at_rest(world)
    return lead, contact, deal


def _at_rest(world: World) -> None:
    world.mark()
    assert world.sync().status == "ok"
    assert not world.written()


def _past_the_overlap(world: World) -> None:
    for _ in range(2):
        world.sync()
        world.clock.sleep(6 * 3600)


def _of_deals(world: World) -> list[str]:
    return [path for _, path in world.write_calls("hubspot") if "deals" in path]


@pytest.mark.parametrize("follows", [False, True])
def test_a_deal_that_is_won_makes_a_customer(*, world: World, follows: bool) -> None:
    """A person wins a deal in HubSpot: customer, whether or not HubSpot moves its contacts by itself; the contact says so, the Lead is only proposed for conversion."""
    lead, contact, deal = _in_a_deal(world, follows=follows)
    world.mark()
    world.hs_move(deal, "closedwon")
    world.sync()
    assert world.state() == ("customer/connected/open" if follows else "customer/none/open")
    assert world.hs(contact)["lifecyclestage"] == "customer"
    assert not [w for w in world.written() if w.system == "salesforce"]
    assert not _of_deals(world)
    assert world.sf(lead)["Status"] == "Working - Contacted", "a status that only a conversion sets is never written"
    report, changes = plan(world.hub)
    assert not changes
    assert [text for text in report.proposed if f"convert Lead {lead}" in text]
    _at_rest(world)
    assert not world.reviews()


def test_a_new_deal_moves_the_lead_where_hubspot_itself_moves_nothing(world: World) -> None:
    """An open deal is an opportunity; the contact's life cycle is written by leadhub, once."""
    _, contact, _ = _in_a_deal(world)
    assert (world.hs(contact)["lifecyclestage"], world.hs(contact)["hs_lead_status"]) == ("opportunity", "OPEN_DEAL")


def test_16_a_lost_deal_beside_an_open_one_leaves_the_stage(world: World) -> None:
    """16: one deal is lost while another is open: the lead stays in its deal and nobody is written; the other one lost, it leaves."""
    _, contact, deal = _in_a_deal(world)
    second = world.hs_deal(contact)
    world.sync()
    world.mark()
    world.hs_move(deal, "closedlost")
    world.sync()
    assert world.state() == "opportunity/in_deal/open"
    assert not world.written()
    _at_rest(world)
    world.hs_move(second, "closedlost")
    world.sync()
    assert world.state() == "opportunity/none/lost"
    assert world.hs(contact)["lifecyclestage"] == "opportunity"
    _at_rest(world)


def test_17_a_deal_that_is_deleted_after_it_was_won_is_a_question(world: World) -> None:
    """17: won, then deleted in HubSpot: the person stays a customer and nobody is written; one question, that an answer closes."""
    _, contact, deal = _in_a_deal(world)
    world.hs_move(deal, "closedwon")
    world.sync()
    world.hs_archive(deal, of="deals")
    _at_rest(world)
    assert world.state() == "customer/none/open"
    (card,) = world.reviews()
    assert (card.kind, card.field) == ("regress", "state")
    assert "deleted" in card.note
    world.decide_state("customer/none/open")
    _at_rest(world)
    assert not world.reviews()
    assert world.hs(contact)["lifecyclestage"] == "customer"


def test_t5_a_lead_whose_only_deal_was_deleted_is_a_question(world: World) -> None:
    """T5: the only deal is deleted, neither won nor lost: no step back by itself, a question; its answer is what is written."""
    _, contact, deal = _in_a_deal(world)
    world.hs_archive(deal, of="deals")
    _at_rest(world)
    assert world.state() == "opportunity/in_deal/open"
    (card,) = world.reviews("regress")
    assert "deleted" in card.note
    world.decide_state("sql/connected/open")
    world.sync()
    assert not world.reviews()
    assert (world.hs(contact)["lifecyclestage"], world.hs(contact)["hs_lead_status"]) == ("salesqualifiedlead", "CONNECTED")
    _at_rest(world)


@pytest.mark.parametrize(("end", "state"), [("51439524", "customer/none/open"), ("51439525", "opportunity/none/lost")])
def test_a_stage_that_the_preset_does_not_name_counts_by_its_flags(*, world: World, end: str, state: str) -> None:
    """Deals of a pipeline of one's own: its stages are numbers, and what counts is whether HubSpot says closed, and won."""
    _, contact, deal = _in_a_deal(world)
    stages = [
        {"id": "51439523", "label": "Pilot", "metadata": {"isClosed": "false", "probability": "0.5"}},
        {"id": "51439524", "label": "Signed", "metadata": {"isClosed": "true", "probability": "1.0"}},
        {"id": "51439525", "label": "Gone", "metadata": {"isClosed": "true", "probability": "0.0"}},
    ]
    world.boxes.order(world.boxes.hubspot, "pipelines", {"object": "deals", "id": "77", "label": "Enterprise", "stages": stages})
    own = world.hs_deal(contact, stage="51439523", pipeline="77")
    world.hs_move(deal, "closedlost")
    world.sync()
    assert world.state() == "opportunity/in_deal/open"
    assert not list(differences(world.hub, world.hub.systems["hubspot"], held(world.hub))), "none of them is told as unmapped"
    world.hs_move(own, end)
    world.sync()
    assert world.state() == state
    _at_rest(world)


def test_a_deal_belongs_to_the_lead_of_the_first_contact_that_is_known(world: World) -> None:
    """Which lead: that of the first of its contacts whom leadhub knows, and that was current when the deal was made; a deal of nobody is nobody's."""
    _, contact, deal = _in_a_deal(world)
    nobodys = world.hs_deal()
    world.sync()
    (cycle,) = world.person().leads
    links = {link.record_id: link.lead_id for link in world.person().links if link.object == "deals"}
    assert links == {deal: cycle.id}
    assert len(world.persons()) == 1
    other = world.hs_create(email="bob@acme.example", firstname="Bob")
    world.sync()
    of_both = world.hs_deal(contact, other)
    world.sync()
    assert of_both in {link.record_id for link in world.person().links}
    assert not {nobodys, of_both} & {link.record_id for link in world.person("bob@acme.example").links}


def test_deals_of_both_systems_speak_together(world: World) -> None:
    """A won deal in HubSpot and an open opportunity in Salesforce: the strongest speaks, whichever system it is of; no deal is written."""
    world.configure(salesforce="opportunities = true")
    lead, contact, deal = _in_a_deal(world, follows=True)
    world.sf_convert(lead)
    world.sync()
    world.hs_move(deal, "closedwon")
    world.sync()
    assert world.lead().state.stage == "customer"
    assert world.hs(contact)["lifecyclestage"] == "customer"
    _at_rest(world)
    assert not world.reviews()


def test_deals_that_were_there_before_they_were_read_move_nobody(world: World) -> None:
    """Switched on later: what was won before is an old difference: nothing is written anywhere. Switched off again they say nothing, and stop nothing."""
    world.settings("hubspot", deals_move_contacts=False)
    _, contact = world.pair(sf={"Status": "Working - Contacted"}, hs={"lifecyclestage": "marketingqualifiedlead", "hs_lead_status": "CONNECTED"})
    world.begin()
    world.hs_deal(contact, stage="closedwon")
    _at_rest(world)
    world.configure(hubspot=READ)
    _at_rest(world)
    assert world.hs(contact)["lifecyclestage"] == "marketingqualifiedlead"
    world.configure(hubspot=" ")
    _at_rest(world)


def test_a_quiet_sync_costs_one_call_more_and_none_while_they_are_not_read(world: World) -> None:
    """Deals cost a search a run, and every six hours the list of the archived; without the setting nobody asks for them."""
    _, contact = world.pair()
    world.hs_deal(contact)
    world.begin()
    _past_the_overlap(world)
    _at_rest(world)
    without = [c["path"] for c in world.calls("hubspot")]
    assert not [path for path in without if "deals" in path]
    world.configure(hubspot=READ)
    _past_the_overlap(world)
    _at_rest(world)
    deals = "/crm/objects/2026-03/deals"
    assert sorted(c["path"] for c in world.calls("hubspot")) == sorted([*without, deals, f"{deals}/search"])
