"""What a command ends with: the exit codes, and the next step that every error names."""

import os
import re
import shlex
import socket
from enum import IntEnum
from pathlib import Path

from leadhub.errors import (
    AccessDenied,
    ConfigError,
    ConnectorError,
    FatalError,
    GuardStopped,
    LeadhubError,
    LeaseHeld,
    PluginError,
    QuotaExhausted,
    RateLimited,
    RecordError,
    ReserveReached,
    RetryableError,
    RowsLocked,
    StoreError,
    UnknownOutcome,
)
from leadhub.sync.report import RunReport


class ExitCode(IntEnum):
    """How the program ended, for schedulers and scripts."""

    OK = 0
    FAILED = 1
    USAGE = 2
    CHANGES = 2
    REFUSED = 3
    ACCESS = 4
    GUARD = 5
    LEASE = 6
    INTERRUPTED = 130


class UsageFault(LeadhubError):
    """The command cannot mean what was typed."""


CHECK = "leadhub config check"
_NEXT: tuple[tuple[type[LeadhubError], str], ...] = (
    (UsageFault, "leadhub --help"),
    (LeaseHeld, "wait for the other run to end; leadhub runs list shows it"),
    (GuardStopped, "leadhub plan shows what the guard saw; then pass the flag that it names"),
    (ConfigError, CHECK),
    (PluginError, "leadhub plugins list"),
    (StoreError, "leadhub doctor"),
    (AccessDenied, "renew the credentials, then: leadhub doctor"),
    (QuotaExhausted, "nothing: the next run goes on when the limit is renewed"),
    (FatalError, "leadhub doctor"),
    (RateLimited, "nothing: the system asks for a pause, and the next run tries again by itself"),
    (RowsLocked, "nothing: somebody else's work holds the rows, and the next run tries again by itself"),
    (RetryableError, "make sure that the system is up and its address right; the next run tries again by itself"),
    (RecordError, "mend the record in its system; leadhub review list shows it"),
    (ConnectorError, "leadhub doctor"),
    (UnknownOutcome, "leadhub sync: it reads what became of the write before anything else"),
)


def next_step_of(error: LeadhubError) -> str:
    """Return what helps against an error: its own words, else those for its kind."""
    if isinstance(error, LeaseHeld) and (process := process_gone(str(error))):
        return (
            f"process {process} no longer runs on this machine; its lease ends by itself at the time named, then the same command goes on from there"
        )
    if error.next_step:
        return error.next_step
    return next((step for kind, step in _NEXT if isinstance(error, kind)), "leadhub doctor")


def process_gone(text: str) -> int | None:
    """The process that a lease names, where it was one of this machine and runs no more; None where nobody can tell."""
    owner = re.search(rf"@{re.escape(socket.gethostname())} pid (\d+) ", text)
    if owner is None:
        return None
    try:
        os.kill(int(owner[1]), 0)  # asks only whether it is there
    except ProcessLookupError:
        return int(owner[1])
    except OSError:
        return None
    return None


ANYWHERE = frozenset({"completion", "demo", "init", "sandbox"})
"""The commands that need no deployment: they are typed the same everywhere."""

_IN_A_DEPLOYMENT = (
    *("adopt", "apply", "approve", "audit", "config", "connect", "db", "doctor", "import", "inbox", "leads", "map", "pause", "plan"),
    *("plugins", "pull", "report", "resume", "revert", "review", "runs", "serve", "sync"),
)
_COMMAND = re.compile(rf"\bleadhub (?=(?:{'|'.join(_IN_A_DEPLOYMENT)})\b)")


def in_folder(text: str, folder: Path) -> str:
    """Return a sentence with the commands in it as they have to be typed for the deployment in this folder."""
    if folder == Path():
        return text
    return _COMMAND.sub(lambda _: f"leadhub -C {shlex.quote(str(folder))} ", text)


def of_error(error: LeadhubError) -> ExitCode:
    """Return the exit code of an error that ended a command."""
    match error:
        case UsageFault():
            return ExitCode.USAGE
        case AccessDenied():
            return ExitCode.ACCESS
        case GuardStopped():
            return ExitCode.GUARD
        case LeaseHeld():
            return ExitCode.LEASE
        case _:
            return ExitCode.FAILED


def of_report(report: RunReport) -> ExitCode:
    """Return the exit code of a finished run. Open questions alone are no failure; items of a plan that were not made are refusals."""
    if report.access_denied:
        return ExitCode.ACCESS
    if any(not isinstance(error, ReserveReached) for error in report.errors.values()):
        return ExitCode.FAILED
    if report.refusals or report.troubles:
        return ExitCode.GUARD
    return ExitCode.REFUSED if report.refused_first_time or report.left_out else ExitCode.OK
