"""The store in dictionaries: what it promises beyond the suite that it shares with the SQL stores, and that it answers as they do."""

import inspect
from collections.abc import Iterator
from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from store_operations import ACT, T0, Act, SetClock, everything, populate

from leadhub.errors import LeadhubError, LeaseHeld, StoreError
from leadhub.model.person import Aggregate, Base, Canonical, Lead, Link, Person, SetBy, StateBase, StoredRecord, Versions
from leadhub.model.record import Gone, Operation, Owner, Record
from leadhub.model.run import Approval, IntentState, PlannedChange, RunRow
from leadhub.model.state import State
from leadhub.store import RecordKey, Settlement, Store, SystemRow, Transaction, open_store
from leadhub.store.repository import Repository
from leadhub.store.tables import metadata
from leadhub.testing.dict_store import DictStore

GROUPS = {name: type(group) for name, group in vars(DictStore(clock=None)._transaction).items()}
KEY = RecordKey("a", "Lead", "1")


@pytest.fixture
def kept(clock: SetClock) -> DictStore:
    """An empty store in dictionaries with a lease, token 1."""
    store = DictStore(clock)
    with store.begin() as tx:
        tx.leases.acquire("sync", "me", timedelta(hours=9))
    return store


@pytest.fixture(scope="module")
def database() -> Iterator[tuple[Store, SetClock]]:
    """One database in memory, to be emptied for each example: making its tables takes longer."""
    clock = SetClock()
    store = open_store("sqlite:///:memory:", clock)
    yield store, clock
    store.close()


def _break_off(_tx: Transaction) -> None:
    raise KeyboardInterrupt


def told(store: Store, *work: Act) -> list[Any]:
    """What each operation of a transaction answers, and what ended it before its end."""
    answers: list[Any] = []
    try:
        with store.begin() as tx:
            for act in work:
                answers += [act(tx)]
    except (LeadhubError, KeyboardInterrupt) as error:
        answers.append(type(error))
    return answers


UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)
"""Making an example small against a database takes minutes: it is shown as it was found."""

STEP = st.one_of(st.tuples(ACT), st.tuples(ACT), st.tuples(ACT, ACT), st.tuples(ACT, ACT, st.just(_break_off)))


@settings(max_examples=30, phases=UNSHRUNK, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.tuples(STEP, st.integers(0, 700)), min_size=8, max_size=16))
def test_it_answers_as_sqlite_does(database: tuple[Store, SetClock], works: list[tuple[tuple[Act, ...], int]]) -> None:
    """Whatever is done to both, in transactions of which some break off, each operation and afterwards every question has the same answer."""
    stored, clock = database
    with stored.begin() as tx:
        for table in reversed(metadata.sorted_tables):
            tx.runs.connection.execute(table.delete())
    clock.at = T0
    kept = DictStore(clock)
    for store in (stored, kept):
        with store.begin() as tx:
            assert tx.leases.acquire("sync", "me", timedelta(hours=9)) == 1
            populate(tx)
    for work, seconds in works:
        clock.sleep(seconds)
        assert told(kept, *work) == told(stored, *work)
    with stored.read() as one, kept.read() as other:
        assert everything(other) == everything(one)


@settings(deadline=None, max_examples=60)
@given(st.lists(ACT, max_size=10), st.lists(ACT, min_size=1, max_size=4))
def test_a_broken_transaction_leaves_no_trace(first: list[Act], second: list[Act]) -> None:
    """Every table and index is as it was; and a copy is as its original was, whatever is done to that later."""
    kept = DictStore(SetClock())
    with kept.begin() as tx:
        tx.leases.acquire("sync", "me", timedelta(hours=9))
        populate(tx)
    for act in first:
        told(kept, act)
    copy = kept.copy()
    with kept.read() as tx:
        before = everything(tx)
    told(kept, *second, _break_off)
    assert _rows(kept) == _rows(copy)
    for act in second:
        told(kept, act)
    with copy.read() as tx:
        assert everything(tx) == before


