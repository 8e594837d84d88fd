"""A store in dictionaries: transactions that commit or are taken back, one at a time."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self

from leadhub.clock import Clock
from leadhub.errors import StoreError
from leadhub.store import Store, Transaction
from leadhub.store.faults import BUSY_SECONDS
from leadhub.testing.dict_store.inbox import DictInbox
from leadhub.testing.dict_store.installations import DictInstallations
from leadhub.testing.dict_store.intents import DictIntents
from leadhub.testing.dict_store.journal import DictApprovals, DictEdits, DictRejects, DictRuns
from leadhub.testing.dict_store.keys import DictMatchKeys
from leadhub.testing.dict_store.leads import DictLeads
from leadhub.testing.dict_store.leases import DictLeases
from leadhub.testing.dict_store.persons import DictPersons
from leadhub.testing.dict_store.questions import DictDecisions, DictReviews
from leadhub.testing.dict_store.records import DictRecords
from leadhub.testing.dict_store.systems import DictOwners, DictSystems
from leadhub.testing.dict_store.tables import WHERE, Tables
from leadhub.testing.dict_store.ties import DictTies

_OVER = "no transaction is open"
_READING = "this transaction only reads"


class DictTransaction(Transaction):
    """Everything that can be read and written. One serves all transactions of a store: making one takes longer than most of what is done in it."""

    def __init__(self, held: Tables, clock: Clock) -> None:
        self.systems = DictSystems(held, clock)
        self.records = DictRecords(held, clock)
        self.keys = DictMatchKeys(held, clock)
        self.persons = DictPersons(held, clock)
        self.leads = DictLeads(held, clock)
        self.edits = DictEdits(held, clock)
        self.reviews = DictReviews(held, clock)
        self.decisions = DictDecisions(held, clock)
        self.runs = DictRuns(held, clock)
        self.approvals = DictApprovals(held, clock)
        self.intents = DictIntents(held, clock)
        self.leases = DictLeases(held, clock)
        self.rejects = DictRejects(held, clock)
        self.inbox = DictInbox(held, clock)
        self.owners = DictOwners(held, clock)
        self.ties = DictTies(held, clock)
        self.installations = DictInstallations(held, clock)


class _Turn:
    """Whose turn it is: one transaction at a time, however many stores share the tables."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.owner = 0

    def take(self) -> None:
        """Wait for the other threads' transactions."""
        if self.owner == threading.get_ident():
            raise StoreError(f"{WHERE}: a transaction is open in this thread already", next_step="use that transaction")
        if not self._lock.acquire(timeout=BUSY_SECONDS):
            raise StoreError(f"{WHERE}: another thread has been at work for more than {BUSY_SECONDS} seconds", next_step="end its transaction")
        self.owner = threading.get_ident()

    def end(self) -> None:
        """Let the next one begin."""
        self.owner = 0
        self._lock.release()


class DictStore(Store):
    """A store for simulations: it keeps what the SQL stores keep and answers as they do, some hundred times as fast, for as long as it lives.

    Transactions of several threads wait for one another, readers too. Within one thread a view may be opened within a view, nothing else: where a
    database would wait for itself, or show two states at once, this store refuses.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.where = WHERE
        self.writing = False
        self.when_written: Callable[[], object] = lambda: None
        self._share(Tables(refusal=_OVER), _Turn())

    def _share(self, held: Tables, turn: _Turn) -> None:
        self._held = held
        self._turn = turn
        self._transaction = DictTransaction(held, self._clock)

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        """See `Store.begin`."""
        self._turn.take()
        held = self._held
        held.refusal = None
        self.writing = True
        try:
            yield self._transaction
        except BaseException:
            held.take_back()
            raise
        finally:
            held.keep()
            held.refusal = _OVER
            self._turn.end()
            self.writing = False
            self.when_written()

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """See `Store.read`."""
        if self._held.refusal is _READING and self._turn.owner == threading.get_ident():
            yield self._transaction
            return
        self._turn.take()
        self._held.refusal = _READING
        try:
            yield self._transaction
        finally:
            self._held.refusal = _OVER
            self._turn.end()

    def close(self) -> None:
        """Do nothing: what is stored stays as long as the store."""

    def beside(self, clock: Clock) -> Self:
        """Return the same store once more, as a second engine opens it whose clock is another."""
        again = type(self)(clock)
        again._share(self._held, self._turn)  # noqa: SLF001 - it is this class's own
        return again

    def copy(self, clock: Clock | None = None) -> Self:
        """Return a store of its own with what was committed here; with a clock of its own where one is given.

        Keep one and copy it again for each try from the same state.
        """
        with self.read():
            held = self._held.copy()
        held.refusal = _OVER
        again = type(self)(clock or self._clock)
        again._share(held, _Turn())  # noqa: SLF001 - it is this class's own
        return again
