"""Both CRMs with the console over them, and a real browser where there is one."""

import os
import shutil
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from leadhub_sandbox import SandboxClock, SandboxServer, start_console, start_hubspot, start_salesforce
from leadhub_sandbox.http import Loopback
from leadhub_sandbox.orders import Orders

_REQUIRED = "LEADHUB_REQUIRE_BROWSER"
_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run")


@pytest.fixture
def servers() -> Iterator[dict[str, SandboxServer]]:
    """Both CRMs on one clock."""
    clock = SandboxClock()
    both = {"salesforce": start_salesforce(seed=7, clock=clock), "hubspot": start_hubspot(seed=7, clock=clock)}
    yield both
    for server in both.values():
        server.stop()


@pytest.fixture
def salesforce(servers: dict[str, SandboxServer]) -> Orders:
    """The hands of people in Salesforce."""
    return Orders(servers["salesforce"])


@pytest.fixture
def hubspot(servers: dict[str, SandboxServer]) -> Orders:
    """The hands of people in HubSpot."""
    return Orders(servers["hubspot"])


@pytest.fixture
def console(servers: dict[str, SandboxServer]) -> Iterator[Loopback]:
    """The console over both."""
    found = start_console(servers)
    yield found
    found.stop()


@pytest.fixture
def web(console: Loopback) -> Iterator[httpx.Client]:
    """A client of the console."""
    with httpx.Client(base_url=console.url, verify=False) as client:
        yield client


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Debian's Chromium, without a window, with a profile of its own that is new each time. Nothing is downloaded.

    It ends with its module: while playwright runs, no other test of the process could run an event loop.
    """
    program = shutil.which("chromium")
    told = "no browser: install Chromium (Debian: apt-get install chromium)"
    if program is None:
        if os.environ.get(_REQUIRED) == "1":
            pytest.fail(told)
        pytest.skip(told)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(_FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Any, console: Loopback) -> Iterator[Any]:
    """A tab that opens the console's pages, and that has asked nobody but the console when the test is over."""
    context = chromium.new_context(base_url=console.url)
    asked: list[str] = []
    failed: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    tab = context.new_page()
    tab.on("console", lambda message: failed.append(message.text) if "Content Security Policy" in message.text else None)
    tab.set_default_timeout(20_000)
    yield tab
    context.close()
    assert [address for address in asked if not address.startswith(console.url)] == []
    assert failed == []
