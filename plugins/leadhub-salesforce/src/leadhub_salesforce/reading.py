"""Reading Leads: the incremental pull, the check right before a write, and finding what leadhub created. Never writes."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from leadhub import Cursor, FatalError, Gone, Page, Record, Unavailable
from leadhub_salesforce.client import Client, format_soql
from leadhub_salesforce.errors import ReadRefused
from leadhub_salesforce.mapping import LEAD
from leadhub_salesforce.schema import Schema
from leadhub_salesforce.values import from_salesforce, full_id, is_id, parse_time, soql_time

T = TypeVar("T")

PAGE = 2000
"""Rows a query may return at once (REST guide, "Query"): it may still return fewer."""

OVERLAP = timedelta(minutes=11)
"""How far behind its end the next pull begins again.

A row's SystemModstamp is set when it is saved, but the row is seen only when its transaction ends. Salesforce ends any call after 10 minutes,
so no row appears with a stamp older than that; one more minute is for the difference between the clock in the Date header and the database's.
"""

READ_AT_ONCE = 2000
NAMES_AT_ONCE = 200
"""Values in one IN list: 200 keys of 64 characters, quoted and percent-encoded, stay below the URL's limit of 16,384 bytes."""

_ALWAYS = (
    "Id",
    "SystemModstamp",
    "IsDeleted",
    "MasterRecordId",
    "CreatedDate",
    "IsConverted",
    "ConvertedContactId",
    "ConvertedOpportunityId",
)
_REFS = {"Contact": "ConvertedContactId", "Opportunity": "ConvertedOpportunityId"}


@dataclass(frozen=True, slots=True)
class Position:
    """Where a pull stands. Everything up to `watermark` was read once; a pass on its way reads up to `upper` and has come to `after` (stamp, id)."""

    watermark: datetime | None = None
    upper: datetime | None = None
    after: tuple[datetime, str] | None = None

    @classmethod
    def parse(cls, cursor: Cursor) -> "Position":
        """Read a cursor that `to_json` made; raises FatalError for anything else."""
        if cursor is None:
            return cls()
        raw: Any = cursor
        try:
            watermark, upper = (datetime.fromisoformat(raw[name]) if raw[name] else None for name in ("watermark", "upper"))
            after = (datetime.fromisoformat(raw["after"][0]), full_id(raw["after"][1])) if raw["after"] else None
            return cls(watermark, upper, after)
        except (LookupError, TypeError, ValueError) as error:
            raise FatalError(f"{cursor!r} is no cursor of the Salesforce connector.", next_step="pull this system from the beginning") from error

    def to_json(self) -> Cursor:
        """Return the cursor that is stored between pulls."""
        return {
            "watermark": self.watermark.isoformat() if self.watermark else None,
            "upper": self.upper.isoformat() if self.upper else None,
            "after": [self.after[0].isoformat(), self.after[1]] if self.after else None,
        }

    def where(self) -> str:
        """Return the condition of the next page. Both ends are inclusive: equal stamps are told apart by id, and the overlap reads twice anyway."""
        assert self.upper is not None
        bounds = [f"SystemModstamp <= {soql_time(self.upper)}"]
        if self.after is not None:
            stamp = soql_time(self.after[0])
            bounds += [f"SystemModstamp >= {stamp}", format_soql(f"(SystemModstamp > {stamp} OR Id > {{}})", self.after[1])]
        elif self.watermark is not None:
            bounds.append(f"SystemModstamp >= {soql_time(self.watermark - OVERLAP)}")
        return " AND ".join(bounds)


