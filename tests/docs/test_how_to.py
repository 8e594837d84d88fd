"""The page on writing a connector works: its blocks, one after the other, in an empty folder, the conformance suite and the packaging included."""

import importlib.util
import os
import re
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "write-a-connector.md"
BLOCK = re.compile(r"(?:^`(?P<path>[\w./-]+)`:\n\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A file to be written, or commands to be run (without a path)."""

    path: str | None
    language: str
    text: str


def blocks() -> list[Block]:
    """Return the page's blocks in their order."""
    return [Block(found["path"], found["language"], found["text"]) for found in BLOCK.finditer(PAGE.read_text(encoding="utf-8"))]


@dataclass
class Project:
    """A folder, a Python of its own on top of this one, and Acme, once its file is there."""

    folder: Path
    python: Path
    acme: Any = None

    def write(self, block: Block) -> None:
        """Write a file; with the fake there is an Acme."""
        assert block.path is not None
        path = self.folder / block.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
        if path.name == "fake_acme.py":
            spec = importlib.util.spec_from_file_location("fake_acme_of_the_page", path)
            assert spec is not None
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            self.acme = module.FakeAcme()
            self.acme.create({"mail": "ann@acme.example", "given": "Ann", "family": "Lee"})

    def run(self, commands: str) -> str:
        """Run commands as a person would, and return what they said."""
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PIP_"))} | {
            "PATH": f"{self.python.parent}:{os.environ['PATH']}",
            "ACME_URL": self.acme.url if self.acme else "http://127.0.0.1:9",
            "ACME_TOKEN": self.acme.token if self.acme else "not-yet",
            "PIP_NO_INDEX": "1",
            "PIP_NO_DEPS": "1",
            "PIP_NO_BUILD_ISOLATION": "0",  # pip reads a "no" option the other way round: this is --no-build-isolation
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "NO_COLOR": "1",
        }
        done = subprocess.run(["bash", "-e", "-c", commands], cwd=self.folder, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """An empty folder, with `leadhub`, `pytest` and `pip` on the path: what is installed there stays there."""
    home = tmp_path / "python"
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    (packages,) = home.glob("lib/*/site-packages")
    ours = dict.fromkeys((sysconfig.get_path("purelib"), sysconfig.get_path("platlib")))
    (packages / "ours.pth").write_text("".join(f"import site; site.addsitedir({path!r})\n" for path in ours))
    for name, module in {"leadhub": "leadhub.cli.app", "pytest": "pytest"}.items():
        script = home / "bin" / name
        script.write_text(f'#!/bin/sh\nexec {python} -m {module} "$@"\n')
        script.chmod(0o755)
    made = Project(tmp_path / "acme", python)
    made.folder.mkdir()
    yield made
    if made.acme is not None:
        made.acme.stop()


def test_every_block_is_a_file_or_commands() -> None:
    """No block of the page is left out of the test."""
    text = PAGE.read_text(encoding="utf-8")
    assert len(blocks()) * 2 == text.count("```")
    assert [b for b in blocks() if (b.path is None) != (b.language == "sh")] == []


def test_the_lengths_that_the_page_tells_are_true() -> None:
    """The page says how long the two connectors and the fake are."""
    told = [
        int(number)
        for number in re.findall(r"(\d+) lines long|writes (\d+),|has (\d+) lines", PAGE.read_text(encoding="utf-8"))
        for number in number
        if number
    ]
    lengths = [len(b.text.splitlines()) for b in blocks() if b.path in {"plugins/acme.py", "tests/fake_acme.py"}]
    assert sorted(told) == sorted(lengths)


@pytest.mark.skipif(sys.platform == "win32", reason="the page's commands are those of a POSIX shell")
@pytest.mark.timeout(300)
def test_the_page_works_from_an_empty_folder(project: Project) -> None:
    """Each file is written and each command succeeds, and what the page promises is what comes out."""
    said = []
    for block in blocks():
        if block.path is None:
            said.append(project.run(block.text))
        else:
            project.write(block)
    _, first, reading, writing, tried, installed = said
    assert "acme.py" in first
    assert "passed" in reading
    assert "failed" not in reading
    assert "passed" in writing
    assert "ann@acme.example" in tried.lower() or "Ann Lee" in tried
    assert "leadhub-acme 0.1.0" in installed
