"""One seeded HubSpot account over real HTTP, its clock standing still unless a test moves it."""

import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from leadhub_sandbox.clock import SandboxClock
from leadhub_sandbox.http import SandboxServer
from leadhub_sandbox.hubspot import HubSpotService


@pytest.fixture
def clock() -> SandboxClock:
    """The account's clock, frozen."""
    clock = SandboxClock()
    clock.set(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
    return clock


@pytest.fixture
def service(clock: SandboxClock) -> HubSpotService:
    """The account."""
    return HubSpotService(7, clock)


@pytest.fixture
def server(service: HubSpotService) -> Iterator[SandboxServer]:
    """The account behind HTTP on loopback."""
    server = SandboxServer(service)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def hub(server: SandboxServer, service: HubSpotService) -> Iterator[httpx.Client]:
    """A client that holds the account's service key."""
    bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # plain HTTP only: loading the certificate store costs more than a test
    with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {service.token}"}, timeout=30, verify=bare) as client:
        yield client


@pytest.fixture
def create(hub: httpx.Client) -> Callable[..., dict[str, Any]]:
    """Create a contact by the API and return the answer."""

    def create(**properties: str) -> dict[str, Any]:
        answer = hub.post("/crm/v3/objects/contacts", json={"properties": properties, "associations": []})
        assert answer.status_code == 201, answer.text
        return answer.json()

    return create


@pytest.fixture
def settings(hub: httpx.Client) -> Callable[..., None]:
    """Change the account's settings."""

    def change(**order: Any) -> None:
        answer = hub.post("/_sandbox/settings", json=order)
        assert answer.status_code == 200, answer.text

    return change


@pytest.fixture
def search(hub: httpx.Client) -> Callable[..., dict[str, Any]]:
    """Search contacts with any of the five fields and return the answer's body."""

    def search(*filters: dict[str, Any], **fields: Any) -> dict[str, Any]:
        groups = [{"filters": list(filters)}] if filters else []
        body = {"filterGroups": groups, "sorts": [], "properties": [], "limit": 200, "after": "0"} | fields
        answer = hub.post("/crm/v3/objects/contacts/search", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return search


@pytest.fixture
def fill(hub: httpx.Client) -> Callable[[int], None]:
    """Create so many contacts by batch upsert, keyed by leadhub_id."""

    def fill(count: int) -> None:
        for start in range(0, count, 100):
            inputs = [
                {
                    "idProperty": "leadhub_id",
                    "id": f"L{number}",
                    "properties": {"email": f"p{number}@fill.example", "lastname": f"P{number}"},
                    "objectWriteTraceId": str(number),
                }
                for number in range(start, min(start + 100, count))
            ]
            answer = hub.post("/crm/v3/objects/contacts/batch/upsert", json={"inputs": inputs})
            assert answer.status_code == 200, answer.text

    return fill
