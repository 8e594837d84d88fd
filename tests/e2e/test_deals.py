"""Deals as evidence of how far a lead has come, over HTTP from end to end: Salesforce's Opportunities, read and never written."""

import pytest
from sandbox_world import World

READ = "opportunities = true"
NEGOTIATION, WON, LOST = "Negotiation/Review", "Closed Won", "Closed Lost"


def _in_a_deal(world: World) -> tuple[str, str, str]:
    """One person in both CRMs, converted into an opportunity that is under negotiation, at rest; return lead, contact and opportunity."""
    world.configure(salesforce=READ)
    lead, contact = world.pair(sf={"Status": "Working - Contacted"}, hs={"lifecyclestage": "marketingqualifiedlead", "hs_lead_status": "CONNECTED"})
    world.begin()
    deal = world.sf_convert_into(lead)
    world.sf_edit(deal, StageName=NEGOTIATION)
    world.sync()
    assert world.state() == "opportunity/in_deal/open"
    assert (world.hs(contact)["lifecyclestage"], world.hs(contact)["hs_lead_status"]) == ("opportunity", "OPEN_DEAL")
    _at_rest(world)
    return lead, contact, deal


def _at_rest(world: World) -> None:
    world.mark()
    assert world.sync().status == "ok"
    assert not world.written()


def test_w6_a_won_opportunity_makes_a_customer(world: World) -> None:
    """W6: H opportunity/OPEN_DEAL, S Negotiation goes to Closed Won: customer; H's life cycle says so, and its lead status is blanked."""
    _, contact, deal = _in_a_deal(world)
    world.mark()
    world.sf_edit(deal, StageName=WON)
    world.sync()
    assert world.state() == "customer/none/open"
    assert world.written() == [("hubspot", contact, {"lifecyclestage": "customer", "hs_lead_status": ""})]
    _at_rest(world)


def test_w8_a_customer_with_a_new_lead_begins_a_new_cycle(world: World) -> None:
    """W8: a customer, and a new unconverted Lead of the same address: a second cycle, and nothing is written into H's life cycle."""
    _, contact, deal = _in_a_deal(world)
    world.sf_edit(deal, StageName=WON)
    world.sync()
    _at_rest(world)
    world.sf_create(Email="ann@acme.example", FirstName="Ann", Phone="+1 555 0100", Title="CTO", Status="Open - Not Contacted")
    world.sync()
    first, second = sorted(world.person().leads, key=lambda lead: lead.cycle)
    assert str(first.state) == "customer/none/open"
    assert second.state.stage == "lead"
    assert not [w for w in world.written() if "lifecyclestage" in w.values]
    assert world.hs(contact)["lifecyclestage"] == "customer"
    _at_rest(world)


def test_a_won_opportunity_of_a_lead_nobody_had_staged_counts_at_once(world: World) -> None:
    """A lead made, converted and won between two runs is a customer, and who is met with it is told."""
    world.configure(salesforce=READ)
    lead, contact = world.pair(hs={"lifecyclestage": "lead", "hs_lead_status": "NEW"})
    world.begin()
    deal = world.sf_convert_into(lead)
    world.sf_edit(deal, StageName=WON)
    world.sync()
    assert world.state() == "customer/none/open"
    assert world.hs(contact)["lifecyclestage"] == "customer"
    _at_rest(world)


def test_a_lost_opportunity_is_an_exit(world: World) -> None:
    """Closed Lost: the lead leaves at opportunity; H's OPEN_DEAL goes, its life cycle stays."""
    _, contact, deal = _in_a_deal(world)
    world.mark()
    world.sf_edit(deal, StageName=LOST)
    world.sync()
    assert world.state() == "opportunity/none/lost"
    assert [w.values.keys() for w in world.written()] == [{"hs_lead_status"}]
    assert world.hs(contact)["lifecyclestage"] == "opportunity"
    _at_rest(world)


def test_16_a_lost_opportunity_beside_an_open_one_leaves_the_stage(world: World) -> None:
    """16: one opportunity is lost while a second one is open: the lead stays in its deal, and nobody is written; the second one lost, it leaves."""
    lead, _, deal = _in_a_deal(world)
    second = world.sf_deal(world.sf(lead)["ConvertedContactId"])
    world.sync()
    world.mark()
    world.sf_edit(deal, StageName=LOST)
    world.sync()
    assert world.state() == "opportunity/in_deal/open"
    assert not world.written()
    _at_rest(world)
    world.sf_edit(second, StageName=LOST)
    world.sync()
    assert world.state() == "opportunity/none/lost"


