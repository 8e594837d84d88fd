"""What associating obeys: which types there are, what must exist, and what HubSpot calculates of it. It knows nothing of HTTP."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from leadhub_sandbox.hubspot.account import Account
from leadhub_sandbox.hubspot.errors import invalid, not_found
from leadhub_sandbox.hubspot.links import PRIMARY_CONTACT, LinkType, Node
from leadhub_sandbox.hubspot.objects import DEALS, LEADS
from leadhub_sandbox.hubspot.store import CALCULATED, Record

# How many live records of the second type a record of the first is associated with is a property of the first.
_COUNTS = {("contacts", "deals"): "num_associated_deals", ("deals", "contacts"): "num_associated_contacts"}
Wanted = list[tuple[Node, list[LinkType]]]


class Linker:
    """Associates the records of one account."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def live(self, kind: str, record_id: object) -> Record:
        """Return a live record. Raises ApiError 404."""
        objects = self._account.objects[kind]
        record = objects.store.get(str(record_id))
        if record is None or record.archived_ms is not None:
            raise not_found(f"There is no {objects.type.singular} {record_id} to associate.", [str(record_id)])
        return record

    def wanted(self, start: str, associations: object) -> Wanted:
        """Return what a create asks to be associated with. Raises ApiError 400 for a wrong form, an unknown type or a missing record."""
        found: Wanted = []
        for entry in _objects(associations, "associations"):
            kinds = self.kinds(start, entry.get("types"))
            ends = {kind.end for kind in kinds}
            to = entry.get("to")
            if len(ends) != 1 or not isinstance(to, dict):
                raise invalid("Every association needs a record as `to`, and types that lead to one type of object.")
            end = ends.pop()
            record = self._account.objects[end].store.get(str(to.get("id")))
            if record is None or record.archived_ms is not None:
                raise invalid(f"There is no {self._account.objects[end].type.singular} {to.get('id')} to associate.", ids=[str(to.get("id"))])
            found.append(((end, record.id), kinds))
        return found

    def kinds(self, start: str, types: object, end: str | None = None) -> list[LinkType]:
        """Return the types that a request names. Raises ApiError 400 for none, an unknown one, and one that leads elsewhere than to `end`."""
        found = []
        for entry in _objects(types, "types"):
            kind = self._account.links.type(start, entry.get("associationCategory"), entry.get("associationTypeId"))
            if kind is None or end not in (None, kind.end):
                raise invalid(f"{entry.get('associationCategory')} {entry.get('associationTypeId')} is no type of association from {start} here.")
            found.append(kind)
        if not found:
            raise invalid("An association needs at least one type.")
        return found

    def default(self, start: str, end: str) -> LinkType:
        """Return the unlabeled type between two types of object. Raises ApiError 400 when they cannot be associated."""
        kind = self._account.links.unlabeled(start, end)
        if kind is None:
            raise invalid(f"{start} and {end} cannot be associated.")
        return kind

    def connect(self, start: Node, end: Node, kinds: Iterable[LinkType]) -> None:
        """Associate two records; whatever the types, the unlabeled one is among them."""
        self._account.links.add(start, end, [self.default(start[0], end[0]), *kinds])
        self.recount([start, end])
        self._account.moved_deals += [number for kind, number in (start, end) if kind == DEALS.name]

    def disconnect(self, start: Node, end: Node, kinds: Sequence[LinkType] = ()) -> None:
        """Take types from an association; without any, or with the unlabeled one, the whole association."""
        links = self._account.links
        whole = not kinds or self.default(start[0], end[0]) in kinds
        links.remove(start, end, links.between(start, end) if whole else kinds)
        self.recount([start, end])
        for node in (start, end):
            self._require_primary(node)

    def _require_primary(self, node: Node) -> None:
        """Delete a lead that has no primary contact left (HubSpot's "Leads" guide)."""
        links, objects = self._account.links, self._account.objects[node[0]]
        lead = objects.store.records.get(node[1])
        if objects.type is not LEADS or lead is None or lead.archived_ms is not None:
            return
        kinds = [kind.id for end in links.neighbours(node) for kind in links.between(node, end)]
        if PRIMARY_CONTACT not in kinds:
            objects.archive(lead, self._account.now_ms(), CALCULATED)

    def forget(self, node: Node) -> None:
        """End all associations of a record that is no more."""
        for end in self._account.links.neighbours(node):
            self.disconnect(node, end)

    def move(self, old: Node, new: Node) -> None:
        """Let the survivor of a merge have the associations."""
        self._account.links.move(old, new)
        self.recount([new, *self._account.links.neighbours(new)])

    def recount(self, nodes: Iterable[Node]) -> None:
        """Bring the counts that records show of their associations up to date; one that changes is a change of the record."""
        now = self._account.now_ms()
        for kind, number in nodes:
            objects = self._account.objects[kind]
            record = objects.store.records.get(number)
            if record is None:
                continue
            changed = False
            for (start, end), name in _COUNTS.items():
                if start == kind:
                    changed |= objects.store.calculate(record, name, self._count((kind, number), end, record.values.get(name, "")), now)
            if changed:
                objects.store.touch(record, now)
                objects.store.queue(number, now)

    def _count(self, node: Node, end: str, shown: str) -> str:
        """Return how many live ones there are; a record that never had any stays blank."""
        store = self._account.objects[end].store
        live = sum(store.records[number].archived_ms is None for _, number in self._account.links.of(node, end))
        return str(live) if live or shown else ""


def _objects(entries: object, name: str) -> list[Mapping[str, Any]]:
    listed = entries if entries is not None else []
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        raise invalid(f"Invalid input JSON: {name} must be a list of objects.")
    return listed
