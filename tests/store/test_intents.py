"""The journal of writes: stored before the call, settled in one transaction, found after a crash."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from leadhub.errors import LeaseHeld, StoreError
from leadhub.model.person import Aggregate, Base, Lead, Link, Person, StateBase, StoredRecord, Versions
from leadhub.model.record import Operation, Record
from leadhub.model.run import Intent, IntentState, PlannedChange
from leadhub.model.state import State
from leadhub.store import RecordKey, Settlement, Store, Tally

KEY = RecordKey("sfdc", "Lead", "1")
T0 = datetime(2026, 3, 1, tzinfo=UTC)


def change(number: int, **more: Any) -> PlannedChange:
    """A write of a phone number and a state."""
    given = {
        "key": f"k{number}",
        "system": "sfdc",
        "object": "Lead",
        "operation": Operation.UPDATE,
        "record_id": str(number),
        "person_id": f"P{number}",
        "lead_id": None,
        "values": {"Phone": "+1", "Amount": Decimal("1.50")},
        "before": {"Phone": None},
        "why": {"Phone": "HubSpot changed it"},
        "fields": {"phone": Base("+1", 2, "sent")},
        "state": {"Status": "Working"},
        "state_versions": {"L1": Versions(1, 2, 1)},
        "before_stamp": T0,
        "name": "Ann Lee",
    }
    return PlannedChange(**given | more)


def plan(store: Store, run: str, token: int, *changes: PlannedChange) -> tuple[Intent, ...]:
    """Plan in a transaction of its own."""
    with store.begin() as tx:
        return tx.intents.plan(run, changes, token)


def settle(store: Store, run: str, token: int, *settlements: Settlement) -> None:
    """Settle in a transaction of its own."""
    with store.begin() as tx:
        tx.intents.record_outcomes(run, settlements, token)


def states(store: Store, run: str) -> dict[int, str]:
    """The states of a run's intents by number."""
    with store.read() as tx:
        return {intent.seq: intent.state.value for intent in tx.intents.of_run(run)}


def test_what_was_meant_is_stored_before_the_call(store: Store, token: int) -> None:
    """Planned changes are numbered through the run's batches and read back exactly."""
    first = plan(store, "run1", token, change(1), change(2, operation=Operation.CREATE, record_id=None))
    second = plan(store, "run1", token, change(3))
    assert [intent.seq for intent in first + second] == [1, 2, 3]
    with store.read() as tx:
        assert tx.intents.of_run("run1") == first + second
        assert tx.intents.of_run("run1", after=1, limit=1) == first[1:]
        assert tx.intents.of_person("P2") == first[1:]
    assert second[0] == Intent("run1", 3, change(3), IntentState.PLANNED, token)


def test_writes_are_counted_by_whose_they_are(store: Store, token: int) -> None:
    """A write counts under the run that stored its intent, with what became of it; of other runs nothing is said."""
    plan(store, "run1", token, change(1), change(2), change(3, operation=Operation.CREATE, record_id=None))
    plan(store, "run2", token, change(4))
    plan(store, "run3", token, change(5))
    settle(store, "run1", token, Settlement(1, IntentState.ACCEPTED), Settlement(2, IntentState.ACCEPTED))
    with store.read() as tx:
        assert sorted(tx.intents.tally(["run1", "run2"])) == [
            Tally("run1", "sfdc", Operation.CREATE, IntentState.PLANNED, 1),
            Tally("run1", "sfdc", Operation.UPDATE, IntentState.ACCEPTED, 2),
            Tally("run2", "sfdc", Operation.UPDATE, IntentState.PLANNED, 1),
        ]
        assert tx.intents.tally([]) == ()


def linked(store: Store, token: int) -> tuple[Link, StoredRecord]:
    """A person with a record and a link."""
    link = Link("sfdc", "Lead", "1", "P1", "L1", base={"phone": Base(None, 1, "adopted")})
    lead = Lead("L1", "P1", 1, State("lead", "new", "open"), Versions())
    with store.begin() as tx:
        tx.records.ingest("sfdc", [(Record("Lead", "1", {"Phone": None}, stamp=T0), b"before")], None, "run1", token)
        tx.persons.save([Aggregate(Person("P1"), (lead,), (link,), {})])
        tx.records.clear_dirty(tx.records.get([KEY]).values())
    observed = StoredRecord("sfdc", "Lead", "1", {"Phone": "+1"}, T0 + timedelta(minutes=1), b"after")
    base = StateBase({"Status": "Working"}, {"L1": Versions(1, 2, 1)}, how="sent")
    return replace(link, base={"phone": Base("+1", 2, "sent")}, state=base), observed


