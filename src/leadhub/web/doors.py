"""Who may come in: a system's name and its token, told from wrong ones in the same time, and so many in a minute."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from leadhub.connectors.protocols import Receives
from leadhub.hub import Hub
from leadhub.model.delivery import Door


@dataclass(slots=True)
class Bucket:
    """A minute's worth of deliveries, refilled as time passes: a burst is let in whole, a flood is not."""

    per_minute: int
    full_at: datetime
    left: float = field(init=False)

    def __post_init__(self) -> None:
        self.left = self.per_minute

    def wait(self, now: datetime) -> float:
        """Take one, and return 0; where there is none, take nothing and return the seconds until there is."""
        passed = max(0.0, (now - self.full_at).total_seconds())
        self.left = min(float(self.per_minute), self.left + passed * self.per_minute / 60)
        self.full_at = now
        if self.left < 1:
            return (1 - self.left) * 60 / self.per_minute
        self.left -= 1
        return 0.0


@dataclass(frozen=True, slots=True)
class Entrance:
    """One system that receives, with its door."""

    system: str
    connector: Receives
    door: Door
    bucket: Bucket


class Doors:
    """The doors of all systems of a deployment that receive."""

    def __init__(self, entrances: Mapping[str, Entrance]) -> None:
        self._entrances = entrances
        self._nobody = secrets.token_bytes(hashlib.sha256().digest_size)

    @property
    def systems(self) -> tuple[str, ...]:
        """The systems that have a door."""
        return tuple(self._entrances)

    def find(self, system: str, token: str) -> Entrance | None:
        """Return the entrance; None for an unknown system and for a wrong token, which nobody can tell apart."""
        entrance = self._entrances.get(system)
        wanted = entrance.door.token_hash if entrance is not None else self._nobody
        given = hashlib.sha256(token.encode(errors="surrogateescape")).digest()
        return entrance if hmac.compare_digest(given, wanted) else None


def open_doors(hub: Hub) -> Doors:
    """Make the connectors of the systems that receive. Raises ConfigError."""
    entrances = {}
    for name, system in hub.systems.items():
        if not hasattr(system.connector, "parse"):
            continue
        connector = hub.connect(system)
        assert isinstance(connector, Receives)
        door = connector.door()
        entrances[name] = Entrance(name, connector, door, Bucket(door.per_minute, hub.clock.now()))
    return Doors(entrances)
