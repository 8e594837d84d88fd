"""From a preset and a deployment's changes to a relation, or to every fault at once. It takes parsed documents and reads no file."""

from collections.abc import Collection, Mapping
from typing import Any

from leadhub.lifecycle.checks import check_held, check_rows, check_total
from leadhub.lifecycle.lines import LineOf, no_lines
from leadhub.lifecycle.problems import Problem, RelationProblems
from leadhub.lifecycle.relation import Box, FieldRelation, Relation, Row
from leadhub.lifecycle.rows import Draft, Place, read_hold, read_row, unknown_keys
from leadhub.lifecycle.wording import did_you_mean, quoted

DOCUMENT_KEYS = frozenset({"system", "object", "field"})
SETTINGS = frozenset({"kind", "required", "unset", "unset_first", "case", "create"})
FIELD_KEYS = SETTINGS | {"map", "hold"}
OVERRIDE_KEYS = FIELD_KEYS | {"drop", "answers"}
_MISREAD = frozenset({"M01", "M24"})
"""Faults after which nobody knows what a row was to be written for: whether every state has one value to write is told when they are mended."""
_EMPTY: Mapping[str, Any] = {}


def load_relation(
    document: Mapping[str, Any],
    *,
    source: str,
    line_of: LineOf = no_lines,
    overrides: Mapping[str, Any] | None = None,
    overrides_source: str = "leadhub.toml",
    overrides_line_of: LineOf = no_lines,
    answers: Mapping[str, Mapping[str, str]] | None = None,
    skip: Collection[str] = (),
) -> Relation:
    """Read a preset (`system`, `object`, `[field.NAME]`) with a deployment's changes, `overrides` = {field: {map, drop, hold, answers, …}}.

    A row of the deployment replaces the preset's row of the same value and `when`; `drop` removes the rows of a value; `hold` adds states that are left alone
    and outweighs the preset's rows, as the deployment's rows outweigh the preset's holds; `answers` = {field: {value: answer}} answers its questions.
    `skip` are the stages that the deployment does not use: what speaks of one speaks of the stage before it, and nothing is written for it.

    Raises:
        RelationProblems: with all faults found.
    """
    relation, problems = read_relation(
        document,
        source=source,
        line_of=line_of,
        overrides=overrides,
        overrides_source=overrides_source,
        overrides_line_of=overrides_line_of,
        answers=answers,
        skip=skip,
    )
    if problems:
        raise RelationProblems(problems)
    return relation


def read_relation(
    document: Mapping[str, Any],
    *,
    source: str,
    line_of: LineOf = no_lines,
    overrides: Mapping[str, Any] | None = None,
    overrides_source: str = "leadhub.toml",
    overrides_line_of: LineOf = no_lines,
    answers: Mapping[str, Mapping[str, str]] | None = None,
    skip: Collection[str] = (),
) -> tuple[Relation, tuple[Problem, ...]]:
    """`load_relation` without raising, so that the faults of several documents can be told together. A relation with faults is not for use."""
    problems: list[Problem] = []
    skipped = frozenset(skip)
    system, obj = str(document.get("system", "")), str(document.get("object", ""))
    top = Place(system or source, "", source, problems, line_of)
    unknown_keys(document, DOCUMENT_KEYS, "the preset", None, top)
    if not system or not obj:
        top.fault("M24", "a preset names its system and its object.")
    fields, changes = document.get("field", _EMPTY), overrides or _EMPTY
    relations = []
    for name in dict.fromkeys([*fields, *changes]):
        base = Place(f"{system}.{name}", name, source, problems, line_of, skip=skipped)
        own = Place(f"{system}.{name}", name, overrides_source, problems, overrides_line_of, skip=skipped)
        change = changes.get(name, _EMPTY)
        given = {**change.get("answers", _EMPTY), **(answers or {}).get(name, _EMPTY)}
        relations.append(_read_field(fields.get(name, _EMPTY), change, given, base, own))
    return Relation(system, obj, tuple(relations)), tuple(problems)


