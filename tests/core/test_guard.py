"""The guards: limits on a plan, each with the flag that lets it pass."""

import pytest

from leadhub.core.guard import CANARY, Refusal, Tally, judge, tally
from leadhub.model.person import Base
from leadhub.model.record import Operation
from leadhub.model.run import PlannedChange


def _change(number: int, *, operation: Operation = Operation.UPDATE, system: str = "crm", **more: object) -> PlannedChange:
    values = {"Title": f"T{number}"}
    fields = {"job_title": Base(f"T{number}", 2, "sent")}
    return PlannedChange(
        **{
            "key": f"k{number}", "system": system, "object": "Lead", "operation": operation, "record_id": str(number), "person_id": f"p{number}",
            "lead_id": None, "values": values, "before": {"Title": "old"}, "why": {}, "fields": fields, **more,
        }
    )  # fmt: skip


def _refused(changes: list[PlannedChange], linked: int = 0, cap: int = 200, **allowed: int) -> list[tuple[str, int, int]]:
    found = judge(tally(changes), {"crm": linked}, {"crm": cap}, {("crm", name): n for name, n in allowed.items()})
    return [(r.guard, r.seen, r.limit) for r in found]


@pytest.mark.parametrize(("linked", "limit"), [(0, 200), (4_000, 200), (10_000, 500)])
def test_updates_are_limited_to_200_or_a_twentieth(linked: int, limit: int) -> None:
    """max(200, 5 % of the linked records): the limit itself passes, one more does not."""
    assert not _refused([_change(n) for n in range(limit)], linked)
    assert _refused([_change(n) for n in range(limit + 1)], linked) == [("updates", limit + 1, limit)]


@pytest.mark.parametrize(("linked", "limit"), [(0, 50), (2_000, 100), (100_000, 500)])
def test_stage_moves_are_limited_to_between_50_and_500(linked: int, limit: int) -> None:
    """max(50, min(500, 5 %)); moves count as updates too."""
    passed = [_change(n, stage_move=True) for n in range(limit)]
    assert "stage_moves" not in {name for name, _, _ in _refused(passed, linked)}
    assert ("stage_moves", limit + 1, limit) in _refused([*passed, _change(limit, stage_move=True)], linked)


def test_creates_are_limited_by_the_cap_and_are_no_updates() -> None:
    """The cap of the system's own; creates count as nothing else."""
    creates = [_change(n, operation=Operation.CREATE) for n in range(300)]
    assert _refused(creates, cap=200) == [("creates", 300, 200)]
    assert not _refused(creates, cap=300)


def test_no_blank_replaces_a_value_unless_the_field_says_so() -> None:
    """One blank is one too many; a field that is configured to propagate blanks counts none."""
    blank = _change(1, values={"Phone": None}, fields={"phone": Base(None, 3, "sent")})
    assert _refused([blank]) == [("blanks", 1, 0)]
    assert not judge(tally([blank], frozenset({"phone"})), {}, {}, {})


def test_a_cleared_state_is_a_move_and_no_blank() -> None:
    """Blanking a state field counts as a stage move, as the table of guards says."""
    cleared = _change(1, values={"lifecyclestage": None}, fields={}, state={"lifecyclestage": ""}, stage_move=True)
    of = tally([cleared])["crm"]
    assert (of.blanks, of.stage_moves) == (0, 1)


def test_one_identity_value_for_a_fifth_of_all_is_refused() -> None:
    """More than 20 % of the linked records and at least 50; a company or a title may well be shared."""
    phones = [_change(n, fields={"phone": Base("+1 555", 2, "sent")}) for n in range(60)]
    assert ("one_value", 60, 49) in _refused(phones)
    assert not _refused(phones, linked=300)
    assert not _refused([_change(n, fields={"company": Base("Acme", 2, "sent")}) for n in range(60)])


def test_what_a_person_allowed_passes_up_to_that_number() -> None:
    """The flag names a number: that many pass, one more is refused again."""
    changes = [_change(n) for n in range(250)]
    assert not _refused(changes, updates=250)
    assert _refused([*changes, _change(250)], updates=250) == [("updates", 251, 200)]


def test_systems_are_judged_apart_and_the_message_helps() -> None:
    """Only the system over its limit is refused; the message has the pattern, the limit, the plan's command and the flag."""
    changes = [_change(n, system="a") for n in range(201)] + [_change(n, system="b") for n in range(5)]
    (refusal,) = judge(tally(changes), {}, {}, {})
    assert refusal.system == "a"
    for part in ("201 updates", "Title changed", "limit is 200", "leadhub plan", "--allow a.updates=201"):
        assert part in str(refusal)


def test_an_empty_plan_passes() -> None:
    """Nothing planned, nothing refused."""
    assert not judge({}, {}, {}, {})
    assert not judge({"crm": Tally()}, {}, {}, {})


def test_conversions_are_stage_moves_and_named_as_what_they_are() -> None:
    """Fifty pass; of fifty-one the guard says what most of them are."""
    made = [_change(n, operation=Operation.CONVERT, values={}, before={}, fields={}, stage_move=True) for n in range(51)]
    assert not _refused(made[:50])
    (refusal,) = judge(tally(made), {"crm": 0}, {"crm": 200}, {})
    assert (refusal.guard, refusal.pattern) == ("stage_moves", "conversions")
    only_archived = [_change(n, operation=Operation.ARCHIVE, values={}, before={}, fields={}) for n in range(201)]
    assert [r.pattern for r in judge(tally(only_archived), {"crm": 0}, {"crm": 200}, {})] == [""]


@pytest.mark.parametrize(
    ("refusal", "told"),
    [
        (Refusal("crm", "blanks", 1, 0, ""), "crm: 1 blank planned;"),
        (Refusal("crm", "stage_moves", 1, 0, ""), "crm: 1 stage move planned;"),
        (Refusal("crm", "updates", 2, 1, ""), "crm: 2 updates planned;"),
        (Refusal("crm", CANARY, 1, 0, "x", of=1), "1 does not show what was sent (); the limit is 0. The other one was not written."),
        (Refusal("crm", CANARY, 2, 0, "x", of=3), "2 do not show what was sent (); the limit is 0. The other 3 were not written."),
    ],
)
def test_a_guard_counts_in_words_that_agree(refusal: Refusal, told: str) -> None:
    """One is told as one."""
    assert told in str(refusal)
