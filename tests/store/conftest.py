"""A store of each kind for each test, and a clock that the test owns."""

import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from leadhub.store import Store, open_store
from leadhub.testing.dict_store import DictStore

sys.path.insert(0, str(Path(__file__).parent))  # tests are no packages, and importlib mode adds no folder

from store_operations import SetClock

OpenAgain = Callable[[], Store]
_URLS = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}


@pytest.fixture
def clock() -> SetClock:
    """A clock that the test sets."""
    return SetClock()


@pytest.fixture(params=["sqlite", "postgresql", "dict"])
def store(request: pytest.FixtureRequest, clock: SetClock) -> Iterator[Store]:
    """An empty store of each kind: what it promises, it promises whatever it keeps things in."""
    if request.param == "dict":
        yield DictStore(clock)
        return
    opened = open_store(request.getfixturevalue(_URLS[request.param]), clock)
    yield opened
    opened.close()


@pytest.fixture
def sql_store(database_url: str, clock: SetClock) -> Iterator[Store]:
    """An empty store on each database, for what is about statements and connections."""
    opened = open_store(database_url, clock)
    yield opened
    opened.close()


@pytest.fixture
def open_again(request: pytest.FixtureRequest, store: Store, clock: SetClock) -> OpenAgain:
    """Opens the same store once more, as the next process does, or one beside."""
    if isinstance(store, DictStore):
        return lambda: store.beside(clock)
    url = str(request.getfixturevalue(_URLS[request.node.callspec.params["store"]]))
    return lambda: open_store(url, clock)


@pytest.fixture
def token(store: Store) -> int:
    """A lease that outlives the test."""
    with store.begin() as tx:
        return tx.leases.acquire("sync", "the test", timedelta(hours=1))
