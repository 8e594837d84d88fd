"""Revert over HTTP: what comes back in both CRMs, what is left and why, and that the next sync neither undoes nor redoes it."""

import re
from typing import Any

import pytest
from sandbox_world import World

from leadhub.core import revert_writes
from leadhub.errors import GuardStopped
from leadhub.model.run import RunRow
from leadhub.sync.acts import preview_revert, revert
from leadhub.sync.report import RunReport
from leadhub.sync.revert import Reverted
from leadhub.sync.run import take_in


def undo(world: World, run: str) -> tuple[RunReport, Reverted]:
    """Take a run back, an hour later."""
    world.clock.sleep(3600)
    return revert(world.hub, row(world, run))


def row(world: World, run: str) -> RunRow:
    """Return a run as the journal has it."""
    with world.hub.store.read() as tx:
        (found,) = tx.runs.get(run)
    return found


def quiet(world: World) -> None:
    """The next two syncs write nothing."""
    world.mark()
    for _ in range(2):
        report = world.sync()
        assert (report.status, world.written()) == ("ok", [])


def skipped(found: Reverted) -> list[tuple[str, str, str]]:
    """What was left, without the names."""
    return [(s.where, s.field, s.reason) for s in found.skipped]


def test_an_edit_that_was_carried_over_comes_back(world: World) -> None:
    """HubSpot gets its old title back and leadhub holds it; the person's edit in Salesforce is left alone, and nothing is redone."""
    lead, contact = world.pair()
    world.begin()
    world.sf_edit(lead, Title="CEO")
    run = world.sync().run
    assert world.hs(contact)["jobtitle"] == "CEO"
    report, found = undo(world, run)
    assert (report.kind, report.status, report.systems["hubspot"].updated) == ("revert", "ok", 1)
    assert (world.hs(contact)["jobtitle"], world.sf(lead)["Title"], world.value("job_title")) == ("CTO", "CEO", "CTO")
    assert not found.skipped
    quiet(world)


def test_what_was_edited_after_the_reverted_run_travels(world: World) -> None:
    """The side that kept its value is edited again: an ordinary edit, which is carried over."""
    lead, contact = world.pair()
    world.begin()
    world.sf_edit(lead, Title="CEO")
    undo(world, world.sync().run)
    world.sf_edit(lead, Title="Founder")
    world.sync()
    assert world.hs(contact)["jobtitle"] == "Founder"


def test_an_edit_since_is_skipped_and_listed(world: World) -> None:
    """Somebody changed the title in HubSpot after the run: that stays, in both CRMs; the phone still comes back."""
    lead, contact = world.pair()
    world.begin()
    world.sf_edit(lead, Title="CEO", Phone="+1 555 0199")
    run = world.sync().run
    world.hs_edit(contact, jobtitle="Chair")
    _, found = undo(world, run)
    assert skipped(found) == [("leadhub", "job_title", found.skipped[0].reason)]
    assert "an edit in hubspot" in found.skipped[0].reason
    assert world.hs(contact)["phone"] == "+1 555 0100"
    assert world.hs(contact)["jobtitle"] == "Chair"
    world.sync()
    assert world.sf(lead)["Title"] == "Chair"


def test_a_stage_comes_back_as_it_stood(world: World) -> None:
    """A stage that moved forward is set back in two steps, to the very values that stood there, and the next sync leaves them."""
    lead, contact = world.pair(sf={"Status": "Open - Not Contacted"}, hs={"lifecyclestage": "lead", "hs_lead_status": "NEW"})
    world.begin()
    before, state = world.hs(contact), world.state()
    world.sf_edit(lead, Status="Working - Contacted")
    run = world.sync().run
    assert world.hs(contact)["hs_lead_status"] != before["hs_lead_status"]
    _, found = undo(world, run)
    after = world.hs(contact)
    assert (after["lifecyclestage"], after["hs_lead_status"]) == (before["lifecyclestage"], before["hs_lead_status"])
    assert (world.state(), world.sf(lead)["Status"]) == (state, "Working - Contacted")
    assert not found.skipped
    quiet(world)


