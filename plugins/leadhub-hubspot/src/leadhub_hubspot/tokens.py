"""The access token of an OAuth app, which lives for half an hour. A service key needs nothing of this: it stays what it is.

An access token is renewed by the clock before it ends, under a lock and for all threads at once; a 401 has it renewed once more, since a token can
be taken back early. HubSpot: "401 is not a valid indicator that a new access token must be retrieved".
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from leadhub_hubspot.settings import Settings

EARLY = timedelta(minutes=5)
"""So long before its end a token is renewed: a call and the waiting before it must not outlast it."""


@dataclass(frozen=True, slots=True)
class Lent:
    """An access token, and for how many seconds HubSpot says that it is good."""

    token: str = field(repr=False)
    seconds: float


class Grant:
    """The access token of one OAuth app in one account, shared by all threads of the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lent: Lent | None = None
        self._until: datetime | None = None

    def token(self, now: datetime, renew: Callable[[], Lent], *, instead_of: str | None = None) -> str:
        """Return a token that is good for a while yet; `instead_of` is one that HubSpot refused. Threads that wait here share the new one."""
        with self._lock:
            late = self._until is None or now >= self._until
            if self._lent is None or late or self._lent.token == instead_of:
                self._lent = renew()
                life = timedelta(seconds=self._lent.seconds)
                self._until = now + life - min(EARLY, life / 2)
            return self._lent.token


_GRANTS: dict[str, Grant] = {}
_GRANTS_LOCK = threading.Lock()


class App:
    """An OAuth app that the account installed. `renew` asks HubSpot for an access token."""

    def __init__(self, settings: Settings, renew: Callable[[], Lent], now: Callable[[], datetime]) -> None:
        assert settings.client_secret is not None
        assert settings.refresh_token is not None
        named = (settings.base_url, settings.client_id or "", settings.client_secret.get_secret_value(), settings.refresh_token.get_secret_value())
        name = sha256("\0".join(named).encode()).hexdigest()
        with _GRANTS_LOCK:
            self._grant = _GRANTS.setdefault(name, Grant())
        self._renew, self._now = renew, now

    def token(self) -> str:
        """Return an access token that is good for this call."""
        return self._grant.token(self._now(), self._renew)

    def refused(self, token: str) -> bool:
        """Have a new one, unless another thread had one meanwhile."""
        return self._grant.token(self._now(), self._renew, instead_of=token) != token
