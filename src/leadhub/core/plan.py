"""Plan: what reconciling decided, as the exact native writes. Pure.

Nothing is planned that the system would surely refuse: a required field without a value, a value longer than the field, a state without a value.
"""

from collections.abc import Mapping

from leadhub.core.creates import plan_create
from leadhub.core.drafts import Draft, NotPlanned, PersonPlan, by, digest, label, refusal_of
from leadhub.core.nativize import NoWord
from leadhub.core.owners import QUEUE
from leadhub.core.reconcile import Reconciled, SideWrite
from leadhub.core.sides import Side
from leadhub.core.targets import TargetObject
from leadhub.model.person import Base, Lead
from leadhub.model.record import Operation
from leadhub.model.run import PlannedChange


def plan_person(result: Reconciled, targets: Mapping[tuple[str, str], TargetObject], uncertain: frozenset[str] = frozenset()) -> PersonPlan:
    """Return every write that this person needs now: updates of linked records, and records missing where creating is allowed.

    `uncertain` are systems that may have a record of this person already: nothing is created there until somebody has looked.
    """
    plan = PersonPlan()
    for write in result.writes:
        target = targets.get((write.side.link.system, write.side.link.object))
        if target is not None:
            _update(plan, result, write, target)
    for side, lead in result.conversions:
        target = targets.get((side.link.system, side.link.object))
        if target is not None and target.converts:
            _convert(plan, result, side, lead, target)
    asked = {review.field for review in result.reviews}
    for target in targets.values():
        if target.creates and target.system not in uncertain:
            plan_create(plan, result, target, asked)
    return plan


def _update(plan: PersonPlan, result: Reconciled, write: SideWrite, target: TargetObject) -> None:
    side, record = write.side, write.side.link
    draft = Draft()
    for mapped in target.mapping.fields:
        told = write.fields.get(mapped.canonical)
        if told is None or mapped.member or not mapped.writable:
            continue
        refusal = refusal_of(mapped, told.canonical.value)
        try:
            if refusal is None:
                draft.add(target, mapped, side, told.key, told.canonical, told.base)
            else:
                plan.not_planned.append(NotPlanned(target.system, result.person.id, mapped.canonical, refusal))
        except NoWord as why_not:
            plan.not_planned.append(NotPlanned(target.system, result.person.id, mapped.canonical, str(why_not), by_design=True))
    _carry_along(draft, result, write, target)
    values, before, why, bases = draft.values, draft.before, draft.why, draft.bases
    for change in write.state:
        values[change.field], before[change.field] = change.value or None, change.before or None
        lead = next(lead for lead in result.leads if lead.id == change.voice.lead_id)
        why[change.field] = (
            f"{change.facet} is {lead.state.facet(change.facet)}: {by(lead.set_by[change.facet].cause, lead.set_by[change.facet].origin)}"
        )
    if not values:
        return
    operation = Operation.CLEAR_THEN_SET if any(w.clear_first for w in write.state) else Operation.UPDATE
    plan.changes.append(
        PlannedChange(
            key=digest("update", record.id, *sorted(values)),
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


def _convert(plan: PersonPlan, result: Reconciled, side: Side, lead: Lead, target: TargetObject) -> None:
    """A conversion, where they are allowed and a user owns the record: nothing takes it back, so it is proposed until somebody says so."""
    link, name = side.link, label(result.person)
    what = f"convert {link.object} {link.record_id} ({name}, {lead.state.stage})"
    if not target.may_convert:
        plan.proposed.append(f'{what}: allow = ["convert"] in [system.{link.system}]')
        return
    if queue := _queue_of(plan, side):
        plan.proposed.append(f"{what}: {queue} owns it, and only what a user owns is converted: give it to a user in {link.system}")
        return
    told = by(lead.set_by["stage"].cause, lead.set_by["stage"].origin) if "stage" in lead.set_by else "the start of a lead"
    shown = {field: side.native.get(field) for field in (target.relation.state_fields if target.relation is not None else ())}
    plan.changes.append(
        PlannedChange(
            key=digest("convert", link.id),
            system=link.system,
            object=link.object,
            operation=Operation.CONVERT,
            record_id=link.record_id,
            person_id=result.person.id,
            lead_id=link.lead_id,
            values={},
            before=shown,
            why=dict.fromkeys(shown, f"stage is {lead.state.stage}: {told}"),
            state_versions={lead.id: lead.versions},
            stage_move=True,
            name=name,
        )
    )


def _queue_of(plan: PersonPlan, side: Side) -> str | None:
    """The queue that owns a record, and still does once this plan is done."""
    owner = side.shown.get("owner") or ""
    mine = (side.system, side.link.record_id)
    given = any((change.system, change.record_id) == mine and "owner" in change.fields for change in plan.changes)
    return owner if owner.startswith(QUEUE) and not given else None


def _carry_along(draft: Draft, result: Reconciled, write: SideWrite, target: TargetObject) -> None:
    """Send an opt-out again with what it hangs on: nobody becomes reachable because their address changed."""
    for mapped in target.mapping.fields:
        canonical = result.person.fields.get(mapped.canonical)
        if mapped.follows in write.fields and mapped.native not in draft.values and canonical is not None and canonical.value == "true":
            base = Base(canonical.value, canonical.version, "sent")
            draft.add(target, mapped, write.side, mapped.canonical, canonical, base)
