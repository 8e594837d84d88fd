"""When a side and the hub agree on a field, and which sides stand beside it showing something else. Pure."""

from collections.abc import Mapping, Sequence

from leadhub.core.joins import covers
from leadhub.core.policy import FieldPolicy
from leadhub.core.sides import Side
from leadhub.model.person import Base, Canonical, Value


def base_key(name: str, lead_id: str | None) -> str:
    """Return the name under which a link keeps its base of a field: a lead's field has one for each lead that the record spoke of."""
    return name if lead_id is None else f"{name}@{lead_id}"


def field_of_key(key: str) -> str:
    """Return the canonical field that a base's key is about."""
    return key.partition("@")[0]


def compared(field: FieldPolicy, side: Side, value: Value) -> str:
    """Return the form in which this side's values of a field are compared: cut to what it holds; of consent, nothing is a no."""
    text = value or ("false" if field.merge == "restrictive" else "")
    limit = side.limits.get(field.name)
    return field.match(text if limit is None else text[:limit], side.region)


def agrees(field: FieldPolicy, side: Side, hub: Value) -> bool:
    """Whether a side needs nothing of the hub's value: it shows the same, a coarser word for it, or all of its members."""
    shown = side.shown[field.name]
    if compared(field, side, shown) == compared(field, side, hub) or covers(field.merge, shown, hub):
        return True
    return hub is not None and hub in side.also.get(field.name, ())


def standing(name: str, canonical: Canonical, bases: Mapping[str, Base], sides: Sequence[Side], policy: FieldPolicy) -> list[tuple[Side, Base]]:
    """Return the sides of one field that are current and show something else, each with the base that gives the reason."""
    current = [(s, bases[s.id]) for s in sides if name in s.shown and s.id in bases and bases[s.id].version >= canonical.version]
    return [(side, base) for side, base in current if name not in side.readonly and not agrees(policy, side, canonical.value)]
