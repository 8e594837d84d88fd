"""A deployment with one web form, its application without a socket, and `leadhub serve` as a process of its own."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog

from leadhub.hub import Hub, open_hub
from leadhub.store.inbox import StoredDelivery
from leadhub.sync.report import RunReport
from leadhub.sync.run import sync
from leadhub.web import make_app, open_doors

TOKEN = "t0ken-of-sixteen-letters"


@dataclass
class SetClock:
    """A clock that stands still until it is told."""

    at: datetime = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
    made: int = 0

    def now(self) -> datetime:
        """The time that was set."""
        return self.at

    def sleep(self, seconds: float) -> None:
        """Advance at once."""
        self.at += timedelta(seconds=seconds)

    def new_id(self) -> str:
        """Ids in order."""
        self.made += 1
        return f"{self.made:08d}"


def write_deployment(folder: Path, *lines: str, store: str, plugin: str = "forms") -> None:
    """Write a leadhub.toml with the form `website`, and further lines of its table."""
    (folder / "store.secret").write_text(store)
    (folder / "token.secret").write_text(TOKEN)
    head = ("version = 1", 'store = "file:store.secret"', "", "[system.website]", f'plugin = "{plugin}"', 'token = "file:token.secret"')
    (folder / "leadhub.toml").write_text("\n".join((*head, *lines, "")))


@dataclass
class World:
    """One deployment with one form."""

    folder: Path
    store_url: str
    clock: SetClock = field(default_factory=SetClock)
    hub: Hub = field(init=False)
    app: Any = field(init=False)

    def __post_init__(self) -> None:
        self.configure()

    def configure(self, *lines: str, plugin: str = "forms") -> None:
        """Write the configuration anew, with further lines of the form's table, and open it."""
        write_deployment(self.folder, *lines, store=self.store_url, plugin=plugin)
        if hasattr(self, "hub"):
            self.hub.store.close()
        self.hub = open_hub(self.folder, clock=self.clock)
        self.app = make_app(self.hub, open_doors(self.hub))

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send one request to the application."""

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://leadhub.example") as client:
                return await client.request(method, path, **options)

        return asyncio.run(send())

    def post(self, *, system: str = "website", token: str = TOKEN, **options: Any) -> httpx.Response:
        """Post to the form."""
        return self.request("POST", f"/in/{system}/{token}", **options)

    def inbox(self) -> list[StoredDelivery]:
        """What was kept, oldest first."""
        with self.hub.store.read() as tx:
            return list(reversed(tx.inbox.list()))

    def sync(self) -> RunReport:
        """Run."""
        self.clock.sleep(3600)
        return sync(self.hub)

    def people(self) -> dict[str | None, dict[str, str | None]]:
        """What the hub holds of each person, by e-mail address."""
        with self.hub.store.read() as tx:
            persons = tx.persons.load(tx.persons.iter_ids(""))
        shown = [{name: canonical.value for name, canonical in aggregate.person.fields.items()} for aggregate in persons]
        return {fields.get("email"): fields for fields in shown}


@pytest.fixture
def world(tmp_path: Path, sqlite_url: str) -> Iterator[World]:
    """A deployment with one form and an empty store."""
    made = World(tmp_path, sqlite_url)
    yield made
    made.hub.store.close()
    structlog.reset_defaults()


@pytest.fixture
def any_world(tmp_path: Path, database_url: str) -> Iterator[World]:
    """The same, once on each database."""
    made = World(tmp_path, database_url)
    yield made
    made.hub.store.close()
    structlog.reset_defaults()


@dataclass
class Served:
    """`leadhub serve` as a process."""

    folder: Path
    process: subprocess.Popen[str]
    url: str

    @property
    def form(self) -> str:
        """The form's address."""
        return f"{self.url}/in/website/{TOKEN}"

    def end(self) -> tuple[int, str]:
        """Wait for its end; return its exit code and the rest of what it said."""
        _, err = self.process.communicate(timeout=60)
        return self.process.returncode, err


@pytest.fixture
def served(tmp_path: Path, sqlite_url: str) -> Iterator[Callable[..., Served]]:
    """Starts `leadhub serve` on a free port; it is dead when the test ends."""
    started: list[subprocess.Popen[str]] = []

    def start(*options: str, lines: tuple[str, ...] = ("per_minute = 1000000",)) -> Served:
        write_deployment(tmp_path, *lines, store=sqlite_url)
        command = [sys.executable, "-m", "leadhub.cli.app", "-C", str(tmp_path), "serve", "--port", "0", *options]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env={**os.environ, "NO_COLOR": "1"})
        started.append(process)
        assert process.stderr is not None
        line = process.stderr.readline()
        assert line.startswith("Listening on "), line + process.stderr.read()
        server = Served(tmp_path, process, line.split()[2].rstrip("."))
        assert httpx.get(f"{server.url}/healthz").json() == {"status": "ok"}
        return server

    yield start
    for process in started:
        process.kill()
        process.communicate()
