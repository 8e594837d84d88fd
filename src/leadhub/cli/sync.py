"""`leadhub sync`: bring every adopted system and the hub into agreement."""

from collections.abc import Sequence
from typing import Annotated

import typer

from leadhub.cli import run_view
from leadhub.cli.exits import UsageFault, of_report
from leadhub.cli.notify import watched
from leadhub.cli.progress import following
from leadhub.cli.session import Cli, cli_of
from leadhub.core.guard import GUARDS, OTHERS, Refusal
from leadhub.hub import Hub
from leadhub.sync import run as flow
from leadhub.sync.report import RunReport

Allow = Annotated[list[str] | None, typer.Option("--allow", metavar="SYSTEM.GUARD=N", help="Let a guard pass up to N; may be given several times.")]


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("sync")(sync)


def sync(context: typer.Context, allow: Allow = None) -> None:
    """Read all adopted systems, agree, and write what that takes. Never runs twice at a time."""
    cli = cli_of(context)
    allowed = allowances(allow or [])

    def work(hub: Hub) -> RunReport:
        with following(cli, hub):
            return flow.sync(hub, allowed=allowed)

    hub, report = watched(cli, work)
    if cli.screen.for_people:
        run_view.show(cli, hub, report)
    else:
        cli.screen.json({**report.as_json(), "not_adopted": run_view.to_adopt(cli, report)})
    raise typer.Exit(of_report(report))


def allowances(given: list[str]) -> dict[tuple[str, str], int]:
    """Read `SYSTEM.GUARD=N`. Raises UsageFault for anything else."""
    allowed: dict[tuple[str, str], int] = {}
    for text in given:
        name, equals, number = text.partition("=")
        system, dot, guard = name.rpartition(".")
        if not (equals and dot and system and number.isdigit()) or guard not in GUARDS:
            raise UsageFault(
                f"--allow {text} cannot be read: write SYSTEM.GUARD=N, with one of {', '.join(GUARDS)}.",
                next_step="leadhub plan shows the flag to pass",
            )
        allowed[system, guard] = int(number)
    return allowed


def passing(cli: Cli, command: str, stopped: Sequence[Refusal]) -> str:
    """Return the next step where guards stop a command: the flags that let it pass. None lets it pass another installation."""
    for one in stopped:
        if one.guard == OTHERS:
            return f"stop one of the two; if that one is dead: {cli.command(f'adopt {one.system} {one.flag}')}"
    return cli.command(" ".join((command, *(one.flag for one in stopped))))
