"""Plan: what reconciling decided, as the exact native writes. Pure.

Nothing is planned that the system would surely refuse: a required field without a value, a value longer than the field, a state without a value.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from leadhub.core.reconcile import Reconciled, SideWrite, current_lead, furthest_lead
from leadhub.lifecycle.relation import Relation
from leadhub.model.person import Base, Canonical, Lead, Person, Versions
from leadhub.model.record import FieldMapping, NativeValue, ObjectMapping, Operation
from leadhub.model.run import PlannedChange
from leadhub.model.state import FACETS


@dataclass(frozen=True, slots=True)
class TargetObject:
    """One object of one system that may be written. `creates` says whether a missing record is made there."""

    system: str
    mapping: ObjectMapping
    relation: Relation | None
    creates: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """System and object."""
        return self.system, self.mapping.object


@dataclass(frozen=True, slots=True)
class NotPlanned:
    """A write that is not made, and why, in words for a person. `by_design`: nobody can mend it, the system has no word for this state."""

    system: str
    person_id: str
    field: str
    reason: str
    by_design: bool = False


@dataclass(slots=True)
class PersonPlan:
    """The writes for one person, and those that cannot be made."""

    changes: list[PlannedChange] = field(default_factory=list)
    not_planned: list[NotPlanned] = field(default_factory=list)


def label(person: Person) -> str:
    """Return what a person is called in a plan: the name, else the e-mail, else the id."""
    values = {name: person.fields[name].value or "" for name in ("first_name", "last_name", "email") if name in person.fields}
    name = f"{values.get('first_name', '')} {values.get('last_name', '')}".strip()
    return name or values.get("email", "") or person.id


def plan_person(result: Reconciled, targets: Mapping[tuple[str, str], TargetObject], uncertain: frozenset[str] = frozenset()) -> PersonPlan:
    """Return every write that this person needs now: updates of linked records, and records missing where creating is allowed.

    `uncertain` are systems that may have a record of this person already: nothing is created there until somebody has looked.
    """
    plan = PersonPlan()
    for write in result.writes:
        target = targets.get((write.side.link.system, write.side.link.object))
        if target is not None:
            _update(plan, result, write, target)
    asked = {review.field for review in result.reviews}
    for target in targets.values():
        if target.creates and target.system not in uncertain:
            _creates(plan, result, target, asked)
    return plan


# ---- updates ---------------------------------------------------------------------------------------------------------------------------


def _update(plan: PersonPlan, result: Reconciled, write: SideWrite, target: TargetObject) -> None:
    side, record = write.side, write.side.link
    values: dict[str, NativeValue] = {}
    before: dict[str, NativeValue] = {}
    why: dict[str, str] = {}
    bases: dict[str, Base] = {}
    for mapped in target.mapping.fields:
        if mapped.canonical not in write.fields:
            continue
        base = write.fields[mapped.canonical]
        refusal = _refusal(mapped, base.value)
        if refusal is not None:
            plan.not_planned.append(NotPlanned(target.system, result.person.id, mapped.canonical, refusal))
            continue
        values[mapped.native], before[mapped.native] = base.value, side.shown[mapped.canonical]
        why[mapped.native] = _why(result.person.fields[mapped.canonical])
        bases[mapped.canonical] = base
    for change in write.state:
        values[change.field], before[change.field] = change.value or None, change.before or None
        lead = next(lead for lead in result.leads if lead.id == change.voice.lead_id)
        why[change.field] = (
            f"{change.facet} is {lead.state.facet(change.facet)}: {_by(lead.set_by[change.facet].cause, lead.set_by[change.facet].origin)}"
        )
    if not values:
        return
    operation = Operation.CLEAR_THEN_SET if any(w.clear_first for w in write.state) else Operation.UPDATE
    plan.changes.append(
        PlannedChange(
            key=_digest("update", record.id, *sorted(values)),
            system=record.system,
            object=record.object,
            operation=operation,
            record_id=record.record_id,
            person_id=result.person.id,
            lead_id=record.lead_id,
            values=values,
            before=before,
            why=why,
            fields=bases,
            state=write.state_after,
            state_versions=write.versions_after,
            stage_move=bool(write.state),
            name=label(result.person),
        )
    )


def _refusal(mapped: FieldMapping, value: str | None) -> str | None:
    if value is None and mapped.required:
        return f"{mapped.native} is required and cannot be blanked"
    if value is not None and mapped.max_length is not None and len(value) > mapped.max_length:
        return f"{mapped.native} holds {mapped.max_length} characters; this value has {len(value)}"
    return None


def _why(canonical: Canonical) -> str:
    return _by(canonical.cause, canonical.origin)


def _by(cause: str, origin: str) -> str:
    match cause:
        case "decision":
            return "a person decided"
        case "edit":
            return f"edited in {origin}"
        case "lowering":
            return f"set back in {origin}"
        case "rule":
            return f"follows from an edit in {origin}"
        case _:
            return f"first seen in {origin}" if origin else "the start of a lead"


# ---- creates ---------------------------------------------------------------------------------------------------------------------------


def _creates(plan: PersonPlan, result: Reconciled, target: TargetObject, asked: set[str]) -> None:
    """A record for the current lead where the target has none; not while a question about the person's fields is open."""
    linked = [link for link in result.links if (link.system, link.object) == target.key]
    lead = current_lead(result.leads)
    if lead is None or asked or any(not target.mapping.own_lead or link.lead_id == lead.id for link in linked):
        return
    relation = target.relation
    person = result.person
    known = {f: person.fields[f.canonical] for f in target.mapping.fields if f.writable and f.canonical in person.fields}
    refused = {f: why for f, canonical in known.items() if (why := _refusal(f, canonical.value)) is not None}
    given: dict[str, NativeValue] = {f.native: canonical.value for f, canonical in known.items() if canonical.value and f not in refused}
    missing = [f.native for f in target.mapping.fields if f.required and not (f in known and known[f].value)]
    reasons = [why for f, why in refused.items() if f.required] + [f"{name} is required and not known" for name in missing]
    state = _state_for_create(relation, result.leads, target) if relation is not None else {}
    wordless = [f"{name} has no value for {lead.state}" for name, value in state.items() if value is None]
    if reasons or wordless:
        plan.not_planned.append(NotPlanned(target.system, person.id, "record", "; ".join(reasons + wordless), by_design=not reasons))
        return
    plan.not_planned += [NotPlanned(target.system, person.id, f.canonical, why) for f, why in refused.items()]
    given |= {name: value for name, value in state.items() if value}
    # the person's id is random, so that no two installations ever make the same key
    key = _digest("create", person.id, lead.id if target.mapping.own_lead else "", *target.key)
    after = {name: str(value or "") for name, value in state.items()}
    # what is left out stays behind, as if an older blank had been sent: each judging says so again until it fits
    bases = {f.canonical: Base(None, 0, "sent") if f in refused else Base(c.value, c.version, "sent") for f, c in known.items()}
    plan.changes.append(
        PlannedChange(
            key=key,
            system=target.system,
            object=target.mapping.object,
            operation=Operation.CREATE,
            record_id=None,
            person_id=person.id,
            lead_id=lead.id if target.mapping.own_lead else None,
            values=given,
            before={},
            why=dict.fromkeys(given, "there is no record of this lead yet"),
            fields=bases,
            state=after if relation is not None else None,
            state_versions=_versions_after_create(relation, result.leads, target),
            name=label(person),
        )
    )


