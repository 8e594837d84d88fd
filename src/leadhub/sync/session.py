"""One run in progress: the lease, the checked systems, the journal's id and the counts. Everything that a step of the flow needs."""

import gc
import os
import signal
import socket
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from leadhub import values
from leadhub.config import pin
from leadhub.connectors.http import LONGEST_CALL, Gate
from leadhub.core.canary import Pattern
from leadhub.core.guard import API_CALLS, CANARY, Refusal
from leadhub.core.normalize import raw_hash
from leadhub.core.owners import OwnerBook
from leadhub.core.targets import telling_names
from leadhub.errors import ConnectorError, LeadhubError, LeaseHeld, UnknownOutcome
from leadhub.hub import Hub, System
from leadhub.model.record import Cursor, Identity, Json, NativeValue
from leadhub.model.run import WRITES, PlannedChange, RunRow
from leadhub.store import SystemRow, Transaction
from leadhub.sync import checked
from leadhub.sync.deals import note_deals
from leadhub.sync.found_out import FoundOut
from leadhub.sync.marks import Marks
from leadhub.sync.new_forms import follow_values
from leadhub.sync.process import is_gone, this_process
from leadhub.sync.remapping import follow_mapping
from leadhub.sync.remembered import FORMS, in_old_form, make_sure, orders_of
from leadhub.sync.retry import Careful

LEASE = "sync"
LEASE_TIME = timedelta(minutes=10)


@dataclass(slots=True)
class SystemCounts:
    """What a run did with one system."""

    pulled: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    rejected: int = 0
    api_calls: int = 0