def test_an_outcome_settles_everything_at_once(store: Store, token: int) -> None:
    """Intent, link and record change in one transaction, and the accepted write is no new work."""
    link, observed = linked(store, token)
    plan(store, "run1", token, change(1))
    settle(store, "run1", token, Settlement(1, IntentState.ACCEPTED, {"status": 204}, link, observed))
    with store.read() as tx:
        (one,) = tx.persons.load(["P1"])
        assert one.links == (link,)
        assert one.records == {"sfdc/Lead/1": observed}
        assert tx.records.dirty() == ()
        (intent,) = tx.intents.of_run("run1")
    assert (intent.state, intent.detail, intent.token) == (IntentState.ACCEPTED, {"status": 204}, token)


def test_an_exception_settles_nothing(store: Store, token: int) -> None:
    """If anything of the transaction fails, the intent is still open: nothing is half settled."""
    link, observed = linked(store, token)
    plan(store, "run1", token, change(1))
    with pytest.raises(StoreError, match="refuses"):
        settle(store, "run1", token, Settlement(1, IntentState.ACCEPTED, None, replace(link, lead_id="nowhere"), observed))
    assert states(store, "run1") == {1: "planned"}
    with store.read() as tx:
        assert tx.records.get([KEY])[KEY].raw_hash == b"before"


def test_an_answer_that_differs_is_work(store: Store, token: int) -> None:
    """A record whose answer shows something that was not sent goes on the work list."""
    _, observed = linked(store, token)
    plan(store, "run1", token, change(1))
    settle(store, "run1", token, Settlement(1, IntentState.ACCEPTED, record=observed, dirty=True))
    with store.read() as tx:
        assert tx.records.dirty() == (KEY,)


def test_a_later_observation_is_not_overwritten(store: Store, token: int) -> None:
    """An answer with an earlier stamp than the stored observation leaves that as it is."""
    _, observed = linked(store, token)
    plan(store, "run1", token, change(1))
    with store.begin() as tx:
        tx.records.ingest("sfdc", [(Record("Lead", "1", {"Phone": "+9"}, stamp=T0 + timedelta(hours=1)), b"later")], None, "run1", token)
    settle(store, "run1", token, Settlement(1, IntentState.ACCEPTED, record=observed))
    with store.read() as tx:
        assert tx.records.get([KEY])[KEY].native == {"Phone": "+9"}
        assert tx.records.dirty() == (KEY,)


def test_a_create_brings_its_link_and_record(store: Store, token: int) -> None:
    """An accepted create stores the record it made and the link to it."""
    link, observed = linked(store, token)
    plan(store, "run1", token, change(1, operation=Operation.CREATE, record_id=None, object="Contact"))
    made = replace(link, object="Contact", record_id="new"), replace(observed, object="Contact", id="new")
    settle(store, "run1", token, Settlement(1, IntentState.ACCEPTED, None, *made))
    with store.read() as tx:
        (one,) = tx.persons.load(["P1"])
    assert made[0] in one.links
    assert one.records["sfdc/Contact/new"] == made[1]


def test_open_intents_are_found_after_a_crash(store: Store, token: int, open_again: Callable[[], Store]) -> None:
    """The next process finds what was planned, sent or unknown in earlier runs, and nothing else."""
    plan(store, "run1", token, *map(change, range(1, 6)))
    with store.begin() as tx:
        tx.intents.mark_sent("run1", [2, 3, 4], token)
    settle(store, "run1", token, Settlement(3, IntentState.UNKNOWN), Settlement(4, IntentState.REFUSED, "no"), Settlement(5, IntentState.STALE))
    plan(store, "run2", token, change(9))
    store.close()
    again = open_again()
    with again.read() as tx:
        assert [(intent.seq, intent.state.value) for intent in tx.intents.open(before_run="run2")] == [(1, "planned"), (2, "sent"), (3, "unknown")]
        assert len(tx.intents.open()) == 4
    again.close()


def test_a_lost_lease_settles_nothing(store: Store, token: int) -> None:
    """A run whose lease another took can neither plan, nor send, nor settle."""
    link, observed = linked(store, token)
    plan(store, "run1", token, change(1))
    with store.begin() as tx:
        tx.leases.release(token)
        tx.leases.acquire("sync", "another", timedelta(hours=1))
    acts = (
        lambda tx: tx.intents.plan("run1", [change(2)], token),
        lambda tx: tx.intents.mark_sent("run1", [1], token),
        lambda tx: tx.intents.record_outcomes("run1", [Settlement(1, IntentState.ACCEPTED, None, link, observed)], token),
    )
    for act in acts:
        with pytest.raises(LeaseHeld, match="lease lost"), store.begin() as tx:
            act(tx)
    assert states(store, "run1") == {1: "planned"}
    with store.read() as tx:
        assert tx.records.get([KEY])[KEY].raw_hash == b"before"


def test_an_outcome_without_an_intent_is_an_error(store: Store, token: int) -> None:
    """What was never planned cannot have come out somehow."""
    plan(store, "run1", token, change(1))
    with pytest.raises(StoreError, match=r"never planned the writes \[2\]"):
        settle(store, "run1", token, Settlement(1, IntentState.SENT), Settlement(2, IntentState.SENT))
    assert states(store, "run1") == {1: "planned"}
