"""The rule for fields, cell by cell: who is adopted, who is written, who is left alone, and who is asked about."""

# ruff: noqa: ANN001, ANN201, ANN202 - the builders' arguments are plain words

import pytest

from leadhub.core.sides import FOUGHT, PUT_BACK

SF, HS, PD = "salesforce/record/1", "hubspot/record/1", "pipedrive/record/1"


def test_an_unedited_current_side_moves_nothing(table):
    """Current and not edited: nothing happens."""
    out = table.run([table.side("salesforce", "hub"), table.side("hubspot", "hub")])
    assert (out.canonical.version, out.writes, out.taken, out.question) == (3, [], [], None)


def test_an_unedited_behind_side_that_shows_the_value_advances_without_a_write(table):
    """Behind, not edited, consistent: the version moves and nothing is written."""
    out = table.run([table.side("hubspot", "HUB ", "HUB ", 2)])
    assert out.writes == []
    assert out.bases[HS].version == 3


def test_an_unedited_behind_side_that_differs_is_written(table):
    """Behind, not edited, inconsistent: a write, and the base waits for its outcome."""
    out = table.run([table.side("hubspot", "old", "old", 2)])
    assert out.writes == [HS]
    assert out.bases[HS].version == 2


def test_a_side_that_may_not_be_written_waits(table):
    """Behind and inconsistent where writing is not allowed: it stays behind and is listed."""
    out = table.run([table.side("hubspot", "old", "old", 2, writable=False)])
    assert (out.writes, out.waiting) == ([], [HS])
    assert out.bases[HS].version == 2


def test_an_edit_on_a_current_side_is_adopted_and_written_to_the_others(table):
    """Edited and current: causal. The hub takes it as a new version, and who is behind then is written."""
    out = table.run([table.side("salesforce", "new"), table.side("hubspot", "hub")])
    assert (out.canonical.value, out.canonical.version, out.canonical.origin) == ("new", 4, "salesforce")
    assert (out.bases[SF].value, out.bases[SF].version) == ("new", 4)
    assert out.writes == [HS]


def test_an_edit_to_the_value_that_the_hub_holds_is_agreement(table):
    """Edited, current, equal to the hub: the base follows, the version does not move."""
    out = table.run([table.side("salesforce", "hub", "other", 3, "adopted")])
    assert (out.canonical.version, out.bases[SF].value, out.bases[SF].how, out.taken) == (3, "hub", "agreed", [])


def test_an_edit_on_a_side_that_was_behind_is_a_conflict(table):
    """Edited and behind: concurrent. Under `review` a person is asked and nothing of the field moves or is written."""
    sides = [table.side("salesforce", "mine", "old", 2), table.side("hubspot", "old", "old", 2)]
    out = table.run(sides)
    assert out.question == {"hub": "hub", SF: "mine", HS: "old"}
    assert (out.canonical.version, out.writes, out.taken) == (3, [], [])
    assert out.bases == {s.id: s.link.base["title"] for s in sides}


def test_a_first_contact_waits_while_a_person_is_asked(table):
    """A newcomer gets no base while the field is in review."""
    out = table.run([table.side("salesforce", "mine", "old", 2), table.side("pipedrive", "x", "-")])
    assert out.question is not None
    assert PD not in out.bases


def test_an_edit_of_a_behind_side_to_the_hubs_value_is_no_conflict(table):
    """Both came to the same value: agreed, no question."""
    out = table.run([table.side("salesforce", " HUB", "old", 2)])
    assert (out.question, out.bases[SF].version, out.writes) == (None, 3, [])


def test_equal_edits_in_one_round_are_adopted_once(table):
    """Two people typed the same: one new version, both current."""
    out = table.run([table.side("salesforce", "new"), table.side("hubspot", "New")])
    assert out.canonical.version == 4
    assert {out.bases[SF].version, out.bases[HS].version} == {4}
    assert out.writes == []


def test_different_edits_in_one_round_are_a_conflict(table):
    """Two people typed differently: a person is asked."""
    assert table.run([table.side("salesforce", "a"), table.side("hubspot", "b")]).question is not None


