"""Edge cases of the design's page on the life cycle, section 6, from 37: time and values. docs/edge-cases.md says which have a test and which wait."""

import unicodedata

import pytest
from sandbox_world import START, World

OPEN = "Open - Not Contacted"


def _pair(world: World) -> tuple[str, str]:
    ids = world.pair(sf={"Status": OPEN}, hs={"lifecyclestage": "lead", "hs_lead_status": "NEW"})
    world.begin()
    world.mark()
    return ids


def _at_rest(world: World) -> None:
    world.mark()
    world.sync()
    assert not world.written()


# ---- time ------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["hubspot first", "salesforce first"])
def test_37_equal_times_decide_nothing(world: World, order: str) -> None:
    """37: both sides edited at the same instant, in either order: the trusted system's value, by rule and not by time."""
    lead, contact = _pair(world)
    instant = world.boxes.clock.now()
    edits = [lambda: world.hs_edit(contact, jobtitle="From HubSpot"), lambda: world.sf_edit(lead, Title="From Salesforce")]
    for edit in edits if order == "hubspot first" else reversed(edits):
        world.boxes.clock.set(instant)
        edit()
    report = world.sync()
    assert world.value("job_title") == "From Salesforce"
    assert world.hs(contact)["jobtitle"] == "From Salesforce"
    assert any("From HubSpot" in line for line in report.lost), "the value that lost is named"
    _at_rest(world)


