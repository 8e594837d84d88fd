"""Reconcile: one person with all leads and sides in, the agreed values, the writes and the questions out. Pure; the order of systems never matters.

The rules themselves are in `fields` (plain fields) and `states` (stage, status, exit); this module brings a person's sides to them.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from leadhub.core.fields import FieldRound, reconcile_field, standing
from leadhub.core.policy import Policy
from leadhub.core.sides import Side
from leadhub.core.state_writes import StateWrite, after_write
from leadhub.core.states import StateRound, reconcile_state, shown
from leadhub.core.voices import Voice
from leadhub.lifecycle.statechart import implied_stages
from leadhub.lifecycle.states import stage_rank
from leadhub.model.person import Base, Canonical, Lead, Link, Person, StateBase, Value, Versions
from leadhub.model.run import Decision, Edit, Review, ReviewKind, Standing
from leadhub.model.state import FACETS


@dataclass(slots=True)
class SideWrite:
    """What one side is to be told: canonical fields with the base each has afterwards, and native state values with theirs."""

    side: Side
    fields: dict[str, Base] = field(default_factory=dict)
    state: list[StateWrite] = field(default_factory=list)
    state_after: Mapping[str, str] | None = None
    versions_after: dict[str, Versions] = field(default_factory=dict)


@dataclass(slots=True)
class Reconciled:
    """A person after reconciling. `links` carry their new bases; a write's own base is set once the write was accepted."""

    person: Person
    leads: tuple[Lead, ...]
    links: tuple[Link, ...]
    writes: list[SideWrite] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    standing: list[Standing] = field(default_factory=list)
    waiting: list[tuple[str, str]] = field(default_factory=list)
    unmapped: list[tuple[str, str, str]] = field(default_factory=list)
    decided: list[str] = field(default_factory=list)


def reconcile(
    person: Person, leads: Sequence[Lead], sides: Sequence[Side], decisions: Sequence[Decision], policy: Policy, now: datetime
) -> Reconciled:
    """Apply both rules to one person. `sides` are the primary links' records as they are now; decisions are this person's pending ones."""
    result = Reconciled(person, tuple(leads), tuple(s.link for s in sides))
    bases: dict[str, dict[str, Base]] = {s.id: dict(s.link.base) for s in sides}
    writes = {s.id: SideWrite(s) for s in sides}
    fields = dict(person.fields)
    for name in policy.fields:
        about = [d for d in decisions if d.field == name]
        outcome = reconcile_field(name, fields.get(name), sides, about, policy)
        if outcome.canonical.version:
            fields[name] = outcome.canonical
        _note_field(result, outcome, sides, policy)
        for link_id, base in outcome.bases.items():
            bases[link_id][name] = base
        for link_id in outcome.writes:
            bounced = outcome.bases[link_id].bounced
            writes[link_id].fields[name] = Base(outcome.canonical.value, outcome.canonical.version, "sent", bounced)
    states = _reconcile_states(result, sides, decisions, policy, now, writes)
    result.person = replace(person, fields=fields, sets=_grown_sets(person, fields, sides))
    result.links = tuple(replace(s.link, base=bases[s.id], state=states.get(s.id, s.link.state)) for s in sides)
    result.writes = [w for w in writes.values() if w.fields or w.state]
    return result


# ---- fields ----------------------------------------------------------------------------------------------------------------------------


def _note_field(result: Reconciled, outcome: FieldRound, sides: Sequence[Side], policy: Policy) -> None:
    person = result.person
    for taken in outcome.taken:
        system = taken.side.system if taken.side else "decision"
        author = taken.side.author(outcome.name) if taken.side else None
        edit = Edit(person.id, None, outcome.name, taken.old, taken.new, taken.version, taken.cause, system, author.name if author else "")
        result.edits.append(replace(edit, at=author.at if author else None, taken=taken.taken))
    if outcome.question is not None:
        result.reviews.append(_review("conflict", person.id, None, outcome.name, outcome.question, outcome.note, sides))
    result.waiting.extend((link_id, outcome.name) for link_id in outcome.waiting)
    result.decided.extend(outcome.decided)
    if outcome.question is not None:
        return  # what the question is about is no standing difference: it waits for an answer
    for side, base in standing(outcome.name, outcome.canonical, outcome.bases, sides, policy.fields[outcome.name]):
        result.standing.append(Standing(side.id, side.system, outcome.name, side.shown[outcome.name], outcome.canonical.value, base.how))


def _grown_sets(person: Person, fields: Mapping[str, Canonical], sides: Sequence[Side]) -> dict[str, tuple[str, ...]]:
    """Every e-mail and phone ever seen for the person, in order of appearance: former values serve matching."""
    sets = {name: dict.fromkeys(values) for name, values in person.sets.items()}
    for name in ("email", "phone"):
        seen = [s.shown.get(name) for s in sorted(sides, key=lambda s: s.id)]
        for value in (fields[name].value if name in fields else None, *seen):
            if value:
                sets.setdefault(name, {}).setdefault(value)
    return {name: tuple(values) for name, values in sets.items()}


# ---- state -----------------------------------------------------------------------------------------------------------------------------


def current_lead(leads: Sequence[Lead]) -> Lead | None:
    """The newest open lead, else the newest."""
    return max(leads, key=lambda lead: (lead.state.exit == "open", lead.cycle, lead.id), default=None)


def furthest_lead(leads: Sequence[Lead]) -> Lead | None:
    """The lead with the highest stage; of equals the current one."""
    current = current_lead(leads)
    return max(leads, key=lambda lead: (stage_rank(lead.state.stage), lead is current), default=None)


