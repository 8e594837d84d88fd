"""An opened deployment and its systems, with what every step of a run asks of them."""

import getpass
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

import structlog
from pydantic import BaseModel

from leadhub import config
from leadhub.clock import Clock
from leadhub.config.scope import admits
from leadhub.connectors import http
from leadhub.connectors.protocols import Context, Log, Receives, Source
from leadhub.core.normalize import Fields, shown_by, side_of
from leadhub.core.owners import NOBODY, OwnerBook
from leadhub.core.policy import Policy, Settle
from leadhub.core.sides import Side
from leadhub.core.targets import TargetObject, native_names
from leadhub.errors import ConfigError
from leadhub.hub.mappings import rule_of
from leadhub.model.person import Link, StoredRecord, Value
from leadhub.model.record import Author, Identity, NativeValue
from leadhub.plugins import Plugins
from leadhub.store import Store, Transaction

Books = Mapping[str, OwnerBook]
"""The owners of each system, by its name."""


def os_user() -> str:
    """Return who runs leadhub, as the operating system knows them: the journal's actor, and the one who approves.

    By the user's number: what the environment says (USER, LOGNAME) anybody may set.
    """
    if sys.platform == "win32":
        return getpass.getuser()
    import pwd  # not on Windows

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # no such user in a container
        return f"uid {os.getuid()}"


@dataclass(frozen=True, slots=True)
class System:
    """One configured system: how it is reached, what it is asked for, and how its state is read."""

    name: str
    doc: config.SystemDoc
    connector: type[Source]
    settings: BaseModel | None
    """None where the deployment was opened offline and something that they point at is missing."""
    objects: tuple[TargetObject, ...]
    projection: str
    """What the stored form of this system's records depends on: where it changed, every record is looked at again."""

    @property
    def is_target(self) -> bool:
        """Whether the connector can write at all."""
        return hasattr(self.connector, "push")

    @property
    def receives(self) -> bool:
        """Whether its records come in by themselves: each is news, and no old disagreement."""
        return hasattr(self.connector, "parse")

    @property
    def writes(self) -> bool:
        """Whether the connector can write and the configuration lets it."""
        return self.doc.mode == "write" and self.is_target

    @property
    def external_id(self) -> str | None:
        """The native field that carries our key in the records that leadhub makes there, if the connector's settings name one."""
        return getattr(self.settings, "external_id", None)

    def object(self, name: str) -> TargetObject:
        """Return one object by name."""
        return next(o for o in self.objects if o.mapping.object == name)

    def reads(self, name: str) -> bool:
        """Whether an object is read at all; records of one that once was say nothing any more."""
        return any(o.mapping.object == name for o in self.objects)

    def in_scope(self, object_name: str, values: Mapping[str, NativeValue]) -> bool:
        """Whether a record is one of those that count here."""
        return admits(self.doc.scope, object_name, values)

    def book(self, tx: Transaction) -> OwnerBook:
        """Return the owners that the system knows, as last heard."""
        return OwnerBook.of(tx.owners.of(self.name), self.doc.owner_map, self.doc.owner_fallback)


@dataclass(slots=True)
class Hub:
    """An opened deployment."""

    deployment: config.Deployment
    plugins: Plugins
    systems: Mapping[str, System]
    fields: Fields
    """The canonical fields: those that ship, and the deployment's own."""
    policy: Policy
    store: Store
    clock: Clock
    log: Log
    actor: str = field(default_factory=os_user)
    make_http: Callable[..., http.HttpClient] = http.client
    one_thread: bool = False
    """Whether systems are read in turn and not side by side: slower, and the same each time."""
    progress: Callable[[str, str, int, int | None], object] = field(default=lambda _step, _system, _done, _total: None)
    """Is told how far a run is: the step, the system or "", how much is done, and of how much where that is known."""
    met: Callable[[str, Identity], object] = field(default=lambda _name, _identity: None)
    """Is told who answered, once a system and run, before anything is read from it or written to it."""

    def connect(self, system: System, gate: http.Gate | None = None) -> Source:
        """Make the system's connector: one instance a thread. Raises ConfigError if the deployment was opened without what the connector needs.

        `gate` is where its calls have to pass.
        """
        context = self._context(system)
        if gate is not None:
            context = replace(context, http=lambda *given, **named: gate.watch(self.make_http(*given, **named)))
        return system.connector(context)

    def receiver(self, system: System) -> Receives:
        """Make the connector of a system whose records come in by themselves. Raises ConfigError as `connect` does."""
        receiver = system.connector(self._context(system))
        assert isinstance(receiver, Receives)
        return receiver

    def _context(self, system: System) -> Context:
        if system.settings is None:
            raise ConfigError(
                f"{system.name} cannot be reached without its settings:\n" + "\n".join(f"  {m}" for m in self.deployment.missing[system.name])
            )
        key = () if system.external_id is None else (system.external_id,)
        wanted = {o.mapping.object: (*native_names(o), *(key if o.mapping.creates else ())) for o in system.objects}
        log = structlog.get_logger().bind(system=system.name)
        return Context(system.name, system.settings, wanted, self.make_http, self.clock, log)

    @property
    def region(self) -> str | None:
        """The country of phone numbers that name none."""
        return self.deployment.document.defaults.region

    def rule(self, rule: Settle) -> Settle:
        """Return a rule for standing differences, its values as a person wrote them, in the form in which the policy compares it."""
        return rule_of(rule, {name: [o.mapping for o in system.objects] for name, system in self.systems.items()}, self.fields, self.region)

    def books(self, tx: Transaction) -> dict[str, OwnerBook]:
        """Return the owners of every system, as last heard."""
        return {name: system.book(tx) for name, system in self.systems.items()}

    def targets(self, books: Books | None = None) -> dict[tuple[str, str], TargetObject]:
        """Return every object of every system, by system and object."""
        known = books or {}
        of_leads = frozenset(name for name, one in self.fields.items() if one.entity == "lead")
        return {o.key: replace(o, owners=known.get(o.system, NOBODY), of_leads=of_leads) for system in self.systems.values() for o in system.objects}

    def shown(self, record: StoredRecord, books: Books | None = None) -> dict[str, Value]:
        """Return what a record says in canonical terms."""
        mapping = self.systems[record.system].object(record.object).mapping
        return shown_by(mapping, record.native, self.fields, region=self.region, owners=(books or {}).get(record.system, NOBODY))

    def side(
        self, link: Link, record: StoredRecord, books: Books, *, writes: bool, authors: Mapping[str, Author] | None = None, fresh: bool = False
    ) -> Side:
        """Return what a linked record shows, as the rules look at it: of a person's further records in a system, their consent alone."""
        target = self.systems[link.system].object(link.object)
        side = side_of(
            link,
            record,
            target.mapping,
            target.relation,
            writes=writes,
            authors=authors,
            fields=self.fields,
            region=self.region,
            owners=books.get(link.system, NOBODY),
            fresh=fresh,
            told=not self.systems[link.system].is_target,
        )
        return side if link.role == "primary" else side.only([name for name, known in self.fields.items() if known.merge == "restrictive"])


def heard_records(hub: Hub, links: Iterable[Link], records: Mapping[str, StoredRecord]) -> Iterable[tuple[Link, StoredRecord]]:
    """Yield the links that count, with their records: configured, there, and not frozen."""
    for link in links:
        record = records.get(link.id)
        known = link.system in hub.systems and hub.systems[link.system].reads(link.object)
        if known and record is not None and record.gone is None and link.role != "frozen":
            yield link, record
