"""`leadhub apply`: the plan, one question, then the writes. It plans anew before it writes, and says where that made a difference."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from leadhub.cli import plan_view, run_view
from leadhub.cli.exits import UsageFault, of_report
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
from leadhub.sync.patterns import Group, grouped, irreversible
from leadhub.sync.planfile import Item, PlanFile
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
            raise UsageFault("A plan file says itself what is to be written.", next_step=cli.command(f"plan --pattern ID -o {file}"))
        kept = planfile.read(file, hub)
        with hub.store.read() as tx:
            approval.demand(tx, hub, kept)
        _some(cli, hub, _limited(kept, limit), allowed, f"of the plan in {file}. What has changed since is left out.")
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
        some = _limited(PlanFile(report.run, hub.deployment.hash, orgs, tuple(Item.of(change, hub) for change in chosen), wanted), limit)
        _some(cli, hub, some, allowed, f"of {len(changes):,} planned. The rest stays planned.")
        return
    _show_plan(cli, hub, report, changes, groups)
    _all(cli, hub, report, changes, allowed)


def _show_plan(cli: Cli, hub: Hub, report: RunReport, changes: Sequence[PlannedChange], groups: Sequence[Group]) -> None:
    if cli.screen.for_people:
        plan_view.show(cli, hub, report, changes, groups, ask_next=False)


def question(hub: Hub, verb: str, count: int, changes: Sequence[PlannedChange]) -> str:
    """Return the question before writes are made, or approved: it says how many of them leadhub cannot take back."""
    what = "this write" if count == 1 else f"these {count:,} writes"
    final = len(irreversible(hub, changes))
    warning = f" leadhub cannot take {'it' if count == 1 else f'{final:,} of them'} back." if final else ""
    return f"{verb} {what}?{warning}"


def _limited(plan: PlanFile, limit: int | None) -> PlanFile:
    return replace(plan, items=plan.items[:limit])


# ---- the whole plan --------------------------------------------------------------------------------------------------------------------


def _all(cli: Cli, hub: Hub, report: RunReport, changes: Sequence[PlannedChange], allowed: Allowed) -> None:
    stopped = [g for g in report.guards if g.seen > allowed.get((g.system, g.guard), 0)]
    if stopped:
        told = " ".join(map(str, stopped))
        raise GuardStopped(f"A guard stops this plan; nothing was written. {told}", next_step=passing(cli, "apply", stopped))
    if not changes:
        if not cli.screen.for_people:
            cli.screen.json(report.as_json())
        return
    if not cli.confirm(question(hub, "Make", len(changes), changes)):
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


def _some(cli: Cli, hub: Hub, plan: PlanFile, allowed: Allowed, which: str) -> None:
    """Show these changes, ask, and make them: those that a plan made now has too."""
    known = show_kept(cli, hub, plan, which)
    if not plan.items:
        return
    if not cli.confirm(question(hub, "Make", len(plan.items), known)):
        cli.screen.line("Nothing was written.")
        return
    done, refused = acts.apply_plan(hub, plan, allowed=allowed)
    if cli.screen.for_people:
        cli.screen.line()
        run_view.show(cli, hub, done)
        _show_refused(cli, refused)
    else:
        rows = [{"key": r.item.key, "system": r.item.system, "record_id": r.item.record_id, "reason": r.reason} for r in refused]
        with hub.store.read() as tx:
            told = approval.told(tx, tx.runs.get(done.run)[0])
        cli.screen.json({**done.as_json(), "plan": told and told.as_json(), "not_applied": rows})
    raise typer.Exit(of_report(done))


def show_kept(cli: Cli, hub: Hub, plan: PlanFile, which: str) -> list[PlannedChange]:
    """Show a plan, and who planned and approved it; return its changes, but for those of objects that are not read any more."""
    known = [item.as_change() for item in plan.items if item.system in hub.systems and hub.systems[item.system].reads(item.object)]
    if cli.screen.for_people:
        cli.screen.line(f"{plural(len(plan.items), 'write')} {which}", style="bold")
        if plan.hash is not None:
            with hub.store.read() as tx:
                approvals = approval.standing(tx.approvals.of(plan.run), plan)
            cli.screen.line(run_view.planned_by(plan.planned_by, plan.planned_at, plan.run, approvals))
        plan_view.show_groups(cli, hub, known, grouped(hub, known))
    return known


def _show_refused(cli: Cli, refused: Sequence[Refused]) -> None:
    if not refused:
        return
    cli.screen.title(f"{plural(len(refused), 'write')} of the plan not made, for something changed since")
    for one in refused[:_MOST]:
        fields = ", ".join(one.item.values) if one.item.record_id else one.item.operation.value
        cli.screen.line(f"   {one.item.system} {one.item.record_id or '(new)'} {one.item.name}: {fields}: {one.reason}")
    if len(refused) > _MOST:
        cli.screen.line(f"   … and {len(refused) - _MOST} more (--output json shows all)")
    cli.screen.line(f"Next: {cli.command('plan')} shows what would be written now.")
