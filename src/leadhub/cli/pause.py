"""`leadhub pause` and `leadhub resume`: the switch that stops the writes to one system at once, and starts them again."""

from typing import Annotated

import typer

from leadhub.cli.completion import complete_system
from leadhub.cli.exits import UsageFault
from leadhub.cli.session import Cli, cli_of, system_of
from leadhub.hub import Hub, System
from leadhub.store import SystemRow
from leadhub.sync import pausing

Named = Annotated[str, typer.Argument(metavar="SYSTEM", autocompletion=complete_system)]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for whoever finds it so.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("pause")(pause)
    app.command("resume")(resume)


def pause(context: typer.Context, system: Named, reason: Reason = "") -> None:
    """Stop all writes to a system at once, also those of a run that is at work. It is read on, and what waits is kept."""
    cli = cli_of(context)
    hub = cli.open(offline=True)
    found = system_of(hub, system)
    _row(cli, hub, found)
    before = pausing.pause(hub, system, reason)
    now = _told(hub, system)
    if before is not None and str(before) == now:
        cli.screen.line(f"{now}. Nothing was changed.")
        return
    cli.screen.line(now, style="bold")
    if before is not None:
        cli.screen.line(f"It replaces: {before.reason}" if before.reason else "It had no reason so far.")
        return
    if not found.is_target:
        cli.screen.line("It is not read, either. What is sent to it is kept, and taken in after the pause.")
    else:
        cli.screen.line("Nothing more is written to it: a run that is at work stops before its next call. The call in flight ends, and is journaled.")
        cli.screen.line(f"It is read as before; {cli.command('plan')} shows what waits.")
    cli.screen.line(f"Next: {cli.command(f'resume {system}')} once it may go on.")


def resume(context: typer.Context, system: Named, reason: Reason = "") -> None:
    """Let a paused system be written again. What waits is judged anew by the next sync."""
    cli = cli_of(context)
    hub = cli.open(offline=True)
    found = system_of(hub, system)
    if _row(cli, hub, found).mode != "paused":
        cli.screen.line(f"{system} is not paused.")
        return
    pausing.resume(hub, system, reason)
    cli.screen.line(f"{system} is no longer paused. Nothing has been written yet.", style="bold")
    cli.screen.line(f"Next: {cli.command('plan')} shows what waited, as it is judged now; {cli.command('sync')} writes it.")


def _row(cli: Cli, hub: Hub, system: System) -> SystemRow:
    """What is remembered of a system that leadhub does something with. Raises UsageFault for one that it leaves alone anyway."""
    with hub.store.read() as tx:
        row = tx.systems.get(system.name)
    if row is None or row.mode == "new":
        raise UsageFault(f"{system.name} is not adopted: nothing is read from it or written to it.", next_step=cli.command(f"adopt {system.name}"))
    if system.is_target and not row.written:
        raise UsageFault(f"Nothing is written to {system.name}: writing was never switched on.", next_step=cli.command("doctor --offline"))
    return row


def _told(hub: Hub, system: str) -> str:
    with hub.store.read() as tx:
        return str(pausing.paused(tx, system))
