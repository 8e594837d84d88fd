"""What of a planned change can be made alone, and what that is worth: pieces, their bases, their cost, and whether they can be taken back."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from leadhub.core.cutting import calls, cut, often_starts, pieces, reversibility, with_companions
from leadhub.core.policy import FieldPolicy, Policy
from leadhub.core.targets import TargetObject
from leadhub.lifecycle.relation import FieldRelation, Relation
from leadhub.model.person import Base, Versions
from leadhub.model.record import FieldMapping, NativeValue, ObjectMapping, Operation
from leadhub.model.run import PlannedChange

RELATION = Relation("crm", "record", (FieldRelation("stage", (), ordered=True), FieldRelation("status", ())))
MAPPING = ObjectMapping(
    "record",
    (
        FieldMapping("email", "Email"),
        FieldMapping("job_title", "Title"),
        FieldMapping("street", "Street"),
        FieldMapping("city", "City"),
        FieldMapping("email_opt_out", "OptOut", type="boolean", follows="email", own_call=True),
    ),
)
TARGET = TargetObject("crm", MAPPING, RELATION)


def _field(name: str, **more: object) -> FieldPolicy:
    return FieldPolicy(name, lambda text, _region: text, **more)  # type: ignore[arg-type]


POLICY = Policy(
    ("crm",),
    {
        "email": _field("email"),
        "job_title": _field("job_title"),
        "street": _field("street", group="address"),
        "city": _field("city", group="address"),
        "email_opt_out": _field("email_opt_out", merge="restrictive"),
    },
)
BASES = {"Email": "email", "Title": "job_title", "Street": "street", "City": "city", "OptOut": "email_opt_out@l1"}


def change(values: Mapping[str, NativeValue], operation: Operation = Operation.UPDATE, record: str = "1") -> PlannedChange:
    """A write of these native values."""
    fields = {BASES[name]: Base("x", 2, "sent") for name in values if name in BASES}
    state = {"stage": "lead", "status": "new"} if values.keys() & {"stage", "status"} else None
    versions = {"l1": Versions(2, 2, 2)} if state else {}
    record_id = None if operation is Operation.CREATE else record
    why = dict.fromkeys(values, "because")
    move = state is not None
    return PlannedChange("k", "crm", "record", operation, record_id, "p1", "l1", values, {}, why, fields, state, versions, stage_move=move)


EVERYTHING = change(
    {"Title": "CEO", "Street": "Ring 1", "City": "Bonn", "stage": "lead", "status": "new", "Email": "a@b.example", "OptOut": True},
    Operation.CLEAR_THEN_SET,
)


def test_a_change_falls_into_what_can_be_made_alone() -> None:
    """A plain field alone; an address, the state, and an address with the opt-out that hangs on it as a whole."""
    assert [(p.name, list(p.change.values)) for p in pieces(EVERYTHING, TARGET, POLICY)] == [
        ("Title", ["Title"]),
        ("address", ["Street", "City"]),
        ("stage, status", ["stage", "status"]),
        ("Email, OptOut", ["Email", "OptOut"]),
    ]


def test_a_piece_carries_its_own_bases_alone() -> None:
    """Of what is not sent nothing is remembered: no base, no state, no clearing, and a key of its own."""
    title = cut(EVERYTHING, {"Title"}, TARGET)
    assert (dict(title.values), dict(title.fields), dict(title.why)) == ({"Title": "CEO"}, {"job_title": Base("x", 2, "sent")}, {"Title": "because"})
    assert (title.state, title.state_versions, title.stage_move, title.operation) == (None, {}, False, Operation.UPDATE)
    state = cut(EVERYTHING, {"stage", "status"}, TARGET)
    assert (state.state, state.stage_move, state.operation, state.fields) == (EVERYTHING.state, True, Operation.CLEAR_THEN_SET, {})
    assert len({title.key, state.key, EVERYTHING.key}) == 3


def test_what_is_only_made_together_comes_along() -> None:
    """Who asks for the city gets the street."""
    assert list(with_companions(EVERYTHING, {"City"}, TARGET, POLICY).values) == ["Street", "City"]


def test_a_whole_stays_the_change_that_it_was() -> None:
    """All fields, a create and an archiving are the change itself, under its own key."""
    create, archive = change({"Title": "CEO", "City": "Bonn"}, Operation.CREATE), change({}, Operation.ARCHIVE)
    assert cut(EVERYTHING, EVERYTHING.values.keys(), TARGET) is EVERYTHING
    for whole in (create, archive):
        assert [(p.name, p.change) for p in pieces(whole, TARGET, POLICY)] == [("", whole)]


@pytest.mark.parametrize(
    ("planned", "word"),
    [
        (change({"Title": "CEO"}), "reversible"),
        (change({"stage": "lead"}, Operation.CLEAR_THEN_SET), "compensable"),
        (change({"Title": "CEO"}, Operation.CREATE), "compensable"),
        (change({}, Operation.ARCHIVE), "irreversible"),
        (change({"OptOut": True}), "irreversible"),
        (change({"Title": "CEO", "OptOut": True}), "irreversible"),
        (change({"OptOut": False}), "reversible"),
    ],
)
def test_an_opt_out_is_irreversible_and_so_is_whatever_holds_one(planned: PlannedChange, word: str) -> None:
    """Nobody is opted in again by a program."""
    assert reversibility(planned, TARGET, POLICY) == word


@pytest.mark.parametrize(
    ("planned", "count"),
    [
        ([change({"Title": "CEO"}, record=str(n)) for n in range(5)], 3),
        ([change({"stage": "lead"}, Operation.CLEAR_THEN_SET, str(n)) for n in range(5)], 6),
        ([change({"OptOut": True}, record=str(n)) for n in range(5)], 5),
        ([change({"OptOut": True, "Title": "CEO"}, record=str(n)) for n in range(5)], 8),
        ([change({"OptOut": False}, Operation.CREATE)] * 2, 1),
        ([change({}, Operation.ARCHIVE)] * 2, 1),
        ([change({"OptOut": True}, record=str(n)) for n in range(2)] + [change({"Title": "CEO"}, record=str(n)) for n in range(2, 5)], 4),
        ([], 0),
    ],
)
def test_requests_are_counted_as_the_system_takes_them(planned: list[PlannedChange], count: int) -> None:
    """Two records a batch here; an opt-out takes a request for each record, and a new record that is not opted out takes none."""
    assert calls(planned, TARGET, 2) == count


@pytest.mark.parametrize(("statuses", "titles", "count"), [(2, 0, 2), (2, 3, 3), (3, 1, 1), (0, 3, 1)])
def test_a_few_guarded_writes_of_a_batch_take_a_request_each(statuses: int, titles: int, count: int) -> None:
    """Up to two statuses go one by one here, each under its own condition, and the rest together; more of them go together with the rest."""
    target = replace(TARGET, mapping=replace(MAPPING, guarded=("status",), guarded_most=2))
    planned = [change({"status": "new"}, record=str(n)) for n in range(statuses)]
    planned += [change({"Title": "CEO"}, record=str(n)) for n in range(statuses, statuses + titles)]
    assert calls(planned, target, 100) == count


@pytest.mark.parametrize(
    ("planned", "starts"),
    [
        (change({"Title": "CEO"}), False),
        (change({"Title": "CEO", "status": "new"}), True),
        (change({"OptOut": True}), True),
        (change({"Title": "CEO"}, Operation.CREATE), True),
        (change({}, Operation.CONVERT), True),
    ],
)
def test_what_automation_often_listens_to_is_told(planned: PlannedChange, *, starts: bool) -> None:
    """A state, a consent and a record as a whole set off workflows and e-mails that nobody takes back; a title seldom does."""
    assert often_starts(planned, TARGET) is starts
