"""Which native state values are written, and which contradictions are left alone. Pure."""

from dataclasses import dataclass

from leadhub.core.voices import Voice, agreed
from leadhub.lifecycle.relation import KEEP, FieldRelation
from leadhub.lifecycle.states import HAVING, stage_rank
from leadhub.model.person import Lead, StateBase, Versions
from leadhub.model.state import FACETS, Facet


@dataclass(frozen=True, slots=True)
class StateWrite:
    """One native state value to write to a record, the value it replaces, and the facet that asks for it."""

    voice: Voice
    field: str
    value: str
    before: str
    facet: Facet
    clear_first: bool


def plan_writes(
    voice: Voice,
    seen: Versions,
    lead: Lead,
    frozen: frozenset[Facet],
    writes: list[StateWrite],
    standing: list[tuple[str, str]],
    waiting: list[tuple[str, str]],
) -> None:
    """Add what this record needs so that it no longer contradicts the lead.

    A field is written only if the first facet that it rules out, in the order exit, stage, status, is behind at its side: what has been seen
    and still differs is a standing difference.
    """
    for name, facet in voice.relation.contradicted_fields(voice.values, lead.state, silent=voice.silent):
        field = voice.relation.field(name)
        if seen.of(facet) >= lead.versions.of(facet):
            standing.append((voice.id, name))
            continue
        value = voice.relation.put(name, voice.values, lead.state, silent=voice.silent)
        if value is KEEP or value is None or facet in frozen or name not in voice.side.state_writable:
            waiting.append((voice.id, name))
            continue
        back = field.ordered and _is_back(field, voice, value)
        set_by = lead.set_by.get("stage")
        if back and (set_by is None or set_by.cause not in ("lowering", "decision")):
            waiting.append((voice.id, name))
            continue
        writes.append(StateWrite(voice, name, value, voice.values.get(name, ""), facet, clear_first=back and voice.values.get(name, "") != ""))


def wants_conversion(voice: Voice, seen: Versions, lead: Lead, frozen: frozenset[Facet]) -> bool:
    """Whether only a conversion would have the record say how far the lead has come: it is behind, and a converted value alone stands for that."""
    if lead.state.exit != "open" or voice.relation.is_frozen(voice.values):
        return False
    for name, facet in voice.relation.contradicted_fields(voice.values, lead.state, silent=voice.silent):
        row = voice.relation.row(name, voice.values)
        late = row is not None and not row.reads.allows("stage", lead.state.stage) and seen.of(facet) < lead.versions.of(facet)
        reached = any(one.converted and one.reads.contains(lead.state) for one in voice.relation.field(name).rows)
        if late and reached and facet not in frozen and name in voice.side.state_writable:
            return True
    return False


def left_standing(voice: Voice, seen: Versions, lead: Lead) -> Versions:
    """Return `seen`, and current in all that a field rules out which is left alone: what is typed over a standing difference is later than it.

    What another field rules out that is still to be written, or waits, is not left alone.
    """
    alone: set[Facet] = set()
    other: set[Facet] = set()
    for name, first in voice.relation.contradicted_fields(voice.values, lead.state, silent=voice.silent):
        row = voice.relation.row(name, voice.values)
        if row is not None:
            stands = seen.of(first) >= lead.versions.of(first)
            (alone if stands else other).update(f for f in FACETS if not row.reads.states & HAVING[f][lead.state.facet(f)])
    return seen.with_({f: lead.versions.of(f) for f in alone - other})


def _is_back(field: FieldRelation, voice: Voice, value: str) -> bool:
    old, new = field.row(voice.values), field.row({**voice.values, field.name: value})
    if old is None or new is None:
        return False
    return max(map(stage_rank, new.reads.stages)) < max(map(stage_rank, old.reads.stages))


def after_write(voice: Voice, base: StateBase, written: dict[str, str], lead: Lead) -> tuple[dict[str, str], Versions]:
    """Return the base's values once these are written, and the versions that they then stand for.

    A field that was not written keeps the base's value, lest an edit that a person is asked about pass for agreed; and what it contradicts is not seen.
    """
    shown = {**voice.values, **written}
    facets = agreed(voice.relation, shown, voice.silent - frozenset(written), lead.state)
    versions = base.versions[voice.lead_id].with_({f: lead.versions.of(f) for f in facets})
    return {name: written.get(name, base.values.get(name, "")) for name in voice.relation.names}, versions
