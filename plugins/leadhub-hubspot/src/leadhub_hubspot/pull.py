"""Reading everything, then what changed: by listing at first, later by search, over ranges of ids so small that one answer tells all of each.

HubSpot's search is not to be trusted on order, shows changes late, and ends at 10,000 results of one query. So nothing here relies on its order
and nothing is paged: a range of ids is taken only from an answer whose own count says that it is whole, and is split until there is one. That
holds however many contacts bear one and the same time of change. What search shows late is caught by the overlap of the next pull.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from leadhub import Cursor, FatalError, Log, Page
from leadhub_hubspot.client import BATCH_LIMIT, Client, Filter
from leadhub_hubspot.mapping import MODIFIED, RECORD_ID
from leadhub_hubspot.reader import Reader, batches
from leadhub_hubspot.values import iso, parse_instant, to_ms

PASSES = 3  # over a range that cannot be split and whose answer does not add up


@dataclass(frozen=True, slots=True)
class Bookmark:
    """The cursor. `watermark`: all changes up to then were read, but for the overlap.

    In mid-list `after` is HubSpot's own paging mark. In mid-search `until` is the end of this pull's span of time, and of that span all contacts
    whose id is at most `read_to` have been read. `to` is where the range to read next ends: a split is kept, so that a pull which is stopped
    after every few searches still gets on.
    """

    watermark: datetime
    after: str | None = None
    until: datetime | None = None
    read_to: int = 0
    to: int | None = None

    def cursor(self) -> Cursor:
        """Return it as JSON."""
        mark: dict[str, Cursor] = {"watermark": iso(self.watermark)}
        if self.after is not None:
            mark["after"] = self.after
        if self.until is not None:
            mark |= {"until": iso(self.until), "read_to": self.read_to, "to": self.to}
        return mark

    @classmethod
    def read(cls, cursor: Cursor) -> "Bookmark":
        """Return the bookmark of a cursor. Raises FatalError for one that no pull of this connector wrote."""
        mark = cursor if isinstance(cursor, dict) else {}
        watermark, until = parse_instant(mark.get("watermark")), parse_instant(mark.get("until"))
        after, read_to, to = mark.get("after"), mark.get("read_to", 0), mark.get("to")
        whole = mark.keys() <= {"watermark", "after"} or (until is not None and mark.keys() == {"watermark", "until", "read_to", "to"})
        if not (watermark and whole and isinstance(after, str | None) and isinstance(read_to, int) and isinstance(to, int | None)):
            raise FatalError(f"The stored cursor of HubSpot cannot be read: {cursor!r}.", next_step="leadhub adopt")
        return cls(watermark, after, until, read_to, to)


@dataclass(frozen=True, slots=True)
class Range:
    """Contact ids from `low` to `high`, both included; None: no end."""

    low: int
    high: int | None = None

    def split(self, ids: list[int]) -> tuple["Range", "Range"]:
        """Return the lower and the upper part, each with fewer contacts: some of `ids` (two or more, of this range) fall into either.

        A page in order is the lowest ids, so the part below its last one is told whole next time; a page in no order is a sample to halve by.
        """
        ordered = sorted(ids)
        pivot = ordered[-2] if ids == ordered else ordered[(len(ordered) - 1) // 2]
        return Range(self.low, pivot), Range(pivot + 1, self.high)


class Puller:
    """One pull after another over one account."""

    def __init__(self, client: Client, reader: Reader, overlap: timedelta, log: Log) -> None:
        self._client = client
        self._reader = reader
        self._overlap = overlap
        self._log = log

    def pull(self, since: Cursor | None) -> Iterator[Page]:
        """Yield pages of records, each with the cursor to resume from."""
        mark = Bookmark(self._now()) if since is None else Bookmark.read(since)
        self._reader.warn_of_missing(self._log)
        if since is None or mark.after is not None:
            yield from self._list(mark)
        else:
            yield from self._changed(mark, mark.until or self._now())

    def _now(self) -> datetime:
        return self._client.account()[1]

    def _list(self, mark: Bookmark) -> Iterator[Page]:
        """Yield all live contacts. The watermark is of before the first page: what changes meanwhile is read again by the next pull."""
        after = mark.after
        while True:
            body = self._client.list_page(self._reader.asked(), after)
            after = ((body.get("paging") or {}).get("next") or {}).get("after")
            records = [record for result in body["results"] for record in self._reader.with_merged(result)]
            yield Page(tuple(records), replace(mark, after=after).cursor())
            if after is None:
                return

    def _changed(self, mark: Bookmark, until: datetime) -> Iterator[Page]:
        """Yield what changed from the watermark, less the overlap, until then, in order of ids."""
        span = to_ms(mark.watermark - self._overlap), to_ms(until)
        base = Bookmark(mark.watermark, until=until)
        left = [Range(mark.read_to + 1)] if mark.to is None else [Range(mark.to + 1), Range(mark.read_to + 1, mark.to)]
        while left:
            part = left.pop()
            ids, whole = self._ids(span, part)
            if not whole:
                lower, upper = part.split(ids)
                left += [upper, lower]
                yield Page((), replace(base, read_to=part.low - 1, to=lower.high).cursor())
                continue
            for batch in batches(sorted(ids), BATCH_LIMIT):
                records = self._reader.changed([str(record_id) for record_id in batch])
                yield Page(records, replace(base, read_to=batch[-1]).cursor())
        yield Page((), Bookmark(until).cursor())

    def _ids(self, span: tuple[int, int], part: Range) -> tuple[list[int], bool]:
        """Return the ids of one answer, and whether they are all that changed in this range."""
        for _ in range(PASSES):
            body = self._client.search_page(_filters(span, part), RECORD_ID)
            ids = list(dict.fromkeys(int(result["id"]) for result in body["results"]))
            total = int(body.get("total") or 0)
            if total <= len(ids):
                return ids, True
            if len(ids) > 1:
                return ids, False
        self._log.warning("hubspot.search_does_not_add_up", first_id=part.low, last_id=part.high, found=len(ids), total=total)
        return ids, True


def _filters(span: tuple[int, int], part: Range) -> list[Filter]:
    bounds = [(MODIFIED, "GTE", span[0]), (MODIFIED, "LTE", span[1])]
    bounds += [(RECORD_ID, "GTE", part.low)] if part.low > 1 else []
    bounds += [(RECORD_ID, "LTE", part.high)] if part.high is not None else []
    return [{"propertyName": name, "operator": operator, "value": str(bound)} for name, operator, bound in bounds]
