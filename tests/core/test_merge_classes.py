"""Merge classes beyond the plain edit: first, max, restrictive, union; groups; rules for standing differences; records that are news."""

# ruff: noqa: ANN001, ANN003, ANN201, ANN202 - the builders' arguments are plain words

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadhub.core.fields import reconcile_field
from leadhub.core.joins import JOINS, covers, join
from leadhub.core.policy import FieldPolicy, Policy, Settle
from leadhub.core.reconcile import reconcile
from leadhub.core.sides import Side
from leadhub.lifecycle.states import INITIAL
from leadhub.model.person import Base, Canonical, Lead, Link, Person, Versions
from leadhub.model.run import Decision

SF, HS, PD = "salesforce/record/1", "hubspot/record/1", "pipedrive/record/1"
FORM = "form/record/1"


# ---- first -----------------------------------------------------------------------------------------------------------------------------


def test_the_first_value_stands_and_a_later_edit_stands_beside_it(table):
    """`first`: an edit over a value that is there is a standing difference with its reason, written to nobody."""
    out = table.run([table.side("salesforce", "new"), table.side("hubspot", "hub")], merge="first")
    assert (out.canonical.value, out.writes, out.bases[SF].how) == ("hub", [], "frozen")


def test_of_several_first_values_the_oldest_record_gives_it(table):
    """`first` is by time: the record that was made earlier wins, whatever the order of systems."""
    old, new = datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)
    sides = [replace(table.side("salesforce", "web", "-"), created=new), replace(table.side("hubspot", "event", "-"), created=old)]
    assert table.run(sides, version=0, merge="first").canonical.value == "event"
    assert table.run(sides, version=0).canonical.value == "web", "another class goes by the order of systems"


# ---- max -------------------------------------------------------------------------------------------------------------------------------


def test_only_a_greater_value_is_an_edit(table):
    """`max`: a lower value stands beside the hub's, a greater one travels, and of several the greatest."""
    lower = table.run([table.side("salesforce", "5", "9"), table.side("hubspot", "9", "9")], hub="9", merge="max")
    assert (lower.canonical.value, lower.writes, lower.bases[SF].how) == ("9", [], "not_permitted")
    both = table.run([table.side("salesforce", "10", "9"), table.side("hubspot", "12", "9")], hub="9", merge="max")
    assert (both.canonical.value, both.writes, both.question) == ("12", [SF], None)


# ---- restrictive -----------------------------------------------------------------------------------------------------------------------


def test_an_opt_out_travels_at_once_even_against_a_later_opt_in(table):
    """Consent that was withdrawn on one side wins over whatever another side says at the same time, and is written everywhere."""
    sides = [table.side("salesforce", "true", None), table.side("hubspot", "false", "true", 2), table.side("pipedrive", None, None)]
    out = table.run(sides, hub=None, merge="restrictive")
    assert (out.canonical.value, out.question) == ("true", None)
    assert sorted(out.writes) == sorted([HS, PD])


@pytest.mark.parametrize("shown", ["false", None])
@pytest.mark.parametrize("base_version", [3, 2])
def test_an_opt_in_after_an_opt_out_is_asked(table, base_version, shown):
    """An edit alone never gives consent back, a plain no or an emptied field: a person is asked, and nothing is written."""
    sides = [table.side("salesforce", shown, "true", base_version), table.side("hubspot", "true", "true")]
    out = table.run(sides, hub="true", merge="restrictive")
    assert out.question is not None
    assert out.writes == []


@pytest.mark.parametrize("shown", ["false", None])
def test_an_opt_out_that_was_put_back_is_written_again(table, shown):
    """Its system was put back to before the opt-out: nobody gave consent by that, and nobody needs to be asked."""
    out = table.run([table.side("salesforce", shown, "true", how="put_back"), table.side("hubspot", "true", "true")], hub="true", merge="restrictive")
    assert (out.canonical.value, out.question, out.writes) == ("true", None, [SF])


