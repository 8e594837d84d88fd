"""What is written, in which order and batches, what is still true when it goes out, and what is put off: apply over systems that live in memory."""

from dataclasses import replace
from datetime import timedelta

import pytest
from desk import FIRM, Desk

from leadhub import Gone, Operation, Result
from leadhub.core.guard import Refusal
from leadhub.errors import LeaseHeld, Unavailable
from leadhub.store import RecordKey
from leadhub.store.intents import Intents
from leadhub.sync.session import LEASE, LEASE_TIME

LATER = timedelta(seconds=1)


# ---- order and batches --------------------------------------------------------------------------------------------------------------------


def test_creates_go_first_and_conversions_last_in_batches_of_one_kind(desk: Desk) -> None:
    """An update may wait for another run, a lead for nobody; what was converted takes no update any more. Alike ones go in the order of the plan."""
    kinds = {"c1": Operation.CONVERT, "u1": Operation.UPDATE, "a1": Operation.ARCHIVE, "s1": Operation.CLEAR_THEN_SET}
    first = [desk.update(key, operation=kind) for key, kind in kinds.items()]
    desk.plan(*first, desk.create("n1"), desk.update("u2"), desk.create("n2"), desk.update("u3"), desk.create("n3"))
    desk.apply()
    pushed = desk.far["crm"].pushed
    assert pushed[:2] == [["n1", "n2"], ["n3"]]
    assert sorted(pushed[2:-1]) == [["a1"], ["s1"], ["u1", "u2"], ["u3"]]
    assert pushed[-1] == ["c1"]
    assert set(desk.states().values()) == {"accepted"}


def test_objects_are_written_one_after_the_other(desk: Desk) -> None:
    """A call is about one object alone, and all of that object's writes are through before the next one's begin."""
    people = [desk.update("u1"), desk.create("n1")]
    firms = [desk.create("m1", obj=FIRM), desk.update("f1", obj=FIRM)]
    desk.plan(people[0], firms[0], people[1], firms[1])
    desk.apply()
    assert desk.far["crm"].pushed == [["m1"], ["f1"], ["n1"], ["u1"]]


def test_systems_are_written_by_name_each_with_its_own(desk: Desk) -> None:
    """One system's writes never go to another."""
    desk.plan(desk.update("o1", system="other"), desk.update("u1"), desk.update("o2", system="other"))
    desk.apply()
    assert (desk.far["crm"].pushed, desk.far["other"].pushed) == ([["u1"]], [["o1", "o2"]])
    assert [system for _, system, *_ in desk.progress] == ["crm", "other"]


def test_what_is_on_its_way_is_told(desk: Desk) -> None:
    """Before each call: how many of the system's writes are done, and of how many."""
    desk.updates(5)
    desk.apply()
    assert desk.progress == [("writing", "crm", done, 5) for done in (0, 2, 4)]


def test_what_was_sent_arrives_and_is_counted(desk: Desk) -> None:
    """The far side shows it, the journal says so, and no further pass is called for."""
    desk.plan(desk.update("u1"), desk.create("n1"))
    assert desk.apply() is False
    assert desk.there("u1") == "New u1"
    assert desk.states() == {"u1": "accepted", "n1": "accepted"}
    counts = desk.session.counts["crm"]
    assert (counts.created, counts.updated, counts.refused) == (1, 1, 0)


def test_what_was_written_is_not_written_by_the_next_pass(desk: Desk) -> None:
    """Only what is planned anew."""
    desk.updates(1)
    desk.apply()
    desk.plan(desk.update("u2"))
    desk.apply()
    assert desk.far["crm"].pushed == [["u1"], ["u2"]]


