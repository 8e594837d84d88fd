"""A plan for people and for programs: by pattern, with counts, examples, what can be taken back, and what it costs in calls."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from leadhub.cli.exits import UsageFault
from leadhub.cli.run_view import left_out_lines, nothing_written, only_read, writing_off
from leadhub.cli.session import Cli
from leadhub.cli.words import plural, shown
from leadhub.core.guard import Refusal
from leadhub.core.normalize import text_of
from leadhub.hub import Hub
from leadhub.model.record import Operation
from leadhub.model.run import PlannedChange
from leadhub.sync.report import RunReport

_EXAMPLES = 3
_MOST = 25
_VERBS = {Operation.CREATE: "create", Operation.UPDATE: "update", Operation.CLEAR_THEN_SET: "clear, then set", Operation.ARCHIVE: "archive"}


_STARTS = frozenset({"owner", "email_opt_out", "rating", "score"})
"""Fields that organizations like to hang automation on, beside those that tell the state."""
_BACK = {
    "reversible": "reversible",
    "compensable": "compensable (undone only by an act of its own)",
    "irreversible": "irreversible by leadhub (only by hand, in the system itself)",
}


def reversibility(operation: Operation) -> str:
    """Say whether a write can be taken back: an update by writing the old value, a create or a backward stage only by an act of its own."""
    match operation:
        case Operation.UPDATE:
            return "reversible"
        case Operation.CREATE | Operation.CLEAR_THEN_SET:
            return "compensable"
        case Operation.ARCHIVE:
            return "irreversible"


@dataclass(slots=True)
class Group:
    """Changes that do the same: one field, and for a state field one move. A create or an archiving is one group with all its fields.

    `starts`: automation often listens to it.
    """

    system: str
    object: str
    operation: Operation
    name: str
    move: str
    starts: bool
    batch_size: int
    changes: list[PlannedChange] = field(default_factory=list)

    @property
    def calls(self) -> int:
        """Calls that writing the group alone would take; a clearing and the value after it are two requests."""
        return calls(self.operation, len(self.changes), self.batch_size)

    @property
    def what(self) -> str:
        """The pattern in words."""
        if not self.name:
            return f"{self.system} {self.object}: {_VERBS[self.operation]}"
        return f"{self.system} {self.object}: {_VERBS[self.operation]} {self.name}{f' {self.move}' if self.move else ''}"

    def example(self, change: PlannedChange) -> str:
        """One change of the group in one line: who, from what to what, why."""
        if not self.name:
            told = change.values or change.before
            return f"{change.name}: {', '.join(f'{name} {shown(text_of(value))}' for name, value in told.items())}"
        old, new = text_of(change.before.get(self.name)), text_of(change.values[self.name])
        return f"{change.name}: {shown(old)} → {shown(new)}, {change.why.get(self.name, '')}"


def calls(operation: Operation, count: int, batch_size: int) -> int:
    """Return how many write requests that many changes of one object and operation take."""
    return ceil(count / batch_size) * (2 if operation is Operation.CLEAR_THEN_SET else 1)


def grouped(hub: Hub, changes: Iterable[PlannedChange]) -> list[Group]:
    """Return the patterns of a plan, largest first. A change of several fields is in a group for each."""
    found: dict[tuple[str, ...], Group] = {}
    for change in changes:
        for name in change.values if change.operation in (Operation.UPDATE, Operation.CLEAR_THEN_SET) else [""]:
            state, starts = _kind_of(hub, change, name)
            move = f"{shown(text_of(change.before.get(name)))} → {shown(text_of(change.values[name]))}" if state else ""
            key = (change.system, change.object, change.operation, name, move)
            size = int(getattr(hub.systems[change.system].connector, "batch_size", 1))
            group = found.setdefault(key, Group(change.system, change.object, change.operation, name, move, starts, size))
            group.changes.append(change)
    return sorted(found.values(), key=lambda g: (-len(g.changes), g.what))


def _kind_of(hub: Hub, change: PlannedChange, name: str) -> tuple[bool, bool]:
    """Whether a native field tells the state, and whether automation often listens to it. A record as a whole tells nothing and starts much."""
    target = hub.systems[change.system].object(change.object)
    state = target.relation is not None and name in target.relation.state_fields
    listened = any(f.native == name and f.canonical in _STARTS for f in target.mapping.fields)
    return state, state or listened or not name


def total_calls(hub: Hub, changes: Iterable[PlannedChange]) -> dict[str, int]:
    """Return how many write requests a plan takes by system, batched as `sync` does it; the reads before them come on top."""
    counts = Counter((c.system, c.object, c.operation) for c in changes)
    totals: Counter[str] = Counter()
    for (system, _, operation), count in counts.items():
        totals[system] += calls(operation, count, int(getattr(hub.systems[system].connector, "batch_size", 1)))
    return dict(totals)


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
    show_groups(cli, hub, changes, groups)
    _show_not_planned(cli, hub, report)
    _show_guards(cli, report)
    if changes and not report.guards and ask_next:
        screen.line()
        screen.line(f"Next: {cli.command('apply')} asks once and writes; {cli.command('plan --pattern N')} shows every change of a pattern;")
        screen.line(f"      {cli.command('apply --pattern N --limit 20')} tries a few; the rest stays planned.")


def show_groups(cli: Cli, hub: Hub, changes: Sequence[PlannedChange], groups: Sequence[Group]) -> None:
    """Print the patterns with examples, and what all of it can be taken back and costs."""
    for number, group in enumerate(groups[:_MOST], 1):
        _show_group(cli, number, group)
    if len(groups) > _MOST:
        cli.screen.line()
        cli.screen.line(f"… and {len(groups) - _MOST} smaller patterns (--output json shows all)")
    if not changes:
        return
    cli.screen.line()
    if len(groups) > 1:
        back = Counter(reversibility(change.operation) for change in changes)
        cli.screen.line(f"In all: {', '.join(f'{back[word]:,} {word}' for word in _BACK if back[word])}.")
    told = ", ".join(f"{system} {plural(n, 'write request')}" for system, n in sorted(total_calls(hub, changes).items()))
    cli.screen.line(f"API calls: {told}; updates are read once more before they are written.")


def _show_group(cli: Cli, number: int, group: Group) -> None:
    screen = cli.screen
    remark = "; often starts workflows or e-mails there" if group.starts else ""
    screen.title(f"{number}. {group.what}: {len(group.changes):,}")
    screen.line(f"   {_BACK[reversibility(group.operation)]}; {plural(group.calls, 'write request')}{remark}")
    for change in group.changes[:_EXAMPLES]:
        screen.line(f"   · {group.example(change)}")


def pattern(cli: Cli, groups: Sequence[Group], number: int, command: str = "plan") -> Group:
    """Return one pattern by its number. Raises UsageFault where there is no such pattern; `command` shows which there are."""
    if number > len(groups):
        raise UsageFault(f"There are {plural(len(groups), 'pattern')} now; there is no number {number}.", next_step=cli.command(command))
    return groups[number - 1]


def show_pattern(cli: Cli, group: Group, number: int) -> None:
    """Print every change of one pattern."""
    cli.screen.line(f"{number}. {group.what}: {len(group.changes):,}", style="bold")
    for change in group.changes:
        cli.screen.line(f"   {change.record_id or '(new)'}  {group.example(change)}")


def _show_not_planned(cli: Cli, hub: Hub, report: RunReport) -> None:
    reasons = [f"{count} × {text}" for text, count in Counter(report.not_planned).most_common(_MOST)]
    reasons += [f"{name} is not adopted: {cli.command(f'adopt {name}')}" for name in report.not_adopted]
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


def show_data(cli: Cli, hub: Hub, report: RunReport, changes: Sequence[PlannedChange]) -> None:
    """Print the plan as `leadhub.plan/1`, or its changes a line or a row each."""
    rows = [as_json(change) for change in changes]
    if cli.screen.output != "json":
        flat = [
            row | {"fields": ", ".join(f"{n}={f['to']}" for n, f in row["fields"].items())} if cli.screen.output == "csv" else row for row in rows
        ]
        cli.screen.rows("leadhub.plan/1", "changes", flat, columns=("key", "system", "object", "record_id", "operation", "fields", "reversible"))
        return
    guards = [guard_json(guard) for guard in report.guards]
    body = {"changes": rows, "api_calls": total_calls(hub, changes), "guards": guards, "not_planned": report.not_planned, "troubles": report.troubles}
    cli.screen.json({"schema": "leadhub.plan/1", "run": report.run, **body})


def as_json(change: PlannedChange) -> dict[str, Any]:
    """Return one change in the shape of `leadhub.plan/1`. Values are texts as the system shows them, null where blank."""
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
        "reversible": reversibility(change.operation),
        "person": {"id": change.person_id, "name": change.name},
    }


def guard_json(guard: Refusal) -> dict[str, Any]:
    """Return one guard's refusal with the flag that lets it pass."""
    return {"system": guard.system, "guard": guard.guard, "seen": guard.seen, "limit": guard.limit, "pattern": guard.pattern, "flag": guard.flag}
