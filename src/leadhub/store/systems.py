"""What is remembered of each system between runs."""

from dataclasses import asdict, replace

from sqlalchemy import select, update

from leadhub.store import bulk, tables
from leadhub.store.repository import Repository
from leadhub.store.rows import Mode, SystemRow

_T = tables.system


class Systems(Repository):
    """The systems of this deployment."""

    def get(self, name: str) -> SystemRow | None:
        """Return one system, None where leadhub never met it."""
        row = self.connection.execute(select(_T).where(_T.c.name == name)).mappings().first()
        return SystemRow(**row) if row else None

    def list(self) -> tuple[SystemRow, ...]:
        """Return all systems by name."""
        return tuple(SystemRow(**row) for row in self.connection.execute(select(_T).order_by(_T.c.name)).mappings())

    def save(self, system: SystemRow) -> None:
        """Store a system, in place of what was known of it. Whether it is paused stays as it is: a run at work, which saves what it read, may not know."""
        known = self.connection.scalar(select(_T.c.mode).where(_T.c.name == system.name).with_for_update())
        if known is not None and "paused" in (known, system.mode):
            system = replace(system, mode=known)
        row = {**asdict(system), "identity": None if system.identity is None else dict(system.identity)}
        bulk.upsert(self.connection, _T, [row])

    def switch(self, name: str, mode: Mode) -> None:
        """Set what leadhub may do with a system, and nothing else of it."""
        self.connection.execute(update(_T).where(_T.c.name == name).values(mode=mode))
