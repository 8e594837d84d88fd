"""A planned change in pieces: what of it can be made without the rest, what that takes, and whether it can be taken back. Pure.

What is not made stays behind: a piece carries the bases of its own fields alone, so that the next plan has the rest.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from leadhub.core.agreement import field_of_key
from leadhub.core.drafts import digest
from leadhub.core.normalize import text_of
from leadhub.core.policy import Policy
from leadhub.core.targets import TargetObject
from leadhub.model.record import FieldMapping, NativeValue, Operation
from leadhub.model.run import PlannedChange

Reversible = Literal["reversible", "compensable", "irreversible"]
UPDATES = frozenset({Operation.UPDATE, Operation.CLEAR_THEN_SET})
_STATE = "state"
_NOTHING = ("", "false")
_STARTS = frozenset({"owner", "email_opt_out", "rating", "score"})
"""Fields that organizations like to hang automation on, beside those that tell the state."""


@dataclass(frozen=True, slots=True)
class Piece:
    """The native fields of a change that are only made together: most often one. `name` is the same for the same fields of other records.

    The state of a record is one value, an address is merged whole, and an opt-out goes with the address that it hangs on. A create, an
    archiving and a conversion are one piece each, without a name.
    """

    name: str
    change: PlannedChange


def pieces(change: PlannedChange, target: TargetObject, policy: Policy) -> list[Piece]:
    """Return the pieces of a change, in the order of its fields."""
    if change.operation not in UPDATES:
        return [Piece("", change)]
    mapped = {f.native: f for f in target.mapping.fields if not f.member}
    found: dict[str, list[str]] = {}
    for native in change.values:
        found.setdefault(_unit(native, change.values, mapped, target, policy), []).append(native)
    whole = {f.group for f in policy.fields.values()}
    return [Piece(unit if unit in whole else ", ".join(names), cut(change, names, target)) for unit, names in found.items()]


def _unit(native: str, sent: Collection[str], mapped: Mapping[str, FieldMapping], target: TargetObject, policy: Policy) -> str:
    """What a native field goes with: a name of it."""
    field = mapped.get(native)
    if is_state(native, target):
        return _STATE
    if field is None or field.canonical not in policy.fields:
        return native
    hangs_on = [f.native for f in mapped.values() if f.canonical == field.follows and f.native in sent] if field.follows else []
    return policy.fields[field.canonical].group or next(iter(hangs_on), native)


def is_state(native: str, target: TargetObject) -> bool:
    """Whether a native field tells the state."""
    return target.relation is not None and native in target.relation.state_fields


def cut(change: PlannedChange, names: Collection[str], target: TargetObject) -> PlannedChange:
    """Return a change with these native fields alone: all that is known of the others stays as it was, and they stay behind."""
    if change.operation not in UPDATES or set(names) >= change.values.keys():
        return change
    values = {name: value for name, value in change.values.items() if name in names}
    canonical = {f.canonical for f in target.mapping.fields if f.native in values and not f.member}
    state = any(is_state(name, target) for name in values)
    return replace(
        change,
        key=digest("update", f"{change.system}/{change.object}/{change.record_id}", *sorted(values)),
        operation=change.operation if state else Operation.UPDATE,
        values=values,
        before={name: value for name, value in change.before.items() if name in values},
        why={name: why for name, why in change.why.items() if name in values},
        fields={key: base for key, base in change.fields.items() if field_of_key(key) in canonical},
        state=change.state if state else None,
        state_versions=change.state_versions if state else {},
        stage_move=change.stage_move and state,
    )


def with_companions(change: PlannedChange, names: Collection[str], target: TargetObject, policy: Policy) -> PlannedChange:
    """Return a change cut to these native fields and to what is only made together with them."""
    together = [piece.change.values for piece in pieces(change, target, policy) if piece.change.values.keys() & set(names)]
    return cut(change, {name for values in together for name in values}, target)


def reversibility(change: PlannedChange, target: TargetObject, policy: Policy) -> Reversible:
    """Say whether a write can be taken back: an update by writing the old value, a create or a backward stage only by an act of its own.

    An opt-out is never taken back: opting in again is for the person to do.
    """
    if change.operation in (Operation.ARCHIVE, Operation.CONVERT) or (
        change.operation in UPDATES and any(_opts_out(n, v, target, policy) for n, v in change.values.items())
    ):
        return "irreversible"
    return "reversible" if change.operation is Operation.UPDATE else "compensable"


def _opts_out(native: str, value: NativeValue, target: TargetObject, policy: Policy) -> bool:
    names = [f.canonical for f in target.mapping.fields if f.native == native and f.canonical in policy.fields]
    return text_of(value) not in _NOTHING and any(policy.fields[name].merge == "restrictive" for name in names)


def often_starts(change: PlannedChange, target: TargetObject) -> bool:
    """Whether workflows and e-mails often hang on what a write touches: the state, the fields of `_STARTS`, and a record as a whole."""
    if change.operation not in UPDATES or any(is_state(name, target) for name in change.values):
        return True
    return any(f.native in change.values and f.canonical in _STARTS for f in target.mapping.fields)


def calls(changes: Iterable[PlannedChange], target: TargetObject, batch_size: int) -> int:
    """Return how many write requests changes of one object take: batches of one operation, and what the system takes for each record apart."""
    alike: dict[Operation, list[PlannedChange]] = {}
    for change in changes:
        alike.setdefault(change.operation, []).append(change)
    at_once = {Operation.CONVERT: max(1, target.converts)}
    return sum(
        _of_batch(some[start : start + size], operation, target)
        for operation, some in alike.items()
        for size in [at_once.get(operation, batch_size)]
        for start in range(0, len(some), size)
    )


def _of_batch(batch: Sequence[PlannedChange], operation: Operation, target: TargetObject) -> int:
    """The requests of what is given to the connector at once."""
    own = {f.native for f in target.mapping.fields if f.own_call}
    single, together = 0, list[PlannedChange]()
    for change in batch:
        apart = [name for name, value in change.values.items() if name in own and text_of(value) not in _NOTHING]
        single += len(apart)
        if len(apart) < len(change.values) or operation not in UPDATES:
            together.append(change)
    guarded = [change for change in together if operation is Operation.UPDATE and not change.values.keys().isdisjoint(target.mapping.guarded)]
    alone = len(guarded) if len(guarded) <= target.mapping.guarded_most else 0
    # a clearing and the value after it are two requests
    return single + alone + (len(together) > alone) * (2 if operation is Operation.CLEAR_THEN_SET else 1)
