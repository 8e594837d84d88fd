"""What single values and rows say of a state, for the judge of the state."""

from collections.abc import Iterator, Mapping, Sequence

from leadhub.core.state_writes import StateWrite
from leadhub.core.voices import Voice
from leadhub.lifecycle.relation import Relation, Row
from leadhub.lifecycle.states import HAVING, bit, stage_rank
from leadhub.model.state import FACETS, Facet, State
from leadhub.testing.simulator.state_memory import Typed


def agreed(relation: Relation, values: Mapping[str, str], silent: frozenset[str], state: State) -> set[Facet]:
    """The facets of the state that whoever looks at these values has before their eyes."""
    spoken = {f for f in FACETS if f == "status" or relation.speaks_of(values, f, silent=silent)}
    return {f for f in spoken if not relation.contradicts(values, f, state, silent=silent)}


def contradicts(voice: Voice, facet: Facet, state: State) -> bool:
    """Whether a record's values rule out the state's value of the facet."""
    return voice.relation.contradicts(voice.values, facet, state, silent=voice.silent)


def teaches(voice: Voice, old: State, new: State) -> bool:
    """Whether one of a newcomer's fields rules the old state out and allows the new one: each field may add to what is known."""
    rows = [voice.relation.row(name, voice.values) for name in voice.relation.state_fields if name not in voice.silent]
    return any(row is not None and not row.reads.contains(old) and row.reads.contains(new) for row in rows)


def no_room(row: Row | None, new: State) -> bool:
    """Whether only the status is in the way: the stage that won knows none of those that the edit allows, so that none can be adopted."""
    if row is None or not row.reads.allows("stage", new.stage) or not row.reads.allows("exit", new.exit):
        return row is None
    return not row.reads.states & HAVING["stage"][new.stage] & HAVING["exit"][new.exit]


def lowers(voice: Voice, edit: Typed, state: State) -> bool:
    """Whether every stage that the edit allows is below the state's."""
    row = voice.relation.row(edit.name, voice.values)
    return row is not None and max(map(stage_rank, row.reads.stages)) < stage_rank(state.stage)


def goes_back(write: StateWrite, voice: Voice) -> bool:
    """Whether a write takes an ordered field to an earlier stage than it shows."""
    field = voice.relation.field(write.field)
    old, new = field.row(voice.values), field.row({**voice.values, write.field: write.value})
    return field.ordered and old is not None and new is not None and max(map(stage_rank, new.reads.stages)) < max(map(stage_rank, old.reads.stages))


def write_faults(voice: Voice, write: StateWrite, state: State) -> Iterator[tuple[str, str]]:
    """What is wrong with a write whatever came before it: the oracle and the reason."""
    row = voice.relation.row(write.field, voice.values)
    written = voice.relation.row(write.field, {**voice.values, write.field: write.value})
    if voice.relation.is_frozen(voice.values):
        yield "converted", ""
    if row is None or write.field in voice.silent:
        yield "unmapped", ""
    elif row.reads.states & bit(state):
        yield "hippocratic", ", which allows it already"
    if written is None or written.converted or not written.reads.states & bit(state):
        yield "contradiction", ", which the new value rules out"


def waits_for(voice: Voice, name: str, state: State) -> str | None:
    """The value that could be written to a field that waits; None: it is held, or would go back."""
    value = voice.relation.put(name, voice.values, state, silent=voice.silent) if name in voice.relation.state_fields else None
    if not isinstance(value, str):
        return None
    write = StateWrite(voice, name, value, voice.values.get(name, ""), "stage", clear_first=False)
    return None if goes_back(write, voice) else value


def ordered(edit: Typed, read: Sequence[tuple[Voice, list[Typed]]]) -> bool:
    """Whether an edit is of an ordered field: only such a one may lower the stage."""
    return any(voice.relation.field(edit.name).ordered for voice, edits in read if edit in edits)
