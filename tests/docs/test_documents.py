"""The documents say what is so: hooks with their arguments, commands that exist, blocks that work."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

from leadhub.cli.program import make_app
from leadhub.hookspecs import Hooks
from leadhub.sync.drift import KINDS

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [
        ROOT / "README.md",
        *ROOT.glob("docs/*.md"),
        *ROOT.glob("docs/how-to/*.md"),
        *ROOT.glob("docs/explanation/*.md"),
        *ROOT.glob("plugins/*/README.md"),
    ]
)


def test_every_hook_is_documented_with_its_arguments() -> None:
    """A heading for each hook, with exactly its arguments."""
    text = (ROOT / "docs/hooks.md").read_text(encoding="utf-8")
    for name, hook in vars(Hooks).items():
        if name.startswith("register_"):
            arguments = ", ".join(p for p in inspect.signature(hook).parameters if p != "self")
            assert f"## {name}({arguments})\n" in text


def commands() -> list[tuple[str, str]]:
    """Every `leadhub …` line in a code block of a page, with the page's name."""
    found = []
    for page in PAGES:
        for block in re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            found += [(page.name, line.split("#")[0].strip()) for line in block.splitlines() if line.startswith("leadhub ")]
    return found


@pytest.mark.parametrize(("page", "command"), commands())
def test_a_command_in_a_page_exists_with_the_options_it_shows(page: str, command: str) -> None:
    """Every command line in the documents is one that the program knows."""
    words = re.sub(r"^leadhub (-C \S+ )?", "", command).split()
    options = [w.split("=")[0] for w in words if w.startswith("--")]
    names = [w for w in words if not w.startswith("-")]
    for count in (2, 1):
        done = subprocess.run([sys.executable, "-m", "leadhub.cli.app", *names[:count], "--help"], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            break
    assert done.returncode == 0, f"{page}: {command}\n{done.stderr}"
    assert all(option in done.stdout for option in options), f"{page}: {command}"


def test_the_page_on_audits_tells_every_kind_of_drift_in_its_own_words() -> None:
    """Each kind with what it is, as the command says it."""
    text = (ROOT / "docs/how-to/audit-and-explain.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", text, re.MULTILINE))
    assert rows == KINDS


def test_links_between_pages_lead_somewhere() -> None:
    """No link to a file that is not there."""
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_readme_names_every_command_group_that_it_promises() -> None:
    """The program's own list of commands and the changelog agree."""
    app = make_app()
    known = {c.name for c in app.registered_commands} | {g.name for g in app.registered_groups}
    line = next(x for x in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines() if x.startswith("- Commands:"))
    promised = {word.strip(" .") for word in line.removeprefix("- Commands:").split(",")}
    assert promised <= known
