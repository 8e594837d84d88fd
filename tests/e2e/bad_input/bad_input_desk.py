"""A deployment at rest between both CRMs, the program run by its arguments alone, and what was there before to compare with."""

import json
import re
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import leadhub_salesforce.client
import pytest
from cli_world import Ran, run
from sandbox_boxes import Sandboxes
from sandbox_world import World, check_laws_once

import leadhub.cli.config
from leadhub.clock import SystemClock
from leadhub.connectors import http
from leadhub.hub import opening

PAGE = Path(__file__).parents[3] / "docs" / "bad-input.md"
KEPT = ("person", "lead", "link", "record")
"""The tables that hold what leadhub knows of people."""


@dataclass
class Desk:
    """One deployment and both CRMs: Ann and Bob are in both, alike, and nothing is left to do."""

    boxes: Sandboxes
    folder: Path
    ids: dict[str, str]
    """The records of Ann: by system."""
    before: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.before = self.kept()

    # ---- the program ----------------------------------------------------------------------------------------------------------------

    def run(self, *args: str, answers: str | None = None) -> Ran:
        """Run `leadhub -C FOLDER ARGS` in this process."""
        self.boxes.clock.advance(60)  # less than a lease lasts: one that was left behind would show
        return run("-C", str(self.folder), *args, answers=answers)

    def configure(self, old: str, new: str) -> None:
        """Change leadhub.toml by hand."""
        path = self.folder / "leadhub.toml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    # ---- people ---------------------------------------------------------------------------------------------------------------------

    def edit(self, system: str, **fields: str) -> None:
        """Change Ann's record as a person does."""
        self.boxes.clock.advance(60)
        name = "fields" if system == "salesforce" else "properties"
        self.boxes.order(getattr(self.boxes, system), "edit", {"id": self.ids[system], name: fields})

    def fault(self, system: str, calls: tuple[str, str], **order: Any) -> None:
        """Let every matching call (path and method) go wrong from now on, or as many as `times` says."""
        path, method = calls
        getattr(self.boxes, system).service.faults.add({"path": path, "method": method, "times": 10_000, **order})

    def well(self) -> None:
        """End all faults."""
        for server in self.boxes.servers:
            server.service.faults.clear()

    # ---- what is there --------------------------------------------------------------------------------------------------------------

    def crm(self, system: str) -> list[dict[str, Any]]:
        """Return all records of a CRM, raw."""
        path = "records/Lead" if system == "salesforce" else "records"
        rows: Any = self.boxes.http.get(f"{getattr(self.boxes, system).url}/_sandbox/{path}").json()
        return list(rows if system == "salesforce" else rows["results"])

    def crms(self) -> str:
        """Return what both CRMs hold, as one text."""
        return json.dumps([self.crm("salesforce"), self.crm("hubspot")], sort_keys=True)

    def kept(self) -> dict[str, Any]:
        """Count what the store knows of people, and name the configuration's bytes."""
        with closing(sqlite3.connect(self.folder / "leadhub.db")) as store:
            counts = {table: store.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in KEPT}
        return {**counts, "configuration": (self.folder / "leadhub.toml").read_bytes()}

    def writes(self, system: str) -> int:
        """Count the calls by which records of a CRM were changed, those left out that a fault kept from it."""
        journal = getattr(self.boxes, system).journal
        reads = ("/oauth2/", "/search", "/batch/read", "/query")
        return sum(
            call["method"] != "GET"
            and not any(part in call["path"] for part in reads)
            and '"ids"' not in call["body"]
            and call["status"] < 300
            and call["fault"] != "html_503"
            for call in journal
        )


def newcomer_and_edit(desk: Desk, system: str) -> None:
    """Give a CRM something to be told: another title for Ann, and Cy, whom only the other CRM knows."""
    if system == "hubspot":
        desk.edit("salesforce", Title="Boss")
        desk.boxes.order(
            desk.boxes.salesforce, "create", {"object": "Lead", "fields": {"LastName": "Cyan", "Email": "cy@cyan.example", "Company": "Cyan"}}
        )
    else:
        desk.edit("hubspot", jobtitle="Boss")
        desk.boxes.order(desk.boxes.hubspot, "create", {"properties": {"lastname": "Cyan", "email": "cy@cyan.example", "company": "Cyan"}})


def told_to(desk: Desk, system: str) -> dict[str, str | None]:
    """Return what a CRM says of everybody's title, by address; fails where one address is there twice."""
    rows = [row.get("properties", row) for row in desk.crm(system)]
    found = {row.get("Email") or row.get("email"): row.get("Title") or row.get("jobtitle") for row in rows}
    assert len(found) == len(rows), f"somebody is there twice: {rows}"
    return found


