"""What one record shows the hub, in canonical terms: a side."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from leadhub.model.person import Link, Value
from leadhub.model.record import AUTOMATION, Author


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
