"""Salesforce and HubSpot on loopback, stateful and seeded. It never imports leadhub and never listens beyond 127.0.0.1."""

from collections.abc import Mapping

from leadhub_sandbox.clock import SandboxClock
from leadhub_sandbox.http import Loopback, SandboxServer

__all__ = ["SandboxClock", "SandboxServer", "start_console", "start_hubspot", "start_salesforce"]


def start_salesforce(seed: int = 1, port: int = 0, clock: SandboxClock | None = None) -> SandboxServer:
    """Start a Salesforce org and return its server, already listening; `stop` it in the end. Port 0 takes a free one."""
    from leadhub_sandbox.salesforce import SalesforceService

    return _started(SandboxServer(SalesforceService(seed, clock or SandboxClock()), port))


def start_hubspot(seed: int = 1, port: int = 0, clock: SandboxClock | None = None) -> SandboxServer:
    """Start a HubSpot account and return its server, already listening; `stop` it in the end. Port 0 takes a free one."""
    from leadhub_sandbox.hubspot import HubSpotService

    return _started(SandboxServer(HubSpotService(seed, clock or SandboxClock()), port))


def start_console(servers: Mapping[str, SandboxServer], port: int = 0) -> Loopback:
    """Start the page for people over servers by name ("salesforce", "hubspot"), already listening; `stop` it in the end."""
    from leadhub_sandbox.console import Console

    console = Console(servers, port)
    console.start()
    return console


def _started(server: SandboxServer) -> SandboxServer:
    server.start()
    return server
