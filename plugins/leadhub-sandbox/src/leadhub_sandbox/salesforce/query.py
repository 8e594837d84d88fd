"""A query run: rows chosen, put in order and rendered, and the cursors by which its pages are fetched."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from leadhub_sandbox.salesforce import ids
from leadhub_sandbox.salesforce.columns import metadata
from leadhub_sandbox.salesforce.errors import ApiError, invalid_field, malformed_query
from leadhub_sandbox.salesforce.filters import predicate, related, resolve, sort_rows
from leadhub_sandbox.salesforce.objects import BY_PREFIX, find_object
from leadhub_sandbox.salesforce.org import Org
from leadhub_sandbox.salesforce.places import CODES
from leadhub_sandbox.salesforce.plans import plan
from leadhub_sandbox.salesforce.schema import Row, SObject
from leadhub_sandbox.salesforce.soql import Select, parse

MIN_PAGE, MAX_PAGE = 200, 2000
Render = Callable[[Row], Any]


def attributes(obj: SObject, row: Row, version: str) -> dict[str, str]:
    """Return the `attributes` that every rendered record carries."""
    return {"type": obj.name, "url": f"/services/data/{version}/sobjects/{obj.name}/{row['Id']}"}


def field_value(obj: SObject, name: str, row: Row) -> Any:
    """Return a field as the API sends it: an address is put together from its parts."""
    if obj.fields[name].type != "address":
        return row[name]
    stem = name.removesuffix("Address")
    parts = {p[0].lower() + p[1:]: row[f"{stem}{p}"] for p in ("Street", "City", "State", "PostalCode", "Country")}
    if row[f"{stem}CountryCode"]:
        parts |= {p[0].lower() + p[1:]: row[f"{stem}{p}"] for p in CODES}
    if not any(parts.values()):
        return None
    return parts | {"latitude": None, "longitude": None, "geocodeAccuracy": None}


def renderer(org: Org, obj: SObject, paths: list[str], version: str) -> Render:
    """Return how to render a row with these paths, relationships nested; raises INVALID_FIELD."""
    plain: dict[str, str] = {}
    nested: dict[str, list[str]] = {}
    for path in paths:
        resolved, _ = resolve(org, obj, path)
        head, _, rest = path.partition(".")
        if rest and head.lower() != obj.name.lower():
            nested.setdefault(head, []).append(rest)
        elif resolved.name in plain:
            raise invalid_field(f"duplicate field selected: {resolved.name}")
        else:
            plain[resolved.name] = resolved.name
    inner = {head: _related(org, obj, head, rest, version) for head, rest in nested.items()}

    def render(row: Row) -> dict[str, Any]:
        shown: dict[str, Any] = {"attributes": attributes(obj, row, version)}
        for name in plain:
            shown[name] = field_value(obj, name, row)
        for head, show in inner.items():
            shown[head] = show(row)
        return shown

    return render


def _related(org: Org, obj: SObject, head: str, paths: list[str], version: str) -> Render:
    link = obj.relation(head)
    if link is None:
        raise invalid_field(f"Didn't understand relationship '{head}' in field path")
    getters = {path: resolve(org, obj, f"{head}.{path}")[1] for path in paths}
    if any("." in path for path in paths):
        raise malformed_query(f"'{head}.{paths[0]}': this sandbox selects one relationship level only")
    name = link.name

    def render(row: Row) -> dict[str, Any] | None:
        target = related(org, row[name])
        if target is None:
            return None
        shown: dict[str, Any] = {"attributes": attributes(BY_PREFIX[str(target["Id"])[:3]], target, version)}
        return shown | {path: get(row) for path, get in getters.items()}

    return render


@dataclass(slots=True)
class Cursor:
    """The snapshot of a query's rows that its later pages are cut from."""

    render: Render
    rows: list[Row]
    size: int
    expires: datetime


