"""A set of many keys that takes little memory."""

from array import array
from collections.abc import Hashable, Iterable

_EMPTY = 0


class Marks:
    """A set that knows its members by 64 bits each and cannot name them: a million take 16 MB, where a set of the keys takes 250.

    Two keys with one mark count as one. For a million keys the odds of that are one in 36 million.
    """

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 << 10))
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, key: Hashable) -> bool:
        return self._slots[self._slot(_mark(key))] != _EMPTY

    def add(self, key: Hashable) -> bool:
        """Add a key, and say whether it is new."""
        mark = _mark(key)
        slot = self._slot(mark)
        if self._slots[slot] == mark:
            return False
        self._slots[slot] = mark
        self._count += 1
        if self._count * 2 > len(self._slots):
            self._grow()
        return True

    def update(self, keys: Iterable[Hashable]) -> int:
        """Add many keys, and say how many of them are new. Most of a large run's keys come this way: it does as `add` does, with fewer calls."""
        before, slots, last = self._count, self._slots, len(self._slots) - 1
        for key in keys:
            mark = hash(key) & 0xFFFF_FFFF_FFFF_FFFF or 1
            slot = mark & last
            while (there := slots[slot]) not in (_EMPTY, mark):
                slot = slot + 1 & last
            if there == _EMPTY:
                slots[slot] = mark
                self._count += 1
                if self._count * 2 > len(slots):
                    self._grow()
                    slots, last = self._slots, len(self._slots) - 1
        return self._count - before

    def _slot(self, mark: int) -> int:
        """The place of a mark, or the first free one after it."""
        slots, last = self._slots, len(self._slots) - 1
        slot = mark & last
        while slots[slot] not in (_EMPTY, mark):
            slot = slot + 1 & last
        return slot

    def _grow(self) -> None:
        before = self._slots
        self._slots = array("Q", bytes(16 * len(before)))
        for mark in before:
            if mark != _EMPTY:
                self._slots[self._slot(mark)] = mark


def _mark(key: Hashable) -> int:
    return hash(key) & 0xFFFF_FFFF_FFFF_FFFF or 1
