"""The page on taking a run back says what the program says: its commands exist, and so does every key and exit code that it names."""

import re
import subprocess
import sys
from pathlib import Path

from leadhub.cli import revert
from leadhub.cli.exits import ExitCode

TEXT = (Path(__file__).parents[2] / "docs" / "how-to" / "take-a-run-back.md").read_text(encoding="utf-8")


def test_its_commands_and_options_exist() -> None:
    """Each `leadhub …` of the page is a command with those options."""
    for command, option in set(re.findall(r"(?:^|`)leadhub (\w+)(?: \w+)?(?: (--[\w-]+))?", TEXT, re.MULTILINE)):
        # a process of its own: structlog keeps the stdout of the moment at which it is first imported, and a runner closes its own
        shown = subprocess.run([sys.executable, "-m", "leadhub.cli.app", command, "--help"], capture_output=True, text=True, check=False)
        help_text = shown.stdout
        assert "Usage" in help_text, command
        assert option in help_text, (command, option)


def test_the_keys_and_codes_that_it_names_are_the_programs() -> None:
    """What a script reads is called so."""
    source = Path(revert.__file__).read_text(encoding="utf-8")
    for key in ("changes", "left", "waiting", "taken_back_before"):
        assert f"`{key}`" in TEXT
        assert f'"{key}"' in source
    assert (ExitCode.OK, ExitCode.FAILED, ExitCode.REFUSED, ExitCode.GUARD) == (0, 1, 3, 5)
