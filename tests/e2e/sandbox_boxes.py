# ruff: noqa: D102 - what a method of a clock or a pair does is in its name
"""Both sandbox CRMs and the one clock that they and the hub go by."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
from leadhub_sandbox import SandboxClock, SandboxServer, start_hubspot, start_salesforce

START = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)


class HubClock:
    """The hub's clock in tests: the sandbox's time; sleeping moves it on."""

    def __init__(self, clock: SandboxClock) -> None:
        self.clock, self.ids, self.slept = clock, 0, 0.0

    def now(self) -> datetime:
        return self.clock.now()

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.clock.advance(seconds)

    def new_id(self) -> str:
        self.ids += 1
        return f"{self.ids:020x}"


class Sandboxes:
    """Both servers, started once and put back to their first state for each test."""

    def __init__(self) -> None:
        self.clock = SandboxClock()
        self.clock.set(START)
        self.salesforce = start_salesforce(1, clock=self.clock)
        self.hubspot = start_hubspot(1, clock=self.clock)
        self.http = httpx.Client(timeout=30)
        self.order(self.hubspot, "settings", {"search_lag_seconds": 0})
        self._first = {s.service.name: s.service.snapshot() for s in self.servers}
        token = {"Authorization": f"Bearer {self.hubspot.service.token}"}
        self.owner = self.http.get(f"{self.hubspot.url}/crm/v3/owners", headers=token).json()["results"][0]["email"]

    @property
    def servers(self) -> tuple[SandboxServer, SandboxServer]:
        return self.salesforce, self.hubspot

    def order(self, server: SandboxServer, path: str, body: object) -> Any:
        """Call the admin API; a refusal fails the test."""
        answer = self.http.post(f"{server.url}/_sandbox/{path}", json=body)
        assert answer.is_success, f"{path} {body}: {answer.text}"
        return answer.json() if answer.content else None

    def reset(self) -> None:
        """Put everything back."""
        self.clock.set(START)
        for server in self.servers:
            server.service.restore(json.loads(json.dumps(self._first[server.service.name])))
            server.service.faults.clear()
            server.journal.clear()
        self.http.delete(f"{self.hubspot.url}/_sandbox/automation")

    def stop(self) -> None:
        """Free the ports."""
        self.http.close()
        for server in self.servers:
            server.stop()
