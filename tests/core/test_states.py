"""The rule for state on the presets that ship: worked examples W1 to W12, rules 1 to 8, and the readings G1 to G8 as the engine applies them."""

# ruff: noqa: ANN001, ANN201 - the builders' arguments are plain words

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from leadhub.core.policy import Settle
from leadhub.model.person import Lead, SetBy, Versions
from leadhub.model.state import State

H, S = "hubspot/contacts/1", "salesforce/Lead/1"
OPEN, WORKING, NOT_CONVERTED, CONVERTED = "Open - Not Contacted", "Working - Contacted", "Closed - Not Converted", "Closed - Converted"


def state(result):
    return str(result.leads[0].state)


# ---- the worked examples -----------------------------------------------------------------------------------------------------------------


def test_w1_a_status_edit_reaches_the_status_field_alone(crm, written):
    """W1: Salesforce goes to Working; HubSpot's lead status follows, its lifecycle stays."""
    out = crm.run(crm.lead("mql/new/open"), [crm.contact("marketingqualifiedlead", "NEW"), crm.sf(WORKING, OPEN)])
    assert (state(out), written(out)) == ("mql/attempting/open", {"hubspot.hs_lead_status": "ATTEMPTED_TO_CONTACT"})


def test_w2_a_stage_that_the_other_side_allows_writes_nothing(crm, written):
    """W2: HubSpot goes to MQL; Open allows it."""
    out = crm.run(crm.lead("lead/new/open"), [crm.contact("marketingqualifiedlead", "NEW", ("lead", "NEW")), crm.sf(OPEN)])
    assert (state(out), written(out)) == ("mql/new/open", {})


@pytest.mark.parametrize("status", ["attempting", "connected"])
def test_w3_a_coarse_value_is_left_alone(crm, written, status):
    """W3: In Progress allows both attempting and connected."""
    out = crm.run(crm.lead(f"mql/{status}/open"), [crm.contact("marketingqualifiedlead", "IN_PROGRESS"), crm.sf(WORKING)])
    assert (state(out), written(out)) == (f"mql/{status}/open", {})


def test_w4_a_conversion_with_an_opportunity(crm, written):
    """W4: opportunity, in a deal by entry default; HubSpot follows in both fields, the converted Lead is never written."""
    sides = [crm.contact("marketingqualifiedlead", "CONNECTED"), crm.sf(CONVERTED, WORKING, opportunity="006A")]
    out = crm.run(crm.lead("mql/connected/open"), sides)
    assert state(out) == "opportunity/in_deal/open"
    assert written(out) == {"hubspot.lifecyclestage": "opportunity", "hubspot.hs_lead_status": "OPEN_DEAL"}


def test_w5_a_conversion_without_an_opportunity(crm, written):
    """W5: SQL; the status stays."""
    sides = [crm.contact("marketingqualifiedlead", "CONNECTED"), crm.sf(CONVERTED, WORKING)]
    out = crm.run(crm.lead("mql/connected/open"), sides)
    assert (state(out), written(out)) == ("sql/connected/open", {"hubspot.lifecyclestage": "salesqualifiedlead"})


def test_w7_an_exit_is_no_regression(crm, written):
    """W7: disqualified in Salesforce; HubSpot's lead status says so, its lifecycle stays at MQL."""
    out = crm.run(crm.lead("mql/new/open"), [crm.contact("marketingqualifiedlead", "NEW"), crm.sf(NOT_CONVERTED, OPEN)])
    assert (state(out), written(out)) == ("mql/none/disqualified", {"hubspot.hs_lead_status": "UNQUALIFIED"})


def test_w9_a_person_sets_the_stage_back(crm, written):
    """W9: by a person, the only edit: accepted; Working allows it."""
    out = crm.run(crm.lead("sql/connected/open"), [crm.contact("lead", "CONNECTED", ("salesqualifiedlead", "CONNECTED")), crm.sf(WORKING)])
    assert (state(out), written(out)) == ("lead/connected/open", {})
    assert out.leads[0].set_by["stage"].cause == "lowering"


