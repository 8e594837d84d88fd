"""The smallest correct target, over a system that lives in memory: what the suites are proven on, and a page to learn from.

`MemoryRemote` is the far side, `MemoryConnector` what a writer writes, `MemoryHarness` the hands of the suite.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, SecretStr

from leadhub import (
    AccessDenied,
    Author,
    Change,
    Context,
    Cursor,
    FieldDescription,
    FieldMapping,
    Gone,
    Identity,
    InvalidValue,
    NativeValue,
    ObjectMapping,
    Operation,
    Outcome,
    Page,
    Record,
    RecordError,
    RecordGone,
    Result,
    UnknownOutcome,
    Usage,
)
from leadhub.testing.harness import Call

T = TypeVar("T")
PERSON = "person"
STATUS = "status"
OPTIONS = ("new", "working", "done")
PAGE = 10
LAG = timedelta(seconds=5)


@dataclass
class Row:
    """A record of the remote. `stamp` has whole seconds, as in many a CRM; `people` are the fields whose present value a person set."""

    id: str
    values: dict[str, NativeValue]
    stamp: datetime
    key: str | None = None
    deleted: bool = False
    merged_into: str | None = None
    people: set[str] = field(default_factory=set)


@dataclass
class MemoryRemote:
    """A system with a clock that stands still, calls that can be broken, and one credential."""

    token: str = "memory-s3cret"  # noqa: S105 - a made-up one, for the law that looks for it in errors
    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    rows: dict[str, Row] = field(default_factory=dict)
    calls: Counter[Call] = field(default_factory=Counter)
    broken: list[tuple[Call, bool]] = field(default_factory=list)

    def call(self, kind: Call, token: str, act: Callable[[], T]) -> T:
        """Answer one call. Raises PermissionError, or ConnectionResetError when the answer is lost."""
        self.calls[kind] += 1
        if self.broken and self.broken[0][0] == kind:
            _, after_commit = self.broken.pop(0)
            if after_commit:
                act()
            raise ConnectionResetError("the connection was closed without an answer")
        if token != self.token:
            raise PermissionError("unknown token")
        return act()

    def changed(self, since: datetime, after: tuple[datetime, str] | None) -> list[Row]:
        """Return up to PAGE rows changed at or after `since`, oldest first, that come after the (stamp, id) of `after`.

        This index is as uneven as real ones: every second row's change shows in it late, after younger changes of other rows.
        """
        shown = [row for row in self.rows.values() if row.stamp + LAG <= self.now or row.id[-1] in "13579"]
        order = sorted(shown, key=lambda row: (row.stamp, row.id))
        return [row for row in order if row.stamp >= since and (after is None or (row.stamp, row.id) > after)][:PAGE]

    def save(self, record_id: str | None, key: str | None, values: Mapping[str, NativeValue], *, person: bool = False) -> Row:
        """Create (without an id) or update a row; a create with a known key is an update. Raises LookupError, ValueError.

        Like many a CRM it takes any string for a picklist, and lower-cases e-mail addresses.
        """
        row = self.rows.get(record_id) if record_id else next((r for r in self.rows.values() if key and r.key == key), None)
        if record_id and (row is None or row.deleted):
            raise LookupError(f"no record {record_id}")
        email = values.get("email")
        if isinstance(email, str) and "@" not in email:
            raise ValueError(f"{email!r} is no e-mail address")
        if row is None:
            row = Row(f"p{len(self.rows) + 1:04d}", {}, self.now, key)
            self.rows[row.id] = row
        row.values.update({name: value for name, value in values.items() if value is not None})
        row.values.update({"email": email.strip().lower()} if isinstance(email, str) else {})
        for name in [name for name, value in values.items() if value in (None, "")]:
            row.values.pop(name, None)
        row.stamp = self.now
        row.people = row.people | values.keys() if person else row.people - values.keys()
        return row


class MemorySettings(BaseModel):
    """What a deployment would configure."""

    model_config = ConfigDict(arbitrary_types_allowed=True, frozen=True)

    remote: MemoryRemote
    token: SecretStr

    def __repr_args__(self) -> Iterator[tuple[str | None, object]]:
        """Leave the remote out: it knows its own token."""
        yield "token", self.token


class MemoryConnector:
    """Reads and writes a `MemoryRemote`.

    Cursor: the stamp of the last row of the page. Each run begins `overlap` before it: rows written in the same second are no newer, and the
    remote's index shows some changes late.
    """

    name: ClassVar[str] = "memory"
    settings_model: ClassVar[type[BaseModel]] = MemorySettings
    batch_size: ClassVar[int] = 20
    overlap: ClassVar[timedelta] = 2 * LAG
    mappings: ClassVar[tuple[ObjectMapping, ...]] = (
        ObjectMapping(
            PERSON,
            (
                FieldMapping("email", "email", normal="lower"),
                FieldMapping("first_name", "first_name"),
                FieldMapping("last_name", "last_name", required=True),
                FieldMapping("phone", "phone", max_length=40),
            ),
        ),
    )

    def __init__(self, context: Context) -> None:
        self.context = context
        self.remote: MemoryRemote = context.settings.remote
        self.made = 0

    def check(self) -> Identity:
        """Say who answers."""
        return self.call("read", lambda: Identity("memory-org", "Memory", production=False, user="tester"))

    def pull(self, since: Cursor) -> Iterator[Page]:
        """Yield what changed, oldest first, resumable after every page."""
        start = datetime.fromisoformat(str(since)) - self.overlap if since else datetime.min.replace(tzinfo=UTC)
        after: tuple[datetime, str] | None = None
        while True:
            rows = self.changed(start, after)
            if rows:
                after = (rows[-1].stamp, rows[-1].id)
            yield Page(tuple(self.record(row) for row in rows), after[0].isoformat() if after else since)
            if len(rows) < PAGE:
                return

    def push(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        """Write one by one. A lost answer ends the batch: what was not yielded was not tried, but for the one in flight."""
        for change in changes:
            yield self.write(change)

    def reread(self, object_name: str, ids: Sequence[str]) -> Mapping[str, Record]:
        """Return the records by id; an id that the remote does not know has vanished."""
        rows = self.call("read", lambda: {record_id: self.remote.rows.get(record_id) for record_id in ids})
        return {i: self.record(row) if row else Record(object_name, i, {}, gone=Gone.VANISHED) for i, row in rows.items()}

    def find(self, object_name: str, keys: Collection[str]) -> Mapping[str, Record]:  # noqa: ARG002 - there is one object
        """Return the records that carry these keys."""
        rows = self.call("read", lambda: [row for row in self.remote.rows.values() if row.key in keys])
        return {str(row.key): self.record(row) for row in rows}

    def describe(self, object_name: str) -> Mapping[str, FieldDescription]:  # noqa: ARG002 - the same
        """Return the mapped fields and the picklist."""
        fields = {f.native: FieldDescription(f.native, f.native, writable=f.writable) for f in self.mappings[0].fields}
        return fields | {STATUS: FieldDescription(STATUS, "Status", writable=True, options=OPTIONS)}

    def authors(self, object_name: str, ids: Sequence[str], fields: Sequence[str]) -> Mapping[tuple[str, str], Author]:  # noqa: ARG002 - the same
        """Return who set the present values."""
        people = self.call("read", lambda: {record_id: self.remote.rows[record_id].people for record_id in ids})
        return {(i, name): Author("person" if name in people[i] else "automation") for i in ids for name in fields}

    def usage(self) -> Usage:
        """Return the calls made here."""
        return Usage(self.made)

    # ---- one call, one record ---------------------------------------------------------------------------------------------------------

    def call(self, kind: Call, act: Callable[[], T]) -> T:
        """Make one call, never a second one, and put errors in leadhub's words."""
        self.made += 1
        try:
            return self.remote.call(kind, self.context.settings.token.get_secret_value(), act)
        except PermissionError as error:
            raise AccessDenied("The memory system refuses the token.", next_step="Set a new token.") from error
        except ConnectionResetError as error:
            raise UnknownOutcome(f"A {kind} got no answer.") from error

    def changed(self, since: datetime, after: tuple[datetime, str] | None) -> Sequence[Row]:
        """Read one page of changed rows."""
        return self.call("read", lambda: self.remote.changed(since, after))

    def save(self, change: Change, values: Mapping[str, NativeValue]) -> Row:
        """Write one record."""
        key = change.key if change.operation is Operation.CREATE else None
        return self.call("write", lambda: self.remote.save(change.record_id, key, values))

    def write(self, change: Change) -> Outcome:
        """Write one change, and tell what came of it."""
        status = change.values.get(STATUS)
        if status is not None and status not in OPTIONS:
            error = InvalidValue(f"{STATUS} has no option {status!r}; it has {', '.join(OPTIONS)}.", fields=(STATUS,))
            return self.refused(change, error)
        try:
            row = self.save(change, change.values)
        except LookupError as gone:
            return self.refused(change, RecordGone(str(gone)))
        except ValueError as refusal:
            return self.refused(change, InvalidValue(str(refusal)))
        return Outcome(change.key, Result.ACCEPTED, row.id, {name: row.values.get(name) for name in change.values}, row.stamp)

    def refused(self, change: Change, error: RecordError) -> Outcome:
        """Return a refusal."""
        return Outcome(change.key, Result.REFUSED, change.record_id, error=error)

    def record(self, row: Row) -> Record:
        """Return a row as a record: what the remote knows to be blank is None, what it does not know is left out."""
        if row.deleted:
            gone = Gone.MERGED if row.merged_into else Gone.DELETED
            return Record(PERSON, row.id, {}, row.stamp, gone=gone, gone_to=row.merged_into)
        known = {*(f.native for f in self.mappings[0].fields), STATUS}
        wanted = [name for name in self.context.wanted[PERSON] if name in known]
        return Record(PERSON, row.id, {name: row.values.get(name) for name in wanted}, row.stamp)


