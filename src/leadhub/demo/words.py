"""What the store holds, in plain words. Looks things up; decides nothing."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from leadhub.core.normalize import display_of, text_of
from leadhub.core.reconcile import current_lead
from leadhub.core.states import parse_state
from leadhub.hub import Hub
from leadhub.lifecycle.wording import facet_words
from leadhub.model.person import Aggregate, Link, StateBase
from leadhub.model.record import NativeValue, Operation
from leadhub.model.run import Edit, Intent, IntentState, PlannedChange
from leadhub.model.state import EXITS, STAGES, STATUSES, Facet, State
from leadhub.values.fields import FIELDS

NAMES = {"salesforce": "Salesforce", "hubspot": "HubSpot", "tradeshow": "Trade show", "messe": "German list", "website": "Website"}
FIELD_WORDS = {
    **{name: name.replace("_", " ") for name in FIELDS},
    "email": "e-mail",
    "job_title": "title",
    "email_opt_out": "opt-out",
    "postal_code": "ZIP code",
    "region": "state",
}
Owners = Mapping[str, str]
"""Who own leads: addresses by the ids that the CRMs give them."""
_STAGES = {"known": "known", "lead": "a lead", "mql": "an MQL", "sal": "an SAL", "sql": "an SQL", "opportunity": "an opportunity"}
_STATUSES = {
    "none": "nothing being done",
    "new": "new to sales",
    "assigned": "assigned",
    "attempting": "being called",
    "connected": "in touch",
    "nurturing": "nurtured",
    "in_deal": "in a deal",
}
_EXITS = {"open": "still open", "recycled": "put back for later", "disqualified": "disqualified", "lost": "lost", "churned": "churned"}
_STATE = re.compile("({})/({})/({})".format(*("|".join(names) for names in (STAGES, STATUSES, EXITS))))
_REASONS = {
    "adopted": "it was so before leadhub came, so it is an old difference and no edit",
    "cleared": "somebody emptied it there on purpose, so it is neither refilled nor emptied elsewhere",
}


def plural(count: int, one: str, many: str | None = None) -> str:
    """Return `1 lead`, `2 leads`, `2 people`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def shown(value: NativeValue) -> str:
    """Return a value in quotes; a blank is called one."""
    text = text_of(value)
    return f'"{text}"' if text else "(blank)"


def in_words(state: State) -> str:
    """Return a state as people say it."""
    parts = [_stage(state)]
    if state.exit == "open" or state.status != "none":
        parts.append(_STATUSES[state.status])
    return ", ".join([*parts, _EXITS[state.exit]])


def _stage(state: State) -> str:
    return _STAGES.get(state.stage, f"a {state.stage}")


def without_codes(text: str) -> str:
    """Return a sentence with every stage/status/exit in it as people say it."""
    return _STATE.sub(lambda found: in_words(parse_state(found[0])), text)


def who_set(aggregate: Aggregate, facet: Facet) -> str:
    """Say who gave the current lead its stage, status or exit."""
    lead = current_lead(aggregate.leads)
    assert lead is not None
    set_by = lead.set_by[facet]
    how = "set back" if set_by.cause == "lowering" else "set"
    by = f" by {set_by.author.name}" if set_by.author.kind == "person" else ""
    return f"{facet} {how} in {NAMES[set_by.origin]}{by}"


def who_edited(history: Sequence[Edit], name: str) -> str:
    """Say where a field was given its value, and by whom if the history of the system was asked and tells."""
    edit = next(edit for edit in reversed(history) if edit.field == name and edit.taken)
    return f"{word(name)} {shown(edit.old)} → {shown(edit.new)}, edited in {NAMES[edit.origin]}{f' by {edit.actor}' if edit.actor else ''}"


def state_of(aggregate: Aggregate) -> State:
    """Return the state of the person's current lead."""
    lead = current_lead(aggregate.leads)
    assert lead is not None
    return lead.state


def full_name(aggregate: Aggregate) -> str:
    """Return first and last name."""
    fields = aggregate.person.fields
    return " ".join(fields[name].value or "" for name in ("first_name", "last_name") if name in fields)


def portrait(aggregate: Aggregate) -> str:
    """Return name, title and company."""
    values = {name: canonical.value for name, canonical in aggregate.person.fields.items()}
    return f"{full_name(aggregate)}, {values.get('job_title') or 'no title'} at {values.get('company') or 'no company'}"


@dataclass(slots=True)
class Telling:
    """One lead: what each system says, by its name, and why what differs is left as it is, in plain fields and in the state."""

    said: list[tuple[str, str]] = field(default_factory=list)
    fields: list[str] = field(default_factory=list)
    state: list[str] = field(default_factory=list)


