"""A write got no answer, and somebody was at the record before leadhub looked: nobody's edit is written over, and nobody is asked twice."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from desk import Desk
from sandbox_world import World, killed_in_a_write

from leadhub.cli.answers import close
from leadhub.cli.runs import has_something_to_take_back
from leadhub.errors import UnknownOutcome
from leadhub.model.record import Author, Change, Record
from leadhub.model.run import IntentState, RunRow
from leadhub.store import RecordKey
from leadhub.sync import apply as applying
from leadhub.sync.acts import revert
from leadhub.sync.report import RunReport
from leadhub.sync.retry import Careful

LOST = UnknownOutcome("No answer came.")
TRACKED = {"Lead": ["Title"]}


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
    killed_in_a_write(monkeypatch, world.sync, arrives=True)
    _edit(world, system, lead, contact, "CTO")
    world.sync()
    assert _titles(world, lead, contact) == (title, title)
    assert _states(world)[0] is (IntentState.ACCEPTED if title == "CTO" else IntentState.STALE)
    assert not world.reviews()
    _quiet(world)


def test_an_edit_of_another_field_after_a_kill_makes_no_edit_of_this_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The write never landed and somebody saved the record since: its history tells that the title was not set, so the write is made now."""
    lead, contact = _edited_elsewhere(world, "hubspot")
    killed_in_a_write(monkeypatch, world.sync, arrives=False)
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
    desk.plan(*[desk.update(f"u{n}") for n in range(1, 6)])
    desk.clock.sleep(86_400)  # theirs goes as it likes: its own times are compared with each other alone

    def meanwhile(_changes: Sequence[Change]) -> None:
        far.remote.now += timedelta(days=400)
        far.remote.save("r1", None, {"first_name": "New u1"})
        for record in ("r3", "r4", "r5"):
            far.remote.save(record, None, {"first_name": "Old"}, person=True)

    def authors(_self: object, _object: str, ids: Sequence[str], fields: Sequence[str]) -> dict[tuple[str, str], Author]:
        asked.append((list(ids), list(fields)))
        return {("r3", "first_name"): Author("person", "Ann", far.remote.now), ("r4", "first_name"): Author("person", "Ann")} if told else {}

    monkeypatch.setattr(desk.connectors["crm"], "authors", authors)
    far.meanwhile, far.before = meanwhile, {"u1": LOST}
    desk.apply()
    assert asked == [(["r3", "r4", "r5"], ["first_name"])]
    assert desk.states() == {"u1": "accepted", "u2": "stale", "u3": "accepted" if told else "stale", "u4": "stale", "u5": "stale"}


# ---- the record is gone before anybody looks ----------------------------------------------------------------------------------------------


def _remove(world: World, system: str, record: str) -> None:
    world.clock.sleep(60)
    world.boxes.order(getattr(world.boxes, system), "delete" if system == "salesforce" else "archive", {"id": record})


def _restore(world: World, system: str, record: str) -> None:
    world.clock.sleep(6 * 3600)
    world.boxes.order(getattr(world.boxes, system), "undelete" if system == "salesforce" else "restore", {"id": record})


def _without_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on what is gone comes with its id alone, as of a system that tells no more."""
    original = Careful.reread

    def reread(self: Careful, object_name: str, ids: Sequence[str]) -> Mapping[str, Record]:
        return {i: replace(r, values={}) if r.gone else r for i, r in original(self, object_name, ids).items()}

    monkeypatch.setattr(Careful, "reread", reread)


@pytest.mark.parametrize("arrives", [True, False])
@pytest.mark.parametrize("system", ["hubspot", "salesforce"])
def test_a_record_that_is_gone_still_tells_whether_it_was_written(world: World, system: str, arrives: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both CRMs show what lies in their bins: a write that landed stays its run's, is no edit when the record is back, and can be taken back."""
    lead, contact = _edited_elsewhere(world, system)
    record = lead if system == "salesforce" else contact
    killed_in_a_write(monkeypatch, world.sync, arrives=arrives)
    _remove(world, system, record)
    killed = _found_out(world, world.sync())
    assert _states(world)[0] is (IntentState.ACCEPTED if arrives else IntentState.STALE)
    assert not world.reviews()
    with world.hub.store.read() as tx:
        assert all(found.gone is not None for key, found in tx.records.get(_keys(world)).items() if key.id == record)
    _restore(world, system, record)
    world.sync()
    assert _titles(world, lead, contact) == ("CEO", "CEO")
    assert not world.reviews()
    _quiet(world)
    assert has_something_to_take_back(world.hub, killed) is arrives


