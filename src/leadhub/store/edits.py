"""The journal of canonical values: only ever added to."""

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from sqlalchemy import select

from leadhub.model.run import Edit
from leadhub.store import bulk, tables
from leadhub.store.repository import Repository
from leadhub.store.rows import StoredEdit

_NAMES = tuple(field.name for field in fields(Edit))


class Edits(Repository):
    """Edits in the order in which they were made."""

    def append(self, run_id: str, edits: Iterable[Edit]) -> None:
        """Add edits; an edit without a time gets the present one."""
        now = self.clock.now()
        bulk.insert(self.connection, tables.edit, [_row(run_id, edit) | {"at": edit.at or now} for edit in edits])

    def history(self, person_id: str, *, field: str | None = None, lead_id: str | None = None) -> tuple[StoredEdit, ...]:
        """Return what became of a person, oldest first; of one field or one lead where named."""
        found = select(tables.edit).where(tables.edit.c.person_id == person_id).order_by(tables.edit.c.seq)
        if field is not None:
            found = found.where(tables.edit.c.field == field)
        if lead_id is not None:
            found = found.where(tables.edit.c.lead_id == lead_id)
        return tuple(_read(row) for row in self.connection.execute(found))

    def of_run(self, run_id: str, after: int = 0, limit: int = 1000) -> tuple[StoredEdit, ...]:
        """Return up to `limit` edits of one run, after the one with that number."""
        found = select(tables.edit).where(tables.edit.c.run_id == run_id, tables.edit.c.seq > after)
        return tuple(_read(row) for row in self.connection.execute(found.order_by(tables.edit.c.seq).limit(limit)))


def _row(run_id: str, edit: Edit) -> dict[str, Any]:
    return {"run_id": run_id} | {name: getattr(edit, name) for name in _NAMES}


def _read(row: Any) -> StoredEdit:
    return StoredEdit(row.seq, row.run_id, Edit(**{name: getattr(row, name) for name in _NAMES}))
