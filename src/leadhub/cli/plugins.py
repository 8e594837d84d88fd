"""`leadhub plugins list`: what is installed, and what each plugin brings."""

import typer

from leadhub.cli.session import cli_of
from leadhub.config import FILE_NAME
from leadhub.plugins import Plugins

group = typer.Typer(help="What is installed.")


@group.command("list")
def list_plugins(context: typer.Context) -> None:
    """List plugins with their connectors and stage presets: installed ones, and files in the deployment's plugins folder."""
    cli = cli_of(context)
    plugins = Plugins(cli.folder if (cli.folder / FILE_NAME).exists() else None)
    rows = [{"plugin": i.name, "from": i.origin, "connectors": list(i.connectors), "presets": list(i.presets)} for i in plugins.infos()]
    cli.screen.rows("leadhub.plugins/1", "plugins", rows, columns=("plugin", "from", "connectors", "presets"))