def test_a_plain_no_and_nothing_are_one(table):
    """A CRM that shows false and one that shows nothing do not differ about an opt-out."""
    out = table.run([table.side("salesforce", "false", "-"), table.side("hubspot", None, "-")], version=0, merge="restrictive")
    assert {b.how for b in out.bases.values()} == {"agreed"}


def test_an_old_opt_out_is_known_and_written_to_nobody_at_first_contact(table):
    """First contact writes nothing, not even this: the hub holds the opt-out, the other side is a standing difference."""
    out = table.run([table.side("salesforce", "false", "false", 1), table.side("hubspot", "true", "-")], hub="false", version=1, merge="restrictive")
    assert (out.canonical.value, out.writes) == ("true", [])
    assert (out.bases[SF].version, out.bases[SF].how) == (2, "adopted")


def test_an_opt_out_by_form_is_news_and_travels(table):
    """What a person says in a form today is no old disagreement: every side is written."""
    news = replace(table.side("form", "true", "-"), fresh=True)
    out = table.run([table.side("salesforce", "false", "false", 1), news], hub="false", version=1, merge="restrictive")
    assert (out.canonical.value, out.canonical.cause, out.writes) == ("true", "edit", [SF])


# ---- union -----------------------------------------------------------------------------------------------------------------------------


def test_tags_of_all_sides_come_together_and_none_is_lost(table):
    """Two sides add a tag each: the hub has both, both are written, and nobody is asked."""
    out = table.run([table.side("salesforce", "a;b", "a"), table.side("hubspot", "a;c", "a")], hub="a", merge="union")
    assert (out.canonical.value, sorted(out.writes), out.question) == ("a;b;c", sorted([SF, HS]), None)


def test_a_side_with_more_tags_needs_nothing(table):
    """Members are only ever added: a side that has all of them agrees."""
    out = table.run([table.side("salesforce", "a;b", "-")], hub="a", version=2, merge="union", owner="hubspot")
    assert out.writes == []


@given(
    st.sampled_from(sorted(JOINS)),
    st.lists(st.none() | st.sampled_from(["true", "false", "3", "12", "a", "b;a", "A"]), min_size=1, max_size=5),
    st.randoms(),
)
def test_a_join_depends_on_no_order_and_takes_itself_in(merge, values, random):
    """Any order of the values gives the same, and joining the result with them again changes nothing."""
    result = join(merge, values)
    shuffled = list(values)
    random.shuffle(shuffled)
    assert join(merge, shuffled) == result
    assert join(merge, [result, *values]) == result
    assert merge != "union" or all(covers(merge, result, value) for value in values)


# ---- rules for standing differences ----------------------------------------------------------------------------------------------------


def _settled(table, rule, sides, **more):
    one = FieldPolicy("title", lambda text, _region: text.casefold())
    policy = Policy(("salesforce", "hubspot", "pipedrive"), {"title": one}, settle=(rule,))
    return reconcile_field("title", Canonical("hub", 3, "salesforce", more.get("cause", "adopted")), sides, [], policy)


def test_fill_writes_the_blanks_that_were_met_and_leaves_the_rest(table):
    """A blank side of an old difference is filled; a side that shows something else is left alone."""
    sides = [table.side("salesforce", "hub"), table.side("hubspot", None, None, how="adopted"), table.side("pipedrive", "x", "x", how="adopted")]
    assert _settled(table, Settle("title", "fill"), sides).writes == [HS]
    assert _settled(table, Settle("title", "fill", "pipedrive"), sides).writes == []


def test_fill_leaves_a_blank_alone_that_somebody_made(table):
    """A value that was cleared is no old difference."""
    sides = [table.side("salesforce", "hub"), table.side("hubspot", None, None, how="cleared")]
    assert _settled(table, Settle("title", "fill"), sides).writes == []


def test_prefer_gives_the_field_a_systems_value_once(table):
    """The preferred system's value replaces what came from first contact and is written to the others; a second round moves nothing."""
    sides = [table.side("salesforce", "hub"), table.side("hubspot", "mine", "mine", how="adopted")]
    rule = Settle("title", "prefer", "hubspot")
    out = _settled(table, rule, sides)
    assert (out.canonical.value, out.writes) == ("mine", [SF])
    assert _settled(table, rule, sides, cause="edit").writes == [], "an edit is later than any old difference"


