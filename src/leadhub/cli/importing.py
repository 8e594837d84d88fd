"""`leadhub import`: shows how a file is read, asks what only a person can say, and takes it in. Writes to leadhub.toml when the file is new there,
and to no CRM.
"""

import logging
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer
from pydantic import ValidationError

from leadhub.cli.exits import UsageFault, of_report
from leadhub.cli.session import Cli, cli_of
from leadhub.cli.words import plural
from leadhub.config import add_system
from leadhub.connectors.protocols import Context
from leadhub.errors import LeadhubError
from leadhub.hub import Hub
from leadhub.model.record import Record, Reject
from leadhub.store import StoredReject
from leadhub.sync import run as flow
from leadhub.sync.report import RunReport
from leadhub.values.fields import FIELDS
from leadhub.values.headers import Question

_MOST = 20
_SAMPLE = 3
_PLUGIN = "files"
_READ = "columns read"
"""The event by which the connector tells how it reads a file."""
Settings = dict[str, Any]


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("import")(import_file)


def import_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    name: Annotated[
        str | None, typer.Option("--as", metavar="NAME", help="What to call it in leadhub.toml; from the file's name if not given.")
    ] = None,
    encoding: Annotated[str | None, typer.Option("--encoding", metavar="NAME", help="How the file is encoded, if it is not UTF-8: cp1252, …")] = None,
    header: Annotated[
        list[str] | None, typer.Option("--header", metavar="X=FIELD", help="What a column holds: a field, or ignore. May be given several times.")
    ] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Show how the file would be read, and store nothing.")] = False,
) -> None:
    """Take a CSV in: read it, find out whom its rows are about. Nothing is written to any CRM; the next sync may."""
    cli = cli_of(context)
    if not file.is_file():
        raise UsageFault(f"{file} is no file.", next_step="name a CSV file")
    hub = cli.open(offline=True)
    given: Settings = {"encoding": encoding} if encoding else {}
    if header:
        given["headers"] = dict(map(_header, header))
    known = _known_source(hub, file, name)
    if known and given:
        raise UsageFault(
            f"{known} in {hub.deployment.path.name} reads this file already: how it does stands there.",
            next_step=f"change encoding and headers in [system.{known}]",
        )
    if preview:
        _show_preview(cli, hub, file, known, given)
        return
    notes = _Notes(drop=cli.screen.for_people)
    with notes:
        read, hub, report = (known, hub, flow.take_in(hub, known)) if known else _first_import(cli, hub, file, name, given)
    if cli.screen.for_people:
        _show(cli, hub, read, report, notes.told)
    else:
        cli.screen.json(report.as_json())
    raise typer.Exit(of_report(report))


def _header(text: str) -> tuple[str, str]:
    """Return header and field. Raises UsageFault."""
    header, sign, name = text.rpartition("=")
    if not sign or not header.strip() or not name.strip():
        raise UsageFault(f'--header "{text}" does not name a column and a field.', next_step='--header "Its Header=email"')
    return header.strip(), name.strip()


