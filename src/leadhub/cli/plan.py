"""`leadhub plan`: the exact writes that `sync` would make now, grouped so that a person can read them, on the screen or as a file to be applied later."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from leadhub.cli import plan_view
from leadhub.cli.exits import ExitCode, UsageFault, of_report
from leadhub.cli.run_view import show_lost
from leadhub.cli.session import Cli, cli_of, system_of
from leadhub.cli.words import plural
from leadhub.hub import Hub
from leadhub.sync import approval, planfile
from leadhub.sync import run as flow
from leadhub.sync.patterns import grouped
from leadhub.sync.planfile import Backfill, typed

BackfillField = Annotated[
    str | None,
    typer.Option("--backfill", metavar="FIELD", help="Only this: fill what first contact left blank in a field with the value that leadhub holds."),
]
BackfillSystem = Annotated[str | None, typer.Option("--system", metavar="SYSTEM", help="With --backfill: in this system alone.")]


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("plan")(plan)


def plan(
    context: typer.Context,
    detailed_exitcode: Annotated[bool, typer.Option("--detailed-exitcode", help="Exit with 2 where there are changes to make.")] = False,
    pattern: Annotated[str | None, typer.Option("--pattern", metavar="ID", help="Every change of one pattern, by its id (or its number).")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write the plan (or the pattern) to a file for: leadhub apply FILE.")
    ] = None,
    backfill: BackfillField = None,
    system: BackfillSystem = None,
) -> None:
    """Show what sync would write. Reads from the systems, writes to none of them."""
    cli = cli_of(context)
    hub = cli.open()
    wanted = backfill_of(hub, backfill, system)
    if out is not None:
        planfile.make_room(out)  # before the systems are read: what is there is not to be replaced
    report, changes = flow.plan(hub, backfill=wanted)
    groups = grouped(hub, changes)
    one = None if pattern is None else plan_view.pattern(cli, groups, pattern)
    chosen = changes if one is None else one[1].changes
    whole = not (report.troubles or report.access_denied)  # a plan that lacks a system is no plan to keep
    if out is not None and whole:
        planfile.write(out, hub, report, chosen, wanted)  # before anything is shown: whoever reads that may stop reading
    if not cli.screen.for_people:
        plan_view.show_data(cli, hub, report, chosen, enumerate(groups, 1) if one is None else [one])
    elif wanted is not None and not changes and not report.troubles:
        cli.screen.line(nothing_to_fill(wanted))
    elif one is not None:
        plan_view.show_pattern(cli, *one)
        plan_view.show_paused(cli, report)
    else:
        plan_view.show(cli, hub, report, changes, groups, ask_next=wanted is None and out is None)
        show_lost(cli, report)
    if not whole:
        raise typer.Exit(of_report(report))
    if out is not None:
        _kept(cli, hub, out, len(chosen), [name for name in report.paused if any(c.system == name for c in chosen)])
    elif wanted is not None and plan_view.may_go(report, changes) and cli.screen.for_people:
        where = f" --system {wanted.system}" if wanted.system else ""
        cli.screen.line(f"Next: {cli.command(f'apply --backfill {wanted.field}{where}')} asks once and writes.")
    raise typer.Exit(ExitCode.CHANGES if detailed_exitcode and chosen else ExitCode.OK)


def _kept(cli: Cli, hub: Hub, out: Path, count: int, paused: Sequence[str]) -> None:
    """Say that a plan was kept, and what comes next; `paused` are those of its systems to which nothing is written now."""
    if not count:
        cli.screen.note(f"0 writes kept in {out}. There is nothing to approve or to apply.")
        return
    cli.screen.note(f"{plural(count, 'write')} kept in {out}. Only you can read it: it holds names and addresses, and no secrets.")
    if approval.required(hub):
        cli.screen.note(f"Next: somebody else looks at it: {cli.command(f'approve {typed(out)}')}")
    word = "Then" if approval.required(hub) else "Next"
    resumes = "".join(f"{cli.command(f'resume {name}')}, then " for name in paused)
    cli.screen.note(f"{word}: {resumes}{cli.command(f'apply {typed(out)}')} makes exactly these, and refuses what has changed by then.")


def backfill_of(hub: Hub, field: str | None, system: str | None) -> Backfill | None:
    """Return what is to be filled. Raises UsageFault for a field or a system that there is not."""
    if field is None:
        if system is not None:
            raise UsageFault("--system goes with --backfill FIELD.", next_step="leadhub plan --help")
        return None
    if field not in hub.policy.fields:
        raise UsageFault(f'leadhub has no field "{field}". Fields: {", ".join(sorted(hub.policy.fields))}.', next_step="leadhub plan --help")
    return Backfill(field, system_of(hub, system).name if system is not None else None)


def nothing_to_fill(wanted: Backfill) -> str:
    """Say that a backfill has nothing to do."""
    where = f"in {wanted.system}" if wanted.system else "in any system that leadhub writes to"
    return f"Nothing to fill: first contact left no blank in {wanted.field} {where} that leadhub holds a value for."
