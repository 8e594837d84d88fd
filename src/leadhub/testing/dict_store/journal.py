"""Edits, runs, what was said to plans, and rejects in dictionaries."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from leadhub.errors import StoreError
from leadhub.model.record import Json, Reject
from leadhub.model.run import Approval, Edit, RunRow
from leadhub.store import StoredEdit, StoredReject
from leadhub.store.edits import Edits
from leadhub.store.runs import Approvals, Rejects, Runs
from leadhub.testing.dict_store.json_values import json_in, json_out
from leadhub.testing.dict_store.repository import DictRepository
from leadhub.testing.dict_store.tables import refused, utc


class DictEdits(DictRepository, Edits):
    """Edits in the order in which they were made."""

    def append(self, run_id: str, edits: Iterable[Edit]) -> None:
        """See `Edits.append`."""
        held = self.held
        held.writable()
        now = utc(self.clock.now())
        for edit in edits:
            at = utc(edit.at) if edit.at else now
            seq = len(held.edits) + 1
            held.put(held.edits, seq, StoredEdit(seq, run_id, edit if edit.at is at else replace(edit, at=at)))

    def history(self, person_id: str, *, field: str | None = None, lead_id: str | None = None) -> tuple[StoredEdit, ...]:
        """See `Edits.history`."""
        return tuple(
            one
            for one in self.held.edits.values()
            if one.edit.person_id == person_id and (field is None or one.edit.field == field) and (lead_id is None or one.edit.lead_id == lead_id)
        )

    def of_run(self, run_id: str, after: int = 0, limit: int = 1000) -> tuple[StoredEdit, ...]:
        """See `Edits.of_run`."""
        return tuple([one for one in self.held.edits.values() if one.run_id == run_id and one.seq > after][:limit])


class DictRuns(DictRepository, Runs):
    """Runs by id."""

    def start(self, run: RunRow) -> None:
        """See `Runs.start`."""
        self.held.writable()
        if run.id in self.held.runs:
            raise refused(f"there is a run {run.id} already")
        ended = run.ended_at
        self.held.put(
            self.held.runs, run.id, replace(run, started_at=utc(run.started_at), ended_at=ended and utc(ended), counts=json_in(dict(run.counts)))
        )

    def finish(self, run_id: str, status: str, counts: Mapping[str, Json]) -> None:
        """See `Runs.finish`."""
        self.held.writable()
        run = self.held.runs.get(run_id)
        if run is None:
            raise StoreError(f"there is no run {run_id!r} to finish", next_step="leadhub runs list")
        self.held.put(self.held.runs, run_id, replace(run, status=status, counts=json_in(dict(counts)), ended_at=utc(self.clock.now())))

    def note(self, run_id: str, facts: Mapping[str, Json]) -> None:
        """See `Runs.note`."""
        self.held.writable()
        if run := self.held.runs.get(run_id):
            self.held.put(self.held.runs, run_id, replace(run, counts=json_in(dict(facts))))

    def keep_plan(self, run_id: str, plan_hash: str) -> None:
        """See `Runs.keep_plan`."""
        self.held.writable()
        if run := self.held.runs.get(run_id):
            self.held.put(self.held.runs, run_id, replace(run, plan_hash=plan_hash))

    def of_plan(self, plan_run: str) -> tuple[RunRow, ...]:
        """See `Runs.of_plan`."""
        made = [run for run in self.held.runs.values() if run.plan_run == plan_run]
        return tuple(_run_out(run) for run in sorted(made, key=_age))

    def get(self, id_prefix: str) -> tuple[RunRow, ...]:
        """See `Runs.get`."""
        return tuple(_run_out(self.held.runs[id_]) for id_ in sorted(id_ for id_ in self.held.runs if id_.startswith(id_prefix))[:10])

    def list(self, limit: int = 20, *, kind: str | None = None) -> tuple[RunRow, ...]:
        """See `Runs.list`."""
        wanted = [run for run in self.held.runs.values() if kind is None or run.kind == kind]
        wanted.sort(key=_age, reverse=True)
        return tuple(_run_out(run) for run in wanted[:limit])


def _age(run: RunRow) -> tuple[datetime, str]:
    return run.started_at, run.id


def _run_out(run: RunRow) -> RunRow:
    return replace(run, counts=json_out(run.counts))


class DictApprovals(DictRepository, Approvals):
    """What people said to plans, in the order in which they said it."""

    def add(self, approval: Approval) -> None:
        """See `Approvals.add`."""
        self.held.writable()
        self.held.put(self.held.approvals, len(self.held.approvals) + 1, replace(approval, at=utc(approval.at)))

    def of(self, plan_run: str) -> tuple[Approval, ...]:
        """See `Approvals.of`."""
        return tuple(one for one in self.held.approvals.values() if one.plan_run == plan_run)


class DictRejects(DictRepository, Rejects):
    """Rejected rows by run."""

    def keep(self, run_id: str, rejects: Iterable[Reject]) -> None:
        """See `Rejects.keep`."""
        self.held.writable()
        for one in rejects:
            self.held.put(self.held.rejects, (run_id, one.source, one.row), StoredReject(run_id, one.source, one.row, one.raw, one.reason))

    def list(self, run_id: str | None = None, limit: int = 1000) -> tuple[StoredReject, ...]:
        """See `Rejects.list`."""
        keys = sorted(key for key in self.held.rejects if run_id is None or key[0] == run_id)
        return tuple(self.held.rejects[key] for key in keys[:limit])
