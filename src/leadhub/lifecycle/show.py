"""What `leadhub map show` prints, as data and as plain text: three blocks, a column per system, then the values that stand in no block."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from shlex import quote
from typing import Literal

from leadhub.lifecycle.relation import ANY_OTHER, FieldRelation, Relation, Row
from leadhub.lifecycle.states import VALID
from leadhub.lifecycle.wording import facet_words, listed
from leadhub.model.state import VALUES, Facet, State

TITLES: dict[Facet, str] = {"stage": "How far has the lead come?", "status": "What is being done right now?", "exit": "Has it left, and why?"}

NOTHING = "says nothing"
ALONE = "left alone"
BLANK = "(blank)"
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Cell:
    """What one system shows for one row of a block."""

    kind: Literal["values", "nothing", "alone"]
    values: tuple[str, ...] = ()
    starred: frozenset[str] = frozenset()
    """Those of the values that cover several rows of the block."""

    def __str__(self) -> str:
        if self.kind == "nothing":
            return NOTHING
        if self.kind == "alone":
            return ALONE
        if len(self.values) > 3:
            return f"any of {len(self.values)} values"
        return ", ".join(f"{value or BLANK}{' *' if value in self.starred else ''}" for value in self.values)


@dataclass(frozen=True, slots=True)
class Block:
    """One question with a row per answer and a cell per system."""

    facet: Facet
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


@dataclass(frozen=True, slots=True)
class Note:
    """One value that no block shows, with what there is to say about it."""

    system: str
    field: str
    value: str
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """The whole answer to `leadhub map show`."""

    columns: tuple[str, ...]
    blocks: tuple[Block, ...]
    never_written: tuple[Note, ...]
    ignored: tuple[Note, ...]
    questions: tuple[Note, ...]
    unmapped: tuple[Note, ...]


Counts = Mapping[tuple[str, str, str], int]
"""(system, field, value) → in how many records a value without a row was seen."""


def page(relations: Sequence[Relation], unmapped: Counts | None = None, skip: Collection[str] = ()) -> Page:
    """Everything that `map show` prints for these systems' objects, in their order; stages of `skip` have no row."""
    fields = [(relation, of) for relation in relations for of in relation.fields]
    rows = [(relation, of, row) for relation, of in fields for row in of.rows]
    return Page(
        columns=tuple(f"{relation.system} {relation.object}" for relation in relations),
        blocks=tuple(_block(facet, relations, skip) for facet in TITLES),
        never_written=tuple(
            Note(relation.system, of.name, row.value, _never_written(row))
            for relation, of, row in rows
            if not row.writes and not row.ask and not row.says_nothing
        ),
        ignored=tuple(
            Note(relation.system, of.name, row.value, "rules nothing out") for relation, of, row in rows if row.says_nothing and not row.ask
        ),
        questions=tuple(Note(relation.system, of.name, row.value, row.ask) for relation, of, row in rows if row.ask),
        unmapped=tuple(
            Note(system, field, value, f"{count} record{'s' * (count != 1)}; leadhub map add {system} {field} {quote(value)} --like OTHER")
            for (system, field, value), count in sorted((unmapped or {}).items(), key=lambda item: (-item[1], item[0]))
        ),
    )


def _block(facet: Facet, relations: Sequence[Relation], skip: Collection[str]) -> Block:
    columns = [_column(facet, relation) for relation in relations]
    return Block(facet, tuple((value, tuple(column[value] for column in columns)) for value in VALUES[facet] if value not in skip))


def _column(facet: Facet, relation: Relation) -> dict[str, Cell]:
    """The cells of one system: the telling values of all its fields together."""
    told = [_telling(facet, of) for of in relation.fields]
    cells: dict[str, Cell] = {}
    for value in VALUES[facet]:
        here = [of[value] for of in told]
        telling = tuple(dict.fromkeys(word for words, _ in here if words for word in words))
        if telling:
            starred = frozenset(word for words in told for word in telling if sum(word in (found or ()) for found, _ in words.values()) > 1)
            cells[value] = Cell("values", telling, starred)
        else:
            cells[value] = Cell("alone" if all(alone for _, alone in here) else "nothing")
    return cells


def _telling(facet: Facet, of: FieldRelation) -> dict[str, tuple[tuple[str, ...], bool]]:
    """For each value of the facet the field's values that tell it apart from another, and whether the field is left alone there altogether.

    Shown is what a field is written with; a field that is only read shows what it can be read as.
    """
    written = any(row.writes and not row.ask for row in of.rows)
    found: dict[str, tuple[str, ...]] = {}
    for value in VALUES[facet]:
        states = [state for state in VALID if state.facet(facet) == value and (facet == "exit" or state.exit == "open")]
        found[value] = tuple(dict.fromkeys(word for state in states for word in _words(of, state, written=written)))
    spoken = [value for value, words in found.items() if words]
    everywhere = {word for word in found[spoken[0]] if all(word in found[value] for value in spoken)} if len(spoken) > 1 else set()
    naming = {row.value for row in of.rows if any(named == facet for named, _ in row.order)}
    return {value: (tuple(w for w in words if w not in everywhere and w in naming), not words) for value, words in found.items()}


def _words(of: FieldRelation, state: State, *, written: bool) -> Iterable[str]:
    if written:
        return (row.value for row in of.writers(state, {}))
    return (row.value for row in of.rows if row.value != ANY_OTHER and not row.when and not row.says_nothing and row.reads.contains(state))


def _never_written(row: Row) -> str:
    says = [facet_words(facet, values) for facet, values in row.order]
    when = " and ".join(f"{name} is {wanted}" for name, wanted in row.when.items())
    parts = [f"read as {listed(says)}" if says else "read", f"when {when}" if when else "", "reached only by converting" if row.converted else ""]
    return ", ".join(part for part in parts if part)


def render(shown: Page) -> str:
    """The page as plain text."""
    lines: list[str] = []
    tables = [
        [(TITLES[block.facet], *shown.columns), *((name, *(str(cell) for cell in cells)) for name, cells in block.rows)] for block in shown.blocks
    ]
    widths = [max(len(row[i]) for table in tables for row in table) for i in range(len(shown.columns) + 1)]
    for table in tables:
        lines += ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
        lines.append("")
    lines.append(
        f"* one value for several rows.  {NOTHING}: the system's values rule nothing out here.  {ALONE}: it has no word for it; leadhub writes nothing."
    )
    lists = {
        "Read, never written": shown.never_written,
        "Ignored": shown.ignored,
        "Waiting for an answer, left alone until then": shown.questions,
        "Nobody mapped these, left alone": shown.unmapped,
    }
    for title, notes in lists.items():
        if notes:
            lines += ["", f"{title}:", *_grouped(notes)]
    return "\n".join(lines) + "\n"


def _grouped(notes: Sequence[Note]) -> list[str]:
    """One line for values of a field of which the same is to be said."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for note in notes:
        groups.setdefault((note.system, note.field, note.text), []).append(_named(note.value))
    return [f"  {system} {field} {listed(values)}: {text}" for (system, field, text), values in groups.items()]


def _named(value: str) -> str:
    return {ANY_OTHER: "any other value", "": BLANK}.get(value, f'"{value}"')