def test_a_rule_for_a_pattern_is_for_that_pattern_alone(table):
    """`value` and `hub` narrow a rule to what the side shows and what leadhub holds."""
    sides = [table.side("salesforce", "hub"), table.side("hubspot", "mine", "mine", how="adopted")]
    assert _settled(table, Settle("title", "prefer", "hubspot", value="mine", hub="hub"), sides).writes == [SF]
    assert _settled(table, Settle("title", "prefer", "hubspot", value="other"), sides).writes == []


# ---- records that are news -------------------------------------------------------------------------------------------------------------


def test_a_value_that_only_a_form_has_is_written_to_the_blanks(table):
    """A phone number in a form post fills the CRMs that have none."""
    sides = [table.side("salesforce", None, None, 0), replace(table.side("form", "555", "-"), fresh=True)]
    out = table.run(sides, version=0)
    assert (out.canonical.value, out.writes) == ("555", [SF])


def test_a_form_overwrites_nothing(table):
    """What is there stands: the form's other value is a standing difference."""
    out = table.run([table.side("salesforce", "hub"), replace(table.side("form", "other", "-"), fresh=True)])
    assert (out.canonical.value, out.writes, out.bases[FORM].how) == ("hub", [], "adopted")


# ---- groups ----------------------------------------------------------------------------------------------------------------------------

PLAIN = {"match": lambda text, _region: text.casefold(), "group": "address"}


def _address(system, values, bases=None, version=1):
    link = Link(system, "record", "1", "p1", None, base={n: Base(v, version, "agreed") for n, v in (bases or {}).items()})
    return Side(link, values, writable=frozenset({"street", "city"}))


def _policy(prefer):
    fields = {name: FieldPolicy(name, prefer=prefer, **PLAIN) for name in ("street", "city")}
    return Policy(("salesforce", "hubspot"), fields, trust=prefer)


def test_an_address_has_all_its_parts_from_one_side():
    """At first contact the street of one system never joins the city of another."""
    sides = [_address("salesforce", {"street": None, "city": "Bonn"}), _address("hubspot", {"street": "Main St", "city": "Ulm"})]
    out = reconcile(Person("p1"), [], sides, [], _policy("salesforce"), None)
    assert {n: c.value for n, c in out.person.fields.items()} == {"city": "Bonn"}


def test_edits_of_different_parts_on_two_sides_are_one_conflict():
    """The trusted side's address wins whole; without a trusted side a person is asked."""
    old = {"street": "Old", "city": "Old"}
    person = Person("p1", {n: Canonical("Old", 1, "salesforce", "adopted") for n in old})
    sides = [_address("salesforce", {"street": "New", "city": "Old"}, old), _address("hubspot", {"street": "Old", "city": "Ulm"}, old)]
    won = reconcile(person, [], sides, [], _policy("salesforce"), None)
    assert {n: c.value for n, c in won.person.fields.items()} == {"street": "New", "city": "Old"}
    assert {w.side.system: set(w.fields) for w in won.writes} == {"hubspot": {"street", "city"}}
    asked = reconcile(person, [], sides, [], _policy(None), None)
    assert {r.field for r in asked.reviews} == {"street", "city"}
    assert asked.writes == []


BERLIN, BONN = {"street": "Hauptstr. 1", "city": "Berlin"}, {"street": "Rheinallee 9", "city": "Bonn"}
IN_BERLIN = Person("p1", {n: Canonical(v, 1, "salesforce", "adopted") for n, v in BERLIN.items()})


def _told(out):
    return {w.side.system: {name: told.canonical.value for name, told in w.fields.items()} for w in out.writes}


