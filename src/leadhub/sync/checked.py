"""What comes from a connector, checked: whatever it raises becomes an error that names it, and what it answers is what the contract says, or is refused.

A connector is somebody else's code. What passes here can be stored, compared and shown without a second look.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, get_args

from leadhub.errors import FatalError, LeadhubError, RecordError
from leadhub.model.record import (
    Author,
    Change,
    Cursor,
    FieldDescription,
    Finding,
    Gone,
    Identity,
    Level,
    Outcome,
    Owner,
    Page,
    Record,
    Reject,
    Result,
    Usage,
)

LONGEST_CURSOR = 1_000_000
"""Characters. It is written with every page."""
LONGEST_ID = 10_000
LAST_ROW = 2**31 - 1
"""The largest number that a column of the store takes."""
LONGEST_ERROR = 500
"""Characters. A library's error may hold a whole answer."""
STUCK = 100
"""So many equal pages in a row are a pull that does not end."""

NEXT_STEP = "report it to the connector's author"


class Fault(FatalError):
    """A connector breaks its contract. What it did before that is not known to anybody."""


def broken(system: str, what: str, error: BaseException | None = None) -> Fault:
    """Return the error that says what a connector did."""
    return Fault(f"{system}: the connector {what}{'' if error is None else f': {_told(error)}'}.", next_step=NEXT_STEP)


def _told(error: BaseException) -> str:
    try:
        text = str(error)[:LONGEST_ERROR]
    except Exception:  # noqa: BLE001 - an error of somebody else's that cannot even be printed
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def call(system: str, name: str, act: Callable[..., Any], *args: object) -> Any:
    """Make one call. Raises what the connector raises where it is leadhub's, else Fault; a Ctrl-C passes."""
    try:
        return act(*args)
    except (LeadhubError, KeyboardInterrupt):
        raise
    except BaseException as error:  # a SystemExit of a connector must end nobody but itself
        raise broken(system, f"failed in {name}", error) from error


