"""Systems and owners in dictionaries."""

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import replace

from leadhub.model.record import Owner
from leadhub.store import Mode, SystemRow
from leadhub.store.owners import Owners
from leadhub.store.systems import Systems
from leadhub.testing.dict_store.repository import DictRepository
from leadhub.testing.dict_store.tables import utc


class DictSystems(DictRepository, Systems):
    """The systems of this deployment."""

    def get(self, name: str) -> SystemRow | None:
        """See `Systems.get`."""
        row = self.held.systems.get(name)
        return row and _own(row)

    def list(self) -> tuple[SystemRow, ...]:
        """See `Systems.list`."""
        return tuple(_own(row) for _, row in sorted(self.held.systems.items()))

    def save(self, system: SystemRow) -> None:
        """See `Systems.save`."""
        self.held.writable()
        row = _own(system)
        known = self.held.systems.get(row.name)
        if known and "paused" in (known.mode, row.mode):
            row = replace(row, mode=known.mode)
        self.held.put(self.held.systems, row.name, replace(row, adopted_at=utc(row.adopted_at)) if row.adopted_at else row)

    def switch(self, name: str, mode: Mode) -> None:
        """See `Systems.switch`."""
        self.held.writable()
        if row := self.held.systems.get(name):
            self.held.put(self.held.systems, name, replace(row, mode=mode))


def _own(row: SystemRow) -> SystemRow:
    """Return the row with an identity that nobody else can change."""
    return row if row.identity is None else replace(row, identity=deepcopy(dict(row.identity)))


class DictOwners(DictRepository, Owners):
    """The users and queues of every system."""

    def replace(self, system: str, owners: Iterable[Owner]) -> None:
        """See `Owners.replace`."""
        self.held.writable()
        rows = {owner.id: owner for owner in owners}
        self.held.put(self.held.owners, system, tuple(rows[id_] for id_ in sorted(rows)))

    def of(self, system: str) -> tuple[Owner, ...]:
        """See `Owners.of`."""
        return self.held.owners.get(system, ())
