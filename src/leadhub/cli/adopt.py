"""`leadhub adopt`: first contact with one system; settling old differences in bulk; and, as a step of its own, switching writing on."""

from dataclasses import asdict, replace
from typing import Annotated, Any

import typer

from leadhub.cli.completion import complete_settled, complete_system
from leadhub.cli.exits import UsageFault, in_folder, of_report
from leadhub.cli.progress import following
from leadhub.cli.report import as_row, show_patterns
from leadhub.cli.session import Cli, cli_of, identify, system_of, who_answers
from leadhub.cli.settle import Wanted, settle
from leadhub.cli.words import EVIDENCE, plural
from leadhub.core.policy import Adoption
from leadhub.hub import Hub, System
from leadhub.insight.disagreement import Disagreement, disagreement
from leadhub.insight.first_contact import FirstContact, first_contact
from leadhub.model.record import Identity, Usage
from leadhub.store import SystemRow
from leadhub.sync import run as flow
from leadhub.sync.installation import shown
from leadhub.sync.report import AdoptionReport

_PATTERNS = 15


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("adopt")(adopt)


def adopt(
    context: typer.Context,
    system: Annotated[str, typer.Argument(metavar="SYSTEM", autocompletion=complete_system)],
    write_on: Annotated[bool, typer.Option("--write-on", help="Let leadhub write to this system, which must be adopted.")] = False,
    take_over: Annotated[str | None, typer.Option("--take-over", metavar="ID", help="Say that another leadhub on this system works no more.")] = None,
    keep: Annotated[
        str | None, typer.Option("--keep", metavar="FIELD", help="Leave old differences of a field.", autocompletion=complete_settled)
    ] = None,
    fill: Annotated[
        str | None, typer.Option("--fill", metavar="FIELD", help="Fill the field where it is blank here.", autocompletion=complete_settled)
    ] = None,
    prefer: Annotated[
        str | None,
        typer.Option(
            "--prefer", metavar="FIELD", help="Take what this system shows; of state, its stage, status and exit.", autocompletion=complete_settled
        ),
    ] = None,
    value: Annotated[str | None, typer.Option("--value", metavar="V", help="With these three: only where the system shows V.")] = None,
    held: Annotated[str | None, typer.Option("--hub", metavar="W", help="With these three: only where leadhub holds W.")] = None,
) -> None:
    """First contact: read the system, match its records, say what was found. Writes nothing to any system."""
    cli = cli_of(context)
    wanted = _wanted(cli, system, {"keep": keep, "fill": fill, "prefer": prefer}, value, held, other=write_on + (take_over is not None))
    hub = cli.open(offline=wanted is not None or take_over is not None)
    found = system_of(hub, system)
    if take_over is not None:
        _take_over(cli, hub, system, take_over)
    elif wanted is not None:
        settle(cli, hub, system, wanted)
    elif write_on:
        _switch_on(cli, hub, found)
    else:
        _first_contact(cli, hub, system)


def _wanted(cli: Cli, system: str, given: dict[Adoption, str | None], value: str | None, held: str | None, *, other: int) -> Wanted | None:
    """The rule that was typed, if one was. Raises UsageFault for more than one thing at a time."""
    chosen = [Wanted(rule, field, value, held) for rule, field in given.items() if field is not None]
    if len(chosen) + other > 1 or (not chosen and (value is not None or held is not None)):
        raise UsageFault(
            "One thing at a time: --keep, --fill or --prefer with its FIELD (and --value, --hub), --write-on, or --take-over.",
            next_step=cli.command(f"report disagreement --system {system}"),
        )
    return chosen[0] if chosen else None


def _first_contact(cli: Cli, hub: Hub, system: str) -> None:
    with following(cli, hub):
        report = flow.adopt(hub, system)
    with hub.store.read() as tx:
        contact, differing = first_contact(hub, tx, system), disagreement(hub, tx, system=system)
    if cli.screen.for_people:
        _show(cli, hub, report, contact, differing)
    else:
        cli.screen.json(_as_json(report, contact, differing))
    raise typer.Exit(of_report(report.run))


