"""Owners across systems: the same person is the one with the same e-mail address, however each system numbers its users. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from leadhub.model.record import Owner

QUEUE = "queue: "
"""Before the name of a queue, where it stands as a lead's owner: no other system has it."""


@dataclass(frozen=True, slots=True)
class OwnerBook:
    """One system's owners. `names` gives the canonical owner (an e-mail address, or a queue) by the system's own id, `ids` the id to write."""

    names: Mapping[str, str] = field(default_factory=dict)
    ids: Mapping[str, str] = field(default_factory=dict)
    inactive: frozenset[str] = frozenset()
    fallback: str | None = None

    @classmethod
    def of(cls, owners: Iterable[Owner], renamed: Mapping[str, str], fallback: str | None) -> "OwnerBook":
        """Make the book. `renamed` is the deployment's own word (id, name or address in the system → address), and outranks the system's."""
        names: dict[str, str] = {}
        ids: dict[str, str] = {}
        inactive: set[str] = set()
        for owner in sorted(owners, key=lambda o: (not o.active, o.id)):
            own = next((renamed[word] for word in (owner.id, owner.email or "", owner.name) if word in renamed), owner.email)
            name = f"{QUEUE}{owner.name}" if owner.queue else (own or "").lower()
            if not name:
                continue
            names[owner.id] = name
            if owner.active:
                ids.setdefault(name, owner.id)
            elif name not in ids:
                inactive.add(name)
        return cls(names, ids, frozenset(inactive), fallback.lower() if fallback else None)

    def id_for(self, name: str) -> str | None:
        """Return the id to write for a canonical owner, or the fallback's; None if the system has nobody to write."""
        return self.ids.get(name.lower() if not name.startswith(QUEUE) else name) or (self.ids.get(self.fallback) if self.fallback else None)


NOBODY = OwnerBook()
