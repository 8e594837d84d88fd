"""A CRM that was put back to an earlier state: from a backup, by a refresh of a sandbox, or out of the recycle bin. Its times of change went back too."""

import json
from datetime import timedelta
from typing import Any

import pytest
from leadhub_hubspot.client import Client
from sandbox_world import SYSTEMS, World

from leadhub.model.record import Gone
from leadhub.store import RecordKey
from leadhub.sync.audit import AuditReport, audit
from leadhub.sync.run import plan, pull_only, sync

LONG = 26 * 3600
"""Seconds after which no pull reaches back to an edit any more."""
BOB = "bob@acme.example"
OBJECTS = {"salesforce": "Lead", "hubspot": "contacts"}


def backup(world: World, system: str) -> Any:
    """What a CRM holds now."""
    return json.loads(json.dumps(getattr(world.boxes, system).service.snapshot()))


def restore(world: World, system: str, state: Any) -> None:
    """Put a CRM back; a day later, so that no pull reaches back to anything any more. The time goes on from now."""
    now = world.clock.now()
    getattr(world.boxes, system).service.restore(state)
    world.boxes.clock.set(now)
    world.clock.sleep(LONG)


def edit(world: World, system: str, record_id: str, title: str) -> None:
    """Somebody gives a person another title."""
    if system == "salesforce":
        world.sf_edit(record_id, Title=title)
    else:
        world.hs_edit(record_id, jobtitle=title)


def titles(world: World, lead: str, contact: str) -> tuple[str, str]:
    """What both CRMs show."""
    return world.sf(lead)["Title"], world.hs(contact)["jobtitle"]


def kinds(report: AuditReport) -> dict[str, int]:
    """How many records an audit found of each kind."""
    return {one.kind: one.count for one in report.drift}


def gone(world: World, system: str, record_id: str) -> Gone | None:
    """What became of a record, as far as leadhub knows."""
    key = RecordKey(system, OBJECTS[system], record_id)
    with world.hub.store.read() as tx:
        return tx.records.get([key])[key].gone


