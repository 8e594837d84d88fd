"""Schedule: `leadhub sync` again and again, each time as a program of its own.

A program of its own, because a run that computes must not hold up who wants to be answered, one that dies must not take the others along, and it
reads the configuration as it is then. What overlaps is refused by the lease (exit code 6), and simply comes next time.
"""

import logging
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
    """How one program ended, and what it said; one that could not be run ended with 1 and the reason."""

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
        """Run the command to its end, and tell how it ended. Nothing that fails here ends the schedule: the next run may well succeed."""
        try:
            ended = self._run()
        except Exception as error:  # noqa: BLE001 - no process or no memory left, for a moment; whatever it is, it is told
            ended = Ended(1, "", f"It could not be run: {type(error).__name__}: {error}. It is tried again.")
        if ended is None:
            return
        try:
            self._told(ended)
        except Exception:
            logging.getLogger(__name__).exception("how a run ended could not be told")

    def _run(self) -> Ended | None:
        with self._lock:
            if self._over.is_set():
                return None
            # A session of its own: Ctrl-C on the terminal reaches us alone, and we ask once. A second signal would cut off its batch.
            child = self._child = subprocess.Popen(  # noqa: S603 - our own command, no shell
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
            )
        try:
            out, err = child.communicate()
        finally:
            with self._lock:
                self._child = None
        return Ended(child.returncode, out, err)
