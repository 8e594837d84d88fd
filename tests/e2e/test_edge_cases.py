"""Edge cases of the design's page on the life cycle, section 6, to 34: stage and conversion. docs/edge-cases.md says which have a test and which wait."""

from sandbox_world import World

LEAD, MQL, SQL = "lead", "marketingqualifiedlead", "salesqualifiedlead"
OPEN, WORKING, CLOSED = "Open - Not Contacted", "Working - Contacted", "Closed - Not Converted"


def _pair(world: World, stage: str = LEAD, status: str = "NEW", sf: str = OPEN) -> tuple[str, str]:
    ids = world.pair(sf={"Status": sf}, hs={"lifecyclestage": stage, "hs_lead_status": status})
    world.begin()
    world.mark()
    return ids


def _at_rest(world: World) -> None:
    world.mark()
    world.sync()
    assert not world.written()


# ---- stage and conversion --------------------------------------------------------------------------------------------------------------


def test_02_a_newer_lead_of_a_customer_is_a_cycle_of_its_own(world: World) -> None:
    """2: a Salesforce lead made after the person became a customer is closed: a second cycle, no conflict, the person stays a customer."""
    contact = world.hs_create(email="ann@acme.example", firstname="Ann", lifecyclestage="customer")
    world.begin()
    world.mark()
    world.sf_create(Email="ann@acme.example", FirstName="Ann", Status=CLOSED)
    world.sync()
    states = [str(lead.state) for lead in world.person().leads]
    assert len(states) == 2
    assert states[0].startswith("customer/")
    assert states[1].endswith("/disqualified")
    assert not world.reviews("conflict")
    assert world.hs(contact)["lifecyclestage"] == "customer"
    _at_rest(world)


def test_05_a_converted_lead_is_never_written_again(world: World) -> None:
    """5: after a conversion an edit elsewhere goes to the Contact and never to the lead, so Salesforce never refuses one."""
    lead, contact = _pair(world, MQL, "CONNECTED", WORKING)
    world.sf_convert(lead)
    world.sync()
    world.mark()
    world.hs_edit(contact, jobtitle="CEO", phone="+1 555 0199", lifecyclestage="customer")
    report = world.sync()
    assert [(w.id, w.values) for w in world.written() if w.system == "salesforce"] == [
        (world.sf(lead)["ConvertedContactId"], {"Phone": "+1 555 0199", "Title": "CEO"})
    ]
    assert report.systems["salesforce"].refused == 0
    _at_rest(world)


def test_09_a_forward_move_by_automation_after_our_write_is_adopted(world: World) -> None:
    """9: HubSpot's workflow moves the stage on when we write the lead status: adopted, and nobody is asked."""
    lead, contact = _pair(world)
    rule = {"property": "hs_lead_status", "value": "ATTEMPTED_TO_CONTACT", "set": {"lifecyclestage": MQL}}
    world.boxes.order(world.boxes.hubspot, "automation", rule)
    world.sf_edit(lead, Status=WORKING)
    world.sync()
    world.sync()
    assert world.state() == "mql/attempting/open"
    assert world.hs(contact)["lifecyclestage"] == MQL
    assert not world.reviews()
    _at_rest(world)


def test_09_a_system_that_rewrites_after_each_of_three_writes_is_left_standing(world: World) -> None:
    """9: a workflow that puts its own title back after each write of ours is followed at first, then left standing and reported."""
    lead, contact = _pair(world)
    world.boxes.order(world.boxes.hubspot, "automation", {"property": "jobtitle", "set": {"jobtitle": "Robot"}, "times": 20})
    rewritten = 0
    for number in range(5):
        world.sf_edit(lead, Title=f"Person {number}")
        rewritten += world.standing(world.sync()) + world.standing(world.sync())
    assert rewritten, "reported as a standing difference"
    assert world.sf(lead)["Title"] == "Person 4", "the workflow's value no longer travels"
    assert world.hs(contact)["jobtitle"] == "Robot"
    _at_rest(world)


def test_09_two_workflows_that_rewrite_each_other_come_to_rest(world: World) -> None:
    """9: each CRM's workflow sets its own status back whenever leadhub writes another: told as rewritten, and no run writes any more."""
    lead, contact = _pair(world)
    world.settings("salesforce", automations=[{"when": {"Status": WORKING}, "set": {"Status": "Open - Not Contacted"}}])
    world.boxes.order(world.boxes.hubspot, "automation", {"property": "hs_lead_status", "set": {"hs_lead_status": "CONNECTED"}, "times": 100})
    world.hs_edit(contact, hs_lead_status="CONNECTED")
    reasons = {reason for _ in range(10) for *_, reason, _ in world.sync().standing_patterns}
    assert "rewritten" in reasons
    world.mark()
    for _ in range(3):
        world.sync()
    assert not world.written()
    assert (world.sf(lead)["Status"], world.hs(contact)["hs_lead_status"]) == ("Open - Not Contacted", "CONNECTED")


