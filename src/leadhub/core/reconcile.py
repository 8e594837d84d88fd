"""Reconcile: one person with all leads and sides in, the agreed values, the writes and the questions out. Pure; the order of systems never matters.

The rules themselves are in `fields` (plain fields) and `states` (stage, status, exit); this module brings a person's sides to them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from leadhub.core.agreement import base_key, standing
from leadhub.core.fields import reconcile_field
from leadhub.core.groups import ALONE, wholes
from leadhub.core.policy import Policy
from leadhub.core.questions import about_deals, about_returns, review
from leadhub.core.rounds import FieldRound
from leadhub.core.sides import Side
from leadhub.core.state_writes import StateWrite, after_write
from leadhub.core.states import StateRound, reconcile_state, shown
from leadhub.core.together import bring_together
from leadhub.core.voices import Voice
from leadhub.lifecycle.folding import folded
from leadhub.lifecycle.statechart import implied_stages
from leadhub.lifecycle.states import stage_rank
from leadhub.model.person import Base, Canonical, Lead, Link, Person, StateBase, Value, Versions
from leadhub.model.record import Author
from leadhub.model.run import Decision, Edit, Review, Standing
from leadhub.model.state import FACETS


@dataclass(frozen=True, slots=True)
class FieldWrite:
    """One canonical field that a side is to be told: the hub's value, and the base that the link keeps under `key` once it was accepted."""

    key: str
    canonical: Canonical
    base: Base


@dataclass(slots=True)
class SideWrite:
    """What one side is to be told: canonical fields with the base each has afterwards, and native state values with theirs."""

    side: Side
    fields: dict[str, FieldWrite] = field(default_factory=dict)
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
    conversions: list[tuple[Side, Lead]] = field(default_factory=list)
    """Records that only a conversion would bring up with their lead."""


def reconcile(
    person: Person,
    leads: Sequence[Lead],
    sides: Sequence[Side],
    decisions: Sequence[Decision],
    policy: Policy,
    now: datetime,
    gone: Sequence[Link] = (),
) -> Reconciled:
    """Apply both rules to one person. `sides` are the primary links' records as they are now; decisions are this person's pending ones.

    `gone` are the links of deals that were deleted.
    """
    used = tuple(replace(lead, state=folded(lead.state, policy.skip)) for lead in leads)
    result = Reconciled(person, used, tuple(s.link for s in sides))
    bases: dict[str, dict[str, Base]] = {s.id: dict(s.link.base) for s in sides}
    writes = {s.id: SideWrite(s) for s in sides}
    fields = _reconcile_person(result, sides, decisions, policy, bases, writes)
    _reconcile_leads(result, sides, decisions, policy, bases, writes)
    states = _reconcile_states(result, sides, decisions, policy, now, writes, gone)
    result.person = replace(person, fields=fields, sets=_grown_sets(person, fields, sides))
    result.links = tuple(replace(s.link, base=bases[s.id], state=states.get(s.id, s.link.state)) for s in sides)
    result.writes = [w for w in writes.values() if w.fields or w.state]
    return result


# ---- fields ----------------------------------------------------------------------------------------------------------------------------


Bases = dict[str, dict[str, Base]]
"""By link id, then by the base's key."""


def _reconcile_person(
    result: Reconciled, sides: Sequence[Side], decisions: Sequence[Decision], policy: Policy, bases: Bases, writes: Mapping[str, SideWrite]
) -> dict[str, Canonical]:
    fields = dict(result.person.fields)
    shown = {name for side in sides for name in side.shown}
    groups = wholes(fields, sides, policy)
    together: dict[str, list[FieldRound]] = {}
    outcomes: list[FieldRound] = []
    for name, field_policy in policy.fields.items():
        if field_policy.entity == "person":
            about = [d for d in decisions if d.field == name]
            if name not in fields and name not in shown and not about:
                continue
            group = field_policy.group
            outcomes.append(reconcile_field(name, fields.get(name), sides, about, policy, whole=groups.get(group or "", ALONE)))
            if group is not None:
                together.setdefault(group, []).append(outcomes[-1])
    for rounds in together.values():
        bring_together(rounds, sides, policy)
    for outcome in outcomes:
        _keep_field(result, outcome, None, sides, policy, bases, writes, fields)
    return fields


