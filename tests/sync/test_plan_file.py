"""Plan files and small tries over HTTP: exactly what was planned is written, and what has changed since is refused, item by item."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from leadhub_hubspot.connector import HubSpot
from sandbox_world import World

from leadhub.core.cutting import cut
from leadhub.errors import LeaseHeld, Unavailable
from leadhub.model.record import Change, Outcome
from leadhub.model.run import PlannedChange
from leadhub.sync import approval, planfile
from leadhub.sync.acts import apply_plan, revert
from leadhub.sync.chosen import Refused
from leadhub.sync.planfile import Backfill, Item, PlanFile, PlanFileError
from leadhub.sync.report import RunReport
from leadhub.sync.retry import Careful
from leadhub.sync.run import plan
from leadhub.sync.session import open_session


class Killed(BaseException):
    """The process ends here: no handler of leadhub's may catch it."""


def keep(world: World, *, backfill: Backfill | None = None) -> tuple[Path, Sequence[PlannedChange]]:
    """Plan and write the plan to a file."""
    report, changes = plan(world.hub, backfill=backfill)
    path = world.folder / "night.plan"
    planfile.write(path, world.hub, report, changes, backfill)
    return path, changes


def apply_file(world: World, path: Path, allowed: Mapping[tuple[str, str], int] | None = None) -> tuple[RunReport, Sequence[Refused]]:
    """Apply a plan file an hour later."""
    world.clock.sleep(3600)
    return apply_plan(world.hub, planfile.read(path, world.hub), allowed=allowed)


def edited_pair(world: World, email: str = "ann@acme.example") -> tuple[str, str]:
    """A pair whose title was changed in Salesforce."""
    lead, contact = world.pair(email)
    world.begin()
    world.sf_edit(lead, Title="CEO")
    return lead, contact


def tampered(path: Path, change: Any) -> None:
    """Change a plan file by hand."""
    body = json.loads(path.read_text())
    change(body)
    path.write_text(json.dumps(body))


def test_a_kept_plan_is_made_as_it_stands(world: World) -> None:
    """What was planned is written; the plan is used up, and the next sync has nothing to add."""
    _, contact = edited_pair(world)
    path, changes = keep(world)
    assert len(changes) == 1
    report, refused = apply_file(world, path)
    assert (report.kind, report.status, report.waiting, list(refused)) == ("apply", "ok", 0, [])
    assert world.hs(contact)["jobtitle"] == "CEO"
    world.mark()
    world.sync()
    assert not world.written()


def test_what_was_not_in_the_plan_waits_for_the_next_run(world: World) -> None:
    """An edit made after the plan is read and not written by it; the next sync writes it."""
    bob, bobs = world.pair("bob@b.example")
    _, anns = edited_pair(world)
    path, _ = keep(world)
    world.sf_edit(bob, Title="Chair")
    apply_file(world, path)
    assert (world.hs(anns)["jobtitle"], world.hs(bobs)["jobtitle"]) == ("CEO", "CTO")
    world.sync()
    assert world.hs(bobs)["jobtitle"] == "Chair"


def test_a_side_that_changed_since_is_refused_and_the_others_are_made(world: World) -> None:
    """Somebody changed one of two records: that item is refused with what stands there, the other is written."""
    bob, bobs = world.pair("bob@b.example")
    _, anns = edited_pair(world)
    world.sf_edit(bob, Title="Chair")
    path, changes = keep(world)
    assert len(changes) == 2
    world.hs_edit(anns, jobtitle="Boss")
    _, refused = apply_file(world, path)
    assert [(r.item.record_id, r.reason) for r in refused] == [(anns, 'jobtitle shows something else now: "Boss"')]
    assert (world.hs(bobs)["jobtitle"], world.hs(anns)["jobtitle"]) == ("Chair", "Boss")


def test_a_value_that_moved_on_is_refused(world: World) -> None:
    """The title was edited again: the old one of the plan is never written."""
    lead, contact = edited_pair(world)
    path, _ = keep(world)
    world.sf_edit(lead, Title="Founder")
    _, refused = apply_file(world, path)
    assert [r.reason for r in refused] == ['leadhub would write another value by now: jobtitle "Founder"']
    assert world.hs(contact)["jobtitle"] == "CTO"


