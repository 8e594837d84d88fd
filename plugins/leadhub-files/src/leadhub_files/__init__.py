"""CSV files as a source of leads."""

from collections.abc import Sequence

from leadhub import Source, hookimpl
from leadhub_files.connector import Files


@hookimpl
def register_connectors() -> Sequence[type[Source]]:
    """Return the connector for files."""
    return [Files]
