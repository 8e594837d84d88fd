"""Lies in what is read: pages, cursors, records."""

# ruff: noqa: ARG002, D102 - a lie listens to nothing, and its class says what it does wrong

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from leadhub import Cursor, Gone, Page, Record, Reject
from leadhub.testing.hostile.town import Liar
from leadhub.testing.memory import PERSON

PATIENCE = 2_000
"""Pages after which an endless pull ends after all, so that a core that waits for it is seen to have waited."""


# ---- pages -----------------------------------------------------------------------------------------------------------------------------


class ShowsPagesTwice(Liar):
    """Yields each page twice, and an empty one after it."""

    noticed = None

    def pull(self, since: Cursor) -> Iterator[Page]:
        for page in super().pull(since):
            yield from (page, page, replace(page, records=()))


class NeverEnds(Liar):
    """Yields the same page and the same cursor again and again."""

    noticed = "cursor|again|end"

    def pull(self, since: Cursor) -> Iterator[Page]:
        page = next(super().pull(since))
        for _ in range(PATIENCE):
            self.remote.calls["read"] += 1
            yield page


class HasAHugeCursor(Liar):
    """Puts five million characters into its cursor."""

    noticed = "cursor"

    def pull(self, since: Cursor) -> Iterator[Page]:
        return (replace(page, cursor="x" * 5_000_000) for page in super().pull(None))


class HasACursorOfNoJson(Liar):
    """Puts an object into its cursor."""

    noticed = "cursor"

    def pull(self, since: Cursor) -> Iterator[Page]:
        cursor: Any = {1, 2}
        return (replace(page, cursor=cursor) for page in super().pull(None))


class HasACursorThatIsInfinite(Liar):
    """Puts a number into its cursor that JSON has no word for."""

    noticed = "cursor"

    def pull(self, since: Cursor) -> Iterator[Page]:
        return (replace(page, cursor={"at": float("nan")}) for page in super().pull(None))


class HasACursorWithHalfASurrogate(Liar):
    """Puts a text into its cursor that UTF-8 has no word for."""

    noticed = None

    def pull(self, since: Cursor) -> Iterator[Page]:
        return (replace(page, cursor="\ud800\0") for page in super().pull(None))


class YieldsWhatIsNoPage(Liar):
    """Yields None and a dict where a page is due."""

    noticed = "[Pp]age|NoneType"

    def pull(self, since: Cursor) -> Iterator[Page]:
        none: Any = None
        yield none
        yield from super().pull(since)


class ReturnsNoPages(Liar):
    """Returns None from a pull."""

    def pull(self, since: Cursor) -> Iterator[Page]:
        nothing: Any = None
        pages: Iterator[Page] = nothing
        return pages


class RejectsOddly(Liar):
    """Rejects rows with texts of every kind, and numbers that count nothing."""

    noticed = None

    def pull(self, since: Cursor) -> Iterator[Page]:
        reject = Reject("\0 ../\ud800", -(2**40), "<script>\0" * 1000, "\x1b[31mred\ud800")
        return (replace(page, rejects=(reject, reject)) for page in super().pull(since))


# ---- records ---------------------------------------------------------------------------------------------------------------------------


class Shows(Liar):
    """Shows records as `shown` makes them; the record it is given is true."""

    def shown(self, record: Record) -> Iterator[Record]:
        raise NotImplementedError

    def pull(self, since: Cursor) -> Iterator[Page]:
        for page in super().pull(None):
            yield replace(page, records=tuple(lie for record in page.records for lie in self.shown(record)))


class ShowsOddTypes(Shows):
    """Shows values of types that no native value has."""

    noticed = "type|value"

    def shown(self, record: Record) -> Iterator[Record]:
        odd: tuple[Any, ...] = ({"a": 1}, b"bytes", {1}, object(), 1j, [["x"]], (1,))
        yield from (replace(record, values={**record.values, "last_name": value}) for value in odd)


class ShowsNumbersForTexts(Shows):
    """Shows a name as a number, a phone as a list and a flag as a text."""

    noticed = None

    def shown(self, record: Record) -> Iterator[Record]:
        nan: float = float("nan")
        yield replace(record, values={**record.values, "last_name": 7, "phone": ["1", "2"], "opted_out": "perhaps", "employees": nan})


