"""`leadhub leads set`: a person decides what is true of a lead, with a reason; the next sync writes it where it is needed."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer

from leadhub.cli.deciding import Prepared, Wish, moved, on_field, on_state, show, store
from leadhub.cli.exits import UsageFault
from leadhub.cli.people import find
from leadhub.cli.session import Cli, cli_of
from leadhub.cli.why import demand_field
from leadhub.cli.words import plural, shown
from leadhub.core.owners import QUEUE
from leadhub.insight.known import Known
from leadhub.model.person import Lead, Value
from leadhub.model.state import FACETS, Facet

_FACTS = frozenset({"created_at", "last_activity_at", "occurred_at", "email_bounced"})
"""What a system observed: nobody decides it."""


def add_to(group: typer.Typer) -> None:
    """Add the command to the group of leads."""
    group.command("set")(set_lead)


def set_lead(
    context: typer.Context,
    who: Annotated[str, typer.Argument(metavar="LEAD", help="The id of a lead or person, or an e-mail address.")],
    values: Annotated[list[str], typer.Argument(metavar="FIELD=VALUE…", help="stage=, status=, exit= or any field; nothing after = blanks it.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for whoever asks later.")],
) -> None:
    """Decide values of a lead. Shows what will be written before anything is stored; the next sync writes it."""
    cli = cli_of(context)
    if not reason.strip():
        raise UsageFault("--reason is empty: whoever asks later wants to know why.", next_step='add --reason "what made you decide so"')
    hub = cli.open(offline=True)
    wanted = _read(cli, values)
    for name in wanted:
        demand_field(cli, hub, name, f"leads show {who}")
    known = find(hub, who)
    prepared = _prepare(known, _lead_meant(known, who), wanted, Wish(reason=reason.strip()))
    if not prepared:
        cli.screen.line(f"{known.name} is like that already: nothing to decide.")
        return
    show(cli, prepared)
    if not cli.confirm(f"Store {plural(len(prepared), 'decision')}?"):
        cli.screen.line("Nothing was stored.")
        return
    store(hub, prepared)
    cli.screen.line(f"{plural(len(prepared), 'decision')} stored, by {hub.actor}. Next: {cli.command('sync')} writes what that takes.")


def _read(cli: Cli, values: Sequence[str]) -> dict[str, str]:
    wanted: dict[str, str] = {}
    for text in values:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageFault(f'"{text}" is no FIELD=VALUE.', next_step=cli.command("leads set LEAD phone=+15550100 --reason …"))
        if name.strip() in wanted:
            raise UsageFault(f"{name.strip()} is given twice.", next_step="give each field once")
        wanted[name.strip()] = value.strip()
    return wanted


def _lead_meant(known: Known, who: str) -> Lead | None:
    """The lead whose id was typed, else the current one."""
    return next((lead for lead in known.aggregate.leads if lead.id.startswith(who)), known.current)


def _prepare(known: Known, lead: Lead | None, wanted: Mapping[str, str], wish: Wish) -> list[Prepared]:
    facets: dict[Facet, str] = {facet: wanted[facet] for facet in FACETS if facet in wanted}
    prepared = []
    if facets:
        if lead is None:
            raise UsageFault(f"{known.name} has no lead whose state could be set.", next_step="leadhub leads list")
        state = moved(lead.state, facets, next_step=f"leadhub leads show {known.aggregate.person.id}")
        prepared += [on_state(known, lead, state, wish)] if state != lead.state else []
    for name in (n for n in wanted if n not in FACETS):
        about = lead if known.hub.policy.fields[name].entity == "lead" else None
        value = checked(known, name, wanted[name])
        canonical = known.canonical(name, about)
        if canonical is None or canonical.value != value:
            prepared.append(on_field(known, name, about, value, wish))
    return prepared


# ---- what a field takes ----------------------------------------------------------------------------------------------------------------


def checked(known: Known, name: str, text: str) -> Value:
    """Return a typed value as the field holds it; None for a blank. Raises UsageFault for what the field cannot be."""
    why = _why_never(known, name, text)
    value = None if why else _display(known, name, text)
    why = why or (_why_not(known, name, value) if value else "that is no phone number" if text and _is_phone(known, name) else None)
    if why:
        raise UsageFault(f"{name} cannot be {shown(text)}: {why}.", next_step=f"leadhub leads show {known.aggregate.person.id}")
    return value


def _display(known: Known, name: str, text: str) -> Value:
    country = known.canonical("country")
    region = country.value if country is not None and country.value else known.hub.region
    return known.hub.fields[name].kind.display(text, region) or None


def _why_never(known: Known, name: str, text: str) -> str | None:
    policy = known.hub.policy.fields[name]
    if name in _FACTS:
        return "it is what a system observed, and nobody decides that"
    if policy.merge == "restrictive" and text.lower() not in {"true", "yes", "ja", "1"}:
        return "consent is given by the person it is about, where they give it; leadhub takes it from there, after a question"
    return None


def _why_not(known: Known, name: str, value: str) -> str | None:
    match known.hub.fields[name].kind.name:
        case "email":
            return _why_no_owner(known, value) if name == "owner" else None if _looks_like_address(value) else "that is no e-mail address"
        case "boolean":
            return None if value in {"true", "false"} else "it is true or false"
        case "number":
            return None if _parses(Decimal, value) else "it is a number, such as 250 or 1234.50"
        case "date":
            return None if _parses(date.fromisoformat, value) else "it is a date, such as 2026-05-03"
        case "instant":
            return None if _parses(datetime.fromisoformat, value) else "it is a date with a time, such as 2026-05-03T10:00:00Z"
        case "phone":
            return None if sum(c.isdigit() for c in value) >= 5 else "that is no phone number"
        case _:
            return None


def _is_phone(known: Known, name: str) -> bool:
    return known.hub.fields[name].kind.name == "phone"


def _looks_like_address(value: str) -> bool:
    local, at, domain = value.rpartition("@")
    return bool(local and at and "." in domain.strip(".")) and not any(c.isspace() for c in value)


def _why_no_owner(known: Known, value: str) -> str | None:
    if value.startswith(QUEUE):
        return None
    if not _looks_like_address(value):
        return f'an owner is an e-mail address, or "{QUEUE}NAME"'
    with known.hub.store.read() as tx:
        owners = [owner for system in known.hub.systems for owner in tx.owners.of(system)]
    there = {owner.email.lower() for owner in owners if owner.email and owner.active}
    return "no system has an active user of that address" if owners and value.lower() not in there else None


def _parses(read: Callable[[str], object], value: str) -> bool:
    try:
        read(value)
    except (ValueError, InvalidOperation):
        return False
    return True