def test_w9_an_automation_sets_the_stage_back(crm, written, automation):
    """W9: by automation: left standing as `regress`, not adopted, not written back, in this round or the next."""
    contact = crm.contact("lead", "CONNECTED", ("salesqualifiedlead", "CONNECTED"), by=automation)
    out = crm.run(crm.lead("sql/connected/open"), [contact, crm.sf(WORKING)])
    assert (state(out), written(out)) == ("sql/connected/open", {})
    assert [(s.field, s.reason) for s in out.standing] == [("lifecyclestage", "regress")]
    again = crm.run(out.leads, [crm.contact("lead", "CONNECTED", versions=out.links[0].state.versions["l1"]), crm.sf(WORKING)])
    assert (written(again), len(again.standing)) == ({}, 1)


def test_w10_a_correction_in_the_hub_is_written_in_two_steps(crm):
    """W10: a decision lowers the stage; the ordered field is cleared first, then set."""
    saw = {H: "lifecyclestage=marketingqualifiedlead; hs_lead_status=NEW"}
    out = crm.run(crm.lead("mql/new/open"), [crm.contact("marketingqualifiedlead", "NEW")], decisions=[crm.decision("lead/new/open", saw)])
    [write] = out.writes[0].state
    assert (write.field, write.value, write.clear_first) == ("lifecyclestage", "lead", True)


def test_w11_an_exit_meets_a_move_forward(crm, written, automation):
    """W11: the exit is taken, the move is a standing difference `exit`; jointly satisfiable is not the same as true."""
    contact = crm.contact("salesqualifiedlead", "CONNECTED", ("marketingqualifiedlead", "CONNECTED"), by=automation)
    out = crm.run(crm.lead("mql/connected/open"), [contact, crm.sf(NOT_CONVERTED, WORKING)])
    assert (state(out), written(out)) == ("mql/none/disqualified", {"hubspot.hs_lead_status": "UNQUALIFIED"})
    assert [(s.field, s.reason) for s in out.standing] == [("lifecyclestage", "exit")]


def test_w12_an_exit_meets_a_customer(crm, written):
    """W12: no common state: a conflict that shows both sides, and nothing moves."""
    contact = crm.contact("customer", "CONNECTED", ("marketingqualifiedlead", "CONNECTED"))
    out = crm.run(crm.lead("mql/connected/open"), [contact, crm.sf(NOT_CONVERTED, WORKING)])
    assert (state(out), written(out), [r.kind for r in out.reviews]) == ("mql/connected/open", {}, ["conflict"])
    assert set(out.reviews[0].values) == {"hub", H, S}


def test_w13_opportunity_is_never_written_to_an_open_lead(crm, written):
    """W13: the way to opportunity is a conversion; Status waits."""
    out = crm.run(crm.lead("opportunity/in_deal/open"), [crm.sf(OPEN, version=4)])
    assert (written(out), out.waiting) == ({}, [(S, "Status")])


# ---- rules 1 to 3 ------------------------------------------------------------------------------------------------------------------------


def test_rule_1_a_consistent_record_advances_on_what_it_speaks_of(crm, written):
    """Not edited, consistent: no write, and the version of each facet it speaks of moves."""
    out = crm.run(crm.lead("mql/new/open"), [crm.contact("other", "our own value", version=4)])
    assert out.links[0].state.versions["l1"] == Versions(stage=4, status=5, exit=4)
    assert written(out) == {}


def test_rule_2_what_was_seen_and_differs_stands(crm, written):
    """Not edited, inconsistent, nothing behind: a standing difference."""
    out = crm.run(crm.lead("mql/new/open"), [crm.contact("lead", "NEW")])
    assert (written(out), [s.field for s in out.standing]) == ({}, ["lifecyclestage"])


def test_rule_2_an_ordered_field_is_not_written_backward_for_nothing(crm, written):
    """A side that is further than the lead is written back only after an accepted lowering or a decision."""
    contact = crm.contact("salesqualifiedlead", "NEW", version=4)
    assert written(crm.run(crm.lead("lead/new/open"), [contact])) == {}
    for cause in ("lowering", "decision"):
        lead = crm.lead("lead/new/open", last={"stage": SetBy("hubspot", cause)})
        assert written(crm.run(lead, [contact])) == {"hubspot.lifecyclestage": "lead"}


