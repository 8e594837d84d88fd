"""`leadhub init`: asks three questions and writes a commented leadhub.toml."""

from pathlib import Path
from typing import Annotated

import typer

from leadhub.cli.exits import UsageFault
from leadhub.cli.session import Cli, cli_of
from leadhub.config import FILE_NAME, write_new
from leadhub.config.template import MEANINGS, Answers, render

_SYSTEMS = ("salesforce", "hubspot", "files")


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("init")(init)


def init(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR")],
    systems: Annotated[str | None, typer.Option("--systems", metavar="A,B", help=f"Any of {', '.join(_SYSTEMS)}.")] = None,
    trust: Annotated[
        str | None, typer.Option("--trust", metavar="SYSTEM", help="Whose value wins when two sides edit the same field; none asks.")
    ] = None,
    closed: Annotated[
        str | None, typer.Option("--closed-means", metavar="WORDS", help=f"Salesforce's Closed - Not Converted: {', or '.join(MEANINGS)}.")
    ] = None,
    files: Annotated[str, typer.Option("--files", metavar="PATH", help="The CSV files to read.")] = "leads/*.csv",
) -> None:
    """Write a leadhub.toml with a comment on every line that matters. Secrets stay in the environment."""
    cli = cli_of(context)
    path = folder / FILE_NAME
    if path.exists():
        write_new(path, "")  # says that it is there, and what to do
    chosen = _systems(cli, systems)
    answers = Answers(
        salesforce="salesforce" in chosen,
        hubspot="hubspot" in chosen,
        files=files if "files" in chosen else None,
        trust=_trust(cli, trust, [name for name in chosen if name != "files"]),
        closed_means=_closed(cli, closed) if "salesforce" in chosen else None,
    )
    write_new(path, render(answers))
    cli.screen.line(f"Wrote {path}.", style="bold")
    for name in answers.environment:
        cli.screen.line(f"  export {name}=…")
    cli.screen.line(f"Next: set these, then leadhub -C {folder} doctor" if answers.environment else f"Next: leadhub -C {folder} doctor")


def _ask(cli: Cli, question: str, default: str) -> str:
    if not cli.may_ask:
        return default
    return cli.screen.err.input(f"{question} [{default}] ").strip() or default


def _systems(cli: Cli, given: str | None) -> list[str]:
    text = given if given is not None else _ask(cli, "Which systems? (salesforce, hubspot, files)", "salesforce,hubspot")
    names = [name.strip() for name in text.split(",") if name.strip()]
    if unknown := [name for name in names if name not in _SYSTEMS]:
        raise UsageFault(f'init knows no "{unknown[0]}"; it knows {", ".join(_SYSTEMS)}.', next_step="other connectors: write their table by hand")
    if not names:
        raise UsageFault("Not one system was named.", next_step="leadhub init DIR --systems salesforce,hubspot")
    return names


def _trust(cli: Cli, given: str | None, systems: list[str]) -> str | None:
    if given is None:
        if len(systems) < 2:
            return None
        given = _ask(cli, f"Whose value wins when two sides edit the same field? ({', '.join(systems)}, or none: then a person is asked)", systems[0])
    if given == "none":
        return None
    if given not in systems:
        raise UsageFault(f'"{given}" is not among the systems ({", ".join(systems)}).', next_step="--trust SYSTEM, or --trust none")
    return given


def _closed(cli: Cli, given: str | None) -> str | None:
    question = 'What does "Closed - Not Converted" mean in your Salesforce? (not for us, maybe later, or cannot tell: then it is left alone)'
    answer = given if given is not None else _ask(cli, question, "cannot tell")
    if answer == "cannot tell":
        return None
    if answer not in MEANINGS:
        raise UsageFault(f'"{answer}" is no answer; write one of {", ".join(MEANINGS)}, cannot tell.', next_step="--closed-means 'maybe later'")
    return answer
