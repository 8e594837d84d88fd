"""`leadhub report disagreement`: what the systems show and leadhub leaves alone, by pattern. Reads the store alone, at any time."""

import shlex
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from leadhub.cli.completion import complete_field, complete_system
from leadhub.cli.exits import UsageFault
from leadhub.cli.session import Cli, cli_of, system_of
from leadhub.cli.words import plural, short_reason, shown, why_standing
from leadhub.core.states import SETTLED
from leadhub.hub import Hub
from leadhub.insight.disagreement import Difference, Disagreement, Pattern, disagreement
from leadhub.insight.stuck import stuck

group = typer.Typer(help="Questions asked of everything that leadhub knows. They call no system and change nothing.")
_COLUMNS = ("pattern", "count", "system", "field", "difference", "why", "rule")


@group.callback()
def _reports() -> None:
    """Without it a group of one command would be that command."""


@group.command("disagreement")
def report_disagreement(
    context: typer.Context,
    system: Annotated[str | None, typer.Option("--system", help="Of this system alone.", autocompletion=complete_system)] = None,
    field: Annotated[str | None, typer.Option("--field", help="Of this field alone.", autocompletion=complete_field)] = None,
    pattern: Annotated[int | None, typer.Option("--pattern", metavar="N", min=1, help="The leads of one pattern, by its number.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many patterns at most.")] = 30,
) -> None:
    """Show standing differences by pattern: what a system shows and leadhub leaves alone, why, and what would settle it."""
    cli = cli_of(context)
    hub = cli.open(offline=True)
    if system is not None:
        system_of(hub, system)
    if field is not None and field not in {*hub.policy.fields, *(name for r in hub.policy.relations.values() for name in r.state_fields)}:
        raise UsageFault(f'There is no field "{field}".', next_step=cli.command("report disagreement"))
    with hub.store.read() as tx:
        found = disagreement(hub, tx, system=system, name=field)
        waiting = stuck(hub, tx, system=system, name=field)
    if pattern is not None and pattern > len(found.patterns):
        raise UsageFault(
            f"There is no pattern {pattern}: {plural(len(found.patterns), 'pattern')} found.", next_step=cli.command("report disagreement")
        )
    if not cli.screen.for_people:
        _tell_programs(cli, found, waiting, pattern, limit)
    elif pattern is not None:
        show_pattern(cli, found.patterns[pattern - 1], pattern)
    else:
        _show(cli, hub, found, limit)
        _show_stuck(cli, waiting)


def _show_stuck(cli: Cli, waiting: Mapping[tuple[str, str, str], int]) -> None:
    """Print what waits to be written and cannot be."""
    if waiting:
        cli.screen.title("To be written, and not possible as things are:")
        for (system, field, why), count in sorted(waiting.items(), key=lambda item: (-item[1], item[0])):
            cli.screen.line(f"  {count:>5}  {system} {field}: {why}")


def _tell_programs(cli: Cli, found: Disagreement, waiting: Mapping[tuple[str, str, str], int], pattern: int | None, limit: int) -> None:
    numbered = list(enumerate(found.patterns, 1))
    chosen = [numbered[pattern - 1]] if pattern is not None else numbered[:limit]
    rows = [as_row(number, one) for number, one in chosen]
    if cli.screen.output == "json":
        told = {"total": found.total, "compared": found.compared, "facts": dict(found.facts), "patterns": rows}
        told["waiting"] = [{"system": of, "field": name, "why": why, "count": n} for (of, name, why), n in waiting.items()]
        cli.screen.json({"schema": "leadhub.disagreement/1", **told})
    else:
        cli.screen.rows("leadhub.disagreement/1", "patterns", rows, columns=_COLUMNS)


def as_row(number: int, one: Pattern) -> dict[str, Any]:
    """Return a pattern as programs read it."""
    examples = [{"person": e.person_id, "name": e.name, "record": e.record_id, "there": e.there, "here": e.here} for e in one.examples]
    return {
        "pattern": number,
        "count": one.count,
        "system": one.system,
        "field": one.field,
        "kind": one.kind or "values",
        "there": None if one.folded else one.there,
        "here": None if one.folded else one.here,
        "difference": in_words(one),
        "reason": one.reason,
        "why": why_standing(one.reason),
        "rule": one.rule,
        "settle": [command for command, _ in settling(one)],
        "examples": examples,
    }


# ---- for people ------------------------------------------------------------------------------------------------------------------------


