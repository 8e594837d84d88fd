"""`leadhub serve`: takes what forms send, and runs `leadhub sync` every so often."""

import json
import logging
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import structlog
import typer

from leadhub.cli.exits import ExitCode, UsageFault
from leadhub.cli.session import Cli, cli_of
from leadhub.connectors.protocols import Log
from leadhub.errors import ConfigError
from leadhub.sync import approval
from leadhub.sync.schedule import Ended, Schedule, interval

_FINISHED = frozenset({ExitCode.OK, ExitCode.REFUSED})
_INTERRUPTED = frozenset({ExitCode.INTERRUPTED, -signal.SIGTERM})
"""Ended by our own signal: after its batch, or before it had begun."""
_PROXY = (
    "Whoever reaches this port can post to the forms, and speaks plain HTTP: put a reverse proxy with TLS before it (docs/how-to/receive-a-form.md)."
)


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("serve")(serve)


def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option("--host", help="The address to listen on. Any but this machine's own needs --public.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 8765,
    every: Annotated[str, typer.Option("--every", metavar="15m|never", help="How often leadhub sync runs: 90s, 15m, 4h, 1d or never.")] = "15m",
    public: Annotated[bool, typer.Option("--public", help="Listen on an address that others can reach: behind a reverse proxy with TLS.")] = False,
) -> None:
    """Take what forms send, and sync every so often, until Ctrl-C or SIGTERM. A form is kept before it is answered; the next sync takes it in."""
    cli = cli_of(context)
    period = _interval(every)
    if find_spec("starlette") is None or find_spec("uvicorn") is None:
        raise UsageFault("leadhub serve needs Starlette and uvicorn, which are not installed.", next_step="pip install 'leadhub[web]'")
    from leadhub import web

    if not web.is_loopback(host) and not public:
        raise UsageFault(f"{host} can be reached by other machines. {_PROXY}", next_step=f"leadhub serve --host {host} --public")
    hub = cli.open()
    doors = web.open_doors(hub)
    if not doors.systems and period is None:
        raise ConfigError("No system here receives anything, and --every never syncs nothing.", next_step="docs/how-to/receive-a-form.md")
    with web.bind(host, port) as listening, _said_aloud(cli):
        address = f"http://{host if ':' not in host else f'[{host}]'}:{listening.getsockname()[1]}"
        command = "pull" if approval.required(hub) else "sync"
        _announce(cli, address, doors.systems, every, command, public=public)
        schedule = None if period is None else Schedule(_program(cli.folder, command), period, lambda ended: tell(hub.log, ended))
        if schedule is not None:
            schedule.start()
        try:
            web.run(web.make_app(hub, doors), listening)
        finally:
            if schedule is not None:
                cli.screen.note("Ending: a sync in progress finishes its batch.")
                schedule.stop()
    cli.screen.note("Ended. What was received is kept; the next sync takes it in.")


def _interval(text: str) -> timedelta | None:
    try:
        return interval(text)
    except ValueError as error:
        raise UsageFault(f"--every: {error}", next_step="leadhub serve --every 15m") from None


def _announce(cli: Cli, address: str, systems: tuple[str, ...], every: str, command: str, *, public: bool) -> None:
    cli.screen.note(f"Listening on {address}. Ctrl-C ends it.")
    for system in systems:
        cli.screen.note(f"  {system}: POST {address}/in/{system}/TOKEN")
    if not systems:
        cli.screen.note("  No system here receives anything (docs/how-to/receive-a-form.md).")
    cli.screen.note(f"leadhub {command} is not run (--every never)." if every == "never" else f"leadhub {command} runs now, and then every {every}.")
    if command == "pull":
        cli.screen.note('Nothing is written: leadhub.toml says approval = "required" (leadhub plan -o FILE, approve FILE, apply FILE).')
    if public:
        cli.screen.note(_PROXY, style="yellow")


def _program(folder: Path, command: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "leadhub.cli.app", "-C", str(folder.resolve()), "--no-input", "--output", "json", command)


def tell(log: Log, ended: Ended) -> None:
    """Log in one line what came of a sync."""
    if ended.code == ExitCode.LEASE:
        log.info("sync skipped: another run works", code=ended.code)
        return
    told = _report(ended.out)
    if ended.code in _FINISHED:
        log.info("sync ended", code=ended.code, **told)
    elif ended.code in _INTERRUPTED:
        log.info("sync interrupted; the next one goes on from there", code=ended.code)
    else:
        log.warning("sync did not do all", code=ended.code, **told, said=" ".join(ended.err.split()))


def _report(out: str) -> dict[str, object]:
    """Return the figures of a run's report; none where it printed none."""
    try:
        report = json.loads(out)
        systems = report["systems"].values()
        sums = {name: sum(system[name] for system in systems) for name in ("pulled", "created", "updated", "refused")}
        return {"run": report["run"], "status": report["status"], **sums, "rejected": report["records"]["rejected"], "seconds": report["seconds"]}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


@contextmanager
def _said_aloud(cli: Cli) -> Iterator[None]:
    """A server's log begins at INFO: each request and each run is one line. `-q` leaves errors alone."""
    if cli.screen.quiet:
        yield
        return
    root, before = logging.getLogger(), structlog.get_config()["wrapper_class"]
    if not root.isEnabledFor(logging.INFO):
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))
    try:
        yield
    finally:
        structlog.configure(wrapper_class=before)