def tell(hub: Hub, aggregate: Aggregate) -> Telling:
    """Compare every record of a person with what leadhub holds."""
    telling = Telling()
    for link in sorted(aggregate.links, key=lambda one: list(hub.systems).index(one.system)):
        record = aggregate.records.get(link.id)
        if record is None:
            continue
        state = [f"{name} {shown(value)}" for name, value in (link.state.values if link.state else {}).items() if _is_state(hub, link, name)]
        differing = list(_differing(hub, link, aggregate, record.native))
        fields = [f"{word(name)} {shown(value)}" for name, value, _ in differing]
        telling.said.append((NAMES[link.system], ", ".join(state + fields) or _beside(hub, link, record.native)))
        telling.fields.extend(_why_fields(link, aggregate, differing))
        if link.state is not None:
            telling.state.extend(_why_state(hub, link, link.state, state_of(aggregate)))
    return telling


def word(name: str) -> str:
    """Return a canonical field as people call it; any other name as it is."""
    return FIELD_WORDS.get(name, name)


def _beside(hub: Hub, link: Link, native: Mapping[str, NativeValue]) -> str:
    """What is told of a record that says nothing else: of Salesforce's, the contact of a converted lead."""
    mapping = hub.systems[link.system].object(link.object).mapping
    told = [(m.canonical, display_of(m, native.get(m.native), hub.fields)) for m in mapping.fields if m.canonical in {"job_title", "company"}]
    which = "the contact since: " if link.object == "Contact" else ""
    return which + ", ".join(f"{word(name)} {shown(value)}" for name, value in sorted(told, reverse=True))


def _is_state(hub: Hub, link: Link, name: str) -> bool:
    return name in hub.policy.relations[link.system, link.object].state_fields


def _differing(hub: Hub, link: Link, aggregate: Aggregate, native: Mapping[str, NativeValue]) -> Iterator[tuple[str, str, str]]:
    """Each plain field in which a record shows something else than leadhub holds, with the reason that its base gives."""
    for mapped in hub.systems[link.system].object(link.object).mapping.fields:
        canonical, base = aggregate.person.fields.get(mapped.canonical), link.base.get(mapped.canonical)
        if canonical is None or base is None or base.how == "agreed" or not mapped.writable or mapped.member:
            continue
        match = hub.fields[mapped.canonical].kind.match
        shown_there = display_of(mapped, native.get(mapped.native), hub.fields) or ""
        if match(shown_there, None) != match(canonical.value or "", None):
            yield mapped.canonical, shown_there, base.how


def _why_fields(link: Link, aggregate: Aggregate, differing: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    for reason in dict.fromkeys(reason for *_, reason in differing):
        names = [name for name, _, of in differing if of == reason]
        held = " and ".join(f"{word(name)} {shown(aggregate.person.fields[name].value)}" for name in names)
        yield f"leadhub holds {held}. {NAMES[link.system]} may keep its own: {_REASONS.get(reason, reason)}."


def _why_state(hub: Hub, link: Link, base: StateBase, state: State) -> Iterator[str]:
    relation, system = hub.policy.relations[link.system, link.object], NAMES[link.system]
    contradicted = [name for name, _ in relation.contradicted_fields(base.values, state, silent=base.silent)]
    unmapped = relation.unmapped(base.values)
    if contradicted:
        values = " and ".join(f"{name} {shown(base.values[name])}" for name in contradicted)
        yield f"{system} may keep {values}: {_REASONS.get(base.how, base.how)}."
    for name in relation.state_fields:
        value, row = base.values.get(name, ""), relation.row(name, base.values)
        if name in unmapped:
            yield f"Nobody mapped {system}'s {shown(value)}, so it is left alone and rules nothing out; everything else of this lead flows."
        elif row is None or name in contradicted:
            continue
        elif row.converted:
            yield f"In {system} the lead is converted: leadhub follows what becomes of it and writes its status no more."
        elif 2 < len(row.reads.stages) < len(STAGES):
            yield f"{system}'s {shown(value)} fits the {facet_words('stage', row.reads.stages)}, so {_stage(state)} needs no other value there."


def written(intents: Sequence[Intent], owners: Owners) -> Iterator[str]:
    """Say what became of each intended write."""
    for intent in intents:
        change, system = intent.change, NAMES[intent.change.system]
        if intent.state is IntentState.STALE:
            yield f"{system}: put aside once, because the record changed after leadhub had read it; read again and judged again."
        elif intent.state is not IntentState.ACCEPTED:
            yield f"{system}: {intent.state.value.replace('_', ' ')}: {text_of(str(intent.detail))}"
        elif change.operation is Operation.CREATE:
            yield f"{system}: created, with {plural(len(change.values), 'field')}: {moves(change, owners)}."
        else:
            yield f"{system}: {moves(change, owners)} ({', '.join(dict.fromkeys(change.why.values()))})."


def moves(change: PlannedChange, owners: Owners) -> str:
    """Say which values a write sets: all that it changes, of a create the state alone. Of an owner's id the address is told."""
    if change.operation is Operation.CREATE:
        return ", ".join(f"{name} {shown(value)}" for name, value in change.values.items() if name in (change.state or {}))
    pairs = [(name, change.before.get(name), value) for name, value in change.values.items()]
    return ", ".join(f"{name} {shown(_named(old, owners))} → {shown(_named(new, owners))}" for name, old, new in pairs)


def _named(value: NativeValue, owners: Owners) -> NativeValue:
    return owners.get(value, value) if isinstance(value, str) else value
