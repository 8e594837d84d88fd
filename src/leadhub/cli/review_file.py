"""`leadhub review export` and `review resolve --from`: a colleague answers questions in a spreadsheet, and the answers come back."""

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from leadhub.cli import answers
from leadhub.cli.completion import complete_review
from leadhub.cli.deciding import Prepared, show, store
from leadhub.cli.exits import UsageFault
from leadhub.cli.files import target
from leadhub.cli.review import all_open, named, side_by_side
from leadhub.cli.screen import safe_cell
from leadhub.cli.session import Cli, cli_of
from leadhub.cli.words import KINDS, plural
from leadhub.errors import LeadhubError
from leadhub.hub import Hub
from leadhub.model.run import Review
from leadhub.store import StoredReview
from leadhub.sync.graves import told_as

_COLUMNS = ("question", "kind", "about", "field", "leadhub", "systems show", "note", "answers", "answer", "reason", "as of")
_BEFORE_ID = "q-"
"""Before each id: a spreadsheet takes 12e456789012 for a number, and spoils it."""
_VALUE = "value:"
_SHOWN = 20


def add_to(group: typer.Typer) -> None:
    """Add the command to the group of reviews."""
    group.command("export")(export)


def export(
    context: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE.csv|-", help="A file that is made anew; - for stdout.")],
    group: Annotated[
        str | None, typer.Option("--group", metavar="GROUP", help="Questions of this group alone.", autocompletion=complete_review)
    ] = None,
) -> None:
    """Write open questions to a spreadsheet with a column for the answers; `review resolve --from FILE` takes them back."""
    cli = cli_of(context)
    hub = cli.open(offline=True)
    stored = all_open(hub, group)
    if not stored:
        raise UsageFault(f"There are no open questions{f' in {group}' if group else ''}.", next_step=cli.command("review list"))
    if file != "-" and Path(file).exists() and not cli.confirm(f"{file} exists. Replace it?"):
        cli.screen.line("Nothing was written.")
        return
    names = named(hub, stored)
    with target(file, encoding="utf-8-sig" if file != "-" else "utf-8") as out:  # the mark tells Excel that it is UTF-8
        writer = csv.writer(out)
        writer.writerow(_COLUMNS)
        writer.writerows([safe_cell(cell) for cell in _cells(one, names)] for one in stored)
    if file != "-":
        cli.screen.line(f"{plural(len(stored), 'question')} written to {file}. Write one of the words of `answers` into the column `answer`.")
        cli.screen.line(f"Next: {cli.command(f'review resolve --from {file}')}")


def _cells(stored: StoredReview, names: Mapping[str, str]) -> Sequence[str]:
    review = stored.review
    kind, name = told_as(review.kind, review.group), names.get(review.person_id or "", "")
    sides = {where: value for where, value in review.values.items() if where != "hub"}
    return (
        _BEFORE_ID + review.id,
        f"{kind}: {KINDS[kind]}",
        name,
        review.field,
        review.values.get("hub") or "",
        side_by_side(sides, names),
        review.note,
        " | ".join(words(review)),
        "",
        "",
        fingerprint(review),
    )


def words(review: Review) -> Iterator[str]:
    """Yield the answers that a question takes in a spreadsheet."""
    if review.kind in answers.DECIDED:
        yield from dict.fromkeys(where.split("/")[0] for where in review.values if where != "hub")
        yield "hub"
        yield "leave"
        yield "value: STAGE/STATUS/EXIT" if review.field == "state" else "value: …"
    elif review.kind == "unmapped":
        yield "close"
    else:
        yield "keep apart" if review.kind in {"duplicate", "merge"} else "close"


def fingerprint(review: Review) -> str:
    """Return what tells whether a question still says what it said when it was exported."""
    said = json.dumps([review.kind, review.field, sorted((k, v or "") for k, v in review.values.items())])
    return hashlib.blake2b(said.encode(), digest_size=4).hexdigest().translate(str.maketrans("e", "g"))  # no spreadsheet takes it for a number


# ---- the way back ----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """An answered row of the file: its line, the question's id, the answer as typed, the reason, and what the question said then."""

    line: int
    id: str
    answer: str
    reason: str
    as_of: str


@dataclass(slots=True)
class Read:
    """What a file of answers comes to: decisions to store, questions to close, and rows that are left out, each with why."""

    prepared: list[Prepared] = field(default_factory=list)
    closing: list[StoredReview] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    repeated: int = 0


