# ruff: noqa: ARG001 - the CRMs ask for the clock so that it is in real time before they are put back
"""Fixtures for pytest, which finds them by itself where leadhub-sandbox is installed. A CRM starts when the first test asks for it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from leadhub_sandbox.clock import SandboxClock

if TYPE_CHECKING:  # every run of pytest loads this module: what takes time is imported by the tests that use it
    from leadhub_sandbox.testing import HubSpotSandbox, SalesforceSandbox

SEED = 1


@pytest.fixture(scope="session")
def _leadhub_sandbox_clock() -> SandboxClock:
    """The clock that the session's CRMs share."""
    return SandboxClock()


@pytest.fixture(scope="session")
def _leadhub_sandbox_salesforce(_leadhub_sandbox_clock: SandboxClock) -> Iterator["SalesforceSandbox"]:
    """The session's org."""
    from leadhub_sandbox import start_salesforce
    from leadhub_sandbox.testing import SalesforceSandbox

    server = start_salesforce(SEED, clock=_leadhub_sandbox_clock)
    yield SalesforceSandbox(server)
    server.stop()


@pytest.fixture(scope="session")
def _leadhub_sandbox_hubspot(_leadhub_sandbox_clock: SandboxClock) -> Iterator["HubSpotSandbox"]:
    """The session's account."""
    from leadhub_sandbox import start_hubspot
    from leadhub_sandbox.testing import HubSpotSandbox

    server = start_hubspot(SEED, clock=_leadhub_sandbox_clock)
    yield HubSpotSandbox(server)
    server.stop()


@pytest.fixture
def sandbox_clock(_leadhub_sandbox_clock: SandboxClock) -> Iterator[SandboxClock]:
    """The clock of both CRMs, in real time until the test sets it: `set` freezes it, `advance` moves it on, `release` lets it run again."""
    _leadhub_sandbox_clock.reset()
    yield _leadhub_sandbox_clock
    _leadhub_sandbox_clock.reset()


@pytest.fixture
def salesforce_sandbox(_leadhub_sandbox_salesforce: "SalesforceSandbox", sandbox_clock: SandboxClock) -> "SalesforceSandbox":
    """A Salesforce org in which nobody was before this test."""
    _leadhub_sandbox_salesforce.reset()
    return _leadhub_sandbox_salesforce


@pytest.fixture
def hubspot_sandbox(_leadhub_sandbox_hubspot: "HubSpotSandbox", sandbox_clock: SandboxClock) -> "HubSpotSandbox":
    """A HubSpot account in which nobody was before this test."""
    _leadhub_sandbox_hubspot.reset()
    return _leadhub_sandbox_hubspot
