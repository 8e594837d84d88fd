"""What an audit's compare costs: CPU seconds and peak memory, nothing changed and with 1 % drifted, beside a plain merge of two sorted lists.

    python benchmarks/audit.py [--leads 100000 1000000] [--folder DIR] [--page 2000]

Each lead is a Salesforce Lead and a HubSpot contact: a million leads are two million records, two million links, a million persons, in a real SQLite
file. The first lead is put in by the store itself; all others are copies of its rows, with ids, values and hashes of their own. With --folder the file
is kept there and used again. Each part runs in a process of its own.

- `compare` is `Comparison` of leadhub.sync from its beginning to its end: the walk over the store that marks what is there, every page of (id, hash) that
  came, the ids that differ, and what did not come. Calls to the systems and hashing what they answer are not in it (`hashing` says what the hashes of as
  many records would cost), nor is loading what differs. The pages come from a generator whose own cost is `pages alone`: it makes every id and hash anew.
- `ties` are the statements that look for links and records that do not fit each other. `waiting` looks for sides that wait for a write.
- the floor reads the stored side in the order of ids with the driver alone and merges it with the other side, which comes in that order by grace.

CPU seconds are user and system time; loading the libraries and opening the store is counted apart. Peak memory is the process's own, libraries and all.
"""

import argparse
import hashlib
import json
import resource
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from time import process_time
from typing import Any

OBJECTS = (("salesforce", "Lead"), ("hubspot", "contacts"))
T0 = datetime(2026, 1, 1, tzinfo=UTC)
ONE = 7_777_777
"""The number of the lead that is put in first. It is no part of any other text."""
DRIFTED = 100
"""Every hundredth record."""
Parts = dict[str, float]


def record_id(system: str, n: int) -> str:
    """As long as the real ones, in no order of their making."""
    mixed = n * 7_368_787 % 10_000_019  # a prime: no two alike
    return f"00Q{mixed:012}AAA" if system == "salesforce" else f"{100_000_000_000 + mixed}"


def digest(system: str, n: int, *, drifted: bool = False) -> bytes:
    """Sixteen bytes that stand for the values."""
    return (n * 2 + drifted).to_bytes(8, "big") + system.encode()[:8]


def pages(system: str, leads: int, size: int, *, drifted: bool = False) -> Iterator[dict[str, bytes]]:
    """What came from one system: every record's id and hash, a page at a time."""
    for start in range(0, leads, size):
        numbers = range(start, min(start + size, leads))
        yield {record_id(system, n): digest(system, n, drifted=drifted and n % DRIFTED == 0) for n in numbers}


# ---- the store -------------------------------------------------------------------------------------------------------------------------


def fill(path: Path, leads: int, *, links: bool) -> None:
    """Put all of it into a new store; the records alone without `links`."""
    put_one(path, links=links)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")  # what breaks off here is filled anew
        connection.execute("PRAGMA cache_size = -400000")  # the ids come in no order: all of the index is written to
        for table in ("record", "person", "lead", "link"):
            rows = connection.execute(f"SELECT * FROM {table}").fetchall()
            connection.execute(f"DELETE FROM {table}")
            for row in rows:
                connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", copies(row, leads))
            connection.commit()


def copies(row: tuple[Any, ...], leads: int) -> Iterator[tuple[Any, ...]]:
    """The same row of every lead: what has the number of the first one in it has their own."""
    of_one = numbered(ONE)
    named = [place for place, value in enumerate(row) if isinstance(value, str) and any(name in value for name in of_one)]
    hashed = [place for place, value in enumerate(row) if isinstance(value, bytes)]
    for n in range(leads):
        copy, names = list(row), numbered(n)
        for place in named:
            for before, after in zip(of_one, names, strict=True):
                copy[place] = copy[place].replace(before, after)
        for place in hashed:
            copy[place] = digest(row[0], n)
        yield tuple(copy)


def numbered(n: int) -> list[str]:
    """All that has a lead's number in it, the longest first."""
    return [*(record_id(system, n) for system, _ in OBJECTS), f"{n:012}", str(n)]


def put_one(path: Path, *, links: bool) -> None:
    """Put the lead of which all others are copies into a new store, through the store's own bulk paths. A copy takes a third of the time."""
    from leadhub.model.person import StoredRecord
    from leadhub.store import bulk, tables
    from leadhub.store.records import record_row

    def native(system: str) -> dict[str, str]:
        names = ("FirstName", "LastName", "Email", "Phone", "Company", "Title", "City", "Status", "Website", "Description")
        return {name if system == "salesforce" else name.lower(): f"value of {name} {ONE}" for name in names}

    store = _open(path)
    records = [StoredRecord(system, name, record_id(system, ONE), native(system), T0, digest(system, ONE)) for system, name in OBJECTS]
    with store.begin() as tx:
        bulk.insert(tx.records.connection, tables.record, [record_row(r, T0, "run", dirty=False) for r in records])
        tx.persons.save([_person(ONE)] if links else [])
    store.close()


