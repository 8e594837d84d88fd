"""HubSpot's pitfalls where the promise is about the sync: what leadhub makes of it, with both sandboxes and a real store."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import pytest
from leadhub_hubspot.client import Client
from sandbox_world import World

from leadhub.model.run import IntentState
from leadhub.sync.report import RunReport
from leadhub.sync.run import sync

UPDATE = r"batch/update$"


def at_rest(world: World) -> RunReport:
    """Nothing is left to be written or asked."""
    world.mark()
    report = world.sync()
    assert report.status == "ok"
    assert not world.written()
    return report


# ---- 1: merges -----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("new_id", [True, False])
def test_a_link_follows_a_merge(world: World, new_id: bool) -> None:
    """Pitfall 1: after a merge in HubSpot the link goes to the survivor, whichever id that has: the next edit is written there, and nobody is made anew."""
    world.settings("hubspot", merge_makes_new_id=new_id)
    lead, contact = world.pair()
    other = world.hs_create(email="ann.second@acme.example", firstname="Ann", phone="+1 555 0100")
    world.begin(create=True)
    survivor = str(world.boxes.order(world.boxes.hubspot, "merge", {"primaryObjectId": other, "objectIdToMerge": contact})["id"])
    world.sync()
    world.sf_edit(lead, Phone="+1 555 0199")
    world.mark()
    world.sync()
    assert [write.id for write in world.written() if write.system == "hubspot" and "phone" in write.values] == [survivor]
    assert world.hs(survivor)["phone"] == "+1 555 0199"
    at_rest(world)


# ---- 2, 3: the life cycle stage ------------------------------------------------------------------------------------------------------------


def test_a_stage_that_hubspot_did_not_take_is_no_agreement(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pitfall 2: a stage that HubSpot answers with 200 and ignores is refused and asked about once; no base moves, and no later run fights over it."""
    _, contact = world.pair(hs={"lifecyclestage": "salesqualifiedlead", "hs_lead_status": "NEW"})
    world.begin()
    world.decide_state("mql/new/open")
    write = Client.batch_write

    def never_clearing(self: Client, verb: str, inputs: Sequence[dict[str, Any]], of: str) -> Any:
        kept = [entry | {"properties": {"lifecyclestage": "marketingqualifiedlead"}} for entry in inputs]
        return write(self, verb, kept if verb == "update" else inputs, of)

    with monkeypatch.context() as patch:
        patch.setattr(Client, "batch_write", never_clearing)
        report = world.sync()
    assert report.systems["hubspot"].refused == 1
    (item,) = world.reviews("refused")
    assert "not applied" in item.note
    assert world.hs(contact)["lifecyclestage"] == "salesqualifiedlead"
    at_rest(world)


_RUN = """
import os, signal, sys
from pathlib import Path
from leadhub.hub import open_hub
from leadhub.sync.run import sync
from leadhub_hubspot.client import Client
write, calls = Client.batch_write, []
def killing(self, verb, inputs, of):
    calls.append(verb)
    if len(calls) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return write(self, verb, inputs, of)
Client.batch_write = killing
sync(open_hub(Path(sys.argv[1])))
"""


