"""Now and then a system is read from its beginning: what vanished without a word, and what its index hid, is noticed."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sandbox_world import World

from leadhub.model.record import Gone
from leadhub.store import RecordKey
from leadhub.sync.run import pull_only

WEEK = timedelta(days=7).total_seconds()


def _gone(world: World, contact: str) -> Gone | None:
    key = RecordKey("hubspot", "contacts", contact)
    with world.hub.store.read() as tx:
        return tx.records.get([key])[key].gone


def _lists(call: Mapping[str, Any]) -> bool:
    path, query = call["path"], call["target"]
    return call["method"] == "GET" and path.startswith("/crm/objects/") and path.endswith("/contacts") and "archived=false" in query


def _forget_in_hubspot(world: World, *contacts: str) -> None:
    """Purge contacts: no list, no search and no reading by id shows them any more."""
    for contact in contacts:
        world.boxes.order(world.boxes.hubspot, "purge", {"id": contact})


def test_what_vanished_without_a_word_is_noticed_after_a_week(world: World) -> None:
    """A contact that left HubSpot without a trace still counts as there; the first run after a week reads all and finds it gone. Nobody is written."""
    _, contact = world.pair()
    world.pair("bob@acme.example")
    world.begin()
    _forget_in_hubspot(world, contact)
    world.sync()
    assert _gone(world, contact) is None
    world.clock.sleep(WEEK)
    world.mark()
    report = world.sync()
    assert report.status == "ok"
    assert _gone(world, contact) is Gone.VANISHED
    assert world.written() == []
    assert world.person().person.fields["first_name"].value == "Ann"


def test_a_quiet_run_between_two_sweeps_lists_nothing(world: World) -> None:
    """The week over, one run lists all contacts; the next one asks again for nothing but what changed."""
    world.pair()
    world.begin()
    world.clock.sleep(WEEK)
    world.mark()
    world.sync()
    listed = [call for call in world.calls("hubspot") if _lists(call)]
    assert len(listed) == 1
    world.mark()
    world.sync()
    assert not [call for call in world.calls("hubspot") if _lists(call)]


def test_a_change_that_no_search_showed_arrives_with_the_sweep(world: World) -> None:
    """A change whose stamp lies long before the last pull is never searched for; read anew, it travels."""
    lead, contact = world.pair()
    world.begin()
    world.sync()
    before = world.hs(contact)["lastmodifieddate"]
    world.hs_edit(contact, jobtitle="CEO")
    world.boxes.order(world.boxes.hubspot, "touch", {"ids": [contact], "at": before})
    world.clock.sleep(7200)
    world.sync()
    assert world.sf(lead)["Title"] == "CTO"
    pull_only(world.hub, anew=True)
    world.sync()
    assert world.sf(lead)["Title"] == "CEO"


def test_a_login_that_lost_its_sight_takes_nobody_for_gone(world: World) -> None:
    """Of 30 contacts 25 do not come: the run stops HubSpot with a guard, names the flag, and holds none for gone until that is passed."""
    contacts = [world.pair(f"p{n:02}@acme.example")[1] for n in range(30)]
    world.begin()
    _forget_in_hubspot(world, *contacts[:25])
    world.clock.sleep(WEEK)
    report = world.sync()
    assert report.status == "blocked"
    (refusal,) = report.guards
    assert refusal.flag == "--allow hubspot.missing=25"
    assert "of 30 records that were there, 25 did not come" in str(refusal)
    assert _gone(world, contacts[0]) is None
    assert world.sync().status == "ok"
    assert _gone(world, contacts[0]) is None
    world.clock.sleep(WEEK)
    assert world.sync({("hubspot", "missing"): 25}).status == "ok"
    assert _gone(world, contacts[0]) is Gone.VANISHED
    assert _gone(world, contacts[29]) is None


def test_a_sweep_that_breaks_off_leaves_the_old_place_to_go_on_from(world: World) -> None:
    """The list fails for good in its middle: the run reports it; the next one reads what changed as ever, and the sweep is tried again after a day."""
    lead, contact = world.pair()
    world.begin()
    world.clock.sleep(WEEK)
    world.fault("hubspot", "internal", r"/crm/objects/.*/contacts$", times=5)
    assert world.sync().status == "partial"
    world.hs_edit(contact, jobtitle="CEO")
    world.mark()
    assert world.sync().status == "ok"
    assert world.sf(lead)["Title"] == "CEO"
    assert not [call for call in world.calls("hubspot") if _lists(call)]
    world.clock.sleep(24 * 3600)
    world.mark()
    world.sync()
    assert [call for call in world.calls("hubspot") if _lists(call)]
