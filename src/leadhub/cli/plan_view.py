"""A plan for people and for programs: by pattern, with counts, examples, what can be taken back, and what it costs in calls."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from leadhub.cli.exits import UsageFault
from leadhub.cli.run_ties import show_found_out
from leadhub.cli.run_view import left_out_lines, nothing_written, only_read, to_adopt, writing_off
from leadhub.cli.session import Cli
from leadhub.cli.words import plural, shown
from leadhub.core.cutting import often_starts, reversibility
from leadhub.core.guard import Refusal
from leadhub.core.normalize import text_of
from leadhub.hub import Hub
from leadhub.model.record import Operation
from leadhub.model.run import PlannedChange
from leadhub.sync.patterns import Group, irreversible, target_of, total_calls
from leadhub.sync.report import RunReport

_EXAMPLES = 3
_MOST = 25
_VERBS = {
    Operation.CREATE: "create",
    Operation.UPDATE: "update",
    Operation.CLEAR_THEN_SET: "clear, then set",
    Operation.ARCHIVE: "archive",
    Operation.CONVERT: "convert",
}

_BACK = {
    "reversible": "reversible",
    "compensable": "compensable (undone only by an act of its own)",
    "irreversible": "irreversible by leadhub (only by hand, in the system itself)",
}

_FOR_GOOD = "irreversible: nobody takes a conversion back"


# ---- for people ------------------------------------------------------------------------------------------------------------------------


def show(cli: Cli, hub: Hub, report: RunReport, changes: Sequence[PlannedChange], groups: Sequence[Group], *, ask_next: bool = True) -> None:
    """Print the whole plan; `ask_next` names the command that makes it."""
    screen = cli.screen
    if changes:
        people = plural(len({c.person_id for c in changes}), "lead")
        screen.line(
            f"{plural(len(changes), 'write')} for {people}, in {plural(len(groups), 'pattern')}. Nothing is written by looking.", style="bold"
        )
    else:
        screen.line(nothing_written(report, only_read(cli, hub, report)), style="bold")
    show_found_out(cli, report)
    show_groups(cli, hub, changes, groups)
    show_paused(cli, report)
    show_proposed(cli, report)
    _show_not_planned(cli, hub, report)
    _show_guards(cli, report)
    if ask_next and not report.guards and (first := next((g for g in groups if may_go(report, g.changes)), None)):
        screen.line()
        one = f"--pattern {first.id}"
        screen.line(f"Next: {cli.command('apply')} asks once and writes; {cli.command(f'plan {one}')} shows every change of a pattern;")
        screen.line(f"      {cli.command(f'apply {one} --limit 20')} tries a few; the rest stays planned.")


def show_groups(cli: Cli, hub: Hub, changes: Sequence[PlannedChange], groups: Sequence[Group]) -> None:
    """Print the patterns with examples, and what all of it can be taken back and costs."""
    for number, group in enumerate(groups[:_MOST], 1):
        _show_group(cli, number, group)
    if len(groups) > _MOST:
        cli.screen.line()
        cli.screen.line(f"… and {plural(len(groups) - _MOST, 'smaller pattern')} (--output json shows all)")
    if not changes:
        return
    cli.screen.line()
    if len(groups) > 1:
        back: Counter[str] = Counter(reversibility(change, target_of(hub, change), hub.policy) for change in changes)
        cli.screen.line(f"In all: {', '.join(f'{back[word]:,} {word}' for word in _BACK if back[word])}.")
    _show_irreversible(cli, irreversible(hub, changes))
    told = ", ".join(f"{system} {plural(n, 'write request')}" for system, n in sorted(total_calls(hub, changes).items()))
    cli.screen.line(f"API calls: {told}; reading comes on top: each batch once more before it is written.")


def _show_irreversible(cli: Cli, changes: Sequence[PlannedChange]) -> None:
    """Name what leadhub cannot take back, record by record, before it is done."""
    if not changes:
        return
    cli.screen.line(f"{plural(len(changes), 'write')} that leadhub cannot take back:", style="bold")
    for change in changes[:_MOST]:
        fields = f" {', '.join(change.values)}" if change.values else ""
        cli.screen.line(f"   {change.system} {change.object} {change.record_id}: {change.name}: {_VERBS[change.operation]}{fields}")
    if len(changes) > _MOST:
        cli.screen.line(f"   … and {len(changes) - _MOST:,} more (--output json shows all)")


def _show_group(cli: Cli, number: int, group: Group) -> None:
    screen = cli.screen
    remark = "; often starts workflows or e-mails there" if group.starts else ""
    screen.title(_title(number, group))
    back = _FOR_GOOD if group.operation is Operation.CONVERT else _BACK[group.reversible]
    screen.line(f"   {back}; {plural(group.calls, 'write request')}{remark}")
    for change in group.changes[:_EXAMPLES]:
        screen.line(f"   · {_example(group, change)}")


def _what(group: Group) -> str:
    """A pattern in words."""
    told = [name if name not in group.moves else f"{name} {' → '.join(map(shown, group.moves[name]))}" for name in group.names]
    return f"{group.target.system} {group.target.mapping.object}: {_VERBS[group.operation]} {', '.join(told)}".rstrip()


def _example(group: Group, change: PlannedChange) -> str:
    """One change of a group in one line: who, from what to what, why."""
    if not group.key:
        return f"{change.name}: {', '.join(f'{name} {shown(text_of(value))}' for name, value in (change.values or change.before).items())}"
    moves = {name: f"{shown(text_of(change.before.get(name)))} → {shown(text_of(value))}" for name, value in change.values.items()}
    told = moves.values() if len(group.names) == 1 else [f"{name} {move}" for name, move in moves.items()]
    return ", ".join([f"{change.name}: {next(iter(told))}", *list(told)[1:], *dict.fromkeys(change.why.get(name, "") for name in moves)])


def pattern(cli: Cli, groups: Sequence[Group], wanted: str, command: str = "plan") -> tuple[int, Group]:
    """Return one pattern with its number, by that or by its id. Raises UsageFault where that is none, or two; `command` shows which there are."""
    found = [(number, group) for number, group in enumerate(groups, 1) if wanted in (str(number), group.id)]
    if len(found) == 1:
        if wanted.isdigit():
            cli.screen.note(f"Number {wanted} is pattern {found[0][1].id} now: numbers change with the plan, --pattern {found[0][1].id} does not.")
        return found[0]
    why = "two have this id, so name it by its number" if found else f"there is no {'number' if wanted.isdigit() else 'pattern'} {wanted}"
    be = "is" if len(groups) == 1 else "are"
    raise UsageFault(f"There {be} {plural(len(groups), 'pattern')} now; {why}.", next_step=cli.command(command))


def show_pattern(cli: Cli, number: int, group: Group) -> None:
    """Print every change of one pattern."""
    cli.screen.line(_title(number, group), style="bold")
    for change in group.changes:
        cli.screen.line(f"   {change.record_id or '(new)'}  {_example(group, change)}")


def _title(number: int, group: Group) -> str:
    return f"{number}. {group.id}: {_what(group)}: {len(group.changes):,}"


def may_go(report: RunReport, changes: Iterable[PlannedChange]) -> bool:
    """Whether any of these writes would be made now: none is made to a system that a person has paused."""
    return any(change.system not in report.paused for change in changes)


def show_paused(cli: Cli, report: RunReport) -> None:
    """Print to which systems nothing is written now, though it is planned, and what lifts that."""
    if report.paused:
        cli.screen.title("Paused, so nothing is written there now")
        for name, why in report.paused.items():
            cli.screen.line(f"   {why}. What is planned there waits: {cli.command(f'resume {name}')}")


def show_proposed(cli: Cli, report: RunReport) -> None:
    """Print what would help and is not done until a person sees to what each line asks for."""
    if report.proposed:
        cli.screen.title(f"Proposed, and done only once what each line asks for is so: {len(report.proposed):,}")
        for text in report.proposed[:_MOST]:
            cli.screen.line(f"   {text}")
        if len(report.proposed) > _MOST:
            cli.screen.line(f"   … and {len(report.proposed) - _MOST:,} more")


def _show_not_planned(cli: Cli, hub: Hub, report: RunReport) -> None:
    reasons = [f"{count} × {text}" for text, count in Counter(report.not_planned).most_common(_MOST)]
    reasons += [f"{name} is not adopted: {command}" for name, command in to_adopt(cli, report).items()]
    reasons += [text for name in hub.systems if (text := writing_off(cli, hub, report, name))]
    reasons += [left_out for name in report.troubles for left_out in left_out_lines(cli, report, name)]
    if report.open_reviews:
        reasons.append(f"{plural(report.open_reviews, 'open question')}: {cli.command('review list')}")
    if report.standing:
        reasons.append(f"{plural(report.standing, 'standing difference')} met, left alone as agreed")
    if reasons:
        cli.screen.title("Not planned, and why")
        for text in reasons:
            cli.screen.line(f"   {text}")


def _show_guards(cli: Cli, report: RunReport) -> None:
    if not report.guards:
        return
    cli.screen.title("Guards: sync would stop before the first write to these systems")
    for guard in report.guards:
        cli.screen.line(f"   {guard}")


# ---- for programs ----------------------------------------------------------------------------------------------------------------------


def show_data(cli: Cli, hub: Hub, report: RunReport, changes: Sequence[PlannedChange], patterns: Iterable[tuple[int, Group]]) -> None:
    """Print the plan as `leadhub.plan/1`, or its changes a line or a row each."""
    rows = [as_json(hub, change) for change in changes]
    if cli.screen.output != "json":
        flat = [
            row | {"fields": ", ".join(f"{n}={f['to']}" for n, f in row["fields"].items())} if cli.screen.output == "csv" else row for row in rows
        ]
        cli.screen.rows("leadhub.plan/1", "changes", flat, columns=("key", "system", "object", "record_id", "operation", "fields", "reversible"))
        return
    guards = [guard_json(guard) for guard in report.guards]
    cli.screen.json(
        {
            "schema": "leadhub.plan/1",
            "run": report.run,
            "changes": rows,
            "patterns": [_pattern_json(hub, number, group) for number, group in patterns],
            "api_calls": total_calls(hub, changes),
            "guards": guards,
            "paused": {name: {"why": why, "next": cli.command(f"resume {name}")} for name, why in report.paused.items()},
            "not_planned": report.not_planned,
            "proposed": report.proposed,
            "not_adopted": to_adopt(cli, report),
            "troubles": report.troubles,
        }
    )


def _pattern_json(hub: Hub, number: int, group: Group) -> dict[str, Any]:
    return {"number": number, **group.as_json(), "examples": [as_json(hub, change) for change in group.changes[:_EXAMPLES]]}


def as_json(hub: Hub, change: PlannedChange) -> dict[str, Any]:
    """Return one change in the shape of `leadhub.plan/1`. Values are texts as the system shows them, null where blank."""
    target = target_of(hub, change)
    fields = {
        name: {"from": text_of(change.before.get(name)) or None, "to": text_of(value) or None, "why": change.why.get(name, "")}
        for name, value in change.values.items()
    }
    return {
        "key": change.key,
        "system": change.system,
        "object": change.object,
        "record_id": change.record_id,
        "operation": change.operation.value,
        "fields": fields,
        "reversible": reversibility(change, target, hub.policy),
        "often_starts_automation": often_starts(change, target),
        "person": {"id": change.person_id, "name": change.name},
    }


def guard_json(guard: Refusal) -> dict[str, Any]:
    """Return one guard's refusal with the flag that lets it pass."""
    return {"system": guard.system, "guard": guard.guard, "seen": guard.seen, "limit": guard.limit, "pattern": guard.pattern, "flag": guard.flag}
