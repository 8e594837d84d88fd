"""Schedule: `leadhub sync` again and again, each time as a program of its own.

A program of its own, because a run that computes must not hold up who wants to be answered, one that dies must not take the others along, and it
reads the configuration as it is then. What overlaps is refused by the lease (exit code 6), and simply comes next time.
"""

import re
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

_INTERVAL = re.compile(r"([1-9]\d{0,5})([smhd])")
_UNIT = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def interval(text: str) -> timedelta | None:
    """Read "90s", "15m", "4h", "1d", or "never", which is None. Raises ValueError for anything else, with what to write."""
    if text == "never":
        return None
    found = _INTERVAL.fullmatch(text)
    if found is None:
        raise ValueError(f'"{text}" is no interval: write 90s, 15m, 4h, 1d or never.')
    return timedelta(**{_UNIT[found[2]]: int(found[1])})


@dataclass(frozen=True, slots=True)
class Ended:
    """How one program ended, and what it said."""

    code: int
    out: str
    err: str


class Schedule:
    """Runs a command at once and then every so often, never twice at a time, in a thread of its own."""

    def __init__(self, command: Sequence[str], every: timedelta, told: Callable[[Ended], object]) -> None:
        self._command, self._every, self._told = tuple(command), every, told
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._child: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._go_on, name="schedule", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the run in progress to end after the batch in flight, and wait for it. A KeyboardInterrupt while waiting ends it at once."""
        self._over.set()
        self._ask()
        try:
            self._thread.join()
        except KeyboardInterrupt:
            self._ask()  # the second signal ends a run without its batch
            self._thread.join()

    def _ask(self) -> None:
        with self._lock:
            if self._child is not None:
                self._child.terminate()

    def _go_on(self) -> None:
        while not self._over.is_set():
            self.run_once()
            self._over.wait(self._every.total_seconds())

    def run_once(self) -> None:
        """Run the command to its end, and tell how it ended."""
        with self._lock:
            if self._over.is_set():
                return
            # A session of its own: Ctrl-C on the terminal reaches us alone, and we ask once. A second signal would cut off its batch.
            self._child = subprocess.Popen(  # noqa: S603 - our own command, no shell
                self._command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
            )
        out, err = self._child.communicate()
        code = self._child.returncode
        with self._lock:
            self._child = None
        self._told(Ended(code, out, err))
