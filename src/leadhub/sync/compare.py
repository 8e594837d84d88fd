"""Compare: what a system shows now against what is stored, by (id, hash) alone, page by page. Only what differs is ever loaded."""

from collections.abc import Iterable, Mapping

from leadhub.model.record import Gone
from leadhub.store import RecordKey, Store
from leadhub.sync.marks import Marks

_OUT_OF_SCOPE = Gone.OUT_OF_SCOPE.value


class Comparison:
    """One system, read from its beginning, beside the store. `seen` marks what came; each record counts once, however often it comes."""

    def __init__(self, store: Store, system: str, seen: Marks) -> None:
        self._store, self._system, self._seen = store, system, seen
        self.read = 0
        self.same = 0
        self._there = 0
        """How many of those that came are stored and not gone."""

    def page(self, name: str, hashes: Mapping[str, bytes]) -> list[str]:
        """Take some records of one object, each with the hash of its values; return the ids of those that are not stored like that."""
        with self._store.read() as tx:
            stored = tx.records.digests(self._system, name, hashes)
        alike = [id_ for id_, raw_hash in hashes.items() if stored.get(id_) == (raw_hash, None)]
        fresh = self._mark(name, alike)
        self.read, self.same, self._there = self.read + fresh, self.same + fresh, self._there + fresh
        if len(alike) == len(hashes):
            return []
        aside = {id_ for id_, raw_hash in hashes.items() if stored.get(id_) == (raw_hash, _OUT_OF_SCOPE)}
        differ = [id_ for id_ in hashes.keys() - aside if stored.get(id_) != (hashes[id_], None)]
        fresh = self._mark(name, aside)
        self.read, self.same = self.read + fresh, self.same + fresh
        fresh = self._mark(name, [id_ for id_ in differ if id_ in stored and stored[id_][1] is None])
        self.read, self._there = self.read + fresh, self._there + fresh
        self.read += self._mark(name, differ)
        return differ

    @property
    def whole(self) -> bool:
        """Whether everything came that is stored and not gone: then nobody need look for what did not."""
        with self._store.read() as tx:
            return self._there == tx.records.count(self._system)

    def _mark(self, name: str, ids: Iterable[str]) -> int:
        return self._seen.update([RecordKey(self._system, name, id_) for id_ in ids])
