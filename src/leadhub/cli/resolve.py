"""`leadhub review resolve`: answer one question, a group of them, or a file of answers; with --always, all like it from now on."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from leadhub.cli import answers, rules
from leadhub.cli.answers import Answer
from leadhub.cli.completion import complete_review, complete_system
from leadhub.cli.deciding import show, store
from leadhub.cli.exits import UsageFault
from leadhub.cli.review import all_open, find_one
from leadhub.cli.review_file import resolve_from
from leadhub.cli.session import Cli, cli_of
from leadhub.cli.words import plural
from leadhub.config.edit import read_text
from leadhub.config.map_edit import with_row
from leadhub.hub import Hub
from leadhub.lifecycle.states import INITIAL
from leadhub.model.run import Review
from leadhub.store import StoredReview

_SHOWN = 20


def add_to(group: typer.Typer) -> None:
    """Add the command to the group of reviews."""
    group.command("resolve")(resolve)


def resolve(
    context: typer.Context,
    target: Annotated[str | None, typer.Argument(metavar="ITEM|GROUP", autocompletion=complete_review)] = None,
    take: Annotated[
        str | None, typer.Option("--take", metavar="SYSTEM|hub", help="What that system shows, or leadhub holds.", autocompletion=complete_system)
    ] = None,
    value: Annotated[str | None, typer.Option("--value", metavar="V", help="Another value; for a state stage/status/exit.")] = None,
    leave: Annotated[bool, typer.Option("--leave", help="Hold the value in leadhub and leave every system as it is.")] = False,
    close: Annotated[bool, typer.Option("--close", "--keep-apart", help="Close the question; two persons stay two.")] = False,
    always: Annotated[
        bool, typer.Option("--always", help="The rule for all like it from now on: with --take SYSTEM, or --value for an unmapped one.")
    ] = False,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for whoever asks later.")] = "",
    file: Annotated[
        Path | None, typer.Option("--from", metavar="FILE.csv", help="Take the answers of a spreadsheet that review export made.")
    ] = None,
) -> None:
    """Answer a question, or all of a group. Shows what the answer will do before it is stored; the next sync applies it."""
    cli = cli_of(context)
    given = sum((take is not None, value is not None, close))
    if file is not None:
        if target is not None or given or always:
            raise UsageFault("--from FILE brings its own answers.", next_step=cli.command(f"review resolve --from {file}"))
        resolve_from(cli, cli.open(offline=True), file)
        return
    if target is None:
        raise UsageFault("Which question? Name an item or a group, or give --from FILE.csv.", next_step=cli.command("review list"))
    if given != 1:
        raise UsageFault("An answer is one of --take SYSTEM, --take hub, --value V and --close.", next_step=cli.command(f"review show {target}"))
    hub = cli.open(offline=True)
    stored = _targets(hub, target)
    if close:
        _close(cli, hub, stored)
    else:
        whole = stored if take is None else _with_whole_addresses(hub, stored)
        _answer(cli, hub, whole, Answer(take, value, leave=leave, reason=reason.strip()), always=always)


def _with_whole_addresses(hub: Hub, stored: Sequence[StoredReview]) -> list[StoredReview]:
    """The questions, and those about the other parts of the same address: whose street is right has the right city."""
    found = {one.review.id: one for one in stored}
    for one in stored:
        group = _group(hub, one)
        if group is not None:
            with hub.store.read() as tx:
                others = tx.reviews.open(person_id=one.review.person_id)
            found |= {other.review.id: other for other in others if other.review.kind == one.review.kind and _group(hub, other) == group}
    return list(found.values())


def _group(hub: Hub, one: StoredReview) -> str | None:
    known = hub.fields.get(one.review.field)
    return None if known is None else known.group


def _targets(hub: Hub, target: str) -> list[StoredReview]:
    """The open questions of a group, or the one meant."""
    if found := all_open(hub, target):
        return found
    one = find_one(hub, target)
    if one.closed_by is not None:
        raise UsageFault(f"Question {one.review.id} is closed already, by {one.closed_by}.", next_step="leadhub review list")
    return [one]


def _answer(cli: Cli, hub: Hub, stored: Sequence[StoredReview], answer: Answer, *, always: bool) -> None:
    path = hub.deployment.path
    before = read_text(path)
    after = with_rule(hub, before, [s.review for s in stored], answer) if always else before
    mapped = always and all(s.review.kind == "unmapped" for s in stored)
    prepared, skipped = ([], []) if mapped else answers.prepare(hub, stored, answer)
    show(cli, prepared[:_SHOWN])
    if len(prepared) > _SHOWN:
        cli.screen.line(f"… and {len(prepared) - _SHOWN} more alike")
    for text in skipped:
        cli.screen.note(text, style="yellow")
    if not prepared and not mapped:
        raise UsageFault("Nothing can be answered that way.", next_step=cli.command(f"review show {stored[0].review.id}"))
    what = [plural(len(prepared), "decision")] if prepared else []
    if always:
        cli.screen.line(f"From now on, in {path.name}:", style="bold")
        rules.show_difference(cli, path, after)
        what.append("the rule")
    if not cli.confirm(f"Store {' and '.join(what)}?"):
        cli.screen.line("Nothing was stored.")
        return
    if always:
        rules.write(path, before, after)
    store(hub, prepared)
    answered = {one.review.id for one in stored}
    if rest := sorted({one.review.field for one in _with_whole_addresses(hub, stored) if one.review.id not in answered}):
        cli.screen.line(f"It is written once {', '.join(rest)} {'is' if len(rest) == 1 else 'are'} answered too: they belong together.")
    again = ", and asks again where a side changed since" if prepared else ""
    cli.screen.line(f"Stored: {' and '.join(what)}, by {hub.actor}. Next: {cli.command('sync')} applies it{again}.")


def with_rule(hub: Hub, text: str, reviews: Sequence[Review], answer: Answer) -> str:
    """Return leadhub.toml with what the answer says of all such questions. Raises UsageFault where it can say nothing of others."""
    for review in reviews:
        if review.kind == "unmapped":
            text = _with_meaning(text, review, answer)
        elif not answers.can_be_rule(review):
            raise UsageFault(
                f"There is no rule for such questions ({review.kind} about {review.field}): they are asked each time.",
                next_step=f"leadhub review resolve {review.id} without --always",
            )
        elif answer.take is None or answer.take not in hub.systems or answer.leave:
            raise UsageFault("A rule names the system that is right: --always goes with --take SYSTEM.", next_step="add --take SYSTEM")
        else:
            text = rules.with_field_options(text, review.field, {"conflict": "prefer", "prefer": answer.take})
    return text


def _with_meaning(text: str, review: Review, answer: Answer) -> str:
    """An unmapped value that means one state; what may be several is said with `map add`."""
    if answer.value is None:
        raise UsageFault(
            "What does the value mean? --always goes with --value STAGE/STATUS/EXIT here.", next_step=f"leadhub review show {review.id} names map add"
        )
    state = answers.typed_state(answer.value, INITIAL, next_step=f"leadhub review show {review.id}")
    for where, value in review.values.items():
        row = {"value": value or "", "stage": [state.stage], "status": [state.status], "exit": [state.exit], "writes": False}
        text = with_row(text, where.partition("/")[0], review.field, row)
    return text


def _close(cli: Cli, hub: Hub, stored: Sequence[StoredReview]) -> None:
    judged = [s.review for s in stored if s.review.kind in answers.DECIDED]
    if judged:
        raise UsageFault(
            f"Question {judged[0].id} ({judged[0].kind}) cannot just be closed: it would open again, for the sides still contradict each other.",
            next_step=cli.command(f"review resolve {judged[0].id} --take hub --leave"),
        )
    for text in dict.fromkeys(answers.closing(s.review) for s in stored):
        cli.screen.line(text)
    if not cli.confirm(f"Close {plural(len(stored), 'question')}?"):
        cli.screen.line("Nothing was closed.")
        return
    answers.close(hub, stored)
    cli.screen.line(f"{plural(len(stored), 'question')} closed.")
