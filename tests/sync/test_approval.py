"""A plan that a second person has to approve: nothing is written before that, by whatever command, and who did what is kept."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sandbox_world import World

from leadhub.errors import GuardStopped
from leadhub.model.run import Approval
from leadhub.sync import acts, approval, planfile
from leadhub.sync.approval import NotYours, approve, standing, withdraw
from leadhub.sync.planfile import PlanFile, PlanFileError
from leadhub.sync.run import plan, pull_only

REQUIRED = '[defaults]\napproval = "required"\ntrust'
AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
PLAN = PlanFile("r0", "c", {}, (), hash="f00d", planned_by="ann")


@pytest.mark.parametrize(
    ("said", "holds"),
    [
        ([], []),
        ([("bob", True, "f00d")], ["bob"]),
        ([("ann", True, "f00d")], []),
        ([("bob", True, "beef")], []),
        ([("bob", True, "f00d"), ("bob", False, "f00d")], []),
        ([("bob", True, "f00d"), ("cyd", True, "f00d"), ("bob", False, "f00d")], ["cyd"]),
        ([("bob", True, "f00d"), ("bob", False, "f00d"), ("bob", True, "f00d")], ["bob"]),
        ([("bob", True, "f00d"), ("bob", False, "beef")], ["bob"]),
        ([("cyd", False, "f00d"), ("bob", True, "f00d")], ["bob"]),
    ],
)
def test_an_approval_holds_for_one_plan_until_it_is_withdrawn(said: list[tuple[str, bool, str]], holds: list[str]) -> None:
    """The author's own counts for nothing, another plan's neither, and one that was withdrawn no more; the last word of each person stands."""
    words = [Approval("r0", plan_hash, actor, AT + timedelta(minutes=n), given) for n, (actor, given, plan_hash) in enumerate(said)]
    assert [a.actor for a in standing(words, PLAN)] == holds


def test_what_was_said_later_changes_nothing_of_what_was_so() -> None:
    """A run that was approved when it began stays one, though the approval was withdrawn afterwards."""
    given = Approval("r0", "f00d", "bob", AT)
    taken = Approval("r0", "f00d", "bob", AT + timedelta(hours=1), given=False)
    assert standing([given, taken], PLAN, AT + timedelta(minutes=1)) == (given,)
    assert standing([given, taken], PLAN) == ()


@pytest.fixture
def asked(world: World) -> tuple[Path, str]:
    """A deployment that asks for approvals: Ann keeps a plan of one title in a file."""
    lead, contact = world.pair()
    world.begin()
    path = world.folder / "leadhub.toml"
    path.write_text(path.read_text().replace("[defaults]\ntrust", REQUIRED))
    world.reopen()
    world.sf_edit(lead, Title="CEO")
    world.hub.actor = "ann"
    report, changes = plan(world.hub)
    kept = world.folder / "night.plan"
    planfile.write(kept, world.hub, report, changes)
    world.mark()
    return kept, contact


def made(world: World, path: Path, actor: str) -> str:
    """Apply the plan as somebody, and return the run."""
    world.hub.actor = actor
    return acts.apply_plan(world.hub, planfile.read(path, world.hub))[0].run


def test_nothing_is_written_before_somebody_else_approved(world: World, asked: tuple[Path, str]) -> None:
    """Not by sync, not by a plan made on the spot, not by the file: each is stopped before a system is called, and says what to do. Then it is made."""
    path, contact = asked
    kept = planfile.read(path, world.hub)
    spontaneous = PlanFile(kept.run, kept.config_hash, {}, kept.items)
    attempts = (world.sync, "FILE"), (lambda: acts.apply_plan(world.hub, spontaneous), "FILE"), (lambda: acts.apply_plan(world.hub, kept), str(path))
    for attempt, named in attempts:
        with pytest.raises(GuardStopped, match='approval = "required"') as error:
            attempt()
        assert f"leadhub approve {named}" in (error.value.next_step or "")
    with pytest.raises(NotYours, match="ann planned this"):
        approve(world.hub, kept)
    assert not world.calls("salesforce")
    assert not world.calls("hubspot")
    assert pull_only(world.hub).status == "ok", "reading asks nobody"
    world.hub.actor = "bob"
    said = approve(world.hub, kept, "as agreed")
    assert approve(world.hub, kept, "again") == said, "once is enough"
    run_id = made(world, path, "ann")
    assert world.hs(contact)["jobtitle"] == "CEO"
    with world.hub.store.read() as tx:
        (run,) = tx.runs.get(run_id)
        told = approval.told(tx, run)
    assert told is not None
    assert (run.actor, told.planned_by, told.approvals) == ("ann", "ann", (said,))


def test_an_approval_that_was_withdrawn_counts_no_more(world: World, asked: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does one that is withdrawn while the plan is being made anew. Nobody withdraws what another gave."""
    path, contact = asked
    kept = planfile.read(path, world.hub)
    world.hub.actor = "bob"
    approve(world.hub, kept)
    choose = acts.choose

    def meanwhile(*args: object) -> object:
        world.hub.actor = "bob"
        withdraw(world.hub, kept, "not today")
        return choose(*args)  # type: ignore[arg-type]  # what it was called with, passed on as it came

    with monkeypatch.context() as patch:
        patch.setattr(acts, "choose", meanwhile)
        with pytest.raises(GuardStopped, match="approved by nobody else"):
            made(world, path, "ann")
    with pytest.raises(GuardStopped, match="approved by nobody else"):
        made(world, path, "ann")
    world.hub.actor = "cyd"
    with pytest.raises(NotYours, match="cyd has not approved"):
        withdraw(world.hub, kept)
    assert not world.written()
    assert world.hs(contact)["jobtitle"] == "CTO"


def test_an_approval_is_of_these_words_and_of_this_state(world: World, asked: tuple[Path, str]) -> None:
    """What was changed in the file after the approval is refused as a whole; what changed in a system, item by item."""
    path, contact = asked
    world.hub.actor = "bob"
    approve(world.hub, planfile.read(path, world.hub))
    true = path.read_text()
    body = json.loads(true)
    body["changes"][0]["fields"]["jobtitle"]["to"] = "Emperor"
    path.write_text(json.dumps(body))
    with pytest.raises(PlanFileError, match="somebody changed it"):
        made(world, path, "ann")
    path.write_text(true)
    world.hs_edit(contact, jobtitle="Boss")
    world.hub.actor = "ann"
    _, refused = acts.apply_plan(world.hub, planfile.read(path, world.hub))
    assert [r.reason for r in refused] == ['jobtitle shows something else now: "Boss"']
    assert world.hs(contact)["jobtitle"] == "Boss"


def test_a_revert_needs_nobody(world: World, asked: tuple[Path, str]) -> None:
    """In an emergency one person is enough, and the journal says who it was."""
    path, contact = asked
    world.hub.actor = "bob"
    approve(world.hub, planfile.read(path, world.hub))
    run_id = made(world, path, "ann")
    world.hub.actor = "cyd"
    with world.hub.store.read() as tx:
        (run,) = tx.runs.get(run_id)
    report, _ = acts.revert(world.hub, run)
    assert world.hs(contact)["jobtitle"] == "CTO"
    with world.hub.store.read() as tx:
        (undone,) = tx.runs.get(report.run)
    assert (undone.kind, undone.actor) == ("revert", "cyd")
