"""The inbox in dictionaries."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from leadhub.model.delivery import Delivery
from leadhub.store.inbox import REPEAT, DeliveryState, Inbox, Kept, StoredDelivery, delivery_name
from leadhub.testing.dict_store.repository import DictRepository
from leadhub.testing.dict_store.tables import utc


class DictInbox(DictRepository, Inbox):
    """Deliveries by system, in the order in which they came."""

    def keep(self, source: str, content_type: str, raw: bytes, *, fingerprint: str, key: str | None = None) -> Kept:
        """See `Inbox.keep`."""
        held = self.held
        held.writable()
        now = utc(self.clock.now())
        if key is not None:
            name = delivery_name("key", source, key)
        else:
            window = int(now.timestamp() // REPEAT.total_seconds())
            name, before = (delivery_name("body", source, fingerprint, str(number)) for number in (window, window - 1))
            earlier = held.received.get((source, before))
            if earlier is not None and held.inbox[earlier].delivery.received_at > now - REPEAT:
                return Kept(before, fresh=False)
        known = held.received.get((source, name))
        if known is not None:
            return Kept(name, fresh=False, clash=key is not None and held.inbox[known].delivery.body != raw)
        seq = len(held.inbox) + 1
        held.put(held.inbox, seq, StoredDelivery(seq, source, Delivery(name, content_type, bytes(raw), now)))
        held.put(held.received, (source, name), seq)
        return Kept(name)

    def waiting(self, source: str, limit: int) -> tuple[StoredDelivery, ...]:
        """See `Inbox.waiting`."""
        inbox = self.held.inbox
        return tuple([inbox[seq] for seq in sorted(inbox) if inbox[seq].source == source and inbox[seq].run_id is None][:limit])

    def count_waiting(self) -> dict[str, int]:
        """See `Inbox.count_waiting`."""
        return dict(sorted(Counter(stored.source for stored in self.held.inbox.values() if stored.run_id is None).items()))

    def settle(self, numbers: Iterable[int], run_id: str) -> None:
        """See `Inbox.settle`."""
        self.held.writable()
        for seq in numbers:
            if seq in self.held.inbox:
                self.held.put(self.held.inbox, seq, replace(self.held.inbox[seq], run_id=run_id))

    def replay(self, numbers: Iterable[int]) -> int:
        """See `Inbox.replay`."""
        self.held.writable()
        taken = {seq for seq in numbers if seq in self.held.inbox and self.held.inbox[seq].run_id is not None}
        for seq in taken:
            self.held.put(self.held.inbox, seq, replace(self.held.inbox[seq], run_id=None))
        return len(taken)

    def get(self, number: int) -> StoredDelivery | None:
        """See `Inbox.get`."""
        stored = self.held.inbox.get(number)
        return stored and self._with_reason(stored)

    def list(self, source: str | None = None, state: DeliveryState | None = None, limit: int = 1000) -> tuple[StoredDelivery, ...]:
        """See `Inbox.list`."""
        newest_first = (self._with_reason(self.held.inbox[seq]) for seq in sorted(self.held.inbox, reverse=True))
        wanted = [one for one in newest_first if (source is None or one.source == source) and (state is None or one.state == state)]
        return tuple(wanted[:limit])

    def _with_reason(self, stored: StoredDelivery) -> StoredDelivery:
        if stored.run_id is None:
            return stored
        reject = self.held.rejects.get((stored.run_id, stored.source, stored.seq))
        return stored if reject is None else replace(stored, reason=reject.reason)
