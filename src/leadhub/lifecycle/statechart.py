"""The moves of a lead through its states: what each one is, what it implies, what it brings along. It names moves and permits none: that is policy."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from leadhub.lifecycle.states import INITIAL, stage_rank
from leadhub.model.state import STAGES, Stage, State, Status

MoveKind = Literal["none", "forward", "jump", "back", "from_customer", "exit", "exit_change", "reentry", "status"]

RULES: dict[MoveKind, str] = {
    "none": "nothing changed",
    "forward": "T1: one stage on",
    "jump": "T2: several stages on; those between are entered at the same instant, marked as implied",
    "back": "T3: back within a cycle; by a person accepted and listed, by automation left standing",
    "from_customer": "T6: a customer or advocate would be lowered; never automatic",
    "exit": "T7: the lead leaves; a reason where the configuration asks for one",
    "exit_change": "T9: another exit; logged",
    "reentry": "T8: the lead comes back; the same cycle or a new one",
    "status": "T10: only what is being done about the lead changed; free",
}
"""Every kind of move with its rule. T11 (a conversion undone opens a new cycle) is `Relation.is_unconverted`: it shows in the record, not in the state."""

ON_ENTER: dict[Stage, Status] = {"opportunity": "in_deal", "customer": "none"}
"""The entry defaults (T1, G5)."""

_CUSTOMER = stage_rank("customer")


@dataclass(frozen=True, slots=True)
class Move:
    """What happens between two states of one lead."""

    kind: MoveKind
    implied: tuple[Stage, ...] = ()
    """Stages entered on the way, lowest first. They count in conversion and not in velocity."""
    lowers: bool = False
    """Whether the stage goes down, whatever else happens (G6)."""

    @property
    def rule(self) -> str:
        """The rule that the move falls under, in words."""
        return RULES[self.kind]


def classify(old: State, new: State, skip: Collection[str] = ()) -> Move:
    """Name the move in a funnel without the stages of `skip`. Lowering a customer outweighs everything, then a change of exit, then one of stage, then one of status."""
    lowers = stage_rank(new.stage) < stage_rank(old.stage)
    implied = implied_stages(old, new, skip)
    return Move(_kind(old, new, lowers=lowers, jumps=bool(implied)), implied, lowers)


def _kind(old: State, new: State, *, lowers: bool, jumps: bool) -> MoveKind:
    if old == new:
        return "none"
    if lowers and stage_rank(old.stage) >= _CUSTOMER:
        return "from_customer"
    if old.exit != new.exit:
        if new.exit == "open":
            return "reentry"
        return "exit" if old.exit == "open" else "exit_change"
    if old.stage == new.stage:
        return "status"
    if lowers:
        return "back"
    return "jump" if jumps else "forward"


def implied_stages(old: State, new: State, skip: Collection[str] = ()) -> tuple[Stage, ...]:
    """The stages that a move forward leaps over, lowest first; those of `skip` are no part of this funnel."""
    return tuple(stage for stage in STAGES[stage_rank(old.stage) + 1 : stage_rank(new.stage)] if stage not in skip)


def entry_defaults(old: State, new: State, allowed: frozenset[State]) -> State:
    """Apply the entry defaults (G5): in a deal on entering opportunity, also from an exit; no status on becoming a customer, also on the way to advocate.

    `allowed` are the states that the edit's values leave open: a default that they rule out does not happen.
    """
    if new.exit != "open":
        return new
    status: Status | None = None
    if new.stage == "opportunity" and (old.stage != "opportunity" or old.exit != "open"):
        status = ON_ENTER["opportunity"]
    elif stage_rank(old.stage) < _CUSTOMER <= stage_rank(new.stage):
        status = ON_ENTER["customer"]
    if status is None:
        return new
    entered = State(new.stage, status, new.exit)
    return entered if entered in allowed else new


def new_cycle(stage: Stage = INITIAL.stage) -> State:
    """How a further pass through the funnel starts (T1)."""
    return State(stage, "new", "open")


def reentry_cycle(*, inbound: bool, since_exit: timedelta, window: timedelta = timedelta(days=30)) -> Literal["new", "same"]:
    """Whether a lead that comes back opens a new cycle (T8): after an inbound event, or when it has been out for longer than the window."""
    return "new" if inbound or since_exit > window else "same"


def status_after_owner_change(state: State, *, reset: bool) -> State:
    """T10: a new owner starts from `new` only where the configuration says so, and only on a lead that is open."""
    return State(state.stage, "new", "open") if reset and state.exit == "open" else state
