"""The smallest correct target, over a system that lives in memory: what the suites are proven on, and a page to learn from.

`MemoryConnector` is what a writer writes, `MemoryHarness` the hands of the suite; `memory_remote` is the far side.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from json import JSONDecodeError
from typing import ClassVar, TypeVar

from pydantic import BaseModel, SecretStr

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
    Owner,
    Page,
    RateLimited,
    Record,
    RecordError,
    RecordGone,
    Result,
    UnknownOutcome,
    Usage,
    ValueMapping,
)
from leadhub.testing.harness import Call
from leadhub.testing.memory_remote import FAULTS, LAG, PAGE, MemoryRemote, MemorySettings, Row

T = TypeVar("T")
PERSON = "person"
STATUS = "status"
OPTIONS = ("new", "working", "done")


class MemoryConnector:
    """Reads and writes a `MemoryRemote`.

    Cursor: the stamp of the last row of the page. Each run begins `overlap` before it: rows written in the same second are no newer, and the
    remote's index shows some changes late.
    """

    name: ClassVar[str] = "memory"
    settings_model: ClassVar[type[BaseModel]] = MemorySettings
    batch_size: ClassVar[int] = 20
    archives: ClassVar[bool] = True
    overlap: ClassVar[timedelta] = 2 * LAG
    mappings: ClassVar[tuple[ObjectMapping, ...]] = (
        ObjectMapping(
            PERSON,
            (
                FieldMapping("email", "email", normal="lower"),
                FieldMapping("first_name", "first_name"),
                FieldMapping("last_name", "last_name", required=True),
                FieldMapping("phone", "phone", max_length=40),
                FieldMapping("email", "other_emails", writable=False, type="multi", member=True),
                FieldMapping("tags", "tags", type="multi"),
                FieldMapping("employees", "employees", type="integer"),
                FieldMapping("annual_revenue", "revenue", type="decimal"),
                FieldMapping("next_step_at", "next_step", type="date"),
                FieldMapping("last_activity_at", "last_active", type="datetime"),
                FieldMapping("email_opt_out", "opted_out", type="boolean"),
                FieldMapping("source", "channel", values=(ValueMapping("Web", ("organic_search", "direct")), ValueMapping("Fair", ("event",)))),
                FieldMapping("owner", "owner_id", type="owner"),
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

    def describe(self, object_name: str) -> Mapping[str, FieldDescription]:  # noqa: ARG002 - there is one object
        """Return the mapped fields and the picklist."""
        fields = {f.native: FieldDescription(f.native, f.native, writable=f.writable) for f in self.mappings[0].fields}
        return fields | {STATUS: FieldDescription(STATUS, "Status", writable=True, options=OPTIONS)}

    def authors(self, object_name: str, ids: Sequence[str], fields: Sequence[str]) -> Mapping[tuple[str, str], Author]:  # noqa: ARG002 - there is one object
        """Return who set the present values."""
        people = self.call("read", lambda: {i: self.remote.rows[i].people for i in ids if i in self.remote.rows})
        return {(i, name): Author("person" if name in by else "automation") for i, by in people.items() for name in fields if name in KNOWN}

    def owners(self) -> Iterator[Owner]:
        """Yield everybody, those who have left included."""
        for user_id, (email, active) in self.call("read", lambda: dict(self.remote.users)).items():
            yield Owner(user_id, email.partition("@")[0], email, active)

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
        except BlockingIOError as error:
            raise RateLimited("The memory system asks for a pause.", retry_after=1.0) from error
        except (ConnectionResetError, TimeoutError, JSONDecodeError) as error:
            raise UnknownOutcome(f"A {kind} got no answer that can be read.") from error

    def changed(self, since: datetime, after: tuple[datetime, str] | None) -> Sequence[Row]:
        """Read one page of changed rows."""
        return self.call("read", lambda: self.remote.changed(since, after))

    def save(self, change: Change, values: Mapping[str, NativeValue]) -> Row:
        """Write one record."""
        key = change.key if change.operation is Operation.CREATE else None
        return self.call("write", lambda: self.remote.save(change.record_id, key, values))

    def remove(self, change: Change) -> Row:
        """Archive one record."""
        return self.call("write", lambda: self.remote.remove(str(change.record_id)))

    def write(self, change: Change) -> Outcome:
        """Write one change, and tell what came of it."""
        status = change.values.get(STATUS)
        if status is not None and status not in OPTIONS:
            error = InvalidValue(f"{STATUS} has no option {status!r}; it has {', '.join(OPTIONS)}.", fields=(STATUS,))
            return self.refused(change, error)
        try:
            row = self.remove(change) if change.operation is Operation.ARCHIVE else self.save(change, change.values)
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
        wanted = [name for name in self.context.wanted[PERSON] if name in KNOWN]
        return Record(PERSON, row.id, {name: row.values.get(name) for name in wanted}, row.stamp)


KNOWN = frozenset({*(f.native for f in MemoryConnector.mappings[0].fields), STATUS})


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
        self.remote.remove(record_id)

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

    @property
    def faults(self) -> Collection[str]:
        """The names of the errors that the remote's library has."""
        return FAULTS.keys()

    def fault(self, name: str, call: Call) -> None:
        """Let calls end in an error of the library."""
        self.remote.fault = (call, FAULTS[name]) if name else None

    def employ(self, email: str, *, active: bool) -> str:
        """Make a user."""
        user_id = f"u{len(self.remote.users) + 1}"
        self.remote.users[user_id] = (email, active)
        return user_id

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
