"""`leadhub apply`: the plan, one question, then the writes. It plans anew before it writes, and says where that made a difference."""

from collections import Counter
from collections.abc import Sequence

import typer

from leadhub.cli import plan_view, run_view
from leadhub.cli.exits import of_report
from leadhub.cli.session import Cli, cli_of
from leadhub.cli.sync import Allow, allowances
from leadhub.cli.words import plural
from leadhub.errors import GuardStopped
from leadhub.model.record import Operation
from leadhub.model.run import PlannedChange
from leadhub.sync import run as flow
from leadhub.sync.report import RunReport


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("apply")(apply)


def apply(context: typer.Context, allow: Allow = None) -> None:
    """Show the plan, ask once, and make the writes."""
    cli = cli_of(context)
    allowed = allowances(allow or [])
    hub = cli.open()
    report, changes = flow.plan(hub)
    if cli.screen.for_people:
        plan_view.show(cli, hub, report, changes, plan_view.grouped(hub, changes), ask_next=False)
    if report.troubles:
        raise typer.Exit(of_report(report))
    stopped = [g for g in report.guards if g.seen > allowed.get((g.system, g.guard), 0)]
    if stopped:
        flags = " ".join(g.flag for g in stopped)
        raise GuardStopped("A guard stops this plan; nothing was written. " + " ".join(map(str, stopped)), next_step=cli.command(f"apply {flags}"))
    if not changes:
        if not cli.screen.for_people:
            cli.screen.json(report.as_json())
        return
    if not cli.confirm(f"Make these {plural(len(changes), 'write')}?"):
        cli.screen.line("Nothing was written.")
        return
    hub.met = lambda _name, _identity: None  # the same systems, named a moment ago
    done = flow.sync(hub, allowed=allowed)
    if cli.screen.for_people:
        cli.screen.line()
        run_view.show(cli, hub, done)
        _compare(cli, changes, done)
    else:
        cli.screen.json(done.as_json())
    raise typer.Exit(of_report(done))


def _compare(cli: Cli, changes: Sequence[PlannedChange], done: RunReport) -> None:
    """Say where other writes were made than were shown: something changed in between, or a write was refused."""
    creates = Counter(c.system for c in changes if c.operation is Operation.CREATE)
    updates = Counter(c.system for c in changes if c.operation is not Operation.CREATE)
    for name, counts in done.systems.items():
        if (creates[name], updates[name]) != (counts.created, counts.updated):
            was = f"{creates[name]} creates and {updates[name]} updates"
            cli.screen.line(f"{name}: {was} were shown, {counts.created} and {counts.updated} were made; the rest was overtaken, refused or put off.")
