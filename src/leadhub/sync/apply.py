"""Apply: for every batch re-read, store that the call is about to be made, call, and store what came of it with what it makes of the links.

A write whose outcome is unknown is never repeated: the record is read by id, or looked for by our key.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import groupby

from leadhub.core.targets import telling_names
from leadhub.errors import LeadhubError, RetryableError, RowsLocked, Unavailable, UnknownOutcome
from leadhub.model.person import StoredRecord
from leadhub.model.record import Operation, Outcome, Record, Result
from leadhub.model.run import Intent, IntentState, PlannedChange
from leadhub.store import RecordKey
from leadhub.sync import pausing
from leadhub.sync.canary import Canary, Kind, kind_of
from leadhub.sync.crew import side_by_side
from leadhub.sync.guards import guard
from leadhub.sync.outcomes import Settler, put_off, same_values
from leadhub.sync.pull import store_reread
from leadhub.sync.recover import as_change, find_out
from leadhub.sync.retry import Broken, Careful
from leadhub.sync.session import Session

UNHEARD = 3
"""After so many writing calls in a row without an answer and without effect no more are made to the system in this run."""

_TURN = {Operation.CREATE: 0, Operation.CONVERT: 2}


def apply(session: Session) -> bool:
    """Make the writes of this pass; return whether anything came up that calls for another pass. Nothing is written past the guards, whoever planned it."""
    again = False
    for system, intents in _planned(session):
        if why := pausing.why_not(session, system):
            put_off(session, intents, why)
            continue
        guard(session, [i.change for i in intents], blanks=session.kind == "revert")
        if session.blocked(system):
            put_off(session, intents, "a guard refused the plan")
        elif session.may_write(system):
            again |= _apply_system(session, system, intents)
        else:
            put_off(session, intents, "the system was left out of the run")
    return again


def _planned(session: Session) -> list[tuple[str, list[Intent]]]:
    with session.hub.store.read() as tx:
        intents: list[Intent] = []
        while batch := tx.intents.of_run(session.run_id, intents[-1].seq if intents else 0):
            intents.extend(batch)
    planned = sorted((i for i in intents if i.state is IntentState.PLANNED), key=lambda i: (i.change.system, i.seq))
    return [(system, list(group)) for system, group in groupby(planned, key=lambda i: i.change.system)]


def _apply_system(session: Session, system: str, intents: Sequence[Intent]) -> bool:
    again, done, width = False, 0, 1
    try:
        canary = Canary(session, system, intents)
        batches = list(_batches(canary, session.careful[system].batch_size))
    except LeadhubError as error:
        session.fail(system, error)
        put_off(session, intents, str(error))
        return False
    while done < len(batches):
        if why := pausing.why_not(session, system):
            put_off(session, [i for later in batches[done:] for i in later], why)
            break
        window = _alike(canary, batches[done : done + width])
        try:
            session.checkpoint()
            session.hub.progress("writing", system, sum(map(len, batches[:done])), len(intents))
            session.careful[system].keep_reserve()
            more, smooth = _apply_window(session, system, window)
            done += len(window)
            batches[done:] = canary.freed(batches[done:])
        except KeyboardInterrupt:
            put_off(session, _unsettled(session, [i for later in batches[done:] for i in later]), "interrupted")
            raise
        except LeadhubError as error:
            session.fail(system, error)
            put_off(session, _unsettled(session, [i for later in batches[done:] for i in later]), str(error))
            break
        again |= more
        width = min(2 * width, session.careful[system].side_by_side) if smooth else 1
    return again


def _alike(canary: Canary, batches: Sequence[list[Intent]]) -> Sequence[list[Intent]]:
    """Return the first batches that are of one kind: creates are through before an update goes out, and the canary before the rest of its pattern."""
    kinds = [kind_of(canary, batch[0]) for batch in batches]
    return batches[: next((n for n, kind in enumerate(kinds) if kind != kinds[0]), len(kinds))]


def _batches(canary: Canary, size: int) -> Iterator[list[Intent]]:
    """Batches of one kind; creates first, since an update may wait for another run but a lead for nobody.

    Conversions last: what was converted takes no update any more.
    """

    def turn(intent: Intent) -> tuple[str, int, Kind, int]:
        return intent.change.object, _TURN.get(intent.change.operation, 1), kind_of(canary, intent), intent.seq

    for _, group in groupby(sorted(canary.intents, key=turn), key=partial(kind_of, canary)):
        alike = list(group)
        for start in range(0, len(alike), size):
            yield alike[start : start + size]


def _unsettled(session: Session, intents: Sequence[Intent]) -> list[Intent]:
    with session.hub.store.read() as tx:
        seqs = {i.seq for i in tx.intents.open() if i.run_id == session.run_id and i.state is IntentState.PLANNED}
    return [i for i in intents if i.seq in seqs]


@dataclass(slots=True)
class _Batch:
    """One call's worth of writes on its way: what is still true and the stamps of those records, what came back, and how the call ended."""

    intents: Sequence[Intent]
    settler: Settler
    fresh: list[Intent] = field(default_factory=list)
    stale: list[Intent] = field(default_factory=list)
    stamps: dict[int, datetime] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    unheard: UnknownOutcome | None = None
    trouble: LeadhubError | None = None


