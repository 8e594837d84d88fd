"""The only module that reads the time or makes ids. It is injected everywhere, so that tests and the simulator can own both."""

import time
import uuid
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the shell needs to know of time."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    def new_id(self) -> str:
        """Return a new id that sorts by the time of its making."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def new_id(self) -> str:
        """Return milliseconds since 1970 in hexadecimal, then random digits: ids sort by the time of their making."""
        return f"{int(time.time() * 1000):011x}{uuid.uuid4().hex[:9]}"
