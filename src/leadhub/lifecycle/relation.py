"""How the values of a system's fields constrain the state of a lead, and which value is preferred for a state. Pure; it decides no policy.

A value is read as what it rules out, so reading is a constraint and not an assignment: a state that the value allows stays as it is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Final, Literal

from leadhub.lifecycle.states import ALL, HAVING, INDEX, VALID, StateSet, bit, pack, unpack
from leadhub.model.state import EXITS, FACETS, STAGES, STATUSES, VALUES, Facet, State

NativeState = Mapping[str, str]
"""The native values of one record: its state fields and every field that a `when` names. Blank or absent is ""."""

ANY_OTHER = "*"
"""The value of a row that reads whatever no other row names (for values that an organization invented)."""

FACETS_BY_WEIGHT: tuple[Facet, ...] = ("exit", "stage", "status")
"""The order in which a contradiction is named."""


class Keep(Enum):
    """`put` found nothing to write: what the field shows may stay."""

    KEEP = "keep"


KEEP: Final = Keep.KEEP


@dataclass(frozen=True)
class Box:
    """A product set: some stages, some statuses, some exits."""

    stages: frozenset[str] = frozenset(STAGES)
    statuses: frozenset[str] = frozenset(STATUSES)
    exits: frozenset[str] = frozenset(EXITS)

    def values(self, facet: Facet) -> frozenset[str]:
        """The values of one facet that are in the box."""
        return {"stage": self.stages, "status": self.statuses, "exit": self.exits}[facet]

    def allows(self, facet: Facet, value: str) -> bool:
        """Whether one value of one facet is in the box."""
        return value in self.values(facet)

    def contains(self, state: State) -> bool:
        """Whether all three facets of the state are in the box."""
        return state.stage in self.stages and state.status in self.statuses and state.exit in self.exits

    def widened(self, facets: Iterable[Facet]) -> "Box":
        """The box with every value of these facets let in."""
        free = frozenset(facets)
        kept = {facet: frozenset(VALUES[facet]) if facet in free else self.values(facet) for facet in FACETS}
        return Box(kept["stage"], kept["status"], kept["exit"])

    @cached_property
    def states(self) -> StateSet:
        """The valid states in the box."""
        return pack(state for state in VALID if self.contains(state))


@dataclass(frozen=True)
class Row:
    """What one value of a field says: the states it can be read as, and those it is written for."""

    value: str
    reads: Box
    writes: tuple[Box, ...] = ()
    when: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Other fields of the record, each "present", "absent" or a value; the row holds only when all do."""
    converted: bool = False
    ask: str | None = None
    """A question that this organization has not answered yet: until then the value is left alone, like one without a row."""
    reason: str | None = None
    alias: tuple[str, ...] = ()
    label: str | None = None
    carries: Mapping[str, str] = field(default_factory=dict, hash=False)
    """What the value says besides the state (a rating, a consent); kept for whoever maps those, not read here."""
    order: tuple[tuple[Facet, tuple[str, ...]], ...] = ()
    """The facets that the row names, each with its values as written: earlier ones are likelier."""
    source_line: int | None = None

    @cached_property
    def written_states(self) -> StateSet:
        """The valid states that this value is written for."""
        written = 0
        for box in self.writes:
            written |= box.states
        return written

    @cached_property
    def likelihood(self) -> tuple[int, ...]:
        """For each state of VALID: how far behind in the row's own order it stands, summed over the facets named."""
        places = {facet: {value: place for place, value in enumerate(values)} for facet, values in self.order}
        return tuple(sum(of.get(state.facet(facet), len(of)) for facet, of in places.items()) for state in VALID)

    @cached_property
    def says_nothing(self) -> bool:
        """Whether the value is consistent with every state."""
        return self.reads.states == ALL

    def holds_for(self, values: NativeState) -> bool:
        """Whether every condition of the row is met by the record."""
        return not self.when or all(condition_met(wanted, values.get(name, "")) for name, wanted in self.when.items())

    def excludes(self, state: State) -> Facet | None:
        """The first facet, in the order exit, stage, status, of which the row rules out the state's value."""
        for facet in FACETS_BY_WEIGHT:
            if not self.reads.allows(facet, state.facet(facet)):
                return facet
        return None


def condition_met(wanted: str, value: str) -> bool:
    """Whether a field's value meets one condition of a `when`."""
    match wanted:
        case "present":
            return value != ""
        case "absent":
            return value == ""
        case _:
            return value == wanted


