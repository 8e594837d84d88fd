"""Real kills: two workers at once, each killed (SIGKILL) again and again, while people go on editing. Exits with 1 if anything is lost or doubled.

    python benchmarks/kills.py [--kills 1000] [--store sqlite|postgresql] [--url URL] [--seed 1] [--people 60]

Both CRMs run in a process of their own, over HTTP. Each worker is a fork of this process, which has leadhub loaded already; it syncs without end, and
waits while the other one holds the lease. It is killed at a random moment, or at a chosen point: just before or after a commit, before, in or after a
call. People type values of which no two are alike, each over what the record shows then, and enter new leads. At the end leadhub runs until it has
nothing left to do, and everything typed must be in place in both systems, be typed over, or be listed as overruled.
"""

import argparse
import gc
import mmap
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from kills_town import CELLS, Typed, start
from leadhub_hubspot.connector import HubSpot
from leadhub_salesforce.connector import SalesforceConnector
from postgres import server
from town import SYSTEMS, World

from leadhub.clock import SystemClock
from leadhub.errors import LeadhubError, LeaseHeld
from leadhub.hub import Hub, open_hub
from leadhub.store import Store
from leadhub.sync import apply as applying
from leadhub.sync import run as running
from leadhub.sync import session
from leadhub.sync.retry import Careful

MOMENTS = (
    "before it had the lease",
    "in a transaction",
    "just before a commit",
    "just after a commit",
    "in a call that reads",
    "after a call that reads",
    "between intent and call",
    "in a call that writes",
    "after a call that writes, before its outcome is stored",
)
STEPS = ("none", "recover", "pull", "agree", "apply", "close")
RARE = MOMENTS[6:]
CHOSEN = (*MOMENTS[2:], *RARE)
BATCH = 5
MANY = 10**6


class Struck:
    """What both processes see of a worker: how far it is. In shared memory, so that it outlives a kill."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, mmap.PAGESIZE)

    def clear(self) -> None:
        self._shared[:3] = b"\0\0\0"

    def note(self, *, moment: int | None = None, step: int | None = None, working: bool = False) -> None:
        if moment is not None:
            self._shared[0] = moment
        if step is not None:
            self._shared[1] = step
        if working:
            self._shared[2] = 1

    @property
    def moment(self) -> str:
        return MOMENTS[self._shared[0]]

    @property
    def step(self) -> str:
        return STEPS[self._shared[1]]

    @property
    def working(self) -> bool:
        return bool(self._shared[2])


# ---- a worker, in a process of its own ---------------------------------------------------------------------------------------------------


class Later(SystemClock):
    """The CRMs' clock."""

    def __init__(self, hours: float) -> None:
        self.ahead = timedelta(hours=hours)

    def now(self) -> datetime:
        return super().now() + self.ahead


@dataclass
class Worker:
    """Notes how far it is, and kills itself the n-th time that it comes to its point."""

    shared: Struck
    point: str | None
    count: int
    writing: bool = False

    def at(self, moment: str) -> None:
        self.shared.note(moment=MOMENTS.index(moment))
        if moment == self.point:
            self.count -= 1
            if self.count <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def in_step(self, name: str, act: Callable[..., Any]) -> Callable[..., Any]:
        def stepping(*given: Any, **named: Any) -> Any:
            self.shared.note(step=STEPS.index(name), working=True)
            return act(*given, **named)

        return stepping

    def install(self) -> None:
        """Put the notes around what production does. In this process alone."""
        begin, push, send = Store.begin, Careful.push, httpx.Client.send

        @contextmanager
        def beginning(store: Store) -> Iterator[Any]:
            with begin(store) as tx:
                if self.shared.working:
                    self.at("in a transaction")
                yield tx
                if self.shared.working:
                    self.at("just before a commit")
            if self.shared.working:
                self.at("just after a commit")

        def pushing(careful: Careful, changes: Any) -> Any:
            self.at("between intent and call")
            self.writing = True
            try:
                yield from push(careful, changes)
            finally:
                self.writing = False

        def sending(client: Any, request: httpx.Request, **options: Any) -> httpx.Response:
            self.at("in a call that writes" if self.writing else "in a call that reads")
            answer = send(client, request, **options)
            self.at("after a call that writes, before its outcome is stored" if self.writing else "after a call that reads")
            return answer

        Store.begin, Careful.push, httpx.Client.send = beginning, pushing, sending  # type: ignore[method-assign]  # in a fork
        for module, name, step in (
            (running, "recover", "recover"),
            (running, "pull", "pull"),
            (running, "agree", "agree"),
            (applying, "apply", "apply"),
            (session, "_close", "close"),
        ):
            setattr(module, name, self.in_step(step, getattr(module, name)))
        HubSpot.batch_size = SalesforceConnector.batch_size = BATCH