def journal(world: World, run_id: str) -> list[tuple[str | None, str, object]]:
    """What the journal keeps of a run: of each write the record, how far it came, and why."""
    with world.hub.store.read() as tx:
        return [(i.change.record_id, i.state.value, i.detail) for i in tx.intents.of_run(run_id)]


def status(world: World, run_id: str) -> str:
    """How a run ended, as the list of runs has it."""
    with world.hub.store.read() as tx:
        return tx.runs.get(run_id)[0].status


def test_a_plan_applied_twice_says_which_run_made_it(world: World) -> None:
    """Nothing is written, and that is no fault: the item stands because an earlier run made it, and that run is named."""
    edited_pair(world)
    path, _ = keep(world)
    first, _ = apply_file(world, path)
    world.mark()
    again, refused = apply_file(world, path)
    assert [(r.reason, r.made_by) for r in refused] == [(f"made before, by run {first.run}", first.run)]
    assert (again.status, again.left_out, status(world, again.run)) == ("ok", 0, "ok")
    assert not world.written()


def test_the_journal_keeps_what_was_not_made_and_why(world: World) -> None:
    """Whoever reads the run later finds the refused item beside the one that was made; the run counts as partial, and nothing waits for an answer."""
    bob, bobs = world.pair("bob@b.example")
    _, anns = edited_pair(world)
    world.sf_edit(bob, Title="Chair")
    path, _ = keep(world)
    world.hs_edit(anns, jobtitle="Boss")
    report, refused = apply_file(world, path)
    assert sorted(journal(world, report.run), key=str) == sorted([(bobs, "accepted", None), (anns, "left_out", refused[0].reason)], key=str)
    assert (report.status, report.left_out, status(world, report.run)) == ("partial", 1, "partial")
    with world.hub.store.read() as tx:
        assert not tx.intents.open()


