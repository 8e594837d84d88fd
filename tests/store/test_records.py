"""Observations: what is new, changed, old or unclear, the cursor, and the work list."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leadhub.clock import Clock
from leadhub.errors import LeaseHeld
from leadhub.model.person import Aggregate, Link, Person, StoredRecord
from leadhub.model.record import Cursor, Gone, Record
from leadhub.store import IngestResult, RecordKey, Store

Ingest = Callable[..., IngestResult]
T0 = datetime(2026, 3, 1, tzinfo=UTC)


def seen(id_: str, name: str, minutes: int | None = 0, **more: Any) -> tuple[Record, bytes]:
    """An observation of a lead whose hash is its name's."""
    stamp = None if minutes is None else T0 + timedelta(minutes=minutes)
    return Record("Lead", id_, {"Name": name} if name else {}, stamp=stamp, **more), f"hash of {name}".encode()


def key(id_: str) -> RecordKey:
    """The key of such a record."""
    return RecordKey("sfdc", "Lead", id_)


@pytest.fixture
def ingest(store: Store, token: int) -> Ingest:
    """Ingest into a transaction of its own."""

    def run(*records: tuple[Record, bytes], cursor: Cursor = None, **more: Any) -> IngestResult:
        with store.begin() as tx:
            return tx.records.ingest("sfdc", records, cursor, "run1", token, **more)

    return run


def stored(store: Store, id_: str) -> StoredRecord:
    """What the store holds of a record."""
    with store.read() as tx:
        return tx.records.get([key(id_)]).get(key(id_))


def worklist(store: Store) -> list[str]:
    """The ids on the work list."""
    with store.read() as tx:
        return [one.id for one in tx.records.dirty()]


def settle(store: Store, *ids: str) -> None:
    """Take records off the work list as reconciling would."""
    with store.begin() as tx:
        tx.records.clear_dirty(tx.records.get([key(id_) for id_ in ids]).values())


def test_first_sight_second_sight(store: Store, ingest: Ingest) -> None:
    """A record is new once, unchanged while its hash stands, changed when it does not; only the first and last are work."""
    assert ingest(seen("1", "Ann"), seen("2", "Bob")) == IngestResult(new=2, changed_keys=(key("1"), key("2")))
    settle(store, "1", "2")
    assert ingest(seen("1", "Ann"), seen("2", "Bea", 1)) == IngestResult(changed=1, unchanged=1, changed_keys=(key("2"),))
    assert worklist(store) == ["2"]
    assert stored(store, "2").native == {"Name": "Bea"}


def test_an_older_observation_is_none(store: Store, ingest: Ingest) -> None:
    """A late answer from before the stored observation changes nothing."""
    ingest(seen("1", "Ann", 5))
    assert ingest(seen("1", "Old", 4)) == IngestResult(older=1)
    assert stored(store, "1").native == {"Name": "Ann"}


def test_an_unchanged_record_ages_late_observations(store: Store, ingest: Ingest) -> None:
    """A later stamp with the same values makes what was seen in between old."""
    ingest(seen("1", "Ann", 0))
    settle(store, "1")
    assert ingest(seen("1", "Ann", 10)) == IngestResult(unchanged=1)
    assert ingest(seen("1", "Between", 5)) == IngestResult(older=1)
    assert stored(store, "1").stamp == T0 + timedelta(minutes=10)
    assert worklist(store) == []


def test_equal_stamps_are_read_again(store: Store, ingest: Ingest) -> None:
    """Different values under one stamp are not chosen between: the record stays marked, whatever happens to the process, until it was re-read."""
    ingest(seen("1", "Ann", 5))
    settle(store, "1")
    assert ingest(seen("1", "Bea", 5), cursor="after") == IngestResult(ambiguous=(key("1"),))
    assert stored(store, "1").native == {"Name": "Ann"}
    with store.read() as tx:
        assert tx.records.unsettled() == (key("1"),)
    assert ingest(seen("1", "Bea", 5), how="asked") == IngestResult(changed=1, changed_keys=(key("1"),))
    with store.read() as tx:
        assert tx.records.unsettled() == ()
        assert tx.records.cursor("sfdc") == "after"
    assert stored(store, "1").native == {"Name": "Bea"}


def test_a_reread_that_agrees_settles_too(store: Store, ingest: Ingest) -> None:
    """A re-read that shows the stored values ends the doubt without making work."""
    ingest(seen("1", "Ann", 5))
    settle(store, "1")
    ingest(seen("1", "Bea", 5))
    assert ingest(seen("1", "Ann", 5), how="asked") == IngestResult(unchanged=1)
    with store.read() as tx:
        assert tx.records.unsettled() == ()
    assert worklist(store) == []


def test_what_was_asked_for_by_id_is_taken_whatever_its_stamp(store: Store, ingest: Ingest) -> None:
    """Its system was put back to an earlier state: by its stamp the answer is older, and yet it is later than all that was seen before."""
    ingest(seen("1", "Ann", 5))
    assert ingest(seen("1", "Old", 4), how="asked") == IngestResult(changed=1, changed_keys=(key("1"),))
    assert (stored(store, "1").native, stored(store, "1").stamp) == ({"Name": "Old"}, T0 + timedelta(minutes=4))
    assert worklist(store) == ["1"]


