"""The page on stopping names every guard with its limits as they are, and options that are taken."""

import re
from pathlib import Path

from leadhub.cli.exits import ExitCode
from leadhub.cli.sync import allowances
from leadhub.core import canary, guard
from leadhub.core.sides import BOUNCES, FOUGHT, PERHAPS
from leadhub.sync.retry import RESERVE

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "stop-it.md").read_text(encoding="utf-8")
ROWS = {found[2]: found[1] for found in re.finditer(r"^\|(.*)\| `--allow SYSTEM\.(\w+)=N` \|$", PAGE, re.MULTILINE)}


def test_the_table_has_every_guard_and_its_option_is_taken() -> None:
    """One row a guard, and each option is one that the program reads."""
    assert set(ROWS) == set(guard.GUARDS)
    for name in ROWS:
        assert allowances([f"hubspot.{name}=7"]) == {("hubspot", name): 7}


def test_the_limits_of_the_page_are_those_of_the_program() -> None:
    """Every number of the table is a constant of the guards."""
    limits = {
        "updates": (guard.UPDATES_AT_LEAST, f"{guard.UPDATES_SHARE:.0%}"),
        "creates": (guard.CREATES,),
        "stage_moves": (f"{guard.MOVES_SHARE:.0%}", guard.MOVES_AT_LEAST, guard.MOVES_AT_MOST),
        "blanks": (0,),
        "one_value": (f"{guard.ONE_VALUE_SHARE:.0%}", guard.ONE_VALUE_AT_LEAST),
        "missing": (f"{guard.SHRANK_SHARE:.0%}", guard.SHRANK_AT_LEAST),
        "canary": (0,),
    }
    for name, numbers in limits.items():
        assert re.findall(r"\d+%?", ROWS[name].replace(" %", "%")) == list(map(str, numbers)), name
    assert ("nine tenths" in ROWS["api_calls"]) is (RESERVE == 0.1)
    assert f"Of more than {canary.FIRST} writes alike" in PAGE
    assert ("each of three writes in a row" in PAGE) is (-(-BOUNCES // FOUGHT) == 3)
    assert f"unless they do so {-(-BOUNCES // PERHAPS)} times in a row" in PAGE


def test_the_night_has_every_exit_code_of_a_schedule() -> None:
    """A row for each code that a sync may end with, but for a mistyped command and a Ctrl-C."""
    told = {int(code) for code in re.findall(r"^\| (\d) \|", PAGE, re.MULTILINE)}
    assert told == {int(code) for code in ExitCode} - {ExitCode.USAGE, ExitCode.INTERRUPTED}
