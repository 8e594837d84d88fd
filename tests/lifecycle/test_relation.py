"""The relation by itself, on rows made up for the purpose: which row reads a value, what a record allows, and what is written for a state."""

import pytest

from leadhub.lifecycle.relation import ANY_OTHER, KEEP, Box, FieldRelation, Relation, Row, condition_met
from leadhub.lifecycle.states import VALID, bit, pack, unpack
from leadhub.model.state import EXITS, STAGES, STATUSES, State

ANY = Box()


def state(text: str) -> State:
    """`mql/new/open` as a state."""
    return State(*text.split("/"))


def box(stage: str = "", status: str = "", exits: str = "") -> Box:
    """A box of the values named in each text, or of all."""
    return Box(frozenset(stage.split() or STAGES), frozenset(status.split() or STATUSES), frozenset(exits.split() or EXITS))


def stage_row(value: str, stage: str, **more: object) -> Row:
    """A value that is read as a stage and written for it."""
    return Row(value, box(stage), (box(stage),), **more)


MQL, SQL, CUSTOMER = stage_row("M", "mql"), stage_row("S", "sql"), stage_row("C", "customer")
STAGE = FieldRelation("stage", (MQL, SQL, CUSTOMER), ordered=True)
STATUS = FieldRelation("status", (Row("busy", box(status="attempting connected"), (box(status="connected"),)), Row("idle", box(status="none"))))
CRM = Relation("crm", "person", (STATUS, STAGE))


# ---- boxes --------------------------------------------------------------------------------------------------------------------------------


def test_a_box_has_the_values_of_each_facet() -> None:
    """Each facet by itself, and a state only where all three are in."""
    here = box("mql", "new", "open")
    assert (here.values("stage"), here.values("status"), here.values("exit")) == ({"mql"}, {"new"}, {"open"})
    assert [here.contains(state(s)) for s in ("mql/new/open", "sql/new/open", "mql/none/open", "mql/new/recycled")] == [True, False, False, False]
    assert unpack(here.states) == {state("mql/new/open")}


@pytest.mark.parametrize("facet", ["stage", "status", "exit"])
def test_a_box_is_widened_in_the_facets_named_and_no_other(facet: str) -> None:
    """Every value of one facet is let in; the others are as narrow as before."""
    narrow = box("mql", "new", "open")
    wide = narrow.widened([facet])
    for name, values in (("stage", STAGES), ("status", STATUSES), ("exit", EXITS)):
        assert wide.values(name) == (frozenset(values) if name == facet else narrow.values(name))


# ---- rows ---------------------------------------------------------------------------------------------------------------------------------


def test_a_row_is_written_for_every_box_of_it() -> None:
    """Several boxes come together; without any a row is written for nothing."""
    two = Row("x", ANY, (box("mql", "new", "open"), box("sql", "new", "open")))
    assert unpack(two.written_states) == {state("mql/new/open"), state("sql/new/open")}
    assert Row("x", ANY).written_states == 0


def test_a_row_that_rules_nothing_out_says_nothing() -> None:
    """One that leaves out any value of any facet says something."""
    assert Row("x", ANY).says_nothing
    assert not Row("x", box(exits="open recycled disqualified lost")).says_nothing


def test_the_order_in_which_a_row_names_values_is_what_it_takes_for_likely() -> None:
    """Places add up over the facets named; what is not named comes after all that is, and a facet that is not named counts nothing."""
    row = Row("x", ANY, order=(("stage", ("sql", "mql")), ("status", ("new",))))
    behind = dict(zip(VALID, row.likelihood, strict=True))
    assert [behind[state(s)] for s in ("sql/new/open", "mql/new/open", "lead/new/open", "lead/none/open", "lead/none/recycled")] == [0, 1, 2, 3, 3]
    assert set(Row("x", ANY).likelihood) == {0}


@pytest.mark.parametrize(
    ("wanted", "met"),
    [("present", [True, True, False]), ("absent", [False, False, True]), ("yes", [True, False, False])],
)
def test_a_condition_is_met_by_presence_absence_or_the_value_itself(wanted: str, met: list[bool]) -> None:
    """Of a field that shows yes, no, nothing."""
    assert [condition_met(wanted, value) for value in ("yes", "no", "")] == met


