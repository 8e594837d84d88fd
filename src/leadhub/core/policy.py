"""What a configuration says about who wins, in the form in which the rules read it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from leadhub.lifecycle.relation import Relation

Adoption = Literal["keep", "fill", "prefer"]


@dataclass(frozen=True, slots=True)
class FieldPolicy:
    """How one canonical field is merged.

    `match` gives the form in which two values are compared: equal forms are the same value and are never rewritten. `prefer` names the system
    that wins a conflict; None asks a person. `owner` is the only system that may change the field; with `strict` the others are written back.
    """

    name: str
    match: Callable[[str], str]
    prefer: str | None = None
    owner: str | None = None
    strict: bool = False
    clear: Literal["keep", "propagate"] = "keep"


@dataclass(frozen=True, slots=True)
class Policy:
    """All of it. `systems` is the configured order, the last word where nothing else decides; `adoption` is the rule of first contact per system."""

    systems: tuple[str, ...]
    fields: Mapping[str, FieldPolicy]
    relations: Mapping[tuple[str, str], Relation] = field(default_factory=dict)
    trust: str | None = None
    adoption: Mapping[str, Adoption] = field(default_factory=dict)
    own_lead: frozenset[tuple[str, str]] = frozenset()

    def rank(self, system: str) -> tuple[int, int, str]:
        """Order systems: the trusted one, then as configured, then unknown ones by name."""
        known = system in self.systems
        return (0 if system == self.trust else 1, self.systems.index(system) if known else len(self.systems), system)

    def adopts(self, system: str) -> Adoption:
        """Return the rule of first contact for one system (keep unless configured)."""
        return self.adoption.get(system, "keep")
