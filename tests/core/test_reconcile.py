"""One person as a whole: several leads beside one contact, the journal, the sets, and what stays the same when nothing happens."""

# ruff: noqa: ANN001, ANN201 - the builders' arguments are plain words

from dataclasses import replace

import pytest

from leadhub.core.policy import FieldPolicy, Policy
from leadhub.core.reconcile import current_lead, furthest_lead, reconcile
from leadhub.core.sides import Side
from leadhub.lifecycle.states import INITIAL
from leadhub.model.person import Base, Canonical, Lead, Link, Person, Versions

OPEN, WORKING, CONVERTED = "Open - Not Contacted", "Working - Contacted", "Closed - Converted"


def test_the_contact_shows_the_furthest_lead_and_the_current_status(crm, written):
    """Edge case 32: lifecycle speaks of the furthest lead, lead status of the current one; each record of Salesforce of its own."""
    first, second = crm.lead("sql/connected/open", number=1), crm.lead("lead/new/open", number=2)
    assert (furthest_lead([first, second]), current_lead([first, second])) == (first, second)
    contact = crm.contact("salesqualifiedlead", "NEW", leads=("l1", "l2"))
    sides = [contact, crm.sf(WORKING, lead="l1"), crm.sf(WORKING, OPEN, lead="l2", number=2)]
    out = crm.run([first, second], sides)
    assert [str(lead.state) for lead in out.leads] == ["sql/connected/open", "lead/attempting/open"]
    assert written(out) == {"hubspot.hs_lead_status": "ATTEMPTED_TO_CONTACT"}


def test_a_lead_that_becomes_the_furthest_is_shown(crm, written):
    """When the second lead overtakes the first, the contact's lifecycle follows it in the next round: it is behind, not at first contact."""
    first, second = crm.lead("mql/new/open", number=1), crm.lead("opportunity/in_deal/open", number=2)
    out = crm.run([first, second], [crm.contact("marketingqualifiedlead", "NEW", leads=("l1",))])
    assert written(out)["hubspot.lifecyclestage"] == "opportunity"


def test_an_edit_on_a_contact_that_meanwhile_speaks_of_another_lead_is_asked_about(crm):
    """Its author spoke of the lead that the record showed then; a person says which one is meant."""
    first, second = crm.lead("mql/new/open", number=1), crm.lead("lead/new/open", number=2)
    contact = crm.contact("marketingqualifiedlead", "BAD_TIMING", ("marketingqualifiedlead", "NEW"), leads=("l1",))
    out = crm.run([first, second], [contact])
    assert [(r.kind, r.lead_id) for r in out.reviews] == [("conflict", "l2")]
    assert [str(lead.state) for lead in out.leads] == ["mql/new/open", "lead/new/open"]


def test_stages_that_are_skipped_are_journaled_as_implied(crm):
    """A jump enters the stages between at the same instant, marked as implied."""
    out = crm.run(crm.lead("lead/new/open"), [crm.contact("salesqualifiedlead", "NEW", ("lead", "NEW"))])
    assert [(e.new, e.implied) for e in out.edits if e.field == "stage"] == [("mql", True), ("sal", True), ("sql", False)]


def test_a_second_look_moves_nothing(crm):
    """With nothing new, no version, base or write changes."""
    sides = [crm.contact("marketingqualifiedlead", "NEW", ("lead", "NEW")), crm.sf(WORKING, OPEN)]
    out = crm.run(crm.lead("lead/new/open"), sides)
    again = [Side(link, {}, s.state, frozenset(), s.state_writable) for link, s in zip(out.links, sides, strict=True)]
    twice = crm.run(list(out.leads), again)
    assert (twice.leads, twice.links, twice.edits) == (out.leads, out.links, [])


def test_the_same_question_keeps_its_id(crm):
    """A review is the same one for as long as it stands."""
    sides = [crm.contact("lead", "NEW", ("customer", "NEW"))]
    ids = {crm.run(crm.lead("customer/new/open"), sides).reviews[0].id for _ in range(2)}
    assert len(ids) == 1


