"""`leadhub doctor --prove SYSTEM`: tries in a test account what only a live one can prove. Never in production, never without a person's yes."""

from dataclasses import asdict

from rich.text import Text

from leadhub.cli.exits import ExitCode, UsageFault
from leadhub.cli.screen import clean
from leadhub.cli.session import Cli, identify, system_of
from leadhub.connectors.protocols import Proves
from leadhub.errors import ConfigError
from leadhub.hub import Hub
from leadhub.model.proof import Proof, Verdict
from leadhub.sync import checked

PAGE = "docs/unproven.md"
_STYLES: dict[Verdict, str] = {"proven": "green", "differs": "bold red", "could not be tried": "yellow"}


def prove(cli: Cli, hub: Hub, name: str) -> ExitCode:
    """Show what would be tried, or with --yes try it; 1 where anything differs from what leadhub was built on.

    Raises:
        UsageFault: no such system, or its connector has nothing to try.
        ConfigError: a production organization answers, or another one than was met before.
    """
    system = system_of(hub, name)
    _, identity = identify(hub, system)
    connector = hub.connect(system)
    if not isinstance(connector, Proves):
        raise UsageFault(f"{name}: its connector has nothing that only a live account could prove.", next_step="leadhub doctor")
    if identity.production:
        raise ConfigError(
            f"{name} is PRODUCTION ({identity.name}): test records are made in a sandbox or a test account alone.",
            next_step="use a sandbox org or a developer test account, as a system of its own: "
            + cli.command(f"connect {system.doc.plugin} --name {name}-test"),
        )
    if not cli.yes:
        return _show_trials(cli, name, identity.name, connector)
    proofs = list(checked.call(name, "prove", lambda: list(connector.prove(hub.clock.new_id()))))
    _show_proofs(cli, name, proofs)
    return ExitCode.FAILED if any(proof.verdict == "differs" for proof in proofs) else ExitCode.OK


def _show_trials(cli: Cli, name: str, org: str, connector: Proves) -> ExitCode:
    if not cli.screen.for_people:
        rows = [asdict(trial) for trial in connector.trials]
        cli.screen.rows("leadhub.trials/1", "trials", rows, columns=("row", "does"))
        return ExitCode.OK
    cli.screen.line(f"In {org} this would be tried, on records that are marked and removed again:", style="bold")
    for trial in connector.trials:
        cli.screen.line(f"  {trial.row}")
        cli.screen.line(f"      {trial.does}")
    cli.screen.line()
    cli.screen.line("Nothing was made.")
    cli.screen.line(f"Next: {cli.command(f'doctor --prove {name} --yes')}")
    return ExitCode.OK


def _show_proofs(cli: Cli, name: str, proofs: list[Proof]) -> None:
    if not cli.screen.for_people:
        cli.screen.rows("leadhub.proofs/1", "proofs", [asdict(proof) for proof in proofs], columns=("verdict", "row", "seen"))
        return
    for proof in proofs:
        cli.screen.line(Text.assemble((f"{proof.verdict:<18}", _STYLES[proof.verdict]), "  ", clean(proof.row)))
        cli.screen.line(f"                    {proof.seen}")
    told = ", ".join(f"{sum(proof.verdict == verdict for proof in proofs)} {verdict}" for verdict in _STYLES)
    cli.screen.line()
    cli.screen.line(f"{name}: {told}. What each is about: {PAGE}", style="bold")
