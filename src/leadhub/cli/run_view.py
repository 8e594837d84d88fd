"""A run in words: first whether anything is half done, then the figures, then what needs a person."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from leadhub.cli.exits import in_folder, next_step_of
from leadhub.cli.run_ties import show_found_out
from leadhub.cli.session import Cli
from leadhub.cli.words import KINDS, plural, shown, verb, why_standing
from leadhub.core.guard import CANARY
from leadhub.hub import Hub
from leadhub.model.run import Approval, Intent, IntentState
from leadhub.store import StoredReject
from leadhub.sync.outcomes import in_doubt
from leadhub.sync.report import COUNTS, RunReport

NOTHING_ADOPTED = "No system is adopted yet, so nothing is kept in sync."
_MOST = 10
"""Of a long list this many are shown; the rest is counted."""


def show(cli: Cli, hub: Hub, report: RunReport) -> None:
    """Print a finished run."""
    intents, in_flight, rejects = _journal(hub, report.run)
    screen = cli.screen
    for text in first_lines(intents, in_flight, report, only_read(cli, hub, report)):
        screen.line(text, style="bold")
    show_found_out(cli, report)
    show_figures(cli, report)
    _show_standing(cli, report)
    _show_lists(cli, report, rejects)
    for text in what_next(cli, hub, report):
        screen.line(text)


def planned_by(who: str, when: datetime | None, run: str, approvals: Sequence[Approval]) -> str:
    """Say who planned something, in which run, and who has approved it."""
    given = [f"{a.actor}, {a.at:%Y-%m-%d %H:%M} UTC{f': {shown(a.comment)}' if a.comment else ''}" for a in approvals]
    planned = f"Planned by {who}{f', {when:%Y-%m-%d %H:%M} UTC' if when else ''}, run {run}"
    return f"{planned}; approved by {'; '.join(given)}." if given else f"{planned}."


def _journal(hub: Hub, run_id: str) -> tuple[list[Intent], int, tuple[StoredReject, ...]]:
    """The run's writes, how many writes of any run were sent without an answer so far, and the rows that were rejected."""
    intents: list[Intent] = []
    with hub.store.read() as tx:
        while batch := tx.intents.of_run(run_id, intents[-1].seq if intents else 0):
            intents.extend(batch)
        in_flight = sum(intent.state is not IntentState.PLANNED for intent in tx.intents.open())
        return intents, in_flight, tx.rejects.list(run_id, limit=_MOST + 1)


def first_lines(intents: Sequence[Intent], in_flight: int, report: RunReport, unwritten: Sequence[str] = ()) -> list[str]:
    """Say whether anything is half done: what was written, not started, unknown, and what to do about it."""
    of = Counter(intent.state for intent in intents)
    written = of[IntentState.ACCEPTED]
    if in_flight:
        return [
            f"Half done: {plural(in_flight, 'write')} got no answer, and nobody knows yet whether {verb(in_flight, 'it', 'they')} happened ({plural(written, 'other')} made).",
            "Do nothing: the next run looks before it writes.",
        ]
    if doubtful := sum(map(in_doubt, intents)) + sum(one.in_doubt for one in report.found_out):
        return [
            f"Half done: of {plural(doubtful, 'write')} nobody can tell whether {verb(doubtful, 'it', 'they')} happened, even after looking ({plural(written, 'other')} made).",
            f"Look at the questions below: nothing repeats {verb(doubtful, 'this write', 'these writes')} by itself.",
        ]
    last = {intent.change.key: intent.state for intent in intents}  # what a later pass tried again is put off once
    put_off = sum(state in {IntentState.NOT_APPLIED, IntentState.PLANNED} for state in last.values())
    left = of[IntentState.LEFT_OUT] + of[IntentState.STALE] if report.kind == "apply" else 0
    parts = [_made(written, len(last), report)] if written or put_off or left or of[IntentState.REFUSED] else []
    parts += [f"{left} left out"] if left else []
    parts += [f"{of[IntentState.REFUSED]} refused"] if of[IntentState.REFUSED] else []
    parts += [f"{put_off} not started ({_why(intents)}): the next run looks at {verb(put_off, 'it', 'them')} again"] if put_off else []
    if report.kind == "apply" and not intents:
        parts = ["every write of the plan was made before"]
    return [f"Nothing is half done: {', '.join(parts)}." if parts else nothing_written(report, unwritten)]


def _made(written: int, of: int, report: RunReport) -> str:
    """How many writes were made; of a plan that was to be made as it stood, where that is not all of it, also of how many."""
    all_of_it = report.kind != "apply" or written == of
    return f"{plural(written, 'write')} made" if all_of_it else f"{written:,} of {plural(of, 'write')} of the plan made"


def unmade(hub: Hub, run_id: str) -> int:
    """Return how many writes of a run never came to be, counting each change once however often it was tried."""
    last = {intent.change.key: intent.state for intent in _journal(hub, run_id)[0]}
    return sum(state is not IntentState.ACCEPTED for state in last.values())


def nothing_written(report: RunReport, unwritten: Sequence[str] = ()) -> str:
    """Say that there was nothing to write, and what waits all the same. `unwritten` are adopted systems that are only read."""
    if report.nothing_adopted:
        return NOTHING_ADOPTED
    if report.troubles:
        return "Nothing is half done: nothing was written, since not every system answered."
    waits = [f"{plural(report.open_reviews, 'question')} open"] if report.open_reviews else []
    waits += (
        [f"{plural(report.waiting, 'person')} {verb(report.waiting, 'waits', 'wait')} for a write, or for another look"] if report.waiting else []
    )
    waits += [f"{name} is only read" for name in unwritten]
    waits += [f"{name} is not adopted yet" for name in report.not_adopted]
    if report.found_out:
        return f"Nothing is half done any more: {'; '.join(waits) or 'every side shows what it should'}."
    return f"Nothing new to write: {'; '.join(waits)}." if waits else "Nothing to write: every side shows what it should."