# ---- what is printed, and what the page says of it ---------------------------------------------------------------------------------------

_FIGURES = re.compile(r"^(system |\d+ records? read|.* \d+ +\d+ +\d+ +\d+ +\d+ +\d+$)")
_SAID_ELSEWHERE = re.compile(r"^( *See them again|\d+ persons? with a row|Next: leadhub .* plan |\d+ open question)")


def told(ran: Ran, desk: Desk) -> str:
    """Return what a command says of trouble, as one line: its error, or the run's first line and its lists; figures are left out."""
    if "Error: " in ran.err:
        return plain(ran.err[ran.err.index("Error: ") :], desk.folder, desk.boxes)
    lines = [line for line in ran.out.splitlines() if not _FIGURES.match(line) and not _SAID_ELSEWHERE.match(line)]
    text, standing = [], False
    for line in lines:
        standing = "standing difference" in line or (standing and line.startswith(" "))
        text += [] if standing else [line]
    return plain("\n".join(text), desk.folder, desk.boxes)


def plain(text: str, folder: Path, boxes: Sandboxes) -> str:
    """Return a text as the page has it: folder and addresses under one name each, blanks alike."""
    for value, name in (
        (str(folder), "DIR"),
        (boxes.salesforce.url, "https://acme.my.salesforce.example"),
        (boxes.hubspot.url, "https://api.hubapi.example"),
        ("127.0.0.1", "api.hubapi.example"),
        (boxes.owner, "owner@acme.example"),
    ):
        text = text.replace(value, name)
    return " ".join(text.split())


@cache
def rows(section: str) -> dict[str, tuple[str, str]]:
    """Return the page's table below a heading: for each class the message and the exit code."""
    part = PAGE.read_text(encoding="utf-8").partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    table = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in part.splitlines() if line.startswith("|")][2:]
    return {case: (message.replace("\\|", "|"), code) for case, message, code, *_ in table}


def as_on_the_page(section: str, case: str, said: str, code: int) -> None:
    """Demand that the page has this class with these very words (`…` stands for what differs) and this exit code."""
    message, told_code = rows(section)[case]
    assert re.fullmatch(".*".join(map(re.escape, message.split("…"))), said), f"{case} says:\n{said}\nThe page has:\n{message}"
    assert told_code == str(code)


# ---- fixtures ----------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch, sandboxes: Sandboxes) -> None:
    """Time is the sandboxes'; no retry waits, and whoever answers later than half a second is late."""
    monkeypatch.setattr(opening, "check_laws", check_laws_once)
    monkeypatch.setattr(leadhub.cli.config, "check_laws", check_laws_once)
    monkeypatch.setattr(SystemClock, "now", lambda _self: sandboxes.clock.now())
    monkeypatch.setattr(SystemClock, "sleep", lambda _self, _seconds: None)
    monkeypatch.setattr(http, "TIMEOUT", httpx.Timeout(0.5))
    monkeypatch.setattr(leadhub_salesforce.client, "TIMEOUT", (0.5, 0.5))


@pytest.fixture(scope="session")
def _at_rest(sandboxes: Sandboxes, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], dict[str, str]]:
    """The folder, both CRMs' states and Ann's ids of a deployment at rest: made once, copied for each test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "check_laws", check_laws_once)
        sandboxes.reset()
        folder = tmp_path_factory.mktemp("at-rest")
        world = World(sandboxes, folder)
        lead, contact = world.pair()
        world.pair("bob@acme.example")
        world.begin(create=True)
        world.sync()
        world.close()
        states = {server.service.name: server.service.snapshot() for server in sandboxes.servers}
        return folder, json.loads(json.dumps({**states, "now": sandboxes.clock.now().isoformat()})), {"salesforce": lead, "hubspot": contact}


@pytest.fixture
def desk(_at_rest: tuple[Path, dict[str, Any], dict[str, str]], _quick: None, sandboxes: Sandboxes, tmp_path: Path) -> Desk:
    """A copy of that deployment, CRMs and store, for one test to spoil."""
    folder, states, ids = _at_rest
    sandboxes.reset()
    sandboxes.order(sandboxes.salesforce, "clock", {"set": states["now"]})
    for server in sandboxes.servers:
        server.service.restore(json.loads(json.dumps(states[server.service.name])))
    sandboxes.clock.advance(120)
    copy = tmp_path / "deployment"
    shutil.copytree(folder, copy)
    return Desk(sandboxes, copy, ids)
