"""Turns an answer to a question into a decision: what it says, what each side showed when it was given, and what it will do."""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from leadhub.cli.deciding import Prepared, Wish, moved, on_field, on_state
from leadhub.cli.exits import UsageFault
from leadhub.cli.session import Cli
from leadhub.cli.words import shown
from leadhub.core.states import parse_state
from leadhub.core.voices import propose
from leadhub.errors import LeadhubError
from leadhub.hub import Hub
from leadhub.insight.known import Known, know
from leadhub.model.person import Lead, Value
from leadhub.model.run import Review, ReviewKind
from leadhub.model.state import FACETS, State
from leadhub.store import RecordKey, StoredReview
from leadhub.sync.graves import GONE, told_as
from leadhub.values.fields import FIELDS

DECIDED: frozenset[ReviewKind] = frozenset({"conflict", "regress", "reentry"})
"""The kinds that a decision about a value settles."""

CLOSING: dict[ReviewKind, str] = {
    "duplicate": "The two stay two persons. leadhub cannot join persons yet: merge the records in their system, and the next sync follows.",
    "possible_duplicate": "leadhub stops holding back: the next sync may create the record after all, and the system may refuse it again.",
    "merge": "The survivor stays with the person it has now; the other person keeps the link, frozen.",
    "refused": "The next sync tries again, once the record is looked at again; a new refusal opens a new question.",
    "unanswered": "The next sync judges the record anew, and writes what is still wanted there.",
    "unmapped": "The value stays unmapped and left alone; the question opens again when another record shows it.",
}
"""What closing a question of the other kinds means."""

EXISTING = "existing"
"""The key under which a refused write holds the id of the record that the system found to be like its own."""

_TRIED_AGAIN = "The next sync tries the write again. As long as nothing changed there it is refused again, and the question is back."


