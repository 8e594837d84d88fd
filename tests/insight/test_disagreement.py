"""Standing differences by pattern, as the store knows them."""

from collections.abc import Callable, Iterator

import pytest
from cli_world import World

from leadhub.hub import Hub, open_hub
from leadhub.insight.disagreement import Disagreement, differences, disagreement
from leadhub.insight.first_contact import OTHERWISE, FirstContact, first_contact


def _people(world: World) -> None:
    """Three in both CRMs: two phones that differ, one title that HubSpot lacks, one stage that contradicts. One with two Leads. One in each alone."""
    for number in range(3):
        name = {"FirstName": "Ann", "LastName": f"Lee{number}", "Email": f"ann{number}@acme.example"}
        world.lead(**name, Phone=f"+1 555 010 010{number}", Title="CEO" if number == 2 else "", Status="Open - Not Contacted")
        phone = f"+1 555 010 010{number}" if number == 2 else f"+1 555 010 019{number}"
        stage = "customer" if number == 1 else "lead"
        properties = {"firstname": "Ann", "lastname": f"Lee{number}", "email": f"ann{number}@acme.example", "phone": phone, "company": "Acme"}
        world.contact(**properties, lifecyclestage=stage)
    for _ in range(2):
        world.lead(FirstName="Bo", LastName="Two", Email="bo@two.example", Status="Open - Not Contacted")
    world.contact(firstname="Cy", lastname="Cole", email="cy@c.example", lifecyclestage="lead")


@pytest.fixture(scope="module")
def met(make_world: Callable[[], World]) -> World:
    """A deployment that has met both."""
    world = make_world()
    _people(world)
    for system in ("salesforce", "hubspot"):
        assert world.run("adopt", system).code == 0
    return world


@pytest.fixture
def hub(met: World) -> Iterator[Hub]:
    """That deployment, opened without secrets."""
    opened = open_hub(met.folder, offline=True)
    yield opened
    opened.store.close()


def _report(hub: Hub, **only: str) -> Disagreement:
    with hub.store.read() as tx:
        return disagreement(hub, tx, **only)


def _contact(hub: Hub, system: str) -> FirstContact:
    with hub.store.read() as tx:
        return first_contact(hub, tx, system)


def test_values_of_a_plain_field_are_one_pattern_and_a_state_goes_by_its_value(hub: Hub) -> None:
    """Two different phones make one pattern with two examples; a contradicting stage names both values."""
    found = {(p.field, p.kind): p for p in _report(hub, system="hubspot").patterns}
    phones = found["phone", "different"]
    assert (phones.count, phones.reason, phones.rule) == (2, "adopted", "keep")
    assert {(e.there, e.here) for e in phones.examples} == {("+1 555 010 0190", "+1 555 010 0100"), ("+1 555 010 0191", "+1 555 010 0101")}
    assert found["job_title", "blank there"].count == 1
    stage = found["lifecyclestage", ""]
    assert (stage.there, stage.here, stage.count) == ("customer", "stage lead", 1)


def test_the_largest_pattern_comes_first_and_the_total_is_their_sum(hub: Hub) -> None:
    """The order is the one in which a person would look at them."""
    found = _report(hub)
    assert [p.count for p in found.patterns] == sorted((p.count for p in found.patterns), reverse=True)
    assert found.total == sum(p.count for p in found.patterns)
    assert found.compared == 9


def test_what_no_system_lets_be_written_is_counted_apart(hub: Hub) -> None:
    """Each CRM has its own date of creation: nobody can settle that, so it hides nothing that can be."""
    found = _report(hub)
    assert set(found.facts) == {"created_at"}
    assert "created_at" not in {p.field for p in found.patterns}


def test_an_edit_that_nobody_has_judged_yet_is_no_standing_difference(met: World, hub: Hub) -> None:
    """Only what was looked at and left alone counts: the same difference is there by person and by pattern."""
    with hub.store.read() as tx:
        single = [one for one in differences(hub, tx) if one.field != "created_at"]
    assert len(single) == _report(hub).total
    assert _report(hub, name="phone").total == 2


def test_first_contact_tells_persons_apart_and_why_they_are_one(hub: Hub) -> None:
    """Each person is in exactly one of the three counts, and each shared one has its evidence."""
    salesforce, hubspot = _contact(hub, "salesforce"), _contact(hub, "hubspot")
    assert (hubspot.shared, hubspot.only_here, hubspot.only_elsewhere) == (3, 1, 1)
    assert (salesforce.shared, salesforce.only_here, salesforce.only_elsewhere) == (3, 1, 1)
    assert (salesforce.several_here, hubspot.several_here) == (1, 0)
    assert (salesforce.in_scope, hubspot.in_scope, salesforce.out_of_scope) == (5, 4, 0)
    assert hubspot.evidence == {"email": 3}
    assert OTHERWISE not in salesforce.evidence
