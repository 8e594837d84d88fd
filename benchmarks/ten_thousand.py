"""Ten thousand rows of a file into two CRMs, over HTTP, and what it costs. Exits with 1 if a promise of the engine is broken.

    python benchmarks/ten_thousand.py [--rows 10000] [--store URL] [--small ROWS] [--profile]

Both sandbox CRMs run in a process of their own, so the memory shown is leadhub's. Three syncs, two hours apart by the clock: the first creates
every lead in both, the second reads back what the first made, the third finds nothing. A smaller second run (a tenth) shows that the reads of
the third sync do not depend on the number of leads. `--store` takes an empty database; without it each run makes a SQLite file.
"""

import argparse
import cProfile
import json
import math
import pstats
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import httpx
from sqlalchemy import create_engine

from leadhub.clock import SystemClock
from leadhub.hub import Hub, open_hub
from leadhub.store.tables import metadata
from leadhub.sync.report import COUNTS, RunReport
from leadhub.sync.run import adopt, sync

GENERATOR = Path(__file__).with_name("gen_leads.py")
SYSTEMS = ("salesforce", "hubspot")
CREATES = {"salesforce": ("/composite/sobjects/Lead/LeadhubId__c", 200), "hubspot": ("/batch/upsert", 100)}
"""By system: the path of the call that creates, and how many records one call takes."""


class ShiftedClock(SystemClock):
    """The machine's clock, some hours ahead."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead


@dataclass
class Round:
    """One sync: its report, its time, and the calls that each CRM saw."""

    report: RunReport
    seconds: float
    creates: dict[str, int]
    updates: dict[str, int]
    reads: dict[str, int]

    @property
    def writes(self) -> int:
        return sum(self.creates.values()) + sum(self.updates.values())


@dataclass
class World:
    """A deployment, both CRMs, and how far their journals were read."""

    folder: Path
    crms: dict[str, dict[str, str]]
    http: httpx.Client
    clock: ShiftedClock = field(default_factory=ShiftedClock)
    read: Counter[str] = field(default_factory=Counter)

    def hub(self) -> Hub:
        return open_hub(self.folder, clock=self.clock)

    def configure(self, rows: int, store: str) -> None:
        sf, hs = self.crms["salesforce"], self.crms["hubspot"]
        owners = self.http.get(f"{hs['url']}/crm/v3/owners", headers={"Authorization": f"Bearer {hs['token']}"}).json()
        allowed = f'create = "always"\ncreate_cap = {rows}'
        for name, secret in {"store": store, "salesforce": sf["client_secret"], "hubspot": hs["token"]}.items():
            (self.folder / f"{name}.secret").write_text(secret)
        (self.folder / "leadhub.toml").write_text(
            f"""version = 1
