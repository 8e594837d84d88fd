"""What search knows of the contacts: their state as of some seconds ago, in order of change and by e-mail. It stores what it is told."""

from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass

FEW = 500  # changes up to which each is put in its place; beyond, sorting anew is quicker
EVERYTHING = (-(1 << 62), 1 << 62)
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Entry:
    """One contact as the search index knows it."""

    id: int
    modified_ms: int
    values: dict[str, str]


class SearchIndex:
    """Entries by id. The order of change is brought up to date when it is asked for: thousands may change at once."""

    def __init__(self) -> None:
        self.entries: dict[int, Entry] = {}
        self._by_email: dict[str, set[int]] = {}
        self._times: list[tuple[int, int]] = []
        self._gone: set[tuple[int, int]] = set()
        self._new: set[tuple[int, int]] = set()

    def put(self, entry: Entry) -> None:
        """Take in a contact's state in place of the one before."""
        self._take_out(self.entries.get(entry.id))
        self.entries[entry.id] = entry
        self._new.add((entry.modified_ms, entry.id))
        if "email" in entry.values:
            self._by_email.setdefault(entry.values["email"].lower(), set()).add(entry.id)

    def drop(self, record_id: int) -> None:
        """Forget a contact."""
        self._take_out(self.entries.pop(record_id, None))

    def _take_out(self, old: Entry | None) -> None:
        if old is None:
            return
        time = old.modified_ms, old.id
        if time in self._new:
            self._new.remove(time)
        else:
            self._gone.add(time)
        if "email" in old.values:
            self._by_email[old.values["email"].lower()].discard(old.id)

    def with_email(self, address: str) -> list[int]:
        """Return the contacts whose primary e-mail this is, in any case."""
        return list(self._by_email.get(address.lower(), ()))

    def changed(self, times: Span, ids: Span) -> list[int]:
        """Return the contacts last modified within `times`; of those of one and the same instant, only the ones with an id within `ids`."""
        self._bring_up_to_date()
        within = ids if times[0] == times[1] else EVERYTHING
        start = bisect_left(self._times, (times[0], within[0]))
        return [number for _, number in self._times[start : bisect_right(self._times, (times[1], within[1]))]]

    def _bring_up_to_date(self) -> None:
        if len(self._gone) + len(self._new) > FEW:
            kept = [time for time in self._times if time not in self._gone]
            self._times = sorted(kept + sorted(self._new))
        else:
            for time in self._gone:
                del self._times[bisect_left(self._times, time)]
            for time in self._new:
                insort(self._times, time)
        self._gone, self._new = set(), set()