def _person(n: int) -> Any:
    from leadhub.model.person import Aggregate, Base, Canonical, Lead, Link, Person, Versions
    from leadhub.model.state import State

    id_, lead = f"p{n:012}", f"l{n:012}"
    fields = {name: Canonical(f"value {name} {n}", 1, "salesforce", "adopted") for name in ("first_name", "last_name", "email", "phone", "company")}
    base = {name: Base(canonical.value, 1, "agreed") for name, canonical in fields.items()}
    links = tuple(Link(s, o, record_id(s, n), id_, lead if s == "salesforce" else None, "primary", base) for s, o in OBJECTS)
    held = Lead(lead, id_, 1, State("lead", "new", "open"), Versions(1, 1, 1))
    return Aggregate(Person(id_, fields, {"email": (f"p{n}@x.example",)}), (held,), links, {})


# ---- the parts -------------------------------------------------------------------------------------------------------------------------


class Watch:
    """CPU seconds since the last look."""

    def __init__(self) -> None:
        self._before = process_time()

    def seconds(self) -> float:
        now = process_time()
        passed, self._before = now - self._before, now
        return passed


def _open(path: Path) -> Any:
    from leadhub.clock import SystemClock
    from leadhub.store import open_store

    return open_store(f"sqlite:///{path}", SystemClock())


def pages_alone(_path: Path, leads: int, size: int) -> Parts:
    """The generator, and nothing else."""
    watch = Watch()
    count = sum(len(page) for system, _ in OBJECTS for page in pages(system, leads, size))
    assert count == leads * len(OBJECTS)
    return {"cpu": watch.seconds()}


def hashing(_path: Path, leads: int, size: int) -> Parts:
    """Hash as many records of ten short fields as would have come: 20,000 of them, and the rest by proportion."""
    from leadhub.core.normalize import raw_hash

    rows = [{f"Field{place}": f"value {place} of {n}" for place in range(10)} for n in range(min(leads, 20_000))]
    watch = Watch()
    for row in rows:
        raw_hash(row, "Lead|projection")
    return {"cpu": watch.seconds() * leads * len(OBJECTS) / len(rows) + 0 * size}


def floor(path: Path, leads: int, size: int) -> Parts:
    """Two sorted lists of (id, hash), merged: the stored one by sqlite3 in the order of its key, the other made in that order beforehand."""
    connection = sqlite3.connect(path)
    spent, differ = 0.0, 0
    for system, name in OBJECTS:
        other = iter(sorted(pair for page in pages(system, leads, size) for pair in page.items()))
        watch = Watch()
        stored = connection.execute("SELECT record_id, raw_hash FROM record WHERE system = ? AND object = ? ORDER BY record_id", (system, name))
        differ += sum(mine != theirs for mine, theirs in zip(stored, other, strict=True))
        spent += watch.seconds()
    assert differ == 0
    return {"cpu": spent}


def _compared(path: Path, leads: int, size: int, *, drifted: bool) -> Parts:
    from leadhub.store import RecordKey
    from leadhub.sync.compare import Comparison

    store = _open(path)
    changed = {(s, record_id(s, n)): digest(s, n) for s, _ in OBJECTS for n in range(0, leads, DRIFTED)} if drifted else {}
    watch = Watch()
    comparison = Comparison(store)
    found = [
        (system, id_)
        for system, name in OBJECTS
        for page in pages(system, leads, size, drifted=drifted)
        for id_ in comparison.page(system, name, page)
    ]
    for (system, name), id_ in ((pair, id_) for pair in OBJECTS for of, id_ in found if of == pair[0]):
        comparison.otherwise(RecordKey(system, name, id_), changed.get((system, id_)))
    missing = [key for system, _ in OBJECTS for key in comparison.unheard(system)]
    spent = watch.seconds()
    assert (len(found), set(found), missing) == (len(changed), set(changed), [])
    assert comparison.read.total() == leads * len(OBJECTS)
    return {"cpu": spent, "found": float(len(found))}


def compare(path: Path, leads: int, size: int) -> Parts:
    """Nothing changed."""
    return _compared(path, leads, size, drifted=False)


def compare_drifted(path: Path, leads: int, size: int) -> Parts:
    """1 % drifted: exactly these are found."""
    return _compared(path, leads, size, drifted=True)


