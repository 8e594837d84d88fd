"""Writes the reference pages from the code: `python tests/docs/generate.py`. A test checks that they are as this would write them."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import typer
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from leadhub import config, errors
from leadhub.cli.app import make_app

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs/reference"
NOTE = "<!-- written by tests/docs/generate.py -->\n"


def commands() -> str:
    """The commands with their arguments and options."""
    group = typer.main.get_command(make_app())
    return f"# Commands\n\n{NOTE}\n" + "\n".join(_command(group, "leadhub"))


def _command(command: object, path: str) -> Iterator[str]:
    children = getattr(command, "commands", {})
    help_text = re.sub(r"\s+", " ", (getattr(command, "help", None) or "").split("\f")[0]).strip()
    yield f"## {path}\n\n{help_text}\n"
    rows = [
        _parameter(p) for p in command.params if not getattr(p, "hidden", False) and p.name not in ("help", "install_completion", "show_completion")
    ]
    if rows:
        yield "| argument or option | meaning |\n|---|---|\n" + "\n".join(rows) + "\n"
    for name, child in sorted(children.items()):
        if not child.hidden:
            yield from _command(child, f"{path} {name}")


def _parameter(parameter: object) -> str:
    names = ", ".join(parameter.opts) if parameter.param_type_name == "option" else parameter.name.upper()
    meaning = re.sub(r"\s+", " ", getattr(parameter, "help", None) or "").replace("|", "\\|")
    return f"| `{names}` | {meaning} |"


def configuration() -> str:
    """The keys of leadhub.toml, from the models that read it."""
    tables: list[tuple[str, type[BaseModel]]] = [
        ("the file", config.Document),
        ("[defaults]", config.Defaults),
        ("[system.NAME]", config.SystemDoc),
        ("on_create = { … }", config.OnCreate),
        ("[fields.NAME]", config.FieldDoc),
    ]
    text = f'# leadhub.toml\n\n{NOTE}\nSecrets stand in the environment (`"${{NAME}}"`) or in a file of their own (`"file:PATH"`).\n'
    for title, model in tables:
        text += f"\n## {title}\n\n{inspect.getdoc(model)}\n\n| key | type | default |\n|---|---|---|\n"
        for name, field in model.model_fields.items():
            kind = re.sub(r"typing\.|leadhub\.config\.document\.|<class '|'>", "", str(field.annotation)).replace("|", "\\|")
            missing = field.default is PydanticUndefined and field.default_factory is None
            default = "required" if missing else "empty" if field.default_factory else f"`{field.default!r}`"
            text += f"| `{name}` | {kind} | {default} |\n"
    return text


def error_tree() -> str:
    """The errors, grouped by what the caller does about them."""
    tree = (inspect.getdoc(errors) or "").split("\n\n", 1)[1]
    text = f"# Errors\n\n{NOTE}\n```\n{tree}\n```\n\n| error | meaning |\n|---|---|\n"
    found = [item for item in vars(errors).values() if inspect.isclass(item) and issubclass(item, errors.LeadhubError)]
    return text + "".join(f"| `{e.__name__}` | {re.sub(chr(10), ' ', inspect.getdoc(e) or '')} |\n" for e in found)


PAGES = {"commands.md": commands, "configuration.md": configuration, "errors.md": error_tree}

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, write in PAGES.items():
        (FOLDER / name).write_text(write(), encoding="utf-8")
