"""Reading everything, then what changed: by listing at first, later by search over ranges of ids, and every few hours the list of the archived.

HubSpot's search is not to be trusted on order, shows changes late, and ends at 10,000 results of one query. So nothing here relies on its order
and nothing is paged: ids are taken only where counts say that they are all of a range. Either the answer's own count does, or a page of the lowest
ids is as long as the count of the rest is smaller; any other range is split. That holds however many contacts bear one and the same time of change.
What search shows late is caught by the overlap of the next pull.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from leadhub import Cursor, FatalError, Log, Page
from leadhub_hubspot.client import BATCH_LIMIT, Client, Filter, next_page
from leadhub_hubspot.mapping import MODIFIED, RECORD_ID
from leadhub_hubspot.reader import Reader, batches, gone_record
from leadhub_hubspot.values import iso, parse_instant, to_ms

PASSES = 3  # over a range that cannot be split and whose answer does not add up
LONGEST_QUERY = 5_000  # characters of names in an address: beyond that the values are read by a call with a body, which has no such limit
SWEEP_EVERY = timedelta(hours=6)  # the list of the archived is paged whole, however few are new in it


@dataclass(frozen=True, slots=True)
class Bookmark:
    """The cursor. `watermark`: all changes up to then were read, but for the overlap. `swept`: so were all contacts archived up to then.

    In mid-list `after` is HubSpot's own paging mark, of the live contacts or, with `sweep`, of the archived ones: then `sweep` is when that began.
    In mid-search `until` is the end of this pull's span of time, and of that span all contacts whose id is at most `read_to` have been read. `to`
    is where the range to read next ends: a split is kept, so that a pull which is stopped after every few searches still gets on.
    """

    watermark: datetime
    swept: datetime | None = None
    after: str | None = None
    sweep: datetime | None = None
    until: datetime | None = None
    read_to: int = 0
    to: int | None = None

    def cursor(self) -> Cursor:
        """Return it as JSON."""
        mark: dict[str, Cursor] = {"watermark": iso(self.watermark)}
        mark |= {name: iso(at) for name, at in (("swept", self.swept), ("sweep", self.sweep)) if at is not None}
        if self.after is not None:
            mark["after"] = self.after
        if self.until is not None:
            mark |= {"until": iso(self.until), "read_to": self.read_to, "to": self.to}
        return mark

    @classmethod
    def read(cls, cursor: Cursor) -> "Bookmark":
        """Return the bookmark of a cursor. Raises FatalError for one that no pull of this connector wrote."""
        mark = cursor if isinstance(cursor, dict) else {}
        times = {name: parse_instant(mark[name]) for name in ("watermark", "swept", "sweep", "until") if name in mark}
        after, read_to, to = mark.get("after"), mark.get("read_to", 0), mark.get("to")
        whole = mark.keys() - {"watermark", "swept"} in (set(), {"after"}, {"after", "sweep"}, {"until", "read_to", "to"})
        sound = whole and "watermark" in times and None not in times.values()
        if not (sound and isinstance(after, str | None) and isinstance(read_to, int) and isinstance(to, int | None)):
            raise FatalError(f"The stored cursor of HubSpot cannot be read: {cursor!r}.", next_step="leadhub adopt")
        watermark = times["watermark"]
        assert watermark is not None
        return cls(watermark, times.get("swept"), after, times.get("sweep"), times.get("until"), read_to, to)


@dataclass(frozen=True, slots=True)
class Answer:
    """The first page of what changed in a range of ids, and how many there are by the answer's own count."""

    ids: list[int]
    total: int

    @property
    def whole(self) -> bool:
        """Whether these are all. One id cannot be split: what does not add up there was asked for several times."""
        return self.total <= len(self.ids) or len(self.ids) <= 1

    @property
    def in_order(self) -> bool:
        """Whether the page looks like the lowest ids of the range."""
        return self.ids == sorted(self.ids)


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
        mark = None if since is None else Bookmark.read(since)
        self._reader.warn_of_missing(self._log)
        if mark is None or (mark.after is not None and mark.sweep is None):
            yield from self._list(mark or self._beginning())
            return
        until = mark.until or self._now()
        if mark.until is None and (mark.sweep or mark.swept is None or until - mark.swept >= SWEEP_EVERY):
            yield from self._archived(replace(mark, sweep=mark.sweep or until))
            mark = Bookmark(mark.watermark, swept=mark.sweep or until)
        yield from self._changed(mark, until)

    def _now(self) -> datetime:
        return self._client.account()[1]

    def _beginning(self) -> Bookmark:
        """A list of all who live has no need of the archived: whoever is not in it is asked for by id."""
        now = self._now()
        return Bookmark(now, swept=now)

    def _list(self, mark: Bookmark) -> Iterator[Page]:
        """Yield all live contacts. The watermark is of before the first page: what changes meanwhile is read again by the next pull."""
        asked = self._reader.asked()
        fits = len(",".join(asked)) <= LONGEST_QUERY
        while True:
            body = self._client.list_page(asked if fits else (), mark.after)
            mark = replace(mark, after=next_page(body))
            if fits:
                records = tuple(record for result in body["results"] for record in self._reader.with_merged(result))
            else:
                records = self._reader.changed([str(result["id"]) for result in body["results"]]) if body["results"] else ()
            yield Page(records, mark.cursor())
            if mark.after is None:
                return

    def _archived(self, mark: Bookmark) -> Iterator[Page]:
        """Yield who was archived since the last sweep, less the overlap. HubSpot's search never tells of them, and its list knows no time."""
        since = None if mark.swept is None else mark.swept - self._overlap
        while True:
            body = self._client.list_page((), mark.after, archived=True)
            mark = replace(mark, after=next_page(body))
            records = tuple(gone_record(str(result["id"]), result) for result in body["results"])
            told = tuple(record for record in records if since is None or record.stamp is None or record.stamp >= since)
            ended = mark.after is None
            yield Page(told, (Bookmark(mark.watermark, swept=mark.sweep) if ended else mark).cursor())
            if ended:
                return

    def _changed(self, mark: Bookmark, until: datetime) -> Iterator[Page]:
        """Yield what changed from the watermark, less the overlap, until then, in order of ids."""
        span = to_ms(mark.watermark - self._overlap), to_ms(until)
        base = Bookmark(mark.watermark, swept=mark.swept, until=until)
        left = [Range(mark.read_to + 1)] if mark.to is None else [Range(mark.to + 1), Range(mark.read_to + 1, mark.to)]
        while left:
            part = left.pop()
            answer = self._ask(span, part)
            while answer.in_order and not answer.whole:
                rest = Range(answer.ids[-1] + 1, part.high)
                yield Page((), replace(base, read_to=part.low - 1, to=answer.ids[-1]).cursor())
                further = self._ask(span, rest)
                if answer.total - further.total != len(answer.ids):
                    break  # somebody between these ids was not shown, or left meanwhile: their range is asked for by itself
                yield from self._read(answer.ids, base)
                part, answer = rest, further
            if answer.whole:
                yield from self._read(answer.ids, base)
            else:
                lower, upper = part.split(answer.ids)
                left += [upper, lower]
                yield Page((), replace(base, read_to=part.low - 1, to=lower.high).cursor())
        yield Page((), Bookmark(until, swept=mark.swept).cursor())

    def _read(self, ids: list[int], base: Bookmark) -> Iterator[Page]:
        """Yield the contacts of a range of which these are all that changed."""
        for batch in batches(sorted(ids), BATCH_LIMIT):
            records = self._reader.changed([str(record_id) for record_id in batch])
            yield Page(records, replace(base, read_to=batch[-1]).cursor())

    def _ask(self, span: tuple[int, int], part: Range) -> Answer:
        """Return what one search says of a range of ids."""
        for _ in range(PASSES):
            body = self._client.search_page(_filters(span, part), RECORD_ID)
            answer = Answer(list(dict.fromkeys(int(result["id"]) for result in body["results"])), int(body.get("total") or 0))
            if answer.total <= len(answer.ids) or len(answer.ids) > 1:
                return answer
        self._log.warning("hubspot.search_does_not_add_up", first_id=part.low, last_id=part.high, found=len(answer.ids), total=answer.total)
        return answer


def _filters(span: tuple[int, int], part: Range) -> list[Filter]:
    bounds = [(MODIFIED, "GTE", span[0]), (MODIFIED, "LTE", span[1])]
    bounds += [(RECORD_ID, "GTE", part.low)] if part.low > 1 else []
    bounds += [(RECORD_ID, "LTE", part.high)] if part.high is not None else []
    return [{"propertyName": name, "operator": operator, "value": str(bound)} for name, operator, bound in bounds]
