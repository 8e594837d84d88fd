"""`leadhub connect`: walks a person through connecting a CRM, tries every answer, and says what is missing there and where to click.

A secret is never shown and never a part of the command line. It is written to .env alone, and only where a person says so.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tomllib import loads
from typing import Annotated, Any

import structlog
import typer
from dotenv import dotenv_values
from pydantic import BaseModel, ValidationError

from leadhub.cli.doctor import examine, show_findings
from leadhub.cli.env_file import as_export, keep
from leadhub.cli.exits import ExitCode, UsageFault
from leadhub.cli.held import held
from leadhub.cli.recipes import RECIPES, Asked, Recipe
from leadhub.cli.screen import clean
from leadhub.cli.session import Cli, cli_of
from leadhub.clock import SystemClock
from leadhub.config import FILE_NAME
from leadhub.config.edit import add_system
from leadhub.config.load import ENV_FILE
from leadhub.config.references import References
from leadhub.connectors import http
from leadhub.connectors.protocols import Context, Source
from leadhub.errors import AccessDenied, LeadhubError, Unavailable, UnknownOutcome
from leadhub.model.record import Finding, Need, ObjectMapping
from leadhub.plugins import Plugins
from leadhub.sync.retry import Careful

_TRIES = 3
"""How often a person may give another answer."""

_UP = "make sure that the system is up and its address right, then the same command"


@dataclass(slots=True)
class _Visit:
    """One walk through a recipe: what was answered so far, and where each answer came from."""

    cli: Cli
    name: str
    plugin: str
    recipe: Recipe
    connector: type[Source]
    presets: Mapping[str, str]
    given: dict[str, str] = field(default_factory=dict)
    typed: dict[str, Asked] = field(default_factory=dict)
    """What no variable holds yet, by the variable's name."""

    def say(self, text: str = "", *, style: str = "") -> None:
        """Say it to the person; where the output is data, beside it."""
        if self.cli.screen.for_people:
            self.cli.screen.line(text, style=style)
        else:
            self.cli.screen.note(text, style=style)


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("connect")(connect)


def connect(
    context: typer.Context,
    crm: Annotated[str, typer.Argument(metavar="salesforce|hubspot")],
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="What the system is called in leadhub.toml; else as the CRM is.")] = None,
    url: Annotated[str | None, typer.Option("--url", metavar="URL", help="The org's address; for HubSpot only that of a sandbox.")] = None,
    client_id: Annotated[str | None, typer.Option("--client-id", metavar="ID", help="Salesforce: the app's consumer key.")] = None,
    write_env: Annotated[
        bool | None, typer.Option("--write-env/--no-write-env", help="Write what was typed to .env, for this user alone to read; else it asks.")
    ] = None,
    add: Annotated[bool | None, typer.Option("--add/--no-add", help="Add the system to leadhub.toml; else it asks.")] = None,
) -> None:
    """Walk through connecting a CRM: what to make there, what leadhub needs to know, what is missing. Writes nothing to the CRM.

    Secrets are asked for without showing them, or taken from the environment (SALESFORCE_CLIENT_SECRET, HUBSPOT_TOKEN): no option takes one.
    """
    cli = cli_of(context)
    if crm not in RECIPES:
        raise UsageFault(f'connect knows no "{crm}"; it knows {", ".join(RECIPES)}.', next_step="docs/how-to/write-a-connector.md tells of others")
    plugins = Plugins(cli.folder if (cli.folder / FILE_NAME).is_file() else None)
    visit = _Visit(cli, name or crm, crm, RECIPES[crm], plugins.connectors()[crm], plugins.presets())
    _begin(visit, {RECIPES[crm].address: url, "client_id": client_id})
    found = _try(visit)
    for finding in found:
        visit.say(f"{finding.level:<4}  {clean(finding.subject)}  {clean(finding.text)}")
        if finding.next_step and finding.level != "ok":
            visit.say(f"      next: {finding.next_step}")
    raise typer.Exit(_end(visit, found, write_env, add))


# ---- asking ----------------------------------------------------------------------------------------------------------------------------


