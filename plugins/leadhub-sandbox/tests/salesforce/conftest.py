"""A Salesforce org on loopback for each test, with the clock standing still."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from leadhub_sandbox import SandboxClock, SandboxServer, start_salesforce

VERSION = "/services/data/v62.0"


@pytest.fixture
def clock() -> SandboxClock:
    """A clock that stands at ten in the morning of 2026-11-16 (UTC)."""
    found = SandboxClock()
    found.set(datetime(2026, 11, 16, 10, 0, 0, 700_000, tzinfo=UTC))
    return found


@pytest.fixture
def server(clock: SandboxClock) -> Iterator[SandboxServer]:
    """A running org of seed 7."""
    found = start_salesforce(seed=7, clock=clock)
    yield found
    found.stop()


@pytest.fixture
def web(server: SandboxServer) -> Iterator[httpx.Client]:
    """A client without a token, at the root of the server."""
    with httpx.Client(base_url=server.url, verify=False) as client:
        yield client


@pytest.fixture
def login(web: httpx.Client, server: SandboxServer) -> Callable[..., httpx.Response]:
    """Ask the token endpoint, by client credentials unless told otherwise."""

    def ask(**form: str) -> httpx.Response:
        client = {"client_id": server.service.client_id, "client_secret": server.service.client_secret}
        return web.post("/services/oauth2/token", data={"grant_type": "client_credentials"} | client | form)

    return ask


@pytest.fixture
def api(server: SandboxServer, login: Callable[..., httpx.Response]) -> Iterator[httpx.Client]:
    """A client with the integration user's token, below the version's path, that never has leads re-assigned."""
    headers = {"Authorization": f"Bearer {login().json()['access_token']}", "Sforce-Auto-Assign": "FALSE"}
    with httpx.Client(base_url=server.url + VERSION, headers=headers, verify=False) as client:
        yield client


@pytest.fixture
def admin(web: httpx.Client) -> Callable[..., Any]:
    """Give an order to the admin API and return its answer; an order that is refused fails the test."""

    def order(path: str, /, **body: Any) -> Any:
        answer = web.post(f"/_sandbox/{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    return order


@pytest.fixture
def make_lead(api: httpx.Client) -> Callable[..., str]:
    """Create a lead through the API and return its id."""

    def make(**fields: Any) -> str:
        answer = api.post("/sobjects/Lead", json={"LastName": "Berg", "Company": "Acme"} | fields)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    return make


@pytest.fixture
def lead(api: httpx.Client) -> Callable[[str], dict[str, Any]]:
    """Read a lead by its id."""

    def read(row_id: str) -> dict[str, Any]:
        answer = api.get(f"/sobjects/Lead/{row_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    return read


@pytest.fixture
def soql(api: httpx.Client) -> Callable[..., list[dict[str, Any]]]:
    """Run a query that fits one page and return its records."""

    def run(text: str, path: str = "/query") -> list[dict[str, Any]]:
        answer = api.get(path, params={"q": text})
        assert answer.status_code == 200, answer.text
        assert answer.json()["done"]
        return list(answer.json()["records"])

    return run


@pytest.fixture
def refusal() -> Callable[[httpx.Response], tuple[int, str]]:
    """Return the status and the error code of a refused call, whose shape it checks."""

    def read(answer: httpx.Response) -> tuple[int, str]:
        (error,) = answer.json()
        assert error["message"]
        return answer.status_code, error["errorCode"]

    return read