def test_who_already_shows_the_adopted_value_is_current_at_once(table):
    """A bystander that shows the value which an edit of this round brought need not wait for the next round to be current."""
    out = table.run([table.side("salesforce", "b"), table.side("hubspot", "b", "b", 3, "adopted")])
    assert out.bases[HS].version == out.canonical.version == 4


@pytest.mark.parametrize("sides_first", ["salesforce", "hubspot"])
def test_prefer_takes_the_preferred_partys_edit_and_writes_the_loser_once(table, sides_first):
    """`prefer` decides between edits; the loser is written, and its value is kept in the journal."""
    sides = [table.side("salesforce", "a"), table.side("hubspot", "b")]
    out = table.run(sides if sides_first == "salesforce" else sides[::-1], prefer="hubspot")
    assert (out.canonical.value, out.writes) == ("b", [SF])
    assert [(t.new, t.taken) for t in out.taken] == [("b", True), ("a", False)]
    assert (out.bases[SF].value, out.bases[SF].how) == ("a", "lost")
    assert out.bases[SF].version < out.canonical.version


def test_a_loser_that_was_not_written_yet_is_not_judged_again(table):
    """The next round finds the loser unedited and behind: it is written, without another conflict."""
    out = table.run([table.side("salesforce", "a", "a", 3, "lost"), table.side("hubspot", "b", "b", 4)], hub="b", version=4, prefer="hubspot")
    assert (out.question, out.writes, out.taken) == (None, [SF], [])


def test_prefer_decides_only_if_the_system_is_a_party(table):
    """With the preferred system out of it, the configured order of systems decides."""
    out = table.run([table.side("salesforce", "a"), table.side("hubspot", "b"), table.side("pipedrive", "hub")], prefer="pipedrive")
    assert out.canonical.value == "a"


def test_the_hubs_value_is_a_party_through_its_origin(table):
    """What the preferred system said earlier beats an edit that had not seen it."""
    out = table.run([table.side("salesforce", "mine", "old", 2)], origin="hubspot", prefer="hubspot")
    assert (out.canonical.value, out.canonical.version, out.writes) == ("hub", 3, [SF])


@pytest.mark.parametrize(("cause", "listed"), [("edit", True), ("adopted", False)])
def test_an_edit_that_the_hub_held_and_that_loses_is_listed_too(table, cause, listed):
    """Read in an earlier round than the edit that beats it, a person's value is overruled all the same: it is kept in the journal as lost."""
    out = table.run([table.side("salesforce", "mine", "old", 2)], origin="hubspot", cause=cause, prefer="salesforce")
    assert (out.canonical.value, out.canonical.version) == ("mine", 4)
    assert [(t.old, t.new, t.version, t.origin) for t in out.taken if not t.taken] == [("mine", "hub", 4, "hubspot")] * listed


def test_against_a_persons_decision_a_person_is_asked(table):
    """`prefer` never overrides a decision that the edit had not seen."""
    out = table.run([table.side("hubspot", "mine", "old", 2)], cause="decision", origin="decision", prefer="hubspot")
    assert out.question is not None


def test_an_edit_after_a_write_of_unknown_outcome_is_asked_about(table):
    """Nobody knows whether the edit was made over the new value or the old one: a review, under every policy."""
    out = table.run([table.side("hubspot", "mine", "old", 2, "unknown")], prefer="hubspot")
    assert out.question is not None


def test_a_blank_edit_stands_and_is_not_refilled(table):
    """Cleared: the blank does not travel, and that side stays blank until an edit elsewhere."""
    out = table.run([table.side("hubspot", None), table.side("salesforce", "hub")])
    assert (out.canonical.value, out.bases[HS].how, out.bases[HS].version, out.writes) == ("hub", "cleared", 3, [])
    later = table.run([table.side("hubspot", None, None, 3, "cleared"), table.side("salesforce", "new")])
    assert later.writes == [HS]


def test_a_blank_edit_travels_where_the_field_says_so(table):
    """`clear = "propagate"` makes a blank an edit like any other."""
    out = table.run([table.side("hubspot", None), table.side("salesforce", "hub")], clear="propagate")
    assert (out.canonical.value, out.writes) == (None, [SF])


