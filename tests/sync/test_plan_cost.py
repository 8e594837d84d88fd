"""What a plan says it costs is what it takes: the write requests that both sandboxes count are those that were announced."""

from collections.abc import Sequence

import pytest
from sandbox_world import SYSTEMS, World

from leadhub.model.record import Operation
from leadhub.model.run import PlannedChange
from leadhub.sync.patterns import total_calls
from leadhub.sync.run import plan

MANY = 12
"""More than Salesforce takes one by one."""


def announced_and_counted(world: World, changes: Sequence[PlannedChange]) -> tuple[dict[str, int], dict[str, int]]:
    """Sync, and return the requests that the plan announced and those that the systems took, the logins and the readings left out."""
    told = total_calls(world.hub, changes)
    world.mark()
    report = world.sync()
    made = {name: counts.created + counts.updated for name, counts in report.systems.items() if name in SYSTEMS}
    assert made == {name: sum(change.system == name for change in changes) for name in SYSTEMS}, "all of it was made"
    counted = {name: world.write_calls(name).total() for name in SYSTEMS}
    return told, {name: count for name, count in counted.items() if count}


@pytest.mark.parametrize("count", [3, MANY])
def test_writes_to_salesforce_cost_what_was_announced(world: World, count: int) -> None:
    """A few statuses go one by one, each under its own condition, and many go together; titles always go together."""
    state: dict[str, dict[str, str]] = {"sf": {"Status": "Open - Not Contacted"}, "hs": {"lifecyclestage": "lead", "hs_lead_status": "NEW"}}
    pairs = [world.pair(f"p{n}@p{n}.example", sf=state["sf"], hs=state["hs"]) for n in range(count)]
    world.begin()
    for n, (_, contact) in enumerate(pairs):
        world.hs_edit(contact, hs_lead_status="CONNECTED", **({"jobtitle": "CEO"} if n % 2 else {}))
    _, extra = pairs[0]
    world.hs_edit(extra, jobtitle="Chair")
    _, changes = plan(world.hub)
    told, counted = announced_and_counted(world, changes)
    assert told == counted


def test_writes_to_hubspot_cost_what_was_announced(world: World) -> None:
    """Titles go together, an opt-out takes a request of its own, a stage set back two, and a create one."""
    pairs = [world.pair(f"p{n}@p{n}.example") for n in range(3)]
    world.pair("back@back.example", hs={"lifecyclestage": "salesqualifiedlead", "hs_lead_status": "NEW"})
    world.begin(create=True)
    world.decide_state("mql/new/open", "back@back.example")
    world.sf_edit(pairs[0][0], Title="CEO")
    world.sf_edit(pairs[1][0], Title="CEO", HasOptedOutOfEmail=True)
    world.sf_edit(pairs[2][0], HasOptedOutOfEmail=True)
    world.sf_create(Email="new@new.example", FirstName="New")
    _, changes = plan(world.hub)
    assert {c.operation for c in changes} == {Operation.CREATE, Operation.UPDATE, Operation.CLEAR_THEN_SET}
    told, counted = announced_and_counted(world, changes)
    assert told == counted
