"""What happens to records, noted for whoever subscribes to it. It sends nothing."""

from collections.abc import Container, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from leadhub_sandbox.hubspot.objects import Objects
from leadhub_sandbox.hubspot.store import Source

Topic = tuple[str, str, str]  # type of object by its id, kind of event, and the property of a propertyChange


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened; `detail` is what its event carries beside."""

    topic: Topic
    record_id: int
    ms: int
    source: Source
    detail: dict[str, Any]


class EventLog:
    """Notes what is `watched` until `take`: what nobody subscribes to costs nothing."""

    def __init__(self, types: Iterable[Objects]) -> None:
        for objects in types:
            objects.store.tell = partial(self._note, objects.type.type_id)
        self.watched: Container[Topic] = ()
        self._happened: list[Happening] = []

    def _note(self, type_id: str, kind: str, record_id: int, ms: int, source: Source, **detail: Any) -> None:
        topic = type_id, kind, detail.get("propertyName", "")
        if topic in self.watched:
            self._happened.append(Happening(topic, record_id, ms, source, detail))

    def take(self) -> list[Happening]:
        """Return what has happened since the last time, in its order."""
        happened, self._happened = self._happened, []
        return happened
