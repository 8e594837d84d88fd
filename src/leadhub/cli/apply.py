"""`leadhub apply`: the plan, one question, then the writes. It plans anew before it writes, and says where that made a difference."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from leadhub.cli import kept, plan_view, run_view
from leadhub.cli.exits import ExitCode, UsageFault, of_report
from leadhub.cli.kept import Left
from leadhub.cli.plan import BackfillField, BackfillSystem, backfill_of, nothing_to_fill
from leadhub.cli.session import Cli, cli_of
from leadhub.cli.sync import Allow, allowances, passing
from leadhub.cli.words import plural
from leadhub.errors import GuardStopped
from leadhub.hub import Hub
from leadhub.model.record import Operation
from leadhub.model.run import PlannedChange
from leadhub.sync import acts, approval, planfile
from leadhub.sync import run as flow
from leadhub.sync.chosen import Refused
from leadhub.sync.patterns import Group, grouped
from leadhub.sync.planfile import Item, PlanFile, typed
from leadhub.sync.report import RunReport

_MOST = 20
Allowed = Mapping[tuple[str, str], int]


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("apply")(apply)


def apply(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="A plan kept by: leadhub plan -o FILE.")] = None,
    pattern: Annotated[
        str | None,
        typer.Option("--pattern", metavar="ID", help="Only this pattern of the plan, by its id (or its number): no other field is written."),
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", metavar="N", min=1, help="Only the first N writes; the rest stays planned.")] = None,
    backfill: BackfillField = None,
    system: BackfillSystem = None,
    allow: Allow = None,
) -> None:
    """Show the plan, ask once, and make the writes: all of them, a few, or exactly those of a plan that was kept."""
    cli = cli_of(context)
    allowed = allowances(allow or [])
    hub = cli.open()
    wanted = backfill_of(hub, backfill, system)
    if file is not None:
        if pattern is not None or wanted is not None:
            raise UsageFault("A plan file says itself what is to be written.", next_step=cli.command(f"plan --pattern ID -o {typed(file)}"))
        _file(cli, hub, file, limit, allowed)
        return
    approval.demand_file(hub, "apply")
    report, changes = flow.plan(hub, backfill=wanted)
    groups = grouped(hub, changes)
    if report.troubles:
        _show_plan(cli, hub, report, changes, groups)
        raise typer.Exit(of_report(report))
    if pattern is not None or limit is not None or wanted is not None:
        if wanted is not None and not changes and cli.screen.for_people:
            cli.screen.line(nothing_to_fill(wanted))
            return
        chosen = changes if pattern is None else plan_view.pattern(cli, groups, pattern)[1].changes
        orgs = {name: identity.org for name, identity in report.identities.items()}
        hub.met = lambda _name, _identity: None  # the same systems, named a moment ago
        some = Left(PlanFile(report.run, hub.deployment.hash, orgs, tuple(Item.of(change, hub) for change in chosen), wanted))
        _some(cli, hub, some.first(limit), allowed, f"of {len(changes):,} planned. The rest stays planned.")
        return
    _show_plan(cli, hub, report, changes, groups)
    _all(cli, hub, report, changes, allowed)


def _show_plan(cli: Cli, hub: Hub, report: RunReport, changes: Sequence[PlannedChange], groups: Sequence[Group]) -> None:
    if cli.screen.for_people:
        plan_view.show(cli, hub, report, changes, groups, ask_next=False)


def _file(cli: Cli, hub: Hub, file: Path, limit: int | None, allowed: Allowed) -> None:
    """Make what is left of a plan that was kept. Where nothing is, nobody is asked, and nobody has to have approved it."""
    left = kept.left_of(hub, planfile.read(file, hub))
    if not left.plan.items:
        if cli.screen.for_people:
            cli.screen.line(kept.nothing_left(left, f"the plan in {file}"))
            _show_refused(cli, None, left.undone)
        _nothing(cli, hub, left)
        raise typer.Exit(ExitCode.REFUSED if left.undone else ExitCode.OK)
    with hub.store.read() as tx:
        approval.demand(tx, hub, left.plan)
    _some(cli, hub, left.first(limit), allowed, f"of the plan in {file}. What has changed since is left out.")


# ---- the whole plan --------------------------------------------------------------------------------------------------------------------


def _all(cli: Cli, hub: Hub, report: RunReport, changes: Sequence[PlannedChange], allowed: Allowed) -> None:
    stopped = [g for g in report.guards if g.seen > allowed.get((g.system, g.guard), 0)]
    if stopped:
        told = " ".join(map(str, stopped))
        raise GuardStopped(f"A guard stops this plan; nothing was written. {told}", next_step=passing(cli, "apply", stopped))
    if not plan_view.may_go(report, changes):
        if not cli.screen.for_people:
            cli.screen.json(report.as_json())
        return
    if not cli.confirm(kept.question(hub, "Make", len(changes), changes)):
        cli.screen.line("Nothing was written.")
        return
    hub.met = lambda _name, _identity: None  # the same systems, named a moment ago
    done = flow.sync(hub, allowed=allowed)
    if cli.screen.for_people:
        cli.screen.line()
        run_view.show(cli, hub, done)
        _compare(cli, changes, done)
    else:
        done.found_out[:0] = report.found_out  # reading the plan found it out
        cli.screen.json(done.as_json())
    raise typer.Exit(of_report(done))


def _compare(cli: Cli, changes: Sequence[PlannedChange], done: RunReport) -> None:
    """Say where other writes were made than were shown: something changed in between, or a write was refused."""
    creates = Counter(c.system for c in changes if c.operation is Operation.CREATE)
    updates = Counter(c.system for c in changes if c.operation is not Operation.CREATE)
    for name, counts in done.systems.items():
        if (creates[name], updates[name]) != (counts.created, counts.updated):
            was = f"{plural(creates[name], 'create')} and {plural(updates[name], 'update')}"
            cli.screen.line(f"{name}: {was} were shown, {counts.created} and {counts.updated} were made; the rest was overtaken, refused or put off.")


# ---- some of it ------------------------------------------------------------------------------------------------------------------------


def _some(cli: Cli, hub: Hub, left: Left, allowed: Allowed, which: str) -> None:
    """Show these changes, ask, and make them: those that a plan made now has too."""
    known = kept.show(cli, hub, left, which)
    if not left.plan.items:
        _nothing(cli, hub, left)
        return
    if not cli.confirm(kept.question(hub, "Make", len(left.plan.items), known)):
        cli.screen.line("Nothing was written.")
        return
    done, refused = acts.apply_plan(hub, left.asked, allowed=allowed)
    if cli.screen.for_people:
        cli.screen.line()
        run_view.show(cli, hub, done)
        _show_refused(cli, done.run, refused)
    else:
        cli.screen.json({**done.as_json(), **kept.as_json(hub, left, refused, done.run)})
    raise typer.Exit(of_report(done))


def _nothing(cli: Cli, hub: Hub, left: Left) -> None:
    """Give a program its object where no run was needed."""
    if not cli.screen.for_people:
        status = "partial" if left.undone else "ok"
        cli.screen.json({"schema": "leadhub.run/1", "run": None, "status": status, **kept.as_json(hub, left, left.undone, left.plan.run)})


def _show_refused(cli: Cli, run: str | None, refused: Sequence[Refused]) -> None:
    """Say of each item why it is not made; `run` is the one that keeps this list, if there was any."""
    before = Counter(one.made_by for one in refused if one.stands)
    for maker, count in before.items():  # since this was shown, or only now found out
        cli.screen.line(f"{plural(count, 'write')} of the plan made before, by run {maker}.")
    refused = [one for one in refused if not one.stands]
    if not refused:
        return
    cli.screen.title(f"{plural(len(refused), 'write')} of the plan not made, and why")
    for one in refused[:_MOST]:
        fields = ", ".join(one.item.values) if one.item.record_id else one.item.operation.value
        cli.screen.line(f"   {one.item.system} {one.item.record_id or '(new)'} {one.item.name}: {fields}: {one.reason}")
    if len(refused) > _MOST:
        cli.screen.line(f"   … and {len(refused) - _MOST} more (--output json shows all)")
    keeps = f"; {cli.command(f'runs show {run}')} keeps this list" if run is not None else ""
    cli.screen.line(f"Next: {cli.command('plan')} shows what would be written now{keeps}.")
