"""What follows for a group of fields once each was looked at: an address moves as a whole, and is written as a whole. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from leadhub.core.agreement import agrees
from leadhub.core.policy import Policy
from leadhub.core.rounds import FieldRound, Taken
from leadhub.core.sides import Side
from leadhub.model.person import Canonical, Reason

_LEFT_ALONE: frozenset[Reason] = frozenset({"not_permitted", "rewritten", "unknown", "put_back", "frozen", "held"})
"""Why a part stands that not even a write of its neighbours changes."""


def bring_together(rounds: Sequence[FieldRound], sides: Sequence[Side], policy: Policy) -> None:
    """Let all fields of one group follow what happened to one of them.

    Whoever gave the group a new part gives it the others too, as far as that side has any; whoever is written one part is written all that differ.
    While a part is asked about, none of the group is written.
    """
    if any(outcome.question is not None for outcome in rounds):
        for outcome in rounds:
            outcome.waiting.extend(outcome.writes)
            outcome.writes.clear()
        return
    given = _giver(rounds)
    for outcome in rounds:
        if given is not None and given.side is not None:
            _take_too(outcome, given, given.side, sides, policy)
    for side in sides:
        if any(side.id in outcome.writes for outcome in rounds):
            for outcome in rounds:
                _write_too(outcome, side, policy)


def _giver(rounds: Sequence[FieldRound]) -> Taken | None:
    """The move of the round that counts for the whole group: an edit before what was adopted."""
    moves = [taken for outcome in rounds for taken in outcome.taken if taken.taken and taken.side is not None]
    return next((m for m in moves if m.cause == "edit"), moves[0] if moves else None)


def _take_too(outcome: FieldRound, given: Taken, giver: Side, sides: Sequence[Side], policy: Policy) -> None:
    field, old = policy.fields[outcome.name], outcome.canonical
    value, base = giver.shown.get(outcome.name), outcome.bases.get(giver.id)
    settled = any(taken.taken for taken in outcome.taken) or outcome.decided
    if settled or not value or agrees(field, giver, old.value) or field.owner not in (None, giver.system):
        return
    if base is None or base.version < old.version or base.how in _LEFT_ALONE:
        return  # it has not heard of a later edit of this part: that one is not undone by what stands beside
    outcome.canonical = Canonical(value, old.version + 1, giver.system, given.cause)
    outcome.taken.append(Taken(giver, old.value, value, old.version + 1, given.cause))
    for side in sides:
        there = outcome.bases.get(side.id)
        if there is None or outcome.name not in side.shown:
            continue
        if agrees(field, side, value):
            outcome.bases[side.id] = replace(there, value=side.shown[outcome.name], version=outcome.canonical.version, how="agreed")
            outcome.writes = [link_id for link_id in outcome.writes if link_id != side.id]
        elif given.cause == "edit":
            _write(outcome, side)
        elif there.version == old.version:
            outcome.bases[side.id] = replace(there, version=outcome.canonical.version, how="adopted")


def _write_too(outcome: FieldRound, side: Side, policy: Policy) -> None:
    base, field = outcome.bases.get(side.id), policy.fields[outcome.name]
    if base is None or outcome.name not in side.shown or side.id in (*outcome.writes, *outcome.waiting) or not outcome.canonical.version:
        return
    if base.how in _LEFT_ALONE or outcome.decided or agrees(field, side, outcome.canonical.value):
        return
    outcome.bases[side.id] = replace(base, value=side.shown[outcome.name], version=outcome.canonical.version - 1, how="preferred")
    _write(outcome, side)


def _write(outcome: FieldRound, side: Side) -> None:
    there = outcome.writes if outcome.name in side.writable else outcome.waiting
    if side.id not in there:
        there.append(side.id)
