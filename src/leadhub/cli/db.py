"""`leadhub db`: the store's tables."""

import typer

from leadhub import config
from leadhub.cli.session import cli_of
from leadhub.cli.words import plural
from leadhub.hub import store_url
from leadhub.store import upgrade as upgrade_store

group = typer.Typer(help="The store.")


@group.command("upgrade")
def upgrade(context: typer.Context) -> None:
    """Bring the tables of the store up to date. A SQLite file is upgraded whenever it is opened; a shared PostgreSQL only by this."""
    cli = cli_of(context)
    upgrade_store(store_url(config.load(cli.folder, offline=True)))
    cli.screen.line("The store's tables are those of this version.")


@group.command("check")
def check(context: typer.Context) -> None:
    """Open the store and count what it holds."""
    cli = cli_of(context)
    hub = cli.open(offline=True)
    with hub.store.read() as tx:
        counts = tx.persons.counts()
    records = ", ".join(f"{count} of {system}" for system, count in counts.records.items()) or "none"
    cli.screen.line(
        f"{hub.store.where} can be read: {plural(counts.persons, 'person')}; records: {records}; {plural(counts.open_reviews, 'open question')}."
    )