def _begin(visit: _Visit, options: Mapping[str, str | None]) -> None:
    """Tell what has to be made there, then take every answer, each tried as far as it can be."""
    visit.say(f"Connecting {visit.recipe.title}. The whole of it: {visit.recipe.guide}", style="bold")
    visit.say("In the CRM, once:")
    for step in visit.recipe.steps:
        visit.say(f"  {step}")
    visit.say()
    known = {**_dot_env(visit.cli.folder), **os.environ}
    address = visit.recipe.address
    there = options.get(address) or _address_there(visit, known)
    if there and address not in {asked.key for asked in visit.recipe.asked}:
        visit.given[address] = there
        _sound(visit, address)
        visit.say(f"ok    {address}  {there}")
    for asked in visit.recipe.asked:
        _take(visit, asked, options.get(asked.key) or known.get(asked.variable) or (there if asked.key == address else None))
        if known.get(asked.variable) != visit.given[asked.key]:
            visit.typed[asked.variable] = asked


def _table(visit: _Visit) -> dict[str, Any] | None:
    """The system's table in leadhub.toml, as it is written; None where there is none."""
    path = visit.cli.folder / FILE_NAME
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    table: dict[str, Any] | None = loads(text).get("system", {}).get(visit.name)
    return table


def _address_there(visit: _Visit, known: Mapping[str, str]) -> str | None:
    """The address that the system's table names: no secret goes anywhere else unasked. Raises UsageFault where it points at nothing and nobody is asked."""
    address, path = visit.recipe.address, visit.cli.folder / FILE_NAME
    written = (_table(visit) or {}).get(address)
    if written is None:
        return None
    references = References(visit.cli.folder, known, path.read_text(encoding="utf-8"), path.name)
    found = references.fill(written, ("system", visit.name, address))
    wrong = [*references.problems, *references.missing[visit.name]]
    if wrong and address not in {asked.key for asked in visit.recipe.asked}:
        raise UsageFault(wrong[0], next_step=f"set it, or give the address: {visit.cli.command(f'connect {visit.plugin} --url URL')}")
    return None if wrong else str(found)


def _take(visit: _Visit, asked: Asked, known: str | None) -> None:
    for attempt in range(_TRIES):
        if not known and not visit.cli.may_ask:
            raise UsageFault(f"{asked.question} is not known, and nobody is there to ask.", next_step=f"set {asked.variable} in the environment")
        visit.given[asked.key] = known or ask(visit.cli, f"{asked.question} ({asked.where}): ", secret=asked.secret)
        try:
            _sound(visit, asked.key)
        except LeadhubError as error:
            if known or attempt == _TRIES - 1:
                raise
            visit.say(f"{error} Once more.", style="yellow")
        else:
            visit.say(f"ok    {asked.key}" + ("" if asked.secret else f"  {visit.given[asked.key]}"))
            return


def ask(cli: Cli, question: str, *, secret: bool) -> str:
    """Ask one question; what is typed as a secret is not shown. Raises UsageFault where the input ends."""
    try:
        return cli.screen.err.input(clean(question), markup=False, emoji=False, password=secret).strip()
    except EOFError:
        raise UsageFault("The input ended before everything was answered.", next_step="the same command again") from None


def _sound(visit: _Visit, key: str) -> None:
    """Raise UsageFault if the connector cannot take an answer; for the address, AccessDenied or the like if nobody answers there."""
    model = visit.connector.settings_model
    try:
        model.model_validate(visit.given)
    except ValidationError as error:
        wrong = next((fault for fault in error.errors(include_input=False, include_url=False) if fault["loc"][:1] == (key,)), None)
        if wrong is not None:
            raise UsageFault(f"{key} cannot be used: {wrong['msg']}.", next_step=f"give another {key}") from None
    if key == visit.recipe.address and visit.recipe.probe is not None:
        _answers(visit.given[key], visit.recipe.probe)


def _answers(address: str, path: str) -> None:
    """Raise LeadhubError unless the API answers at an address."""
    step = "check the address, the network and the proxy, then the same command"
    with http.client(address) as client:
        try:
            answered = client.get(path)
        except Unavailable as error:
            raise Unavailable(str(error), next_step=_UP) from error
        except UnknownOutcome as error:
            raise AccessDenied(f"{address} does not answer: {error}", next_step=step) from error
    if answered.status_code != 200 or "json" not in answered.headers.get("Content-Type", ""):
        raise AccessDenied(f"{address} answers, but not as a CRM does (status {answered.status_code}).", next_step=step)


def _dot_env(folder: Path) -> dict[str, str]:
    path = folder / ENV_FILE
    return {name: value for name, value in dotenv_values(path, interpolate=False).items() if value} if path.is_file() else {}


# ---- trying ----------------------------------------------------------------------------------------------------------------------------