def test_11_a_jump_forward_implies_the_stages_between(world: World) -> None:
    """11: known to customer at once: the five stages between are in the journal, marked as implied."""
    contact = world.hs_create(email="ann@acme.example", firstname="Ann", lifecyclestage="subscriber")
    world.begin()
    assert world.lead().state.stage == "known"
    world.hs_edit(contact, lifecyclestage="customer")
    world.sync()
    with world.hub.store.read() as tx:
        stages = [(e.new, e.implied) for e in (s.edit for s in tx.edits.history(world.person().person.id, field="stage"))]
    assert ("customer", False) in stages
    assert [new for new, implied in stages if implied] == ["lead", "mql", "sal", "sql", "opportunity"]


def test_13_a_phone_edit_opens_no_new_cycle(world: World) -> None:
    """13: a recycled lead's phone is edited: it travels, and the lead stays the one there was."""
    lead, contact = _pair(world, MQL, "NEW", OPEN)
    world.hs_edit(contact, hs_lead_status="BAD_TIMING")
    world.sync()
    assert world.lead().state.exit == "recycled"
    world.hs_edit(contact, phone="+1 555 0199")
    world.sync()
    assert world.sf(lead)["Phone"] == "+1 555 0199"
    assert len(world.person().leads) == 1
    assert world.lead().state.exit == "recycled"


def test_21_other_says_nothing_and_is_never_overwritten(world: World) -> None:
    """21: HubSpot's `other` changes nothing, and a conversion in Salesforce does not overwrite it."""
    lead, contact = _pair(world, MQL, "CONNECTED", WORKING)
    world.hs_edit(contact, lifecyclestage="other")
    world.sync()
    assert world.state() == "mql/connected/open"
    world.sf_convert(lead)
    world.sync()
    assert world.lead().state.stage == "opportunity"
    assert world.hs(contact)["lifecyclestage"] == "other"
    _at_rest(world)


def test_22_a_custom_stage_without_a_row_is_held(world: World) -> None:
    """22: a stage of the customer's own (a numeric id) is left alone and listed once; everything else of the record flows."""
    stages = [LEAD, MQL, SQL, "opportunity", "customer", {"value": "94723", "label": "Partner"}]
    world.settings("hubspot", options={"lifecyclestage": stages})
    lead, contact = _pair(world)
    world.hs_edit(contact, lifecyclestage="94723", jobtitle="CEO")
    report = world.sync()
    assert report.status == "ok"
    assert [(r.kind, list(r.values.values())) for r in world.reviews()] == [("unmapped", ["94723"])]
    assert world.state() == "lead/new/open"
    assert world.sf(lead)["Title"] == "CEO"
    assert world.hs(contact)["lifecyclestage"] == "94723"
    _at_rest(world)


def test_23_a_new_picklist_value_does_not_stop_the_run(world: World) -> None:
    """23, in part: a value that appears overnight ends in one item for all its records, and the run is in order."""
    lead, _ = _pair(world)
    other, _ = world.pair("bob@acme.example")
    world.sync()
    world.settings(
        "salesforce",
        statuses=[*_statuses(world), {"ApiName": "Parked", "MasterLabel": "Parked", "SortOrder": 9, "IsDefault": False, "IsConverted": False}],
    )
    for id_ in (lead, other):
        world.sf_edit(id_, Status="Parked")
    report = world.sync()
    assert report.status == "ok"
    assert [r.kind for r in world.reviews()] == ["unmapped"]
    _at_rest(world)


def _statuses(world: World) -> list[dict[str, object]]:
    found: list[dict[str, object]] = world.boxes.http.get(f"{world.boxes.salesforce.url}/_sandbox/settings").json()["statuses"]
    return found


def test_24_a_renamed_label_changes_nothing(world: World) -> None:
    """24: the same value under a new label: nothing is pulled apart, nothing is written."""
    lead, _ = _pair(world)
    renamed = [{**s, "MasterLabel": f"Neu: {s['MasterLabel']}"} for s in _statuses(world)]
    world.settings("salesforce", statuses=renamed)
    world.sf_edit(lead, Title="CEO")
    world.sync()
    assert world.state() == "lead/new/open"
    assert [w.values for w in world.written()] == [{"jobtitle": "CEO"}]
    assert not world.reviews()


def test_26_a_deactivated_value_is_read_and_never_written(world: World) -> None:
    """26: a status that the org switched off is still read from records that hold it, and is not sent."""
    lead, contact = _pair(world, LEAD, "ATTEMPTED_TO_CONTACT", WORKING)
    other, second = world.pair("bob@acme.example", sf={"Status": OPEN}, hs={"lifecyclestage": LEAD, "hs_lead_status": "NEW"})
    world.sync()
    world.settings("salesforce", statuses=[s for s in _statuses(world) if s["ApiName"] != WORKING])
    world.sf_edit(lead, Title="CEO")
    world.hs_edit(second, hs_lead_status="CONNECTED")
    world.sync()
    assert world.state() == "lead/attempting/open"
    assert world.hs(contact)["jobtitle"] == "CEO"
    assert world.sf(other)["Status"] == OPEN
    assert [r.kind for r in world.reviews()] == ["refused"]


