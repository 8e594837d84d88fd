"""The plan: what reconciling decided, as exact native writes."""

from dataclasses import replace
from typing import Any

import pytest

from leadhub.core.cutting import calls, reversibility
from leadhub.core.drafts import PersonPlan, label
from leadhub.core.owners import OwnerBook
from leadhub.core.plan import plan_person
from leadhub.core.policy import Policy
from leadhub.core.reconcile import FieldWrite, Reconciled, SideWrite
from leadhub.core.sides import Side
from leadhub.core.state_writes import StateWrite
from leadhub.core.targets import TargetObject, native_names
from leadhub.core.voices import Voice
from leadhub.lifecycle.loader import load_relation
from leadhub.model.person import Base, Canonical, Lead, Link, Person, SetBy, Versions
from leadhub.model.record import FieldMapping, ObjectMapping, Operation
from leadhub.model.run import Review
from leadhub.model.state import State

RELATION = load_relation(
    {
        "system": "crm",
        "object": "Lead",
        "field": {
            "Status": {
                "required": True,
                "map": [{"value": "Open", "stage": ["lead", "known", "mql", "sal", "sql"], "exit": ["open"]}],
                "hold": [{"exit": ["disqualified", "recycled", "lost", "churned"]}, {"stage": ["opportunity+"]}],
            }
        },
    },
    source="test.toml",
)
MAPPING = ObjectMapping(
    "Lead",
    (
        FieldMapping("email", "Email", max_length=20),
        FieldMapping("last_name", "LastName", required=True),
        FieldMapping("company", "Company", required=True),
        FieldMapping("job_title", "Title", writable=False),
    ),
    own_lead=True,
    created="Born",
)
TARGET = TargetObject("crm", MAPPING, RELATION, creates=True)
LEAD = Lead("l1", "p1", 1, State("mql", "new", "open"), Versions(2, 1, 1), {"stage": SetBy("hs", "edit")})
ELSEWHERE = Link("hs", "contacts", "1", "p1", None)
KNOWN = {"email": "a@x.example", "last_name": "Lee", "company": "Acme", "job_title": "CTO", "first_name": "Ann"}


def _person(**values: str | None) -> Person:
    fields = {name: Canonical(value, 3, "hs", "edit") for name, value in {**KNOWN, **values}.items()}
    return Person("p1", fields)


def _plan(result: Reconciled, target: TargetObject = TARGET, **more: Any) -> Any:
    return plan_person(result, {target.key: target}, **more)


def _update(names: list[str], person: Person, state: list[StateWrite] | None = None) -> Reconciled:
    link = Link("crm", "Lead", "7", "p1", "l1")
    native = {f.native: "old" for f in MAPPING.fields}
    side = Side(link, dict.fromkeys(KNOWN, "old"), {"Status": "Odd"}, native=native)
    told = {n: FieldWrite(n, person.fields[n], Base(person.fields[n].value, 3, "sent")) for n in names}
    write = SideWrite(side, told, state or [])
    return Reconciled(person, (LEAD,), (link,), writes=[write])


def test_an_update_has_values_before_images_reasons_and_bases() -> None:
    """One change: native names, what was there before, why, and the base that the side has once it is accepted."""
    (change,) = _plan(_update(["email"], _person())).changes
    assert (change.operation, change.record_id, change.values, change.before) == (Operation.UPDATE, "7", {"Email": "a@x.example"}, {"Email": "old"})
    assert change.why == {"Email": "edited in hs"}
    assert change.fields == {"email": Base("a@x.example", 3, "sent")}
    assert change.name == "Ann Lee"


def test_what_would_surely_be_refused_is_not_planned_and_the_rest_is() -> None:
    """A value too long and a blank in a required field are named; the other field of the record is written."""
    person = _person(email="a-very-long-address@x.example", company=None, last_name="Moss")
    plan = _plan(_update(["email", "company", "last_name"], person))
    assert [c.values for c in plan.changes] == [{"LastName": "Moss"}]
    assert {(n.field, n.reason) for n in plan.not_planned} == {
        ("email", "Email holds 20 characters; this value has 29"),
        ("company", "Company is required and cannot be blanked"),
    }


