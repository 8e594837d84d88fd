"""`leadhub completion SHELL`, and what the Tab key offers: names of systems and fields from leadhub.toml, runs and questions from the store."""

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from typer.completion import get_completion_script  # type: ignore[attr-defined]  # its only home; typer lists it in no __all__

from leadhub import config
from leadhub.cli.session import cli_of
from leadhub.core.states import SETTLED
from leadhub.hub import Hub, open_hub
from leadhub.model.state import FACETS
from leadhub.values.fields import FIELDS

_PROGRAM = "leadhub"
_MOST = 30


class Shell(StrEnum):
    """The shells that can be taught."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


_INSTALL = {
    Shell.BASH: "leadhub completion bash > ~/.local/share/bash-completion/completions/leadhub",
    Shell.ZSH: "leadhub completion zsh > ~/.zfunc/_leadhub   (with fpath+=~/.zfunc before compinit in ~/.zshrc)",
    Shell.FISH: "leadhub completion fish > ~/.config/fish/completions/leadhub.fish",
}


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("completion")(completion)


def completion(context: typer.Context, shell: Annotated[Shell, typer.Argument(help="For which shell.")]) -> None:
    """Print the script that lets the Tab key complete commands, options, systems, fields and runs."""
    cli = cli_of(context)
    script = get_completion_script(prog_name=_PROGRAM, complete_var=f"_{_PROGRAM.upper()}_COMPLETE", shell=shell.value)
    cli.screen.out.out(script, highlight=False)
    cli.screen.note(f"Install it with: {_INSTALL[shell]}")


# ---- what is offered -------------------------------------------------------------------------------------------------------------------


def _offered(context: typer.Context, offer: Callable[[Hub], Iterator[str]], begun: str) -> list[str]:
    """Ask the deployment. A key press is answered in silence: where nothing can be opened, nothing is offered."""
    try:
        hub = open_hub(_folder(context), offline=True)
    except Exception:  # noqa: BLE001 - a traceback in the middle of a command line helps nobody
        return []
    try:
        return [word for word in offer(hub) if word.startswith(begun)]
    finally:
        hub.store.close()


def _written(context: typer.Context, offer: Callable[[config.Document], Iterable[str]], begun: str) -> list[str]:
    """Ask leadhub.toml alone, which is quicker than to open the deployment."""
    try:
        deployment, _ = config.read(_folder(context), offline=True)
    except Exception:  # noqa: BLE001 - a Tab must never print a traceback into the line that is typed
        return []
    return [word for word in offer(deployment.document) if word.startswith(begun)]


def _folder(context: typer.Context) -> Path:
    folder = context.find_root().params.get("folder")
    return Path(folder) if folder else Path()


def complete_system(context: typer.Context, incomplete: str) -> list[str]:
    """Offer the systems of leadhub.toml."""
    return _written(context, lambda document: document.system, incomplete)


def complete_field(context: typer.Context, incomplete: str) -> list[str]:
    """Offer the fields of this deployment, and the three that make the state."""
    return _written(context, lambda document: [*FACETS, *dict.fromkeys([*FIELDS, *document.fields])], incomplete)


def complete_settled(context: typer.Context, incomplete: str) -> list[str]:
    """Offer what a rule for old differences can be about: the fields, and the state as a whole."""
    return _written(context, lambda document: [SETTLED, *dict.fromkeys([*FIELDS, *document.fields])], incomplete)


def complete_run(context: typer.Context, incomplete: str) -> list[str]:
    """Offer the latest runs."""
    return _offered(context, _runs, incomplete)


def complete_review(context: typer.Context, incomplete: str) -> list[str]:
    """Offer open questions by group, then one by one."""
    return _offered(context, _reviews, incomplete)


def _runs(hub: Hub) -> Iterator[str]:
    with hub.store.read() as tx:
        yield from (run.id for run in tx.runs.list(_MOST))


def _reviews(hub: Hub) -> Iterator[str]:
    with hub.store.read() as tx:
        yield from (group.group for group in tx.reviews.groups()[:_MOST])
        yield from (stored.review.id for stored in tx.reviews.open(limit=_MOST))
