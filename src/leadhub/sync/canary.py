"""The canary, the shell's part: the first writes of every large pattern go before the others, are read back by id, and free or hold the rest of it.

A connector that cannot read records by id has no canary.
"""

from collections.abc import Iterator, Sequence

from leadhub.core.canary import Pattern, differing, first_ones, pattern_of
from leadhub.core.guard import CANARY, Refusal
from leadhub.core.normalize import text_of
from leadhub.model.record import Operation, Record
from leadhub.model.run import Intent, PlannedChange
from leadhub.sync.outcomes import put_off
from leadhub.sync.pull import store_reread
from leadhub.sync.session import Session

EXAMPLES = 3
_HELD = "the first writes like it do not show what was sent"


class Canary:
    """Which writes of one system go first, and which of the others are held."""

    def __init__(self, session: Session, system: str, intents: Sequence[Intent]) -> None:
        self._session, self._system = session, system
        known = session.canaries
        looks = session.careful[system].can_reread
        large = first_ones(i.change for i in intents) if looks else {}
        self._large = {pattern: of for pattern, of in large.items() if (system, pattern) not in known}
        self._first = frozenset(change.key for of in self._large.values() for change in of)
        self.intents = self._without_held(intents)
        kinds = {(pattern.object, pattern.operation) for pattern in self._large}
        others = (i.change for i in self.intents if (i.change.object, i.change.operation) in kinds and pattern_of(i.change) not in self._large)
        self._ahead = self._first.union(change.key for change in others)

    def goes_first(self, intent: Intent) -> bool:
        """Whether a write is read back, or fills up the calls of those that are: one of a small pattern, which waits for nobody."""
        return intent.change.key in self._ahead

    def freed(self, batches: Sequence[list[Intent]]) -> Sequence[list[Intent]]:
        """Return what may go of the batches that are left. Where the first ones of their kind are all written, they are read back now."""
        if not batches or self.goes_first(batches[0][0]):
            return batches
        change = batches[0][0].change
        waiting = [pattern for pattern in self._large if (pattern.object, pattern.operation) == (change.object, change.operation)]
        if not waiting:
            return batches
        self._read_back(change.object, waiting, [i for batch in batches for i in batch])
        free = (self._without_held(batch) for batch in batches)
        return [batch for batch in free if batch]

    def _without_held(self, intents: Sequence[Intent]) -> list[Intent]:
        """Put off the writes whose pattern is held, and return the others."""
        held = [i for i in intents if self._session.canaries.get((self._system, pattern_of(i.change))) is False]
        put_off(self._session, held, _HELD)
        gone = {i.seq for i in held}
        return [i for i in intents if i.seq not in gone]

    def _read_back(self, object_name: str, waiting: Sequence[Pattern], rest: Sequence[Intent]) -> None:
        """Read what the first writes left, by id, in one call for all patterns of the object; each that does not show what was sent is refused."""
        session, system = self._session, self._system
        ids = {change.key: record_id for change, record_id in session.made if change.key in self._first and record_id}
        firsts = {pattern: [change for change in self._large.pop(pattern) if change.key in ids] for pattern in waiting}
        wanted = [ids[change.key] for of in firsts.values() for change in of]
        found = session.careful[system].reread(object_name, wanted) if wanted else {}
        store_reread(session, system, list(found.values()))
        allowed = session.allowed.get((system, CANARY), 0)
        for pattern, of in firsts.items():
            wrong = [told for change in of if (told := self._wrong(change, found.get(ids[change.key])))]
            if of:  # where none was accepted nothing is known of the pattern, and each refusal is told by itself
                session.canaries[system, pattern] = len(wrong) <= allowed
            if len(wrong) > allowed:
                held = sum(pattern_of(i.change) == pattern for i in rest)
                session.refuse([Refusal(system, CANARY, len(wrong), allowed, str(pattern), held, examples=tuple(wrong[:EXAMPLES]))])

    def _wrong(self, change: PlannedChange, record: Record | None) -> str:
        """In what way a record does not show what was sent; blank where it does."""
        return "; ".join(self._told(change, record))

    def _told(self, change: PlannedChange, record: Record | None) -> Iterator[str]:
        if record is None or record.gone is not None:
            yield f"{change.name}: the record is not there"
            return
        hub = self._session.hub
        mapping = hub.systems[self._system].object(change.object).mapping
        for name, sent, shown in differing(change, record.values, mapping, hub.fields, hub.region):
            yield f'{change.name}: {name} "{text_of(sent)}" sent, "{text_of(shown)}" there'


Kind = tuple[str, Operation, bool]


def kind_of(canary: Canary, intent: Intent) -> Kind:
    """Return what the writes of one call have in common: the object, the operation, and whether they go first."""
    return intent.change.object, intent.change.operation, not canary.goes_first(intent)