def test_an_update_of_which_nothing_is_left_is_no_change() -> None:
    """Everything refused: no empty call."""
    assert not _plan(_update(["company"], _person(company=None))).changes


@pytest.mark.parametrize(("clear_first", "operation"), [(False, Operation.UPDATE), (True, Operation.CLEAR_THEN_SET)])
def test_a_state_write_is_a_stage_move(clear_first: bool, operation: Operation) -> None:
    """State values go with the fields in one change; a backward one asks for clearing first."""
    link = Link("crm", "Lead", "7", "p1", "l1")
    voice = Voice(Side(link, {}, {"Status": "Odd"}), RELATION, "l1", frozenset({"l1"}))
    write = StateWrite(voice, "Status", "Open", "Odd", "stage", clear_first=clear_first)
    (change,) = _plan(_update(["email"], _person(), [write])).changes
    assert (change.operation, change.stage_move) == (operation, True)
    assert (change.values["Status"], change.before["Status"]) == ("Open", "Odd")
    assert change.why["Status"] == "stage is mql: edited in hs"


def _created(person: Person | None = None, target: TargetObject = TARGET, lead: Lead = LEAD, **more: Any) -> Any:
    result = Reconciled(person or _person(), (lead,), (ELSEWHERE, *more.pop("links", ())), reviews=more.pop("reviews", []))
    return _plan(result, target, **more)


def test_a_missing_record_is_created_with_everything_known() -> None:
    """Writable fields, the state's value, the lead it stands for, and bases for what was sent; read-only fields are not sent."""
    (change,) = _created().changes
    assert change.operation is Operation.CREATE
    assert change.values == {"Email": "a@x.example", "LastName": "Lee", "Company": "Acme", "Status": "Open"}
    assert (change.record_id, change.lead_id, change.before) == (None, "l1", {})
    assert set(change.fields) == {"email", "last_name", "company"}
    assert change.state_versions == {"l1": LEAD.versions}


def test_the_key_of_a_create_is_the_same_in_every_run_and_differs_by_lead() -> None:
    """The same lead, system and installation give the same key, whatever the values; another lead gives another."""
    first, again = _created().changes[0].key, _created(_person(company="Other")).changes[0].key
    assert first == again
    assert _created(lead=replace(LEAD, id="l2")).changes[0].key != first


def test_nothing_is_created_where_it_is_not_allowed_or_not_certain() -> None:
    """Not switched on, a record there already (frozen ones count), a possible duplicate, an open question: no create, where else there is one."""
    there = Link("crm", "Lead", "7", "p1", "l1", "frozen")
    question = Review("r", "conflict", "g", "p1", None, "email", {})
    assert _created().changes
    assert not _created(target=replace(TARGET, creates=False)).changes
    assert not _created(links=(there,)).changes
    assert not _created(uncertain=frozenset({"crm"})).changes
    assert not _created(reviews=[question]).changes


@pytest.mark.parametrize("links", [(), (replace(ELSEWHERE, role="frozen"),), (replace(ELSEWHERE, role="secondary"),)])
def test_nobody_is_created_from_records_that_are_out_of_scope(links: tuple[Link, ...]) -> None:
    """A person without a primary record anywhere is heard of by no system."""
    assert not _plan(Reconciled(_person(), (LEAD,), links)).changes


def test_a_record_of_another_cycle_does_not_stand_in_the_way() -> None:
    """The person's former lead has a record there; the current one has none and gets one."""
    former = Link("crm", "Lead", "7", "p1", "l0")
    assert len(_created(links=(former,)).changes) == 1


def test_what_a_create_lacks_is_said_in_one_sentence() -> None:
    """A required value that is not known, a required one that is too long, a state without a word: all in one reason, and no create."""
    person = _person(company=None, email="a-very-long-address@x.example")
    strict = replace(TARGET, mapping=replace(MAPPING, fields=tuple(replace(f, required=True) if f.native == "Email" else f for f in MAPPING.fields)))
    plan = _created(person, strict, lead=replace(LEAD, state=State("customer", "none", "open")))
    assert not plan.changes
    (missing,) = plan.not_planned
    for part in ("Company is required and not known", "Email holds 20 characters", "Status has no value for customer/none/open"):
        assert part in missing.reason


