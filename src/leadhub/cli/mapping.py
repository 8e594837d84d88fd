"""`leadhub map`: how each system's words are read, as one page, and one value explained."""

from collections import Counter
from dataclasses import asdict
from typing import Annotated, Any

import typer

from leadhub.cli import map_diff, map_edit
from leadhub.cli.exits import UsageFault, in_folder
from leadhub.cli.held import unmapped
from leadhub.cli.session import cli_of, system_of
from leadhub.cli.words import plural
from leadhub.hub import Hub
from leadhub.lifecycle.explain import explain, not_mapped
from leadhub.lifecycle.show import Page, page, render

group = typer.Typer(help="How each system's words are read and written.")
map_diff.add_to(group)
map_edit.add_to(group)


@group.command("show")
def show(context: typer.Context) -> None:
    """Show the whole mapping: how far, what is being done, has it left; a column per system."""
    cli = cli_of(context)
    hub = cli.open(offline=True)
    relations = list(hub.policy.relations.values())
    if not relations:
        raise UsageFault("No configured system has a stage to map.", next_step="leadhub config check")
    shown = page(relations, _unmapped(hub), hub.deployment.document.stages.skip)
    if cli.screen.for_people:
        cli.screen.line(in_folder(render(shown).rstrip("\n"), cli.folder))
    else:
        cli.screen.json({"schema": "leadhub.map/1", **_plain(shown)})


@group.command("explain")
def explain_value(
    context: typer.Context,
    system: Annotated[str, typer.Argument(metavar="SYSTEM")],
    value: Annotated[str, typer.Argument(metavar="VALUE")],
) -> None:
    """Say what one value rules out, and when leadhub writes it."""
    cli = cli_of(context)
    hub = cli.open(offline=True)
    system_of(hub, system)
    relations = list(hub.policy.relations.values())
    found = explain(relations, system, value)
    if not cli.screen.for_people:
        rows = [asdict(one) | {"rules_out": list(one.rules_out), "remarks": list(one.remarks)} for one in found]
        cli.screen.rows("leadhub.explanation/1", "explanations", rows, columns=("system", "object", "field", "value", "rules_out", "written_for"))
    elif found:
        cli.screen.line("\n\n".join(map(str, found)))
    else:
        seen = sum(n for (name, _, known), n in _unmapped(hub).items() if (name, known) == (system, value))
        cli.screen.line(not_mapped(relations, system, value))
        cli.screen.line(f"In use now: {plural(seen, 'record')}." if seen else "No record shows it now.")


def _unmapped(hub: Hub) -> Counter[tuple[str, str, str]]:
    """The values that no row names; what the preset asks about is listed apart."""
    asked = {(r.system, of.name, row.value) for r in hub.policy.relations.values() for of in r.fields for row in of.rows if row.ask}
    return Counter({key: count for key, count in unmapped(hub).items() if key not in asked})


def _plain(shown: Page) -> dict[str, Any]:
    def cells(cell: Any) -> dict[str, Any]:
        return {"kind": cell.kind, "values": list(cell.values)}

    blocks = [{"facet": b.facet, "rows": {name: [cells(c) for c in row] for name, row in b.rows}} for b in shown.blocks]
    notes = {name: [asdict(note) for note in getattr(shown, name)] for name in ("never_written", "ignored", "questions", "unmapped")}
    return {"columns": list(shown.columns), "blocks": blocks, **notes}
