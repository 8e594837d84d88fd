"""The inbox: deliveries as they came, kept before their sender is answered, each until it has become records or a reject."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Select, and_, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from leadhub.model.delivery import Delivery
from leadhub.store import tables
from leadhub.store.repository import Repository

REPEAT = timedelta(minutes=10)
"""The same body again within this time is a double click or a second try, later it is a new delivery: people do send one form twice a year."""

_T = tables.inbox
_R = tables.reject

DeliveryState = Literal["waiting", "taken", "rejected"]


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a delivery at the door. `fresh`: it was not there yet. `clash`: its sender used one key for two different bodies, and it was not kept."""

    id: str
    fresh: bool = True
    clash: bool = False


@dataclass(frozen=True, slots=True)
class StoredDelivery:
    """A delivery with its number, the system that it is for, the run that took it in, and why that run could make no record of it."""

    seq: int
    source: str
    delivery: Delivery
    run_id: str | None = None
    reason: str | None = None

    @property
    def state(self) -> DeliveryState:
        """Whether a run has looked at it, and what came of that."""
        return "waiting" if self.run_id is None else "taken" if self.reason is None else "rejected"


class Inbox(Repository):
    """Deliveries by system, in the order in which they came."""

    def keep(self, source: str, content_type: str, raw: bytes, *, fingerprint: str, key: str | None = None) -> Kept:
        """Keep a delivery, unless it is here already.

        Args:
            source: the system that it is for.
            content_type: the whole header.
            raw: the body as it came.
            fingerprint: what is the same for two bodies that say the same.
            key: the sender's own name for this delivery; it holds for good. Without one, an equal fingerprint within `REPEAT` is a repetition.
        """
        now = self.clock.now()
        if key is not None:
            delivery_id = delivery_name("key", source, key)
            known = self._received(source, delivery_id)
        else:
            window = int(now.timestamp() // REPEAT.total_seconds())
            delivery_id, before = (delivery_name("body", source, fingerprint, str(number)) for number in (window, window - 1))
            known = self._received(source, before)
            if known is not None and known.received_at > now - REPEAT:
                return Kept(before, fresh=False)
        row = {"source": source, "delivery_id": delivery_id, "content_type": content_type, "raw": raw, "received_at": now, "run_id": None}
        insert: Any = postgresql.insert(_T) if self.connection.dialect.name == "postgresql" else sqlite.insert(_T)
        added = insert.values(row).on_conflict_do_nothing(index_elements=["source", "delivery_id"]).returning(_T.c.seq)
        if self.connection.scalar(added) is not None:
            return Kept(delivery_id)
        known = self._received(source, delivery_id)  # again: another may have come in between
        return Kept(delivery_id, fresh=False, clash=key is not None and known is not None and bytes(known.raw) != raw)

    def _received(self, source: str, delivery_id: str) -> Any:
        found = select(_T.c.received_at, _T.c.raw).where(_T.c.source == source, _T.c.delivery_id == delivery_id)
        return self.connection.execute(found).first()

    def waiting(self, source: str, limit: int) -> tuple[StoredDelivery, ...]:
        """Return the oldest deliveries that no run has taken in."""
        found = select(_T).where(_T.c.source == source, _T.c.run_id.is_(None)).order_by(_T.c.seq).limit(limit)
        return tuple(_stored(row) for row in self.connection.execute(found))

    def count_waiting(self) -> dict[str, int]:
        """Return how many deliveries no run has taken in, by the system that they are for."""
        found = select(_T.c.source, func.count()).where(_T.c.run_id.is_(None)).group_by(_T.c.source).order_by(_T.c.source)
        return {str(row[0]): int(row[1]) for row in self.connection.execute(found)}

    def settle(self, numbers: Iterable[int], run_id: str) -> None:
        """Note that a run made records or rejects of these deliveries: to be called in the transaction that stores them."""
        self.connection.execute(update(_T).where(_T.c.seq.in_(list(numbers))).values(run_id=run_id))

    def replay(self, numbers: Iterable[int]) -> int:
        """Put deliveries back among the waiting ones, and return how many of them a run had taken in before."""
        again = update(_T).where(_T.c.seq.in_(list(numbers)), _T.c.run_id.is_not(None)).values(run_id=None)
        return self.connection.execute(again).rowcount

    def get(self, number: int) -> StoredDelivery | None:
        """Return one delivery by its number."""
        row = self.connection.execute(_with_reasons().where(_T.c.seq == number)).first()
        return None if row is None else _stored(row, row.reason)

    def list(self, source: str | None = None, state: DeliveryState | None = None, limit: int = 1000) -> tuple[StoredDelivery, ...]:
        """Return deliveries, newest first; of one system or in one state where named."""
        found = _with_reasons().order_by(_T.c.seq.desc()).limit(limit)
        if source is not None:
            found = found.where(_T.c.source == source)
        match state:
            case "waiting":
                found = found.where(_T.c.run_id.is_(None))
            case "taken":
                found = found.where(_T.c.run_id.is_not(None), _R.c.reason.is_(None))
            case "rejected":
                found = found.where(_R.c.reason.is_not(None))
            case None:
                pass
        return tuple(_stored(row, row.reason) for row in self.connection.execute(found))


def _with_reasons() -> Select[Any]:
    """A run lists the reject of a delivery under the system's name and the delivery's number."""
    its_reject = and_(_R.c.run_id == _T.c.run_id, _R.c.source == _T.c.source, _R.c.row == _T.c.seq)
    return select(_T, _R.c.reason).select_from(_T.outerjoin(_R, its_reject))


def delivery_name(*parts: str) -> str:
    """What a stranger sent is no id: a hash of it is, and holds nobody's data."""
    return hashlib.blake2b("\0".join(parts).encode(errors="surrogatepass"), digest_size=12).hexdigest()


def _stored(row: Any, reason: str | None = None) -> StoredDelivery:
    received_at: datetime = row.received_at
    return StoredDelivery(row.seq, row.source, Delivery(row.delivery_id, row.content_type, bytes(row.raw), received_at), row.run_id, reason)
