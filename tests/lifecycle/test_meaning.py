"""The hand-written table of edits: what is read, and what is then written where."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from leadhub.lifecycle.nearest import Reading, get
from leadhub.lifecycle.relation import KEEP, Relation
from leadhub.lifecycle.statechart import classify, entry_defaults
from leadhub.lifecycle.states import is_valid
from leadhub.model.state import FACETS, State

CASES = tomllib.loads((Path(__file__).parent / "meaning_table.toml").read_text())["case"]
FIELDS = {"h.stage": "lifecyclestage", "h.lead": "hs_lead_status", "s": "Status", "o": "StageName"}
NAMES = {field: name for name, field in FIELDS.items()}


def state_of(text: str) -> State:
    """`mql/new/open` as a state."""
    state = State(*text.split("/"))
    assert is_valid(state)
    return state


def shown(case: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """What each record of the lead shows before the edit."""
    records = {}
    if "h" in case:
        records["h"] = dict(zip(("lifecyclestage", "hs_lead_status"), case["h"], strict=True))
    if "s" in case:
        records["s"] = {"Status": case["s"], "ConvertedOpportunityId": "006000000000001" if case.get("opp") else ""}
    if "o" in case:
        records["o"] = {"StageName": case["o"], **case.get("flags", {})}
    return records


@pytest.mark.parametrize("case", CASES, ids=[case["why"] for case in CASES])
def test_an_edit_means_what_a_person_expects(case: Mapping[str, Any], hubspot: Relation, salesforce: Relation, opportunity: Relation) -> None:
    """One edit leads to the state and to the writes that the table expects."""
    relations = {"h": hubspot, "s": salesforce, "o": opportunity}
    before, records = state_of(case["before"]), shown(case)
    ((name, value),) = case["edit"].items()
    side, field = name[0], FIELDS[name]
    edited = {**records[side], field: value}
    silent = frozenset(FIELDS[at] for at in case.get("silent", ()))
    silent_here = silent - {field}

    read = get(relations[side], edited, before, silent=silent, edited=frozenset({field}), before=records[side])
    reading = Reading(relations[side], edited, silent, frozenset({field}), records[side])
    after = entry_defaults(before, read, reading.allowed(before))
    assert str(after) == case["after"]

    changed = {facet for facet in FACETS if before.facet(facet) != after.facet(facet)}
    writes = {}
    for at, values in {**records, side: edited}.items():
        quiet = silent_here if at == side else silent
        for contradicted, facet in relations[at].contradicted_fields(values, after, silent=quiet):
            new = relations[at].put(contradicted, values, after, silent=quiet)
            if facet in changed and new is not KEEP and new is not None:
                writes[NAMES[contradicted]] = new
    assert writes == case["writes"]
    assert name not in writes


def test_the_table_is_large_and_whole() -> None:
    """At least 60 cases, each under a policy, touching all three records; lowering a customer is never plainly accepted."""
    assert len(CASES) >= 60
    assert {name[0] for case in CASES for name in case["edit"]} == {"h", "s", "o"}
    assert {case["policy"] for case in CASES} <= {"accept", "listed", "review", "standing"}
    assert len({case["why"] for case in CASES}) == len(CASES)
    for case in CASES:
        if classify(state_of(case["before"]), state_of(case["after"])).kind == "from_customer":
            assert case["policy"] == "review", case["why"]
