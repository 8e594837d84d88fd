"""What a person decides, as a decision of the engine, with what it will do to each system: shown before it is stored."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from leadhub.cli.exits import UsageFault
from leadhub.cli.session import Cli
from leadhub.cli.words import shown
from leadhub.core.drafts import refusal_of
from leadhub.core.states import shown as shown_state
from leadhub.core.voices import Voice
from leadhub.hub import Hub
from leadhub.insight.known import Known, View
from leadhub.lifecycle.relation import KEEP
from leadhub.lifecycle.states import explain_invalid, is_valid
from leadhub.model.person import Lead, Value
from leadhub.model.run import Decision
from leadhub.model.state import Facet, State


@dataclass(frozen=True, slots=True)
class Prepared:
    """A decision ready to be stored, with what to show before it is."""

    decision: Decision
    name: str
    field: str
    before: Value
    consequences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is common to one answer or command: the question it answers, whether systems are left as they are, and why it was given."""

    review_id: str | None = None
    leave: bool = False
    reason: str = ""


def on_field(known: Known, name: str, lead: Lead | None, value: Value, wish: Wish) -> Prepared:
    """Prepare a decision about a plain field of the person, or of one lead."""
    views = [view for view in known.views(name) if view.lead == lead]
    canonical = known.canonical(name, lead)
    held = None if canonical is None else canonical.value
    effects = []
    for view in views:
        side, fits = view.side, known.alike(view.side, name, view.shown, value)
        blank = not value and known.hub.policy.fields[name].clear != "propagate"
        then = shown(value) + (f" (which needs --allow {side.system}.blanks=1)" if blank else "")
        refusal = _refusal(known, view, value)
        effects.append(
            _effect(known, side.system, shown(view.shown), wish, fits=fits, read_only=name not in side.writable, then=then, refusal=refusal)
        )
    saw = {view.side.id: view.shown for view in views}
    decision = _decision(known, lead, name, value, saw, wish)
    return Prepared(decision, known.name, name, held, tuple(effects) or (f"no record of {known.name} shows {name}: it is held in leadhub alone",))


def _refusal(known: Known, view: View, value: Value) -> str | None:
    """Why the system would surely refuse the value, if so."""
    target = known.hub.systems[view.side.system].object(view.side.link.object)
    mapped = next((f for f in target.mapping.fields if f.canonical == view.field and f.writable), None)
    return None if mapped is None else refusal_of(mapped, value)


def on_state(known: Known, lead: Lead, state: State, wish: Wish) -> Prepared:
    """Prepare a decision about stage, status and exit of one lead."""
    voices = known.voices(lead)
    saw = {voice.id: shown_state(voice) for voice in voices}
    decision = _decision(known, lead, "state", str(state), saw, wish)
    effects = [effect for voice in voices for effect in _state_effects(known, voice, state, wish)]
    return Prepared(decision, known.name, "state", str(lead.state), tuple(effects))


def _state_effects(known: Known, voice: Voice, state: State, wish: Wish) -> Iterator[str]:
    contradicted = dict(voice.relation.contradicted_fields(voice.values, state, silent=voice.silent))
    for name in voice.relation.state_fields:
        now = f"{name} {shown(voice.values.get(name))}"
        value = voice.relation.put(name, voice.values, state, silent=voice.silent) if name in contradicted else None
        if name in contradicted and (value is KEEP or value is None):
            yield f"{voice.side.system} shows {now}: stays, for it has no word for this that may be written there"
        else:
            then = None if value is None or value is KEEP else shown(value)
            yield _effect(
                known, voice.side.system, now, wish, fits=name not in contradicted, read_only=name not in voice.side.state_writable, then=then
            )


def moved(state: State, facets: Mapping[Facet, str], *, next_step: str) -> State:
    """Return a state with some facets changed. Raises UsageFault with the reason for what no lead can be."""
    try:
        for facet, value in facets.items():
            state = state.replace_facet(facet, value)
    except ValueError as error:
        raise UsageFault(f"{error}.", next_step=next_step) from error
    if not is_valid(state):
        raise UsageFault(f"No lead can be {state}: {explain_invalid(state)}", next_step=next_step)
    return state


def _decision(known: Known, lead: Lead | None, name: str, value: Value, saw: dict[str, Value], wish: Wish) -> Decision:
    hub, person = known.hub, known.aggregate.person.id
    by = f"{hub.actor}: {wish.reason}" if wish.reason else hub.actor
    about = None if lead is None else lead.id
    return Decision(hub.clock.new_id(), person, about, name, value, saw, by, hub.clock.now(), wish.review_id, wish.leave)


def _effect(
    known: Known, system: str, now: str, wish: Wish, *, fits: bool, read_only: bool, then: str | None = None, refusal: str | None = None
) -> str:
    if fits:
        return f"{system} shows {now}: fits, nothing is written"
    row = known.systems.get(system)
    if not known.hub.systems[system].writes or row is None or not row.written:
        return f"{system} shows {now}: stays, for leadhub does not write to {system}"
    if read_only:
        return f"{system} shows {now}: stays, for leadhub cannot write this field there"
    if refusal is not None and not wish.leave:
        return f"{system} shows {now}: stays, for {refusal}"
    return f"{system} shows {now}: {'left as it is' if wish.leave else f'{then} will be written' if then else 'will be written'}"


def store(hub: Hub, prepared: Iterable[Prepared]) -> None:
    """Store decisions; the next sync applies them."""
    with hub.store.begin() as tx:
        tx.decisions.add(one.decision for one in prepared)


def show(cli: Cli, prepared: Sequence[Prepared]) -> None:
    """Print decisions with what each will do."""
    for one in prepared:
        cli.screen.line(f"{one.name}: {one.field} {shown(one.before)} → {shown(one.decision.value)}", style="bold")
        for text in one.consequences:
            cli.screen.line(f"  {text}")