def test_a_run_that_is_killed_has_said_what_it_leaves_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The items that are not made stand in the journal before the first call goes out. Applied again, what was made is named, and the rest is made."""
    bob, bobs = world.pair("bob@b.example")
    cid, cids = world.pair("cid@c.example")
    _, anns = edited_pair(world)
    for lead in (bob, cid):
        world.sf_edit(lead, Title="Chair")
    path, _ = keep(world)
    world.hs_edit(anns, jobtitle="Boss")
    push = Careful.push

    def killed(self: Careful, changes: Sequence[Change]) -> Iterator[Outcome]:
        yield from push(self, [change for change in changes if change.record_id == bobs])
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Careful, "push", killed)
        with pytest.raises(Killed):
            apply_file(world, path)
    with world.hub.store.read() as tx:
        (dead,) = tx.runs.list(1, kind="apply")
    assert {(record, state) for record, state, _ in journal(world, dead.id)} == {(anns, "left_out"), (bobs, "sent"), (cids, "sent")}
    report, refused = apply_file(world, path)
    assert {(r.item.record_id, r.reason) for r in refused} == {
        (bobs, f"made before, by run {dead.id}"),
        (anns, 'jobtitle shows something else now: "Boss"'),
    }
    assert (report.left_out, [world.hs(i)["jobtitle"] for i in (anns, bobs, cids)]) == (1, ["Boss", "Chair", "Chair"])


def test_a_create_that_was_made_since_is_refused(world: World) -> None:
    """A lead is created once, however often the plan is applied."""
    world.begin(create=True)
    world.hs_create(email="bob@b.example", firstname="Bob", lastname="Bee", company="Bees")
    path, changes = keep(world)
    assert [c.operation.value for c in changes] == ["create"]
    report, changes = plan(world.hub)
    other = world.folder / "other.plan"
    planfile.write(other, world.hub, report, changes)
    done, refused = apply_file(world, path)
    assert (len(world.sf_all()), list(refused)) == (1, [])
    for kept, reason in ((path, f"made before, by run {done.run}"), (other, "there is a record of this lead by now")):
        _, refused = apply_file(world, kept)
        assert (len(world.sf_all()), [r.reason for r in refused]) == (1, [reason])


def test_a_record_that_is_gone_is_refused(world: World) -> None:
    """Somebody archived the contact in between: only the look right before the write shows it, and the journal keeps that reason, as of what was left out before."""
    _, contact = edited_pair(world)
    path, _ = keep(world)
    world.boxes.order(world.boxes.hubspot, "archive", {"id": contact})
    report, refused = apply_file(world, path)
    assert [r.reason for r in refused] == ["the record is deleted"]
    assert (report.left_out, journal(world, report.run)) == (1, [(contact, "left_out", "the record is deleted")])


def test_a_record_that_was_merged_or_converted_since_is_said_to_be(world: World) -> None:
    """What somebody did with the record itself is the reason, not that its value may have moved on."""
    _, bobs = world.pair("bob@b.example")
    lead, contact = world.pair()
    cid, cids = world.pair("cid@c.example")
    world.begin()
    world.hs_edit(cids, jobtitle="Chair")
    world.sf_edit(lead, Title="CEO")
    path, _ = keep(world)
    world.boxes.order(world.boxes.hubspot, "merge", {"primaryObjectId": bobs, "objectIdToMerge": contact})
    world.sf_convert(cid)
    _, refused = apply_file(world, path)
    assert {r.item.record_id: r.reason for r in refused} == {contact: "the record is merged", cid: "the record is converted"}


def test_a_create_whose_lead_is_gone_elsewhere_is_refused(world: World) -> None:
    """The only record that it came from was archived: nothing is made of nobody, and the reason says so."""
    world.begin(create=True)
    contact = world.hs_create(email="bob@b.example", firstname="Bob", lastname="Bee", company="Bees")
    path, _ = keep(world)
    world.hs_archive(contact)
    _, refused = apply_file(world, path)
    assert [r.reason for r in refused] == ["no record of this lead is left from which it could be made"]
    assert not world.sf_all()


def test_what_was_sent_without_an_answer_is_neither_made_nor_made_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed after the call, and the system is down at the second try: nobody knows, so nobody says that it was made; the third try knows."""
    _, contact = edited_pair(world)
    path, _ = keep(world)
    push = Careful.push

    def killed(self: Careful, changes: Sequence[Change]) -> Iterator[Outcome]:
        yield from push(self, changes)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Careful, "push", killed)
        with pytest.raises(Killed):
            apply_file(world, path)
    with world.hub.store.read() as tx:
        (dead,) = tx.runs.list(1, kind="apply")
    world.mark()
    with monkeypatch.context() as patch:
        patch.setattr(HubSpot, "check", lambda _self: (_ for _ in ()).throw(Unavailable("hubspot is down")))
        report, refused = apply_file(world, path)
    assert [(r.reason, r.made_by) for r in refused] == [(f"run {dead.id} sent it, and whether it was made is not known yet", None)]
    assert (report.left_out, list(report.troubles)) == (1, ["hubspot"])
    _, refused = apply_file(world, path)
    assert [r.made_by for r in refused] == [dead.id]
    assert (world.hs(contact)["jobtitle"], list(world.written())) == ("CEO", [])


def test_a_configuration_that_changed_since_is_named(world: World) -> None:
    """Records are no longer created in Salesforce: the item is refused, and the reason names the file."""
    world.begin(create=True)
    world.hs_create(email="bob@b.example", firstname="Bob", lastname="Bee", company="Bees")
    path, _ = keep(world)
    world.configure(salesforce='create = "never"')
    _, refused = apply_file(world, path)
    assert [r.reason for r in refused] == ["leadhub.toml changed since, and under it this is not written"]
    assert not world.sf_all()


def test_a_record_that_left_the_scope_is_refused(world: World) -> None:
    """By the configuration of now leadhub has no business with the record."""
    _, contact = edited_pair(world)
    path, _ = keep(world)
    world.configure(hubspot='scope = { jobtitle = "absent" }')
    _, refused = apply_file(world, path)
    assert [r.reason for r in refused] == ["the record is out of scope"]
    assert world.hs(contact)["jobtitle"] == "CTO"