def opened(folder: Path, hours: float) -> Hub:
    """Open the deployment."""
    return open_hub(folder, clock=Later(hours))


def allowed() -> dict[tuple[str, str], int]:
    """The guards are no part of this."""
    return {(name, what): MANY for name in SYSTEMS for what in ("updates", "creates")}


def work(hub: Hub, worker: Worker) -> None:
    """Sync without end."""
    folder = hub.deployment.folder
    worker.install()
    while True:
        try:
            running.sync(hub, allowed=allowed())
        except LeaseHeld:
            time.sleep(0.02)
        except LeadhubError as error:
            with (folder / "errors").open("a", encoding="utf-8") as file:
                file.write(f"{type(error).__name__}: {error}\n")
            time.sleep(0.1)


def forked(act: Callable[[], object]) -> int:
    """Do something in a fork, which ends with it."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        act()
        status = 0
    finally:
        os._exit(status)


# ---- the campaign ------------------------------------------------------------------------------------------------------------------------


@dataclass
class Slot:
    """One of the two workers: which process it is now, and how that is to end."""

    shared: Struck
    pid: int = 0
    by_point: bool = False
    patience: float = 0
    ends: float | None = None


@dataclass
class Campaign:
    """Two workers, the people, and what was counted."""

    world: World
    hub: Hub
    """Opened, and warm: a fork of it works at once. It has no connection, neither to the store nor to a system."""
    rng: random.Random
    people: int
    rate: float
    typed: list[Typed] = field(default_factory=list)
    entered: list[tuple[str, str]] = field(default_factory=list)
    moments: Counter[str] = field(default_factory=Counter)
    steps: Counter[str] = field(default_factory=Counter)
    strange: list[str] = field(default_factory=list)

    def run(self, kills: int) -> None:
        """Fork, type, kill, until so many were killed."""
        slots, acts = [Slot(Struck()), Slot(Struck())], 0.0
        while self.moments.total() < kills:
            for slot in slots:
                if slot.pid:
                    self._watch(slot)
                else:
                    self._start(slot)
            if time.monotonic() >= acts:
                self._act()
                acts = time.monotonic() + self.rng.expovariate(self.rate)
            time.sleep(0.003)
        for slot in slots:
            if slot.pid:
                os.kill(slot.pid, signal.SIGKILL)
                os.waitpid(slot.pid, 0)

    def _start(self, slot: Slot) -> None:
        slot.shared.clear()
        slot.by_point = self.rng.random() < 0.6
        slot.patience, slot.ends = self.rng.uniform(0.01, 1.0), None
        if self.rng.random() < 0.05:
            slot.ends = time.monotonic() + slot.patience  # whether it has the lease by then or not
        point = self.rng.choice(CHOSEN) if slot.by_point else None
        worker = Worker(slot.shared, point, self.rng.randint(1, 2 if point in RARE else 6))
        slot.pid = forked(lambda: work(self.hub, worker))

    def _watch(self, slot: Slot) -> None:
        gone, status = os.waitpid(slot.pid, os.WNOHANG)
        if gone:
            slot.pid = 0
            if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
                self.moments[slot.shared.moment] += 1
                self.steps[slot.shared.step] += 1
            else:
                self.strange.append(f"a worker ended by itself, with {status}")
        elif slot.ends is None and slot.shared.working:
            slot.ends = time.monotonic() + (20 if slot.by_point else slot.patience)
        elif slot.ends is not None and time.monotonic() >= slot.ends:
            os.kill(slot.pid, signal.SIGKILL)
            slot.ends = None if slot.shared.working else time.monotonic() + 60

    def _act(self) -> None:
        """Let somebody type a value, or enter somebody new."""
        system = self.rng.choice(SYSTEMS)
        number = len(self.typed) + len(self.entered)
        if self.rng.random() < 0.06:
            address = f"new{number}@new{number}.example"
            self.world.ask(enter=[system, number, address])
            self.entered.append((system, address))
            return
        cell = self.rng.choice(list(CELLS))
        system = CELLS[cell].by or system
        person = self.rng.randrange(self.people)
        told = self.world.ask(type=[system, person, cell, CELLS[cell].value(number)])
        self.typed.append(Typed(person, cell, system, told["value"], told["shown"], told["at"]))


def until_quiet(world: World) -> tuple[Hub, int]:
    """Run until there is nothing left to write, hours apart. Returns the deployment and the number of runs that wrote."""
    for rounds in range(12):
        world.ask(advance=7200)
        world.hours += 2
        hub = opened(world.folder, world.hours)
        report = running.sync(hub, allowed=allowed())
        if report.status == "ok" and not any(c.created + c.updated for c in report.systems.values()):
            return hub, rounds
        hub.store.close()
    raise SystemExit(f"it does not come to rest: {report.status}, {report.troubles}, {report.refusals}")


# ---- what came of it ---------------------------------------------------------------------------------------------------------------------


@dataclass
class Found:
    """What is wrong at the end, and what was counted on the way."""

    lost: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    """Typed between leadhub's last look and its write: what no rule closes."""
    doubled: list[str] = field(default_factory=list)
    overruled: int = 0
    takeovers: int = 0
    open: int = 0


