"""From the tables of a document to rows: names, ranges, conditions and answers, with a fault for whatever is not understood. No checks across rows."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from leadhub.lifecycle.folding import folded_stages, without
from leadhub.lifecycle.lines import LineOf, no_lines
from leadhub.lifecycle.problems import Problem
from leadhub.lifecycle.relation import Box, Row
from leadhub.lifecycle.wording import did_you_mean, quoted
from leadhub.model.state import FACETS, STAGES, VALUES, Facet, Stage

CANNOT_TELL: Final = "cannot tell"
"""The answer to any question that leaves the value alone."""

STAGE_ALIASES = {"subscriber": "known", "marketingqualifiedlead": "mql", "salesqualifiedlead": "sql", "evangelist": "advocate"}

ROW_KEYS = frozenset({"value", "stage", "status", "exit", "writes", "when", "converted", "ask", "answers", "reason", "alias", "label", "carries"})
ANSWER_KEYS = frozenset({"stage", "status", "exit", "writes", "reason"})
_PLURAL = {"stage": "Stages", "status": "Statuses", "exit": "Exits"}


@dataclass
class Place:
    """Where faults of one field of one document are reported."""

    title: str
    """`salesforce.Status`"""
    field: str
    source: str
    problems: list[Problem]
    line_of: LineOf = no_lines
    seen: dict[str, int] = dataclasses.field(default_factory=dict)
    skip: frozenset[str] = frozenset()
    """The stages that this deployment does not use."""

    def next_line(self, value: str) -> int | None:
        """The line of a row; rows that share a value are taken in the order of the text."""
        lines = self.line_of(self.field, "value", value)
        place = self.seen.get(value, 0)
        self.seen[value] = place + 1
        return lines[place] if place < len(lines) else None

    def key_line(self, key: str) -> int | None:
        """The line of a key of the field's table."""
        return next(iter(self.line_of(self.field, key, "")), None)

    def fault(self, code: str, message: str, line: int | None = None) -> None:
        """Note one fault."""
        self.problems.append(Problem(code, f"{self.source}:{line}" if line else self.source, message))


@dataclass(frozen=True, slots=True)
class Draft:
    """A row as read, with the states that it leaves open because of a question."""

    row: Row
    open_question: tuple[Box, ...] = ()
    """What the answers that were not given would have written."""


def read_row(table: Any, answers: Mapping[str, str], place: Place) -> Draft | None:
    """One row of a `map`. None if it has no value to stand under."""
    if not isinstance(table, Mapping) or not isinstance(value := table.get("value"), str):
        place.fault("M24", f'{place.title}: a row needs value = "…", the value as the system stores it (not its label).', place.key_line("map"))
        return None
    line = place.next_line(value)
    unknown_keys(table, ROW_KEYS, f'the row of "{value}"', line, place)
    reads, order, writes = _read_meaning(table, line, place)
    row = Row(
        value=value,
        reads=reads,
        writes=writes,
        when=_texts(table.get("when", {}), "when", line, place),
        converted=table.get("converted") is True,
        ask=table.get("ask"),
        reason=table.get("reason"),
        alias=tuple(table.get("alias", ())),
        label=table.get("label"),
        carries=_texts(table.get("carries", {}), "carries", line, place),
        order=order,
        source_line=line,
    )
    return _answered(row, table, answers.get(value), place) if row.ask else Draft(row)


def _answered(row: Row, table: Mapping[str, Any], answer: str | None, place: Place) -> Draft:
    """The row as its question was answered; what other answers would have written is left open."""
    meanings: dict[str, Row] = {}
    for name, said in table.get("answers", {}).items():
        unknown_keys(said, ANSWER_KEYS, f'the answer "{name}"', row.source_line, place)
        merged = {**table, **said}
        reads, order, writes = _read_meaning(merged, row.source_line, place)
        meanings[name] = replace(row, reads=reads, order=order, writes=writes, reason=merged.get("reason"), ask=None)
    known = (*meanings, CANNOT_TELL)
    if answer is not None and answer not in known:
        near = did_you_mean(answer, known)
        place.fault("M24", f'{place.title}: "{answer}" is no answer for "{row.value}". {near}Answers: {quoted(known, "or")}.')
    rest = tuple(box for name, meaning in meanings.items() if name != answer for box in meaning.writes)
    return Draft(meanings.get(answer or "", row), rest or row.writes)


Order = tuple[tuple[Facet, tuple[str, ...]], ...]
"""The facets that a row names, with their values as written."""


