"""What passes between a connector and the core: records, pages, changes and their outcomes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from leadhub.errors import RecordError

NativeValue = str | int | float | Decimal | bool | date | datetime | list[str] | None
"""A value as a system holds it. None: known to be blank. A key that is absent: not known."""

Json = str | int | float | bool | list["Json"] | dict[str, "Json"] | None
Cursor = Json
"""Where a pull resumes: one JSON value that only its connector reads."""

NOTHING: Mapping[str, NativeValue] = MappingProxyType({})


class Gone(StrEnum):
    """Why a record is no longer to be had under its id."""

    DELETED = "deleted"
    MERGED = "merged"
    CONVERTED = "converted"
    VANISHED = "vanished"
    OUT_OF_SCOPE = "out_of_scope"


@dataclass(frozen=True, slots=True)
class Author:
    """Who set a value, as the system's own history tells. An author that no history names counts as automation."""

    kind: Literal["person", "automation"]
    name: str = ""
    at: datetime | None = None


AUTOMATION = Author("automation")
LAST_SAVED = "last modified by "
"""How the name of an author begins who is only known to have saved the record last."""


@dataclass(frozen=True, slots=True)
class Record:
    """A row of a system under its native field names, as seen once.

    `stamp` is the remote's own time of last change (aware), `refs` are ids of other records that it points at (object name → id), `gone_to`
    is the id that took this one's place. `reject` is for ids that people give, who may give one twice: what the record becomes if its id showed
    somebody else before, another address and another name.
    """

    object: str
    id: str
    values: Mapping[str, NativeValue]
    stamp: datetime | None = None
    refs: Mapping[str, str] = field(default_factory=dict)
    gone: Gone | None = None
    gone_to: str | None = None
    created: datetime | None = None
    reject: "Reject | None" = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some records and the cursor to go on from once they are stored. `rejects` are rows that could not be taken in."""

    records: tuple[Record, ...]
    cursor: Cursor
    rejects: tuple["Reject", ...] = ()


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that could not be taken in, kept as it came. `row` is its place as a person would count it."""

    source: str
    row: int
    raw: str
    reason: str


class Operation(StrEnum):
    """What a change does. `CLEAR_THEN_SET` blanks the ordered field first and sets all values in a second request.

    `CONVERT` makes the record another one, with a deal, as people do in that system's own pages; nothing takes that back. It carries no values.
    """

    CREATE = "create"
    UPDATE = "update"
    CLEAR_THEN_SET = "clear_then_set"
    ARCHIVE = "archive"
    CONVERT = "convert"


@dataclass(frozen=True, slots=True)
class Change:
    """One intended write. `key` names it in the journal and, for a create, in the system's external-id field.

    `expected` holds the native values that the plan saw in the fields it writes, `expected_stamp` the record's stamp then.
    """

    key: str
    object: str
    operation: Operation
    record_id: str | None
    values: Mapping[str, NativeValue]
    expected: Mapping[str, NativeValue] = field(default_factory=dict)
    expected_stamp: datetime | None = None


class Result(StrEnum):
    """What came of one change."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    STALE = "stale"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of the change with this key. `values` is what the system answered, where it answered values at all."""

    key: str
    result: Result
    record_id: str | None = None
    values: Mapping[str, NativeValue] | None = None
    stamp: datetime | None = None
    error: RecordError | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who answered a check: which organization, production or not, and as whom leadhub is logged in."""

    org: str
    name: str
    production: bool
    user: str
    user_id: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of a system's daily allowance of calls is gone, by everyone. None: the system does not tell."""

    calls: int
    used: int | None = None
    limit: int | None = None


Level = Literal["ok", "note", "warn", "fail"]
"""How well something is: as it should be, merely told (or not to be had), to be looked at, in the way of the work."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check says of one subject, and what helps: what to click where, or the next command."""

    level: Level
    subject: str
    text: str
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class Need:
    """What leadhub is to do in one object of a system: the native fields that it reads, those that it writes, and whether it makes records."""

    object: str
    reads: tuple[str, ...]
    writes: tuple[str, ...] = ()
    creates: bool = False


