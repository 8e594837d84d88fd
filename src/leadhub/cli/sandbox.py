"""`leadhub sandbox`: both CRMs on this machine, in a process of their own, with the settings to reach them."""

import json
import subprocess
import sys
from importlib.util import find_spec
from typing import Annotated, Any

import typer

from leadhub.cli.exits import UsageFault
from leadhub.cli.session import cli_of
from leadhub.config.template import Answers, render
from leadhub.errors import LeadhubError


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("sandbox")(sandbox)


def sandbox(
    context: typer.Context,
    salesforce_port: Annotated[int, typer.Option("--salesforce-port", help="0 takes a free one.")] = 0,
    hubspot_port: Annotated[int, typer.Option("--hubspot-port", help="0 takes a free one.")] = 0,
    seed: Annotated[int, typer.Option("--seed", help="Decides ids and secrets.")] = 1,
) -> None:
    """Run Salesforce and HubSpot lookalikes on 127.0.0.1 until Ctrl-C. Nothing is kept, nothing leaves this machine."""
    cli = cli_of(context)
    if find_spec("leadhub_sandbox") is None:
        raise UsageFault("The sandbox is a package of its own, which is not installed.", next_step="install leadhub-sandbox")
    ports = ["--salesforce-port", str(salesforce_port), "--hubspot-port", str(hubspot_port), "--seed", str(seed)]
    command = [sys.executable, "-m", "leadhub_sandbox", *ports, "--exit-with-stdin"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:  # noqa: S603 - our own module, numbers as arguments
        assert child.stdout is not None
        assert child.stdin is not None
        line = child.stdout.readline()
        if not line:
            raise LeadhubError("The sandbox did not start.", next_step="choose other ports, or 0 for free ones")
        found = json.loads(line)
        if cli.screen.for_people:
            for text in instructions(found):
                cli.screen.line(text)
            cli.screen.note("Running. Ctrl-C ends it.")
        else:
            cli.screen.json({"schema": "leadhub.sandbox/1", **found})
        sys.stdout.flush()
        try:
            child.wait()
        except KeyboardInterrupt:
            child.stdin.close()
            child.wait(timeout=10)
            cli.screen.note("The sandbox has ended; what was in it is gone.")


def instructions(found: dict[str, Any]) -> list[str]:
    """Return the export lines and a leadhub.toml that reads the secrets from them."""
    salesforce, hubspot = found["salesforce"], found["hubspot"]
    exports = {
        "SALESFORCE_CLIENT_ID": salesforce["client_id"],
        "SALESFORCE_CLIENT_SECRET": salesforce["client_secret"],
        "HUBSPOT_TOKEN": hubspot["token"],
    }
    answers = Answers(salesforce_url=salesforce["url"], hubspot_url=hubspot["url"], salesforce=True, hubspot=True, trust="salesforce")
    head = ["# In the shell from which leadhub is run:", *(f"export {name}='{value}'" for name, value in exports.items()), "", "# leadhub.toml:"]
    return [*head, *render(answers).splitlines()]
