"""Writes the reference pages from the code: `python tests/docs/generate.py`. A test checks that they are as this would write them."""

import inspect
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import typer
from numbered import coverage_page, pitfall_page
from pydantic_core import PydanticUndefined

from leadhub import config, errors
from leadhub.cli.program import make_app

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


TABLES = {
    "the file": config.Document,
    "[defaults]": config.Defaults,
    "[stages]": config.StagesDoc,
    "[system.NAME]": config.SystemDoc,
    "on_create = { … }": config.OnCreate,
    "create_when = { … }": config.CreateWhen,
    "[fields.NAME]": config.FieldDoc,
    "SYSTEM = { … } in [fields.NAME]": config.NativeTable,
    "[[settle]]": config.Settle,
}


def configuration() -> str:
    """The keys of leadhub.toml, from the models that read it."""
    text = f'# leadhub.toml\n\n{NOTE}\nSecrets stand in the environment (`"${{NAME}}"`), in the file `.env` beside it, or in a file of their own (`"file:PATH"`).\n'
    for title, model in TABLES.items():
        properties = model.model_json_schema()["properties"]
        text += f"\n## {title}\n\n{inspect.getdoc(model)}\n\n| key | value | default | meaning |\n|---|---|---|---|\n"
        for name, field in model.model_fields.items():
            key = field.alias or name
            missing = field.default is PydanticUndefined and field.default_factory is None
            nothing = field.default_factory is not None or field.default in (None, ())
            default = "required" if missing else "" if nothing else f"`{json.dumps(field.default, default=_days)}`"
            meaning = re.sub(r"\s+", " ", field.description or "").replace("|", "\\|")
            text += f"| `{key}` | {_kind(properties[key])} | {default} | {meaning} |\n"
    return text


def _days(duration: timedelta) -> str:
    return f"{duration.days}d"


def _kind(of: dict[str, object]) -> str:
    """What may be written for a key, in words, from its JSON Schema."""
    match of:
        case {"anyOf": [*kinds]} | {"oneOf": [*kinds]}:
            return " or ".join(dict.fromkeys(_kind(kind) for kind in kinds if kind != {"type": "null"}))
        case {"const": value}:
            return f"`{json.dumps(value)}`"
        case {"enum": [*values]}:
            return ", ".join(f"`{json.dumps(value)}`" for value in values)
        case {"type": "array", "items": dict() as item}:
            return f"list of {_kind(item)}"
        case {"type": "object"} | {"$ref": _}:
            return "table"
        case {"type": [*kinds]}:
            return " or ".join(map(str, kinds))
        case {"type": kind}:
            return str(kind)
        case _:
            return "any"


def error_tree() -> str:
    """The errors, grouped by what the caller does about them."""
    tree = (inspect.getdoc(errors) or "").split("\n\n", 1)[1]
    text = f"# Errors\n\n{NOTE}\n```\n{tree}\n```\n\n| error | meaning |\n|---|---|\n"
    found = [item for item in vars(errors).values() if inspect.isclass(item) and issubclass(item, errors.LeadhubError)]
    return text + "".join(f"| `{e.__name__}` | {re.sub(chr(10), ' ', inspect.getdoc(e) or '')} |\n" for e in found)


PAGES = {
    "commands.md": commands,
    "configuration.md": configuration,
    "errors.md": error_tree,
    "sandbox-coverage.md": lambda: coverage_page(NOTE),
    "pitfalls.md": lambda: pitfall_page(NOTE),
}

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, write in PAGES.items():
        (FOLDER / name).write_text(write(), encoding="utf-8")
