"""Executions, what people said to plans, and the rows that could not be taken in."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import select, update

from leadhub.errors import StoreError
from leadhub.model.record import Json, Reject
from leadhub.model.run import Approval, RunRow
from leadhub.store import bulk, tables
from leadhub.store.repository import Repository, begins_with
from leadhub.store.rows import StoredReject

_T = tables.run


class Runs(Repository):
    """Runs by id, which sorts by the time of its making."""

    def start(self, run: RunRow) -> None:
        """Store a run that begins."""
        names = ("id", "kind", "started_at", "ended_at", "status", "config_hash", "actor", "plan_run", "plan_hash")
        row = {name: getattr(run, name) for name in names}
        bulk.insert(self.connection, _T, [row | {"counts": dict(run.counts)}])

    def finish(self, run_id: str, status: str, counts: Mapping[str, Json]) -> None:
        """Store how a run ended, and that it ended now.

        Raises:
            StoreError: no run has this id.
        """
        ended = update(_T).where(_T.c.id == run_id).values(status=status, counts=dict(counts), ended_at=self.clock.now())
        if self.connection.execute(ended).rowcount != 1:
            raise StoreError(f"there is no run {run_id!r} to finish", next_step="leadhub runs list")

    def note(self, run_id: str, facts: Mapping[str, Json]) -> None:
        """Store what a run that is at work has to say of itself: it stands there also if the run never comes to its end."""
        self.connection.execute(update(_T).where(_T.c.id == run_id).values(counts=dict(facts)))

    def keep_plan(self, run_id: str, plan_hash: str) -> None:
        """Store the hash of the plan file that a run wrote."""
        self.connection.execute(update(_T).where(_T.c.id == run_id).values(plan_hash=plan_hash))

    def of_plan(self, plan_run: str) -> tuple[RunRow, ...]:
        """Return the runs that made a plan, or some of it, oldest first."""
        found = select(_T).where(_T.c.plan_run == plan_run).order_by(_T.c.started_at, _T.c.id)
        return tuple(_read(row) for row in self.connection.execute(found))

    def get(self, id_prefix: str) -> tuple[RunRow, ...]:
        """Return the runs whose id begins so: none, the one meant, or as many as make the prefix ambiguous (ten at most)."""
        found = select(_T).where(begins_with(_T.c.id, id_prefix)).order_by(_T.c.id).limit(10)
        return tuple(_read(row) for row in self.connection.execute(found))

    def list(self, limit: int = 20, *, kind: str | None = None) -> tuple[RunRow, ...]:
        """Return the latest runs, newest first."""
        found = select(_T).order_by(_T.c.started_at.desc(), _T.c.id.desc()).limit(limit)
        if kind is not None:
            found = found.where(_T.c.kind == kind)
        return tuple(_read(row) for row in self.connection.execute(found))


class Approvals(Repository):
    """What people said to plans. Nothing is ever taken out: an approval that no longer holds is followed by the word that it does not."""

    def add(self, approval: Approval) -> None:
        """Store what somebody said."""
        bulk.insert(self.connection, tables.approval, [asdict(approval)])

    def of(self, plan_run: str) -> tuple[Approval, ...]:
        """Return all that was said to the plan of a run, oldest first."""
        t = tables.approval.c
        found = select(t.plan_run, t.plan_hash, t.actor, t.at, t.given, t.comment).where(t.plan_run == plan_run).order_by(t.seq)
        return tuple(Approval(**row) for row in self.connection.execute(found).mappings())


class Rejects(Repository):
    """Rejected rows by run."""

    def keep(self, run_id: str, rejects: Iterable[Reject]) -> None:
        """Keep rows that could not be taken in, as they came. The same row of the same run is kept once."""
        rows = {
            (reject.source, reject.row): {"run_id": run_id, "source": reject.source, "row": reject.row, "raw": reject.raw, "reason": reject.reason}
            for reject in rejects
        }
        bulk.upsert(self.connection, tables.reject, list(rows.values()))

    def list(self, run_id: str | None = None, limit: int = 1000) -> tuple[StoredReject, ...]:
        """Return rejected rows by run, source and place; of one run where named."""
        order = (tables.reject.c.run_id, tables.reject.c.source, tables.reject.c.row)
        found = select(tables.reject).order_by(*order).limit(limit)
        if run_id is not None:
            found = found.where(tables.reject.c.run_id == run_id)
        return tuple(StoredReject(**row) for row in self.connection.execute(found).mappings())


def _read(row: Any) -> RunRow:
    return RunRow(
        id=row.id,
        kind=row.kind,
        started_at=row.started_at,
        ended_at=row.ended_at,
        status=row.status,
        counts=row.counts,
        config_hash=row.config_hash,
        actor=row.actor,
        plan_run=row.plan_run,
        plan_hash=row.plan_hash,
    )
