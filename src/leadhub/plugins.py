"""Plugins: found by entry point and in a deployment's own folder, registered, checked. One typed method per hook; nobody else calls pluggy."""

import importlib.util
import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy
import typer

from leadhub.connectors.protocols import Source
from leadhub.errors import PluginError
from leadhub.hookspecs import PROJECT, Hooks
from leadhub.lifecycle.presets import preset_texts

BLOCK = "LEADHUB_BLOCK_PLUGINS"
"""An environment variable: names of installed plugins to leave out, with commas between."""


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """One plugin as `leadhub plugins list` shows it. `origin` is the distribution and version, or the file."""

    name: str
    origin: str
    connectors: tuple[str, ...]
    presets: tuple[str, ...]


class Plugins:
    """All plugins of one deployment."""

    def __init__(self, folder: Path | None = None) -> None:
        """Load installed plugins and those in `folder`/plugins/*.py. Raises PluginError naming the plugin and the mend."""
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(Hooks)
        self._origins: dict[str, str] = {}
        blocked = {name.strip() for name in os.environ.get(BLOCK, "").split(",")}
        for point in sorted(entry_points(group=PROJECT), key=lambda p: p.name):
            if point.name not in blocked:
                self._register(point.name, _load_installed(point), _distribution(point))
        for path in sorted((folder / "plugins").glob("*.py")) if folder is not None else ():
            self._register(path.stem, _load_file(path), str(path))
        self._check()

    def _register(self, name: str, module: ModuleType, origin: str) -> None:
        if name in self._origins:
            raise PluginError(f"Two plugins are called {name}: {self._origins[name]} and {origin}.", next_step="rename or remove one of them")
        try:
            self._manager.register(module, name)
        except pluggy.PluginValidationError as error:
            raise PluginError(f"Plugin {name} ({origin}) does not fit leadhub's hooks: {error}.", next_step="leadhub plugins list") from error
        self._origins[name] = origin

    def _check(self) -> None:
        try:
            self._manager.check_pending()
        except pluggy.PluginValidationError as error:
            raise PluginError(f"A plugin implements a hook that leadhub does not have: {error}.", next_step="mend the name of the hook") from error

    def connectors(self) -> dict[str, type[Source]]:
        """Return every connector class by its name. Raises PluginError when two plugins give the same name."""
        found: dict[str, type[Source]] = {}
        for name, connectors in self._calls("register_connectors"):
            for connector in connectors:
                if connector.name in found:
                    raise PluginError(f"Plugin {name} gives a second connector called {connector.name}.", next_step="leadhub plugins list")
                found[connector.name] = connector
        return found

    def presets(self) -> dict[str, str]:
        """Return the TOML text of every stage preset by name, the core's own among them."""
        found = dict(preset_texts())
        for name, presets in self._calls("register_presets"):
            for preset, text in presets.items():
                if preset in found:
                    raise PluginError(f"Plugin {name} gives a second preset called {preset}.", next_step="leadhub plugins list")
                found[preset] = text
        return found

    def add_commands(self, app: typer.Typer) -> None:
        """Let plugins add commands to the program."""
        self._manager.hook.register_commands(app=app)

    def infos(self) -> tuple[PluginInfo, ...]:
        """Return what each plugin brings."""
        connectors = {name: tuple(c.name for c in of) for name, of in self._calls("register_connectors")}
        presets = {name: tuple(of) for name, of in self._calls("register_presets")}
        return tuple(PluginInfo(n, o, connectors.get(n, ()), presets.get(n, ())) for n, o in self._origins.items())

    def _calls(self, hook: str) -> Iterator[tuple[str, Any]]:
        """Call one hook plugin by plugin, so that an error can name whose it is."""
        for name in self._origins:
            module = self._manager.get_plugin(name)
            implementation = getattr(module, hook, None)
            if implementation is not None:
                yield name, implementation()


def _load_installed(point: EntryPoint) -> ModuleType:
    try:
        loaded = point.load()
    except Exception as error:
        raise PluginError(
            f"Plugin {point.name} ({point.value}) cannot be loaded: {error}.", next_step=f"{BLOCK}={point.name} leaves it out"
        ) from error
    assert isinstance(loaded, ModuleType)
    return loaded


def _distribution(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist is not None else point.value


def _load_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"leadhub_file_plugin_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise PluginError(f"The plugin file {path} cannot be loaded: {error}.", next_step="mend the file or move it out of plugins/") from error
    return module
