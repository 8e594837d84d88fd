"""The measured bulk paths: many rows in one statement, many keys in one parameter. Knows columns, never what they mean.

SQLite is quickest with executemany; PostgreSQL with all rows in one JSON parameter (three times executemany). A list of keys travels as one JSON
parameter on both, so that a statement is compiled once, however many keys there are.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, LargeBinary, Select, Table, Text, any_, bindparam, column, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB

from leadhub.store.types import AnyText, ExactJson, Json, UtcDateTime, storable, utc_text

_ROWS = 5000
"""Rows in one statement: larger ones gain nothing and hold more memory."""

Row = Mapping[str, Any]
Encoders = tuple[tuple[int, Callable[[Any], Any]], ...]
Guard = Callable[[Any], ColumnElement[bool]]
"""Takes the proposed row (`excluded`), gives the condition under which it replaces the stored one."""


def slices(items: Iterable[Any], size: int = _ROWS) -> Iterator[list[Any]]:
    """Yield `items` in lists of at most `size`."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def insert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert `rows`, which all have the same keys."""
    _write(connection, table, rows, frozenset(), None)


def upsert(connection: Connection, table: Table, rows: Sequence[Row], *, keep: Iterable[str] = (), guard: Guard | None = None) -> None:
    """Insert `rows` or replace those with the same primary key, which may be in `rows` once only.

    A stored row keeps its columns named in `keep`, and all of them where `guard` is false.
    """
    _write(connection, table, rows, frozenset(column.name for column in table.c) - frozenset(keep), guard)


def _write(connection: Connection, table: Table, rows: Sequence[Row], replaced: frozenset[str], guard: Guard | None) -> None:
    if not rows:
        return
    names = tuple(rows[0])
    if connection.dialect.name == "sqlite":
        sql, order, encoders = _sqlite_statement(table, names, replaced, guard)
        for batch in slices(rows):
            connection.exec_driver_sql(sql, list(_as_tuples(batch, order, encoders)))
        return
    insertion = postgresql.insert(table).from_select(names, _recordset(table, names))
    statement = _replacing(insertion, table, names, replaced, guard)
    for batch in slices(rows):
        connection.execute(statement, {"rows": _as_json(table, batch)})


def _replacing(statement: Any, table: Table, names: Sequence[str], replaced: frozenset[str], guard: Guard | None) -> Any:
    if not replaced:
        return statement
    key = [column.name for column in table.primary_key]
    changes = {name: statement.excluded[name] for name in names if name in replaced and name not in key}
    where = guard(statement.excluded) if guard else None
    return statement.on_conflict_do_update(index_elements=key, set_=changes, where=where)


@cache
def _sqlite_statement(table: Table, names: tuple[str, ...], replaced: frozenset[str], guard: Guard | None) -> tuple[str, Sequence[str], Encoders]:
    """Return the statement, the order of its parameters, and what spells those that need it.

    It is compiled once and its rows are spelled here: left to SQLAlchemy, storing many small rows takes half as long again.
    """
    dialect = sqlite.dialect()
    compiled = _replacing(sqlite.insert(table), table, names, replaced, guard).compile(dialect=dialect, column_keys=names)
    order = [str(name) for name in compiled.positiontup or ()]
    spelled = ((place, table.c[name].type.dialect_impl(dialect).bind_processor(dialect)) for place, name in enumerate(order))
    return str(compiled), order, tuple((place, spell) for place, spell in spelled if spell is not None)


def _as_tuples(rows: Sequence[Row], order: Sequence[str], encoders: Encoders) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        values = [row[name] for name in order]
        for place, encode in encoders:
            values[place] = encode(values[place])
        yield tuple(values)


def _recordset(table: Table, names: Sequence[str]) -> Select[Any]:
    shape = [column(name, table.c[name].type) for name in names]
    rows = func.jsonb_to_recordset(bindparam("rows", type_=JSONB)).table_valued(*shape).render_derived(name="given", with_types=True)
    return select(*(rows.c[name] for name in names))


def _as_json(table: Table, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Spell values as PostgreSQL reads them in JSON: the bind processors of the columns never see this path."""
    encoders = {name: encode for name in rows[0] if (encode := _encoder(table.c[name]))}
    coded: list[dict[str, Any]] = []
    for row in rows:
        spelled = dict(row)
        for name, encode in encoders.items():
            if spelled[name] is not None:
                spelled[name] = encode(spelled[name])
        coded.append(spelled)
    return coded


@cache
def _encoder(column: Column[Any]) -> Callable[[Any], str] | None:
    if isinstance(column.type, UtcDateTime):
        return utc_text
    if isinstance(column.type, AnyText):
        return storable
    if isinstance(column.type, ExactJson):
        return json.dumps
    if isinstance(column.type, LargeBinary):
        return lambda value: "\\x" + value.hex()
    return None


def among(connection: Connection, column: ColumnElement[Any], values: Iterable[str]) -> ColumnElement[bool]:
    """Return the condition that `column` is one of `values`, given as one parameter."""
    if connection.dialect.name == "sqlite":
        given = bindparam(None, list(values), type_=Json, unique=True)
        return column.in_(select(func.json_each(given).table_valued("value").c.value))
    # Not a subquery: on a table that was filled a moment ago and has no statistics yet, PostgreSQL would compare every row with every value.
    return column == any_(bindparam(None, list(values), type_=postgresql.ARRAY(Text), unique=True))


def listed_rows(connection: Connection, rows: Iterable[Sequence[str]], width: int) -> Select[Any]:
    """Return a subquery of `width` text columns with `rows`, given as one parameter."""
    given = bindparam(None, [list(row) for row in rows], type_=Json, unique=True)
    if connection.dialect.name == "sqlite":
        value = func.json_each(given).table_valued("value").c.value
        return select(*(func.json_extract(value, f"$[{place}]") for place in range(width)))
    item = func.jsonb_array_elements(given, type_=JSONB).column_valued("given")
    return select(*(item[place].astext for place in range(width)))