def test_rule_2_a_record_that_contradicts_itself_is_mended_where_it_is_behind(crm, written):
    """Customer with Open Deal: the ordered field speaks, and the other is written when the stage is news to the record."""
    out = crm.run(crm.lead("customer/none/open"), [crm.contact("customer", "OPEN_DEAL", version=4)])
    assert written(out) == {"hubspot.hs_lead_status": ""}
    assert written(crm.run(crm.lead("customer/none/open"), [crm.contact("customer", "OPEN_DEAL")])) == {}


def test_rule_3_two_fields_edited_to_no_common_state_are_asked_about(crm):
    """One record, two edits that fit no lead: a review, and nothing moves."""
    contact = crm.contact("subscriber", "OPEN_DEAL", ("lead", "NEW"))
    out = crm.run(crm.lead("lead/new/open"), [contact, crm.sf(NOT_CONVERTED, OPEN)])
    assert (state(out), [r.kind for r in out.reviews]) == ("lead/new/open", ["conflict"])
    assert [link.state for link in out.links] == [contact.link.state, out.links[1].state]
    assert out.links[1].state.values["Status"] == OPEN


def test_rule_3_an_unedited_field_that_disagreed_before_has_no_say(crm):
    """A lifecycle left standing at opportunity does not pull a lead there when its lead status is edited."""
    out = crm.run(crm.lead("lead/attempting/open"), [crm.contact("opportunity", "UNQUALIFIED", ("opportunity", "ATTEMPTED_TO_CONTACT"))])
    assert state(out) == "lead/none/disqualified"


def test_rule_3_a_move_on_a_standing_side_counts(crm):
    """HubSpot stands at lead beside an SQL; a person moves it to opportunity: that is an edit of the stage."""
    out = crm.run(crm.lead("sql/connected/open"), [crm.contact("opportunity", "CONNECTED", ("lead", "CONNECTED"))])
    assert out.leads[0].state.stage == "opportunity"


# ---- rules 4 and 5 -----------------------------------------------------------------------------------------------------------------------


def test_rule_4_the_further_stage_wins_whoever_is_read_first(crm, written):
    """A concurrent forward move that goes less far is overtaken, and written."""
    late = crm.contact("marketingqualifiedlead", "NEW", ("lead", "NEW"), 4)
    out = crm.run(crm.lead("sql/new/open"), [late])
    assert (state(out), written(out), out.reviews) == ("sql/new/open", {"hubspot.lifecyclestage": "salesqualifiedlead"}, [])
    further = crm.contact("opportunity", "NEW", ("lead", "NEW"), 4)
    assert crm.run(crm.lead("sql/new/open"), [further]).leads[0].state.stage == "opportunity"


def test_rule_4_a_concurrent_move_back_by_a_person_is_asked_about(crm):
    """`regress`, about the stage alone: the rest of the edit is judged."""
    versions = Versions(stage=4, status=5, exit=5)
    contact = crm.contact("lead", "CONNECTED", ("marketingqualifiedlead", "NEW"), versions=versions)
    out = crm.run(crm.lead("sql/new/open"), [contact])
    assert (state(out), [r.kind for r in out.reviews]) == ("sql/connected/open", ["regress"])
    assert out.links[0].state.values == {"lifecyclestage": "marketingqualifiedlead", "hs_lead_status": "CONNECTED"}


@pytest.mark.parametrize(("trust", "status"), [("hubspot", "connected"), ("salesforce", "attempting"), (None, "connected")])
def test_rule_4_the_trusted_systems_status_wins(crm, trust, status):
    """Two statuses that fit no lead together: the trusted system's, else the configured order."""
    sides = [crm.contact("lead", "CONNECTED", ("lead", "NEW")), crm.sf(WORKING, OPEN)]
    sides[1] = crm.contact("lead", "ATTEMPTED_TO_CONTACT", ("lead", "NEW"), name="hubspot-emea")
    trusted = "hubspot-emea" if trust == "salesforce" else trust
    assert crm.run(crm.lead("lead/new/open"), sides, trust=trusted).leads[0].state.status == status


