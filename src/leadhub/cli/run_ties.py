"""How runs hang together, in words: which run found out of which one's writes, and which took which one back."""

from collections.abc import Iterator

from leadhub.cli.session import Cli
from leadhub.cli.words import listed, plural, verb
from leadhub.model.run import RunRow
from leadhub.sync.found_out import FoundOut, kept_of
from leadhub.sync.recover import CRASHED
from leadhub.sync.report import RunReport
from leadhub.sync.taken_back import TakenBack, reverted_by


def show_found_out(cli: Cli, report: RunReport) -> None:
    """Print which earlier runs had left writes open, what became of them, and what to do next."""
    for one in report.found_out:
        cli.screen.line(in_words(one), style="bold")
        look = cli.command(f"runs show {one.run}")
        open_still = one.not_made + one.never_sent + one.waiting
        goes_on = f"{cli.command(f'revert {one.reverts}')} goes on where it stopped"
        cli.screen.line(f"  Next: {goes_on if one.reverts and open_still else look}")


def in_words(one: FoundOut) -> str:
    """Say what became of the writes that one earlier run left open."""
    run = f"Run {one.run} ({one.kind}) {'was killed' if one.killed else 'ended before every answer came'}"
    if not one.unanswered and not one.never_sent:
        return f"{run}; no write of it was on its way."
    told = [f"of its {plural(one.unanswered, 'write')} without an answer, {', '.join(_outcomes(one))}"] if one.unanswered else []
    never = f"{one.never_sent:,} more" if told else plural(one.never_sent, "write")
    told += [f"{never} {verb(one.never_sent, 'was', 'were')} never sent"] if one.never_sent else []
    again, now = one.not_made + one.never_sent, one.written_now
    if now and now == again == one.not_made:
        return f"{run}: {told[0]} and {verb(now, 'is', 'are')} written now."
    these = verb(now, "it is", f"these {now:,} are") if now == again else f"{now:,} of these {again:,} {verb(now, 'is', 'are')}"
    told += [f"{these} written now"] if now else []
    return f"{run}: {'; '.join(told)}."


def _outcomes(one: FoundOut) -> Iterator[str]:
    """Say what became of the writes without an answer; what was not made comes last."""
    if one.in_place:
        yield f"{one.in_place:,} {verb(one.in_place, 'is', 'are')} in place"
    if one.in_doubt:
        yield f"of {one.in_doubt:,} nobody can tell"
    if one.waiting:
        yield f"{one.waiting:,} {verb(one.waiting, 'waits', 'wait')} to be looked up"
    if one.not_made:
        yield f"{one.not_made:,} {verb(one.not_made, 'was', 'were')} not made"


def ties(cli: Cli, run: RunRow, back: TakenBack | None) -> Iterator[str]:
    """Yield what a run's page says of other runs."""
    if reverted := reverted_by(run):
        yield f"It takes back run {reverted}."
    for one in kept_of(run.counts):
        told = {"in place": one.in_place, "not made": one.not_made, "in doubt": one.in_doubt, "never sent": one.never_sent}
        figures = ", ".join(f"{n:,} {what}" for what, n in told.items() if n)
        yield f"Found out: {plural(one.found, 'write')} of run {one.run}: {figures}."
    if back is not None:
        yield from _taken_back(cli, run, back)


def _taken_back(cli: Cli, run: RunRow, back: TakenBack) -> Iterator[str]:
    ended = [one for one in back.by if one is not back.unfinished]
    left = f"{back.left:,} of {plural(back.fields, 'field')} {verb(back.left, 'is', 'are')} left"
    if ended:
        runs = f"{verb(len(ended), 'run', 'runs')} {listed(f'{one.id}{_undone(back, one)}' for one in ended)}"
        part = left if back.fields else f"{back.left:,} left as {verb(back.left, 'it is', 'they are')}"
        yield f"Taken back by {runs}." if back.how == "whole" else f"Taken back in part by {runs}: {part}."
    if back.unfinished is not None:
        killed = back.unfinished.status == CRASHED
        told = f"was killed while it took this back: {left}" if killed and back.fields else "began to take this back and has not ended"
        yield f"Run {back.unfinished.id} {told}; {cli.command(f'revert {run.id}')} goes on."


def _undone(back: TakenBack, revert: RunRow) -> str:
    again = back.undone.get(revert.id, ())
    return f" (taken back itself by run {listed(again)})" if again else ""


def note(run: RunRow, back: TakenBack | None) -> str:
    """Say the same in the few words that a row of the list holds."""
    parts = [f"takes back {reverted}"] if (reverted := reverted_by(run)) else []
    parts += [f"found out {one.found} of {one.run}" for one in kept_of(run.counts)]
    if back is not None:
        begun = {"whole": "taken back by", "part": "taken back in part by", "begun": "being taken back by"}
        parts += [f"{begun[back.how]} {', '.join(one.id for one in back.by)}"]
    return "; ".join(parts)
