"""What a run counts, it counts once, however often it judges a person; and it counts what the report of standing differences shows."""

from collections.abc import Sequence
from typing import Any

import pytest
from sandbox_world import World

from leadhub.insight.disagreement import disagreement
from leadhub.sync import run as running
from leadhub.sync.retry import Careful
from leadhub.sync.session import Session


def test_a_second_pass_counts_no_standing_difference_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ann's phones differ since before adoption; somebody edits her between plan and write, so she is judged twice, and counted once."""
    lead, contact = world.pair(hs={"city": "Bonn"}, sf={"City": "Paris"})
    world.begin()
    world.sf_edit(lead, Title="CEO")
    original, edits = Careful.reread, ["Kai"]

    def reread(self: Careful, object_name: str, ids: Sequence[str]) -> Any:
        if edits:
            world.hs_edit(contact, firstname=edits.pop())
        return original(self, object_name, ids)

    passes: list[Session] = []
    agree = running.agree
    monkeypatch.setattr(Careful, "reread", reread)
    monkeypatch.setattr(running, "agree", lambda session: (passes.append(session), agree(session))[1])
    report = world.sync()
    assert len(passes) > 1
    assert world.standing(report) == 1


def test_the_run_counts_what_the_report_shows(world: World) -> None:
    """A field that a system lets nobody write is in neither; an old difference and one of the state are in both."""
    world.pair(hs={"city": "Bonn", "lifecyclestage": "customer"}, sf={"City": "Paris"})
    for system in ("salesforce", "hubspot"):
        report = world.adopt(system)
    with world.hub.store.read() as tx:
        found = disagreement(world.hub, tx)
    assert {pattern.field for pattern in found.patterns} >= {"city", "lifecyclestage"}
    assert report.run.standing == found.total
    assert set(found.facts) == {"created_at"}
