"""The one retry layer. It repeats what is safe to repeat: calls that had no effect, and reads. A write whose outcome is unknown is never repeated."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import tenacity

from leadhub.clock import Clock
from leadhub.connectors.http import Gate
from leadhub.connectors.protocols import Attributes, Describes, Directory, Examines, Finds, LastModified, Log, Meters, Rereads, Source, Target, Traces
from leadhub.core.guard import API_CALLS
from leadhub.errors import ReserveReached, RetryableError, Unavailable, UnknownOutcome
from leadhub.model.record import Author, Change, Cursor, FieldDescription, Finding, Identity, Need, Outcome, Owner, Page, Record, Usage
from leadhub.sync import checked

ATTEMPTS = 5
LONGEST_WAIT = 120.0
MOST_AT_ONCE = 16
RESERVE = 0.10
"""This part of a system's daily calls stays for others."""

T = TypeVar("T")


class Broken(UnknownOutcome):
    """A connector broke off in a push for a reason of its own: what was sent may have happened, and nothing more is sent."""


class Careful:
    """A connector with the retry layer around it, and its answers checked. Capabilities that the connector lacks are told by `can_*`."""

    def __init__(self, connector: Source, clock: Clock, log: Log, system: str = "", gate: Gate | None = None) -> None:
        self._connector: Any = connector
        self._gate = gate or Gate(lambda: True)
        self._system = system or connector.name
        self._contract = checked.Contract(self._system, frozenset(mapping.object for mapping in connector.mappings))
        self._clock, self._log = clock, log
        self.colleagues: list[Careful] = []
        """Further instances that work for this one, side by side. What they call counts here."""
        self.may_use = 0
        """Up to so many of the day's calls may be used, whatever the reserve."""

    def another(self, connector: Source, gate: Gate | None = None) -> "Careful":
        """Return the retry layer around a further instance of the same connector."""
        return Careful(connector, self._clock, self._log, self._system, gate)

    @property
    def side_by_side(self) -> int:
        """How many batches may be written at once, each through an instance of its own."""
        told = getattr(self._connector, "side_by_side", 1)
        return min(max(told, 1), MOST_AT_ONCE) if isinstance(told, int) else 1

    @property
    def can_reread(self) -> bool:
        """Whether records can be read by id."""
        return isinstance(self._connector, Rereads)

    @property
    def can_find(self) -> bool:
        """Whether records can be found by our key."""
        return isinstance(self._connector, Finds)

    @property
    def can_trace(self) -> bool:
        """Whether a create without our key can be looked for."""
        return isinstance(self._connector, Traces)

    @property
    def can_tell_authors(self) -> bool:
        """Whether the system has a history of its fields."""
        return isinstance(self._connector, Attributes)

    @property
    def can_tell_modifier(self) -> bool:
        """Whether the system tells who saved a record last."""
        return isinstance(self._connector, LastModified)

    @property
    def can_describe(self) -> bool:
        """Whether the live system's fields can be read."""
        return isinstance(self._connector, Describes)

    @property
    def can_examine(self) -> bool:
        """Whether the connector tells what its login may do."""
        return isinstance(self._connector, Examines)

    @property
    def can_list_owners(self) -> bool:
        """Whether the system tells who can own records."""
        return isinstance(self._connector, Directory)

    def owners(self) -> Sequence[Owner]:
        """Return everybody who can own records."""
        connector = self._connector
        assert isinstance(connector, Directory)
        return self._read("owners", lambda: self._contract.owners(connector.owners()))

    @property
    def batch_size(self) -> int:
        """How many changes one push takes."""
        assert isinstance(self._connector, Target)
        return self._contract.batch_size(self._connector.batch_size)

    def usage(self) -> Usage:
        """Return calls made and allowance left, as far as known."""
        if not isinstance(self._connector, Meters):
            return Usage(0)
        mine = self._contract.usage(checked.call(self._system, "usage", self._connector.usage))
        heard = [mine, *(colleague.usage() for colleague in self.colleagues)]
        last = max(heard, key=lambda usage: usage.used or 0)  # the allowance is one and only shrinks: who heard of most use heard last
        return Usage(sum(usage.calls for usage in heard), last.used, last.limit)

    def check(self) -> Identity:
        """Say who answers."""
        return self._read("check", lambda: self._contract.identity(self._connector.check()))

    def describe(self, object_name: str) -> Mapping[str, FieldDescription]:
        """Return the live fields of an object."""
        return self._read("describe", lambda: self._contract.fields(self._connector.describe(object_name)))

    def examine(self, needs: Sequence[Need]) -> Sequence[Finding]:
        """Return what this login may and may not do."""
        return self._read("examine", lambda: self._contract.findings(self._connector.examine(needs)))

    def reread(self, object_name: str, ids: Sequence[str]) -> Mapping[str, Record]:
        """Return records by id as they are now."""
        return self._read("reread", lambda: self._contract.records(self._connector.reread(object_name, ids), ids))

    def find(self, object_name: str, keys: Collection[str]) -> Mapping[str, Record]:
        """Return records by our key."""
        return self._read("find", lambda: self._contract.records(self._connector.find(object_name, keys), keys))

    def trace(self, object_name: str, changes: Sequence[Change], since: datetime) -> Mapping[str, Record]:
        """Return what creates without our key left, by key, as far as it can be told."""
        keys = [change.key for change in changes]
        return self._read("trace", lambda: self._contract.records(self._connector.trace(object_name, changes, since), keys))

    def authors(self, object_name: str, ids: Sequence[str], fields: Sequence[str]) -> Mapping[tuple[str, str], Author]:
        """Return who set fields."""
        return self._read("authors", lambda: self._contract.authors(self._connector.authors(object_name, ids, fields), ids, fields))

    def modified(self, object_name: str, ids: Sequence[str]) -> Mapping[str, Author]:
        """Return who saved records last."""
        return self._read("modified", lambda: self._contract.savers(self._connector.modified(object_name, ids), ids))

    def pull(self, since: Cursor | None) -> Iterator[Page]:
        """Yield pages; after a failure go on from the last page's cursor, as the contract lets us."""
        cursor, failures = since, 0
        while True:
            try:
                for page in self._pages(cursor):
                    cursor, failures = page.cursor, 0
                    yield page
                return
            except (RetryableError, UnknownOutcome) as error:
                failures += 1
                if failures >= ATTEMPTS:
                    raise _of_a_read(error) from error
                self._log.warning("pull_interrupted", error=str(error), attempt=failures)
                self._clock.sleep(self._pause(error, failures))

    def _pages(self, since: Cursor | None) -> Iterator[Page]:
        """Yield the pages of one pull, each checked, and end one that yields the same page for ever."""
        pages = checked.call(self._system, "pull", lambda: iter(self._connector.pull(since)))
        last, equal, end = None, 0, object()
        while (page := checked.call(self._system, "pull", next, pages, end)) is not end:
            sound = checked.call(self._system, "pull", self._contract.page, page)
            equal = equal + 1 if last is not None and _same(last, sound) else 0
            self._contract.demand(equal < checked.STUCK, "yields the same page with the same cursor again and again ({} times)", equal)
            yield sound
            self.keep_reserve()
            last = sound

    def push(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        """Yield outcomes; what had no effect is sent again, what may have had one never."""
        left, failures = list(changes), 0
        while left:
            try:
                for outcome in self._outcomes(left):
                    left = [c for c in left if c.key != outcome.key]
                    failures = 0
                    yield outcome
                return
            except RetryableError as error:
                failures += 1
                if failures >= ATTEMPTS:
                    raise
                self._log.warning("push_postponed", error=str(error), attempt=failures)
                self._clock.sleep(self._pause(error, failures))

    def _outcomes(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        """Yield the outcomes of one push, each checked. A fault of the connector's own says nothing of what it had sent by then: raises Broken."""
        left = {change.key: change for change in changes}
        done = object()
        self._gate.writing = True
        try:
            outcomes = checked.call(self._system, "push", lambda: iter(self._connector.push(changes)))
            while (told := checked.call(self._system, "push", next, outcomes, done)) is not done:
                outcome: Outcome = checked.call(self._system, "push", self._contract.outcome, told, left)
                del left[outcome.key]
                yield outcome
        except checked.Fault as error:
            raise Broken(str(error), next_step=error.next_step) from error
        finally:
            self._gate.writing = False

    def _read(self, name: str, act: Callable[[], T]) -> T:
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type((RetryableError, UnknownOutcome)),
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            wait=lambda state: self._pause(state.outcome.exception() if state.outcome else None, state.attempt_number),
            sleep=self._clock.sleep,
            reraise=True,
        )
        try:
            result: T = retrying(checked.call, self._system, name, act)
        except UnknownOutcome as error:
            raise _of_a_read(error) from error
        return result

    def _pause(self, error: BaseException | None, attempt: int) -> float:
        """What the system asked for, else 1, 2, 4, 8 … seconds; and up to half of it more, so that two who were in each other's way part.

        How much more is left to the clock's microseconds.
        """
        asked = error.retry_after if isinstance(error, RetryableError) else None
        pause = asked if asked is not None else 2.0 ** (attempt - 1)
        return min(pause * (1 + self._clock.now().microsecond / 2_000_000), LONGEST_WAIT)

    def keep_reserve(self) -> None:
        """Leave the last tenth of the daily calls to others. Raises ReserveReached."""
        usage = self.usage()
        if usage.used is not None and usage.limit and usage.used >= max(usage.limit * (1 - RESERVE), self.may_use):
            raise ReserveReached(
                f"{self._system}: {usage.used} of {usage.limit} daily calls are used, {usage.used - usage.calls} of them by others;"
                f" the last {RESERVE:.0%} stay for them.",
                next_step=f"nothing: the next run goes on when the limit is renewed. To use the rest too, pass"
                f" --allow {self._system}.{API_CALLS}={usage.limit}",
            )


def _same(one: Page, other: Page) -> bool:
    return bool(one.records) and one == other


def _of_a_read(error: RetryableError | UnknownOutcome) -> RetryableError:
    """Without an answer a write may have happened; a reading has changed nothing, and is simply one that could not be had."""
    return Unavailable(str(error), next_step=error.next_step) if isinstance(error, UnknownOutcome) else error
