"""The pitfalls of Salesforce that only a whole sync shows: the fault is injected into the sandbox, the sync runs through the hub."""

from collections.abc import Callable, Iterator, Sequence

import pytest
from sandbox_world import World

from leadhub.model.record import Change, Outcome
from leadhub.sync.retry import Careful

HEAD, ROW = "id,first name,last name,email,company,title", "1,Bob,Bee,bob@b.example,Bees,CTO"
KEYLESS = 'create = "always"\nexternal_id = false'


class Killed(BaseException):
    """The process ends here: no handler of leadhub's may catch it."""


def _one_create(world: World, *more: str) -> None:
    """Leave exactly one lead to be made in Salesforce, in an org without a field for leadhub's key."""
    world.configure(salesforce=KEYLESS)
    world.begin()
    world.drop_csv("fair.csv", HEAD, ROW, *more)
    world.mark()


def _creates(world: World) -> int:
    return sum(count for (method, path), count in world.write_calls("salesforce").items() if method == "POST" and path.endswith("composite/sobjects"))


def _at_rest(world: World) -> None:
    world.mark()
    assert world.sync().status == "ok"
    assert not world.written()


# ---- 3: a newer edit is not written over ---------------------------------------------------------------------------------------------------


def _right_before_the_write(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let something happen after leadhub reread the records and before it writes, once."""
    original, left = Careful.push, [act]

    def push(self: Careful, changes: Sequence[Change]) -> Iterator[Outcome]:
        if left:
            left.pop()()
        return original(self, changes)

    monkeypatch.setattr(Careful, "push", push)


def test_a_status_that_is_set_right_before_the_write_stays(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pitfall 3: a rep sets the status between the last reading and the write: Salesforce refuses the write (412), and the rep's edit is judged, not lost."""
    lead, contact = world.pair()
    world.begin()
    world.hs_edit(contact, hs_lead_status="ATTEMPTED_TO_CONTACT")
    world.mark()
    _right_before_the_write(monkeypatch, lambda: world.sf_edit(lead, Status="Closed - Not Converted"))
    world.sync()
    (conditional,) = [call for call in world.calls("salesforce") if call["method"] == "PATCH"]
    assert (conditional["status"], "if-unmodified-since" in conditional["headers"]) == (412, True)
    assert world.sf(lead)["Status"] == "Closed - Not Converted"
    _at_rest(world)


def test_an_edit_of_another_field_right_before_the_write_only_delays_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pitfall 3: any save in between stops the write of a status once; it is judged again in the same run, and both edits stand."""
    lead, contact = world.pair()
    world.begin()
    world.hs_edit(contact, hs_lead_status="ATTEMPTED_TO_CONTACT")
    _right_before_the_write(monkeypatch, lambda: world.sf_edit(lead, Rating="Hot"))
    world.sync()
    assert (world.sf(lead)["Status"], world.sf(lead)["Rating"]) == ("Working - Contacted", "Hot")
    _at_rest(world)


# ---- 1: a create whose answer was lost -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["drop_after", "truncate"])
def test_a_lost_create_without_a_key_is_found_by_who_made_it(world: World, kind: str) -> None:
    """Pitfall 1: in an org without an external id a create whose answer was lost is found by name, address and maker, linked, and not made again."""
    _one_create(world)
    world.fault("salesforce", kind, "composite/sobjects$")
    report = world.sync()
    assert (report.systems["salesforce"].created, _creates(world), len(world.sf_all())) == (1, 1, 1)
    assert not world.reviews()
    assert [link.record_id for link in world.person("bob@b.example").links if link.system == "salesforce"] == [world.sf_all()[0]["Id"]]
    _at_rest(world)


def test_a_create_without_a_key_that_cannot_be_told_is_a_persons(world: World) -> None:
    """Pitfall 1: a create without a key that is nowhere to be found may still be under way: a person is asked, and no run makes it a second time."""
    _one_create(world)
    world.fault("salesforce", "drop_before", "composite/sobjects$")
    world.sync()
    for _ in range(2):
        assert ([review.kind for review in world.reviews()], _creates(world), world.sf_all()) == (["possible_duplicate"], 1, [])
        world.sync()


def test_a_lead_of_another_maker_is_never_taken_for_the_lost_one(world: World) -> None:
    """Pitfall 1: a lead of the same name that somebody else made is no proof that the lost create happened: a person is asked."""
    _one_create(world)
    world.fault("salesforce", "drop_before", "composite/sobjects$")
    world.boxes.order(world.boxes.salesforce, "create", {"object": "Lead", "fields": {"LastName": "Bee", "Company": "Bees"}, "user": "omar"})
    world.sync()
    assert [review.kind for review in world.reviews()] == ["possible_duplicate"]


@pytest.mark.parametrize("arrives", [True, False])
def test_a_killed_create_without_a_key_is_looked_for_by_the_next_run(world: World, arrives: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pitfall 1: the process dies around a create without a key: the intent is in the journal, and the next run finds the lead or asks a person."""
    _one_create(world)
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
    world.expire_lease()
    world.sync()
    assert len(world.sf_all()) == (1 if arrives else 0)
    assert [review.kind for review in world.reviews()] == ([] if arrives else ["possible_duplicate"])
    _at_rest(world)
