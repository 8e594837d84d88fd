"""Which value each edit had seen: the knowledge that the engine lacks and the judges need."""

from collections import defaultdict


class Ancestry:
    """Values as nodes. A value supersedes what its typist had before their eyes, what that superseded, and what a rule or decision set aside for it."""

    def __init__(self) -> None:
        self._parents: dict[int, set[int]] = defaultdict(set)
        self._aside: dict[int, set[int]] = defaultdict(set)
        self._same: dict[int, int] = {}
        self._count = 0
        self.raced: set[int] = set()
        self.initial: set[int] = set()

    def new(self, *parents: int) -> int:
        """Add a value typed over others."""
        self._count += 1
        self._parents[self._count] = set(parents)
        return self._count

    def root(self, node: int) -> int:
        """Return the node that stands for this one and for all that turned out to be the same value."""
        while node in self._same:
            node = self._same[node]
        return node

    def merge(self, one: int, other: int) -> None:
        """Two people came to the same value, and the hub saw both: from now on it is one."""
        one, other = self.root(one), self.root(other)
        if one != other:
            self._same[other] = one
            self._parents[one] |= self._parents.pop(other, set())
            self._aside[one] |= self._aside.pop(other, set())

    def grant(self, winner: int, *losers: int) -> None:
        """A rule or a person let one value win: it supersedes the others as if it had seen them."""
        self._parents[self.root(winner)] |= set(losers)

    def stand(self, one: int, other: int) -> None:
        """Two values stand side by side by a rule: neither replaces the other, but whatever is typed over the one replaces the other too."""
        self._aside[self.root(one)].add(other)
        self._aside[self.root(other)].add(one)

    def ancestors(self, node: int) -> set[int]:
        """All that a value supersedes by having seen it."""
        found: set[int] = set()
        stack = [self.root(p) for p in self._parents[self.root(node)]]
        while stack:
            at = stack.pop()
            if at not in found:
                found.add(at)
                stack.extend(self.root(p) for p in self._parents[at])
        return found

    def supersedes(self, newer: int, older: int) -> bool:
        """Whether `newer` may take the place of `older`."""
        newer, older = self.root(newer), self.root(older)
        seen = self.ancestors(newer)
        if newer == older or older in seen:
            return True
        for node in seen - {newer}:
            for aside in self._aside[node]:
                if self.root(aside) == older or older in self.ancestors(aside):
                    return True
        return False

    def concurrent(self, one: int, other: int) -> bool:
        """Whether neither of two different values knew of the other."""
        return not self.supersedes(one, other) and not self.supersedes(other, one)

    def race(self, node: int) -> bool:
        """Whether the value is, or was typed over, an edit that lay unread when its record was marked current."""
        return bool(self.raced) and bool(({self.root(node)} | self.ancestors(node)) & {self.root(n) for n in self.raced})
