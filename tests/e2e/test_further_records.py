"""Several records of one person in one system: the first speaks for the person, the others wait to take its place, and consent goes for all of them."""

import pytest
from sandbox_world import World

OPTED_OUT = "true"


@pytest.fixture
def twice(world: World) -> tuple[World, str, str, str]:
    """Ann as a Salesforce lead and as two HubSpot contacts, at rest; with the ids of the lead, of the primary contact and of the secondary one."""
    lead = world.sf_create(Email="ann@acme.example", FirstName="Ann", Phone="+1 555 0100", Title="CTO")
    for address in ("ann@acme.example", "ann.lee@acme.example"):
        world.hs_create(email=address, firstname="Ann", phone="+1 555 0100", jobtitle="CTO")
    world.begin()
    roles = {link.role: link.record_id for link in world.person().links if link.system == "hubspot"}
    return world, lead, roles["primary"], roles["secondary"]


def _archive(world: World, contact: str) -> None:
    world.boxes.order(world.boxes.hubspot, "archive", {"id": contact})


def test_what_was_edited_while_the_record_went_reaches_the_one_that_takes_its_place(twice: tuple[World, str, str, str]) -> None:
    """The primary contact is archived, and that night the title changes elsewhere: the contact that is left showed the same and gets it."""
    world, lead, primary, left = twice
    _archive(world, primary)
    world.sf_edit(lead, Title="CEO", HasOptedOutOfEmail=True)
    world.sync()
    assert (world.hs(left)["jobtitle"], world.hs(left)["hs_email_optout"]) == ("CEO", OPTED_OUT)
    world.mark()
    world.sync()
    assert world.written() == []
    world.hs_edit(left, jobtitle="Chair")
    world.sync()
    assert world.sf(lead)["Title"] == "Chair"


def test_what_the_next_record_shows_otherwise_is_an_old_difference(twice: tuple[World, str, str, str]) -> None:
    """It is listed, and it is nobody's edit."""
    world, lead, primary, left = twice
    world.hs_edit(left, jobtitle="Adviser")
    world.sync()
    _archive(world, primary)
    world.sf_edit(lead, City="Bonn")
    report = world.sync()
    assert world.hs(left)["city"] == "Bonn"
    assert (world.sf(lead)["Title"], world.hs(left)["jobtitle"]) == ("CTO", "Adviser")
    assert ("hubspot", "job_title", "Adviser", "adopted", 1) in report.standing_patterns


def test_an_edit_is_heard_though_another_record_of_the_person_went(world: World) -> None:
    """The Salesforce lead is deleted in the night in which HubSpot's title changes: the edit is adopted all the same."""
    lead, contact = world.pair()
    world.begin()
    world.boxes.order(world.boxes.salesforce, "delete", {"id": lead})
    world.hs_edit(contact, jobtitle="CEO")
    world.sync()
    assert world.value("job_title") == "CEO"


def test_an_opt_out_on_a_further_record_goes_for_the_person(twice: tuple[World, str, str, str]) -> None:
    """Whichever of the contacts says it; what else the further record says is still nobody's edit."""
    world, lead, primary, further = twice
    world.hs_edit(further, hs_email_optout=OPTED_OUT, jobtitle="Adviser")
    world.sync()
    assert (world.sf(lead)["HasOptedOutOfEmail"], world.hs(primary)["hs_email_optout"]) == (True, OPTED_OUT)
    assert (world.sf(lead)["Title"], world.hs(primary)["jobtitle"]) == ("CTO", "CTO")


def test_an_opt_out_is_written_to_every_record_of_the_person(twice: tuple[World, str, str, str]) -> None:
    """Both contacts get it, and the next run writes nothing."""
    world, lead, primary, further = twice
    world.sf_edit(lead, HasOptedOutOfEmail=True)
    world.sync()
    assert [world.hs(contact)["hs_email_optout"] for contact in (primary, further)] == [OPTED_OUT, OPTED_OUT]
    world.sync()
    world.mark()
    world.sync()
    assert world.written() == []


