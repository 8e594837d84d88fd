"""`leadhub config`: whether leadhub.toml can be used, what it amounts to, and its schema."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from leadhub import config
from leadhub.cli.doctor import examine, show_findings
from leadhub.cli.held import held
from leadhub.cli.live import only_here
from leadhub.cli.session import Cli, cli_of
from leadhub.cli.words import plural
from leadhub.config.schema import schema as json_schema
from leadhub.config.show import settings
from leadhub.lifecycle.laws import check as check_laws
from leadhub.plugins import Plugins

group = typer.Typer(help="The configuration.")

_LIVE = "picklists and their order, field lengths, required and read-only fields"


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
    warned = [*hub.deployment.warnings, *only_here(hub)]
    if live:
        known = held(hub)
        findings = [finding for system in hub.systems.values() for finding in examine(hub, system, known)]
        for warning in warned:
            cli.screen.note(f"warning: {warning}")
        raise typer.Exit(show_findings(cli, findings))
    if not cli.screen.for_people:
        cli.screen.json({"schema": "leadhub.config/1", "ok": True, "systems": list(hub.systems), "law_checks": laws.checks, "warnings": warned})
        return
    cli.screen.line(f"{hub.deployment.path} is fine: {plural(len(hub.systems), 'system')} ({', '.join(hub.systems)}).")
    cli.screen.line(f"{plural(len(relations), 'stage mapping')}, {plural(laws.checks, 'law check')}, no contradiction.")
    _show_warnings(cli, warned)
    cli.screen.line(f"Not checked, because no system was asked: {_LIVE}.")
    cli.screen.line(f"Next: {cli.command('config check --live')} asks the systems themselves.")


def _show_warnings(cli: Cli, warnings: Sequence[str]) -> None:
    if warnings:
        cli.screen.line(f"{plural(len(warnings), 'warning')}; nothing has to be done about them if they are meant:")
    for warning in warnings:
        cli.screen.line(f"  {warning}")


@group.command("show")
def show(context: typer.Context) -> None:
    """Show every setting with its value and where it comes from. Secrets are masked; calls no system."""
    cli = cli_of(context)
    rows = [asdict(setting) for setting in settings(config.load(cli.folder, offline=True))]
    cli.screen.rows("leadhub.settings/1", "settings", rows, columns=("key", "value", "origin"))


@group.command("schema")
def schema(context: typer.Context) -> None:
    """Print the JSON Schema of leadhub.toml, with the keys of every installed connector."""
    cli = cli_of(context)
    folder = cli.folder if (cli.folder / config.FILE_NAME).is_file() else None
    sys.stdout.write(json.dumps(json_schema(Plugins(folder).connectors()), indent=2, ensure_ascii=False) + "\n")
