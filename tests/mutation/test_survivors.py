"""The page of survivors does not rot: what it explains is still there to be explained, and its figures are as good as promised."""

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from run import LEAST, ROOT, SURVIVORS, TESTS, explained, undecorated

PAGE = SURVIVORS.read_text(encoding="utf-8")
FIGURES = {
    module: tuple(map(int, numbers)) for module, *numbers in re.findall(r"^\| `(.+?)` \| (\d+) \| (\d+) \| (\d+) \| .+ \|$", PAGE, re.MULTILINE)
}


@pytest.mark.parametrize("module", TESTS)
def test_every_survivors_line_still_stands(module: str) -> None:
    """Whoever changes such a line looks at its reason anew."""
    lines = {line.strip() for line in (ROOT / f"src/leadhub/{module}.py").read_text(encoding="utf-8").splitlines()}
    changed = [line for before, _ in explained(PAGE)[module] for line in before.splitlines()]
    assert [line for line in changed if line not in lines] == []


@pytest.mark.parametrize("module", TESTS)
def test_every_survivor_has_its_reason(module: str) -> None:
    """A sentence stands below each change, or below the last of several that have the same one."""
    (section,) = re.findall(rf"^## {module}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert section.rstrip().endswith(".")


@pytest.mark.parametrize("module", TESTS)
def test_the_figures_are_as_good_as_promised(module: str) -> None:
    """Nine of ten changes are noticed, and as many survive as are explained."""
    mutants, killed, survived = FIGURES[module]
    assert killed + survived == mutants
    assert killed >= LEAST * mutants
    assert survived == len(explained(PAGE)[module])
    assert all((ROOT / test).exists() for test in TESTS[module])


def test_a_cached_property_can_be_changed_like_any_function() -> None:
    """Its decorator is taken off and put back below it, and the class is as it was."""
    text = "from functools import cached_property\n\n\nclass One:\n    @cached_property\n    def two(self):\n        return [2]\n\n    def three(self):\n        return 3\n"
    plain = undecorated(text)
    assert "@" not in plain
    found: dict[str, type] = {}
    exec(plain, found)
    one = found["One"]()
    assert one.two is one.two
    assert (one.two, one.three()) == ([2], 3)