@dataclass(frozen=True, slots=True)
class FieldDescription:
    """What the live system says of one of its fields.

    `options` are a picklist's active internal values, `labels` what people see in their place, `converted` those that only an action sets.
    """

    name: str
    label: str
    writable: bool
    required: bool = False
    max_length: int | None = None
    options: tuple[str, ...] | None = None
    converted: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


NativeType = Literal["text", "boolean", "integer", "decimal", "date", "datetime", "multi", "owner"]
"""What a system wants to be sent: a text, a bool, an int, a Decimal, a date, an aware datetime, a list of texts, or the id of an owner."""


@dataclass(frozen=True, slots=True)
class ValueMapping:
    """One native value of a picklist and the canonical values that it may stand for; the first of them is what reading it alone gives.

    `writes` is false for a value that is only ever read. A coarse value (Salesforce's source "Web") stands for several: it agrees with each.
    """

    native: str
    canonical: tuple[str, ...]
    writes: bool = True


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """One canonical field under its native name in one object.

    `normal` names a form that the system itself gives to what it stores. `type` is what it is sent. `values` maps a picklist; a value that is not
    listed is kept as it stands. `member`: the native field only adds to the set of the canonical one (HubSpot's further e-mail addresses), and
    is never compared or written. `missing` are placeholders that read as blank and never leave the system ("[not provided]"). `style` is how the
    system writes a country: its English name, or the two-letter code. `follows` names the canonical field that the value hangs on there: HubSpot
    keeps an opt-out by address, so a new address needs it again. `own_call`: a value other than blank or no takes a request of its own for each
    record; plans count that, writing does not depend on it.
    """

    canonical: str
    native: str
    max_length: int | None = None
    writable: bool = True
    required: bool = False
    normal: Literal["trim", "lower"] = "trim"
    type: NativeType = "text"
    values: tuple[ValueMapping, ...] = ()
    member: bool = False
    missing: tuple[str, ...] = ()
    style: Literal["name", "code"] = "name"
    follows: str | None = None
    own_call: bool = False
    by_native: Mapping[str, ValueMapping] = field(init=False, repr=False, compare=False)
    """`values` by what they are called there."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_native", {listed.native: listed for listed in self.values})


@dataclass(frozen=True, slots=True)
class ObjectMapping:
    """How the records of one object are read. `state` names the preset that reads its state fields; `own_lead`: each record is a lead of its own.

    `same_person` names native fields that hold the id of another record of the same person, by that record's object (a converted Lead names its
    Contact). `creates` is false for an object in which leadhub never makes a record. `event`: each record is something that happened once, a form
    post: it counts beside all the others of its kind, and speaks of the lead that was the current one when it came. `evidence`: the records are
    nobody's identity and are never written, but say how far a lead has come (deals): a record is evidence for the lead whose record names it, else
    for its person's, whom it names itself (both by `same_person`). `opt_in` names the setting (true or false) without which the object is not read.
    `converted` names the native field that is true of a record once it was converted, in an object whose records can be. `guarded` are native fields
    of which up to `guarded_most` updates in a batch take a request each (only if nobody saved the record meanwhile); plans count that.
    """

    object: str
    fields: tuple[FieldMapping, ...]
    state: str | None = None
    own_lead: bool = False
    created: str | None = None
    same_person: Mapping[str, str] = field(default_factory=dict)
    creates: bool = True
    event: bool = False
    evidence: bool = False
    converted: str | None = None
    guarded: tuple[str, ...] = ()
    guarded_most: int = 0
    opt_in: str | None = None

    @property
    def aside(self) -> bool:
        """Whether the object is read beside the one that a system's `preset` is for: it has a vocabulary of its own."""
        return self.evidence or self.opt_in is not None


@dataclass(frozen=True, slots=True)
class Owner:
    """Somebody who can own records in a system: a user, or a queue. Users are the same person across systems if their `email` is."""

    id: str
    name: str
    email: str | None = None
    active: bool = True
    queue: bool = False
