"""Those who send: forms deliver what people type, now and then twice, later than they should, or in another order than it was typed."""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import NamedTuple

from leadhub.model.record import NativeValue
from leadhub.store import Store
from leadhub.testing.simulator.whole.crm import Crm


class _Post(NamedTuple):
    number: int
    crm: Crm
    human: int
    values: Mapping[str, NativeValue]
    key: str | None


class Senders:
    """Delivers into the inbox what `leadhub serve` would: at least once, in no order."""

    def __init__(self, store: Store, find: Callable[[str, str], None]) -> None:
        self._store, self._find = store, find
        self._held: list[_Post] = []
        self._came: set[int] = set()
        self._sent = 0

    def send(self, crm: Crm, human: int, values: Mapping[str, NativeValue], how: str) -> None:
        """Send one post.

        `how`: "twice" (the sender had no answer and repeats it under its key), "clicked" (twice without a key), "held" (it comes after the next
        one), "replayed" (a person has all that came before taken in once more). What was held comes now, the last one first, and once more.
        """
        self._sent += 1
        post = _Post(self._sent, crm, human, values, None if how == "clicked" else f"key-{self._sent}")
        if how == "held":
            self._held.append(post)
            return
        if how == "replayed":
            self._replay(crm)
        for _ in range(2 if how in ("twice", "clicked") else 1):
            self._deliver(post)
        self.release()

    def release(self) -> None:
        """Deliver what was held back."""
        while self._held:
            post = self._held.pop()
            self._deliver(post)
            self._deliver(post)

    def _deliver(self, post: _Post) -> None:
        body = json.dumps(post.values, sort_keys=True).encode()
        with self._store.begin() as tx:
            kept = tx.inbox.keep(post.crm.name, "application/json", body, fingerprint=hashlib.sha256(body).hexdigest(), key=post.key)
        if kept.fresh == (post.number in self._came):
            self._find("delivery", f"post {post.number} is {'kept twice' if kept.fresh else 'not kept'}")
        if kept.fresh:
            self._came.add(post.number)
            post.crm.receive(kept.id, post.human, post.values)

    def _replay(self, crm: Crm) -> None:
        with self._store.begin() as tx:
            tx.inbox.replay([stored.seq for stored in tx.inbox.list(crm.name)])
