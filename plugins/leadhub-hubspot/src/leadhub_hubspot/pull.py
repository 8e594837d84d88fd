"""Reading everything, then what changed: by listing at first, later by search over windows of time that are small enough to be whole.

HubSpot's search is not to be trusted on order, shows changes late, and ends at 10,000 results. So nothing here relies on its order: a window
is split in halves until its count adds up, and every pull reaches back over the overlap.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from leadhub import Cursor, FatalError, Log, Page
from leadhub_hubspot.client import BATCH_LIMIT, SEARCH_LIMIT, Client
from leadhub_hubspot.mapping import MODIFIED
from leadhub_hubspot.reader import Reader, batches
from leadhub_hubspot.values import from_ms, iso, parse_instant, to_ms

MAX_RESULTS = 10_000  # of one search; beyond it HubSpot answers 400
PASSES = 3  # over a window of one millisecond, which cannot be split, until its count adds up


@dataclass(frozen=True, slots=True)
class Window:
    """A span of last-modified times in epoch milliseconds, both ends included."""

    start: int
    end: int

    def halves(self) -> tuple["Window", "Window"]:
        """Return the earlier and the later half."""
        middle = (self.start + self.end) // 2
        return Window(self.start, middle), Window(middle + 1, self.end)


@dataclass(frozen=True, slots=True)
class Bookmark:
    """The cursor. `watermark`: all changes up to then were read, but for the overlap.

    In mid-list `after` is HubSpot's own paging mark. In mid-window `until` is the end of this pull, `start` and `end` the window being read,
    and `after` the highest id of it that was read: ids are read in their own order.
    """

    watermark: datetime
    after: str | None = None
    until: datetime | None = None
    start: int = 0
    end: int = 0

    def cursor(self) -> Cursor:
        """Return it as JSON."""
        mark: dict[str, Cursor] = {"watermark": iso(self.watermark)}
        if self.after is not None:
            mark["after"] = self.after
        if self.until is not None:
            mark |= {"until": iso(self.until), "from": iso(from_ms(self.start)), "to": iso(from_ms(self.end))}
        return mark

    @classmethod
    def read(cls, cursor: Cursor) -> "Bookmark":
        """Return the bookmark of a cursor. Raises FatalError for one that no pull of this connector wrote."""
        mark = cursor if isinstance(cursor, dict) else {}
        watermark, until = parse_instant(mark.get("watermark")), parse_instant(mark.get("until"))
        start, end, after = parse_instant(mark.get("from")), parse_instant(mark.get("to")), mark.get("after")
        whole = until is None or (start is not None and end is not None and str(after).isdigit())
        if watermark is None or not whole or not isinstance(after, str | None):
            raise FatalError(f"The stored cursor of HubSpot cannot be read: {cursor!r}.", next_step="leadhub adopt")
        if until is None or start is None or end is None:
            return cls(watermark, after)
        return cls(watermark, after, until, to_ms(start), to_ms(end))


class _TooMany(Exception):
    """One single millisecond holds more contacts than a search can return."""


class Puller:
    """One pull after another over one account."""

    def __init__(self, client: Client, reader: Reader, overlap: timedelta, log: Log) -> None:
        self._client = client
        self._reader = reader
        self._overlap = overlap
        self._log = log

    def pull(self, since: Cursor | None) -> Iterator[Page]:
        """Yield pages of records, each with the cursor to resume from."""
        if since is None:
            yield from self._list(Bookmark(self._now()))
            return
        mark = Bookmark.read(since)
        if mark.until is None and mark.after is not None:
            yield from self._list(mark)
            return
        until = mark.until or self._now()
        try:
            yield from self._windows(mark, until)
        except _TooMany as error:
            self._log.warning("hubspot.list_instead_of_search", reason=str(error))
            yield from self._list(Bookmark(until))

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

    def _windows(self, mark: Bookmark, until: datetime) -> Iterator[Page]:
        """Yield what changed since the watermark, less the overlap, window by window in order of time."""
        start = to_ms(mark.watermark - self._overlap)
        base = Bookmark(mark.watermark, until=until)
        if mark.until is not None:
            yield from self._window(Window(mark.start, mark.end), base, int(mark.after or 0))
            start = mark.end + 1
        rest = Window(start, to_ms(until))
        if rest.start <= rest.end:
            yield from self._window(rest, base, 0)
        yield Page((), Bookmark(until).cursor())

    def _window(self, window: Window, base: Bookmark, read_to: int) -> Iterator[Page]:
        """Yield the contacts of one window, splitting it until a search tells all of it."""
        ids = self._ids(window)
        if ids is None:
            for half in window.halves():
                # A window that was begun may have to be split now: its ids up to `read_to` were read, in either half.
                yield from self._window(half, base, read_to)
            return
        todo = [record_id for record_id in sorted(ids) if record_id > read_to]
        for batch in batches(todo, BATCH_LIMIT):
            records = self._reader.changed([str(record_id) for record_id in batch])
            yield Page(records, replace(base, start=window.start, end=window.end, after=str(batch[-1])).cursor())

    def _ids(self, window: Window) -> set[int] | None:
        """Return all ids of a window, or None when it must be split. Raises _TooMany for a millisecond that no search can tell whole."""
        ids: set[int] = set()
        single = window.start == window.end
        for _ in range(PASSES):
            total = self._search(window, ids)
            if total >= MAX_RESULTS and single:
                raise _TooMany(f"{total} contacts changed in the millisecond {iso(from_ms(window.start))}")
            if total >= MAX_RESULTS:
                return None
            if len(ids) >= total:
                return ids
            if not single:
                return None
        self._log.warning("hubspot.search_does_not_add_up", at=iso(from_ms(window.start)), found=len(ids), total=total)
        return ids

    def _search(self, window: Window, ids: set[int]) -> int:
        """Add a window's ids page by page and return the highest total told: a contact that leaves meanwhile shifts the pages."""
        filters = (
            {"propertyName": MODIFIED, "operator": "GTE", "value": str(window.start)},
            {"propertyName": MODIFIED, "operator": "LTE", "value": str(window.end)},
        )
        total = 0
        for after in range(0, MAX_RESULTS, SEARCH_LIMIT):
            body = self._client.search_page(filters, "hs_object_id", after)
            ids.update(int(result["id"]) for result in body["results"])
            total = max(total, int(body.get("total") or 0))
            if total >= MAX_RESULTS or "next" not in (body.get("paging") or {}):
                break
        return total
