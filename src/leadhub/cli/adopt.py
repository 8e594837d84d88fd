"""`leadhub adopt`: first contact with one system, and, as a step of its own, switching writing on."""

from dataclasses import asdict, replace
from typing import Annotated, Any

import typer

from leadhub.cli.exits import UsageFault, in_folder, of_report
from leadhub.cli.session import Cli, cli_of, identify, system_of
from leadhub.cli.words import plural, shown, why_standing
from leadhub.hub import Hub, System
from leadhub.model.record import Identity
from leadhub.store import SystemRow
from leadhub.sync import run as flow
from leadhub.sync.report import AdoptionReport

_PATTERNS = 15


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("adopt")(adopt)


def adopt(
    context: typer.Context,
    system: Annotated[str, typer.Argument(metavar="SYSTEM")],
    write_on: Annotated[bool, typer.Option("--write-on", help="Let leadhub write to this system, which must be adopted.")] = False,
) -> None:
    """First contact: read the system, match its records, say what was found. Writes nothing."""
    cli = cli_of(context)
    hub = cli.open()
    found = system_of(hub, system)
    if write_on:
        _switch_on(cli, hub, found)
        return
    report = flow.adopt(hub, system)
    if cli.screen.for_people:
        _show(cli, hub, report)
    else:
        cli.screen.json(_as_json(report))
    raise typer.Exit(of_report(report.run))


def _as_json(report: AdoptionReport) -> dict[str, Any]:
    names = ("system", "records", "persons_shared", "persons_only_here", "persons_only_elsewhere", "several_here", "unsure")
    standing = [{"field": f, "value": v, "reason": r, "count": n} for f, v, r, n in report.patterns]
    identity = asdict(report.identity) if report.identity else None
    return {
        "schema": "leadhub.adoption/1",
        **{n: getattr(report, n) for n in names},
        "org": identity,
        "standing": standing,
        "run": report.run.as_json(),
    }


# ---- the report ------------------------------------------------------------------------------------------------------------------------


def _show(cli: Cli, hub: Hub, report: AdoptionReport) -> None:
    screen, name = cli.screen, report.system
    if trouble := report.run.troubles.get(name):
        screen.line(f"{name} was not adopted: {trouble}", style="bold")
        for step in report.run.next_steps:
            screen.line(f"Next: {in_folder(step, cli.folder)}")
        return
    screen.line(f"Read {name}; nothing was written, to no system.", style="bold")
    counts = report.run.systems[name]
    screen.line(f"{plural(report.records, 'record')} there, {counts.rejected} could not be taken in; {plural(counts.api_calls, 'API call')} used.")
    screen.title("Who they are")
    everyone = report.persons_shared + report.persons_only_here
    rows = [
        (plural(report.persons_shared, "person"), "known from another system too (the same e-mail address or phone, under a name that fits)"),
        (plural(report.persons_only_here, "person"), f"only in {name}"),
        (plural(report.persons_only_elsewhere, "person"), f"not in {name}"),
        (plural(report.several_here, "person"), f"with several records in {name}; leadhub links them, and never merges"),
        (plural(report.unsure, "question"), f"who is who, in all systems: {cli.command('review list')}"),
    ]
    for count, what in rows:
        screen.line(f"  {count:>14}  {what}")
    _show_patterns(cli, report)
    _show_next(cli, hub, report, everyone)


def _show_patterns(cli: Cli, report: AdoptionReport) -> None:
    screen = cli.screen
    total = sum(count for *_, count in report.patterns)
    if not total:
        screen.title(f"No standing differences: {report.system} contradicts nothing that is known.")
        return
    screen.title(f"{plural(total, 'standing difference')}: there before the adoption, never written, no question to anybody")
    for name, value, reason, count in report.patterns[:_PATTERNS]:
        screen.line(f"  {count:>6}  {name} {shown(value)} here: {why_standing(reason)}")
    if len(report.patterns) > _PATTERNS:
        screen.line(f"          … and {len(report.patterns) - _PATTERNS} smaller patterns (--output json shows all)")


def _show_next(cli: Cli, hub: Hub, report: AdoptionReport, everyone: int) -> None:
    screen, name = cli.screen, report.system
    rule = hub.systems[name].doc.adoption
    screen.line()
    screen.line(f'The rule for them is adoption = "{rule}" (keep: leave them; fill: only into blanks; prefer: {name} has the last word).')
    screen.line(f"From now on every run reads {name} ({plural(everyone, 'person')}). An edit made after this moment is an edit, and travels.")
    system = hub.systems[name]
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
    if row.mode == "write":
        cli.screen.line(f"Writing to {system.name} is on already.")
        return
    _, identity = identify(hub, system)
    if identity.shared_login:
        raise UsageFault(
            f"{identity.user} is a person's login too: leadhub could not tell that person's edits from its own, so it does not write under it.",
            next_step="give leadhub a user of its own in that system",
        )
    if not cli.confirm(_question(system, identity)):
        cli.screen.line(f"Nothing was changed: writing to {system.name} stays off.")
        return
    with hub.store.begin() as tx:
        tx.systems.save(replace(row, mode="write"))
        for name in hub.systems:
            tx.records.mark_system_dirty(name)
    _show_switched_on(cli, system)


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
    return f"Let leadhub write to {system.name}, {identity.name} ({identity.org}), {kind}?"


def _show_switched_on(cli: Cli, system: System) -> None:
    screen, doc = cli.screen, system.doc
    screen.line(f"Writing to {system.name} is on. Nothing has been written yet.", style="bold")
    screen.line("All records are looked at once more. The next sync may then:")
    screen.line(f"  update records of {system.name} that contradict an edit made elsewhere after adoption; standing differences are left alone;")
    if doc.create == "always":
        owner = doc.on_create.owner if doc.on_create else "nobody"
        screen.line(f"  create missing records, at most {doc.create_cap} a run, for the owner {owner}.")
    else:
        screen.line('  create no records (create = "never" in leadhub.toml).')
    screen.line(f"Next: {cli.command('plan')} shows every write; {cli.command('sync')} makes them.")