def test_rule_4_two_different_exits_are_asked_about(crm):
    """Recycled here, disqualified there: a conflict, nothing moves, and no base either."""
    sides = [crm.contact("mql", "BAD_TIMING", ("mql", "NEW")), crm.sf(NOT_CONVERTED, OPEN)]
    out = crm.run(crm.lead("mql/new/open"), sides)
    assert (state(out), [r.kind for r in out.reviews]) == ("mql/new/open", ["conflict"])
    assert [link.state for link in out.links] == [s.link.state for s in sides]


def test_rule_4_an_exit_beats_staying_open(crm):
    """A status edit that had not seen the exit does not reopen the lead; it is written over."""
    late = crm.contact("marketingqualifiedlead", "CONNECTED", ("marketingqualifiedlead", "NEW"), 4)
    out = crm.run(crm.lead("mql/none/disqualified"), [late])
    assert (state(out), out.writes[0].state[0].value) == ("mql/none/disqualified", "UNQUALIFIED")


def test_rule_5_edits_that_fit_together_are_adopted_together(crm, written):
    """A stage from HubSpot and a status from Salesforce, in one round: both, without a question."""
    sides = [crm.contact("marketingqualifiedlead", "NEW", ("lead", "NEW")), crm.sf(WORKING, OPEN)]
    out = crm.run(crm.lead("lead/new/open"), sides)
    assert (state(out), written(out), out.reviews) == ("mql/attempting/open", {"hubspot.hs_lead_status": "ATTEMPTED_TO_CONTACT"}, [])


def test_rule_5_who_says_what_the_hub_holds_speaks_against_a_move_back(crm):
    """One person lowers the stage, another sets it to where it is: not the only edit, so a person is asked."""
    down = crm.contact("lead", "NEW", ("salesqualifiedlead", "NEW"))
    stay = crm.contact("salesqualifiedlead", "NEW", ("marketingqualifiedlead", "NEW"), name="hubspot-emea")
    out = crm.run(crm.lead("sql/new/open"), [down, stay])
    assert (state(out), [r.kind for r in out.reviews]) == ("sql/new/open", ["regress"])


def test_rule_5_the_order_of_systems_never_shows(crm):
    """The same edits in any order come to the same."""
    sides = [crm.contact("marketingqualifiedlead", "NEW", ("lead", "NEW")), crm.sf(WORKING, OPEN)]
    assert crm.run(crm.lead("lead/new/open"), sides).leads == crm.run(crm.lead("lead/new/open"), sides[::-1]).leads


# ---- rules 6 to 8 ------------------------------------------------------------------------------------------------------------------------


def test_rule_6_a_forward_move_inside_an_exit_proposes_re_entry(crm):
    """G8: a closed lead does not move; a person is asked."""
    contact = crm.contact("salesqualifiedlead", "UNQUALIFIED", ("marketingqualifiedlead", "UNQUALIFIED"))
    out = crm.run(crm.lead("mql/none/disqualified"), [contact])
    assert (state(out), [r.kind for r in out.reviews]) == ("mql/none/disqualified", ["reentry"])


def test_rule_6_a_stage_edit_alone_never_reopens(crm):
    """A lost lead exists at opportunity alone: moving its stage back is a standing difference `exit`, no return."""
    contact = crm.contact("lead", "", ("opportunity", ""))
    out = crm.run(crm.lead("opportunity/none/lost"), [contact])
    assert (state(out), [s.reason for s in out.standing]) == ("opportunity/none/lost", ["exit"])


def test_rule_6_a_stage_that_an_exit_has_no_room_for_proposes_re_entry(crm):
    """Customer inside `recycled`: asked, not adopted as a return."""
    out = crm.run(crm.lead("lead/none/recycled"), [crm.contact("customer", "BAD_TIMING", ("lead", "BAD_TIMING"))])
    assert (state(out), [r.kind for r in out.reviews]) == ("lead/none/recycled", ["reentry"])


