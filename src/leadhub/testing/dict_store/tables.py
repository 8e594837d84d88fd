"""What a database holds, in dictionaries, and how a transaction's writes are taken back. Knows rows, never what they mean."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple, Self, TypeVar

from leadhub.errors import LeaseHeld, StoreError
from leadhub.model.person import Lead, Link, Person, StoredRecord
from leadhub.model.record import NativeValue, Owner
from leadhub.model.run import Approval, Decision, Intent, RunRow
from leadhub.store import MatchKey, OtherInstallation, RecordKey, StoredEdit, StoredReject, StoredReview, SystemRow
from leadhub.store.inbox import StoredDelivery

WHERE = "the store in dictionaries"
NOBODY = ""
_ABSENT: Any = object()
_INDEX = {"index": True}
"""Marks a table of tables: rows by what they belong to. A copy of the store needs copies of the inner ones too."""
K = TypeVar("K")
V = TypeVar("V")
Value = tuple[str, str]
"""A match key without its surname: kind and key."""


class Lease(NamedTuple):
    """Who holds a lease, by which token, until when; since when, and which process it is."""

    owner: str
    token: int
    expires_at: datetime
    since: datetime
    process: str


class Place(NamedTuple):
    """Where the pull of a system goes on, and which run came to it."""

    cursor: Any
    run_id: str


@dataclass(slots=True)
class Tables:
    """Every row, as a value that nobody changes: a row that changes is another one in its place.

    Only `put` and `drop` write, and note what was there before, so that a transaction costs what it writes, however much there is.
    """

    systems: dict[str, SystemRow] = field(default_factory=dict)
    owners: dict[str, tuple[Owner, ...]] = field(default_factory=dict)
    cursors: dict[tuple[str, str], Place] = field(default_factory=dict)
    records: dict[RecordKey, StoredRecord] = field(default_factory=dict)
    dirty: dict[RecordKey, None] = field(default_factory=dict)
    unsettled: dict[RecordKey, None] = field(default_factory=dict)
    persons: dict[str, Person] = field(default_factory=dict)
    due: dict[str, datetime] = field(default_factory=dict)
    leads: dict[str, Lead] = field(default_factory=dict)
    leads_of: dict[str, dict[str, None]] = field(default_factory=dict, metadata=_INDEX)
    links: dict[RecordKey, Link] = field(default_factory=dict)
    links_of: dict[str, dict[RecordKey, None]] = field(default_factory=dict, metadata=_INDEX)
    keys: dict[RecordKey, tuple[MatchKey, ...]] = field(default_factory=dict)
    shown: dict[Value, dict[RecordKey, str]] = field(default_factory=dict, metadata=_INDEX)
    """The records that show a value, with the surname that each shows beside it."""
    generic: dict[Value, int] = field(default_factory=dict)
    edits: dict[int, StoredEdit] = field(default_factory=dict)
    reviews: dict[str, StoredReview] = field(default_factory=dict)
    open_reviews: dict[str, None] = field(default_factory=dict)
    decisions: dict[str, Decision] = field(default_factory=dict)
    pending: dict[str, None] = field(default_factory=dict)
    runs: dict[str, RunRow] = field(default_factory=dict)
    approvals: dict[int, Approval] = field(default_factory=dict)
    rejects: dict[tuple[str, str, int], StoredReject] = field(default_factory=dict)
    intents: dict[tuple[str, int], Intent] = field(default_factory=dict)
    last_intent: dict[str, int] = field(default_factory=dict)
    open_intents: dict[tuple[str, int], None] = field(default_factory=dict)
    leases: dict[str, Lease] = field(default_factory=dict)
    installation: dict[str, None] = field(default_factory=dict)
    """One row: the name of this store among all that there are."""
    others: dict[tuple[str, str], OtherInstallation] = field(default_factory=dict)
    inbox: dict[int, StoredDelivery] = field(default_factory=dict)
    received: dict[tuple[str, str], int] = field(default_factory=dict)
    refusal: str | None = None
    """Why nothing can be written at present; None within a transaction that writes."""
    _undo: list[tuple[dict[Any, Any], Any, Any]] = field(default_factory=list)

    def writable(self) -> None:
        """Make sure that a transaction is open in which may be written; every operation that writes begins so, whether it finds rows or not.

        Raises:
            StoreError: there is none.
        """
        if self.refusal is not None:
            raise StoreError(f"{WHERE}: the database can only be read ({self.refusal})", next_step="write within Store.begin")

    def put(self, table: dict[K, V], key: K, value: V) -> None:
        """Store a row in place of the one with the same key."""
        self._undo.append((table, key, table.get(key, _ABSENT)))
        table[key] = value

    def drop(self, table: dict[K, V], key: K) -> None:
        """Remove a row where it is there."""
        row = table.pop(key, _ABSENT)
        if row is not _ABSENT:
            self._undo.append((table, key, row))

    def among(self, index: dict[K, dict[Any, V]], key: K) -> dict[Any, V]:
        """Return the rows that belong to `key`, to be written to."""
        rows = index.get(key)
        if rows is None:
            self.put(index, key, rows := {})
        return rows

    def keep(self) -> None:
        """End a transaction, and keep what it wrote."""
        self._undo.clear()

    def take_back(self) -> None:
        """End a transaction as if it had never been."""
        undo = self._undo
        while undo:
            table, key, row = undo.pop()
            if row is _ABSENT:
                table.pop(key, None)
            else:
                table[key] = row

    def copy(self) -> Self:
        """Return tables of their own with the same rows."""
        copy = type(self)(refusal=self.refusal)
        for name, copied in _COPIERS:
            setattr(copy, name, copied(getattr(self, name)))
        return copy

    def check_lease(self, token: int) -> None:
        """See `Leases.check`."""
        for held in self.leases.values():
            if held.token == token and held.owner != NOBODY:
                return
        raise LeaseHeld(
            f"lease lost: token {token} is no longer the current one; another run took over, nothing was stored under it",
            next_step="leadhub runs list shows who works now; the next run continues from what is stored",
        )


def _copied_index(index: dict[Any, dict[Any, Any]]) -> dict[Any, dict[Any, Any]]:
    return {key: rows.copy() for key, rows in index.items()}


_COPIERS = tuple((f.name, _copied_index if f.metadata else dict[Any, Any].copy) for f in fields(Tables) if f.name not in {"refusal", "_undo"})


def refused(why: str) -> StoreError:
    """Return the error of a row that no database would take."""
    return StoreError(f"{WHERE}: the database refuses ({why})", next_step="leadhub db check")


def utc(value: datetime) -> datetime:
    """Return the instant in UTC.

    Raises:
        ValueError: the datetime is naive: nobody knows which instant it means.
    """
    if value.tzinfo is UTC:
        return value
    if value.tzinfo is None:
        raise ValueError(f"{value.isoformat()} has no time zone; the store keeps instants")
    return value.astimezone(UTC)


class _Listed(dict[str, NativeValue]):
    """Native values of which some are lists: who reads them is given lists of their own, which may be changed."""


def native_in(values: Mapping[str, NativeValue]) -> dict[str, NativeValue]:
    """Return native values that their giver cannot change."""
    if list in map(type, values.values()):
        return _Listed(_own_lists(values))
    return dict(values)


def native_out(values: Mapping[str, NativeValue]) -> Mapping[str, NativeValue]:
    """Return what was given to `native_in`, shared where nothing in it can be changed."""
    return _own_lists(values) if type(values) is _Listed else values


def record_out(record: StoredRecord) -> StoredRecord:
    """Return a record for somebody who may change the lists in it."""
    return replace(record, native=_own_lists(record.native)) if type(record.native) is _Listed else record


def _own_lists(values: Mapping[str, NativeValue]) -> dict[str, NativeValue]:
    return {name: list(value) if type(value) is list else value for name, value in values.items()}