def missing(path: Path, leads: int, size: int) -> Parts:
    """Every hundredth record does not come: exactly these are named."""
    from leadhub.sync.compare import Comparison

    store = _open(path)
    watch = Watch()
    comparison = Comparison(store)
    for system, name in OBJECTS:
        for page in pages(system, leads, size):
            comparison.page(system, name, {id_: raw_hash for id_, raw_hash in page.items() if int.from_bytes(raw_hash[:8], "big") // 2 % DRIFTED})
    found = [key for system, _ in OBJECTS for key in comparison.unheard(system)]
    spent = watch.seconds()
    assert {key[::2] for key in found} == {(system, record_id(system, n)) for system, _ in OBJECTS for n in range(0, leads, DRIFTED)}
    return {"cpu": spent, "found": float(len(found))}


def ties(path: Path, _leads: int, _size: int) -> Parts:
    """The four questions of the store alone."""
    store, objects = _open(path), set(OBJECTS)
    watch = Watch()
    with store.read() as tx:
        asked = (tx.ties.orphaned, tx.ties.unlinked, tx.ties.crowded, tx.ties.moved)
        assert [one(objects, 20).counts for one in asked] == [{}, {}, {}, {}]
    return {"cpu": watch.seconds()}


def waiting(path: Path, leads: int, _size: int) -> Parts:
    """Walk over everybody, loaded in slices, as the look for waiting writes does."""
    from leadhub.sync.behind import SLICE, may_wait

    store, after, seen = _open(path), "", 0
    watch = Watch()
    while True:
        with store.read() as tx:
            ids = tx.persons.iter_ids(after, SLICE)
            if not ids:
                break
            assert not any(map(may_wait, tx.persons.load(ids)))
        after, seen = ids[-1], seen + len(ids)
    assert seen == leads
    return {"cpu": watch.seconds()}


PARTS: dict[str, Callable[[Path, int, int], Parts]] = {
    "pages alone": pages_alone,
    "floor: sorted merge": floor,
    "compare, nothing changed": compare,
    "compare, 1 % drifted": compare_drifted,
    "compare, 1 % missing": missing,
    "ties": ties,
    "waiting": waiting,
    "hashing": hashing,
}


OF_LINKS = frozenset({"ties", "waiting"})


# ---- the table -------------------------------------------------------------------------------------------------------------------------


def peak() -> float:
    """The most memory that this process had, in MB. Linux counts in `ru_maxrss` what the parent had when it forked, and in VmHWM what is the process's own."""
    status = Path("/proc/self/status")
    own = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")] if status.exists() else []
    return int(own[0].split()[1]) * 1024 / 1e6 if own else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def measured(name: str, path: Path, leads: int, size: int) -> dict[str, float]:
    """Run one part in a process of its own."""
    command = [sys.executable, __file__, "--part", name, "--store", str(path), "--leads", str(leads), "--page", str(size)]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    told: dict[str, float] = json.loads(answer.splitlines()[-1])
    return told


def report(folder: Path, leads: int, size: int, *, links: bool) -> None:
    """Fill the store where it is not there yet, and print all parts."""
    path = folder / f"audit-{leads}{'' if links else '-records'}-{hashlib.blake2b(Path(__file__).read_bytes(), digest_size=4).hexdigest()}.db"
    if not path.exists():
        unfinished = path.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        before = process_time()
        fill(unfinished, leads, links=links)
        unfinished.rename(path)
        print(f"{leads:,} leads filled in {process_time() - before:.0f} CPU s")
    print(f"{leads:,} leads, {2 * leads:,} records, pages of {size:,}; the store: {path.stat().st_size / 1e6:,.0f} MB")
    told = {name: measured(name, path, leads, size) for name in PARTS if links or name not in OF_LINKS}
    alone, merge = told["pages alone"]["cpu"], told["floor: sorted merge"]["cpu"]
    for name, of in told.items():
        fed = name.startswith("compare")
        cpu = of["cpu"] - (alone if fed else 0)
        ratio = f"{cpu / merge:5.2f} x the floor" if fed else ""
        found = f"found {of['found']:,.0f}" if "found" in of else ""
        with_pages = f"(with its pages {of['cpu']:.2f})" if fed else ""
        print(
            f"  {name:26} {cpu:7.2f} CPU s  {cpu / 2 / leads * 1e6:6.2f} µs a record  peak {of['peak']:4.0f} MB  {ratio} {with_pages} {found}".rstrip()
        )


def main() -> None:
    """Measure each number of leads."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--page", type=int, default=2_000)
    parser.add_argument("--folder", type=Path, help="keep the stores here, and use those that are there")
    parser.add_argument("--records-only", action="store_true", help="fill in no persons and links, and leave out what looks at them")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("--store", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        told = PARTS[options.part](options.store, options.leads[0], options.page)
        print(json.dumps({**told, "peak": peak()}))
        return
    with tempfile.TemporaryDirectory() as temporary:
        for leads in options.leads:
            report(options.folder or Path(temporary), leads, options.page, links=not options.records_only)


if __name__ == "__main__":
    main()