def _as_json(report: AdoptionReport, contact: FirstContact, differing: Disagreement) -> dict[str, Any]:
    standing = [as_row(number, pattern) for number, pattern in enumerate(differing.patterns, 1)]
    usage = report.run.usage.get(report.system)
    return {
        "schema": "leadhub.adoption/1",
        "system": report.system,
        "records": contact.in_scope,
        "out_of_scope": contact.out_of_scope,
        "gone": contact.gone,
        "persons_shared": contact.shared,
        "evidence": dict(contact.evidence),
        "persons_only_here": contact.only_here,
        "persons_only_elsewhere": contact.only_elsewhere,
        "several_here": contact.several_here,
        "unsure": contact.unsure,
        "org": asdict(report.identity) if report.identity else None,
        "usage": asdict(usage) if usage else None,
        "standing": standing,
        "run": report.run.as_json(),
    }


# ---- the report ------------------------------------------------------------------------------------------------------------------------


def _show(cli: Cli, hub: Hub, report: AdoptionReport, contact: FirstContact, differing: Disagreement) -> None:
    screen, name = cli.screen, report.system
    if trouble := report.run.troubles.get(name):
        screen.line(f"{name} was not adopted: {trouble}", style="bold")
        for step in report.run.next_steps:
            screen.line(f"Next: {in_folder(step, cli.folder)}")
        return
    screen.line(f"Read {name}; nothing was written, to no system.", style="bold")
    if report.identity is not None:
        screen.line(who_answers(hub.systems[name], report.identity).plain)
    _show_records(cli, report, contact)
    _show_persons(cli, contact)
    _show_patterns(cli, name, differing)
    _show_next(cli, hub, name, contact, differing)


def _show_records(cli: Cli, report: AdoptionReport, contact: FirstContact) -> None:
    counts, usage = report.run.systems[report.system], report.run.usage.get(report.system)
    parts = [f"{plural(contact.in_scope, 'record')} in scope", f"{contact.out_of_scope:,} out of scope"]
    parts += [f"{counts.rejected:,} could not be taken in"] if counts.rejected else []
    parts += [f"{contact.gone:,} gone since"] if contact.gone else []
    cli.screen.line(f"{', '.join(parts)}; {_calls(counts.api_calls, usage)}.")


def _calls(made: int, usage: Usage | None) -> str:
    used = f"{plural(made, 'API call')} used"
    if usage is None or usage.used is None or usage.limit is None:
        return f"{used} (the system does not tell how many are left)"
    return f"{used}, {max(0, usage.limit - usage.used):,} of {usage.limit:,} left today"


def _show_persons(cli: Cli, contact: FirstContact) -> None:
    screen, name = cli.screen, contact.system
    screen.title("Who they are")
    by = "; ".join(f"{count:,} {EVIDENCE.get(kind, kind)}" for kind, count in contact.evidence.items())
    rows = [
        (contact.shared, "person", f"known from another system too{f': {by}' if by else ''}"),
        (contact.only_here, "person", f"only in {name}"),
        (contact.only_elsewhere, "person", f"not in {name}"),
        (contact.several_here, "person", f"with several records in {name}: linked, never merged"),
        (contact.unsure, "question", f"cannot tell who is who: {cli.command('review list')}"),
    ]
    for count, noun, what in rows:
        if count or noun == "person":
            screen.line(f"  {plural(count, noun):>14}  {what}")


def _show_patterns(cli: Cli, name: str, differing: Disagreement) -> None:
    screen = cli.screen
    if not differing.patterns:
        screen.title(f"No standing differences: {name} contradicts nothing that is known.")
        return
    screen.title(f"{plural(differing.total, 'standing difference')}: there before the adoption, never written, no question to anybody")
    show_patterns(cli, differing, _PATTERNS)


