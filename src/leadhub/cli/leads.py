"""`leadhub leads list` and `show`: who is known, and everything about one of them."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from leadhub.cli.exits import UsageFault
from leadhub.cli.people import address_match, find
from leadhub.cli.session import Cli, cli_of
from leadhub.cli.words import brought, shown
from leadhub.insight.known import Known
from leadhub.model.person import Canonical, Lead, Link
from leadhub.model.state import FACETS, STAGES
from leadhub.store import LeadQuery, LeadSummary, StoredEdit

group = typer.Typer(help="The leads, and why they are what they are.")
_COLUMNS = ("id", "name", "email", "company", "stage", "status", "exit", "systems")
_LAST = 12


@group.command("list")
def list_leads(
    context: typer.Context,
    stage: Annotated[str | None, typer.Option("--stage", help=f"One of {', '.join(STAGES)}.")] = None,
    system: Annotated[str | None, typer.Option("--system", help="With a record there.")] = None,
    search: Annotated[str, typer.Option("--search", help="Part of a name or company.")] = "",
    email: Annotated[str | None, typer.Option("--email", help="An address that any of the records shows.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many at most.")] = 50,
    after: Annotated[str, typer.Option("--after", metavar="ID", help="Go on after this lead.")] = "",
) -> None:
    """List leads that fit all of what is asked."""
    cli = cli_of(context)
    if stage is not None and stage not in STAGES:
        raise UsageFault(f'There is no stage "{stage}". Stages: {", ".join(STAGES)}.', next_step="leadhub map show")
    hub = cli.open(offline=True)
    query = LeadQuery(email=address_match(email) if email else None, name=search, stage=stage, system=system)
    with hub.store.read() as tx:
        found = tx.leads.search(query, after=after, limit=limit + 1)
        persons = tx.persons.load(one.lead.person_id for one in found)
    systems = {a.person.id: sorted({link.system for link in a.links}) for a in persons}
    cli.screen.rows("leadhub.leads/1", "leads", [_row(one, systems[one.lead.person_id]) for one in found[:limit]], columns=_COLUMNS)
    if len(found) > limit:
        cli.screen.note(f"There are more: --after {found[limit - 1].lead.id}, or --limit.")
    elif not found and cli.screen.for_people:
        cli.screen.note("Nobody fits.")


def _row(summary: LeadSummary, systems: Sequence[str]) -> dict[str, Any]:
    lead = summary.lead
    about = {"id": lead.id, "person_id": lead.person_id, "name": summary.name, "email": summary.email, "company": summary.company}
    return about | {facet: lead.state.facet(facet) for facet in FACETS} | {"systems": list(systems)}


@group.command("show")
def show_lead(context: typer.Context, who: Annotated[str, typer.Argument(metavar="ID|EMAIL")]) -> None:
    """Show one person with leads, records and history."""
    cli = cli_of(context)
    known = find(cli.open(offline=True), who)
    if cli.screen.for_people:
        _show(cli, known)
    else:
        cli.screen.json(as_json(known))


# ---- for people ------------------------------------------------------------------------------------------------------------------------


def _show(cli: Cli, known: Known) -> None:
    screen, person = cli.screen, known.aggregate.person
    screen.line(f"{known.name}  ({person.id})", style="bold")
    _show_fields(cli, known, person.fields, indent="  ")
    screen.title("Leads")
    for lead in known.aggregate.leads:
        left = ", still open" if lead.state.exit == "open" else f", left: {lead.state.exit}{f' ({lead.exit_reason})' if lead.exit_reason else ''}"
        since = f", since {lead.opened_at:%Y-%m-%d}" if lead.opened_at else ""
        screen.line(f"  {lead.id}  pass {lead.cycle}: stage {lead.state.stage}, status {lead.state.status}{left}{since}")
        _show_fields(cli, known, lead.fields, indent="    ")
    screen.title("Records")
    rows = [
        (link.system, link.object, link.record_id, _role(known, link), _state(known, link), _differs(known, link)) for link in known.aggregate.links
    ]
    screen.table(("system", "object", "record", "role", "shows", "differs in"), rows)
    if known.reviews:
        screen.title("Open questions")
        for stored in known.reviews:
            screen.line(f"  {stored.review.id}  {stored.review.kind} about {stored.review.field}: {stored.review.note}")
    screen.title("History, latest last")
    for stored_edit in known.history[-_LAST:]:
        screen.line(f"  {told(stored_edit)}")
    screen.line()
    screen.line(f"Why is it so? {cli.command(f'leads why {person.id}')}")


def _show_fields(cli: Cli, known: Known, fields: Mapping[str, Canonical], *, indent: str) -> None:
    """The fields that are not blank, in the order of the field table, a blank one only where somebody blanked it."""
    there = {name: fields[name] for name in known.hub.policy.fields if name in fields}
    width = max(map(len, there), default=0)
    for name, canonical in there.items():
        first, *more = (canonical.value or "(blank)").splitlines() or ["(blank)"]
        cli.screen.line(f"{indent}{name:<{width}}  {first}{' …' if more else ''}")


def _role(known: Known, link: Link) -> str:
    record = known.aggregate.records.get(link.id)
    return f"{link.role}, {record.gone.value}" if record is not None and record.gone else link.role


def _state(known: Known, link: Link) -> str:
    side = next((s for s in known.sides if s.id == link.id), None)
    if side is None or not side.state:
        return ""
    relation = known.hub.policy.relations.get((link.system, link.object))
    names = relation.state_fields if relation is not None else ()
    return ", ".join(side.state.get(name) or "(blank)" for name in names)


def _differs(known: Known, link: Link) -> str:
    return ", ".join(view.field for view in known.views() if view.side.id == link.id and not view.same and view.canonical is not None)


def told(stored: StoredEdit) -> str:
    """Return one edit of the journal as a line."""
    edit = stored.edit
    who = f" by {edit.actor}" if edit.actor else ""
    when = f"{edit.at:%Y-%m-%d %H:%M}" if edit.at else "at an unknown time"
    lost = "" if edit.taken else "  (lost a conflict)"
    implied = "  (passed through)" if edit.implied else ""
    moved = shown(edit.new) if edit.old == edit.new else f"{shown(edit.old)} → {shown(edit.new)}"
    return f"{when}  {edit.field}: {moved}, {brought(edit.cause, edit.origin)}{who}{lost}{implied}"


# ---- for programs ----------------------------------------------------------------------------------------------------------------------


def as_json(known: Known) -> dict[str, Any]:
    """Return `leadhub.lead/1`."""
    person = known.aggregate.person
    sets = {name: list(values) for name, values in person.sets.items()}
    return {
        "schema": "leadhub.lead/1",
        "person": {"id": person.id, "name": known.name, "fields": _fields_json(person.fields), "sets": sets},
        "leads": [_lead_json(lead) for lead in known.aggregate.leads],
        "links": [_link_json(known, link) for link in known.aggregate.links],
        "reviews": [stored.review.id for stored in known.reviews],
        "history": [_edit_json(edit) for edit in known.history],
    }


def _fields_json(fields: Mapping[str, Canonical]) -> dict[str, Any]:
    return {n: {"value": c.value, "version": c.version, "origin": c.origin, "cause": c.cause} for n, c in fields.items()}


def _lead_json(lead: Lead) -> dict[str, Any]:
    by = {f: {"origin": s.origin, "cause": s.cause, "author": s.author.name or None} for f, s in lead.set_by.items()}
    state = {facet: lead.state.facet(facet) for facet in FACETS}
    times = {"opened_at": _iso(lead.opened_at), "closed_at": _iso(lead.closed_at)}
    about = {"id": lead.id, "cycle": lead.cycle, "state": state, "exit_reason": lead.exit_reason, "set_by": by}
    return {**about, "fields": _fields_json(lead.fields), **times}


def _link_json(known: Known, link: Link) -> dict[str, Any]:
    record = known.aggregate.records.get(link.id)
    side = next((s for s in known.sides if s.id == link.id), None)
    base = {name: {"value": b.value, "version": b.version, "how": b.how} for name, b in link.base.items()}
    state: Mapping[str, Any] | None = None if link.state is None else {"values": dict(link.state.values), "how": link.state.how}
    where = {"id": link.id, "system": link.system, "object": link.object, "record_id": link.record_id, "role": link.role, "lead_id": link.lead_id}
    gone = record.gone.value if record is not None and record.gone else None
    return {**where, "gone": gone, "shown": dict(side.shown) if side else None, "base": base, "state": state}


def _edit_json(stored: StoredEdit) -> dict[str, Any]:
    names = ("lead_id", "field", "old", "new", "version", "cause", "origin", "actor", "implied", "taken")
    return {"run": stored.run_id, "at": _iso(stored.edit.at), **{name: getattr(stored.edit, name) for name in names}}


def _iso(at: Any) -> str | None:
    return at.isoformat() if at is not None else None
