"""The laws hold for every preset, and each catches an implementation or a mapping that breaks it."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from leadhub.lifecycle.checks import conditions
from leadhub.lifecycle.laws import Lens, check, records
from leadhub.lifecycle.nearest import Constraint, get, joint_of, nearest_of
from leadhub.lifecycle.relation import KEEP, Box, NativeState, Relation
from leadhub.lifecycle.states import VALID
from leadhub.model.state import State


def test_every_preset_obeys_every_law(presets: Mapping[str, Relation]) -> None:
    """R1 to R8 hold for all 31 presets, over all states, values and conditions."""
    assert len(presets) == 31
    reports = {name: check([relation]) for name, relation in presets.items()}
    assert {name: report.failures for name, report in reports.items() if report.failures} == {}
    assert sum(report.checks for report in reports.values()) > 100_000


@pytest.mark.parametrize(
    "names",
    [
        ("hubspot-contact", "salesforce-lead", "salesforce-opportunity"),
        ("salesforce-lead-five", "hubspot-lead-object", "hubspot-deal"),
        ("salesforce-lead", "lead-prospect-customer", "pipedrive-deal"),
    ],
)
def test_systems_that_are_used_together_settle_together(presets: Mapping[str, Relation], names: tuple[str, ...]) -> None:
    """R8 and R9 hold for each pair of what deployments have: both CRMs with a deal's object or a file."""
    assert check([presets[name] for name in names]).failures == ()


@pytest.mark.parametrize("answer", [None, "maybe later", "cannot tell"])
def test_every_answer_to_a_question_is_sound(load: Callable[..., Relation], answer: str | None) -> None:
    """The laws hold for the Salesforce Lead with its question open, and with each answer."""
    assert check([load("salesforce-lead", answer)]).failures == ()


def test_a_configuration_of_two_systems_is_checked_quickly(hubspot: Relation, salesforce: Relation) -> None:
    """The check at each start does not make anybody wait; the bound is generous, benchmarks/laws.py tells the real time."""
    started = time.process_time()
    check([hubspot, salesforce])
    assert time.process_time() - started < 5


def get_first_listed(relation: Relation, values: NativeState, state: State, **_: Any) -> State:
    """R3: an assignment, the first state that the values allow."""
    return min(relation.allowed(values), key=VALID.index)


def get_stage_only(relation: Relation, values: NativeState, state: State, **_: Any) -> State:
    """R1: takes over the stage and forgets the rest."""
    allowed = {allowed.stage for allowed in relation.allowed(values)}
    return state if state.stage in allowed else State(min(allowed), state.status, "open") if state.status != "in_deal" else VALID[0]


def get_unchecked(relation: Relation, values: NativeState, state: State, **kwargs: Any) -> State:
    """R7: changes the stage and lets the status stand, valid or not."""
    return replace(state, stage=get(relation, values, state, **kwargs).stage)


def put_always_preferred(relation: Relation, name: str, values: NativeState, state: State) -> object:
    """R3 and R5: writes its favorite over values that are as good."""
    row = relation.row(name, values)
    preferred = relation.preferred(name, state, values)
    return KEEP if row is None or preferred is None or preferred == values[name] or relation.is_frozen(values) else preferred


def put_never(relation: Relation, name: str, values: NativeState, state: State) -> object:
    """R2: keeps what contradicts."""
    return KEEP


def put_initial_value(relation: Relation, name: str, values: NativeState, state: State) -> object:
    """R2 and R4: corrects a contradiction with the value of a new lead."""
    return KEEP if relation.put(name, values, state) is KEEP else relation.preferred(name, State("lead", "new", "open"))


def put_forgetful(relation: Relation, name: str, values: NativeState, state: State) -> object:
    """R4: writes the right value, and again when it is there."""
    row = relation.row(name, values)
    preferred = relation.preferred(name, state, values)
    return KEEP if preferred is None or row is None or (row.reads.contains(state) and values[name] != preferred) else preferred


def joint_last_wins(said: Iterable[Constraint], base: State) -> State | None:
    """R9: reads one record after the other."""
    if joint_of(tuple(said), base) is None:
        return None
    for states, rows in said:
        base = nearest_of(states, base, rows)
    return base


def joint_first_rows(said: Iterable[Constraint], base: State) -> State | None:
    """R9: lets the first record's likings decide, so that the order shows."""
    constraints = tuple(said)
    states = constraints[0][0] & constraints[1][0]
    return nearest_of(states, base, constraints[0][1]) if states else None