def _read_field(table: Mapping[str, Any], change: Mapping[str, Any], answers: Mapping[str, str], base: Place, own: Place) -> FieldRelation:
    before = len(own.problems)
    unknown_keys(table, FIELD_KEYS, "the field", base.key_line("map"), base)
    unknown_keys(change, OVERRIDE_KEYS, "the field", own.key_line("map"), own)
    shipped, added = _rows(table, answers, base), _rows(change, answers, own)
    settings = {key: change.get(key, table.get(key)) for key in SETTINGS}
    _check_settings(settings, own if change else base)
    fold = settings["case"] == "ignore"
    _check_answers(answers, [*shipped, *added], own)
    check_rows([draft.row for draft in shipped], base, fold_case=fold)
    check_rows([draft.row for draft in added], own, fold_case=fold)

    hold_base, hold_own = read_hold(table.get("hold", []), base), read_hold(change.get("hold", []), own)
    check_held([draft.row for draft in shipped], _states(hold_base), base)
    check_held([draft.row for draft in added], _states(hold_own), own)

    kept = _kept(shipped, added, change, own)
    open_questions = tuple(box for draft in kept for box in draft.open_question)
    unused = (Box(stages=own.skip),) if own.skip else ()
    field = FieldRelation(
        name=base.field,
        rows=tuple(draft.row for draft in kept),
        ordered=settings["kind"] == "ordered",
        required=settings["required"] is True,
        unset=settings["unset"],
        unset_first_silent=settings["unset_first"] == "silent",
        fold_case=fold,
        create=settings["create"],
        hold=hold_own if change else hold_base,
        hold_unless_written=(hold_base if change else ()) + open_questions + unused,
    )
    misread = any(problem.code in _MISREAD for problem in own.problems[before:])
    if not misread and not any(not row.reads.states for row in field.rows):
        check_total(field, own if change else base)
    return field


def _rows(table: Mapping[str, Any], answers: Mapping[str, str], place: Place) -> list[Draft]:
    return [draft for row in table.get("map", []) if (draft := read_row(row, answers, place)) is not None]


def _kept(shipped: list[Draft], added: list[Draft], change: Mapping[str, Any], own: Place) -> list[Draft]:
    """The preset's rows, those of the same value and condition replaced in their place, dropped ones left out; new rows after them."""
    dropped = change.get("drop", [])
    known = {draft.row.value for draft in shipped}
    for value in dropped:
        if value not in known:
            own.fault("M24", f'{own.title}: drop names "{value}", which the preset does not map. {did_you_mean(value, known)}', own.key_line("drop"))
    replacing = {_key(draft.row): draft for draft in added}
    kept = [replacing.pop(_key(draft.row), draft) for draft in shipped if draft.row.value not in dropped]
    return [*kept, *replacing.values()]


def _key(row: Row) -> tuple[str, tuple[tuple[str, str], ...]]:
    return row.value, tuple(sorted(row.when.items()))


def _states(boxes: tuple[Box, ...]) -> int:
    states = 0
    for box in boxes:
        states |= box.states
    return states


def _check_settings(settings: Mapping[str, Any], place: Place) -> None:
    for key, known in {"kind": ("ordered",), "unset_first": ("silent",), "case": ("ignore",), "required": (True, False)}.items():
        if settings[key] is not None and settings[key] not in known:
            words = " or ".join(str(word).lower() if isinstance(word, bool) else f'"{word}"' for word in known)
            place.fault("M24", f"{place.title}: {key} can only be {words}.", place.key_line(key))


def _check_answers(answers: Mapping[str, str], drafts: list[Draft], place: Place) -> None:
    asked = {draft.row.value for draft in drafts if draft.row.ask or draft.open_question}
    for value in answers:
        if value not in asked:
            known = f"Asked are: {quoted(sorted(asked))}." if asked else "Nothing is asked of this field."
            place.fault("M24", f'{place.title}: nothing is asked of "{value}". {known}', place.key_line("answers"))