@dataclass(slots=True)
class Session:
    """A run that holds the lease."""

    hub: Hub
    kind: str
    run_id: str
    token: int
    started: datetime
    until: datetime
    """When the lease ends, by this machine's clock and at the earliest."""
    allowed: Mapping[tuple[str, str], int] = field(default_factory=dict)
    installation: str = ""
    """The name of this store among all that work with leadhub."""
    rows: dict[str, SystemRow] = field(default_factory=dict)
    books: dict[str, OwnerBook] = field(default_factory=dict)
    careful: dict[str, Careful] = field(default_factory=dict)
    identities: dict[str, Identity] = field(default_factory=dict)
    counts: dict[str, SystemCounts] = field(default_factory=dict)
    sweeping: dict[str, Cursor] = field(default_factory=dict)
    """The systems that this run reads from their beginning, with the cursor that is theirs once all is read."""
    pulled: Marks = field(default_factory=Marks)
    """The keys of the records that this run pulled, each counted once."""
    telling: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    """By system and object, the native fields that `hash_of` looks at."""
    troubles: dict[str, LeadhubError] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    planned: list[PlannedChange] = field(default_factory=list)
    made: list[tuple[PlannedChange, str]] = field(default_factory=list)
    """What this run wrote, each with the record's id, or may have written, with none: a guard's limit is one for all passes together."""
    canaries: dict[tuple[str, Pattern], bool] = field(default_factory=dict)
    """The patterns whose first writes were read back, by system: whether they show what was sent. If not, the rest of them is held in this run."""
    reviews_opened: int = 0
    refused_first_time: int = 0
    left_out: int = 0
    """How many items of the plan that this run was to make it did not make, though nobody had made them before."""
    standing: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    pending: set[str] = field(default_factory=set)
    unheard: Counter[str] = field(default_factory=Counter)
    """By system, how many writing calls in a row got no answer and had no effect."""
    locked: dict[str, str] = field(default_factory=dict)
    """By the key of a write that was not taken because its row stayed locked, whose and which row that is."""
    not_planned: list[str] = field(default_factory=list)
    noted: dict[str, Json] = field(default_factory=dict)
    """What the run's own row keeps beside the counts: an audit's figures, what was found out of earlier runs, which run is taken back."""
    found_out: dict[str, FoundOut] = field(default_factory=dict)
    """By earlier run, what became of the writes that it left open."""
    proposed: dict[str, list[str]] = field(default_factory=dict)
    """By person, actions that somebody would have to allow."""
    had_refusals: bool = False
    interrupted: bool = False
    impatient: bool = False
    """Whether somebody asked a second time."""
    closing: bool = False
    """Whether the run is giving its lease back: nobody may cut that short, or the next run would wait for the lease to end."""

    @property
    def writes(self) -> bool:
        """Whether this run may write to systems at all."""
        return self.kind == "sync"

    def switched_on(self, system: str) -> bool:
        """Whether writes to one system are allowed at all: what is planned for it while it is in trouble, or paused, waits for another run."""
        return self.hub.systems[system].writes and self.rows[system].written

    def may_write(self, system: str) -> bool:
        """Whether one system may be written now: switched on, and well."""
        return self.switched_on(system) and system not in self.troubles

    def waiting(self, system: str) -> str | None:
        """Return why one system cannot be written now though it could be at another time; None where it can."""
        if system in self.troubles:
            return str(self.troubles[system])
        mode = self.rows[system].mode
        return (
            f"{system} is {mode if mode == 'paused' else 'not switched on for writing'}"
            if self.hub.systems[system].writes and mode != "write"
            else None
        )

    def blocked(self, system: str) -> bool:
        """Whether a guard refuses this run's plan for a system. The canary holds one pattern, not the system."""
        return any(refusal.system == system and refusal.guard != CANARY for refusal in self.refusals)

    def fail(self, system: str, error: LeadhubError) -> None:
        """Leave a system out of the rest of the run; the others go on. A lost lease is no system's trouble and ends the run: it is raised."""
        if isinstance(error, LeaseHeld):
            raise error
        self.troubles.setdefault(system, error)
        self.hub.log.warning("system_left_out", system=system, error=str(error))

    def refuse(self, refusals: Sequence[Refusal]) -> None:
        """Keep the guards' refusals; what they refuse is not written in this run."""
        self.refusals.extend(refusals)

    def hash_of(self, object_name: str, values: Mapping[str, NativeValue], system: str) -> bytes:
        """Return the hash of what a record says under the present configuration.

        Stamps and the like that come along say nothing: with them a record would look changed after each of our own writes.
        """
        names = self.telling_of(object_name, system)
        telling = {name: values[name] for name in names if name in values}
        return raw_hash(telling, f"{object_name}|{self.hub.systems[system].projection}")

    def telling_of(self, object_name: str, system: str) -> tuple[str, ...]:
        """Return the native fields of an object that say something of somebody."""
        names = self.telling.get((system, object_name))
        if names is None:
            names = tuple(sorted(telling_names(self.hub.systems[system].object(object_name))))  # sorted: as the hash takes them
            self.telling[system, object_name] = names
        return names

    def checkpoint(self) -> None:
        """Stop here if somebody asked for it: everything up to this point is stored. Raises KeyboardInterrupt."""
        if self.interrupted:
            raise KeyboardInterrupt

    @contextmanager
    def storing(self) -> Iterator[Transaction]:
        """Give a transaction in which nobody else can have taken the lease. Every step of a run stores in one of these and in no other.

        Raises:
            LeaseHeld: the lease was lost; nothing is stored.
        """
        with self.hub.store.begin() as tx:
            tx.leases.check(self.token)
            yield tx

    def renew(self) -> None:
        """Keep the lease. Raises LeaseHeld if it was lost: then nothing more may be written."""
        with self.storing() as tx:
            self.keep(tx)

    def keep(self, tx: Transaction) -> None:
        """Keep the lease, in a transaction that stores something else besides."""
        until = self.hub.clock.now() + LEASE_TIME
        tx.leases.renew(self.token, LEASE_TIME)
        self.until = until

    def note(self, tx: Transaction, name: str, fact: Json) -> None:
        """Keep something in the run's own row from now on: it stands there also if the run is killed."""
        self.noted[name] = fact
        tx.runs.note(self.run_id, self.noted)

    def gate(self) -> Gate:
        """Return a gate for a connector's calls: a write goes out only while its answer can still come within the lease.

        A CRM cannot see whose turn it is. What a process sends that was paused between this look and its call arrives late all the same.
        """
        return Gate(lambda: self.hub.clock.now() + LONGEST_CALL < self.until)


