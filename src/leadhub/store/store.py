"""The unit of work: a store gives transactions, a transaction groups the operations by idea."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from leadhub.clock import Clock
from leadhub.store.edits import Edits
from leadhub.store.faults import translated
from leadhub.store.inbox import Inbox
from leadhub.store.installations import Installations
from leadhub.store.intents import Intents
from leadhub.store.keys import MatchKeys
from leadhub.store.leads import Leads
from leadhub.store.leases import Leases
from leadhub.store.owners import Owners
from leadhub.store.persons import Persons
from leadhub.store.questions import Decisions, Reviews
from leadhub.store.records import Records
from leadhub.store.runs import Approvals, Rejects, Runs
from leadhub.store.systems import Systems
from leadhub.store.ties import Ties


class Transaction:
    """Everything that can be read and written, within one transaction."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self.systems = Systems(connection, clock)
        self.records = Records(connection, clock)
        self.keys = MatchKeys(connection, clock)
        self.persons = Persons(connection, clock)
        self.leads = Leads(connection, clock)
        self.edits = Edits(connection, clock)
        self.reviews = Reviews(connection, clock)
        self.decisions = Decisions(connection, clock)
        self.runs = Runs(connection, clock)
        self.approvals = Approvals(connection, clock)
        self.intents = Intents(connection, clock)
        self.leases = Leases(connection, clock)
        self.rejects = Rejects(connection, clock)
        self.inbox = Inbox(connection, clock)
        self.owners = Owners(connection, clock)
        self.ties = Ties(connection, clock)
        self.installations = Installations(connection, clock)


class Store:
    """An open database. `where` names it for people, without its password."""

    def __init__(self, engine: Engine, clock: Clock, where: str) -> None:
        self._engine = engine
        self._reader = engine.execution_options(leadhub_read=True)
        self._clock = clock
        self.where = where
        self.writing = False
        """Whether a writing transaction is open. An exception from a signal's handler may then come where nobody would take the transaction back, and
        the file would stay locked: such a handler waits for `when_written`."""
        self.when_written: Callable[[], object] = lambda: None
        """Is called whenever a writing transaction has ended, whatever its end was."""

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        """Give a transaction that commits at its end, and takes everything back where an exception leaves it.

        Raises:
            StoreError: the database cannot be used, or another process has been writing for ten seconds.
        """
        self.writing = True
        try:
            with translated(self.where), self._engine.begin() as connection:
                yield Transaction(connection, self._clock)
        finally:
            self.writing = False
            self.when_written()

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Give one consistent view of the store that neither waits for a writer nor holds one up; a write in it is refused.

        Raises:
            StoreError: the database cannot be used, or something was written.
        """
        with translated(self.where), self._reader.begin() as connection:
            yield Transaction(connection, self._clock)

    def close(self) -> None:
        """Close all connections. The store is of no use afterwards, except one in memory, which is gone."""
        self._engine.dispose()
