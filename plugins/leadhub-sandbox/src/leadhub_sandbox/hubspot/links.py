"""Which records are associated, and by which types of association. It stores what it is told and checks nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

HUBSPOT, USER = "HUBSPOT_DEFINED", "USER_DEFINED"
PRIMARY_CONTACT = 578
Node = tuple[str, int]  # a type's name and a record's id


@dataclass(frozen=True, slots=True)
class LinkType:
    """One direction of an association: what it is called from one end. Ids differ; `inverse` is the one that the other end sees."""

    start: str
    end: str
    id: int
    inverse: int
    name: str
    label: str | None = None
    category: str = HUBSPOT

    def spec(self) -> dict[str, Any]:
        """Return the type as answers show it."""
        return {"category": self.category, "typeId": self.id, "label": self.label}


# The unlabeled type of each pair comes first: an association has it whatever other types it has.
DEFINED = (
    LinkType("contacts", "deals", 4, 3, "contact_to_deal"),
    LinkType("deals", "contacts", 3, 4, "deal_to_contact"),
    LinkType("leads", "contacts", 608, 609, "lead_to_contact"),
    LinkType("contacts", "leads", 609, 608, "contact_to_lead"),
    LinkType("leads", "contacts", PRIMARY_CONTACT, 579, "lead_to_primary_contact", "Primary"),
    LinkType("contacts", "leads", 579, PRIMARY_CONTACT, "primary_contact_to_lead", "Primary"),
)


class Links:
    """The associations of one account, told from both ends, in order of making."""

    def __init__(self) -> None:
        self.types = list(DEFINED)
        self._ends: dict[Node, dict[Node, set[int]]] = {}

    def unlabeled(self, start: str, end: str) -> LinkType | None:
        """Return the type that every association from `start` to `end` has, or None if they cannot be associated."""
        return next((entry for entry in self.types if (entry.start, entry.end, entry.label) == (start, end, None)), None)

    def type(self, start: str, category: object, type_id: object) -> LinkType | None:
        """Return the type that a request means, or None."""
        return next((entry for entry in self.types if (entry.start, entry.category, entry.id) == (start, category, type_id)), None)

    def between(self, start: Node, end: Node) -> list[LinkType]:
        """Return the types of the association of two records, the unlabeled one first; none if they have none."""
        held = self._ends.get(start, {}).get(end, set())
        return [entry for entry in self.types if (entry.start, entry.end) == (start[0], end[0]) and entry.id in held]

    def of(self, start: Node, end: str) -> list[Node]:
        """Return the records of one type that a record is associated with."""
        return [node for node in self._ends.get(start, {}) if node[0] == end]

    def neighbours(self, start: Node) -> list[Node]:
        """Return every record that a record is associated with."""
        return list(self._ends.get(start, {}))

    def add(self, start: Node, end: Node, kinds: Iterable[LinkType]) -> None:
        """Give an association these types, seen from both ends."""
        for kind in kinds:
            self._ends.setdefault(start, {}).setdefault(end, set()).add(kind.id)
            self._ends.setdefault(end, {}).setdefault(start, set()).add(kind.inverse)

    def remove(self, start: Node, end: Node, kinds: Iterable[LinkType]) -> None:
        """Take these types from an association; one that has none left is no more."""
        for near, far, ids in ((start, end, {kind.id for kind in kinds}), (end, start, {kind.inverse for kind in kinds})):
            held = self._ends.get(near, {})
            if far in held:
                held[far] -= ids
                if not held[far]:
                    del held[far]

    def move(self, old: Node, new: Node) -> None:
        """Let a record take over another one's associations."""
        for end in self.neighbours(old):
            kinds = self.between(old, end)
            self.remove(old, end, kinds)
            self.add(new, end, kinds)

    def pairs(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Return every association from both ends, each end with the types that it sees."""
        return [(_end(start), _end(end) | {"types": sorted(ids)}) for start, held in self._ends.items() for end, ids in held.items()]

    def dump(self) -> dict[str, Any]:
        """Return everything as plain data."""
        made = [[entry.start, entry.end, entry.id, entry.inverse, entry.name, entry.label, entry.category] for entry in self.types[len(DEFINED) :]]
        ends = [[*start, [[*end, sorted(ids)] for end, ids in held.items()]] for start, held in self._ends.items()]
        return {"types": made, "ends": ends}

    def load(self, state: Mapping[str, Any]) -> None:
        """Put back what `dump` returned."""
        self.types = [*DEFINED, *(LinkType(*entry) for entry in state["types"])]
        self._ends = {(name, number): {(to, end): set(ids) for to, end, ids in held} for name, number, held in state["ends"]}


def _end(node: Node) -> dict[str, Any]:
    return {"object": node[0], "id": str(node[1])}
