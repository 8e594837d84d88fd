"""What is remembered of an edit of the state, and of what a record reflects."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from leadhub.model.state import FACETS, Facet, State
from leadhub.testing.simulator.world import Site


@dataclass
class Typed:
    """An edit of a state field, and which edits its author could have seen."""

    id: int
    site: Site
    name: str
    old: str
    new: str
    who: str
    saw: Mapping[Facet, frozenset[int]]
    revision: int
    done: bool = False
    raced: bool = False


@dataclass
class Knowledge:
    """What a record reflects, by facet: the edits whose outcome its viewers can have seen; and the state that it was left standing beside."""

    reflects: dict[Facet, set[int]] = field(default_factory=lambda: {facet: set() for facet in FACETS})
    stands: tuple[str, State, tuple[tuple[str, str], ...]] | None = None
