# ruff: noqa: ARG002 - the router calls every handler alike, with the request and the names in its path
"""Search over the records of one type with HubSpot's limits, its late index and, if wished, its unreliable order. It never sees archived ones."""

import json
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from leadhub_sandbox.http import Request, Response
from leadhub_sandbox.hubspot.account import Account
from leadhub_sandbox.hubspot.bounds import RECORD_ID, Bounds
from leadhub_sandbox.hubspot.errors import invalid
from leadhub_sandbox.hubspot.filters import Test, comparable, compile_filter
from leadhub_sandbox.hubspot.index import EVERYTHING, Entry
from leadhub_sandbox.hubspot.numerals import whole
from leadhub_sandbox.hubspot.objects import Objects
from leadhub_sandbox.hubspot.records import body_of, names_in
from leadhub_sandbox.hubspot.views import Views

MAX_GROUPS, MAX_FILTERS_IN_GROUP, MAX_FILTERS = 5, 6, 18
PAGE, MAX_PAGE = 10, 200
MAX_BODY = 3_000
MAX_RESULTS = 10_000
MAX_CACHED = 100


class Search:
    """POST …/objects/{type}/search. A query is worked out once and its pages are cut from the result until the index moves."""

    def __init__(self, account: Account, objects: Objects, views: Views) -> None:
        self._account = account
        self._objects = objects
        self._views = views
        self._cache: dict[str, list[int]] = {}

    def forget(self) -> None:
        """Drop what was worked out: the index or a setting has changed."""
        self._cache.clear()

    def handle(self, request: Request, version: str) -> Response:
        """Answer one search."""
        self._settle()
        length = len(request.body.decode("utf-8", "replace"))
        if length > MAX_BODY:
            raise invalid(f"A search body has at most {MAX_BODY} characters, this one has {length}.")
        body = body_of(request)
        limit, offset = _whole(body.get("limit"), PAGE, "limit"), _whole(body.get("after"), 0, "after")
        if not 1 <= limit <= MAX_PAGE:
            raise invalid(f"limit must be from 1 to {MAX_PAGE}, not {limit}.")
        if offset >= MAX_RESULTS:
            raise invalid(f"A search pages through at most {MAX_RESULTS} results; after was {offset}.")
        ids = self._ids(body)
        index = self._objects.store.index.entries
        asked = names_in(body, "properties")
        page = [self._views.found(index[number], asked) for number in ids[offset : offset + limit]]
        answer: dict[str, Any] = {"total": len(ids), "results": page}
        if offset + limit < len(ids):
            answer["paging"] = {"next": {"after": str(offset + limit)}}
        return Response(body=answer)

    def _settle(self) -> None:
        lag_ms = int(self._account.settings.search_lag_seconds * 1000)
        if self._objects.store.settle(self._account.now_ms() - lag_ms):
            self.forget()

    def _ids(self, body: Mapping[str, Any]) -> list[int]:
        key = json.dumps([body.get("filterGroups"), body.get("sorts"), body.get("query")], sort_keys=True)
        if key not in self._cache:
            if len(self._cache) >= MAX_CACHED:
                self._cache.clear()
            groups = [[self._meant(order) for order in filters] for filters in _groups(body)]
            found = self._matching(groups, str(body.get("query") or "").lower())
            self._cache[key] = self._sorted(found, body.get("sorts"))
        return self._cache[key]

    def _meant(self, order: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a filter as the index takes it.

        HubSpot's own stamps are finer than the milliseconds that it shows and compares with: a change within the millisecond of "since" is after it.
        """
        since = order.get("operator") == "GT" and order.get("propertyName") == self._objects.type.modified
        return {**order, "operator": "GTE"} if since and self._account.settings.search_truncates_ms else order

    def _matching(self, groups: list[list[Mapping[str, Any]]], query: str) -> list[Entry]:
        index = self._objects.store.index.entries
        found: dict[int, Entry] = {}
        for filters in groups or [[]]:
            compiled = [(order, compile_filter(self._objects.schema, order)) for order in filters]
            bounds = Bounds.of(filters, self._objects.type.modified)
            tests = [test for order, test in compiled if not bounds.cover(order, self._objects.type.modified)]
            for number in self._candidates(filters, bounds):
                entry = index.get(number)
                if entry is not None and bounds.hold(entry) and (not tests or _passes(entry, tests)):
                    found[number] = entry
        if not query:
            return list(found.values())
        return [entry for entry in found.values() if any(query in entry.values.get(name, "").lower() for name in self._objects.type.queried)]

    def _candidates(self, filters: list[Mapping[str, Any]], bounds: Bounds) -> Iterable[int]:
        """Return the ids that can match, fewer than all when an id, a time or an address bounds them: windows must not scan the account."""
        for order in filters:
            name, operator = order["propertyName"], order["operator"]
            if name == RECORD_ID and operator == "IN":
                return [int(float(value)) for value in order["values"]]
            if name == "email" and operator == "EQ":
                return self._objects.store.index.with_email(order["value"])
        by_id = self._objects.store.ids_between(*bounds.ids)
        if bounds.times == EVERYTHING:
            return by_id
        by_time = self._objects.store.index.changed(bounds.times, bounds.ids)
        return by_id if len(by_id) < len(by_time) else by_time

    def _sorted(self, found: list[Entry], sorts: object) -> list[int]:
        """Sort by the one rule. Equal ones come in an order that nobody may rely on; with no rule, in order of creation."""
        name, descending = self._sort_rule(sorts)
        if self._account.settings.search_shuffled:
            return sorted((entry.id for entry in found), key=self._draw)
        if not name:
            return sorted(entry.id for entry in found)
        if name == RECORD_ID:
            return sorted((entry.id for entry in found), reverse=descending)
        known = self._objects.schema.properties[name]
        disorder = self._account.settings.search_disorder_seconds * 1000 if name == self._objects.type.modified else 0.0

        def key(entry: Entry) -> tuple[bool, Any, int]:
            draw = self._draw(entry.id)
            held = entry.values.get(name)
            value = comparable(known, held) if held is not None else 0
            if disorder and not isinstance(value, str):
                value += disorder * (draw / 2**31 - 1)
            return held is None, value, draw

        return [entry.id for entry in sorted(found, key=key, reverse=descending)]

    def _draw(self, number: int) -> int:
        """Return a number below 2**32 that only the seed and the id decide."""
        return zlib.crc32(f"{self._account.seed} {number}".encode())

    def _sort_rule(self, sorts: object) -> tuple[str, bool]:
        """Return (property, descending); "" for none. Both spellings are known: "-createdate", and an object."""
        if not sorts:
            return "", False
        if not isinstance(sorts, list) or len(sorts) > 1:
            raise invalid("A search takes one sort rule.")
        rule = sorts[0]
        if isinstance(rule, dict):
            name, descending = str(rule.get("propertyName")), rule.get("direction") == "DESCENDING"
        else:
            name, descending = str(rule).removeprefix("-"), str(rule).startswith("-")
        if name not in self._objects.schema.properties:
            raise invalid(f"There is no property {name} to sort by.", propertyName=[name])
        return name, descending


def _passes(entry: Entry, tests: list[tuple[str, Test]]) -> bool:
    return all(test(entry.values.get(name)) for name, test in tests)


def _groups(body: Mapping[str, Any]) -> list[list[Mapping[str, Any]]]:
    """Return the filters of each group. Raises ApiError 400 beyond the limits of HubSpot's search guide."""
    groups = body.get("filterGroups") or []
    if not isinstance(groups, list) or not all(isinstance(group, dict) for group in groups):
        raise invalid("Invalid input JSON: filterGroups must be a list of objects.")
    listed = [group.get("filters") or [] for group in groups]
    if not all(isinstance(filters, list) and all(isinstance(order, dict) for order in filters) for filters in listed):
        raise invalid("Invalid input JSON: filters must be a list of objects.")
    if len(listed) > MAX_GROUPS:
        raise invalid(f"A search takes at most {MAX_GROUPS} filter groups, this one has {len(listed)}.")
    if any(len(filters) > MAX_FILTERS_IN_GROUP for filters in listed):
        raise invalid(f"A filter group takes at most {MAX_FILTERS_IN_GROUP} filters.")
    if sum(len(filters) for filters in listed) > MAX_FILTERS:
        raise invalid(f"A search takes at most {MAX_FILTERS} filters in all.")
    return listed


def _whole(value: object, default: int, name: str) -> int:
    if value is None or value == "":
        return default
    number = whole(value)
    if number is None:
        raise invalid(f"{name} must be a whole number, not {value}.")
    return number
