"""Sweeps: now and then a system is read from its beginning, so that what its index hid is found, and what is there no longer.

An incremental pull hears of what changed. It does not hear of a contact that was purged, of a record that left this login's sight, or of a change
that the system's search never showed. A sweep reads everything, then asks for each known record that did not come, by its id: a listing that leaves
a record out proves nothing. One that shows a record older than it is known proves no more: it lags, or the system was put back to an earlier state.
Those are marked as they come, and asked for by id at the end of the pull.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from leadhub.core.guard import SHRANK, shrank
from leadhub.errors import LeadhubError
from leadhub.model.record import Cursor, Json, Record
from leadhub.store import RecordKey, SystemRow
from leadhub.sync.session import Session

_SWEPT = "swept"
"""Where a system's row remembers when it was last swept, or when that was last tried."""

_AFTER_A_FAILURE = timedelta(days=1)
_IDS = 1000

Store = Callable[[Session, str, Sequence[Record]], None]
"""How records that were read by id are stored."""


def begin(session: Session, names: Iterable[str], *, now: bool = False) -> None:
    """Say which systems this run reads from the beginning: those whose time has come, or with `now` all that can be asked by id.

    A sweep that fails is tried again after a day. Until then the system is read as before, so that one which never gets to its end does no harm.
    """
    for name in names:
        row = session.rows[name]
        if session.kind not in ("sync", "pull") or not session.careful[name].can_reread or row.mode == "new":
            continue
        if now or session.started >= _due(session, row):
            session.sweeping[name] = None
            _note(session, name, "tried")


def finish(session: Session, name: str, store: Store) -> None:
    """After the last page: ask for what did not come, and go on from here. Nothing is taken for gone where too much is missing."""
    missing, cursor = _missing(session, name), session.sweeping.pop(name)
    if not ask(session, name, missing, store):
        return
    with session.storing() as tx:
        tx.records.ingest(name, (), cursor, session.run_id, session.token)
    _note(session, name, "whole")


def keep(session: Session, name: str, cursor: Cursor) -> Cursor:
    """Return the cursor to store with a page: while a sweep is on its way the old one stays, and the new one waits for the end."""
    if name not in session.sweeping:
        return cursor
    session.sweeping[name] = cursor
    return None


def _due(session: Session, row: SystemRow) -> datetime:
    every = session.hub.deployment.document.defaults.sweep_every
    last = (row.identity or {}).get(_SWEPT)
    if not isinstance(last, dict):
        return (row.adopted_at or session.started) + every
    wait = every if last.get("how") == "whole" else min(every, _AFTER_A_FAILURE)
    return datetime.fromisoformat(str(last.get("at"))) + wait


def _note(session: Session, name: str, how: str) -> None:
    row = session.rows[name]
    swept: Json = {"at": session.started.isoformat(), "how": how}
    session.rows[name] = replace(row, identity={**(row.identity or {}), _SWEPT: swept})
    with session.storing() as tx:
        tx.systems.save(session.rows[name])


def _missing(session: Session, name: str) -> list[RecordKey]:
    """Return the records that are there as far as leadhub knows, and that this run did not read."""
    missing: list[RecordKey] = []
    after: RecordKey | None = None
    with session.hub.store.read() as tx:
        while keys := tx.records.there(name, _IDS, after):
            missing += [key for key in keys if key not in session.pulled]
            after = keys[-1]
    return missing


def ask(session: Session, name: str, missing: Sequence[RecordKey], store: Store) -> bool:
    """Read by id what did not come, and hand it to `store`; say whether that came to its end. A guard forbids it where too much is missing."""
    with session.hub.store.read() as tx:
        refusal = shrank(name, len(missing), tx.records.count(name), session.allowed.get((name, SHRANK), 0))
    if refusal is not None:
        session.refuse([refusal])
        return False
    return read(session, name, missing, store)


def read(session: Session, name: str, keys: Sequence[RecordKey], store: Store) -> bool:
    """Read records of a system by id, many at a time, and hand them to `store`; say whether that came to its end."""
    by_object: dict[str, list[str]] = {}
    for key in keys:
        by_object.setdefault(key.object, []).append(key.id)
    try:
        for object_name, ids in by_object.items():
            for start in range(0, len(ids), _IDS):
                found = session.careful[name].reread(object_name, ids[start : start + _IDS])
                store(session, name, list(found.values()))
                session.checkpoint()
    except LeadhubError as error:
        session.fail(name, error)
        return False
    return True