store = "file:store.secret"
[defaults]
trust = "salesforce"
[system.fair]
plugin = "files"
path = "leads.csv"
[system.salesforce]
plugin = "salesforce"
login_url = "{sf["url"]}"
client_id = "{sf["client_id"]}"
client_secret = "file:salesforce.secret"
{allowed}
on_create = {{ owner = "assignment_rules" }}
[system.hubspot]
plugin = "hubspot"
token = "file:hubspot.secret"
base_url = "{hs["url"]}"
{allowed}
on_create = {{ owner = "{owners["results"][0]["email"]}" }}
"""
        )
        subprocess.run([sys.executable, str(GENERATOR), str(rows), str(self.folder / "leads.csv")], check=True)

    def adopt_both(self) -> None:
        hub = self.hub()
        for name in SYSTEMS:
            adopt(hub, name)
        with hub.store.begin() as tx:
            for row in tx.systems.list():
                if row.name in SYSTEMS:
                    tx.systems.save(replace(row, mode="write"))
        hub.store.close()
        for name in SYSTEMS:
            self.journal(name)

    def sync(self, profile: cProfile.Profile | None) -> Round:
        hub = self.hub()
        start = perf_counter()
        report = profile.runcall(sync, hub) if profile else sync(hub)
        seconds = perf_counter() - start
        hub.store.close()
        calls = {name: self.journal(name) for name in SYSTEMS}
        kinds = {name: Counter(_kind(name, call) for call in of) for name, of in calls.items()}
        return Round(report, seconds, *({name: kinds[name][kind] for name in SYSTEMS} for kind in ("create", "update", "read")))

    def journal(self, name: str) -> list[dict[str, Any]]:
        calls: list[dict[str, Any]] = self.http.get(f"{self.crms[name]['url']}/_sandbox/journal?after={self.read[name]}").json()
        self.read[name] += len(calls)
        return calls

    def advance(self, hours: int) -> None:
        self.clock.ahead += timedelta(hours=hours)
        self.http.post(f"{self.crms['salesforce']['url']}/_sandbox/clock", json={"advance": hours * 3600})


def _kind(system: str, call: dict[str, Any]) -> str:
    path = call["path"]
    if path.endswith(CREATES[system][0]):
        return "create"
    reads = call["method"] == "GET" or '"ids"' in call["body"] or any(part in path for part in ("/oauth2/", "/search", "/batch/read"))
    return "read" if reads else "update"


@contextmanager
def _sandboxes() -> Iterator[dict[str, dict[str, str]]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "leadhub_sandbox", "--exit-with-stdin"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait(10)


def run(rows: int, store: str, profile: cProfile.Profile | None = None) -> list[Round]:
    """Import and sync `rows` rows in a fresh world; return the three syncs."""
    with tempfile.TemporaryDirectory() as folder, _sandboxes() as crms, httpx.Client(timeout=120) as http:
        world = World(Path(folder), crms, http)
        world.configure(rows, store)
        world.adopt_both()
        rounds = []
        for _ in range(3):
            rounds.append(world.sync(profile))
            world.advance(2)
        return rounds


def _empty(url: str) -> None:
    """Drop what a run left in a database, so that the next one begins anew."""
    engine = create_engine(url)
    metadata.drop_all(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")
    engine.dispose()


def show(rounds: list[Round]) -> list[str]:
    """Print the figures and return the promises that were broken."""
    broken = []
    for number, done in enumerate(rounds, start=1):
        report = done.report
        pulled, total = sum(c.pulled for c in report.systems.values()), sum(report.records.values())
        counts = ", ".join(f"{name} {report.records[name]:,}" for name in COUNTS)
        print(f"sync {number}: {report.status}, {done.seconds:.1f} s, pulled {pulled:,} = {counts} (sum {total:,})")
        if pulled != total:
            broken.append(f"sync {number}: {pulled} records were pulled and {total} counted")
        for name in SYSTEMS:
            print(f"  {name}: {done.creates[name]} calls create, {done.updates[name]} update, {done.reads[name]} read")
    first, second, third = rounds
    for name in SYSTEMS:
        created, size = first.report.systems[name].created, CREATES[name][1]
        wanted = math.ceil(created / size)
        print(f"creates in {name}: {created:,} records in {first.creates[name]} calls; ceil({created:,}/{size}) = {wanted}, and one for the canary")
        if first.creates[name] not in (wanted, wanted + 1):
            broken.append(f"{name}: {first.creates[name]} calls for {created} creates, not {wanted}")
        if not created:
            broken.append(f"{name}: nothing was created")
    broken += [f"sync {number} wrote: {done.writes} calls" for number, done in ((2, second), (3, third)) if done.writes]
    return broken


def main() -> int:
    """Run, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--small", type=int, help="rows of the second run (default: a tenth)")
    parser.add_argument("--store", default="sqlite:///leadhub.db", help="URL of an empty database; its tables are dropped between the runs")
    parser.add_argument("--profile", action="store_true", help="show where the time of the large run went")
    options = parser.parse_args()
    small = options.small or max(1, options.rows // 10)
    profile = cProfile.Profile() if options.profile else None
    print(f"{options.rows:,} rows, store {options.store.partition(':')[0]}")
    large_rounds = run(options.rows, options.store, profile)
    broken = show(large_rounds)
    print(f"peak memory of leadhub: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB")
    if not options.store.startswith("sqlite"):
        _empty(options.store)
    reads, fewer = large_rounds[2].reads, run(small, options.store)[2].reads
    print(f"reads in sync 3: {reads} with {options.rows:,} rows, {fewer} with {small:,}")
    if reads != fewer:
        broken.append(f"the reads of an idle sync depend on the number of leads: {reads} and {fewer}")
    if profile:
        pstats.Stats(profile).sort_stats("cumulative").print_stats(45)
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)
    for line in broken:
        print(f"BROKEN: {line}")
    print("every promise held" if not broken else f"{len(broken)} promises broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
