"""How fast pages of records are stored: first time, unchanged, and with 1 % changed, against the driver's own bulk path in the same run.

    python benchmarks/store.py [--rows 100000] [--page 2000] [--postgres URL]

The floor stores the same rows, encoded beforehand, in a table of the same columns with one commit a page: sqlite3's executemany, psycopg's COPY.
It decides nothing, keeps no work list and moves no cursor. Without --postgres (or LEADHUB_TEST_POSTGRES) only SQLite is measured.
"""

import argparse
import hashlib
import json
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from uuid import uuid4

import psycopg
from sqlalchemy import create_engine, make_url

from leadhub.clock import SystemClock
from leadhub.model.record import Record
from leadhub.store import open_store

T0 = datetime(2026, 1, 1, tzinfo=UTC)
COLUMNS = "system TEXT, object TEXT, record_id TEXT, native {json}, stamp TEXT, created TEXT, raw_hash {bytes}, gone TEXT, gone_to TEXT"
MORE = ", seen_at TEXT, seen_run TEXT, dirty BOOLEAN, unsettled BOOLEAN, PRIMARY KEY (system, object, record_id)"
Pair = tuple[Record, bytes]


def observations(rows: int, changed: int = 0) -> list[Pair]:
    """Leads with 15 fields; every `changed`-th has another phone and a later stamp."""
    return [_observation(number, again=bool(changed) and number % changed == 0) for number in range(rows)]


def _observation(number: int, *, again: bool) -> Pair:
    values = {f"Field{place}__c": f"value {place} of {number}" for place in range(9)}
    values |= {"FirstName": f"Ann {number}", "LastName": "Lee", "Company": "ACME", "Status": "Open - Not Contacted", "Email": f"{number}@x.example"}
    values["Phone"] = f"+1 {number}" if again else f"+49 {number}"
    stamp = T0 + timedelta(seconds=number, days=again)
    return Record("Lead", f"00Q{number:012}", values, stamp=stamp), hashlib.blake2b(repr(values).encode(), digest_size=16).digest()


def pages(items: Sequence[Pair], size: int) -> Iterator[Sequence[Pair]]:
    """The observations in pages."""
    return (items[start : start + size] for start in range(0, len(items), size))


def timed(work: Callable[[], object]) -> float:
    """Seconds that the work takes."""
    begun = perf_counter()
    work()
    return perf_counter() - begun


def measure(url: str, rows: int, page: int) -> dict[str, float]:
    """Seconds of leadhub's store for each of the three loads."""
    store = open_store(url, SystemClock())
    with store.begin() as tx:
        token = tx.leases.acquire("sync", "the benchmark", timedelta(hours=1))

    def load(items: Sequence[Pair]) -> None:
        for number, part in enumerate(pages(items, page)):
            with store.begin() as tx:
                tx.records.ingest("sfdc", part, number, "run", token)

    first, second = observations(rows), observations(rows, 100)
    seconds = {"first time": timed(lambda: load(first)), "unchanged": timed(lambda: load(first)), "1 % changed": timed(lambda: load(second))}
    store.close()
    return seconds


def _plain_rows(rows: int) -> list[tuple[object, ...]]:
    return [
        ("sfdc", "Lead", record.id, json.dumps(record.values), record.stamp.isoformat(), None, raw_hash, None, None, "now", "run", True, False)
        for record, raw_hash in observations(rows)
        if record.stamp
    ]


def sqlite_floor(path: Path, rows: int, page: int) -> float:
    """Seconds of sqlite3's executemany."""
    plain = _plain_rows(rows)
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode = WAL", "synchronous = FULL"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(f"CREATE TABLE floor ({COLUMNS.format(json='TEXT', bytes='BLOB')}{MORE})")

    def load() -> None:
        for start in range(0, rows, page):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(f"INSERT INTO floor VALUES ({', '.join('?' * 13)})", plain[start : start + page])
            connection.execute("COMMIT")

    seconds = timed(load)
    connection.close()
    return seconds


def postgres_floor(url: str, rows: int, page: int) -> float:
    """Seconds of psycopg's COPY."""
    plain = _plain_rows(rows)
    given = make_url(url)
    with psycopg.connect(host=given.host, port=given.port or 5432, user=given.username, password=given.password, dbname=given.database) as connection:
        connection.execute(f"CREATE TABLE floor ({COLUMNS.format(json='JSONB', bytes='BYTEA')}{MORE})")
        connection.commit()

        def load() -> None:
            for start in range(0, rows, page):
                with connection.cursor() as cursor, cursor.copy("COPY floor FROM STDIN") as copy:
                    for row in plain[start : start + page]:
                        copy.write_row(row)
                connection.commit()

        return timed(load)


def report(name: str, floor: float, seconds: dict[str, float], rows: int) -> None:
    """Print rates, and how many times the floor's seconds each load took."""
    print(f"{name:10} floor        {rows / floor:9,.0f} rows/s")
    for load, took in seconds.items():
        print(f"{name:10} {load:12} {rows / took:9,.0f} rows/s   {took / floor:5.2f} x floor")


def main() -> None:
    """Measure what is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--page", type=int, default=2_000)
    parser.add_argument("--postgres", default=os.environ.get("LEADHUB_TEST_POSTGRES"), help="a server on which databases may be created")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        floor = sqlite_floor(Path(folder) / "floor.db", given.rows, given.page)
        report("SQLite", floor, measure(f"sqlite:///{folder}/leadhub.db", given.rows, given.page), given.rows)
    if not given.postgres:
        print("PostgreSQL was not measured: no --postgres, no LEADHUB_TEST_POSTGRES")
        return
    admin = create_engine(given.postgres, isolation_level="AUTOCOMMIT")
    name = f"leadhub_benchmark_{uuid4().hex[:8]}"
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
        connection.exec_driver_sql(f"CREATE DATABASE {name}_floor")
    try:
        base = make_url(given.postgres)
        floor = postgres_floor(base.set(database=f"{name}_floor").render_as_string(hide_password=False), given.rows, given.page)
        url = base.set(database=name).render_as_string(hide_password=False)
        report("PostgreSQL", floor, measure(url, given.rows, given.page), given.rows)
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
            connection.exec_driver_sql(f"DROP DATABASE {name}_floor WITH (FORCE)")
        admin.dispose()


if __name__ == "__main__":
    main()
