"""The laws of reading and writing, checked over all states each time a configuration is loaded. A sound mapping passes; it may still mean the wrong thing.

R1 what was read is allowed by what was read. R2 what was written allows the state, or the field is left alone. R3 where both agree nothing changes.
R4 writing twice writes once. R5 reading, then writing, writes nothing. R6 each state has one value to write or is left alone. R7 reading always ends in a
valid state. R8 one edit in one field settles in one round. R9 several records read together end in a state that all allow, in any order.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, permutations, product

from leadhub.lifecycle.checks import SOME_VALUE, conditions
from leadhub.lifecycle.nearest import Constraint, Reading, get, joint_of
from leadhub.lifecycle.relation import ANY_OTHER, KEEP, FieldRelation, NativeState, Relation, Row
from leadhub.lifecycle.states import ALL, INDEX, VALID, StateSet, bit, unpack
from leadhub.model.state import State


@dataclass(frozen=True, slots=True)
class LawFailure:
    """One case in which a law does not hold."""

    law: str
    where: str
    state: State
    values: Mapping[str, str]
    message: str

    def __str__(self) -> str:
        return f"{self.law} {self.where} {dict(self.values)} with a lead at {self.state}: {self.message}"


@dataclass(frozen=True, slots=True)
class LawReport:
    """How many cases were checked, and those that failed."""

    checks: int
    failures: tuple[LawFailure, ...]


@dataclass(frozen=True, slots=True)
class Lens:
    """The functions under law; tests put wrong ones here."""

    get: Callable[..., State] = get
    put: Callable[..., object] = Relation.put
    joint: Callable[[Iterable[Constraint], State], State | None] = joint_of


_Case = tuple[Relation, State, NativeState]


@dataclass
class _Checker:
    lens: Lens
    checks: int = 0
    failures: list[LawFailure] = field(default_factory=list)

    def expect(self, holds: bool, law: str, case: _Case, message: str, *shown: object) -> None:
        """Count one case; the message is worded only for one that fails (there are a hundred thousand that do not)."""
        self.checks += 1
        if not holds:
            relation, state, values = case
            self.failures.append(LawFailure(law, f"{relation.system}.{relation.object}", state, dict(values), message.format(*shown)))

    def writers(self, relation: Relation) -> None:
        for of in relation.fields:
            held = _held(of)
            for condition in conditions(of.rows):
                for state in VALID:
                    writers = [row.value for row in of.writers(state, condition)]
                    sound = len(writers) == 1 or (not writers and held >> INDEX[state] & 1 == 1)
                    self.expect(sound, "R6", (relation, state, condition), "{} has {} to write and is not left alone", of.name, writers or "nothing")

    def record(self, relation: Relation, values: NativeState) -> None:
        consistent = _consistent(relation, values)
        speaking = relation.speaking(values)
        fields = [name for name in relation.state_fields if (row := relation.row(name, values)) is None or row in speaking]
        for state in VALID:
            read = self.lens.get(relation, values, state)
            self.expect(read in INDEX, "R7", (relation, state, values), "read as {}, which is no valid state", read)
            self.expect(bit(read) & consistent != 0, "R1", (relation, state, values), "read as {}, which the values rule out", read)
            agrees = consistent >> INDEX[state] & 1
            if agrees:
                self.expect(read == state, "R3", (relation, state, values), "the values allow the state, yet reading made it {}", read)
            for name in fields:
                after = self.lens.put(relation, name, values, read)
                self.expect(after is KEEP, "R5", (relation, state, values), "reading gives {}; then {} would be written {!r}", read, name, after)
                if agrees:
                    self.expect(
                        self.lens.put(relation, name, values, state) is KEEP,
                        "R3",
                        (relation, state, values),
                        "{} allows the state and is written",
                        name,
                    )
            for name in relation.state_fields:
                self.put(relation, name, values, state)

    def put(self, relation: Relation, name: str, values: NativeState, state: State) -> None:
        row = relation.row(name, values)
        written = self.lens.put(relation, name, values, state)
        if written is KEEP:
            stays = row is None or row.reads.contains(state) or relation.is_frozen(values)
            self.expect(stays, "R2", (relation, state, values), "{} is kept though it rules the state out", name)
            return
        if written is None:
            self.expect(relation.is_held(name, state, values), "R2", (relation, state, values), "{} is not written though it is not left alone", name)
            return
        after = {**values, name: str(written)}
        now = relation.row(name, after)
        self.expect(
            now is not None and now.reads.contains(state),
            "R2",
            (relation, state, values),
            "{} is written {!r}, which rules the state out",
            name,
            written,
        )
        self.expect(
            self.lens.put(relation, name, after, state) is KEEP,
            "R4",
            (relation, state, values),
            "{} is written {!r} and then written again",
            name,
            written,
        )

    def edits(self, relation: Relation) -> dict[State, set[State]]:
        """R8 within a record: one of its fields is edited while all agree with the lead. Returns what each state can become by one edit."""
        reached: dict[State, set[State]] = {}
        for state, starts in _settled(relation).items():
            for values in starts:
                for of in relation.fields:
                    for value in dict.fromkeys(row.value for row in of.rows if row.value not in {ANY_OTHER, values[of.name]}):
                        edited = {**values, of.name: value}
                        read = self.lens.get(relation, edited, state, edited=frozenset({of.name}), before=values)
                        reached.setdefault(state, set()).add(read)
                        self.settles(relation, edited, of.name, state, read)
        return reached

    def echo(self, relation: Relation, reached: Mapping[State, set[State]]) -> None:
        """R8 across systems: an edit elsewhere took the lead from one state to another; this record follows, and then both are at rest."""
        for state, starts in _settled(relation).items():
            for values, read in product(starts, [new for new in VALID if new in reached.get(state, ())]):
                self.settles(relation, values, None, state, read)

    def settles(self, relation: Relation, values: dict[str, str], typed: str | None, state: State, read: State) -> None:
        """After one round nothing is left to write, what was typed stands, and reading the echo changes nothing."""
        after, written = dict(values), set()
        for name in relation.state_fields:
            new = self.lens.put(relation, name, values, read)
            if new is not KEEP and new is not None:
                after[name] = str(new)
                written.add(name)
        self.expect(
            typed not in written,
            "R8",
            (relation, state, values),
            "what was typed into {} would be written over with {!r}",
            typed,
            after.get(typed or ""),
        )
        echo = self.lens.get(relation, after, read, edited=frozenset(written)) if written else read
        self.expect(echo == read, "R8", (relation, state, values), "the lead became {}; reading what was written makes it {}", read, echo)
        quiet = all(self.lens.put(relation, name, after, read) in {KEEP, None} for name in relation.state_fields)
        self.expect(quiet, "R8", (relation, state, values), "the lead became {}; a second round would write again", read)

    def joint(self, one: Relation, other: Relation) -> None:
        mine, theirs = ([(values, Reading(relation, values).constraint(VALID[0])) for values in records(relation)] for relation in (one, other))
        for (values, said), (other_values, other_said) in product(mine, theirs):
            both = said[0] & other_said[0]
            if not both or not said[1] or not other_said[1]:
                continue
            shown = {**values, **other_values}
            for state in VALID:
                together = self.lens.joint((said, other_said), state)
                sound = together is not None and both & bit(together) != 0 and (together == state or not both & bit(state))
                self.expect(sound, "R9", (one, state, shown), "read together with {}.{} as {}", other.system, other.object, together)
                turned = self.lens.joint((other_said, said), state)
                self.expect(together == turned, "R9", (one, state, shown), "read as {} or {}, depending on the order", together, turned)


_SOUND = Lens()


def check(relations: Sequence[Relation], *, lens: Lens = _SOUND) -> LawReport:
    """Check R1 to R7 for each relation, R8 for each and each pair, R9 for each pair. Exhaustive over states, values and conditions."""
    checker = _Checker(lens)
    for relation in relations:
        checker.writers(relation)
        for values in records(relation):
            checker.record(relation, values)
    reached = [checker.edits(relation) for relation in relations]
    for (_, moves), (other, _) in permutations(zip(relations, reached, strict=True), 2):
        checker.echo(other, moves)
    for one, other in combinations(relations, 2):
        checker.joint(one, other)
    return LawReport(checker.checks, tuple(checker.failures))


def records(relation: Relation) -> Iterator[dict[str, str]]:
    """One record of each meaning: mapped values, a blank and one that nobody mapped, under all conditions.

    Values that are never written and say the same (the open stages of a deal, a blank and an unmapped value) stand for each other.
    """
    rows = [row for field in relation.fields for row in field.rows]
    conditional_writes = any(row.when and row.writes for row in rows)
    choices = [dict.fromkeys([*(row.value for row in field.rows if row.value != ANY_OTHER), "", SOME_VALUE]) for field in relation.fields]
    seen: set[tuple[object, ...]] = set()
    for values in product(*choices):
        for condition in conditions(rows):
            record = {**condition, **dict(zip(relation.state_fields, values, strict=True))}
            meaning = (*(_meaning(relation.row(name, record)) for name in relation.state_fields), *(condition.values() if conditional_writes else ()))
            if meaning not in seen:
                seen.add(meaning)
                yield record


def _meaning(row: Row | None) -> tuple[object, ...] | None:
    return None if row is None else (row.reads, row.order, row.converted, row.value if row.writes else "")


def _held(of: FieldRelation) -> StateSet:
    held = 0
    for box in (*of.hold, *of.hold_unless_written):
        held |= box.states
    return held


def _consistent(relation: Relation, values: NativeState) -> StateSet:
    """The states that the record allows, worked out from the rows and nothing else."""
    states, ordered = ALL, None
    for of in relation.fields:
        row = relation.row(of.name, values)
        if row is not None:
            states &= row.reads.states
            ordered = row if ordered is None or of.ordered else ordered
    return states or (ordered.reads.states if ordered else ALL)


def _settled(relation: Relation) -> dict[State, list[dict[str, str]]]:
    """For each state the records that agree with it, every field mapped."""
    found: dict[State, list[dict[str, str]]] = {}
    for values in records(relation):
        rows = [relation.row(name, values) for name in relation.state_fields]
        states = 0 if None in rows else _consistent(relation, values)
        if all(row is not None and row.reads.states & states == states for row in rows):
            for state in unpack(states):
                found.setdefault(state, []).append(values)
    return found
