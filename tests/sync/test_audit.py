"""The audit: whatever a system shows otherwise than leadhub remembers is found by its kind, nothing is changed by looking, and `pull --anew` mends it."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from sandbox_world import World
from sqlalchemy import create_engine, delete, select, update

from leadhub.errors import UnknownOutcome
from leadhub.model.record import Change, Outcome
from leadhub.store import tables
from leadhub.sync import pausing
from leadhub.sync.audit import AuditReport, audit
from leadhub.sync.drift import Kind
from leadhub.sync.retry import Careful
from leadhub.sync.run import plan, pull_only

ANN = "ann@acme.example"
LONG = 26 * 3600
"""Seconds after which no pull reaches back to an edit any more."""


def begun(world: World, *, create: bool = False) -> tuple[str, str]:
    """Ann and Bob in both CRMs, all agreed; a day later, so that no pull reaches back any more."""
    pair = world.pair()
    world.pair("bob@acme.example")
    world.begin(create=create)
    world.clock.sleep(LONG)
    world.sync()
    return pair


def found(report: AuditReport) -> dict[Kind, list[str]]:
    """The ids of the records of each kind."""
    kinds: dict[Kind, list[str]] = {}
    for one in report.drift:
        assert one.count == len(one.examples)
        kinds.setdefault(one.kind, []).extend(example.key.id for example in one.examples)
    return kinds


def stored(world: World) -> dict[str, list[Any]]:
    """All that the store holds but for runs and the lease."""
    engine = create_engine(world.store_url)
    with engine.begin() as connection:
        kept = {t.name: sorted(map(repr, connection.execute(select(t)))) for t in tables.metadata.tables.values() if t.name not in ("run", "lease")}
    engine.dispose()
    return kept


def execute(world: World, *statements: Any) -> None:
    """Do to the store what nothing should ever do to it."""
    engine = create_engine(world.store_url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(statement)
    engine.dispose()


def hidden_edit(world: World, contact: str, **properties: str) -> None:
    """Change a contact, and leave its time of change as it was: no search ever shows it."""
    before = world.hs(contact)["lastmodifieddate"]
    world.hs_edit(contact, **properties)
    world.boxes.order(world.boxes.hubspot, "touch", {"ids": [contact], "at": before})
    world.clock.sleep(LONG)
    world.sync()


def test_a_quiet_deployment_has_no_drift_and_looking_changes_nothing(world: World) -> None:
    """Everything read is as stored; no call wrote; of all tables only the run's own has a row more, with its kind."""
    begun(world)
    before = stored(world)
    world.mark()
    report = audit(world.hub)
    assert (report.run.status, report.drift, report.persons_waiting) == ("ok", [], 0)
    assert {name: (of.read, of.same) for name, of in report.systems.items() if of.read} == {"salesforce": (2, 2), "hubspot": (2, 2)}
    assert world.written() == []
    assert stored(world) == before
    with world.hub.store.read() as tx:
        (run,) = tx.runs.get(report.run.run)
    assert (run.kind, run.status, run.counts["drift"]) == ("audit", "ok", [])


def test_drift_found_changes_nothing_either(world: World) -> None:
    """Edited, purged and never told of: found, and the store is as before but for the run, which keeps figures and ids and nobody's name."""
    _, contact = begun(world)
    hidden_edit(world, contact, jobtitle="CEO")
    before = stored(world)
    report = audit(world.hub)
    assert found(report) == {"edited": [contact]}
    assert stored(world) == before
    with world.hub.store.read() as tx:
        noted = tx.runs.get(report.run.run)[0].counts["drift"]
    assert noted == [{"kind": "edited", "system": "hubspot", "object": "contacts", "count": 1, "records": [contact]}]


def test_an_edit_that_no_search_showed_is_found_with_its_field_and_mended(world: World) -> None:
    """The record's time of change lies long back and its title is another one: `pull --anew` takes it in, the plan writes it on, and all is quiet."""
    lead, contact = begun(world)
    hidden_edit(world, contact, jobtitle="CEO")
    report = audit(world.hub)
    (drift,) = report.drift
    assert (drift.kind, drift.system, [e.detail for e in drift.examples]) == ("edited", "hubspot", ["jobtitle"])
    assert [name for _, name in report.persons.values()] == ["Ann Lee"]
    pull_only(world.hub, anew=True)
    assert audit(world.hub).drift == []
    assert [(c.system, c.record_id, dict(c.values)) for c in plan(world.hub)[1]] == [("salesforce", lead, {"Title": "CEO"})]
    world.sync()
    assert audit(world.hub).drift == []
    assert world.sf(lead)["Title"] == "CEO"