def test_a_stage_in_hubspot_carried_to_salesforce_comes_back(world: World) -> None:
    """The status that Salesforce had before the run is written again, though the mapping would choose another."""
    lead, contact = world.pair(sf={"Status": "Working - Contacted"}, hs={"lifecyclestage": "lead", "hs_lead_status": "IN_PROGRESS"})
    world.begin()
    world.hs_edit(contact, hs_lead_status="UNQUALIFIED")
    run = world.sync().run
    assert world.sf(lead)["Status"] == "Closed - Not Converted"
    undo(world, run)
    assert world.sf(lead)["Status"] == "Working - Contacted"
    assert world.hs(contact)["hs_lead_status"] == "UNQUALIFIED"
    quiet(world)


def test_the_old_words_come_back_where_the_mapping_would_choose_others(world: World) -> None:
    """IN_PROGRESS stood there and fits again; for the same state leadhub itself would have written another value."""
    lead, contact = world.pair(sf={"Status": "Working - Contacted"}, hs={"lifecyclestage": "lead", "hs_lead_status": "IN_PROGRESS"})
    world.begin()
    state = world.lead().state
    relation = world.hub.policy.relations["hubspot", "contacts"]
    world.sf_edit(lead, Status="Closed - Not Converted")
    run = world.sync().run
    assert world.hs(contact)["hs_lead_status"] == "UNQUALIFIED"
    undo(world, run)
    assert (world.hs(contact)["hs_lead_status"], world.lead().state) == ("IN_PROGRESS", state)
    assert relation.preferred("hs_lead_status", state) != "IN_PROGRESS"
    quiet(world)


def test_a_stage_that_was_written_forward_is_set_back_in_two_steps(world: World) -> None:
    """HubSpot takes no stage backward unless it is blanked first: the revert does that, and the old stage stands."""
    lead, contact = world.pair(sf={"Status": "Working - Contacted"}, hs={"lifecyclestage": "lead"})
    world.begin()
    world.sf_convert(lead)
    run = world.sync().run
    assert world.hs(contact)["lifecyclestage"] == "opportunity"
    _, found = undo(world, run)
    assert world.hs(contact)["lifecyclestage"] == "lead", skipped(found)
    quiet(world)


def test_a_revert_that_broke_off_is_finished_by_another(world: World) -> None:
    """HubSpot fails right before the write: leadhub's value is set back already, and the same revert writes what is missing."""
    lead, contact = world.pair()
    world.begin()
    world.sf_edit(lead, Title="CEO")
    run = world.sync().run
    world.fault("hubspot", "html_503", "batch/update", times=1000)
    report, _ = undo(world, run)
    assert (report.systems["hubspot"].updated, world.value("job_title"), world.hs(contact)["jobtitle"]) == (0, "CTO", "CEO")
    world.boxes.hubspot.service.faults.clear()
    world.mark()
    world.sync()
    assert not world.written()
    undo(world, run)
    assert world.hs(contact)["jobtitle"] == "CTO"
    quiet(world)


def test_a_revert_can_be_reverted(world: World) -> None:
    """Taking the taking back back writes the run's value again, and both CRMs agree."""
    lead, contact = world.pair()
    world.begin()
    world.sf_edit(lead, Title="CEO")
    report, _ = undo(world, world.sync().run)
    undo(world, report.run)
    assert (world.hs(contact)["jobtitle"], world.value("job_title")) == ("CEO", "CEO")
    quiet(world)


def test_two_nights_are_taken_back_in_turn(world: World) -> None:
    """The later run first, then the earlier one: the title and the status of before both come back."""
    lead, contact = world.pair(sf={"Status": "Open - Not Contacted"}, hs={"lifecyclestage": "lead", "hs_lead_status": "NEW"})
    world.begin()
    state = world.state()
    world.sf_edit(lead, Title="CEO", Status="Working - Contacted")
    first = world.sync().run
    world.sf_edit(lead, Title="Founder", Status="Closed - Not Converted")
    second = world.sync().run
    assert (world.hs(contact)["jobtitle"], world.hs(contact)["hs_lead_status"]) == ("Founder", "UNQUALIFIED")
    undo(world, second)
    assert world.hs(contact)["jobtitle"] == "CEO"
    _, found = undo(world, first)
    assert (world.hs(contact)["jobtitle"], world.hs(contact)["hs_lead_status"], world.state()) == ("CTO", "NEW", state), skipped(found)
    quiet(world)


