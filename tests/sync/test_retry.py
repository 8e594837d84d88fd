"""The one retry layer: repeats reads and what had no effect, and never a write whose outcome is unknown."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog

from leadhub.errors import AccessDenied, RateLimited, Unavailable, UnknownOutcome
from leadhub.model.record import Change, Cursor, ObjectMapping, Operation, Outcome, Page, Record, Result
from leadhub.sync.checked import STUCK, Fault
from leadhub.sync.retry import ATTEMPTS, LONGEST_WAIT, Broken, Careful

PAGES = [Page((Record("Lead", str(n), {}),), n) for n in range(1, 5)]


class Clock:
    """Notes what was slept."""

    def __init__(self, microsecond: int = 0) -> None:
        self.microsecond = microsecond
        self.slept: list[float] = []

    def now(self) -> datetime:
        """Return one instant."""
        return datetime(2026, 11, 16, microsecond=self.microsecond, tzinfo=UTC)

    def sleep(self, seconds: float) -> None:
        """Note it."""
        self.slept.append(seconds)

    def new_id(self) -> str:
        """Return any id."""
        return "id"


class Flaky:
    """A connector that fails as it is told: one error, or None, for each call."""

    name = "flaky"
    mappings = (ObjectMapping("Lead", ()),)
    batch_size = 10

    def __init__(self, *errors: Exception | None, after: int = 0) -> None:
        self.errors, self.after, self.calls = list(errors), after, 0
        self.since: list[Cursor] = []
        self.pushed: list[list[str]] = []

    def _fail(self) -> None:
        self.calls += 1
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error

    def reread(self, object_name: str, ids: Sequence[str]) -> dict[str, Record]:
        """Return what was asked for, unless told to fail."""
        self._fail()
        return {id_: Record(object_name, id_, {}) for id_ in ids}

    def pull(self, since: Cursor | None) -> Iterator[Page]:
        """Yield `after` pages, then fail if told to."""
        self.since.append(since)
        left = [page for page in PAGES if since is None or page.cursor > since]
        yield from left[: self.after] if self.errors else left
        if self.errors:
            self._fail()

    def push(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        """Accept `after` changes, then fail if told to, else all."""
        self.pushed.append([c.key for c in changes])
        for number, change in enumerate(changes):
            if number == self.after and self.errors:
                self._fail()
            yield Outcome(change.key, Result.ACCEPTED, change.key)


def _careful(flaky: Flaky, microsecond: int = 0) -> tuple[Careful, Clock]:
    clock = Clock(microsecond)
    return Careful(flaky, clock, structlog.get_logger()), clock


def _changes(n: int) -> list[Change]:
    return [Change(f"k{i}", "Lead", Operation.UPDATE, str(i), {"a": "b"}) for i in range(n)]


def test_a_read_is_repeated_with_growing_pauses() -> None:
    """Lost and refused reads alike are made again, after 1, 2 and 4 seconds."""
    careful, clock = _careful(Flaky(Unavailable("down"), UnknownOutcome("lost"), Unavailable("down")))
    assert set(careful.reread("Lead", ["1"])) == {"1"}
    assert clock.slept == [1, 2, 4]


def test_the_systems_own_pause_is_kept() -> None:
    """Retry-After is obeyed, up to two minutes."""
    careful, clock = _careful(Flaky(RateLimited("slow", retry_after=17), RateLimited("slow", retry_after=9_999)))
    careful.reread("Lead", ["1"])
    assert clock.slept == [17, LONGEST_WAIT]


def test_two_who_are_in_each_others_way_part() -> None:
    """Pitfall 14 of Salesforce: a locked row is written again after a pause that the clock's microseconds make up to half as long again, never shorter than the system asked, and not for ever."""
    locked = Unavailable("UNABLE_TO_LOCK_ROW")
    for microsecond in (0, 500_000):
        flaky = Flaky(locked, RateLimited("slow", retry_after=10), *[locked] * 10)
        careful, clock = _careful(flaky, microsecond)
        with pytest.raises(Unavailable, match="LOCK"):
            list(careful.push(_changes(2)))
        assert clock.slept == [pause * (1 + microsecond / 2_000_000) for pause in (1, 10, 4, 8)]
        assert len(flaky.pushed) == ATTEMPTS


def test_a_read_is_given_up_in_the_end() -> None:
    """After the last attempt the error itself comes out, not one of a library's."""
    flaky = Flaky(*[Unavailable("down")] * 10)
    careful, _ = _careful(flaky)
    with pytest.raises(Unavailable, match="down"):
        careful.reread("Lead", ["1"])
    assert flaky.calls == ATTEMPTS


