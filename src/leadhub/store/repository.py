"""What every group of operations is built on."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, func

from leadhub.clock import Clock


@dataclass(frozen=True, slots=True)
class Repository:
    """Operations on some tables within one transaction."""

    connection: Connection
    clock: Clock


def begins_with(column: ColumnElement[str], prefix: str) -> ColumnElement[bool]:
    """Return the condition that a text begins so, letter by letter: SQLite's LIKE takes small letters and capitals for the same, PostgreSQL's does not."""
    return func.substr(column, 1, len(prefix)) == prefix
