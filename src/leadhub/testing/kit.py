"""What the suites build on: a factory for connectors, a log that remembers, a clock that stands, and sample people. No law is stated here."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel, SecretStr

from leadhub import Change, Context, Cursor, NativeValue, ObjectMapping, Outcome, Page, Record, Result, Source, Target
from leadhub.connectors.http import client

_SAMPLES = {
    "email": "person{n}@example.com",
    "first_name": "Ada{n}",
    "last_name": "Lovelace{n}",
    "company": "Engine Works {n}",
    "phone": "+44 20 7946 {n:04d}",
    "job_title": "Analyst {n}",
}


class RecordingLog:
    """A log that keeps what it is told, for the law about secrets."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def info(self, event: str, /, **fields: object) -> None:
        """Keep the event."""
        self.events.append(f"{event} {fields!r}")

    def warning(self, event: str, /, **fields: object) -> None:
        """Keep the event."""
        self.events.append(f"{event} {fields!r}")


@dataclass
class FrozenClock:
    """A clock that stands still until someone sleeps on it. A connector that sleeps is found by `slept`."""

    instant: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    slept: float = 0.0
    made: int = 0

    def now(self) -> datetime:
        """Return the instant."""
        return self.instant

    def sleep(self, seconds: float) -> None:
        """Move on without waiting, and remember it."""
        self.instant += timedelta(seconds=seconds)
        self.slept += seconds

    def new_id(self) -> str:
        """Return id-1, id-2, …"""
        self.made += 1
        return f"id-{self.made}"


@dataclass(frozen=True)
class Factory:
    """Makes connectors as leadhub does: each call is a new instance, as after a restart, with the same settings.

    `state_fields` are native fields to ask for besides the mapped ones, by object. It raises what the connector's constructor raises.
    """

    connector: type[Source]
    settings: BaseModel
    state_fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    log: RecordingLog = field(default_factory=RecordingLog)
    clock: FrozenClock = field(default_factory=FrozenClock)

    def __call__(self, *extra: str) -> Any:
        """Return a connector that is asked for the mapped fields, the state fields and `extra`."""
        wanted = {m.object: (*(f.native for f in m.fields), *self.state_fields.get(m.object, ()), *extra) for m in self.connector.mappings}
        return self.connector(Context("conformance", self.settings, wanted, client, self.clock, self.log))

    def mapping(self, object_name: str) -> ObjectMapping:
        """Return the connector's mapping of an object."""
        return next(m for m in self.connector.mappings if m.object == object_name)

    def secrets(self) -> tuple[str, ...]:
        """Return the plain text of every secret in the settings."""
        return tuple(_secrets(self.settings))


def _secrets(value: object) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _secrets(getattr(value, name))
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _secrets(item)


def sample_values(mapping: ObjectMapping, n: int) -> dict[str, NativeValue]:
    """Return the nth sample person under native names: every writable field of the mapping that a person has."""
    known = {f.native: _SAMPLES[f.canonical] for f in mapping.fields if f.writable and f.canonical in _SAMPLES}
    return {native: text.format(n=n) for native, text in known.items()}


def optional_field(mapping: ObjectMapping) -> str:
    """Return the native name of a plain field that may be blank: the telephone, else the first that is neither required nor the e-mail."""
    free = [f for f in mapping.fields if f.writable and not f.required and f.canonical in _SAMPLES.keys() - {"email"}]
    phone = [f for f in free if f.canonical == "phone"]
    assert free, f"{mapping.object}: the suite needs one optional writable field besides the e-mail"
    return (phone or free)[0].native


def in_normal_form(mapping: ObjectMapping, values: Mapping[str, NativeValue]) -> dict[str, NativeValue]:
    """Return the values in the form that the mapping declares the system to give them; a blank is None."""
    lowered = {f.native for f in mapping.fields if f.normal == "lower"}
    result: dict[str, NativeValue] = {}
    for name, value in values.items():
        text = value.strip() if isinstance(value, str) else value
        result[name] = (text.lower() if isinstance(text, str) and name in lowered else text) if text != "" else None
    return result


def stored(cursor: Cursor) -> Cursor:
    """Return the cursor as it comes back from the store, and demand that it is JSON."""
    try:
        result: Cursor = json.loads(json.dumps(cursor, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise AssertionError(f"the cursor is no JSON value: {error}") from error
    return result


def drain(connector: Source, since: Cursor = None) -> list[Page]:
    """Pull to the end."""
    return list(connector.pull(stored(since)))


def latest(pages: Iterable[Page], object_name: str) -> dict[str, Record]:
    """Return the last sight of each record of one object, by id."""
    return {record.id: record for page in pages for record in page.records if record.object == object_name}


def living(pages: Iterable[Page], object_name: str) -> dict[str, Record]:
    """Return the last sight of each record that is not gone, by id."""
    return {key: record for key, record in latest(pages, object_name).items() if record.gone is None}


def bisect(connector: Target, changes: list[Change]) -> dict[str, Outcome]:
    """Push as the core does: where a batch is refused as a whole, push its halves."""
    outcomes = {outcome.key: outcome for outcome in connector.push(changes)}
    refused = [c for c in changes if outcomes[c.key].result is Result.REFUSED]
    if len(changes) == 1 or len(refused) < len(changes):
        return outcomes
    half = len(changes) // 2
    return bisect(connector, changes[:half]) | bisect(connector, changes[half:])


def traces(error: BaseException | None) -> Iterator[str]:
    """Return every text that a report of this error could show: its own, its next step, its fields, and those of its causes."""
    while error is not None:
        yield f"{error} {error!r} {vars(error)!r}"
        error = error.__cause__ or error.__context__