def test_every_address_ever_seen_is_kept_for_matching():
    """Sets only grow: the former e-mail stays a member after the primary has changed."""
    link = Link("hubspot", "contacts", "1", "p1", None, base={"email": Base("old@x.org", 1, "agreed")})
    person = Person("p1", {"email": Canonical("old@x.org", 1, "hubspot", "adopted")}, {"email": ("old@x.org",)})
    policy = Policy(("hubspot",), {"email": FieldPolicy("email", lambda value, _region: value.casefold())})
    out = reconcile(person, [], [Side(link, {"email": "new@x.org"})], [], policy, None)
    assert out.person.fields["email"].value == "new@x.org"
    assert out.person.sets["email"] == ("old@x.org", "new@x.org")


def test_first_contact_with_two_leads_writes_nothing(crm):
    """A contact that comes to speak of another lead by first contact alone has met that one too: what differs is old, in this round and the next."""
    leads = [Lead(f"l{n}", "p1", n, INITIAL, Versions()) for n in (1, 2)]
    sides = [crm.sf("Open - Not Contacted", "new", lead=f"l{n}", number=n) for n in (1, 2)]
    first = crm.run(leads, sides)
    sides = [replace(side, link=link) for side, link in zip(sides, first.links, strict=True)]
    contact = crm.contact("subscriber", "", "new")
    second = crm.run(list(first.leads), [*sides, contact])
    again = [replace(side, link=link) for side, link in zip([*sides, contact], second.links, strict=True)]
    third = crm.run(list(second.leads), again)
    assert (second.writes, third.writes) == ([], [])
    assert {s.system for s in third.standing} == {"hubspot"}


def test_a_second_old_lead_is_no_news_to_a_contact(crm):
    """A contact that was adopted first and a Salesforce org with two leads: adopting the org writes nothing to the contact; a later lead does."""
    contact = crm.contact("lead", "CONNECTED", "new")
    first = crm.run([Lead("l1", "p1", 1, INITIAL, Versions())], [contact])
    contact = replace(contact, link=first.links[0])
    leads = [*first.leads, Lead("l2", "p1", 2, INITIAL, Versions())]
    own = [crm.sf("Working - Contacted", "new", lead="l1", number=1), crm.sf("Open - Not Contacted", "new", lead="l2", number=2)]
    assert crm.run(leads, [contact, *own]).writes == []
    news = [own[0], replace(own[1], fresh=True)]
    assert [w.side.system for w in crm.run(leads, [contact, *news]).writes] == ["hubspot"]


@pytest.mark.parametrize(
    ("status", "fresh", "told"),
    [
        ("NEW", False, None),
        ("", False, None),
        ("NEW", True, "opportunity"),
        ("CONNECTED", False, "opportunity"),
    ],
    ids=["met", "met, with a blank left out", "the record is news", "the contact was edited"],
)
def test_a_lead_that_becomes_the_furthest_by_first_contact_alone_is_no_news(crm, written, status, fresh, told):
    """Adopting a converted Lead of an earlier pass writes nothing to a contact that nobody touched; news does, and so does it where both moved."""
    leads = [Lead("l1", "p1", 1, INITIAL, Versions()), crm.lead("mql/new/open" if status else "mql/none/open", number=2)]
    contact = crm.contact("marketingqualifiedlead", status, ("marketingqualifiedlead", status and "NEW"), leads=("l2",))
    if not status:
        contact = replace(contact, state={"lifecyclestage": "marketingqualifiedlead"})
    old = replace(crm.sf(CONVERTED, "new", opportunity="006A"), fresh=fresh)
    first = crm.run(leads, [contact, old])
    assert furthest_lead(first.leads).id == "l1"
    assert set(first.links[0].state.versions) == ({"l2"} if told else {"l1", "l2"})
    again = [replace(side, link=link) for side, link in zip([contact, old], first.links, strict=True)]
    assert written(crm.run(list(first.leads), again)).get("hubspot.lifecyclestage") == told


def test_the_current_lead_is_the_newest_open_one_else_the_newest(crm):
    """A later pass that has ended gives way to an earlier one that goes on; of passes that have ended the last one counts."""
    goes_on, ended, first = crm.lead("mql/new/open", number=2), crm.lead("mql/none/recycled", number=3), crm.lead("mql/none/recycled", number=1)
    for leads in ([goes_on, ended, first], [first, ended, goes_on]):
        assert current_lead(leads) is goes_on
    assert current_lead([ended, first]) is ended
    assert current_lead([]) is None
