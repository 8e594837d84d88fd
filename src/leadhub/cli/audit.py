"""`leadhub audit`: everything that the systems show against everything that leadhub holds; what has drifted, by kind, and what mends it."""

from collections.abc import Sequence
from itertools import groupby
from typing import Annotated, Any

import typer

from leadhub.cli.completion import complete_system
from leadhub.cli.exits import ExitCode, of_report
from leadhub.cli.progress import following
from leadhub.cli.run_view import NOTHING_ADOPTED, left_out_lines, to_adopt
from leadhub.cli.session import Cli, cli_of, system_of
from leadhub.cli.sync import Allow, allowances
from leadhub.cli.words import plural, verb
from leadhub.sync.audit import AuditReport, audit
from leadhub.sync.drift import KINDS, Drift, Example, Kind

_COLUMNS = ("kind", "count", "system", "object", "what", "next")
_FEW = 5
_ANEW: frozenset[Kind] = frozenset({"edited", "computed", "unseen", "missing", "orphaned", "unlinked", "behind"})
"""What reading and judging everything anew mends; of the rest a person has to say what is meant."""


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("audit")(audit_systems)


def audit_systems(
    context: typer.Context,
    systems: Annotated[
        list[str] | None, typer.Argument(metavar="[SYSTEM…]", help="All that are adopted, if none is named.", autocompletion=complete_system)
    ] = None,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit with 2 where anything has drifted; 1 where nothing was compared, with or without it.")
    ] = False,
    allow: Allow = None,
) -> None:
    """Compare everything in the systems with everything that leadhub holds. Changes nothing anywhere."""
    cli = cli_of(context)
    hub = cli.open()
    for name in systems or []:
        system_of(hub, name)
    allowed = allowances(allow or [])
    with following(cli, hub):
        report = audit(hub, systems or None, allowed=allowed)
    if cli.screen.for_people:
        _show(cli, report)
    elif cli.screen.output == "json":
        cli.screen.json(_as_json(cli, report))
    else:
        cli.screen.rows("leadhub.audit/1", "drift", [_row(cli, report, one) for one in report.drift], columns=_COLUMNS)
    raise typer.Exit(_code(report, systems or (), detailed=detailed_exitcode))


def _code(report: AuditReport, named: Sequence[str], *, detailed: bool) -> ExitCode:
    """The exit code: nobody shall take it for compared, and clean, where nothing was compared, or not all that was asked for by name."""
    code = of_report(report.run)
    if code is ExitCode.OK and (not report.systems or not set(named).isdisjoint(report.not_adopted)):
        return ExitCode.FAILED
    return ExitCode.CHANGES if code is ExitCode.OK and detailed and report.drift else code


# ---- for programs ----------------------------------------------------------------------------------------------------------------------


def _as_json(cli: Cli, report: AuditReport) -> dict[str, Any]:
    names = ("read", "same", "waiting", "unlisted", "unasked")
    systems = {name: {key: getattr(compared, key) for key in names} for name, compared in report.systems.items()}
    calls = {name: counts.api_calls for name, counts in report.run.systems.items()}
    return {
        "schema": "leadhub.audit/1",
        "run": report.run.run,
        "status": report.run.status,
        "systems": systems,
        "not_compared": report.not_compared,
        "not_adopted": _to_adopt(cli, report),
        "drift": [_row(cli, report, one) for one in report.drift],
        "total": report.total,
        "persons_waiting": report.persons_waiting,
        "open_reviews": report.run.open_reviews,
        "unanswered_writes": report.unanswered,
        "api_calls": calls,
        "refusals": report.run.refusals,
        "troubles": report.run.troubles,
        "seconds": report.run.seconds,
    }


def _row(cli: Cli, report: AuditReport, one: Drift) -> dict[str, Any]:
    about = {"kind": one.kind, "count": one.count, "system": one.system, "object": one.object, "what": KINDS[one.kind]}
    return about | {"next": _next(cli, report, one), "examples": [_example(report, example) for example in one.examples]}


def _example(report: AuditReport, example: Example) -> dict[str, Any]:
    person, name = report.persons.get(example.key, (None, None))
    return {"record": example.key.id, "person": person, "name": name, "detail": example.detail or None}


def _to_adopt(cli: Cli, report: AuditReport) -> dict[str, str]:
    return {name: command for name, command in to_adopt(cli, report.run).items() if name in report.not_adopted}


def _next(cli: Cli, report: AuditReport, one: Drift) -> str:
    """The command that mends a kind of drift, or that shows what a person has to judge."""
    if one.kind in _ANEW:
        return cli.command(f"pull {one.system} --anew")
    person = next((report.persons[e.key][0] for e in one.examples if e.key in report.persons), None)
    return cli.command("doctor") if person is None else cli.command(f"leads {'why' if one.kind == 'hopping' else 'show'} {person}")