def test_rule_6_a_customer_is_never_lowered_without_asking(crm):
    """G6: not even by a person in the ordered field."""
    out = crm.run(crm.lead("customer/none/open"), [crm.contact("lead", "", ("customer", ""))])
    assert (state(out), [r.kind for r in out.reviews]) == ("customer/none/open", ["regress"])


def test_rule_6_coming_back_within_the_window_is_a_correction(crm):
    """T8, G4: the same lead, open again, with the row's default status."""
    out = crm.run(crm.lead("mql/none/disqualified"), [crm.sf(WORKING, NOT_CONVERTED)])
    assert state(out) == "mql/attempting/open"


def test_rule_6_coming_back_after_the_window_is_asked_about(crm):
    """T8: out for more than thirty days: a re-entry."""
    closed = datetime(2026, 3, 2, tzinfo=UTC) - timedelta(days=31)
    out = crm.run(crm.lead("mql/none/disqualified", closed=closed), [crm.sf(WORKING, NOT_CONVERTED)])
    assert (state(out), [r.kind for r in out.reviews]) == ("mql/none/disqualified", ["reentry"])


def test_rule_7_entry_defaults_give_their_facet_a_version(crm):
    """In a deal on entering opportunity: the status moves with the stage."""
    out = crm.run(crm.lead("sql/connected/open"), [crm.contact("opportunity", "IN_PROGRESS", ("salesqualifiedlead", "other value"))])
    lead = crm.run(crm.lead("sql/connected/open"), [crm.contact("opportunity", "", ("salesqualifiedlead", ""), silent=("hs_lead_status",))]).leads[0]
    assert (str(lead.state), lead.versions) == ("opportunity/in_deal/open", Versions(6, 6, 5))
    assert lead.set_by["status"].cause == "rule"
    assert out.leads[0].state.status == "connected", "what the record's own values rule out does not happen"


def test_rule_8_a_review_about_the_stage_leaves_the_rest_flowing(crm, written):
    """While a regress is asked about, the status of another system still travels."""
    down = crm.contact("lead", "NEW", ("customer", "NEW"))
    out = crm.run(crm.lead("customer/new/open"), [down, crm.contact("customer", "CONNECTED", ("customer", "NEW"), name="hubspot-emea")])
    assert (state(out), [r.kind for r in out.reviews]) == ("customer/connected/open", ["regress"])
    assert written(out) == {"hubspot.hs_lead_status": "CONNECTED"}


# ---- values that nobody may touch --------------------------------------------------------------------------------------------------------


def test_g1_an_unmapped_value_says_nothing_and_is_never_written_over(crm, written):
    """Held, counted, left alone; the record's other field flows."""
    out = crm.run(crm.lead("sql/connected/open"), [crm.contact("our own stage", "NEW", version=4)])
    assert (state(out), written(out)) == ("sql/connected/open", {"hubspot.hs_lead_status": "CONNECTED"})
    assert out.unmapped == [(H, "lifecyclestage", "our own stage")]


def test_g1_a_blank_at_first_sight_stays_silent(crm, written):
    """It says nothing, is never filled, and is an edit once it changes."""
    silent = ("lifecyclestage", "hs_lead_status")
    assert written(crm.run(crm.lead("sql/connected/open"), [crm.contact("", "", version=4, silent=silent)])) == {}
    out = crm.run(crm.lead("lead/new/open"), [crm.contact("marketingqualifiedlead", "", ("", ""), silent=silent)])
    assert out.leads[0].state.stage == "mql"


def test_g1_a_blank_after_a_value_is_an_edit(crm):
    """Clearing the lead status takes the lead out of work."""
    out = crm.run(crm.lead("mql/connected/open"), [crm.contact("marketingqualifiedlead", "", ("marketingqualifiedlead", "CONNECTED"))])
    assert state(out) == "mql/none/open"


def test_g2_a_converted_lead_is_frozen(crm, written):
    """Whatever becomes of the lead, the converted record is not written."""
    out = crm.run(crm.lead("lead/new/open", last={"stage": SetBy("decision", "decision")}), [crm.sf(CONVERTED, version=4, opportunity="006A")])
    assert written(out) == {}


