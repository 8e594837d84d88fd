"""What holds writes back while they are on their way: a pause, the guards and the canary, over systems that live in memory."""

from dataclasses import replace
from functools import partial

import pytest
from desk import FIRM, Desk

from leadhub import Outcome
from leadhub.core import canary
from leadhub.errors import AccessDenied
from leadhub.model.person import Base
from leadhub.model.run import PlannedChange
from leadhub.sync import pausing

HELD = "the first writes like it do not show what was sent"
LIKE_IT = 4
"""So many writes of a pattern go first here, in two calls."""


def _blank(change: PlannedChange) -> PlannedChange:
    """The same write, of nothing over what stands there."""
    return replace(change, values={"first_name": None}, fields={"first_name": Base(None, 2, "agreed")})


# ---- pauses and guards ------------------------------------------------------------------------------------------------------------------------


def test_a_system_that_is_paused_is_not_written(desk: Desk) -> None:
    """Nothing goes out, with who paused it and why; the other system goes on, and no guard is asked about what waits."""
    pausing.pause(desk.hub, "crm", "a wrong mapping")
    desk.plan(_blank(desk.update("u1")), desk.update("o1", system="other"))
    assert desk.apply() is False
    assert desk.states() == {"u1": "not_applied", "o1": "accepted"}
    assert "crm is paused since" in str(desk.why("u1"))
    assert "a wrong mapping" in str(desk.why("u1"))
    assert (desk.session.pending, desk.waiting()) == ({"p1"}, {"r1"})
    assert (desk.session.troubles, desk.session.refusals) == ({}, [])


def test_a_pause_comes_after_the_call_on_its_way(desk: Desk) -> None:
    """That call is settled; no other is made to this system, all that is left waits with the reason, and the other system goes on."""
    desk.updates(5)
    desk.plan(desk.update("o1", system="other"))
    desk.far["crm"].meanwhile = lambda _changes: pausing.pause(desk.hub, "crm", "a wrong mapping")
    assert desk.apply() is False
    assert desk.far["crm"].pushed == [["u1", "u2"]]
    assert desk.keys("accepted") == ["u1", "u2", "o1"]
    assert desk.keys("not_applied") == ["u3", "u4", "u5"]
    assert all("a wrong mapping" in str(desk.why(key)) for key in ("u3", "u4", "u5"))
    assert desk.waiting() == {"r3", "r4", "r5"}


def test_a_stale_write_before_a_pause_is_still_judged_again(desk: Desk) -> None:
    """What was found out in the calls before it is not forgotten: another pass is called for."""
    desk.updates(3)
    desk.record("u1").values["first_name"] = "Edited"
    desk.far["crm"].meanwhile = lambda _changes: pausing.pause(desk.hub, "crm", "")
    assert desk.apply() is True
    assert desk.states() == {"u1": "stale", "u2": "accepted", "u3": "not_applied"}


@pytest.mark.parametrize(("kind", "state"), [("sync", "not_applied"), ("revert", "accepted")])
def test_a_blank_over_a_value_is_written_by_a_revert_alone(desk: Desk, kind: str, state: str) -> None:
    """The guards look at what goes out, whoever planned it; a revert may bring back a blank that stood there."""
    desk.session.kind = kind
    desk.plan(_blank(desk.update("u1")))
    desk.apply()
    assert desk.states() == {"u1": state}
    assert [refusal.guard for refusal in desk.session.refusals] == ([] if state == "accepted" else ["blanks"])


# ---- the canary -------------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def early(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk whose canary is four writes, which go out in two calls."""
    monkeypatch.setattr(canary, "FIRST", LIKE_IT)
    return desk


def _rewritten(desk: Desk, *keys: str) -> None:
    """Let a workflow rewrite what these writes leave; their answers show what was sent."""

    def workflow(key: str, told: Outcome) -> Outcome:
        desk.record(key).values["first_name"] = "Robot"
        return told

    for key in keys:
        desk.far["crm"].answers[key] = partial(workflow, key)