@pytest.mark.parametrize("skew", [-600, 600])
def test_38_ten_minutes_of_skew_lose_nothing(world: World, skew: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """38, in part: leadhub's clock is ten minutes off: every edit still travels, once (measuring the skew waits)."""
    lead, contact = _pair(world)
    real = world.clock.now
    monkeypatch.setattr(world.clock, "now", lambda: real() + (START - START.replace(hour=8)) * (skew / 3600))
    world.sync()
    for number in range(3):
        world.sf_edit(lead, Title=f"T{number}")
        world.hs_edit(contact, phone=f"+1 555 010{number}")
        world.sync()
        assert world.hs(contact)["jobtitle"] == f"T{number}"
        assert world.sf(lead)["Phone"] == f"+1 555 010{number}"
    _at_rest(world)


# ---- values ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reads_as", ["null", "empty"])
def test_44_a_cleared_value_is_not_refilled_and_does_not_travel(world: World, reads_as: str) -> None:
    """44 and 45: a phone cleared in HubSpot stays in Salesforce, is listed, and is not put back, however HubSpot shows the blank."""
    world.settings("hubspot", cleared_reads_as=reads_as)
    lead, contact = _pair(world)
    world.hs_edit(contact, phone="")
    report = world.sync()
    assert world.standing(report) == 1
    assert not world.written()
    assert world.sf(lead)["Phone"] == "+1 555 0100"
    world.sf_edit(lead, Title="CEO")
    world.sync()
    assert world.hs(contact)["phone"] == ""


def test_44_clearing_travels_where_the_field_says_so(world: World) -> None:
    """44: with `clear = "propagate"` a cleared phone is cleared on the other side too, and no guard stands in the way."""
    world.configure(**{"": '[fields.phone]\nclear = "propagate"'})
    lead, contact = _pair(world)
    world.hs_edit(contact, phone="")
    report = world.sync()
    assert not report.refusals
    assert world.sf(lead)["Phone"] is None
    _at_rest(world)


def test_47_a_changed_address_travels_and_the_old_one_is_remembered(world: World) -> None:
    """47: the e-mail goes from A to B in Salesforce: B is written to HubSpot, A still finds the person."""
    lead, contact = _pair(world)
    world.sf_edit(lead, Email="ann.lee@acme.example")
    world.sync()
    assert world.hs(contact)["email"] == "ann.lee@acme.example"
    assert world.value("email") == "ann.lee@acme.example"
    assert set(world.person().person.sets["email"]) == {"ann@acme.example", "ann.lee@acme.example"}
    _at_rest(world)


def test_48_a_shared_mailbox_makes_nobody_one(world: World) -> None:
    """48: info@ on two people: two persons, nothing is written from one to the other."""
    world.sf_create(Email="info@acme.example", FirstName="Ann", LastName="Lee")
    world.hs_create(email="info@acme.example", firstname="Bert", lastname="Moss")
    world.begin()
    assert len(world.persons()) == 2
    assert not world.written()


def test_49_capitals_in_an_address_are_no_difference(world: World) -> None:
    """49: Ann@Acme.example and ann@acme.example are one address: one person, no write."""
    world.sf_create(Email="Ann@ACME.example", FirstName="Ann")
    world.hs_create(email="ann@acme.example", firstname="Ann")
    world.begin()
    assert len(world.persons()) == 1
    assert not world.written()


def test_49_a_plus_tag_is_kept_as_typed(world: World) -> None:
    """49: a plus tag is part of the address: it travels as typed."""
    lead, contact = _pair(world)
    world.sf_edit(lead, Email="ann+fair@acme.example")
    world.sync()
    assert world.hs(contact)["email"] == "ann+fair@acme.example"


def test_50_a_phone_in_another_dress_is_no_edit(world: World) -> None:
    """50, in part: the same digits written differently are no write (telling a country's local form waits)."""
    lead, _ = _pair(world)
    world.sf_edit(lead, Phone="+1 (555) 01-00")
    world.sync()
    assert not world.written()


def test_51_an_extension_survives_the_way_through(world: World) -> None:
    """51: a phone with its extension arrives as it was typed and stays so."""
    lead, contact = _pair(world)
    world.sf_edit(lead, Phone="+1 555 0100 ext. 12")
    world.sync()
    assert world.hs(contact)["phone"] == "+1 555 0100 ext. 12"
    _at_rest(world)


def test_52_a_value_too_long_for_one_field_leaves_the_others_alone(world: World) -> None:
    """52: a title of 300 characters is not sent to Salesforce and is listed; the phone of the same record is written."""
    lead, contact = _pair(world)
    world.hs_edit(contact, jobtitle="x" * 300, phone="+1 555 0199")
    world.sync()
    assert world.sf(lead)["Phone"] == "+1 555 0199"
    assert world.sf(lead)["Title"] == "CTO"
    (item,) = world.reviews("refused")
    assert "128" in item.note
    _at_rest(world)


def test_57_a_hidden_field_is_unknown_not_blank(world: World) -> None:
    """57: a field that field-level security hides is neither read as blank nor written; the others flow."""
    lead, contact = _pair(world)
    world.settings("salesforce", hidden_fields={"Lead": ["Phone"]})
    world.sf_edit(lead, Title="CEO")
    report = world.sync()
    assert report.status == "ok"
    assert world.hs(contact)["phone"] == "+1 555 0100"
    world.hs_edit(contact, phone="+1 555 0199")
    world.sync()
    assert not [w for w in world.written() if "Phone" in w.values]
    assert world.hs(contact)["jobtitle"] == "CEO"


HEAD, ROW = "id,first name,last name,email,company,title", "1,Bob,Bee,bob@b.example,Bees,CTO"


def test_61_a_file_imported_again_writes_nothing(world: World) -> None:
    """61: the same file again, and with its columns in another order: zero writes; one row edited: one write to each CRM."""
    world.drop_csv("fair.csv", HEAD, ROW)
    world.begin(create=True)
    assert len(world.sf_all()) == len(world.hs_all()) == 1
    _at_rest(world)
    world.drop_csv("fair.csv", HEAD, ROW)
    _at_rest(world)
    world.drop_csv("fair.csv", "title,company,email,last name,first name,id", "CTO,Bees,bob@b.example,Bee,Bob,1")
    _at_rest(world)
    world.drop_csv("fair.csv", HEAD, ROW.replace("CTO", "CEO"))
    world.mark()
    world.sync()
    assert sorted(w.system for w in world.written()) == ["hubspot", "salesforce"]
    assert world.sf_all()[0]["Title"] == "CEO"
    _at_rest(world)


def test_62_one_person_three_times_in_a_file_is_one_person(world: World) -> None:
    """62, in part: three rows with one address: one person, one record in each CRM, and of rows first seen together the last wins (events wait)."""
    world.drop_csv("fair.csv", HEAD, ROW, "2,Bob,Bee,bob@b.example,Bees,CEO", "3,Bob,Bee,BOB@b.example,Bees,Chairman")
    world.begin(create=True)
    assert len(world.persons()) == 1
    assert len(world.sf_all()) == len(world.hs_all()) == 1
    assert world.sf_all()[0]["Title"] == "Chairman"
    _at_rest(world)


def test_66_decomposed_and_composed_names_are_equal(world: World) -> None:
    """66: Zoë in NFD here and in NFC there: no write, and no standing difference."""
    name = "Zoë Ångström"
    world.sf_create(Email="zoe@acme.example", FirstName=unicodedata.normalize("NFD", name))
    world.hs_create(email="zoe@acme.example", firstname=unicodedata.normalize("NFC", name))
    report = world.begin()
    assert len(world.persons()) == 1
    assert not world.written()
    assert world.standing(report) == 0


def test_first_contact_fill_reaches_blanks_once_writing_is_on(world: World) -> None:
    """`adoption = "fill"`: what was blank at first contact is filled by the first run that may write, though no record changed in between."""
    contact = world.hs_create(email="ann@acme.example", firstname="Ann", company="")
    world.sf_create(Email="ann@acme.example", FirstName="Ann", Company="Acme")
    world.configure(hubspot='adoption = "fill"')
    world.begin()
    assert world.hs(contact)["company"] == "Acme"
    _at_rest(world)


def test_creates_switched_on_later_reach_those_already_known(world: World) -> None:
    """A lead known before `create = "always"` was configured is created by the next run, though no record changed."""
    world.sf_create(Email="ann@acme.example", FirstName="Ann")
    world.begin()
    assert not world.hs_all()
    world.configure(hubspot='create = "always"')
    world.sync()
    assert [row["properties"]["email"] for row in world.hs_all()] == ["ann@acme.example"]
    _at_rest(world)
