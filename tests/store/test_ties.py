"""Ties: records and links that do not fit each other are found by one statement each, counted by object, with some of them by name."""

from datetime import UTC, datetime

import pytest

from leadhub.model.person import Aggregate, Lead, Link, Person, Role, Versions
from leadhub.model.record import Gone, Operation, Record
from leadhub.model.run import IntentState, PlannedChange, RunRow
from leadhub.model.state import State
from leadhub.store import RecordKey, Settlement, Store

T0 = datetime(2026, 3, 1, tzinfo=UTC)
OBJECTS = {("sfdc", "Lead"), ("hubspot", "contacts")}


def hashed(id_: str, gone: Gone | None = None) -> tuple[Record, bytes]:
    """A lead with its hash."""
    return Record("Lead", id_, {"Name": id_}, stamp=T0, gone=gone), b"hash of " + id_.encode()


def person(name: str, *links: tuple[str, Role]) -> Aggregate:
    """Somebody with one lead that these records are."""
    lead = Lead(f"lead-{name}", name, 1, State("known", "none", "open"), Versions())
    tied = tuple(Link("sfdc", "Lead", id_, name, lead.id, role) for id_, role in links)
    return Aggregate(Person(name), (lead,), tied, {})


@pytest.fixture
def filled(store: Store, token: int) -> Store:
    """Three records that are there, one that is gone, one out of scope; of each kind of tie one."""
    with store.begin() as tx:
        tx.runs.start(RunRow("run1", "sync", T0, None, "running", {}, "", ""))
        tx.records.ingest("sfdc", [hashed("a"), hashed("b"), hashed("bare"), hashed("gone", Gone.DELETED), hashed("far")], 1, "run1", token)
        tx.records.set_gone({RecordKey("sfdc", "Lead", "far"): Gone.OUT_OF_SCOPE})
        tx.persons.save([person("ann", ("a", "primary"), ("b", "primary")), person("bob", ("gone", "primary"), ("far", "frozen"))])
    return store


def test_a_record_that_is_linked_to_nobody(filled: Store) -> None:
    """Of what is there only the bare one; of other objects nothing is asked."""
    with filled.read() as tx:
        assert tx.ties.unlinked(OBJECTS, 5).counts == {("sfdc", "Lead"): 1}
        assert tx.ties.unlinked(OBJECTS, 5).examples == (RecordKey("sfdc", "Lead", "bare"),)
        assert tx.ties.unlinked({("hubspot", "contacts")}, 5).counts == {}
        assert tx.ties.unlinked(set(), 5).counts == {}


def test_a_link_whose_record_is_gone(filled: Store) -> None:
    """A link that counts as if the record were there; a frozen one is as it should be."""
    with filled.read() as tx:
        assert tx.ties.orphaned(OBJECTS, 5).examples == (RecordKey("sfdc", "Lead", "gone"),)


def test_two_records_of_one_lead(filled: Store) -> None:
    """Both are counted, and as many named as were asked for."""
    with filled.read() as tx:
        found = tx.ties.crowded(OBJECTS, 1)
    assert found.counts == {("sfdc", "Lead"): 2}
    assert found.examples == (RecordKey("sfdc", "Lead", "a"),)


def test_a_link_that_went_to_another_person_than_was_written(filled: Store, token: int) -> None:
    """The last accepted write of a record was for somebody else than it is linked to; a later one for its person settles that."""

    def write(run: str, whose: str) -> None:
        change = PlannedChange("key", "sfdc", "Lead", Operation.UPDATE, "a", whose, None, {"Name": "x"}, {}, {})
        with filled.begin() as tx:
            (intent,) = tx.intents.plan(run, [change], token)
            tx.intents.record_outcomes(run, [Settlement(intent.seq, IntentState.ACCEPTED)], token)

    write("run1", "bob")
    with filled.read() as tx:
        assert tx.ties.moved(OBJECTS, 5).examples == (RecordKey("sfdc", "Lead", "a"),)
    write("run2", "ann")
    with filled.read() as tx:
        assert tx.ties.moved(OBJECTS, 5).counts == {}


def test_one_walk_tells_the_hash_of_all_that_is_there(filled: Store) -> None:
    """What is gone is not told, what is out of scope where it is asked for; the pages are as large as they were asked for."""
    with filled.read() as tx:
        told = list(tx.records.digests(size=3))
        in_scope = {row[2] for rows in tx.records.digests(out_of_scope=False) for row in rows}
        assert tx.records.total() == 5
        assert tx.records.read_until("sfdc") == "run1"
        assert tx.records.read_until("hubspot") is None
    assert [len(rows) for rows in told] == [3, 1]
    assert sorted(tuple(row) for rows in told for row in rows) == [
        ("sfdc", "Lead", id_, b"hash of " + id_.encode()) for id_ in ("a", "b", "bare", "far")
    ]
    assert in_scope == {"a", "b", "bare"}
