"""Reading Leads, Contacts and Opportunities: a page of what changed, the check right before a write, and finding what leadhub created. Never writes."""

import csv
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from leadhub import AccessDenied, FatalError, Gone, Record, Unavailable, UnknownOutcome
from leadhub_salesforce import bulk
from leadhub_salesforce.client import Client, format_soql
from leadhub_salesforce.errors import ReadRefused
from leadhub_salesforce.mapping import CONTACT, LEAD, OPPORTUNITY, ROLES
from leadhub_salesforce.position import Position
from leadhub_salesforce.schema import Schema
from leadhub_salesforce.values import from_salesforce, full_id, is_id, parse_time, soql_time

T = TypeVar("T")

PAGE = 2000
"""Rows a query may return at once (REST guide, "Query"): it may still return fewer."""

READ_AT_ONCE = 2000
NAMES_AT_ONCE = 200
"""Values in one IN list: 200 keys of 64 characters, quoted and percent-encoded, stay below the URL's limit of 16,384 bytes."""

CONVERTED = ("IsConverted", "ConvertedContactId")
"""The fields of Lead that tell which Contact a converted lead became."""

SAVED = "LastModifiedDate"
"""What Salesforce holds If-Unmodified-Since against."""

_ALWAYS = ("Id", "SystemModstamp", "IsDeleted", "MasterRecordId", "CreatedDate")


@dataclass(frozen=True, slots=True)
class Kind:
    """What is read of one object beyond what is wanted: fields, references (object → field), and the condition that chooses its rows."""

    object: str
    always: tuple[str, ...] = _ALWAYS
    refs: Mapping[str, str] = field(default_factory=dict)
    chosen: str | None = None


LEADS = Kind(LEAD, (*_ALWAYS, *CONVERTED, "ConvertedOpportunityId"), {"Contact": "ConvertedContactId", "Opportunity": "ConvertedOpportunityId"})
ALL_CONTACTS = Kind(CONTACT)
CONVERTED_CONTACTS = Kind(CONTACT, chosen="Id IN (SELECT ConvertedContactId FROM Lead WHERE IsConverted = true)")

_CONTACT_ROLES = "SELECT OpportunityId, ContactId FROM OpportunityContactRole WHERE OpportunityId IN {} ORDER BY IsPrimary DESC, CreatedDate, Id"
OPPORTUNITIES = Kind(OPPORTUNITY, tuple(name for name in _ALWAYS if name != "MasterRecordId"))


