"""A connector that tells the truth over a remote that goes by its name, and what every lie has in common."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from pydantic import field_validator

from leadhub import Cursor, Page, Record
from leadhub.testing.memory import PERSON, MemoryConnector
from leadhub.testing.memory_remote import MemoryRemote, MemorySettings, Row

REMOTES: dict[str, MemoryRemote] = defaultdict(MemoryRemote)
"""The systems of this process, by the name that a deployment gives them."""

STATE = ("stage", "status", "exit")


class TownSettings(MemorySettings):
    """What a deployment configures: which remote, and its token."""

    @field_validator("remote", mode="before")
    @classmethod
    def _by_name(cls, name: object) -> object:
        return REMOTES[name] if isinstance(name, str) else name


class Town(MemoryConnector):
    """Tells the truth, and the state too."""

    name = "town"
    settings_model = TownSettings

    def pull(self, since: Cursor) -> Iterator[Page]:
        """Yield what changed; a cursor that is none of its own, as after a lie, is no cursor."""
        try:
            datetime.fromisoformat(str(since))
        except ValueError:
            since = None
        return super().pull(since)

    def record(self, row: Row) -> Record:
        """Return a row as a record, with its stage, status and exit."""
        record = super().record(row)
        state = {name: row.values.get(name) for name in STATE if name in self.context.wanted[PERSON]}
        return record if record.gone else replace(record, values={**record.values, **state})


class Liar(Town):
    """A connector with a lie."""

    noticed: ClassVar[str | None] = r"\w"
