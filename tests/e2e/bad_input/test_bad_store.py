"""A store that cannot be used: what was in it stays, nothing half is stored, and when the cause is gone the next sync is well."""

import itertools
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from bad_input_desk import Desk, as_on_the_page, newcomer_and_edit, told, told_to
from cli_world import Ran
from sqlalchemy import Connection

from leadhub.store import engine, faults

SECTION = "The store"


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0)
    assert faults.BUSY_SECONDS == 10  # the message names the real patience


@pytest.mark.usefixtures("_impatient")
def test_a_locked_store_is_told_and_changes_nothing(desk: Desk) -> None:
    """Another program holds the file: no CRM is called; when it lets go, all is well."""
    with closing(sqlite3.connect(desk.folder / "leadhub.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        ran = desk.run("sync")
        other.execute("ROLLBACK")
    as_on_the_page(SECTION, "Another program has locked it", told(ran, desk), ran.code)
    assert desk.kept() == desk.before
    assert desk.run("sync").code == 0


def test_a_newer_store_is_left_alone(desk: Desk) -> None:
    """A store of a later version is not touched; the right program goes on with it."""
    with closing(sqlite3.connect(desk.folder / "leadhub.db")) as store:
        (version,) = store.execute("SELECT version_num FROM alembic_version").fetchone()
        store.execute("UPDATE alembic_version SET version_num = '9999'")
        store.commit()
    ran = desk.run("sync")
    as_on_the_page(SECTION, "It is of a newer leadhub", told(ran, desk).replace(version, "0000"), ran.code)
    assert desk.kept() == desk.before
    with closing(sqlite3.connect(desk.folder / "leadhub.db")) as store:
        store.execute("UPDATE alembic_version SET version_num = ?", (version,))
        store.commit()
    assert desk.run("sync").code == 0


def test_a_file_that_is_no_database_is_left_alone(desk: Desk) -> None:
    """Not a byte of it is changed; with the backup in its place all is well."""
    path = desk.folder / "leadhub.db"
    backup = shutil.copy(path, desk.folder / "backup.db")
    path.write_bytes(b"this is no database" * 100)
    ran = desk.run("sync")
    as_on_the_page(SECTION, "It is no database", told(ran, desk), ran.code)
    assert path.read_bytes() == b"this is no database" * 100
    shutil.copy(backup, path)
    assert desk.kept() == desk.before
    assert desk.run("sync").code == 0


@pytest.mark.parametrize("transaction", range(1, 21, 2))
def test_a_disk_that_fills_at_any_moment_loses_and_doubles_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch, transaction: int) -> None:
    """From the first, third … transaction on SQLite finds no room: the error says so, and with room again the edit and the newcomer arrive, once."""
    newcomer_and_edit(desk, "hubspot")
    with closing(sqlite3.connect(desk.folder / "leadhub.db")) as store:
        store.execute("CREATE TABLE padding (bytes BLOB)")
    begin, begun = engine._begin_sqlite, itertools.count(1)

    def begin_without_room(connection: Connection) -> None:
        begin(connection)
        if not connection.get_execution_options().get("leadhub_read") and next(begun) >= transaction:
            connection.exec_driver_sql("PRAGMA max_page_count = 1")  # as many as there are
            connection.exec_driver_sql("INSERT INTO padding VALUES (zeroblob(1000000))")

    with monkeypatch.context() as patch:
        patch.setattr(engine, "_begin_sqlite", begin_without_room)
        ran = desk.run("sync")
    as_on_the_page(SECTION, "The disk is full", told(ran, desk), ran.code)
    desk.boxes.clock.advance(3600)  # a lease that could not be given back ends by itself
    assert desk.run("sync").code == 0
    assert told_to(desk, "hubspot") == {"ann@acme.example": "Boss", "bob@acme.example": "CTO", "cy@cyan.example": None}
    assert desk.writes("hubspot") == 2


def test_a_disk_without_any_room_is_told_and_changes_nothing(desk: Desk) -> None:
    """A real process that may write no file of more than 4 kB, which SQLite takes for a broken disk: nothing is lost, and without the limit all is well."""
    limited = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)); from leadhub.cli.app import main; sys.exit(main())"
    command = [sys.executable, "-c", limited, "-C", str(desk.folder), "sync"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    as_on_the_page(
        SECTION, "The disk has no room at all, or is broken", told(Ran(ended.returncode, ended.stdout, ended.stderr), desk), ended.returncode
    )
    assert desk.kept() == desk.before
    assert desk.run("sync").code == 0
