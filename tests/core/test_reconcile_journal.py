"""What reconciling leaves in the journal: of every change who made it, when, where and why, and of every question what it is about."""

# ruff: noqa: ANN001, ANN002, ANN003, ANN201, ANN202 - the builders' arguments are plain words

from dataclasses import replace
from datetime import timedelta

import pytest

from leadhub.core.policy import FieldPolicy, Policy
from leadhub.core.reconcile import FieldWrite, reconcile
from leadhub.core.sides import Side
from leadhub.core.states import INITIAL
from leadhub.model.person import Base, Canonical, Lead, Link, Person, Versions
from leadhub.model.record import Author
from leadhub.model.run import Decision, Edit, Standing

JANE, BOB = Author("person", "jane"), Author("person", "bob")
H, S = "hubspot/contacts/1", "salesforce/Lead/1"
OPEN, WORKING, NOT_CONVERTED = "Open - Not Contacted", "Working - Contacted", "Closed - Not Converted"
LEAD_FIELD = FieldPolicy("rating", lambda text, _region: text.casefold(), entity="lead")


def _plain(*names, **more):
    return {name: FieldPolicy(name, lambda text, _region: text.casefold(), **more) for name in names}


def _side(system, shown, base=None, *, lead=None, by=None, writable=(), obj="record", version=1):
    key = f"@{lead}" if lead else ""
    bases = {f"{name}{key}": Base(value, version, "agreed") for name, value in (base or {}).items()}
    link = Link(system, obj, "1", "p1", lead if obj == "Lead" else None, base=bases)
    return Side(link, shown, writable=frozenset(writable), authors=by or {})


def _person(**values):
    return Person("p1", {name: Canonical(value, 1, "salesforce", "adopted") for name, value in values.items()})


# ---- fields ------------------------------------------------------------------------------------------------------------------------------


def test_an_edit_is_journaled_with_its_author_and_time(crm):
    """Who, when, what was there, what is there now, and which version that is."""
    now = crm.decision(None, {}).at
    side = _side("hubspot", {"title": "CEO"}, {"title": "CTO"}, by={"title": replace(JANE, at=now)})
    out = reconcile(_person(title="CTO"), [], [side], [], Policy(("hubspot",), _plain("title")), now)
    assert out.edits == [Edit("p1", None, "title", "CTO", "CEO", 2, "edit", "hubspot", "jane", now)]


def test_an_edit_that_lost_is_journaled_as_such(crm):
    """The trusted system's word is taken; the other's is told with its author, and not as taken."""
    sides = [
        _side("salesforce", {"title": "CEO"}, {"title": "CTO"}, by={"title": JANE}),
        _side("hubspot", {"title": "CFO"}, {"title": "CTO"}, by={"title": BOB}, writable=["title"]),
    ]
    out = reconcile(_person(title="CTO"), [], sides, [], Policy(("salesforce", "hubspot"), _plain("title", prefer="salesforce")), None)
    assert [(e.old, e.new, e.origin, e.actor, e.taken) for e in out.edits] == [
        ("CTO", "CEO", "salesforce", "jane", True),
        ("CEO", "CFO", "hubspot", "bob", False),
    ]
    [write] = out.writes
    assert write.fields == {"title": FieldWrite("title", Canonical("CEO", 2, "salesforce", "edit"), Base("CEO", 2, "sent", over="CFO"))}


def test_what_the_hub_held_is_journaled_as_lost_under_the_name_of_nobody():
    """The trusted system's edit had not seen what the hub took from another: that is told as lost, by its origin; who typed it was told when it was taken."""
    there = _side("salesforce", {"title": "CEO"}, {"title": "CTO"}, by={"title": JANE})
    person = Person("p1", {"title": Canonical("CFO", 2, "hubspot", "edit")})
    out = reconcile(person, [], [there], [], Policy(("salesforce", "hubspot"), _plain("title", prefer="salesforce")), None)
    assert [(e.old, e.new, e.origin, e.actor, e.taken) for e in out.edits] == [
        ("CFO", "CEO", "salesforce", "jane", True),
        ("CEO", "CFO", "hubspot", "", False),
    ]