@contextmanager
def open_session(
    hub: Hub,
    kind: str,
    *,
    only: str | None = None,
    allowed: Mapping[tuple[str, str], int] | None = None,
    plan: tuple[str, str] | None = None,
) -> Iterator[Session]:
    """Take the lease, check every adopted system, and close the run's journal whatever happens. `plan`: which one is made, by its run and hash.

    Raises:
        LeaseHeld: another run works.
        ConfigError: a system answers as another organization than the one that was met before.
    """
    owner = f"{hub.actor}@{socket.gethostname()} pid {os.getpid()}"
    run_id, now = hub.clock.new_id(), hub.clock.now()
    with hub.store.begin() as tx:
        token = tx.leases.acquire(LEASE, owner, LEASE_TIME, process=this_process(), gone=is_gone)
        installation = tx.installations.name(hub.clock.new_id()[-8:])
        tx.runs.start(RunRow(run_id, kind, now, None, "running", {}, hub.deployment.hash, hub.actor, *(plan or ())))
    session = Session(hub, kind, run_id, token, now, now + LEASE_TIME, allowed or {}, installation)
    status = "failed"
    with _interruptible(session), _fewer_collections():
        try:
            _load_systems(session, only)
            yield session
            status = "ok"
        except KeyboardInterrupt:
            status = "interrupted"
            raise
        finally:
            _close(session, status)


def _close(session: Session, status: str) -> None:
    """Close the run's journal and give the lease back. Whoever took the lease has closed the journal of a run that they took for dead: it stays so."""
    session.closing = True
    try:
        with session.storing() as tx:
            counts = {name: _plain(c) for name, c in session.counts.items()}
            tx.runs.finish(session.run_id, _status(session, status), counts | session.noted)
            tx.leases.release(session.token)
    except LeaseHeld:
        if status == "ok":  # else something is on its way already, and says more
            raise


@contextmanager
def _fewer_collections() -> Iterator[None]:
    """Let Python look for cycles every 50,000 new objects: a run makes millions and hardly a cycle, and looking as often as usual is a quarter of its time."""
    usual = gc.get_threshold()
    gc.set_threshold(50_000, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


@contextmanager
def _interruptible(session: Session) -> Iterator[None]:
    """Let a first Ctrl-C (or SIGTERM) end the run after the batch in flight; a second one ends it at once, or as soon as the store has been written."""

    def note(_signum: int, _frame: object) -> None:
        session.impatient = session.interrupted
        session.interrupted = True
        leave()

    def leave() -> None:
        if session.impatient and not session.closing and not session.hub.store.writing:
            raise KeyboardInterrupt

    ours = threading.current_thread() is threading.main_thread()
    session.hub.store.when_written = leave
    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)} if ours else {}
    try:
        yield
    finally:
        session.hub.store.when_written = lambda: None
        for number, handler in before.items():
            signal.signal(number, handler)


def _status(session: Session, status: str) -> str:
    if status != "ok":
        return status
    return "blocked" if session.refusals else "partial" if session.troubles or session.refused_first_time or session.left_out else "ok"


def _plain(counts: SystemCounts) -> Json:
    return {name: getattr(counts, name) for name in counts.__slots__}