def test_a_row_holds_only_where_all_its_conditions_are_met() -> None:
    """A field that the record lacks is absent."""
    row = Row("x", ANY, when={"deal": "present", "lost": "absent"})
    assert row.holds_for({"deal": "1"})
    assert not row.holds_for({"deal": "1", "lost": "1"})
    assert not row.holds_for({})
    assert Row("x", ANY).holds_for({})


def test_a_row_names_the_weightiest_facet_that_it_rules_out() -> None:
    """Exit before stage before status; none where it allows the state."""
    row = Row("x", box("mql", "new", "open"))
    ruled = ["sql/none/recycled", "sql/none/open", "mql/none/open", "mql/new/open"]
    assert [row.excludes(state(s)) for s in ruled] == ["exit", "stage", "status", None]


# ---- one field ----------------------------------------------------------------------------------------------------------------------------


def test_a_value_is_read_by_its_row_an_alias_or_the_row_for_any_other() -> None:
    """A value of its own first; a blank is never "any other" value; case counts unless it is folded."""
    other = Row(ANY_OTHER, ANY)
    mql = stage_row("M", "mql", alias=("Marketing", "M"))
    field = FieldRelation("stage", (other, mql))
    assert [field.row({"stage": v}) for v in ("M", "Marketing", "m", "")] == [mql, mql, other, None]
    assert field.row({}) is None
    assert FieldRelation("stage", (mql,)).row({"stage": "m"}) is None
    folded = FieldRelation("stage", (mql,), fold_case=True)
    assert [folded.row({"stage": v}) for v in ("m", "MARKETING", "x")] == [mql, mql, None]


def test_a_row_with_a_condition_is_read_in_place_of_the_plain_one() -> None:
    """Whatever their order; where its condition is not met the plain one reads, and without one nobody does."""
    plain, conditional = Row("C", box("sql")), Row("C", box("opportunity"), when={"deal": "present"})
    for rows in ((plain, conditional), (conditional, plain)):
        field = FieldRelation("stage", rows)
        assert field.row({"stage": "C", "deal": "1"}) is conditional
        assert field.row({"stage": "C"}) is plain
    assert FieldRelation("stage", (conditional,)).row({"stage": "C"}) is None
    other = Row(ANY_OTHER, ANY, when={"deal": "present"})
    assert FieldRelation("stage", (other,)).row({"stage": "x"}) is None
    assert FieldRelation("stage", (other, Row(ANY_OTHER, ANY))).row({"stage": "x"}) is not None


def test_a_field_names_the_values_that_any_of_its_rows_reads() -> None:
    """By a row of its own, whatever its conditions; by one for any other all but a blank."""
    own = FieldRelation("stage", (Row("C", ANY, when={"deal": "present"}),))
    assert [own.names(v) for v in ("C", "x", "")] == [True, False, False]
    any_other = FieldRelation("stage", (Row(ANY_OTHER, ANY),))
    assert [any_other.names(v) for v in ("x", "")] == [True, False]


def test_what_writes_a_state_is_every_row_that_claims_it() -> None:
    """Only rows without an open question, and none for an invalid state or one for which the field is held."""
    rival = Row("R", ANY, (box("sql"),))
    asking = Row("A", ANY, (box("customer"),), ask="which?")
    field = FieldRelation("stage", (MQL, SQL, rival, asking), hold=(box(status="nurturing"), box("mql", "new", "open")))
    assert field.writers(state("sql/new/open"), {}) == (SQL, rival)
    assert field.writers(state("mql/connected/open"), {}) == (MQL,)
    for nothing in ("customer/none/open", "sql/nurturing/open", "mql/new/open", "lead/none/lost"):
        assert field.writers(state(nothing), {}) == ()


def test_a_row_whose_condition_the_record_does_not_meet_does_not_write() -> None:
    """It would be read as another one; the record's other fields decide."""
    with_deal, without = Row("C", ANY, (box("opportunity"),), when={"deal": "present"}), Row("D", ANY, (box("opportunity"),))
    field = FieldRelation("stage", (with_deal, without))
    at = state("opportunity/in_deal/open")
    assert field.writers(at, {"deal": "1", "stage": "D"}) == (with_deal, without)
    assert field.writers(at, {}) == (without,)


# ---- a record's fields together -------------------------------------------------------------------------------------------------------------


def test_a_relation_knows_its_fields_and_those_of_its_conditions() -> None:
    """State fields as written, then what conditions name, none twice."""
    deal = FieldRelation("status", (Row("x", ANY, when={"deal": "present"}), Row("y", ANY, when={"stage": "present", "deal": "absent"})))
    relation = Relation("crm", "person", (deal, STAGE))
    assert (relation.state_fields, relation.names) == (("status", "stage"), ("status", "stage", "deal"))
    assert relation.field("stage") is STAGE
    with pytest.raises(KeyError):
        relation.field("deal")