class _Notes:
    """Hears what the connector says while a file is taken in: by what rows are known, and what it warns of. With `drop` the log leaves that out: the
    answer on the screen says it.
    """

    def __init__(self, *, drop: bool) -> None:
        self.told: list[str] = []
        self._drop = drop

    def __enter__(self) -> None:
        self._before = structlog.get_config()
        self._logs_all = logging.getLogger().isEnabledFor(logging.INFO)
        listening = self._before["wrapper_class"] if self._logs_all else structlog.make_filtering_bound_logger(logging.INFO)
        structlog.configure(processors=[self._hear, *self._before["processors"]], wrapper_class=listening)

    def __exit__(self, *_: object) -> None:
        structlog.configure(processors=self._before["processors"], wrapper_class=self._before["wrapper_class"])

    def _hear(self, _logger: object, method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        if method == "info":
            if event["event"] == _READ and (known := _known_by(event)) not in self.told:
                self.told.append(known)
            if not self._logs_all:
                raise structlog.DropEvent
            return event
        if method != "warning" or not self._drop:
            return event
        if event["event"] != "system_left_out":  # the report has that one
            self.told.append(_in_words(event))
        raise structlog.DropEvent


def _in_words(event: Mapping[str, object]) -> str:
    facts = (f"{key} {_listed(value)}" for key, value in event.items() if key not in {"event", "system", "file"})
    return f"{event.get('file', '')}: {event['event']}: {', '.join(facts)}".removeprefix(": ").removesuffix(": ")


def _known_by(event: Mapping[str, object]) -> str:
    """Say what tells whether a row is about somebody who is there already."""
    column, otherwise = event.get("key"), "its e-mail address; where that is blank, by all that it says"
    return f'A row is known by the column "{column}"; where that is blank, by {otherwise}.' if column else f"A row is known by {otherwise}."


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
        raise UsageFault(f"{source} is there already and does not read {file}.", next_step="give another name: --as NAME")
    return None


def _first_import(cli: Cli, hub: Hub, file: Path, wanted: str | None, given: Settings) -> tuple[str, Hub, RunReport]:
    """Read the file through, then add a table for it to leadhub.toml, then take it in. If that fails, leadhub.toml is as it was."""
    name = _name_for(file, wanted)
    if name in hub.systems:
        raise UsageFault(f'leadhub.toml has a system "{name}" already, which does not read {file}.', next_step="give it another name with --as NAME")
    settings, path = {"plugin": _PLUGIN, "path": _path_for(hub, file), **given}, hub.deployment.path
    reading = _read_through(cli, hub, name, settings)
    if cli.screen.for_people and not cli.yes:
        for line in _preview(reading):
            cli.screen.note(line)
    if cli.yes:
        cli.screen.note(f"{path.name}: adding [system.{name}], which reads {settings['path']}.")
    elif not cli.confirm(f"Add [system.{name}], which reads {settings['path']}, to {path.name}?"):
        raise UsageFault("Nothing was added and nothing taken in.", next_step="add the file to leadhub.toml by hand, or answer yes")
    before = path.read_bytes()
    add_system(path, name, reading.settings)
    try:
        opened = cli.open(offline=True)
        report = flow.take_in(opened, name)
    except LeadhubError:
        path.write_bytes(before)
        raise
    if name in report.troubles and not report.systems[name].pulled:  # what was stored in part is read to its end by the next import
        path.write_bytes(before)
    return name, opened, report


def _name_for(file: Path, wanted: str | None) -> str:
    return wanted or re.sub(r"[^a-z0-9]+", "-", file.stem.lower()).strip("-") or "file"


def _path_for(hub: Hub, file: Path) -> str:
    """The file as leadhub.toml names it: within the folder, or as it was given, from the folder on; absolute only where it was given so."""
    base, path = hub.deployment.folder.resolve(), file.resolve()
    if path.is_relative_to(base) or not file.is_absolute():
        return Path(os.path.relpath(path, base)).as_posix()
    return path.as_posix()


# ---- reading without keeping -----------------------------------------------------------------------------------------------------------


@dataclass
class _Reading:
    """What a file shows when it is read through. It is the connector's log too: what it says of columns and rows is part of that."""

    settings: Settings
    rows: int = 0
    rejected: int = 0
    first: list[Record] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    columns: Mapping[str, str] = field(default_factory=dict)
    key: object = None
    known_by: str = ""
    notes: list[str] = field(default_factory=list)

    def info(self, event: str, /, **fields: object) -> None:
        """Keep what the columns were read as, and which of them a row is known by."""
        columns = fields.get("read_as")
        if event == _READ and isinstance(columns, Mapping):
            self.columns, self.key, self.known_by = columns, fields.get("key"), _known_by(fields)

    def warning(self, event: str, /, **fields: object) -> None:
        """Keep what a person should know."""
        self.notes.append(_in_words({"event": event, **fields}))


def _read_through(cli: Cli, hub: Hub, name: str, settings: Settings) -> _Reading:
    """Read the whole file and keep nothing, asking what only a person can say. Raises the connector's errors: then nothing was changed anywhere."""
    while True:
        reading = _Reading(settings)
        try:
            _read(hub, name, reading)
        except LeadhubError as error:
            questions = [q for q in getattr(error, "questions", ()) if isinstance(q, Question)]
            answerable = questions and all(question.choices for question in questions)
            if not answerable or cli.yes or not cli.may_ask:
                error.next_step = _mend(hub, name, settings, questions)
                raise
            for question in questions:
                settings = _merged(settings, _answer(cli, question))
        else:
            return reading


def _read(hub: Hub, name: str, reading: _Reading) -> None:
    connector = hub.plugins.connectors().get(_PLUGIN)
    if connector is None:
        raise UsageFault("The connector for files is not installed.", next_step="pip install leadhub-files")
    own = {key: value for key, value in reading.settings.items() if key != "plugin"}
    try:
        given = connector.settings_model.model_validate({"base": hub.deployment.folder, **own})
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg'].removeprefix('Value error, ')}" for fault in error.errors())
        raise UsageFault(f"The file cannot be read like that: {told}.", next_step="leadhub import --help") from error
    wanted = {m.object: tuple(f.native for f in m.fields) for m in connector.mappings}
    for page in connector(Context(name, given, wanted, hub.make_http, hub.clock, reading)).pull(None):
        reading.rows += len(page.records)
        reading.rejected += len(page.rejects)
        reading.first += page.records[: _SAMPLE - len(reading.first)]
        reading.rejects += page.rejects[: _MOST + 1 - len(reading.rejects)]


def _merged(settings: Settings, answer: Mapping[str, str | Mapping[str, str]]) -> Settings:
    tables = {key: {**settings.get(key, {}), **value} for key, value in answer.items() if isinstance(value, Mapping)}
    return {**settings, **answer, **tables}


def _answer(cli: Cli, question: Question) -> Mapping[str, str | Mapping[str, str]]:
    """Ask until one of the choices is named."""
    cli.screen.complain(question.text, style="bold")
    for number, choice in enumerate(question.choices, 1):
        cli.screen.complain(f"  {number}  {choice.label}", style="")
    while True:
        try:
            typed = cli.screen.err.input("Which? (a number; nothing to stop) ", markup=False, emoji=False).strip()
        except EOFError:
            typed = ""
        if not typed:
            raise UsageFault("Nothing was added and nothing taken in.", next_step="import the file again, or answer with --header or --encoding")
        if typed.isdecimal() and 1 <= int(typed) <= len(question.choices):
            return question.choices[int(typed) - 1].settings


def _mend(hub: Hub, name: str, settings: Settings, questions: Sequence[Question]) -> str:
    readings = "; ".join(choice.label for question in questions for choice in question.choices if "encoding" in choice.settings)
    shown = f"Its text would read: {readings}. " if readings else ""
    return (
        f"mend the file and import it again ({hub.deployment.path.name} is as it was); or say how it is to be read: --encoding cp1252,"
        f' --header "Its Header=email". {shown}All settings of a file can be given in a table [system.{name}]: plugin = "{_PLUGIN}",'
        f' path = "{settings["path"]}"'
    )


def _show_preview(cli: Cli, hub: Hub, file: Path, known: str | None, given: Settings) -> None:
    """Show how a file would be read: for one that is configured, by its own settings."""
    own = hub.systems[known].doc.settings if known else {}
    settings = {"plugin": _PLUGIN, **own, "path": _path_for(hub, file), **given}
    reading = _read_through(cli, hub, known or _name_for(file, None), settings)
    if not cli.screen.for_people:
        rejects = [{"row": reject.row, "reason": reject.reason} for reject in reading.rejects]
        rows = [_understood(record) for record in reading.first]
        told = {"columns": dict(reading.columns), "key": reading.key, "rows": reading.rows, "rejected": reading.rejected}
        cli.screen.json({**told, "first": rows, "rejects": rejects})
        return
    for line in _preview(reading):
        cli.screen.line(line)
    cli.screen.line("Nothing was stored.")


def _preview(reading: _Reading) -> list[str]:
    """The file as it would be taken in."""
    lines = ["Columns:", *(f"  {header} → {name}" for header, name in reading.columns.items()), reading.known_by]
    if reading.first:
        lines.append("First rows, as they are understood:")
        lines += ["  " + ", ".join(f"{name} {value}" for name, value in _understood(record).items()) for record in reading.first]
    lines.append(f"{plural(reading.rows, 'row')} to take in, {plural(reading.rejected, 'row')} to reject.")
    lines += [f"  row {reject.row}: {reject.reason}" for reject in reading.rejects[:_MOST]]
    if reading.rejected > _MOST:
        lines.append("  … and more")
    return [*lines, *(f"  {note}" for note in reading.notes)]


def _understood(record: Record) -> dict[str, str]:
    """A record's values in their display form, blanks left out."""
    country = FIELDS["country"].kind.display(str(record.values.get("country") or ""), None) or None
    shown = {name: FIELDS[name].kind.display(str(value), country) for name, value in record.values.items() if name in FIELDS and value is not None}
    return {name: value for name, value in shown.items() if value}


# ---- the answer ------------------------------------------------------------------------------------------------------------------------


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