def test_a_write_remembers_how_often_the_ones_before_it_bounced():
    """An automation answered our last two writes with a value of its own: what is written now is the third that it may bounce."""
    here = _side("salesforce", {"title": "CEO"}, {"title": "CTO"})
    there = _side("hubspot", {"title": "CFO"}, writable=["title"])
    there = replace(there, link=replace(there.link, base={"title": Base("CTO", 1, "sent", bounced=1)}))
    out = reconcile(_person(title="CTO"), [], [here, there], [], Policy(("salesforce", "hubspot"), _plain("title", prefer="salesforce")), None)
    assert [write.fields["title"].base for write in out.writes] == [Base("CEO", 2, "sent", bounced=2, over="CFO")]


def test_a_decision_is_journaled_under_the_name_of_who_made_it(crm):
    """Its origin is `decision`, whichever side showed the value."""
    now = crm.decision(None, {}).at
    side = _side("hubspot", {"title": "CTO"}, {"title": "CTO"}, writable=["title"])
    decision = Decision("d1", "p1", None, "title", "CEO", {side.id: "CTO"}, "ann", now)
    out = reconcile(_person(title="CTO"), [], [side], [decision], Policy(("hubspot",), _plain("title")), now)
    assert [(e.new, e.cause, e.origin, e.actor) for e in out.edits] == [("CEO", "decision", "decision", "ann")]
    assert out.decided == ["d1"]


def test_a_decision_about_a_field_that_nobody_shows_is_taken(crm):
    """The hub did not know the field, no record has it: what a person says of it holds all the same, of a person and of a lead."""
    now = crm.decision(None, {}).at
    policy = Policy(("hubspot",), {**_plain("title"), "rating": LEAD_FIELD})
    decisions = [Decision("d1", "p1", None, "title", "CEO", {}, "ann", now), Decision("d2", "p1", "l1", "rating", "hot", {}, "ann", now)]
    leads = [Lead(f"l{n}", "p1", n, INITIAL, Versions()) for n in (1, 2)]
    out = reconcile(Person("p1"), leads, [], decisions, policy, now)
    assert {name: c.value for name, c in out.person.fields.items()} == {"title": "CEO"}
    assert [{name: c.value for name, c in lead.fields.items()} for lead in out.leads] == [{"rating": "hot"}, {}]
    assert [(e.lead_id, e.field) for e in out.edits] == [(None, "title"), ("l1", "rating")]


def test_a_question_about_a_field_says_who_shows_what(crm):
    """Two edits that did not know of each other: one question, of that person and field, and no standing difference beside it."""
    sides = [_side("salesforce", {"title": "CEO"}, {"title": "CTO"}), _side("hubspot", {"title": "CFO"}, {"title": "CTO"})]
    out = reconcile(_person(title="CTO"), [], sides, [], Policy(("salesforce", "hubspot"), _plain("title")), None)
    [asked] = out.reviews
    assert (asked.kind, asked.person_id, asked.lead_id, asked.field) == ("conflict", "p1", None, "title")
    assert asked.values == {"hub": "CTO", "salesforce/record/1": "CEO", "hubspot/record/1": "CFO"}
    assert asked.note == "two edits that did not know of each other"
    assert asked.group == "conflict:hubspot+salesforce:title"
    assert out.standing == []


def test_a_standing_difference_says_what_both_show_and_why(crm):
    """A system that does not own the field: its value stands, with the reason."""
    side = _side("hubspot", {"title": "CFO"}, {"title": "CTO"})
    out = reconcile(_person(title="CTO"), [], [side], [], Policy(("salesforce", "hubspot"), _plain("title", owner="salesforce")), None)
    assert out.standing == [Standing("hubspot/record/1", "hubspot", "title", "CFO", "CTO", "not_permitted")]


def test_a_field_that_may_not_be_written_waits():
    """Behind, and not writable: it is counted as waiting and nothing is planned."""
    side = _side("hubspot", {"title": "CTO"}, {"title": "CTO"}, version=0)
    out = reconcile(_person(title="CEO"), [], [side], [], Policy(("hubspot",), _plain("title")), None)
    assert (out.waiting, out.writes) == ([("hubspot/record/1", "title")], [])


