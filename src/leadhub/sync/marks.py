"""A set of many keys that takes little memory."""

from array import array
from collections.abc import Hashable, Iterable
from typing import TypeVar

_Key = TypeVar("_Key", bound=Hashable)
_BITS = 0xFFFF_FFFF_FFFF_FFFF

_EMPTY, _TAKEN = 0, 1
"""What a slot holds that was never used, and one whose mark was taken out."""


class Marks:
    """A set that knows its members by 64 bits each and cannot name them: a million take 16 MB, where a set of the keys takes 250.

    Two keys with one mark count as one. For a million keys the odds of that are one in 36 million. `room` is for how many keys there is room at once.
    """

    def __init__(self, room: int = 0) -> None:
        self._slots = array("Q", bytes(8)) * max(1 << 10, 1 << (2 * room - 1).bit_length() if room else 0)
        self._count = self._used = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, key: Hashable) -> bool:
        mark = _mark(key)
        return self._slots[self._slot(mark)] == mark

    def add(self, key: Hashable) -> bool:
        """Add a key, and say whether it is new."""
        return self.update((key,)) == 1

    def update(self, keys: Iterable[Hashable]) -> int:
        """Add many keys, and say how many of them are new."""
        before, slots, last = self._count, self._slots, len(self._slots) - 1
        for key in keys:
            mark = hash(key) & _BITS
            if mark <= _TAKEN:
                mark += _TAKEN + 1
            slot = mark & last
            while (there := slots[slot]) not in (_EMPTY, mark):
                slot = slot + 1 & last
            if there == _EMPTY:
                slots[slot] = mark
                self._count += 1
                self._used += 1
                if self._used * 2 > last:
                    self._grow()
                    slots, last = self._slots, len(self._slots) - 1
        return self._count - before

    def take(self, keys: Iterable[_Key]) -> list[_Key]:
        """Take many keys out, and return those that were not in."""
        slots, last, absent = self._slots, len(self._slots) - 1, []
        for key in keys:
            mark = hash(key) & _BITS
            if mark <= _TAKEN:
                mark += _TAKEN + 1
            slot = mark & last
            while (there := slots[slot]) not in (_EMPTY, mark):
                slot = slot + 1 & last
            if there == _EMPTY:
                absent.append(key)
            else:
                slots[slot] = _TAKEN
                self._count -= 1
        return absent

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
            if mark > _TAKEN:
                self._slots[self._slot(mark)] = mark
        self._used = self._count


def _mark(key: Hashable) -> int:
    mark = hash(key) & _BITS
    return mark if mark > _TAKEN else mark + _TAKEN + 1
