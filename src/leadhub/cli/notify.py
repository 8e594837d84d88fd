"""`on_failure`: tells a command or an address of a sync that failed, and of the first one that is well again. No personal data goes along."""

import json
import shlex
import subprocess
from collections.abc import Callable, Mapping
from typing import Any, Literal

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

Event = Literal["failure", "recovery"]


def watched(cli: Cli, hub: Hub, work: Callable[[], RunReport]) -> RunReport:
    """Do the work of a sync, and tell `on_failure` how it ended, where that is news. What `work` raises passes through.

    A failure is told every time, a success only after a run that was none. That another run holds the lease is neither.
    """
    was_well = _last_was_well(hub)
    try:
        report = work()
    except LeaseHeld:
        raise
    except LeadhubError as error:
        tell(cli, hub, "failure", {"exit_code": of_error(error), "error": str(error), "next": [next_step_of(error)]})
        raise
    code = of_report(report)
    if code is not ExitCode.OK:
        tell(cli, hub, "failure", _summary(report, code))
    elif not was_well:
        tell(cli, hub, "recovery", _summary(report, code))
    return report


def tell(cli: Cli, hub: Hub, event: Event, facts: Mapping[str, Any]) -> None:
    """Hand one notice over. A receiver that fails is noted on stderr and changes nothing about the run."""
    receiver = hub.deployment.document.on_failure
    if not receiver:
        return
    notice = {"schema": "leadhub.notice/1", "event": event, "deployment": hub.deployment.folder.resolve().name, **facts}
    body = json.dumps(masked(notice), ensure_ascii=False).encode()
    try:
        _post(receiver, body) if receiver.startswith(("https://", "http://")) else _run(receiver, body, hub)
    except (OSError, ValueError, LeadhubError, subprocess.SubprocessError) as error:
        reason = type(error).__name__ if isinstance(error, subprocess.SubprocessError | ValueError) else str(masked(str(error)))
        cli.screen.complain(f"on_failure could not be told of this {event}: {reason}. The run itself is not changed by it.", style="yellow")


def _post(url: str, body: bytes) -> None:
    with http.client(url) as client:
        answer = client.post(url, content=body, headers={"Content-Type": "application/json"}, timeout=TIMEOUT)
    if not answer.is_success:
        raise OSError(f"{answer.request.url.host} answered {answer.status_code}")


def _run(command: str, body: bytes, hub: Hub) -> None:
    words = shlex.split(command)
    ended = subprocess.run(words, input=body, cwd=hub.deployment.folder, timeout=TIMEOUT, check=False, capture_output=True)  # noqa: S603 - the administrator's own command, without a shell
    if ended.returncode != 0:
        raise OSError(f"{words[0]} ended with {ended.returncode}")


def _summary(report: RunReport, code: ExitCode) -> dict[str, Any]:
    return {**report.as_json(), "schema": "leadhub.notice/1", "exit_code": int(code), "open_reviews": report.open_reviews, "next": report.next_steps}


def _last_was_well(hub: Hub) -> bool:
    """Whether the last sync that came to an end by itself was well; also where there was none."""
    with hub.store.read() as tx:
        statuses = [run.status for run in tx.runs.list(limit=20, kind="sync") if run.status not in _SAYS_NOTHING]
    return not statuses or statuses[0] == "ok"