def test_a_restricted_relation_is_of_the_same_object() -> None:
    """Some of the fields, in their order; system and object stay."""
    assert CRM.restricted_to({"stage", "deal"}) == Relation("crm", "person", (STAGE,))
    assert CRM.restricted_to(["stage", "status"]) == CRM


def test_a_value_with_an_open_question_is_unmapped_and_allows_everything() -> None:
    """So is one without a row; a blank without one is no value, and one with a row is read."""
    asking = FieldRelation("stage", (Row("A", box("mql"), ask="which?"), Row("", box("known"))))
    relation = Relation("crm", "person", (asking, STATUS))
    assert relation.row("stage", {"stage": "A"}) is None
    assert relation.unmapped({"stage": "A", "status": "?"}) == ("stage", "status")
    assert relation.unmapped({"stage": "", "status": ""}) == ()
    assert relation.unmapped({"status": "busy"}) == ()
    assert relation.allowed({"stage": "A"}) == frozenset(VALID)
    assert {s.stage for s in relation.allowed({"stage": ""})} == {"known"}
    assert {s.stage for s in relation.allowed({})} == {"known"}, "what a record lacks is blank"
    assert CRM.unmapped({}) == ()


def test_what_a_record_allows_is_what_all_its_fields_allow() -> None:
    """Their intersection; a silent field has no say, nor one that the record does not show."""
    both = {"stage": "M", "status": "idle"}
    assert CRM.allowed(both) == {s for s in VALID if (s.stage, s.status) == ("mql", "none")}
    assert CRM.allowed(both, silent=frozenset({"status"})) == {s for s in VALID if s.stage == "mql"}
    assert CRM.allowed({"status": "idle"}) == {s for s in VALID if s.status == "none"}
    assert CRM.allowed_set(both) == pack(CRM.allowed(both))
    assert CRM.speaking(both) == (STATUS.rows[1], MQL)


LOST = FieldRelation("lost", (Row("yes", box("opportunity", "none", "lost")),))


def test_of_fields_with_nothing_in_common_the_ordered_one_speaks() -> None:
    """Wherever it stands; where no field is ordered the first one does. A silent field does not even contradict."""
    relation = Relation("crm", "person", (LOST, STATUS, STAGE))
    torn = {"lost": "yes", "stage": "M", "status": "idle"}
    assert relation.speaking(torn) == (MQL,)
    assert not relation.has_common_state(torn)
    assert relation.has_common_state(torn, silent=frozenset({"lost"}))
    assert relation.speaking(torn, frozenset({"lost"})) == (STATUS.rows[1], MQL)
    unordered = Relation("crm", "person", (LOST, STATUS))
    assert unordered.speaking({"lost": "yes", "status": "busy"}) == (LOST.rows[0],)
    assert {s.exit for s in unordered.allowed({"lost": "yes", "status": "busy"})} == {"lost"}


def test_a_record_speaks_of_the_facets_in_which_it_leaves_a_value_out() -> None:
    """A stage leaves out no status by itself, and a silent field speaks of nothing."""
    assert CRM.speaks_of({"stage": "M"}, "stage")
    assert CRM.speaks_of({"status": "idle"}, "status")
    assert not CRM.speaks_of({"stage": "M"}, "stage", silent=frozenset({"stage"}))
    assert not Relation("crm", "person", (FieldRelation("x", (Row("y", ANY),)),)).speaks_of({"x": "y"}, "stage")


def test_a_record_contradicts_a_state_by_its_values_together_or_by_one_field() -> None:
    """Where the ordered field speaks alone, the other one contradicts all the same; silent and unmapped ones do not."""
    relation = Relation("crm", "person", (LOST, STAGE))
    torn = {"lost": "yes", "stage": "M"}
    assert relation.contradicts(torn, "exit", state("mql/new/open"))
    assert not relation.contradicts(torn, "exit", state("mql/new/open"), silent=frozenset({"lost"}))
    assert relation.contradicts({"stage": "M"}, "stage", state("sql/new/open"))
    assert not relation.contradicts({"stage": "M"}, "stage", state("mql/new/open"))
    assert not relation.contradicts({"stage": "M"}, "stage", state("sql/new/open"), silent=frozenset({"stage"}))
    assert not relation.contradicts({"stage": "?"}, "stage", state("sql/new/open"))