def _show_next(cli: Cli, hub: Hub, name: str, contact: FirstContact, differing: Disagreement) -> None:
    screen, system = cli.screen, hub.systems[name]
    screen.line()
    if differing.patterns:
        screen.line(f"Settle them whenever you like, or never: {cli.command(f'report disagreement --system {name} --pattern 1')}")
    screen.line(f"From now on every run reads {name} ({plural(contact.persons, 'person')}). An edit made after this moment is an edit, and travels.")
    if not system.writes:
        screen.line(f"{name} is never written." if not system.is_target else f'{name} is never written: leadhub.toml says mode = "read".')
        return
    with hub.store.read() as tx:
        row = tx.systems.get(name)
    if row is not None and row.mode == "write":
        screen.line(f"Next: {cli.command('plan')}")
    else:
        screen.line(f"Writing to {name} is off. Next: {cli.command(f'adopt {name} --write-on')}")


# ---- writing on ------------------------------------------------------------------------------------------------------------------------


def _switch_on(cli: Cli, hub: Hub, system: System) -> None:
    with hub.store.read() as tx:
        row = tx.systems.get(system.name)
    row = _demand_writable(cli, system, row)
    if row.mode == "paused":
        raise UsageFault(f"Writing to {system.name} is on, and paused.", next_step=cli.command(f"resume {system.name}"))
    if row.mode == "write":
        cli.screen.line(f"Writing to {system.name} is on already.")
        return
    _, identity = identify(hub, system)
    if not cli.confirm(_question(system, identity)):
        cli.screen.line(f"Nothing was changed: writing to {system.name} stays off.")
        return
    with hub.store.begin() as tx:
        tx.systems.save(replace(row, mode="write"))
        for name in hub.systems:
            tx.records.mark_system_dirty(name)
    _show_switched_on(cli, system)


def _take_over(cli: Cli, hub: Hub, system: str, other: str) -> None:
    with hub.store.read() as tx:
        known = {one.id: one for one in tx.installations.others(system)}
    if other not in known:
        raise UsageFault(f"No other leadhub {other} was met in {system}; met were: {', '.join(known) or 'none'}.", next_step=cli.command("doctor"))
    if not cli.confirm(f"Does no leadhub work on {system} as {shown(known[other])}? Two at once would write over each other."):
        cli.screen.line("Nothing was changed.")
        return
    with hub.store.begin() as tx:
        tx.installations.take_over(system, other, hub.actor)
    cli.screen.line(f"{system}: what installation {other} made is this one's from now on. {cli.command('plan')} shows what is to be written.")


def _demand_writable(cli: Cli, system: System, row: SystemRow | None) -> SystemRow:
    if not system.is_target:
        raise UsageFault(f"{system.name} is only ever read: its connector ({system.connector.name}) cannot write.", next_step=cli.command("sync"))
    if system.doc.mode == "read":
        raise UsageFault(f'{system.name} is not written: leadhub.toml says mode = "read".', next_step=f"remove that line from [system.{system.name}]")
    if row is None or row.mode == "new":
        raise UsageFault(f"{system.name} is not adopted yet, so nobody has seen what differs.", next_step=cli.command(f"adopt {system.name}"))
    return row


def _question(system: System, identity: Identity) -> str:
    kind = "PRODUCTION" if identity.production else "sandbox"
    user = f", as {identity.user}" if identity.user else ""
    return f"Let leadhub write to {system.name}, {identity.name} ({identity.org}), {kind}{user}?"


def _show_switched_on(cli: Cli, system: System) -> None:
    screen, doc = cli.screen, system.doc
    screen.line(f"Writing to {system.name} is on. Nothing has been written yet.", style="bold")
    screen.line("All records are looked at once more. The next sync may then:")
    screen.line(f"  update records of {system.name} that contradict an edit made elsewhere after adoption; standing differences are left alone;")
    if doc.create != "never":
        owner = doc.on_create.owner if doc.on_create else "nobody"
        which = "missing records" if doc.create == "always" else "missing records that meet create_when"
        screen.line(f"  create {which}, for the owner {owner}; a run that wants more than {doc.create_cap} creates none and asks.")
    else:
        screen.line('  create no records (create = "never" in leadhub.toml).')
    screen.line(f"Next: {cli.command('plan')} shows every write; {cli.command('sync')} makes them.")
