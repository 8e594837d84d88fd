"""Fields that are merged whole: an address has all its parts from one side, however many sides have some. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leadhub.core.policy import FieldPolicy, Policy
from leadhub.core.sides import Side
from leadhub.model.person import Canonical, Value


@dataclass(frozen=True, slots=True)
class Whole:
    """What holds for every field of a group in this round.

    `offering` are the sides that may give a field its first value (None: all); the edits of `losing` sides lose whatever they are; `ask`: sides
    edited different parts, and no system is trusted to be right.
    """

    offering: frozenset[str] | None = None
    losing: frozenset[str] = frozenset()
    ask: bool = False


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
    origins = {canonical[f.name].origin for f in fields if f.name in canonical and canonical[f.name].version}
    if origins:
        offering = frozenset(s.id for s in sides if s.system in origins)
    else:
        having = [s for s in sides if any(s.shown.get(f.name) for f in fields)]
        best = min(having, key=lambda s: (policy.adopts(s.system) != "prefer", policy.rank(s.system), s.id), default=None)
        offering = frozenset({best.id} if best is not None else ())
    edits = {s.id: edited for s in sides if (edited := [f for f in fields if _edited(s, f)])}
    if len(edits) < 2:
        return Whole(offering)
    editors = sorted((s for s in sides if s.id in edits), key=lambda s: (policy.rank(s.system), s.id))
    touched = {f.name: f for edited in edits.values() for f in edited}
    if all(_form(editors[0], f) == _form(other, f) for other in editors[1:] for f in touched.values()):
        return Whole(offering)
    preferred = next(iter(touched.values())).prefer
    if preferred is None:
        return Whole(offering, ask=True)
    winner = min(editors, key=lambda s: (s.system != preferred, policy.rank(s.system), s.id))
    return Whole(offering, losing=frozenset(s.id for s in editors if s is not winner))


def _form(side: Side, field: FieldPolicy) -> str | None:
    return None if field.name not in side.shown else field.match(side.shown[field.name] or "", side.region)


def _edited(side: Side, field: FieldPolicy) -> bool:
    base = side.link.base.get(field.name)
    if base is None or field.name not in side.shown or field.owner not in (None, side.system):
        return False
    shown: Value = side.shown[field.name]
    return bool(shown) and field.match(shown or "", side.region) != field.match(base.value or "", side.region)