def _state_for_create(relation: Relation, leads: Sequence[Lead], target: TargetObject) -> dict[str, str | None]:
    """The native state values of a new record: None where a required field has none, blank where an optional one is left alone."""
    current, furthest = current_lead(leads), furthest_lead(leads)
    assert current is not None
    assert furthest is not None
    values: dict[str, str | None] = {}
    for relation_field in relation.fields:
        about = furthest if relation_field.ordered and not target.mapping.own_lead else current
        value = relation.preferred(relation_field.name, about.state)
        values[relation_field.name] = value if value is not None else None if relation_field.required else ""
    return values


def _versions_after_create(relation: Relation | None, leads: Sequence[Lead], target: TargetObject) -> dict[str, Versions]:
    if relation is None:
        return {}
    current, furthest = current_lead(leads), furthest_lead(leads)
    about = {lead.id: lead for lead in (current, *(() if target.mapping.own_lead else (furthest,))) if lead is not None}
    return {lead.id: Versions().with_({f: lead.versions.of(f) for f in FACETS}) for lead in about.values()}


def _digest(*parts: str) -> str:
    return hashlib.blake2b("|".join(parts).encode(), digest_size=12).hexdigest()


def native_names(target: TargetObject) -> tuple[str, ...]:
    """Return every native field that this object is asked for: mapped fields, then those that speak of the state."""
    return tuple(dict.fromkeys([*telling_names(target), *([target.mapping.created] if target.mapping.created else [])]))


def telling_names(target: TargetObject) -> tuple[str, ...]:
    """Return the native fields whose values say something of a person or a lead: the others only come along."""
    mapped = (f.native for f in target.mapping.fields)
    state = target.relation.names if target.relation is not None else ()
    return tuple(dict.fromkeys(chain(mapped, state)))
