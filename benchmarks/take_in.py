"""What taking in a file costs, in CPU seconds and peak memory, beside a plain upsert of the same rows by SQLAlchemy.

    python benchmarks/take_in.py [--rows 100000] [--only PART …] [--profile]

Each part runs in a process of its own, so that its memory is its own. `plain upsert` stores the raw cells under their lead_id and knows nothing of
them. `pull + normalize + keys` is the first half of `leadhub import`: the file is read and its columns recognized, every row hashed and stored with
the cursor, its name, addresses and numbers normalized, its match keys stored. `whole import` goes on to who is who, persons, leads and links, and
agrees on every field: after it nothing is left to do. CPU seconds are user and system time of all threads; loading the libraries is counted apart.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import process_time
from typing import Any

GENERATOR = Path(__file__).with_name("gen_leads.py")
BATCH = 5_000
CONFIG = """version = 1
store = "sqlite:///leadhub.db"
[system.fair]
plugin = "files"
path = "leads.csv"
"""
Parts = dict[str, float]
"""CPU seconds by the name of what took them."""


class Watch:
    """Notes the CPU seconds of one part after the other."""

    def __init__(self) -> None:
        self.parts: Parts = {}
        self._before = process_time()

    def note(self, name: str) -> None:
        """What was done since the last note was `name`."""
        now = process_time()
        self.parts[name] = now - self._before
        self._before = now


def plain_upsert(folder: Path) -> Parts:
    """The floor: stdlib csv into one table by SQLAlchemy Core, a transaction each 5,000 rows."""
    import csv
    from itertools import islice

    from sqlalchemy import Column, MetaData, Table, Text, create_engine
    from sqlalchemy.dialects.sqlite import insert

    watch = Watch()
    engine = create_engine(f"sqlite:///{folder}/plain.db")
    with (folder / "leads.csv").open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        names = list(reader.fieldnames or ())
        table = Table("leads", MetaData(), *(Column(name, Text, primary_key=name == "lead_id") for name in names))
        table.metadata.create_all(engine)
        statement = insert(table)
        upsert = statement.on_conflict_do_update(index_elements=["lead_id"], set_={name: statement.excluded[name] for name in names[1:]})
        while batch := list(islice(reader, BATCH)):
            with engine.begin() as connection:
                connection.execute(upsert, batch)
    watch.note("upsert")
    engine.dispose()
    return watch.parts


@contextmanager
def _session(folder: Path) -> Iterator[Any]:
    from leadhub.hub import open_hub
    from leadhub.sync.session import open_session

    (folder / "leadhub.toml").write_text(CONFIG)
    hub = open_hub(folder)
    with open_session(hub, "import", only="fair") as session:
        yield session
    hub.store.close()


def to_keys(folder: Path) -> Parts:
    """As far as the match keys; who is who is not asked."""
    from leadhub.sync.enroll import identified
    from leadhub.sync.pull import pull

    watch = Watch()
    with _session(folder) as session:
        watch.note("open")
        pull(session, ["fair"])
        watch.note("pull")
        with session.hub.store.begin() as tx:
            found = sum(1 for _ in identified(session, tx))
        watch.note("normalize, keys")
    assert found == session.counts["fair"].pulled
    return watch.parts


def whole_import(folder: Path) -> Parts:
    """What `leadhub import` does."""
    from leadhub.sync.enroll import resolve
    from leadhub.sync.judge import judge
    from leadhub.sync.pull import pull
    from leadhub.sync.report import run_report

    watch = Watch()
    with _session(folder) as session:
        watch.note("open")
        pull(session, ["fair"])
        watch.note("pull")
        resolve(session)
        watch.note("normalize, keys, who is who")
        judge(session)
        watch.note("agree on fields")
        report = run_report(session)
        watch.note("report")
    assert report.status == "ok"
    assert sum(report.records.values()) == session.counts["fair"].pulled
    return watch.parts


PARTS: dict[str, Callable[[Path], Parts]] = {"plain upsert": plain_upsert, "pull + normalize + keys": to_keys, "whole import": whole_import}


def measured(name: str, rows: Path, *, profile: bool) -> tuple[Parts, float]:
    """Run one part in a process of its own; return its CPU seconds and its peak memory in MB."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "leads.csv").symlink_to(rows)
        command = [sys.executable, __file__, "--part", name, "--folder", folder, *(["--profile"] if profile else [])]
        answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    told = json.loads(answer.splitlines()[-1])
    return told["parts"], told["peak"]


def _run_part(name: str, folder: Path, *, profile: bool) -> None:
    if profile:
        import cProfile
        import pstats

        profiler = cProfile.Profile()
        parts = profiler.runcall(PARTS[name], folder)
        pstats.Stats(profiler, stream=sys.stderr).sort_stats("tottime").print_stats(40)
    else:
        parts = PARTS[name](folder)
    print(json.dumps({"parts": parts, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6}))


def main() -> None:
    """Measure each part and print it beside the floor."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--only", choices=PARTS, nargs="+", default=list(PARTS), help="some parts alone")
    parser.add_argument("--profile", action="store_true", help="show where the time went")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        _run_part(options.part, options.folder, profile=options.profile)
        return
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "leads.csv"
        subprocess.run([sys.executable, str(GENERATOR), str(options.rows), str(rows)], check=True)
        print(f"{options.rows:,} rows, {rows.stat().st_size / 1e6:.1f} MB")
        floor: float | None = None
        for name in options.only:
            parts, peak = measured(name, rows, profile=options.profile)
            total = sum(parts.values())
            floor = total if name == "plain upsert" else floor
            ratio = f"{total / floor:5.1f} x the upsert" if floor else ""
            print(f"{name:24} {total:7.1f} CPU s  {total / options.rows * 1e6:6.0f} µs a row  peak {peak:5.0f} MB  {ratio}", flush=True)
            for part, seconds in parts.items() if len(parts) > 1 else ():
                print(f"    {part:28} {seconds:7.1f} CPU s")


if __name__ == "__main__":
    main()
