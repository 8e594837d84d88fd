"""Web forms as a source of leads."""

from collections.abc import Sequence

from leadhub import Source, hookimpl
from leadhub_forms.connector import Forms


@hookimpl
def register_connectors() -> Sequence[type[Source]]:
    """Return the connector for forms."""
    return [Forms]
