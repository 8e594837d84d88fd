"""`leadhub runs`: what was executed, and what came of each write."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Annotated, Any

import typer

from leadhub.cli.exits import UsageFault
from leadhub.cli.run_ties import note, ties
from leadhub.cli.run_view import planned_by
from leadhub.cli.session import Cli, cli_of
from leadhub.cli.words import brought, plural, shown
from leadhub.core.normalize import text_of
from leadhub.hub import Hub
from leadhub.model.run import Intent, IntentState, RunRow
from leadhub.store import StoredEdit
from leadhub.sync import approval
from leadhub.sync.approval import Told
from leadhub.sync.found_out import kept_of
from leadhub.sync.outcomes import in_doubt
from leadhub.sync.pausing import PAUSE, REPLACES, RESUME
from leadhub.sync.recover import CRASHED
from leadhub.sync.taken_back import Reverts, TakenBack, reverted_by
from leadhub.sync.whose import Counts, counts_of

group = typer.Typer(help="What was executed.")
_MOST = 20
_COUNTED = ("pulled", "created", "updated", "refused", "api_calls")
_OUTCOMES = {
    IntentState.ACCEPTED: "made",
    IntentState.REFUSED: "refused by the system",
    IntentState.STALE: "not made, and judged again",
    IntentState.NOT_APPLIED: "not made",
    IntentState.LEFT_OUT: "of the plan left out",
    IntentState.PLANNED: "planned, never begun",
    IntentState.SENT: "sent, no answer known",
    IntentState.UNKNOWN: "sent, no answer known",
}
_STANDING = frozenset({IntentState.ACCEPTED, IntentState.SENT, IntentState.UNKNOWN})


@group.command("list")
def list_runs(
    context: typer.Context,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many, newest first.")] = 20,
    kind: Annotated[str | None, typer.Option("--kind", help="sync, apply, revert, plan, audit, adopt, import, pause or resume alone.")] = None,
) -> None:
    """List the latest runs, newest first."""
    cli = cli_of(context)
    with cli.open(offline=True).store.read() as tx:
        runs, reverts = tx.runs.list(limit, kind=kind), Reverts(tx)
        counted = counts_of(tx, runs)
        rows = [_row(run, counted[run.id], reverts.of(run)) for run in runs]
    columns = ("run", "kind", "started", "seconds", "status", "created", "updated", "refused", "actor", "note")
    cli.screen.rows("leadhub.runs/1", "runs", rows, columns=columns, right=("seconds", "created", "updated", "refused"))


@group.command("show")
def show_run(context: typer.Context, run: Annotated[str, typer.Argument(metavar="RUN", help="The run's id, or its beginning.")]) -> None:
    """Show one run: its counts, what came of each write, what changed in the hub, and what is not known."""
    cli = cli_of(context)
    hub = cli.open(offline=True)
    found = find_run(hub, run)
    intents, edits = _journal(hub, found.id)
    with hub.store.read() as tx:
        rejects = tx.rejects.list(found.id)
        told, applied = approval.told(tx, found), tx.runs.of_plan(found.id)
        counts, back = counts_of(tx, [found])[found.id], Reverts(tx).of(found)
    if not cli.screen.for_people:
        cli.screen.json(
            {
                "schema": "leadhub.run-details/1",
                **_row(found, counts, back),
                "plan": told and told.as_json(),
                "applied_by": [{"run": run.id, "actor": run.actor, "started": run.started_at.isoformat()} for run in applied],
                "counts": {**found.counts, **counts},
                "found_out": [one.kept() for one in kept_of(found.counts)],
                "taken_back": back and back.as_json(),
                **_details(intents, edits),
                "rejects": [asdict(r) for r in rejects],
            }
        )
        return
    _show(cli, replace(found, counts={**found.counts, **counts}), intents, edits, told, applied, back)
    if rejects:
        cli.screen.title(f"{plural(len(rejects), 'row')} could not be taken in")
        for reject in rejects:
            cli.screen.line(f"  {reject.source} row {reject.row}: {reject.reason}")


def _row(run: RunRow, counts: Counts, back: TakenBack | None) -> dict[str, Any]:
    totals = sum((Counter({name: n for name in _COUNTED if isinstance(n := of.get(name), int)}) for of in counts.values()), Counter[str]())
    seconds = f"{(run.ended_at - run.started_at).total_seconds():.1f}" if run.ended_at and run.status != CRASHED else None
    stamps = {"started": f"{run.started_at:%Y-%m-%d %H:%M}", "seconds": seconds}
    said = {"actor": run.actor, "reverts": reverted_by(run), "taken_back": back and back.how, "note": note(run, back)}
    return {"run": run.id, "kind": run.kind, **stamps, "status": run.status, **{name: totals[name] for name in _COUNTED}, **said}


def find_run(hub: Hub, prefix: str) -> RunRow:
    """Return the run whose id begins so. Raises UsageFault where that is none, or several."""
    with hub.store.read() as tx:
        found = tx.runs.get(prefix)
    if len(found) != 1:
        why = (
            f'No run\'s id begins with "{prefix}".'
            if not found
            else f'"{prefix}" begins the ids of {len(found)} runs: {", ".join(r.id for r in found)}.'
        )
        raise UsageFault(why, next_step="leadhub runs list")
    return found[0]


def has_something_to_take_back(hub: Hub, run: RunRow) -> bool:
    """Whether a run wrote to a system, or brought what leadhub holds from a file."""
    intents, edits = _journal(hub, run.id)
    return any(map(_may_stand, intents)) or (run.kind == "import" and bool(edits))


def _may_stand(intent: Intent) -> bool:
    """Whether a write stands in a system, or may: a revert first finds out."""
    return intent.state in _STANDING or in_doubt(intent)


def _journal(hub: Hub, run_id: str) -> tuple[list[Intent], list[StoredEdit]]:
    intents: list[Intent] = []
    edits: list[StoredEdit] = []
    with hub.store.read() as tx:
        while some := tx.intents.of_run(run_id, intents[-1].seq if intents else 0):
            intents.extend(some)
        while more := tx.edits.of_run(run_id, edits[-1].seq if edits else 0):
            edits.extend(more)
    return intents, edits


def _details(intents: Sequence[Intent], edits: Sequence[StoredEdit]) -> dict[str, Any]:
    writes = [
        {
            "system": i.change.system,
            "record_id": i.change.record_id,
            "operation": i.change.operation.value,
            "person": i.change.name,
            "outcome": i.state.value,
            "reason": _reason(i) or None,
            "fields": {
                name: {"from": text_of(i.change.before.get(name)) or None, "to": text_of(value) or None} for name, value in i.change.values.items()
            },
        }
        for i in intents
    ]
    names = ("person_id", "field", "old", "new", "cause", "origin", "actor", "taken")
    return {"writes": writes, "edits": [{name: getattr(e.edit, name) for name in names} for e in edits]}


def _reason(intent: Intent) -> str:
    """Why a write was not made, or who found out; where the system answered a create the journal keeps that answer in this place."""
    return intent.detail if isinstance(intent.detail, str) else ""


def _show(
    cli: Cli,
    run: RunRow,
    intents: Sequence[Intent],
    edits: Sequence[StoredEdit],
    told: Told | None,
    applied: Sequence[RunRow],
    back: TakenBack | None,
) -> None:
    screen = cli.screen
    ended = f"{'found dead' if run.status == CRASHED else 'ended'} {run.ended_at:%H:%M:%S}" if run.ended_at else "has not ended"
    screen.line(f"{run.kind} {run.id}: {run.status}; started {run.started_at:%Y-%m-%d %H:%M:%S} UTC, {ended}, by {run.actor}", style="bold")
    if told is not None:
        screen.line(planned_by(told.planned_by, told.planned_at, told.run, told.approvals))
    for one in applied:
        screen.line(f"Applied by {one.actor}, {one.started_at:%Y-%m-%d %H:%M} UTC, run {one.id}: {one.status}.")
    for text in ties(cli, run, back):
        screen.line(text)
    rows = [(name, *(counts.get(c, 0) for c in _COUNTED)) for name, counts in run.counts.items() if isinstance(counts, dict)]
    if rows:
        screen.line()
        screen.table(("system", *_COUNTED[:-1], "calls"), rows, right=(*_COUNTED[:-1], "calls"))
    _show_drift(cli, run)
    for state in IntentState:
        _show_outcome(cli, state, [i for i in intents if i.state is state])
    if edits:
        screen.title(f"{plural(len(edits), 'change')} of what leadhub holds")
        counted = Counter((e.edit.field, e.edit.cause, e.edit.origin, e.edit.taken) for e in edits)
        for (name, cause, origin, taken), count in counted.most_common(_MOST):
            screen.line(f"  {count:>5}  {name}: {brought(cause, origin)}{'' if taken else ', lost a conflict'}")
    _show_end(cli, run, intents, edits, back)


def _show_end(cli: Cli, run: RunRow, intents: Sequence[Intent], edits: Sequence[StoredEdit], back: TakenBack | None) -> None:
    screen = cli.screen
    if run.kind in (PAUSE, RESUME):
        screen.line(_switched(run))
    elif not intents and not edits:
        screen.line("It wrote nothing and changed nothing.")
    elif (back is None or back.how != "whole") and (any(map(_may_stand, intents)) or run.kind == "import"):
        screen.line()
        screen.line(f"Take it back: {cli.command(f'revert {run.id}')} shows what of it still stands, and asks.")


def _switched(run: RunRow) -> str:
    """Say what a pause or its end did."""
    system, why = run.counts.get("system"), f": {run.counts['reason']}" if run.counts.get("reason") else ""
    if REPLACES in run.counts:
        before = run.counts[REPLACES]
        given = f'another reason{why}; it replaces "{before}"' if before else f"a reason{why}"
        return f"It gave the pause of {system} {given}."
    return f"It {'paused' if run.kind == PAUSE else 'resumed'} {system}{why}"


def _show_drift(cli: Cli, run: RunRow) -> None:
    """What an audit found; of what it kept, ids and no names."""
    drift = run.counts.get("drift")
    found = [one for one in drift if isinstance(one, dict)] if isinstance(drift, list) else []
    if found:
        cli.screen.title("What had drifted")
    for one in found:
        records = one["records"] if isinstance(one["records"], list) else []
        cli.screen.line(f"  {one['count']} {one['kind']} in {one['system']} {one['object']}: {', '.join(map(str, records))}")


def _show_outcome(cli: Cli, state: IntentState, intents: Sequence[Intent]) -> None:
    if not intents:
        return
    cli.screen.title(f"{plural(len(intents), 'write')} {_OUTCOMES[state]}")
    for intent in intents[:_MOST]:
        change = intent.change
        fields = ", ".join(f"{n} {shown(text_of(change.before.get(n)))} → {shown(text_of(v))}" for n, v in change.values.items())
        because = "  (nobody knows whether it happened)" if in_doubt(intent) else f"  ({_reason(intent)})" if _reason(intent) else ""
        cli.screen.line(f"  {change.system} {change.operation.value} {change.name}: {fields}{because}")
    if len(intents) > _MOST:
        cli.screen.line(f"  … and {len(intents) - _MOST} more (--output json shows all)")