def test_a_listing_that_shows_an_older_record_is_read_again(store: Store, ingest: Ingest) -> None:
    """A listing lags, or its system was put back: nothing is taken from it, and the record stays marked until it was asked for by id."""
    ingest(seen("1", "Ann", 5))
    settle(store, "1")
    assert ingest(seen("1", "Old", 4), how="listed") == IngestResult(ambiguous=(key("1"),))
    assert stored(store, "1").native == {"Name": "Ann"}
    with store.read() as tx:
        assert tx.records.unsettled() == (key("1"),)
    ingest(seen("1", "Ann", 5), how="asked")
    with store.read() as tx:
        assert tx.records.unsettled() == ()
    assert worklist(store) == []


def test_a_record_put_back_is_not_deaf_to_what_comes_next(store: Store, ingest: Ingest) -> None:
    """Put back with the values that are stored, only its stamp is older: from then on that one counts, and an edit in between is news."""
    ingest(seen("1", "Ann", 9))
    assert ingest(seen("1", "Ann", 4), how="listed").ambiguous == (key("1"),)
    assert ingest(seen("1", "Ann", 4), how="asked") == IngestResult(unchanged=1)
    assert stored(store, "1").stamp == T0 + timedelta(minutes=4)
    assert ingest(seen("1", "Bea", 7)).changed == 1
    assert ingest(seen("1", "Old", 6)).older == 1


def test_a_delivery_is_believed_at_its_own_time_and_not_later(store: Store, ingest: Ingest) -> None:
    """What is parsed again says what it says now under the same stamp; what was delivered late is older all the same."""
    ingest(seen("1", "Ann", 5), how="delivered")
    assert ingest(seen("1", "Bea", 5), how="delivered").changed == 1
    assert ingest(seen("1", "Old", 4), how="delivered") == IngestResult(older=1)


@pytest.mark.parametrize(
    ("first", "then"), [(seen("1", None, 5, gone=Gone.DELETED), seen("1", "Ann", 1)), (seen("1", "Ann", 5), seen("1", None, 1, gone=Gone.DELETED))]
)
def test_who_is_put_back_among_the_living_or_the_dead_is(
    store: Store, ingest: Ingest, first: tuple[Record, bytes], then: tuple[Record, bytes]
) -> None:
    """Undeleted, or deleted again, by a system that was put back: a tombstone with a later stamp does not hold, nor does a life with one."""
    ingest(seen("1", "Ann", 0))
    ingest(first)
    assert ingest(then, how="listed").ambiguous == (key("1"),)
    assert ingest(then, how="asked").changed == 1
    assert stored(store, "1").gone is then[0].gone


def test_a_record_twice_in_a_page_counts_once(store: Store, ingest: Ingest) -> None:
    """The later observation stands, whatever the order in the page, and the record is counted once."""
    assert ingest(seen("1", "Old", 1), seen("1", "New", 2)).new == 1
    assert ingest(seen("2", "New", 2), seen("2", "Old", 1)) == IngestResult(new=1, changed_keys=(key("2"),))
    assert ingest(seen("3", "A", 1), seen("3", "B", 1)) == IngestResult(ambiguous=(key("3"),), changed_keys=(key("3"),))
    assert [stored(store, id_).native["Name"] for id_ in "12"] == ["New", "New"]


def test_a_page_with_a_stamp_that_moved_and_then_a_change(store: Store, ingest: Ingest) -> None:
    """A change in the same page is not set back to the stamp before it."""
    ingest(seen("1", "Ann", 0))
    ingest(seen("1", "Ann", 3), seen("1", "Bea", 5))
    assert stored(store, "1").stamp == T0 + timedelta(minutes=5)


def test_records_without_stamps_are_taken_as_they_come(store: Store, ingest: Ingest) -> None:
    """Where the system tells no time, the latest observation is the truth."""
    ingest(seen("1", "Ann", None))
    assert ingest(seen("1", "Bea", None)).changed == 1
    assert ingest(seen("1", "Cid", 3)).changed == 1
    assert ingest(seen("1", "Dan", None)).changed == 1
    assert stored(store, "1").stamp == T0 + timedelta(minutes=3)


def test_a_gone_record_keeps_what_was_last_seen(store: Store, ingest: Ingest) -> None:
    """A tombstone without values keeps the last values, is a change once, and is undone by the record's return."""
    ingest(seen("1", "Ann", 0, created=T0))
    settle(store, "1")
    tombstone = seen("1", None, 1, gone=Gone.MERGED, gone_to="2")
    assert ingest(tombstone).changed == 1
    assert ingest(tombstone).unchanged == 1
    held = stored(store, "1")
    assert (held.native, held.gone, held.gone_to, held.created) == ({"Name": "Ann"}, Gone.MERGED, "2", T0)
    with store.read() as tx:
        assert tx.records.count("sfdc") == 0
    assert ingest(seen("1", "Ann", 2)).changed == 1
    assert stored(store, "1").gone is None


