"""The incremental pull: the Leads that changed, then the Contacts, then the Opportunities, each in a pass of its own up to one instant."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from leadhub import Gone, Page, Record, Unavailable
from leadhub_salesforce import bulk
from leadhub_salesforce.errors import ReadRefused
from leadhub_salesforce.position import Pass, Position, Progress
from leadhub_salesforce.reading import CONVERTED, Reader
from leadhub_salesforce.values import parse_time


class Pull(Iterator[Page]):
    """One pull, page by page. It moves on only when a page is complete, so a call of `next` that failed may simply be made again.

    A pass that an earlier run broke off is finished first, up to the end it had: its pages were read then, so only that end is a safe watermark.
    `contacts` and `opportunities` are None where none are wanted.
    """

    def __init__(self, leads: Reader, contacts: Reader | None, opportunities: Reader | None, progress: Progress) -> None:
        self._leads = leads
        self._contacts = contacts
        self._opportunities = opportunities
        self._progress = progress
        self._now: datetime | None = None
        self._covered: datetime | None = None
        self._ready: set[str] = set()
        self._waits: float | None = None
        self._reads_contacts = False
        self._left: list[Callable[[datetime], Page]] = []

    def __next__(self) -> Page:
        if (page := self._wait_for_jobs()) is not None:
            return page
        now = self._begin()
        if not self._left:
            raise StopIteration
        return self._left[0](now)

    def _wait_for_jobs(self) -> Page | None:
        """Look after the bulk query of a pass on its way, before anything else is asked: None once its results are there, or it is given up.

        A connector never sleeps. While the query runs, an empty page says that all is well, and `Unavailable` after it how long to wait.
        """
        progress = self._progress
        passes: tuple[tuple[Pass, Reader | None, Position], ...] = (
            ("leads", self._leads, progress.leads),
            ("contacts", self._contacts, progress.contacts),
            ("opportunities", self._opportunities, progress.opportunities or Position()),
        )
        for name, reader, position in passes:
            if reader is None or position.job is None or position.job[0] in self._ready:
                continue
            assert position.upper is not None
            if self._waits is not None:
                seconds, self._waits = self._waits, None
                raise Unavailable("Salesforce is still at work on the query of the first load.", retry_after=seconds)
            state = reader.bulk_state(position.job[0])
            age = reader.seconds_since(position.upper)
            if state in bulk.RUNNING and age < bulk.PATIENCE:
                self._waits = bulk.pause(age)
                return Page((), self._progress.to_json())
            if state == bulk.COMPLETE:
                self._ready.add(position.job[0])
            else:
                self._progress = self._progress.moved(name, replace(position, job=None))
        return None

    def _begin(self) -> datetime:
        """Return the end of this pull, by Salesforce's clock; its first call also learns whether there are Contacts to read."""
        if self._now is None:
            sees_contacts = self._contacts is not None and bool(self._contacts.fields(fresh=True))
            now = self._leads.now()
            chosen = self._progress.which == "all" or set(CONVERTED) <= set(self._leads.fields())
            self._reads_contacts = sees_contacts and chosen
            self._covered = self._leads.covered(now)
            sees_deals = self._opportunities is not None and bool(self._opportunities.fields(fresh=True))
            passes = (self._lead_page, True), (self._contact_page, self._reads_contacts), (self._opportunity_page, sees_deals)
            self._left = [one for one, wanted in passes if wanted]
            self._now = now
        return self._now

    def _end(self, *, done: bool) -> None:
        if done:
            self._left.pop(0)

    def _lead_page(self, now: datetime) -> Page:
        rows, following, done = self._step(self._leads, self._progress.leads, now)
        records = [*map(self._leads.record, rows), *self._just_converted(rows)]
        self._progress = replace(self._progress, leads=following)
        self._end(done=done)
        return Page(tuple(records), self._progress.to_json())

    def _contact_page(self, now: datetime) -> Page:
        assert self._contacts is not None
        rows, following, done = self._step(self._contacts, self._progress.contacts, now)
        records = [self._contacts.record(row) for row in rows]
        if self._progress.which != "all":
            records += self._winners(records)
        self._progress = replace(self._progress, contacts=following)
        self._end(done=done)
        return Page(tuple(records), self._progress.to_json())

    def _opportunity_page(self, now: datetime) -> Page:
        assert self._opportunities is not None
        rows, following, done = self._step(self._opportunities, self._progress.opportunities or Position(), now)
        self._progress = replace(self._progress, opportunities=following)
        self._end(done=done)
        return Page(tuple(self._opportunities.records(rows)), self._progress.to_json())

    def _just_converted(self, rows: Sequence[dict[str, Any]]) -> list[Record]:
        """Return the Contacts of this page's converted leads.

        A lead may be converted into a Contact that has long been there and does not change by it: no pass over what changed would find that one.
        A pass that reads all of them will, so it is not asked for twice.
        """
        if not self._reads_contacts or self._progress.which == "all" or self._progress.contacts.untouched:
            return []
        return self._by_id({row["ConvertedContactId"] for row in rows if row.get("IsConverted") and row.get("ConvertedContactId")})

    def _by_id(self, ids: Collection[str]) -> list[Record]:
        assert self._contacts is not None
        found = self._contacts.reread(sorted(ids)).values()
        records = [record for record in found if record.gone is not Gone.VANISHED]
        return records + self._winners(records)

    def _winners(self, records: Sequence[Record]) -> list[Record]:
        """Return the Contacts that took the place of these: the leads still point at the losers, so the pass does not choose the winners."""
        winners = {record.gone_to for record in records if record.gone_to} - {record.id for record in records}
        return self._by_id(winners) if winners else []

    def _step(self, reader: Reader, position: Position, now: datetime) -> tuple[list[dict[str, Any]], Position, bool]:
        """Read the next page of a pass; return its rows, where the pass stands then, and whether it has come to the end of this pull."""
        if position.upper is None:
            position = replace(position, upper=now, covered=self._covered)
            if position.untouched and (job := reader.order_bulk(position)):
                return [], replace(position, job=(job, None)), False
        if position.job is not None:
            return self._bulk_step(reader, position, position.job, now)
        rows, last = reader.page(position)
        if not last:
            return rows, replace(position, after=(parse_time(rows[-1]["SystemModstamp"]), rows[-1]["Id"])), False
        return rows, position.ended(), position.upper == now

    def _bulk_step(
        self, reader: Reader, position: Position, job: tuple[str, str | None], now: datetime
    ) -> tuple[list[dict[str, Any]], Position, bool]:
        """Read the next page of a bulk query. Results that are no longer kept are read by REST, from the beginning: a record may come twice."""
        try:
            rows, following = reader.bulk_page(*job)
        except ReadRefused:
            return [], replace(position, job=None), False
        if following is not None:
            return rows, replace(position, job=(job[0], following)), False
        return rows, position.ended(), position.upper == now
