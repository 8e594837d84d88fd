"""The canary: of many writes alike the first few are read back before the rest goes. Pure.

Alike are writes of one object and operation that carry the same native fields; of a state field, those with the same value before and after.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from leadhub.core.normalize import Fields, is_echo, text_of
from leadhub.model.record import NativeValue, ObjectMapping, Operation
from leadhub.model.run import PlannedChange

FIRST = 20
"""So many writes of a pattern are read back; where there are no more than these, none is."""


class Pattern(NamedTuple):
    """What writes that are alike have in common: plain native fields by name, state fields with the value before and after."""

    object: str
    operation: Operation
    fields: tuple[str, ...]
    moves: tuple[tuple[str, str, str], ...]

    def __str__(self) -> str:
        moves = (f"{name} {old or '(blank)'} -> {new or '(blank)'}" for name, old, new in self.moves)
        return f"{self.object} {self.operation.value.replace('_', ' ')}: {', '.join((*moves, *self.fields))}"


def pattern_of(change: PlannedChange) -> Pattern:
    """Return the pattern of a write."""
    state = change.state or {}
    moves = tuple((name, text_of(change.before.get(name)), text_of(change.values[name])) for name in sorted(state.keys() & change.values.keys()))
    return Pattern(change.object, change.operation, tuple(sorted(change.values.keys() - state.keys())), moves)


def first_ones(changes: Iterable[PlannedChange]) -> dict[Pattern, list[PlannedChange]]:
    """Return the writes to be read back, by their patterns. What sends no values (a conversion, an archiving) has nothing to be compared."""
    alike: dict[Pattern, list[PlannedChange]] = {}
    for change in changes:
        if change.values:
            alike.setdefault(pattern_of(change), []).append(change)
    return {pattern: of[:FIRST] for pattern, of in alike.items() if len(of) > FIRST}


def differing(
    change: PlannedChange, shown: Mapping[str, NativeValue], mapping: ObjectMapping, fields: Fields, region: str | None = None
) -> Iterator[tuple[str, NativeValue, NativeValue]]:
    """Yield the fields that do not show what was sent, with what was sent and what is there. What the record does not tell proves nothing.

    A no may be shown as nothing: some systems show an opt-out alone, and of whoever made none they show a blank.
    """
    by_native = {mapped.native: mapped for mapped in mapping.fields}
    for name, sent in change.values.items():
        unticked = sent is False and not text_of(shown.get(name))
        if name in shown and not unticked and not is_echo(by_native.get(name), sent, shown[name], fields, region):
            yield name, sent, shown[name]