def test_17_a_won_opportunity_that_is_deleted_is_a_question(world: World) -> None:
    """17: won, then deleted: the person stays a customer and nobody is written; one question, that an answer closes."""
    _, contact, deal = _in_a_deal(world)
    world.sf_edit(deal, StageName=WON)
    world.sync()
    world.sf_delete(deal)
    _at_rest(world)
    assert world.state() == "customer/none/open"
    (card,) = world.reviews()
    assert (card.kind, card.field) == ("regress", "state")
    assert "deleted" in card.note
    world.decide_state("customer/none/open")
    _at_rest(world)
    assert not world.reviews()
    assert world.hs(contact)["lifecyclestage"] == "customer"
    _at_rest(world)
    assert not world.reviews(), "asked once"


def test_t5_an_opportunity_lead_whose_only_deal_was_deleted_is_a_question(world: World) -> None:
    """T5: the only deal is deleted, neither won nor lost: no step back by itself, a question; its answer is what is written."""
    _, contact, deal = _in_a_deal(world)
    world.sf_delete(deal)
    _at_rest(world)
    assert world.state() == "opportunity/in_deal/open"
    (card,) = world.reviews("regress")
    assert "deleted" in card.note
    world.decide_state("sql/connected/open")
    world.sync()
    assert world.state() == "sql/connected/open"
    assert not world.reviews()
    assert (world.hs(contact)["lifecyclestage"], world.hs(contact)["hs_lead_status"]) == ("salesqualifiedlead", "CONNECTED")
    _at_rest(world)


def test_a_deleted_opportunity_beside_an_open_one_asks_nobody(world: World) -> None:
    """Another opportunity still stands for the stage: no question. An undeleted one is there again, as if nothing had been."""
    lead, _, deal = _in_a_deal(world)
    second = world.sf_deal(world.sf(lead)["ConvertedContactId"])
    world.sync()
    world.sf_delete(deal)
    _at_rest(world)
    assert not world.reviews()
    world.sf_delete(second)
    _at_rest(world)
    assert [card.kind for card in world.reviews()] == ["regress"]
    world.boxes.order(world.boxes.salesforce, "undelete", {"id": second})
    _at_rest(world)
    assert not world.reviews()


def test_18_a_reopened_opportunity_reopens_the_lead(world: World) -> None:
    """18: a lost opportunity is reopened within the window: the same cycle is open again, in its deal, and H says so."""
    _, contact, deal = _in_a_deal(world)
    world.sf_edit(deal, StageName=LOST)
    world.sync()
    world.sf_edit(deal, StageName=NEGOTIATION)
    world.sync()
    assert world.state() == "opportunity/in_deal/open"
    assert len(world.person().leads) == 1
    assert world.hs(contact)["hs_lead_status"] == "OPEN_DEAL"
    _at_rest(world)


def test_28_a_finer_stage_of_an_opportunity_is_never_replaced(world: World) -> None:
    """28: Negotiation/Review, and the lead goes back to opportunity by an edit elsewhere: the opportunity is never written, least of all to Prospecting."""
    _, contact, deal = _in_a_deal(world)
    world.hs_edit(contact, hs_lead_status="CONNECTED", lifecyclestage="customer")
    world.sync()
    assert world.lead().state.stage == "customer"
    world.decide_state("opportunity/in_deal/open")
    world.sync()
    opportunities = world.boxes.http.get(f"{world.boxes.salesforce.url}/_sandbox/records/Opportunity").json()
    assert [(row["Id"], row["StageName"]) for row in opportunities] == [(deal, NEGOTIATION)]
    assert not [call for call in world.write_calls("salesforce") if "Opportunity" in call[1]]
    _at_rest(world)


