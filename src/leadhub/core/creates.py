"""Plan, for records that are missing: what a new record is given, for whom one is made, and why not. Pure."""

from collections.abc import Sequence

from leadhub.core.agreement import base_key
from leadhub.core.drafts import Draft, NotPlanned, PersonPlan, digest, label, refusal_of
from leadhub.core.keys import signed
from leadhub.core.nativize import NoWord, native_of
from leadhub.core.reconcile import Reconciled, current_lead, furthest_lead
from leadhub.core.targets import CreateRule, TargetObject
from leadhub.lifecycle.relation import Relation
from leadhub.model.person import Base, Canonical, Lead, Versions
from leadhub.model.record import FieldMapping, Operation
from leadhub.model.run import PlannedChange
from leadhub.model.state import FACETS


def plan_create(plan: PersonPlan, result: Reconciled, target: TargetObject, asked: set[str]) -> None:
    """A record for the current lead where the target has none; not while a question about the person's fields is open."""
    lead = current_lead(result.leads)
    is_anybody = any(link.role == "primary" for link in result.links)  # of whom all records are out of scope nobody hears
    if lead is None or asked or not is_anybody or not _is_missing(result, lead, target) or not _wanted(result, lead, target.create_rule):
        return
    draft, problems = _new_record(plan, result, lead, target)
    state = _state_for_create(target.relation, result.leads, target) if target.relation is not None else {}
    wordless = [f"{name} has no value for {lead.state}" for name, value in state.items() if value is None]
    if problems or wordless:
        plan.not_planned.append(NotPlanned(target.system, result.person.id, "record", "; ".join(problems + wordless), by_design=not problems))
        return
    given = draft.values | {name: value for name, value in state.items() if value}
    after = {name: str(value or "") for name, value in state.items()}
    plan.changes.append(
        PlannedChange(
            # the person's id is random, so that no two installations ever make the same key
            key=signed(target.installation, digest("create", result.person.id, lead.id if target.mapping.own_lead else "", *target.key)),
            system=target.system,
            object=target.mapping.object,
            operation=Operation.CREATE,
            record_id=None,
            person_id=result.person.id,
            lead_id=lead.id if target.mapping.own_lead else None,
            values=given,
            before={},
            why=dict.fromkeys(given, "there is no record of this lead yet"),
            fields=draft.bases,
            state=after if target.relation is not None else None,
            state_versions=_versions_after_create(target.relation, result.leads, target),
            name=label(result.person),
        )
    )


def _is_missing(result: Reconciled, lead: Lead, target: TargetObject) -> bool:
    """Whether the lead has no record in this object, and the person none in another object of the system that stands for all leads."""
    for link in result.links:
        if (link.system, link.object) == target.key:
            if not target.mapping.own_lead or link.lead_id == lead.id:
                return False
        elif link.system == target.system and link.lead_id is None:
            return False
    return True


def _wanted(result: Reconciled, lead: Lead, rule: CreateRule) -> bool:
    known = {name for fields in (result.person.fields, lead.fields) for name, canonical in fields.items() if canonical.value}
    systems = {link.system for link in result.links}
    return (
        (not rule.stages or lead.state.stage in rule.stages) and known.issuperset(rule.fields) and (not rule.systems or bool(systems & rule.systems))
    )


def _new_record(plan: PersonPlan, result: Reconciled, lead: Lead, target: TargetObject) -> tuple[Draft, list[str]]:
    """Return the plain values of a new record, and why it cannot be made, if so."""
    draft = Draft()
    problems: list[str] = []
    known = {**result.person.fields, **lead.fields}
    for mapped in target.mapping.fields:
        canonical = known.get(mapped.canonical)
        key = base_key(mapped.canonical, lead.id if mapped.canonical in target.of_leads or mapped.canonical in lead.fields else None)
        if not mapped.writable or mapped.member or (mapped.type == "owner" and target.owner_by_rule):
            continue
        refusal = refusal_of(mapped, canonical.value) if canonical is not None and canonical.value else None
        if mapped.required and mapped.type != "owner" and (canonical is None or not canonical.value):
            _put_default(draft, problems, mapped, key, canonical, target)
        elif canonical is None:
            if mapped.type != "owner":
                draft.bases[key] = Base(None, 0, "sent")  # it was blank when we made it: what becomes known of it is to reach the record too
        elif refusal is None:
            _put_known(plan, draft, mapped, key, canonical, result, target)
        elif mapped.required:
            problems.append(str(refusal))
        else:
            plan.not_planned.append(NotPlanned(target.system, result.person.id, mapped.canonical, str(refusal)))
            # what is left out stays behind, as if an older blank had been sent: each judging says so again until it fits
            draft.bases[key] = Base(None, 0, "sent")
    return draft, problems


def _put_default(draft: Draft, problems: list[str], mapped: FieldMapping, key: str, canonical: Canonical | None, target: TargetObject) -> None:
    default = target.defaults.get(mapped.native)
    if default is None:
        problems.append(f"{mapped.native} is required and not known")
        return
    draft.values[mapped.native] = default
    draft.bases[key] = Base(None, canonical.version if canonical is not None else 0, "sent")


def _put_known(
    plan: PersonPlan, draft: Draft, mapped: FieldMapping, key: str, canonical: Canonical, result: Reconciled, target: TargetObject
) -> None:
    try:
        value = native_of(mapped, canonical.value, target.owners)
    except NoWord as why_not:
        plan.not_planned.append(NotPlanned(target.system, result.person.id, mapped.canonical, str(why_not), by_design=True))
        return  # without a base: what the system puts there by itself is met like any first sight
    if value is not None:
        draft.values[mapped.native] = value
    draft.bases[key] = Base(canonical.value, canonical.version, "sent")


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