def test_the_cursor_moves_with_the_page(store: Store, ingest: Ingest, token: int) -> None:
    """A cursor is stored with its page or not at all, one for each part of a system, and any JSON value comes back."""
    value = {"at": 1e16, "id": "00Q", "tiny": 1.5e-7, "more": [None, True, "\x00"]}
    ingest(seen("1", "Ann"), cursor=value)
    ingest(cursor=[1], object="Contact")
    with pytest.raises(RuntimeError), store.begin() as tx:  # noqa: PT012 - the transaction is what fails
        tx.records.ingest("sfdc", [seen("2", "Bob")], "later", "run1", token)
        raise RuntimeError
    with store.read() as tx:
        assert repr(tx.records.cursor("sfdc")) == repr(value)
        assert tx.records.cursor("sfdc", "Contact") == [1]
        assert tx.records.cursor("hubspot") is None
        assert tx.records.get([key("2")]) == {}


def test_a_lost_lease_stores_nothing(store: Store, ingest: Ingest, clock: Clock) -> None:
    """A run whose lease another took cannot store a page or move the cursor."""
    clock.sleep(7200)
    with store.begin() as tx:
        tx.leases.release(1)
        tx.leases.acquire("sync", "another", timedelta(hours=1))
    with pytest.raises(LeaseHeld, match="lease lost"):
        ingest(seen("1", "Ann"), cursor="moved")
    with store.read() as tx:
        assert tx.records.cursor("sfdc") is None
    assert stored(store, "1") is None


def test_work_survives_a_crash(store: Store, ingest: Ingest, open_again: Callable[[], Store]) -> None:
    """What changed and was not reconciled is found by the next process."""
    ingest(*(seen(str(number), "Ann") for number in range(5)))
    settle(store, "0")
    store.close()
    again = open_again()
    assert worklist(again) == ["1", "2", "3", "4"]
    with again.read() as tx:
        first = tx.records.dirty(limit=2)
        assert [one.id for one in first + tx.records.dirty(limit=9, after=first[-1])] == ["1", "2", "3", "4"]
    again.close()


def test_saving_a_person_clears_its_work_alone(store: Store, ingest: Ingest) -> None:
    """A person's records leave the work list with the save; one that was observed anew meanwhile stays."""
    ingest(seen("1", "Ann"), seen("2", "Bob"), seen("3", "Cid"))
    links = tuple(Link("sfdc", "Lead", id_, "P1", None) for id_ in "12")
    with store.begin() as tx:
        tx.persons.save([Aggregate(Person("P1"), (), links, {})])
    with store.read() as tx:
        (loaded,) = tx.persons.load(["P1"])
    ingest(seen("2", "Bea", 1))
    with store.begin() as tx:
        tx.persons.save([loaded])
    assert worklist(store) == ["2", "3"]


def test_a_setting_can_make_work(store: Store, ingest: Ingest) -> None:
    """After a mapping changed, all records of the system are worked on again; others not."""
    ingest(seen("1", "Ann"), seen("2", "Bob"))
    settle(store, "1", "2")
    with store.begin() as tx:
        tx.records.mark_dirty([key("2")])
    assert worklist(store) == ["2"]
    with store.begin() as tx:
        tx.records.mark_system_dirty("hubspot")
        assert len(tx.records.dirty()) == 1
        tx.records.mark_system_dirty("sfdc")
    assert worklist(store) == ["1", "2"]


def test_a_system_is_read_in_slices(store: Store, ingest: Ingest) -> None:
    """Walking over a system's records in slices meets each once."""
    ingest(*(seen(f"{number:02}", "Ann") for number in range(7)))
    met, after = [], None
    with store.read() as tx:
        while part := tx.records.slice("sfdc", after, 3):
            met += [record.id for record in part]
            after = RecordKey("sfdc", part[-1].object, part[-1].id)
        assert tx.records.count("sfdc") == 7
    assert met == [f"{number:02}" for number in range(7)]


def test_a_page_of_several_objects(store: Store, token: int) -> None:
    """Objects may interleave in a page; ids are told apart by object and system."""
    pairs = [(Record(name, "1", {"n": name}), name.encode()) for name in ("Lead", "Contact", "Lead", "Contact")]
    with store.begin() as tx:
        assert tx.records.ingest("sfdc", pairs, None, "run1", token).new == 2
        assert tx.records.ingest("hubspot", pairs[:1], None, "run1", token).new == 1


def test_a_page_larger_than_a_statement(store: Store, token: int) -> None:
    """A page of any size is stored whole."""
    many = [(Record("row", str(number), {"n": number}), b"%d" % number) for number in range(5003)]
    with store.begin() as tx:
        assert tx.records.ingest("csv", many, None, "run1", token).new == 5003
        assert tx.records.count("csv") == 5003
        assert tx.records.ingest("csv", many, None, "run1", token).unchanged == 5003
