"""Reads CSV files. Never writes, moves or deletes one."""

import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel

from leadhub import Context, Cursor, FatalError, Identity, NativeValue, ObjectMapping, Page, Record, Reject
from leadhub_files import client
from leadhub_files.headers import Columns, HeaderError, columns
from leadhub_files.mapping import MAPPING, ROW
from leadhub_files.rows import Row, guess_delimiter, rows
from leadhub_files.settings import FilesSettings

PAGE = 1000


class Files:
    """Rows of CSV files as records.

    Cursor: {"read": {file: digest}, "open": {"file", "digest", "row"} | null}. An unchanged file yields nothing; a changed one yields all of its
    rows again, and whoever stores them sees which differ; "open" is the file in the middle of which a run may have stopped.
    """

    name: ClassVar[str] = "files"
    settings_model: ClassVar[type[BaseModel]] = FilesSettings
    mappings: ClassVar[tuple[ObjectMapping, ...]] = (MAPPING,)

    def __init__(self, context: Context) -> None:
        self.settings: FilesSettings = context.settings
        self.wanted = context.wanted.get(ROW, ())
        self.log = context.log
        self._told: set[tuple[str, tuple[str, ...]]] = set()

    def check(self) -> Identity:
        """Say which files are meant. Raises FatalError when they are not there, AccessDenied when they may not be read."""
        names = [path.name for path in client.find(self.settings.base, self.settings.path)]
        told = f"{len(names)} files, {names[0]} to {names[-1]}" if len(names) > 1 else (names or ["no file yet"])[0]
        return Identity(self.settings.path, told, production=False, user=client.user())

    def pull(self, since: Cursor | None) -> Iterator[Page]:
        """Yield the rows of the files that are new or changed, file by file in the order of their names, at most 1,000 a page.

        A file that cannot be taken in as a whole is left out, and named in a FatalError after the others are through. Raises AccessDenied too,
        and Unavailable when a file is being written.
        """
        state: Any = since or {}
        paths = {self._label(path): path for path in client.find(self.settings.base, self.settings.path)}
        if not paths:
            self.log.warning("no file matches", path=self.settings.path)
        read: dict[str, str] = {name: digest for name, digest in state.get("read", {}).items() if name in paths}
        refused: list[str] = []
        for name, path in paths.items():
            try:
                with client.opened(path, name) as file:
                    if read.get(name) != file.digest:
                        yield from self._pages(file, name, read, _rows_done(state, name, file.digest))
                        read[name] = file.digest
            except (client.FileRefused, HeaderError) as error:
                refused.append(f"{name} was not taken in: {error}")
        yield Page((), {"read": dict(read), "open": None})
        if refused:
            raise FatalError(" ".join(refused), next_step="Mend the file, or its settings in config/leadhub.toml; then: leadhub sync")

    def _pages(self, file: client.OpenFile, name: str, read: Mapping[str, str], done: int) -> Iterator[Page]:
        layout, table = self._table(file, name)
        ahead = (row for row in table if row.number > done and (row.fault or any(cell.strip() for cell in row.cells)))
        while batch := list(itertools.islice(ahead, PAGE)):
            file.check_unchanged()
            taken = [self._take(row, layout, name) for row in batch]
            records = tuple(t for t in taken if isinstance(t, Record))
            rejects = tuple(t for t in taken if isinstance(t, Reject))
            yield Page(records, {"read": dict(read), "open": {"file": name, "digest": file.digest, "row": batch[-1].number}}, rejects)

    def _table(self, file: client.OpenFile, name: str) -> tuple[Columns, Iterator[Row]]:
        """Return what the columns hold, and the rows below the header. Raises HeaderError."""
        lines = file.lines()
        first = next(lines, "")
        if not first.strip():
            raise HeaderError("its first line, which must name the columns, is empty.")
        own = self.settings.headers
        delimiter = guess_delimiter(first, own) if self.settings.delimiter == "auto" else self.settings.delimiter
        table = rows(itertools.chain([first], lines), delimiter)
        header = next(table)
        if header.fault:
            raise HeaderError(f"its first line, which must name the columns, cannot be read. {header.fault}")
        layout = columns(header.cells, own=own, key=self.settings.key, wanted=self.wanted)
        self._tell("columns not taken in", name, layout.unused)
        self._tell("columns named in the settings are not in the file", name, layout.missing)
        return layout, table

    def _tell(self, event: str, name: str, headers: tuple[str, ...]) -> None:
        """Warn once, however many files look alike."""
        if headers and (event, headers) not in self._told:
            self._told.add((event, headers))
            self.log.warning(event, file=name, columns=list(headers))

    def _take(self, row: Row, layout: Columns, name: str) -> Record | Reject:
        if fault := row.fault or _fault(row, layout):
            return Reject(name, row.number, row.raw, fault)
        values: dict[str, NativeValue] = {field: row.cells[i].strip() or None for field, i in layout.fields.items()}
        if values.get("email") is None and values.get("last_name") is None:
            return Reject(name, row.number, row.raw, "The row has neither an e-mail address nor a last name.")
        own_id = row.cells[layout.key].strip() if layout.key is not None and layout.key != layout.fields.get("email") else ""
        return Record(ROW, own_id or _id_from(values), values)

    def _label(self, path: Path) -> str:
        """Return the file's name within the deployment's folder: what a person reads, and what stays when the folder moves."""
        return path.relative_to(self.settings.base).as_posix() if path.is_relative_to(self.settings.base) else path.as_posix()


def _fault(row: Row, layout: Columns) -> str | None:
    beyond = [cell for cell in row.cells[layout.width :] if cell.strip()]
    if len(row.cells) < layout.width or beyond:
        return f"The row has {len(row.cells)} cells, the header {layout.width}."
    if "\0" in "".join(row.cells):
        return "The row contains a NUL character: the file is damaged, or no text."
    return None


def _id_from(values: Mapping[str, NativeValue]) -> str:
    """Return the id of a row that brings none: its e-mail address in lower case, else a hash of its content, whatever the order of its columns."""
    email = values.get("email")
    if isinstance(email, str):
        return email.lower()
    content = json.dumps({name: value for name, value in sorted(values.items()) if value is not None}, ensure_ascii=False)
    return f"row-{hashlib.sha256(content.encode()).hexdigest()[:32]}"


def _rows_done(state: Mapping[str, Any], name: str, digest: str) -> int:
    """Return the row up to which an earlier run came in this very file, or 0."""
    place = state.get("open") or {}
    return int(place["row"]) if (place.get("file"), place.get("digest")) == (name, digest) else 0
