"""The breaker: what puts its own value back after each of our writes is left alone after three, and people who type are never cut off."""

# ruff: noqa: ANN001, ANN201, ANN202 - the builders' arguments are plain words

from leadhub.model.record import LAST_SAVED, Author

HS = "hubspot/record/1"


def _fight(table, answers, writes, *, by=None):
    """Let one side answer every write of ours; return what became of each. `answers` and `writes` are by turn: what it shows then, what was sent."""
    reasons, bounced, shown = [], 0, "old"
    for answer, sent in zip(answers, writes, strict=True):
        side = table.side("hubspot", answer, sent, 3, "sent", bounced=bounced, over=shown, by=by)
        out = table.run([side], hub=sent)
        reasons.append(out.bases[HS].how)
        bounced, shown = out.bases[HS].bounced, answer
    return reasons


def test_a_workflow_that_sets_its_own_value_stops_after_three(table):
    """Whatever we write, it writes Robot, and nobody tells who it was."""
    assert _fight(table, ["Robot"] * 4, ["A", "B", "C", "D"])[:3] == ["agreed", "agreed", "rewritten"]


def test_a_workflow_that_puts_back_what_we_replaced_stops_after_three(table):
    """A, ours, A, ours, A: three times put back."""
    assert _fight(table, ["old"] * 3, ["ours"] * 3) == ["agreed", "agreed", "rewritten"]


def test_people_who_type_ever_new_values_are_never_cut_off(table):
    """Two people answer each other in one field ten times, and nothing tells that they are people: every value travels."""
    turns = [str(n) for n in range(10)]
    assert set(_fight(table, [f"mine {n}" for n in turns], [f"theirs {n}" for n in turns])) == {"agreed"}


def test_who_is_only_known_to_have_saved_the_record_last_is_no_automation(table):
    """The owner of a record is asked about: a name from "last modified by" proves nothing, and new values travel."""
    saved = Author("automation", f"{LAST_SAVED}Jane")
    turns = [str(n) for n in range(5)]
    assert set(_fight(table, [f"mine {n}" for n in turns], [f"theirs {n}" for n in turns], by=saved)) == {"agreed"}


def test_a_history_that_names_an_automation_is_believed(table, automation):
    """Ever new values, but the system itself says that no person set them: left alone after three."""
    turns = ["1", "2", "3"]
    assert _fight(table, [f"bot {n}" for n in turns], [f"ours {n}" for n in turns], by=automation) == ["agreed", "agreed", "rewritten"]


def test_a_value_that_stood_ends_the_row(table):
    """Twice put back, then a write of ours that stood until the hub moved on: the count begins anew."""
    side = table.side("hubspot", "ours", "ours", 2, "sent", bounced=2, over="old")
    out = table.run([side], hub="newer")
    assert (out.writes, out.bases[HS].bounced) == ([HS], 0)


def test_a_decision_lifts_it(table):
    """`leads set` on a side that was given up: it is written again, and has three writes anew."""
    given_up = table.side("hubspot", "Robot", "Robot", 3, "rewritten", bounced=3)
    out = table.run([given_up], hub="ours", decisions=[table.decision("ours", {"hubspot": "Robot"})])
    assert (out.writes, out.bases[HS].bounced) == ([HS], 0)


# ---- state -----------------------------------------------------------------------------------------------------------------------------


def _duel(crm, hubspot_says, salesforce_says, turns):
    """Two CRMs of which each answers every write of ours; return how many writes each round made, and how each record stands at the end."""
    lead, contact, sf = crm.lead("lead/new/open"), crm.contact("lead", "CONNECTED", was=("lead", "NEW")), crm.sf("Open - Not Contacted")
    made = []
    for turn in range(turns):
        result = crm.run(lead, [contact, sf])
        (lead,) = result.leads
        links, writes = {link.id: link for link in result.links}, {w.side.id: w for w in result.writes}
        contact = crm.answered(contact, links[contact.id], writes.get(contact.id), hubspot_says(turn))
        sf = crm.answered(sf, links[sf.id], writes.get(sf.id), salesforce_says(turn))
        made.append(len(result.writes))
    return made, [link.state.how for link in result.links]


def test_two_workflows_that_rewrite_each_other_come_to_rest(crm):
    """HubSpot always goes back to CONNECTED, Salesforce to Open: after some rounds one of them is given up, and nothing is written any more."""
    made, how = _duel(crm, lambda _: {"hs_lead_status": "CONNECTED"}, lambda _: {"Status": "Open - Not Contacted"}, 20)
    assert sum(made) > 2, "they fought"
    assert made[-5:] == [0] * 5
    assert "rewritten" in how


def test_a_state_that_people_move_on_is_never_cut_off(crm):
    """Somebody answers each of our writes with another status, and nothing tells that it is a person: every one is heard."""
    steps = ["ATTEMPTED_TO_CONTACT", "CONNECTED", "OPEN", "NEW"]
    made, how = _duel(
        crm, lambda turn: {"hs_lead_status": steps[turn % 4]}, lambda turn: {"Status": ["Open - Not Contacted", "Working - Contacted"][turn % 2]}, 12
    )
    assert "rewritten" not in how
    assert sum(made) == 4, "until both say what fits"


def test_a_forward_move_by_automation_after_each_write_is_no_fight(crm):
    """HubSpot's stage moves on after each write of its lead status: that is another field than we wrote, and is heard each time."""
    stages = ["lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "opportunity"]
    _, how = _duel(
        crm,
        lambda turn: {"lifecyclestage": stages[min(turn, 4)]},
        lambda turn: {"Status": ["Working - Contacted", "Open - Not Contacted"][turn % 2]},
        5,
    )
    assert "rewritten" not in how
