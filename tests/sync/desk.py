"""A run at the point where it writes: two systems that live in memory, a store, and writes planned by hand. Nothing is pulled, and nothing reconciled."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, ClassVar

import pytest

from leadhub import Change, Cursor, NativeValue, Operation, Outcome, Page, Record, Usage
from leadhub.hookspecs import PROJECT
from leadhub.hub import Hub, System, open_hub
from leadhub.model.person import Aggregate, Link, Person
from leadhub.model.run import Intent, PlannedChange
from leadhub.plugins import BLOCK
from leadhub.store import SystemRow, open_store
from leadhub.sync.apply import apply
from leadhub.sync.session import Session, open_session
from leadhub.testing import FrozenClock
from leadhub.testing.hostile import Town
from leadhub.testing.memory import PERSON
from leadhub.testing.memory_remote import MemoryRemote, MemorySettings, Row

PLUGIN = '''"""One connector."""

from leadhub import hookimpl
from leadhub.testing.hostile import Town


@hookimpl
def register_connectors():
    return [Town]
'''
SYSTEMS = ("crm", "other")
FIRM = "firm"


class Log:
    """Keeps what was logged."""

    def __init__(self) -> None:
        self.said: list[tuple[str, Mapping[str, object]]] = []

    def warning(self, event: str, **more: object) -> None:
        """Note it."""
        self.said.append((event, more))

    info = warning


@dataclass
class Far:
    """The far side of one system: its records, what is called there, and what goes wrong with whom."""

    remote: MemoryRemote = field(default_factory=MemoryRemote)
    pushed: list[list[str]] = field(default_factory=list)
    """The keys of each writing call, in the order in which they began."""
    hands: list[int] = field(default_factory=list)
    """Which instance of the connector made each of them."""
    before: dict[str, Exception] = field(default_factory=dict)
    """By key, what is raised in place of the write, each time."""
    after: dict[str, Exception] = field(default_factory=dict)
    """By key, what is raised once the write was made."""
    answers: dict[str, Callable[[Outcome], Outcome]] = field(default_factory=dict)
    """By key, what is told of the write."""
    reading: Exception | None = None
    """What the next reading by id raises."""
    used: int = 0
    meanwhile: Callable[[Sequence[Change]], object] = field(default=lambda _changes: None)
    """Is done at the beginning of each writing call."""
    lock: threading.Lock = field(default_factory=threading.Lock)


class DeskConnector(Town):
    """Does as its far side says."""

    far: ClassVar[Far]
    batch_size: ClassVar[int] = 2
    side_by_side: ClassVar[int] = 1
    made_so_far: ClassVar[int] = 0

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.remote = self.far.remote
        type(self).made_so_far += 1
        self.number = self.made_so_far

    def pull(self, since: Cursor) -> Iterator[Page]:
        """Yield nothing: the desk is about writing."""
        yield Page((), since)

    def usage(self) -> Usage:
        """Return what was used of 100 calls."""
        return Usage(self.made, self.far.used, 100)

    def push(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        """Note the call, and write one by one."""
        far = self.far
        with far.lock:
            far.pushed.append([change.key for change in changes])
            far.hands.append(self.number)
        far.meanwhile(changes)
        for change in changes:
            if change.key in far.before:
                raise far.before[change.key]
            with far.lock:
                outcome = self.write(change)
            if change.key in far.after:
                raise far.after[change.key]
            yield far.answers.get(change.key, lambda told: told)(outcome)

    def reread(self, object_name: str, ids: Sequence[str]) -> Mapping[str, Record]:
        """Return the records by id, of whichever object was asked for."""
        error, self.far.reading = self.far.reading, None
        if error is not None:
            raise error
        return {i: replace(record, object=object_name) for i, record in super().reread(object_name, ids).items()}


class Desk:
    """One run over two systems."""

    def __init__(self, hub: Hub, url: str) -> None:
        self.clock, self.log = FrozenClock(), Log()
        self.far = {name: Far() for name in SYSTEMS}
        self.connectors = {name: type("OfDesk", (DeskConnector,), {"far": far, "made_so_far": 0}) for name, far in self.far.items()}
        self.progress: list[tuple[str, str, int, int | None]] = []
        systems = {name: self._system(hub, name) for name in SYSTEMS}
        store = open_store(url, self.clock)
        self.hub = replace(hub, systems=systems, store=store, clock=self.clock, log=self.log, progress=lambda *told: self.progress.append(told))
        self.mode = dict.fromkeys(SYSTEMS, "write")
        self.people = 0
        self.links: dict[str, tuple[Link, ...]] = {}
        self.seen: dict[str, list[Record]] = {}
        self.session: Session
        self.end: Callable[[], None]
        self.read_before = 0
        self.intents: dict[str, Intent] = {}

    def _system(self, hub: Hub, name: str) -> System:
        """One system, on this desk's far side, with a second object of the same fields."""
        system, connector = hub.systems[name], self.connectors[name]
        (target,) = system.objects
        mapping = replace(target.mapping, object=FIRM)
        connector.mappings = (*connector.mappings, mapping)
        return replace(system, connector=connector, objects=(target, replace(target, mapping=mapping)))

    @contextmanager
    def run(self) -> Iterator[Session]:
        """Open the run."""
        with self.hub.store.begin() as tx:
            for name, mode in self.mode.items():
                tx.systems.save(SystemRow(name, "town", "memory-org", mode))
        with open_session(self.hub, "sync") as session:
            self.session, self.read_before = session, self.far["crm"].remote.calls["read"]
            self.log.said.clear()
            yield session

    # ---- what is planned -------------------------------------------------------------------------------------------------------------

    def update(
        self, key: str, *, system: str = "crm", obj: str = PERSON, operation: Operation = Operation.UPDATE, known: bool = True, **more: Any
    ) -> PlannedChange:
        """A write to somebody whose record both sides know, or the far side alone."""
        person = self._somebody()
        record = f"r{self.people}"
        row = self.far[system].remote.rows[record] = Row(record, {"last_name": "Lee", "first_name": "Old"}, self.clock.now())
        self.links[person] = (Link(system, obj, record, person, None),)
        if known:
            self.seen.setdefault(system, []).append(Record(obj, record, dict(row.values), row.stamp))
        values: dict[str, NativeValue] = {} if operation is Operation.ARCHIVE else {"first_name": f"New {key}"}
        return PlannedChange(key, system, obj, operation, record, person, None, values, {"first_name": "Old"}, {}, **more)

    def create(self, key: str, *, system: str = "crm", obj: str = PERSON) -> PlannedChange:
        """A new record of somebody whom that system does not know."""
        return PlannedChange(key, system, obj, Operation.CREATE, None, self._somebody(), None, {"last_name": f"New {key}"}, {}, {})

    def _somebody(self) -> str:
        self.people += 1
        person = f"p{self.people}"
        self.links[person] = ()
        return person

    def plan(self, *changes: PlannedChange) -> None:
        """Store these writes as planned, in this order, with the persons and records that they are about."""
        session = self.session
        with self.hub.store.begin() as tx:
            tx.persons.save([Aggregate(Person(person), (), links, {}) for person, links in self.links.items()])
            for system, records in self.seen.items():
                hashed = [(record, session.hash_of(record.object, record.values, system)) for record in records]
                tx.records.ingest(system, hashed, None, session.run_id, session.token)
            tx.persons.save(tx.persons.load(self.links))  # judged, so that nothing of them waits
            planned = tx.intents.plan(session.run_id, changes, session.token)
        self.links.clear()
        self.seen.clear()
        self.intents |= {intent.change.key: intent for intent in planned}

    def updates(self, count: int, **more: Any) -> list[str]:
        """Plan so many updates, called u1 and so on."""
        keys = [f"u{n}" for n in range(1, count + 1)]
        self.plan(*[self.update(key, **more) for key in keys])
        return keys

    def apply(self) -> bool:
        """Write, and keep what the journal says then."""
        try:
            return apply(self.session)
        finally:
            self.read()

    def read(self) -> None:
        """Read the journal."""
        with self.hub.store.read() as tx:
            self.intents = {intent.change.key: intent for intent in tx.intents.of_run(self.session.run_id)}

    # ---- what came of it -------------------------------------------------------------------------------------------------------------

    def states(self) -> dict[str, str]:
        """By key, how far each write has come."""
        return {key: intent.state.value for key, intent in self.intents.items()}

    def keys(self, state: str) -> list[str]:
        """The keys of the writes that have come so far."""
        return [key for key, value in self.states().items() if value == state]

    def why(self, key: str) -> object:
        """What the journal says of one write."""
        return self.intents[key].detail

    def record(self, key: str) -> Row:
        """The far side's record that a write is about."""
        change = self.intents[key].change
        return self.far[change.system].remote.rows[str(change.record_id)]

    def there(self, key: str) -> NativeValue:
        """What the far side's record shows in the field that is written."""
        return self.record(key).values.get("first_name")

    def waiting(self) -> set[str]:
        """The records that are looked at again in the next pass or run."""
        with self.hub.store.read() as tx:
            return {key.id for key in tx.records.dirty()}


@pytest.fixture(scope="session")
def desk_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """An opened deployment, for each test to take with a store and systems of its own."""
    folder: Path = tmp_path_factory.mktemp("desk")
    (folder / "plugins").mkdir()
    (folder / "plugins" / "towns.py").write_text(PLUGIN)
    (folder / "token.secret").write_text("memory-s3cret")
    tables = [f'[system.{name}]\nplugin = "town"\nremote = "{name}"\ntoken = "file:token.secret"\nmode = "write"\n' for name in SYSTEMS]
    (folder / "leadhub.toml").write_text("version = 1\n" + "".join(tables))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(BLOCK, ",".join(point.name for point in entry_points(group=PROJECT)))  # they take seconds to load, and have no part in this
        hub = open_hub(folder)
    assert all(isinstance(system.settings, MemorySettings) for system in hub.systems.values())
    yield hub
    hub.store.close()


@pytest.fixture
def desk(desk_hub: Hub, sqlite_url: str) -> Iterator[Desk]:
    """A run that is about to write."""
    desk = Desk(desk_hub, sqlite_url)
    with ExitStack() as ending:
        ending.enter_context(desk.run())
        desk.end = ending.close
        yield desk
    desk.hub.store.close()
