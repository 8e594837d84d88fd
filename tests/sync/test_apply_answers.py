"""What apply makes of answers: lost ones are looked up and never repeated, locked rows stop nobody, and a system that answers nothing is left alone."""

import threading
from dataclasses import replace

import pytest
from desk import Desk

from leadhub import Result
from leadhub.errors import AccessDenied, RowsLocked, Unavailable, UnknownOutcome
from leadhub.model.run import RunRow
from leadhub.sync.apply import UNHEARD

LOST = UnknownOutcome("No answer came from node X.")


# ---- lost answers -------------------------------------------------------------------------------------------------------------------------


def test_a_lost_answer_to_a_write_that_was_made_is_found_out(desk: Desk) -> None:
    """It is looked up by id or by our key, counts as accepted, and is made once; the other writes go on."""
    desk.plan(desk.create("n1"), desk.update("u1"), desk.update("u2"))
    desk.far["crm"].after = {"n1": LOST, "u1": LOST}
    assert desk.apply() is True, "u2 was in the call that broke off, and is judged again"
    assert desk.states() == {"n1": "accepted", "u1": "accepted", "u2": "stale"}
    assert desk.far["crm"].pushed == [["n1"], ["u1", "u2"]]
    assert len([row for row in desk.far["crm"].remote.rows.values() if row.values.get("last_name") == "New n1"]) == 1


def test_a_lost_answer_to_a_write_that_was_not_made_is_judged_again(desk: Desk) -> None:
    """Nothing is repeated as it stands: whatever is true by then is planned in another pass."""
    desk.plan(desk.create("n1"), desk.update("u1"))
    desk.far["crm"].before = {"n1": LOST, "u1": LOST}
    assert desk.apply() is True
    assert desk.states() == {"n1": "stale", "u1": "stale"}
    assert desk.far["crm"].pushed == [["n1"], ["u1"]]
    assert desk.waiting() == {"r2"}


def test_only_the_systems_own_answer_dates_a_create(desk: Desk) -> None:
    """What was saved there after that stamp is not ours; a record that was looked up may show the stamp of somebody else's work."""
    desk.plan(desk.create("n1"), desk.create("n2"))
    desk.far["crm"].after["n2"] = LOST
    desk.apply()
    assert desk.keys("accepted") == ["n1", "n2"]
    assert (desk.why("n1"), desk.why("n2")) == ({"stamp": desk.far["crm"].remote.now.isoformat()}, None)


def test_a_lost_answer_is_logged_with_system_and_error(desk: Desk) -> None:
    """Whoever watches the log sees it, though all ends well."""
    desk.updates(1)
    desk.far["crm"].after["u1"] = LOST
    desk.apply()
    assert [said for said in desk.log.said if said[0] == "outcome_unknown"] == [("outcome_unknown", {"system": "crm", "error": str(LOST)})]


def test_a_write_whose_outcome_the_connector_does_not_know_is_looked_up(desk: Desk) -> None:
    """Told for one write of a call: that one alone is read, and the others stand."""
    desk.updates(2)
    desk.far["crm"].answers["u1"] = lambda told: replace(told, result=Result.UNKNOWN)
    assert desk.apply() is False
    assert desk.states() == {"u1": "accepted", "u2": "accepted"}


def test_what_cannot_be_looked_up_stays_sent(desk: Desk) -> None:
    """The next run finds out; the system is left out of this one, and what is left waits."""
    desk.updates(3)
    desk.far["crm"].after["u1"] = LOST
    desk.far["crm"].meanwhile = lambda _changes: setattr(desk.far["crm"], "reading", AccessDenied("No more."))
    assert desk.apply() is False
    assert desk.far["crm"].pushed == [["u1", "u2"]]
    assert desk.states() == {"u1": "sent", "u2": "sent", "u3": "not_applied"}
    assert str(desk.session.troubles["crm"]) == desk.why("u3") == "No more."


