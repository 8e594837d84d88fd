"""The first line of a report: whether anything is half done."""

from dataclasses import replace

import pytest

from leadhub.cli.run_view import first_lines
from leadhub.model.record import Operation
from leadhub.model.run import Intent, IntentState, PlannedChange
from leadhub.sync.report import RunReport


def _intent(state: IntentState, detail: str | None = None, key: str = "k") -> Intent:
    change = PlannedChange(key, "salesforce", "Lead", Operation.UPDATE, "1", "p", None, {}, {}, {})
    return Intent("run", 1, change, state, 1, detail)


def _report(waiting: int = 0, questions: int = 0, **troubles: str) -> RunReport:
    return RunReport("run", "sync", "ok", {}, {}, {"pending": 0}, 0, questions, 0, 0.0, troubles=troubles, waiting=waiting)


MADE, REFUSED = _intent(IntentState.ACCEPTED), _intent(IntentState.REFUSED, "no")
LATER_TOO = _intent(IntentState.NOT_APPLIED, "interrupted", key="other")
LATER, DOUBT = _intent(IntentState.NOT_APPLIED, "interrupted"), _intent(IntentState.NOT_APPLIED)


@pytest.mark.parametrize(
    ("intents", "in_flight", "report", "line"),
    [
        ([], 0, _report(), "Nothing to write: every side shows what it should."),
        ([], 0, _report(waiting=1), "Nothing new to write: 1 person waits for a write, or for another look."),
        ([], 0, _report(waiting=2, questions=5), "Nothing new to write: 5 questions open; 2 persons wait for a write, or for another look."),
        ([], 0, _report(hubspot="down"), "Nothing is half done: nothing was written, since not every system answered."),
        ([MADE, MADE], 0, _report(), "Nothing is half done: 2 writes made."),
        ([MADE, REFUSED], 0, _report(), "Nothing is half done: 1 write made, 1 refused."),
        ([LATER], 0, _report(), "Nothing is half done: 0 writes made, 1 not started (interrupted): the next run looks at it again."),
        ([LATER, LATER_TOO], 0, _report(), "Nothing is half done: 0 writes made, 2 not started (interrupted): the next run looks at them again."),
        ([MADE], 1, _report(), "Half done: 1 write got no answer, and nobody knows yet whether it happened (1 other made)."),
        ([MADE], 2, _report(), "Half done: 2 writes got no answer, and nobody knows yet whether they happened (1 other made)."),
        ([], 1, _report(hubspot="down"), "Half done: 1 write got no answer, and nobody knows yet whether it happened (0 others made)."),
        ([MADE, DOUBT], 0, _report(), "Half done: of 1 write nobody can tell whether it happened, even after looking (1 other made)."),
    ],
)
def test_the_first_line_says_whether_anything_is_half_done(intents: list[Intent], in_flight: int, report: RunReport, line: str) -> None:
    """Whoever reads only the first line after a bad night knows whether to do anything."""
    assert first_lines(intents, in_flight, report)[0] == line


@pytest.mark.parametrize(
    ("states", "line"),
    [
        (["accepted", "accepted"], "Nothing is half done: 2 writes made."),
        ([], "Nothing is half done: every write of the plan was made before."),
        (["left_out", "left_out", "left_out"], "Nothing is half done: 0 of 3 writes of the plan made, 3 left out."),
        (["accepted", "left_out", "stale"], "Nothing is half done: 1 of 3 writes of the plan made, 2 left out."),
        (["accepted", "refused", "left_out"], "Nothing is half done: 1 of 3 writes of the plan made, 1 left out, 1 refused."),
        (["not_applied"], "Nothing is half done: 0 of 1 write of the plan made, 1 not started (paused): the next run looks at it again."),
    ],
)
def test_the_first_line_of_a_plan_says_how_much_of_it_was_made(states: list[str], line: str) -> None:
    """Where all was made nothing else is said; else how many of how many, and never that there was nothing to write."""
    intents = [_intent(IntentState(state), "paused" if state == "not_applied" else None, key=str(n)) for n, state in enumerate(states)]
    assert first_lines(intents, 0, replace(_report(waiting=1), kind="apply"))[0] == line


def test_a_system_that_is_only_read_keeps_the_first_line_modest() -> None:
    """What a system lacks to which nothing is written no run looks for again: so nobody is told that every side shows what it should."""
    assert first_lines([], 0, _report(), ["hubspot"])[0] == "Nothing new to write: hubspot is only read."


def test_before_the_adoption_nobody_is_told_that_all_is_well() -> None:
    """What was never compared may differ."""
    report = replace(_report(), not_adopted=["hubspot"])
    assert first_lines([], 0, report)[0] == "Nothing new to write: hubspot is not adopted yet."