@dataclass(frozen=True)
class FieldRelation:
    """All rows of one field."""

    name: str
    rows: tuple[Row, ...]
    ordered: bool = False
    """The system moves this field forward only: to go back it must be cleared first, in a request of its own."""
    required: bool = False
    unset: str | None = None
    """What the field shows when nobody set it; None where it cannot be blank."""
    unset_first_silent: bool = False
    """A blank at first sight is no evidence."""
    fold_case: bool = False
    create: str | None = None
    """The value for a new record, where the state alone does not tell it."""
    hold: tuple[Box, ...] = ()
    """States for which the field is left as it is."""
    hold_unless_written: tuple[Box, ...] = ()
    """States left alone unless a row is written for them: a preset's own holds below a deployment's rows, and what an unanswered question leaves open."""

    @cached_property
    def _by_value(self) -> dict[str, tuple[Row, ...]]:
        """Rows by value and alias; conditional rows first, since they are read in place of the plain one."""
        found: dict[str, list[Row]] = {}
        for row in sorted(self.rows, key=lambda row: not row.when):
            for name in dict.fromkeys(self.folded(name) for name in (row.value, *row.alias)):
                found.setdefault(name, []).append(row)
        return {name: tuple(rows) for name, rows in found.items()}

    @cached_property
    def _writers(self) -> tuple[tuple[Row, ...], ...]:
        """For each state of VALID the rows written for it; none where the field is held."""
        held = 0
        for box in self.hold:
            held |= box.states
        writing = [row for row in self.rows if row.written_states and not row.ask]
        return tuple(() if held >> i & 1 else tuple(row for row in writing if row.written_states >> i & 1) for i in range(len(VALID)))

    @cached_property
    def _conditional(self) -> bool:
        return any(row.when for row in self.rows)

    def folded(self, value: str) -> str:
        """The value as it is compared."""
        return value.casefold() if self.fold_case else value

    def row(self, values: NativeState) -> Row | None:
        """The row that the record's value is read by, also one that waits for an answer."""
        value = values.get(self.name, "")
        for row in self._by_value.get(self.folded(value), ()):
            if row.holds_for(values):
                return row
        if value:
            for row in self._by_value.get(ANY_OTHER, ()):
                if row.holds_for(values):
                    return row
        return None

    def names(self, value: str) -> bool:
        """Whether the value is read at all: by a row of its own or one for whatever no other names, if the record's other fields are as that says."""
        return self.folded(value) in self._by_value or (value != "" and ANY_OTHER in self._by_value)

    def writers(self, state: State, values: NativeState) -> tuple[Row, ...]:
        """The rows that claim to be written for a state, given the record's other fields. Sound relations have at most one."""
        index = INDEX.get(state)
        if index is None:
            return ()
        rows = self._writers[index]
        return tuple(row for row in rows if self.row({**values, self.name: row.value}) is row) if self._conditional else rows


