"""Both sandboxes for the witnesses, and the count of what each of them tried."""

import sys
from collections.abc import Callable, Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from leadhub_sandbox import SandboxClock, SandboxServer, start_hubspot, start_salesforce

sys.path.insert(0, str(Path(__file__).parent))
from witnessing import PAGE, Tried


@pytest.fixture
def tried() -> Tried:
    """The calls that the test makes through its witness."""
    return Tried()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Function) -> Generator[None, Any, Any]:
    """Compare what a test that passed has tried with the page; `count.py` writes the page from the same lines."""
    outcome = yield
    tried = item.funcargs.get("tried")
    if tried is not None:
        item.user_properties.append(("tried", tried.row(item.originalname)))
        if not item.config.pluginmanager.has_plugin("count"):
            told = PAGE.read_text(encoding="utf-8").splitlines() if PAGE.exists() else []
            assert tried.row(item.originalname) in told, "docs/reference/witnesses.md is not what was tried: run count.py"
    return outcome


@pytest.fixture
def clock() -> SandboxClock:
    """A clock that stands at ten in the morning of 2026-11-16 (UTC)."""
    found = SandboxClock()
    found.set(datetime(2026, 11, 16, 10, 0, tzinfo=UTC))
    return found


@pytest.fixture
def org(clock: SandboxClock) -> Iterator[SandboxServer]:
    """A running Salesforce org of seed 7."""
    found = start_salesforce(seed=7, clock=clock)
    yield found
    found.stop()


@pytest.fixture
def account(clock: SandboxClock) -> Iterator[SandboxServer]:
    """A running HubSpot account of seed 7."""
    found = start_hubspot(seed=7, clock=clock)
    yield found
    found.stop()


@pytest.fixture
def admin(org: SandboxServer) -> Callable[..., Any]:
    """Give an order to the org's admin API and return its answer."""
    return _orders(org)


@pytest.fixture
def administer(account: SandboxServer) -> Callable[..., Any]:
    """Give an order to the account's admin API and return its answer."""
    return _orders(account)


def _orders(server: SandboxServer) -> Callable[..., Any]:
    def order(path: str, /, **body: Any) -> Any:
        answer = httpx.post(f"{server.url}/_sandbox/{path}", json=body, trust_env=False)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    return order
