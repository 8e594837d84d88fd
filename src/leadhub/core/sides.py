"""What one record shows the hub, in canonical terms: a side."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from leadhub.model.person import Link, Value
from leadhub.model.record import AUTOMATION, LAST_SAVED, Author, NativeValue

PUT_BACK = "the record was put back to an earlier state, and shows what is older than what leadhub knows"
"""The note of a question about a record whose time of change went back."""
FOUGHT, PERHAPS, BOUNCES = 12, 1, 25
"""What a write counts that was surely fought, and one that may have been; a side that comes to so much without a gap is left alone.

So three writes are enough for an automation that shows itself as one. Who types ever new values where no history tells people from automations may
answer 25 times in a row: two people never do, and two automations do not go on for ever.
"""


@dataclass(frozen=True)
class Side:
    """One linked record as it is now.

    `shown` has the canonical fields that the record makes known (absent: not known, None: blank). `state` has its native state values, blank
    as "", or is None where the record says nothing of the state. `writable` and `state_writable` say what may be written there. `limits` are
    maximum lengths. `authors` tells by canonical or native name who set a value, where the system's history says.
    """

    link: Link
    shown: Mapping[str, Value]
    state: Mapping[str, str] | None = None
    writable: frozenset[str] = frozenset()
    state_writable: frozenset[str] = frozenset()
    limits: Mapping[str, int] = field(default_factory=dict)
    authors: Mapping[str, Author] = field(default_factory=dict)
    native: Mapping[str, NativeValue] = field(default_factory=dict)
    """What stands in the record, for the plan to say what it replaces."""
    region: str | None = None
    """The country that a phone number without one belongs to."""
    also: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Further canonical values that a coarse native one stands for: it agrees with each of them."""
    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Further members of a person's sets, by canonical field."""
    readonly: frozenset[str] = frozenset()
    """Fields that the system alone sets: they inform the hub, and never disagree with it."""
    created: datetime | None = None
    told: bool = False
    """What somebody said once (a list, a form), and no state that a system keeps: an opt-out in it is an act."""
    fresh: bool = False
    """At first contact: the record itself is news (a form post, a record made after its system was adopted), not an old disagreement."""

    @cached_property
    def id(self) -> str:
        """The link's id."""
        return self.link.id

    @property
    def system(self) -> str:
        """The system's name."""
        return self.link.system

    def author(self, name: str) -> Author:
        """Return who set the present value; automation where no history names anyone."""
        return self.authors.get(name, AUTOMATION)

    def automated(self, name: str) -> bool:
        """Whether the system's own history says that no person set the present value; that nothing is told of it is no such word."""
        author = self.authors.get(name)
        return author is not None and author.kind == "automation" and not author.name.startswith(LAST_SAVED)

    def only(self, names: Collection[str]) -> "Side":
        """Return the side as it speaks of these canonical fields alone, and of no state."""
        mine = frozenset(names)
        shown = {name: value for name, value in self.shown.items() if name in mine}
        return replace(self, shown=shown, state=None, writable=self.writable & mine, state_writable=frozenset(), members={})