def test_a_lead_in_a_deal_is_not_set_back_without_a_question(world: World) -> None:
    """A person sets H's life cycle back while the opportunity is there: a deal says more than a life cycle, so a person is asked."""
    _, contact, _ = _in_a_deal(world)
    world.hs_edit(contact, lifecyclestage="")
    world.hs_edit(contact, lifecyclestage="salesqualifiedlead", hs_lead_status="CONNECTED")
    world.sync()
    assert world.lead().state.stage == "opportunity"
    assert [card.kind for card in world.reviews()] == ["regress"]


def test_a_further_opportunity_of_a_customer_takes_nothing_back(world: World) -> None:
    """A customer gets a further opportunity, which is then lost: they stay a customer, and nobody is asked or written."""
    lead, _, deal = _in_a_deal(world)
    world.sf_edit(deal, StageName=WON)
    world.sync()
    _at_rest(world)
    further = world.sf_deal(world.sf(lead)["ConvertedContactId"])
    _at_rest(world)
    world.sf_edit(further, StageName=LOST)
    _at_rest(world)
    assert world.state() == "customer/none/open"
    assert not world.reviews()


def test_an_opportunity_belongs_to_the_lead_that_names_it_or_to_its_contacts_then_current_one(world: World) -> None:
    """Which lead: the one whose record names the opportunity; one that was made by hand for the Contact is the lead's that was current then."""
    lead, _, deal = _in_a_deal(world)
    by_hand = world.sf_deal(world.sf(lead)["ConvertedContactId"])
    world.sync()
    (cycle,) = world.person().leads
    links = {link.record_id: link.lead_id for link in world.person().links if link.object == "Opportunity"}
    assert links == {deal: cycle.id, by_hand: cycle.id}
    _at_rest(world)


def test_an_opportunity_of_nobody_known_is_left_alone(world: World) -> None:
    """An opportunity whose contact leadhub does not read belongs to nobody, and makes nobody."""
    _in_a_deal(world)
    before = len(world.persons())
    stranger = world.boxes.order(world.boxes.salesforce, "create", {"object": "Contact", "fields": {"LastName": "Stranger"}})["id"]
    world.sf_deal(stranger)
    world.sync()
    assert len(world.persons()) == before
    with world.hub.store.read() as tx:
        assert not tx.records.dirty()
    _at_rest(world)


def test_opportunities_that_were_there_before_they_were_read_move_nobody(world: World) -> None:
    """Switched on later: what was won before is known of the lead from then on, and is an old difference: nothing is written anywhere."""
    lead, contact = world.pair(sf={"Status": "Working - Contacted"}, hs={"lifecyclestage": "marketingqualifiedlead", "hs_lead_status": "CONNECTED"})
    world.begin()
    deal = world.sf_convert_into(lead)
    world.sf_edit(deal, StageName=WON)
    world.sync()
    assert world.state() == "opportunity/in_deal/open"
    world.configure(salesforce=READ)
    _at_rest(world)
    assert world.hs(contact)["lifecyclestage"] == "opportunity"


def test_a_quiet_sync_costs_two_calls_more_and_none_while_they_are_not_read(world: World) -> None:
    """Opportunities cost a describe and a query a run; without the setting nobody asks for them."""
    lead, _ = world.pair()
    world.begin()
    world.sf_convert(lead)
    world.sync()
    _at_rest(world)
    without = len(world.calls("salesforce"))
    assert not [c for c in world.calls("salesforce") if "Opportunity/" in c["path"] or "FROM+Opportunity" in str(c)]
    world.configure(salesforce=READ)
    world.sync()
    _at_rest(world)
    assert len(world.calls("salesforce")) == without + 2


def test_switched_off_again_they_are_forgotten(world: World) -> None:
    """Opportunities that were read once and are not any more say nothing, and stop nothing."""
    _in_a_deal(world)
    world.configure(salesforce=" ")
    _at_rest(world)
    assert world.state() == "opportunity/in_deal/open"


@pytest.mark.parametrize("stage", ["Prospecting", "Id. Decision Makers"])
def test_an_opportunity_that_only_moves_on_within_its_stage_moves_nothing(*, world: World, stage: str) -> None:
    """Stages of a deal that are one stage to leadhub: no write, no edit of the lead."""
    _, _, deal = _in_a_deal(world)
    before = world.lead()
    world.sf_edit(deal, StageName=stage)
    _at_rest(world)
    assert world.lead() == before