def test_of_a_record_that_is_gone_without_its_values_nobody_can_tell(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is asked while there is nothing to look at; when the record is back and shows the write, its run can be taken back."""
    lead, contact = _edited_elsewhere(world, "hubspot")
    killed_in_a_write(monkeypatch, world.sync, arrives=True)
    _remove(world, "hubspot", contact)
    with monkeypatch.context() as patch:
        _without_values(patch)
        report = world.sync()
    assert [(found.in_doubt, found.not_made) for found in report.found_out] == [(1, 0)]
    assert _states(world)[0] is IntentState.NOT_APPLIED
    assert not world.reviews()
    _restore(world, "hubspot", contact)
    world.sync()
    _quiet(world)
    killed = _found_out(world, report)
    assert has_something_to_take_back(world.hub, killed)
    world.clock.sleep(3600)
    _, found = revert(world.hub, killed)
    assert not found.skipped
    assert _titles(world, lead, contact) == ("CEO", "CTO")
    _, found = revert(world.hub, killed)
    assert [skipped.reason for skipped in found.skipped] == ["nobody can tell whether it was written, and the record does not show it now"]
    assert not found.changes


def _found_out(world: World, report: RunReport) -> RunRow:
    """The run of which this one found something out."""
    (found,) = report.found_out
    with world.hub.store.read() as tx:
        (run,) = tx.runs.get(found.run)
    return run


def _keys(world: World) -> list[RecordKey]:
    return [RecordKey(link.system, link.object, link.record_id) for link in world.person().links]


# ---- what a person is asked ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["answered", "typed alike"])
def test_one_unknown_outcome_is_one_question(world: World, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither what was sent nor what stood there: the field is asked about, nothing was refused, and with the answer or its equal all is over."""
    lead, contact = _edited_elsewhere(world, "hubspot")
    killed_in_a_write(monkeypatch, world.sync, arrives=True)
    world.hs_edit(contact, jobtitle="Chair")
    report = world.sync()
    (question,) = world.reviews()
    assert (question.kind, question.field) == ("conflict", "job_title")
    assert (report.status, report.records["quarantined"], report.records["conflict"]) == ("ok", 0, 1)
    if how == "answered":
        world.decide("job_title", "Chair")
    else:
        world.hs_edit(contact, jobtitle="CEO")
    report = world.sync()
    assert not world.reviews()
    assert _titles(world, lead, contact) == (("Chair", "Chair") if how == "answered" else ("CEO", "CEO"))
    _quiet(world)


@pytest.mark.parametrize("kind", ["drop_after", "drop_before"])
def test_a_write_that_cannot_be_looked_at_is_asked_about_in_its_own_words(world: World, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that shows no record by id: one question, which is over when the record is heard of as wanted, or is closed and the write made."""
    lead, contact = _edited_elsewhere(world, "hubspot")
    monkeypatch.setattr(Careful, "can_reread", False)
    world.fault("hubspot", kind, r"batch/update$")
    world.sync()
    (question,) = world.reviews()
    assert (question.kind, question.field, question.note) == ("unanswered", "jobtitle", "it is not known whether this write happened")
    if kind == "drop_before":
        world.sync()
        assert world.reviews() == [question]
        with world.hub.store.read() as tx:
            asked = tx.reviews.open()
        close(world.hub, asked)
    world.sync()
    assert not world.reviews()
    assert _titles(world, lead, contact) == ("CEO", "CEO")
    _quiet(world)
