"""The sandbox's clock: real time, or time that a test sets. Both CRMs of one process share it."""

import threading
import time
from datetime import UTC, datetime, timedelta

EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
"""Between these there is room for what the CRMs reckon from the present: a token that expires, a recycle bin of fifteen days."""


class SandboxClock:
    """Tells the sandbox's time as an aware UTC datetime.

    It starts in real time. `set` freezes it; `advance` moves it on, frozen or not; `release` lets it run again from where it stands.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._frozen: datetime | None = None
        self._offset = timedelta()

    def now(self) -> datetime:
        """Return the sandbox's present instant (UTC, microseconds kept)."""
        with self._lock:
            return self._now()

    def _now(self) -> datetime:
        return self._frozen if self._frozen is not None else datetime.now(UTC) + self._offset

    @property
    def frozen(self) -> bool:
        """Whether the clock stands still."""
        with self._lock:
            return self._frozen is not None

    def set(self, instant: datetime) -> None:
        """Freeze the clock at `instant`, which must be aware. Raises ValueError for one that no CRM could live in."""
        with self._lock:
            self._frozen = _possible(instant.astimezone(UTC))

    def advance(self, seconds: float) -> None:
        """Move the clock by `seconds` (never backward in the sandbox's own use; tests may). Raises ValueError like `set`."""
        with self._lock:
            moved = _possible(self._now() + timedelta(seconds=seconds))
            if self._frozen is None:
                self._offset += timedelta(seconds=seconds)
            else:
                self._frozen = moved

    def release(self) -> None:
        """Let a frozen clock run again from its present instant."""
        with self._lock:
            if self._frozen is not None:
                self._offset = self._frozen - datetime.fromtimestamp(time.time(), UTC)
                self._frozen = None

    def reset(self) -> None:
        """Go back to real time, whatever was set before."""
        with self._lock:
            self._frozen, self._offset = None, timedelta()


def _possible(instant: datetime) -> datetime:
    if not EARLIEST <= instant < LATEST:
        raise ValueError(f"the clock stands between {EARLIEST.year} and {LATEST.year}, not at {instant.isoformat()}")
    return instant
