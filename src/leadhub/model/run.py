"""What a run leaves behind: reviews, decisions, edits, intents and the run itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from leadhub.model.person import Base, Value, Versions
from leadhub.model.record import Json, NativeValue, Operation

ReviewKind = Literal["conflict", "duplicate", "regress", "reentry", "merge", "unmapped", "refused", "unanswered", "possible_duplicate"]
WRITES: tuple[ReviewKind, ...] = ("refused", "unanswered")
"""The kinds of question that are about one write to a record that is there."""


@dataclass(frozen=True, slots=True)
class Review:
    """A question for a person. The same question has the same id, run after run, for as long as it stands.

    `values` holds what each side shows, by link id, and under "hub" what leadhub holds; `group` is shared by questions that one answer settles.
    """

    id: str
    kind: ReviewKind
    group: str
    person_id: str | None
    lead_id: str | None
    field: str
    values: Mapping[str, Value]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person chose. `saw` holds what each side showed then, by link id; `value` is the field's value, or a state as stage/status/exit.

    `leave` keeps the sides as they are: the value holds in the hub and is written to nobody.
    """

    id: str
    person_id: str
    lead_id: str | None
    field: str
    value: Value
    saw: Mapping[str, Value]
    actor: str
    at: datetime
    review_id: str | None = None
    leave: bool = False


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of a canonical value, with its cause: what `leads why` reads. `taken` is false for a value that lost."""

    person_id: str
    lead_id: str | None
    field: str
    old: Value
    new: Value
    version: int
    cause: str
    origin: str
    actor: str = ""
    at: datetime | None = None
    implied: bool = False
    taken: bool = True


@dataclass(frozen=True, slots=True)
class Standing:
    """A standing difference: a side that is current, shows something else, and is left alone for a reason."""

    link: str
    system: str
    field: str
    value: Value
    hub: Value
    reason: str


class IntentState(StrEnum):
    """How far an intended write has come."""

    PLANNED = "planned"
    SENT = "sent"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    STALE = "stale"
    UNKNOWN = "unknown"
    NOT_APPLIED = "not_applied"
    LEFT_OUT = "left_out"
    """Asked for by a plan that was made earlier, and not so any more: it was never to be sent."""


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """One intended write with all that the journal, the plan's reader and the base need.

    `fields` are the canonical fields that the write carries with the base each side has once it is accepted; `state` the native state values
    after it and the versions by lead that they stand for. `why` gives a sentence per native field.
    """

    key: str
    system: str
    object: str
    operation: Operation
    record_id: str | None
    person_id: str
    lead_id: str | None
    values: Mapping[str, NativeValue]
    before: Mapping[str, NativeValue]
    why: Mapping[str, str]
    fields: Mapping[str, Base] = field(default_factory=dict)
    state: Mapping[str, str] | None = None
    state_versions: Mapping[str, Versions] = field(default_factory=dict)
    stage_move: bool = False
    before_stamp: datetime | None = None
    name: str = ""
    """A label for people: the person's name or e-mail."""


@dataclass(frozen=True, slots=True)
class Intent:
    """A planned change as the journal holds it."""

    run_id: str
    seq: int
    change: PlannedChange
    state: IntentState
    token: int
    detail: Json = None


@dataclass(frozen=True, slots=True)
class Approval:
    """What a person said to a plan that is kept in a file: that it may be made, or (`given` false) that this no longer holds."""

    plan_run: str
    plan_hash: str
    actor: str
    at: datetime
    given: bool = True
    comment: str = ""


@dataclass(frozen=True, slots=True)
class RunRow:
    """One execution. `plan_hash` is that of the plan file which it wrote, or made; in the second case `plan_run` is the run that wrote it."""

    id: str
    kind: str
    started_at: datetime
    ended_at: datetime | None
    status: str
    counts: Mapping[str, Json]
    config_hash: str
    actor: str
    plan_run: str | None = None
    plan_hash: str | None = None