def test_a_system_that_answers_no_write_is_left_out(desk: Desk) -> None:
    """After three calls in a row that nobody heard of and that had no effect no more are made, and the run says why."""
    keys = desk.updates(2 * UNHEARD + 2)
    desk.plan(desk.update("o1", system="other"))
    desk.far["crm"].before = dict.fromkeys(keys, LOST)
    desk.apply()
    assert (len(desk.far["crm"].pushed), desk.states()["o1"]) == (UNHEARD, "accepted")
    assert desk.keys("stale") == keys[: 2 * UNHEARD]
    assert desk.keys("not_applied") == keys[2 * UNHEARD :]
    trouble = desk.session.troubles["crm"]
    assert isinstance(trouble, Unavailable)
    assert str(trouble) == "No answer came from node X: so ended 3 writing calls in a row. leadhub looked: none of them had any effect."
    assert trouble.next_step == "see why crm answers like this; the next run tries again by itself"
    assert desk.why(keys[-1]) == str(trouble)


def test_calls_that_nobody_heard_of_are_counted_over_the_passes_of_a_run(desk: Desk) -> None:
    """And for each system by itself."""
    for number in range(UNHEARD):
        assert desk.session.troubles == {}
        desk.plan(desk.update(f"u{number}"), *([desk.update("o0", system="other")] if not number else []))
        desk.far["crm"].before[f"u{number}"] = desk.far["other"].before["o0"] = LOST
        desk.apply()
    assert set(desk.session.troubles) == {"crm"}


@pytest.mark.parametrize("heard", ["u3", "u5"])
def test_a_call_that_is_heard_of_begins_the_count_anew(desk: Desk, heard: str) -> None:
    """So does one that is not, but had its effect: the system takes writes."""
    keys = desk.updates(10)
    desk.far["crm"].before = {key: LOST for key in keys if key != heard}
    desk.far["crm"].after = {heard: LOST} if heard == "u3" else {}
    desk.apply()
    assert len(desk.far["crm"].pushed) == 5
    assert ("crm" in desk.session.troubles) is (heard == "u3")
    assert desk.keys("accepted") == [heard]


def test_a_batch_of_which_nothing_went_out_says_nothing_of_the_system(desk: Desk) -> None:
    """All of the third batch was edited meanwhile: neither heard of nor not heard of."""
    keys = desk.updates(10)
    desk.far["crm"].before = dict.fromkeys(keys, LOST)
    for key in keys[4:6]:
        desk.record(key).values["first_name"] = "Edited"
    desk.apply()
    assert desk.far["crm"].pushed == [keys[0:2], keys[2:4], keys[6:8]]
    assert desk.keys("not_applied") == keys[8:]


def test_a_connector_that_breaks_off_is_left_out_at_once(desk: Desk) -> None:
    """A fault of its own does not mend itself: what it had sent is found out, and nothing more is sent."""
    desk.updates(4)
    desk.far["crm"].after["u1"] = ValueError("a fault of the connector's own")
    assert desk.apply() is False
    assert desk.states() == {"u1": "accepted", "u2": "stale", "u3": "not_applied", "u4": "not_applied"}
    assert desk.far["crm"].pushed == [["u1", "u2"]]
    assert "a fault of the connector's own" in str(desk.session.troubles["crm"])


# ---- calls that had no effect ---------------------------------------------------------------------------------------------------------------


def test_a_system_that_is_down_is_left_out(desk: Desk) -> None:
    """Tried again as often as it may be, then put off with the reason; the persons are pending, and the other system goes on."""
    desk.updates(4)
    desk.plan(desk.update("o1", system="other"))
    desk.far["crm"].before["u1"] = Unavailable("The system is down.")
    assert desk.apply() is False
    assert desk.keys("not_applied") == ["u1", "u2", "u3", "u4"]
    assert {desk.why(key) for key in ("u1", "u2", "u3", "u4")} == {"The system is down."}
    assert desk.session.pending == {"p1", "p2", "p3", "p4"}
    assert desk.states()["o1"] == "accepted"
    assert str(desk.session.troubles["crm"]) == "The system is down."


