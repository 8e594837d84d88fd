"""Fields that are merged whole: an address has all its parts from one side, however many sides have some. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leadhub.core.agreement import agrees
from leadhub.core.policy import FieldPolicy, Policy
from leadhub.core.sides import Side
from leadhub.model.person import Canonical, Value


@dataclass(frozen=True, slots=True)
class Whole:
    """What holds for every field of a group in this round.

    `offering` are the sides that may give a field its first value (None: all); the edits of `losing` sides lose whatever they are; `ask`: sides
    edited different parts, and no system is trusted to be right. `unlike` are the sides that show some part differently: nothing of them is blank.
    """

    offering: frozenset[str] | None = None
    losing: frozenset[str] = frozenset()
    ask: bool = False
    unlike: frozenset[str] = frozenset()


ALONE = Whole()
"""For a field that belongs to no group."""


def wholes(canonical: Mapping[str, Canonical], sides: Sequence[Side], policy: Policy) -> dict[str, Whole]:
    """Return what holds for each group of the person's fields."""
    members: dict[str, list[FieldPolicy]] = {}
    for field in policy.fields.values():
        if field.group is not None:
            members.setdefault(field.group, []).append(field)
    return {name: _whole(fields, canonical, sides, policy) for name, fields in members.items()}


def _whole(fields: Sequence[FieldPolicy], canonical: Mapping[str, Canonical], sides: Sequence[Side], policy: Policy) -> Whole:
    known = {f.name: canonical[f.name] for f in fields if f.name in canonical and canonical[f.name].version}
    origins = {value.origin for value in known.values()}
    if origins:
        offering = frozenset(s.id for s in sides if s.system in origins)
        hub: Mapping[str, Value] = {name: value.value for name, value in known.items()}
    else:
        having = [s for s in sides if any(s.shown.get(f.name) for f in fields)]
        best = min(having, key=lambda s: (policy.adopts(s.system) != "prefer", policy.rank(s.system), s.id), default=None)
        offering = frozenset({best.id} if best is not None else ())
        hub = best.shown if best is not None else {}
    unlike = frozenset(s.id for s in sides if any(s.shown.get(f.name) and not agrees(f, s, hub.get(f.name)) for f in fields))
    losing, ask = _conflict(fields, sides, policy)
    return Whole(offering, losing, ask, unlike)


def _conflict(fields: Sequence[FieldPolicy], sides: Sequence[Side], policy: Policy) -> tuple[frozenset[str], bool]:
    """Whose edits lose where several sides edited the group, and whether a person has to say."""
    edits = {s.id: edited for s in sides if (edited := [f for f in fields if _edited(s, f)])}
    editors = sorted((s for s in sides if s.id in edits), key=lambda s: (policy.rank(s.system), s.id))
    touched = {f.name: f for edited in edits.values() for f in edited}
    if len(editors) < 2 or all(_form(editors[0], f) == _form(other, f) for other in editors[1:] for f in touched.values()):
        return frozenset(), False
    preferred = next((f.prefer for f in fields if f.prefer is not None), None)
    if preferred is None:
        return frozenset(), True
    winner = min(editors, key=lambda s: (s.system != preferred, policy.rank(s.system), s.id))
    return frozenset(s.id for s in editors if s is not winner), False


def _form(side: Side, field: FieldPolicy) -> str | None:
    return None if field.name not in side.shown else field.match(side.shown[field.name] or "", side.region)


def _edited(side: Side, field: FieldPolicy) -> bool:
    base = side.link.base.get(field.name)
    if base is None or field.name not in side.shown or field.owner not in (None, side.system):
        return False
    shown: Value = side.shown[field.name]
    return bool(shown) and field.match(shown or "", side.region) != field.match(base.value or "", side.region)
