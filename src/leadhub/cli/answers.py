"""Turns an answer to a question into a decision: what it says, what each side showed when it was given, and what it will do."""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from leadhub.cli.exits import UsageFault
from leadhub.cli.people import Known, know
from leadhub.cli.session import Cli
from leadhub.cli.words import shown
from leadhub.core.states import parse_state
from leadhub.core.states import shown as shown_state
from leadhub.core.voices import propose
from leadhub.errors import LeadhubError
from leadhub.hub import Hub
from leadhub.lifecycle.states import explain_invalid, is_valid
from leadhub.model.person import Lead, Value
from leadhub.model.run import Decision, Review, ReviewKind
from leadhub.model.state import State
from leadhub.store import StoredReview
from leadhub.values.forms import FIELDS

DECIDED: frozenset[ReviewKind] = frozenset({"conflict", "regress", "reentry"})
"""The kinds that a decision about a value settles."""

CLOSING: dict[ReviewKind, str] = {
    "duplicate": "The two stay two persons. leadhub cannot join persons yet: merge the records in their system, and the next sync follows.",
    "possible_duplicate": "leadhub stops holding back: the next sync may create the record after all, and the system may refuse it again.",
    "merge": "The survivor stays with the person it has now; the other person keeps the link, frozen.",
    "refused": "The next sync tries again, once the record is looked at again; a new refusal opens a new question.",
    "unmapped": "The value stays unmapped and left alone; the question opens again when another record shows it.",
}
"""What closing a question of the other kinds means."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person typed: the name of a system or `hub`, or a value; `leave` writes it to nobody."""

    take: str | None
    value: str | None
    leave: bool = False


@dataclass(frozen=True, slots=True)
class Prepared:
    """A decision ready to be stored, with what to show before it is."""

    decision: Decision
    name: str
    field: str
    before: Value
    consequences: tuple[str, ...]


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
            yield "Add --leave to hold the value in leadhub and write it to nobody. The whole group at once:"
            yield f"  {cli.command(f'review resolve {shlex.quote(review.group)}')} --take …"
        case "unmapped":
            yield from _mapping_mend(cli, hub, review)
        case "refused":
            yield f"Mend the record in its system, or the rule that refuses it; then {cli.command('sync')} tries again when the record changes."
            yield f"  {resolve} --close      tries again with the next sync"
        case "duplicate" | "possible_duplicate" | "merge":
            yield CLOSING[review.kind]
            yield f"  {resolve} --keep-apart"


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
            yield "Say what the value means: add a row for it to leadhub.toml, then run the sync. If it meant an SQL who is being called:"
            yield f"  [system.{system}.field.{review.field}]"
            yield f'  map = [ {{ value = "{value}", stage = ["sql"], status = ["attempting"], writes = false }} ]'
        yield f"Next: {cli.command('map show')} shows the words there are; {cli.command('config check')} checks the change."


# ---- decisions -------------------------------------------------------------------------------------------------------------------------


def prepare(hub: Hub, stored: Sequence[StoredReview], answer: Answer) -> tuple[list[Prepared], list[str]]:
    """Make a decision of each question that the answer fits, and a sentence of each that it does not."""
    prepared: list[Prepared] = []
    skipped: list[str] = []
    for one in stored:
        try:
            prepared.append(_prepare(hub, one.review, answer))
        except LeadhubError as error:
            if len(stored) == 1:
                raise
            skipped.append(f"{one.review.id} is left out: {error}")
    return prepared, skipped


def _prepare(hub: Hub, review: Review, answer: Answer) -> Prepared:
    if review.kind not in DECIDED or review.person_id is None:
        raise UsageFault(
            f"Question {review.id} ({review.kind}) is not answered by a value.", next_step=f"leadhub review show {review.id} says what can be done"
        )
    with hub.store.read() as tx:
        known = know(hub, tx, review.person_id)
    return _about_state(known, review, answer) if review.field == "state" else _about_field(known, review, answer)


def _decision(known: Known, review: Review, value: Value, saw: dict[str, Value], answer: Answer) -> Decision:
    hub, person = known.hub, known.aggregate.person.id
    return Decision(hub.clock.new_id(), person, review.lead_id, review.field, value, saw, hub.actor, hub.clock.now(), review.id, answer.leave)


def _about_field(known: Known, review: Review, answer: Answer) -> Prepared:
    name = review.field
    saw = {side.id: side.shown[name] for side in known.sides if name in side.shown}
    canonical = known.aggregate.person.fields.get(name)
    held = canonical.value if canonical is not None else None
    if answer.value is not None:
        value: Value = FIELDS[name].display(answer.value) or None
    elif answer.take == "hub":
        value = held
    else:
        value = _one([s.shown[name] for s in known.sides if s.system == answer.take and name in s.shown], answer.take, review)
    match = known.hub.policy.fields[name].match
    effects = [
        _effect(known, side.system, shown(side.shown[name]), answer, fits=match(side.shown[name] or "") == match(value or ""))
        for side in known.sides
        if name in side.shown
    ]
    return Prepared(_decision(known, review, value, saw, answer), known.name, name, held, tuple(effects))


def _about_state(known: Known, review: Review, answer: Answer) -> Prepared:
    lead = next(lead for lead in known.aggregate.leads if lead.id == review.lead_id)
    voices = known.voices(lead)
    saw = {voice.id: shown_state(voice) for voice in voices}
    state = _state(known, review, lead, answer)
    effects = [_effect(known, voice.side.system, shown_state(voice) or "", answer, fits=voice.consistent(state)) for voice in voices]
    return Prepared(_decision(known, review, str(state), saw, answer), known.name, "state", str(lead.state), tuple(effects))


def _state(known: Known, review: Review, lead: Lead, answer: Answer) -> State:
    if answer.take == "hub":
        return lead.state
    if answer.value is None:
        states = [propose(v, lead).state for v in known.voices(lead) if v.side.system == answer.take]
        found = _one([str(s) for s in states if s is not None], answer.take, review)
        return parse_state(found)
    try:
        state = parse_state(answer.value)
    except ValueError as error:
        raise UsageFault(_why_no_state(answer.value, error), next_step=f"leadhub review show {review.id}") from error
    return state


def _why_no_state(text: str, error: ValueError) -> str:
    parts = text.split("/")
    if len(parts) == 3:
        try:
            state = State("known", "none", "open").replace_facet("stage", parts[0]).replace_facet("status", parts[1]).replace_facet("exit", parts[2])
        except ValueError as unknown:
            return str(unknown)
        if not is_valid(state):
            return f"No lead can be {text}: {explain_invalid(state)}"
    return str(error)


def _one(values: Sequence[Value], system: str | None, review: Review) -> Value:
    """The one value that a system shows. Raises UsageFault where it shows none, or several of its records differ."""
    different = list(dict.fromkeys(values))
    if not different:
        raise UsageFault(f"{system} shows nothing for {review.field} of this person.", next_step=f"leadhub review show {review.id}")
    if len(different) > 1:
        told = ", ".join(shown(v) for v in different)
        raise UsageFault(
            f"{system} has several records of this person, which show {told}.", next_step=f"leadhub review resolve {review.id} --value V"
        )
    return different[0]


def _effect(known: Known, system: str, now: str, answer: Answer, *, fits: bool) -> str:
    if fits:
        return f"{system} shows {now}: fits, nothing is written"
    row = known.systems.get(system)
    if not known.hub.systems[system].writes or row is None or row.mode != "write":
        return f"{system} shows {now}: stays, for leadhub does not write to {system}"
    return f"{system} shows {now}: {'left as it is' if answer.leave else 'will be written'}"