def test_what_befell_one_among_others_that_were_written_stops_nobody(desk: Desk) -> None:
    """The system took the first write of the call: the second waits for the next run, the next calls go out."""
    desk.updates(4)
    desk.far["crm"].before["u2"] = Unavailable("Not now.")
    assert desk.apply() is False
    assert desk.states() == {"u1": "accepted", "u2": "not_applied", "u3": "accepted", "u4": "accepted"}
    assert (desk.session.troubles, desk.session.pending) == ({}, {"p2"})


def test_locked_rows_stop_nobody_though_nothing_of_their_call_was_written(desk: Desk) -> None:
    """They wait for the next run, named with their persons; a later pass that writes one forgets it."""
    desk.updates(4)
    desk.far["crm"].before["u1"] = RowsLocked("Somebody holds the row.")
    assert desk.apply() is False
    assert desk.states() == {"u1": "not_applied", "u2": "not_applied", "u3": "accepted", "u4": "accepted"}
    assert desk.session.troubles == {}
    assert desk.session.locked == {"u1": "p1: crm person r1", "u2": "p2: crm person r2"}


def test_a_login_that_is_refused_stops_the_system_whatever_was_written(desk: Desk) -> None:
    """What went through stands; the rest of the call and of the plan waits, with the reason."""
    desk.updates(3)
    desk.far["crm"].before["u2"] = AccessDenied("No more.")
    assert desk.apply() is False
    assert desk.states() == {"u1": "accepted", "u2": "not_applied", "u3": "not_applied"}
    assert {desk.why("u2"), desk.why("u3"), str(desk.session.troubles["crm"])} == {"No more."}


def test_what_an_earlier_run_left_open_is_none_of_this_runs(desk: Desk) -> None:
    """Its writes have the same numbers; they are not put off under this run, nor is what this run has written taken for one of them."""
    earlier = desk.update("e1")
    with desk.hub.store.begin() as tx:
        tx.runs.start(RunRow("earlier", "sync", desk.clock.now(), None, "running", {}, "", "somebody"))
    desk.plan(desk.update("u1"), desk.update("u2"), desk.update("u3"))
    with desk.hub.store.begin() as tx:
        tx.intents.plan("earlier", [earlier], desk.session.token)
    desk.far["crm"].before["u2"] = AccessDenied("No more.")
    desk.apply()
    assert desk.states() == {"u1": "accepted", "u2": "not_applied", "u3": "not_applied"}
    with desk.hub.store.read() as tx:
        assert [intent.state.value for intent in tx.intents.of_run("earlier")] == ["planned"]


def test_what_cannot_be_read_before_a_call_is_not_written(desk: Desk) -> None:
    """The look at the records failed: nothing was sent, and all of it waits."""
    desk.updates(3)
    desk.far["crm"].reading = AccessDenied("No more.")
    assert desk.apply() is False
    assert desk.far["crm"].pushed == []
    assert desk.keys("not_applied") == ["u1", "u2", "u3"]


def test_troubles_count_as_no_call_that_was_not_heard_of(desk: Desk) -> None:
    """Locked rows answer: four calls of them leave the system in the run."""
    keys = desk.updates(8)
    desk.far["crm"].before = dict.fromkeys(keys, RowsLocked("Somebody holds the row."))
    desk.apply()
    assert (len({tuple(call) for call in desk.far["crm"].pushed}), desk.session.troubles) == (4, {})


# ---- side by side ---------------------------------------------------------------------------------------------------------------------------


def _windows(desk: Desk) -> list[int]:
    """How many calls were on their way together, window after window: each takes as many hands as it has calls."""
    hands: dict[int, int] = {}
    seen: set[str] = set()
    for call, hand in zip(desk.far["crm"].pushed, desk.far["crm"].hands, strict=True):
        if not seen & set(call):  # else it is a call made again
            hands[int(call[0][1:])] = hand
        seen |= set(call)
    found: list[set[int]] = []
    for _, hand in sorted(hands.items()):
        if not found or hand in found[-1]:
            found.append(set())
        found[-1].add(hand)
    return [len(window) for window in found]


