"""Drift: in what way a system shows something else than leadhub remembers of it, and whether anybody could have known. What an audit finds, by kind."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from leadhub.model.person import StoredRecord
from leadhub.model.record import Gone, NativeValue, Record
from leadhub.store import RecordKey
from leadhub.values.people import somebody_else

Kind = Literal["edited", "computed", "unseen", "missing", "orphaned", "unlinked", "many_to_one", "hopping", "behind"]

KINDS: Mapping[Kind, str] = {
    "edited": "edited behind leadhub's back: read already by the time of change, and shown otherwise",
    "computed": "with computed fields that moved: nothing else differs, and no time of change told",
    "unseen": "there, though never told of, or held for gone",
    "missing": "gone, though held for there",
    "orphaned": "linked as if it were there, though gone or out of scope",
    "unlinked": "read, and linked to nobody",
    "many_to_one": "beside another of the same object that speaks for the same lead, or for the same person",
    "hopping": "about another person than before, or linked to another",
    "behind": "waiting for a write that nobody plans, or different without a reason",
}
"""What a record of each kind of drift is, in the order in which they are told."""

EXAMPLES = 20
"""Of each kind this many records are named."""

REACH = timedelta(hours=1)
"""A pull reaches back, for what an index shows late: what changed less than this before the last one may still come by itself."""


@dataclass(frozen=True, slots=True)
class Example:
    """One record in which something is not as it should be."""

    key: RecordKey
    detail: str = ""
    person_id: str | None = None


@dataclass(slots=True)
class Drift:
    """What was found of one kind in one object of a system."""

    kind: Kind
    system: str
    object: str
    count: int = 0
    examples: list[Example] = field(default_factory=list)


@dataclass(slots=True)
class Findings:
    """All drift so far, each kind and object once, with a few examples; `waiting` counts by system what the next run hears of by itself."""

    drift: dict[tuple[Kind, str, str], Drift] = field(default_factory=dict)
    waiting: Counter[str] = field(default_factory=Counter)

    def add(self, kind: Kind, example: Example) -> None:
        """Count one record."""
        self.add_many(kind, {example.key[:2]: 1}, [example])

    def add_many(self, kind: Kind, counts: Mapping[tuple[str, str], int], examples: Iterable[Example]) -> None:
        """Count records by (system, object), of which some are named."""
        for (system, name), count in counts.items():
            self.drift.setdefault((kind, system, name), Drift(kind, system, name)).count += count
        for example in examples:
            kept = self.drift[kind, example.key.system, example.key.object].examples
            if len(kept) < EXAMPLES:
                kept.append(example)

    def ordered(self) -> list[Drift]:
        """Return what was found, kind by kind."""
        kinds = list(KINDS)
        return sorted(self.drift.values(), key=lambda one: (kinds.index(one.kind), one.system, one.object))


@dataclass(frozen=True, slots=True)
class Looked:
    """How the records of one object are looked at.

    `until` is when they were last read (None: every reading is whole), `computed` the native fields that the system sets by itself, `who` the native
    names of what tells whom a record is about.
    """

    until: datetime | None
    computed: Collection[str]
    who: Mapping[str, str]


def explain(
    stored: StoredRecord | None, came: Record, telling: Collection[str], looked: Looked, *, asked: bool
) -> tuple[Kind | Literal["waiting"], str] | None:
    """Say in what way a record is not as stored, with the fields; `waiting`: the next run hears of it by itself. None: it says the same.

    `asked`: it was asked for by id. What is gone and came in no listing no run hears of by itself, nor of what is older than it is stored.
    """
    found = _difference(stored, came, telling, looked)
    if found is None or found[0] == "hopping" or (asked and came.gone is not None) or is_older(stored, came):
        return found
    late = looked.until is None or (came.gone is None if came.stamp is None else came.stamp > looked.until - REACH)
    return ("waiting", found[1]) if late else found


def is_older(stored: StoredRecord | None, came: Record) -> bool:
    """Whether a record shows an earlier time of change than is stored of it."""
    return stored is not None and stored.stamp is not None and came.stamp is not None and came.stamp < stored.stamp


def _difference(stored: StoredRecord | None, came: Record, telling: Collection[str], looked: Looked) -> tuple[Kind, str] | None:
    held_for_gone = stored is not None and stored.gone not in (None, Gone.OUT_OF_SCOPE)
    if came.gone is not None:
        return None if stored is None or stored.gone is not None else ("missing", came.gone.value)
    if stored is None or held_for_gone:
        return "unseen", "never read" if stored is None or stored.gone is None else f"held for {stored.gone.value}"
    differing = [name for name in telling if name in came.values and came.values[name] != stored.native.get(name, _NEVER)]
    if not differing:
        return None  # the same under another configuration: its hash is of another kind
    if somebody_else(_who(stored.native, looked), _who(came.values, looked)):
        return "hopping", "another address and another name than before"
    return "computed" if looked.computed and set(differing) <= set(looked.computed) else "edited", ", ".join(differing)


_NEVER = object()


def _who(values: Mapping[str, NativeValue], looked: Looked) -> dict[str, NativeValue]:
    return {name: values.get(native) for name, native in looked.who.items()}
