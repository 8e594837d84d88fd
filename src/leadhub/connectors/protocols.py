"""The connector contract. Capabilities are types: a connector has a capability when it has the methods, and nothing is flagged.

Connectors never retry and never sleep: they raise errors typed by recovery (`leadhub.errors`), and one retry layer repeats what is safe.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol, runtime_checkable

from pydantic import BaseModel

from leadhub.clock import Clock
from leadhub.connectors.http import HttpClient
from leadhub.model.delivery import Delivery, Door
from leadhub.model.proof import Proof, Trial
from leadhub.model.record import (
    Author,
    Change,
    Cursor,
    FieldDescription,
    Finding,
    Identity,
    Need,
    ObjectMapping,
    Outcome,
    Owner,
    Page,
    Record,
    Usage,
)


class Log(Protocol):
    """The logger that a connector is given: structured, personal data masked on the way out."""

    def info(self, event: str, /, **fields: object) -> object:
        """Say that something happened."""
        ...

    def warning(self, event: str, /, **fields: object) -> object:
        """Say that something is not as it should be."""
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """What a connector is made from: one instance per thread.

    `settings` is an instance of the connector's own `settings_model`; `wanted` are the native fields to ask for, by object; `http` makes an
    httpx client (base URL, bearer token or none) with leadhub's time-outs and error translation.
    """

    system: str
    settings: Any
    wanted: Mapping[str, tuple[str, ...]]
    http: Callable[..., HttpClient]
    clock: Clock
    log: Log


class Source(Protocol):
    """Reads records."""

    name: ClassVar[str]
    settings_model: ClassVar[type[BaseModel]]
    mappings: ClassVar[tuple[ObjectMapping, ...]]

    def __init__(self, context: Context) -> None: ...

    def check(self) -> Identity:
        """Say which organization answers and as whom. Raises AccessDenied, Unavailable."""
        ...

    def pull(self, since: Cursor | None) -> Iterator[Page]:
        """Yield every record changed since the cursor; None means everything that exists.

        A page may be empty, a record may come twice, objects may interleave. The run may stop after any page and resume from its cursor. The
        connector applies the overlap that its system's index needs.
        """
        ...


@runtime_checkable
class Target(Source, Protocol):
    """Reads and writes. One that takes `Operation.ARCHIVE` says so by a class attribute `archives = True`; no other is ever asked to archive.

    One whose system bears several batches at once says how many by a class attribute `side_by_side`; each of them gets an instance of its own.
    One that takes `Operation.CONVERT` says so by `converts = N`, how many records a call converts, and by `converted` in the object's mapping.
    """

    batch_size: ClassVar[int]

    def push(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        """Write, and yield one outcome a change, matched by key and never by position.

        Takes at most `batch_size` changes of one object and one operation. An error of `leadhub.errors` leaves the changes not yet yielded
        not attempted, but for UnknownOutcome, which leaves them unknown; so does any other exception, and an outcome that breaks this contract.
        """
        ...


@runtime_checkable
class Rereads(Protocol):
    """Reads records by id: the check right before a write, and of many writes alike the reading back of the first."""

    def reread(self, object_name: str, ids: Sequence[str]) -> Mapping[str, Record]:
        """Return the records as they are now, by the id asked for; one that is gone comes back with `gone` set.

        Believed whatever their stamps: must not go through an index that lags.
        """
        ...


@runtime_checkable
class Finds(Protocol):
    """Finds records by the key that leadhub wrote when it created them."""

    def find(self, object_name: str, keys: Collection[str]) -> Mapping[str, Record]:
        """Return the records that carry these keys, by key. Must not go through an index that lags."""
        ...


@runtime_checkable
class Traces(Protocol):
    """Looks for what a create whose answer was lost may have left, where no key of ours tells."""

    def trace(self, object_name: str, changes: Sequence[Change], since: datetime) -> Mapping[str, Record]:
        """Return by key the records that leadhub's own login made since that instant of leadhub's clock, and that can be nobody else's.

        A key that is absent says nothing: the create may still be under way, or two records fit it.
        """
        ...


@runtime_checkable
class Describes(Protocol):
    """Tells what the live system's fields are."""

    def describe(self, object_name: str) -> Mapping[str, FieldDescription]:
        """Return every field that this login can see, by native name."""
        ...


@runtime_checkable
class Examines(Protocol):
    """Tells what this login may and may not do there, before a run finds out."""

    def examine(self, needs: Sequence[Need]) -> Iterator[Finding]:
        """Yield what was found, each with what to click where if it is not well. Reads only.

        What cannot be told without writing, or without a right that leadhub does not need, is a `note` that says so.
        """
        ...


@runtime_checkable
class Proves(Protocol):
    """Tries in a test account what only a live one can prove. Never asked to in a production organization, nor without a person's yes."""

    trials: ClassVar[tuple[Trial, ...]]

    def prove(self, mark: str) -> Iterator[Proof]:
        """Make records that bear the mark, yield what came of each trial, in their order, and remove the records whatever happens.

        The last proof tells of the removal. A trial that cannot be made, for want of a right or of a setting, is told so; the others go on.
        """
        ...


@runtime_checkable
class Attributes(Protocol):
    """Tells who set a field, from the system's own history."""

    def authors(self, object_name: str, ids: Sequence[str], fields: Sequence[str]) -> Mapping[tuple[str, str], Author]:
        """Return the author of the present value by (record id, native field), for those that the history names."""
        ...


@runtime_checkable
class LastModified(Protocol):
    """Tells who saved a record last: for systems that keep no history of some field, or of none."""

    def modified(self, object_name: str, ids: Sequence[str]) -> Mapping[str, Author]:
        """Return who saved the records last, and when, by the id asked for. No proof that this person set any one field."""
        ...


@runtime_checkable
class Meters(Protocol):
    """Tells how many calls were made and how much of the daily allowance is gone."""

    def usage(self) -> Usage:
        """Return this instance's calls, and the whole allowance as last heard."""
        ...


@runtime_checkable
class Directory(Protocol):
    """Tells who can own records, so that owners are matched across systems by their e-mail address."""

    def owners(self) -> Iterator[Owner]:
        """Yield every user and queue that can own a record, the inactive ones included."""
        ...


@runtime_checkable
class Receives(Source, Protocol):
    """Takes what others send: `leadhub serve` keeps a delivery as it came, and the next run has it parsed.

    A connector that only receives has a `pull` that yields nothing.
    """

    def door(self) -> Door:
        """Say by which door deliveries come in."""
        ...

    def turn_away(self, delivery: Delivery) -> str | None:
        """Say, in a sentence for the sender, why a delivery is refused at the door and not kept; None for all that is. Pure.

        Only for what leadhub will never take. A delivery that merely cannot be understood is kept: its sender will not send it again.
        """
        ...

    def parse(self, delivery: Delivery) -> Sequence[Record]:
        """Return the records of a delivery, at least one. Pure: the same delivery gives the same records, under ids made from the delivery's.

        Raises RecordError where nothing can be made of it; its sentence is the reason under which the delivery is listed.
        """
        ...
