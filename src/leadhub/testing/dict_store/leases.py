"""Leases in dictionaries. Time is the injected clock's, as it is on SQLite."""

from collections.abc import Callable
from datetime import datetime, timedelta

from leadhub.errors import LeaseHeld
from leadhub.store.leases import Leases
from leadhub.testing.dict_store.repository import DictRepository
from leadhub.testing.dict_store.tables import NOBODY, Lease, utc


class DictLeases(DictRepository, Leases):
    """Leases by name."""

    def acquire(self, name: str, owner: str, ttl: timedelta, *, process: str = "", gone: Callable[[str], bool] = lambda _process: False) -> int:
        """See `Leases.acquire`."""
        self.held.writable()
        leases, now = self.held.leases, utc(self.clock.now())
        lease = leases.get(name)
        if lease and lease.owner != NOBODY and lease.expires_at > now and not (lease.process and gone(lease.process)):
            raise LeaseHeld(
                f"the lease {name!r} is held by {lease.owner} until {lease.expires_at:%Y-%m-%d %H:%M:%S} UTC; "
                f"at work since {lease.since:%Y-%m-%d %H:%M:%S} UTC",
                next_step="wait for that run to end (leadhub runs list); if its process is gone, the lease ends by itself at that time",
            )
        token = 1 + max((one.token for one in leases.values()), default=0)
        self.held.put(leases, name, Lease(owner, token, now + ttl, now, process))
        return token

    def renew(self, token: int, ttl: timedelta) -> datetime:
        """See `Leases.renew`."""
        self.held.writable()
        self.held.check_lease(token)
        until = utc(self.clock.now()) + ttl
        self._change(token, until)
        return until

    def release(self, token: int) -> None:
        """See `Leases.release`."""
        self.held.writable()
        self._change(token, utc(self.clock.now()), NOBODY)

    def check(self, token: int) -> None:
        """See `Leases.check`."""
        self.held.check_lease(token)

    def _change(self, token: int, expires_at: datetime, owner: str | None = None) -> None:
        for name, lease in list(self.held.leases.items()):
            if lease.token == token:
                self.held.put(self.held.leases, name, lease._replace(owner=lease.owner if owner is None else owner, expires_at=expires_at))
