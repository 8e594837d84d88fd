"""The inbox: every delivery is kept once, and ends as records or as a reject."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from leadhub.model.record import Reject
from leadhub.store import Store
from leadhub.store.inbox import REPEAT, Kept

FORM = "application/x-www-form-urlencoded"


def keep(
    store: Store, body: bytes = b"email=ann@acme.example", *, key: str | None = None, source: str = "website", fingerprint: str | None = None
) -> Kept:
    """Keep a delivery as the door does."""
    with store.begin() as tx:
        return tx.inbox.keep(source, FORM, body, fingerprint=fingerprint or body.decode(errors="replace"), key=key)


def numbers(store: Store, source: str = "website") -> list[int]:
    """What waits, by number."""
    with store.read() as tx:
        return [stored.seq for stored in tx.inbox.waiting(source, 100)]


@pytest.mark.parametrize("body", [b"", b"email=ann", bytes(range(256))], ids=["empty", "text", "any byte"])
def test_a_delivery_is_kept_as_it_came(store: Store, clock: Any, body: bytes) -> None:
    """Every byte of the body, the whole Content-Type, and the time."""
    kept = keep(store, body)
    with store.read() as tx:
        (stored,) = tx.inbox.waiting("website", 10)
    assert (stored.delivery.body, stored.delivery.content_type, stored.delivery.received_at, stored.state) == (body, FORM, clock.now(), "waiting")
    assert stored.delivery.id == kept.id
    assert kept.fresh


def test_the_same_body_within_ten_minutes_is_one_delivery(store: Store, clock: Any) -> None:
    """A double click, or a second try after an answer that was lost; wherever in an hour the ten minutes begin."""
    for minutes in range(0, 60, 7):
        clock.at = clock.at.replace(hour=9, minute=0) + timedelta(days=minutes, minutes=minutes)
        first = keep(store)
        clock.at += REPEAT - timedelta(seconds=1)
        assert keep(store) == Kept(first.id, fresh=False), minutes
        clock.at += timedelta(seconds=1)
        assert keep(store).fresh, minutes


def test_what_says_the_same_is_the_same_though_its_bytes_differ(store: Store) -> None:
    """The fingerprint decides: a browser draws a new multipart boundary each time."""
    first = keep(store, b"--x", fingerprint="the same")
    assert keep(store, b"--y", fingerprint="the same") == Kept(first.id, fresh=False)


def test_a_key_holds_for_good(store: Store, clock: Any) -> None:
    """The sender's own name for a delivery is believed, however late it comes again."""
    first = keep(store, key="order 17")
    clock.at += timedelta(days=365)
    assert keep(store, key="order 17") == Kept(first.id, fresh=False)
    assert keep(store, key="order 18").fresh


def test_one_key_for_two_bodies_keeps_neither_silently(store: Store) -> None:
    """The second body is not kept, and whoever asked is told so."""
    keep(store, b"email=ann", key="k")
    assert keep(store, b"email=bob", key="k").clash
    assert len(numbers(store)) == 1


def test_systems_do_not_share_deliveries(store: Store) -> None:
    """The same body for two forms is two deliveries, and each system sees its own."""
    assert keep(store).id != keep(store, source="shop").id
    assert len(numbers(store)) == len(numbers(store, "shop")) == 1


def test_a_key_shows_nothing_of_what_was_sent(store: Store) -> None:
    """A stranger's text is no id."""
    assert "ann" not in keep(store, key="ann@acme.example'; drop table inbox").id


def test_waiting_deliveries_come_in_the_order_in_which_they_came(store: Store) -> None:
    """Oldest first, so many at a time."""
    ids = [keep(store, f"n={n}".encode()).id for n in range(5)]
    with store.read() as tx:
        assert [stored.delivery.id for stored in tx.inbox.waiting("website", 3)] == ids[:3]


def test_a_settled_delivery_waits_no_more_and_is_still_there(store: Store) -> None:
    """What became of it is told by the run, and by the reject where there is one."""
    for n in range(3):
        keep(store, f"n={n}".encode())
    first, second, third = numbers(store)
    with store.begin() as tx:
        tx.rejects.keep("run1", [Reject("website", second, "n=1", "it names nobody")])
        tx.inbox.settle([first, second], "run1")
    with store.read() as tx:
        listed = {stored.seq: (stored.state, stored.run_id, stored.reason) for stored in tx.inbox.list()}
        assert [stored.seq for stored in tx.inbox.list(state="taken")] == [first]
        assert [stored.seq for stored in tx.inbox.list("website", "rejected")] == [second]
        assert [stored.seq for stored in tx.inbox.list(state="waiting")] == [third]
        assert tx.inbox.list("shop") == ()
    assert listed == {first: ("taken", "run1", None), second: ("rejected", "run1", "it names nobody"), third: ("waiting", None, None)}


def test_a_replayed_delivery_waits_again(store: Store) -> None:
    """The reject of the earlier run says nothing of it any more; one that waits already is not counted."""
    keep(store)
    keep(store, b"other")
    first, second = numbers(store)
    with store.begin() as tx:
        tx.rejects.keep("run1", [Reject("website", first, "", "it names nobody")])
        tx.inbox.settle([first], "run1")
    with store.begin() as tx:
        assert tx.inbox.replay([first, second]) == 1
        tx.inbox.settle([first], "run2")
        stored = tx.inbox.get(first)
    assert stored is not None
    assert (stored.state, stored.run_id, stored.reason) == ("taken", "run2", None)


def test_a_delivery_that_is_taken_back_is_not_there(store: Store) -> None:
    """It is kept by the commit alone: an answer may be given after that, not before."""

    def dies() -> None:
        with store.begin() as tx:
            tx.inbox.keep("website", FORM, b"x", fingerprint="x")
            raise KeyError

    with pytest.raises(KeyError):
        dies()
    assert numbers(store) == []


def test_an_unknown_number_is_none(store: Store) -> None:
    """There is nothing to show."""
    with store.read() as tx:
        assert tx.inbox.get(99) is None


@pytest.mark.parametrize("key", [None, "17"])
def test_the_same_delivery_at_the_same_moment_is_one(store: Store, key: str | None) -> None:
    """Two tries that overtake each other find one another in the database."""
    together = Barrier(4)

    def deliver(_n: int) -> Kept:
        together.wait()
        return keep(store, key=key)

    with ThreadPoolExecutor(4) as pool:
        kept = list(pool.map(deliver, range(4)))
    assert len({one.id for one in kept}) == 1
    assert sum(one.fresh for one in kept) == 1
    assert len(numbers(store)) == 1
