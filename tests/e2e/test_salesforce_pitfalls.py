"""The pitfalls of Salesforce that only a whole sync shows: the fault is injected into the sandbox, the sync runs through the hub."""

from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from sandbox_world import World, killed_in_a_write

from leadhub.cli import answers
from leadhub.cli.review import named
from leadhub.errors import Unavailable
from leadhub.model.record import Change, Outcome
from leadhub.model.run import IntentState
from leadhub.sync.retry import Careful

HEAD, ROW = "id,first name,last name,email,company,title", "1,Bob,Bee,bob@b.example,Bees,CTO"
KEYLESS = 'create = "always"\nexternal_id = false'


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
    killed_in_a_write(monkeypatch, world.sync, arrives=arrives)
    world.expire_lease()
    world.sync()
    assert len(world.sf_all()) == (1 if arrives else 0)
    assert [review.kind for review in world.reviews()] == ([] if arrives else ["possible_duplicate"])
    _at_rest(world)


# ---- 4: what is gone in another way than by deletion ----------------------------------------------------------------------------------------


def test_a_merge_moves_the_link_and_makes_nobody_anew(world: World) -> None:
    """Pitfall 4: a lead that lost a merge is followed to the winner: the contact in HubSpot stays, an edit of the winner reaches it, nothing is made."""
    loser, contact = world.pair()
    winner = world.sf_create(LastName="Lee", FirstName="Ann", Company="Acme", Phone="+1 555 0100", Title="CTO")
    world.begin(create=True)
    before = (len(world.sf_all()), len(world.hs_all()))
    world.boxes.order(world.boxes.salesforce, "merge", {"winner": winner, "losers": [loser]})
    world.sync()
    world.sf_edit(winner, Email="ann@acme.example", Title="CEO")
    world.sync()
    assert world.hs(contact)["jobtitle"] == "CEO"
    assert (len(world.sf_all()), len(world.hs_all())) == before


def test_a_lead_that_is_no_longer_shared_is_neither_deleted_nor_made_again(world: World) -> None:
    """Pitfall 4: sharing takes a linked lead out of sight: the contact stays as it is, its edits change nothing, and no second lead is made."""
    lead, contact = world.pair()
    world.begin(create=True)
    world.settings("salesforce", unshared=[lead])
    world.hs_edit(contact, jobtitle="CEO")
    world.mark()
    world.sync()
    world.sync()
    assert len(world.sf_all()) == 1
    assert (len(world.hs_all()), world.hs(contact)["jobtitle"]) == (1, "CEO")
    assert not [write for write in world.written() if write.system == "salesforce" and write.id is None]


# ---- 7: our own writes come back --------------------------------------------------------------------------------------------------------------


def test_our_write_comes_back_as_no_edit_though_a_flow_changed_more(world: World) -> None:
    """Pitfall 7: our write moves the stamp and sets off a flow that changes another field: the write is an echo, the flow's field an edit, then silence."""
    lead, contact = world.pair()
    world.begin()
    world.settings("salesforce", automations=[{"object": "Lead", "when": {"Title": "CEO"}, "set": {"MobilePhone": "+1 555 0199"}}])
    world.hs_edit(contact, jobtitle="CEO")
    world.sync()
    world.sync()
    assert (world.sf(lead)["Title"], world.hs(contact)["mobilephone"]) == ("CEO", "+1 555 0199")
    for _ in range(2):
        _at_rest(world)


# ---- 9: the daily calls belong to others too --------------------------------------------------------------------------------------------------