def test_g6_a_status_edit_never_moves_the_stage_back(crm):
    """Un-converting in Salesforce would lower an opportunity: asked about, and asked again until it is answered."""
    side = crm.sf(WORKING, CONVERTED)
    out = crm.run(crm.lead("opportunity/in_deal/open"), [side])
    assert (out.leads[0].state.stage, [r.kind for r in out.reviews]) == ("opportunity", ["regress"])
    assert out.links[0].state == side.link.state


def test_an_edit_that_an_exit_beats_is_told(crm, written):
    """Salesforce closes the lead while somebody gets through to it: CONNECTED is written over, and listed as what lost."""
    sides = [crm.sf(NOT_CONVERTED, WORKING), crm.contact("lead", "CONNECTED", ("lead", "ATTEMPTED_TO_CONTACT"))]
    out = crm.run(crm.lead("lead/attempting/open"), sides)
    assert (state(out), written(out)) == ("lead/none/disqualified", {"hubspot.hs_lead_status": "UNQUALIFIED"})
    assert [(e.field, e.new, e.old, e.origin) for e in out.edits if not e.taken] == [("status", "connected", "none", "hubspot")]


def test_of_two_statuses_the_one_that_lost_is_told(crm):
    """Both changed what is being done: the trusted system's is taken, the other one listed."""
    sides = [crm.sf(WORKING, OPEN), crm.contact("lead", "OPEN", ("lead", "NEW"))]
    out = crm.run(crm.lead("lead/new/open"), sides, trust="salesforce")
    assert state(out) == "lead/attempting/open"
    assert [(e.field, e.new, e.origin) for e in out.edits if not e.taken] == [("status", "assigned", "hubspot")]


# ---- first contact and decisions ---------------------------------------------------------------------------------------------------------


def test_first_contact_writes_nothing(crm, written):
    """A newcomer that contradicts the lead stands as `adopted`."""
    out = crm.run(crm.lead("sql/connected/open"), [crm.contact("lead", "NEW", "new"), crm.sf(WORKING)])
    assert (state(out), written(out), {s.reason for s in out.standing}) == ("sql/connected/open", {}, {"adopted"})


def test_a_decision_with_unseen_values_leaves_the_question_open(crm):
    """Somebody changed the record after the answer: not applied, not consumed, asked again."""
    stale = crm.decision("mql/new/open", {H: "lifecyclestage=lead; hs_lead_status=NEW"})
    out = crm.run(crm.lead("lead/new/open"), [crm.contact("customer", "NEW", ("lead", "NEW"))], decisions=[stale])
    assert (state(out), out.decided, [r.kind for r in out.reviews]) == ("lead/new/open", [], ["conflict"])


def test_first_contact_learns_from_the_field_that_nothing_contradicts(crm, written):
    """HubSpot's stage adds to what Salesforce says, though its lead status contradicts: the stage is learned, the status stands."""
    start = Lead("l1", "p1", 1, State("lead", "new", "open"), Versions())
    both = crm.run(start, [crm.contact("marketingqualifiedlead", "NEW", "new"), crm.sf(WORKING, "new")], trust="salesforce")
    assert (state(both), written(both), {s.field for s in both.standing}) == ("mql/attempting/open", {}, {"hs_lead_status"})
    known = crm.lead("lead/attempting/open", cause="adopted", origin="salesforce")
    later = crm.run(known, [crm.contact("marketingqualifiedlead", "NEW", "new"), crm.sf(WORKING)])
    assert (state(later), written(later), {s.field for s in later.standing}) == ("mql/attempting/open", {}, {"hs_lead_status"})


# ---- rules for standing differences ------------------------------------------------------------------------------------------------------

HUBSPOT_IS_RIGHT = Settle("state", "prefer", "hubspot")


def settled(crm, lead, sides, rules=()):
    """First contact of `sides`, and then a round in which nothing changed but the rules."""
    met = crm.run(lead, sides)
    links = {link.id: link for link in met.links}
    return crm.run(met.leads, [replace(side, link=links[side.id]) for side in sides], settle=rules)


