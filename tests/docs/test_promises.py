"""The page of promises names tests that exist, and its figures are those of the code."""

import ast
import re
from datetime import timedelta
from pathlib import Path

import pytest

from leadhub.config.document import Defaults
from leadhub.core.guard import SHRANK_SHARE
from leadhub.core.sides import BOUNCES, FOUGHT, PERHAPS
from leadhub.sync.session import LEASE_TIME

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/explanation/promises.md").read_text(encoding="utf-8")
WORDS = " ".join(PAGE.split())
PROMISED = PAGE.partition("## Not promised")[0]
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PROMISED.splitlines() if re.match(r"\| (L\d+ \||\*\*)", line)]
NAMED = sorted(set(re.findall(r"`([^`\n]+::[^`\n]+)`", PAGE)))


def constant(path: str, name: str) -> ast.expr:
    """Return what a test file assigns to a name."""
    for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and [t.id for t in node.targets if isinstance(t, ast.Name)] == [name]:
            return node.value
    raise AssertionError(f"{path} has no {name}")


def length(path: str, name: str) -> int:
    """Return how many a list of a test file holds."""
    listed = constant(path, name)
    assert isinstance(listed, ast.List)
    return len(listed.elts)


def test_every_law_stands_once_and_names_what_holds_it() -> None:
    """L1 to L14 in their order, then the promises, each with a sentence and a test at least."""
    laws = [row for row in ROWS if row[0].startswith("L")]
    assert [row[0] for row in laws] == [f"L{n}" for n in range(1, 15)]
    assert len(ROWS) > len(laws)
    assert [row[0] for row in ROWS if "::" not in row[-1] or "**" not in row[-2]] == []


@pytest.mark.parametrize("name", NAMED)
def test_a_test_that_the_page_names_exists(name: str) -> None:
    """The file is there, and has a test of that name."""
    path, _, function = name.partition("::")
    assert (ROOT / path).is_file()
    assert re.search(rf"^def {function}\(", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)


def test_the_numbers_of_mutants_are_those_of_the_tables() -> None:
    """As many as the tests of the oracles have, and no fewer than thirty."""
    told = re.search(r"(\d+) in the rule, (\d+) in the engine", PAGE)
    assert told is not None
    rule = length("tests/core/test_mutants.py", "MUTANTS")
    whole = sum(length("tests/testing/test_whole_mutants.py", name) for name in ("MUTANTS", "NEEDS_A_KILL"))
    assert (int(told[1]), int(told[2])) == (rule, whole)
    assert rule + whole >= 30
    noticed = re.search(r"(\d+|all) are noticed, by an oracle that is there for each(.*?) \|", PAGE)
    assert noticed is not None
    assert noticed[1] in {"all", str(rule + whole - len(re.findall(r"`\w+`", noticed[2])))}


def test_the_figures_of_mutation_testing_are_those_of_its_own_page() -> None:
    """Changes, noticed and explained, module by module."""
    survivors = (ROOT / "tests/mutation/survivors.md").read_text(encoding="utf-8")
    theirs = re.findall(r"^\| `(.+?)` \| (\d+) \| (\d+) \| (\d+) \|", survivors, re.MULTILINE)
    ours = re.findall(r"^\| the tests themselves \| mutation testing of `(.+?)` \| (\d+) changes \| (\d+) noticed, (\d+) ", PAGE, re.MULTILINE)
    assert ours == theirs
    assert len(ours) == 3


def test_what_is_unexplained_is_owned_up_to() -> None:
    """As many as stand in the list of the simulator's own test."""
    listed = ast.literal_eval(constant("tests/core/test_simulator.py", "UNEXPLAINED"))
    told = re.search(r"At present there (?:is|are) (\d+)\.", WORDS)
    assert told is not None
    assert int(told[1]) == sum(map(len, listed.values()))


def test_the_limits_that_it_tells_are_those_of_the_code() -> None:
    """Days of a sweep, share of what may be missing, minutes of a lease, answers until an automation is left alone."""
    assert (Defaults().sweep_every == timedelta(days=7)) is ("seven days (`[defaults] sweep_every`)" in WORDS)
    assert f"{SHRANK_SHARE:.0%}".replace("%", " %") in WORDS
    assert (timedelta(minutes=10) == LEASE_TIME) is ("ten minutes of its lease" in WORDS)
    assert f"after {-(-BOUNCES // FOUGHT)} writes of ours in a row" in WORDS
    assert f"after {-(-BOUNCES // PERHAPS)} answers in a row" in WORDS