class Contract:
    """The shapes that the contract promises, for one system. Every method raises Fault with the shape that was broken."""

    def __init__(self, system: str, objects: frozenset[str]) -> None:
        self.system, self.objects = system, objects

    def demand(self, holds: object, what: str, *parts: object) -> None:
        """Refuse what does not hold. `parts` fill the sentence's places, each cut short; they cost nothing where all is well."""
        if not holds:
            raise broken(self.system, what.format(*map(_short, parts)))

    def identity(self, told: Any) -> Identity:
        """A check's answer."""
        sound = isinstance(told, Identity) and is_name(told.org) and isinstance(told.name, str)
        self.demand(sound, "answered a check with no identity ({})", type(told))
        identity: Identity = told
        return identity

    def batch_size(self, told: Any) -> int:
        """How many changes one push takes."""
        self.demand(isinstance(told, int) and told >= 1, "takes batches of {}", told)
        size: int = told
        return size

    def usage(self, told: Any) -> Usage:
        """The calls that were counted."""
        self.demand(isinstance(told, Usage), "answered {} where a usage is due", type(told))
        usage: Usage = told
        return usage

    def fields(self, told: Any) -> Mapping[str, FieldDescription]:
        """What the fields of an object are."""
        self.demand(isinstance(told, Mapping), "answered {} where fields by name are due", type(told))
        fields: Mapping[str, FieldDescription] = told
        self.demand(all(isinstance(field, FieldDescription) for field in fields.values()), "described a field with what is no description")
        return fields

    def findings(self, told: Any) -> list[Finding]:
        """What a connector says of its login."""
        found: list[Finding] = list(told)
        self.demand(all(isinstance(one, Finding) and one.level in get_args(Level) for one in found), "told a finding that is none")
        return found

    def page(self, told: Any) -> Page:
        """One page of a pull. What it rejects is kept in any case: what no database can keep of a row is spelled out."""
        self.demand(isinstance(told, Page), "yielded {} where a page is due", type(told))
        page: Page = told
        self.cursor(page.cursor)
        for record in page.records:
            self.record(record)
            self.demand(record.reject is None or isinstance(record.reject, Reject), "showed {} with a reject that is none", record.id)
        self.demand(all(isinstance(reject, Reject) for reject in page.rejects), "yielded a page with a reject that is none")
        return replace(page, rejects=tuple(map(spelled_out, page.rejects))) if page.rejects else page

    def cursor(self, cursor: Cursor) -> None:
        """Where a pull goes on."""
        try:
            text = json.dumps(cursor, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise broken(self.system, "gave a cursor that is no JSON", error) from error
        self.demand(len(text) <= LONGEST_CURSOR, "gave a cursor of {} characters; {} are the most", len(text), LONGEST_CURSOR)

    def record(self, told: Any) -> Record:
        """One record."""
        self.demand(isinstance(told, Record), "showed {} where a record is due", type(told))
        record: Record = told
        self.demand(is_name(record.id) and len(record.id) <= LONGEST_ID, "showed a record whose id is {}", record.id)
        self.demand(record.object in self.objects, "showed a record of the object {}, which it has no mapping for", record.object)
        self.demand(isinstance(record.values, Mapping), "showed {} with {} for its values", record.id, type(record.values))
        for name, value in record.values.items():
            self.demand(isinstance(name, str) and is_native(value), "showed {} with a value of type {} in {}", record.id, type(value), name)
        for stamp in (record.stamp, record.created):
            self.stamp(stamp, record.id)
        self.demand(record.gone is None or isinstance(record.gone, Gone), "showed {} as gone for no known reason", record.id)
        self.demand(record.gone_to is None or is_name(record.gone_to), "showed {} as gone to no id", record.id)
        return record

    def stamp(self, stamp: Any, record_id: str) -> None:
        """A time of the remote."""
        aware = isinstance(stamp, datetime) and stamp.utcoffset() is not None
        self.demand(stamp is None or aware, "showed {} with a stamp that has no time zone ({})", record_id, stamp)

    def records(self, told: Any, asked: Collection[str]) -> dict[str, Record]:
        """What was asked for by id or key; answers that nobody asked for are left out."""
        self.demand(isinstance(told, Mapping), "answered {} where records by id are due", type(told))
        return {name: self.record(told[name]) for name in asked if name in told}

    def outcome(self, told: Any, left: Mapping[str, Change]) -> Outcome:
        """What came of one change that is still open."""
        self.demand(isinstance(told, Outcome), "yielded {} where an outcome is due", type(told))
        outcome: Outcome = told
        self.demand(outcome.key in left, "told an outcome for the key {}, which was not asked for or was told before", outcome.key)
        self.demand(isinstance(outcome.result, Result), "told an outcome without a result")
        self.demand(outcome.result is not Result.ACCEPTED or is_name(outcome.record_id), "accepted a write and told no id")
        self.demand(outcome.error is None or isinstance(outcome.error, RecordError), "refused a write with an error that is no RecordError")
        self.demand(all(is_native(value) for value in (outcome.values or {}).values()), "answered a write with a value of no native type")
        self.stamp(outcome.stamp, outcome.record_id or outcome.key)
        return outcome

    def owners(self, told: Any) -> list[Owner]:
        """Those who can own; of several under one id the first."""
        by_id: dict[str, Owner] = {}
        for owner in told:
            sound = isinstance(owner, Owner) and is_name(owner.id) and _is_text(owner.name) and (owner.email is None or _is_text(owner.email))
            self.demand(sound and isinstance(owner.active, bool), "told an owner that is none ({})", owner)
            by_id.setdefault(owner.id, owner)
        return list(by_id.values())

    def authors(self, told: Any, ids: Sequence[str], fields: Sequence[str]) -> dict[tuple[str, str], Author]:
        """Who wrote what was asked for; the rest is left out."""
        self._authors(told)
        return {(id_, name): told[id_, name] for id_ in ids for name in fields if (id_, name) in told}

    def savers(self, told: Any, ids: Sequence[str]) -> dict[str, Author]:
        """Who saved what was asked for; the rest is left out."""
        self._authors(told)
        return {id_: told[id_] for id_ in ids if id_ in told}

    def _authors(self, told: Any) -> None:
        self.demand(isinstance(told, Mapping), "answered {} where authors are due", type(told))
        self.demand(all(isinstance(author, Author) for author in told.values()), "named an author that is none")


def is_native(value: object) -> bool:
    """Whether a value is one of `NativeValue`."""
    if isinstance(value, list):
        return all(isinstance(item, str) for item in value)
    return value is None or isinstance(value, str | int | float | Decimal | bool | date)


def is_name(value: object) -> bool:
    """Whether a value can be an id: a text that is not blank, and that every database can keep."""
    return _is_text(value) and bool(str(value).strip())


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value == _kept(value)


def _kept(text: str) -> str:
    """A text with that spelled out which PostgreSQL (NUL) or UTF-8 (half a surrogate) has no place for."""
    return text if text.isascii() and "\0" not in text else text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def spelled_out(reject: Reject) -> Reject:
    """A reject as every database can keep it."""
    row = reject.row if 0 <= reject.row <= LAST_ROW else 0
    return Reject(_kept(reject.source), row, _kept(reject.raw), _kept(reject.reason))


def _short(value: object) -> str:
    if isinstance(value, type):
        return value.__name__
    try:
        return ascii(value)[:80]
    except Exception:  # noqa: BLE001 - somebody else's object
        return type(value).__name__
