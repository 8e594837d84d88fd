"""HubSpot's Leads object on request: each of its records a lead of its own, about the contact it is primarily associated with, over HTTP from end to end."""

import io
from contextlib import redirect_stdout

from sandbox_world import World

from leadhub.cli.app import main

READ = "leads = true"


def _begun(world: World, stage: str = "new-stage-id") -> tuple[str, str, str]:
    """One person in both CRMs whose contact has a lead in the Leads object, all three alike, at rest; return Salesforce's lead, contact and lead."""
    world.configure(hubspot=READ)
    lead, contact = world.pair(hs={"lifecyclestage": "lead", "hs_lead_status": "NEW"})
    mine = world.hs_lead(contact, stage)
    world.begin()
    _at_rest(world)
    return lead, contact, mine


def _at_rest(world: World) -> None:
    world.mark()
    assert world.sync().status == "ok"
    assert not world.written()


def test_a_lead_of_the_object_is_its_contacts(world: World) -> None:
    """Pitfall 22: a lead of the Leads object is one lead of the person whose contact it is about: nobody new, and nothing written."""
    _, contact, mine = _begun(world)
    (person,) = world.persons()
    (cycle,) = person.leads
    links = {(link.object, link.record_id): link.lead_id for link in person.links if link.system == "hubspot"}
    assert links == {("contacts", contact): None, ("leads", mine): cycle.id}


def test_leads_why_promises_no_write_to_a_field_that_is_only_read(world: World) -> None:
    """The owner of a lead of the object is read and never written: a difference there is told as just that, and no next sync is promised."""
    lead, _, _ = _begun(world)
    world.configure(hubspot=f'{READ}\nowner_map = {{ "jane@acme.example" = "{world.boxes.owner}" }}')
    rows = world.boxes.http.get(f"{world.boxes.salesforce.url}/_sandbox/records/User").json()
    world.sf_edit(lead, OwnerId=next(row["Id"] for row in rows if row["FirstName"] == "Jane"))
    world.sync()
    out = io.StringIO()
    with redirect_stdout(out):
        assert main(["-C", str(world.folder), "leads", "why", "ann@acme.example", "owner"]) == 0
    told = " ".join(out.getvalue().split())
    assert "and is only ever read." in told
    assert "the next sync does it" not in told


def test_a_stage_moved_by_automation_travels(world: World) -> None:
    """Pitfall 22: HubSpot itself moves a lead from New to Attempting to Connected: contact and Salesforce follow, and it is never moved back."""
    lead, contact, mine = _begun(world)
    world.hs_lead_edit(mine, by="AUTOMATION_PLATFORM", hs_pipeline_stage="connected-stage-id")
    world.sync()
    assert world.lead().state.status == "connected"
    assert world.hs(contact)["hs_lead_status"] == "CONNECTED"
    assert world.sf(lead)["Status"] == "Working - Contacted"
    assert world.hs_lead_stage(mine) == "connected-stage-id"
    _at_rest(world)


def test_a_stage_is_written_by_its_id(world: World) -> None:
    """Pitfall 22: what is edited elsewhere reaches the lead's stage by its id, once; a lead that moved by itself meanwhile is not repeated."""
    lead, _, mine = _begun(world)
    world.sf_edit(lead, Status="Working - Contacted")
    world.sync()
    assert world.hs_lead_stage(mine) in ("attempting-stage-id", "connected-stage-id")
    assert {path for _, path in world.write_calls("hubspot") if "leads" in path} == {"/crm/objects/2026-03/leads/batch/update"}
    _at_rest(world)


def test_each_of_several_leads_of_one_contact_is_a_lead_of_its_own(world: World) -> None:
    """Pitfall 22: a second lead of the contact is a second cycle of the person; what becomes of the one is nothing to the other."""
    _, _, mine = _begun(world)
    world.hs_lead_edit(mine, hs_pipeline_stage="unqualified-stage-id")
    world.sync()
    second = world.hs_lead(str(_contact(world)))
    world.sync()
    _at_rest(world)
    links = {link.record_id: link.lead_id for link in world.person().links if link.object == "leads"}
    assert len(set(links.values())) == 2
    by_id = {cycle.id: cycle for cycle in world.person().leads}
    assert by_id[str(links[mine])].state.exit in ("disqualified", "recycled")
    assert by_id[str(links[second])].state.exit == "open"
    world.hs_lead_edit(second, hs_pipeline_stage="attempting-stage-id")
    world.sync()
    assert world.hs_lead_stage(mine) == "unqualified-stage-id"
    _at_rest(world)