@pytest.fixture
def wide(desk: Desk) -> Desk:
    """A system that takes one record a call, and four calls at once."""
    desk.connectors["crm"].batch_size, desk.connectors["crm"].side_by_side = 1, 4
    return desk


def test_calls_go_side_by_side_more_from_window_to_window(wide: Desk) -> None:
    """One alone, two, then as many as the system takes; all are stored."""
    wide.updates(14)
    assert wide.apply() is False
    assert _windows(wide) == [1, 2, 4, 4, 3]
    assert set(wide.states().values()) == {"accepted"}


def test_calls_are_really_made_at_once(wide: Desk) -> None:
    """The fourth to seventh wait for each other, and all of them come."""
    turn = threading.Barrier(4)
    wide.updates(7)
    wide.far["crm"].meanwhile = lambda changes: turn.wait(timeout=20) if int(changes[0].key[1:]) > 3 else None
    wide.apply()
    assert set(wide.states().values()) == {"accepted"}


def test_creates_are_through_before_an_update_goes_out(wide: Desk) -> None:
    """Side by side go only calls of one kind."""
    wide.plan(*[wide.create(f"n{n}") for n in range(1, 5)], *[wide.update(f"u{n}") for n in range(1, 4)])
    seen = []
    wide.far["crm"].meanwhile = lambda changes: (wide.read(), seen.append(wide.keys("accepted"))) if changes[0].key == "u1" else None
    wide.apply()
    assert seen == [["n1", "n2", "n3", "n4"]]


@pytest.mark.parametrize("trouble", [LOST, Unavailable("Not now.")])
def test_after_a_call_that_went_wrong_they_go_one_by_one_again(wide: Desk, trouble: Exception) -> None:
    """A system that stumbles is not hurried."""
    wide.connectors["crm"].batch_size = 2
    wide.updates(20)
    wide.far["crm"].before["u6"] = trouble
    wide.apply()
    assert _windows(wide) == [1, 2, 1, 2, 4]


def test_whatever_becomes_of_one_call_the_others_of_its_window_are_stored(wide: Desk) -> None:
    """One is refused a login, one is down, one is lost: all four are settled before the system is left out, by the first one's reason."""
    wide.updates(9)
    wide.far["crm"].before = {"u5": AccessDenied("No more."), "u6": Unavailable("Not now.")}
    wide.far["crm"].after = {"u7": LOST}
    wide.apply()
    states = wide.states()
    assert {key: states[key] for key in ("u4", "u5", "u6", "u7")} == {
        "u4": "accepted",
        "u5": "not_applied",
        "u6": "not_applied",
        "u7": "accepted",
    }
    assert (states["u8"], states["u9"]) == ("not_applied", "not_applied")
    assert str(wide.session.troubles["crm"]) == wide.why("u8") == "No more."


def test_what_one_window_left_unsettled_is_put_off_once(wide: Desk) -> None:
    """An interrupt between two windows: what was written keeps its state."""
    wide.updates(5)
    wide.far["crm"].meanwhile = lambda changes: setattr(wide.session, "interrupted", changes[0].key == "u3")
    with pytest.raises(KeyboardInterrupt):
        wide.apply()
    wide.session.interrupted = False
    assert wide.states() == {"u1": "accepted", "u2": "accepted", "u3": "accepted", "u4": "not_applied", "u5": "not_applied"}


def test_stale_ones_of_one_batch_call_for_another_pass_whatever_the_others_do(wide: Desk) -> None:
    """One of four was edited: it alone is judged again."""
    wide.updates(7)
    wide.record("u5").values["first_name"] = "Edited"
    assert wide.apply() is True
    assert wide.keys("stale") == ["u5"]
    assert len(wide.keys("accepted")) == 6
