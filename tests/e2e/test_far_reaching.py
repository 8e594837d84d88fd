"""What reaches furthest: a merge, a conversion, a delete, an undelete and a purge in one CRM, and what the other one and leadhub hold afterwards."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from sandbox_world import World

from leadhub.cli import answers
from leadhub.model.record import Gone
from leadhub.store import RecordKey

SF, HS = ("salesforce", "Lead"), ("hubspot", "contacts")


@dataclass
class Pair:
    """One person in both CRMs, and a second one with a further record in each."""

    world: World
    lead: str
    contact: str
    other_lead: str
    other_contact: str

    def gone(self, of: tuple[str, str], record_id: str) -> Gone | None:
        """Return whether, and why, leadhub holds a record for gone."""
        key = RecordKey(*of, record_id)
        with self.world.hub.store.read() as tx:
            return tx.records.get([key])[key].gone

    def roles(self, email: str = "ann@acme.example") -> dict[str, str]:
        """Return the roles of a person's links by record."""
        return {link.record_id: link.role for link in self.world.person(email).links}

    def untouched(self) -> dict[str, tuple[str, ...]]:
        """Return what both CRMs show of both people, without stamps: as it was, if nobody was written to."""
        leads = {row["Id"]: (row["FirstName"], row["Email"], row["Phone"], row["Status"]) for row in self.world.sf_all()}
        shown = ("firstname", "email", "phone", "lifecyclestage")
        return leads | {row["id"]: tuple(row["properties"].get(name) or "" for name in shown) for row in self.world.hs_all()}


@pytest.fixture
def pair(world: World) -> Pair:
    """Ann and Bob, in agreement."""
    lead, contact = world.pair()
    other = world.pair("bob@acme.example")
    world.begin()
    world.sync()
    return Pair(world, lead, contact, *other)


def settled(pair: Pair) -> None:
    """A further sync has nothing left to do: no write, no new question."""
    questions = len(pair.world.reviews())
    pair.world.mark()
    assert pair.world.sync().status == "ok"
    assert pair.world.written() == []
    assert len(pair.world.reviews()) == questions


def _order(world: World, system: str, path: str, **order: object) -> None:
    world.clock.sleep(60)
    world.boxes.order(getattr(world.boxes, system), path, order)


def test_a_merge_in_salesforce(pair: Pair) -> None:
    """Bob's Lead is merged into Ann's: HubSpot keeps both contacts as they are, leadhub links the winner, and asks a person whether the two are one."""
    before = pair.untouched()
    _order(pair.world, "salesforce", "merge", winner=pair.lead, losers=[pair.other_lead])
    pair.world.mark()
    pair.world.sync()
    assert pair.world.written() == []
    after = pair.untouched()
    assert {i: after[i] for i in (pair.contact, pair.other_contact)} == {i: before[i] for i in (pair.contact, pair.other_contact)}
    assert pair.gone(SF, pair.other_lead) is Gone.MERGED
    assert [review.kind for review in pair.world.reviews()] == ["merge"]
    settled(pair)


def test_a_merge_in_hubspot(pair: Pair) -> None:
    """Bob's contact is merged into Ann's, under a new id: Salesforce keeps both Leads as they are, Ann's link follows, and a person is asked."""
    before = pair.untouched()
    _order(pair.world, "hubspot", "merge", primaryObjectId=pair.contact, objectIdToMerge=pair.other_contact)
    pair.world.mark()
    pair.world.sync()
    assert pair.world.written() == []
    after = pair.untouched()
    assert {i: after[i] for i in (pair.lead, pair.other_lead)} == {i: before[i] for i in (pair.lead, pair.other_lead)}
    (survivor,) = [row["id"] for row in pair.world.hs_all() if row["properties"]["email"] == "ann@acme.example"]
    assert survivor not in (pair.contact, pair.other_contact)
    assert pair.roles()[survivor] == "primary"
    assert pair.gone(HS, pair.contact) is Gone.MERGED
    assert "merge" in {review.kind for review in pair.world.reviews()}
    settled(pair)


def _answer(world: World) -> None:
    """Answer the one question as `review resolve --keep-apart` does."""
    with world.hub.store.read() as tx:
        asked = tx.reviews.open()
    assert [stored.review.kind for stored in asked] == ["merge"]
    answers.close(world.hub, asked)


