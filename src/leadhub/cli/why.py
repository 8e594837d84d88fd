"""`leadhub leads why`: for each value of a lead, in plain sentences, where it came from and who shows something else."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from itertools import chain
from typing import Annotated, Any

import typer

from leadhub.cli.exits import UsageFault
from leadhub.cli.people import find
from leadhub.cli.session import Cli, cli_of
from leadhub.cli.words import listed, shown, why_standing
from leadhub.connectors.protocols import Attributes
from leadhub.core.sides import Side
from leadhub.core.state_writes import wants_conversion
from leadhub.core.targets import TargetObject
from leadhub.core.voices import Voice
from leadhub.hub import Hub, System
from leadhub.insight.known import Known, View
from leadhub.insight.reasons import Because, reasons
from leadhub.model.person import Canonical, Cause, Lead
from leadhub.model.record import LAST_SAVED, Gone
from leadhub.model.run import WRITES, Edit, Intent, IntentState, Review
from leadhub.model.state import FACETS, Facet


def add_to(group: typer.Typer) -> None:
    """Add the command to the group of leads."""
    group.command("why")(why)


def why(
    context: typer.Context,
    who: Annotated[str, typer.Argument(metavar="ID|EMAIL")],
    name: Annotated[str | None, typer.Argument(metavar="[FIELD]", help="One field, or stage, status or exit.")] = None,
) -> None:
    """Say why a lead shows what it shows: since when, from whom, what it replaced, who differs, what waits."""
    cli = cli_of(context)
    hub = cli.open(offline=True)
    if name is not None:
        demand_field(cli, hub, name, f"leads why {who}")
    known = find(hub, who)
    with hub.store.read() as tx:
        because = [one for one in reasons(known, tx) if name in {None, one.field}]
        open_writes = [intent for intent in tx.intents.of_person(known.aggregate.person.id) if intent.state in _OPEN]
    stories = {what: list(sentences) for what, sentences in _stories(known, because, name)}
    unheard = [*_unheard(known), *map(_unanswered, open_writes)]
    if not cli.screen.for_people:
        told = {"why": stories, "unheard": unheard, "because": [_as_json(one) for one in because]}
        cli.screen.json({"schema": "leadhub.why/1", "person": known.aggregate.person.id, "name": known.name, **told})
        return
    cli.screen.line(f"{known.name}  ({known.aggregate.person.id})", style="bold")
    for sentence in unheard:
        cli.screen.line(f"  {sentence}")
    for title, sentences in stories.items():
        cli.screen.line()
        cli.screen.line(title, style="bold")
        for sentence in sentences:
            cli.screen.line(f"  {sentence}")


_OPEN = frozenset({IntentState.PLANNED, IntentState.SENT, IntentState.UNKNOWN})


def _unanswered(intent: Intent) -> str:
    where = f"{intent.change.system} ({intent.change.record_id or 'a new record'})"
    waits = "was planned and not begun" if intent.state is IntentState.PLANNED else "was sent and got no answer"
    return f"{where}: a write of {', '.join(intent.change.values) or intent.change.operation.value} {waits} in run {intent.run_id}: the next run looks first."


def _as_json(one: Because) -> dict[str, Any]:
    edit = None if one.stored is None else one.stored.edit
    told = (
        {"old": edit.old, "new": edit.new, "actor": edit.actor or None, "seq": one.stored.seq} if edit is not None and one.stored is not None else {}
    )
    run = None if one.run is None else {"id": one.run.id, "kind": one.run.kind, "started_at": one.run.started_at.isoformat(), "actor": one.run.actor}
    about = {"field": one.field, "lead": one.lead.id if one.lead is not None else None, "value": one.value, "seen": one.seen and one.seen.isoformat()}
    return about | {"edit": {"cause": one.cause, "origin": one.origin or None, **told}, "rule": one.rule, "run": run}


def _unheard(known: Known) -> Iterator[str]:
    """Say which records of the person do not count, or not in full."""
    for link in known.aggregate.links:
        record = known.aggregate.records.get(link.id)
        where = f"{link.system} ({link.record_id})"
        if record is not None and record.gone is not None:
            yield f"{where}: {_GONE[record.gone]}, so it is neither read nor written; its link is kept, and frozen."
        elif link.role == "frozen":
            yield f"{where}: its link is frozen, because leadhub archived the record, or another one took its place: it is neither read nor written."
        elif link.role == "secondary":
            yield f"{where} is a further record of this person there: of what it says its consent alone counts."


_GONE = {
    Gone.DELETED: "the record was deleted or archived there",
    Gone.MERGED: "the record was merged into another one there",
    Gone.CONVERTED: "the record was converted there",
    Gone.VANISHED: "the record is not to be found there any more",
    Gone.OUT_OF_SCOPE: "the record is out of the scope that leadhub.toml names",
}


def demand_field(cli: Cli, hub: Hub, name: str, command: str) -> None:
    """Raise UsageFault, with a suggestion, for what is neither a field of this deployment nor a part of the state."""
    there = [*FACETS, *hub.policy.fields]
    if name not in there:
        near = get_close_matches(name, there, 1)
        meant = f'Did you mean "{near[0]}"?' if near else f"Fields: {', '.join(there)}."
        raise UsageFault(f'There is no field "{name}". {meant}', next_step=cli.command(command))


def _stories(known: Known, because: Sequence[Because], name: str | None) -> Iterator[tuple[str, Iterator[str]]]:
    """Yield every value with its story; what was never known only where it is asked for by name."""
    several = len(known.aggregate.leads) > 1
    for one in because:
        lead, facet = one.lead, next((facet for facet in FACETS if facet == one.field), None)
        title = f"{one.field} of pass {lead.cycle} ({lead.id})" if lead is not None and several else one.field
        canonical = None if facet is not None else known.canonical(one.field, lead)
        if lead is not None and facet is not None:
            yield f"{title}: {one.value}", chain(facet_story(known, lead, facet), [_by_rule(one)])
        elif canonical is not None:
            yield f"{title}: {shown(canonical.value)}", chain(field_story(known, one.field, lead, canonical), [_by_rule(one)])
        elif name == one.field:
            yield f"{title}: never known", iter(["No record of this person ever showed one.", _by_rule(one)])


def _by_rule(one: Because) -> str:
    """The rule and the run, with when that began."""
    if one.run is None:
        return f"Rule: {one.rule}."
    when = "as of" if one.stored is None else "taken in"
    return f"Rule: {one.rule}; {when} run {one.run.id} ({one.run.kind}, {one.run.started_at:%Y-%m-%d %H:%M} UTC, by {one.run.actor})."


# ---- a plain field ---------------------------------------------------------------------------------------------------------------------


def field_story(known: Known, name: str, lead: Lead | None, canonical: Canonical) -> Iterator[str]:
    """Yield the sentences about one plain field, of the person or of one lead."""
    about = None if lead is None else lead.id
    edits = [stored.edit for stored in known.history if stored.edit.field == name and stored.edit.lead_id == about]
    yield from _origin(known, name, edits, canonical.version, canonical.cause, canonical.origin, "")
    views = [view for view in known.views(name) if view.lead == lead]
    if same := [view.side.system for view in views if view.same]:
        yield f"Shown by {listed(same)}."
    for view in views:
        if not view.same:
            yield _differs(known, view)


def _differs(known: Known, view: View) -> str:
    value = f"{view.side.system} ({view.side.link.record_id}) shows {shown(view.shown)}"
    question = _question(known, view.field)
    if question is not None:
        return f"{value}: it waits for an answer (leadhub review show {question.id})."
    if view.base is None:
        return f"{value}: it has not been compared yet."
    if view.edited:
        return f"{value}, since it was last compared: the next run judges it."
    if not known.hub.systems[view.side.system].is_target or not _writable(known, view.side, view.field):
        return f"{value}, and is only ever read."
    if view.seen:
        return f"{value} and keeps it: {why_standing(view.base.how)}."
    return f"{value} and is to be written: {_waits_for(known, view.side, view.field)}."


def _writable(known: Known, side: Side, name: str) -> bool:
    """Whether leadhub writes a canonical field of this object at all."""
    mapped = [f for f in known.hub.systems[side.system].object(side.link.object).mapping.fields if f.canonical == name]
    return not mapped or any(f.writable for f in mapped)


def _question(known: Known, name: str) -> Review | None:
    """The open question about a field, if there is one."""
    asked = (s.review for s in known.reviews if s.review.kind not in WRITES)
    return next((review for review in asked if review.field == name or (name in FACETS and review.field == "state")), None)


def _waits_for(known: Known, side: Side, name: str) -> str:
    """Why a write that is wanted has not been made."""
    system, row = known.hub.systems[side.system], known.systems.get(side.system)
    question = _question(known, name)
    if question is not None:
        return f"it waits for an answer (leadhub review show {question.id})"
    if not system.is_target:
        return f"{side.system} is only ever read"
    if system.doc.mode == "read":
        return 'it waits, because leadhub.toml says mode = "read"'
    if row is not None and row.mode == "paused":
        return f"it waits, because {side.system} is paused (leadhub resume {side.system})"
    if row is None or row.mode != "write":
        return f"it waits, because writing to {side.system} is off (leadhub adopt {side.system} --write-on)"
    return _refusal(known, side.system, name) or "the next sync does it"


def _refusal(known: Known, system: str, name: str) -> str | None:
    asked = next((s.review for s in known.reviews if s.review.kind in WRITES and _is_about(known, s.review, system, name)), None)
    if asked is None:
        return None
    told = f"it was refused: {asked.note}" if asked.kind == "refused" else "no answer came to the last one, and nobody can tell whether it happened"
    return f"{told} (leadhub review show {asked.id})"


def _is_about(known: Known, refused: Review, system: str, name: str) -> bool:
    """Whether a refusal is what keeps this field from this system: that of the field itself, or of a whole write."""
    return system in refused.values and (refused.field == name or refused.field not in known.hub.fields)


# ---- stage, status, exit ---------------------------------------------------------------------------------------------------------------


def facet_story(known: Known, lead: Lead, facet: Facet) -> Iterator[str]:
    """Yield the sentences about stage, status or exit of one lead."""
    edits = [stored.edit for stored in known.history if stored.edit.field == facet and stored.edit.lead_id == lead.id and not stored.edit.implied]
    set_by = lead.set_by.get(facet)
    if set_by is None:
        yield "It is where every lead begins; nobody has said anything else."
    else:
        yield from _origin(known, facet, edits, lead.versions.of(facet), set_by.cause, set_by.origin, set_by.author.name)
    for voice in known.voices(lead):
        yield from _voice(known, voice, lead, facet)


def _voice(known: Known, voice: Voice, lead: Lead, facet: Facet) -> Iterator[str]:
    contradicted = dict(voice.relation.contradicted_fields(voice.values, lead.state, silent=voice.silent))
    unmapped = set(voice.relation.unmapped(voice.values))
    for name in voice.relation.state_fields:
        value = f"{voice.side.system} shows {name} {shown(voice.values.get(name))}"
        if name in unmapped:
            yield f"{value}: nobody mapped it, so it is left alone."
        elif contradicted.get(name) == facet:
            seen = voice.versions.of(facet) >= lead.versions.of(facet)
            how = voice.base.how if voice.base is not None else "adopted"
            yield (
                f"{value} and keeps it: {'it stood there when leadhub last wrote to the record' if how == 'sent' else why_standing(how)}."
                if seen
                else f"{value} and is to be written: {_state_waits(known, voice, name, lead, facet)}."
            )
        elif name not in contradicted and name not in voice.silent and _speaks(voice, name, facet):
            yield f"{value}, which fits."


def _speaks(voice: Voice, name: str, facet: Facet) -> bool:
    return voice.relation.restricted_to([name]).speaks_of(voice.values, facet, silent=voice.silent)


def _state_waits(known: Known, voice: Voice, name: str, lead: Lead, facet: Facet) -> str:
    target: TargetObject = known.hub.systems[voice.side.system].object(voice.side.link.object)
    if target.converts and wants_conversion(voice, voice.versions, lead, frozenset()):
        waits = f'it waits for a conversion, which is made by hand there, or with allow = ["convert"] in [system.{voice.side.system}]'
        return (_refusal(known, voice.side.system, facet) or _waits_for(known, voice.side, facet)) if target.may_convert else waits
    if target.relation is not None and target.relation.preferred(name, lead.state, voice.values) is None:
        return f"it waits, because {name} has no value for this, or the record is converted"
    return _waits_for(known, voice.side, facet)


# ---- where a value came from -----------------------------------------------------------------------------------------------------------


def _origin(known: Known, name: str, edits: list[Edit], version: int, cause: Cause, origin: str, author: str) -> Iterator[str]:
    edit = next((e for e in reversed(edits) if e.taken and e.version == version), None)
    author = author or (edit.actor if edit is not None else "")
    at = f"{edit.at:%Y-%m-%d %H:%M} UTC" if edit is not None and edit.at else ""
    if author.startswith(LAST_SAVED):  # when the record was saved says as little of this field as who saved it
        yield f"{_cause(cause, origin, author, f'; {author} {at}; {_no_history(known, name, origin)}')}."
    else:
        by = f", by {author} (its own history says so)" if author else _no_author(known, name, origin)
        yield f"{f'Since {at}: ' if at else ''}{_cause(cause, origin, author, by)}."
    if edit is not None and cause not in {"adopted", "initial"}:
        yield f"It replaced {shown(edit.old)}."
    for lost in (e for e in edits if not e.taken and e.version == version):
        yield f"{lost.origin} had {shown(lost.new)} at the same time; that lost, and is kept in the journal."


def _cause(cause: Cause, origin: str, author: str, by: str) -> str:
    match cause:
        case "adopted":
            return f"first seen in {origin}" if origin else "what the records said together when they were first seen"
        case "edit":
            return f"edited in {origin}{by}"
        case "lowering":
            return f"set back in {origin}{by}"
        case "decision":
            return f"decided in leadhub, by {author}" if author else "a person decided it in leadhub"
        case "rule":
            return f"it follows from an edit in {origin}"
        case "initial":
            return "the start of every lead"


def _no_author(known: Known, name: str, origin: str) -> str:
    """Why nobody is named: the system tells no history at all, or none of this field."""
    system = known.hub.systems.get(origin)
    if system is None:
        return ""
    if not issubclass(system.connector, Attributes):
        return f"; who did it nobody can know, for {origin} tells no history of its fields"
    return f"; who did it nobody can know, for {origin}'s history of {_fields(system, name)} names nobody"


def _no_history(known: Known, name: str, origin: str) -> str:
    system = known.hub.systems.get(origin)
    return f"{origin} keeps no history for {name if system is None else _fields(system, name)} that tells who set it"


def _fields(system: System, name: str) -> str:
    return ", ".join(dict.fromkeys(_native_names(system, name))) or name


def _native_names(system: System, name: str) -> Iterator[str]:
    for target in system.objects:
        yield from (mapped.native for mapped in target.mapping.fields if mapped.canonical == name)
        if name in FACETS and target.relation is not None:
            yield from target.relation.state_fields