def resolve_from(cli: Cli, hub: Hub, path: Path) -> None:
    """Take the answers of a spreadsheet: show what they will do, list what does not fit, ask, and store the rest."""
    rows, unanswered = _rows(path)
    read = Read()
    for row in rows:
        try:
            _take(hub, row, read)
        except LeadhubError as error:
            read.left_out.append(f"row {row.line}: {error}")
    show(cli, read.prepared[:_SHOWN])
    if len(read.prepared) > _SHOWN:
        cli.screen.line(f"… and {plural(len(read.prepared) - _SHOWN, 'more decision')}")
    for kind in dict.fromkeys(one.review.kind for one in read.closing):
        count = sum(one.review.kind == kind for one in read.closing)
        cli.screen.line(f"{plural(count, 'question')} ({kind}) to close. {answers.CLOSING[kind]}")
    for text in read.left_out:
        cli.screen.note(f"left out, {text}", style="yellow")
    same = f", {read.repeated} settled already" if read.repeated else ""
    cli.screen.line(f"{plural(len(rows), 'answer')} read{same}, {len(read.left_out)} left out, {plural(unanswered, 'row')} without an answer.")
    count = len(read.prepared) + len(read.closing)
    if not count:
        cli.screen.line("Nothing is left to store.")
        return
    if not cli.confirm(f"Store {plural(count, 'answer')}?"):
        cli.screen.line("Nothing was stored.")
        return
    store(hub, read.prepared)
    answers.close(hub, read.closing)
    cli.screen.line(f"{plural(count, 'answer')} stored, by {hub.actor}. Next: {cli.command('sync')} applies them.")


def _take(hub: Hub, row: Row, read: Read) -> None:
    with hub.store.read() as tx:
        found = [s for s in tx.reviews.get(row.id) if s.review.id == row.id]
        pending = [] if not found or found[0].review.person_id is None else tx.decisions.pending([found[0].review.person_id])
    if not found:
        raise UsageFault(f"there is no question {row.id}; was the column `question` changed?")
    stored = found[0]
    earlier = next((d for d in reversed(pending) if d.review_id == row.id), None)
    if stored.closed_by is not None:
        if earlier is None:
            read.repeated += 1
            return
    elif row.as_of and row.as_of != fingerprint(stored.review):
        raise UsageFault(f"question {row.id} says something else by now; export it again")
    answer = answer_of(stored.review, row.answer, row.reason)
    if answer is None:
        read.closing.append(stored)
        return
    prepared = answers.prepare_one(hub, stored.review, answer)
    if earlier is not None and (earlier.value, earlier.leave) == (prepared.decision.value, prepared.decision.leave):
        read.repeated += 1
        return
    read.prepared.append(prepared)


def answer_of(review: Review, text: str, reason: str) -> answers.Answer | None:
    """Read an answer as it was typed; None closes the question. Raises UsageFault with the words that there are."""
    allowed = list(words(review))
    typed = text.removeprefix("'")
    word = typed.casefold().replace("-", " ")
    if word in {"close", "keep apart"} and word in allowed:
        return None
    if review.kind in answers.DECIDED:
        if typed.casefold().startswith(_VALUE):
            return answers.Answer(None, typed[len(_VALUE) :].strip(), reason=reason)
        if word == "leave":
            return answers.Answer("hub", None, leave=True, reason=reason)
        chosen = next((one for one in allowed if one.casefold() == typed.casefold()), None)
        if chosen is not None:
            return answers.Answer(chosen, None, reason=reason)
    raise UsageFault(f'"{text}" is no answer to question {review.id}: write one of {" | ".join(allowed)}')


def _rows(path: Path) -> tuple[list[Row], int]:
    """Read the file; return the answered rows, and how many have no answer. Raises UsageFault for what is no such file."""
    again = "write the file with leadhub review export FILE.csv, and keep its header"
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UsageFault(f"{path} cannot be read: {error.strerror}.", next_step=again) from error
    except UnicodeDecodeError as error:
        raise UsageFault(f'{path} is no UTF-8 text. Save it as "CSV UTF-8".', next_step="save it again, then the same command") from error
    header = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=header.count))
    missing = [name for name in ("question", "answer") if name not in (reader.fieldnames or ())]
    if missing:
        raise UsageFault(f"{path} has no column {' and no column '.join(missing)}.", next_step=again)
    rows, unanswered = [], 0
    for cells in reader:
        answer = (cells["answer"] or "").strip()
        if not answer:
            unanswered += 1
            continue
        id_ = (cells["question"] or "").strip().removeprefix(_BEFORE_ID)
        rows.append(Row(reader.line_num, id_, answer, (cells.get("reason") or "").strip(), (cells.get("as of") or "").strip()))
    return rows, unanswered
