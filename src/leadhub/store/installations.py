"""Which installation of leadhub this store is, and which others were met in its systems."""

from sqlalchemy import select, update

from leadhub.model.record import Record
from leadhub.store import bulk, tables
from leadhub.store.repository import Repository
from leadhub.store.rows import OtherInstallation

_T = tables.other


class Installations(Repository):
    """This installation, and others by system."""

    def mine(self) -> str | None:
        """Return the name of this installation; None until it is named."""
        name: str | None = self.connection.scalar(select(tables.installation.c.id))
        return name

    def name(self, id_: str) -> str:
        """Return the name of this installation, which is this one from now on if it had none: it never changes."""
        known = self.mine()
        if known is None:
            bulk.insert(self.connection, tables.installation, [{"id": id_, "made_at": self.clock.now()}])
        return known or id_

    def note(self, system: str, id_: str, record: Record) -> None:
        """Keep the first record that shows another installation; one that is known, taken over or not, stays as it is."""
        if any(other.id == id_ for other in self.others(system)):
            return
        row = {"system": system, "id": id_, "object": record.object, "record_id": record.id, "stamp": record.stamp, "met_at": self.clock.now()}
        bulk.insert(self.connection, _T, [row])

    def others(self, system: str) -> tuple[OtherInstallation, ...]:
        """Return the other installations that were met in a system, the first met first."""
        found = select(_T).where(_T.c.system == system).order_by(_T.c.met_at, _T.c.id)
        return tuple(OtherInstallation(**row) for row in self.connection.execute(found).mappings())

    def take_over(self, system: str, id_: str, actor: str) -> None:
        """Note that somebody says of another installation that it works no more."""
        named = update(_T).where(_T.c.system == system, _T.c.id == id_)
        self.connection.execute(named.values(taken_over_by=actor, taken_over_at=self.clock.now()))