# ---- for people ------------------------------------------------------------------------------------------------------------------------


def _show(cli: Cli, report: AuditReport) -> None:
    screen = cli.screen
    screen.line(_first_line(report), style="bold")
    calls = {name: counts.api_calls for name, counts in report.run.systems.items()}
    rows = [(name, of.read, of.same, of.waiting, calls.get(name, 0)) for name, of in report.systems.items()]
    if rows:
        screen.line()
        screen.table(("system", "read", "as stored", "for the next run", "calls"), rows, right=("read", "as stored", "for the next run", "calls"))
    for kind, some in groupby(report.drift, lambda one: one.kind):
        _show_kind(cli, report, kind, list(some))
    _show_beside(cli, report)
    for text in report.run.refusals:
        screen.line(f"Stopped by a guard: {text}")
    for name in report.run.troubles:
        for text in left_out_lines(cli, report.run, name):
            screen.line(text)
    if mended := sorted({one.system for one in report.drift if one.kind in _ANEW}):
        screen.line()
        anew = cli.command(f"pull {' '.join(mended)} --anew")
        screen.line(f"Next: {anew} takes this into leadhub and writes to no system;")
        screen.line(f"      {cli.command('plan')} then shows the writes that follow from it.")


def _first_line(report: AuditReport) -> str:
    if report.run.nothing_adopted:
        return NOTHING_ADOPTED
    compared = plural(sum(of.read for of in report.systems.values()), "record")
    if report.run.troubles or report.run.refusals:
        return f"Not everything could be compared: {compared} read, {plural(report.total, 'finding')} so far."
    if not report.systems:
        return "Nothing was compared."
    return f"Nothing has drifted: {compared} compared." if not report.total else f"{plural(report.total, 'finding')} in {compared} compared."


def _show_kind(cli: Cli, report: AuditReport, kind: Kind, found: list[Drift]) -> None:
    screen = cli.screen
    screen.title(f"{plural(sum(one.count for one in found), 'record')} {KINDS[kind]}:")
    for one in found:
        screen.line(f"  {one.system} {one.object}: {one.count:,}")
        for example in one.examples[:_FEW]:
            name = report.persons.get(example.key, ("", ""))[1]
            screen.line("    " + "  ".join(text for text in (example.key.id, name, example.detail) if text))
        if one.count > min(_FEW, len(one.examples)):
            screen.line(f"    … and {one.count - min(_FEW, len(one.examples)):,} more (--output json names up to 20)")
        if kind not in _ANEW:
            screen.line(f"    Look at it: {_next(cli, report, one)}")


def _show_beside(cli: Cli, report: AuditReport) -> None:
    """What is no drift and worth knowing."""
    lines = []
    if waiting := sum(of.waiting for of in report.systems.values()):
        lines.append(f"{_wait(waiting, 'record', 'changed since the last run and ')} for the next one: {cli.command('sync')}")
    if report.persons_waiting:
        makes = "" if report.run.paused else f", {cli.command('sync')} writes it"
        lines.append(f"{_wait(report.persons_waiting, 'person')} for a write: {cli.command('plan')} shows what is to be written{makes}.")
    if report.run.open_reviews:
        lines.append(f"{plural(report.run.open_reviews, 'open question')}: {cli.command('review list')}")
    lines += [f"{why}. Nothing is written to it, and what waits is kept: {cli.command(f'resume {name}')}" for name, why in report.run.paused.items()]
    if report.unanswered:
        lines.append(f"{plural(report.unanswered, 'write')} got no answer yet: the next run looks before it writes.")
    for name, of in report.systems.items():
        if of.unlisted:
            lines.append(
                f"{name} left {plural(of.unlisted, 'record')} out of its listing that {verb(of.unlisted, 'is', 'are')} there when asked for by id."
            )
        if of.unasked:
            lines.append(
                f"{plural(of.unasked, 'record')} of {name} did not come, and {name} cannot be asked by id: {verb(of.unasked, 'a row', 'rows')} of a list that has changed."
            )
    lines += [f"{name} was not compared: what it sends comes once, and cannot be read again." for name in report.not_compared]
    lines += [f"{name} is not adopted yet, and was not compared: {command}" for name, command in _to_adopt(cli, report).items()]
    if lines:
        cli.screen.line()
        for text in lines:
            cli.screen.line(text)


def _wait(count: int, noun: str, before: str = "") -> str:
    """Return `1 record waits` or `2 records wait`."""
    return f"{plural(count, noun)} {before}{verb(count, 'waits', 'wait')}"
