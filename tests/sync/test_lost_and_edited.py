"""A write got no answer, and somebody was at the record before leadhub looked: nobody's edit is written over, and nobody is asked twice."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from desk import Desk
from sandbox_world import World

from leadhub.errors import UnknownOutcome
from leadhub.model.record import Author, Change, Outcome
from leadhub.model.run import IntentState
from leadhub.sync import apply as applying
from leadhub.sync.retry import Careful

LOST = UnknownOutcome("No answer came.")
TRACKED = {"Lead": ["Title"]}


class Killed(BaseException):
    """The process ends here: no handler of leadhub's may catch it."""


def _kill(world: World, monkeypatch: pytest.MonkeyPatch, *, arrives: bool) -> None:
    """Let a run die in its first call that writes."""
    original = Careful.push

    def push(self: Careful, changes: Sequence[Change]) -> Iterator[Outcome]:
        if arrives:
            list(original(self, changes))
        raise Killed
        yield

    with monkeypatch.context() as patch:
        patch.setattr(Careful, "push", push)
        with pytest.raises(Killed):
            world.sync()


def _edited_elsewhere(world: World, system: str) -> tuple[str, str]:
    """Two records show CTO, and somebody wrote CEO into the one that is not in this system."""
    lead, contact = world.pair()
    world.begin()
    if system == "salesforce":
        world.hs_edit(contact, jobtitle="CEO")
    else:
        world.sf_edit(lead, Title="CEO")
    return lead, contact


def _edit(world: World, system: str, lead: str, contact: str, title: str) -> None:
    if system == "salesforce":
        world.sf_edit(lead, Title=title)
    else:
        world.hs_edit(contact, jobtitle=title)


def _titles(world: World, lead: str, contact: str) -> tuple[str, str]:
    return world.sf(lead)["Title"], world.hs(contact)["jobtitle"]


def _states(world: World) -> list[IntentState]:
    """What became of all writes ever meant, oldest first."""
    with world.hub.store.read() as tx:
        runs = [run.id for run in reversed(tx.runs.list(100))]
        return [intent.state for run in runs for intent in tx.intents.of_run(run)]


def _quiet(world: World) -> None:
    world.mark()
    world.sync()
    assert not world.written()


# ---- what stood there before stands there again -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("system", "settings", "title"),
    [("hubspot", {}, "CTO"), ("salesforce", {"field_history": TRACKED}, "CTO"), ("salesforce", {}, "CEO")],
    ids=["hubspot", "salesforce with field history", "salesforce without"],
)
def test_who_typed_back_what_stood_before_is_heard_where_a_history_tells(
    world: World, system: str, settings: Mapping[str, Any], title: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The write landed, the run was killed, and a person typed the old value again: that is an edit. Where no history tells, it looks like no write."""
    world.settings(system, **settings)
    lead, contact = _edited_elsewhere(world, system)
    _kill(world, monkeypatch, arrives=True)
    _edit(world, system, lead, contact, "CTO")
    world.sync()
    assert _titles(world, lead, contact) == (title, title)
    assert _states(world)[0] is (IntentState.ACCEPTED if title == "CTO" else IntentState.STALE)
    assert not world.reviews()
    _quiet(world)


def test_an_edit_of_another_field_after_a_kill_makes_no_edit_of_this_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The write never landed and somebody saved the record since: its history tells that the title was not set, so the write is made now."""
    lead, contact = _edited_elsewhere(world, "hubspot")
    _kill(world, monkeypatch, arrives=False)
    world.hs_edit(contact, phone="+1 555 0177")
    world.sync()
    assert _titles(world, lead, contact) == ("CEO", "CEO")
    assert world.sf(lead)["Phone"] == "+1 555 0177"
    assert _states(world)[0] is IntentState.STALE


def test_who_typed_it_back_before_a_lost_answer_is_looked_up_is_heard_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same within one run: the edit travels in the next pass, and is not written over."""
    lead, contact = _edited_elsewhere(world, "hubspot")
    original = applying.find_out

    def find_out(*arguments: Any) -> Any:
        world.hs_edit(contact, jobtitle="CTO")
        monkeypatch.setattr(applying, "find_out", original)
        return original(*arguments)

    monkeypatch.setattr(applying, "find_out", find_out)
    world.fault("hubspot", "drop_after", r"batch/update$")
    world.sync()
    assert _titles(world, lead, contact) == ("CTO", "CTO")
    _quiet(world)


@pytest.mark.parametrize("told", [True, False])
def test_a_history_is_asked_once_and_about_doubtful_fields_alone(desk: Desk, told: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of five writes without an answer one is in place, one was not made to a record that nobody saved since: the other three are one question."""
    far, asked = desk.far["crm"], []
    monkeypatch.setattr(desk.connectors["crm"], "batch_size", 5)
    desk.plan(*[desk.update(f"u{n}", before_stamp=desk.clock.now()) for n in range(1, 6)])
    far.remote.now = desk.clock.now()

    def meanwhile(_changes: Sequence[Change]) -> None:
        desk.clock.sleep(60)
        far.remote.now = desk.clock.now()
        far.remote.save("r1", None, {"first_name": "New u1"})
        for record in ("r3", "r4", "r5"):
            far.remote.save(record, None, {"first_name": "Old"}, person=True)

    def authors(_self: object, _object: str, ids: Sequence[str], fields: Sequence[str]) -> dict[tuple[str, str], Author]:
        asked.append((list(ids), list(fields)))
        return {("r3", "first_name"): Author("person", "Ann", desk.clock.now()), ("r4", "first_name"): Author("person", "Ann")} if told else {}

    monkeypatch.setattr(desk.connectors["crm"], "authors", authors)
    far.meanwhile, far.before = meanwhile, {"u1": LOST}
    desk.apply()
    assert asked == [(["r3", "r4", "r5"], ["first_name"])]
    assert desk.states() == {"u1": "accepted", "u2": "stale", "u3": "accepted" if told else "stale", "u4": "stale", "u5": "stale"}