class MemoryHarness:
    """A person at the memory system."""

    object = PERSON
    picklist = STATUS

    def __init__(self) -> None:
        self.remote = MemoryRemote()
        self.settings = MemorySettings(remote=self.remote, token=SecretStr(self.remote.token))

    def create(self, values: Mapping[str, NativeValue]) -> str:
        """Make a record."""
        return self.remote.save(None, None, values, person=True).id

    def edit(self, record_id: str, values: Mapping[str, NativeValue]) -> None:
        """Change a record."""
        self.remote.save(record_id, None, values, person=True)

    def delete(self, record_id: str) -> None:
        """Delete a record; its row stays as a tombstone."""
        row = self.remote.rows[record_id]
        row.deleted, row.stamp = True, self.remote.now

    def merge(self, loser: str, winner: str) -> str:
        """Merge two records."""
        self.delete(loser)
        self.remote.rows[loser].merged_into = winner
        return winner

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.remote.now += timedelta(seconds=seconds)

    def break_next(self, call: Call, *, after_commit: bool = False) -> None:
        """Lose an answer."""
        self.remote.broken.append((call, after_commit))

    def calls(self, call: Call) -> int:
        """Return the calls so far."""
        return self.remote.calls[call]

    def deny(self) -> None:
        """Change the token."""
        self.remote.token = "another"  # noqa: S105 - no secret either

    def raw(self, record_id: str) -> Mapping[str, NativeValue] | None:
        """Return what the remote holds."""
        row = self.remote.rows.get(record_id)
        return None if row is None or row.deleted else dict(row.values)

    def count(self) -> int:
        """Return the number of living records."""
        return sum(not row.deleted for row in self.remote.rows.values())

    def bad(self) -> Mapping[str, NativeValue]:
        """Return values with an e-mail address that is none."""
        return {"last_name": "Bad", "email": "nobody"}
