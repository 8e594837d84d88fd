"""Reference pages are written by a program, so that they cannot drift from the code."""

import pytest
from generate import FOLDER, PAGES
from numbered import SYSTEMS, behavior_tests, behaviors, pitfall_tests, pitfalls


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_reference_page_is_what_the_code_says(name: str) -> None:
    """After a change: python tests/docs/generate.py."""
    assert (FOLDER / name).read_text(encoding="utf-8") == PAGES[name]()


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_behavior_is_shown_or_said_to_be_missing(system: str) -> None:
    """No number of the sandbox's list is without a test, unless it says why; no test names a number that is not on the list."""
    listed, shown = behaviors()[system], {number for test in behavior_tests(system) for number in test.numbers}
    assert [number for number, of in listed.items() if int(number) not in shown and not of.get("missing")] == []
    assert shown <= set(map(int, listed))


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_pitfall_has_a_test(system: str) -> None:
    """No known pitfall is without a test; no test names one that is not on the list."""
    listed, shown = pitfalls()[system], {number for test in pitfall_tests(system) for number in test.numbers}
    assert [number for number in listed if int(number) not in shown] == []
    assert shown <= set(map(int, listed))
