"""`leadhub leads export`: all leads as a file, or everything that is held about one person."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from leadhub.cli.exits import UsageFault
from leadhub.cli.files import target
from leadhub.cli.people import find
from leadhub.cli.screen import safe_cell
from leadhub.cli.session import Cli, cli_of
from leadhub.cli.words import plural
from leadhub.hub import Hub
from leadhub.insight.everything import everything
from leadhub.insight.known import Known, everyone
from leadhub.model.person import Lead
from leadhub.model.state import FACETS

_FORMS = (".csv", ".json", ".jsonl")
Row = dict[str, Any]


def add_to(group: typer.Typer) -> None:
    """Add the command to the group of leads."""
    group.command("export")(export)


def export(
    context: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="A .csv, .json or .jsonl file that is made anew; - for stdout.")],
    person: Annotated[str | None, typer.Option("--person", metavar="ID|EMAIL", help="Of one person alone.")] = None,
    all_held: Annotated[bool, typer.Option("--everything", help="With --person: all that is held about them, as JSON.")] = False,
) -> None:
    """Write leads to a file, one row a lead; or with --person X --everything whatever is held about one person."""
    cli = cli_of(context)
    if all_held and person is None:
        raise UsageFault("--everything is about one person.", next_step=cli.command("leads export FILE.json --person EMAIL --everything"))
    form = _form(cli, file, as_json=all_held)
    hub = cli.open(offline=True)
    known = None if person is None else find(hub, person)
    if file != "-" and Path(file).exists() and not cli.confirm(f"{file} exists. Replace it?"):
        cli.screen.line("Nothing was written.")
        return
    with target(file) as out:
        if known is not None and all_held:
            held = everything(hub, known)
            json.dump(held, out, indent=2, ensure_ascii=False, default=str)
            out.write("\n")
            told = f"Everything held about {known.name}: " + ", ".join(f"{len(v)} {k}" for k, v in held.items() if isinstance(v, list))
        else:
            told = plural(_write(hub, known, form, out), "lead")
    if file != "-":
        cli.screen.line(f"{told}, written to {file}. It holds personal data: only you may read it.")


def _form(cli: Cli, file: str, *, as_json: bool) -> str:
    if file == "-":
        return ".json" if as_json or cli.screen.output == "json" else ".jsonl" if cli.screen.output == "jsonl" else ".csv"
    form = Path(file).suffix.lower()
    if form not in _FORMS or (as_json and form != ".json"):
        wanted = ".json" if as_json else " or ".join(_FORMS)
        raise UsageFault(f"{file} says no form that leadhub can write.", next_step=f"name a file that ends in {wanted}, or - for stdout")
    return form


# ---- rows ------------------------------------------------------------------------------------------------------------------------------


def _write(hub: Hub, known: Known | None, form: str, out: TextIO) -> int:
    columns, count = _columns(hub), 0
    opening, between, closing = ("[\n", ",\n", "\n]\n") if form == ".json" else ("", "", "")
    out.write(opening)
    if form == ".csv":
        out.write(_csv(columns))
    with hub.store.read() as tx:
        for one in [known] if known is not None else everyone(hub, tx):
            for lead in one.aggregate.leads:
                row = _row(hub, one, lead)
                text = _csv([_text(row[name]) for name in columns]) if form == ".csv" else json.dumps(row, ensure_ascii=False)
                out.write((between if count else "") + text + ("\n" if form == ".jsonl" else ""))
                count += 1
    out.write(closing)
    return count


def _csv(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow([safe_cell(cell) for cell in cells])
    return line.getvalue()


def _text(value: object) -> str:
    return "" if value is None else " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _columns(hub: Hub) -> list[str]:
    return ["lead_id", "person_id", *hub.policy.fields, *FACETS, "exit_reason", "opened_at", "closed_at", *(f"{name} ids" for name in hub.systems)]


def _row(hub: Hub, known: Known, lead: Lead) -> Row:
    held = {name: canonical.value for name, canonical in (*known.aggregate.person.fields.items(), *lead.fields.items())}
    about: Mapping[str, Any] = {
        "lead_id": lead.id,
        "person_id": lead.person_id,
        "exit_reason": lead.exit_reason,
        "opened_at": None if lead.opened_at is None else lead.opened_at.isoformat(),
        "closed_at": None if lead.closed_at is None else lead.closed_at.isoformat(),
    }
    links = [link for link in known.aggregate.links if link.lead_id in {None, lead.id}]
    ids = {f"{name} ids": [link.record_id for link in links if link.system == name] for name in hub.systems}
    fields = {name: held.get(name) for name in hub.policy.fields}
    return {**about, **fields, **{facet: lead.state.facet(facet) for facet in FACETS}, **ids}