# ---- fields of a lead ---------------------------------------------------------------------------------------------------------------------


def _two_leads():
    values = {"rating": Canonical("cold", 1, "salesforce", "adopted")}
    return [Lead(f"l{n}", "p1", n, INITIAL, Versions(), fields=values) for n in (2, 1)]


@pytest.mark.parametrize(("lead", "changed"), [(None, "l2"), ("l1", "l1"), ("l2", "l2")])
def test_an_edit_of_a_leads_field_goes_to_the_lead_that_the_record_speaks_of(lead, changed):
    """A record of one lead speaks of that one, any other of the current one; journal, base and write name the lead."""
    obj = "Lead" if lead else "record"
    edited = _side("salesforce", {"rating": "hot"}, {"rating": "cold"}, lead=lead or "l2", obj=obj)
    told = _side("hubspot", {"rating": "cold"}, {"rating": "cold"}, lead=changed, obj=obj, writable=["rating"])
    policy = Policy(("salesforce", "hubspot"), {"rating": LEAD_FIELD})
    out = reconcile(Person("p1"), _two_leads(), [edited, told], [], policy, None)
    assert [lead.id for lead in out.leads] == ["l2", "l1"], "in the order in which they came"
    assert {lead.id: lead.fields["rating"].value for lead in out.leads} == {"l1": "cold", "l2": "cold"} | {changed: "hot"}
    assert [(e.lead_id, e.field, e.new) for e in out.edits] == [(changed, "rating", "hot")]
    [write] = out.writes
    assert (write.side.id, write.fields["rating"].key) == (told.id, f"rating@{changed}")
    assert {link.id: link.base[f"rating@{changed}"].value for link in out.links} == {edited.id: "hot", told.id: "cold"}


def test_a_question_about_a_leads_field_names_the_lead():
    """Two edits of one lead's rating: a question about that lead."""
    sides = [_side(system, {"rating": rating}, {"rating": "cold"}, lead="l2") for system, rating in (("salesforce", "hot"), ("hubspot", "warm"))]
    out = reconcile(Person("p1"), _two_leads(), sides, [], Policy(("salesforce", "hubspot"), {"rating": LEAD_FIELD}), None)
    assert [(r.lead_id, r.field) for r in out.reviews] == [("l2", "rating")]


def test_a_decision_about_one_leads_field_leaves_the_others_alone(crm):
    """The same field of two leads, one answer."""
    now = crm.decision(None, {}).at
    decision = Decision("d1", "p1", "l1", "rating", "hot", {}, "ann", now)
    out = reconcile(Person("p1"), _two_leads(), [], [decision], Policy((), {"rating": LEAD_FIELD}), now)
    assert {lead.id: lead.fields["rating"].value for lead in out.leads} == {"l1": "hot", "l2": "cold"}


def test_a_field_that_nobody_knows_hides_none_after_it():
    """In the order of the configuration the first field is known to nobody, the second was edited: of the person, and of the lead."""
    lead_fields = {name: replace(LEAD_FIELD, name=name) for name in ("source", "rating")}
    policy = Policy(("hubspot",), {**_plain("phone", "title"), **lead_fields})
    side = _side("hubspot", {"title": "CEO", "rating": "hot"}, {"title": "CTO"})
    side = replace(side, link=replace(side.link, base=side.link.base | {"rating@l2": Base("cold", 1, "agreed")}))
    out = reconcile(_person(title="CTO"), _two_leads(), [side], [], policy, None)
    assert [(e.lead_id, e.field, e.new) for e in out.edits] == [(None, "title", "CEO"), ("l2", "rating", "hot")]


# ---- sets ---------------------------------------------------------------------------------------------------------------------------------