def test_reading_stops_before_the_last_tenth_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pitfall 9: a long reading leaves the last tenth of the daily calls to others: it stops after the page in hand, and a later run goes on from there."""
    monkeypatch.setattr("leadhub_salesforce.reading.PAGE", 2)
    for n in range(40):
        world.sf_create(LastName=f"L{n}", Email=f"l{n}@acme.example")
    world.settings("salesforce", daily_limit=20)
    report = world.adopt("salesforce").run
    assert "daily calls are used" in report.troubles["salesforce"]
    assert sum(world.boxes.salesforce.service.usage.minutes.values()) <= 19
    assert 2 <= report.systems["salesforce"].pulled < 40
    world.settings("salesforce", daily_limit=100_000)
    world.adopt("salesforce")
    with world.hub.store.read() as tx:
        assert tx.records.count("salesforce") == 40


# ---- 19: a first load that takes its time ---------------------------------------------------------------------------------------------------


def test_an_adoption_by_a_bulk_query_waits_for_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pitfall 19: a large org is adopted by a bulk query that takes half an hour: leadhub waits, holds its lease, and has every lead once."""
    monkeypatch.setattr("leadhub_salesforce.bulk.FROM", 10)
    monkeypatch.setattr("leadhub_salesforce.bulk.ROWS", 4)
    for n in range(12):
        world.sf_create(LastName=f"L{n}", Email=f"l{n}@acme.example")
    world.settings("salesforce", bulk_seconds=1800)
    report = world.adopt("salesforce").run
    assert (report.status, report.systems["salesforce"].pulled, report.troubles) == ("ok", 12, {})
    assert report.seconds >= 1800


# ---- 11: duplicate rules ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["alert", "block"])
def test_a_duplicate_rule_makes_a_question_with_the_candidate(world: World, action: str) -> None:
    """Pitfall 11: a create that a duplicate rule refuses becomes a question that names the record found; it is not tried again, the others are made."""
    world.configure(salesforce='create = "always"\ncontacts = "none"')
    world.begin()
    like = str(
        world.boxes.order(world.boxes.salesforce, "create", {"object": "Contact", "fields": {"LastName": "Bee", "Email": "bob@b.example"}})["id"]
    )
    rule = {"object": "Lead", "action": action, "fields": ["Email"], "against": ["Contact"]}
    world.settings("salesforce", duplicate_rules=[rule])
    world.drop_csv("fair.csv", HEAD, ROW, "2,Cy,Cole,cy@c.example,Coles,CTO")
    world.sync()
    (review,) = world.reviews()
    assert (review.kind, review.values["existing"], like in review.note) == ("possible_duplicate", like, True)
    assert [row["Email"] for row in world.sf_all()] == ["cy@c.example"]
    _at_rest(world)


@pytest.mark.parametrize("end", ["archived", "made by hand"])
def test_a_question_of_a_duplicate_rule_ends_with_its_create(world: World, end: str) -> None:
    """Pitfall 11: the question names whom the rule found, and closes by itself once nobody wants the record any more: it is there, or the person gone."""
    world.configure(salesforce='create = "always"')
    like = world.sf_create(Email="bob@b.example", FirstName="Bob", LastName="Bee")
    world.begin()
    world.settings("salesforce", duplicate_rules=[{"object": "Lead", "action": "block", "fields": ["LastName"], "against": ["Lead"]}])
    contact = world.hs_create(email="rob@b.example", firstname="Rob", lastname="Bee", company="Bees")
    world.sync()
    with world.hub.store.read() as tx:
        (stored,) = tx.reviews.open()
    assert stored.review.values == {"salesforce": None, "existing": like}
    assert named(world.hub, [stored])[like] == "Bob Bee <bob@b.example>"
    cli: Any = SimpleNamespace(command=str)
    told = "\n".join(answers.choices(cli, world.hub, stored.review))
    assert all(text in told for text in ("merge them", "give one another address", "refused again", "closes the question by itself"))
    answers.close(world.hub, [stored])
    world.sync()
    assert [review.id for review in world.reviews()] == [stored.review.id], "the rule refuses it again"
    if end == "archived":
        world.hs_archive(contact)
    else:
        world.settings("salesforce", duplicate_rules=[])
        world.sf_create(Email="rob@b.example", FirstName="Rob", LastName="Bee")
    world.sync()
    assert world.reviews() == []
    _at_rest(world)


# ---- 12: blanks -------------------------------------------------------------------------------------------------------------------------------


def test_a_removal_travels_where_the_field_says_so(world: World) -> None:
    """Pitfall 12: a phone that was cleared in HubSpot is sent as null and cleared in Salesforce under `clear = "propagate"`; a missing one is not sent."""
    world.configure(**{"": '[fields.phone]\nclear = "propagate"'})
    lead, contact = world.pair()
    world.begin()
    world.hs_edit(contact, phone="")
    world.mark()
    world.sync()
    assert [write.values for write in world.written()] == [{"Phone": None}]
    assert (world.sf(lead)["Phone"], world.sf(lead)["Title"]) == (None, "CTO")
    _at_rest(world)


