"""Reading: the one state nearest to what was known among those that the values allow. The same for every order of systems; it decides no policy."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from leadhub.lifecycle.relation import NativeState, Relation, Row
from leadhub.lifecycle.states import ALL, HAVING, VALID, StateSet, bit, indices, pack, stage_rank, unpack
from leadhub.model.state import EXITS, FACETS, STAGES, STATUSES, Facet, State

_OPEN = HAVING["exit"]["open"]
_NO_FIELDS: frozenset[str] = frozenset()


class Reading(NamedTuple):
    """One record as it is read in a round."""

    relation: Relation
    values: NativeState
    silent: frozenset[str] = _NO_FIELDS
    """The fields that were silent at the last agreement; one that is edited now speaks."""
    edited: frozenset[str] | None = None
    """The fields that changed since the last agreement; None: nothing is known of what changed, every field counts."""
    before: NativeState | None = None
    """What the record showed before the edit; then a facet that old and new value rule out alike is no part of it."""

    def constraint(self, state: State) -> "Constraint":
        """What the record says to a lead in `state`: the states it allows, never none, and the rows that say so."""
        if self.edited is None:
            rows = self.relation.speaking(self.values, self.silent)
            return _intersection(rows), rows
        rest = frozenset(self.relation.state_fields) - self.edited
        rows = self.relation.speaking(self.values, rest)
        states = self._edit(rows, state)
        agreeing = tuple(row for row in self.relation.speaking(self.values, self.silent | self.edited) if row.reads.contains(state))
        together = states & _intersection(agreeing)
        return (together, rows + agreeing) if together else (states, rows)

    def allowed(self, state: State) -> frozenset[State]:
        """The states of `constraint`; entry defaults are taken only from among them."""
        return unpack(self.constraint(state)[0])

    def _edit(self, rows: Sequence[Row], state: State) -> StateSet:
        """The states that the edited fields allow, where they changed what they say."""
        states = ALL
        for row in rows:
            unchanged = self._unchanged(row, state)
            states &= row.reads.widened(unchanged).states if unchanged else row.reads.states
        return states or _intersection(rows)

    def _unchanged(self, row: Row, state: State) -> tuple[Facet, ...]:
        """The facets of the state that this row and the one it took the place of rule out alike."""
        if self.before is None or row.reads.contains(state):
            return ()
        field = next(name for name in self.relation.state_fields if self.relation.row(name, self.values) is row)
        old = None if field in self.silent else self.relation.row(field, self.before)
        return () if old is None else tuple(facet for facet in FACETS if _alike(facet, old, row, state))


def _alike(facet: Facet, old: Row, new: Row, state: State) -> bool:
    """Whether an edit from `old` to `new` says nothing more of the facet.

    Both rule out the state's value, and leave the same ones; or, of the stage, only earlier ones: who is behind and comes closer takes nothing back;
    or the value exists at no stage that they know: a Lead that never reached opportunity cannot deny that the lead is in a deal.
    """
    value = state.facet(facet)
    before, after = old.reads.values(facet), new.reads.values(facet)
    if value in before or value in after:
        return False
    if before == after:
        return True
    known = old.reads.stages | new.reads.stages
    if facet == "stage":
        closer = max(map(stage_rank, new.reads.stages)) >= min(map(stage_rank, old.reads.stages))
        return closer and all(stage_rank(stage) < stage_rank(state.stage) for stage in known)
    return not any(HAVING[facet][value] & HAVING["stage"][stage] for stage in known)


def _intersection(rows: Iterable[Row]) -> StateSet:
    states = ALL
    for row in rows:
        states &= row.reads.states
    return states


def nearest(candidates: Iterable[State], base: State, rows: Sequence[Row]) -> State:
    """The candidate nearest to `base` in the one total order (G3, G4, G7).

    Stage kept, else, where all candidates have left, lowered as little as possible; exit kept; status kept, unless the lead comes back from an exit;
    then the rows' own order over the facets they name; then the smaller stage distance, the order of exits, of statuses, the lower stage.

    Raises:
        ValueError: there is no valid candidate.
    """
    packed = pack(candidates)
    if not packed:
        raise ValueError("there is no valid state to choose from")
    return nearest_of(packed, base, rows)


def nearest_of(candidates: StateSet, base: State, rows: Sequence[Row]) -> State:
    """`nearest` over bits; `candidates` must not be empty."""
    if candidates & bit(base):
        return base
    left = _nearest_stage(candidates, base)
    left = left & HAVING["exit"][base.exit] or left
    if base.exit == "open" or not left & _OPEN:  # G4: who comes back starts with the row's default
        left = left & HAVING["status"][base.status] or left
    found = indices(left)
    if len(found) == 1:
        return VALID[found[0]]
    distance = _distances(base)
    return VALID[min(found, key=lambda index: (sum([row.likelihood[index] for row in rows]), distance[index]))]


def _nearest_stage(candidates: StateSet, base: State) -> StateSet:
    """The candidates that keep the stage; all, if none does, but for exits alone (G3) those of the nearest stage, a lower one first."""
    kept = candidates & HAVING["stage"][base.stage]
    if kept or candidates & _OPEN:
        return kept or candidates
    rank = stage_rank(base.stage)
    for stage in (*reversed(STAGES[:rank]), *STAGES[rank:]):
        if lowered := candidates & HAVING["stage"][stage]:
            return lowered
    return candidates


@lru_cache(maxsize=512)
def _distances(base: State) -> tuple[tuple[int, int, int, int], ...]:
    """What decides last, for each state of VALID: stage distance, the order of exits, of statuses, the lower stage."""
    rank = stage_rank(base.stage)
    ranks = [stage_rank(state.stage) for state in VALID]
    return tuple((abs(r - rank), EXITS.index(s.exit), STATUSES.index(s.status), r) for s, r in zip(VALID, ranks, strict=True))


def get(
    relation: Relation,
    values: NativeState,
    state: State,
    *,
    silent: frozenset[str] = _NO_FIELDS,
    edited: frozenset[str] | None = None,
    before: NativeState | None = None,
) -> State:
    """Read one record: `state` itself if the values allow it, else the nearest state that they allow.

    With `edited` those fields speak, and the others count only where they allowed `state`. Entry defaults (G5) and permission (G6, G8) are the caller's.
    """
    candidates, rows = Reading(relation, values, silent, edited, before).constraint(state)
    return nearest_of(candidates, state, rows)


Constraint = tuple[StateSet, tuple[Row, ...]]
"""What one record says: the states it allows and the rows that say so."""


def joint(readings: Iterable[Reading | tuple[Relation, NativeState]], base: State) -> State | None:
    """Read several records together: the nearest state that all allow; None if they have none in common. The order of the records does not matter."""
    return joint_of([Reading(*reading).constraint(base) for reading in readings], base)


def joint_of(constraints: Iterable[Constraint], base: State) -> State | None:
    """`joint` over what the records say."""
    candidates = ALL
    rows: list[Row] = []
    for states, speaking in constraints:
        candidates &= states
        rows.extend(speaking)
    return nearest_of(candidates, base, rows) if candidates else None
