"""Who may work: one owner at a time by name, told apart by a token that only grows."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select, update

from leadhub.errors import LeaseHeld
from leadhub.store import bulk, tables
from leadhub.store.repository import Repository
from leadhub.store.types import UtcDateTime

_NOBODY = ""
_LOCK = 0x1EAD  # any number that no other program on this database uses for its advisory locks


class Leases(Repository):
    """Leases by name. A token is never given twice, whatever its lease's name."""

    def acquire(self, name: str, owner: str, ttl: timedelta, *, process: str = "", gone: Callable[[str], bool] = lambda _process: False) -> int:
        """Take the lease for `ttl` and return its token, larger than every token before.

        Time is the database server's. A SQLite file has no clock of its own: there it is the injected one, that of the machine all its users share.

        Args:
            name: which lease.
            owner: who takes it, for people.
            ttl: how long it lasts unless it is renewed.
            process: who takes it, for `gone`.
            gone: whether such a process is gone for certain: then its lease is over at once. It may err on the side of "no" alone, and even then
                nothing is stored twice: who was taken for gone has a token that is worth nothing.

        Raises:
            LeaseHeld: another holds it, and its time is not over.
        """
        if self.connection.dialect.name == "postgresql":
            self.connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))  # two acquirers must not read the same largest token
        now = self._now()
        held = self.connection.execute(select(tables.lease).where(tables.lease.c.name == name)).first()
        if held and held.owner != _NOBODY and held.expires_at > now and not (held.process and gone(held.process)):
            since = f"; at work since {held.since:%Y-%m-%d %H:%M:%S} UTC" if held.since else ""
            raise LeaseHeld(
                f"the lease {name!r} is held by {held.owner} until {held.expires_at:%Y-%m-%d %H:%M:%S} UTC{since}",
                next_step="wait for that run to end (leadhub runs list); if its process is gone, the lease ends by itself at that time",
            )
        token = 1 + (self.connection.scalar(select(func.max(tables.lease.c.token))) or 0)
        row = {"name": name, "owner": owner, "token": token, "expires_at": now + ttl, "since": now, "process": process}
        bulk.upsert(self.connection, tables.lease, [row])
        return token

    def renew(self, token: int, ttl: timedelta) -> datetime:
        """Keep the lease for `ttl` from now, and return when it ends.

        Raises:
            LeaseHeld: the lease was lost to another, or released.
        """
        self.check(token)
        until = self._now() + ttl
        self.connection.execute(update(tables.lease).where(tables.lease.c.token == token).values(expires_at=until))
        return until

    def release(self, token: int) -> None:
        """Give the lease back. One that was lost already is left to its new owner."""
        self.connection.execute(update(tables.lease).where(tables.lease.c.token == token).values(owner=_NOBODY, expires_at=self._now()))

    def check(self, token: int) -> None:
        """Make sure that nobody else took the lease, until this transaction ends.

        A lease whose time is over and that nobody took is still its owner's: what is written under it conflicts with no one.

        Raises:
            LeaseHeld: the lease was lost to another, or released.
        """
        mine: Select[Any] = select(tables.lease.c.name).where(tables.lease.c.token == token, tables.lease.c.owner != _NOBODY)
        if self.connection.scalar(mine.with_for_update(read=True)) is None:
            raise LeaseHeld(
                f"lease lost: token {token} is no longer the current one; another run took over, nothing was stored under it",
                next_step="leadhub runs list shows who works now; the next run continues from what is stored",
            )

    def _now(self) -> datetime:
        if self.connection.dialect.name == "postgresql":
            return self.connection.execute(select(func.clock_timestamp(type_=UtcDateTime))).scalar_one()
        return self.clock.now()
