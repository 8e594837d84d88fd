"""Faults that a reader found in use, each kept by the promise that it broke."""

import pytest
from sandbox_world import SYSTEMS, World

from leadhub.sync.acts import revert
from leadhub.sync.run import plan, take_in


def _adopted(world: World) -> None:
    for system in SYSTEMS:
        world.adopt(system)
        world.write_on(system)
    world.reopen()


def test_a_revert_loses_no_edit_that_it_hears(world: World) -> None:
    """A phone number typed in HubSpot before the revert still travels after it: what a write settles is that write alone."""
    lead, contact = world.pair()
    world.begin()
    world.decide("job_title", "Chief")
    run = world.sync().run
    world.hs_edit(contact, phone="+1 555 0188")
    world.clock.sleep(3600)
    with world.hub.store.read() as tx:
        (row,) = (one for one in tx.runs.list(limit=50) if one.id == run)
    revert(world.hub, row)
    world.sync()
    assert (world.sf(lead)["Phone"], world.sf(lead)["Title"]) == ("+1 555 0188", "CTO")


def test_a_create_that_a_guard_held_back_comes_with_the_flag(world: World) -> None:
    """What a guard kept from one system waits, although the other system was written meanwhile."""
    for name in ("Abel", "Bess", "Cleo"):
        world.sf_create(Email=f"{name}@acme.example", FirstName=name, LastName=f"{name}son")
    world.configure(hubspot='create = "always"\ncreate_cap = 1')
    world.begin()
    for name in ("Abel", "Bess", "Cleo"):
        world.decide("job_title", "Boss", f"{name}@acme.example")
    assert world.sync().status == "blocked"
    world.sync(allow={("hubspot", "creates"): 3})
    assert len(world.hs_all()) == 3


def test_an_outage_of_one_system_drops_nothing_that_was_planned_for_it(world: World) -> None:
    """HubSpot is away while Salesforce is written: the contact comes with a later run."""
    world.sf_create(Email="abel@acme.example", FirstName="Abel", LastName="Abelson")
    world.configure(hubspot='create = "always"')
    for system in SYSTEMS:
        world.adopt(system)
    for system in SYSTEMS:
        world.write_on(system)
    world.reopen()
    world.decide("job_title", "Boss", "abel@acme.example")
    world.fault("hubspot", "html_503", times=400)
    world.sync()
    world.boxes.http.delete(f"{world.boxes.hubspot.url}/_sandbox/faults")
    world.sync()
    assert len(world.hs_all()) == 1


def test_who_is_out_of_scope_is_not_made_a_second_time(world: World) -> None:
    """A lead that leadhub may not touch is known all the same: no second one is created beside it."""
    world.configure(salesforce='create = "always"\nscope = { Company = { not = ["Rival"] } }')
    world.sf_create(Email="ann@acme.example", FirstName="Ann", Company="Rival")
    world.hs_create(email="ann@acme.example", firstname="Ann")
    _adopted(world)
    world.sync()
    assert [row["Company"] for row in world.sf_all()] == ["Rival"]


def test_nobody_is_created_of_whom_all_records_are_out_of_scope(world: World) -> None:
    """What is out of scope is heard by nobody."""
    world.configure(salesforce='scope = { Company = { not = ["Rival"] } }', hubspot='create = "always"')
    world.sf_create(Email="ann@acme.example", FirstName="Ann", Company="Rival")
    _adopted(world)
    world.sync()
    assert world.hs_all() == []


def test_an_opt_out_in_a_list_travels(world: World) -> None:
    """A list that says Newsletter: nein opts out everywhere."""
    lead, contact = world.pair()
    world.begin()
    world.drop_csv("liste.csv", "E-Mail;Vorname;Nachname;Newsletter", "ann@acme.example;Ann;Lee;nein")
    world.clock.sleep(60)
    world.reopen()
    take_in(world.hub, "files")
    world.sync()
    assert (world.sf(lead)["HasOptedOutOfEmail"], world.hs(contact)["hs_email_optout"]) == (True, "true")


def test_a_new_address_leaves_nobody_reachable_who_opted_out(world: World) -> None:
    """HubSpot keeps opt-outs by address: with a new address leadhub sends the opt-out again, and nobody is asked."""
    lead, contact = world.pair()
    world.begin()
    world.sf_edit(lead, HasOptedOutOfEmail=True)
    world.sync()
    world.sync()
    world.sf_edit(lead, Email="ann.new@acme.example")
    world.sync()
    assert (world.hs(contact)["email"], world.hs(contact)["hs_email_optout"]) == ("ann.new@acme.example", "true")
    world.sync()
    assert (world.reviews(), world.hs(contact)["hs_email_optout"]) == ([], "true")