def test_a_preferred_systems_old_state_is_taken_and_the_others_are_written(crm, written):
    """HubSpot stood at an attempt; preferred, its status becomes the lead's, and Salesforce follows as after an edit."""
    sides = [crm.contact("lead", "ATTEMPTED_TO_CONTACT", "new"), crm.sf(OPEN)]
    known = crm.lead("lead/new/open", cause="adopted", origin="salesforce")
    left = settled(crm, known, sides)
    assert (state(left), written(left), [s.field for s in left.standing]) == ("lead/new/open", {}, ["hs_lead_status"])
    out = settled(crm, known, sides, [HUBSPOT_IS_RIGHT])
    assert (state(out), written(out), out.standing) == ("lead/attempting/open", {"salesforce.Status": WORKING}, [])


@pytest.mark.parametrize(
    ("rule", "status"),
    [
        (replace(HUBSPOT_IS_RIGHT, value="ATTEMPTED_TO_CONTACT", hub="status new"), "attempting"),
        (replace(HUBSPOT_IS_RIGHT, value="CONNECTED"), "new"),
        (replace(HUBSPOT_IS_RIGHT, hub="status connected"), "new"),
        (replace(HUBSPOT_IS_RIGHT, system="salesforce"), "new"),
    ],
)
def test_a_rule_for_the_state_is_about_its_pattern_alone(crm, rule, status):
    """The native value there, what the lead holds, and the system each narrow it."""
    known = crm.lead("lead/new/open", cause="adopted", origin="salesforce")
    out = settled(crm, known, [crm.contact("lead", "ATTEMPTED_TO_CONTACT", "new"), crm.sf(OPEN)], [rule])
    assert state(out) == f"lead/{status}/open"


def test_the_first_rule_that_fits_decides(crm):
    """A pattern that is kept stays out of the wider rule behind it."""
    known = crm.lead("lead/new/open", cause="adopted", origin="salesforce")
    kept = Settle("state", "keep", "hubspot", "ATTEMPTED_TO_CONTACT", "status new")
    out = settled(crm, known, [crm.contact("lead", "ATTEMPTED_TO_CONTACT", "new"), crm.sf(OPEN)], [kept, HUBSPOT_IS_RIGHT])
    assert (state(out), [s.field for s in out.standing]) == ("lead/new/open", ["hs_lead_status"])


def test_of_one_record_a_rule_takes_the_field_that_it_is_about(crm):
    """The stage, which the other HubSpot knows better, is kept by its own rule; the status, behind it, is taken."""
    known = crm.lead("sql/new/open", cause="adopted", origin="hubspot-emea")
    emea = crm.contact("salesqualifiedlead", "NEW", name="hubspot-emea")
    kept = Settle("state", "keep", "hubspot", "lead", "stage sql")
    out = settled(crm, known, [crm.contact("lead", "ATTEMPTED_TO_CONTACT", "new"), emea, crm.sf(OPEN)], [kept, HUBSPOT_IS_RIGHT])
    assert (state(out), [s.field for s in out.standing]) == ("sql/attempting/open", ["lifecyclestage"])


def test_a_preferred_systems_old_state_never_replaces_an_edit(crm, written):
    """The stage was edited: it stays, and stands; the status, which nobody edited, is taken."""
    known = crm.lead("sql/new/open", cause="adopted", origin="salesforce", last={"stage": SetBy("salesforce", "edit")})
    out = settled(crm, known, [crm.contact("lead", "ATTEMPTED_TO_CONTACT", "new"), crm.sf(OPEN)], [HUBSPOT_IS_RIGHT])
    assert (state(out), written(out)) == ("sql/attempting/open", {"salesforce.Status": WORKING})
    assert [s.field for s in out.standing] == ["lifecyclestage"]


def test_an_ordered_field_is_not_set_back_for_a_preferred_system(crm, written):
    """Salesforce, preferred, knows of no opportunity: HubSpot's lifecycle would go backward, so it waits for a person."""
    known = crm.lead("opportunity/new/open", cause="adopted", origin="hubspot")
    sides = [crm.contact("opportunity", "NEW"), crm.sf(OPEN, "new")]
    out = settled(crm, known, sides, [Settle("state", "prefer", "salesforce")])
    assert (state(out), written(out), out.waiting) == ("lead/new/open", {}, [(H, "lifecyclestage")])
