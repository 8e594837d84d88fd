"""`leadhub map add` and `leadhub map rename`: change the mapping of a system's words, after showing what would change and checking its laws."""

import difflib
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tomllib import loads
from typing import Annotated, Any

import typer
from rich.text import Text

from leadhub.cli.exits import UsageFault
from leadhub.cli.held import stored
from leadhub.cli.screen import clean
from leadhub.cli.session import Cli, cli_of, system_of
from leadhub.cli.words import plural
from leadhub.config.edit import read_text, replace_text
from leadhub.config.map_edit import meaning_of, renamed, with_answer_renamed, with_row, with_value_renamed, without_value
from leadhub.core.targets import TargetObject
from leadhub.errors import ConfigError
from leadhub.hub import Hub, System
from leadhub.lifecycle.explain import explain
from leadhub.lifecycle.laws import check as check_laws
from leadhub.lifecycle.lines import line_finder
from leadhub.lifecycle.loader import load_relation
from leadhub.lifecycle.relation import Relation
from leadhub.lifecycle.rows import CANNOT_TELL
from leadhub.lifecycle.wording import did_you_mean, quoted

SystemName = Annotated[str, typer.Argument(metavar="SYSTEM")]
FieldName = Annotated[str, typer.Argument(metavar="FIELD", help="The system's own name of the field.")]


@dataclass(frozen=True, slots=True)
class _Place:
    """The field that a change is about, and what is said of it so far."""

    cli: Cli
    hub: Hub
    system: System
    target: TargetObject
    field: str
    path: Path
    text: str

    @property
    def own(self) -> Sequence[Mapping[str, Any]]:
        """The rows of leadhub.toml."""
        rows: Sequence[Mapping[str, Any]] = self.system.doc.field.get(self.field, {}).get("map", ())
        return rows

    @property
    def preset(self) -> str:
        """The name of the preset that the object's state is read by."""
        own = None if self.target.mapping.aside else self.system.doc.preset
        return own or self.target.mapping.state or ""

    @property
    def shipped(self) -> Sequence[Mapping[str, Any]]:
        """The rows of the preset, those left out that the deployment dropped."""
        table = loads(self.hub.plugins.presets()[self.preset]).get("field", {}).get(self.field, {})
        dropped = self.system.doc.field.get(self.field, {}).get("drop", ())
        return [row for row in table.get("map", ()) if row["value"] not in dropped]

    def rows(self, value: str) -> list[Mapping[str, Any]]:
        """The rows of a value that are in force: those of leadhub.toml, else those of the preset. Raises UsageFault if there is none."""
        found = [row for row in self.own if row.get("value") == value] or [row for row in self.shipped if row["value"] == value]
        if not found:
            known = dict.fromkeys([*(row["value"] for row in self.own), *(row["value"] for row in self.shipped)])
            near = did_you_mean(value, known)
            raise UsageFault(
                f'{self.system.name} {self.field}: nobody mapped "{value}". {near}Mapped are {quoted(known)}.', next_step="leadhub map show"
            )
        return found

    def answer(self, value: str) -> str | None:
        """What the deployment answered to the question that the preset asks about a value."""
        answers: Mapping[str, str] = self.system.doc.field.get(self.field, {}).get("answers", {})
        return answers.get(value)


def add_to(group: typer.Typer) -> None:
    """Add the commands."""
    group.command("add")(add)
    group.command("rename")(rename)


def add(
    context: typer.Context,
    system: SystemName,
    field: FieldName,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="The value as the system stores it, not its label.")],
    like: Annotated[str | None, typer.Option("--like", metavar="OTHER", help="It means the same as this mapped value.")] = None,
    stage: Annotated[str | None, typer.Option("--stage", metavar="A,B", help='The stages it can mean: "mql,sal", "<=sql", ">=opportunity".')] = None,
    status: Annotated[str | None, typer.Option("--status", metavar="A,B", help="The statuses it can mean.")] = None,
    exit_: Annotated[str | None, typer.Option("--exit", metavar="A,B", help="The exits it can mean; open is none.")] = None,
    writes: Annotated[bool, typer.Option("--writes", help="leadhub may write it, for all it can mean; without it, it is only read.")] = False,
) -> None:
    """Say what a value means. Shows the change of leadhub.toml and checks the whole mapping before anything is written."""
    cli = cli_of(context)
    place = _place(cli, system, field)
    if any(row.get("value") == value for row in place.own):
        raise UsageFault(
            f'leadhub.toml maps "{value}" of {field} already.',
            next_step=f"change its row there; leadhub map explain {system} {shlex.quote(value)} shows it",
        )
    facets = {"stage": stage, "status": status, "exit": exit_}
    given = {name: [word.strip() for word in words.split(",") if word.strip()] for name, words in facets.items() if words is not None}
    if (like is None) == (not given):
        raise UsageFault(f'What does "{value}" mean?', next_step="either --like OTHER, or any of --stage, --status, --exit")
    meanings = [given] if like is None else [_meaning(place, like, row) for row in place.rows(like)]
    text = place.text
    for meaning in meanings:
        row = {"value": value, **meaning} if writes and not meaning.get("converted") else {"value": value, **meaning, "writes": False}
        text = with_row(text, system, field, row)
    _change(place, text, (value,), value)