def test_an_edit_that_is_not_permitted_stands(table):
    """Only the owner changes an owned field; the other side is left as it is."""
    out = table.run([table.side("hubspot", "mine"), table.side("salesforce", "hub")], owner="salesforce")
    assert (out.canonical.value, out.bases[HS].how, out.bases[HS].version, out.writes) == ("hub", "not_permitted", 3, [])


def test_strict_ownership_writes_the_other_side_back_and_keeps_its_value(table):
    """With `strict` the other side becomes behind; what it said is in the journal."""
    out = table.run([table.side("hubspot", "mine"), table.side("salesforce", "hub")], owner="salesforce", strict=True)
    assert (out.writes, [(t.new, t.taken) for t in out.taken]) == ([HS], [("mine", False)])


def test_an_automation_that_answers_every_write_is_left_standing(table, automation):
    """After three answered writes the side stands as `rewritten`, even under strict ownership."""
    for policy in ({}, {"owner": "salesforce", "strict": True}):
        out = table.run([table.side("hubspot", "theirs", "hub", 3, "sent", bounced=2 * FOUGHT, by=automation)], **policy)
        assert (out.bases[HS].how, out.writes, out.canonical.value) == ("rewritten", [], "hub")


def test_a_persons_edit_after_answered_writes_travels(table):
    """The breaker is about automation: a person who edits there is heard."""
    assert table.run([table.side("hubspot", "mine", "hub", 3, "sent", bounced=2 * FOUGHT)]).canonical.value == "mine"


def test_a_later_edit_on_a_standing_side_travels(table):
    """A standing difference binds nobody: its side may be edited like any other."""
    for how in ("adopted", "cleared", "not_permitted", "rewritten", "decided"):
        out = table.run([table.side("hubspot", "new", "standing", 3, how), table.side("salesforce", "hub")])
        assert (out.canonical.value, out.writes) == ("new", [SF]), how


def test_first_contact_keeps_old_differences(table):
    """`keep`: what differed before adoption stands as `adopted`; nothing is written because of it."""
    out = table.run([table.side("hubspot", "theirs", "-"), table.side("salesforce", "hub")])
    assert (out.bases[HS].how, out.bases[HS].version, out.writes, out.canonical.version) == ("adopted", 3, [], 3)


def test_first_contact_fills_blanks_where_told(table):
    """`fill`: a blank newcomer is written, one with a value of its own is not."""
    out = table.run([table.side("hubspot", None, "-"), table.side("pipedrive", "x", "-")], adoption={"hubspot": "fill", "pipedrive": "fill"})
    assert (out.writes, out.bases[PD].how) == ([HS], "adopted")


def test_first_contact_prefers_over_first_contact_alone(table):
    """`prefer` replaces what itself came from first contact, and nothing that a person or an edit made."""

    def meet(cause):
        sides = [table.side("hubspot", "theirs", "-"), table.side("salesforce", "hub", how="adopted")]
        return table.run(sides, cause=cause, adoption={"hubspot": "prefer"})

    assert (meet("adopted").canonical.value, meet("adopted").writes) == ("theirs", [SF])
    for cause in ("edit", "decision"):
        assert (meet(cause).canonical.value, meet(cause).writes) == ("hub", [])


def test_a_field_that_the_hub_never_had_is_adopted(table):
    """The first value is the preferred system's, else the configured order's; other values stand."""
    sides = [table.side("hubspot", "h", "-"), table.side("salesforce", "s", "-"), table.side("pipedrive", None, "-")]
    out = table.run(sides, version=0)
    assert (out.canonical.value, out.canonical.version, out.bases[HS].how, out.writes) == ("s", 1, "adopted", [])
    assert table.run(sides, version=0, adoption={"hubspot": "prefer"}).canonical.value == "h"
    assert table.run(sides, version=0, owner="hubspot").canonical.value == "h"