def test_the_earlier_of_two_nights_alone_is_refused(world: World) -> None:
    """What a later run changed again stays, and the run is named."""
    lead, contact = world.pair()
    world.begin()
    world.sf_edit(lead, Title="CEO")
    first = world.sync().run
    world.sf_edit(lead, Title="Founder")
    second = world.sync().run
    _, found = undo(world, first)
    assert found.empty
    ((where, field, reason),) = skipped(found)
    assert (where, field, found.skipped[0].shows) == ("leadhub", "job_title", "Founder")
    assert re.fullmatch(rf"it was changed since, by an edit in salesforce at \d{{4}}-\d\d-\d\d \d\d:\d\d UTC \(run {second}\)", reason)
    assert world.hs(contact)["jobtitle"] == "Founder"


def test_an_opt_out_is_not_taken_back(world: World) -> None:
    """Who opted out in HubSpot stays opted out in Salesforce; the title of the same run comes back."""
    lead, contact = world.pair()
    world.begin()
    world.hs_edit(contact, hs_email_optout="true", jobtitle="CEO")
    run = world.sync().run
    assert (world.sf(lead)["HasOptedOutOfEmail"], world.sf(lead)["Title"]) == (True, "CEO")
    _, found = undo(world, run)
    assert skipped(found) == [("leadhub", "email_opt_out", "an opt-out is not taken back: opting in is for the person to do")]
    assert (world.sf(lead)["HasOptedOutOfEmail"], world.sf(lead)["Title"], world.value("email_opt_out")) == (True, "CTO", "true")
    quiet(world)


def test_an_owner_comes_back(world: World) -> None:
    """A field of the lead, not of the person: Salesforce's owner is who it was, and so is leadhub's."""
    lead, contact = world.pair(hs={"hubspot_owner_id": "7001"})
    world.configure(hubspot='owner_map = { "7001" = "jane@acme.example", "7002" = "leadhub@acme.example" }')
    world.begin()
    jane = world.sf(lead)["OwnerId"]
    world.hs_edit(contact, hubspot_owner_id="7002")
    run = world.sync().run
    assert (world.sf(lead)["OwnerId"] != jane, world.lead().fields["owner"].value) == (True, "leadhub@acme.example")
    undo(world, run)
    assert (world.sf(lead)["OwnerId"], world.lead().fields["owner"].value) == (jane, "jane@acme.example")
    assert world.hs(contact)["hubspot_owner_id"] == "7002"
    quiet(world)


def test_a_question_that_is_open_is_answered_first(world: World) -> None:
    """Both CRMs changed the e-mail since, which a person is asked about: that field is left, and the reason says so."""
    lead, contact = world.pair()
    world.begin()
    world.sf_edit(lead, Email="ann@new.example")
    run = world.sync().run
    assert world.hs(contact)["email"] == "ann@new.example"
    world.sf_edit(lead, Email="ann@one.example")
    world.hs_edit(contact, email="ann@two.example")
    _, found = undo(world, run)
    assert ("leadhub", "email", "a question about it is open: answer that") in skipped(found)
    assert (world.sf(lead)["Email"], world.hs(contact)["email"]) == ("ann@one.example", "ann@two.example")


def test_a_second_revert_finds_nothing(world: World) -> None:
    """What was taken back is not taken back again."""
    lead, _ = world.pair()
    world.begin()
    world.sf_edit(lead, Title="CEO")
    run = world.sync().run
    undo(world, run)
    world.mark()
    _, found = undo(world, run)
    assert found.empty
    assert not world.written()


def test_a_preview_changes_nothing(world: World) -> None:
    """Looking shows the writes and leaves both CRMs and leadhub's values as they are."""
    lead, _ = world.pair()
    world.begin()
    world.sf_edit(lead, Title="CEO")
    run = world.sync().run
    world.mark()
    _, found = preview_revert(world.hub, row(world, run))
    assert [(c.system, dict(c.values), dict(c.before)) for c in found.changes] == [("hubspot", {"jobtitle": "CTO"}, {"jobtitle": "CEO"})]
    assert not world.written()
    assert world.value("job_title") == "CEO"
    quiet(world)


def test_a_filled_blank_is_blank_again_and_stays_so(world: World) -> None:
    """First contact filled a blank: the revert empties it, leadhub keeps the value, and it is not filled anew."""
    world.configure(hubspot='adoption = "fill"')
    _, contact = world.pair()
    world.hs_edit(contact, jobtitle="")
    run = world.begin().run
    assert world.hs(contact)["jobtitle"] == "CTO"
    undo(world, run)
    assert (world.hs(contact)["jobtitle"], world.value("job_title")) == ("", "CTO")
    quiet(world)


