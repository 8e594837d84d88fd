"""The CSV file as a target keeps the laws of reading and writing, with a disk that can fail."""

import csv
import errno
import io
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import pytest
from leadhub_files import client
from leadhub_files.csvfile import CsvFile
from leadhub_files.mapping import OPTIONS
from leadhub_files.settings import CsvSettings

from leadhub import NativeValue
from leadhub.testing import Factory, TargetConformance
from leadhub.testing.harness import Call

COLUMNS = ("record_id", *CsvSettings(path="leads.csv").columns, "leadhub_id")
FAULTS = {"no space left": errno.ENOSPC, "read-only file system": errno.EROFS, "busy": errno.EBUSY, "stale handle": errno.ESTALE}


class Disk:
    """Stands between the connector and the operating system: counts, breaks and denies."""

    def __init__(self) -> None:
        self.made: Counter[Call] = Counter()
        self.broken: list[tuple[Call, bool]] = []
        self.denied = False
        self.fault: tuple[str, Call] | None = None

    def meets(self, call: Call) -> bool | None:
        """Count a call; if it is to break, return whether after the fact."""
        self.made[call] += 1
        if self.fault is not None and self.fault[1] == call:
            raise OSError(FAULTS[self.fault[0]], self.fault[0])
        return self.broken.pop(0)[1] if self.broken and self.broken[0][0] == call else None

    def swap(self, new: Path, path: Path) -> None:
        """Replace a file, or break."""
        after = self.meets("write")
        if after is not False:
            new.replace(path)
        if after is not None:
            raise OSError(errno.EIO, "Input/output error")

    def raw(self, path: Path) -> io.RawIOBase:
        """Open a file whose every reading is counted."""
        if self.denied:
            raise PermissionError(errno.EACCES, "Permission denied")
        disk = self

        class Counted(io.FileIO):
            def readinto(self, buffer: object, /) -> int | None:
                if disk.meets("read") is not None:
                    raise OSError(errno.EIO, "Input/output error")
                return super().readinto(buffer)

        return Counted(path, "rb")


class SheetHarness:
    """A person with a spreadsheet program, and the disk."""

    object = "lead"
    picklist = "stage"

    def __init__(self, path: Path, disk: Disk) -> None:
        self.path, self.disk, self.added = path, disk, 0
        self.save([])

    def rows(self) -> list[dict[str, str]]:
        """Return the rows as they stand in the file."""
        with self.path.open(newline="", encoding="utf-8-sig") as file:
            return list(csv.DictReader(file))

    def save(self, rows: list[dict[str, str]]) -> None:
        """Write the whole file, as a spreadsheet does."""
        with self.path.open("w", newline="", encoding="utf-8-sig") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)

    def create(self, values: Mapping[str, NativeValue]) -> str:
        """Append a row with an id."""
        self.added += 1
        record_id = f"P{self.added:05d}"
        with self.path.open("a", newline="", encoding="utf-8") as file:
            csv.DictWriter(file, COLUMNS).writerow({**self.cells(values), "record_id": record_id})
        return record_id

    def edit(self, record_id: str, values: Mapping[str, NativeValue]) -> None:
        """Change cells and save."""
        self.save([row | self.cells(values) if row["record_id"] == record_id else row for row in self.rows()])

    def delete(self, record_id: str) -> None:
        """Delete a row and save."""
        self.save([row for row in self.rows() if row["record_id"] != record_id])

    def cells(self, values: Mapping[str, NativeValue]) -> dict[str, str]:
        """Return values as a person types them."""
        return {name: "" if value is None else str(value) for name, value in values.items()}

    def advance(self, seconds: float) -> None:
        """A file has no clock."""

    def deny(self) -> None:
        """Take the right to read away."""
        self.disk.denied = True

    def break_next(self, call: Call, *, after_commit: bool = False) -> None:
        """Let the disk fail."""
        self.disk.broken.append((call, after_commit))

    @property
    def faults(self) -> Collection[str]:
        """What a disk says."""
        return FAULTS

    def fault(self, name: str, call: Call) -> None:
        """Let the disk fail from now on."""
        self.disk.fault = (name, call) if name else None

    def calls(self, call: Call) -> int:
        """Return how many calls reached the disk: readings, and replacements."""
        return self.disk.made[call]

    def raw(self, record_id: str) -> Mapping[str, NativeValue] | None:
        """Return a row as another program reads it, without the apostrophes that keep formulas from running."""
        found = [row for row in self.rows() if row["record_id"] == record_id]
        return {name: cell.removeprefix("'") or None for name, cell in found[0].items()} if found else None

    def count(self) -> int:
        """Return the number of rows."""
        return len(self.rows())

    def bad(self) -> Mapping[str, NativeValue]:
        """Return a value that no CSV file can hold."""
        return {"email": "bad@x.example", "last_name": "B\0d"}


class TestCsvFile(TargetConformance):
    """The laws, on one file of 2,100 rows where pages matter."""

    many = 2100
    clears_then_sets = False

    @pytest.fixture
    def harness(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SheetHarness]:
        """Return a person with a fresh file."""
        disk = Disk()
        monkeypatch.setattr(client, "swap", disk.swap)
        monkeypatch.setattr(client, "raw", disk.raw)
        return SheetHarness(tmp_path / "leads.csv", disk)

    @pytest.fixture
    def connector_factory(self, harness: SheetHarness) -> Factory:
        """Return what makes connectors to the file."""
        return Factory(CsvFile, CsvSettings(path="leads.csv", base=harness.path.parent), {"lead": tuple(OPTIONS)})