class Reader:
    """Reads Leads with the fields that leadhub wants, as far as this login sees them."""

    def __init__(self, client: Client, wanted: Sequence[str], schema: Callable[..., Schema]) -> None:
        self._client = client
        self._wanted = (*_ALWAYS, *wanted)
        self._schema = schema

    def fields(self, *, fresh: bool = False) -> list[str]:
        """Return the fields to ask for; `fresh`: by a describe made now."""
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
        try:
            return ask(fields)
        except ReadRefused as error:
            if error.code != "INVALID_FIELD" or fields == (left := self.fields(fresh=True)):
                raise
            return ask(left)

    @staticmethod
    def _soql(fields: list[str], position: Position) -> str:
        return f"SELECT {', '.join(fields)} FROM {LEAD} WHERE {position.where()} ORDER BY SystemModstamp, Id LIMIT {PAGE}"  # noqa: S608 - own names

    def now(self) -> datetime:
        """Return Salesforce's present time, after a fresh describe."""
        self.fields(fresh=True)
        return self._client.server_time()

    def reread(self, ids: Sequence[str]) -> dict[str, Record]:
        """Return the records as they are now, by the id asked for. What the read leaves out is looked for in the recycle bin."""
        asked = {text: full_id(text) if is_id(text) else "" for text in ids}
        wanted = sorted({full for full in asked.values() if full})
        rows: dict[str, dict[str, Any]] = {}
        for part in _parts(wanted, READ_AT_ONCE):
            read = self._asking(partial(self._client.read_many, LEAD, part))
            rows |= {row["Id"]: row for row in read if row}
        for part in _parts([full for full in wanted if full not in rows], NAMES_AT_ONCE):
            rows |= {row["Id"]: row for row in self._select("Id", part, deleted=True)}
        return {text: self.record(rows[full]) if full in rows else Record(LEAD, full or text, {}, gone=Gone.VANISHED) for text, full in asked.items()}

    def find(self, field: str, keys: Collection[str]) -> dict[str, Record]:
        """Return the live records whose external id is one of the keys, by key. A unique field's index does not lag."""
        asked = {key.lower(): key for key in keys}
        found: dict[str, Record] = {}
        for part in _parts(sorted(keys), NAMES_AT_ONCE):
            for row in self._select(field, part, extra=(field,)):
                if key := asked.get(str(row[field]).lower()):
                    found[key] = self.record(row)
        return found

    def _select(self, field: str, values: list[str], *, extra: tuple[str, ...] = (), deleted: bool = False) -> Iterator[dict[str, Any]]:
        """Select rows by one field; the rows are asked for again while the answer is not the whole."""
        left = values

        def ask(fields: list[str]) -> dict[str, Any]:
            names = ", ".join(dict.fromkeys((*fields, *extra)))
            soql = format_soql("SELECT {:literal} FROM {:literal} WHERE {:literal} IN {}", names, LEAD, field, left)
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
            object=LEAD,
            id=row["Id"],
            values=values,
            stamp=parse_time(row["SystemModstamp"]),
            refs={name: row[field] for name, field in _REFS.items() if row.get(field)},
            gone=gone,
            gone_to=row["MasterRecordId"] if gone is Gone.MERGED else None,
            created=parse_time(created) if created else None,
        )


class Pull(Iterator[Page]):
    """One pull, page by page. It moves on only when a page is complete, so a call of `next` that failed may simply be made again.

    A pass that an earlier run broke off is finished first, up to the end it had: its pages were read then, so only that end is a safe watermark.
    """

    def __init__(self, reader: Reader, position: Position) -> None:
        self._reader = reader
        self._position = position
        self._now: datetime | None = None
        self._done = False

    def __next__(self) -> Page:
        if self._done:
            raise StopIteration
        self._now = self._now or self._reader.now()
        position = self._position if self._position.upper else replace(self._position, upper=self._now)
        rows, last = self._reader.page(position)
        records = tuple(self._reader.record(row) for row in rows)
        if last:
            ends = [instant for instant in (position.watermark, position.upper) if instant]
            following = Position(watermark=max(ends))
            self._done = position.upper == self._now
        else:
            following = replace(position, after=(parse_time(rows[-1]["SystemModstamp"]), rows[-1]["Id"]))
        self._position = following
        return Page(records, following.to_json())


def _parts(values: Sequence[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(values), size):
        yield list(values[start : start + size])
