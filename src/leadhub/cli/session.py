"""What every command is given: the deployment's folder, the screen, and how to ask. Made once from the global options."""

import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path

import typer
from rich.text import Text

from leadhub.cli.exits import UsageFault
from leadhub.cli.screen import Screen, clean
from leadhub.hub import Hub, System, open_hub
from leadhub.model.record import Identity
from leadhub.sync.remembered import make_sure
from leadhub.sync.retry import Careful


@dataclass(slots=True)
class Cli:
    """One invocation."""

    folder: Path
    screen: Screen
    yes: bool = False
    no_input: bool = False
    opened: list[Hub] = field(default_factory=list)

    def open(self, *, offline: bool = False) -> Hub:
        """Open the deployment; whoever answers in it is named on stderr before anything else happens.

        `offline`: for a command that reads the store alone, and so needs no system's secrets.
        """
        hub = open_hub(self.folder, offline=offline)
        hub.met = lambda name, identity: self.screen.note(who_answers(hub.systems[name], identity))
        self.opened.append(hub)
        return hub

    def close(self) -> None:
        """Close the stores of all deployments that were opened."""
        while self.opened:
            self.opened.pop().store.close()

    @property
    def may_ask(self) -> bool:
        """Whether a person is there to answer."""
        return not self.no_input and sys.stdin.isatty()

    def confirm(self, question: str) -> bool:
        """Ask, and take only a plain yes for one. Raises UsageFault where nobody can answer and `--yes` was not given."""
        if self.yes:
            return True
        if not self.may_ask:
            raise UsageFault(f"{question} Nobody is there to answer.", next_step="pass --yes if this is meant")
        return self.screen.err.input(clean(f"{question} [y/N] "), markup=False, emoji=False).strip().lower() in {"y", "yes"}

    def command(self, words: str) -> str:
        """Return a command as it has to be typed for this deployment."""
        return f"leadhub {words}" if self.folder == Path() else f"leadhub -C {shlex.quote(str(self.folder))} {words}"


def cli_of(context: typer.Context) -> Cli:
    """Return the invocation that a command belongs to."""
    found = context.find_object(Cli)
    assert found is not None
    return found


def system_of(hub: Hub, name: str) -> System:
    """Return a configured system. Raises UsageFault with the names there are."""
    if name not in hub.systems:
        known = ", ".join(hub.systems) or "none yet"
        raise UsageFault(f'There is no system "{name}" in {hub.deployment.path.name}. Systems: {known}.', next_step="leadhub config check")
    return hub.systems[name]


def who_answers(system: System, identity: Identity) -> Text:
    """Return the line that names a system: organization, production or not, user."""
    text = Text.assemble(
        (clean(system.name), "bold"), "  ", clean(identity.name), "" if identity.org in identity.name else f" ({clean(identity.org)})", "  "
    )
    if not hasattr(system.connector, "push"):
        text.append("read only")
    elif identity.production:
        text.append("PRODUCTION", "bold red")
    else:
        text.append("sandbox", "green")
    return text.append(f"  as {clean(identity.user)}") if identity.user else text


def identify(hub: Hub, system: System) -> tuple[Careful, Identity]:
    """Connect to a system, name who answers, and make sure that it is the one that was met before. Raises the connector's errors, ConfigError."""
    careful = Careful(hub.connect(system), hub.clock, hub.log)
    identity = careful.check()
    hub.met(system.name, identity)
    with hub.store.read() as tx:
        row = tx.systems.get(system.name)
    make_sure(hub, system, None if row is None else row.org, identity)
    return careful, identity