def test_a_system_that_is_only_read_by_now_is_refused(world: World) -> None:
    """Writing was switched off after the plan."""
    _, contact = edited_pair(world)
    path, _ = keep(world)
    world.configure(hubspot='mode = "read"')
    _, refused = apply_file(world, path)
    assert [r.reason for r in refused] == ["writing to hubspot is off"]
    assert world.hs(contact)["jobtitle"] == "CTO"


def test_another_organization_is_refused(world: World) -> None:
    """A plan made for another organization than the one that answers is not applied to it."""
    _, contact = edited_pair(world)
    path, _ = keep(world)
    kept = planfile.read(path, world.hub)
    other = replace(kept, orgs={**kept.orgs, "hubspot": "another"})
    _, refused = apply_plan(world.hub, other)
    assert "the plan was made for another" in refused[0].reason
    assert world.hs(contact)["jobtitle"] == "CTO"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda body: body["changes"][0]["fields"]["jobtitle"].update(to="Emperor"), "somebody changed it"),
        (lambda body: body.update(hash="0"), "somebody changed it"),
        (lambda body: body.update(run="f" * 20), "never wrote it"),
        (lambda body: body.update(run=""), "never wrote it"),
        (lambda body: body.update(schema="leadhub.plan/0"), "this leadhub reads leadhub.plan/1"),
    ],
)
def test_a_file_that_leadhub_did_not_write_so_is_refused(world: World, change: Any, why: str) -> None:
    """Changed by hand, of another deployment, of another version: refused as a whole, with the command that makes a new one."""
    edited_pair(world)
    path, _ = keep(world)
    tampered(path, change)
    with pytest.raises(PlanFileError, match=why) as error:
        planfile.read(path, world.hub)
    assert "leadhub plan -o FILE makes a new one" in (error.value.next_step or "")


@pytest.mark.parametrize(("text", "why"), [("", "it is empty"), ("[]", "it is no plan"), ("{}", "of the form None"), ('{"schema": 1', "no JSON")])
def test_a_file_that_is_no_plan_is_refused(world: World, text: str, why: str) -> None:
    """Whatever else is named by mistake: what it is, and that nothing was written."""
    path = world.folder / "x.json"
    path.write_text(text)
    with pytest.raises(PlanFileError, match=why):
        planfile.read(path, world.hub)


def test_a_file_that_is_not_there_is_said(world: World) -> None:
    """A missing file is an error that names it."""
    with pytest.raises(PlanFileError, match="there is no such file"):
        planfile.read(world.folder / "none", world.hub)


def test_a_plan_file_is_private_and_holds_no_secret(world: World) -> None:
    """Only its owner can read it, and no credential is in it."""
    edited_pair(world)
    path, _ = keep(world)
    assert path.stat().st_mode & 0o777 == 0o600
    text = path.read_text()
    assert world.boxes.hubspot.service.token not in text
    assert world.boxes.salesforce.service.client_secret not in text
    assert sorted(p.name for p in path.parent.glob("*.plan*")) == ["night.plan"]


def test_a_few_are_tried_and_the_rest_stays_planned(world: World) -> None:
    """Of two planned writes one is made; the next sync makes the other."""
    bob, bobs = world.pair("bob@b.example")
    _, anns = edited_pair(world)
    world.sf_edit(bob, Title="Chair")
    report, changes = plan(world.hub)
    few = PlanFile(report.run, world.hub.deployment.hash, {}, (Item.of(changes[0], world.hub),))
    tried, refused = apply_plan(world.hub, few)
    assert (tried.systems["hubspot"].updated, tried.waiting, list(refused)) == (1, 1, [])
    assert world.sync().systems["hubspot"].updated == 1
    assert (world.hs(anns)["jobtitle"], world.hs(bobs)["jobtitle"]) == ("CEO", "Chair")


def test_a_field_that_joined_since_waits_and_what_belongs_together_does_not(world: World) -> None:
    """The title of the plan is written without the phone that joined it. A city is not, for a street belongs to it by now, and the reason says so."""
    bob, bobs = world.pair("bob@b.example")
    lead, contact = edited_pair(world)
    world.sf_edit(bob, City="Bonn")
    path, changes = keep(world)
    assert len(changes) == 2
    world.sf_edit(lead, Phone="+1 555 0199")
    world.sf_edit(bob, Street="Ring 1")
    _, refused = apply_file(world, path)
    assert [(r.item.record_id, r.reason) for r in refused] == [(bobs, 'address belongs to it and is written with it by now: "Ring 1"')]
    assert (world.hs(contact)["jobtitle"], world.hs(contact)["phone"], world.hs(bobs)["city"]) == ("CEO", "+1 555 0100", "")
    world.sync()
    assert (world.hs(contact)["phone"], world.hs(bobs)["city"], world.hs(bobs)["address"]) == ("+1 555 0199", "Bonn", "Ring 1")


