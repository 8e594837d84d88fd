"""The journal of writes: what was meant is stored before the call, what came of it after, in one transaction with what it changes."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Select, bindparam, func, or_, select, tuple_, update

from leadhub.errors import StoreError
from leadhub.model.record import Json, Operation
from leadhub.model.run import Intent, IntentState, PlannedChange
from leadhub.store import bulk, codec, tables
from leadhub.store.leases import Leases
from leadhub.store.persons import link_row
from leadhub.store.records import record_row
from leadhub.store.repository import Repository
from leadhub.store.rows import Settlement, Tally

_T = tables.intent
_SETTLE = (
    update(_T)
    .where(_T.c.run_id == bindparam("of_run"), _T.c.seq == bindparam("of_seq"))
    .values(state=bindparam("new_state"), detail=bindparam("new_detail"), token=bindparam("new_token"))
)


NO_STAMPS: Mapping[int, datetime] = MappingProxyType({})


def seen_at(stamp: datetime | None) -> Json:
    """Return what the journal keeps of a write on its way: which stamp its record had."""
    return None if stamp is None else {"seen": stamp.astimezone(UTC).isoformat()}


class Intents(Repository):
    """Intents by (run, seq)."""

    def plan(self, run_id: str, changes: Iterable[PlannedChange], token: int) -> tuple[Intent, ...]:
        """Store changes as planned, numbered on from the run's last one. They are to be committed before the first call is made.

        Raises:
            LeaseHeld: the lease was lost; nothing is stored.
        """
        Leases(self.connection, self.clock).check(token)
        last = self.connection.scalar(select(func.max(_T.c.seq)).where(_T.c.run_id == run_id)) or 0
        intents = tuple(Intent(run_id, seq, change, IntentState.PLANNED, token) for seq, change in enumerate(changes, last + 1))
        bulk.insert(self.connection, _T, [_row(intent) for intent in intents])
        return intents

    def mark_sent(self, run_id: str, seqs: Iterable[int], token: int, stamps: Mapping[int, datetime] = NO_STAMPS) -> None:
        """Store that the call is about to be made: from here on nobody knows what became of these until an outcome is stored.

        `stamps`: of the records as they were read right before, by number; what is dated later came after that look.

        Raises:
            LeaseHeld: the lease was lost; nothing is stored, and the call must not be made.
        """
        self.record_outcomes(run_id, [Settlement(seq, IntentState.SENT, seen_at(stamps.get(seq))) for seq in seqs], token)

    def record_outcomes(self, run_id: str, settlements: Iterable[Settlement], token: int) -> None:
        """Store what came of intents together with what that makes of links and records.

        A record that was observed with a later stamp meanwhile is left as it was observed.

        Raises:
            LeaseHeld: the lease was lost; nothing is stored.
            StoreError: an intent was never planned.
        """
        Leases(self.connection, self.clock).check(token)
        settled = tuple(settlements)
        if not settled:
            return
        self._demand(run_id, [one.seq for one in settled])
        self.connection.execute(
            _SETTLE,
            [{"of_run": run_id, "of_seq": one.seq, "new_state": one.state.value, "new_detail": one.detail, "new_token": token} for one in settled],
        )
        bulk.upsert(self.connection, tables.link, list({one.link.id: link_row(one.link) for one in settled if one.link}.values()))
        now = self.clock.now()
        records = [record_row(one.record, now, run_id, dirty=one.dirty) for one in settled if one.record]
        latest = {(row["system"], row["object"], row["record_id"]): row for row in records}
        marked = self._still_to_be_looked_at(latest)
        for key, row in latest.items():
            row["dirty"] = row["dirty"] or key in marked
        bulk.upsert(self.connection, tables.record, list(latest.values()), guard=_not_older)

    def _still_to_be_looked_at(self, keys: Collection[tuple[str, str, str]]) -> set[tuple[str, str, str]]:
        """Return which of these records are on the work list: a write that succeeded settles nothing of what else waits for the person."""
        t = tables.record.c
        name = tuple_(t.system, t.object, t.record_id)
        found = select(*name.clauses).where(t.dirty.is_(True), name.in_(bulk.listed_rows(self.connection, keys, 3)))
        return {tuple(row) for row in self.connection.execute(found)} if keys else set()

    def _demand(self, run_id: str, seqs: Sequence[int]) -> None:
        planned = set(self.connection.scalars(select(_T.c.seq).where(_T.c.run_id == run_id, _T.c.seq.between(min(seqs), max(seqs)))))
        if missing := sorted(set(seqs) - planned):
            raise StoreError(f"run {run_id} never planned the writes {missing}", next_step="report this: an outcome must follow its intent")

    def open(self, *, before_run: str | None = None) -> tuple[Intent, ...]:
        """Return intents whose outcome is not known, oldest first; those of `before_run` itself are left out: it is at work on them."""
        found = select(_T).where(tables.INTENT_IS_OPEN)
        if before_run is not None:
            found = found.where(_T.c.run_id != before_run)
        return self._read(found)

    def of_run(self, run_id: str, after: int = 0, limit: int = 1000) -> tuple[Intent, ...]:
        """Return up to `limit` intents of a run, after the one with that number."""
        return self._read(select(_T).where(_T.c.run_id == run_id, _T.c.seq > after).limit(limit))

    def of_person(self, person_id: str) -> tuple[Intent, ...]:
        """Return what was ever meant to be written for a person, oldest first."""
        return self._read(select(_T).where(_T.c.person_id == person_id))

    def tally(self, run_ids: Collection[str]) -> tuple[Tally, ...]:
        """Count the intents of some runs, by run, system, operation and what became of them; in no order."""
        names = (_T.c.run_id, _T.c.system, _T.c.operation, _T.c.state)
        found = select(*names, func.count()).where(_T.c.run_id.in_(run_ids)).group_by(*names)
        return tuple(
            Tally(run, system, Operation(operation), IntentState(state), n) for run, system, operation, state, n in self.connection.execute(found)
        )

    def _read(self, found: Select[Any]) -> tuple[Intent, ...]:
        return tuple(_intent(row) for row in self.connection.execute(found.order_by(_T.c.run_id, _T.c.seq)))


def _not_older(proposed: Any) -> Any:
    stored = tables.record.c.stamp
    return or_(stored.is_(None), proposed.stamp.is_(None), proposed.stamp >= stored)


def _row(intent: Intent) -> dict[str, Any]:
    change = intent.change
    return {
        "run_id": intent.run_id,
        "seq": intent.seq,
        "system": change.system,
        "object": change.object,
        "record_id": change.record_id,
        "key": change.key,
        "operation": change.operation.value,
        "person_id": change.person_id,
        "state": intent.state.value,
        "token": intent.token,
        "change": codec.encode_change(change),
        "detail": intent.detail,
    }


def _intent(row: Any) -> Intent:
    return Intent(row.run_id, row.seq, codec.decode_change(row.change), IntentState(row.state), row.token, row.detail)
