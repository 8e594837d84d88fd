"""`leadhub import`: takes a CSV file in through the files connector. Writes to leadhub.toml when the file is new there, and to no CRM."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import structlog
import typer

from leadhub.cli.exits import UsageFault, of_report
from leadhub.cli.session import Cli, cli_of
from leadhub.cli.words import plural
from leadhub.config import add_system
from leadhub.connectors.protocols import Context
from leadhub.errors import LeadhubError
from leadhub.hub import Hub
from leadhub.store import StoredReject
from leadhub.sync import run as flow
from leadhub.sync.report import RunReport

_MOST = 20
_PLUGIN = "files"


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
    hub = cli.open(offline=True)
    known, notes = _known_source(hub, file, source), _Notes(drop=cli.screen.for_people)
    with notes:
        name, hub, report = (known, hub, flow.take_in(hub, known)) if known else _first_import(cli, hub, file, source)
    if cli.screen.for_people:
        _show(cli, hub, name, report, notes.told)
    else:
        cli.screen.json(report.as_json())
    raise typer.Exit(of_report(report))


class _Notes:
    """Hears what the connector warns of while a file is taken in. With `drop` the log leaves it out: the answer on the screen says it."""

    def __init__(self, *, drop: bool) -> None:
        self.told: list[str] = []
        self._drop = drop

    def __enter__(self) -> None:
        self._before = structlog.get_config()["processors"]
        structlog.configure(processors=[self._hear, *self._before])

    def __exit__(self, *_: object) -> None:
        structlog.configure(processors=self._before)

    def _hear(self, _logger: object, method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        if method != "warning" or not self._drop:
            return event
        if event["event"] != "system_left_out":  # the report has that one
            facts = (f"{key} {_listed(value)}" for key, value in event.items() if key not in {"event", "system", "file"})
            self.told.append(f"{event.get('file', '')}: {event['event']}: {', '.join(facts)}".removeprefix(": "))
        raise structlog.DropEvent


def _listed(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _known_source(hub: Hub, file: Path, source: str | None) -> str | None:
    """The system of files that reads this very file, if one does."""
    base, wanted = hub.deployment.folder.resolve(), file.resolve()
    for name, system in hub.systems.items():
        if system.doc.plugin != _PLUGIN or (source is not None and name != source):
            continue
        pattern = (base / Path(str(system.doc.settings.get("path", ""))).expanduser()).resolve()
        root = Path(pattern.anchor)
        if wanted == pattern or wanted in (found.resolve() for found in root.glob(str(pattern.relative_to(root)))):
            return name
    if source in hub.systems:
        raise UsageFault(f"{source} is there already and does not read {file}.", next_step="give another --source NAME")
    return None


def _first_import(cli: Cli, hub: Hub, file: Path, source: str | None) -> tuple[str, Hub, RunReport]:
    """Read the file through, then add a table for it to leadhub.toml, then take it in. If that fails, leadhub.toml is as it was."""
    name = source or re.sub(r"[^a-z0-9]+", "-", file.stem.lower()).strip("-") or "file"
    if name in hub.systems:
        raise UsageFault(
            f'leadhub.toml has a system "{name}" already, which does not read {file}.', next_step="give it another name with --source NAME"
        )
    settings, path = {"plugin": _PLUGIN, "path": _path_for(hub, file)}, hub.deployment.path
    _try(hub, name, settings)
    if cli.yes:
        cli.screen.note(f"{path.name}: adding [system.{name}], which reads {settings['path']}.")
    elif not cli.confirm(f"Add [system.{name}], which reads {settings['path']}, to {path.name}?"):
        raise UsageFault("Nothing was added and nothing taken in.", next_step="add the file to leadhub.toml by hand, or answer yes")
    before = path.read_bytes()
    add_system(path, name, settings)
    try:
        opened = cli.open(offline=True)
        report = flow.take_in(opened, name)
    except LeadhubError:
        path.write_bytes(before)
        raise
    if name in report.troubles and not report.systems[name].pulled:  # what was stored in part is read to its end by the next import
        path.write_bytes(before)
    return name, opened, report


def _path_for(hub: Hub, file: Path) -> str:
    """The file as leadhub.toml names it: within the folder, or as it was given, from the folder on; absolute only where it was given so."""
    base, path = hub.deployment.folder.resolve(), file.resolve()
    if path.is_relative_to(base) or not file.is_absolute():
        return Path(os.path.relpath(path, base)).as_posix()
    return path.as_posix()


class _Silent:
    """A log that nobody reads."""

    def info(self, event: str, /, **fields: object) -> None:
        """Say nothing."""

    def warning(self, event: str, /, **fields: object) -> None:
        """Say nothing."""


def _try(hub: Hub, name: str, settings: Mapping[str, str]) -> None:
    """Read the whole file and keep nothing. Raises the connector's errors: then nothing was changed anywhere."""
    connector = hub.plugins.connectors().get(_PLUGIN)
    if connector is None:
        raise UsageFault("The connector for files is not installed.", next_step="pip install leadhub-files")
    given = connector.settings_model.model_validate({"path": settings["path"], "base": hub.deployment.folder})
    wanted = {m.object: tuple(f.native for f in m.fields) for m in connector.mappings}
    try:
        for _page in connector(Context(name, given, wanted, hub.make_http, hub.clock, _Silent())).pull(None):
            pass
    except LeadhubError as error:
        error.next_step = (
            f"mend the file and import it again ({hub.deployment.path.name} is as it was); or, where the file is right, add [system.{name}] there"
            f' with what it needs: plugin = "{_PLUGIN}", path = "{settings["path"]}", and for instance headers = {{ "Its Header" = "email" }}'
        )
        raise


def _show(cli: Cli, hub: Hub, name: str, report: RunReport, notes: Sequence[str]) -> None:
    screen, counts = cli.screen, report.systems[name]
    if trouble := report.troubles.get(name):
        screen.line(f"{name}: {trouble}", style="bold")
        for step in report.next_steps:
            screen.line(f"Next: {step}")
        if not counts.pulled:
            return
    else:
        taken = counts.pulled - counts.rejected
        if counts.pulled:
            screen.line(f"{plural(taken, 'row')} taken in from {name}, {plural(counts.rejected, 'row')} rejected; no CRM was called.", style="bold")
        else:
            screen.line(f"Nothing new: {name} is as it was when it was last read.", style="bold")
    for note in notes:
        screen.line(f"  {note}")
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