def test_an_optional_value_that_does_not_fit_is_left_out_of_a_create() -> None:
    """One long value stops no create: it is named as refused, and its base says that the record does not have it."""
    plan = _created(_person(email="a-very-long-address@x.example"))
    (change,) = plan.changes
    assert change.values == {"LastName": "Lee", "Company": "Acme", "Status": "Open"}
    assert change.fields["email"] == Base(None, 0, "sent")
    assert [(n.field, n.reason) for n in plan.not_planned] == [("email", "Email holds 20 characters; this value has 29")]


def test_a_person_is_called_by_name_then_address_then_id() -> None:
    """What a plan's reader sees first."""
    assert label(_person()) == "Ann Lee"
    assert label(_person(first_name=None, last_name=None)) == "a@x.example"
    assert label(Person("p1")) == "p1"


def test_an_object_is_asked_for_everything_that_is_read() -> None:
    """Mapped fields, state fields, and the date of its making, each once."""
    assert native_names(TARGET) == ("Email", "LastName", "Company", "Title", "Status", "Born")


def _conversion(owner: str | None = None, told: dict[str, FieldWrite] | None = None, **target: Any) -> PersonPlan:
    shown = {"owner": owner} if owner else {}
    side = Side(Link("crm", "Lead", "7", "p1", "l1"), shown, {"Status": "Open"}, native={"Status": "Open"})
    lead = Lead("l1", "p1", 1, State("opportunity", "in_deal", "open"), Versions(3, 3, 3), {"stage": SetBy("other", "edit")})
    writes = [SideWrite(side, told)] if told else []
    result = Reconciled(Person("p1"), (lead,), (side.link,), writes=writes, conversions=[(side, lead)])
    mapping = ObjectMapping("Lead", (FieldMapping("owner", "OwnerId", type="owner"),), own_lead=True, converted="IsConverted")
    one = TargetObject("crm", mapping, RELATION, **target)
    return plan_person(result, {one.key: one})


def test_a_conversion_is_planned_only_where_it_is_allowed_and_can_be_made() -> None:
    """Allowed: one change without values, that nothing takes back. Not allowed: proposed, with the line that allows it. Not to be made: nothing."""
    (change,) = _conversion(converts=100, may_convert=True).changes
    assert (change.operation, change.record_id, change.values, change.stage_move) == (Operation.CONVERT, "7", {}, True)
    assert change.why == {"Status": "stage is opportunity: edited in other"}
    assert change.state_versions == {"l1": Versions(3, 3, 3)}
    target = TargetObject("crm", ObjectMapping("Lead", ()), RELATION, converts=100)
    assert reversibility(change, target, Policy((), {})) == "irreversible"
    assert calls([change] * 101, target, 200) == 2
    proposal = _conversion(converts=100)
    assert not proposal.changes
    assert proposal.proposed == ['convert Lead 7 (p1, opportunity): allow = ["convert"] in [system.crm]']
    nothing = _conversion(may_convert=True)
    assert (nothing.changes, nothing.proposed) == ([], [])


def test_what_a_queue_owns_is_not_converted_but_proposed_with_the_reason() -> None:
    """Salesforce refuses it: no plan counts on it, until a user owns the record, or becomes its owner by the same plan."""
    allowed: dict[str, Any] = {"converts": 100, "may_convert": True}
    plan = _conversion("queue: Inbound", **allowed)
    assert plan.changes == []
    assert plan.proposed == [
        "convert Lead 7 (p1, opportunity): queue: Inbound owns it, and only what a user owns is converted: give it to a user in crm"
    ]
    assert [change.operation for change in _conversion("ann@acme.example", **allowed).changes] == [Operation.CONVERT]
    to_ann = Canonical("ann@acme.example", 1, "hs", "edit")
    told = {"owner": FieldWrite("owner", to_ann, Base("ann@acme.example", 1, "sent"))}
    book = OwnerBook({"005": "ann@acme.example"}, {"ann@acme.example": "005"})
    both = _conversion("queue: Inbound", told, owners=book, **allowed)
    assert [change.operation for change in both.changes] == [Operation.UPDATE, Operation.CONVERT]
    assert both.proposed == []
