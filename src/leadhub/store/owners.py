"""Who can own records in each system, as last heard from it."""

from collections.abc import Iterable

from sqlalchemy import delete, select

from leadhub.model.record import Owner
from leadhub.store import bulk, tables
from leadhub.store.repository import Repository


class Owners(Repository):
    """The users and queues of every system."""

    def replace(self, system: str, owners: Iterable[Owner]) -> None:
        """Store a system's owners in place of those that were known."""
        rows = [{"system": system, "id": o.id, "name": o.name, "email": o.email, "active": o.active, "queue": o.queue} for o in owners]
        self.connection.execute(delete(tables.owner).where(tables.owner.c.system == system))
        bulk.upsert(self.connection, tables.owner, rows)

    def of(self, system: str) -> tuple[Owner, ...]:
        """Return a system's owners by id; none where it was never asked."""
        found = select(tables.owner).where(tables.owner.c.system == system).order_by(tables.owner.c.id)
        return tuple(Owner(row.id, row.name, row.email, row.active, row.queue) for row in self.connection.execute(found))
