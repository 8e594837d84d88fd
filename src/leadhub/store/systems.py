"""What is remembered of each system between runs."""

from dataclasses import asdict

from sqlalchemy import select

from leadhub.store import bulk, tables
from leadhub.store.repository import Repository
from leadhub.store.rows import SystemRow


class Systems(Repository):
    """The systems of this deployment."""

    def get(self, name: str) -> SystemRow | None:
        """Return one system, None where leadhub never met it."""
        row = self.connection.execute(select(tables.system).where(tables.system.c.name == name)).mappings().first()
        return SystemRow(**row) if row else None

    def list(self) -> tuple[SystemRow, ...]:
        """Return all systems by name."""
        return tuple(SystemRow(**row) for row in self.connection.execute(select(tables.system).order_by(tables.system.c.name)).mappings())

    def save(self, system: SystemRow) -> None:
        """Store a system, in place of what was known of it."""
        row = {**asdict(system), "identity": None if system.identity is None else dict(system.identity)}
        bulk.upsert(self.connection, tables.system, [row])
