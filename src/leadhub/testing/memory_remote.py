"""A system that lives in memory, with the traits of a CRM that make connectors hard: whole seconds, an uneven index, tombstones, lost answers."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, SecretStr

from leadhub import NativeValue
from leadhub.testing.harness import Call

T = TypeVar("T")
PAGE = 10
LAG = timedelta(seconds=5)
FAULTS: Mapping[str, Exception] = {
    "busy": BlockingIOError("try later"),
    "too late": TimeoutError("no answer in time"),
    "half an answer": json.JSONDecodeError("unterminated", "{", 1),
}
"""What the library that speaks to this system raises."""


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
    users: dict[str, tuple[str, bool]] = field(default_factory=lambda: {"u1": ("ada@example.com", True)})
    """By id: address, and whether they are still here."""
    fault: tuple[Call, Exception] | None = None

    def call(self, kind: Call, token: str, act: Callable[[], T]) -> T:
        """Answer one call. Raises PermissionError, or ConnectionResetError when the answer is lost."""
        self.calls[kind] += 1
        if self.fault is not None and self.fault[0] == kind:
            raise self.fault[1]
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

    def remove(self, record_id: str) -> Row:
        """Delete a row, which stays as a tombstone. Raises LookupError."""
        row = self.rows.get(record_id)
        if row is None or row.deleted:
            raise LookupError(f"no record {record_id}")
        row.deleted, row.stamp = True, self.now
        return row


class MemorySettings(BaseModel):
    """What a deployment would configure."""

    model_config = ConfigDict(arbitrary_types_allowed=True, frozen=True)

    remote: MemoryRemote
    token: SecretStr

    def __repr_args__(self) -> Iterator[tuple[str | None, object]]:
        """Leave the remote out: it knows its own token."""
        yield "token", self.token
