"""Salesforce for leadhub: its connector and its stage presets."""

from collections.abc import Mapping, Sequence
from importlib.resources import files

from leadhub import Source, hookimpl
from leadhub_salesforce.connector import SalesforceConnector


@hookimpl
def register_connectors() -> Sequence[type[Source]]:
    """Return the Salesforce connector."""
    return (SalesforceConnector,)


@hookimpl
def register_presets() -> Mapping[str, str]:
    """Return the presets that lie in this package, by file name."""
    folder = files(__name__) / "presets"
    return {path.name.removesuffix(".toml"): path.read_text("utf-8") for path in folder.iterdir() if path.name.endswith(".toml")}
