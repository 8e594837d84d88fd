"""The demo's two CRMs: starts the sandbox as a process of its own, and works in it as people do, through its admin API. Never imports it."""

import json
import re
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from typing import Any

from leadhub.connectors import http
from leadhub.errors import LeadhubError, PluginError

START_SECONDS = 30.0
STOP_SECONDS = 10.0
_READS = re.compile(r"/(search|batch/read|oauth2/token|composite/sobjects/\w+)$")
"""Paths that are sent by POST and change nothing; a POST to /composite/sobjects/Lead reads leads by id (Salesforce REST API, sObject Collections)."""

Fields = Mapping[str, str | None]


class Crm:
    """One sandbox CRM, as the people who work in it see it."""

    def __init__(self, name: str, url: str) -> None:
        self.name, self.url = name, url
        self._http = http.client(url)

    def order(self, path: str, body: object = None, *, method: str = "POST") -> Any:
        """Call the admin API. Raises LeadhubError with the sandbox's own words where it refuses."""
        answer = self._http.request(method, f"/_sandbox/{path}", json=body)
        if answer.is_error:
            raise LeadhubError(f"the {self.name} sandbox refused {path}: {answer.text}")
        return answer.json() if answer.content else None

    def calls(self, after: int = 0) -> list[Mapping[str, Any]]:
        """Return the calls of the CRM's own API since a position in its journal, oldest first."""
        calls: list[Mapping[str, Any]] = self.order(f"journal?after={after}", method="GET")
        return calls

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


class Salesforce(Crm):
    """Leads, and what sales does with them."""

    def add(self, fields: Fields) -> str:
        """Create a lead; return its id."""
        return str(self.order("create", {"object": "Lead", "fields": fields, "user": "omar"})["id"])

    def edit(self, record_id: str, fields: Fields, user: str = "jane") -> None:
        """Change a lead on its page."""
        self.order("edit", {"id": record_id, "fields": fields, "user": user})

    def convert(self, record_id: str) -> None:
        """Convert a lead into an account, a contact and an opportunity."""
        self.order("convert", {"id": record_id, "user": "jane"})

    def everyone(self) -> dict[str, Mapping[str, Any]]:
        """Return every lead by id."""
        return {row["Id"]: row for row in self.order("records/Lead", method="GET")}


class HubSpot(Crm):
    """Contacts, and what marketing does with them."""

    def add(self, fields: Fields) -> str:
        """Create a contact; return its id."""
        return str(self.order("create", {"properties": fields})["id"])

    def edit(self, record_id: str, fields: Fields) -> None:
        """Change a contact on its page."""
        self.order("edit", {"id": record_id, "properties": fields})

    def everyone(self) -> dict[str, Mapping[str, Any]]:
        """Return the properties of every contact by id."""
        return {str(row["id"]): row["properties"] for row in self.order("records", method="GET")["results"]}


def is_write(call: Mapping[str, Any]) -> bool:
    """Whether a call of a CRM's API was meant to change a record."""
    reads = call["method"] in {"GET", "HEAD"} or (call["method"] == "POST" and _READS.search(str(call["path"]).rstrip("/")))
    return not reads


@dataclass(frozen=True, slots=True)
class Sandboxes:
    """Both CRMs, on one clock."""

    salesforce: Salesforce
    hubspot: HubSpot
    environment: Mapping[str, str]
    """What the deployment's `${NAME}`s stand for: addresses on loopback and invented secrets."""

    @property
    def both(self) -> tuple[Crm, Crm]:
        """Both, in the order in which they are told of."""
        return self.salesforce, self.hubspot

    def set_clock(self, instant: datetime) -> None:
        """Let the sandboxes' clock, which is one, run on from this instant."""
        self.hubspot.order("clock", {"set": instant.isoformat()})
        self.hubspot.order("clock", {"release": True})

    def snapshot(self) -> dict[str, Any]:
        """Return all that both CRMs hold."""
        return {crm.name: crm.order("snapshot", method="GET") for crm in self.both}


@contextmanager
def started() -> Iterator[Sandboxes]:
    """Run both CRMs in one process until the block ends. They end with this process too, however it ends.

    Raises:
        PluginError: leadhub-sandbox is not installed.
        LeadhubError: it does not start.
    """
    if find_spec("leadhub_sandbox") is None:
        raise PluginError(
            "The demo needs the plugin leadhub-sandbox, which is not installed.",
            next_step="pip install leadhub-sandbox (in a checkout: pip install -e plugins/leadhub-sandbox)",
        )
    command = [sys.executable, "-m", "leadhub_sandbox", "--exit-with-stdin"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603 - our own interpreter and module
    sandboxes: Sandboxes | None = None
    try:
        sandboxes = _ready(process)
        yield sandboxes
    finally:
        for crm in sandboxes.both if sandboxes is not None else ():
            crm.close()
        _end(process)


def _ready(process: subprocess.Popen[str]) -> Sandboxes:
    """Wait for the line in which the sandbox says where it listens."""
    assert process.stdout is not None
    assert process.stderr is not None
    late = threading.Timer(START_SECONDS, process.kill)
    late.start()
    line = process.stdout.readline()
    late.cancel()
    if not line:
        said = process.stderr.read().strip().splitlines()[-1:] or [f"no word within {START_SECONDS:.0f} seconds"]
        raise LeadhubError(f"The sandbox did not start: {said[0]}", next_step=f"{sys.executable} -m leadhub_sandbox")
    told = json.loads(line)
    salesforce, hubspot = told["salesforce"], told["hubspot"]
    environment = {
        "SALESFORCE_LOGIN_URL": salesforce["url"],
        "SALESFORCE_CLIENT_ID": salesforce["client_id"],
        "SALESFORCE_CLIENT_SECRET": salesforce["client_secret"],
        "HUBSPOT_BASE_URL": hubspot["url"],
        "HUBSPOT_TOKEN": hubspot["token"],
        "WEBSITE_TOKEN": secrets.token_hex(16),
    }
    return Sandboxes(Salesforce("Salesforce", salesforce["url"]), HubSpot("HubSpot", hubspot["url"]), environment)


def _end(process: subprocess.Popen[str]) -> None:
    """Close its standard input, which ends it; kill it if it does not go."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
