"""`leadhub plan`: the exact writes that `sync` would make now, grouped so that a person can read them."""

from typing import Annotated

import typer

from leadhub.cli import plan_view
from leadhub.cli.exits import ExitCode, of_report
from leadhub.cli.session import cli_of
from leadhub.sync import run as flow


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("plan")(plan)


def plan(
    context: typer.Context,
    detailed_exitcode: Annotated[bool, typer.Option("--detailed-exitcode", help="Exit with 2 where there are changes to make.")] = False,
    pattern: Annotated[int | None, typer.Option("--pattern", metavar="N", min=1, help="Show every change of one pattern.")] = None,
) -> None:
    """Show what sync would write. Reads from the systems, writes to none of them."""
    cli = cli_of(context)
    hub = cli.open()
    report, changes = flow.plan(hub)
    groups = plan_view.grouped(hub, changes)
    if not cli.screen.for_people:
        plan_view.show_data(cli, hub, report, changes)
    elif pattern is not None:
        plan_view.show_pattern(cli, groups, pattern)
    else:
        plan_view.show(cli, hub, report, changes, groups)
    failed = report.troubles or report.access_denied
    if failed:
        raise typer.Exit(of_report(report))
    raise typer.Exit(ExitCode.CHANGES if detailed_exitcode and changes else ExitCode.OK)
