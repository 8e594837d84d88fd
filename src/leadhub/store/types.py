"""Column types that mean the same on SQLite and PostgreSQL."""

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

_ESCAPE = "\x1a"
_SUSPECT = re.compile("[\x1a\x00\ud800-\udfff]").search
_UNSTORABLE = re.compile("^\x1a|[\x00\ud800-\udfff]").search


def all_plain(texts: Iterable[str | None]) -> bool:
    """Whether `storable` would return every one of these as it is, and `restored` too."""
    return _SUSPECT("".join(filter(None, texts))) is None


def storable(text: str) -> str:
    """Return `text` in a form that both databases take, itself nearly always.

    PostgreSQL takes no NUL in text and no lone surrogate; such a text is kept as JSON behind a marker, which no other stored text begins with.
    """
    return _ESCAPE + json.dumps(text) if _UNSTORABLE(text) else text


def restored(text: str) -> str:
    """Return what was given to `storable`."""
    return str(json.loads(text[1:])) if text.startswith(_ESCAPE) else text


class AnyText(TypeDecorator[str]):
    """Text from outside, returned letter by letter whatever it holds."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Make the text one that both databases take."""
        return None if value is None else storable(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Undo `process_bind_param`."""
        return None if value is None else restored(value)


def utc_text(value: datetime) -> str:
    """Return an instant as text of one length, so that texts sort as instants do.

    Raises:
        ValueError: the datetime is naive: nobody knows which instant it means.
    """
    if value.tzinfo is None:
        raise ValueError(f"{value.isoformat()} has no time zone; the store keeps instants")
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware, in UTC, exact to the microsecond on both databases."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """SQLite has no type for instants; text of one length sorts as they do."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(27))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Refuse naive datetimes, and keep the instant."""
        if value is None:
            return None
        text = utc_text(value)
        return text if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Return the instant in UTC."""
        if value is None:
            return None
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment.astimezone(UTC)


Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
"""Structured values that the codec wrote. None is SQL's NULL."""


class ExactJson(TypeDecorator[Any]):
    """An opaque JSON value, kept as text letter by letter: PostgreSQL's own types take no escaped NUL and rewrite 1e16 as an integer."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Write the value as JSON. None is SQL's NULL."""
        return None if value is None else json.dumps(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002 - SQLAlchemy's signature
        """Undo `process_bind_param`."""
        return None if value is None else json.loads(value)
