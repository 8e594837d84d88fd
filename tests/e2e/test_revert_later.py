"""What a revert makes of all that may have happened between a run and its taking back: each is taken back, left with its reason, or finished later."""

import pytest
from leadhub_sandbox.salesforce.objects import USER
from sandbox_world import World

from leadhub.model.run import PlannedChange, RunRow
from leadhub.sync import acts, pausing
from leadhub.sync import apply as applying
from leadhub.sync.acts import apply_plan, preview_revert, revert
from leadhub.sync.planfile import Item, PlanFile
from leadhub.sync.report import RunReport
from leadhub.sync.revert import Part, Reverted
from leadhub.sync.run import plan, pull_only, take_in
from leadhub.sync.session import Session


class Killed(BaseException):
    """The process ends here: no handler of leadhub's may catch it."""


def undo(world: World, run: str, part: Part | None = None) -> tuple[RunReport, Reverted]:
    """Take a run back, an hour later."""
    world.clock.sleep(3600)
    return revert(world.hub, row(world, run), part)


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


def told(found: Reverted) -> list[tuple[str, str, str, str]]:
    """What was not taken back, without the names."""
    return [(s.why, s.where, s.field, s.reason) for s in found.skipped]


def titled(world: World) -> tuple[str, str, str]:
    """A pair whose new title in Salesforce a run wrote to HubSpot: both ids and the run."""
    lead, contact = world.pair()
    world.begin()
    world.sf_edit(lead, Title="CEO")
    run = world.sync().run
    assert world.hs(contact)["jobtitle"] == "CEO"
    return lead, contact, run


def leave(world: World, user: str) -> None:
    """Deactivate a user of Salesforce, as an administrator does."""
    (found,) = [one for one in world.boxes.salesforce.service.org.store.everything(USER) if one["Id"] == user]
    found["IsActive"] = False


def test_a_run_whose_answers_were_lost_is_looked_at_before_it_is_taken_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process died between the call and its answer: the write stands in HubSpot, is found to be the run's, and goes back."""
    lead, contact = world.pair()
    world.begin()
    world.sf_edit(lead, Title="CEO")
    with monkeypatch.context() as patch:

        def die(*_: object) -> None:
            raise Killed

        patch.setattr(applying, "_settle", die)
        with pytest.raises(Killed):
            world.sync()
    world.expire_lease()
    with world.hub.store.read() as tx:
        run = tx.runs.list(limit=1)[0].id
    assert world.hs(contact)["jobtitle"] == "CEO"
    _, found = undo(world, run)
    assert (world.hs(contact)["jobtitle"], world.value("job_title"), told(found)) == ("CTO", "CTO", [])
    quiet(world)


def test_a_write_that_nobody_can_tell_about_waits_and_is_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """HubSpot has been down since the process died: whether the run wrote there is not known, and the same revert finds out later."""
    lead, contact = world.pair()
    world.begin()
    world.sf_edit(lead, Title="CEO")
    with monkeypatch.context() as patch:

        def die(*_: object) -> None:
            raise Killed

        patch.setattr(applying, "_settle", die)
        with pytest.raises(Killed):
            world.sync()
    world.expire_lease()
    with world.hub.store.read() as tx:
        run = tx.runs.list(limit=1)[0].id
    world.settings("hubspot", token_expired=True)
    _, found = undo(world, run)
    assert told(found) == [("waits", "hubspot", "jobtitle", "it waits: whether it was written is not known yet")]
    world.settings("hubspot", token_expired=False)
    _, found = undo(world, run)
    assert (world.hs(contact)["jobtitle"], told(found)) == ("CTO", [])


def test_a_paused_system_waits_and_is_finished_by_the_same_revert(world: World) -> None:
    """Salesforce goes back at once, HubSpot when it is no longer paused; in between no sync redoes anything."""
    lead, contact = world.pair()
    world.begin()
    world.sf_edit(lead, Title="CEO")
    world.hs_edit(contact, phone="+1 555 0199")
    run = world.sync().run
    pausing.pause(world.hub, "hubspot", "")
    _, found = undo(world, run)
    assert (world.sf(lead)["Phone"], world.hs(contact)["jobtitle"]) == ("+1 555 0100", "CEO")
    assert told(found) == [("waits", "hubspot", "job_title", "it waits: hubspot is paused")]
    quiet(world)
    pausing.resume(world.hub, "hubspot", "")
    _, found = undo(world, run)
    assert (world.hs(contact)["jobtitle"], [s.why for s in found.skipped]) == ("CTO", ["done"])
    quiet(world)