def test_who_was_adopted_before_there_was_a_value_is_not_written_by_the_first_one(table):
    """A non-owner's value met the hub first; the owner's arrival is first contact too, and overwrites nothing."""
    sides = [table.side("hubspot", "theirs", "theirs", 0, "adopted"), table.side("salesforce", "ours", "-")]
    out = table.run(sides, version=0, owner="salesforce")
    assert (out.canonical.value, out.writes, out.bases[HS].version) == ("ours", [], 1)


def test_a_side_made_behind_by_fill_that_is_edited_first_is_heard(table):
    """Its editor had seen all there was to see."""
    out = table.run([table.side("hubspot", "typed", None, 2, "fill"), table.side("salesforce", "hub")])
    assert (out.canonical.value, out.question) == ("typed", None)


def test_a_side_made_behind_by_fill_is_concurrent_with_anything_newer(table):
    """Once the hub has moved on since first contact, the same edit is a conflict."""
    out = table.run([table.side("hubspot", "typed", None, 1, "fill"), table.side("salesforce", "hub")])
    assert out.question is not None


def test_a_fresh_decision_is_taken_and_consumed(table):
    """The decided value is a new version, everybody who shows something else is written."""
    sides = [table.side("salesforce", "a", "old", 2), table.side("hubspot", "b", "old", 2)]
    out = table.run(sides, decisions=[table.decision("b", {"salesforce": "a", "hubspot": "b"})])
    assert (out.canonical.value, out.canonical.version, out.canonical.cause) == ("b", 4, "decision")
    assert (out.writes, out.decided, out.question) == ([SF], ["d1"], None)
    assert out.bases[HS].version == 4


def test_a_decision_to_leave_writes_nobody(table):
    """`leave` makes all sides current as they are."""
    sides = [table.side("salesforce", "a", "old", 2), table.side("hubspot", "b", "old", 2)]
    out = table.run(sides, decisions=[table.decision("a", {"salesforce": "a", "hubspot": "b"}, leave=True)])
    assert (out.canonical.value, out.writes, out.bases[HS].how) == ("a", [], "decided")


@pytest.mark.parametrize("saw", [{"salesforce": "a", "hubspot": "earlier"}, {"salesforce": "a"}])
def test_an_overtaken_decision_leaves_the_question_open(table, saw):
    """A side shows what nobody had seen, or was not there: nothing moves, and the decision is not consumed until it is made anew."""
    sides = [table.side("salesforce", "a", "old", 2), table.side("hubspot", "b", "old", 2)]
    stale = table.decision("b", saw)
    out = table.run(sides, decisions=[stale])
    assert (out.canonical.version, out.decided, out.question is not None) == (3, [], True)
    fresh = table.decision("b", {"salesforce": "a", "hubspot": "b"}, number=2)
    assert table.run(sides, decisions=[stale, fresh]).decided == ["d1", "d2"]


def test_a_cut_off_value_is_not_an_edit(table):
    """A side that holds only eight characters agrees with a longer value that begins with them."""
    out = table.run([table.side("hubspot", "a long t", "a long title", limit=8)], hub="a long title")
    assert (out.writes, out.taken, out.canonical.version) == ([], [], 3)


@pytest.mark.parametrize("prefer", [None, "hubspot", "salesforce"])
@pytest.mark.parametrize("shown", ["old", None])
def test_what_was_put_back_is_asked_about_whoever_is_preferred(table, shown, prefer):
    """It is older than what leadhub knows, so it does not travel; and it is not written over either, whatever the policy says of edits."""
    out = table.run([table.side("hubspot", shown, "hub", how="put_back"), table.side("salesforce", "hub")], prefer=prefer)
    assert (out.canonical.value, out.note, out.writes) == ("hub", PUT_BACK, [])
    assert out.question == {"hub": "hub", HS: shown, SF: "hub"}


def test_what_was_put_back_to_what_leadhub_holds_is_no_question(table):
    """Behind when it was put back, and it shows just the present value."""
    out = table.run([table.side("hubspot", "hub", "newer", 2, "put_back"), table.side("salesforce", "hub")])
    assert (out.canonical.value, out.question, out.writes, out.bases[HS].how) == ("hub", None, [], "agreed")