def test_a_set_has_every_value_in_order_of_appearance():
    """What was known, then the hub's, then what sides show (by link), then their further members; nothing twice, no blanks, and `mobile` is a phone."""
    policy = Policy(("a", "b"), _plain("email", "phone", "mobile"))
    b = Side(Link("b", "record", "1", "p1", None), {"email": "b@x.org", "mobile": "2"}, members={"email": ("old@x.org", "b2@x.org"), "phone": ("3",)})
    a = Side(Link("a", "record", "1", "p1", None), {"email": "a@x.org", "phone": "1", "mobile": None}, members={})
    person = Person("p1", {"email": Canonical("hub@x.org", 1, "a", "adopted")}, {"email": ("old@x.org",), "other": ("kept",)})
    out = reconcile(person, [], [b, a], [], policy, None)
    assert out.person.sets == {
        "email": ("old@x.org", "hub@x.org", "a@x.org", "b@x.org", "b2@x.org"),
        "phone": ("1", "2", "3"),
        "other": ("kept",),
    }


# ---- state --------------------------------------------------------------------------------------------------------------------------------


def test_an_edit_of_the_state_is_journaled_for_each_facet_that_moved(crm):
    """Stage and status by one person, at one time: two edits with author, time and version; the stages between are implied and nobody's."""
    by = replace(JANE, at=crm.decision(None, {}).at)
    out = crm.run(crm.lead("lead/new/open"), [crm.contact("salesqualifiedlead", "CONNECTED", ("lead", "NEW"), by=by)])
    assert out.edits == [
        Edit("p1", "l1", "stage", "lead", "mql", 6, "edit", "hubspot", implied=True),
        Edit("p1", "l1", "stage", "lead", "sal", 6, "edit", "hubspot", implied=True),
        Edit("p1", "l1", "stage", "lead", "sql", 6, "edit", "hubspot", "jane", by.at),
        Edit("p1", "l1", "status", "new", "connected", 6, "edit", "hubspot", "jane", by.at),
    ]


def test_a_stage_that_a_team_does_not_use_is_never_implied(crm):
    """A funnel without `sal`: from lead to SQL the lead enters MQL on the way."""
    policy = Policy(("hubspot",), {}, crm.relations, skip=frozenset({"sal"}))
    side = crm.contact("salesqualifiedlead", "NEW", ("lead", "NEW"))
    out = reconcile(Person("p1"), [crm.lead("lead/new/open")], [side], [], policy, None)
    assert [e.new for e in out.edits if e.implied] == ["mql"]


def test_a_stage_that_a_team_no_longer_uses_is_left(crm):
    """Leads that stood in it stand in the one before from now on."""
    policy = Policy(("hubspot",), {}, crm.relations, skip=frozenset({"sal"}))
    out = reconcile(Person("p1"), [crm.lead("sal/new/open")], [], [], policy, None)
    assert [str(lead.state) for lead in out.leads] == ["mql/new/open"]


def test_a_lead_that_starts_further_on_implies_nothing(crm):
    """First contact finds a customer: it entered no stage while leadhub watched."""
    out = crm.run(Lead("l1", "p1", 1, INITIAL, Versions()), [crm.contact("customer", "", "new")])
    assert [(e.new, e.implied) for e in out.edits if e.field == "stage"] == [("customer", False)]
    assert {e.cause for e in out.edits} == {"adopted"}


def test_an_exit_alone_is_journaled_without_stages(crm):
    """Nothing is implied by a move that is none of the stage; the facets that stayed are not told."""
    out = crm.run(crm.lead("mql/none/open"), [crm.sf(NOT_CONVERTED, OPEN)])
    assert [(e.field, e.old, e.new) for e in out.edits] == [("exit", "open", "disqualified")]


def test_a_state_edit_that_lost_is_told_whole(crm):
    """The lead, the facet, what holds, what was said, by whom and when; and that it was not taken."""
    by = replace(BOB, at=crm.decision(None, {}).at)
    sides = [crm.sf(WORKING, OPEN), crm.contact("lead", "OPEN", ("lead", "NEW"), by=by)]
    out = crm.run(crm.lead("lead/new/open"), sides, trust="salesforce")
    assert [e for e in out.edits if not e.taken] == [
        Edit("p1", "l1", "status", "attempting", "assigned", 6, "edit", "hubspot", "bob", by.at, taken=False)
    ]