def test_who_edits_a_part_of_an_address_gives_all_of_it():
    """HubSpot stood at another address; a new city in Salesforce takes its street along, and one in HubSpot that of HubSpot."""
    here = _address("salesforce", BERLIN | {"city": "Potsdam"}, BERLIN)
    there = _address("hubspot", BONN, BONN)
    assert _told(reconcile(IN_BERLIN, [], [here, there], [], _policy(None), None)) == {"hubspot": BERLIN | {"city": "Potsdam"}}
    here, there = _address("salesforce", BERLIN, BERLIN), _address("hubspot", BONN | {"city": "Köln"}, BONN)
    out = reconcile(IN_BERLIN, [], [here, there], [], _policy(None), None)
    assert {n: c.value for n, c in out.person.fields.items()} == BONN | {"city": "Köln"}
    assert _told(out) == {"salesforce": BONN | {"city": "Köln"}}


def test_who_edits_a_part_of_one_group_gives_nothing_of_another():
    """HubSpot stands at another company with its size; its new city takes its street along, and leaves the company alone."""
    firm = {name: FieldPolicy(name, match=PLAIN["match"], group="company") for name in ("company", "size")}
    policy = replace(_policy(None), fields={**_policy(None).fields, **firm})
    acme, other = {"company": "Acme", "size": "9"}, {"company": "Other", "size": "1"}
    person = replace(IN_BERLIN, fields=IN_BERLIN.fields | {n: Canonical(v, 1, "salesforce", "adopted") for n, v in acme.items()})
    here, there = _address("salesforce", BERLIN | acme, BERLIN | acme), _address("hubspot", BONN | other | {"city": "Köln"}, BONN | other)
    out = reconcile(person, [], [here, there], [], policy, None)
    assert {n: c.value for n, c in out.person.fields.items()} == BONN | acme | {"city": "Köln"}


def test_a_part_that_a_side_has_not_heard_of_is_not_undone_by_it():
    """HubSpot edits the city before it was told of the new street: both edits stand."""
    person = replace(IN_BERLIN, fields=IN_BERLIN.fields | {"street": Canonical("Neue Str. 2", 2, "salesforce", "edit")})
    here = _address("salesforce", BERLIN | {"street": "Neue Str. 2"}, {"city": "Berlin"})
    here = replace(here, link=replace(here.link, base=here.link.base | {"street": Base("Neue Str. 2", 2, "agreed")}))
    out = reconcile(person, [], [here, _address("hubspot", BERLIN | {"city": "Köln"}, BERLIN)], [], _policy(None), None)
    assert {n: c.value for n, c in out.person.fields.items()} == {"street": "Neue Str. 2", "city": "Köln"}
    assert _told(out) == {"salesforce": {"city": "Köln"}, "hubspot": {"street": "Neue Str. 2"}}


@pytest.mark.parametrize("rule", [[Settle("street", "fill")], []])
def test_a_blank_part_is_not_filled_beside_another_address(rule):
    """Bonn without a street gets no street of Berlin, by a rule for the field or by that of adoption; an address that is all blank is filled."""
    policy = replace(_policy(None), settle=tuple(rule), adoption={} if rule else {"hubspot": "fill"})
    here = _address("salesforce", BERLIN, BERLIN)
    for shown, told in [({"street": None, "city": "Bonn"}, {}), ({"street": None, "city": None}, {"hubspot": {"street": "Hauptstr. 1"}})]:
        there = _address("hubspot", shown)
        met = reconcile(IN_BERLIN, [], [here, there], [], replace(policy, settle=()), None)
        links = {link.id: link for link in met.links}
        out = reconcile(met.person, [], [replace(s, link=links[s.id]) for s in (here, there)], [], policy, None) if rule else met
        assert {s: {n: v for n, v in of.items() if n == "street"} for s, of in _told(out).items()} == told


def test_a_rule_that_prefers_a_part_prefers_the_address():
    """HubSpot's city is right: so is its street."""
    sides = [_address("salesforce", BERLIN, BERLIN), _address("hubspot", BONN)]
    met = reconcile(IN_BERLIN, [], sides, [], _policy(None), None)
    again = [replace(side, link=link) for side, link in zip(sides, met.links, strict=True)]
    out = reconcile(met.person, [], again, [], replace(_policy(None), settle=(Settle("city", "prefer", "hubspot"),)), None)
    assert ({n: c.value for n, c in out.person.fields.items()}, _told(out)) == (BONN, {"salesforce": BONN})


