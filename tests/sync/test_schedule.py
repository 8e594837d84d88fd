"""`leadhub sync` every so often: never twice at a time, never cut off."""

import errno
import os
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from leadhub.sync.schedule import Ended, Schedule, interval

MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("15m", 900), ("4h", 14400), ("1d", 86400), ("never", None)])
def test_an_interval_is_read(text: str, seconds: int | None) -> None:
    """As a person writes it."""
    assert interval(text) == (None if seconds is None else timedelta(seconds=seconds))


@pytest.mark.parametrize("text", ["", "15", "0m", "-1m", "1.5h", "15 m", "m", "15M", "9999999d"])
def test_anything_else_is_refused_with_what_to_write(text: str) -> None:
    """A zero would never pause."""
    with pytest.raises(ValueError, match="write 90s, 15m, 4h, 1d or never"):
        interval(text)


def program(text: str) -> tuple[str, ...]:
    """A command that runs a piece of Python."""
    return (sys.executable, "-c", text)


def test_how_a_run_ended_is_told() -> None:
    """Its exit code, and what it said on either stream."""
    told: list[Ended] = []
    Schedule(program("import sys; print('data'); print('log', file=sys.stderr); sys.exit(6)"), MOMENT, told.append).run_once()
    assert told == [Ended(6, "data\n", "log\n")]


def test_what_is_no_utf_8_is_told_all_the_same() -> None:
    """A library's message in another encoding is no reason to tell nothing."""
    told: list[Ended] = []
    Schedule(program("import sys; sys.stderr.buffer.write(b'M\\xfcller')"), MOMENT, told.append).run_once()
    assert told == [Ended(0, "", "M\ufffdller")]


def test_a_start_that_fails_is_told_and_the_next_run_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine has no process or no memory left for a moment; or who is told cannot write it down: the server goes on answering, so do the syncs."""
    real, starts, told, fourth = subprocess.Popen, iter(range(100)), [], threading.Event()

    def start(*args: Any, **options: Any) -> Any:
        if next(starts) == 0:
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
        return real(*args, **options)

    def tell(ended: Ended) -> None:
        told.append(ended)
        if len(told) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        if len(told) == 4:
            fourth.set()

    monkeypatch.setattr(subprocess, "Popen", start)
    schedule = Schedule(program("pass"), MOMENT, tell)
    schedule.start()
    assert fourth.wait(60)
    schedule.stop()
    assert [ended.code for ended in told][:4] == [1, 0, 0, 0]
    assert "Resource temporarily unavailable" in told[0].err


def test_runs_follow_each_other_until_it_is_stopped() -> None:
    """One at once, then the next, and none after the stop."""
    third, told = threading.Event(), []

    def tell(ended: Ended) -> None:
        told.append(ended)
        if len(told) == 3:
            third.set()

    schedule = Schedule(program("pass"), MOMENT, tell)
    schedule.start()
    assert third.wait(60)
    schedule.stop()
    count = len(told)
    schedule.run_once()
    assert {ended.code for ended in told} == {0}
    assert len(told) == count


def test_a_run_in_progress_is_asked_to_end_and_waited_for(tmp_path: Path) -> None:
    """It gets one signal, which it may take its time over, and Ctrl-C on the terminal is not its."""
    ready, log = tmp_path / "ready", tmp_path / "log"
    os.mkfifo(ready)
    text = f"""
import os, signal
def ask(number, frame):
    with open({str(log)!r}, "a") as file: file.write(f"asked {{number}}\\n")
    raise SystemExit(130)
signal.signal(signal.SIGTERM, ask)
assert os.getsid(0) == os.getpid()
open({str(ready)!r}, "w").close()
signal.pause()
"""
    told: list[Ended] = []
    schedule = Schedule(program(text), timedelta(hours=1), told.append)
    schedule.start()
    ready.open().close()  # waits until the other end is there
    schedule.stop()
    assert [ended.code for ended in told] == [130]
    assert log.read_text() == "asked 15\n"


def test_a_stop_before_the_first_run_runs_nothing() -> None:
    """There is nobody to wait for."""
    told: list[Ended] = []
    schedule = Schedule(program("pass"), MOMENT, told.append)
    schedule._over.set()
    schedule.start()
    schedule.stop()
    assert told == []
