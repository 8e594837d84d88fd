"""The writes of a revert: old native values put back, and records that a run created archived. Pure."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from leadhub.core.agreement import agrees
from leadhub.core.drafts import label
from leadhub.core.nativize import native_of
from leadhub.core.normalize import text_of
from leadhub.core.policy import Policy
from leadhub.core.revert import UNTOUCHED, Known, Undo, Written, parts_of
from leadhub.core.sides import Side
from leadhub.core.targets import TargetObject
from leadhub.lifecycle.relation import Relation
from leadhub.lifecycle.states import stage_rank
from leadhub.model.person import Base, Link, Reason, Value
from leadhub.model.record import Author, NativeValue, Operation, Record
from leadhub.model.run import Intent, IntentState, PlannedChange

_ITS_OWN = frozenset({"owner", "created_at", "last_activity_at"})


def inverse(
    run_id: str, known: Known, undo: Undo, written: Sequence[Written], policy: Policy, targets: Mapping[tuple[str, str], TargetObject]
) -> Iterator[PlannedChange]:
    """Yield the writes that give records their old native values. `known` is the person after the decisions were taken in."""
    by_link = {w.link: w for w in written}
    for link_id, names in undo.restores.items():
        link, system = known.link(link_id), link_id.partition("/")[0]
        assert link is not None
        target = targets[link.system, link.object]
        old, native = by_link[link_id], known.aggregate.records[link_id].native
        values = {name: old.before.get(name) for name in old.values if name in names and text_of(native.get(name)) != text_of(old.before.get(name))}
        if not values:
            continue  # it shows that already: its system never kept what the run wrote
        state = {name: text_of(value) for name, value in values.items() if name in old.state}
        bases = _bases(known, link, old, target, frozenset(values), policy)
        _carry_along(known, target, values, bases)
        yield PlannedChange(
            key=_digest(run_id, link_id, *sorted(values)),
            system=system,
            object=link.object,
            operation=_operation(target.relation, native, state),
            record_id=link.record_id,
            person_id=known.aggregate.person.id,
            lead_id=link.lead_id,
            values=values,
            before={name: native.get(name) for name in values},
            why={name: f"takes back run {run_id}" if name in names else "opted out, at this address too" for name in values},
            fields=bases,
            state={**(link.state.values if link.state else {}), **state} if state else None,
            state_versions={lead.id: lead.versions for lead in known.aggregate.leads if link.state and lead.id in link.state.versions}
            if state
            else {},
            stage_move=bool(state),
            name=label(known.aggregate.person),
        )


def _bases(known: Known, link: Link, old: Written, target: TargetObject, natives: frozenset[str], policy: Policy) -> dict[str, Base]:
    """The bases once the old values are back: current, and a standing difference where leadhub holds something else."""
    bases: dict[str, Base] = {}
    for key in old.fields:
        name, lead_id = parts_of(key)
        if not any(f.canonical == name and f.native in natives and not f.member for f in target.mapping.fields):
            continue
        value = known.restored[link.id].shown.get(name)
        lead = known.lead(lead_id)
        hub = known.aggregate.person.fields[name] if lead is None else lead.fields[name]
        how: Reason = "sent" if agrees(policy.fields[name], known.restored[link.id], hub.value) else "decided"
        bases[key] = Base(value, hub.version, how)
    return bases


def _carry_along(known: Known, target: TargetObject, values: dict[str, NativeValue], bases: dict[str, Base]) -> None:
    """Send an opt-out again with what it hangs on: nobody becomes reachable because their old address comes back."""
    fields = {f.canonical: f for f in target.mapping.fields if not f.member}
    for mapped in fields.values():
        hangs_on = fields.get(mapped.follows) if mapped.follows else None
        canonical = known.aggregate.person.fields.get(mapped.canonical)
        if hangs_on is None or hangs_on.native not in values or mapped.native in values or not mapped.writable:
            continue
        if canonical is not None and canonical.value == "true":
            values[mapped.native] = native_of(mapped, canonical.value, target.owners)
            bases[mapped.canonical] = Base(canonical.value, canonical.version, "sent")


def _operation(relation: Relation | None, native: Mapping[str, NativeValue], state: Mapping[str, str]) -> Operation:
    """An ordered field goes back in two steps: it is blanked first, or the system would ignore the old value."""
    now = {name: text_of(value) for name, value in native.items()}
    for name, value in state.items():
        if relation is None or not relation.field(name).ordered or not value or not now.get(name):
            continue
        shows, becomes = relation.row(name, now), relation.row(name, {**now, name: value})
        if shows is None or becomes is None or max(map(stage_rank, becomes.reads.stages)) < max(map(stage_rank, shows.reads.stages)):
            return Operation.CLEAR_THEN_SET
    return Operation.UPDATE


@dataclass(frozen=True, slots=True)
class Seen:
    """A record that leadhub created, as its system has it now.

    `answered` is the stamp with which the system answered the create, `saver` who saved the record last, where they are told.
    """

    record: Record
    answered: datetime | None = None
    saver: Author | None = None


def archive(run_id: str, known: Known, create: PlannedChange, seen: Seen) -> PlannedChange | str:
    """Return the change that archives what a run created, or why it is left: somebody touched it since, or may have."""
    link_id = f"{create.system}/{create.object}/{seen.record.id}"
    link, side = known.link(link_id), known.sides.get(link_id)
    if link is None or side is None or link.role != "primary":
        return "the record is gone, or belongs to somebody else by now"
    if reason := _touched(run_id, known, create, side) or _saved_since(seen):
        return reason
    native = known.aggregate.records[link_id].native
    return PlannedChange(
        key=_digest("archive", run_id, link_id),
        system=create.system,
        object=create.object,
        operation=Operation.ARCHIVE,
        record_id=seen.record.id,
        person_id=create.person_id,
        lead_id=create.lead_id,
        values={},
        before={name: value for name, value in native.items() if value not in (None, "")},
        why={},
        before_stamp=seen.record.stamp,
        name=label(known.aggregate.person),
    )


def was_archived(run_id: str, create: PlannedChange, intents: Iterable[Intent]) -> bool:
    """Whether an earlier revert of this run archived what it created. `intents` are all writes for the person."""
    return any(
        intent.state is IntentState.ACCEPTED and change.key == _digest("archive", run_id, f"{create.system}/{create.object}/{change.record_id}")
        for intent in intents
        if (change := intent.change).operation is Operation.ARCHIVE
    )


def _saved_since(seen: Seen) -> str | None:
    """Say that somebody may have worked on a record in a field that leadhub does not read. Better left than lost: what cannot be told counts too."""
    if seen.saver is not None and seen.saver.kind == "person":
        return f"{seen.saver.name or 'somebody'} saved it there last"
    made = max((at for at in (seen.answered, seen.record.created) if at is not None), default=None)
    stamp = seen.record.stamp
    if made is None or stamp is None:
        return "it cannot be told whether somebody worked on it since: look at it there"
    if stamp <= made:
        return None
    at = f"it was saved there at {stamp.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC, after leadhub made it"
    return f"{at}: by a person, in a field that leadhub does not read, or by the system itself"


def _touched(run_id: str, known: Known, create: PlannedChange, side: Side) -> str | None:
    since = [e for run, e in known.history if run > run_id and e.origin == create.system and not (e.old is None and _by_itself(e.field, e.new))]
    if since:
        return f"somebody edited {since[0].field} there since"
    for key, sent in create.fields.items():
        name, _ = parts_of(key)
        base = side.link.base.get(key)
        if base is None or base.version != sent.version or base.how not in UNTOUCHED:
            return f"{name} was changed there since"
    filled = [n for n, v in side.shown.items() if not _by_itself(n, v) and not _sent(create, n)]
    if filled:
        return f"somebody filled {filled[0]} there"
    moved = [n for n in create.state or () if create.values.get(n) and (side.state or {}).get(n, "") != text_of(create.values[n])]
    return f"{moved[0]} was changed there since" if moved else None


def _by_itself(name: str, value: Value) -> bool:
    """Whether a system gives a new record this value by itself: nothing, a plain no, who owns it and since when."""
    return value in (None, "", "false") or name in _ITS_OWN


def _sent(create: PlannedChange, name: str) -> bool:
    return any(base.value for key, base in create.fields.items() if parts_of(key)[0] == name)


def _digest(*parts: str) -> str:
    return hashlib.blake2b("|".join(("revert", *parts)).encode(), digest_size=12).hexdigest()