def _meaning(place: _Place, like: str, row: Mapping[str, Any]) -> dict[str, Any]:
    answer = place.answer(like)
    if row.get("ask") and answer in (None, CANNOT_TELL):
        raise UsageFault(
            f'"{like}" itself waits for an answer: {row["ask"]}',
            next_step=f"answer it under [system.{place.system.name}.field.{place.field}.answers]",
        )
    return meaning_of(row, answer)


def rename(
    context: typer.Context,
    system: SystemName,
    field: FieldName,
    old: Annotated[str, typer.Argument(metavar="OLD", help="The mapped value.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="What the system calls it now.")],
) -> None:
    """Follow a value that the system renamed. Records that still show the old one are read as before; leadhub writes the new one."""
    cli = cli_of(context)
    place = _place(cli, system, field)
    rows = place.rows(old)
    if any(row.get("value") == new for row in (*place.own, *place.shipped)):
        raise UsageFault(f'"{new}" of {field} is mapped already.', next_step=f"leadhub map explain {system} {shlex.quote(new)} shows what it means")
    text = with_answer_renamed(place.text, system, field, old, new)
    if any(row in place.own for row in rows):
        text = with_value_renamed(text, system, field, old, new)
    else:
        text = without_value(text, system, field, old)
        for row in rows:
            text = with_row(text, system, field, {key: item for key, item in renamed(row, new).items() if key != "label"})
    _change(place, text, (old, new), new)


def _place(cli: Cli, system: str, field: str) -> _Place:
    hub = cli.open(offline=True)
    found = system_of(hub, system)
    spoken = {name: target for target in found.objects if target.relation is not None for name in target.relation.state_fields}
    if field not in spoken:
        known = f"Its state fields: {', '.join(spoken)}." if spoken else "It has none that speak of the state."
        raise UsageFault(f'{system} has no state field "{field}". {did_you_mean(field, spoken)}{known}', next_step="leadhub map show")
    path = hub.deployment.path
    return _Place(cli, hub, found, spoken[field], field, path, read_text(path))


def _change(place: _Place, text: str, values: Sequence[str], shown: str) -> None:
    """Check a changed text, show what it does, ask, and write it."""
    cli, name = place.cli, place.system.name
    relation = _checked(place, text)
    meaning = [one for one in explain([relation], name, shown) if one.field == place.field]
    counts = {value: _showing(place, value) for value in values}
    difference = list(difflib.unified_diff(place.text.splitlines(), text.splitlines(), "leadhub.toml", "leadhub.toml, changed", lineterm="", n=2))
    if cli.screen.for_people:
        for line in difference:
            cli.screen.line(Text(clean(line), style={"+": "green", "-": "red"}.get(line[:1], "")))
        cli.screen.line()
        cli.screen.line("\n\n".join(map(str, meaning)))
        cli.screen.line()
        for value, count in counts.items():
            cli.screen.line(f'{plural(count, "record")} of {name} {"shows" if count == 1 else "show"} "{value}" now.')
        cli.screen.line("No law of the mapping is broken. The next sync reads every record of the system again by it.")
    written = cli.confirm(f"Write this to {place.path}?")
    if written:
        replace_text(place.path, place.text, text)
    if not cli.screen.for_people:
        cli.screen.json({"schema": "leadhub.map_change/1", "difference": difference, "records": counts, "written": written})
    elif written:
        cli.screen.line(f"Written. Next: {cli.command('plan')} shows what it changes.")
    else:
        cli.screen.line("Nothing was written.")


def _checked(place: _Place, text: str) -> Relation:
    """Return the object's relation as the changed text has it. Raises ConfigError if it or the whole mapping is not sound; nothing is written then."""
    name, hub = place.system.name, place.hub
    own = place.target.relation.state_fields if place.target.relation is not None else ()
    others = {f for o in place.system.objects if o.relation is not None for f in o.relation.state_fields}
    relation = load_relation(
        {**loads(hub.plugins.presets()[place.preset]), "system": name, "object": place.target.mapping.object},
        source=f"{place.preset}.toml",
        line_of=line_finder(hub.plugins.presets()[place.preset]),
        overrides={f: rows for f, rows in loads(text)["system"][name].get("field", {}).items() if f in own or f not in others},
        overrides_source=f"{place.path.name}, as it would be",
        overrides_line_of=line_finder(text, "system", name),
        skip=hub.deployment.document.stages.skip,
    )
    changed = {**hub.policy.relations, place.target.key: relation}
    failures = check_laws(tuple(changed.values())).failures
    if failures:
        told = "\n".join(f"  {failure}" for failure in failures[:5])
        raise ConfigError(f"The mapping would contradict itself; nothing was written:\n{told}", next_step="leadhub map show shows what is mapped")
    return relation


def _showing(place: _Place, value: str) -> int:
    """Count the records that show a value now, as last read."""
    return sum(
        record.gone is None and record.object == place.target.mapping.object and str(record.native.get(place.field) or "") == value
        for record in stored(place.hub, place.system.name)
    )
