"""What was committed is there after the power failed: the settings that make it so, and a SQLite file cut off at any byte."""

import random
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, make_url

from leadhub.clock import Clock
from leadhub.store import Store, open_store, upgrade

COMMITS = 12
CUTS = 40


def _ask(store: Store, question: str) -> list[object]:
    with store.begin() as tx:
        return [row[0] for row in tx.leases.connection.exec_driver_sql(question)]


def test_every_writing_connection_to_a_file_syncs_each_commit(sqlite_url: str, clock: Clock) -> None:
    """The write-ahead log, flushed at each commit (FULL is 2), on the first connection and on those made after the pool was emptied."""
    store = open_store(sqlite_url, clock)
    for _ in range(2):
        assert _ask(store, "PRAGMA journal_mode") == ["wal"]
        assert _ask(store, "PRAGMA synchronous") == [2]
        store.close()


@pytest.mark.parametrize(("told", "found"), [("off", "on"), ("local", "local"), ("on", "on"), ("remote_apply", "remote_apply")])
def test_postgresql_answers_a_commit_when_it_is_on_the_disk(
    empty_postgres_url: str, postgres_admin: Engine, clock: Clock, told: str, found: str
) -> None:
    """A database that is set to answer earlier is overruled, on every connection; one that waits for more is not."""
    upgrade(empty_postgres_url)
    with postgres_admin.connect() as admin:
        admin.exec_driver_sql(f"ALTER DATABASE {make_url(empty_postgres_url).database} SET synchronous_commit = {told}")
    store = open_store(empty_postgres_url, clock)
    for _ in range(2):
        assert _ask(store, "SHOW synchronous_commit") == [found]
        store.close()
    engine = create_engine(empty_postgres_url)
    with engine.connect() as other:
        assert other.exec_driver_sql("SHOW synchronous_commit").scalar() == told, "the database is set so"
    engine.dispose()


def test_a_file_cut_off_at_any_byte_is_as_some_commit_left_it(tmp_path: Path, clock: Clock) -> None:
    """The power fails in mid-write: of the log any part beyond the last commit that was answered may be missing or torn.

    What is kept up to an answered commit holds that commit; what is cut off further down is as a commit before left it, whole.
    """
    made, sizes = tmp_path / "made", []
    made.mkdir()
    upgrade(f"sqlite:///{made / 'leadhub.db'}")
    store = open_store(f"sqlite:///{made / 'leadhub.db'}", clock)
    log = made / "leadhub.db-wal"
    for number in range(COMMITS):
        with store.begin() as tx:
            for name in range(number + 1):
                tx.leases.acquire(f"{number}/{name}", "x" * 500, timedelta(hours=1))
        sizes.append(log.stat().st_size)
    files = {name: (made / name).read_bytes() for name in ("leadhub.db", "leadhub.db-wal")}
    store.close()
    rng = random.Random(5)
    assert sizes == sorted(set(sizes)), "the log was not begun anew in between"
    for number in range(CUTS):
        cut = rng.randrange(0, sizes[-1] + 1)
        kept = sum(size <= cut for size in sizes)
        found = _after(tmp_path / str(number), files, cut, rng, clock)
        assert found == kept


def _after(folder: Path, files: dict[str, bytes], cut: int, rng: random.Random, clock: Clock) -> int:
    """Return how many of the commits are there, each whole, in a copy whose log was cut off and ends in rubbish."""
    folder.mkdir()
    log = files["leadhub.db-wal"]
    (folder / "leadhub.db").write_bytes(files["leadhub.db"])
    (folder / "leadhub.db-wal").write_bytes(log[:cut] + rng.choice([b"", bytes(len(log) - cut), rng.randbytes(len(log) - cut)]))
    store = open_store(f"sqlite:///{folder / 'leadhub.db'}", clock)
    names = [str(name) for name in _ask(store, "SELECT name FROM lease")]
    assert _ask(store, "PRAGMA integrity_check") == ["ok"]
    store.close()
    shutil.rmtree(folder)
    there = {int(name.partition("/")[0]) for name in names}
    assert there == set(range(len(there)))
    assert len(names) == sum(number + 1 for number in there)
    return len(there)
