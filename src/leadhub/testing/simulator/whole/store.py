"""A store under observation: each commit is a point at which the process may end, and what it saved is shown to a witness."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from typing import Any, cast

from leadhub.model.person import Aggregate
from leadhub.model.run import Edit, Intent, PlannedChange
from leadhub.store import Settlement, Store, Transaction


class Killed(BaseException):
    """The process ends here. No handler may catch it; whoever does finds store and network gone."""


@dataclass(slots=True)
class Saved:
    """What one transaction saved, in the order of its doing."""

    aggregates: list[Aggregate] = field(default_factory=list)
    settled: list[Settlement] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    planned: list[PlannedChange] = field(default_factory=list)
    decided: set[str] = field(default_factory=set)


class _Part:
    """A repository whose writing is noted on the way."""

    def __init__(self, inner: Any, saved: Saved) -> None:
        self._inner, self._saved = inner, saved

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class _Persons(_Part):
    def save(self, aggregates: Iterable[Aggregate]) -> None:
        given = list(aggregates)
        self._saved.aggregates.extend(given)
        self._inner.save(given)


class _Edits(_Part):
    def append(self, run_id: str, edits: Iterable[Edit]) -> None:
        given = list(edits)
        self._saved.edits.extend(given)
        self._inner.append(run_id, given)


class _Intents(_Part):
    def plan(self, run_id: str, changes: Iterable[PlannedChange], token: int) -> tuple[Intent, ...]:
        given = list(changes)
        planned: tuple[Intent, ...] = self._inner.plan(run_id, given, token)
        self._saved.planned.extend(given)
        return planned

    def record_outcomes(self, run_id: str, settlements: Iterable[Settlement], token: int) -> None:
        given = list(settlements)
        self._inner.record_outcomes(run_id, given, token)
        self._saved.settled.extend(given)


class _Decisions(_Part):
    def mark_applied(self, ids: Iterable[str], run_id: str) -> None:
        given = list(ids)
        self._inner.mark_applied(given, run_id)
        self._saved.decided.update(given)


class WatchedStore(Store):
    """A store of any kind. `point` is told before and after each commit, `witness` of what a commit saved."""

    def __init__(self, inner: Store, point: Callable[[str], None], witness: Callable[[Saved, Transaction], None]) -> None:
        self.inner, self._point, self._witness = inner, point, witness
        self.where, self.writing = inner.where, False
        self.when_written: Callable[[], object] = lambda: None
        self.dead = False

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        """Give a transaction of the store."""
        self._alive()
        saved = Saved()
        with self.inner.begin() as tx:
            self.writing = True
            try:
                yield _watched(tx, saved)
                self._alive()
                self._point("commit")
            finally:
                self.writing = False
        if saved.aggregates or saved.settled or saved.edits or saved.planned:
            with self.inner.read() as tx:
                self._witness(saved, tx)
        self._point("committed")

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Give one view of the store."""
        self._alive()
        with self.inner.read() as tx:
            yield tx

    def close(self) -> None:
        """Close the store behind."""
        self.inner.close()

    def _alive(self) -> None:
        if self.dead:
            raise Killed


def _watched(tx: Transaction, saved: Saved) -> Transaction:
    watched = cast(Any, copy(tx))  # the store may hand out one and the same each time
    watched.persons, watched.edits = _Persons(tx.persons, saved), _Edits(tx.edits, saved)
    watched.intents, watched.decisions = _Intents(tx.intents, saved), _Decisions(tx.decisions, saved)
    return cast(Transaction, watched)