def look(world: World, hub: Hub, campaign: Campaign) -> Found:
    """Compare both systems with what people did."""
    found, state = Found(), world.ask(state=True)
    with hub.store.read() as tx:
        found.takeovers = sum(run.status == "crashed" for run in tx.runs.list(limit=1_000_000))
        found.open = len(tx.intents.open()) + len(tx.reviews.open(kind="possible_duplicate", limit=1000))
        persons = {v: a for ids in [tx.persons.iter_ids("", MANY)] for a in tx.persons.load(ids) for v in a.person.sets.get("email", ())}
        overruled = {}
        for address, aggregate in persons.items():
            history = [s.edit for s in tx.edits.history(aggregate.person.id)]
            asked = {v for s in tx.reviews.open(person_id=aggregate.person.id) for v in s.review.values.values()}
            overruled[address] = {e.new for e in history if not e.taken} | asked
    everybody = [f"ann{n}@acme{n}.example" for n in range(campaign.people)] + [address for _, address in campaign.entered]
    for system in SYSTEMS:
        count = Counter(state["addresses"][system])
        found.doubled += [f"{address} is {count[address]} times in {system}" for address in everybody if count[address] > 1]
        found.lost += [f"{address} is not in {system}" for address in everybody if not count[address]]
    for person in range(campaign.people):
        for cell in CELLS:
            _judge_cell(found, state, campaign, (person, cell), overruled.get(everybody[person], set()))
    return found


