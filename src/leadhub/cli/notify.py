"""`on_failure`: tells a command or an address of a sync that failed, and of the first one that is well again. No personal data goes along."""

import json
import shlex
import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from leadhub import config
from leadhub.cli.exits import ExitCode, next_step_of, of_error, of_report
from leadhub.cli.logs import masked
from leadhub.cli.session import Cli
from leadhub.connectors import http
from leadhub.errors import LeadhubError, LeaseHeld
from leadhub.hub import Hub
from leadhub.sync.report import RunReport

TIMEOUT = 30.0
"""Seconds that the command or the address may take."""
_SAYS_NOTHING = frozenset({"running", "interrupted"})
"""How runs ended that were neither well nor a failure."""

FAILED = ".leadhub-failed"
"""In a deployment's folder: a failure was told and no recovery since. Not every failure comes as far as the store, which remembers the runs."""

Event = Literal["failure", "recovery"]


def watched(cli: Cli, work: Callable[[Hub], RunReport]) -> tuple[Hub, RunReport]:
    """Open the deployment, do the work of a sync, and tell `on_failure` how that ended, where that is news. What is raised passes through.

    A failure is told every time, a success only after a run that was none. That another run holds the lease is neither.
    """
    try:
        hub = cli.open()
        report = work(hub)
    except LeaseHeld:
        raise
    except Exception as error:
        tell(cli, "failure", _of(error))
        raise
    code = of_report(report)
    if code is not ExitCode.OK:
        tell(cli, "failure", _summary(report, code))
    elif (cli.folder / FAILED).exists() or not _was_well_before(hub, report):
        tell(cli, "recovery", _summary(report, code))
    return hub, report


def tell(cli: Cli, event: Event, facts: Mapping[str, Any]) -> None:
    """Hand one notice over. A receiver that fails is noted on stderr and changes nothing about the run."""
    receiver = config.told_of_failures(cli.folder)
    if not receiver:
        return
    _note(cli.folder / FAILED, event)
    notice = {"schema": "leadhub.notice/1", "event": event, "deployment": cli.folder.resolve().name, **facts}
    body = json.dumps(masked(notice), ensure_ascii=False).encode()
    try:
        _post(receiver, body) if receiver.startswith(("https://", "http://")) else _run(receiver, body, cli.folder)
    except (OSError, ValueError, LeadhubError, subprocess.SubprocessError) as error:
        reason = type(error).__name__ if isinstance(error, subprocess.SubprocessError | ValueError) else str(masked(str(error)))
        cli.screen.complain(f"on_failure could not be told of this {event}: {reason}. The run itself is not changed by it.", style="yellow")


def _of(error: Exception) -> dict[str, Any]:
    """What is said of an error that ended the run; of one that leadhub did not expect its kind alone, for its words may hold anything."""
    if isinstance(error, LeadhubError):
        return {"exit_code": int(of_error(error)), "error": str(error), "next": [next_step_of(error)]}
    next_step = "leadhub sync --debug shows the traceback; please report it"
    return {"exit_code": int(ExitCode.FAILED), "error": f"leadhub itself failed: {type(error).__name__}", "next": [next_step]}


def _note(path: Path, event: Event) -> None:
    with suppress(OSError):  # a folder that may not be written: then the runs that the store knows have to tell
        path.touch() if event == "failure" else path.unlink(missing_ok=True)


def _post(url: str, body: bytes) -> None:
    with http.client(url) as client:
        answer = client.post(url, content=body, headers={"Content-Type": "application/json"}, timeout=TIMEOUT)
    if not answer.is_success:
        raise OSError(f"{answer.request.url.host} answered {answer.status_code}")


def _run(command: str, body: bytes, folder: Path) -> None:
    words = shlex.split(command)
    ended = subprocess.run(words, input=body, cwd=folder, timeout=TIMEOUT, check=False, capture_output=True)  # noqa: S603 - the administrator's own command, without a shell
    if ended.returncode != 0:
        raise OSError(f"{words[0]} ended with {ended.returncode}")


def _summary(report: RunReport, code: ExitCode) -> dict[str, Any]:
    return {**report.as_json(), "schema": "leadhub.notice/1", "exit_code": int(code), "open_reviews": report.open_reviews, "next": report.next_steps}


def _was_well_before(hub: Hub, report: RunReport) -> bool:
    """Whether the sync before this one that came to an end by itself was well; also where there was none, or nobody can tell."""
    with suppress(LeadhubError), hub.store.read() as tx:
        statuses = [run.status for run in tx.runs.list(limit=20, kind="sync") if run.status not in _SAYS_NOTHING and run.id != report.run]
        return not statuses or statuses[0] == "ok"
    return True