@pytest.mark.parametrize("answer", ["CEO", "CTO"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_a_crm_put_back_is_taken_in_as_it_is_and_asked_about(world: World, system: str, answer: str) -> None:
    """Nobody typed the restored title: audit finds it, `pull --anew` takes it in, no sync writes it anywhere, a person says, and what is edited next travels."""
    pair = world.pair()
    world.pair(BOB)
    world.begin()
    kept = backup(world, system)
    record_id = dict(zip(SYSTEMS, pair, strict=True))[system]
    edit(world, system, record_id, "CEO")
    world.sync()
    restore(world, system, kept)
    assert sorted(titles(world, *pair)) == ["CEO", "CTO"]
    assert kinds(audit(world.hub)) == {"edited": 1}
    pull_only(world.hub, anew=True)
    report, changes = plan(world.hub)
    assert (changes, report.open_reviews) == ([], 1)
    world.sync()
    assert sorted(titles(world, *pair)) == ["CEO", "CTO"]
    assert audit(world.hub).drift == []
    world.decide("job_title", answer)
    world.sync()
    report = audit(world.hub)
    assert (report.drift, report.persons_waiting, report.run.open_reviews) == ([], 0, 0)
    assert titles(world, *pair) == (answer, answer)
    edit(world, system, record_id, "CFO")
    world.sync()
    assert titles(world, *pair) == ("CFO", "CFO")
    assert (len(world.persons()), len(world.sf_all()), len(world.hs_all())) == (2, 2, 2)


def test_an_edit_that_a_restore_does_not_know_of_is_never_undone_unasked(world: World) -> None:
    """Typed in HubSpot after Salesforce was backed up, and written there: the restored Salesforce, trusted as it is, shows the title of before, and a person says."""
    lead, contact = world.pair()
    world.begin()
    kept = backup(world, "salesforce")
    world.hs_edit(contact, jobtitle="CEO")
    world.sync()
    world.sync()  # what was written is read once before the restore
    restore(world, "salesforce", kept)
    pull_only(world.hub, anew=True)
    assert world.sync().open_reviews == 1
    assert titles(world, lead, contact) == ("CTO", "CEO")


@pytest.mark.parametrize("system", SYSTEMS)
def test_an_opt_out_that_a_restore_took_back_is_written_again(world: World, system: str) -> None:
    """The box is empty as it was before the backup, which is nobody's consent: no mail goes out while somebody is asked."""
    lead, contact = world.pair()
    world.begin()
    kept = backup(world, system)
    world.sf_edit(lead, HasOptedOutOfEmail=True)
    world.sync()
    world.sync()
    assert (world.sf(lead)["HasOptedOutOfEmail"], world.hs(contact)["hs_email_optout"]) == (True, "true")
    restore(world, system, kept)
    pull_only(world.hub, anew=True)
    assert world.sync().open_reviews == 0
    assert (world.sf(lead)["HasOptedOutOfEmail"], world.hs(contact)["hs_email_optout"]) == (True, "true")


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_stage_that_was_put_back_is_asked_about(world: World, system: str) -> None:
    """Neither is the lead moved back, nor the restored record forward."""
    lead, contact = world.pair()
    world.begin()
    kept = backup(world, system)
    world.hs_edit(contact, hs_lead_status="ATTEMPTED_TO_CONTACT")
    world.sync()
    world.sync()
    before = (world.sf(lead)["Status"], world.hs(contact)["hs_lead_status"])
    restore(world, system, kept)
    pull_only(world.hub, anew=True)
    shown = (world.sf(lead)["Status"], world.hs(contact)["hs_lead_status"])
    assert shown != before
    assert world.sync().open_reviews == 1
    assert (world.sf(lead)["Status"], world.hs(contact)["hs_lead_status"]) == shown


@pytest.mark.parametrize("system", SYSTEMS)
def test_who_was_deleted_and_is_put_back_is_there_again(world: World, system: str) -> None:
    """The tombstone is later than the record that came back: read anew the person is there, once, and linked as before."""
    pair = world.pair()
    world.pair(BOB)
    world.begin()
    kept = backup(world, system)
    record_id = dict(zip(SYSTEMS, pair, strict=True))[system]
    if system == "salesforce":
        world.sf_delete(record_id)
    else:
        world.hs_archive(record_id)
    world.sync()
    assert gone(world, system, record_id) is Gone.DELETED
    restore(world, system, kept)
    assert kinds(audit(world.hub)) == {"unseen": 1}
    pull_only(world.hub, anew=True)
    world.sync()
    assert gone(world, system, record_id) is None
    assert audit(world.hub).drift == []
    assert sorted(link.role for link in world.person().links) == ["primary", "primary"]
    assert (len(world.persons()), len(world.sf_all()), len(world.hs_all())) == (2, 2, 2)


@pytest.mark.parametrize("system", SYSTEMS)
def test_who_was_made_since_the_backup_is_gone_with_it(world: World, system: str) -> None:
    """The backup never knew the record: it is found missing, its link frozen, and none is made in its place."""
    world.pair(BOB)
    kept = backup(world, system)
    pair = world.pair()
    world.begin()
    restore(world, system, kept)
    record_id = dict(zip(SYSTEMS, pair, strict=True))[system]
    assert kinds(audit(world.hub)) == {"missing": 1}
    pull_only(world.hub, anew=True)
    world.mark()
    world.sync()
    assert gone(world, system, record_id) is not None
    assert audit(world.hub).drift == []
    assert world.written() == []


def test_a_write_to_a_record_that_was_put_back_meanwhile_waits_for_what_it_shows(world: World) -> None:
    """Nobody read anew: the look before the write finds the older record, the plan is judged again, and nothing is written over the restored value unasked."""
    lead, contact = world.pair()
    world.begin()
    kept = backup(world, "hubspot")
    world.hs_edit(contact, phone="+1 555 0199")
    world.sync()
    assert world.sf(lead)["Phone"] == "+1 555 0199"
    restore(world, "hubspot", kept)
    world.sf_edit(lead, Title="CEO")
    report = world.sync()
    assert report.status == "ok"
    world.sync()
    assert titles(world, lead, contact) == ("CEO", "CEO")
    assert (world.sf(lead)["Phone"], world.hs(contact)["phone"]) == ("+1 555 0199", "+1 555 0100")
    report = audit(world.hub)
    assert (report.drift, report.run.open_reviews) == ([], 1)


def test_who_was_put_back_a_moment_ago_does_not_wait_for_the_next_run(world: World) -> None:
    """Its older time of change lies where the next pull reaches back to, which drops what is older: audit names it, and the command that mends it."""
    _, contact = world.pair()
    world.begin()
    kept = backup(world, "hubspot")
    world.hs_edit(contact, jobtitle="CEO")
    sync(world.hub)
    now = world.clock.now()
    world.boxes.hubspot.service.restore(kept)
    world.boxes.clock.set(now)
    world.boxes.order(world.boxes.hubspot, "touch", {"ids": [contact], "at": (now - timedelta(minutes=30)).isoformat()})
    report = audit(world.hub)
    assert (kinds(report), report.systems["hubspot"].waiting) == ({"edited": 1}, 0)


def test_a_whole_crm_put_back_is_no_login_that_lost_its_sight(world: World) -> None:
    """All are asked for by id, and yet none of them is missing: no guard stops the reading, every one is taken in, and one answer does for all."""
    count = 30
    pairs = [world.pair(f"p{n:02}@acme.example") for n in range(count)]
    world.begin()
    kept = backup(world, "hubspot")
    for _, contact in pairs:
        world.boxes.order(world.boxes.hubspot, "edit", {"id": contact, "properties": {"jobtitle": "CEO"}})
    world.clock.sleep(60)
    world.sync({("salesforce", "updates"): count})
    restore(world, "hubspot", kept)
    assert kinds(audit(world.hub)) == {"edited": count}
    assert pull_only(world.hub, anew=True).status == "ok"
    report = audit(world.hub)
    assert (report.run.status, report.drift, report.persons_waiting, report.run.open_reviews) == ("ok", [], 0, count)
    with world.hub.store.read() as tx:
        assert len({stored.review.group for stored in tx.reviews.open()}) == 1


def test_a_listing_that_lags_behind_takes_nothing_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list shows a contact as it was before the last edit, under its time of then: read by id it is as leadhub knows it, and nothing is drift or edit."""
    lead, contact = world.pair()
    world.begin()
    then = world.hs(contact)["lastmodifieddate"]
    world.hs_edit(contact, jobtitle="CEO")
    world.clock.sleep(LONG)
    world.sync()
    shown = Client.list_page

    def lagging(client: Client, *asked: Any, **more: Any) -> Any:
        body = shown(client, *asked, **more)
        for result in body["results"]:
            result["properties"] |= {"jobtitle": "CTO", "lastmodifieddate": then}
            result["updatedAt"] = then
        return body

    monkeypatch.setattr(Client, "list_page", lagging)
    report = audit(world.hub)
    hubspot = report.systems["hubspot"]
    assert (report.drift, hubspot.read, hubspot.same, hubspot.unlisted) == ([], 1, 1, 0)
    pull_only(world.hub, anew=True)
    report, changes = plan(world.hub)
    assert (changes, report.open_reviews, world.value("job_title")) == ([], 0, "CEO")
    world.sync()
    assert titles(world, lead, contact) == ("CEO", "CEO")