def _judge_cell(found: Found, state: Any, campaign: Campaign, cell: tuple[int, str], overruled: set[str | None]) -> None:
    person, name = cell
    typed = [t for t in campaign.typed if (t.person, t.cell) == cell]
    over = {t.value: t.shown for t in typed}
    shown = {system: state["cells"][system][person][name] for system in SYSTEMS}
    listed = {t.value for t in typed} & overruled
    found.overruled += len(listed)
    if len(set(shown.values())) > 1 and not set(shown.values()) & overruled:
        found.lost.append(f"{name} of {person} differs: {shown}, and nobody is asked")
    accounted, more = set(), list({*shown.values(), *listed})
    while more:
        value = more.pop()
        if value not in accounted:
            accounted.add(value)
            more.append(over.get(value))
    for one in typed:
        if one.value not in accounted:
            where = found.late if _in_the_window(one, state["writes"]) else found.lost
            where.append(f"{name} of {person}: {one.value!r}, typed in {one.system} over {one.shown!r} at {one.at}, is nowhere: {shown}")


def _in_the_window(one: Typed, writes: Any) -> bool:
    """Whether leadhub wrote to that very record within two seconds after."""
    at = datetime.fromisoformat(one.at)
    return any(p == one.person and s == one.system and at <= datetime.fromisoformat(w) <= at + timedelta(seconds=2) for s, p, w in writes)


def report(campaign: Campaign, found: Found, rounds: int, seconds: float, title: str) -> bool:
    """Print it; return whether all is well."""
    print(f"{title}: {campaign.moments.total()} kills in {seconds:.0f} s, {found.takeovers} runs taken over and closed as crashed")
    for moment in MOMENTS:
        print(f"  {campaign.moments[moment]:5} {moment}")
    print("  by step: " + ", ".join(f"{campaign.steps[step]} {step}" for step in STEPS))
    print(f"  {len(campaign.typed):,} values typed, {found.overruled} of them listed as overruled; {len(campaign.entered)} people entered")
    print(f"  at rest after {rounds} more runs that wrote; {found.open} writes or duplicates left open")
    print(f"  {len(found.lost)} lost, {len(found.doubled)} doubled; {len(found.late)} typed between look and write")
    for line in (*found.lost, *found.doubled, *found.late, *campaign.strange):
        print(f"    {line}")
    errors = campaign.world.folder / "errors"
    for line, count in Counter(errors.read_text().splitlines() if errors.exists() else []).most_common(5):
        print(f"    {count} times: {line}")
    return not (found.lost or found.doubled or found.open or campaign.strange)


def campaign(*, kills: int, store: str, seed: int, people: int, url: str | None, rate: float = 6) -> tuple[Campaign, Found, int, float]:
    """Run one from its beginning to its end. The folder of its deployment is gone afterwards."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if url is None:
            url = f"sqlite:///{folder}/leadhub.db" if store == "sqlite" else stack.enter_context(server())
        world = stack.enter_context(start(folder, url, people))
        one = Campaign(world, adopted(world), random.Random(seed), people, rate)
        began = time.monotonic()
        one.run(kills)
        seconds = time.monotonic() - began
        hub, rounds = until_quiet(world)
        found = look(world, hub, one)
        hub.store.close()
        report(one, found, rounds, seconds, f"{store}, seed {seed}")
        return one, found, rounds, seconds


def adopted(world: World) -> Hub:
    """Meet both systems, switch writing on, and run once; return what workers are forked from."""
    hub = opened(world.folder, world.hours)
    for name in SYSTEMS:
        running.adopt(hub, name)
    with hub.store.begin() as tx:
        for row in tx.systems.list():
            tx.systems.save(replace(row, mode="write"))
    hub = opened(world.folder, world.hours)
    running.sync(hub, allowed=allowed())
    hub.store.close()
    gc.collect()
    gc.freeze()
    return hub


def main() -> int:
    """One campaign."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--url", help="an empty database, instead of one of the campaign's own")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--people", type=int, default=60)
    options = parser.parse_args()
    one, found, _, _ = campaign(kills=options.kills, store=options.store, seed=options.seed, people=options.people, url=options.url)
    return 1 if found.lost or found.doubled or found.open or one.strange else 0


if __name__ == "__main__":
    sys.exit(main())