def _show(cli: Cli, hub: Hub, found: Disagreement, limit: int) -> None:
    screen = cli.screen
    if not found.patterns:
        with hub.store.read() as tx:
            adopted = [row.name for row in tx.systems.list() if row.mode != "new"]
        screen.line(f"No standing differences: {plural(found.compared, 'record')} compared, and none shows anything else that is left alone.")
        if not adopted:
            first = next(iter(hub.systems), "SYSTEM")
            screen.line(f"No system is adopted yet. Next: {cli.command(f'adopt {first}')}")
        return
    screen.line(
        f"{plural(found.total, 'standing difference')} in {plural(len(found.patterns), 'pattern')}; {plural(found.compared, 'record')} compared.",
        style="bold",
    )
    screen.line("They are never written, and nobody is asked about them. An edit made on either side from now on travels as usual.")
    show_patterns(cli, found, limit)
    screen.line(f"Next: {cli.command('report disagreement --pattern 1')} shows leads, and the commands that settle a pattern.")


def show_patterns(cli: Cli, found: Disagreement, limit: int) -> None:
    """Print the largest patterns as a table."""
    cli.screen.line()
    rows = [
        (number, one.count, one.system, one.field, in_words(one), short_reason(one.reason), one.rule or "")
        for number, one in enumerate(found.patterns[:limit], 1)
    ]
    cli.screen.table(("", "count", "system", "field", "difference", "why", "rule"), rows, right=("", "count"))
    for reason in dict.fromkeys(one.reason for one in found.patterns[:limit]):
        cli.screen.line(f"{short_reason(reason)}: {why_standing(reason)}.")
    if found.facts:
        cli.screen.line(f"Left out, for the system that shows it lets nobody write it: {', '.join(found.facts)}.")
    if len(found.patterns) > limit:
        rest = sum(one.count for one in found.patterns[limit:])
        cli.screen.line(f"… and {plural(len(found.patterns) - limit, 'smaller pattern')} with {plural(rest, 'difference')} (--limit shows more)")


def in_words(one: Pattern) -> str:
    """Say in what way the two sides differ."""
    if one.folded:
        return one.kind
    return f"{shown(one.there)} there, {one.here if one.state else shown(one.here)} in leadhub"


def show_pattern(cli: Cli, one: Pattern, number: int) -> None:
    """Print one pattern with some of its leads, the rule that holds now, and what settles it."""
    screen = cli.screen
    screen.line(f"Pattern {number}: {one.system} {one.field}, {in_words(one)}, {plural(one.count, 'lead')}", style="bold")
    screen.line(f"Why it is left alone: {why_standing(one.reason)}.")
    screen.line()
    screen.table(("lead", "name", f"in {one.system}", "in leadhub"), [(e.person_id, e.name, shown(e.there), _here(e)) for e in one.examples])
    if one.count > len(one.examples):
        screen.line(f"… and {one.count - len(one.examples):,} more")
    screen.line()
    commands = list(settling(one))
    if not commands:
        screen.line(_no_rule(cli, one))
        return
    screen.line(f"The rule now: {one.rule}. It is settled in bulk by one of:")
    for command, meaning in commands:
        screen.line(f"  {cli.command(command)}")
        screen.line(f"      {meaning}")


def _here(one: Difference) -> str:
    return (one.here or "") if one.state else shown(one.here)


def settling(one: Pattern) -> Iterator[tuple[str, str]]:
    """Yield the commands that settle a pattern in bulk, each with what it does. They show what they concern, and ask, before they act."""
    if one.rule is None:
        return
    if one.state:
        yield from _settling_state(one)
        return
    if one.there is None:
        yield f"adopt {one.system} --fill {one.field}", f"writes what leadhub holds where {one.system} is blank"
    else:
        yield from _preferring(one)
    if one.rule != "keep":
        yield f"adopt {one.system} --keep {one.field}", "leaves them as they are"


def _preferring(one: Pattern) -> Iterator[tuple[str, str]]:
    if one.edited == one.count:
        return
    yield f"adopt {one.system} --prefer {one.field}", f"takes what {one.system} shows, and writes it to the others"
    for origin in (name for name, _ in one.origins.most_common() if name not in {one.system, "", "decision"}):
        yield f"adopt {origin} --prefer {one.field}", f"writes what {origin} showed, which leadhub holds now, to the others"


def _settling_state(one: Pattern) -> Iterator[tuple[str, str]]:
    pattern = f"--value {shlex.quote(one.there or '')} --hub {shlex.quote(one.here or '')}"
    if one.edited < one.count:
        takes = f"takes the stage, status and exit that {one.system} shows, and writes them to the others"
        yield f"adopt {one.system} --prefer {SETTLED} {pattern}", f"{takes}, in this pattern"
        yield f"adopt {one.system} --prefer {SETTLED}", f"{takes}, wherever they differ"
    if one.rule != "keep":
        yield f"adopt {one.system} --keep {SETTLED} {pattern}", "leaves them as they are"


def _no_rule(cli: Cli, one: Pattern) -> str:
    which, name = one.examples[0].person_id, "stage" if one.state else one.field
    why = "This is no old difference" if one.rule is None else "What leadhub holds was edited since"
    return (
        f"{why}, so no rule for old differences settles it. Lead by lead: "
        f"{cli.command(f'leads set {which} {name}=… --reason …')}; or edit the record in {one.system}: that travels."
    )
