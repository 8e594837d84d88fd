"""Runs the application on a socket until a signal, and ends without cutting anybody off."""

import ipaddress
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from leadhub.errors import LeadhubError

GOODBYE_SECONDS = 30
"""How long requests in flight may take after the signal: as long as a sender may take over a body."""

MOST_CONNECTIONS = 500
"""More are answered with 503 at once. What one connection may send is bounded, and so is the memory."""

LISTENING = 128


def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes a free one. Raises LeadhubError where the address cannot be had."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=LISTENING)
    except (OSError, OverflowError) as error:
        raise LeadhubError(
            f"{host} port {port} cannot be listened on: {error}.", next_step="end what uses the port, or name another: --port N (0 takes a free one)"
        ) from None


def run(app: ASGIApp, listening: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM, then let the requests in flight end. A second signal ends at once."""
    config = uvicorn.Config(
        app,
        access_log=False,  # it would write tokens; the application has a log of its own
        log_config=None,
        lifespan="off",
        ws="none",
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=GOODBYE_SECONDS,
    )
    with _signals_ignored():
        uvicorn.Server(config).run(sockets=[listening])


@contextmanager
def _signals_ignored() -> Iterator[None]:
    """uvicorn raises the signal that ended it once more when it is through. By then it has done its work."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda _number, _frame: None) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