def _reconcile_leads(
    result: Reconciled, sides: Sequence[Side], decisions: Sequence[Decision], policy: Policy, bases: Bases, writes: Mapping[str, SideWrite]
) -> None:
    """The fields of each lead: a record that is a lead, or an event of one, speaks of that; every other of the current one."""
    current = current_lead(result.leads)
    names = [name for name, field_policy in policy.fields.items() if field_policy.entity == "lead"]
    leads = []
    for lead in sorted(result.leads, key=lambda one: (one.cycle, one.id)):
        speaking = [s for s in sides if _speaks_of(s, lead, is_current=lead is current)]
        fields = dict(lead.fields)
        shown = {name for side in speaking for name in side.shown}
        for name in names:
            about = [d for d in decisions if d.field == name and d.lead_id == lead.id]
            if name not in fields and name not in shown and not about:
                continue
            outcome = reconcile_field(name, fields.get(name), speaking, about, policy, lead_id=lead.id)
            _keep_field(result, outcome, lead.id, speaking, policy, bases, writes, fields)
        leads.append(replace(lead, fields=fields))
    after = {lead.id: lead for lead in leads}
    result.leads = tuple(after[lead.id] for lead in result.leads)


def _speaks_of(side: Side, lead: Lead, *, is_current: bool) -> bool:
    return is_current if side.link.lead_id is None else side.link.lead_id == lead.id


def _keep_field(
    result: Reconciled,
    outcome: FieldRound,
    lead_id: str | None,
    sides: Sequence[Side],
    policy: Policy,
    bases: Bases,
    writes: Mapping[str, SideWrite],
    fields: dict[str, Canonical],
) -> None:
    key = base_key(outcome.name, lead_id)
    if outcome.canonical.version:
        fields[outcome.name] = outcome.canonical
    _note_field(result, outcome, lead_id, sides, policy)
    for link_id, base in outcome.bases.items():
        bases[link_id][key] = base
    for link_id in outcome.writes:
        bounced, over = outcome.bases[link_id].bounced, writes[link_id].side.shown[outcome.name]
        sent = Base(outcome.canonical.value, outcome.canonical.version, "sent", bounced, over)
        writes[link_id].fields[outcome.name] = FieldWrite(key, outcome.canonical, sent)


def _note_field(result: Reconciled, outcome: FieldRound, lead_id: str | None, sides: Sequence[Side], policy: Policy) -> None:
    person = result.person
    for taken in outcome.taken:
        system = taken.side.system if taken.side else taken.origin or "decision"
        author = taken.side.author(outcome.name) if taken.side else Author("person", outcome.decided_by)
        edit = Edit(person.id, lead_id, outcome.name, taken.old, taken.new, taken.version, taken.cause, system, author.name)
        result.edits.append(replace(edit, at=author.at, taken=taken.taken))
    if outcome.question is not None:
        result.reviews.append(review("conflict", person.id, lead_id, outcome.name, outcome.question, outcome.note, sides))
    result.waiting.extend((link_id, outcome.name) for link_id in outcome.waiting)
    result.decided.extend(outcome.decided)
    if outcome.question is not None:
        return  # what the question is about is no standing difference: it waits for an answer
    for side, base in standing(outcome.name, outcome.canonical, outcome.bases, sides, policy.fields[outcome.name]):
        result.standing.append(Standing(side.id, side.system, outcome.name, side.shown[outcome.name], outcome.canonical.value, base.how))


SETS: Mapping[str, tuple[str, ...]] = {"email": ("email",), "phone": ("phone", "mobile")}
"""The person's sets, with the fields whose values are members."""


def _grown_sets(person: Person, fields: Mapping[str, Canonical], sides: Sequence[Side]) -> dict[str, tuple[str, ...]]:
    """Every e-mail and phone ever seen for the person, in order of appearance: former values serve matching, and nothing is ever taken out."""
    sets = {name: dict.fromkeys(values) for name, values in person.sets.items()}
    ordered = sorted(sides, key=lambda s: s.id)
    for name, members in SETS.items():
        shown = [s.shown.get(member) for member in members for s in ordered]
        further = [value for s in ordered for value in s.members.get(name, ())]
        for value in (fields[name].value if name in fields else None, *shown, *further):
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
    if (side.link.system, side.link.object) in policy.evidence:
        return [Voice(side, relation, side.link.lead_id, frozenset({side.link.lead_id}), evidence=True)] if side.link.lead_id else []
    current, furthest = current_lead(leads), furthest_lead(leads)
    if current is None or furthest is None:
        return []
    ordered = frozenset(f.name for f in relation.fields if f.ordered)
    if current is furthest or not ordered:
        return [Voice(side, relation, current.id, frozenset({current.id}))]
    rest, both = frozenset(relation.state_fields) - ordered, frozenset({current.id, furthest.id})
    return [Voice(side, relation.restricted_to(ordered), furthest.id, both), Voice(side, relation.restricted_to(rest), current.id, both)]


