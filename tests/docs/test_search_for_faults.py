"""The page on searching for faults works: its commands and its Python run, and the oracles that it names are those of the simulators."""

import argparse
import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from leadhub.testing.simulator import __main__ as program

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/how-to/search-for-faults.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = [line for language, text in BLOCKS if language == "sh" for line in text.splitlines()]
SCRIPTS = [text for language, text in BLOCKS if language == "python"]
SIMULATORS = sorted((ROOT / "src/leadhub/testing/simulator").rglob("*.py"))


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.timeout(300)
def test_a_command_of_the_page_runs_and_finds_nothing(command: str) -> None:
    """As it stands there, from the root of a checkout."""
    assert command.startswith("python -m ")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    done = subprocess.run([sys.executable, *command.split()[1:]], cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_python_of_the_page_runs_and_finds_nothing(script: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What it prints is an empty list or an empty count, or one that holds races alone."""
    exec(script, {})
    said = capsys.readouterr().out
    assert said
    assert "Finding(" not in re.sub(r"Finding\([^)]*raced=True\)", "", said)


def test_it_names_every_kind_of_the_program() -> None:
    """Each that `--kind` takes, by its option; and no option that is not taken."""
    with mock.patch.object(sys, "argv", ["simulator", "--help"]), mock.patch.object(argparse.ArgumentParser, "print_help"), pytest.raises(SystemExit):
        program.main()
    assert set(re.findall(r"`--kind (\w+)`", PAGE)) == set(program.CHOICES)


def test_the_mutant_that_it_shows_is_one() -> None:
    """Word for word as it stands in the test of the oracles."""
    mutants = (ROOT / "tests/testing/test_whole_mutants.py").read_text(encoding="utf-8").splitlines()
    (shown,) = (text for language, text in BLOCKS if not language)
    assert [line for line in shown.splitlines() if line not in mutants] == []


def called() -> Iterator[str]:
    """Yield the names of all oracles that the simulators call by name."""
    for path in SIMULATORS:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in {"find", "Finding"} and node.args:
                yield from (n.value for n in ast.walk(node.args[0]) if isinstance(n, ast.Constant) and isinstance(n.value, str))


def test_the_table_of_oracles_has_each_of_them() -> None:
    """Every oracle that can speak stands beside its law, and none that cannot."""
    rows = re.findall(r"^\| [^|]+ \| (`[^|]+) \|$", PAGE, re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`([^`]+)`", row)]
    assert len(named) == len(set(named))
    source = "".join(path.read_text(encoding="utf-8") for path in SIMULATORS)
    assert set(called()) <= set(named)
    assert [name for name in named if f'"{name}"' not in source] == []
