"""A short campaign of the simulator in every test run; `python -m leadhub.testing.simulator` runs long ones."""

# ruff: noqa: ANN001, ANN201 - the builders' arguments are plain words

import pytest

from leadhub.testing.simulator import Op, Setup, SiteSetup, play_state, random_state, run

RACED = 233
UNEXPLAINED = {
    "fields": {},
    "state": {
        30_002_536: {"idempotence"},
        30_011_725: {"decision"},
        30_020_012: {"provenance"},
        30_027_931: {"lowered"},
        30_065_265: {"conservation"},
        30_065_910: {"exit lost"},
    },
}
"""Seeds with a finding that is not mended, by oracle: the first of each of six kinds, 50 in all, among 200,000 of the state from 30,000,000."""


@pytest.mark.parametrize(("kind", "schedules"), [("fields", 7_000), ("state", 2_500)])
def test_random_schedules_find_nothing(kind, schedules):
    """No schedule loses an edit, writes without cause or asks without cause, and all comes to rest; races are told by construction, and stay rare."""
    known = UNEXPLAINED[kind]
    tally = run(kind, iter(seed for seed in range(1, schedules + 1) if seed not in known))
    assert tally.schedules == schedules - sum(seed <= schedules for seed in known)
    assert not tally.findings, f"{dict(tally.findings)}; seeds {tally.seeds}"
    assert max(tally.quiet) <= 2
    assert sum(tally.races.values()) <= 0.01 * tally.schedules


@pytest.mark.parametrize("seed", UNEXPLAINED["state"])
def test_what_is_listed_as_unexplained_still_is(seed):
    """The list holds only seeds that show their finding, and that one alone: who mends it takes it off."""
    assert {f.oracle for f in random_state(seed).findings if not f.raced} == UNEXPLAINED["state"][seed]


def test_an_edit_that_lay_unread_is_counted_as_a_race():
    """An exit set elsewhere is lost to an edit that existed, unread, when its record was marked current: told by construction, and nothing hides behind."""
    played = random_state(RACED)
    assert {f.raced for f in played.findings} == {True}


def test_a_schedule_can_be_pasted():
    """The text of a schedule is Python that builds the same schedule."""
    played = random_state(RACED)
    names: dict[str, object] = {"Setup": Setup, "SiteSetup": SiteSetup, "Op": Op}
    exec(played.text(), names)
    assert (names["SETUP"], names["OPS"]) == (played.setup, list(played.ops))
    assert play_state(names["SETUP"], names["OPS"]).findings == played.findings