def test_what_the_next_run_reads_anyway_is_no_drift(world: World) -> None:
    """An edit and a new record since the last run are counted apart: they wait for the next sync, which is all they need."""
    _, contact = begun(world)
    world.hs_edit(contact, jobtitle="CEO")
    world.pair("cy@acme.example")
    report = audit(world.hub)
    assert report.drift == []
    assert {name: of.waiting for name, of in report.systems.items() if of.waiting} == {"hubspot": 2, "salesforce": 1}
    world.sync()
    world.sync()
    report = audit(world.hub)
    assert (report.drift, sum(of.waiting for of in report.systems.values())) == ([], 0)


class Killed(BaseException):
    """The process ends here: no handler of leadhub's may catch it."""


@pytest.mark.parametrize("sent", [True, False], ids=["killed after the call", "killed before it"])
def test_what_leadhub_itself_wrote_and_does_not_know_yet_is_no_drift(world: World, monkeypatch: pytest.MonkeyPatch, *, sent: bool) -> None:
    """Right after a kill: an update and a create that got no answer are counted as that and nowhere else, landed or not, and looking changes nothing."""
    lead, contact = begun(world, create=True)
    world.hs_create(email="cy@acme.example", firstname="Cy", lastname="Coe", company="Coe")
    world.sf_edit(lead, Title="CEO")
    push = Careful.push

    def killed(self: Careful, changes: Sequence[Change]) -> Iterator[Outcome]:
        yield from list(push(self, changes))[:0] if sent else ()
        if changes[0].record_id is None:  # the other system's turn comes first
            raise Killed
        raise UnknownOutcome("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(Careful, "push", killed)
        patch.setattr("leadhub.sync.apply.find_out", lambda *_: ())
        with pytest.raises(Killed):
            world.sync()
    assert (world.hs(contact)["jobtitle"] == "CEO", len(world.sf_all())) == (sent, 2 + sent)
    world.expire_lease()
    before = stored(world)
    report = audit(world.hub)
    assert (found(report), report.unanswered, report.run.status) == ({}, 2, "ok")
    assert ({name: of.waiting for name, of in report.systems.items() if of.waiting}, report.persons_waiting) == ({}, 0)
    assert stored(world) == before
    world.sync()
    assert (audit(world.hub).drift, world.hs(contact)["jobtitle"], len(world.sf_all())) == ([], "CEO", 3)


def test_a_record_that_was_never_told_of_is_found_and_mended(world: World) -> None:
    """A contact whose time of change lies before the last runs and that no search showed: read anew it is somebody known."""
    begun(world)
    before = world.hs(world.hs_all()[0]["id"])["lastmodifieddate"]
    contact = world.hs_create(email="dee@acme.example", firstname="Dee")
    world.boxes.order(world.boxes.hubspot, "touch", {"ids": [contact], "at": before})
    world.clock.sleep(LONG)
    world.sync()
    assert found(audit(world.hub)) == {"unseen": [contact]}
    pull_only(world.hub, anew=True)
    assert audit(world.hub).drift == []
    assert world.person("dee@acme.example")


def test_what_vanished_is_asked_for_by_id_and_mended(world: World) -> None:
    """A purged contact does not come; asked for by id it is gone: found as missing, and after `pull --anew` its link is frozen and all is quiet."""
    _, contact = begun(world)
    world.boxes.order(world.boxes.hubspot, "purge", {"id": contact})
    world.mark()
    report = audit(world.hub)
    assert found(report) == {"missing": [contact]}
    assert [example.detail for one in report.drift for example in one.examples] == ["vanished"]
    pull_only(world.hub, anew=True)
    assert audit(world.hub).drift == []
    assert [link.role for link in world.person().links if link.record_id == contact] == ["frozen"]


def test_who_was_archived_a_moment_ago_is_missing_and_does_not_wait_for_the_next_run(world: World) -> None:
    """No sync hears of it before HubSpot's list of the archived is read again, hours later; `pull --anew` asks by id at once."""
    _, contact = begun(world)
    world.boxes.order(world.boxes.hubspot, "archive", {"object": "contacts", "id": contact})
    report = audit(world.hub)
    assert (found(report), report.systems["hubspot"].waiting) == ({"missing": [contact]}, 0)
    world.sync()
    assert found(audit(world.hub)) == {"missing": [contact]}
    pull_only(world.hub, anew=True)
    assert audit(world.hub).drift == []
    assert [link.role for link in world.person().links if link.record_id == contact] == ["frozen"]


def test_who_was_deleted_in_salesforce_waits_for_the_next_run(world: World) -> None:
    """Salesforce tells of the deleted with what changed: the next sync reads it, and that is all it takes."""
    lead, _ = begun(world)
    world.sf_delete(lead)
    report = audit(world.hub)
    assert (report.drift, report.systems["salesforce"].waiting) == ([], 1)
    world.sync()
    report = audit(world.hub)
    assert (report.drift, report.systems["salesforce"].waiting) == ([], 0)


def test_a_login_that_lost_its_sight_is_stopped_by_the_guard(world: World) -> None:
    """Of 30 contacts 25 do not come: nobody is said to be missing; the guard names itself as it does in a sweep."""
    contacts = [world.pair(f"p{n:02}@acme.example")[1] for n in range(30)]
    world.begin()
    for contact in contacts[:25]:
        world.boxes.order(world.boxes.hubspot, "purge", {"id": contact})
    report = audit(world.hub)
    assert report.run.status == "blocked"
    assert [refusal.flag for refusal in report.run.guards] == ["--allow hubspot.missing=25"]
    assert found(report) == {}
    allowed = audit(world.hub, allowed={("hubspot", "missing"): 25})
    assert {one.kind: one.count for one in allowed.drift} == {"missing": 25}
    assert [len(one.examples) for one in allowed.drift] == [20]


def test_a_record_about_somebody_else_is_an_alarm(world: World) -> None:
    """Another address and another name under one id, told or not: the link hops, and no time of change excuses that."""
    _, contact = begun(world)
    world.hs_edit(contact, email="zoe@zoo.example", firstname="Zoe", lastname="Zink")
    assert found(audit(world.hub)) == {"hopping": [contact]}


def test_computed_fields_that_move_without_a_word_are_a_kind_of_their_own(world: World) -> None:
    """A field that HubSpot alone sets differs, and nothing else: computed, not edited; read anew it is taken in."""
    _, contact = begun(world)
    key = (tables.record.c.system == "hubspot", tables.record.c.record_id == contact)
    with world.hub.store.read() as tx:
        (record,) = [r for r in tx.records.slice("hubspot", None, 10) if r.id == contact]
    native = {**record.native, "createdate": "2020-01-01T00:00:00Z"}
    execute(world, update(tables.record).where(*key).values(native=native, raw_hash=b"another"))
    world.clock.sleep(LONG)
    world.sync()
    report = audit(world.hub)
    assert [(one.kind, [e.detail for e in one.examples]) for one in report.drift] == [("computed", ["createdate"])]
    pull_only(world.hub, anew=True)
    assert audit(world.hub).drift == []


def link_of(record_id: str) -> Any:
    """The condition for one link."""
    return tables.link.c.record_id == record_id


BREAKS: dict[Kind, Callable[[World, str], list[Any]]] = {
    "unlinked": lambda _world, contact: [delete(tables.link).where(link_of(contact))],
    "orphaned": lambda world, contact: [
        update(tables.record).where(tables.record.c.record_id == contact).values(gone="deleted"),
        *_purged(world, contact),
    ],
    "behind": lambda world, contact: [*_planned(world, contact), update(tables.record).values(dirty=False)],
}


def _purged(world: World, contact: str) -> list[Any]:
    world.boxes.order(world.boxes.hubspot, "purge", {"id": contact})
    return []


def _planned(world: World, contact: str) -> list[Any]:
    """Ann's title is edited in Salesforce, and its way to HubSpot planned: that it waits stands on the work list alone."""
    world.sf_edit(next(link.record_id for link in world.person().links if link.record_id != contact), Title="CEO")
    world.clock.sleep(LONG)
    assert len(plan(world.hub)[1]) == 1
    report = audit(world.hub)
    assert (report.drift, report.persons_waiting) == ([], 1)
    return []


@pytest.mark.parametrize("kind", BREAKS)
def test_broken_ties_are_found_and_mended(world: World, kind: Kind) -> None:
    """What no run leaves behind: a record without a link, a link without a record, a side behind that nothing plans. All is judged anew, and quiet."""
    _, contact = begun(world)
    execute(world, *BREAKS[kind](world, contact))
    assert found(audit(world.hub))[kind] == [contact]
    pull_only(world.hub, anew=True)
    world.sync()
    assert audit(world.hub).drift == []


def test_a_record_that_is_behind_in_several_fields_is_one_record(world: World) -> None:
    """Linked to somebody else it differs in all that names that person: counted once, all of it told."""
    begun(world)
    other = world.pair("eve@acme.example")[1]
    world.sync()
    ann = world.person()
    mine = {"person_id": ann.person.id, "lead_id": ann.leads[0].id}
    execute(world, update(tables.link).where(link_of(other)).values(mine))
    (behind,) = [one for one in audit(world.hub).drift if one.kind == "behind"]
    assert behind.count == len(behind.examples) == 1
    assert behind.examples[0].detail == "differs without a reason: email, phone, first_name"


def test_two_records_that_speak_for_one_person_are_found(world: World) -> None:
    """Two primary links of one object and person, which no rule makes: both are named, and that a person has to look."""
    _, contact = begun(world)
    other = world.pair("eve@acme.example")[1]
    world.sync()
    ann = world.person().person.id
    execute(world, update(tables.link).where(link_of(other)).values(person_id=ann))
    assert sorted(found(audit(world.hub))["many_to_one"]) == sorted([contact, other])


def test_a_link_that_went_to_another_person_than_was_written_is_an_alarm(world: World) -> None:
    """leadhub wrote to Ann's record; now the record is linked to Bob: found by the journal of writes."""
    lead, contact = begun(world)
    world.hs_edit(contact, jobtitle="CEO")
    world.sync()
    assert world.sf(lead)["Title"] == "CEO"
    bob = world.person("bob@acme.example").person.id
    execute(world, update(tables.link).where(link_of(lead)).values(person_id=bob))
    assert found(audit(world.hub))["hopping"] == [lead]


def test_a_system_that_does_not_answer_is_said_to_be_left_out(world: World) -> None:
    """HubSpot's listing fails for good: the audit is partial, and nobody there is taken for missing."""
    begun(world)
    world.fault("hubspot", "internal", r"/crm/objects/.*/contacts$", times=9)
    report = audit(world.hub)
    assert report.run.status == "partial"
    assert list(report.run.troubles) == ["hubspot"]
    assert report.drift == []


def test_one_system_alone_can_be_asked(world: World) -> None:
    """Named systems alone are read."""
    begun(world)
    world.mark()
    report = audit(world.hub, ["salesforce"])
    assert list(report.systems) == ["salesforce"]
    assert [call for call in world.calls("hubspot") if call["path"].startswith("/crm/objects/")] == []


def test_a_change_of_the_configuration_is_no_drift(world: World) -> None:
    """Another mapping makes all hashes others; the values are the same, and so nothing has drifted."""
    begun(world)
    world.configure(hubspot="create_cap = 5\nscope = { country = { not = ['Atlantis'] } }")
    assert audit(world.hub).drift == []


def test_reading_it_all_again_writes_the_work_list_alone(world: World) -> None:
    """`pull --anew` on a quiet deployment judges everybody again and comes to the same: no plan, no question, no edit."""
    begun(world)
    edits = stored(world)["edit"]
    pull_only(world.hub, anew=True)
    report, changes = plan(world.hub)
    assert (changes, report.open_reviews) == ([], 0)
    assert stored(world)["edit"] == edits


def test_a_paused_system_is_compared_like_the_others_and_what_waits_there_is_no_drift(world: World) -> None:
    """A pause stops writes alone: whoever paused a system wants to know how it stands. What the pause holds back is known, and is not called behind."""
    lead, contact = begun(world)
    pausing.pause(world.hub, "hubspot", "")
    world.sf_edit(lead, Title="CEO")
    world.sync()
    report = audit(world.hub)
    assert (report.run.status, report.drift, report.persons_waiting) == ("ok", [], 1)
    assert report.systems["hubspot"].read == 2
    hidden_edit(world, contact, phone="+1 555 0199")
    assert found(audit(world.hub)) == {"edited": [contact]}
