"""Opens a database: SQLite by default, PostgreSQL by URL."""

import contextlib
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import StaticPool

from leadhub.clock import Clock
from leadhub.errors import StoreError
from leadhub.store import schema
from leadhub.store.faults import BUSY_SECONDS, translated
from leadhub.store.store import Store

_FORMS = "sqlite:///leadhub.db, or postgresql+psycopg://user:password@host/database"
_MEMORY = {None, "", ":memory:"}


def open_store(url: str, clock: Clock) -> Store:
    """Open a store and bring its tables into being.

    An SQLite file is created where it is missing and brought up to date where it is older. A PostgreSQL database is filled where it is empty; an older
    one is left alone, because others may be at work on it: that is `upgrade`'s. `sqlite:///:memory:` lives as long as the store.

    Raises:
        StoreError: the URL is of no known form; the database cannot be opened, is older (PostgreSQL), newer, or not leadhub's.
    """
    engine, where = _connect(url)
    try:
        with translated(where):
            schema.prepare(engine, where)
    except BaseException:
        engine.dispose()
        raise
    return Store(engine, clock, where)


def upgrade(url: str) -> None:
    """Bring the tables of a database up to date, whatever it is.

    Raises:
        StoreError: as `open_store`.
    """
    engine, where = _connect(url)
    try:
        with translated(where):
            schema.prepare(engine, where, upgrade=True)
    finally:
        engine.dispose()


def _connect(given: str) -> tuple[Engine, str]:
    try:
        url = make_url(given)
    except ArgumentError:
        raise StoreError("the store's URL cannot be read", next_step=f"write it as {_FORMS}") from None
    if url.drivername == "sqlite":
        return _sqlite(url)
    if url.drivername == "postgresql+psycopg":
        return _postgresql(url)
    raise StoreError(f"the store cannot be kept in {url.drivername!r}", next_step=f"write the store's URL as {_FORMS}")


def _sqlite(url: URL) -> tuple[Engine, str]:
    if url.database in _MEMORY:
        engine = create_engine(url, poolclass=StaticPool, connect_args={"check_same_thread": False})
        where = "the store in memory"
    else:
        path = Path(str(url.database))
        where = f"the store {path}"
        if not path.parent.is_dir():
            raise StoreError(f"{where}: the folder {path.parent} does not exist", next_step=f"create the folder {path.parent}, or name another file")
        if not path.exists():
            # It holds people's names and addresses: nobody else's to read. SQLite gives its -wal and -shm files the mode of this one.
            with contextlib.suppress(OSError):  # SQLite itself says what is wrong, in its turn
                path.touch(0o600)
        engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine, where


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver's own BEGIN would come too late and be of the wrong kind; ours is in _begin_sqlite
    # FULL, because NORMAL may lose the last commits when the power fails: an intent whose call was made would be gone.
    # https://www.sqlite.org/pragma.html#pragma_synchronous
    for pragma in (f"busy_timeout = {BUSY_SECONDS * 1000}", "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    reads = bool(connection.get_execution_options().get("leadhub_read"))
    connection.exec_driver_sql(f"PRAGMA query_only = {int(reads)}")
    # A writer takes the lock at once: one that began as a reader could not become a writer after another has written.
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _postgresql(url: URL) -> tuple[Engine, str]:
    place = f"{url.host or 'localhost'}:{url.port or 5432}/{url.database or url.username or ''}"
    try:
        # Prepared statements keep the plan made while a table was small, and a first load grows it a thousandfold: planning anew costs less.
        engine = create_engine(url, pool_pre_ping=True, connect_args={"prepare_threshold": None})
    except ModuleNotFoundError:
        raise StoreError("PostgreSQL needs a driver that is not installed", next_step='pip install "psycopg[binary]>=3.2"') from None
    event.listen(engine, "begin", _begin_postgresql)
    return engine, f"the store postgresql {place}"


def _begin_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get("leadhub_read"):
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return
    # A server, a database or a role may be set to answer a commit before it is on the disk: an intent whose call was made would be gone. Said anew in
    # each transaction, because a pool in between may hand the session to somebody else; what waits for other servers besides is left alone.
    connection.exec_driver_sql("SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'")
