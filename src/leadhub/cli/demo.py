"""`leadhub demo`: hands over to the story in `leadhub.demo`, which needs no credentials."""

from pathlib import Path
from typing import Annotated

import typer

from leadhub.cli.session import cli_of


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(
    context: typer.Context,
    keep: Annotated[Path | None, typer.Option("--keep", metavar="DIR", help="Leave the deployment in this folder, to go on with.")] = None,
) -> None:
    """See it work: two sandbox CRMs and a CSV on this machine, no credentials, no network."""
    from leadhub.demo import run

    raise typer.Exit(run(keep, cli_of(context).screen.out))
