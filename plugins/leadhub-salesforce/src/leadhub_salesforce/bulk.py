"""A first load through a query job of Bulk API 2.0: the rows of many thousands of records in few calls. Pure but for what it is handed.

Its results are CSV: every value is text, a blank is nothing, and the order is none.
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from leadhub_salesforce.schema import Field

FROM = 10_000
"""From so many rows on a first load goes by a job. Salesforce advises one from 2,000; below this, five pages by REST are quicker than waiting."""

ROWS = 5_000
"""Rows of one page of results: what is held in memory and stored at once."""

RUNNING = frozenset({"Open", "UploadComplete", "InProgress"})
COMPLETE = "JobComplete"

PATIENCE = 2 * 3600.0
"""Seconds after which a job that has not ended is given up, and the load goes by REST."""

_TYPES: Mapping[str, Callable[[str], Any]] = {
    "boolean": lambda text: text == "true",
    "int": int,
    "double": float,
    "currency": float,
    "percent": float,
}


def pause(age: float) -> float:
    """Return for how many seconds to leave a job alone that was ordered so many seconds ago."""
    return min(max(age / 4, 5.0), 120.0)


def rows_of(text: str, fields: Mapping[str, Field]) -> Iterator[dict[str, Any]]:
    """Yield the rows of a page of results as the REST API would give them."""
    lines = csv.reader(io.StringIO(text, newline=""))
    header = next(lines, [])
    for line in lines:
        yield {name: _value(cell, fields[name].type if name in fields else "") for name, cell in zip(header, line, strict=True)}


def _value(cell: str, kind: str) -> Any:
    return None if cell == "" else _TYPES.get(kind, str)(cell)