def test_27_in_progress_allows_connected(world: World) -> None:
    """27: HubSpot's IN_PROGRESS stands for attempting and for connected: neither is written over it."""
    _, contact = _pair(world, MQL, "IN_PROGRESS", WORKING)
    assert world.state() == "mql/attempting/open"
    world.decide_state("mql/connected/open")
    world.sync()
    assert world.state() == "mql/connected/open"
    assert not world.written()
    assert world.hs(contact)["hs_lead_status"] == "IN_PROGRESS"


def test_29_edits_that_fit_together_are_both_taken(world: World) -> None:
    """29: the stage moves in HubSpot, the status in Salesforce, in one interval: both hold, nobody is asked."""
    lead, contact = _pair(world)
    world.hs_edit(contact, lifecyclestage=MQL)
    world.sf_edit(lead, Status=WORKING)
    world.sync()
    assert world.state() == "mql/attempting/open"
    assert not world.reviews()
    _at_rest(world)


def test_30_edits_that_do_not_fit_are_settled_facet_by_facet(world: World) -> None:
    """30: two working statuses that exclude each other: the trusted system's holds and is written to the other; the stage edit is kept."""
    lead, contact = _pair(world)
    world.hs_edit(contact, lifecyclestage=MQL, hs_lead_status="OPEN")
    world.sf_edit(lead, Status=WORKING)
    world.sync()
    assert world.state() == "mql/attempting/open"
    assert world.hs(contact)["hs_lead_status"] == "ATTEMPTED_TO_CONTACT"
    assert world.sf(lead)["Status"] == WORKING
    _at_rest(world)


def test_31_the_same_state_by_different_values_is_agreement(world: World) -> None:
    """31: Working in Salesforce and IN_PROGRESS in HubSpot, edited in one interval: no write either way."""
    lead, contact = _pair(world)
    world.hs_edit(contact, hs_lead_status="IN_PROGRESS")
    world.sf_edit(lead, Status=WORKING)
    world.sync()
    assert not world.written()
    assert not world.reviews()
    _at_rest(world)


def test_32_a_contact_speaks_of_the_furthest_and_of_the_current_lead(world: World) -> None:
    """32: one contact, an opportunity and a newer open lead in Salesforce: two cycles; the life cycle shows the first, the lead status the other."""
    lead, contact = _pair(world, MQL, "CONNECTED", WORKING)
    world.sf_convert(lead)
    world.sync()
    newer = world.sf_create(Email="ann@acme.example", FirstName="Ann", Phone="+1 555 0100", Title="CTO", Status=OPEN)
    world.sync()
    world.sync()
    stages = {lead.state.stage for lead in world.person().leads}
    assert len(world.person().leads) == 2
    assert "opportunity" in stages
    world.sf_edit(newer, Status=WORKING)
    world.sync()
    shown = world.hs(contact)
    assert shown["lifecyclestage"] == "opportunity"
    assert shown["hs_lead_status"] == "ATTEMPTED_TO_CONTACT"
    _at_rest(world)


def test_33_contacts_merged_in_hubspot_stay_one_person(world: World) -> None:
    """33: the merged contact's new id takes the old link over: no second person, and edits still travel both ways."""
    lead, contact = _pair(world)
    double = world.hs_create(email="ann.lee@acme.example", firstname="Ann", phone="+1 555 0100")
    world.sync()
    assert len(world.persons()) == 1
    world.boxes.order(world.boxes.hubspot, "merge", {"primaryObjectId": contact, "objectIdToMerge": double})
    world.clock.sleep(60)
    world.sync()
    assert len(world.persons()) == 1
    (survivor,) = [row["id"] for row in world.hs_all() if not row.get("archived")]
    world.sf_edit(lead, Title="CEO")
    world.sync()
    assert world.hs(survivor)["jobtitle"] == "CEO"


def test_34_leads_merged_in_salesforce_keep_one_link(world: World) -> None:
    """34: the loser of a merge leads to the winner; its person keeps the link, and nothing is created in its place."""
    lead, contact = _pair(world)
    double = world.sf_create(Email="ann@acme.example", FirstName="Ann", Phone="+1 555 0100", Title="CTO")
    world.sync()
    world.boxes.order(world.boxes.salesforce, "merge", {"winner": double, "losers": [lead]})
    world.sync()
    assert len(world.persons()) == 1
    world.hs_edit(contact, jobtitle="CEO")
    world.sync()
    assert world.sf(double)["Title"] == "CEO"
    assert len([row for row in world.sf_all() if not row["IsDeleted"]]) == 1
