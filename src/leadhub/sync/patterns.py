"""A plan by pattern: changes that do the same, what can be taken back of them, what automation listens to, and what they cost in calls."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from leadhub.core.cutting import Reversible, calls, is_state, often_starts, pieces, reversibility
from leadhub.core.normalize import text_of
from leadhub.core.targets import TargetObject
from leadhub.hub import Hub
from leadhub.model.record import Operation
from leadhub.model.run import PlannedChange

_LETTERS, _LENGTH = "bcdfghjkmnpqrstvwxyz", 6
"""Letters alone, so that no id is ever taken for a number, and no vowels, so that none is a word."""


@dataclass(slots=True)
class Group:
    """Changes that do the same: one field, and for a state field one move. What is only made together is one group; so is a create or an archiving.

    `key` names the fields, however many of them a change has; `moves` are the old and new values of a state. `starts`: automation often listens to it.
    """

    target: TargetObject
    operation: Operation
    key: str
    moves: Mapping[str, tuple[str, str]]
    reversible: Reversible
    batch_size: int
    starts: bool = False
    changes: list[PlannedChange] = field(default_factory=list)
    """Cut to the fields of the group."""

    @property
    def id(self) -> str:
        """A short name that stays the same while counts and numbers change."""
        parts = (*self.target.key, self.operation, self.key, self.reversible, *(text for move in self.moves.values() for text in move))
        number = int.from_bytes(hashlib.blake2b("|".join(parts).encode(), digest_size=8).digest())
        return "".join(_LETTERS[number // len(_LETTERS) ** place % len(_LETTERS)] for place in range(_LENGTH))

    @property
    def names(self) -> list[str]:
        """The native fields that its changes have; none for whole records."""
        return list(dict.fromkeys(name for change in self.changes for name in change.values)) if self.key else []

    @property
    def calls(self) -> int:
        """Calls that writing the group alone would take."""
        return calls(self.changes, self.target, self.batch_size)

    def as_json(self) -> dict[str, Any]:
        """Return what the group is and costs. `field` is null for whole records; `from` and `to` are those of a state's move, null for fields of any value."""
        return {
            "pattern": self.id,
            "system": self.target.system,
            "object": self.target.mapping.object,
            "operation": self.operation.value,
            "field": ", ".join(self.names) or None,
            "from": _joined([old for old, _ in self.moves.values()]),
            "to": _joined([new for _, new in self.moves.values()]),
            "count": len(self.changes),
            "reversible": self.reversible,
            "often_starts_automation": self.starts,
            "api_calls": self.calls,
        }


def _joined(values: Sequence[str]) -> str | None:
    """Values as one text; a blank alone is null."""
    return ", ".join(value or "(blank)" for value in values) if len(values) > 1 else "".join(values) or None


def grouped(hub: Hub, changes: Iterable[PlannedChange]) -> list[Group]:
    """Return the patterns of a plan, largest first. A change of several fields is in a group for each, cut to it."""
    found: dict[tuple[object, ...], Group] = {}
    for change in changes:
        target = target_of(hub, change)
        for piece in pieces(change, target, hub.policy):
            made = piece.change
            moves = {n: (text_of(made.before.get(n)), text_of(v)) for n, v in made.values.items() if piece.name and is_state(n, target)}
            back = reversibility(made, target, hub.policy)
            key = (change.system, change.object, made.operation, piece.name, *moves.values(), back)
            group = found.get(key)
            if group is None:
                group = found[key] = Group(target, made.operation, piece.name, moves, back, _batch_size(hub, change.system))
            group.starts = group.starts or often_starts(made, target)
            group.changes.append(made)
    return sorted(found.values(), key=lambda g: (-len(g.changes), *g.target.key, g.operation, g.names, list(g.moves.values())))


def irreversible(hub: Hub, changes: Iterable[PlannedChange]) -> list[PlannedChange]:
    """Return the changes that leadhub cannot take back."""
    return [change for change in changes if reversibility(change, target_of(hub, change), hub.policy) == "irreversible"]


def target_of(hub: Hub, change: PlannedChange) -> TargetObject:
    """Return the object that a change is for."""
    return hub.systems[change.system].object(change.object)


def total_calls(hub: Hub, changes: Iterable[PlannedChange]) -> dict[str, int]:
    """Return how many write requests a plan takes by system, batched as `sync` does it; the reads before them come on top."""
    by_object: dict[tuple[str, str], list[PlannedChange]] = {}
    for change in changes:
        by_object.setdefault((change.system, change.object), []).append(change)
    totals: Counter[str] = Counter()
    for (system, name), some in by_object.items():
        totals[system] += calls(some, hub.systems[system].object(name), _batch_size(hub, system))
    return dict(totals)


def _batch_size(hub: Hub, system: str) -> int:
    return int(getattr(hub.systems[system].connector, "batch_size", 1))