def test_what_is_cut_off_a_write_comes_with_the_next_run(world: World) -> None:
    """Of a new title and a new status the title alone is written, and the next sync writes the status: what was not sent stayed behind."""
    lead, contact = world.pair(sf={"Status": "Open - Not Contacted"}, hs={"lifecyclestage": "lead", "hs_lead_status": "NEW"})
    world.begin()
    world.sf_edit(lead, Title="CEO", Status="Working - Contacted")
    report, (change,) = plan(world.hub)
    title = cut(change, {"jobtitle"}, world.hub.systems["hubspot"].object("contacts"))
    world.mark()
    _, refused = apply_plan(world.hub, PlanFile(report.run, world.hub.deployment.hash, {}, (Item.of(title, world.hub),)))
    assert ([w.values for w in world.written()], list(refused)) == ([{"jobtitle": "CEO"}], [])
    world.sync()
    assert (world.hs(contact)["jobtitle"], world.hs(contact)["hs_lead_status"]) == ("CEO", "ATTEMPTED_TO_CONTACT")
    world.mark()
    world.sync()
    assert not world.written()


def test_a_guard_stops_a_plan_file_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than the guard lets pass is not written, until its flag is given."""
    _, contact = edited_pair(world)
    path, _ = keep(world)
    monkeypatch.setattr("leadhub.core.guard.UPDATES_AT_LEAST", 0)
    report, _ = apply_file(world, path)
    assert (report.status, world.hs(contact)["jobtitle"]) == ("blocked", "CTO")
    report, _ = apply_file(world, path, {("hubspot", "updates"): 1})
    assert (report.status, world.hs(contact)["jobtitle"]) == ("ok", "CEO")


def test_an_item_of_a_plan_is_made_once(world: World) -> None:
    """Made, taken back, and edited again to the very same: another edit is another plan, and the old one is refused, by the names of both runs."""
    lead, contact = edited_pair(world)
    path, _ = keep(world)
    done, _ = apply_file(world, path)
    with world.hub.store.read() as tx:
        (run,) = tx.runs.get(done.run)
    back, _ = revert(world.hub, run)
    assert world.hs(contact)["jobtitle"] == "CTO"
    why = f"made before, by run {done.run}, and taken back by run {back.run}"
    again, refused = apply_file(world, path)
    assert [(r.reason, r.made_by, r.taken_back, r.stands) for r in refused] == [(why, done.run, (back.run,), False)]
    assert (again.status, again.left_out, journal(world, again.run)) == ("partial", 1, [(contact, "left_out", why)])
    world.sf_edit(lead, Title="CTO")
    world.sync()
    world.sf_edit(lead, Title="CEO")
    _, refused = apply_file(world, path)
    assert [r.reason for r in refused] == [why]
    assert world.hs(contact)["jobtitle"] == "CTO"


def test_a_plan_grows_old_by_what_changes_alone(world: World) -> None:
    """After forty days and by another user it is made as it stands; the journal knows who planned it and who made it."""
    _, contact = edited_pair(world)
    path, _ = keep(world)
    world.clock.sleep(40 * 86_400)
    author, world.hub.actor = world.hub.actor, "somebody else"
    report, refused = apply_file(world, path)
    assert (world.hs(contact)["jobtitle"], list(refused)) == ("CEO", [])
    with world.hub.store.read() as tx:
        (run,) = tx.runs.get(report.run)
        told = approval.told(tx, run)
    assert told is not None
    assert (told.planned_by, run.actor, told.approvals) == (author, "somebody else", ())


def test_a_plan_that_another_run_is_making_waits(world: World) -> None:
    """Two at a time never write: the second is refused before it reads anything, and its journal has no trace of it."""
    edited_pair(world)
    path, _ = keep(world)
    world.mark()
    with open_session(world.hub, "sync"), pytest.raises(LeaseHeld):
        apply_plan(world.hub, planfile.read(path, world.hub))
    assert not world.written()


def test_a_decision_taken_since_counts(world: World) -> None:
    """A person gave the lead another title in leadhub: the plan's is not written."""
    _, contact = edited_pair(world)
    path, _ = keep(world)
    world.decide("job_title", "Owner")
    _, refused = apply_file(world, path)
    assert [r.reason for r in refused] == ['leadhub would write another value by now: jobtitle "Owner"']
    assert world.hs(contact)["jobtitle"] == "CTO"


