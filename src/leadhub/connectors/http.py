"""The one module that creates httpx clients: time-outs, no redirects, errors in leadhub's own words.

A client made here raises `Unavailable` when the call never reached the system, and `UnknownOutcome` when it may have: what that means for the
caller is decided by whether the call was a read (repeat it) or a write (read first).
"""

import ssl
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import httpx

from leadhub.errors import Unavailable, UnknownOutcome

HttpClient = httpx.Client
"""What a connector is handed; the name by which everyone else speaks of it."""

TIMEOUT = httpx.Timeout(60.0, connect=10.0)
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class _Client(httpx.Client):
    """Turns httpx's transport errors into leadhub's. `send` is where every request passes, so nothing slips by."""

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        try:
            return super().send(request, **options)
        except _NEVER_SENT as error:
            raise Unavailable(f"{request.url.host} cannot be reached: {_cause(error)}.") from error
        except httpx.HTTPError as error:
            raise UnknownOutcome(f"{request.method} {request.url.host}{request.url.path}: no answer ({_cause(error)}).") from error


def _cause(error: Exception) -> str:
    return str(error) or type(error).__name__


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """One TLS context for all clients: reading the certificates anew for each one costs more than a call."""
    return httpx.create_ssl_context()


def client(base_url: str, *, token: str | None = None, headers: Mapping[str, str] | None = None) -> HttpClient:
    """Return a client for one system. The token goes into the Authorization header and nowhere else."""
    bearer = {"Authorization": f"Bearer {token}"} if token else {}
    return _Client(
        base_url=base_url,
        headers={"User-Agent": "leadhub", **bearer, **(headers or {})},
        timeout=TIMEOUT,
        verify=_tls(),
        follow_redirects=False,
    )