def test_a_read_without_an_answer_is_one_that_could_not_be_had() -> None:
    """Of a write nobody knows what became of it; a read has changed nothing: the system counts as not available, and no one looks for a write."""
    careful, _ = _careful(Flaky(*[UnknownOutcome("half a JSON")] * 10))
    with pytest.raises(Unavailable, match="half a JSON"):
        careful.reread("Lead", ["1"])
    careful, _ = _careful(Flaky(*[UnknownOutcome("half a JSON")] * 10, after=0))
    with pytest.raises(Unavailable, match="half a JSON"):
        list(careful.pull(None))


def test_what_cannot_help_is_not_repeated() -> None:
    """A refused login is told at once."""
    flaky = Flaky(AccessDenied("no"))
    careful, clock = _careful(flaky)
    with pytest.raises(AccessDenied):
        careful.reread("Lead", ["1"])
    assert (flaky.calls, clock.slept) == (1, [])


def test_a_pull_goes_on_from_its_last_page() -> None:
    """A listing that breaks resumes from the cursor of the last page it handed over; nothing is read twice, nothing is left out."""
    flaky = Flaky(UnknownOutcome("lost"), Unavailable("down"), after=1)
    careful, _ = _careful(flaky)
    assert [page.cursor for page in careful.pull(None)] == [1, 2, 3, 4]
    assert flaky.since == [None, 1, 2]


def test_progress_gives_a_pull_new_attempts() -> None:
    """A long listing may break more often than one call may fail, as long as pages come in between; without any it is given up."""
    careful, clock = _careful(Flaky(*[Unavailable("down")] * 3, after=1))
    assert len(list(careful.pull(None))) == 4
    assert clock.slept == [1, 1, 1]
    stuck, _ = _careful(Flaky(*[Unavailable("down")] * 10, after=0))
    with pytest.raises(Unavailable):
        list(stuck.pull(None))


def test_a_push_sends_only_what_had_no_effect_again() -> None:
    """Two of three were written when the call was refused: the third alone is sent again."""
    flaky = Flaky(RateLimited("slow"), after=2)
    careful, clock = _careful(flaky)
    assert [o.key for o in careful.push(_changes(3))] == ["k0", "k1", "k2"]
    assert flaky.pushed == [["k0", "k1", "k2"], ["k2"]]
    assert clock.slept == [1]


def test_a_push_with_an_unknown_outcome_is_never_repeated() -> None:
    """The answer was lost: the error comes out, and nothing is sent a second time."""
    flaky = Flaky(UnknownOutcome("lost"), after=1)
    careful, _ = _careful(flaky)
    pushed: list[Any] = []
    with pytest.raises(UnknownOutcome):
        pushed.extend(careful.push(_changes(3)))
    assert flaky.pushed == [["k0", "k1", "k2"]]


def test_capabilities_are_told_by_methods() -> None:
    """A connector can what it has the method for."""
    careful, _ = _careful(Flaky())
    assert careful.can_reread
    assert not careful.can_find
    assert not careful.can_tell_authors
    assert careful.usage().calls == 0


class Unprintable(Exception):
    """An error that cannot even be shown."""

    def __str__(self) -> str:
        raise ValueError("no text")


@pytest.mark.parametrize(("error", "told"), [(ValueError("odd"), "ValueError: odd"), (SystemExit(3), "SystemExit"), (Unprintable(), "Unprintable")])
def test_a_fault_of_the_connectors_own_is_told_with_its_name(error: Any, told: str) -> None:
    """Whatever a library raises names the system and the call, whatever can be said of it, and is not tried again."""
    flaky = Flaky(error)
    careful, clock = _careful(flaky)
    with pytest.raises(Fault, match=f"^flaky: the connector failed in reread: {told}"):
        careful.reread("Lead", ["1"])
    assert (flaky.calls, clock.slept) == (1, [])


def test_a_fault_in_mid_push_leaves_the_outcome_unknown() -> None:
    """One of three was written when the connector broke off: nobody knows of the others, so they count as sent and are looked up, never sent again."""
    flaky = Flaky(KeyError("x"), after=1)
    careful, _ = _careful(flaky)
    heard: list[Outcome] = []
    with pytest.raises(Broken, match="failed in push: KeyError"):
        heard.extend(careful.push(_changes(3)))
    assert [outcome.key for outcome in heard] == ["k0"]
    assert flaky.pushed == [["k0", "k1", "k2"]]


def test_a_pull_that_turns_on_the_spot_is_ended() -> None:
    """The same page for ever is a fault; a page that merely comes twice is none."""

    class Endless(Flaky):
        def pull(self, since: Cursor | None) -> Iterator[Page]:
            yield PAGES[0]
            while True:
                yield PAGES[1]

    careful, _ = _careful(Endless())
    seen: list[Page] = []
    with pytest.raises(Fault, match="again and again"):
        seen.extend(careful.pull(None))
    assert len(seen) == STUCK + 1
