"""How far reading has come, as the cursor holds it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from leadhub import Cursor, FatalError
from leadhub_hubspot.mapping import CONTACTS, DEALS, LEADS
from leadhub_hubspot.values import iso, parse_instant

FURTHER = (DEALS, LEADS)
"""The types that have a part of the cursor under their own name; what is left of it is the contacts', as it was when nothing else was read."""


def parts_of(cursor: Cursor) -> dict[str, "Bookmark"]:
    """Return the bookmarks of a cursor, by type of object. Raises FatalError for a cursor that no pull of this connector wrote."""
    if cursor is None:
        return {}
    parts = {name: cursor[name] for name in FURTHER if name in cursor} if isinstance(cursor, dict) else {}
    contacts: Cursor = {name: mark for name, mark in cursor.items() if name not in parts} if isinstance(cursor, dict) else cursor
    return {name: Bookmark.read(mark) for name, mark in {CONTACTS: contacts, **parts}.items()}


def joined(marks: Mapping[str, "Bookmark"]) -> Cursor:
    """Return the cursor of these bookmarks, by type of object."""
    return marks[CONTACTS].cursor() | {name: mark.cursor() for name, mark in marks.items() if name != CONTACTS}


@dataclass(frozen=True, slots=True)
class Bookmark:
    """How far one type of object was read. `watermark`: all changes up to then, but for the overlap. `swept`: so was all that was archived up to then.

    In mid-list `after` is HubSpot's own paging mark, of the live records or, with `sweep`, of the archived ones: then `sweep` is when that began.
    In mid-search `until` is the end of this pull's span of time, and of that span all records whose id is at most `read_to` have been read. `to`
    is where the range to read next ends: a split is kept, so that a pull which is stopped after every few searches still gets on.
    """

    watermark: datetime
    swept: datetime | None = None
    after: str | None = None
    sweep: datetime | None = None
    until: datetime | None = None
    read_to: int = 0
    to: int | None = None

    def cursor(self) -> dict[str, Cursor]:
        """Return it as JSON."""
        mark: dict[str, Cursor] = {"watermark": iso(self.watermark)}
        mark |= {name: iso(at) for name, at in (("swept", self.swept), ("sweep", self.sweep)) if at is not None}
        if self.after is not None:
            mark["after"] = self.after
        if self.until is not None:
            mark |= {"until": iso(self.until), "read_to": self.read_to, "to": self.to}
        return mark

    @classmethod
    def read(cls, cursor: Cursor) -> "Bookmark":
        """Return the bookmark of a cursor. Raises FatalError for one that no pull of this connector wrote."""
        mark = cursor if isinstance(cursor, dict) else {}
        times = {name: parse_instant(mark[name]) for name in ("watermark", "swept", "sweep", "until") if name in mark}
        after, read_to, to = mark.get("after"), mark.get("read_to", 0), mark.get("to")
        whole = mark.keys() - {"watermark", "swept"} in (set(), {"after"}, {"after", "sweep"}, {"until", "read_to", "to"})
        sound = whole and "watermark" in times and None not in times.values()
        if not (sound and isinstance(after, str | None) and isinstance(read_to, int) and isinstance(to, int | None)):
            raise FatalError(f"The stored cursor of HubSpot cannot be read: {cursor!r}.", next_step="leadhub adopt")
        watermark = times["watermark"]
        assert watermark is not None
        return cls(watermark, times.get("swept"), after, times.get("sweep"), times.get("until"), read_to, to)
