"""A folder to put files into, and a connector that reads them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from leadhub_files.connector import Files
from leadhub_files.settings import FilesSettings

from leadhub.testing import Factory


class Folder:
    """A deployment's folder."""

    def __init__(self, base: Path) -> None:
        self.base = base

    def write(self, text: str | bytes, name: str = "leads.csv") -> Path:
        """Save a file."""
        path = self.base / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def factory(self, path: str = "*.csv", **settings: Any) -> Factory:
        """Return what makes connectors to the folder's files."""
        return Factory(Files, FilesSettings(path=path, base=self.base, **settings))


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Return an empty folder."""
    return Folder(tmp_path)


@pytest.fixture
def read(folder: Folder) -> Callable[..., Any]:
    """Return what reads one text as a file: (records by id, rejects, warnings of the log)."""

    def reading(text: str | bytes, **settings: Any) -> tuple[dict[str, Any], list[Any], list[str]]:
        folder.write(text)
        factory = folder.factory(**settings)
        pages = list(factory().pull(None))
        records = {record.id: dict(record.values) for page in pages for record in page.records}
        warnings = [event for event in factory.log.events if not event.startswith("columns read ")]
        return records, [reject for page in pages for reject in page.rejects], warnings

    return reading
