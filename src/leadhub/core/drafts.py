"""One write in the making: what is sent, what it replaces, why, and what is not sent and why not. Pure."""

import hashlib
from dataclasses import dataclass, field

from leadhub.core.nativize import native_of
from leadhub.core.sides import Side
from leadhub.core.targets import TargetObject
from leadhub.model.person import Base, Canonical, Person
from leadhub.model.record import FieldMapping, NativeValue
from leadhub.model.run import PlannedChange


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
    proposed: list[str] = field(default_factory=list)
    """Actions that would help and that nobody has allowed yet, in words."""


def label(person: Person) -> str:
    """Return what a person is called in a plan: the name, else the e-mail, else the id."""
    values = {name: person.fields[name].value or "" for name in ("first_name", "last_name", "email") if name in person.fields}
    name = f"{values.get('first_name', '')} {values.get('last_name', '')}".strip()
    return name or values.get("email", "") or person.id


@dataclass(slots=True)
class Draft:
    """One write in the making: native values, what they replace, why, and the bases that links keep afterwards."""

    values: dict[str, NativeValue] = field(default_factory=dict)
    before: dict[str, NativeValue] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)
    bases: dict[str, Base] = field(default_factory=dict)

    def add(self, target: TargetObject, mapped: FieldMapping, side: Side, key: str, canonical: Canonical, base: Base) -> None:
        """Put one canonical field into the write. Raises NoWord if the system cannot take the value."""
        self.values[mapped.native] = native_of(mapped, canonical.value, target.owners)
        self.before[mapped.native] = side.native.get(mapped.native)
        self.why[mapped.native] = why_of(canonical)
        self.bases[key] = base


def refusal_of(mapped: FieldMapping, value: str | None) -> str | None:
    """Say why the system would surely refuse a value, or None."""
    if value is None and mapped.required:
        return f"{mapped.native} is required and cannot be blanked"
    if value is not None and mapped.max_length is not None and len(value) > mapped.max_length:
        return f"{mapped.native} holds {mapped.max_length} characters; this value has {len(value)}"
    return None


def why_of(canonical: Canonical) -> str:
    """Say where a value comes from."""
    return by(canonical.cause, canonical.origin)


def by(cause: str, origin: str) -> str:
    """Say in words what a cause is."""
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


def digest(*parts: str) -> str:
    """Return a short name that is the same for the same parts."""
    return hashlib.blake2b("|".join(parts).encode(), digest_size=12).hexdigest()
