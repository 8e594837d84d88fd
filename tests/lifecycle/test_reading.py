"""What the relation, the nearest state and the statechart promise, over all states and arbitrary records."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadhub.lifecycle.laws import records
from leadhub.lifecycle.nearest import Reading, get, joint, nearest
from leadhub.lifecycle.relation import KEEP, Box, Relation
from leadhub.lifecycle.statechart import classify, entry_defaults, implied_stages, new_cycle, reentry_cycle, status_after_owner_change
from leadhub.lifecycle.states import VALID, explain_invalid, is_valid, pack, stage_rank, unpack
from leadhub.lifecycle.wording import describe
from leadhub.model.state import EXITS, FACETS, STAGES, STATUSES, State

states = st.sampled_from(VALID)
some_states = st.frozensets(states, min_size=1)
H_STAGE, H_STATUS = frozenset({"lifecyclestage"}), frozenset({"hs_lead_status"})


def state(text: str) -> State:
    """`mql/new/open` as a state."""
    return State(*text.split("/"))


@st.composite
def readings(draw: st.DrawFn, presets: dict[str, Relation]) -> Reading:
    """Any record of any preset, with any fields silent."""
    relation = presets[draw(st.sampled_from(sorted(presets)))]
    values = draw(st.sampled_from(list(records(relation))))
    return Reading(relation, values, frozenset(draw(st.sets(st.sampled_from(relation.state_fields)))))


# ---- states ------------------------------------------------------------------------------------------------------------------------------
def test_six_rules_leave_69_states() -> None:
    """Of 280 combinations 69 exist, and each of the others is explained."""
    everything = [State(stage, status, exit_) for stage in STAGES for status in STATUSES for exit_ in EXITS]
    assert len(everything) == 280
    assert len(VALID) == 69
    assert [s for s in everything if is_valid(s)] == list(VALID)
    assert all(explain_invalid(s) for s in everything if s not in VALID)
    assert explain_invalid(State("mql", "none", "lost")) == "a lead can be lost only at opportunity, not at mql"


def test_facets_are_read_and_replaced_by_name() -> None:
    """A facet can be replaced by any of its values and by nothing else."""
    assert state("mql/new/open").replace_facet("exit", "recycled").facet("exit") == "recycled"
    assert state("mql/new/open").replace_facet("stage", "sql").replace_facet("status", "none") == state("sql/none/open")
    with pytest.raises(ValueError, match="'sqll' is not a stage; stage is one of known, lead"):
        state("mql/new/open").replace_facet("stage", "sqll")


@given(some_states)
def test_sets_of_states_survive_packing(chosen: frozenset[State]) -> None:
    """Bits and states are two forms of the same set, and every set can be told in words."""
    assert unpack(pack(chosen)) == chosen
    assert describe(chosen)


# ---- nearest -----------------------------------------------------------------------------------------------------------------------------
@given(some_states, states)
def test_nearest_is_among_the_candidates_and_keeps_what_it_can(candidates: frozenset[State], base: State) -> None:
    """G7: the base itself if allowed; else the stage is kept where any candidate keeps it, then the exit."""
    found = nearest(candidates, base, ())
    assert found in candidates
    assert (found == base) == (base in candidates)
    keeping = {s for s in candidates if s.stage == base.stage}
    if keeping:
        assert found in keeping
        assert found.exit == base.exit or all(s.exit != base.exit for s in keeping)


@given(some_states, states)
def test_exits_alone_keep_the_stage_or_lower_it_least(candidates: frozenset[State], base: State) -> None:
    """G3: where every candidate has left, the stage falls as little as possible and rises only if it must."""
    left = {s for s in candidates if s.exit != "open"}
    if left:
        ranks = [stage_rank(s.stage) for s in left]
        lower = [rank for rank in ranks if rank <= stage_rank(base.stage)]
        assert stage_rank(nearest(left, base, ()).stage) == (max(lower) if lower else min(ranks))


def test_nothing_to_choose_from_is_an_error() -> None:
    """An empty set, or one of invalid states, has no nearest."""
    with pytest.raises(ValueError, match="no valid state"):
        nearest([State("lead", "none", "lost")], VALID[0], ())


@given(st.data(), states, st.integers(0, 2))
@settings(max_examples=100, deadline=None)
def test_records_read_together_do_not_depend_on_their_order(presets: dict[str, Relation], data: st.DataObject, base: State, turn: int) -> None:
    """R9 for up to three records of any systems: the same state in every order, allowed by all."""
    chosen = data.draw(st.lists(readings(presets), min_size=2, max_size=3))
    together = joint(chosen, base)
    assert joint([*chosen[turn:], *chosen[:turn]], base) == together
    assert joint(chosen[::-1], base) == together
    common = frozenset.intersection(*(r.relation.allowed(r.values, silent=r.silent) for r in chosen))
    assert (together in common) if common else together is None


@given(st.data(), states)
@settings(max_examples=100, deadline=None)
def test_reading_any_record_ends_in_what_it_allows(presets: dict[str, Relation], data: st.DataObject, base: State) -> None:
    """A(v) is never empty, and `get` ends in it; a state that is allowed stays."""
    reading = data.draw(readings(presets))
    allowed = reading.relation.allowed(reading.values, silent=reading.silent)
    read = get(reading.relation, reading.values, base, silent=reading.silent)
    assert read in allowed
    assert (read == base) == (base in allowed)


@given(st.data(), states)
@settings(max_examples=100, deadline=None)
def test_what_contradicts_is_what_the_rows_rule_out(presets: dict[str, Relation], data: st.DataObject, base: State) -> None:
    """A field contradicts by the first facet in the order exit, stage, status; where none does nothing is to be written."""
    reading = data.draw(readings(presets))
    relation, values, silent, *_ = reading
    named = dict(relation.contradicted_fields(values, base, silent=silent))
    for name in relation.state_fields:
        written = relation.put(name, values, base, silent=silent)
        if name not in named:
            assert written is KEEP
        else:
            assert relation.contradicts(values, named[name], base, silent=silent)
    if not named:
        assert not any(relation.contradicts(values, facet, base, silent=silent) for facet in FACETS)


# ---- relation ----------------------------------------------------------------------------------------------------------------------------
def test_names_are_the_state_fields_and_those_of_conditions(hubspot: Relation, salesforce: Relation, opportunity: Relation) -> None:
    """A connector asks for exactly these fields."""
    assert hubspot.names == ("lifecyclestage", "hs_lead_status")
    assert salesforce.names == ("Status", "ConvertedOpportunityId")
    assert opportunity.names == ("StageName", "IsClosed", "IsWon")
    assert salesforce.state_fields == ("Status",)
    assert len({hubspot, salesforce, hubspot}) == 2


def test_a_silent_or_unmapped_value_allows_everything(hubspot: Relation) -> None:
    """G1: neither says anything, and neither is written over."""
    blank = {"lifecyclestage": "", "hs_lead_status": ""}
    assert hubspot.allowed(blank, silent=H_STAGE | H_STATUS) == frozenset(VALID)
    assert hubspot.unmapped({"lifecyclestage": "77", "hs_lead_status": ""}) == ("lifecyclestage",)
    assert hubspot.put("lifecyclestage", {"lifecyclestage": "77"}, state("mql/new/open")) is KEEP
    assert hubspot.put("hs_lead_status", blank, state("mql/new/open"), silent=H_STATUS) is KEEP
    assert hubspot.put("hs_lead_status", blank, state("mql/new/open")) == "NEW"


def test_the_ordered_field_speaks_where_fields_have_nothing_in_common(hubspot: Relation) -> None:
    """HubSpot customer with OPEN_DEAL is a customer; the other field is a matter of quality."""
    values = {"lifecyclestage": "customer", "hs_lead_status": "OPEN_DEAL"}
    assert not hubspot.has_common_state(values)
    assert {s.stage for s in hubspot.allowed(values)} == {"customer"}
    assert get(hubspot, values, state("lead/new/open")) == state("customer/new/open")


def test_a_relation_can_be_restricted_to_the_fields_of_one_lead(hubspot: Relation) -> None:
    """Two fields that speak of different leads are read apart."""
    status = hubspot.restricted_to(["hs_lead_status"])
    assert status.state_fields == ("hs_lead_status",)
    assert get(status, {"lifecyclestage": "customer", "hs_lead_status": "CONNECTED"}, state("lead/new/open")) == state("lead/connected/open")


def test_what_a_record_speaks_of(hubspot: Relation, salesforce: Relation) -> None:
    """A record speaks of a facet if it leaves out any of its values."""
    assert hubspot.speaks_of({"lifecyclestage": "mql"}, "stage", silent=H_STATUS) is False  # no such value: unmapped
    assert hubspot.speaks_of({"lifecyclestage": "customer"}, "stage", silent=H_STATUS)
    assert salesforce.speaks_of({"Status": "Working - Contacted"}, "status")
    assert not salesforce.speaks_of({"Status": "Unknown"}, "status")


def test_a_converted_record_is_frozen(salesforce: Relation) -> None:
    """G2 and T11: nothing is written to it, and leaving the value undoes the conversion."""
    converted = {"Status": "Closed - Converted", "ConvertedOpportunityId": "006"}
    assert salesforce.is_frozen(converted)
    assert salesforce.put("Status", converted, state("mql/none/disqualified")) is KEEP
    assert salesforce.is_unconverted(converted, {"Status": "Open - Not Contacted"})
    assert not salesforce.is_unconverted({"Status": "Open - Not Contacted"}, converted)


def test_a_condition_chooses_between_rows_of_a_value(salesforce: Relation) -> None:
    """A conversion without an opportunity can be read as SQL, one with an opportunity cannot."""
    without = salesforce.allowed({"Status": "Closed - Converted", "ConvertedOpportunityId": ""})
    with_one = salesforce.allowed({"Status": "Closed - Converted", "ConvertedOpportunityId": "006"})
    assert without - with_one == {s for s in without if s.stage == "sql"}
    assert with_one < without


def test_left_alone_is_not_the_same_as_kept(salesforce: Relation) -> None:
    """Where the system has no word, put writes nothing though the value contradicts."""
    values = {"Status": "Working - Contacted", "ConvertedOpportunityId": ""}
    assert salesforce.put("Status", values, state("opportunity/in_deal/open")) is None
    assert salesforce.is_held("Status", state("opportunity/in_deal/open"))
    assert salesforce.put("Status", values, state("mql/nurturing/open")) is KEEP


def test_two_edits_of_a_record_are_read_together(hubspot: Relation) -> None:
    """Stage and status edited at once: both speak."""
    before, after = {"lifecyclestage": "lead", "hs_lead_status": "NEW"}, {"lifecyclestage": "salesqualifiedlead", "hs_lead_status": "CONNECTED"}
    assert get(hubspot, after, state("lead/new/open"), edited=H_STAGE | H_STATUS, before=before) == state("sql/connected/open")


@pytest.mark.parametrize(
    ("known", "was", "now", "expected"),
    [
        ("sql/none/open", "lead", "marketingqualifiedlead", "sql/none/open"),
        ("sql/none/open", "lead", "opportunity", "opportunity/none/open"),
        ("lead/none/open", "opportunity", "customer", "customer/none/open"),
        ("sql/none/open", "salesqualifiedlead", "marketingqualifiedlead", "mql/none/open"),
    ],
)
def test_a_standing_difference_does_not_pull_the_lead_back(hubspot: Relation, known: str, was: str, now: str, expected: str) -> None:
    """Who stands behind and comes closer takes nothing back; who goes past, or comes from where the lead is, moves it."""
    before, after = {"lifecyclestage": was, "hs_lead_status": ""}, {"lifecyclestage": now, "hs_lead_status": ""}
    assert get(hubspot, after, state(known), edited=H_STAGE, before=before) == state(expected)


def test_boxes_are_product_sets() -> None:
    """A box contains a state if it allows each of its facets, and can be widened facet by facet."""
    box = Box(frozenset({"mql"}), frozenset({"new"}), frozenset({"open"}))
    assert box.contains(state("mql/new/open"))
    assert not box.contains(state("mql/none/open"))
    assert box.widened(["status"]).contains(state("mql/none/open"))
    assert box.allows("stage", "mql")
    assert not box.allows("exit", "lost")


# ---- statechart --------------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("lead/new/open", "lead/new/open", "none"),
        ("lead/new/open", "mql/new/open", "forward"),
        ("lead/new/open", "customer/none/open", "jump"),
        ("sql/none/open", "lead/none/open", "back"),
        ("opportunity/in_deal/open", "sql/none/open", "back"),
        ("customer/none/open", "lead/none/open", "from_customer"),
        ("advocate/none/open", "customer/none/open", "from_customer"),
        ("customer/none/open", "opportunity/none/lost", "from_customer"),
        ("customer/none/open", "customer/none/churned", "exit"),
        ("mql/new/open", "mql/none/recycled", "exit"),
        ("mql/none/disqualified", "mql/none/recycled", "exit_change"),
        ("mql/none/recycled", "mql/new/open", "reentry"),
        ("opportunity/none/lost", "customer/none/open", "reentry"),
        ("mql/new/open", "mql/connected/open", "status"),
    ],
)
def test_moves_are_named(old: str, new: str, kind: str) -> None:
    """T1 to T3 and T6 to T10: each move has one name and a rule."""
    move = classify(state(old), state(new))
    assert move.kind == kind
    assert move.rule
    assert move.lowers == (stage_rank(state(new).stage) < stage_rank(state(old).stage))


def test_a_jump_implies_the_stages_between() -> None:
    """Edge 11: from known to customer five stages are entered on the way; a step back implies none."""
    assert implied_stages(state("known/none/open"), state("customer/none/open")) == ("lead", "mql", "sal", "sql", "opportunity")
    assert implied_stages(state("customer/none/open"), state("known/none/open")) == ()


@given(states, states, some_states)
def test_entry_defaults_change_only_the_status_and_only_within_what_is_allowed(old: State, new: State, allowed: frozenset[State]) -> None:
    """G5: stage and exit stand, and a default that the values rule out does not happen."""
    entered = entry_defaults(old, new, allowed)
    assert (entered.stage, entered.exit) == (new.stage, new.exit)
    assert entered == new or entered in allowed


def test_entry_defaults_on_opportunity_and_customer() -> None:
    """In a deal on entering opportunity, also from an exit; no status as a customer; nothing where the stage was there already."""
    everything = frozenset(VALID)
    assert entry_defaults(state("sql/connected/open"), state("opportunity/connected/open"), everything) == state("opportunity/in_deal/open")
    assert entry_defaults(state("opportunity/none/lost"), state("opportunity/none/open"), everything) == state("opportunity/in_deal/open")
    assert entry_defaults(state("lead/new/open"), state("customer/new/open"), everything) == state("customer/none/open")
    assert entry_defaults(state("opportunity/new/open"), state("opportunity/none/open"), everything) == state("opportunity/none/open")
    assert entry_defaults(state("sql/new/open"), state("opportunity/none/lost"), everything) == state("opportunity/none/lost")


def test_coming_back_opens_a_new_cycle_or_mends_the_old() -> None:
    """T8: an inbound event or a long absence opens a new cycle; anything else is a correction."""
    assert reentry_cycle(inbound=True, since_exit=timedelta(0)) == "new"
    assert reentry_cycle(inbound=False, since_exit=timedelta(days=31)) == "new"
    assert reentry_cycle(inbound=False, since_exit=timedelta(days=30)) == "same"
    assert new_cycle() == state("lead/new/open")
    assert status_after_owner_change(state("sql/connected/open"), reset=True) == state("sql/new/open")
    assert status_after_owner_change(state("sql/none/recycled"), reset=True) == state("sql/none/recycled")