def _try(visit: _Visit) -> list[Finding]:
    """Log in, and return what the login may and may not do. Raises AccessDenied, with what to look at."""
    settings = visit.connector.settings_model.model_validate(visit.given)
    careful = Careful(visit.connector(_context(visit, settings)), SystemClock(), structlog.get_logger(), visit.name)
    try:
        identity = careful.check()
        found = (
            list(careful.examine([_need(visit, mapping) for mapping in visit.connector.mappings if mapping.opt_in is None]))
            if careful.can_examine
            else []
        )
    except AccessDenied as error:
        visit.say("Refused. To look at:", style="bold")
        for hint in visit.recipe.refused:
            visit.say(f"  {hint}")
        raise AccessDenied(str(error), next_step=f"mend it there, then: {visit.cli.command(f'connect {visit.plugin}')}") from error
    except Unavailable as error:
        raise Unavailable(str(error), next_step=_UP) from error
    kind = "PRODUCTION" if identity.production else "sandbox"
    return [Finding("ok", "answers", f"{identity.name}, {kind}, as {identity.user or 'its user'}"), *found]


def _context(visit: _Visit, settings: BaseModel) -> Context:
    wanted = {mapping.object: _need(visit, mapping).reads for mapping in visit.connector.mappings}
    return Context(visit.name, settings, wanted, http.client, SystemClock(), structlog.get_logger())


def _need(visit: _Visit, mapping: ObjectMapping) -> Need:
    """What leadhub does in an object when it is to do everything."""
    preset: dict[str, Any] = loads(visit.presets[mapping.state])["field"] if mapping.state is not None else {}
    natives = [one.native for one in mapping.fields]
    written = [one.native for one in mapping.fields if one.writable and not one.own_call]
    return Need(mapping.object, tuple(dict.fromkeys([*natives, *preset])), tuple(dict.fromkeys([*written, *preset])), creates=mapping.creates)


# ---- keeping ---------------------------------------------------------------------------------------------------------------------------


def _end(visit: _Visit, found: list[Finding], write_env: bool | None, add: bool | None) -> ExitCode:
    """Keep what was typed where a person wants it, add the system to leadhub.toml, and have doctor look at the whole."""
    cli = visit.cli
    kept = _keep(visit, write_env)
    settings = {"plugin": visit.plugin, **_settings(visit), "create": "never"}
    path = cli.folder / FILE_NAME
    there = _table(visit) is not None
    visit.say()
    if there:
        visit.say(f"{FILE_NAME} has a [system.{visit.name}] already; it stays as it is.")
    else:
        visit.say(f"[system.{visit.name}]")
        for key, value in settings.items():
            visit.say(f'{key} = "{value}"')
        if not path.is_file():
            visit.say(f"There is no {path}: leadhub init makes one; then put this into it.")
        elif _wants(cli, add, f"Add this to {path}?"):
            add_system(path, visit.name, settings)
            there = True
    if not there or not kept:
        visit.say(f"Next: {cli.command('doctor --live')}")
        return ExitCode.FAILED if any(one.level == "fail" for one in found) else ExitCode.OK
    visit.say(f"{cli.command('doctor --live')} says of it:", style="bold")
    hub = cli.open()
    return show_findings(cli, list(examine(hub, hub.systems[visit.name], held(hub))))


def _settings(visit: _Visit) -> dict[str, str]:
    """The table's settings: what is asked for as a reference to its variable, an address as it is."""
    references = {asked.key: f"${{{asked.variable}}}" for asked in visit.recipe.asked}
    return {key: value if key == visit.recipe.address else references[key] for key, value in visit.given.items()}


def _keep(visit: _Visit, write_env: bool | None) -> bool:
    """Write what was typed to .env where that is wanted, else show how to set it. Returns whether leadhub will find all of it."""
    folder = visit.cli.folder
    text = (folder / FILE_NAME).read_text(encoding="utf-8") if (folder / FILE_NAME).is_file() else ""
    named = {variable: asked for variable, asked in visit.typed.items() if asked.key != visit.recipe.address or f"${{{variable}}}" in text}
    typed = {variable: visit.given[asked.key] for variable, asked in named.items()}
    if not typed:
        return True
    path = folder / ENV_FILE
    if _wants(visit.cli, write_env, f"Write {', '.join(typed)} to {path}, for you alone to read?"):
        keep(path, typed)
        visit.say(f"Wrote {path} (mode 600).")
        return True
    visit.say("Set these where leadhub runs:")
    for variable, value in typed.items():
        visit.say(f"  {as_export(variable, None if visit.typed[variable].secret else value)}")
    return False


def _wants(cli: Cli, given: bool | None, question: str) -> bool:
    if given is not None or not (cli.may_ask or cli.yes):
        return bool(given)
    return cli.confirm(question)