def _contact(world: World) -> str:
    return next(link.record_id for link in world.person().links if link.object == "contacts")


def test_a_stage_of_a_pipeline_of_ones_own_is_left_alone(world: World) -> None:
    """Pitfall 22: a stage without a row says nothing and is never written over; a row of leadhub.toml gives it a meaning, and is the object's alone."""
    stages = [{"id": "900", "label": "Warm"}, {"id": "901", "label": "In touch"}]
    world.boxes.order(world.boxes.hubspot, "pipelines", {"object": "leads", "id": "88", "label": "Partners", "stages": stages})
    world.configure(hubspot=READ)
    lead, contact = world.pair(hs={"lifecyclestage": "lead", "hs_lead_status": "NEW"})
    own = world.hs_lead(contact, "900", hs_pipeline="88")
    world.begin()
    world.sf_edit(lead, Status="Working - Contacted")
    world.sync()
    assert world.hs_lead_stage(own) == "900"
    _at_rest(world)
    rows = '{ value = "901", stage = ["lead", "known", "mql", "sal", "sql"], status = ["connected"], exit = ["open"], writes = false }'
    world.configure(hubspot=f'{READ}\npreset = "hubspot-contact"\nfield.hs_pipeline_stage.map = [{rows}]')
    fields = {name: relation.state_fields for (system, name), relation in world.hub.policy.relations.items() if system == "hubspot"}
    assert fields == {"contacts": ("lifecyclestage", "hs_lead_status"), "leads": ("hs_pipeline_stage",)}
    world.sync()
    world.hs_lead_edit(own, hs_pipeline_stage="901")
    world.sync()
    assert world.lead().state.status == "connected"
    assert world.hs(contact)["hs_lead_status"] == "CONNECTED"


def test_an_account_without_seats_keeps_its_contacts_in_sync(world: World) -> None:
    """Pitfall 22: switched on without the seats, or lost later: contacts go on, and nothing of the leads is taken for gone."""
    lead, contact, _ = _begun(world)
    world.settings("hubspot", lead_seats=False)
    world.sf_edit(lead, Title="CEO")
    assert world.sync().status == "ok"
    assert world.hs(contact)["jobtitle"] == "CEO"
    assert [link.role for link in world.person().links if link.object == "leads"] == ["primary"]


def test_a_quiet_sync_costs_two_calls_more_and_none_while_they_are_not_read(world: World) -> None:
    """Pitfall 22: the properties and a search a run, every six hours the list of the archived; without the setting nobody asks for them."""
    _, contact = world.pair()
    world.hs_lead(contact)
    world.begin()
    for _ in range(2):
        world.sync()
        world.clock.sleep(6 * 3600)
    _at_rest(world)
    without = [c["path"] for c in world.calls("hubspot")]
    assert not [path for path in without if "leads" in path]
    world.configure(hubspot=READ)
    for _ in range(2):
        world.sync()
        world.clock.sleep(6 * 3600)
    _at_rest(world)
    of_leads = ["/crm/objects/2026-03/leads", "/crm/objects/2026-03/leads/search", "/crm/properties/2026-03/leads"]
    assert sorted(c["path"] for c in world.calls("hubspot")) == sorted([*without, *of_leads])


def test_with_deals_and_opportunities_too_all_of_them_agree(world: World) -> None:
    """Pitfall 22: everything switched on: a deal of the contact takes its lead to Qualified, and a won one leaves it there; the mapping is sound."""
    world.configure(hubspot=f"deals = true\n{READ}", salesforce="opportunities = true")
    _, contact = world.pair(sf={"Status": "Working - Contacted"}, hs={"lifecyclestage": "marketingqualifiedlead", "hs_lead_status": "CONNECTED"})
    mine = world.hs_lead(contact, "connected-stage-id")
    world.begin()
    deal = world.hs_deal(contact)
    world.sync()
    assert world.lead().state.stage == "opportunity"
    assert world.hs_lead_stage(mine) == "qualified-stage-id"
    _at_rest(world)
    world.hs_move(deal, "closedwon")
    world.sync()
    assert world.lead().state.stage == "customer"
    assert world.hs_lead_stage(mine) == "qualified-stage-id"
    _at_rest(world)
    assert not world.reviews()
