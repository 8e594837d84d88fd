"""Checks of a field's rows against each other and against all valid states: M02 to M07 and M11. They report everything and change nothing."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations, product

from leadhub.lifecycle.problems import Problem
from leadhub.lifecycle.relation import ANY_OTHER, FieldRelation, Relation, Row
from leadhub.lifecycle.rows import Place
from leadhub.lifecycle.states import HAVING, VALID, StateSet, explain_invalid, unpack
from leadhub.lifecycle.wording import describe, facet_words, listed, quoted
from leadhub.model.state import EXITS, FACETS, STAGES, STATUSES, VALUES, Facet, State

SOME_VALUE = "(any)"
"""Stands for a value that no row and no condition names."""


def conditions(rows: Sequence[Row]) -> Iterator[dict[str, str]]:
    """Every way in which a record can meet the conditions of these rows: for each field named blank, the values named, and some other."""
    named: dict[str, set[str]] = {}
    for row in rows:
        for name, wanted in row.when.items():
            named.setdefault(name, set()).update({wanted} - {"present", "absent"})
    for values in product(*(["", SOME_VALUE, *sorted(wanted)] for wanted in named.values())):
        yield dict(zip(named, values, strict=True))


def exclude_each_other(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether no record meets both conditions."""
    for name in one.keys() & other.keys():
        pair = {one[name], other[name]}
        if len(pair) == 2 and ("absent" in pair or "present" not in pair):
            return True
    return False


def check_rows(rows: Sequence[Row], place: Place, *, fold_case: bool) -> None:
    """M02, M05, M06 and the offline half of M11."""
    _check_twice(rows, place, fold_case=fold_case)
    for row in rows:
        if not row.reads.states:
            why = _why_impossible(row)
            place.fault("M05", f'{place.title}: "{row.value}" fits no valid lead ({why}). It would never be read.', row.source_line)
            continue
        _check_writes(row, place)


def _check_twice(rows: Sequence[Row], place: Place, *, fold_case: bool) -> None:
    def names(row: Row) -> set[str]:
        return {name.casefold() if fold_case else name for name in (row.value, *row.alias)}

    for one, other in combinations(rows, 2):
        shared = names(one) & names(other)
        if not shared or bool(one.when) != bool(other.when) or (one.when and exclude_each_other(one.when, other.when)):
            continue
        name = other.value if one.value == other.value else min(shared)
        known = [str(line) for line in (one.source_line, other.source_line) if line]
        lines = f" (lines {known[0]} and {known[1]})" if len(known) == 2 else ""
        mend = "Their conditions can hold at once: make them exclude each other." if one.when else 'Keep one row, or give each a different "when".'
        place.fault("M02", f'{place.title}: "{name}" is mapped twice{lines}. {mend}', other.source_line)


def _why_impossible(row: Row) -> str:
    reasons = (
        explain_invalid(State(stage, status, exit_))
        for stage in STAGES
        for status in STATUSES
        for exit_ in EXITS
        if row.reads.contains(State(stage, status, exit_))
    )
    return next((reason for reason in reasons if reason), "it allows nothing")


def _check_writes(row: Row, place: Place) -> None:
    if row.value == ANY_OTHER and row.writes:
        place.fault("M06", f'{place.title}: "{ANY_OTHER}" stands for any other value and cannot be written. Set writes = false.', row.source_line)
    if row.converted and row.writes:
        message = "is a converted value: it can only be reached by converting. Set writes = false."
        place.fault("M11", f'{place.title}: "{row.value}" {message}', row.source_line)
    for box in row.writes:
        if not box.states:
            place.fault(
                "M05", f'{place.title}: "{row.value}" would be written for no valid lead. Correct its writes, or set writes = false.', row.source_line
            )
        elif row.written_states & ~row.reads.states:
            outside = [facet_words(facet, gone) for facet in FACETS if (gone := box.values(facet) - row.reads.values(facet))]
            if outside:
                what = listed(outside)
                message = f"would be written for {what} but does not allow it: the next read would change the lead back. Add it to the row, or narrow its writes."
                place.fault("M06", f'{place.title}: "{row.value}" {message}', row.source_line)


