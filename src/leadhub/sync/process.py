"""Which process this is, so that another one can prove that it is gone: on Linux, and on the same machine. Elsewhere nothing is claimed."""

import json
import os
from functools import lru_cache
from pathlib import Path

_PROC = Path("/proc")
_BOOT = _PROC / "sys/kernel/random/boot_id"


def this_process() -> str:
    """Return what tells this process from every other one, ever; blank where the machine does not say."""
    return _named(os.getpid())


@lru_cache(maxsize=1)
def _named(pid: int) -> str:
    """Keep the name for as long as the process has this id: one that was forked has another."""
    try:
        if (_PROC / "self").readlink().name != str(pid):
            return ""  # these are the processes of another namespace than this one's
        started, _ = _stat(pid)
        return json.dumps([*_place(), pid, started])
    except (OSError, ValueError, IndexError):
        return ""


def is_gone(named: str) -> bool:
    """Whether a process that `this_process` named is gone for certain. False where nobody can tell from here.

    Ids of processes are given anew: one that started at another moment is another process.
    """
    try:
        *place, pid, started = json.loads(named)
        if place != _place() or (_PROC / "self").readlink().name != str(os.getpid()):
            return False
        os.kill(pid, 0)  # asks only whether it is there, and is answered even where another user's processes are hidden in /proc
    except ProcessLookupError:
        return True
    except (OSError, ValueError, TypeError):
        return False
    try:
        now, dead = _stat(pid)
    except (OSError, ValueError, IndexError):
        return False
    return dead or now != started


def _place() -> list[str]:
    """The boot of the machine, and the namespaces in which ids and times of processes mean what they mean here."""
    spaces = [(_PROC / "self/ns" / name).readlink().name for name in ("pid", "time") if (_PROC / "self/ns" / name).is_symlink()]
    return [_BOOT.read_text(encoding="ascii").strip(), *spaces]


def _stat(pid: int) -> tuple[int, bool]:
    """When a process started, in ticks since the boot, and whether all that is left of it is its entry, for its parent to read."""
    fields = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    state, threads, started = fields[0], int(fields[17]), int(fields[19])
    return started, state in ("Z", "X") and threads <= 1