@dataclass(slots=True)
class Queries:
    """Runs queries and keeps their cursors."""

    org: Org
    cursors: dict[str, Cursor] = field(default_factory=dict)
    _number: int = 0

    def run(self, text: str, version: str, *, deleted: bool, batch: int | None) -> dict[str, Any]:
        """Return the first page of a query; `deleted` is queryAll's. Raises ApiError."""
        tree = parse(text)
        obj = self._source(tree)
        counting = ("COUNT", "") in tree.select
        if counting and (len(tree.select) > 1 or tree.order):
            raise malformed_query("COUNT() must be the only element in the SELECT list and takes no ORDER BY")
        render = None if counting else renderer(self.org, obj, self._paths(obj, tree), version)
        rows = self._rows(obj, tree, deleted=deleted)
        if render is None:
            return {"totalSize": len(rows), "done": True, "records": []}
        size = min(self.org.settings.page_size, max(MIN_PAGE, min(batch or MAX_PAGE, MAX_PAGE)))
        expires = self.org.clock.now() + timedelta(seconds=self.org.settings.cursor_seconds)
        return self._page(None, Cursor(render, rows, size, expires), 0, version)

    def find(self, text: str, *, deleted: bool) -> tuple[SObject, Select, list[Row]]:
        """Return a query's object, its tree and all its rows, for who renders them otherwise. Raises ApiError."""
        tree = parse(text)
        obj = self._source(tree)
        return obj, tree, self._rows(obj, tree, deleted=deleted)

    def columns(self, text: str) -> dict[str, Any]:
        """Return what a query's columns are; raises ApiError for what `run` refuses of a SELECT list."""
        tree = parse(text)
        obj = self._source(tree)
        return metadata(self.org, obj, [] if ("COUNT", "") in tree.select else self._paths(obj, tree))

    def _source(self, tree: Select) -> SObject:
        obj = find_object(tree.source)
        if obj is None or not self.org.shows(obj):
            raise ApiError(400, "INVALID_TYPE", f"sObject type '{tree.source}' is not supported.")
        return obj

    def _paths(self, obj: SObject, tree: Select) -> list[str]:
        paths: list[str] = []
        for item in tree.select:
            if isinstance(item, str):
                paths.append(item)
                continue
            function, argument = item
            if function != "FIELDS" or argument not in ("ALL", "STANDARD", "CUSTOM"):
                raise malformed_query(f"unexpected token: '{function}({argument})'")
            if argument != "STANDARD" and not (tree.limit and tree.limit <= MIN_PAGE):
                raise malformed_query("The SOQL FIELDS function must have a LIMIT of at most 200")
            custom = {"ALL": (True, False), "STANDARD": (False,), "CUSTOM": (True,)}[argument]
            hidden = self.org.hidden(obj)
            paths += [n for n in obj.fields if n.endswith("__c") in custom and n not in hidden]
        return paths

    def _rows(self, obj: SObject, tree: Select, *, deleted: bool) -> list[Row]:
        test = predicate(self.org, obj, tree.where)
        found = plan(self.org, obj, tree.where, tree.order)
        pool: Iterable[Row] = (row for row in self.org.rows(obj, deleted=deleted, among=found.ids) if test(row))
        if obj.name in self.org.settings.query_timeouts:
            pool = list(pool)
            if len(pool) > self.org.settings.query_timeouts[obj.name]:
                raise ApiError(400, "QUERY_TIMEOUT", "Your query request was running for too long.")
        end = None if tree.limit is None else tree.offset + tree.limit
        rows = list(islice(pool, end)) if found.in_order else sort_rows(self.org, obj, list(pool), tree.order)
        return rows[tree.offset : end]

    def more(self, locator: str, version: str) -> dict[str, Any]:
        """Return the page that a nextRecordsUrl names; raises INVALID_QUERY_LOCATOR for one unknown or expired."""
        name, _, position = locator.partition("-")
        cursor = self.cursors.get(name)
        if cursor is None or not position.isdigit() or cursor.expires < self.org.clock.now():
            raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(name, cursor, int(position), version)

    def _page(self, name: str | None, cursor: Cursor, start: int, version: str) -> dict[str, Any]:
        end = start + self._size(cursor, start)
        page: dict[str, Any] = {"totalSize": len(cursor.rows), "done": end >= len(cursor.rows)}
        if not page["done"]:
            name = name or self._keep(cursor)
            page["nextRecordsUrl"] = f"/services/data/{version}/query/{name}-{end}"
        return page | {"records": [cursor.render(row) for row in cursor.rows[start:end]]}

    def _size(self, cursor: Cursor, start: int) -> int:
        if not self.org.settings.short_pages:
            return cursor.size
        chance = random.Random(f"{self.org.seed}-{start}")  # noqa: S311 - reproducible page sizes
        return chance.randint(max(1, cursor.size // 2), cursor.size)

    def _keep(self, cursor: Cursor) -> str:
        self._number += 1
        name = ids.make("01g", self.org.pod, self._number)
        self.cursors[name] = cursor
        return name
