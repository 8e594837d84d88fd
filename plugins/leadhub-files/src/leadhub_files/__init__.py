"""CSV files: as a source of leads, and as a list that leadhub keeps. This module only answers leadhub's hooks."""

from collections.abc import Mapping, Sequence
from importlib.resources import files

from leadhub import Source, hookimpl
from leadhub_files.connector import Files
from leadhub_files.csvfile import CsvFile


@hookimpl
def register_connectors() -> Sequence[type[Source]]:
    """Return the connector that only reads, and the one that keeps a file."""
    return [Files, CsvFile]


@hookimpl
def register_presets() -> Mapping[str, str]:
    """Return leadhub's own words as a preset."""
    return {"leadhub": (files("leadhub_files") / "presets" / "leadhub.toml").read_text("utf-8")}