def _read_meaning(table: Mapping[str, Any], line: int | None, place: Place) -> tuple[Box, Order, tuple[Box, ...]]:
    """What a row reads as, in which order, and what it is written for. Skipped stages are folded where it reads, and left out where it writes."""
    box, order = _read_box(table, None, line, place)
    writes = tuple(without(written, place.skip) for written in _read_writes(table.get("writes", True), box, line, place))
    if not order or not place.skip:
        return box, order, writes
    stages = folded_stages([stage for stage in STAGES if stage in box.stages], place.skip)
    named: Order = tuple((facet, folded_stages(values, place.skip) if facet == "stage" else values) for facet, values in order)
    return replace(box, stages=frozenset(stages)), named, tuple(written for written in writes if written.stages)


def _read_box(table: Mapping[str, Any], outer: Box | None, line: int | None, place: Place) -> tuple[Box, Order]:
    """The product set that a table names, and the values as written. A facet that is not named is that of `outer`, or anything."""
    named: dict[Facet, tuple[str, ...]] = {}
    for facet in FACETS:
        if facet in table:
            named[facet] = _facet_values(facet, table[facet], line, place)
    sets = {facet: frozenset(named[facet]) if facet in named else (outer or Box()).values(facet) for facet in FACETS}
    return Box(sets["stage"], sets["status"], sets["exit"]), tuple(named.items())


def _facet_values(facet: Facet, written: Any, line: int | None, place: Place) -> tuple[str, ...]:
    """Canonical names in the order written, ranges spelled out."""
    if not isinstance(written, list):
        place.fault("M01", f"{place.title}: {facet} = {_toml(written)} is not a list. Write {facet} = [{_toml(written)}].", line)
        return VALUES[facet]
    found: dict[str, None] = {}
    for word in written:
        names = stage_range(word) if facet == "stage" and isinstance(word, str) else ([word] if word in VALUES[facet] else [])
        if not names:
            near = did_you_mean(str(word), (*VALUES[facet], *(STAGE_ALIASES if facet == "stage" else ())))
            what = f"{place.title}: {facet} {_toml(word)} is not {'an' if facet == 'exit' else 'a'} {facet}. "
            place.fault("M01", f"{what}{near}{_PLURAL[facet]}: {', '.join(VALUES[facet])}.", line)
        found.update(dict.fromkeys(names))
    return tuple(found) or VALUES[facet]


def stage_range(word: str) -> Sequence[Stage]:
    """`mql`, `<=sql` (up to and with sql), `>=opportunity` or `opportunity+` (from opportunity on), an alias of a stage in these places; else nothing."""
    up_to, on = word.startswith("<="), word.startswith(">=") or word.endswith("+")
    name = word.removesuffix("+") if word.endswith("+") else word.removeprefix("<=").removeprefix(">=")
    name = STAGE_ALIASES.get(name, name)
    if name not in STAGES:
        return ()
    place = STAGES.index(name)
    if up_to:
        return STAGES[: place + 1]
    return STAGES[place:] if on else STAGES[place : place + 1]


def _read_writes(written: Any, reads: Box, line: int | None, place: Place) -> tuple[Box, ...]:
    """For which states the value is written: what it reads unless `writes` narrows it."""
    if written is True:
        return (reads,)
    if written is False:
        return ()
    boxes = []
    for table in written if isinstance(written, list) else [written]:
        if not isinstance(table, Mapping):
            place.fault("M24", f"{place.title}: writes is false, a table of facets, or a list of such tables; not {_toml(table)}.", line)
            continue
        unknown_keys(table, frozenset(FACETS), "writes", line, place)
        boxes.append(_read_box(table, reads, line, place)[0])
    return tuple(boxes)


def read_hold(written: Any, place: Place) -> tuple[Box, ...]:
    """The states that a field is left alone for."""
    line = place.key_line("hold")
    boxes = []
    for table in written if isinstance(written, list) else [written]:
        if not isinstance(table, Mapping):
            place.fault("M24", f'{place.title}: hold is a list of tables, like hold = [{{ exit = ["recycled"] }}]; not {_toml(written)}.', line)
            continue
        unknown_keys(table, frozenset(FACETS), "hold", line, place)
        boxes.append(without(_read_box(table, None, line, place)[0], place.skip))
    return tuple(box for box in boxes if box.stages)


def unknown_keys(table: Mapping[str, Any], known: frozenset[str], where: str, line: int | None, place: Place) -> None:
    """A fault for each key that means nothing here."""
    for key in table:
        if key not in known:
            near = did_you_mean(key, known)
            place.fault("M24", f'{place.title}: unknown key "{key}" in {where}. {near}Keys: {", ".join(sorted(known))}.', line)


def _texts(table: Any, key: str, line: int | None, place: Place) -> dict[str, str]:
    """A table of texts; a boolean is the lower-case word that systems send for it."""
    if not isinstance(table, Mapping):
        place.fault("M24", f'{place.title}: {key} is a table, like {key} = {{ IsClosed = "true" }}; not {_toml(table)}.', line)
        return {}
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in table.items()}


def _toml(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
