"""`leadhub import`: takes a CSV file in through the files connector. Writes to leadhub.toml when the file is new there, and to no CRM."""

import re
from pathlib import Path
from typing import Annotated

import typer

from leadhub.cli.exits import UsageFault, of_report
from leadhub.cli.session import Cli, cli_of
from leadhub.cli.words import plural
from leadhub.config import add_system
from leadhub.hub import Hub
from leadhub.store import StoredReject
from leadhub.sync import run as flow
from leadhub.sync.report import RunReport

_MOST = 20


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("import")(import_file)


def import_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    source: Annotated[
        str | None, typer.Option("--source", metavar="NAME", help="What to call it in leadhub.toml; from the file's name if not given.")
    ] = None,
) -> None:
    """Take a CSV in: read it, find out whom its rows are about. Nothing is written to any CRM; the next sync may."""
    cli = cli_of(context)
    if not file.is_file():
        raise UsageFault(f"{file} is no file.", next_step="name a CSV file")
    hub = cli.open()
    name = _known_source(hub, file, source)
    if name is None:
        name = _add_source(cli, hub, file, source)
        hub = cli.open()
    report = flow.take_in(hub, name)
    if cli.screen.for_people:
        _show(cli, hub, name, report)
    else:
        cli.screen.json(report.as_json())
    raise typer.Exit(of_report(report))


def _known_source(hub: Hub, file: Path, source: str | None) -> str | None:
    """The system of files that reads this very file, if one does."""
    for name, system in hub.systems.items():
        if system.doc.plugin != "files" or (source is not None and name != source):
            continue
        pattern = str(system.doc.settings.get("path", ""))
        base = hub.deployment.folder.resolve()
        if file.resolve() == (base / pattern).resolve() or (
            set(pattern) & set("*?[") and file.resolve() in {p.resolve() for p in base.glob(pattern)}
        ):
            return name
    if source in hub.systems:
        raise UsageFault(f"{source} is there already and does not read {file}.", next_step="give another --source NAME")
    return None


def _add_source(cli: Cli, hub: Hub, file: Path, source: str | None) -> str:
    """Add a table for the file to leadhub.toml, comments and order kept."""
    name = source or re.sub(r"[^a-z0-9]+", "-", file.stem.lower()).strip("-") or "file"
    if name in hub.systems:
        raise UsageFault(
            f'leadhub.toml has a system "{name}" already, which does not read {file}.', next_step="give it another name with --source NAME"
        )
    base, path = hub.deployment.folder.resolve(), file.resolve()
    text = path.relative_to(base).as_posix() if path.is_relative_to(base) else path.as_posix()
    if not cli.may_ask or cli.yes:
        cli.screen.note(f"{hub.deployment.path.name}: adding [system.{name}], which reads {text}.")
    elif not cli.confirm(f"Add [system.{name}], which reads {text}, to {hub.deployment.path.name}?"):
        raise UsageFault("Nothing was added and nothing read.", next_step="add the file to leadhub.toml by hand, or answer yes")
    add_system(hub.deployment.path, name, {"plugin": "files", "path": text})
    return name


def _show(cli: Cli, hub: Hub, name: str, report: RunReport) -> None:
    screen, counts = cli.screen, report.systems[name]
    if trouble := report.troubles.get(name):
        screen.line(f"{name} was not taken in: {trouble}", style="bold")
        for step in report.next_steps:
            screen.line(f"Next: {step}")
    else:
        taken = counts.pulled - counts.rejected
        if counts.pulled:
            screen.line(f"{plural(taken, 'row')} taken in from {name}, {plural(counts.rejected, 'row')} rejected; no CRM was called.", style="bold")
        else:
            screen.line(f"Nothing new: {name} is as it was when it was last read.", style="bold")
    with hub.store.read() as tx:
        rejects = tx.rejects.list(report.run, limit=_MOST + 1)
        here = tx.persons.link_counts().get((name, "primary"), 0)
    _show_rejects(cli, report, rejects)
    screen.line()
    screen.line(f"{plural(here, 'person')} with a row in {name}: {cli.command(f'leads list --system {name}')}")
    if report.open_reviews:
        screen.line(f"{plural(report.open_reviews, 'open question')}: {cli.command('review list')}")
    screen.line(f"Next: {cli.command('plan')} shows what this would write to the CRMs.")


def _show_rejects(cli: Cli, report: RunReport, rejects: tuple[StoredReject, ...]) -> None:
    if not rejects:
        return
    cli.screen.title("Rejected rows (the header is row 1); mend the file and import it again")
    for reject in rejects[:_MOST]:
        cli.screen.line(f"  {reject.source} row {reject.row}: {reject.reason}")
    cli.screen.line(f"  See them again: {cli.command(f'runs show {report.run}')}")
    if len(rejects) > _MOST:
        cli.screen.line(f"  … and more. All {sum(c.rejected for c in report.systems.values())} are kept with run {report.run}.")