def test_who_opts_in_again_on_one_record_is_asked_about(twice: tuple[World, str, str, str]) -> None:
    """A further record is a party to the question like any other, and the answer settles it."""
    world, lead, primary, further = twice
    world.sf_edit(lead, HasOptedOutOfEmail=True)
    world.sync()
    world.sync()
    world.sf_edit(lead, HasOptedOutOfEmail=False)
    world.sync()
    assert [r.field for r in world.reviews("conflict")] == ["email_opt_out"]
    world.decide("email_opt_out", "true")
    world.sync()
    assert world.reviews() == []
    assert (world.sf(lead)["HasOptedOutOfEmail"], world.hs(primary)["hs_email_optout"], world.hs(further)["hs_email_optout"]) == (
        True,
        "true",
        "true",
    )


def test_an_opt_out_goes_for_everybody_under_the_address(world: World) -> None:
    """A list names somebody else under Ann's address, who wants no more mail: the two are not joined, and nobody mails the address any more."""
    lead, contact = world.pair()
    world.begin()
    world.drop_csv("no.csv", "first name,last name,email,newsletter", "Zoltan,Quist,ann@acme.example,no")
    world.sync()
    assert [r.kind for r in world.reviews()] == ["duplicate"]
    world.sync()
    assert (world.sf(lead)["HasOptedOutOfEmail"], world.hs(contact)["hs_email_optout"]) == (True, "true")
    assert (world.sf(lead)["LastName"], len(world.persons())) == ("Lee", 2)


def test_an_old_opt_out_goes_for_nobody_else(world: World) -> None:
    """What first contact found was so before: it is written to nobody."""
    lead = world.sf_create(Email="ann@acme.example", FirstName="Ann")
    world.sf_create(Email="ann@acme.example", FirstName="Zoltan", LastName="Quist", HasOptedOutOfEmail=True)
    world.adopt("salesforce")
    world.write_on("salesforce")
    world.reopen()
    world.sync()
    assert (len(world.persons()), world.sf(lead)["HasOptedOutOfEmail"]) == (2, False)


def test_an_address_that_is_mended_in_a_list_reaches_everybody(world: World) -> None:
    """The row is known by its address from then on; it is the same person's, and what it says otherwise is an edit."""
    head = "first name,last name,email,company,phone"
    world.drop_csv("fair.csv", head, "Gus,Bad,,Acme,+49 30 1234571")
    world.begin(create=True)
    world.sync()
    (lead,), (contact,) = world.sf_all(), world.hs_all()
    assert (lead["Email"], contact["properties"]["email"] or None) == (None, None)
    world.drop_csv("fair.csv", head, "Gus,Bad,gus@acme.example,Acme,+49 30 1234571")
    world.sync()
    assert (world.sf(lead["Id"])["Email"], world.hs(contact["id"])["email"]) == ("gus@acme.example", "gus@acme.example")
    world.sync()
    world.mark()
    world.sync()
    assert world.written() == []


@pytest.mark.parametrize("order", [("ann", "bob"), ("bob", "ann")])
@pytest.mark.parametrize("kept", [0, 1])
def test_the_survivor_of_a_merge_of_two_people_stays_with_the_one_whom_it_shows(world: World, order: tuple[str, str], kept: int) -> None:
    """HubSpot gives the survivor a new id: nobody's address and name are written over the other's, and a person is asked."""
    made = {name: world.pair(f"{name}@acme.example", sf={"LastName": name.title()}, hs={"lastname": name.title()}) for name in order}
    world.begin()
    primary, absorbed = order[kept], order[1 - kept]
    world.boxes.order(world.boxes.hubspot, "merge", {"primaryObjectId": made[primary][1], "objectIdToMerge": made[absorbed][1]})
    world.sync()
    assert {name: (world.sf(lead)["Email"], world.sf(lead)["LastName"]) for name, (lead, _) in made.items()} == {
        name: (f"{name}@acme.example", name.title()) for name in order
    }
    assert [r.kind for r in world.reviews()] == ["merge"]
    world.sf_edit(made[primary][0], City="Bonn")
    world.sync()
    assert [row["properties"].get("city") for row in world.hs_all() if row["properties"]["email"] == f"{primary}@acme.example"] == ["Bonn"]