def test_a_contact_made_after_the_opt_out_is_opted_out(world: World) -> None:
    """An opt-out goes for every record of the person, also for one that is made later."""
    world.configure()
    lead = world.sf_create(Email="ann@acme.example", FirstName="Ann")
    world.begin()
    world.sf_edit(lead, HasOptedOutOfEmail=True)
    world.sync()
    contact = world.hs_create(email="ann@acme.example", firstname="Ann")
    world.sync()
    assert world.hs(contact)["hs_email_optout"] == "true"


def test_a_scope_on_a_field_that_was_never_read_reads_it_first(world: World) -> None:
    """After a change of the scope everything is read again: who is in scope goes on, who is not is not written once more."""
    lead, contact = world.pair(sf={"Tier__c": "A"})
    world.begin()
    world.configure(salesforce='scope = { "Lead.Tier__c" = "A" }')
    world.hs_edit(contact, jobtitle="CEO")
    world.sync()
    assert world.sf(lead)["Title"] == "CEO"
    world.configure(salesforce='scope = { "Lead.Tier__c" = { not = ["A"] }, "Lead.Score__c" = "absent" }')
    world.hs_edit(contact, jobtitle="CFO")
    world.sync()
    assert world.sf(lead)["Title"] == "CEO"


def test_a_changed_mapping_is_nobodys_edit(world: World) -> None:
    """Another native field for the job title: what it shows is met, and overwrites nothing elsewhere."""
    _, contact = world.pair(sf={"Description": "Intern"})
    world.begin()
    world.configure(**{"": '[fields]\njob_title = { salesforce = "Lead.Description" }\nmessage = { salesforce = false }'})
    world.mark()
    world.sync()
    assert (world.written(), world.hs(contact)["jobtitle"]) == ([], "CTO")


def test_a_field_that_is_mapped_later_is_read(world: World) -> None:
    """A field of one's own, added after the adoption, has its values at once."""
    world.pair(sf={"Tier__c": "A"})
    world.begin()
    world.configure(**{"": '[fields]\ntier = { salesforce = "Lead.Tier__c" }'})
    world.sync()
    assert world.value("tier") == "A"


def test_a_record_that_comes_back_into_scope_gets_its_place_back(world: World) -> None:
    """The newer of two contacts is the primary one, also after it was out of scope for a while."""
    world.configure(hubspot='scope = { company = { not = ["Rival"] } }')
    lead, _ = world.pair()
    newer = world.hs_create(email="ann2@acme.example", firstname="Ann", phone="+1 555 0100")
    world.begin()
    for company in ("Rival", "Acme"):
        world.hs_edit(newer, company=company)
        world.sync()
    world.hs_edit(newer, jobtitle="CEO")
    world.sync()
    assert world.sf(lead)["Title"] == "CEO"


def test_a_row_that_says_no_is_not_outdone_by_one_that_says_nothing(world: World) -> None:
    """Of rows that repeat a person the last one counts, but a cell left empty takes no refusal back."""
    lead, _ = world.pair()
    world.begin()
    world.drop_csv("liste.csv", "E-Mail;Vorname;Nachname;Newsletter", "ann@acme.example;Ann;Lee;nein", "ann@acme.example;Ann;Lee;")
    world.reopen()
    take_in(world.hub, "files")
    world.sync()
    assert world.sf(lead)["HasOptedOutOfEmail"] is True


@pytest.mark.parametrize("again", SYSTEMS)
@pytest.mark.parametrize("planned", [False, True])
def test_adopting_again_drops_no_write_that_waits(world: World, again: str, planned: bool) -> None:
    """An edit and an opt-out that a second `adopt` was the first to read, or a plan before it, reach the other side with the next sync."""
    lead, contact = world.pair()
    world.begin()
    world.sf_edit(lead, Title="CEO", HasOptedOutOfEmail=True)
    world.clock.sleep(3600)
    if planned:
        plan(world.hub)
    world.adopt(again)
    assert (world.hs(contact)["jobtitle"], world.hs(contact)["hs_email_optout"] or "") == ("CTO", ""), "it writes nothing itself"
    world.sync()
    assert (world.hs(contact)["jobtitle"], world.hs(contact)["hs_email_optout"]) == ("CEO", "true")