def _rows(store: DictStore) -> dict[str, Any]:
    """Everything in the tables. An index that names nothing under a key says the same as one without it."""
    held = store._held
    tables = {name: getattr(held, name) for name in held.__slots__}
    return {name: {key: row for key, row in table.items() if row != {}} if isinstance(table, dict) else table for name, table in tables.items()}


def test_a_transaction_has_the_groups_of_one_of_sql(database: tuple[Store, SetClock]) -> None:
    """Each group is of the SQL group's class, made narrower."""
    with database[0].read() as tx:
        assert {name: GROUPS[name].__mro__[2] for name in GROUPS} == {name: type(group) for name, group in vars(tx).items()}


@pytest.mark.parametrize("name", GROUPS)
def test_no_operation_of_sql_is_left(name: str) -> None:
    """Each public operation of each group is replaced, in its own class or in one above it that knows no connection."""
    ours = GROUPS[name]
    for base in ours.__mro__:
        if issubclass(base, Repository) and base.__module__.startswith("leadhub.store."):
            public = [operation for operation, value in vars(base).items() if inspect.isfunction(value) and not operation.startswith("_")]
            assert [one for one in public if getattr(ours, one).__module__.startswith("leadhub.store.")] == []


WRITES: dict[str, Act] = {
    "ingest": lambda tx: tx.records.ingest("a", [], None, "r1", 1),
    "forget_cursor": lambda tx: tx.records.forget_cursor("a"),
    "set_gone": lambda tx: tx.records.set_gone({}),
    "mark_dirty": lambda tx: tx.records.mark_dirty([]),
    "mark_system_dirty": lambda tx: tx.records.mark_system_dirty("a"),
    "clear_dirty": lambda tx: tx.records.clear_dirty([]),
    "save persons": lambda tx: tx.persons.save([]),
    "replace keys": lambda tx: tx.keys.replace({}),
    "mark_generic": lambda tx: tx.keys.mark_generic({}),
    "append": lambda tx: tx.edits.append("r1", []),
    "replace reviews": lambda tx: tx.reviews.replace([], [], "r1"),
    "close": lambda tx: tx.reviews.close([], "r1"),
    "add": lambda tx: tx.decisions.add([]),
    "mark_applied": lambda tx: tx.decisions.mark_applied([], "r1"),
    "start": lambda tx: tx.runs.start(RunRow("r1", "sync", T0, None, "running", {}, "", "")),
    "finish": lambda tx: tx.runs.finish("r1", "ok", {}),
    "keep_plan": lambda tx: tx.runs.keep_plan("r1", "f00d"),
    "say to a plan": lambda tx: tx.approvals.add(Approval("r1", "f00d", "jo", T0)),
    "plan": lambda tx: tx.intents.plan("r1", [], 1),
    "mark_sent": lambda tx: tx.intents.mark_sent("r1", [], 1),
    "record_outcomes": lambda tx: tx.intents.record_outcomes("r1", [], 1),
    "acquire": lambda tx: tx.leases.acquire("b", "me", timedelta(hours=1)),
    "renew": lambda tx: tx.leases.renew(1, timedelta(hours=1)),
    "release": lambda tx: tx.leases.release(1),
    "keep rejects": lambda tx: tx.rejects.keep("r1", []),
    "keep a delivery": lambda tx: tx.inbox.keep("a", "text", b"", fingerprint="x"),
    "settle": lambda tx: tx.inbox.settle([], "r1"),
    "replay": lambda tx: tx.inbox.replay([]),
    "replace owners": lambda tx: tx.owners.replace("a", []),
    "save a system": lambda tx: tx.systems.save(SystemRow("a", "files")),
    "switch": lambda tx: tx.systems.switch("a", "paused"),
    "name": lambda tx: tx.installations.name("i1"),
    "note": lambda tx: tx.installations.note("a", "i1", Record("Lead", "1", {})),
    "take_over": lambda tx: tx.installations.take_over("a", "i1", "jo"),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_nothing_is_written_outside_a_writing_transaction(kept: DictStore, write: Act) -> None:
    """Neither within a view, nor after the transaction that it was made for, whether there is anything to write or not."""
    with pytest.raises(StoreError, match="can only be read"), kept.read() as tx:
        write(tx)
    with kept.begin() as tx:
        pass
    with pytest.raises(StoreError, match="no transaction is open"):
        write(tx)


def test_every_write_is_tried() -> None:
    """An operation that is in neither of these lists is one that this file forgot."""
    reads = {
        "get",
        "slice",
        "count",
        "there",
        "dirty",
        "waiting",
        "unsettled",
        "cursor",
        "load",
        "person_of",
        "records_of",
        "frozen",
        "linked",
        "due",
    }
    reads |= {"iter_ids", "link_counts", "counts", "search", "of", "find", "surnames", "generic", "history", "of_run", "of_person", "open", "groups"}
    reads |= {"pending", "persons_pending", "list", "check", "count_waiting", "digests", "read_until", "total"}
    reads |= {"of_plan", "tally", "mine", "others", "orphaned", "unlinked", "crowded", "moved"}
    public = {name for group in GROUPS.values() for name in dir(group) if not name.startswith("_") and inspect.isfunction(getattr(group, name))}
    assert public - reads == {"save", "replace", "keep"} | {name for name in WRITES if " " not in name}


def test_one_transaction_at_a_time_in_a_thread(kept: DictStore) -> None:
    """Where a database would wait for itself the store says so at once, and the transaction that is open goes on; a view within a view is no harm."""
    with kept.begin() as tx:
        for nested in (kept.begin, kept.read, kept.copy):
            with pytest.raises(StoreError, match="open in this thread already"):
                nested().__enter__()
        tx.owners.replace("a", [Owner("1", "Jo")])
    with kept.read() as tx, kept.read() as same:
        assert tx.owners.of("a") == same.owners.of("a") == (Owner("1", "Jo"),)
        with pytest.raises(StoreError, match="open in this thread already"), kept.begin():
            pass


def test_whoever_waits_is_told_when_writing_ended(kept: DictStore) -> None:
    """A signal's handler may wait for the end of a transaction, whatever that is; a view keeps nobody waiting."""
    heard: list[bool] = []
    kept.when_written = lambda: heard.append(kept.writing)
    with kept.read():
        assert not kept.writing
    assert told(kept, lambda _tx: kept.writing) == [True]
    assert told(kept, lambda _tx: kept.writing, _break_off) == [True, KeyboardInterrupt]
    assert heard == [False, False]


def test_what_is_stored_is_nobody_elses_to_change(kept: DictStore) -> None:
    """Neither its giver nor its getter changes what is stored by changing what they have in hands."""
    values: Any = {"Tags": ["new"]}
    counts: Any = {"a": {"pulled": 1}}
    identity: Any = {"scopes": ["read"]}
    detail: Any = {"errors": []}
    shown: Any = {"phone": Canonical("1", 1, "a", "edit")}
    change = PlannedChange("k", "a", "Lead", Operation.UPDATE, "1", "P1", None, values, values, {})

    def ask() -> list[Any]:
        with kept.read() as tx:
            (person,), (intent,) = tx.persons.load(["P1"]), tx.intents.of_run("r1")
            (run,), system = tx.runs.get("r1"), tx.systems.get("a")
            (sliced,), cursor = tx.records.slice("a", None, 1), tx.records.cursor("a")
            natives = [
                person.records["a/Lead/1"].native,
                tx.records.get([KEY])[KEY].native,
                sliced.native,
                intent.change.values,
                intent.change.before,
            ]
            assert system
            return [*natives, run.counts, system.identity, intent.detail, cursor, dict(person.person.fields)]

    with kept.begin() as tx:
        tx.records.ingest("a", [(Record("Lead", "1", values), b"h")], counts, "r1", 1)
        tx.persons.save([Aggregate(Person("P1", shown), (), (Link("a", "Lead", "1", "P1", None),), {})])
        tx.systems.save(SystemRow("a", "files", identity=identity))
        tx.runs.start(RunRow("r1", "sync", T0, None, "running", counts, "", ""))
        tx.intents.plan("r1", [change], 1)
        tx.intents.record_outcomes("r1", [Settlement(1, IntentState.ACCEPTED, detail)], 1)
    before = repr(ask())
    values["Tags"].append("changed")
    values["More"] = 1
    counts["a"]["pulled"] = identity["scopes"] = 2
    detail["errors"].append("late")
    shown.clear()
    assert repr(ask()) == before
    for got in ask()[:-1]:
        for inner in got.values():
            inner.clear()
    assert repr(ask()) == before


def test_a_copy_goes_its_own_way(kept: DictStore) -> None:
    """A copy holds what was committed, has its own clock where it is given one, and neither store sees what is done to the other."""
    later = SetClock()
    later.sleep(86400)
    copy = kept.copy(later)
    with pytest.raises(LeaseHeld), kept.begin() as tx:
        tx.leases.acquire("sync", "another", timedelta(hours=1))
    with copy.begin() as tx:
        assert tx.leases.acquire("sync", "another", timedelta(hours=1)) == 2
    with kept.read() as tx:
        tx.leases.check(1)


def test_two_engines_share_a_store(kept: DictStore) -> None:
    """Each by its own clock: one that is ahead takes the lease early, as it would from an SQLite file, and the other learns that it lost it."""
    ahead = SetClock()
    ahead.sleep(86400)
    other = kept.beside(ahead)
    with kept.begin(), pytest.raises(StoreError, match="open in this thread already"), other.begin():
        pass
    with other.begin() as tx:
        assert tx.leases.acquire("sync", "another", timedelta(hours=1)) == 2
    with pytest.raises(LeaseHeld, match="lease lost"), kept.begin() as tx:
        tx.leases.check(1)


def test_what_postgresql_would_not_choose_between_is_refused(kept: DictStore) -> None:
    """One person given twice in one save would be whichever came last on SQLite, and an error on PostgreSQL."""
    person = Aggregate(Person("P1"), (), (), {})
    with pytest.raises(StoreError, match="given twice"), kept.begin() as tx:
        tx.persons.save([person, person])


def test_no_field_of_the_model_is_lost(kept: DictStore) -> None:
    """Rows are copied field by field, because that is quickest: a field that the model gains and the store forgets shows here."""
    canonical = {"phone": Canonical("1", 1, "a", "edit")}
    state = StateBase({"S": "n"}, {"L1": Versions(1)}, frozenset("S"), "sent", 1, {"S": "m"})
    record = StoredRecord("a", "Lead", "1", {"N": 1}, T0, b"h", Gone.MERGED, "2", T0)
    link = Link("a", "Lead", "1", "P1", "L1", "frozen", {"phone": Base("1", 1, "sent", 1, "0")}, state)
    lead = Lead("L1", "P1", 2, State("lead", "new", "open"), Versions(1), {"stage": SetBy("a", "edit")}, "why", T0, T0, canonical)
    aggregate = Aggregate(Person("P1", canonical, {"email": ("k",)}, "P2"), (lead,), (link,), {link.id: record})
    for noun in (aggregate.person, lead, link, state, record):
        forgotten = [one.name for one in fields(noun) if getattr(noun, one.name) in (one.default, {}, None)]
        assert forgotten == [], "the test is to give every field a value of its own"
    with kept.begin() as tx:
        page = [(Record("Lead", "1", record.native, T0, gone=record.gone, gone_to="2", created=T0), b"h")]
        tx.records.ingest("a", page, None, "r1", 1)
        tx.persons.save([aggregate])
        assert tx.persons.load(["P1"]) == (aggregate,)
