"""Batches written side by side: several calls at once, and what came of each is stored as if it had been alone."""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest
from leadhub_salesforce.connector import SalesforceConnector
from sandbox_world import World

from leadhub.model.record import Change, Outcome

TITLES = 12


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let Salesforce take one record a call, and note how many pushes were on their way whenever one began."""
    seen: list[int] = []
    lock, running, original = threading.Lock(), Counter[str](), SalesforceConnector.push
    turn = threading.Barrier(4)

    def push(self: SalesforceConnector, changes: Sequence[Change]) -> Iterator[Outcome]:
        with lock:
            running["now"] += 1
            seen.append(running["now"])
            place = len(seen)
        if 4 <= place <= 7:  # the first windows are of one, and of two
            turn.wait(timeout=20)
        outcomes = list(original(self, changes))
        with lock:
            running["now"] -= 1
        return iter(outcomes)

    monkeypatch.setattr(SalesforceConnector, "batch_size", 1)
    monkeypatch.setattr(SalesforceConnector, "push", push)
    return seen


def _edited(world: World) -> list[str]:
    pairs = [world.pair(f"p{n:02}@acme.example") for n in range(3 + TITLES)]
    world.begin()
    for _, contact in pairs:
        world.hs_edit(contact, jobtitle="CEO")
    return [lead for lead, _ in pairs]


def test_four_batches_are_on_their_way_at_once(world: World, at_once: list[int]) -> None:
    """After a first call alone and two together four are made at once; all are stored, and the next run writes nothing."""
    leads = _edited(world)
    report = world.sync()
    assert report.systems["salesforce"].updated == len(leads)
    assert max(at_once) == 4
    assert {world.sf(lead)["Title"] for lead in leads} == {"CEO"}
    world.mark()
    assert world.sync().status == "ok"
    assert world.written() == []


def test_an_answer_lost_among_four_is_found_out_and_the_others_stand(world: World, at_once: list[int]) -> None:
    """Of four calls at once one loses its answer after the commit: it is looked up, none is repeated, and all fifteen are stored."""
    leads = _edited(world)
    world.fault("salesforce", "drop_after", r"/composite/sobjects$", method="PATCH", skip=5)
    world.mark()
    report = world.sync()
    assert report.systems["salesforce"].updated == len(leads)
    assert sum(world.write_calls("salesforce").values()) == len(leads)
    assert {world.sf(lead)["Title"] for lead in leads} == {"CEO"}


def test_a_refused_login_among_four_leaves_what_the_others_wrote(world: World, at_once: list[int]) -> None:
    """A fatal answer to one of four stops the system; the three that went through are stored as written, the rest waits and comes with the next run."""
    leads = _edited(world)
    world.fault("salesforce", "limit", r"/composite/sobjects$", method="PATCH", skip=4)
    report = world.sync()
    assert report.status == "partial"
    written = {lead for lead in leads if world.sf(lead)["Title"] == "CEO"}
    assert report.systems["salesforce"].updated == len(written) == 6
    world.mark()
    at_once.clear()
    assert world.sync().systems["salesforce"].updated == len(leads) - 6
    assert {world.sf(lead)["Title"] for lead in leads} == {"CEO"}
    assert not {entry.id for entry in world.written()} & written
