"""The one module that creates httpx clients: time-outs, no redirects, errors in leadhub's own words.

A client made here raises `Unavailable` when the call never reached the system, and `UnknownOutcome` when it may have: what that means for the
caller is decided by whether the call was a read (repeat it) or a write (read first).
"""

import ssl
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Any

import httpx

from leadhub.errors import AccessDenied, FatalError, Unavailable, UnknownOutcome

HttpClient = httpx.Client
"""What a connector is handed; the name by which everyone else speaks of it."""

TIMEOUT = httpx.Timeout(60.0, connect=10.0)
LONGEST_CALL = timedelta(minutes=3)
"""More than a call takes that waits as long as it may for the connection, for its own way out and for the answer."""
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class _Client(httpx.Client):
    """Turns httpx's transport errors into leadhub's. `send` is where every request passes, so nothing slips by."""

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        try:
            return super().send(request, **options)
        except _NEVER_SENT as error:
            raise Unavailable(f"{request.url.host} cannot be reached: {_cause(error)}.") from error
        except httpx.LocalProtocolError:
            # Our own request is malformed, so it was not sent. The error's text quotes the header, which may hold the token.
            raise FatalError(
                f"{request.method} {request.url.host}{request.url.path}: the call cannot be made, a header of it is not valid."
            ) from None
        except httpx.HTTPError as error:
            raise UnknownOutcome(f"{request.method} {request.url.host}{request.url.path}: no answer ({_cause(error)}).") from error


class Gate:
    """Where a call that may write passes before it goes out: not any more when nobody would be left to note what came of it."""

    def __init__(self, in_time: Callable[[], bool]) -> None:
        self.writing = False
        self._in_time = in_time

    def watch(self, client: HttpClient) -> HttpClient:
        """Let every request of a client pass here first."""
        client.event_hooks = {**client.event_hooks, "request": [*client.event_hooks["request"], self._pass]}
        return client

    def _pass(self, request: httpx.Request) -> None:
        # Unknown, not unsent: of what was asked for at once, an earlier call may have made a part.
        if self.writing and not self._in_time():
            raise UnknownOutcome(
                f"{request.method} {request.url.host}{request.url.path} was not sent: the time that this run may work for is nearly over."
            )


def _cause(error: Exception) -> str:
    return str(error) or type(error).__name__


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """One TLS context for all clients: reading the certificates anew for each one costs more than a call."""
    return httpx.create_ssl_context()


def client(base_url: str, *, token: str | None = None, headers: Mapping[str, str] | None = None) -> HttpClient:
    """Return a client for one system. The token goes into the Authorization header and nowhere else.

    Raises:
        AccessDenied: the token holds characters that no header can carry. It is not repeated.
    """
    if token and not (token.isascii() and token.isprintable()):
        raise AccessDenied(
            f"The token for {httpx.URL(base_url).host} holds characters that no token has: a line break, an accent, or a typographic dash or quote.",
            next_step="copy the token anew, then: leadhub doctor",
        )
    bearer = {"Authorization": f"Bearer {token}"} if token else {}
    return _Client(
        base_url=base_url,
        headers={"User-Agent": "leadhub", **bearer, **(headers or {})},
        timeout=TIMEOUT,
        verify=_tls(),
        follow_redirects=False,
    )