def to_adopt(cli: Cli, report: RunReport) -> dict[str, str]:
    """Return the systems that nobody has adopted yet, each with the command that does."""
    return {name: cli.command(f"adopt {name}") for name in report.not_adopted}


def only_read(cli: Cli, hub: Hub, report: RunReport) -> list[str]:
    """Return the adopted systems that could be written and are not: what they lack no run can tell from what it reads anew."""
    return [name for name in hub.systems if writing_off(cli, hub, report, name)]


def _why(intents: Sequence[Intent]) -> str:
    reasons = Counter(str(i.detail or "not attempted") for i in intents if i.state in {IntentState.NOT_APPLIED, IntentState.PLANNED})
    return "; ".join(reason for reason, _ in reasons.most_common(2))


def show_figures(cli: Cli, report: RunReport) -> None:
    """Print the table of systems and the six counts with their sum."""
    columns = ("system", "pulled", "created", "updated", "unchanged", "refused", "calls")
    rows = [(name, c.pulled, c.created, c.updated, c.unchanged, c.refused, c.api_calls) for name, c in report.systems.items()]
    cli.screen.line()
    cli.screen.table(columns, rows, right=columns[1:])
    counts = ", ".join(f"{name} {report.records[name]}" for name in COUNTS)
    cli.screen.line(f"{plural(sum(report.records.values()), 'record')} read: {counts}.  Run {report.run}, {report.seconds:.1f} s.")


def _show_standing(cli: Cli, report: RunReport) -> None:
    if not report.standing:
        return
    cli.screen.title(f"{plural(report.standing, 'standing difference')} met in this run, left alone (never written, no question):")
    for system, name, value, reason, count in report.standing_patterns[:_MOST]:
        cli.screen.line(f"  {count:>5}  {system} {name} {shown(value)}: {why_standing(reason)}")
    _rest(cli, len(report.standing_patterns))


def show_lost(cli: Cli, report: RunReport) -> None:
    """Print what lost to another edit."""
    if report.lost:
        cli.screen.title("Values that lost a conflict (kept in the journal):")
        for text in report.lost[:_MOST]:
            cli.screen.line(f"  {text}")
        _rest(cli, len(report.lost))


def _show_lists(cli: Cli, report: RunReport, rejects: tuple[StoredReject, ...]) -> None:
    rejected = [f"{r.source} row {r.row}: {r.reason}" for r in rejects]
    show_lost(cli, report)
    lists = {
        "Not planned, because it would surely be refused:": [f"{n} × {text}" for text, n in Counter(report.not_planned).most_common()],
        "Rows that could not be taken in:": rejected,
        "Locked by somebody else's work; the next run tries again by itself:": report.locked,
        "Stopped by a guard; nothing was written there:": [str(g) for g in report.guards if g.guard != CANARY],
        "Held, for the first writes of it were read back and show something else:": [str(g) for g in report.guards if g.guard == CANARY],
        "Left out of this run:": [line for name in report.troubles for line in left_out_lines(cli, report, name)],
    }
    for title, lines in lists.items():
        if lines:
            cli.screen.title(title)
            for text in lines[:_MOST]:
                cli.screen.line(f"  {text}")
            _rest(cli, len(lines))


def left_out_lines(cli: Cli, report: RunReport, name: str) -> Iterator[str]:
    """What kept a system out, under its name, and what helps."""
    text = report.troubles[name]
    yield text if text.startswith(name) else f"{name}: {text}"
    if name in report.errors:
        yield f"  Next: {in_folder(next_step_of(report.errors[name]), cli.folder)}"


def _rest(cli: Cli, count: int) -> None:
    if count > _MOST:
        cli.screen.line(f"  … and {plural(count - _MOST, 'further line')}")


def what_next(cli: Cli, hub: Hub, report: RunReport) -> list[str]:
    """Say what a person has to do, each with its command. Blank line first; nothing at all if nothing is."""
    lines = []
    if report.open_reviews:
        opened = f"{report.reviews_opened} new, " if report.reviews_opened else ""
        lines.append(f"{plural(report.open_reviews, 'open question')} ({opened}everything else flows): {cli.command('review list')}")
        lines += [f"  {count:>5}  {kind}: {KINDS[kind]}" for kind, count in report.questions.items()]
    lines += [
        f"{why}. It is read; nothing is written to it, and what waits is kept: {cli.command(f'resume {name}')}" for name, why in report.paused.items()
    ]
    lines += [f"{name} is not adopted yet: {command}" for name, command in to_adopt(cli, report).items()]
    lines += [text for name in hub.systems if (text := writing_off(cli, hub, report, name))]
    return ["", *lines] if lines else []


def writing_off(cli: Cli, hub: Hub, report: RunReport, name: str) -> str:
    """Say that nothing is written to an adopted system because nobody switched that on; blank where it is on, or cannot be."""
    system = hub.systems[name]
    if not system.is_target or name not in report.systems:
        return ""
    if system.doc.mode == "read":
        return f'{name} is only read: leadhub.toml says mode = "read".'
    with hub.store.read() as tx:
        row = tx.systems.get(name)
    return f"{name} is only read: {cli.command(f'adopt {name} --write-on')}" if row is not None and row.mode == "read" else ""