def test_a_create_depends_on_the_configuration_that_it_was_planned_under(world: World) -> None:
    """Whose a new record becomes is no value of it: under a changed configuration nobody saw what would come of it."""
    world.begin(create=True)
    world.hs_create(email="bob@b.example", firstname="Bob", lastname="Bee", company="Bees")
    path, _ = keep(world)
    world.configure(salesforce='create = "always"\ncreate_cap = 150')
    _, refused = apply_file(world, path)
    assert [r.reason for r in refused] == ["leadhub.toml changed since, and what comes of a record that is made depends on it"]
    assert not world.sf_all()


def test_a_class_that_changed_since_is_refused(world: World) -> None:
    """What was looked at as reversible and is not any more was not what was looked at."""
    _, contact = edited_pair(world)
    path, _ = keep(world)
    kept = planfile.read(path, world.hub)
    other = replace(kept, items=tuple(replace(item, reversible="irreversible") for item in kept.items))
    _, refused = apply_plan(world.hub, other)
    assert [r.reason for r in refused] == ["it was planned as irreversible, and is reversible by now"]
    assert world.hs(contact)["jobtitle"] == "CTO"


def test_an_object_that_is_not_read_any_more_is_said(world: World) -> None:
    """An item of an object that the configuration left out since is refused, and breaks nothing."""
    edited_pair(world)
    path, _ = keep(world)
    kept = planfile.read(path, world.hub)
    other = replace(kept, items=tuple(replace(item, object="leads") for item in kept.items))
    _, refused = apply_plan(world.hub, other)
    assert [r.reason for r in refused] == ["leadhub.toml changed since, and leads of hubspot is not read any more"]


# ---- backfill --------------------------------------------------------------------------------------------------------------------------


def test_a_backfill_fills_blanks_of_first_contact_alone(world: World) -> None:
    """A title that was blank in HubSpot from the start is filled; one that differed stays, and so does one that somebody emptied."""
    _, blank = world.pair("bob@b.example")
    _, other = world.pair("cid@c.example")
    _, emptied = world.pair()
    world.hs_edit(blank, jobtitle="")
    world.hs_edit(other, jobtitle="Chair")
    world.begin()
    world.hs_edit(emptied, jobtitle="")
    world.sync()
    world.mark()
    path, changes = keep(world, backfill=Backfill("job_title"))
    assert [(c.record_id, dict(c.values)) for c in changes] == [(blank, {"jobtitle": "CTO"})]
    assert not world.written()
    _, refused = apply_file(world, path)
    assert not refused
    assert [world.hs(i)["jobtitle"] for i in (blank, other, emptied)] == ["CTO", "Chair", ""]
    world.mark()
    world.sync()
    assert not world.written()


def test_a_backfill_that_is_only_shown_changes_nothing(world: World) -> None:
    """After looking, a sync still leaves the blank alone."""
    _, contact = world.pair()
    world.hs_edit(contact, jobtitle="")
    world.begin()
    plan(world.hub, backfill=Backfill("job_title"))
    world.mark()
    world.sync()
    assert not world.written()


def test_a_backfill_keeps_to_the_system_that_is_named(world: World) -> None:
    """Blanks elsewhere are left."""
    _, contact = world.pair()
    world.hs_edit(contact, jobtitle="")
    world.begin()
    assert not plan(world.hub, backfill=Backfill("job_title", "salesforce"))[1]
    assert len(plan(world.hub, backfill=Backfill("job_title", "hubspot"))[1]) == 1
