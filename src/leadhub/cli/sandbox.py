"""`leadhub sandbox up`: both CRMs on this machine, in a process of their own, with the settings to reach them."""

import json
import subprocess
import sys
from importlib.util import find_spec
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from leadhub.cli.exits import UsageFault
from leadhub.cli.session import Cli, cli_of
from leadhub.cli.words import verb
from leadhub.errors import LeadhubError


class _Group(TyperGroup):
    """`leadhub sandbox` alone starts it, as it always did: `up` is what is meant where no command is named."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        named = args[:1] and (args[0] in self.commands or args[0] == "--help")
        return super().parse_args(ctx, args if named else ["up", *args])


group = typer.Typer(cls=_Group, help="Salesforce and HubSpot on this machine, with a console, for trying and testing. Without a command: up.")


@group.command("up")
def up(
    context: typer.Context,
    salesforce_port: Annotated[int, typer.Option("--salesforce-port", help="0 takes a free one.")] = 0,
    hubspot_port: Annotated[int, typer.Option("--hubspot-port", help="0 takes a free one.")] = 0,
    console_port: Annotated[int, typer.Option("--console-port", help="0 takes a free one.")] = 0,
    seed: Annotated[int, typer.Option("--seed", help="Decides ids and secrets.")] = 1,
    people: Annotated[int, typer.Option("--seed-data", metavar="N", min=0, max=100_000, help="Put N made-up people into both.")] = 0,
) -> None:
    """Run Salesforce and HubSpot lookalikes on 127.0.0.1 until Ctrl-C, with a console to look at and change what is in them.

    Nothing is kept, nothing leaves this machine.
    """
    cli = cli_of(context)
    if find_spec("leadhub_sandbox") is None:
        raise UsageFault("The sandbox is a package of its own, which is not installed.", next_step="install leadhub-sandbox")
    numbers = {"salesforce-port": salesforce_port, "hubspot-port": hubspot_port, "console-port": console_port, "seed": seed, "seed-data": people}
    command = [sys.executable, "-m", "leadhub_sandbox", "up", *(f"--{name}={number}" for name, number in numbers.items()), "--exit-with-stdin"]
    # In a session of its own: Ctrl-C is for this process, which ends the child by closing its input.
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True) as child:  # noqa: S603 - our own module, numbers as arguments
        assert child.stdout is not None
        assert child.stdin is not None
        line = child.stdout.readline()
        if not line:
            raise LeadhubError("The sandbox did not start.", next_step="choose other ports, or 0 for free ones")
        try:
            _tell(cli, json.loads(line), people)
            child.wait()
        except KeyboardInterrupt:  # it may come as soon as the last line is there
            child.stdin.close()
            child.wait(timeout=10)
            cli.screen.note("The sandbox has ended; what was in it is gone.")


def _tell(cli: Cli, found: dict[str, Any], people: int) -> None:
    if cli.screen.for_people:
        for text in instructions(found, people):
            cli.screen.paste(text)
        cli.screen.note("Running. Ctrl-C ends it.")
    else:
        cli.screen.json({"schema": "leadhub.sandbox/1", **found})
    sys.stdout.flush()


def instructions(found: dict[str, Any], people: int = 0) -> list[str]:
    """Return the lines to paste: how a shell reaches both, how to begin a project for them, and how to put somebody into each."""
    salesforce, hubspot = found["salesforce"], found["hubspot"]
    exports = {
        "SALESFORCE_LOGIN_URL": salesforce["url"],
        "SALESFORCE_CLIENT_ID": salesforce["client_id"],
        "SALESFORCE_CLIENT_SECRET": salesforce["client_secret"],
        "HUBSPOT_TOKEN": hubspot["token"],
    }
    ann = {
        salesforce["url"]: {"object": "Lead", "fields": {"LastName": "Lee", "Company": "Acme", "Email": "ann@acme.example"}},
        hubspot["url"]: {"properties": {"lastname": "Lee", "company": "Acme", "email": "ann@acme.example"}},
    }
    return [
        "# In the shell from which leadhub is run:",
        *(f"export {name}='{value}'" for name, value in exports.items()),
        "",
        "# A project for both, and on from there as with real accounts:",
        f"leadhub init crm --hubspot-url {hubspot['url']}",
        "",
        f"# {verb(people, '1 person is in both', f'{people} people are in both') if people else 'Both are empty'}. Somebody for each; more such orders are in the README of leadhub-sandbox:",
        *(f"curl {url}/_sandbox/create --json '{json.dumps(order)}'" for url, order in ann.items()),
        "",
        f"# The console, to look at records, edit, convert, merge and delete them, and to switch faults on: {found['console']['url']}",
    ]