def test_a_question_about_a_state_says_who_shows_what(crm):
    """It is about the lead's state, in a person's words, and only those that it is about are named in its group."""
    down = crm.contact("lead", "NEW", ("customer", "NEW"))
    other = crm.contact("customer", "CONNECTED", ("customer", "NEW"), name="hubspot-emea")
    out = crm.run(crm.lead("customer/new/open"), [down, other])
    [asked] = out.reviews
    assert (asked.kind, asked.person_id, asked.lead_id, asked.field) == ("regress", "p1", "l1", "state")
    assert asked.group == "regress:hubspot:state:customer/connected/open"
    assert asked.values == {
        "hub": "customer/connected/open",
        H: "lifecyclestage=lead; hs_lead_status=NEW",
        "hubspot-emea/contacts/1": "lifecyclestage=customer; hs_lead_status=CONNECTED",
    }
    assert asked.note


def test_a_standing_difference_of_state_says_what_both_show_and_why(crm, automation):
    """The field, its native value, the lead's state, and how that came; "agreed" where it was met that way before."""
    contact = crm.contact("lead", "CONNECTED", ("salesqualifiedlead", "CONNECTED"), by=automation)
    out = crm.run(crm.lead("sql/connected/open"), [contact])
    assert out.standing == [Standing(H, "hubspot", "lifecyclestage", "lead", "sql/connected/open", "regress")]
    out = crm.run(crm.lead("mql/new/open"), [crm.contact("lead", "NEW")])
    assert out.standing == [Standing(H, "hubspot", "lifecyclestage", "lead", "mql/new/open", "agreed")]


def test_an_unmapped_value_is_told_once_with_its_text(crm):
    """The record, the field, the value; a value with a row is none."""
    out = crm.run(crm.lead("mql/new/open"), [crm.contact("our own", "NEW"), crm.sf("Our Own", OPEN)])
    assert out.unmapped == [(H, "lifecyclestage", "our own"), (S, "Status", "Our Own")]


def test_who_came_back_after_the_window_and_whose_deal_is_gone_are_asked_about(crm):
    """A form of somebody who was disqualified, and a deleted deal: one question each, about that lead."""
    now = crm.decision(None, {}).at
    closed = crm.lead("mql/none/disqualified", closed=now)
    form = Side(Link("forms", "submissions", "7", "p1", "l1"), {}, created=now + timedelta(days=1))
    policy = Policy(("hubspot",), {}, crm.relations, events=frozenset({("forms", "submissions")}))
    back = reconcile(Person("p1"), [closed], [form], [], policy, now)
    assert [(r.kind, r.person_id, r.lead_id) for r in back.reviews] == [("reentry", "p1", "l1")]
    gone = crm.deal("Negotiation/Review").link
    lost = crm.run(crm.lead("opportunity/in_deal/open", origin="salesforce"), [crm.contact("opportunity", "OPEN_DEAL")], gone=[gone])
    assert [(r.kind, r.person_id, r.lead_id) for r in lost.reviews] == [("regress", "p1", "l1")]


# ---- who speaks of which lead ---------------------------------------------------------------------------------------------------------------


def test_a_record_of_no_lead_says_nothing_of_a_state(crm):
    """A Salesforce Lead or a deal whose lead is not known yet, a record without a state, one without a relation: none moves or is written."""
    orphan = replace(crm.sf("Our Own", OPEN), link=replace(crm.sf(WORKING, OPEN).link, lead_id=None))
    deal = crm.deal("Our Own", "Negotiation/Review")
    deal = replace(deal, link=replace(deal.link, lead_id=None))
    silent = replace(crm.contact("customer", "NEW", ("lead", "NEW")), state=None)
    stranger = Side(Link("forms", "posts", "1", "p1", None), {}, {"lifecyclestage": "customer"})
    lead = crm.lead("lead/new/open")
    out = crm.run(lead, [orphan, deal, silent, stranger])
    assert (out.leads, out.writes, out.reviews, out.unmapped) == ((lead,), [], [], [])
    assert [link.state for link in out.links] == [orphan.link.state, deal.link.state, silent.link.state, None]


