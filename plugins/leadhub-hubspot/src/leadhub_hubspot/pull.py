"""Reading everything, then what changed: by listing at first, later by search over ranges of ids, and every few hours the list of the archived.

HubSpot's search is not to be trusted on order, shows changes late, and ends at 10,000 results of one query. So nothing here relies on its order
and nothing is paged: ids are taken only where counts say that they are all of a range. Either the answer's own count does, or a page of the lowest
ids is as long as the count of the rest is smaller; any other range is split. That holds however many records bear one and the same time of change.
What search shows late is caught by the overlap of the next pull.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import TypeAlias

from leadhub import AccessDenied, Cursor, Log, Page, Record
from leadhub_hubspot.bookmark import Bookmark, joined, parts_of
from leadhub_hubspot.client import BATCH_LIMIT, Client, Filter, next_page
from leadhub_hubspot.mapping import CONTACTS, RECORD_ID
from leadhub_hubspot.reader import Reader, batches, gone_record
from leadhub_hubspot.values import to_ms

Step: TypeAlias = tuple[Sequence[Record], Bookmark]

PASSES = 3  # over a range that cannot be split and whose answer does not add up
LONGEST_QUERY = 5_000  # characters of names in an address: beyond that the values are read by a call with a body, which has no such limit
SWEEP_EVERY = timedelta(hours=6)  # the list of the archived is paged whole, however few are new in it


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
    """Ids from `low` to `high`, both included; None: no end."""

    low: int
    high: int | None = None

    def split(self, ids: list[int]) -> tuple["Range", "Range"]:
        """Return the lower and the upper part, each with fewer records: some of `ids` (two or more, of this range) fall into either.

        A page in order is the lowest ids, so the part below its last one is told whole next time; a page in no order is a sample to halve by.
        """
        ordered = sorted(ids)
        pivot = ordered[-2] if ids == ordered else ordered[(len(ordered) - 1) // 2]
        return Range(self.low, pivot), Range(pivot + 1, self.high)


class Puller:
    """One pull after another over one account: the contacts, then what else is read. `readers`: one for each type, the contacts' first."""

    def __init__(self, client: Client, readers: Sequence[Reader], overlap: timedelta, log: Log) -> None:
        self._client = client
        self._passes = [Pass(client, reader, overlap, log) for reader in readers]
        self._log = log

    def pull(self, since: Cursor | None) -> Iterator[Page]:
        """Yield pages of records, each with the cursor to resume from. A further type that this key may not read is left out, and told."""
        read = parts_of(since)
        marks = {one.name: read[one.name] for one in self._passes if one.name in read}
        now = cache(lambda: self._client.account()[1])
        for one in self._passes:
            try:
                for records, mark in one.pull(marks.get(one.name), now):
                    marks[one.name] = mark
                    yield Page(tuple(records), joined(marks))
            except AccessDenied as error:
                if one.name == CONTACTS:
                    raise
                self._log.warning("hubspot.left_out", object=one.name, reason=str(error), next_step="leadhub doctor --live")


class Pass:
    """The reading of one type of object."""

    def __init__(self, client: Client, reader: Reader, overlap: timedelta, log: Log) -> None:
        self._client = client
        self._reader = reader
        self._overlap = overlap
        self._log = log
        self.name = reader.kind.name

    def pull(self, mark: Bookmark | None, now: Callable[[], datetime]) -> Iterator[Step]:
        """Yield records, each time with the bookmark to resume from. `now` is HubSpot's time at the begin of this pull, asked for if needed."""
        self._reader.warn_of_missing(self._log)
        if mark is None or (mark.after is not None and mark.sweep is None):
            yield from self._list(mark or Bookmark(now(), swept=now()))  # whoever is archived is not in the list, and asked for by id
            return
        until = mark.until or now()
        if mark.until is None and (mark.sweep or mark.swept is None or until - mark.swept >= SWEEP_EVERY):
            yield from self._archived(replace(mark, sweep=mark.sweep or until))
            mark = Bookmark(mark.watermark, swept=mark.sweep or until)
        yield from self._changed(mark, until)

    def _list(self, mark: Bookmark) -> Iterator[Step]:
        """Yield all live records. The watermark is of before the first page: what changes meanwhile is read again by the next pull."""
        asked = self._reader.asked()
        fits = len(",".join(asked)) <= LONGEST_QUERY
        while True:
            body = self._client.list_page(asked if fits else (), mark.after, of=self.name)
            mark = replace(mark, after=next_page(body))
            if fits:
                records = tuple(self._reader.with_merged(body["results"]))
            else:
                records = self._reader.changed([str(result["id"]) for result in body["results"]]) if body["results"] else ()
            yield records, mark
            if mark.after is None:
                return

    def _archived(self, mark: Bookmark) -> Iterator[Step]:
        """Yield what was archived since the last sweep, less the overlap. HubSpot's search never tells of them, and its list knows no time."""
        since = None if mark.swept is None else mark.swept - self._overlap
        while True:
            body = self._client.list_page((), mark.after, of=self.name, archived=True)
            mark = replace(mark, after=next_page(body))
            records = tuple(gone_record(self.name, str(result["id"]), result) for result in body["results"])
            told = tuple(record for record in records if since is None or record.stamp is None or record.stamp >= since)
            ended = mark.after is None
            yield told, Bookmark(mark.watermark, swept=mark.sweep) if ended else mark
            if ended:
                return

    def _changed(self, mark: Bookmark, until: datetime) -> Iterator[Step]:
        """Yield what changed from the watermark, less the overlap, until then, in order of ids."""
        span = to_ms(mark.watermark - self._overlap), to_ms(until)
        base = Bookmark(mark.watermark, swept=mark.swept, until=until)
        left = [Range(mark.read_to + 1)] if mark.to is None else [Range(mark.to + 1), Range(mark.read_to + 1, mark.to)]
        while left:
            part = left.pop()
            answer = self._ask(span, part)
            while answer.in_order and not answer.whole:
                rest = Range(answer.ids[-1] + 1, part.high)
                yield (), replace(base, read_to=part.low - 1, to=answer.ids[-1])
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
                yield (), replace(base, read_to=part.low - 1, to=lower.high)
        yield (), Bookmark(until, swept=mark.swept)

    def _read(self, ids: list[int], base: Bookmark) -> Iterator[Step]:
        """Yield the records of a range of which these are all that changed."""
        for batch in batches(sorted(ids), BATCH_LIMIT):
            records = self._reader.changed([str(record_id) for record_id in batch])
            yield records, replace(base, read_to=batch[-1])

    def _ask(self, span: tuple[int, int], part: Range) -> Answer:
        """Return what one search says of a range of ids."""
        for _ in range(PASSES):
            body = self._client.search_page(self._filters(span, part), RECORD_ID, self.name)
            answer = Answer(list(dict.fromkeys(int(result["id"]) for result in body["results"])), int(body.get("total") or 0))
            if answer.total <= len(answer.ids) or len(answer.ids) > 1:
                return answer
        self._log.warning(
            "hubspot.search_does_not_add_up", object=self.name, first_id=part.low, last_id=part.high, found=len(answer.ids), total=answer.total
        )
        return answer

    def _filters(self, span: tuple[int, int], part: Range) -> list[Filter]:
        modified = self._reader.kind.modified
        bounds = [(modified, "GTE", span[0]), (modified, "LTE", span[1])]
        bounds += [(RECORD_ID, "GTE", part.low)] if part.low > 1 else []
        bounds += [(RECORD_ID, "LTE", part.high)] if part.high is not None else []
        return [{"propertyName": name, "operator": operator, "value": str(bound)} for name, operator, bound in bounds]