@pytest.fixture
def cleared(world: World) -> str:
    """A contact whose stage a run of its own process cleared; SIGKILL ended it before it set the stage to mql."""
    _, contact = world.pair(hs={"lifecyclestage": "salesqualifiedlead", "hs_lead_status": "NEW"})
    world.begin()
    world.decide_state("mql/new/open")
    world.close()
    done = subprocess.run([sys.executable, "-c", _RUN, str(world.folder)], env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    world.reopen()
    assert world.hs(contact)["lifecyclestage"] == ""
    world.expire_lease()
    return contact


def test_a_move_back_that_was_killed_half_way_is_finished(world: World, cleared: str) -> None:
    """Pitfall 3: the process dies between clear and set: the next run knows the blank stage for its own by the journal, sets it, and asks nothing."""
    with world.hub.store.read() as tx:
        assert [(i.state, i.change.values["lifecyclestage"]) for i in tx.intents.open()] == [(IntentState.SENT, "marketingqualifiedlead")]
    world.sync()
    assert world.hs(cleared)["lifecyclestage"] == "marketingqualifiedlead"
    assert world.state() == "mql/new/open"
    at_rest(world)
    assert not world.reviews()


@pytest.mark.parametrize("stage", ["opportunity", "lead"])
def test_an_edit_between_clear_and_set_wins(world: World, cleared: str, stage: str) -> None:
    """Pitfall 3: a person who gives the cleared contact a stage meanwhile is not overwritten by what the dead run had meant to set."""
    world.hs_edit(cleared, lifecyclestage=stage)
    world.mark()
    world.sync()
    assert world.hs(cleared)["lifecyclestage"] == stage
    assert not [write for write in world.written() if write.system == "hubspot" and "lifecyclestage" in write.values]


# ---- 8: the primary address ----------------------------------------------------------------------------------------------------------------


def known_by_a_second_address(world: World) -> tuple[str, str]:
    """One person whom Salesforce knows by the address that is only HubSpot's second."""
    lead, contact = world.pair(email="second@acme.example")
    world.boxes.order(
        world.boxes.hubspot, "edit", {"id": contact, "properties": {"email": "first@acme.example", "hs_additional_emails": "second@acme.example"}}
    )
    return lead, contact


def test_a_contact_matched_by_its_second_address_keeps_its_first(world: World) -> None:
    """Pitfall 8: an edit in Salesforce of a person whom HubSpot knows under another primary address is written without any address."""
    lead, contact = known_by_a_second_address(world)
    world.begin(create=True)
    assert len(world.persons()) == 1
    world.mark()
    world.sf_edit(lead, Phone="+1 555 0199")
    world.sync()
    (write,) = [write for write in world.written() if write.system == "hubspot"]
    assert (write.id, sorted(write.values)) == (contact, ["phone"])
    held = world.hs(contact)
    assert (held["email"], held["hs_additional_emails"]) == ("first@acme.example", "second@acme.example")


def test_a_change_of_the_address_is_written(world: World) -> None:
    """Pitfall 8: only a change that is about the primary address sends one: a new address in Salesforce arrives."""
    lead, contact = world.pair()
    world.begin()
    world.mark()
    world.sf_edit(lead, Email="new@acme.example")
    world.sync()
    (write,) = [write for write in world.written() if write.system == "hubspot"]
    assert write.values == {"email": "new@acme.example"}
    assert world.hs(contact)["email"] == "new@acme.example"


# ---- 9, 10: purged and archived ------------------------------------------------------------------------------------------------------------


def purge(world: World, contact: str) -> None:
    """Let HubSpot forget a person: the contact is in no list, not even among the archived."""
    world.boxes.order(world.boxes.hubspot, "purge", {"id": contact})


def notice(world: World, lead: str) -> None:
    """A purge is met when the contact is read by id: here because an edit is to be written to it."""
    world.sf_edit(lead, Title="CEO")
    world.sync()


def test_a_purged_person_is_not_made_again(world: World) -> None:
    """Pitfall 9: a contact that is gone for good is unlinked and asked about; no run makes it anew, and nothing is taken from Salesforce."""
    lead, contact = world.pair()
    world.begin(create=True)
    before = world.sf(lead)
    purge(world, contact)
    notice(world, lead)
    (item,) = world.reviews("possible_duplicate")
    assert "gone for good" in item.note
    world.sf_edit(lead, Phone="+1 555 0199")
    at_rest(world)
    assert world.hs_all() == []
    assert {**world.sf(lead), "Title": before["Title"], "Phone": before["Phone"]}.keys() == before.keys()
    assert world.sf(lead)["Email"] == before["Email"]


@pytest.mark.parametrize("answered", [False, True])
def test_a_purged_person_who_comes_back_by_another_system_is_not_made_again(world: World, answered: bool) -> None:
    """Pitfall 9: of a purged contact nothing but a hash of its addresses is a key; who bears one later in Salesforce is made in HubSpot on an answer only."""
    contact = world.hs_create(email="ann@acme.example", firstname="Ann")
    world.begin()
    world.configure(hubspot='create = "always"')
    world.settings("hubspot", search_lag_seconds=60)
    world.hs_edit(contact, jobtitle="CEO")
    world.clock.sleep(40)
    purge(world, contact)
    world.clock.sleep(30)
    sync(world.hub)  # search still shows the contact, and its reading by id tells that it is gone
    world.settings("hubspot", search_lag_seconds=0)
    with world.hub.store.read() as tx:
        assert tx.keys.find([("email", "ann@acme.example")]) == {}
    world.sf_create(Email="Ann@Acme.example", FirstName="Ann")
    world.sync()
    assert world.hs_all() == []
    newcomer = [item for item in world.reviews("possible_duplicate") if "with this address" in item.note]
    assert len(newcomer) == 1
    if answered:
        with world.hub.store.begin() as tx:
            tx.reviews.close([newcomer[0].id], "olga")
        world.sf_edit(world.sf_all()[0]["Id"], Title="CTO")
    world.sync()
    assert len(world.hs_all()) == int(answered)


def test_a_person_can_have_a_purged_contact_made_again(world: World) -> None:
    """Pitfall 9: once somebody has answered that a new contact may be made, the next sync makes it."""
    lead, contact = world.pair()
    world.begin(create=True)
    purge(world, contact)
    notice(world, lead)
    (item,) = world.reviews("possible_duplicate")
    with world.hub.store.begin() as tx:
        tx.reviews.close([item.id], "olga")
    world.sf_edit(lead, Phone="+1 555 0199")
    world.sync()
    assert [row["properties"]["email"] for row in world.hs_all()] == ["ann@acme.example"]
    at_rest(world)
    assert not world.reviews("possible_duplicate")


def test_an_archived_contact_is_unlinked_and_deleted_nowhere(world: World) -> None:
    """Pitfall 10: a contact archived in HubSpot is noticed within six hours: its link is frozen, Salesforce keeps its lead, and none is made anew."""
    lead, contact = world.pair()
    world.begin(create=True)
    world.boxes.order(world.boxes.hubspot, "archive", {"id": contact})
    world.clock.sleep(6 * 3600)
    world.sync()
    assert {link.role for link in world.person().links if link.system == "hubspot"} == {"frozen"}
    world.sf_edit(lead, Title="CEO")
    at_rest(world)
    assert (len(world.sf_all()), [row["archived"] for row in world.hs_all()]) == (1, [True])


# ---- 11, 12: echoes and automations --------------------------------------------------------------------------------------------------------


def test_an_own_write_that_comes_back_is_no_edit(world: World) -> None:
    """Pitfall 11: what leadhub wrote, and a time of change that HubSpot's own arithmetic moved, come with the next pull and lead to nothing."""
    lead, contact = world.pair()
    world.begin()
    world.sf_edit(lead, Title="CEO")
    world.sync()
    world.boxes.order(world.boxes.hubspot, "touch", {})
    report = at_rest(world)
    assert report.systems["hubspot"].pulled
    assert report.systems["hubspot"].unchanged == report.systems["hubspot"].pulled
    assert world.hs(contact)["jobtitle"] == "CEO"


def test_an_automation_that_fights_back_is_left_in_peace(world: World) -> None:
    """Pitfall 12: a workflow that puts its own value back after each of leadhub's writes is given up as "rewritten", and listed; nothing goes on for ever."""
    lead, contact = world.pair()
    world.begin()
    rule = {"property": "jobtitle", "set": {"jobtitle": "Robot"}, "times": 100}
    world.boxes.order(world.boxes.hubspot, "automation", rule)
    for title in ("CEO", "CFO", "COO", "CIO", "CSO"):
        world.sf_edit(lead, Title=title)
        world.sync()
    world.mark()
    for _ in range(3):
        world.sync()
    assert not world.written()
    assert world.hs(contact)["jobtitle"] == "Robot"


# ---- 13, 14: limits and access -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["search", UPDATE])
def test_a_spent_day_is_not_tried_again(world: World, path: str) -> None:
    """Pitfall 13: a 429 that names the daily limit ends the system's part of the run at once, after one call; the next run does what was left."""
    lead, contact = world.pair()
    world.begin()
    world.sf_edit(lead, Title="CEO")
    world.fault("hubspot", "daily_limit", path, times=100)
    world.mark()
    report = world.sync()
    assert "daily limit" in str(report.troubles["hubspot"])
    assert len([call for call in world.calls("hubspot") if call["fault"]]) == 1
    world.boxes.hubspot.service.faults.clear()
    world.sync()
    assert world.hs(contact)["jobtitle"] == "CEO"


def test_reading_stops_at_the_reserve_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pitfall 13: a long reading leaves the last tenth of the day's calls to others: it stops after a page, and the next run goes on from there."""
    monkeypatch.setattr("leadhub_hubspot.client.LIST_LIMIT", 5)
    for n in range(40):
        world.hs_create(email=f"p{n}@b.example", firstname=f"P{n}", lastname=f"Q{n}")
    world.settings("hubspot", daily_limit=13)
    report = world.adopt("hubspot").run
    assert "daily calls are used" in report.troubles["hubspot"]
    assert report.usage["hubspot"].used == 12, "the last tenth of thirteen"
    read = report.systems["hubspot"].pulled
    assert 0 < read < 40
    world.settings("hubspot", daily_limit=1_000_000)
    assert world.adopt("hubspot").run.systems["hubspot"].pulled == 40 - read


@pytest.mark.parametrize(("kind", "seconds"), [("locked", 2), ("migrating", 120)])
def test_a_lock_and_a_move_are_waited_for(world: World, kind: str, seconds: int) -> None:
    """Pitfall 13: a 423 is sat out for two seconds or more, a 477 as long as it says, two minutes at most; then the write is made, once."""
    lead, contact = world.pair()
    world.begin()
    world.sf_edit(lead, Title="CEO")
    world.fault("hubspot", kind, UPDATE)
    slept = world.clock.slept
    report = world.sync()
    assert world.clock.slept - slept - 3600 >= seconds
    assert (report.status, world.hs(contact)["jobtitle"]) == ("ok", "CEO")


# ---- 17, 18, 19: values --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reads_as", ["null", "empty"])
def test_a_blank_overwrites_nothing(world: World, reads_as: str) -> None:
    """Pitfall 18: a property without a value, however HubSpot shows it, blanks nothing elsewhere, at first sight or after it was cleared."""
    world.settings("hubspot", cleared_reads_as=reads_as)
    lead, contact = world.pair()
    world.boxes.order(world.boxes.hubspot, "edit", {"id": contact, "properties": {"phone": ""}})
    world.begin()
    assert world.sf(lead)["Phone"] == "+1 555 0100"
    world.hs_edit(contact, jobtitle="")
    world.sync()
    assert world.sf(lead)["Title"] == "CTO"
    at_rest(world)