def _apply_window(session: Session, system: str, window: Sequence[Sequence[Intent]]) -> tuple[bool, bool]:
    """Write some batches, side by side where there are several; return whether that calls for another pass, and whether all went smoothly.

    Whatever a call came to, all of them are settled in the store before any error leaves.
    """
    batches = [_Batch(intents, Settler(session, system, intents, session.run_id)) for intents in window]
    found = side_by_side(session, system, [partial(_look, batch.intents) for batch in batches])
    for batch, now in zip(batches, found, strict=True):
        batch.fresh, batch.stale = _still_true(session, system, batch.intents, now)
        batch.settler.put_aside(batch.stale)
        looked = {i.seq: record.stamp for i in batch.fresh if (record := (now or {}).get(i.change.record_id or "")) is not None}
        batch.stamps = {seq: stamp for seq, stamp in looked.items() if stamp is not None}
    sent = [batch for batch in batches if batch.fresh]
    if sent:
        with session.storing() as tx:
            stamps = {seq: stamp for batch in sent for seq, stamp in batch.stamps.items()}
            tx.intents.mark_sent(session.run_id, [i.seq for batch in sent for i in batch.fresh], session.token, stamps)
            session.keep(tx)
        side_by_side(session, system, [partial(_push, batch) for batch in sent])
    troubles = [trouble for batch in batches if (trouble := _settle(session, system, batch)) is not None]
    if troubles:
        raise troubles[0]
    smooth = not any(batch.unheard or batch.trouble for batch in sent)
    return any(batch.stale or batch.settler.again for batch in batches), smooth


def _push(batch: _Batch, careful: Careful) -> None:
    """Make the call, and keep what came of it. The store is for another thread."""
    try:
        for outcome in careful.push([as_change(i.change) for i in batch.fresh]):
            batch.outcomes.append(outcome)
    except UnknownOutcome as error:
        batch.unheard = error
    except LeadhubError as error:
        batch.trouble = error


def _settle(session: Session, system: str, batch: _Batch) -> LeadhubError | None:
    """Store what came of one batch and return the error that stops the system, if there is one."""
    settler, trouble = batch.settler, batch.trouble
    for outcome in batch.outcomes:
        settler.take(outcome)
    if batch.unheard is not None:
        session.hub.log.warning("outcome_unknown", system=system, error=str(batch.unheard))
    left = settler.left(batch.fresh)
    if trouble is None:
        try:
            for intent, outcome in find_out(session, system, [*left, *settler.unknown(batch.fresh)]):
                settler.take(outcome, intent)
        except LeadhubError as error:
            trouble = error  # what is not known now stays "sent": the next run finds out
    else:
        settler.not_attempted(left, trouble)
    settler.store()
    if trouble is not None and not isinstance(trouble, RowsLocked) and not (isinstance(trouble, RetryableError) and settler.outcomes):
        return trouble  # rows that stay locked stop nobody else, and neither does what befell some among others that were written
    if not batch.fresh:
        return None
    return _counted(session, system, batch.unheard, any(outcome.result is Result.ACCEPTED for _, outcome in settler.outcomes.values()))


def _counted(session: Session, system: str, error: UnknownOutcome | None, had_effect: bool) -> LeadhubError | None:
    """Return why a system that answers no write in a way that can be read is left out: else a run in which nothing could be written would end as if all were well.

    One whose connector broke off is left out at once: a fault of its own will not mend itself within a run.
    """
    if isinstance(error, Broken):
        return error
    session.unheard[system] = 0 if error is None or had_effect else session.unheard[system] + 1
    if error is not None and session.unheard[system] >= UNHEARD:
        return Unavailable(
            f"{str(error).rstrip('.')}: so ended {UNHEARD} writing calls in a row. leadhub looked: none of them had any effect.",
            next_step=f"see why {system} answers like this; the next run tries again by itself",
        )
    return None


def _look(batch: Sequence[Intent], careful: Careful) -> Mapping[str, Record] | None:
    """Re-read what is to be updated; None where there is nothing of the kind, or no way to."""
    ids = [i.change.record_id for i in batch if i.change.record_id is not None]
    return careful.reread(batch[0].change.object, ids) if ids and careful.can_reread else None


def _still_true(session: Session, system: str, batch: Sequence[Intent], now: Mapping[str, Record] | None) -> tuple[list[Intent], list[Intent]]:
    """Part what may be sent from what changed since it was planned, which is put aside and judged again. `now` is what was re-read."""
    if now is None:
        return list(batch), []
    updates = [i for i in batch if i.change.record_id is not None]
    keys = {i.seq: RecordKey(system, i.change.object, i.change.record_id or "") for i in updates}
    with session.hub.store.read() as tx:
        stored = tx.records.get(keys.values())
    telling = telling_names(session.hub.systems[system].object(updates[0].change.object))
    changed = [i for i in updates if not _as_planned(i.change, stored.get(keys[i.seq]), now.get(i.change.record_id or ""), telling)]
    if changed:
        store_reread(session, system, [r for i in changed if (r := now.get(i.change.record_id or "")) is not None])
    stale = {i.seq for i in changed}
    return [i for i in batch if i.seq not in stale], changed


def _as_planned(change: PlannedChange, stored: StoredRecord | None, now: Record | None, telling: Collection[str]) -> bool:
    """Whether a record still shows what the plan saw in every field that says something; its stamp may have moved for another's sake.

    What is to be archived goes with all that is in it, so there the stamp counts.
    """
    if stored is None or now is None or now.gone is not None:
        return False
    if change.operation is Operation.ARCHIVE and change.before_stamp not in (None, now.stamp):
        return False
    return same_values({name: stored.native[name] for name in telling if name in stored.native}, now.values)