class ShowsNulAndSurrogates(Shows):
    """Shows texts that neither UTF-8 nor PostgreSQL can keep, also as names of fields."""

    noticed = None

    def shown(self, record: Record) -> Iterator[Record]:
        yield replace(record, values={**record.values, "last_name": "A\0\ud800", "\0\udfff": "x"})


class ShowsAMillionCharacters(Shows):
    """Shows one name of a million characters."""

    noticed = None

    def shown(self, record: Record) -> Iterator[Record]:
        name = "é" * 1_000_000 if record.id == "p0001" else record.values.get("first_name")
        yield replace(record, values={**record.values, "first_name": name})


class ShowsNaiveStamps(Shows):
    """Shows stamps without a time zone."""

    noticed = "time zone|stamp|naive"

    def shown(self, record: Record) -> Iterator[Record]:
        assert record.stamp is not None
        yield replace(record, stamp=record.stamp.replace(tzinfo=None))


class ShowsStampsAsText(Shows):
    """Shows a stamp as a text."""

    noticed = "stamp|str"

    def shown(self, record: Record) -> Iterator[Record]:
        stamp: Any = "yesterday"
        yield replace(record, stamp=stamp)


class GoesBackInTime(Shows):
    """Shows every record as older than it was shown before."""

    noticed = None

    def shown(self, record: Record) -> Iterator[Record]:
        stamp = self.remote.now - timedelta(days=3650)
        yield replace(record, stamp=stamp, values={**record.values, "last_name": "Past"})


class ShowsTwoValuesUnderOneStamp(Shows):
    """Shows each record twice in one page, under one stamp, with different values."""

    noticed = None

    def shown(self, record: Record) -> Iterator[Record]:
        yield from (record, replace(record, values={**record.values, "last_name": "Other"}))


class HasOddIds(Shows):
    """Shows further records under ids with slashes, quotes, line ends and emoji, and very long ones."""

    noticed = None

    def shown(self, record: Record) -> Iterator[Record]:
        yield record
        for n, odd in enumerate(("a/b", "../..", "'; DROP TABLE record; --", "\n", "🚀", "%00", "|", "x" * 5000)):
            yield replace(record, id=odd, values={**record.values, "email": f"odd{n}@example.org", "last_name": f"Odd{n}"})


class HasIdsThatAreNone(Shows):
    """Shows records under None, a number and a blank for an id."""

    noticed = "id"

    def shown(self, record: Record) -> Iterator[Record]:
        odd: tuple[Any, ...] = (None, 7, "")
        yield from (replace(record, id=value) for value in odd)


class HasIdsWithNul(Shows):
    """Shows records under ids that no database can keep."""

    noticed = None

    def shown(self, record: Record) -> Iterator[Record]:
        yield record
        yield replace(record, id="\0\ud800", values={"email": "nul@example.org"})


class ShowsUndeclaredObjects(Shows):
    """Shows records of an object that it has no mapping for."""

    noticed = "object|mapping|invoice"

    def shown(self, record: Record) -> Iterator[Record]:
        yield replace(record, object="invoice")


class ShowsTheGoneThatNeverWere(Shows):
    """Shows records as merged that nobody ever saw, into others that there are not, and in circles."""

    noticed = None

    def shown(self, record: Record) -> Iterator[Record]:
        yield record
        for name, into in (("ghost1", "ghost2"), ("ghost2", "ghost1"), ("ghost3", "ghost3"), ("ghost4", None)):
            yield Record(PERSON, name, {}, record.stamp, gone=Gone.MERGED, gone_to=into)


class IsGoneForNoReason(Shows):
    """Gives a text where the reason of a disappearance is due."""

    noticed = "gone|reason"

    def shown(self, record: Record) -> Iterator[Record]:
        reason: Any = "mislaid"
        yield replace(record, gone=reason)


class HasNoValues(Shows):
    """Shows None where the values are due."""

    noticed = "values|NoneType"

    def shown(self, record: Record) -> Iterator[Record]:
        values: Any = None
        yield replace(record, values=values)
