"""The program itself: global options, the commands, and what becomes of errors. `leadhub.cli.app` starts it."""

import sys
import traceback
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import typer

from leadhub.cli import (
    adopt,
    apply,
    approve,
    audit,
    completion,
    config,
    connect,
    db,
    demo,
    doctor,
    importing,
    inbox,
    init,
    leads,
    leads_export,
    leads_set,
    mapping,
    pause,
    plan,
    plugins,
    pull,
    report,
    resolve,
    revert,
    review,
    review_file,
    runs,
    sandbox,
    serve,
    sync,
    why,
)
from leadhub.cli import logs as logging
from leadhub.cli.exits import CHECK, ExitCode, in_folder, next_step_of, of_error
from leadhub.cli.screen import Output, Screen
from leadhub.cli.session import Cli
from leadhub.errors import LeadhubError

_WITH_VALUE = frozenset({"-C", "--output", "--log-format"})
_FLAGS = frozenset({"-q", "--quiet", "-v", "-vv", "--verbose", "--no-color", "--no-input", "--yes", "-y", "--debug"})
_GROUPS = {
    "leads": leads.group,
    "review": review.group,
    "report": report.group,
    "runs": runs.group,
    "inbox": inbox.group,
    "map": mapping.group,
    "config": config.group,
    "db": db.group,
    "plugins": plugins.group,
    "sandbox": sandbox.group,
}
for _module in (why, leads_set, leads_export):
    _module.add_to(leads.group)
for _module in (resolve, review_file):
    _module.add_to(review.group)


def make_app() -> typer.Typer:
    """Return the program with all its own commands."""
    app = typer.Typer(
        name="leadhub",
        help="Keeps leads in sync across Salesforce, HubSpot, web forms and files: shows every write before it makes it, and can say why.",
        epilog="The options above may stand anywhere on the line. First time here? leadhub demo needs no credentials.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=True,
    )
    app.callback()(_options)
    for module in (demo, init, connect, doctor, adopt, pull, plan, approve, apply, sync, audit, revert, pause, importing, serve, completion):
        module.add_to(app)
    for name, group in _GROUPS.items():
        app.add_typer(group, name=name, no_args_is_help=True)
    return app


def _version(asked: bool) -> None:
    if asked:
        from leadhub import __version__

        sys.stdout.write(f"leadhub {__version__}\n")
        raise typer.Exit


def _options(
    context: typer.Context,
    folder: Annotated[Path, typer.Option("-C", metavar="DIR", help="The folder of leadhub.toml.")] = Path(),
    output: Annotated[Output, typer.Option("--output", help="The form of the data on stdout.")] = Output.TABLE,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Errors alone on stderr.")] = False,
    verbose: Annotated[int, typer.Option("--verbose", "-v", count=True, help="More of the log; twice for everything.")] = 0,
    log_format: Annotated[str, typer.Option("--log-format", metavar="text|json", help="The form of the log on stderr.")] = "text",
    no_color: Annotated[bool, typer.Option("--no-color", help="No color (NO_COLOR does the same).")] = False,
    no_input: Annotated[bool, typer.Option("--no-input", help="Never ask; fail where an answer is needed.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Answer every question with yes.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an unexpected error.")] = False,  # noqa: ARG001 - read by main
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,  # noqa: ARG001 - its callback acts
) -> None:
    if log_format not in {"text", "json"}:
        raise typer.BadParameter("text or json", param_hint="--log-format")
    logging.configure(quiet=quiet, verbose=verbose, log_format="json" if log_format == "json" else "text")
    context.obj = cli = Cli(folder, Screen(output, quiet=quiet, color=not no_color), yes=yes, no_input=no_input)
    context.call_on_close(cli.close)


def run(argv: Sequence[str]) -> int:
    """Run one command and return its exit code. Every error ends as one message: what, where, why, and the next command."""
    args = hoisted(list(argv))
    screen = Screen(color="--no-color" not in args)
    try:
        _with_plugin_commands(make_app(), args)(args=args, prog_name="leadhub")
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
        if code == ExitCode.INTERRUPTED:
            raise KeyboardInterrupt from None
        return code
    except LeadhubError as error:
        screen.complain(f"Error: {error}")
        screen.complain(f"Next: {_next(error, args)}", style="")
        return of_error(error)
    except Exception as error:  # noqa: BLE001 - the last one to catch anything
        screen.complain(f"Error: leadhub itself failed: {type(error).__name__}: {error}")
        if "--debug" in args:
            screen.complain("".join(traceback.format_exception(error)), style="")
        else:
            screen.complain("Next: the same command with --debug shows the traceback; please report it.", style="")
        return ExitCode.FAILED
    return ExitCode.OK


def _next(error: LeadhubError, args: Sequence[str]) -> str:
    """What helps, as it has to be typed for this deployment: `config check` sends nobody back to itself alone."""
    step = next_step_of(error)
    if step == CHECK and ("config", "check") in pairwise(args):
        step = f"mend what is named above, then: {CHECK}"
    folder = next((Path(value) for option, value in pairwise(args) if option == "-C"), Path())
    return in_folder(step, folder)


def hoisted(args: list[str]) -> list[str]:
    """Return the arguments with the global options first, wherever they stood: `leadhub sync --output json` is what people type."""
    front: list[str] = []
    rest: list[str] = []
    left = iter(args)
    for arg in left:
        if arg == "--":
            rest += [arg, *left]
        elif arg in _WITH_VALUE:
            front += [arg, *([value] if (value := next(left, None)) is not None else [])]
        elif arg in _FLAGS or arg.partition("=")[0] in _WITH_VALUE:
            front.append(arg)
        else:
            rest.append(arg)
    return front + rest


def _with_plugin_commands(app: typer.Typer, args: Sequence[str]) -> typer.Typer:
    """Let plugins add their commands, only where a command is meant that leadhub does not have: loading plugins takes time."""
    own = {command.name or "" for command in app.registered_commands} | {group.name or "" for group in app.registered_groups}
    meant = next((arg for i, arg in enumerate(args) if not arg.startswith("-") and (i == 0 or args[i - 1] not in _WITH_VALUE)), None)
    if meant is not None and meant not in own:
        from leadhub.plugins import Plugins

        Plugins().add_commands(app)
    return app