def test_nobody_speaks_where_there_is_no_lead(crm):
    """A person without any lead: records keep what was agreed with them."""
    contact = crm.contact("customer", "NEW", ("lead", "NEW"))
    out = crm.run([], [contact])
    assert (out.leads, out.edits, out.links) == ((), [], (contact.link,))


def test_of_leads_that_are_equally_far_the_current_one_is_the_furthest(crm, written):
    """Both at MQL, the second one newer: the contact speaks of the second alone, so that its stage edit moves that."""
    leads = [crm.lead("mql/new/open", number=1), crm.lead("mql/new/open", number=2)]
    contact = crm.contact("salesqualifiedlead", "NEW", ("marketingqualifiedlead", "NEW"), leads=("l2",))
    for order in (leads, leads[::-1]):
        out = crm.run(order, [contact])
        assert {lead.id: lead.state.stage for lead in out.leads} == {"l1": "mql", "l2": "sql"}
        assert set(out.links[0].state.versions) == {"l2"}


def test_two_leads_share_the_base_of_their_contact(crm):
    """Of a contact whose lifecycle speaks of one lead and whose status of another both are kept: values, versions, and what was silent."""
    first, second = crm.lead("sql/connected/open", number=1), crm.lead("lead/new/open", version=7, number=2)
    contact = crm.contact("salesqualifiedlead", "", leads=("l1", "l2"), silent=("hs_lead_status",))
    [link] = crm.run([first, second], [contact]).links
    assert dict(link.state.values) == {"lifecyclestage": "salesqualifiedlead", "hs_lead_status": ""}
    assert link.state.versions["l1"].stage == 5
    assert set(link.state.versions) == {"l1", "l2"}
    assert link.state.silent == {"hs_lead_status"}
    told = crm.contact("salesqualifiedlead", "NEW", ("salesqualifiedlead", ""), leads=("l1", "l2"), silent=("hs_lead_status",))
    [link] = crm.run([first, second], [told]).links
    assert link.state.silent == frozenset(), "what came to be filled is silent no more"


def test_edits_of_both_fields_of_a_contact_are_kept_each_for_its_lead(crm):
    """Its lifecycle is set for the furthest lead, its status for the current one: both are agreed afterwards, and neither is silent any more."""
    first, second = crm.lead("mql/connected/open", number=1), crm.lead("lead/none/open", version=7, number=2)
    blank = ("lifecyclestage", "hs_lead_status")
    contact = crm.contact("salesqualifiedlead", "NEW", ("", ""), versions=Versions(7, 7, 7), leads=("l1", "l2"), silent=blank)
    out = crm.run([first, second], [contact])
    assert [str(lead.state) for lead in out.leads] == ["sql/connected/open", "lead/new/open"]
    [link] = out.links
    assert dict(link.state.values) == {"lifecyclestage": "salesqualifiedlead", "hs_lead_status": "NEW"}
    assert (link.state.versions["l1"].stage, link.state.versions["l2"].status) == (6, 8)
    assert link.state.silent == frozenset()


def test_a_write_carries_the_state_that_the_record_will_then_be_in(crm):
    """The values of both fields after the write, and for each lead the versions that they stand for."""
    first, second = crm.lead("sql/connected/open", version=6, number=1), crm.lead("lead/attempting/open", version=6, number=2)
    contact = crm.contact("lead", "NEW", leads=("l1", "l2"))
    [write] = crm.run([first, second], [contact]).writes
    assert write.state_after == {"lifecyclestage": "salesqualifiedlead", "hs_lead_status": "ATTEMPTED_TO_CONTACT"}
    assert {lead: versions.stage for lead, versions in write.versions_after.items() if lead == "l1"} == {"l1": 6}
    assert write.versions_after["l2"].status == 6


def test_only_a_conversion_brings_a_lead_up_that_is_an_opportunity(crm):
    """The record and the lead as it is now are named for the plan to propose it."""
    side = crm.sf(OPEN, version=4)
    out = crm.run(crm.lead("opportunity/in_deal/open"), [side])
    assert [(s.id, lead.id, str(lead.state)) for s, lead in out.conversions] == [(S, "l1", "opportunity/in_deal/open")]
