"""What the witnesses share: how a call is noted, the page that tells of all of them, and the packages that are fetched for them."""

import fcntl
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[3]
PAGE = ROOT / "docs/reference/witnesses.md"
JSFORCE, SCHEMAS = "jsforce@3.8.2", "@opensdks/sdk-salesforce@0.0.2"
WITNESSES = {
    "test_simple_salesforce.py": ("simple-salesforce", "client of Salesforce's REST, bulk and login APIs"),
    "test_jsforce.py": (JSFORCE, "client of the same, in JavaScript"),
    "test_schemas.py": (SCHEMAS, "what a real org's own OpenAPI description (v59.0) says of Salesforce's answers"),
    "test_hubspot_api_client.py": ("hubspot-api-client", "HubSpot's own client, with its validation on"),
}
Answer = TypeVar("Answer")
Problem = TypeVar("Problem", bound=Exception)


@dataclass
class Tried:
    """The calls that one test made through its witness: those accepted, and those refused as they should be."""

    accepted: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def accepts(self, call: Callable[..., Answer], *given: Any, **more: Any) -> Answer:
        """Make a call that the API takes and whose answer the witness takes; return that."""
        answer = call(*given, **more)
        self.accepted.append(_name(call))
        return answer

    def refuses(self, kind: type[Problem], call: Callable[..., Any], *given: Any, **more: Any) -> Problem:
        """Make a call that the API refuses; return the error, which is of the very class that the witness documents for it."""
        with pytest.raises(kind) as caught:
            call(*given, **more)
        assert type(caught.value) is kind
        self.refused.append(_name(call))
        return caught.value

    def note(self, call: str, *, refused: bool = False) -> None:
        """Note a call that the witness made, or looked at, elsewhere."""
        (self.refused if refused else self.accepted).append(call)

    def row(self, of: str) -> str:
        """Return the page's line of the test of this name."""
        calls = ", ".join(f"`{name}`" for name in dict.fromkeys([*self.accepted, *self.refused]))
        return f"| {of.removeprefix('test_').replace('_', ' ')} | {calls} | {len(self.accepted)} | {len(self.refused)} |"


def _name(call: Callable[..., Any]) -> str:
    """Return a method as a reader of its documentation would look for it."""
    package = re.match(r"hubspot\.(?:discovery\.)?(.+)\.(?:api\.|discovery$)", call.__module__)
    return f"{package[1]}.{call.__qualname__}" if package else call.__qualname__


def page(rows: dict[str, list[str]]) -> str:
    """Return the page of these witnesses' lines."""
    told = "".join(
        f"\n## {WITNESSES[file][0]}\n\n| test | calls | accepted | refused |\n|---|---|---|---|\n" + "\n".join(of) + "\n" for file, of in rows.items()
    )
    return f"{_HEAD}{''.join(_sum(file, of) for file, of in rows.items())}{told}"


def _sum(file: str, rows: list[str]) -> str:
    accepted, refused = (sum(int(row.split(" | ")[column].rstrip(" |")) for row in rows) for column in (2, 3))
    name, what = WITNESSES[file]
    link = f"../../{(FOLDER / file).relative_to(ROOT)}"
    return f"| [{name}]({link}) | {what} | {accepted + refused} | {accepted} | {refused} |\n"


_HEAD = """# Independent witnesses

<!-- written by plugins/leadhub-sandbox/tests/witnesses/count.py -->

Clients and schemas that nobody here wrote, run against the sandboxes over HTTP: what they say does not depend on how this project reads the two
APIs. A call is *accepted* where the API takes it and the witness takes the answer; it is *refused* where the API refuses it and the witness tells so
by the error that it documents. Any other end fails the test, and so does another number of calls than this page says.

| witness | what it is | calls | accepted | refused |
|---|---|---|---|---|
"""


_missing: dict[str, str] = {}


def installed(package: str) -> Path:
    """Return the folder of an npm package, which is fetched once and kept in the user's cache; skip the test where that cannot be."""
    if package not in _missing and not (shutil.which("npm") and shutil.which("node")):
        _missing[package] = "it needs Node.js 20 or later, with npm, on the path"
    kept = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "leadhub-witnesses" / re.sub(r"\W+", "-", package).strip("-")
    if package not in _missing:
        try:
            _fetch(package, kept)
        except (OSError, subprocess.SubprocessError) as problem:
            told = f"it could not be fetched into {kept}: {problem} {getattr(problem, 'stderr', '') or ''}"
            _missing[package] = " ".join(told.split())[:500]
    if package in _missing:
        pytest.skip(f"{package} has not witnessed: {_missing[package]}")
    return kept / "node_modules" / package.rpartition("@")[0]


def _fetch(package: str, kept: Path) -> None:
    """Fetch a package unless an earlier run has, while other processes wait."""
    kept.mkdir(parents=True, exist_ok=True)
    with _held(kept / "lock"):
        if not (kept / "whole").exists():
            order = ["npm", "install", "--prefix", str(kept), "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", package]
            subprocess.run(order, capture_output=True, text=True, check=True, timeout=50)  # two of them fit a test's time
            (kept / "whole").touch()


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Keep other processes out, for as long as the body runs."""
    with path.open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
