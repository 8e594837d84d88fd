"""Two sandbox CRMs, a deployment between them, and the program run as a person or a scheduler runs it: by its arguments alone."""

import io
import json
import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from leadhub_sandbox import SandboxClock, SandboxServer, start_hubspot, start_salesforce

import leadhub.cli.config
import leadhub.hub.opening
from leadhub.cli.app import main
from leadhub.clock import SystemClock
from leadhub.lifecycle.laws import LawReport
from leadhub.lifecycle.laws import check as check_laws
from leadhub.lifecycle.relation import Relation

HTTP = httpx.Client(timeout=30, verify=False)  # plain HTTP: no certificates to load


@dataclass(frozen=True)
class Ran:
    """What one command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its stdout, read as JSON."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        """Its stdout by lines, without blanks at their ends."""
        return [line.rstrip() for line in self.out.splitlines()]


class Terminal(io.StringIO):
    """A standard input at which a person sits."""

    def isatty(self) -> bool:
        """Say that it is a terminal."""
        return True


@dataclass
class World:
    """Both CRMs and a deployment's folder."""

    folder: Path
    salesforce: SandboxServer
    hubspot: SandboxServer
    clock: SandboxClock

    def run(self, *args: str, answers: str | None = None) -> Ran:
        """Run `leadhub -C FOLDER ARGS`; with `answers` a person types them, without nobody is there."""
        return run("-C", str(self.folder), *args, answers=answers)

    def admin(self, crm: str, path: str, **order: Any) -> Any:
        """Do something in a CRM that leadhub did not do."""
        answer = HTTP.post(f"{getattr(self, crm).url}/_sandbox/{path}", json=order)
        assert answer.is_success, answer.text
        self.clock.advance(2)  # the present second is read by the next pull
        return answer.json() if answer.content else None

    def lead(self, **fields: str) -> str:
        """A person enters a Lead in Salesforce."""
        return str(self.admin("salesforce", "create", object="Lead", fields={"Company": "Acme", **fields})["id"])

    def contact(self, **properties: str) -> str:
        """A person enters a contact in HubSpot."""
        return str(self.admin("hubspot", "create", properties=properties)["id"])

    def configure(self, old: str, new: str) -> None:
        """Change leadhub.toml by hand."""
        path = self.folder / "leadhub.toml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def adopt(self) -> None:
        """Adopt both CRMs and switch writing on."""
        for system in ("salesforce", "hubspot"):
            assert self.run("adopt", system).code == 0
            assert self.run("adopt", system, "--write-on", "--yes").code == 0


def run(*args: str, answers: str | None = None) -> Ran:
    """Run the program in this process, as its entry point does."""
    out, err, stdin = io.StringIO(), io.StringIO(), sys.stdin
    sys.stdin = io.StringIO() if answers is None else Terminal(answers)
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = main(list(args))
    finally:
        sys.stdin = stdin
    return Ran(int(code), out.getvalue(), err.getvalue())


@pytest.fixture(scope="session", autouse=True)
def _laws_checked_once() -> Iterator[None]:
    """The laws are pure: what held for a mapping once need not be checked again for every command of this suite."""
    known: dict[str, LawReport] = {}

    def once(relations: tuple[Relation, ...]) -> LawReport:
        key = repr(relations)
        if key not in known:
            known[key] = check_laws(relations)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(leadhub.hub.opening, "check_laws", once)
        patch.setattr(leadhub.cli.config, "check_laws", once)
        patch.setattr(SystemClock, "sleep", lambda _self, _seconds: None)  # no test waits for a retry
        yield


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    """The program configures the log of its process: this one has other tests to run."""
    handlers, level = list(logging.getLogger().handlers), logging.getLogger().level
    yield
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)
    structlog.reset_defaults()


def _deployment(folder: Path, salesforce: SandboxServer, hubspot: SandboxServer) -> str:
    owners = HTTP.get(f"{hubspot.url}/crm/v3/owners", headers={"Authorization": f"Bearer {hubspot.service.token}"}).json()
    return f"""version = 1

[defaults]
trust = "salesforce"

[system.salesforce]
plugin = "salesforce"
login_url = "{salesforce.url}"
client_id = "${{SALESFORCE_CLIENT_ID}}"
client_secret = "${{SALESFORCE_CLIENT_SECRET}}"
create = "always"
on_create = {{ owner = "assignment_rules" }}

[system.hubspot]
plugin = "hubspot"
base_url = "{hubspot.url}"
token = "${{HUBSPOT_TOKEN}}"
create = "never"
on_create = {{ owner = "{owners["results"][0]["email"]}" }}
"""


@pytest.fixture(scope="session")
def make_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], World]]:
    """Makes worlds; their servers end with the session."""
    servers: list[SandboxServer] = []

    def make() -> World:
        clock = SandboxClock()
        salesforce, hubspot = start_salesforce(1, clock=clock), start_hubspot(1, clock=clock)
        servers.extend((salesforce, hubspot))
        folder = tmp_path_factory.mktemp("deployment")
        (folder / "leadhub.toml").write_text(_deployment(folder, salesforce, hubspot))
        world = World(folder, salesforce, hubspot, clock)
        world.admin("hubspot", "settings", search_lag_seconds=0)
        return world

    with pytest.MonkeyPatch.context() as patch:
        probe_salesforce, probe_hubspot = start_salesforce(1), start_hubspot(1)
        servers.extend((probe_salesforce, probe_hubspot))
        patch.setenv("SALESFORCE_CLIENT_ID", probe_salesforce.service.client_id)  # one seed, so one set of credentials for all
        patch.setenv("SALESFORCE_CLIENT_SECRET", probe_salesforce.service.client_secret)
        patch.setenv("HUBSPOT_TOKEN", probe_hubspot.service.token)
        patch.setenv("NO_COLOR", "1")
        assert os.environ["HUBSPOT_TOKEN"]
        yield make
    for server in servers:
        server.stop()


@pytest.fixture
def world(make_world: Callable[[], World]) -> World:
    """Both CRMs, empty, and a deployment that has met neither."""
    return make_world()


@pytest.fixture(scope="session")
def _adopted_once(make_world: Callable[[], World]) -> World:
    """Ann in both CRMs, agreeing on everything; both adopted, writing on."""
    world = make_world()
    world.lead(LastName="Lee", FirstName="Ann", Email="ann@acme.example", Status="Open - Not Contacted")
    world.contact(email="ann@acme.example", firstname="Ann", lastname="Lee", company="Acme", lifecyclestage="lead")
    world.adopt()
    return world


@pytest.fixture(scope="session")
def adopted_once(_adopted_once: World) -> World:
    """That world itself, for tests that change nothing."""
    return _adopted_once


@pytest.fixture
def adopted(_adopted_once: World, make_world: Callable[[], World]) -> World:
    """A copy of that world, CRMs and store, for one test to change."""
    copy, text = make_world(), (_adopted_once.folder / "leadhub.toml").read_text()
    copy.clock.advance(120)  # later than anything in the original
    for crm in ("salesforce", "hubspot"):
        old, new = getattr(_adopted_once, crm).url, getattr(copy, crm).url
        snapshot = HTTP.get(f"{old}/_sandbox/snapshot")
        assert HTTP.put(f"{new}/_sandbox/snapshot", json=snapshot.json()).is_success
        text = text.replace(old, new)
    (copy.folder / "leadhub.toml").write_text(text)
    shutil.copy(_adopted_once.folder / "leadhub.db", copy.folder / "leadhub.db")
    return copy
