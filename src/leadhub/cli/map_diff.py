"""`leadhub map diff`: the mapping beside the live picklists. What stands on one side alone, and the command that settles it. Writes nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from itertools import groupby
from shlex import quote
from typing import Annotated, Literal

import typer
from rich.text import Text

from leadhub.cli.completion import complete_system
from leadhub.cli.exits import UsageFault, in_folder
from leadhub.cli.held import Held, held
from leadhub.cli.live import converted_only, label_drift, out_of_order
from leadhub.cli.screen import clean
from leadhub.cli.session import Cli, cli_of, identify, system_of
from leadhub.cli.words import plural
from leadhub.hub import Hub, System
from leadhub.lifecycle.relation import ANY_OTHER, FieldRelation, Relation
from leadhub.model.record import FieldDescription

Kind = Literal["only there", "only in the map", "label", "order", "converted"]
_ALIKE = 0.6
"""How near two names have to be for one to be taken for the other's new name."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where the mapping and the live picklist say different things. `records` show the value now, as last read."""

    system: str
    object: str
    field: str
    kind: Kind
    value: str
    label: str
    records: int
    text: str
    command: str
    """What settles it; blank where it is settled by hand, as the text says."""


def add_to(group: typer.Typer) -> None:
    """Add the command."""
    group.command("diff")(diff)


def diff(
    context: typer.Context,
    system: Annotated[
        str | None, typer.Argument(metavar="[SYSTEM]", help="One system; without it all that have picklists.", autocompletion=complete_system)
    ] = None,
) -> None:
    """Compare the mapping with the picklists as they are now, and say the command that settles each difference. Writes nothing."""
    cli = cli_of(context)
    hub = cli.open()
    chosen = [system_of(hub, system)] if system is not None else list(hub.systems.values())
    speaking = [one for one in chosen if any(target.relation is not None for target in one.objects)]
    if not speaking:
        raise UsageFault("There is no picklist that speaks of a lead's state.", next_step="leadhub map show")
    known = held(hub)
    found = [difference for one in speaking for difference in differences(hub, one, known)]
    _show(cli, found, [one.name for one in speaking])


def differences(hub: Hub, system: System, known: Held) -> Iterator[Difference]:
    """Yield what differs in one system. Raises the connector's errors, and ConfigError where another organization answers."""
    careful, _ = identify(hub, system)
    if not careful.can_describe:
        return
    for target in system.objects:
        if target.relation is not None:
            fields = careful.describe(target.mapping.object)
            for of in target.relation.fields:
                described = fields.get(of.name)
                if described is not None and described.options is not None:
                    yield from _field(system, target.relation, of, described, known)


def _field(system: System, relation: Relation, of: FieldRelation, described: FieldDescription, known: Held) -> Iterator[Difference]:
    options = described.options or ()

    def told(kind: Kind, value: str, text: str, command: str = "") -> Difference:
        count = known.values[system.name, relation.object, of.name, value]
        return Difference(system.name, relation.object, of.name, kind, value, described.labels.get(value, ""), count, text, command)

    about = f"{system.name} {of.name}"
    new = [option for option in options if not of.names(option)]
    gone = _gone(of, options)
    names = _new_names(gone, new, described.labels)
    for value in gone:
        what = (
            "leadhub would write it, and the write would be refused"
            if any(row.writes for row in of.rows if row.value == value)
            else "it is read alone"
        )
        yield told("only in the map", value, what, f"leadhub map rename {about} {quote(value)} {quote(names[value]) if value in names else 'NEW'}")
    for value in new:
        if value not in names.values():
            yield told("only there", value, "nobody mapped it: it is left alone", f"leadhub map add {about} {quote(value)} --like OTHER")
    for value, live, expected in label_drift(of, described):
        text = f'people see "{live}", the row says "{expected}": if it means the same, write label = "{live}" into the row'
        yield told("label", value, text)
    wrong = out_of_order(of, options)
    if wrong:
        pairs = ", ".join(f'"{one}" before "{other}"' for one, other in wrong[:3])
        yield told(
            "order", wrong[0][0], f"{plural(len(wrong), 'pair')} against the funnel ({pairs}): forward moves would be refused; change it there"
        )
    for value in converted_only(of, described):
        yield told("converted", value, "only converting sets it: writes = false and converted = true belong in its row")


def _gone(of: FieldRelation, options: tuple[str, ...]) -> list[str]:
    there = {of.folded(option) for option in options}
    named = dict.fromkeys(row.value for row in of.rows)
    return [value for value in named if value not in {"", ANY_OTHER} and of.folded(value) not in there]


def _new_names(gone: list[str], new: list[str], labels: Mapping[str, str]) -> dict[str, str]:
    """For values that are gone, what each is probably called now: a value that people see under the old name, or one whose name is near."""
    found: dict[str, str] = {}
    for value in gone:
        free = [option for option in new if option not in found.values()]
        likely = max(free, key=lambda option: _likeness(value, option, labels.get(option, "")), default=None)
        if likely is not None and _likeness(value, likely, labels.get(likely, "")) >= _ALIKE:
            found[value] = likely
    return found


def _likeness(old: str, new: str, label: str) -> float:
    return max(SequenceMatcher(None, old.casefold(), other.casefold()).ratio() for other in (new, label))


def _show(cli: Cli, found: list[Difference], systems: list[str]) -> None:
    if not cli.screen.for_people:
        rows = [asdict(one) | {"command": in_folder(one.command, cli.folder)} for one in found]
        cli.screen.rows(
            "leadhub.map_diff/1", "differences", rows, columns=("system", "field", "kind", "value", "label", "records", "text", "command")
        )
        return
    for (system, field), group in groupby(found, key=lambda one: (one.system, one.field)):
        cli.screen.title(f"{system} {field}")
        for one in group:
            label = f' ("{one.label}")' if one.label and one.label != one.value else ""
            head = f'"{one.value}"{label}, {plural(one.records, "record")}: {one.text}'
            cli.screen.line(Text.assemble("  ", (f"{one.kind:<15}", "yellow"), "  ", clean(head)))
            if one.command:
                cli.screen.line(f"                   next: {in_folder(one.command, cli.folder)}")
    cli.screen.line()
    if found:
        cli.screen.line(f"{plural(len(found), 'difference')}.", style="bold")
    else:
        cli.screen.line(f"The mapping and the picklists of {', '.join(systems)} agree.", style="bold")
