"""The span of ids and of times that a group of search filters leaves, so that a search over a small one need not look at the whole account."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from leadhub_sandbox.hubspot.index import EVERYTHING, Entry, Span
from leadhub_sandbox.hubspot.numerals import whole
from leadhub_sandbox.hubspot.timestamps import parse_ms

RECORD_ID = "hs_object_id"


@dataclass(frozen=True, slots=True)
class Bounds:
    """Ids and times of change in epoch milliseconds, each from the first to the second, both included."""

    ids: Span = EVERYTHING
    times: Span = EVERYTHING

    @classmethod
    def of(cls, filters: Iterable[Mapping[str, Any]], modified: str) -> "Bounds":
        """Return what these filters, which must be valid, leave; `modified` is the property that tells the time of change."""
        ids, times = EVERYTHING, EVERYTHING
        for order in filters:
            span = _span(order, modified)
            if span is not None and order["propertyName"] == RECORD_ID:
                ids = max(ids[0], span[0]), min(ids[1], span[1])
            elif span is not None:
                times = max(times[0], span[0]), min(times[1], span[1])
        return cls(ids, times)

    @staticmethod
    def cover(order: Mapping[str, Any], modified: str) -> bool:
        """Say whether a filter is wholly told by bounds and needs no test of its own."""
        return _span(order, modified) is not None

    def hold(self, entry: Entry) -> bool:
        """Say whether an entry is within."""
        return self.ids[0] <= entry.id <= self.ids[1] and self.times[0] <= entry.modified_ms <= self.times[1]


def _span(order: Mapping[str, Any], modified: str) -> Span | None:
    """Return the span that a filter on the id or the time of change leaves, or None for any other filter."""
    name = order["propertyName"]
    if name not in (modified, RECORD_ID) or "value" not in order:
        return None
    read = parse_ms if name == modified else whole
    value, high = read(order["value"]), read(order.get("highValue", order["value"]))
    if value is None or high is None:
        return None
    return {
        "EQ": (value, value),
        "GT": (value + 1, EVERYTHING[1]),
        "GTE": (value, EVERYTHING[1]),
        "LT": (EVERYTHING[0], value - 1),
        "LTE": (EVERYTHING[0], value),
        "BETWEEN": (value, high),
    }.get(order["operator"])
