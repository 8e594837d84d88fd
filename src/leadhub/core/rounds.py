"""What comes of one field when all its sides were looked at together. Data only."""

from dataclasses import dataclass, field

from leadhub.core.sides import Side
from leadhub.model.person import Base, Canonical, Cause, Value


@dataclass(frozen=True, slots=True)
class Taken:
    """One value that was offered: taken into the hub, or lost to another."""

    side: Side | None
    old: Value
    new: Value
    version: int
    cause: Cause
    taken: bool = True
    origin: str = ""
    """Whose value it was, where no side offered it: the hub's own, taken in an earlier round."""


@dataclass(slots=True)
class FieldRound:
    """The field after the round: the canonical value, every side's base by link id, the links to write, an open question, and what happened."""

    name: str
    canonical: Canonical
    bases: dict[str, Base]
    writes: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    question: dict[str, Value] | None = None
    note: str = ""
    taken: list[Taken] = field(default_factory=list)
    decided: list[str] = field(default_factory=list)
    decided_by: str = ""
    """Who made the decision that the round took."""
