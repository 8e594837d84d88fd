"""`leadhub revert`: takes back what a run wrote, as far as it still stands; shows that first, with everything that stays and why."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer

from leadhub.cli import plan_view, run_view
from leadhub.cli.exits import of_report
from leadhub.cli.run_ties import show_found_out
from leadhub.cli.runs import find_run, has_something_to_take_back
from leadhub.cli.session import Cli, cli_of
from leadhub.cli.sync import Allow, allowances, passing
from leadhub.cli.words import plural, shown
from leadhub.core.guard import OTHERS, Refusal
from leadhub.core.revert import Skipped, Why
from leadhub.errors import GuardStopped
from leadhub.hub import Hub
from leadhub.model.record import Operation
from leadhub.model.run import RunRow
from leadhub.sync import acts, pausing
from leadhub.sync.found_out import FoundOut
from leadhub.sync.patterns import grouped
from leadhub.sync.report import RunReport
from leadhub.sync.revert import Part, Reverted

_MOST = 20


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("revert")(revert)


def revert(
    context: typer.Context,
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run's id, or its beginning; leadhub runs list shows them.")],
    pattern: Annotated[
        str | None, typer.Option("--pattern", metavar="ID", help="Only this pattern of what is shown, by its id (or its number).")
    ] = None,
    allow: Allow = None,
) -> None:
    """Take back what a run wrote, where it still stands. Shows it and asks first; edits made since are left, and listed."""
    cli = cli_of(context)
    allowed = allowances(allow or [])
    hub = cli.open()
    meant = find_run(hub, run)
    if not has_something_to_take_back(hub, meant):
        cli.screen.line(f"Nothing to take back: run {meant.id} ({meant.kind}) wrote nothing.")
        return
    report, found = acts.preview_revert(hub, meant)
    part = _part(cli, hub, found, pattern)
    if cli.screen.for_people:
        show_found_out(cli, report)
        _show(cli, hub, found)
        for text in (line for name in report.troubles for line in run_view.left_out_lines(cli, report, name)):
            cli.screen.line(text)
    if found.empty:
        pausing.demand_running(hub, found.waits_for)
        if not cli.screen.for_people:
            cli.screen.json(_as_json(hub, report, found, report.found_out))
        raise typer.Exit(of_report(report))
    if stopped := [g for g in report.guards if part is None and g.seen > allowed.get((g.system, g.guard), 0)]:
        raise GuardStopped(
            f"A guard stops this revert; nothing was taken back. {'; '.join(map(_seen, stopped))}.",
            next_step=passing(cli, f"revert {meant.id}", stopped),
        )
    if not cli.confirm(_question(found, part)):
        cli.screen.line("Nothing was taken back.")
        return
    hub.met = lambda _name, _identity: None  # the same systems, named a moment ago
    done, made = acts.revert(hub, meant, part, allowed=allowed)
    if cli.screen.for_people:
        _show_done(cli, hub, meant, done, made)
    else:
        cli.screen.json(_as_json(hub, done, made, [*report.found_out, *done.found_out]))
    raise typer.Exit(of_report(done))


def _seen(guard: Refusal) -> str:
    if guard.guard == OTHERS:
        return f"{guard.system}: another leadhub makes records here: {guard.pattern}"
    return f"{guard.system}: {guard.seen} {guard.what}, the limit is {guard.limit}"


def _part(cli: Cli, hub: Hub, found: Reverted, wanted: str | None) -> Part | None:
    """The writes of one pattern, by link and field."""
    if wanted is None:
        return None
    _, group = plan_view.pattern(cli, grouped(hub, found.changes), wanted, f"revert {found.run.id}")
    return frozenset((f"{c.system}/{c.object}/{c.record_id}", name) for c in group.changes for name in (c.values or [""]))


def _question(found: Reverted, part: Part | None) -> str:
    if part is not None:
        return f"Take back the {plural(len({link for link, _ in part}), 'write')} of this pattern?"
    return f"Take back {_amount(found)}?"


def _show_done(cli: Cli, hub: Hub, meant: RunRow, done: RunReport, made: Reverted) -> None:
    cli.screen.line()
    cli.screen.line(f"Taken back of {meant.kind} {meant.id}: {_told(made)}.", style="bold")
    run_view.show(cli, hub, done)
    if unmade := run_view.unmade(hub, done.run):
        cli.screen.line(f"{plural(unmade, 'write')} of it could not be made: {cli.command(f'revert {meant.id}')} tries again.", style="bold")
    if waiting := made.count("waits"):
        cli.screen.line(
            f"{plural(waiting, 'write')} of it {'waits' if waiting == 1 else 'wait'}: {cli.command(f'revert {meant.id}')} goes on.", style="bold"
        )
    for text in _what_takes_it_back(cli, done.run, made):
        cli.screen.line(text)


def _told(found: Reverted) -> str:
    """Say in one line what is taken back and what is not."""
    left, waiting, before = found.count("left"), found.count("waits"), found.count("done")
    parts = [_amount(found) or "nothing"]
    parts += [f"{left:,} left as {'it is' if left == 1 else 'they are'}"] if left else []
    parts += [f"{waiting:,} {'waits' if waiting == 1 else 'wait'}"] if waiting else []
    parts += [f"{before:,} taken back before"] if before else []
    return ", ".join(parts)


def _amount(found: Reverted) -> str:
    parts = [plural(len(found.changes), "write")] if found.changes else []
    parts += [f"{plural(len(found.setbacks), 'value')} that leadhub holds"] if found.setbacks and not found.changes else []
    parts += [plural(len(found.dropped), "person")] if found.dropped else []
    return " and ".join(parts)


def _what_takes_it_back(cli: Cli, run_id: str, made: Reverted) -> Iterator[str]:
    """Say by what each part of a revert comes back: not all of it by another revert."""
    archived = sorted({c.system for c in made.changes if c.operation is Operation.ARCHIVE})
    if any(c.operation is not Operation.ARCHIVE for c in made.changes):
        yield f"This is a run too: {cli.command(f'revert {run_id}')} takes {'the values that it wrote' if archived else 'it'} back."
    elif made.setbacks:
        yield f"It set back what leadhub alone held; {cli.command('leads set')} gives a lead another value."
    if archived:
        yield f"What it archived comes back only by hand, in {' and '.join(archived)} itself."
    if made.dropped:
        yield "Who was forgotten comes back once the file changes and is read again."


def _show(cli: Cli, hub: Hub, found: Reverted) -> None:
    screen, run = cli.screen, found.run
    screen.line(f"Taking back {run.kind} {run.id} of {run.started_at:%Y-%m-%d %H:%M} UTC: {_told(found)}.", style="bold")
    if found.empty:
        screen.line(f"Nothing of it can be taken back {'now' if found.waits_for else '(any more)'}.")
    plan_view.show_groups(cli, hub, found.changes, grouped(hub, found.changes))
    if found.setbacks:
        goes = "goes" if len(found.setbacks) == 1 else "go"
        screen.title(f"{plural(len(found.setbacks), 'value')} that leadhub holds {goes} back, as a decision: no later sync redoes it")
        for (field, old, value), count in Counter((s.field, s.old, s.value) for _, s in found.setbacks).most_common(_MOST):
            screen.line(f"   {count:>5}  {field}: {shown(old)} → {shown(value)}")
        screen.line("   Where a value was edited, it is left as it is: leadhub takes back what it wrote, never what a person did.")
    if found.dropped:
        screen.title(f"{plural(len(found.dropped), 'person')} of whom nothing else is known: forgotten until the file changes and is read again")
        for one in found.dropped[:_MOST]:
            screen.line(f"   {one.name}{'; the opt-out stays' if one.opted_out else ''}")
        _rest(cli, len(found.dropped))
    _show_skipped(cli, found.skipped)


def _show_skipped(cli: Cli, skipped: Sequence[Skipped]) -> None:
    titles: dict[Why, str] = {"left": "Left as it is", "waits": "Waits, to be taken back later by the same command"}
    for why, title in titles.items():
        mine = [one for one in skipped if one.why == why]
        if mine:
            cli.screen.title(f"{title}: {len(mine):,}")
        for one in mine[:_MOST]:
            stands = f"; {shown(one.shows)} stands there" if one.shows is not None else ""
            cli.screen.line(f"   {one.person}: {one.where} {one.field}: {one.reason}{stands}")
        _rest(cli, len(mine))


def _rest(cli: Cli, count: int) -> None:
    if count > _MOST:
        cli.screen.line(f"   … and {count - _MOST} more (--yes --output json lists all, once it is done)")


def _as_json(hub: Hub, report: RunReport, found: Reverted, found_out: Sequence[FoundOut]) -> dict[str, Any]:
    return {
        "schema": "leadhub.revert/1",
        "run": report.run,
        "status": report.status,
        "reverts": found.run.id,
        "changes": [plan_view.as_json(hub, change) for change in found.changes],
        "held": [{"person": name, "field": s.field, "from": s.old, "to": s.value} for name, s in found.setbacks],
        "persons": [{"id": one.person_id, "name": one.name} for one in found.dropped],
        "left": [
            {"person": s.person, "where": s.where, "field": s.field, "reason": s.reason, "shows": s.shows} for s in found.skipped if s.why == "left"
        ],
        "waiting": [{"person": s.person, "where": s.where, "field": s.field, "reason": s.reason} for s in found.skipped if s.why == "waits"],
        "taken_back_before": found.count("done"),
        "found_out": [one.as_json() for one in found_out],
        "troubles": report.troubles,
    }