# ---- 14: locks --------------------------------------------------------------------------------------------------------------------------------


def test_a_locked_row_is_waited_for_and_given_up_in_bounds(world: World) -> None:
    """Pitfall 14: a row that stays locked is tried five times with pauses and left for the next run; the others of its batch are written at once."""
    pairs = [world.pair(f"p{n}@acme.example") for n in range(3)]
    world.begin()
    for _, contact in pairs:
        world.hs_edit(contact, jobtitle="CEO")
    world.settings("salesforce", locked_records=[pairs[1][0]])
    world.mark()
    world.sync()
    assert [world.sf(lead)["Title"] for lead, _ in pairs] == ["CEO", "CTO", "CEO"]
    assert sum(write.system == "salesforce" for write in world.written()) == 3 + 4
    world.settings("salesforce", locked_records=[])
    world.sync()
    assert world.sf(pairs[1][0])["Title"] == "CEO"


def test_a_locked_row_alone_in_its_call_stops_nothing_else(world: World) -> None:
    """Pitfall 14: where every row of a call stays locked, the calls after it are made; the run ends well and names each row with its person."""
    world.configure(salesforce='opportunities = true\nallow = ["convert"]')
    lead, contact = world.pair()
    won, moved = world.pair("bob@acme.example", hs={"lifecyclestage": "marketingqualifiedlead", "hs_lead_status": "NEW"})
    world.begin()
    world.hs_edit(contact, jobtitle="CEO")
    world.hs_edit(moved, lifecyclestage="opportunity", hs_lead_status="OPEN_DEAL")
    world.settings("salesforce", locked_records=[lead])
    report = world.sync()
    assert (world.sf(lead)["Title"], world.sf(won)["IsConverted"]) == ("CTO", True)
    assert (report.status, report.troubles) == ("ok", {})
    assert report.locked == [f"Ann Lee: salesforce Lead {lead}"]
    with world.hub.store.read() as tx:
        put_off = [intent.detail for intent in tx.intents.of_run(report.run) if intent.state is IntentState.NOT_APPLIED]
    assert [str(why).split(":")[0] for why in put_off] == ["The record is locked in Salesforce (UNABLE_TO_LOCK_ROW)"]
    world.settings("salesforce", locked_records=[])
    assert world.sync().locked == []
    assert world.sf(lead)["Title"] == "CEO"


def test_no_more_is_sent_to_a_system_that_is_down(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pitfall 14: an org that takes no call at all is told from locked rows: it is left out after the first call, and what was planned waits."""
    _, contact = world.pair()
    world.begin(create=True)
    world.hs_edit(contact, jobtitle="CEO")
    world.hs_create(email="bob@acme.example", firstname="Bob", lastname="Bee", company="Bees")
    sent, push = [], Careful.push

    def refuse(self: Careful, changes: Sequence[Change]) -> Iterator[Outcome]:
        if self._system != "salesforce":
            return push(self, changes)
        sent.append(changes)
        raise Unavailable("Salesforce cannot be reached.")

    monkeypatch.setattr(Careful, "push", refuse)
    report = world.sync()
    assert (len(sent), report.status, report.locked) == (1, "partial", [])
    assert report.troubles == {"salesforce": "Salesforce cannot be reached."}
    monkeypatch.undo()
    world.sync()
    assert (len(world.sf_all()), world.sf_all()[0]["Title"]) == (2, "CEO")


# ---- 17: values in Salesforce's own form ------------------------------------------------------------------------------------------------------


def test_what_salesforce_trims_is_no_difference(world: World) -> None:
    """Pitfall 17: Salesforce stores a title without its outer blanks: after one write there is silence, on both sides."""
    lead, contact = world.pair()
    world.begin()
    world.hs_edit(contact, jobtitle="  Head of  Sales ")
    world.sync()
    assert world.sf(lead)["Title"].strip() == world.sf(lead)["Title"]
    for _ in range(2):
        _at_rest(world)
