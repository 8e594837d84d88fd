"""`leadhub pull`: read the systems, and nothing more: what leadhub knows is refreshed, nobody is written to."""

from typing import Annotated

import typer

from leadhub.cli import run_view
from leadhub.cli.completion import complete_system
from leadhub.cli.exits import of_report
from leadhub.cli.progress import following
from leadhub.cli.session import cli_of, system_of
from leadhub.cli.sync import Allow, allowances
from leadhub.sync import run as flow


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("pull")(pull)


def pull(
    context: typer.Context,
    systems: Annotated[
        list[str] | None, typer.Argument(metavar="[SYSTEM…]", help="All that are adopted, if none is named.", autocompletion=complete_system)
    ] = None,
    anew: Annotated[
        bool,
        typer.Option(
            "--anew",
            help="Read everything and judge everybody anew, so that what vanished or was overlooked is noticed: it mends what an audit finds.",
        ),
    ] = False,
    allow: Allow = None,
) -> None:
    """Read what changed since the last run and agree on it. Writes to no system."""
    cli = cli_of(context)
    hub = cli.open()
    for name in systems or []:
        system_of(hub, name)
    allowed = allowances(allow or [])
    with following(cli, hub):
        report = flow.pull_only(hub, systems or None, anew=anew, allowed=allowed)
    if cli.screen.for_people:
        run_view.show(cli, hub, report)
    else:
        cli.screen.json({**report.as_json(), "not_adopted": run_view.to_adopt(cli, report)})
    raise typer.Exit(of_report(report))
