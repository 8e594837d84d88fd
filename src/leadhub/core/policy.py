"""What a configuration says about who wins, in the form in which the rules read it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from leadhub.lifecycle.relation import Relation
from leadhub.model.person import Value
from leadhub.values.fields import Entity, Merge

Adoption = Literal["keep", "fill", "prefer"]


@dataclass(frozen=True, slots=True)
class FieldPolicy:
    """How one canonical field is merged.

    `match` gives the form in which two values are compared: equal forms are the same value and are never rewritten. `prefer` names the system
    that wins a conflict; None asks a person. `owner` is the only system that may change the field; with `strict` the others are written back.
    Fields of one `group` are merged whole.
    """

    name: str
    match: Callable[[str, str | None], str]
    prefer: str | None = None
    owner: str | None = None
    strict: bool = False
    clear: Literal["keep", "propagate"] = "keep"
    merge: Merge = "edit"
    entity: Entity = "person"
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Settle:
    """A rule for standing differences of one field, or of one pattern of it: `value` is what the side shows, `hub` what leadhub holds, in match form.

    `fill` lets blank sides (of `system`, where it is named) be written; `prefer` gives the field the value of `system`; `keep` leaves all as it is.
    """

    field: str
    rule: Adoption
    system: str | None = None
    value: str | None = None
    hub: str | None = None

    def fits(self, field: str, system: str, value: str, hub: str) -> bool:
        """Whether the rule is about this difference, whose values are in match form."""
        about = self.field == field and (self.rule == "prefer" or self.system in (None, system))
        return about and self.value in (None, value) and self.hub in (None, hub)


@dataclass(frozen=True, slots=True)
class Policy:
    """All of it. `systems` is the configured order, the last word where nothing else decides; `adoption` is the rule of first contact per system."""

    systems: tuple[str, ...]
    fields: Mapping[str, FieldPolicy]
    relations: Mapping[tuple[str, str], Relation] = field(default_factory=dict)
    trust: str | None = None
    adoption: Mapping[str, Adoption] = field(default_factory=dict)
    own_lead: frozenset[tuple[str, str]] = frozenset()
    events: frozenset[tuple[str, str]] = frozenset()
    """Objects whose records happened once: form posts."""
    lists: frozenset[tuple[str, str]] = frozenset()
    """Objects whose records are rows that somebody wrote down: of one person the latest row speaks."""
    settle: tuple[Settle, ...] = ()
    evidence: frozenset[tuple[str, str]] = frozenset()
    """Objects whose records say how far a lead has come, and nothing of who somebody is: deals."""
    skip: frozenset[str] = frozenset()
    """Stages that this team does not use."""

    def rank(self, system: str) -> tuple[int, int, str]:
        """Order systems: the trusted one, then as configured, then unknown ones by name."""
        known = system in self.systems
        return (0 if system == self.trust else 1, self.systems.index(system) if known else len(self.systems), system)

    def adopts(self, system: str) -> Adoption:
        """Return the rule of first contact for one system (keep unless configured)."""
        return self.adoption.get(system, "keep")

    def settled(self, name: str, system: str, value: Value, hub: Value) -> Settle | None:
        """Return the first rule that settles a standing difference of this field."""
        if not self.settle:
            return None
        there, here = self.compared(name, value), self.compared(name, hub)
        return next((rule for rule in self.settle if rule.fits(name, system, there, here)), None)

    def compared(self, name: str, value: Value) -> str:
        """Return a value of a field, or of the state, in the form in which rules compare it; "" for a blank."""
        return self.fields[name].match(value, None) if value and name in self.fields else value or ""
