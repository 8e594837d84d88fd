"""Compare: what systems show now against what is stored, by (id, hash) alone. What came is taken out of the marks of what is stored: the rest is drift.

One walk over the store marks every record with its hash, 64 bits each. Each page that comes takes out the marks of its records; a record that has none
is stored otherwise, or not at all: it is looked up, and its mark taken out with the hash that is stored. What is left in the end did not come. By their
number alone it is known whether there are any; only then is the store walked again.
"""

from collections import Counter
from collections.abc import Mapping
from itertools import repeat

from leadhub.store import RecordKey, Store
from leadhub.sync.marks import Marks


class Comparison:
    """What is stored of all systems, less what came so far."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._left: Counter[str] = Counter()
        self._otherwise = Marks()
        self.same: Counter[str] = Counter()
        """By system, how many records came as they are stored. Each counts once, however often it comes."""
        self.read: Counter[str] = Counter()
        """By system, how many records came."""
        with store.read() as tx:
            self._marks = Marks(room=tx.records.total())
            for rows in tx.records.digests():
                self._marks.update(rows)
                self._left.update(row[0] for row in rows)

    def page(self, system: str, name: str, hashes: Mapping[str, bytes]) -> list[str]:
        """Take some records of one object, each with the hash of its values; return the ids of those that are not stored like that, or came before."""
        absent = self._marks.take(zip(repeat(system), repeat(name), hashes, hashes.values()))
        came = len(hashes) - len(absent)
        self.same[system] += came
        self.read[system] += came
        self._left[system] -= came
        return [id_ for _, _, id_, _ in absent]

    def otherwise(self, key: RecordKey, stored: bytes | None) -> bool:
        """Note that a record came, and not as it is stored: with that hash, None where it is not there as far as we know. Say whether that is new."""
        if not self._otherwise.add(key):
            return False
        if stored is None:
            self.read[key.system] += 1
        elif self._marks.take([(*key, stored)]):
            self.same[key.system] -= 1  # it came before as it is stored, and was changed while we read
        else:
            self.read[key.system] += 1
            self._left[key.system] -= 1
        return True

    def unheard(self, system: str) -> list[RecordKey]:
        """Return the records of a system that are stored, in scope, and did not come. Where all came nobody need look for them."""
        if not self._left[system]:
            return []
        with self._store.read() as tx:
            return [RecordKey(*row[:3]) for rows in tx.records.digests(out_of_scope=False) for row in rows if row[0] == system and row in self._marks]