@pytest.mark.parametrize("system", ["salesforce", "hubspot"])
def test_a_merge_that_was_answered_is_not_asked_again(world: World, system: str) -> None:
    """Bob's record was merged into Ann's and stays Bob's, somebody said: no run asks that again, until another record of his is merged."""
    ann, bob = world.pair(), world.pair("bob@acme.example")
    lead = world.sf_create(Email="bob@acme.example", FirstName="Bob", Phone=world.sf(bob[0])["Phone"], Title="CTO")
    contact = world.hs_create(email="bob@home.example", firstname="Bob", phone=world.sf(bob[0])["Phone"], jobtitle="CTO")
    world.begin()
    assert len(world.persons()) == 2

    def merge(loser: str) -> None:
        if system == "salesforce":
            _order(world, system, "merge", winner=ann[0], losers=[loser])
        else:
            into = next(row["id"] for row in world.hs_all() if row["properties"]["email"] == "ann@acme.example")
            _order(world, system, "merge", primaryObjectId=into, objectIdToMerge=loser)
        world.sync()

    merge(bob[system == "hubspot"])
    _answer(world)
    for _ in range(2):
        world.sync()
        assert world.reviews() == []
    merge(lead if system == "salesforce" else contact)
    _answer(world)
    world.sync()
    assert world.reviews() == []


def test_a_conversion(pair: Pair) -> None:
    """Ann's Lead is converted with an opportunity: HubSpot moves to opportunity in one write, the Lead is left alone from then on, its Contact is linked."""
    pair.world.sf_convert(pair.lead)
    pair.world.mark()
    pair.world.sync()
    (write,) = pair.world.written()
    assert (write.system, write.id, write.values["lifecyclestage"]) == ("hubspot", pair.contact, "opportunity")
    assert pair.world.state().startswith("opportunity")
    contact = pair.world.sf(pair.lead)["ConvertedContactId"]
    assert pair.roles()[contact] == "primary"
    settled(pair)
    pair.world.hs_edit(pair.contact, jobtitle="CEO")
    pair.world.mark()
    pair.world.sync()
    assert [(write.system, write.id, write.values) for write in pair.world.written()] == [("salesforce", contact, {"Title": "CEO"})]


@pytest.mark.parametrize(
    ("of", "delete", "undelete"),
    [
        (SF, lambda p: _order(p.world, "salesforce", "delete", id=p.lead), lambda p: _order(p.world, "salesforce", "undelete", id=p.lead)),
        (HS, lambda p: _order(p.world, "hubspot", "archive", id=p.contact), lambda p: _order(p.world, "hubspot", "restore", id=p.contact)),
    ],
    ids=["salesforce", "hubspot"],
)
def test_a_delete_and_its_undoing(pair: Pair, of: tuple[str, str], delete: Callable[[Pair], None], undelete: Callable[[Pair], None]) -> None:
    """A deleted record deletes nobody elsewhere and is made by nobody again; brought back, it is the same person's once more, and edits travel."""
    here, there = (pair.lead, pair.contact) if of is SF else (pair.contact, pair.lead)
    before = pair.untouched()[there]
    delete(pair)
    pair.world.clock.sleep(6 * 3600)
    pair.world.mark()
    pair.world.sync()
    assert pair.world.written() == []
    assert pair.untouched()[there] == before
    assert pair.gone(of, here) is Gone.DELETED
    settled(pair)
    undelete(pair)
    pair.world.clock.sleep(6 * 3600)
    pair.world.sync()
    assert pair.gone(of, here) is None
    settled(pair)
    if of is SF:
        pair.world.sf_edit(pair.lead, Title="CEO")
    else:
        pair.world.hs_edit(pair.contact, jobtitle="CEO")
    pair.world.sync()
    assert pair.world.sf(pair.lead)["Title"] == pair.world.hs(pair.contact)["jobtitle"] == "CEO"


def test_a_purge_in_hubspot(pair: Pair) -> None:
    """Ann is purged from HubSpot at her request: Salesforce keeps her Lead, leadhub notices with the weekly reading, makes her nowhere again, and asks."""
    pair.world.configure(hubspot='create = "always"')
    before = pair.untouched()[pair.lead]
    _order(pair.world, "hubspot", "purge", id=pair.contact)
    pair.world.clock.sleep(7 * 24 * 3600)
    pair.world.mark()
    pair.world.sync()
    assert pair.world.written() == []
    assert pair.untouched()[pair.lead] == before
    assert pair.gone(HS, pair.contact) is Gone.VANISHED
    assert [review.group for review in pair.world.reviews()] == ["possible_duplicate:hubspot:gone"]
    settled(pair)
    pair.world.sf_edit(pair.lead, Title="CEO")
    pair.world.mark()
    pair.world.sync()
    assert pair.world.written() == []
