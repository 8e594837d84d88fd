"""Opening, creating and refusing databases."""

import os
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from leadhub.clock import Clock
from leadhub.errors import StoreError
from leadhub.model.run import RunRow
from leadhub.store import Store, open_store, schema, tables, upgrade


def test_migrated_tables_are_those_declared(empty_database_url: str, clock: Clock) -> None:
    """Migrations lead exactly to the tables that the code declares."""
    open_store(empty_database_url, clock).close()
    engine = create_engine(empty_database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, tables.metadata) == []
    engine.dispose()


def test_comparison_would_notice_a_missing_column(empty_database_url: str, clock: Clock) -> None:
    """The comparison of the test before can fail."""
    open_store(empty_database_url, clock).close()
    engine = create_engine(empty_database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE person DROP COLUMN merged_into")
        assert [change[0] for change in compare_metadata(MigrationContext.configure(connection), tables.metadata)] == ["add_column"]
    engine.dispose()


def test_a_store_of_the_version_before_keeps_its_runs(empty_database_url: str, clock: Clock) -> None:
    """Journals come along: a run of before has to do with no plan file."""
    engine = create_engine(empty_database_url)
    with engine.begin() as connection:
        config = schema.alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        columns = "id, kind, started_at, status, counts, config_hash, actor"
        connection.exec_driver_sql(f"INSERT INTO run ({columns}) VALUES ('r0', 'sync', '2026-03-01T09:00:00.000000Z', 'ok', '{{}}', 'abc', 'jo')")
    engine.dispose()
    upgrade(empty_database_url)
    store = open_store(empty_database_url, clock)
    with store.read() as tx:
        assert tx.runs.list() == (RunRow("r0", "sync", datetime(2026, 3, 1, 9, tzinfo=UTC), None, "ok", {}, "abc", "jo"),)
        assert tx.approvals.of("r0") == ()
    store.close()


def test_head_is_the_newest_revision() -> None:
    """The version that the code demands is the last one that the migrations reach."""
    assert ScriptDirectory.from_config(schema.alembic_config()).get_heads() == [schema.HEAD]


def test_opening_again_keeps_what_is_there(empty_database_url: str, clock: Clock) -> None:
    """A store can be closed and opened, and an upgrade of an up-to-date one changes nothing."""
    first = open_store(empty_database_url, clock)
    with first.begin() as tx:
        tx.persons.counts()
    first.close()
    upgrade(empty_database_url)
    second = open_store(empty_database_url, clock)
    with second.read() as tx:
        assert tx.persons.counts().persons == 0
    second.close()


def test_a_new_file_is_its_owners_alone(tmp_path: Path, clock: Clock) -> None:
    """It holds people's names and addresses: neither it nor what SQLite keeps beside it can be read by others, whatever the umask."""
    before = os.umask(0)
    try:
        store = open_store(f"sqlite:///{tmp_path / 'leadhub.db'}", clock)
        with store.begin() as tx:
            tx.leases.acquire("x", "me", timedelta(minutes=1))
            modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    finally:
        os.umask(before)
    store.close()
    assert modes == {"leadhub.db": 0o600, "leadhub.db-wal": 0o600, "leadhub.db-shm": 0o600}


def _set_revision(url: str, revision: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{revision}'")
    engine.dispose()


def test_a_newer_database_is_refused(empty_database_url: str, clock: Clock) -> None:
    """A database of a version that this leadhub does not know is left alone, with the way out named."""
    open_store(empty_database_url, clock).close()
    _set_revision(empty_database_url, "9999")
    with pytest.raises(StoreError, match="newer leadhub") as refused:
        open_store(empty_database_url, clock)
    assert "install the newer leadhub" in refused.value.next_step


def test_an_older_postgresql_waits_to_be_asked(empty_postgres_url: str, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """An older PostgreSQL database is not changed by opening it: others may be at work on it."""
    open_store(empty_postgres_url, clock).close()
    made, needed = schema.HEAD, f"{int(schema.HEAD) + 1:04}"
    monkeypatch.setattr(schema, "HEAD", needed)
    with pytest.raises(StoreError, match=f"is of version {made}, this leadhub needs {needed}") as refused:
        open_store(empty_postgres_url, clock)
    assert "leadhub db upgrade" in refused.value.next_step


def test_a_strange_database_is_refused(empty_database_url: str, clock: Clock) -> None:
    """A database with other programs' tables is not taken over."""
    engine = create_engine(empty_database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE invoices (id INTEGER)")
    engine.dispose()
    with pytest.raises(StoreError, match="invoices") as refused:
        open_store(empty_database_url, clock)
    assert "one of its own" in refused.value.next_step


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("mysql://root:hunter2@host/db", "mysql"),
        ("postgresql://root:hunter2@host/db", "postgresql"),
        ("sqlite+aiosqlite:///leadhub.db", "aiosqlite"),
        ("leadhub.db", "cannot be read"),
        ("://hunter2", "cannot be read"),
    ],
)
def test_other_databases_are_refused(url: str, told: str, clock: Clock) -> None:
    """Another kind of database is refused with the forms that work, and without the password."""
    with pytest.raises(StoreError, match=told) as refused:
        open_store(url, clock)
    assert "sqlite:///leadhub.db" in refused.value.next_step
    assert "postgresql+psycopg://" in refused.value.next_step
    assert "hunter2" not in str(refused.value)


def test_a_missing_folder_is_named(tmp_path: Path, clock: Clock) -> None:
    """A file in a folder that does not exist is not created somewhere else."""
    with pytest.raises(StoreError, match="nowhere does not exist") as refused:
        open_store(f"sqlite:///{tmp_path / 'nowhere' / 'leadhub.db'}", clock)
    assert "create the folder" in refused.value.next_step


def test_a_damaged_file_is_named(tmp_path: Path, clock: Clock) -> None:
    """A file that is no database is named, and left as it is."""
    path = tmp_path / "leadhub.db"
    path.write_bytes(b"this is not a database, " * 100)
    with pytest.raises(StoreError, match="not an SQLite database") as refused:
        open_store(f"sqlite:///{path}", clock)
    assert str(path) in str(refused.value)
    assert "backup" in refused.value.next_step
    assert path.read_bytes() == b"this is not a database, " * 100


def test_a_file_damaged_within_is_named(tmp_path: Path, clock: Clock) -> None:
    """Damage that shows up later is told as such."""
    path = tmp_path / "leadhub.db"
    open_store(f"sqlite:///{path}", clock).close()
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(StoreError, match="damaged") as refused:
        open_store(f"sqlite:///{path}", clock)
    assert "backup" in refused.value.next_step


def test_a_locked_file_is_named(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database on which another process goes on writing is told as such."""
    monkeypatch.setattr("leadhub.store.engine.BUSY_SECONDS", 0.05)
    path = tmp_path / "leadhub.db"
    store = open_store(f"sqlite:///{path}", clock)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="another process has been writing") as refused, store.begin():
        pass
    assert "leadhub runs list" in refused.value.next_step
    with store.read() as tx:
        assert tx.persons.counts().persons == 0, "a reader does not wait for a writer"
    other.close()
    store.close()


def test_a_server_that_is_away_is_named(clock: Clock) -> None:
    """A PostgreSQL that does not answer is told without the password."""
    with pytest.raises(StoreError, match=r"127\.0\.0\.1:1/leads") as refused:
        open_store("postgresql+psycopg://hub:hunter2@127.0.0.1:1/leads?connect_timeout=2", clock)
    assert "server" in refused.value.next_step
    assert "hunter2" not in str(refused.value)


def test_sqlite_is_set_up_for_a_journal(tmp_path: Path, clock: Clock) -> None:
    """Every connection to a file uses write-ahead logging, full synchronization and foreign keys."""
    store = open_store(f"sqlite:///{tmp_path / 'leadhub.db'}", clock)
    with store.read() as tx:
        pragmas = {name: tx.runs.connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous", "foreign_keys")}
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    store.close()


def test_a_view_refuses_writes(store: Store) -> None:
    """Nothing can be written where only reading was asked for."""
    with pytest.raises(StoreError, match="only be read"), store.read() as tx:
        tx.leases.acquire("sync", "me", timedelta(hours=1))


def test_an_exception_takes_everything_back(store: Store) -> None:
    """What was written before an exception is gone after it, and the exception is the caller's own."""
    with pytest.raises(KeyError, match="mine"), store.begin() as tx:  # noqa: PT012 - the transaction is what fails
        tx.keys.mark_generic({("email", "info@a.example"): 4})
        raise KeyError("mine")
    with store.read() as tx:
        assert tx.keys.generic([("email", "info@a.example")]) == {}


def test_memory_stores_are_apart(clock: Clock) -> None:
    """Two stores in memory know nothing of each other."""
    one, two = (open_store("sqlite:///:memory:", clock) for _ in range(2))
    with one.begin() as tx:
        tx.keys.mark_generic({("email", "info@a.example"): 4})
    with two.read() as tx:
        assert tx.keys.generic([("email", "info@a.example")]) == {}
    one.close()
    two.close()


def test_a_folder_with_odd_letters_works(tmp_path: Path, clock: Clock) -> None:
    """A path with spaces and percent signs is a path."""
    folder: Path = tmp_path / "50% müll"
    folder.mkdir()
    open_store(f"sqlite:///{folder / 'lead hub.db'}", clock).close()
    assert (folder / "lead hub.db").exists()
