"""`leadhub pull`, how far a run is, and what the Tab key offers."""

import io
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cli_world import World
from rich.console import Console

from leadhub.cli.progress import following
from leadhub.cli.screen import Screen
from leadhub.cli.session import Cli


def _hubspot_id(world: World) -> str:
    links = world.run("leads", "show", "ann@acme.example", "--output", "json").json["links"]
    return next(link["record_id"] for link in links if link["system"] == "hubspot")


def test_pull_takes_edits_in_and_writes_to_nobody(adopted: World) -> None:
    """What somebody edited is known afterwards; the other side still shows the old value, and the next sync writes it."""
    adopted.admin("hubspot", "edit", id=_hubspot_id(adopted), properties={"jobtitle": "CTO"})
    ran = adopted.run("pull")
    assert ran.code == 0
    lead = adopted.run("leads", "show", "ann@acme.example", "--output", "json").json
    assert lead["person"]["fields"]["job_title"]["value"] == "CTO"
    assert {link["system"]: link["shown"]["job_title"] for link in lead["links"]} == {"hubspot": "CTO", "salesforce": None}
    assert adopted.run("sync").lines[0] == "Nothing is half done: 1 write made."


def test_pull_of_one_system_asks_no_other(adopted: World) -> None:
    """Only the system that was named is read; an unknown one is a usage error."""
    before = len(adopted.salesforce.journal)
    data = adopted.run("pull", "hubspot", "--output", "json").json
    assert data["schema"] == "leadhub.run/1"
    assert [name for name, counts in data["systems"].items() if counts["pulled"]] == ["hubspot"]
    assert not any("FROM Lead" in str(call) for call in adopted.salesforce.journal[before:])
    assert adopted.run("pull", "salesfarce").code == 2


# ---- progress --------------------------------------------------------------------------------------------------------------------------


class _Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 2, tzinfo=UTC)

    def now(self) -> datetime:
        """Return the time that was set."""
        return self.time


class _Hub:
    """As much of a hub as progress looks at."""

    def __init__(self) -> None:
        self.clock, self.log, self.said = _Clock(), self, []
        self.progress = None

    def info(self, event: str, **fields: object) -> None:
        """Keep a line of the log."""
        self.said.append((event, fields))


@contextmanager
def _followed(*, terminal: bool, quiet: bool = False) -> Iterator[tuple[Any, io.StringIO]]:
    text, hub = io.StringIO(), _Hub()
    screen = Screen(quiet=quiet)
    screen.err = Console(file=text, force_terminal=terminal, width=100)
    with following(Cli(Path(), screen), hub):
        yield hub, text


def test_on_a_terminal_a_bar_shows_each_step_and_goes_when_the_run_is_over() -> None:
    """The line names step and system; nothing stays behind on the screen."""
    with _followed(terminal=True) as (hub, text):
        hub.progress("reading", "salesforce", 1200, None)
        hub.progress("writing", "hubspot", 3, 40)
    assert "reading salesforce" in text.getvalue()
    assert "3/40" in text.getvalue()
    assert hub.said == []


def test_elsewhere_the_log_has_a_line_every_ten_seconds() -> None:
    """However often a step reports, a file of logs gets one line in ten seconds, and no control characters."""
    with _followed(terminal=False) as (hub, text):
        for second in range(25):
            hub.clock.time += timedelta(seconds=1)
            hub.progress("reading", "salesforce", second, None)
    assert [fields["done"] for _, fields in hub.said] == [9, 19]
    assert text.getvalue() == ""


def test_quiet_means_quiet() -> None:
    """With -q nobody is told anything."""
    with _followed(terminal=True, quiet=True) as (hub, text):
        assert hub.progress is None
    assert text.getvalue() == ""


# ---- completion ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_that_the_shell_can_read(adopted_once: World, shell: str) -> None:
    """The script names the program, and stdout holds it alone."""
    ran = adopted_once.run("completion", shell)
    assert ran.code == 0
    assert "_LEADHUB_COMPLETE" in ran.out
    assert ran.err.startswith("Install it with: ")
    if shell == "bash":
        assert subprocess.run(["bash", "-n"], input=ran.out, text=True, check=False).returncode == 0


def _offered(words: str) -> list[str]:
    """What Tab offers after these words, asked as bash asks."""
    asked = {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" ")), "_LEADHUB_COMPLETE": "complete_bash", "PATH": ""}
    command = [sys.executable, "-c", "import sys; from leadhub.cli.app import main; sys.exit(main([]))"]
    return subprocess.run(command, env=asked, text=True, capture_output=True, check=False).stdout.split()


def test_tab_offers_systems_fields_runs_and_questions_of_the_deployment(adopted_once: World) -> None:
    """From leadhub.toml and the store, without a secret in the environment; where there is no deployment, nothing."""
    folder = f"leadhub -C {adopted_once.folder}"
    assert _offered(f"{folder} adopt s") == ["salesforce"]
    assert _offered(f"{folder} report disagreement --field job") == ["job_title"]
    assert "adopt" in _offered("leadhub ad")
    assert _offered("leadhub -C /nowhere adopt s") == []