def _reconcile_states(
    result: Reconciled,
    sides: Sequence[Side],
    decisions: Sequence[Decision],
    policy: Policy,
    now: datetime,
    writes: Mapping[str, SideWrite],
    gone: Sequence[Link],
) -> dict[str, StateBase]:
    voices = [voice for side in sides for voice in voices_of(side, result.leads, policy)]
    held = {voice.id for voice in voices if voice.changed_lead and voice.edited}
    old = _old_leads(result.leads, sides)
    voices = [replace(v, held=v.id in held, late=_is_late(v, old)) for v in voices]
    states: dict[str, StateBase] = {}
    leads = []
    for lead in sorted(result.leads, key=lambda one: (one.cycle, one.id)):
        mine = [v for v in voices if v.lead_id == lead.id]
        about = [d for d in decisions if d.field == "state" and d.lead_id == lead.id]
        outcome = reconcile_state(lead, mine, about, policy, now)
        leads.append(outcome.lead)
        _note_state(result, lead, outcome, mine, policy)
        for link_id, base in outcome.bases.items():
            states[link_id] = _joined(states.get(link_id), base, next(v for v in mine if v.id == link_id))
        for write in outcome.writes:
            writes[write.voice.id].state.append(write)
        for voice in mine:
            _state_after(writes[voice.id], voice, outcome)
    after = {lead.id: lead for lead in leads}
    result.leads = tuple(after[lead.id] for lead in result.leads)
    for side in (s for s in sides if s.id in states):
        spoken = {v.lead_id for v in voices if v.id == side.id}
        states[side.id] = _spoken_of(states[side.id], side, spoken, after, old, policy)
    result.reviews.extend(about_returns(result.person.id, result.leads, sides, policy, result.reviews))
    result.reviews.extend(about_deals(result.person.id, result.leads, voices, gone, policy, result.reviews))
    for voice in voices:
        unmapped = voice.relation.unmapped(voice.values)
        result.unmapped.extend((voice.id, name, voice.values[name]) for name in unmapped)
    return states


def _old_leads(leads: Sequence[Lead], sides: Sequence[Side]) -> frozenset[str]:
    """The leads that are met in this round by records which are no news: what they differ in from other records is an old difference."""
    own: dict[str | None, list[Side]] = {}
    for side in sides:
        own.setdefault(side.link.lead_id, []).append(side)
    return frozenset(lead.id for lead in leads if lead.versions == Versions() and lead.id in own and not any(s.fresh for s in own[lead.id]))


def _is_late(voice: Voice, old: frozenset[str]) -> bool:
    return voice.lead_id in old and voice.base is not None and voice.lead_id not in voice.base.versions and not voice.edited


def _spoken_of(base: StateBase, side: Side, spoken: set[str], leads: Mapping[str, Lead], old: frozenset[str], policy: Policy) -> StateBase:
    """A lead that the record no longer speaks of is none of its business; one that it has come to speak of by first contact alone was met too."""
    versions = {lead: seen for lead, seen in base.versions.items() if lead in spoken}
    now = {voice.lead_id for voice in voices_of(side, list(leads.values()), policy)}
    before = side.link.state
    untouched = before is not None and all((side.state or {}).get(name, "") == value for name, value in before.values.items())
    met = {lead for lead in now - versions.keys() if before is None or (untouched and lead in old)}
    if met:
        versions = {lead: seen for lead, seen in versions.items() if lead in now} | {lead: leads[lead].versions for lead in met}
    return replace(base, versions=versions)


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


def _note_state(result: Reconciled, before: Lead, outcome: StateRound, voices: Sequence[Voice], policy: Policy) -> None:
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
            implied = implied_stages(before.state, after.state, policy.skip)
            result.edits.extend(replace(edit, new=stage, implied=True) for stage in implied)
        result.edits.append(replace(edit, actor=set_by.author.name, at=set_by.author.at))
    for voice, lost, said in outcome.lost:
        author, kept = voice.author(), after.state.facet(lost)
        edit = Edit(result.person.id, after.id, lost, kept, said, after.versions.of(lost), "edit", voice.side.system, author.name)
        result.edits.append(replace(edit, at=author.at, taken=False))
    values: dict[str, Value] = {"hub": str(after.state), **{v.id: shown(v) for v in voices}}
    for question in outcome.questions:
        sides = [v.side for v in voices if v.id in question.links]
        result.reviews.append(review(question.kind, result.person.id, after.id, "state", values, question.note, sides))
    by_id = {v.id: v for v in voices}
    for link_id, name in outcome.standing:
        voice = by_id[link_id]
        reason = outcome.bases[link_id].how
        result.standing.append(Standing(link_id, voice.side.system, name, voice.values.get(name), str(after.state), reason))
    result.waiting.extend(outcome.waiting)
    result.decided.extend(outcome.decided)
    result.conversions.extend((voice.side, after) for voice in outcome.conversions)
