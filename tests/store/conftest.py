"""A store of either kind for each test, and a clock that the test owns."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from leadhub.store import Store, open_store


class SetClock:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
        self.made = 0

    def now(self) -> datetime:
        """The time that was set."""
        return self.at

    def sleep(self, seconds: float) -> None:
        """Advance at once."""
        self.at += timedelta(seconds=seconds)

    def new_id(self) -> str:
        """Ids in order."""
        self.made += 1
        return f"{self.made:08d}"


@pytest.fixture
def clock() -> SetClock:
    """A clock that the test sets."""
    return SetClock()


@pytest.fixture
def store(database_url: str, clock: SetClock) -> Iterator[Store]:
    """An empty store, once on each database."""
    opened = open_store(database_url, clock)
    yield opened
    opened.close()


@pytest.fixture
def token(store: Store) -> int:
    """A lease that outlives the test."""
    with store.begin() as tx:
        return tx.leases.acquire("sync", "the test", timedelta(hours=1))