def test_an_address_is_written_when_all_its_questions_are_answered():
    """One answer of two writes nothing."""
    sides = [_address("salesforce", {"street": "A 1", "city": "Ulm"}, BERLIN), _address("hubspot", {"street": "B 2", "city": "Kiel"}, BERLIN)]
    saw = {side.id: side.shown["city"] for side in sides}
    answer = Decision("d1", "p1", None, "city", "Kiel", saw, "ann", datetime(2026, 3, 2, tzinfo=UTC))
    out = reconcile(IN_BERLIN, [], sides, [answer], _policy(None), None)
    assert ([r.field for r in out.reviews], out.writes, out.person.fields["city"].value) == (["street"], [], "Kiel")


PART = st.none() | st.sampled_from(["x", "y", "z"])
PARTS = st.fixed_dictionaries({"street": PART, "city": PART})


@given(
    st.lists(st.tuples(PARTS, PARTS, st.sampled_from([1, 2]), st.sampled_from(["agreed", "adopted", "sent", "cleared"])), min_size=2, max_size=3),
    PARTS,
)
def test_who_is_written_a_part_shows_the_whole_address_afterwards(drawn, hub):
    """Whatever was agreed and edited before: after its write no side has a street of one address and a city of another."""
    person = Person("p1", {n: Canonical(v, 2, "salesforce", "adopted") for n, v in hub.items() if v})
    sides = []
    for system, (shown, base, version, how) in zip(("salesforce", "hubspot", "pipedrive"), drawn, strict=False):
        side = _address(system, shown)
        sides.append(replace(side, link=replace(side.link, base={n: Base(v, version, how) for n, v in base.items() if n in person.fields})))
    out = reconcile(person, [], sides, [], _policy("salesforce"), None)
    for write in out.writes:
        shown = write.side.shown | {name: told.canonical.value for name, told in write.fields.items()}
        assert {n: shown[n] for n, c in out.person.fields.items() if c.value} == {n: c.value for n, c in out.person.fields.items() if c.value}


# ---- fields of a lead ------------------------------------------------------------------------------------------------------------------


def test_a_leads_field_belongs_to_the_lead_that_its_record_is():
    """Two Salesforce leads of one person have an owner each; the contact speaks of the current one."""
    owner = FieldPolicy("owner", lambda text, _region: text, entity="lead")
    policy = Policy(("salesforce", "hubspot"), {"owner": owner}, own_lead=frozenset({("salesforce", "Lead")}))
    leads = [Lead(f"L{n}", "p1", n, INITIAL, Versions()) for n in (1, 2)]
    sides = [Side(Link("salesforce", "Lead", str(n), "p1", f"L{n}"), {"owner": f"{n}@x"}) for n in (1, 2)]
    contact = Side(Link("hubspot", "contacts", "9", "p1", None), {"owner": "2@x"}, writable=frozenset({"owner"}))
    out = reconcile(Person("p1"), leads, [*sides, contact], [], policy, None)
    assert [lead.fields["owner"].value for lead in out.leads] == ["1@x", "2@x"]
    assert {link.id: set(link.base) for link in out.links} == {
        "salesforce/Lead/1": {"owner@L1"},
        "salesforce/Lead/2": {"owner@L2"},
        "hubspot/contacts/9": {"owner@L2"},
    }
    assert out.standing == []


def test_a_coarse_value_agrees_with_each_that_it_stands_for(table):
    """Salesforce's "Web" stands for organic search too: nothing differs, nothing is edited, nothing is written."""
    web = replace(table.side("salesforce", "web", "-"), also={"title": frozenset({"web", "organic"})})
    out = table.run([web, table.side("hubspot", "organic", "organic")], hub="organic")
    assert (out.writes, out.bases[SF].how) == ([], "agreed")
    later = replace(table.side("salesforce", "web", "organic"), also={"title": frozenset({"web", "organic"})})
    assert table.run([later], hub="organic").taken == []
