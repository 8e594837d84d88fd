"""A revert that dies while it archives: the next run reads what became of the record, and nothing is archived twice or counted wrongly."""

import pytest
from sandbox_world import World, killed_in_a_write

from leadhub.model.record import Operation
from leadhub.model.run import IntentState
from leadhub.sync.acts import revert


def _archives(world: World) -> list[IntentState]:
    with world.hub.store.read() as tx:
        runs = [run.id for run in tx.runs.list(kind="revert")]
        intents = [intent for run in reversed(runs) for intent in tx.intents.of_run(run)]
    return [intent.state for intent in intents if intent.change.operation is Operation.ARCHIVE]


def _undo(world: World, run: str) -> None:
    with world.hub.store.read() as tx:
        (row,) = tx.runs.get(run)
    world.clock.sleep(3600)
    revert(world.hub, row)


@pytest.mark.parametrize(("arrives", "state"), [(True, IntentState.ACCEPTED), (False, IntentState.STALE)])
def test_a_killed_archive_is_found_out_by_the_next_run(world: World, arrives: bool, state: IntentState, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record that is gone was archived; one that is still there was not, and the same revert made again archives it once."""
    world.begin(create=True)
    world.hs_create(email="bob@b.example", firstname="Bob", lastname="Bee", company="Bees")
    run = world.sync().run
    (made,) = world.sf_all()
    killed_in_a_write(monkeypatch, lambda: _undo(world, run), arrives=arrives)
    assert _archives(world) == [IntentState.SENT]
    world.sync()
    assert (_archives(world), world.sf(made["Id"])["IsDeleted"]) == ([state], arrives)
    world.mark()
    world.sync()
    assert not world.written()
    assert not world.reviews()
    if not arrives:
        _undo(world, run)
        assert (_archives(world), world.sf(made["Id"])["IsDeleted"]) == ([state, IntentState.ACCEPTED], True)
