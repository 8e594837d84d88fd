"""From the inbox to the person: every delivery ends as a record or as a reject, once, whatever happens in between."""

import json
from typing import Any

import pytest
from forms_world import World

from leadhub.store.inbox import Inbox
from leadhub.sync import receive
from leadhub.sync.run import plan

ANN = {"email": "ann@acme.example", "name": "Ann Berg"}

CONNECTOR = """
from leadhub import FieldMapping, Identity, InvalidValue, ObjectMapping, Record, hookimpl
from leadhub_forms.connector import Forms

class Odd(Forms):
    name = "odd"
    def parse(self, delivery):
        if b"crash" in delivery.body: raise ZeroDivisionError("of its own")
        if b"nothing" in delivery.body: return []
        if b"twins" in delivery.body:
            return [Record("post", f"{delivery.id}-{n}", {"email": f"twin{n}@acme.example"}) for n in (1, 2)]
        return super().parse(delivery)

@hookimpl
def register_connectors():
    return [Odd]
"""


def odd(world: World) -> None:
    """Let the form be read by a connector with moods."""
    (world.folder / "plugins").mkdir()
    (world.folder / "plugins" / "odd.py").write_text(CONNECTOR)
    world.configure(plugin="odd")


def test_rejects_are_kept_listed_and_leave_the_others_alone(world: World) -> None:
    """Each with its reason; the post itself stays in the inbox."""
    world.post(json=ANN)
    world.post(content=b"{", headers={"Content-Type": "application/json"})
    world.post(json={"name": "Bob"})
    world.post(json={"email": "carl@acme"})
    report = world.sync()
    assert (report.records["synced"], report.records["rejected"], report.systems["website"].pulled) == (1, 3, 4)
    with world.hub.store.read() as tx:
        listed = tx.rejects.list(report.run)
    inbox = world.inbox()
    assert [(reject.source, reject.row) for reject in listed] == [("website", stored.seq) for stored in inbox[1:]]
    assert [stored.state for stored in inbox] == ["taken", "rejected", "rejected", "rejected"]
    assert [reject.reason for reject in listed] == [stored.reason for stored in inbox[1:]]
    assert listed[0].raw == "{"


def test_every_delivery_of_many_pages_is_taken_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Page by page until nothing waits."""
    monkeypatch.setattr(receive, "PAGE", 3)
    for n in range(10):
        world.post(json={"email": f"n{n}@acme.example"})
    assert world.sync().records["synced"] == 10
    assert world.sync().systems["website"].pulled == 0
    assert len(world.people()) == 10


def test_a_crash_between_two_pages_loses_nothing_and_doubles_nothing(any_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was stored is settled in the same transaction: the next run goes on behind it."""
    monkeypatch.setattr(receive, "PAGE", 2)
    for n in range(5):
        any_world.post(json={"email": f"n{n}@acme.example"})
    settled: list[Any] = []
    settle = Inbox.settle

    def dies_at_the_second(self: Inbox, numbers: Any, run_id: str) -> None:
        settle(self, numbers, run_id)
        settled.append(numbers)
        if len(settled) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Inbox, "settle", dies_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            any_world.sync()
    assert [stored.state for stored in any_world.inbox()] == ["taken", "taken", "waiting", "waiting", "waiting"]
    with any_world.hub.store.read() as tx:
        assert tx.records.count("website") == 2
    any_world.sync()
    assert sorted(map(str, any_world.people())) == [f"n{n}@acme.example" for n in range(5)]
    with any_world.hub.store.read() as tx:
        assert tx.records.count("website") == 5


def test_a_plan_takes_deliveries_in_too(world: World) -> None:
    """What a plan read is stored: the sync after it agrees about it, and reads nothing twice."""
    world.post(json=ANN)
    plan(world.hub)
    assert [stored.state for stored in world.inbox()] == ["taken"]
    world.sync()
    assert world.people()["ann@acme.example"]["first_name"] == "Ann"


def test_what_the_connector_did_not_foresee_is_a_reject_like_any_other(world: World) -> None:
    """One body must not keep all later ones waiting for good."""
    odd(world)
    for body in ("crash", "nothing", "twins", json.dumps(ANN)):
        world.post(content=body.encode(), headers={"Content-Type": "application/json"})
    report = world.sync()
    assert (report.records["synced"], report.records["rejected"]) == (3, 2)
    reasons = [stored.reason for stored in world.inbox()]
    assert reasons[0] is not None
    assert reasons[0].startswith("the connector failed on it: ZeroDivisionError: of its own.")
    assert reasons[1:] == ["the connector made no record of it.", None, None]


def test_a_mended_form_takes_in_what_it_had_rejected(world: World) -> None:
    """Replayed deliveries are read under the settings of today."""
    world.post(json={"adresse-mail": "ann@acme.example"})
    assert world.sync().records["rejected"] == 1
    world.configure('headers = { "adresse-mail" = "email" }')
    (stored,) = world.inbox()
    with world.hub.store.begin() as tx:
        tx.inbox.replay([stored.seq])
    report = world.sync()
    assert (report.records["synced"], report.records["rejected"]) == (1, 0)
    assert list(world.people()) == ["ann@acme.example"]


def test_a_delivery_that_is_read_again_is_the_same_record_with_what_it_says_now(world: World) -> None:
    """Its time is the same and its values are not: there is nothing to ask anybody, they are simply taken."""
    world.post(json={**ANN, "dept": "Sales"})
    world.sync()
    world.configure('headers = { "dept" = "department" }')
    for _ in range(2):
        with world.hub.store.begin() as tx:
            tx.inbox.replay([stored.seq for stored in world.inbox()])
        world.sync()
    with world.hub.store.read() as tx:
        assert (tx.records.count("website"), tx.records.unsettled()) == (1, ())
    assert world.people()["ann@acme.example"]["department"] == "Sales"


def test_a_paused_form_keeps_on_receiving(world: World) -> None:
    """The door and the run are two things: what comes while a system is left alone waits."""
    world.post(json=ANN)
    world.sync()
    with world.hub.store.begin() as tx:
        tx.systems.switch("website", "paused")
    world.post(json={"email": "bob@acme.example"})
    world.sync()
    assert [stored.state for stored in world.inbox()] == ["taken", "waiting"]


def test_a_huge_reject_is_cut_and_the_inbox_has_the_whole(world: World) -> None:
    """A list of rejects stays a list."""
    body = b"{" + b"\xff" * 100_000
    world.post(content=body, headers={"Content-Type": "application/json"})
    report = world.sync()
    with world.hub.store.read() as tx:
        (reject,) = tx.rejects.list(report.run)
    assert len(reject.raw) == receive.LONGEST_RAW
    assert world.inbox()[0].delivery.body == body
