"""A normal form that changes from one version of leadhub to the next (`values.VERSION`): everyone is looked at again, and nothing was edited by that."""

from dataclasses import replace

import pytest
from sandbox_world import World

from leadhub import values
from leadhub.values.fields import FIELDS
from leadhub.values.kinds import Kind

BAD = Kind("phone", lambda value, _region: f"99{value.removeprefix('99')}" if value else "", lambda value, _region: value)
"""A form that makes another number of every number."""


def looked_at(world: World) -> int:
    """Run, and return how many persons were judged."""
    seen: list[int | None] = [0]
    world.hub.progress = lambda step, _system, _done, total: seen.append(total) if step == "agreeing" else None
    report = world.sync()
    assert [(s.created, s.updated) for s in report.systems.values()] == [(0, 0)] * len(report.systems)
    assert report.reviews_opened == 0
    return seen[-1] or 0


@pytest.fixture
def old(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Two persons in both CRMs, agreed on in a form that was wrong and that HubSpot has come to hold; nothing to do."""
    monkeypatch.setitem(FIELDS, "phone", replace(FIELDS["phone"], kind=BAD))
    _, contact = world.pair("ann@acme.example")
    world.hs_edit(contact, phone="99+1 555 0100")
    world.pair("bo@acme.example")
    world.begin()
    assert world.value("phone") == "99+1 555 0100"
    world.sync()
    assert looked_at(world) == 0
    return world


def test_a_new_form_is_looked_at_from_the_store_and_is_nobodys_edit(old: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everyone is judged once, with no call more than a quiet run makes and no write; leadhub holds the new form from then on."""
    quiet = {name: counts.api_calls for name, counts in old.sync().systems.items()}
    monkeypatch.undo()
    monkeypatch.setattr(values, "VERSION", values.VERSION + 1)
    old.reopen()
    assert looked_at(old) == 2
    assert old.value("phone") == "+1 555 0100"
    assert {link.system: link.base["phone"].value for link in old.person().links} == {"salesforce": "+1 555 0100", "hubspot": "99+1 555 0100"}
    assert looked_at(old) == 0
    assert {name: counts.api_calls for name, counts in old.sync().systems.items()} == quiet


def test_an_edit_of_the_same_night_travels_in_the_new_form(old: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who changes the number between the last run and the new version is heard."""
    lead = next(link.record_id for link in old.person().links if link.system == "salesforce")
    contact = next(link.record_id for link in old.person().links if link.system == "hubspot")
    old.sf_edit(lead, Phone="+1 212 555 0177")
    monkeypatch.undo()
    monkeypatch.setattr(values, "VERSION", values.VERSION + 1)
    old.reopen()
    old.sync()
    assert old.hs(contact)["phone"] == "+12125550177"
    assert old.value("phone") == "+12125550177"