@dataclass(frozen=True)
class Relation:
    """The state fields of one object of one system. Hashable, immutable."""

    system: str
    object: str
    fields: tuple[FieldRelation, ...]

    @cached_property
    def state_fields(self) -> tuple[str, ...]:
        """The fields that speak of the state, as written."""
        return tuple(field.name for field in self.fields)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The fields to read: the state fields, then those that conditions name."""
        conditions = (name for field in self.fields for row in field.rows for name in row.when)
        return tuple(dict.fromkeys((*self.state_fields, *conditions)))

    @cached_property
    def _fields(self) -> dict[str, FieldRelation]:
        return {field.name: field for field in self.fields}

    def field(self, name: str) -> FieldRelation:
        """One field by its native name.

        Raises:
            KeyError: the relation has no such field.
        """
        return self._fields[name]

    def restricted_to(self, fields: Iterable[str]) -> "Relation":
        """The same relation with some of its fields only: for a record whose fields speak of different leads."""
        kept = frozenset(fields)
        return Relation(self.system, self.object, tuple(field for field in self.fields if field.name in kept))

    # ---- reading -----------------------------------------------------------------------------------------------------------------------
    def row(self, field: str, values: NativeState) -> Row | None:
        """The row that a field is read by. None: nobody mapped the value, or its question is not answered."""
        row = self._fields[field].row(values)
        return None if row is None or row.ask else row

    def unmapped(self, values: NativeState) -> tuple[str, ...]:
        """The fields that show a value without a row (a blank without one is no value)."""
        return tuple(name for name in self.state_fields if values.get(name, "") and self.row(name, values) is None)

    def speaking(self, values: NativeState, silent: frozenset[str] = frozenset()) -> tuple[Row, ...]:
        """The rows whose intersection is what the record says: those of all fields, or the ordered field's alone where all have no state in common."""
        rows = [(field, row) for field in self.fields if field.name not in silent and (row := self.row(field.name, values)) is not None]
        states = ALL
        for _, row in rows:
            states &= row.reads.states
        if states:
            return tuple(row for _, row in rows)
        return ((next((row for field, row in rows if field.ordered), rows[0][1])),)

    def allowed_set(self, values: NativeState, silent: frozenset[str] = frozenset()) -> StateSet:
        """`allowed`, as bits."""
        states = ALL
        for row in self.speaking(values, silent):
            states &= row.reads.states
        return states

    def allowed(self, values: NativeState, *, silent: frozenset[str] = frozenset()) -> frozenset[State]:
        """A(v): the states that the record's values allow together. Never empty; unmapped and silent fields allow everything."""
        return unpack(self.allowed_set(values, silent))

    def has_common_state(self, values: NativeState, *, silent: frozenset[str] = frozenset()) -> bool:
        """Whether the record's fields agree on any state; if not, the ordered one speaks and the rest is a matter of quality."""
        states = ALL
        for name in self.state_fields:
            if name not in silent and (row := self.row(name, values)) is not None:
                states &= row.reads.states
        return states != 0

    def speaks_of(self, values: NativeState, facet: Facet, *, silent: frozenset[str] = frozenset()) -> bool:
        """Whether the record's values leave out any value of the facet."""
        states = self.allowed_set(values, silent)
        return any(not states & having for having in HAVING[facet].values())

    def contradicts(self, values: NativeState, facet: Facet, state: State, *, silent: frozenset[str] = frozenset()) -> bool:
        """Whether the values together, or the row of one of the fields, rule out the state's value of the facet."""
        value = state.facet(facet)
        if not self.allowed_set(values, silent) & HAVING[facet][value]:
            return True
        rows = (self.row(name, values) for name in self.state_fields if name not in silent)
        return any(not row.reads.allows(facet, value) for row in rows if row is not None)

    def contradicted_fields(self, values: NativeState, state: State, *, silent: frozenset[str] = frozenset()) -> tuple[tuple[str, Facet], ...]:
        """Each field whose row rules out the state, with the first facet it rules out in the order exit, stage, status."""
        found: list[tuple[str, Facet]] = []
        for name in self.state_fields:
            row = None if name in silent else self.row(name, values)
            facet = None if row is None else row.excludes(state)
            if facet is not None:
                found.append((name, facet))
        return tuple(found)

    def is_frozen(self, values: NativeState) -> bool:
        """Whether any field shows a converted value: the record is never written by the state again (G2)."""
        return any((row := self.row(name, values)) is not None and row.converted for name in self.state_fields)

    def is_unconverted(self, before: NativeState, after: NativeState) -> bool:
        """Whether a conversion was undone: the lead goes on as a new one (T11)."""
        return self.is_frozen(before) and not self.is_frozen(after)

    # ---- writing -----------------------------------------------------------------------------------------------------------------------
    def preferred(self, field: str, state: State, values: NativeState | None = None) -> str | None:
        """The value that the field is written with for a state; None: the field is left alone for that state."""
        writers = self._fields[field].writers(state, values or {})
        return writers[0].value if len(writers) == 1 else None

    def is_held(self, field: str, state: State, values: NativeState | None = None) -> bool:
        """Whether the field is left as it is for this state."""
        return self.preferred(field, state, values) is None

    def put(self, field: str, values: NativeState, state: State, *, silent: frozenset[str] = frozenset()) -> str | Literal[Keep.KEEP] | None:
        """What to write to a field: KEEP if what it shows may stay (G1, G2), a value, or None where it is left alone though it contradicts.

        A value that allows the state is kept, however coarse or fine; so is one that nobody mapped, a silent blank, and everything on a converted record.
        """
        row = None if field in silent else self.row(field, values)
        if row is None or row.reads.states & bit(state) or self.is_frozen(values):
            return KEEP
        return self.preferred(field, state, values)