def _load_systems(session: Session, only: str | None) -> None:
    """Check the systems that take part: those that are adopted, and the one that is being adopted."""
    if session.kind == "audit":
        _look_at_systems(session)
        return
    hub, changed = session.hub, False
    with session.storing() as tx:
        known = {row.name: row for row in tx.systems.list()}
        session.had_refusals = any(tx.reviews.open(kind=kind, limit=1) for kind in WRITES)
        if any(in_old_form(row) for row in known.values()):
            follow_values(tx, hub)
        for name, system in hub.systems.items():
            row = known.get(name) or SystemRow(name, system.connector.name, mode="new" if system.is_target else "read")
            row = replace(row, adoption=system.doc.adoption, create_cap=system.doc.create_cap)
            orders = orders_of(hub, system, "write" if row.mode == "paused" and system.is_target else row.mode)
            if row.projection_version != orders:
                changed = True
                row = replace(row, projection_version=orders)
            row = note_deals(follow_mapping(tx, system, row), system, session.started)
            row = replace(row, identity={**(row.identity or {}), FORMS: values.VERSION})
            tx.systems.save(row)
            session.rows[name] = row
        for name in hub.systems if changed else ():
            tx.records.mark_system_dirty(name)
    for name, row in session.rows.items():
        takes_part = _is_read(hub.systems[name], row) and session.kind != "import"
        if takes_part or name == only:
            session.counts[name] = SystemCounts()
            _check(session, hub.systems[name])
    for name in session.identities:
        _remember(session, hub.systems[name])
        _ask_owners(session, name)
    with hub.store.read() as tx:
        session.books = hub.books(tx)


def _is_read(system: System, row: SystemRow) -> bool:
    """Whether a system takes part: it is adopted. A pause stops the writes to it; a source that is only read is left alone altogether."""
    return row.mode != "new" and (row.mode != "paused" or system.is_target)


def _look_at_systems(session: Session) -> None:
    """Check the adopted systems for a run that changes nothing of what leadhub remembers of them."""
    with session.hub.store.read() as tx:
        session.books = session.hub.books(tx)
        session.rows = {row.name: row for row in tx.systems.list() if row.name in session.hub.systems}
    for name in (name for name, row in session.rows.items() if _is_read(session.hub.systems[name], row)):
        session.counts[name] = SystemCounts()
        _check(session, session.hub.systems[name])


def _check(session: Session, system: System) -> None:
    try:
        gate = session.gate()
        connector = checked.call(system.name, "its constructor", session.hub.connect, system, gate)
        careful = Careful(connector, session.hub.clock, session.hub.log, system.name, gate)
        careful.may_use = session.allowed.get((system.name, API_CALLS), 0)
        identity = careful.check()
    except (ConnectorError, UnknownOutcome) as error:
        session.fail(system.name, error)
        return
    session.hub.met(system.name, identity)
    make_sure(session.hub, system, session.rows[system.name].org, identity)
    session.careful[system.name], session.identities[system.name] = careful, identity


def _ask_owners(session: Session, name: str) -> None:
    """Ask a system whom its records can belong to: people come and go, and an owner that nobody knows is left alone."""
    system, careful = session.hub.systems[name], session.careful.get(name)
    owned = any(f.type == "owner" for o in system.objects for f in o.mapping.fields)
    if careful is None or not owned or not careful.can_list_owners:
        return
    try:
        owners = careful.owners()
    except LeadhubError as error:  # what is known of them stays; an owner whom nobody knows is left alone
        session.hub.log.warning("owners_not_told", system=name, error=str(error))
        return
    with session.storing() as tx:
        tx.owners.replace(name, owners)


def _remember(session: Session, system: System) -> None:
    """Keep who answered, in the store and for people in the configuration: from now on nobody else may."""
    if not system.is_target:
        return
    org, row = session.identities[system.name].org, session.rows[system.name]
    if row.org is None:
        session.rows[system.name] = replace(row, org=org)
        with session.storing() as tx:
            tx.systems.save(session.rows[system.name])
    if system.doc.org is None:
        pin(session.hub.deployment.path, system.name, org)
