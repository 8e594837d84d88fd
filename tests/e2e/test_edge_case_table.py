"""docs/edge-cases.md tells the truth about which edge case is tested where."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINES = (ROOT / "docs" / "edge-cases.md").read_text(encoding="utf-8").splitlines()
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in LINES if re.match(r"\| \d+ \|", line)]


def test_every_edge_case_has_a_row() -> None:
    """1 to 67, each once and in order, with a test or with what it waits for."""
    assert [int(row[0]) for row in ROWS] == list(range(1, 68))
    assert not [row[0] for row in ROWS if not row[2] and not row[3]]


def test_every_named_test_exists() -> None:
    """Each test is a function of that name in that file."""
    named = [name for row in ROWS for name in re.findall(r"`([^`]+::[^`]+)`", row[2])]
    assert len(named) > 40
    for name in named:
        path, _, function = name.partition("::")
        assert re.search(rf"^def {function}\(", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE), name


def test_every_test_of_an_edge_case_is_in_the_table() -> None:
    """A test that carries a number is named in the row of that number."""
    files = sorted((ROOT / "tests" / "e2e").glob("test_edge_cases*.py"))
    source = "".join(path.read_text(encoding="utf-8") for path in files)
    assert len(files) == 2
    for function, number in re.findall(r"^def (test_(\d\d)_\w+)\(", source, re.MULTILINE):
        assert function in ROWS[int(number) - 1][2], function


def test_the_sum_is_right() -> None:
    """The line above the table counts what the table says."""
    covered = [row for row in ROWS if row[2]]
    partly = [row for row in covered if row[3]]
    line = f"{len(covered)} of 67 have a test, {len(partly)} of these in part; {67 - len(covered)} wait."
    assert line in LINES
