"""What the store hands out beyond the model's nouns: rows of bookkeeping, keys, results. Standard library only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from leadhub.model.person import Lead, Link, StoredRecord
from leadhub.model.record import Json, Operation
from leadhub.model.run import Edit, IntentState, Review

Mode = Literal["new", "read", "write", "paused"]
"""How far leadhub may go with a system: not adopted yet, read only, read and write, left alone for now."""

Seen = Literal["told", "listed", "delivered", "asked"]
"""How records came: among what changed, in a reading of everything, by themselves through the inbox, or by id because somebody asked."""


class RecordKey(NamedTuple):
    """The name of one record in the whole deployment."""

    system: str
    object: str
    id: str

    @property
    def link_id(self) -> str:
        """The same name as `Link.id` spells it."""
        return f"{self.system}/{self.object}/{self.id}"


@dataclass(frozen=True, slots=True)
class SystemRow:
    """What leadhub remembers of a system between runs. `identity` is the last checked one as JSON, `last_full_count` the size of the last full listing."""

    name: str
    connector: str
    org: str | None = None
    mode: Mode = "new"
    adoption: str = "keep"
    create_cap: int = 200
    projection_version: str = ""
    last_full_count: int | None = None
    identity: Mapping[str, Json] | None = None
    adopted_at: datetime | None = None

    @property
    def written(self) -> bool:
        """Whether writing was switched on, be it paused now or not: what is written there is planned."""
        return self.mode in ("write", "paused")


@dataclass(frozen=True, slots=True)
class OtherInstallation:
    """Another leadhub that made a record in one of our systems: which record told, when it was saved and met, and who took its work over, if anybody."""

    system: str
    id: str
    object: str
    record_id: str
    stamp: datetime | None
    met_at: datetime
    taken_over_by: str | None = None
    taken_over_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class IngestResult:
    """What one page changed. Each record of the page is counted once; a record that came twice is counted by what came of it at last.

    `changed_keys` are the keys of new and changed records, now on the work list. `ambiguous` are those of which nothing can be told without asking for
    them by id: nothing was taken, the keys stay marked until that settles them. `older` were observations older than the stored ones, and dropped.
    """

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    older: int = 0
    ambiguous: tuple[RecordKey, ...] = ()
    changed_keys: tuple[RecordKey, ...] = ()


class MatchKey(NamedTuple):
    """One exact key of a record, in match form, with the surname (match form, may be blank) of the record that shows it."""

    kind: str
    key: str
    surname: str = ""


@dataclass(frozen=True, slots=True)
class StoredEdit:
    """An edit with its place in the journal."""

    seq: int
    run_id: str
    edit: Edit


@dataclass(frozen=True, slots=True)
class StoredReview:
    """A review with when it was opened, and by what it was closed (a run, a decision, or None while it is open)."""

    review: Review
    opened_run: str
    opened_at: datetime
    closed_by: str | None = None
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReviewGroup:
    """Open reviews that one answer settles, with how many there are and one of them."""

    group: str
    kind: str
    field: str
    count: int
    example_id: str


@dataclass(frozen=True, slots=True)
class Settlement:
    """What came of one intent, with what it makes of the link and of the record; None leaves that row alone.

    `dirty` puts the record on the work list: the answer shows something that was not sent.
    """

    seq: int
    state: IntentState
    detail: Json = None
    link: Link | None = None
    record: StoredRecord | None = None
    dirty: bool = False


class Tally(NamedTuple):
    """How many intents of a run are alike: the same system, operation and outcome."""

    run_id: str
    system: str
    operation: Operation
    state: IntentState
    amount: int


@dataclass(frozen=True, slots=True)
class LeadSummary:
    """A lead as lists show it."""

    lead: Lead
    name: str
    email: str | None
    company: str | None
    systems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeadQuery:
    """Which leads to list; what is None or blank does not narrow. `email` is in match form, `id_prefix` of a lead or a person."""

    email: str | None = None
    id_prefix: str = ""
    name: str = ""
    stage: str | None = None
    system: str | None = None


@dataclass(frozen=True, slots=True)
class StoredReject:
    """A rejected row with the run that met it."""

    run_id: str
    source: str
    row: int
    raw: str
    reason: str


@dataclass(frozen=True, slots=True)
class Tied:
    """Records found by what they are linked to: how many, by (system, object), and some of them."""

    counts: Mapping[tuple[str, str], int]
    examples: tuple[RecordKey, ...]


@dataclass(frozen=True, slots=True)
class StoreCounts:
    """How much the store holds. `links` is by (system, role), `leads` by stage."""

    persons: int = 0
    leads: Mapping[str, int] = field(default_factory=dict)
    links: Mapping[tuple[str, str], int] = field(default_factory=dict)
    records: Mapping[str, int] = field(default_factory=dict)
    open_reviews: int = 0
