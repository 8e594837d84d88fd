"""What a deployment's configuration amounts to: every setting, its value with secrets masked, and where it comes from."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import BaseModel

from leadhub.config.load import Deployment
from leadhub.config.references import REFERENCE
from leadhub.config.secrets import holds_secret

MASK = "********"
_URL = re.compile(r"(?:^|_)url$")
_PASSWORD = re.compile(r"(?<=://)([^/@\s:]*):[^/@\s]+(?=@)")


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. `value` is as the file spells it, or what was found where the file points; `origin` says where it comes from."""

    key: str
    value: str
    origin: str


def settings(deployment: Deployment) -> Iterator[Setting]:
    """Yield what the file says, in its order, then the defaults of the tables that it has."""
    raw = tomllib.loads(deployment.text)
    for keys, value in _leaves(raw):
        yield _written(deployment, keys, value)
    document = deployment.document
    yield from _defaults((), document)
    yield from _defaults(("defaults",), document.defaults)
    for name, system in document.system.items():
        yield from _defaults(("system", name), system)


def _written(deployment: Deployment, keys: tuple[str, ...], value: Any) -> Setting:
    key = ".".join(keys)
    line = deployment.line_of(*keys)
    origin = f"{deployment.path.name}:{line}" if line else deployment.path.name
    if isinstance(value, str) and value.startswith("file:"):
        return Setting(key, MASK, f"{origin}, {value}")
    names = REFERENCE.findall(value) if isinstance(value, str) else []
    if not names:
        return Setting(key, _masked_address(_text(value)), origin)
    sources = ", ".join(f"environment {name}{'' if deployment.environ.get(name) else ' (not set)'}" for name in names)
    found = REFERENCE.sub(lambda match: deployment.environ.get(match[1], ""), value)
    plain = _URL.search(keys[-1]) is not None and not holds_secret(_PASSWORD.sub(r"\1", found))
    return Setting(key, _masked_address(found) if plain else MASK, f"{origin}, {sources}")


def _masked_address(text: str) -> str:
    """Hide the password of an address."""
    return _PASSWORD.sub(rf"\1:{MASK}", text)


def _defaults(keys: tuple[str, ...], table: BaseModel) -> Iterator[Setting]:
    for name in type(table).model_fields:
        value = getattr(table, name)
        if name not in table.model_fields_set and isinstance(value, str | int | timedelta):
            yield Setting(".".join((*keys, name)), _text(value), "default")


def _leaves(value: Any, keys: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _leaves(item, (*keys, key))
    elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        for number, item in enumerate(value):
            yield from _leaves(item, (*keys, str(number)))
    else:
        yield keys, value


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, timedelta):
        return f"{value.days}d"
    return ", ".join(map(_text, value)) if isinstance(value, list) else str(value)
