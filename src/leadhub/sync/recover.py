"""Recover: find out what became of writes whose answer was lost, by reading. Nothing is repeated and no plan is replayed.

What was sent is there: accepted. The record shows what it showed before: not applied, and judged anew, unless a history tells that somebody put
that back since. Neither: a person is told. A record that is gone counts like any other where it comes with its values; else nobody can tell.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from leadhub.core.normalize import text_of
from leadhub.errors import AccessDenied, ConnectorError, FatalError, QuotaExhausted
from leadhub.model.record import Change, Gone, Operation, Outcome, Record, Result
from leadhub.model.run import Intent, IntentState, PlannedChange, RunRow
from leadhub.sync.found_out import FoundOut
from leadhub.sync.outcomes import Settler, put_off
from leadhub.sync.pull import store_reread
from leadhub.sync.retry import Careful
from leadhub.sync.session import Session
from leadhub.sync.taken_back import reverted_by

WRITING = frozenset({"sync", "apply", "revert"})
"""The kinds of run that write to systems."""
CRASHED = "crashed"
"""The status of a run whose process went without a word."""


def close_crashed(session: Session) -> list[RunRow]:
    """Close the journals of earlier runs that still count as running, and return them: who holds the lease knows that nobody works on them any more."""
    with session.storing() as tx:
        dead = [run for run in tx.runs.list(limit=1000) if run.status == "running" and run.id != session.run_id]
        for run in dead:
            tx.runs.finish(run.id, CRASHED, run.counts)
    return dead


def recover(session: Session, systems: Collection[str] | None = None) -> None:
    """Settle the open intents of earlier runs, and keep what became of them; where some systems are given, only theirs: no others are read now."""
    dead = [run.id for run in close_crashed(session) if run.kind in WRITING]
    with session.hub.store.read() as tx:
        intents = tx.intents.open(before_run=session.run_id)
        runs = [run for run_id in dict.fromkeys([*sorted(dead), *(i.run_id for i in intents)]) for run in tx.runs.get(run_id)]
    session.found_out = {run.id: FoundOut(run.id, run.kind, run.status == CRASHED or run.id in dead, reverted_by(run)) for run in runs}
    for run_id in dict.fromkeys(i.run_id for i in intents):
        for system in dict.fromkeys(i.change.system for i in intents if i.run_id == run_id):
            mine = [i for i in intents if i.run_id == run_id and i.change.system == system]
            never_sent = [i for i in mine if i.state is IntentState.PLANNED]
            put_off(session, never_sent, "the run ended before the call", run_id)
            mine = [i for i in mine if i.state is not IntentState.PLANNED]
            if not (systems is None or system in systems) or not _settle(session, run_id, system, mine):
                session.found_out[run_id].waiting += len(mine)


def _settle(session: Session, run_id: str, system: str, intents: Sequence[Intent]) -> bool:
    """Find out and store what became of writes to one system; return False where it cannot be asked now."""
    if system not in session.careful or system in session.troubles:
        return False
    settler = Settler(session, system, intents, run_id)
    try:
        for intent, outcome in find_out(session, system, intents):
            settler.take(outcome, intent)
        settler.store()
    except ConnectorError as error:
        session.fail(system, error)
        return False
    return True


def find_out(session: Session, system: str, intents: Sequence[Intent]) -> Iterator[tuple[Intent, Outcome]]:
    """Yield what a reading says of each write."""
    careful = session.careful[system]
    for name in dict.fromkeys(i.change.object for i in intents):
        mine = [i for i in intents if i.change.object == name]
        creates = [i for i in mine if i.change.operation is Operation.CREATE]
        updates = [i for i in mine if i.change.operation is not Operation.CREATE]
        if creates:
            found = _find(careful, name, creates)
            records = _trace(session, careful, name, creates) if found is None else found
            yield from ((i, _create_outcome(i, records.get(i.change.key), sure=found is not None)) for i in creates)
        if updates:
            ids = [i.change.record_id for i in updates if i.change.record_id is not None]
            seen = careful.reread(name, ids) if careful.can_reread else {}
            store_reread(session, system, list(seen.values()))
            converted = session.hub.systems[system].object(name).mapping.converted
            since = _set_since(session, careful, name, updates, seen)
            yield from ((i, _update_outcome(i, seen.get(i.change.record_id or ""), converted, since.get(i.seq, ()))) for i in updates)


def _set_since(session: Session, careful: Careful, name: str, updates: Sequence[Intent], seen: Mapping[str, Record]) -> dict[int, list[bool]]:
    """Ask the history about the fields that show what stood there before, in records that were saved since we looked, right before the call.

    Return by write whether each was set since then, by the system's own clock: who typed the old value back after our write would else be written
    over. Of what the history does not date nothing is returned.
    """
    if not careful.can_tell_authors:
        return {}
    looked = _looked_at(session, [i for i in updates if _as_before(i.change, seen.get(i.change.record_id or ""))])
    saved = [(i, looked[i.seq], seen[i.change.record_id or ""]) for i in updates if i.seq in looked]
    doubtful = [(i, at, _as_before(i.change, record)) for i, at, record in saved if record.stamp is not None and record.stamp > at]
    if not doubtful:
        return {}
    ids = [str(i.change.record_id) for i, _, _ in doubtful]
    authors = careful.authors(name, ids, list(dict.fromkeys(field for _, _, fields in doubtful for field in fields)))
    return {
        i.seq: [a.at > at for field in fields if (a := authors.get((str(i.change.record_id), field))) is not None and a.at is not None]
        for i, at, fields in doubtful
    }


def _as_before(change: PlannedChange, record: Record | None) -> list[str]:
    """The fields of a record that show not what was sent, but what stood there before."""
    if record is None or record.gone is not None:
        return []
    shown = {name: text_of(record.values.get(name)) for name in change.values}
    return [name for name, value in change.values.items() if shown[name] == text_of(change.before.get(name)) != text_of(value)]


def _looked_at(session: Session, intents: Sequence[Intent]) -> dict[int, datetime]:
    """Return which stamps the records had when they were read right before the call: the journal has it for as long as nothing else is known of them."""
    with session.hub.store.read() as tx:
        kept = {i.seq: told for i in intents for told in tx.intents.of_run(i.run_id, i.seq - 1, 1)}
    return {seq: datetime.fromisoformat(str(i.detail["seen"])) for seq, i in kept.items() if isinstance(i.detail, dict) and "seen" in i.detail}


def _find(careful: Careful, name: str, creates: Sequence[Intent]) -> Mapping[str, Record] | None:
    """The records by our key; None where this system cannot look for one."""
    if not careful.can_find:
        return None
    try:
        return careful.find(name, [i.change.key for i in creates])
    except (AccessDenied, QuotaExhausted):
        raise
    except FatalError:
        return None  # the deployment has no field for the key


def _trace(session: Session, careful: Careful, name: str, creates: Sequence[Intent]) -> Mapping[str, Record]:
    """The records that can only have come from these creates, without a key of ours: by what was sent, and who made them since that run began."""
    if not careful.can_trace:
        return {}
    with session.hub.store.read() as tx:
        (run,) = tx.runs.get(creates[0].run_id)
    return careful.trace(name, [as_change(i.change) for i in creates], run.started_at)


def as_change(planned: PlannedChange) -> Change:
    """Return what a connector is told of a planned change."""
    return Change(planned.key, planned.object, planned.operation, planned.record_id, planned.values, planned.before, planned.before_stamp)


def _create_outcome(intent: Intent, record: Record | None, *, sure: bool) -> Outcome:
    """`sure`: what was not found is not there. Else only a person can tell, and nothing is made a second time."""
    if record is None:
        return Outcome(intent.change.key, Result.STALE if sure else Result.UNKNOWN)
    return Outcome(intent.change.key, Result.ACCEPTED, record.id, record.values, record.stamp)


def _update_outcome(intent: Intent, record: Record | None, converted: str | None, since: Collection[bool]) -> Outcome:
    """`since`: whether fields that show what stood there before were set after our last look, as far as that is known."""
    change = intent.change
    if change.operation is Operation.CONVERT:
        return _convert_outcome(intent, record, converted)
    if change.operation is Operation.ARCHIVE:
        return Outcome(change.key, _archived(record), change.record_id)
    if record is None or _is_bare(record):
        return Outcome(change.key, Result.UNKNOWN, change.record_id)
    shown = {name: text_of(record.values.get(name)) for name in change.values}
    if all(shown[name] == text_of(value) for name, value in change.values.items()):
        return Outcome(change.key, Result.ACCEPTED, change.record_id, record.values, record.stamp)
    if since and all(since):  # whoever put it back had the write before them; what stands there now is judged as their edit
        return Outcome(change.key, Result.ACCEPTED, change.record_id, record.values, record.stamp)
    if all(shown[name] == text_of(change.before.get(name)) for name in change.values):
        return Outcome(change.key, Result.STALE, change.record_id)
    cleared = {name: None for name, value in shown.items() if change.operation is Operation.CLEAR_THEN_SET and not value and change.values[name]}
    rest = set(change.values) - set(cleared)
    if cleared and all(shown[name] in (text_of(change.values[name]), text_of(change.before.get(name))) for name in rest):
        return Outcome(change.key, Result.STALE, change.record_id, cleared)  # it broke off between clear and set
    return Outcome(change.key, Result.UNKNOWN, change.record_id, record.values, record.stamp)


def _convert_outcome(intent: Intent, record: Record | None, converted: str | None) -> Outcome:
    """What a converted record is expected to say of itself; one that is not converted is judged anew."""
    change = intent.change
    if record is None or converted is None or _is_bare(record):
        return Outcome(change.key, Result.UNKNOWN, change.record_id)
    if record.values.get(converted) is True:
        return Outcome(change.key, Result.ACCEPTED, change.record_id, record.values, record.stamp)
    return Outcome(change.key, Result.STALE, change.record_id)


def _is_bare(record: Record) -> bool:
    """Whether a record is gone and its system tells nothing more of it: it may bear what was sent."""
    return record.gone is not None and not record.values


def _archived(record: Record | None) -> Result:
    """What an archived record is expected to be: gone. Where this system cannot be asked for it, only a person can tell."""
    if record is None:
        return Result.UNKNOWN
    return Result.ACCEPTED if record.gone in (Gone.DELETED, Gone.MERGED, Gone.VANISHED) else Result.STALE
