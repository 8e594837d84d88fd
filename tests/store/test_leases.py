"""Leases: one owner at a time, tokens that only grow, between threads and between processes."""

import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from leadhub.clock import Clock
from leadhub.errors import LeaseHeld
from leadhub.store import Store, open_store

HOUR = timedelta(hours=1)
RACERS = 2


def acquire(store: Store, name: str = "sync", owner: str = "me", ttl: timedelta = HOUR) -> int:
    """Acquire in a transaction of its own."""
    with store.begin() as tx:
        return tx.leases.acquire(name, owner, ttl)


def test_a_held_lease_names_its_owner(store: Store) -> None:
    """Who comes second learns who works, and until when."""
    acquire(store, owner="host 7, process 42")
    with pytest.raises(LeaseHeld, match=r"host 7, process 42 until 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC") as held:
        acquire(store)
    assert "leadhub runs list" in held.value.next_step


def test_tokens_only_grow(store: Store) -> None:
    """Each lease's token is larger than every one before, whatever the names, also after a release."""
    tokens = [acquire(store, "a"), acquire(store, "b")]
    for name in "abba":
        with store.begin() as tx:
            tx.leases.release(max(tokens) if name == "b" else tokens[0])
    tokens += [acquire(store, "a"), acquire(store, "b", ttl=timedelta(0)), acquire(store, "b")]
    assert tokens == sorted(set(tokens))


def test_an_expired_lease_can_be_taken(store: Store) -> None:
    """A lease ends by itself; its former owner can neither work on, nor renew, nor release what is another's."""
    mine = acquire(store, ttl=timedelta(0))
    theirs = acquire(store, owner="another")
    for act in (lambda tx: tx.leases.check(mine), lambda tx: tx.leases.renew(mine, HOUR)):
        with pytest.raises(LeaseHeld, match="lease lost"), store.begin() as tx:
            act(tx)
    with store.begin() as tx:
        tx.leases.release(mine)
        tx.leases.check(theirs)
    with pytest.raises(LeaseHeld, match="another"):
        acquire(store)


def test_an_expired_lease_that_nobody_took_is_still_mine(store: Store) -> None:
    """Who was merely slow may finish and renew: it conflicts with no one."""
    mine = acquire(store, ttl=timedelta(0))
    with store.begin() as tx:
        tx.leases.check(mine)
        tx.leases.renew(mine, HOUR)
    with pytest.raises(LeaseHeld, match="held by me"):
        acquire(store)


def test_a_released_lease_is_free(store: Store) -> None:
    """A lease given back can be taken at once, and its old token is worth nothing."""
    mine = acquire(store)
    with store.begin() as tx:
        tx.leases.release(mine)
    with pytest.raises(LeaseHeld, match="lease lost"), store.begin() as tx:
        tx.leases.check(mine)
    assert acquire(store) > mine


def test_the_lease_of_a_process_that_is_gone_is_over(store: Store) -> None:
    """Only that of the process that was named, only where it is gone for certain; who is still at work is told with since when."""

    def take(process: str, *gone: str) -> int:
        with store.begin() as tx:
            return tx.leases.acquire("sync", "me", HOUR, process=process, gone=lambda asked: asked in gone)

    first = take("p1")
    with store.begin() as tx:
        tx.leases.renew(first, HOUR)
    with pytest.raises(LeaseHeld, match=r"at work since 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC"):
        take("p2", "p3")
    second = take("", "p1")
    with pytest.raises(LeaseHeld, match="lease lost"), store.begin() as tx:
        tx.leases.check(first)
    with pytest.raises(LeaseHeld, match="held by me"):
        take("p2", "p1", "")
    assert second > first


def test_sqlite_leases_end_by_the_clock(tmp_path: Path, clock: Clock) -> None:
    """Where the database has no clock, the injected one ends a lease, not earlier than said."""
    store = open_store(f"sqlite:///{tmp_path / 'leadhub.db'}", clock)
    acquire(store, ttl=timedelta(minutes=5))
    clock.sleep(299)
    with pytest.raises(LeaseHeld):
        acquire(store)
    clock.sleep(1)
    acquire(store)
    store.close()


def test_postgresql_leases_end_by_the_servers_clock(postgres_url: str, clock: Clock) -> None:
    """A machine whose clock is years ahead does not take what is held by the server's time."""
    store = open_store(postgres_url, clock)
    acquire(store, ttl=timedelta(minutes=5))
    clock.sleep(10 * 365 * 86400)
    with pytest.raises(LeaseHeld):
        acquire(store)
    store.close()


def test_a_checked_lease_cannot_be_taken_before_the_commit(store: Store, open_again: Callable[[], Store]) -> None:
    """From the check to the end of the transaction nobody takes the lease: what is stored under it is stored under it alone."""
    mine = acquire(store, ttl=timedelta(0))
    order: list[str] = []
    other = open_again()

    def take() -> None:
        acquire(other, owner="another")
        order.append("taken")

    with store.begin() as tx:
        tx.leases.check(mine)
        taker = threading.Thread(target=take)
        taker.start()
        taker.join(timeout=0.3)
        order.append("committing")
    taker.join(timeout=20)
    other.close()
    assert order == ["committing", "taken"]


RACE = """
import sys
from datetime import timedelta
from leadhub.clock import SystemClock
from leadhub.errors import LeaseHeld
from leadhub.store import open_store
store = open_store(sys.argv[1], SystemClock())
print("ready", flush=True)
sys.stdin.readline()
try:
    with store.begin() as tx:
        print("won", tx.leases.acquire("sync", sys.argv[2], timedelta(hours=1)))
except LeaseHeld as held:
    print("lost", held)
"""


def test_of_racing_processes_one_wins(empty_database_url: str) -> None:
    """Processes open an empty database at once and race for the lease: the tables are made once, and exactly one wins, the others learn who."""
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, empty_database_url, f"racer {number}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for number in range(RACERS)
    ]
    assert [racer.stdout.readline() for racer in racers] == ["ready\n"] * RACERS
    for racer in racers:
        racer.stdin.write("go\n")
        racer.stdin.flush()
    said = [racer.communicate(timeout=30)[0] for racer in racers]
    winners = [number for number, words in enumerate(said) if words.startswith("won")]
    assert len(winners) == 1
    assert sum(f"held by racer {winners[0]} until" in words for words in said) == RACERS - 1


def test_of_racing_threads_one_wins(open_again: Callable[[], Store]) -> None:
    """The same between threads, ten times over: each time exactly one wins."""
    for turn in range(10):
        barrier, won = threading.Barrier(4), []

        def race(name: str = f"turn {turn}", barrier: threading.Barrier = barrier, won: list[int] = won) -> None:
            mine = open_again()
            barrier.wait()
            try:
                won.append(acquire(mine, name))
            except LeaseHeld:
                pass
            finally:
                mine.close()

        threads = [threading.Thread(target=race) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(won) == 1
