"""The compare of an audit: what came and what did not is told apart by counting, and the store is walked again only for records that did not come."""

from datetime import UTC, datetime, timedelta

import pytest

from leadhub.model.record import Gone, Record
from leadhub.store import RecordKey
from leadhub.sync.compare import Comparison
from leadhub.testing import FrozenClock
from leadhub.testing.dict_store import DictStore
from leadhub.testing.dict_store.records import DictRecords

T0 = datetime(2026, 1, 1, tzinfo=UTC)
STORED = {id_: b"as stored " + id_.encode() for id_ in "abcd"}


def key(id_: str, system: str = "crm") -> RecordKey:
    return RecordKey(system, "Lead", id_)


class Walks:
    """A store that holds a to d in two systems, and counts how often all of it is walked over."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.store = DictStore(FrozenClock(T0))
        with self.store.begin() as tx:
            token = tx.leases.acquire("sync", "me", timedelta(hours=9))
            for system in ("crm", "other"):
                tx.records.ingest(system, [(Record("Lead", id_, {"a": id_}, T0), hash_) for id_, hash_ in STORED.items()], None, "run", token)
        digests = DictRecords.digests

        def counted(*args: object, **kwargs: object) -> object:
            self.count += 1
            return digests(*args, **kwargs)

        monkeypatch.setattr(DictRecords, "digests", counted)
        self.comparison = Comparison(self.store)

    def gone(self, id_: str, why: Gone) -> None:
        """Say that a record of the first system is not there, and compare from there."""
        with self.store.begin() as tx:
            tx.records.set_gone({key(id_): why})
        self.count = 0
        self.comparison = Comparison(self.store)


@pytest.fixture
def walks(monkeypatch: pytest.MonkeyPatch) -> Walks:
    return Walks(monkeypatch)


def test_where_all_came_though_some_came_otherwise_the_store_is_walked_once(walks: Walks) -> None:
    """Of four records one differs and one is new: nothing is unheard, and nobody looks for it."""
    of = walks.comparison
    assert of.page("crm", "Lead", {**STORED, "b": b"edited", "e": b"new"}) == ["b", "e"]
    assert of.otherwise(key("b"), STORED["b"])
    assert of.otherwise(key("e"), None)
    assert of.unheard("crm") == []
    assert (walks.count, of.read["crm"], of.same["crm"]) == (1, 5, 3)


def test_a_new_record_does_not_stand_for_one_that_did_not_come(walks: Walks) -> None:
    """As many came as are stored, and still one of those is missing: it is named, and so is none that came otherwise."""
    of = walks.comparison
    of.page("crm", "Lead", {"a": STORED["a"], "b": b"edited", "c": STORED["c"], "e": b"new"})
    of.otherwise(key("b"), STORED["b"])
    of.otherwise(key("e"), None)
    assert of.unheard("crm") == [key("d")]
    assert of.unheard("other") == [key(id_, "other") for id_ in STORED]


def test_a_record_that_is_edited_while_it_is_read_counts_once(walks: Walks) -> None:
    """It comes as it is stored, and once more otherwise, twice: read once, not the same, and no other record that is missing is taken for it."""
    of = walks.comparison
    assert of.page("crm", "Lead", {id_: STORED[id_] for id_ in "abc"}) == []
    assert of.page("crm", "Lead", {"a": b"edited"}) == ["a"]
    assert of.otherwise(key("a"), STORED["a"])
    assert not of.otherwise(key("a"), STORED["a"])
    assert (of.read["crm"], of.same["crm"]) == (3, 2)
    assert of.unheard("crm") == [key("d")]


def test_a_record_that_is_edited_back_while_it_is_read_counts_once(walks: Walks) -> None:
    """It comes otherwise, and then as it is stored: told of with what did not come as stored, and heard once."""
    of = walks.comparison
    of.page("crm", "Lead", {"a": b"edited"})
    assert of.otherwise(key("a"), STORED["a"])
    assert of.page("crm", "Lead", {id_: STORED[id_] for id_ in "abc"}) == ["a"]
    assert (of.read["crm"], of.same["crm"]) == (3, 2)
    assert of.unheard("crm") == [key("d")]


def test_what_is_out_of_scope_or_gone_is_not_missed(walks: Walks) -> None:
    """Both may come or not. One that is held for gone and comes is not counted among those that are stored."""
    walks.gone("c", Gone.OUT_OF_SCOPE)
    walks.gone("d", Gone.DELETED)
    of = walks.comparison
    assert of.page("crm", "Lead", {"a": STORED["a"], "d": STORED["d"]}) == ["d"]
    assert of.otherwise(key("d"), None)
    assert of.unheard("crm") == [key("b")]
    assert (of.read["crm"], of.same["crm"]) == (2, 1)
