"""Exact match keys: which records show a value, and which values too many people share."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from sqlalchemy import delete, distinct, func, select, tuple_

from leadhub.store import bulk, tables
from leadhub.store.repository import Repository
from leadhub.store.rows import MatchKey, RecordKey

_T = tables.match_key
_RECORD = tuple_(_T.c.system, _T.c.object, _T.c.record_id)
_VALUE = tuple_(_T.c.kind, _T.c.key)
_GENERIC = tuple_(tables.generic_value.c.kind, tables.generic_value.c.key)


class MatchKeys(Repository):
    """Keys by record and records by (kind, key)."""

    def replace(self, keys: Mapping[RecordKey, Iterable[MatchKey]]) -> None:
        """Store exactly these keys for these records; a record with none has none afterwards. Of a key given twice the last surname counts."""
        self.connection.execute(delete(_T).where(_RECORD.in_(bulk.listed_rows(self.connection, keys, 3))))
        rows = [
            {"system": system, "object": object_, "record_id": record_id, "kind": kind, "key": key, "surname": surname}
            for (system, object_, record_id), matches in keys.items()
            for (kind, key), surname in {(match.kind, match.key): match.surname for match in matches}.items()
        ]
        bulk.insert(self.connection, _T, rows)

    def of(self, records: Iterable[RecordKey]) -> dict[RecordKey, tuple[MatchKey, ...]]:
        """Return the keys of those records that have any."""
        found: defaultdict[RecordKey, list[MatchKey]] = defaultdict(list)
        here = _RECORD.in_(bulk.listed_rows(self.connection, records, 3))
        for row in self.connection.execute(select(_T).where(here).order_by(_T.c.kind, _T.c.key)):
            found[RecordKey(row.system, row.object, row.record_id)].append(MatchKey(row.kind, row.key, row.surname))
        return {record: tuple(keys) for record, keys in found.items()}

    def find(self, values: Iterable[tuple[str, str]]) -> dict[tuple[str, str], tuple[RecordKey, ...]]:
        """Return for each (kind, key) that any record shows, all records that show it, in the order of their keys."""
        found: defaultdict[tuple[str, str], list[RecordKey]] = defaultdict(list)
        wanted = _VALUE.in_(bulk.listed_rows(self.connection, values, 2))
        for row in self.connection.execute(select(_T).where(wanted).order_by(*_RECORD.clauses)):
            found[row.kind, row.key].append(RecordKey(row.system, row.object, row.record_id))
        return {value: tuple(records) for value, records in found.items()}

    def surnames(self, values: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """Return for each (kind, key) that any record shows, how many distinct surnames show it. A blank surname is none."""
        wanted = _VALUE.in_(bulk.listed_rows(self.connection, values, 2))
        count = func.count(distinct(func.nullif(_T.c.surname, ""))).label("n")
        rows = self.connection.execute(select(_T.c.kind, _T.c.key, count).where(wanted).group_by(_T.c.kind, _T.c.key))
        return {(row.kind, row.key): row.n for row in rows}

    def generic(self, values: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """Return those of the values that are marked generic, with the number of surnames that made them so."""
        rows = self.connection.execute(select(tables.generic_value).where(_GENERIC.in_(bulk.listed_rows(self.connection, values, 2))))
        return {(row.kind, row.key): row.surnames for row in rows}

    def mark_generic(self, values: Mapping[tuple[str, str], int]) -> None:
        """Mark values as generic: shared by so many surnames that they say nothing of who a person is."""
        rows = [{"kind": kind, "key": key, "surnames": surnames} for (kind, key), surnames in values.items()]
        bulk.upsert(self.connection, tables.generic_value, rows)