def voices_of(side: Side, leads: Sequence[Lead], policy: Policy) -> list[Voice]:
    """Return what a side says of which lead: its own lead, or the furthest (ordered fields) and the current one (the others)."""
    relation = policy.relations.get((side.link.system, side.link.object))
    if relation is None or side.state is None:
        return []
    if (side.link.system, side.link.object) in policy.own_lead:
        return [Voice(side, relation, side.link.lead_id, frozenset({side.link.lead_id}))] if side.link.lead_id else []
    current, furthest = current_lead(leads), furthest_lead(leads)
    if current is None or furthest is None:
        return []
    ordered = frozenset(f.name for f in relation.fields if f.ordered)
    if current is furthest or not ordered:
        return [Voice(side, relation, current.id, frozenset({current.id}))]
    rest, both = frozenset(relation.state_fields) - ordered, frozenset({current.id, furthest.id})
    return [Voice(side, relation.restricted_to(ordered), furthest.id, both), Voice(side, relation.restricted_to(rest), current.id, both)]


def _reconcile_states(
    result: Reconciled, sides: Sequence[Side], decisions: Sequence[Decision], policy: Policy, now: datetime, writes: Mapping[str, SideWrite]
) -> dict[str, StateBase]:
    voices = [voice for side in sides for voice in voices_of(side, result.leads, policy)]
    held = {voice.id for voice in voices if voice.changed_lead and voice.edited}
    voices = [replace(voice, held=True) if voice.id in held else voice for voice in voices]
    states: dict[str, StateBase] = {}
    leads = []
    for lead in sorted(result.leads, key=lambda one: (one.cycle, one.id)):
        mine = [v for v in voices if v.lead_id == lead.id]
        about = [d for d in decisions if d.field == "state" and d.lead_id == lead.id]
        outcome = reconcile_state(lead, mine, about, policy, now)
        leads.append(outcome.lead)
        _note_state(result, lead, outcome, mine)
        for link_id, base in outcome.bases.items():
            states[link_id] = _joined(states.get(link_id), base, next(v for v in mine if v.id == link_id))
        for write in outcome.writes:
            writes[write.voice.id].state.append(write)
        for voice in mine:
            _state_after(writes[voice.id], voice, outcome)
    after = {lead.id: lead for lead in leads}
    result.leads = tuple(after[lead.id] for lead in result.leads)
    for link_id, base in states.items():  # a lead that the record no longer speaks of is none of its business
        spoken = {v.lead_id for v in voices if v.id == link_id}
        states[link_id] = replace(base, versions={lead: seen for lead, seen in base.versions.items() if lead in spoken})
    for voice in voices:
        unmapped = voice.relation.unmapped(voice.values)
        result.unmapped.extend((voice.id, name, voice.values[name]) for name in unmapped)
    return states


def _joined(old: StateBase | None, new: StateBase, voice: Voice) -> StateBase:
    """Two voices of one record (a contact that speaks of two leads) share its base: each brings its own fields and its own lead's versions."""
    if old is None:
        return new
    names = frozenset(voice.relation.names)
    return replace(
        new,
        values={**old.values, **{name: new.values[name] for name in names}},
        versions={**old.versions, voice.lead_id: new.versions[voice.lead_id]},
        silent=(old.silent - names) | (new.silent & names),
    )


def _state_after(write: SideWrite, voice: Voice, outcome: StateRound) -> None:
    mine = [w for w in outcome.writes if w.voice.id == voice.id]
    if not mine:
        return
    values, versions = after_write(voice, outcome.bases[voice.id], {w.field: w.value for w in mine}, outcome.lead)
    write.state_after = {**(write.state_after or {}), **values}
    write.versions_after[voice.lead_id] = versions


def _note_state(result: Reconciled, before: Lead, outcome: StateRound, voices: Sequence[Voice]) -> None:
    after = outcome.lead
    for facet in FACETS:
        if after.versions.of(facet) == before.versions.of(facet):
            continue
        set_by = after.set_by[facet]
        edit = Edit(
            result.person.id,
            after.id,
            facet,
            before.state.facet(facet),
            after.state.facet(facet),
            after.versions.of(facet),
            set_by.cause,
            set_by.origin,
        )
        if facet == "stage" and before.versions.stage:
            implied = implied_stages(before.state, after.state)
            result.edits.extend(replace(edit, new=stage, implied=True) for stage in implied)
        result.edits.append(replace(edit, actor=set_by.author.name, at=set_by.author.at))
    values: dict[str, Value] = {"hub": str(after.state), **{v.id: shown(v) for v in voices}}
    for question in outcome.questions:
        sides = [v.side for v in voices if v.id in question.links]
        result.reviews.append(_review(question.kind, result.person.id, after.id, "state", values, question.note, sides))
    reasons = {v.id: outcome.bases[v.id].how for v in voices if v.id in outcome.bases}
    by_id = {v.id: v for v in voices}
    for link_id, name in outcome.standing:
        voice = by_id[link_id]
        result.standing.append(Standing(link_id, voice.side.system, name, voice.values.get(name), str(after.state), reasons.get(link_id, "agreed")))
    result.waiting.extend(outcome.waiting)
    result.decided.extend(outcome.decided)


def _review(
    kind: ReviewKind, person_id: str, lead_id: str | None, name: str, values: Mapping[str, Value], note: str, sides: Sequence[Side]
) -> Review:
    """A question with an id that stays the same for as long as the question does."""
    identity = hashlib.blake2b(f"{kind}|{person_id}|{lead_id}|{name}".encode(), digest_size=6).hexdigest()
    systems = "+".join(sorted({s.system for s in sides}))
    shape = values.get("hub") if name == "state" else ""
    return Review(identity, kind, f"{kind}:{systems}:{name}" + (f":{shape}" if shape else ""), person_id, lead_id, name, values, note)
