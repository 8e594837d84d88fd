"""What a connector answers is what the contract says, or is refused with the shape that was broken."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from leadhub.model.record import Author, Change, Operation, Outcome, Owner, Page, Record, Reject, Result
from leadhub.sync.checked import Contract, Fault, is_name, is_native

NOW = datetime(2026, 11, 16, tzinfo=UTC)
CONTRACT = Contract("acme", frozenset({"Lead"}))
NONE: Any = None


@pytest.mark.parametrize("value", [None, "", "a\0", 7, 1.5, Decimal(2), True, NOW, date(2026, 1, 1), ["a", "b"], []])
def test_what_a_field_may_hold(value: object) -> None:
    """Every native value passes as it stands."""
    record = Record("Lead", "1", {"x": value}, NOW)
    assert is_native(value)
    assert CONTRACT.page(Page((record,), {"at": 1})) == Page((record,), {"at": 1})


@pytest.mark.parametrize("text", ["", " ", "a\0b", "\ud800", None, 7])
def test_what_is_no_id(text: object) -> None:
    """Blank texts are none, nor is one that a database cannot keep."""
    assert not is_name(text)


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (lambda: CONTRACT.page(None), "NoneType where a page is due"),
        (lambda: CONTRACT.page(Page((), {1, 2})), "cursor that is no JSON"),
        (lambda: CONTRACT.page(Page((), float("nan"))), "cursor that is no JSON"),
        (lambda: CONTRACT.page(Page((), "x" * 1_000_001)), "cursor of 1000003 characters"),
        (lambda: CONTRACT.record(Record("Lead", "a\0", {})), r"whose id is 'a\\x00'"),
        (lambda: CONTRACT.record(Record("Invoice", "1", {})), "object 'Invoice', which it has no mapping for"),
        (lambda: CONTRACT.record(Record("Lead", "1", NONE)), "NoneType for its values"),
        (lambda: CONTRACT.record(Record("Lead", "1", {"x": {"a": 1}})), "'1' with a value of type dict in 'x'"),
        (lambda: CONTRACT.record(Record("Lead", "1", {}, NOW.replace(tzinfo=None))), "no time zone"),
        (lambda: CONTRACT.outcome(Outcome("other", Result.STALE), {}), "'other', which was not asked for"),
        (lambda: CONTRACT.batch_size(0), "batches of 0"),
        (lambda: CONTRACT.owners([Owner("a\0", "Ann")]), "an owner that is none"),
    ],
)
def test_what_breaks_the_contract_is_said(broken: Callable[[], object], told: str) -> None:
    """The system is named, and the place."""
    with pytest.raises(Fault, match=f"^acme: the connector .*{told}"):
        broken()


def test_an_accepted_write_has_an_id() -> None:
    """Without one nobody could ever find the record again."""
    left = {"k": Change("k", "Lead", Operation.CREATE, None, {})}
    assert CONTRACT.outcome(Outcome("k", Result.ACCEPTED, "1"), left).record_id == "1"
    with pytest.raises(Fault, match="told no id"):
        CONTRACT.outcome(Outcome("k", Result.ACCEPTED), left)


def test_answers_to_other_questions_are_left_out() -> None:
    """Only what was asked for comes through."""
    record, author = Record("Lead", "1", {}), Author("person")
    assert CONTRACT.records({"1": record, "9": record}, ["1", "2"]) == {"1": record}
    assert CONTRACT.authors({("1", "a"): author, ("9", "a"): author}, ["1"], ["a"]) == {("1", "a"): author}
    assert CONTRACT.savers({"1": author, "9": author}, ["1"]) == {"1": author}


def test_a_rejected_row_is_kept_whatever_is_in_it() -> None:
    """What no database can keep is spelled out, and a place that there is not is none."""
    page = CONTRACT.page(Page((), None, (Reject("list", -(2**40), "a\0\ud800é", "odd"), Reject("list", 2, "ü", "fine"))))
    assert page.rejects == (Reject("list", 0, r"a\x00\ud800é", "odd"), Reject("list", 2, "ü", "fine"))
