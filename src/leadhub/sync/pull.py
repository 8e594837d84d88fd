"""Pull: every adopted system side by side, each in a thread of its own; one thread, this one, owns the store."""

import queue
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from leadhub.errors import LeadhubError
from leadhub.model.record import Cursor, Page, Record
from leadhub.store import IngestResult, RecordKey, Seen, Transaction
from leadhub.sync import checked, sweep
from leadhub.sync.installation import without_keys
from leadhub.sync.put_back import mark_put_back
from leadhub.sync.receive import UNSTRAND, receive, stranded
from leadhub.sync.session import Session
from leadhub.values.people import TELLING, somebody_else

PAGES_IN_FLIGHT = 8
"""Bounds the memory: a fast system waits until the store has caught up."""

IDS = 1000
"""So many records are asked for by id before they are stored: a system that was put back has all of them to be asked for."""


@dataclass(frozen=True, slots=True)
class Item:
    """A page of one system; without a page, that its reading has ended, by an error or well."""

    system: str
    page: Page | None = None
    error: LeadhubError | None = None


def pull(session: Session, systems: Sequence[str] | None = None, *, anew: bool = False) -> None:
    """Store every page with its cursor, then settle what two observations with one stamp left open. `anew`: read all of it, not what changed."""
    names = [n for n in (systems or session.careful) if n in session.careful and n not in session.troubles]
    with session.hub.store.read() as tx:
        cursors: dict[str, Cursor | None] = {name: tx.records.cursor(name) for name in names}
    sweep.begin(session, names, now=anew)
    for item in reading(session, {name: None if name in session.sweeping else cursors[name] for name in names}):
        if item.page is not None:
            store_page(session, item.system, item.page)
        elif item.error is not None:
            session.fail(item.system, item.error)
        elif item.system in session.sweeping:
            sweep.finish(session, item.system, store_reread)
    for name in names:
        for parcel in receive(session, name) if name not in session.troubles else ():
            store_page(session, name, parcel.page, parcel.numbers)
            session.checkpoint()
    if systems is None:
        for name, count in stranded(session.hub).items():
            session.hub.log.warning("deliveries wait for a system that receives nothing", system=name, waiting=count, next=UNSTRAND)
    _settle_ambiguous(session)


def reading(session: Session, since: Mapping[str, Cursor]) -> Iterator[Item]:
    """Yield what these systems tell from their cursors on, as it comes: each is read in a thread of its own. Raises KeyboardInterrupt between pages."""
    for item in (_in_turn if session.hub.one_thread else _side_by_side)(session, since):
        yield item
        session.checkpoint()


def _side_by_side(session: Session, since: Mapping[str, Cursor]) -> Iterator[Item]:
    items: queue.Queue[Item] = queue.Queue(PAGES_IN_FLIGHT)
    for name, cursor in since.items():
        threading.Thread(target=_hand_over, args=(_read(session, name, cursor), items), daemon=True).start()
    left = set(since)
    while left:
        item = items.get()
        if item.page is None:
            left.discard(item.system)
        yield item


def _hand_over(read: Iterator[Item], items: queue.Queue[Item]) -> None:
    for item in read:
        items.put(item)


def _in_turn(session: Session, since: Mapping[str, Cursor]) -> Iterator[Item]:
    for name, cursor in since.items():
        yield from _read(session, name, cursor)


def _read(session: Session, system: str, since: Cursor) -> Iterator[Item]:
    """Yield the pages of one system, and at last its end: the error that ended it, if one did."""
    try:
        for page in session.careful[system].pull(since):
            yield Item(system, page)
    except LeadhubError as error:
        yield Item(system, error=error)
    except GeneratorExit:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever ends this thread, the one that waits for it must hear of it
        yield Item(system, error=checked.broken(system, "failed in pull", error))
    else:
        yield Item(system)


def store_page(session: Session, system: str, page: Page, deliveries: Sequence[int] = ()) -> IngestResult:
    """Store one page and its cursor in one transaction, and settle the deliveries that it was made of.

    A delivery that is parsed again says what it says now: its time of receipt is the same, and there is nothing to be read by id.
    """
    how: Seen = "delivered" if deliveries else "listed" if system in session.sweeping else "told"
    with session.storing() as tx:
        page = _without_others(session, tx, system, replace(page, records=tuple(without_keys(session, tx, system, page.records))))
        records = [(record, session.hash_of(record.object, record.values, system)) for record in page.records]
        result = tx.records.ingest(system, records, sweep.keep(session, system, page.cursor), session.run_id, session.token, how=how)
        tx.rejects.keep(session.run_id, page.rejects)
        if deliveries:
            tx.inbox.settle(deliveries, session.run_id)
        session.keep(tx)
    counts = session.counts[system]
    fresh = session.pulled.update(RecordKey(system, record.object, record.id) for record in page.records)
    counts.pulled += fresh + len(page.rejects)
    counts.rejected += len(page.rejects)
    counts.unchanged += min(result.unchanged, fresh)
    session.hub.progress("reading", system, counts.pulled, None)
    return result


def _without_others(session: Session, tx: Transaction, system: str, page: Page) -> Page:
    """Return a page whose records are about whom their ids were about before; the others are among its rejects. Here alone is known who that was."""
    doubtful = {record.id: RecordKey(system, record.object, record.id) for record in page.records if record.reject is not None}
    if not doubtful:
        return page
    shown = {key.id: stored.native for key, stored in tx.records.get(doubtful.values()).items()}
    telling = {
        o.mapping.object: {f.native: f.canonical for f in o.mapping.fields if f.canonical in TELLING} for o in session.hub.systems[system].objects
    }
    kept, rejects = [], list(page.rejects)
    for record in page.records:
        before = shown.get(record.id) if record.reject is not None else None
        if record.reject is not None and before is not None and before != record.values:
            names = telling[record.object]
            if somebody_else(*({name: row.get(native) for native, name in names.items()} for row in (before, record.values))):
                rejects.append(checked.spelled_out(record.reject))
                continue
        if record.reject is not None:
            shown[record.id] = record.values
        kept.append(record)
    return replace(page, records=tuple(kept), rejects=tuple(rejects))


def store_reread(session: Session, system: str, records: Sequence[Record]) -> None:
    """Store records that were read by id: they are later than anything a pull saw, whatever their stamps."""
    with session.storing() as tx:
        session.keep(tx)
        kept = without_keys(session, tx, system, records)
        mark_put_back(session, tx, system, kept)
        hashed = [(r, session.hash_of(r.object, r.values, system)) for r in kept]
        tx.records.ingest(system, hashed, None, session.run_id, session.token, how="asked")


def _settle_ambiguous(session: Session) -> None:
    """Read by id what showed two values under one stamp, or in a reading of everything an older stamp than is stored."""
    after: RecordKey | None = None
    while True:
        with session.hub.store.read() as tx:
            keys = tx.records.unsettled(IDS, after)
        if not keys:
            return
        for (system, name), some in groupby(keys, key=lambda key: key[:2]):
            careful = session.careful.get(system)
            if careful is None or not careful.can_reread or system in session.troubles:
                continue
            try:
                found = careful.reread(name, [key.id for key in some])
            except LeadhubError as error:
                session.fail(system, error)
                continue
            store_reread(session, system, list(found.values()))
            session.checkpoint()
        after = keys[-1]
