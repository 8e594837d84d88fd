"""Which combinations of stage, status and exit exist: six rules leave 69 of 280.

Sets of states are kept as bits of an int (`StateSet`), so that every law can be checked over all states each time a configuration is loaded.
"""

from collections.abc import Iterable
from functools import lru_cache
from itertools import product

from leadhub.model.state import EXITS, FACETS, STAGES, STATUSES, VALUES, Facet, State

StateSet = int
"""A set of valid states: bit i stands for VALID[i]."""

INITIAL = State("lead", "new", "open")
"""What a record counts as before any value of it was read, so that a coarse value never invents a stage."""

_EXIT_REACHES = {
    "lost": ("opportunity", "opportunity"),
    "churned": ("customer", "advocate"),
    "disqualified": ("known", "sql"),
    "recycled": ("known", "opportunity"),
}


def stage_rank(stage: str) -> int:
    """How far a stage is, from 0 (known) to 7 (advocate)."""
    return STAGES.index(stage)


def explain_invalid(state: State) -> str | None:
    """Why this combination does not exist, as one sentence; None if it does."""
    if state.exit != "open":
        first, last = _EXIT_REACHES[state.exit]
        if not stage_rank(first) <= stage_rank(state.stage) <= stage_rank(last):
            where = f"at {first}" if first == last else f"from {first} to {last}"
            return f"a lead can be {state.exit} only {where}, not at {state.stage}"
        if state.status != "none" and not (state.exit == "recycled" and state.status == "nurturing"):
            kept = "none or nurturing" if state.exit == "recycled" else "none"
            return f"a {state.exit} lead has status {kept}, not {state.status}"
    elif state.status == "in_deal" and state.stage != "opportunity":
        return f"status in_deal exists only at opportunity, not at {state.stage}"
    return None


def is_valid(state: State) -> bool:
    """Whether this combination exists."""
    return explain_invalid(state) is None


VALID: tuple[State, ...] = tuple(s for s in (State(*parts) for parts in product(STAGES, STATUSES, EXITS)) if is_valid(s))
"""Every state there is, by stage, then status, then exit."""

INDEX: dict[State, int] = {state: index for index, state in enumerate(VALID)}
ALL: StateSet = (1 << len(VALID)) - 1


def bit(state: State) -> StateSet:
    """The set of this one state; empty if the state is not valid."""
    index = INDEX.get(state)
    return 0 if index is None else 1 << index


def pack(states: Iterable[State]) -> StateSet:
    """The valid ones of these states, as a set of bits."""
    packed = 0
    for state in states:
        packed |= bit(state)
    return packed


@lru_cache(maxsize=8192)
def unpack(states: StateSet) -> frozenset[State]:
    """The states that these bits stand for."""
    return frozenset(VALID[index] for index in indices(states))


def indices(states: StateSet) -> list[int]:
    """The positions in VALID of the states of a set, ascending."""
    found = []
    while states:
        lowest = states & -states
        found.append(lowest.bit_length() - 1)
        states ^= lowest
    return found


HAVING: dict[Facet, dict[str, StateSet]] = {
    facet: {value: pack(s for s in VALID if s.facet(facet) == value) for value in VALUES[facet]} for facet in FACETS
}
"""HAVING["stage"]["mql"]: all states with that value of that facet."""