def test_a_system_that_is_down_is_left_for_another_try(world: World) -> None:
    """HubSpot does not answer: nothing is set back, and the same revert does it later."""
    lead, contact = world.pair()
    world.begin()
    world.sf_edit(lead, Title="CEO")
    run = world.sync().run
    world.settings("hubspot", token_expired=True)
    _, found = undo(world, run)
    assert found.empty
    assert world.value("job_title") == "CEO"
    world.settings("hubspot", token_expired=False)
    undo(world, run)
    assert world.hs(contact)["jobtitle"] == "CTO"


def made_in_salesforce(world: World) -> tuple[str, str]:
    """Have a run make Bob's lead in Salesforce; return the run and the lead's id."""
    world.begin(create=True)
    world.hs_create(email="bob@b.example", firstname="Bob", lastname="Bee", company="Bees")
    run = world.sync().run
    (made,) = world.sf_all()
    return run, made["Id"]


def test_a_create_in_salesforce_is_archived(world: World) -> None:
    """The lead that a run made lies in the Recycle Bin and is not made again; undeleted there, it is Bob's again, and nothing is made beside it."""
    run, lead = made_in_salesforce(world)
    _, found = undo(world, run)
    assert (world.sf(lead)["IsDeleted"], found.skipped) == (True, [])
    quiet(world)
    world.boxes.order(world.boxes.salesforce, "undelete", {"id": lead})
    quiet(world)
    assert [(row["Id"], row["IsDeleted"], row["Email"]) for row in world.sf_all()] == [(lead, False, "bob@b.example")]
    world.sf_edit(lead, Title="Keeper")
    world.sync()
    (contact,) = living(world)
    assert world.hs(contact)["jobtitle"] == "Keeper"


def test_a_lead_that_somebody_worked_on_is_kept(world: World) -> None:
    """The lead that a run made was edited in Salesforce since: it stays, and is listed."""
    run, lead = made_in_salesforce(world)
    world.sf_edit(lead, Title="Keeper")
    _, found = undo(world, run)
    assert not world.sf(lead)["IsDeleted"]
    assert skipped(found) == [("salesforce", "record", "somebody edited job_title there since")]


def test_a_lead_that_was_converted_is_kept(world: World) -> None:
    """Pitfall 18 of Salesforce: a conversion is work on the lead like any other: nothing is deleted under the Contact and the Opportunity, and the revert lists it."""
    run, lead = made_in_salesforce(world)
    world.sf_convert(lead)
    _, found = undo(world, run)
    assert not world.sf(lead)["IsDeleted"]
    assert [where for where, field, _ in skipped(found) if field == "record"] == ["salesforce"]


def test_a_lead_that_went_in_a_merge_is_left_with_its_winner(world: World) -> None:
    """Pitfall 18 of Salesforce: a merge cannot be taken back: the winner of a merge with leadhub's lead is not deleted, and the revert says that the lead stays."""
    run, lead = made_in_salesforce(world)
    winner = world.sf_create(LastName="Winner")
    world.boxes.order(world.boxes.salesforce, "merge", {"winner": winner, "losers": [lead]})
    report, found = undo(world, run)
    assert not world.sf(winner)["IsDeleted"]
    assert report.systems["salesforce"].refused == 0
    assert [where for where, field, _ in skipped(found) if field == "record"] == ["salesforce"]


def test_without_the_right_to_delete_the_lead_stays(world: World) -> None:
    """Salesforce refuses the delete: the lead stays, the reason is asked about, and the next sync writes nothing."""
    run, lead = made_in_salesforce(world)
    world.settings("salesforce", no_delete=["Lead"])
    report, _ = undo(world, run)
    assert (world.sf(lead)["IsDeleted"], report.systems["salesforce"].refused) == (False, 1)
    (asked,) = world.reviews("refused")
    assert "may not delete" in asked.note
    quiet(world)


