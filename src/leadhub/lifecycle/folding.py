"""Stages that a team does not use: what is said of one counts as said of the stage before it, and no lead is ever in it."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from leadhub.lifecycle.relation import Box
from leadhub.lifecycle.states import stage_rank
from leadhub.model.state import STAGES, Stage, State


def folded_stage(stage: str, skip: Collection[str]) -> Stage:
    """Return the stage itself, or the nearest one before it that is used. The first stage cannot be skipped."""
    return next((used for used in reversed(STAGES[: stage_rank(stage) + 1]) if used not in skip), STAGES[0])


def folded(state: State, skip: Collection[str]) -> State:
    """Return the state in a funnel without these stages."""
    return replace(state, stage=folded_stage(state.stage, skip))


def folded_stages(names: Sequence[str], skip: Collection[str]) -> tuple[Stage, ...]:
    """Return each of these stages folded, in their order, none twice."""
    return tuple(dict.fromkeys(folded_stage(name, skip) for name in names))


def without(box: Box, skip: Collection[str]) -> Box:
    """Return the box without the states of these stages: a value is never written for a stage that is not used, nor is a field held for it."""
    return replace(box, stages=box.stages - frozenset(skip)) if skip else box