_MADE_AGAIN = "The next sync makes a new record there, from what leadhub holds, as it makes any. To leave it gone, leave the question open."


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person typed: the name of a system or `hub`, or a value; `leave` writes it to nobody."""

    take: str | None
    value: str | None
    leave: bool = False
    reason: str = ""


def choices(cli: Cli, hub: Hub, review: Review) -> Iterable[str]:
    """Say how a question can be answered, with the commands."""
    resolve = cli.command(f"review resolve {review.id}")
    match review.kind:
        case "conflict" | "regress" | "reentry":
            systems = dict.fromkeys(where.split("/")[0] for where in review.values if where != "hub")
            yield "Answer it with one of:"
            yield from (f"  {resolve} --take {system}" for system in systems)
            yield f"  {resolve} --take hub          what leadhub holds"
            yield f"  {resolve} --value {'STAGE/STATUS/EXIT' if review.field == 'state' else 'VALUE'}"
            if can_be_rule(review):
                yield "Add --always to settle every conflict of this field that way from now on."
            yield "With --leave behind one of them leadhub holds the value and writes it to nobody. The whole group at once:"
            yield f"  {cli.command(f'review resolve {shlex.quote(review.group)}')} --take …"
        case "unmapped":
            yield from _mapping_mend(cli, hub, review)
        case "refused":
            yield f"Mend the record in its system, or the rule that refuses it; then {cli.command('sync')} tries again when the record changes."
            yield f"  {resolve} --close      tries again with the next sync"
        case "unanswered":
            yield f"No answer came, and the record cannot be read by its id: look at it there. {cli.command('sync')} closes this once it hears that it is as wanted."
            yield f"  {resolve} --close      judges it anew with the next sync, and writes what is still wanted"
        case "possible_duplicate" if told_as(review.kind, review.group) == GONE:
            yield f"  {resolve} --close      makes it again, with the next sync"
            yield "To leave it gone, leave this question open: nothing is made there as long as nobody answers it."
        case "duplicate" | "possible_duplicate" | "merge":
            yield from _rule_mend(review)
            yield closing(review)
            yield f"  {resolve} --keep-apart"


def closing(review: Review) -> str:
    """Say what closing a question without a value means."""
    if told_as(review.kind, review.group) == GONE:
        return _MADE_AGAIN
    return _TRIED_AGAIN if review.values.get(EXISTING) else CLOSING[review.kind]


def _rule_mend(review: Review) -> Iterable[str]:
    """What helps where a system takes two records for one: an answer here does not."""
    if not review.values.get(EXISTING):
        return
    system, written = next((name, id_) for name, id_ in review.values.items() if name != EXISTING)
    yield f"{system} takes the two for one, which is settled in the systems. If they are one: merge them, or remove the one that is too much."
    yield "If they are two: give one another address or, where a rule refused that can be passed, let leadhub's user pass it; then answer as below."
    if written is None:
        yield "Once the person has a record there, or none anywhere else, the next sync closes the question by itself."


def _mapping_mend(cli: Cli, hub: Hub, review: Review) -> Iterable[str]:
    for where, value in review.values.items():
        system, _, object_name = where.partition("/")
        relation = hub.policy.relations.get((system, object_name))
        rows = relation.field(review.field).rows if relation is not None else ()
        asked = next((row.ask for row in rows if row.value == value and row.ask), None)
        if asked:
            yield f"{asked} Write the answer into leadhub.toml, then run the sync:"
            yield f"  [system.{system}.field.{review.field}]"
            yield f'  answers = {{ "{value}" = "…" }}'
        else:
            named = " ".join(shlex.quote(word) for word in (system, review.field, value or ""))
            others = ", ".join(dict.fromkeys(row.value for row in rows if row.value))
            yield "Say what the value means. If it means the same as another one, or something of its own:"
            yield f"  {cli.command(f'map add {named} --like OTHER')}   (OTHER is one of {others})"
            yield f"  {cli.command(f'map add {named} --stage sql --status attempting')}"
            yield f"  {cli.command(f'review resolve {review.id} --value sql/attempting/open --always')}"
        yield f"Next: {cli.command('map show')} shows the words there are; then {cli.command('sync')}."


def can_be_rule(review: Review) -> bool:
    """Whether an answer can stand for all questions of its kind: a state, and consent, are asked every time."""
    merge = FIELDS[review.field].merge if review.field in FIELDS else "edit"
    return review.kind == "conflict" and review.field != "state" and merge != "restrictive"


# ---- decisions -------------------------------------------------------------------------------------------------------------------------


def prepare(hub: Hub, stored: Sequence[StoredReview], answer: Answer) -> tuple[list[Prepared], list[str]]:
    """Make a decision of each question that the answer fits, and a sentence of each that it does not."""
    prepared: list[Prepared] = []
    skipped: list[str] = []
    for one in stored:
        try:
            prepared.append(prepare_one(hub, one.review, answer))
        except LeadhubError as error:
            if len(stored) == 1:
                raise
            skipped.append(f"{one.review.id} is left out: {error}")
    return prepared, skipped


def prepare_one(hub: Hub, review: Review, answer: Answer) -> Prepared:
    """Make a decision of one question. Raises UsageFault where the answer does not fit."""
    if review.kind not in DECIDED or review.person_id is None:
        raise UsageFault(
            f"Question {review.id} ({review.kind}) is not answered by a value.", next_step=f"leadhub review show {review.id} says what can be done"
        )
    with hub.store.read() as tx:
        known = know(hub, tx, review.person_id)
    return _about_state(known, review, answer) if review.field == "state" else _about_field(known, review, answer)


def _about_field(known: Known, review: Review, answer: Answer) -> Prepared:
    name, lead = review.field, _lead(known, review)
    canonical = known.canonical(name, lead)
    if answer.value is not None:
        value: Value = known.hub.fields[name].kind.display(answer.value, None) or None
    elif answer.take == "hub":
        value = None if canonical is None else canonical.value
    else:
        value = _one([v.shown for v in known.views(name) if v.side.system == answer.take and v.lead == lead], answer.take, review)
    return on_field(known, name, lead, value, _wish(review, answer))


def _about_state(known: Known, review: Review, answer: Answer) -> Prepared:
    lead = _lead(known, review)
    assert lead is not None
    return on_state(known, lead, _state(known, review, lead, answer), _wish(review, answer))


def _lead(known: Known, review: Review) -> Lead | None:
    return next((lead for lead in known.aggregate.leads if lead.id == review.lead_id), None)


def _wish(review: Review, answer: Answer) -> Wish:
    return Wish(review.id, leave=answer.leave, reason=answer.reason)


def _state(known: Known, review: Review, lead: Lead, answer: Answer) -> State:
    if answer.take == "hub":
        return lead.state
    if answer.value is None:
        states = [propose(v, lead).state for v in known.voices(lead) if v.side.system == answer.take]
        return parse_state(_one([str(s) for s in states if s is not None], answer.take, review))
    return typed_state(answer.value, lead.state, next_step=_show(review))


def typed_state(text: str, now: State, *, next_step: str) -> State:
    """Read `stage/status/exit`. Raises UsageFault for anything else, and for what no lead can be."""
    parts = text.split("/")
    if len(parts) != len(FACETS):
        raise UsageFault(f'"{text}" is no state: write stage/status/exit, such as sql/attempting/open.', next_step=next_step)
    return moved(now, dict(zip(FACETS, parts, strict=True)), next_step=next_step)


def _show(review: Review) -> str:
    return f"leadhub review show {review.id}"


def _one(values: Sequence[Value], system: str | None, review: Review) -> Value:
    """The one value that a system shows. Raises UsageFault where it shows none, or several of its records differ."""
    different = list(dict.fromkeys(values))
    if not different:
        raise UsageFault(f"{system} shows nothing for {review.field} of this person.", next_step=_show(review))
    if len(different) > 1:
        told = ", ".join(shown(v) for v in different)
        raise UsageFault(
            f"{system} has several records of this person, which show {told}.", next_step=f"leadhub review resolve {review.id} --value V"
        )
    return different[0]


def close(hub: Hub, stored: Sequence[StoredReview]) -> None:
    """Close questions; the records that they stood in the way of are looked at again."""
    if not stored:
        return
    with hub.store.begin() as tx:
        tx.reviews.close([s.review.id for s in stored], f"closed by {hub.actor}")
        persons = tx.persons.load(s.review.person_id for s in stored if s.review.person_id)
        tx.records.mark_dirty(RecordKey(link.system, link.object, link.record_id) for a in persons for link in a.links)