def test_an_untouched_create_is_archived(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The contact that a run made is archived in HubSpot, and not made again."""
    world.begin(create=True)
    monkeypatch.setattr(world.hub.systems["hubspot"].connector, "archives", True, raising=False)
    world.sf_create(Email="bob@b.example", FirstName="Bob", LastName="Bee", Company="Bees")
    run = world.sync().run
    assert len(living(world)) == 1
    _, found = undo(world, run)
    assert (living(world), found.skipped) == ([], [])
    quiet(world)


def test_a_touched_create_is_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody worked on the contact since: it stays, and is listed."""
    world.begin(create=True)
    monkeypatch.setattr(world.hub.systems["hubspot"].connector, "archives", True, raising=False)
    world.sf_create(Email="bob@b.example", FirstName="Bob", LastName="Bee", Company="Bees")
    run = world.sync().run
    (made,) = living(world)
    world.hs_edit(made, jobtitle="Keeper")
    _, found = undo(world, run)
    assert living(world) == [made]
    assert skipped(found) == [("hubspot", "record", "somebody edited job_title there since")]


def test_an_edit_elsewhere_leaves_a_create_untouched(world: World) -> None:
    """The lead of which the contact was made was edited, and leadhub has not written that on: the contact is as it was made, so it goes."""
    world.begin(create=True)
    lead = world.sf_create(Email="bob@b.example", FirstName="Bob", LastName="Bee", Company="Bees", Title="CTO")
    run = world.sync().run
    world.sf_edit(lead, Title="CEO")
    _, found = undo(world, run)
    assert (living(world), found.skipped, world.value("job_title", "bob@b.example")) == ([], [], "CEO")
    quiet(world)


def test_a_contact_that_was_worked_on_out_of_leadhubs_sight_is_kept(world: World) -> None:
    """Somebody set a property that leadhub does not read: its stamp tells, the contact stays, and the reason is listed."""
    world.begin(create=True)
    world.sf_create(Email="bob@b.example", FirstName="Bob", LastName="Bee", Company="Bees")
    run = world.sync().run
    (made,) = living(world)
    world.hs_edit(made, numemployees="5-25")
    _, found = undo(world, run)
    assert living(world) == [made]
    ((where, field, reason),) = skipped(found)
    assert (where, field) == ("hubspot", "record")
    assert "after leadhub made it" in reason


def test_a_lead_that_was_worked_on_out_of_leadhubs_sight_is_kept(world: World) -> None:
    """Somebody filled a Salesforce field that leadhub does not read: who saved the lead last is named, and it stays."""
    run, lead = made_in_salesforce(world)
    world.sf_edit(lead, Tier__c="A")
    _, found = undo(world, run)
    assert not world.sf(lead)["IsDeleted"]
    ((where, field, reason),) = skipped(found)
    assert (where, field) == ("salesforce", "record")
    assert reason.endswith("saved it there last")


def test_a_lead_that_changes_right_before_it_is_archived_is_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was judged untouched, and then somebody saved it: the stamp of the last reading decides."""
    run, lead = made_in_salesforce(world)
    judged, calls = revert_writes.archive, []

    def meanwhile(*args: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:  # the guards judged it, and now the writes are planned
            world.clock.sleep(60)
            world.boxes.order(world.boxes.salesforce, "automate", {"id": lead, "fields": {"Tier__c": "A"}})
        return judged(*args)

    monkeypatch.setattr(revert_writes, "archive", meanwhile)
    _, found = undo(world, run)
    assert (len(found.changes), world.sf(lead)["IsDeleted"]) == (1, False)


def living(world: World) -> list[str]:
    """The contacts that are not archived."""
    return [row["id"] for row in world.hs_all() if not row["archived"]]


def test_an_import_is_taken_back(world: World) -> None:
    """The person whom a file brought goes, what it changed of another goes back, and the file is not taken in again by itself."""
    lead, contact = world.pair()
    world.begin(create=True)
    world.drop_csv("a.csv", "email,first name,last name,job title", "ann@acme.example,Ann,Lee,CTO")
    world.sync()
    world.drop_csv("a.csv", "email,first name,last name,job title", "ann@acme.example,Ann,Lee,Boss", "bob@b.example,Bob,Bee,Keeper")
    run = take_in(world.hub, "files").run
    assert (len(world.persons()), world.value("job_title")) == (2, "Boss")
    _, found = undo(world, run)
    assert [d.name for d in found.dropped] == ["Bob Bee"]
    assert world.value("job_title") == "CTO"
    quiet(world)
    assert (world.sf(lead)["Title"], world.hs(contact)["jobtitle"]) == ("CTO", "CTO")
    assert len(world.sf_all()) == 1


def test_an_import_that_was_written_on_waits_for_that_run(world: World) -> None:
    """A sync carried the file's values to the CRMs: that run is named, and taking it back sets leadhub's value back too."""
    lead, contact = world.pair()
    world.begin()
    world.drop_csv("a.csv", "email,first name,last name,job title", "ann@acme.example,Ann,Lee,CTO")
    world.sync()
    world.drop_csv("a.csv", "email,first name,last name,job title", "ann@acme.example,Ann,Lee,Boss")
    run = take_in(world.hub, "files").run
    written = world.sync().run
    _, found = undo(world, run)
    assert found.empty
    assert "revert that one first" in found.skipped[0].reason
    undo(world, written)
    assert (world.sf(lead)["Title"], world.hs(contact)["jobtitle"], world.value("job_title")) == ("CTO", "CTO", "CTO")
    quiet(world)


def test_an_import_goes_whole_once_what_was_written_of_it_is_taken_back(world: World) -> None:
    """What Salesforce put into the lead that leadhub made there made nobody known from elsewhere: the person goes, and the next one is a new one."""
    world.configure(salesforce='create = "always"')
    world.begin()
    world.drop_csv("a.csv", "email,first name,last name,company", "nina@neu.example,Nina,Neu,Neu GmbH")
    imported = take_in(world.hub, "files").run
    written = world.sync().run
    assert [row["Email"] for row in world.sf_all()] == ["nina@neu.example"]
    undo(world, written)
    _, found = undo(world, imported)
    assert ([d.name for d in found.dropped], found.skipped) == (["Nina Neu"], [])
    assert not [a for a in world.persons() if a.leads or a.links]
    quiet(world)
    contact = world.hs_create(email="nina@neu.example", firstname="Nina", lastname="Neu", company="Neu GmbH")
    world.sync()
    assert [link.system for link in world.person("nina@neu.example").links] == ["hubspot", "salesforce"]
    assert (world.hs(contact)["firstname"], world.value("last_name", "nina@neu.example")) == ("Nina", "Neu")


def test_an_import_of_somebody_whose_record_was_deleted_leaves_no_nameless_person(world: World) -> None:
    """The lead made for an imported person was deleted by hand: with the import nothing is left that tells who it was, so the person goes too."""
    world.configure(salesforce='create = "always"')
    world.begin()
    world.drop_csv("a.csv", "email,first name,last name,company", "nina@neu.example,Nina,Neu,Neu GmbH")
    imported = take_in(world.hub, "files").run
    world.sync()
    (made,) = world.sf_all()
    world.clock.sleep(60)
    world.boxes.order(world.boxes.salesforce, "delete", {"id": made["Id"]})
    _, found = undo(world, imported)
    assert [d.name for d in found.dropped] == ["Nina Neu"]
    assert not [a for a in world.persons() if a.leads or a.links]


def test_an_import_of_somebody_who_came_by_another_way_too_keeps_who_it_is(world: World) -> None:
    """A contact with the imported address was entered since: address and name stay known, for that contact shows them; the title goes."""
    world.begin()
    world.drop_csv("a.csv", "email,first name,last name,job title", "nina@neu.example,Nina,Neu,Keeper")
    imported = take_in(world.hub, "files").run
    world.hs_create(email="nina@neu.example", firstname="Nina", lastname="Neu")
    undo(world, world.sync().run)
    _, found = undo(world, imported)
    person = world.person("nina@neu.example").person
    assert {n: person.fields[n].value for n in ("email", "first_name", "last_name", "job_title")} == {
        "email": "nina@neu.example",
        "first_name": "Nina",
        "last_name": "Neu",
        "job_title": None,
    }
    assert ("leadhub", "email", "hubspot shows it too") in skipped(found)
    quiet(world)


def test_a_guard_stops_a_revert_before_anything_happens(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many writes: nothing is set back and nothing is written, and the message names the flag."""
    lead, contact = world.pair()
    world.begin()
    world.sf_edit(lead, Title="CEO")
    run = world.sync().run
    monkeypatch.setattr("leadhub.core.guard.UPDATES_AT_LEAST", 0)
    with pytest.raises(GuardStopped, match=r"--allow hubspot.updates=1"):
        undo(world, run)
    assert (world.hs(contact)["jobtitle"], world.value("job_title")) == ("CEO", "CEO")
