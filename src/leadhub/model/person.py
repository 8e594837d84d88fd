"""Who and what leadhub agrees on: persons, their leads, and the links from both to records."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from leadhub.model.record import AUTOMATION, Author, Gone, NativeValue
from leadhub.model.state import Facet, State

Value = str | None
"""A canonical field value in its display form. None: blank."""

Cause = Literal["adopted", "edit", "lowering", "decision", "rule", "initial"]
"""Why a canonical value is what it is: first contact, an edit, an accepted move back, a person's decision, a rule of leadhub's, or the start."""


@dataclass(frozen=True, slots=True)
class Canonical:
    """One field's value in the hub, its version (counted up at each change), and where it came from."""

    value: Value
    version: int
    origin: str
    cause: Cause


Reason = Literal[
    "agreed",
    "sent",
    "adopted",
    "cleared",
    "not_permitted",
    "frozen",
    "held",
    "exit",
    "regress",
    "rewritten",
    "decided",
    "lost",
    "fill",
    "preferred",
    "unknown",
    "put_back",
]
"""How a base came to be. On a side that is current and shows something else it is the reason of the standing difference."""


@dataclass(frozen=True, slots=True)
class Base:
    """What one side and the hub last agreed on in one field: the value, and the canonical version that it stands for.

    `bounced` counts how many of our last writes here, without a gap, were fought: answered with a change that no person is known to have made, and
    that after the first one each time put back what the write had replaced, `over`, or came to our writing the same again.
    """

    value: Value
    version: int
    how: Reason
    bounced: int = 0
    over: Value = None


@dataclass(frozen=True, slots=True)
class Versions:
    """One version for each facet of a lead's state."""

    stage: int = 0
    status: int = 0
    exit: int = 0

    def of(self, facet: Facet) -> int:
        """Return the version of one facet."""
        return int(getattr(self, facet))

    def with_(self, versions: Mapping[Facet, int]) -> "Versions":
        """Return these versions with some replaced."""
        return Versions(versions.get("stage", self.stage), versions.get("status", self.status), versions.get("exit", self.exit))


@dataclass(frozen=True, slots=True)
class StateBase:
    """What one record and the hub last agreed on about the state: the native values together, and per lead the versions they stand for.

    `silent` are the fields that were blank at first sight: they say nothing until they change. `bounced` and `over` are as for a plain field: how
    many of our last writes were fought, and what the last one replaced.
    """

    values: Mapping[str, str]
    versions: Mapping[str, Versions]
    silent: frozenset[str] = frozenset()
    how: Reason = "agreed"
    bounced: int = 0
    over: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SetBy:
    """Who gave a facet its present value: the system, or `decision`, and why."""

    origin: str
    cause: Cause
    author: Author = AUTOMATION


@dataclass(frozen=True, slots=True)
class Lead:
    """One pass of a person through the funnel. `cycle` orders the passes: the newest open lead is the current one."""

    id: str
    person_id: str
    cycle: int
    state: State
    versions: Versions
    set_by: Mapping[Facet, SetBy] = field(default_factory=dict)
    exit_reason: str | None = None
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    fields: Mapping[str, Canonical] = field(default_factory=dict)
    """The plain versioned fields that belong to this pass: owner, source, rating and the like."""


Role = Literal["primary", "secondary", "frozen"]


@dataclass(frozen=True, slots=True)
class Link:
    """The tie of a record to a person, and to a lead where the record is one. Secondary records are read for identity alone."""

    system: str
    object: str
    record_id: str
    person_id: str
    lead_id: str | None
    role: Role = "primary"
    base: Mapping[str, Base] = field(default_factory=dict)
    state: StateBase | None = None

    @property
    def id(self) -> str:
        """A name for this link that a person can read."""
        return f"{self.system}/{self.object}/{self.record_id}"


@dataclass(frozen=True, slots=True)
class Person:
    """Identity and consent. `fields` holds the plain versioned fields, `sets` every e-mail and phone ever seen, by match form."""

    id: str
    fields: Mapping[str, Canonical] = field(default_factory=dict)
    sets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    merged_into: str | None = None


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """The latest observation of a record, as the store keeps it."""

    system: str
    object: str
    id: str
    native: Mapping[str, NativeValue]
    stamp: datetime | None
    raw_hash: bytes
    gone: Gone | None = None
    gone_to: str | None = None
    created: datetime | None = None


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A person with leads, links and the records behind the links: the unit that is reconciled, in one piece."""

    person: Person
    leads: tuple[Lead, ...]
    links: tuple[Link, ...]
    records: Mapping[str, StoredRecord]
    """By `Link.id`."""