def test_a_long_plan_is_read_to_its_end(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal gives its writes in slices; none is left out and none comes twice."""
    read = Intents.of_run
    monkeypatch.setattr(Intents, "of_run", lambda intents, run, after=0, limit=2: read(intents, run, after, limit))
    keys = [f"u{n}" for n in range(1, 6)]
    desk.plan(*[desk.update(key) for key in keys])
    with desk.hub.store.read() as tx:
        assert len(tx.intents.of_run(desk.session.run_id)) == 2
    monkeypatch.setattr(desk, "read", lambda: None)
    desk.apply()
    assert [key for call in desk.far["crm"].pushed for key in call] == keys


def test_nothing_planned_is_nothing_done(desk: Desk) -> None:
    """No call, no further pass."""
    assert desk.apply() is False
    assert desk.far["crm"].pushed == []


# ---- before the call ----------------------------------------------------------------------------------------------------------------------


def test_a_call_is_in_the_journal_before_it_is_made(desk: Desk) -> None:
    """While a call is on its way its writes count as sent, and no others: who comes after a crash knows what to look for."""
    seen = []
    desk.updates(3)
    desk.far["crm"].meanwhile = lambda _changes: (desk.read(), seen.append(desk.states()))
    desk.apply()
    assert seen == [{"u1": "sent", "u2": "sent", "u3": "planned"}, {"u1": "accepted", "u2": "accepted", "u3": "sent"}]


def test_who_was_edited_since_the_plan_is_not_written(desk: Desk) -> None:
    """The edit stands, its record is stored as it is now and judged again in another pass; the others of the call go out."""
    keys = desk.updates(2)
    desk.record("u1").values["first_name"] = "Edited"
    assert desk.apply() is True
    assert (desk.far["crm"].pushed, desk.there("u1")) == ([["u2"]], "Edited")
    assert desk.states() == dict(zip(keys, ("stale", "accepted"), strict=True))
    assert "judged again" in str(desk.why("u1"))
    record = desk.intents["u1"].change.record_id
    assert desk.waiting() == {record}
    with desk.hub.store.read() as tx:
        (stored,) = tx.records.get([RecordKey("crm", "person", str(record))]).values()
    assert stored.native["first_name"] == "Edited"


def test_an_edit_of_another_field_that_is_read_stops_a_write_too(desk: Desk) -> None:
    """The plan was made from all that the record said."""
    desk.updates(1)
    desk.record("u1").values["phone"] = "+442079460000"
    desk.record("u1").values["last_name"] = "Else"
    assert desk.apply() is True
    assert desk.states() == {"u1": "stale"}


def test_a_stamp_that_moved_for_anothers_sake_stops_nothing(desk: Desk) -> None:
    """Whatever else saves a record, and whatever it leaves there that leadhub does not read."""
    desk.updates(1)
    desk.record("u1").stamp += LATER
    desk.record("u1").values["unread"] = "x"
    assert desk.apply() is False
    assert desk.states() == {"u1": "accepted"}


@pytest.mark.parametrize(("moved", "state"), [(timedelta(0), "accepted"), (LATER, "stale")])
def test_what_is_archived_goes_only_as_it_was_planned(desk: Desk, moved: timedelta, state: str) -> None:
    """With a record all that is in it goes, also what leadhub does not read: so its stamp must not have moved."""
    change = desk.update("a1", operation=Operation.ARCHIVE)
    desk.plan(replace(change, before_stamp=desk.clock.now()))
    desk.record("a1").stamp += moved
    assert desk.apply() is (state == "stale")
    assert desk.states() == {"a1": state}
    assert desk.record("a1").deleted is (state == "accepted")


def test_an_archive_without_a_stamp_goes_by_the_values(desk: Desk) -> None:
    """Where the system tells no stamps there is nothing else to go by; a stamp of an update does not count."""
    desk.plan(desk.update("a1", operation=Operation.ARCHIVE), desk.update("u1", before_stamp=desk.clock.now()))
    for key in ("a1", "u1"):
        desk.record(key).stamp += LATER
    desk.apply()
    assert desk.states() == {"a1": "accepted", "u1": "accepted"}


def test_who_is_gone_is_not_written(desk: Desk) -> None:
    """Deleted, vanished without a trace, or never stored: judged again, and nobody is made anew."""
    keys = desk.updates(2)
    desk.plan(desk.update("u3", known=False), desk.update("u4"))
    desk.record("u1").deleted = True
    del desk.far["crm"].remote.rows["r2"]
    assert desk.apply() is True
    assert desk.states() == dict.fromkeys([*keys, "u3"], "stale") | {"u4": "accepted"}
    with desk.hub.store.read() as tx:
        gone = tx.records.get([RecordKey("crm", "person", record) for record in ("r1", "r2")])
    assert {key.id: stored.gone for key, stored in gone.items()} == {"r1": Gone.DELETED, "r2": Gone.VANISHED}


def test_a_record_that_a_reading_leaves_out_is_not_written(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is not shown cannot be judged; there is nothing of it to store either."""
    desk.updates(1)
    monkeypatch.setattr(desk.connectors["crm"], "reread", lambda _self, _object, _ids: {})
    assert desk.apply() is True
    assert (desk.states(), desk.far["crm"].pushed) == ({"u1": "stale"}, [])


def test_where_records_cannot_be_read_by_id_writes_go_unlooked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no way to tell; the write is made."""
    desk.updates(1)
    desk.record("u1").values["first_name"] = "Edited"
    monkeypatch.setattr("leadhub.sync.retry.Careful.can_reread", False)
    assert desk.apply() is False
    assert desk.there("u1") == "New u1"


def test_the_far_side_is_read_once_for_each_batch(desk: Desk) -> None:
    """The records that are to be updated, in one call; for creates nothing is read."""
    desk.updates(2)
    desk.apply()
    assert desk.far["crm"].remote.calls["read"] == desk.read_before + 1
    desk.plan(desk.create("n1"))
    desk.apply()
    assert desk.far["crm"].remote.calls["read"] == desk.read_before + 1


# ---- the lease, the reserve, the interrupt --------------------------------------------------------------------------------------------------


def test_the_lease_is_renewed_before_every_call(desk: Desk) -> None:
    """Five calls of six minutes each, under a lease of ten: nobody can take over in between."""
    taken = []

    def meanwhile(_changes: object) -> None:
        desk.clock.instant += LEASE_TIME * 0.6
        with pytest.raises(LeaseHeld), desk.hub.store.begin() as tx:
            taken.append(tx.leases.acquire(LEASE, "another", LEASE_TIME))

    desk.updates(9)
    desk.far["crm"].meanwhile = meanwhile
    desk.apply()
    assert (taken, len(desk.far["crm"].pushed)) == ([], 5)


def test_who_lost_the_lease_writes_nothing_more(desk: Desk) -> None:
    """Another run took over while a call was on its way: no second call is made, nothing is stored under the old token, and the run is not closed by it."""

    def meanwhile(_changes: object) -> None:
        desk.clock.instant += 2 * LEASE_TIME
        with desk.hub.store.begin() as tx:
            tx.leases.acquire(LEASE, "another", LEASE_TIME)

    desk.updates(4)
    desk.far["crm"].meanwhile = meanwhile
    with pytest.raises(LeaseHeld):
        desk.apply()
    assert desk.far["crm"].pushed == [["u1", "u2"]]
    assert desk.states() == {"u1": "sent", "u2": "sent", "u3": "planned", "u4": "planned"}
    with pytest.raises(LeaseHeld):
        desk.end()


def test_the_last_tenth_of_the_calls_stays_for_others(desk: Desk) -> None:
    """Once it is reached, what is left waits for the next run with the reason; the other system goes on."""
    desk.updates(3)
    desk.plan(desk.update("o1", system="other"))
    desk.far["crm"].meanwhile = lambda _changes: setattr(desk.far["crm"], "used", 90)
    assert desk.apply() is False
    assert desk.states() == {"u1": "accepted", "u2": "accepted", "u3": "not_applied", "o1": "accepted"}
    assert "90 of 100 daily calls" in str(desk.why("u3"))
    assert "90 of 100" in str(desk.session.troubles["crm"])
    assert desk.session.pending == {desk.intents["u3"].change.person_id}
    assert desk.waiting() == {"r3"}


def test_an_interrupt_comes_after_the_call_on_its_way(desk: Desk) -> None:
    """That call is settled in the journal; all others wait for the next run, and the run ends."""
    desk.updates(4)
    desk.far["crm"].meanwhile = lambda _changes: setattr(desk.session, "interrupted", True)
    with pytest.raises(KeyboardInterrupt):
        desk.apply()
    assert desk.states() == {"u1": "accepted", "u2": "accepted", "u3": "not_applied", "u4": "not_applied"}
    assert {desk.why(key) for key in ("u3", "u4")} == {"interrupted"}
    assert desk.waiting() == {"r3", "r4"}
    desk.session.interrupted = False


# ---- systems that are left out --------------------------------------------------------------------------------------------------------------


def test_what_a_guard_refused_is_put_off_for_that_system_alone(desk: Desk) -> None:
    """Nothing of it is written, with the reason; the other system goes on."""
    desk.plan(desk.update("u1"), desk.update("o1", system="other"))
    desk.session.refuse([Refusal("crm", "creates", 300, 200, "")])
    assert desk.apply() is False
    assert desk.states() == {"u1": "not_applied", "o1": "accepted"}
    assert desk.why("u1") == "a guard refused the plan"
    assert desk.session.pending == {"p1"}


def test_a_system_in_trouble_is_left_out(desk: Desk) -> None:
    """What was planned for it before waits for the next run."""
    desk.plan(desk.update("u1"), desk.update("o1", system="other"))
    desk.session.fail("crm", Unavailable("down"))
    assert desk.apply() is False
    assert desk.states() == {"u1": "not_applied", "o1": "accepted"}
    assert desk.why("u1") == "the system was left out of the run"


def test_a_connector_without_a_sound_batch_size_is_left_out(desk: Desk) -> None:
    """Its fault is named in the journal and in the run's trouble; the other system goes on."""
    desk.plan(desk.update("u1"), desk.update("o1", system="other"))
    desk.connectors["crm"].batch_size = 0
    assert desk.apply() is False
    assert desk.states() == {"u1": "not_applied", "o1": "accepted"}
    assert "batches of 0" in str(desk.why("u1"))
    assert str(desk.session.troubles["crm"]) == desk.why("u1")


def test_one_system_that_calls_for_another_pass_is_enough(desk: Desk) -> None:
    """Whether it comes first or last, and whichever of its calls it was."""
    for stale in ("u1", "u9", "o1"):
        desk.plan(*[desk.update(f"u{n}") for n in (1, 2, 9)], desk.update("o1", system="other"))
        desk.record(stale).values["first_name"] = "Edited"
        assert desk.apply() is True
    desk.plan(desk.update("u1"), desk.update("o1", system="other"))
    assert desk.apply() is False


def test_an_answer_that_shows_something_else_calls_for_another_pass(desk: Desk) -> None:
    """A workflow that rewrites what was written is heard at once."""
    desk.updates(1)
    desk.far["crm"].answers["u1"] = lambda told: replace(told, values={"first_name": "Rewritten"})
    assert desk.apply() is True
    assert desk.states() == {"u1": "accepted"}


def test_a_refused_write_stops_nobody(desk: Desk) -> None:
    """It is a question for a person; the rest of the call and the next ones go out."""
    desk.updates(3)
    desk.far["crm"].answers["u1"] = lambda told: replace(told, result=Result.REFUSED)
    assert desk.apply() is False
    assert desk.states() == {"u1": "refused", "u2": "accepted", "u3": "accepted"}
    assert desk.session.troubles == {}