def test_a_run_of_apply_is_taken_back_and_reading_runs_have_nothing(world: World) -> None:
    """Whoever made the writes, they are the run's; a plan and a pull made none."""
    lead, contact = world.pair()
    world.begin()
    world.sf_edit(lead, Title="CEO")
    report, changes = plan(world.hub)
    orgs = {name: identity.org for name, identity in report.identities.items()}
    kept = PlanFile(report.run, world.hub.deployment.hash, orgs, tuple(Item.of(change, world.hub) for change in changes), None)
    run = apply_plan(world.hub, kept)[0].run
    assert world.hs(contact)["jobtitle"] == "CEO"
    assert preview_revert(world.hub, row(world, pull_only(world.hub).run))[1].empty
    undo(world, run)
    assert world.hs(contact)["jobtitle"] == "CTO"
    quiet(world)


def test_one_system_of_a_run_is_taken_back_alone(world: World) -> None:
    """A part of a run goes back and the rest stands; the rest goes back by the same revert without a part."""
    lead, contact = world.pair()
    world.begin()
    world.sf_edit(lead, Title="CEO")
    world.hs_edit(contact, phone="+1 555 0199")
    run = world.sync().run
    undo(world, run, frozenset({(f"hubspot/contacts/{contact}", "jobtitle")}))
    assert (world.hs(contact)["jobtitle"], world.sf(lead)["Phone"]) == ("CTO", "+1 555 0199")
    quiet(world)
    undo(world, run)
    assert (world.hs(contact)["jobtitle"], world.sf(lead)["Phone"]) == ("CTO", "+1 555 0100")
    quiet(world)


def test_a_lead_that_was_converted_since_is_left_with_its_reason(world: World) -> None:
    """The run changed the lead, a person converted it: neither the lead nor its contact is written, and what the run wrote is listed."""
    lead, contact = world.pair(sf={"Status": "Working - Contacted"}, hs={"lifecyclestage": "lead"})
    world.begin()
    world.hs_edit(contact, jobtitle="CEO")
    run = world.sync().run
    assert world.sf(lead)["Title"] == "CEO"
    world.sf_convert(lead)
    world.mark()
    report, found = undo(world, run)
    assert ([w for w in world.written() if w.system == "salesforce"], report.systems["salesforce"].refused) == ([], 0)
    assert [(s.where, s.field) for s in found.skipped] == [("salesforce", "job_title")]
    world.sync()  # the conversion travels
    assert (world.hs(contact)["jobtitle"], world.hs(contact)["lifecyclestage"]) == ("CEO", "opportunity")
    quiet(world)


def test_a_contact_that_was_merged_into_another_since_is_left_with_its_winner(world: World) -> None:
    """The winner bears what the run wrote, and perhaps more: it is not written."""
    _, contact, run = titled(world)
    winner = world.hs_create(email="ann@old.example", firstname="Ann", jobtitle="Chair")
    world.clock.sleep(60)
    world.boxes.order(world.boxes.hubspot, "merge", {"primaryObjectId": winner, "objectIdToMerge": contact})
    _, found = undo(world, run)
    assert (found.empty, [(s.why, s.field, s.shows) for s in found.skipped]) == (True, [("left", "job_title", "Chair")])
    assert [r["properties"]["jobtitle"] for r in world.hs_all() if not r["archived"]] == ["Chair"]


def test_a_record_that_left_the_scope_is_left(world: World) -> None:
    """leadhub may not write it any more, whoever asks."""
    lead, contact = world.pair()
    world.configure(hubspot='scope = { company = { not = ["Rival"] } }')
    world.begin()
    world.sf_edit(lead, Title="CEO")
    run = world.sync().run
    world.hs_edit(contact, company="Rival")
    world.mark()
    _, found = undo(world, run)
    assert (world.hs(contact)["jobtitle"], [w.system for w in world.written()]) == ("CEO", [])
    assert told(found) == [("left", "hubspot", "job_title", "the record is gone, or belongs to somebody else by now")]


def test_an_owner_who_has_left_does_not_come_back(world: World) -> None:
    """Salesforce gives nobody a record who is inactive: the new owner stays, by name of the old one, and nothing is refused."""
    lead, contact = world.pair(hs={"hubspot_owner_id": "7001"})
    world.configure(hubspot='owner_map = { "7001" = "jane@acme.example", "7002" = "omar@acme.example" }')
    world.begin()
    jane = world.sf(lead)["OwnerId"]
    world.hs_edit(contact, hubspot_owner_id="7002")
    run = world.sync().run
    omar = world.sf(lead)["OwnerId"]
    assert omar != jane
    leave(world, jane)
    report, found = undo(world, run)
    assert (world.sf(lead)["OwnerId"], report.systems["salesforce"].refused, world.lead().fields["owner"].value) == (omar, 0, "omar@acme.example")
    assert told(found) == [("left", "salesforce", "owner", "jane@acme.example, who had it, is not active there any more")]
    quiet(world)


