"""Systems and installations: what is remembered of each system, a pause that only its own word lifts, and who else works there."""

from dataclasses import replace
from datetime import timedelta

from store_operations import T0, SetClock

from leadhub.model.record import Record
from leadhub.store import OtherInstallation, Store, SystemRow


def test_a_pause_is_neither_made_nor_lifted_by_what_is_saved(store: Store) -> None:
    """A run at work saves what it read before. Whatever else it saves is stored; a system that nobody saved is not made by a switch."""
    with store.begin() as tx:
        tx.systems.save(SystemRow("sfdc", "salesforce", mode="write"))
        tx.systems.switch("sfdc", "paused")
        tx.systems.save(SystemRow("sfdc", "salesforce", mode="write", identity={"org": "1"}))
        paused = SystemRow("sfdc", "salesforce", mode="paused", identity={"org": "1"})
        assert tx.systems.get("sfdc") == paused
        tx.systems.switch("sfdc", "read")
        tx.systems.save(paused)
        tx.systems.switch("hubspot", "write")
    with store.read() as tx:
        assert tx.systems.list() == (replace(paused, mode="read"),)


def test_an_installation_is_named_once(store: Store) -> None:
    """Its first name stays."""
    with store.begin() as tx:
        assert tx.installations.mine() is None
        assert (tx.installations.name("first"), tx.installations.name("second"), tx.installations.mine()) == ("first",) * 3


def test_others_are_told_in_the_order_in_which_they_were_met(store: Store, clock: SetClock) -> None:
    """By system, each with the first record that showed it; what somebody said of one stays when another record shows it."""
    with store.begin() as tx:
        tx.installations.note("sfdc", "z", Record("Lead", "1", {}, T0))
        clock.sleep(60)
        for system, other in (("sfdc", "b"), ("sfdc", "a"), ("hubspot", "z")):
            tx.installations.note(system, other, Record("Lead", "2", {}))
        tx.installations.take_over("sfdc", "z", "jo")
        tx.installations.take_over("sfdc", "nobody", "jo")
        tx.installations.note("sfdc", "z", Record("Contact", "3", {}))
    later = T0 + timedelta(minutes=1)
    with store.read() as tx:
        assert tx.installations.others("sfdc") == (
            OtherInstallation("sfdc", "z", "Lead", "1", T0, T0, "jo", later),
            OtherInstallation("sfdc", "a", "Lead", "2", None, later),
            OtherInstallation("sfdc", "b", "Lead", "2", None, later),
        )
        assert [one.id for one in tx.installations.others("hubspot")] == ["z"]