def test_together_values_may_rule_out_what_none_does_alone() -> None:
    """At opportunity and not in a deal, lost or none: a status allows each exit, and a stage too, but no valid state has both."""
    stage = FieldRelation("stage", (Row("C", box("customer")),))
    status = FieldRelation("status", (Row("n", box(status="nurturing", exits="open recycled")),))
    relation = Relation("crm", "person", (stage, status))
    assert relation.contradicts({"stage": "C", "status": "n"}, "exit", state("customer/nurturing/recycled"))
    assert not relation.contradicts({"stage": "C", "status": "n"}, "exit", state("customer/nurturing/open"))


def test_each_field_that_rules_a_state_out_is_named_with_its_facet() -> None:
    """In the order of the fields; silent and unmapped ones are not."""
    values = {"stage": "M", "status": "idle"}
    assert CRM.contradicted_fields(values, state("sql/connected/open")) == (("status", "status"), ("stage", "stage"))
    assert CRM.contradicted_fields(values, state("sql/connected/open"), silent=frozenset({"status"})) == (("stage", "stage"),)
    assert CRM.contradicted_fields({"stage": "?", "status": "idle"}, state("sql/none/open")) == ()


# ---- converted, held, written ---------------------------------------------------------------------------------------------------------------

CONVERTED = FieldRelation("stage", (stage_row("X", "opportunity", converted=True), MQL))
FROZEN = Relation("crm", "person", (STATUS, CONVERTED))


def test_a_converted_value_in_any_field_freezes_the_record() -> None:
    """Its other fields too; leaving the value undoes the conversion, coming to it or staying does not."""
    converted, open_ = {"stage": "X", "status": "idle"}, {"stage": "M", "status": "idle"}
    assert FROZEN.is_frozen(converted)
    assert not FROZEN.is_frozen(open_)
    assert FROZEN.put("status", converted, state("mql/connected/open")) is KEEP
    assert FROZEN.put("status", open_, state("mql/connected/open")) == "busy"
    turns = [(converted, open_), (open_, converted), (converted, converted), (open_, open_)]
    assert [FROZEN.is_unconverted(before, after) for before, after in turns] == [True, False, False, False]


def test_a_field_is_written_only_where_exactly_one_row_claims_the_state() -> None:
    """None or two: it is left alone."""
    two = Relation("crm", "person", (FieldRelation("stage", (MQL, Row("M2", ANY, (box("mql"),)), SQL)),))
    assert two.preferred("stage", state("sql/new/open")) == "S"
    assert two.preferred("stage", state("mql/new/open")) is None
    assert two.preferred("stage", state("customer/none/open")) is None
    assert [two.is_held("stage", state(s)) for s in ("sql/new/open", "mql/new/open")] == [False, True]


def test_what_is_preferred_depends_on_the_records_other_fields() -> None:
    """A row with a condition is preferred where the record meets it, and the field is held where it does not."""
    deal = Relation("crm", "person", (FieldRelation("stage", (Row("C", ANY, (box("opportunity"),), when={"deal": "present"}),)),))
    at = state("opportunity/in_deal/open")
    assert (deal.preferred("stage", at, {"deal": "1"}), deal.preferred("stage", at)) == ("C", None)
    assert (deal.is_held("stage", at, {"deal": "1"}), deal.is_held("stage", at)) == (False, True)
    both = Relation("crm", "person", (FieldRelation("stage", (MQL, *deal.fields[0].rows)),))
    assert [both.put("stage", {"stage": "M", **more}, at) for more in ({"deal": "1"}, {})] == ["C", None]


def test_what_a_field_shows_is_kept_where_it_allows_the_state() -> None:
    """However coarse; so is what is silent or unmapped. Else the preferred value is put, or nothing where there is none."""
    assert CRM.put("status", {"status": "busy"}, state("mql/attempting/open")) is KEEP
    assert CRM.put("status", {"status": "idle"}, state("mql/connected/open")) == "busy"
    assert CRM.put("status", {"status": "idle"}, state("mql/attempting/open")) is None
    assert CRM.put("status", {"status": "?"}, state("mql/connected/open")) is KEEP
    assert CRM.put("status", {"status": "idle"}, state("mql/connected/open"), silent=frozenset({"status"})) is KEEP
    assert bit(state("mql/connected/open"))
