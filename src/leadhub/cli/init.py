"""`leadhub init`: asks a few questions and writes a commented leadhub.toml, with .env.example and .gitignore beside it."""

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from leadhub.cli.exits import UsageFault
from leadhub.cli.session import Cli, cli_of
from leadhub.config import FILE_NAME, write_new
from leadhub.config.load import ENV_FILE
from leadhub.config.template import FORM_TOKEN, GIT_IGNORE, MEANINGS, Answers, environment, render
from leadhub.config.words import country

_SYSTEMS = ("salesforce", "hubspot", "forms", "files")
_CRMS = {"salesforce": "assignment_rules, or the id of a user or queue", "hubspot": "an owner's e-mail address"}
_NONE = "none"


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
    create: Annotated[
        list[str] | None, typer.Option("--create", metavar="SYSTEM=OWNER", help="Create missing records there, for this owner. May be given twice.")
    ] = None,
    region: Annotated[
        str | None, typer.Option("--region", metavar="COUNTRY", help="The country of phone numbers that name none; none for no such.")
    ] = None,
    closed: Annotated[
        str | None, typer.Option("--closed-means", metavar="WORDS", help=f"Salesforce's Closed - Not Converted: {', or '.join(MEANINGS)}.")
    ] = None,
    files: Annotated[str, typer.Option("--files", metavar="PATH", help="The CSV files to read.")] = "leads/*.csv",
    form_token: Annotated[
        bool | None, typer.Option("--form-token/--no-form-token", help="Make the secret part of the form's address, and write it to .env.")
    ] = None,
    hubspot_url: Annotated[str | None, typer.Option("--hubspot-url", metavar="URL", help="Another HubSpot than the real one: a sandbox.")] = None,
) -> None:
    """Write a leadhub.toml with a comment on every line that matters. Secrets stay in the environment, or in .env."""
    cli = cli_of(context)
    path = folder / FILE_NAME
    if path.exists():
        write_new(path, "")  # says that it is there, and what to do
    chosen = _systems(cli, systems)
    crms = [name for name in chosen if name in _CRMS]
    answers = Answers(
        salesforce="salesforce" in chosen,
        hubspot="hubspot" in chosen,
        forms="forms" in chosen,
        files=files if "files" in chosen else None,
        trust=_trust(cli, trust, crms),
        creates=_creates(cli, create, crms),
        region=_region(cli, region),
        closed_means=_closed(cli, closed) if "salesforce" in chosen else None,
        hubspot_url=hubspot_url,
    )
    makes_token = answers.forms and _makes_token(cli, form_token)
    write_new(path, render(answers))
    written = [path, *_write_beside(folder, answers, makes_token=makes_token)]
    _say_what_next(cli, folder, written, answers, makes_token=makes_token)


def _write_beside(folder: Path, answers: Answers, *, makes_token: bool) -> list[Path]:
    """Write what goes beside leadhub.toml, and leave alone what is there already."""
    written: list[Path] = []
    for name, text in ((".env.example", environment(answers)), (".gitignore", GIT_IGNORE)):
        if not (folder / name).exists():
            (folder / name).write_text(text, encoding="utf-8")
            written.append(folder / name)
    env = folder / ENV_FILE
    if makes_token and not env.exists():
        env.touch(mode=0o600)
        env.write_text(environment(answers, {FORM_TOKEN: secrets.token_hex(16)}), encoding="utf-8")
        written.append(env)
    return written


def _say_what_next(cli: Cli, folder: Path, written: Sequence[Path], answers: Answers, *, makes_token: bool) -> None:
    screen = cli.screen
    screen.line(f"Wrote {', '.join(map(str, written))}.", style="bold")
    missing = {name: what for name, what in answers.environment.items() if not (makes_token and name == FORM_TOKEN)}
    if missing:
        where = f"in {folder / ENV_FILE}" if folder / ENV_FILE in written else f"in the environment, or in {folder / ENV_FILE} (copy .env.example)"
        screen.line(f"Set these {where}:")
    for name, what in missing.items():
        screen.line(f"  {name:<26}{what}")
    own = Cli(folder, screen)
    crm = next((name for name in _CRMS if getattr(answers, name)), "files")
    screen.line(f"Next: {own.command('doctor')}")
    screen.line(f"Then: {own.command(f'adopt {crm}')}   reads it and reports; nothing is written to any system")


# ---- the questions ---------------------------------------------------------------------------------------------------------------------


def _ask(cli: Cli, question: str, default: str) -> str:
    """Ask on a terminal; elsewhere take the default. A line that ends the input counts as no answer."""
    if not cli.may_ask:
        return default
    try:
        return cli.screen.err.input(f"{question} [{default}] ", markup=False, emoji=False).strip() or default
    except EOFError:
        return default


def _systems(cli: Cli, given: str | None) -> list[str]:
    text = given if given is not None else _ask(cli, f"Which systems? ({', '.join(_SYSTEMS)})", "salesforce,hubspot")
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
    if given == _NONE:
        return None
    if given not in systems:
        raise UsageFault(f'"{given}" is not among the systems ({", ".join(systems)}).', next_step="--trust SYSTEM, or --trust none")
    return given


def _creates(cli: Cli, given: Sequence[str] | None, systems: Sequence[str]) -> dict[str, str]:
    """Return in which systems records may be created, and whose they become there."""
    if given is None:
        question = "May leadhub create records that {0} lacks? Whose do they become? ({1}; none: it creates nothing)"
        asked = {system: _ask(cli, question.format(system, _CRMS[system]), _NONE) for system in systems}
        return {system: owner for system, owner in asked.items() if owner != _NONE}
    creates: dict[str, str] = {}
    for text in given:
        system, _, owner = text.partition("=")
        if system not in systems or not owner:
            raise UsageFault(f"--create {text} cannot be read: write SYSTEM=OWNER with one of {', '.join(systems) or 'no system'}.")
        creates[system] = owner
    return creates


def _region(cli: Cli, given: str | None) -> str | None:
    answer = (
        given if given is not None else _ask(cli, "Which country are phone numbers from that name none? (two letters, such as US or DE; none)", _NONE)
    )
    if answer.lower() == _NONE:
        return None
    try:
        return country(answer.upper())
    except ValueError as error:
        raise UsageFault(f'"{answer}" is no country: {error}.', next_step="--region US, or --region none") from error


def _closed(cli: Cli, given: str | None) -> str | None:
    question = 'What does "Closed - Not Converted" mean in your Salesforce? (not for us, maybe later, or cannot tell: then it is left alone)'
    answer = given if given is not None else _ask(cli, question, "cannot tell")
    if answer == "cannot tell":
        return None
    if answer not in MEANINGS:
        raise UsageFault(f'"{answer}" is no answer; write one of {", ".join(MEANINGS)}, cannot tell.', next_step="--closed-means 'maybe later'")
    return answer


def _makes_token(cli: Cli, given: bool | None) -> bool:
    if given is not None:
        return given
    return _ask(cli, "Make the secret part of the form's address now, and write it to .env? (yes, no)", "yes").lower() in {"y", "yes"}