MUTANTS = [
    ("R1", Lens(get=get_stage_only)),
    ("R2", Lens(put=put_never)),
    ("R2", Lens(put=put_initial_value)),
    ("R3", Lens(get=get_first_listed)),
    ("R3", Lens(put=put_always_preferred)),
    ("R4", Lens(put=put_forgetful)),
    ("R5", Lens(put=put_always_preferred)),
    ("R7", Lens(get=get_unchecked)),
    ("R8", Lens(put=put_always_preferred)),
    ("R9", Lens(joint=joint_last_wins)),
    ("R9", Lens(joint=joint_first_rows)),
]


@pytest.mark.parametrize(("law", "lens"), MUTANTS, ids=lambda part: part if isinstance(part, str) else "")
def test_each_law_catches_a_wrong_implementation(law: str, lens: Lens, presets: Mapping[str, Relation]) -> None:
    """A get, put or joint reading that breaks the law is found on presets that obey it."""
    names = ("salesforce-lead-five", "anyleads-5-steps") if law in {"R8", "R9"} else ("salesforce-lead-five",)
    relations = [presets[name] for name in names]
    assert law in {failure.law for failure in check(relations, lens=lens).failures}


def test_r6_catches_a_mapping_with_two_writers(hubspot: Relation) -> None:
    """A second value written for the same states is named, with the state."""
    stage, status = hubspot.fields
    rows = tuple(replace(row, writes=(row.reads,)) if row.value == "IN_PROGRESS" else row for row in status.rows)
    report = check([replace(hubspot, fields=(stage, replace(status, rows=rows)))])
    assert {failure.law for failure in report.failures} >= {"R6"}
    assert all(failure.state.status in {"assigned", "attempting", "connected"} for failure in report.failures if failure.law == "R6")


def test_r6_catches_a_mapping_with_a_gap(salesforce: Relation) -> None:
    """A state that nothing is written for and that is not left alone is named."""
    (status,) = salesforce.fields
    report = check([replace(salesforce, fields=(replace(status, hold=()),))])
    assert {failure.law for failure in report.failures} == {"R6", "R2"} or {failure.law for failure in report.failures} == {"R6"}


def test_r2_catches_a_value_written_for_what_it_does_not_allow(salesforce: Relation) -> None:
    """The lens of a row whose writes go beyond its reads would change the lead back at the next read."""
    (status,) = salesforce.fields
    narrow = Box(frozenset({"lead"}), frozenset({"new"}), frozenset({"open"}))
    rows = tuple(replace(row, reads=narrow) if row.value == "Open - Not Contacted" else row for row in status.rows)
    report = check([replace(salesforce, fields=(replace(status, rows=rows),))])
    assert "R2" in {failure.law for failure in report.failures}


def test_r8_catches_an_edit_that_is_not_settled(hubspot: Relation, salesforce: Relation) -> None:
    """A reading that overshoots (here: every edit also moves the stage on) writes over what was typed or never rests."""

    def overshoot(relation: Relation, values: NativeState, state: State, **kwargs: Any) -> State:
        read = get(relation, values, state, **kwargs)
        return State("customer", "none", "open") if read != state and read.exit == "open" else read

    assert "R8" in {failure.law for failure in check([hubspot, salesforce], lens=Lens(get=overshoot)).failures}


def test_a_failure_says_law_place_and_values(hubspot: Relation) -> None:
    """A failure can be understood by who wrote the mapping."""
    failure = check([hubspot], lens=Lens(put=put_never)).failures[0]
    assert str(failure).startswith("R2 hubspot.contacts {")
    assert "is kept though it rules the state out" in str(failure)


def test_records_cover_values_blank_unmapped_and_conditions(salesforce: Relation, opportunity: Relation) -> None:
    """The cases include each value, a blank without a row (it stands for what nobody mapped), and both sides of every condition."""
    shown = list(records(salesforce))
    assert {record["Status"] for record in shown} == {"", *(row.value for row in salesforce.fields[0].rows)}
    converted = [record["ConvertedOpportunityId"] for record in shown if record["Status"] == "Closed - Converted"]
    assert sorted(converted) == ["", "(any)"]
    assert {(c["IsClosed"], c["IsWon"]) for c in conditions(opportunity.fields[0].rows)} >= {("true", "true"), ("true", "false"), ("", "")}
