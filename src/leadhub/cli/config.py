"""`leadhub config check`: whether leadhub.toml can be used, with file and line for every fault."""

from typing import Annotated

import typer

from leadhub.cli.doctor import examine, show_findings
from leadhub.cli.session import cli_of
from leadhub.cli.words import plural
from leadhub.lifecycle.laws import check as check_laws

group = typer.Typer(help="The configuration.")


@group.command("check")
def check(
    context: typer.Context,
    live: Annotated[bool, typer.Option("--live", help="Compare it with the systems themselves too.")] = False,
) -> None:
    """Load leadhub.toml with everything it names and check the laws of its stage mapping. Calls no system unless --live is given."""
    cli = cli_of(context)
    hub = cli.open()
    relations = tuple(hub.policy.relations.values())
    laws = check_laws(relations)
    if live:
        findings = [finding for system in hub.systems.values() for finding in examine(hub, system)]
        raise typer.Exit(show_findings(cli, findings))
    if not cli.screen.for_people:
        cli.screen.json({"schema": "leadhub.config/1", "ok": True, "systems": list(hub.systems), "law_checks": laws.checks})
        return
    cli.screen.line(f"{hub.deployment.path} is fine: {plural(len(hub.systems), 'system')} ({', '.join(hub.systems)}).")
    cli.screen.line(f"{plural(len(relations), 'stage mapping')}, {plural(laws.checks, 'law check')}, no contradiction.")
    cli.screen.line(f"Next: {cli.command('doctor')} asks the systems themselves.")
