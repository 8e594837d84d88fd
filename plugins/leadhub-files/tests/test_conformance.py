"""The connector keeps the laws of a source."""

import csv
from collections.abc import Mapping
from pathlib import Path

import pytest
from leadhub_files.connector import Files
from leadhub_files.mapping import MAPPING
from leadhub_files.settings import FilesSettings

from leadhub import NativeValue
from leadhub.testing import Factory, SourceConformance

CANONICAL = tuple(field.native for field in MAPPING.fields)


class FileHarness:
    """A person with a spreadsheet."""

    object = "row"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: dict[str, dict[str, NativeValue]] = {}
        self.made = 0
        self.save()

    def create(self, values: Mapping[str, NativeValue]) -> str:
        """Append a row."""
        self.made += 1
        record_id = f"L{self.made:05d}"
        self.rows[record_id] = dict(values)
        with self.path.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerow(self.cells(record_id))
        return record_id

    def edit(self, record_id: str, values: Mapping[str, NativeValue]) -> None:
        """Change cells and save."""
        self.rows[record_id].update(values)
        self.save()

    def delete(self, record_id: str) -> None:
        """Delete a row and save."""
        del self.rows[record_id]
        self.save()

    def advance(self, seconds: float) -> None:
        """A file has no clock."""

    def cells(self, record_id: str) -> list[NativeValue]:
        """Return a row."""
        return [record_id, *(self.rows[record_id].get(name) for name in CANONICAL)]

    def save(self) -> None:
        """Write the whole file."""
        with self.path.open("w", newline="", encoding="utf-8-sig") as file:
            csv.writer(file).writerow(["Lead ID", *CANONICAL])
            csv.writer(file).writerows(self.cells(record_id) for record_id in self.rows)


class TestFiles(SourceConformance):
    """The laws, on one file of 2,100 rows where pages matter."""

    many = 2100

    @pytest.fixture
    def harness(self, tmp_path: Path) -> FileHarness:
        """Return a person with a fresh file."""
        return FileHarness(tmp_path / "leads.csv")

    @pytest.fixture
    def connector_factory(self, harness: FileHarness) -> Factory:
        """Return what makes connectors to the file."""
        return Factory(Files, FilesSettings(path="*.csv", base=harness.path.parent))
