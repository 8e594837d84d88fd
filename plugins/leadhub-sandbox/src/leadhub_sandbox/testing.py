"""The sandbox in a test: both CRMs as they were when they started, before each test, and what a test does with one. It needs no test framework."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from leadhub_sandbox.clock import SandboxClock
from leadhub_sandbox.http import Request, SandboxServer
from leadhub_sandbox.hubspot import HubSpotService
from leadhub_sandbox.orders import Orders
from leadhub_sandbox.salesforce import SalesforceService


class Sandbox:
    """One CRM that runs. `url` is its address; `orders` are the hands of people in it; `journal` holds the calls of its API so far."""

    def __init__(self, server: SandboxServer) -> None:
        self.server = server
        self.orders = Orders(server)
        self._state = json.dumps(server.service.snapshot())

    @property
    def url(self) -> str:
        """The address of the API, without a slash at the end."""
        return self.server.url

    @property
    def journal(self) -> list[dict[str, Any]]:
        """Every call so far: seq, at, method, path, target, headers, body, status, fault."""
        return self.server.journal

    def order(self, path: str, /, **order: Any) -> Any:
        """Give an order of the admin API, as `POST /_sandbox/PATH`, and return the answer. Raises RefusedError, in the CRM's words."""
        return self.orders.post(path, **order)

    def fault(self, kind: str, *, path: str = ".*", method: str = ".*", times: int = 1, skip: int = 0, **more: Any) -> None:
        """Let the next calls that match go wrong; `path` and `method` are regular expressions."""
        self.orders.post("faults", kind=kind, path=path, method=method, times=times, skip=skip, **more)

    def reset(self) -> None:
        """Put everything back as it was at the start: records, settings, sessions, limits, faults and the journal."""
        with self.server.lock:
            self.server.service.restore(json.loads(self._state))
            self.server.service.faults.clear()
            self.server.journal.clear()


class SalesforceSandbox(Sandbox):
    """A Salesforce org on this machine."""

    @property
    def service(self) -> SalesforceService:
        """The org itself."""
        service = self.server.service
        assert isinstance(service, SalesforceService)
        return service

    @property
    def client_id(self) -> str:
        """The connected client's id."""
        return self.service.client_id

    @property
    def client_secret(self) -> str:
        """The connected client's secret."""
        return self.service.client_secret

    def access_token(self) -> str:
        """Open a session of the integration user by client credentials and return its token. It is no call of the journal's."""
        form = {"grant_type": "client_credentials", "client_id": self.client_id, "client_secret": self.client_secret}
        headers = {"content-type": "application/x-www-form-urlencoded"}
        with self.server.lock:
            answer = self.service.handle(Request("POST", "/services/oauth2/token", "/services/oauth2/token", {}, headers, urlencode(form).encode()))
        token: str = answer.body["access_token"]
        return token

    def records(self, name: str = "Lead") -> list[dict[str, Any]]:
        """Return every row of an object, the deleted ones included."""
        found: list[dict[str, Any]] = self.orders.get(f"records/{name}")
        return [dict(row) for row in found]


class HubSpotSandbox(Sandbox):
    """A HubSpot account on this machine."""

    @property
    def service(self) -> HubSpotService:
        """The account itself."""
        service = self.server.service
        assert isinstance(service, HubSpotService)
        return service

    @property
    def token(self) -> str:
        """The service key, for the Authorization header after "Bearer "."""
        return self.service.token

    def records(self, name: str = "contacts") -> list[dict[str, Any]]:
        """Return every record of an object, the archived ones included."""
        told: Mapping[str, list[dict[str, Any]]] = self.orders.get("records")
        return told["results" if name == "contacts" else name]


__all__ = ["HubSpotSandbox", "SalesforceSandbox", "Sandbox", "SandboxClock"]