def test_where_the_first_writes_show_the_rest_goes(early: Desk) -> None:
    """The first four go before all others, which go in calls as large as ever; nothing is refused, and no further pass is called for."""
    early.updates(9)
    assert early.apply() is False
    assert early.far["crm"].pushed == [["u1", "u2"], ["u3", "u4"], ["u5", "u6"], ["u7", "u8"], ["u9"]]
    assert set(early.states().values()) == {"accepted"}
    assert early.session.refusals == []


def test_where_the_first_writes_do_not_show_the_rest_is_held(early: Desk) -> None:
    """Nothing more of the pattern is written, with the reason; another object and the other system go on."""
    early.plan(
        *[early.update(f"u{n}", obj=FIRM) for n in range(1, 8)], *[early.update(f"v{n}") for n in range(1, 7)], early.update("o1", system="other")
    )
    _rewritten(early, "u2")
    assert early.apply() is False
    assert early.far["crm"].pushed == [["u1", "u2"], ["u3", "u4"], ["v1", "v2"], ["v3", "v4"], ["v5", "v6"]]
    assert early.keys("not_applied") == ["u5", "u6", "u7"]
    assert {early.why(key) for key in ("u5", "u6", "u7")} == {HELD}
    assert early.states()["o1"] == "accepted"
    (refusal,) = early.session.refusals
    assert (refusal.system, refusal.guard, refusal.seen, refusal.of) == ("crm", "canary", 1, 3)


def test_all_of_the_first_writes_are_read_back_before_any_other_goes(early: Desk) -> None:
    """Also where calls go side by side: those of the canary make a window of their own, and the last of them is looked at like the first."""
    early.connectors["crm"].batch_size, early.connectors["crm"].side_by_side = 1, 4
    early.updates(9)
    _rewritten(early, "u4")
    early.apply()
    assert sorted(early.far["crm"].pushed) == [["u1"], ["u2"], ["u3"], ["u4"]]
    assert early.keys("not_applied") == ["u5", "u6", "u7", "u8", "u9"]


def test_a_small_pattern_does_not_wait_for_a_large_one(early: Desk) -> None:
    """It fills up the calls of the first ones, and is written though the large one is held."""
    other = replace(early.update("w1"), values={"last_name": "Lane"})
    early.plan(*[early.update(f"u{n}") for n in range(1, 7)], other)
    _rewritten(early, "u1")
    early.apply()
    assert early.far["crm"].pushed == [["u1", "u2"], ["u3", "u4"], ["w1"]]
    assert early.keys("not_applied") == ["u5", "u6"]


def test_what_one_pass_held_is_held_in_the_next(early: Desk) -> None:
    """A pattern is judged once in a run: its writes are put off before any call, and what is no such write goes out."""
    early.updates(6)
    _rewritten(early, "u1")
    early.apply()
    early.plan(early.update("u7"), replace(early.update("w1"), values={"last_name": "Lane"}))
    early.apply()
    assert early.far["crm"].pushed[2:] == [["w1"]]
    assert early.why("u7") == HELD
    assert early.progress[-1] == ("writing", "crm", 0, 2)


def test_creates_have_a_canary_of_their_own(early: Desk) -> None:
    """Held creates hold no update."""
    early.plan(*[early.create(f"n{n}") for n in range(1, 7)], early.update("u1"))
    early.far["crm"].answers["n1"] = lambda told: (early.far["crm"].remote.rows[str(told.record_id)].values.update(last_name="Robot"), told)[1]
    early.apply()
    assert early.far["crm"].pushed == [["n1", "n2"], ["n3", "n4"], ["u1"]]
    assert early.keys("not_applied") == ["n5", "n6"]


def test_what_cannot_be_read_back_goes_no_further(early: Desk) -> None:
    """The login is refused at the look between the first ones and the rest: it is left out, and what is left waits with the reason."""
    early.updates(6)
    early.far["crm"].meanwhile = lambda changes: setattr(early.far["crm"], "reading", AccessDenied("No more.") if changes[0].key == "u3" else None)
    assert early.apply() is False
    assert early.keys("accepted") == ["u1", "u2", "u3", "u4"]
    assert {early.why(key) for key in ("u5", "u6")} == {"No more."}
    assert str(early.session.troubles["crm"]) == "No more."
