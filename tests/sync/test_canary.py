"""The canary over real HTTP: the first writes of a pattern are read back before the rest of it goes."""

from collections.abc import Sequence

import pytest
from sandbox_world import World

from leadhub.cli.exits import ExitCode, of_report
from leadhub.core import canary
from leadhub.model.run import IntentState
from leadhub.sync.acts import revert

NAMES = ["ann", "bob", "cem", "dora", "eve"]
FEW = 2


@pytest.fixture
def pairs(world: World, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Five people at rest in both CRMs, and a canary of two writes."""
    monkeypatch.setattr(canary, "FIRST", FEW)
    made = [world.pair(f"{name}@acme.example") for name in NAMES]
    world.begin()
    world.mark()
    return made


def _edit(world: World, pairs: Sequence[tuple[str, str]]) -> None:
    for lead, _ in pairs:
        world.sf_edit(lead, Title=f"Title of {lead}")


def _robot(world: World) -> None:
    world.boxes.order(world.boxes.hubspot, "automation", {"property": "jobtitle", "set": {"jobtitle": "Robot"}, "times": 100})


def _read_back(world: World) -> int:
    return sum("/batch/read" in call["path"] for call in world.calls("hubspot"))


def test_a_workflow_that_rewrites_the_first_holds_the_rest(world: World, pairs: list[tuple[str, str]]) -> None:
    """HubSpot's workflow replaces each title: two are written, read back and told with the flag; three wait, and what is no such write goes on."""
    _robot(world)
    _edit(world, pairs)
    world.hs_edit(pairs[0][1], company="Travels")
    report = world.sync()
    assert (report.status, of_report(report)) == ("blocked", ExitCode.GUARD)
    (refusal,) = report.guards
    assert refusal.flag == f"--allow hubspot.canary={FEW}"
    for part in ("contacts update: jobtitle", 'sent, "Robot" there', "The other 3 were not written", refusal.flag):
        assert part in str(refusal)
    titles = [world.hs(contact)["jobtitle"] for _, contact in pairs]
    assert sorted(titles) == ["CTO", "CTO", "CTO", "Robot", "Robot"]
    assert world.sf(pairs[0][0])["Company"] == "Travels", "the other system goes on"
    with world.hub.store.read() as tx:
        held = [i for i in tx.intents.of_run(report.run) if i.state is IntentState.NOT_APPLIED]
    assert held
    assert {i.detail for i in held} == {"the first writes like it do not show what was sent"}
    world.mark()
    assert world.sync({("hubspot", "canary"): 5}).status == "ok"
    assert {world.hs(contact)["jobtitle"] for _, contact in pairs} == {"Robot"}, "allowed: all are written, and the workflow rewrites all"


def test_writes_that_show_free_the_rest_for_one_call(world: World, pairs: list[tuple[str, str]]) -> None:
    """Five titles that stand as sent: all written in one run, at the price of one call that reads the first two back and one that writes them."""
    _edit(world, pairs[:FEW])
    world.sync()
    without = (_read_back(world), sum(world.write_calls("hubspot").values()))
    world.mark()
    _edit(world, [(lead, contact) for lead, contact in pairs if world.sf(lead)["Title"] == "CTO"])
    _edit_again(world, pairs[:FEW])
    report = world.sync()
    assert (report.status, report.systems["hubspot"].updated) == ("ok", 5)
    looks = 2  # before each of the two writing calls all of them are looked at
    assert (_read_back(world), sum(world.write_calls("hubspot").values())) == (without[0] + looks, without[1] + 1)
    world.mark()
    world.sync()
    assert not world.written()


def _edit_again(world: World, pairs: Sequence[tuple[str, str]]) -> None:
    for lead, _ in pairs:
        world.sf_edit(lead, Title=f"New title of {lead}")


def test_creates_are_read_back_too(world: World, pairs: list[tuple[str, str]]) -> None:
    """Five rows of a file become records: the first two are looked at by their new ids; where the system changed them, three are not made."""
    _robot(world)
    world.configure(hubspot='create = "always"')
    world.drop_csv("fair.csv", "first name,last name,email,title", *(f"{n},New,{n}.new@new.example,Boss" for n in NAMES))
    report = world.sync()
    (refusal,) = report.guards
    assert (refusal.guard, refusal.seen, refusal.of) == ("canary", 2, 3)
    assert len(world.hs_all()) == 5 + FEW


def test_an_opt_out_that_nobody_made_holds_no_create(world: World, pairs: list[tuple[str, str]]) -> None:
    """Salesforce says no of everybody, and HubSpot shows an opt-out alone: five leads become contacts, though nothing is shown of the no."""
    world.configure(hubspot='create = "always"')
    for name in NAMES:
        world.sf_create(FirstName=name, LastName="New", Email=f"{name}@new.example", Company="New")
    report = world.sync()
    assert (report.guards, report.systems["hubspot"].created) == ([], len(NAMES))


def test_a_system_that_cannot_be_reread_has_no_canary(world: World, pairs: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where records cannot be read by id all is written as before."""
    from leadhub.sync.retry import Careful

    monkeypatch.setattr(Careful, "can_reread", property(lambda _self: False))
    _robot(world)
    _edit(world, pairs)
    report = world.sync()
    assert not report.guards
    assert {world.hs(contact)["jobtitle"] for _, contact in pairs} == {"Robot"}


def test_a_revert_that_the_canary_holds_is_finished_by_the_same_revert(world: World, pairs: list[tuple[str, str]]) -> None:
    """Two of five titles go back and a workflow changes them: the other three are held, redone by no sync, and go back by the same command later."""
    _edit(world, pairs)
    with world.hub.store.read() as tx:
        (run,) = tx.runs.get(world.sync().run)
    world.clock.sleep(3600)
    world.boxes.order(world.boxes.hubspot, "automation", {"property": "jobtitle", "set": {"jobtitle": "Robot"}, "times": FEW})
    report, _ = revert(world.hub, run)
    assert [guard.guard for guard in report.guards] == ["canary"]
    titles = [world.hs(contact)["jobtitle"] for _, contact in pairs]
    assert titles.count("Robot") == FEW
    held = [contact for _, contact in pairs if world.hs(contact)["jobtitle"] != "Robot"]
    world.mark()
    world.sync()
    assert not [w for w in world.written() if w.id in held], "no sync redoes what is half taken back"
    report, _ = revert(world.hub, run)
    assert report.status == "ok"
    assert [world.hs(contact)["jobtitle"] for _, contact in pairs].count("CTO") == len(pairs) - FEW
