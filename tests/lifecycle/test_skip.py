"""A stage that a team does not use: its states are those of the stage before it, in reading, in writing and in the moves of a lead."""

import tomllib
from pathlib import Path

import pytest

from leadhub.lifecycle.folding import folded
from leadhub.lifecycle.laws import check
from leadhub.lifecycle.loader import load_relation, read_relation
from leadhub.lifecycle.nearest import get
from leadhub.lifecycle.relation import KEEP, Relation
from leadhub.lifecycle.statechart import classify, implied_stages
from leadhub.lifecycle.states import VALID
from leadhub.model.state import State

SKIPS = [("sal",), ("mql",), ("sal", "sql"), ("advocate",), ("mql", "sal", "sql", "advocate")]
ACCEPTED = """system = "crm"
object = "Lead"
[field.Step]
map = [
 { value = "Marketing", stage = ["<=mql"], exit = ["open"] },
 { value = "Accepted", stage = ["sal"], exit = ["open"] },
 { value = "Sales", stage = ["sql"], exit = ["open"] },
]
hold = [ { stage = ["opportunity+"] }, { exit = ["recycled", "disqualified"] } ]
"""


def load(text: str, skip: tuple[str, ...] = ()) -> Relation:
    return load_relation(tomllib.loads(text), source="preset.toml", skip=skip)


@pytest.mark.parametrize("skip", SKIPS, ids="-".join)
def test_every_preset_keeps_the_laws_without_these_stages(preset_paths: dict[str, Path], skip: tuple[str, ...]) -> None:
    """No preset has to be written anew for a team that skips a stage, and none is ever written for a skipped one."""
    for path in preset_paths.values():
        relation = load(path.read_text(encoding="utf-8"), skip)
        assert check([relation]).failures == (), path.stem
        for state in VALID:
            if state.stage in skip:
                assert all(relation.is_held(name, state) for name in relation.state_fields), (path.stem, state)


@pytest.mark.parametrize("skip", SKIPS, ids="-".join)
def test_reading_never_ends_in_a_skipped_stage(preset_paths: dict[str, Path], skip: tuple[str, ...]) -> None:
    """Whatever single value a record shows, a lead in a used stage stays in used ones."""
    for path in preset_paths.values():
        relation = load(path.read_text(encoding="utf-8"), skip)
        for field in relation.fields:
            for row in field.rows:
                for state in VALID:
                    if state.stage not in skip:
                        assert get(relation, {field.name: row.value}, state).stage not in skip, (path.stem, row.value, state)


def test_a_value_of_a_skipped_stage_reads_as_the_stage_before_and_is_not_written() -> None:
    """Whoever picks "Accepted" still says something; leadhub itself writes "Marketing"."""
    relation = load(ACCEPTED, ("sal",))
    mql = State("mql", "new", "open")
    assert get(relation, {"Step": "Accepted"}, State("lead", "new", "open")).stage == "mql"
    assert relation.put("Step", {"Step": "Accepted"}, mql) is KEEP
    assert relation.put("Step", {"Step": "Sales"}, mql) == "Marketing"
    assert load(ACCEPTED).put("Step", {"Step": "Sales"}, State("sal", "new", "open")) == "Accepted"


def test_a_hold_of_a_skipped_stage_alone_holds_nothing() -> None:
    """What was left alone for a stage that is gone is not left alone for the one before it."""
    text = ACCEPTED.replace('{ value = "Accepted", stage = ["sal"], exit = ["open"] },', "").replace("hold = [", 'hold = [ { stage = ["sal"] },')
    assert load(text, ("sal",)).preferred("Step", State("mql", "new", "open")) == "Marketing"


def test_a_misspelled_stage_is_told_once() -> None:
    """Folding looks at what was read, not at the text a second time."""
    _, problems = read_relation(tomllib.loads(ACCEPTED.replace('["sal"]', '["slq"]')), source="preset.toml", skip=("sal",))
    assert [problem.code for problem in problems if problem.code == "M01"] == ["M01"]


def test_a_move_over_a_skipped_stage_is_no_jump() -> None:
    """From MQL to SQL is one step where nobody uses SAL, and no SAL is entered on the way."""
    old, new = State("mql", "new", "open"), State("sql", "new", "open")
    assert classify(old, new, ("sal",)).kind == "forward"
    assert classify(old, new).kind == "jump"
    assert implied_stages(State("lead", "new", "open"), new, ("sal",)) == ("mql",)


def test_a_state_of_before_is_folded() -> None:
    """Leads that were in the stage when it was switched off are in the one before it."""
    assert folded(State("sal", "connected", "open"), ("sal",)) == State("mql", "connected", "open")
    assert folded(State("sql", "none", "recycled"), ("mql", "sal", "sql")) == State("lead", "none", "recycled")
