"""Every hook of leadhub, typed. A hook's docstring is its documentation."""

from collections.abc import Mapping, Sequence

import pluggy
import typer

from leadhub.connectors.protocols import Source

PROJECT = "leadhub"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class Hooks:
    """What a plugin may implement. Arguments that an implementation does not need may be left out."""

    @hookspec
    def register_connectors(self) -> Sequence[type[Source]]:
        """Return the connector classes of this plugin. Called once, when a deployment is opened."""
        raise NotImplementedError

    @hookspec
    def register_presets(self) -> Mapping[str, str]:
        """Return stage presets as {name: TOML text}. A name that two plugins give is an error that names both."""
        raise NotImplementedError

    @hookspec
    def register_commands(self, app: typer.Typer) -> None:
        """Add commands to the `leadhub` program."""
        raise NotImplementedError