def check_held(rows: Sequence[Row], hold: StateSet, place: Place) -> None:
    """M07: one document both leaves states alone and writes them."""
    for row in rows:
        if not row.ask and (both := row.written_states & hold):
            message = (
                f'{describe(unpack(both))} is both left alone and written by "{row.value}". Remove one: narrow the hold, or the writes of the row.'
            )
            place.fault("M07", f"{place.title}: {message}", place.key_line("hold") or row.source_line)


def check_total(field: FieldRelation, place: Place) -> None:
    """M03 and M04: each valid state has exactly one value to write, or is left alone."""
    held = 0
    for box in (*field.hold, *field.hold_unless_written):
        held |= box.states
    missing: set[State] = set()
    ambiguous: dict[tuple[str, ...], set[State]] = {}
    for record in conditions(field.rows):
        for index, state in enumerate(VALID):
            writers = field.writers(state, record)
            if len(writers) > 1:
                ambiguous.setdefault(tuple(row.value for row in writers), set()).add(state)
            elif not writers and not held >> index & 1:
                missing.add(state)
    for values, states in ambiguous.items():
        lines = [row.source_line for row in field.rows if row.value in values and row.source_line]
        claim = f"{len(values)} values claim to be written for {describe(states)}: {quoted(values)}."
        place.fault("M03", f"{place.title}: {claim} Set writes = false on one, or narrow its writes.", max(lines, default=None))
    if missing:
        what = describe(missing)
        mend = f"Add it to a row, or add hold = [{_as_hold(missing)}] to leave {place.title.split('.')[0]} as it is."
        place.fault("M04", f"{place.title}: nothing to write for {what}. {mend}", place.key_line("map") or place.key_line("value"))


def _as_hold(states: set[State]) -> str:
    """One table of a hold that covers the states: the fewest facets that name exactly these, or the smallest product around them."""
    values = {facet: [value for value in VALUES[facet] if any(state.facet(facet) == value for state in states)] for facet in FACETS}
    named: tuple[Facet, ...] = FACETS
    for facets in (chosen for size in (1, 2) for chosen in combinations(FACETS, size)):
        if {state for state in VALID if all(state.facet(facet) in values[facet] for facet in facets)} == states:
            named = facets
            break
    return f"{{ {', '.join(f'{facet} = {json.dumps(values[facet])}' for facet in named)} }}"


def check_live(relation: Relation, *, converted_values: Mapping[str, Collection[str]], source: str) -> list[Problem]:
    """M11 against the live system: by field, the values that it says are converted (Salesforce: `LeadStatus.IsConverted`), never their labels."""
    problems: list[Problem] = []
    for field in relation.fields:
        place = Place(f"{relation.system}.{field.name}", field.name, source, problems)
        for row in field.rows:
            if row.value not in converted_values.get(field.name, ()):
                continue
            what = f'{place.title} "{row.value}" is a converted status in this org'
            if row.writes:
                place.fault("M11", f"{what}: it can only be reached by converting. Set writes = false and converted = true.", row.source_line)
            elif not row.converted:
                place.fault("M11", f"{what}: a converted record must not be written any more. Set converted = true.", row.source_line)
    return problems


def only_in_the_hub(relations: Sequence[Relation], skip: Collection[str] = ()) -> list[str]:
    """M26: a sentence for each value of a facet that no field of these systems is ever written for."""
    written = 0
    for relation in relations:
        for field in relation.fields:
            for row in field.rows:
                written |= row.written_states if not row.ask else 0
    missing = [(facet, value) for facet in FACETS for value, having in HAVING[facet].items() if value not in skip and not written & having]
    return [f"M26 no system writes {facet} {value}: it will exist only in leadhub." for facet, value in missing]