class Reader:
    """Reads one object with the fields that leadhub wants, as far as this login sees them."""

    def __init__(self, kind: Kind, client: Client, wanted: Sequence[str], schema: Callable[..., Schema]) -> None:
        self._kind = kind
        self._client = client
        self._wanted = (*kind.always, *wanted)
        self._schema = schema
        self._saved: dict[str, datetime] = {}

    def fields(self, *, fresh: bool = False) -> list[str]:
        """Return the fields to ask for; `fresh`: by a describe made now. None at all where the object is out of this login's sight."""
        return self._schema(fresh=fresh).visible(self._wanted)

    def page(self, position: Position) -> tuple[list[dict[str, Any]], bool]:
        """Return the next rows, deleted ones among them, and whether they are the last of this pass."""
        answer = self._asking(lambda fields: self._client.query(self._soql(fields, position), deleted=True))
        rows, done = list(answer["records"]), bool(answer["done"])
        if not rows and not done:
            raise Unavailable("Salesforce answered an empty page and says that there is more.")
        return rows, done and len(rows) < PAGE

    def _asking(self, ask: Callable[[list[str]], T]) -> T:
        """Ask for the fields, and once more with those of a fresh describe if one was hidden since: a field must never stop a pull."""
        fields = self.fields()
        if not fields:
            raise FatalError(
                f"{self._kind.object} is out of sight for leadhub's user.",
                next_step=f"give leadhub's user read access to {self._kind.object}, as the plugin's README lists it",
            )
        try:
            return ask(fields)
        except ReadRefused as error:
            if error.code != "INVALID_FIELD" or fields == (left := self.fields(fresh=True)):
                raise
            return ask(left)

    def _soql(self, fields: list[str], position: Position) -> str:
        return f"SELECT {', '.join(fields)} FROM {self._from(position)} ORDER BY SystemModstamp, Id LIMIT {PAGE}"  # noqa: S608 - names that describe has; conditions are escaped

    def _from(self, position: Position) -> str:
        conditions = position.where() if self._kind.chosen is None else f"{position.where()} AND {self._kind.chosen}"
        return f"{self._kind.object} WHERE {conditions}"

    def order_bulk(self, position: Position) -> str | None:
        """Order a bulk query of all that this pass reads, if that is much, and return its job. None: little, or the org refuses, so REST reads it."""
        try:
            if self._client.count(self._from(position)) < bulk.FROM:
                return None
            return self._asking(lambda fields: self._client.order_bulk(f"SELECT {', '.join(fields)} FROM {self._from(position)}"))  # noqa: S608 - names that describe has; conditions are escaped
        except (ReadRefused, AccessDenied):
            return None

    def bulk_state(self, job_id: str) -> str:
        """Return how far a bulk query is; what the org no longer knows has failed."""
        try:
            return self._client.bulk_state(job_id)
        except ReadRefused:
            return "Failed"

    def bulk_page(self, job_id: str, locator: str | None) -> tuple[list[dict[str, Any]], str | None]:
        """Return the rows of a page of results, and the locator of the next, None after the last. Raises ReadRefused where results are no longer kept."""
        text, count, following = self._client.bulk_page(job_id, locator, bulk.ROWS)
        try:
            rows = list(bulk.rows_of(text, self._schema().fields))
        except (ValueError, csv.Error) as error:
            raise UnknownOutcome(f"bulk query: a page of results cannot be read ({type(error).__name__}).") from error
        if len(rows) != count:
            raise UnknownOutcome(f"bulk query: a page of results has {len(rows)} rows and should have {count}.")
        return rows, following

    def seconds_since(self, instant: datetime) -> float:
        """Return how long ago something was, by the clock of Salesforce's last answer."""
        return (self._client.server_time() - instant).total_seconds()

    def now(self) -> datetime:
        """Return Salesforce's present time, after a fresh describe."""
        self.fields(fresh=True)
        return self._client.server_time()

    def live(self, ids: Collection[str], *, also: Sequence[str] = ()) -> dict[str, dict[str, Any]]:
        """Return the rows that are there under these full ids, by id, with what this login sees of further fields; 2,000 a call."""
        rows: dict[str, dict[str, Any]] = {}
        for part in parts(sorted(ids), READ_AT_ONCE):
            read = self._asking(partial(self._read_many, part, also))
            rows |= {row["Id"]: row for row in read if row}
        return rows

    def covered(self, now: datetime) -> datetime | None:
        """Return up to when Salesforce vouches that nothing is missing: the begin of its oldest transaction on its way. None where it does not tell."""
        try:
            return self._client.covered(self._kind.object, now)
        except ReadRefused:
            return None

    def _read_many(self, ids: list[str], also: Sequence[str], fields: list[str]) -> list[dict[str, Any] | None]:
        names = dict.fromkeys((*fields, *self._schema().visible((SAVED, *also))))
        return self._client.read_many(self._kind.object, ids, list(names))

    def saved(self, record_id: str) -> datetime | None:
        """Return when a record was last saved, if it was among those reread last: the time that a write may be made to depend on."""
        return self._saved.get(record_id)

    def reread(self, ids: Sequence[str]) -> dict[str, Record]:
        """Return the records as they are now, by the id asked for. What the read leaves out is looked for in the recycle bin."""
        asked = {text: full_id(text) if is_id(text) else "" for text in ids}
        wanted = {full for full in asked.values() if full}
        rows = self.live(wanted)
        self._saved = {row["Id"]: parse_time(row[SAVED]) for row in rows.values() if row.get(SAVED)}
        for part in parts(sorted(wanted - rows.keys()), NAMES_AT_ONCE):
            rows |= {row["Id"]: row for row in self._select("Id", part, deleted=True)}
        read = {record.id: record for record in self.records(list(rows.values()))}
        return {text: read[full] if full in read else self._vanished(full or text) for text, full in asked.items()}

    def records(self, rows: Sequence[Mapping[str, Any]]) -> list[Record]:
        """Return rows as records."""
        return [self.record(row) for row in rows]

    def _vanished(self, record_id: str) -> Record:
        return Record(self._kind.object, record_id, {}, gone=Gone.VANISHED)

    def made(self, user_id: str, age: timedelta, also: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Yield the live rows that a user made within this age, by Salesforce's own clock; `also`: further fields to ask for."""
        since = soql_time(self.now() - age)
        names = ", ".join(self._schema().visible((*self._wanted, *also)))
        soql = format_soql(
            "SELECT {:literal} FROM {:literal} WHERE CreatedById = {} AND CreatedDate >= {:literal}", names, self._kind.object, user_id, since
        )
        return self._client.rows(soql)

    def find(self, field: str, keys: Collection[str]) -> dict[str, Record]:
        """Return the live records whose external id is one of the keys, by key. A unique field's index does not lag."""
        asked = {key.lower(): key for key in keys}
        found: dict[str, Record] = {}
        for part in parts(sorted(keys), NAMES_AT_ONCE):
            for row in self._select(field, part, extra=(field,)):
                if key := asked.get(str(row[field]).lower()):
                    found[key] = self.record(row)
        return found

    def _select(self, field: str, values: list[str], *, extra: tuple[str, ...] = (), deleted: bool = False) -> Iterator[dict[str, Any]]:
        """Select rows by one field; the rows are asked for again while the answer is not the whole."""
        left = values

        def ask(fields: list[str]) -> dict[str, Any]:
            names = ", ".join(dict.fromkeys((*fields, *extra)))
            soql = format_soql("SELECT {:literal} FROM {:literal} WHERE {:literal} IN {}", names, self._kind.object, field, left)
            return self._client.query(soql, deleted=deleted)

        while left:
            answer = self._asking(ask)
            yield from answer["records"]
            seen = {str(row[field]).lower() for row in answer["records"]}
            if answer["done"]:
                return
            if not seen:
                raise Unavailable("Salesforce answered an empty page and says that there is more.")
            left = [value for value in left if value.lower() not in seen]

    def record(self, row: Mapping[str, Any]) -> Record:
        """Return a row as a record. A converted lead stays a record: its preset's converted row freezes it."""
        kinds = self._schema().fields
        values = {name: from_salesforce(row[name], kinds[name].type if name in kinds else "") for name in self._wanted if name in row}
        gone = (Gone.MERGED if row.get("MasterRecordId") else Gone.DELETED) if row.get("IsDeleted") else None
        created = row.get("CreatedDate")
        return Record(
            object=self._kind.object,
            id=row["Id"],
            values=values,
            stamp=parse_time(row["SystemModstamp"]),
            refs={name: row[field] for name, field in self._kind.refs.items() if row.get(field)},
            gone=gone,
            gone_to=row["MasterRecordId"] if gone is Gone.MERGED else None,
            created=parse_time(created) if created else None,
        )


class Deals(Reader):
    """Reads Opportunities, with the Contacts of their contact roles, the primary one first: one call more for 200 of them."""

    def records(self, rows: Sequence[Mapping[str, Any]]) -> list[Record]:
        """Return rows as records."""
        named: dict[str, list[str]] = {str(row["Id"]): [] for row in rows}
        for part in parts(sorted(named), NAMES_AT_ONCE):
            for role in self._client.rows(format_soql(_CONTACT_ROLES, part)):
                named[role["OpportunityId"]].append(role["ContactId"])
        return [replace(record, values={**record.values, ROLES: named[record.id]}) for record in super().records(rows)]


def parts(values: Sequence[T], size: int) -> Iterator[list[T]]:
    """Yield the values in lists of at most this size."""
    for start in range(0, len(values), size):
        yield list(values[start : start + size])