def test_the_old_address_that_comes_back_is_opted_out_too(world: World) -> None:
    """In HubSpot an opt-out is one of the address: who opted out under the new one gets nothing under the old one either."""
    lead, contact = world.pair()
    world.begin()
    world.sf_edit(lead, Email="ann@new.example")
    run = world.sync().run
    world.sf_edit(lead, HasOptedOutOfEmail=True)
    world.sync()
    _, found = undo(world, run)
    assert not found.skipped
    assert (world.hs(contact)["email"], world.hs(contact)["hs_email_optout"]) == ("ann@acme.example", "true")
    assert world.value("email_opt_out") == "true"
    quiet(world)


def test_an_opt_out_outlives_the_import_that_brought_it(world: World) -> None:
    """The person is forgotten, the address is not: whoever comes under it later is opted out, in both CRMs and from the first write on."""
    world.begin(create=True)
    world.drop_csv("a.csv", "email,first name,last name,company,email opt out", "nina@neu.example,Nina,Neu,Neu GmbH,yes")
    imported = take_in(world.hub, "files").run
    _, found = undo(world, imported)
    assert [(d.name, d.opted_out) for d in found.dropped] == [("Nina Neu", True)]
    contact = world.hs_create(email="nina@neu.example", firstname="Nina", lastname="Neu", company="Neu GmbH")
    world.sync()
    assert [lead["HasOptedOutOfEmail"] for lead in world.sf_all()] == [True]
    assert world.hs(contact)["hs_email_optout"] == "true"


def test_a_revert_that_is_reverted_brings_the_runs_values_back(world: World) -> None:
    """Title, status and owner of the run stand again, and leadhub holds them; a second look finds nothing more."""
    lead, contact = world.pair(sf={"Status": "Open - Not Contacted"}, hs={"lifecyclestage": "lead", "hs_lead_status": "NEW"})
    world.begin()
    world.sf_edit(lead, Title="CEO", Status="Working - Contacted", Phone="+1 555 0199")
    run = world.sync().run
    names = ("jobtitle", "lifecyclestage", "hs_lead_status", "phone")
    wrote, state = [world.hs(contact)[n] for n in names], world.state()
    first = undo(world, run)[0].run
    assert [world.hs(contact)[n] for n in names] != wrote
    second, found = undo(world, first)
    assert ([world.hs(contact)[n] for n in names], world.state(), world.value("job_title")) == (wrote, state, "CEO"), told(found)
    quiet(world)
    undo(world, second.run)
    assert world.hs(contact)["jobtitle"] == "CTO"
    quiet(world)


def test_an_old_run_goes_back_where_later_runs_left_it_alone(world: World) -> None:
    """The phone of the first run still stands and goes back; the title moved on in the second one, and stays."""
    lead, contact = world.pair()
    world.begin()
    world.sf_edit(lead, Title="CEO", Phone="+1 555 0199")
    first = world.sync().run
    world.sf_edit(lead, Title="Founder")
    world.sync()
    _, found = undo(world, first)
    assert (world.hs(contact)["jobtitle"], world.hs(contact)["phone"]) == ("Founder", "+1 555 0100")
    assert [(s.why, s.where, s.field, s.shows) for s in found.skipped] == [("left", "leadhub", "job_title", "Founder")]
    quiet(world)


def test_a_second_revert_counts_what_went_before_apart(world: World) -> None:
    """What was taken back already is nothing that is left: titles, states and archived records alike."""
    world.begin(create=True)
    lead, contact = world.pair(sf={"Status": "Open - Not Contacted"}, hs={"lifecyclestage": "lead", "hs_lead_status": "NEW"})
    world.sync()
    world.sf_create(Email="bob@b.example", FirstName="Bob", LastName="Bee", Company="Bees")
    world.sf_edit(lead, Title="CEO", Status="Working - Contacted")
    run = world.sync().run
    undo(world, run)
    _, found = undo(world, run)
    assert (found.empty, {s.why for s in found.skipped}, len(found.skipped)) == (True, {"done"}, 3), told(found)
    assert world.hs(contact)["jobtitle"] == "CTO"


def test_a_pause_that_comes_while_a_revert_reads_holds_what_it_would_have_written(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is decided for a system that was paused after the revert had begun: it waits as if it had been paused before."""
    lead, contact = world.pair()
    world.begin()
    world.sf_edit(lead, Title="CEO")
    world.hs_edit(contact, phone="+1 555 0199")
    run = world.sync().run
    original = acts.fresh_plan

    def paused_meanwhile(session: Session) -> list[PlannedChange]:
        changes = original(session)
        pausing.pause(world.hub, "hubspot", "")
        return changes

    with monkeypatch.context() as patch:
        patch.setattr(acts, "fresh_plan", paused_meanwhile)
        _, found = undo(world, run)
    assert (world.sf(lead)["Phone"], world.hs(contact)["jobtitle"]) == ("+1 555 0100", "CEO")
    assert told(found) == [("waits", "hubspot", "job_title", "it waits: hubspot is paused")]
    pausing.resume(world.hub, "hubspot", "")
    undo(world, run)
    assert world.hs(contact)["jobtitle"] == "CTO"
    quiet(world)
