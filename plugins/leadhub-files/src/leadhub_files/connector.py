"""Reads CSV files. Never writes, moves or deletes one."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel

from leadhub import Context, Cursor, FatalError, FieldDescription, Gone, Identity, Json, ObjectMapping, Page, Record, Reject
from leadhub.values.headers import Question
from leadhub_files import client
from leadhub_files.cells import CellReader, IdentityReader
from leadhub_files.encoding import FileRefused
from leadhub_files.headers import HeaderError
from leadhub_files.identity import Ids, Survey, Told, id_of, survey
from leadhub_files.mapping import MAPPING, ROW
from leadhub_files.people import People
from leadhub_files.settings import FilesSettings
from leadhub_files.table import Table

PAGE = 1000
MOST_NUMBERS = 20
_MEND = "Mend the file, or its settings in leadhub.toml; then: leadhub sync"


class Unclear(FatalError):
    """Files were left out. `questions` are what a person could answer to have them read: each choice is a setting."""

    def __init__(self, message: str, *, questions: tuple[Question, ...], next_step: str) -> None:
        super().__init__(message, next_step=next_step)
        self.questions = questions


@dataclass(slots=True)
class _Place:
    """How far a pull has come: the files read to their end, in the order in which they were first read, and the addresses known to be shared.

    A digest is blank where the file was read under other settings than these. `fresh`: nothing was ever read before.
    """

    settings: str
    read: dict[str, str]
    shared: frozenset[int]
    fresh: bool

    def cursor(self, within: dict[str, Json] | None) -> Cursor:
        """Return the cursor to go on from here, in the middle of a file or between two."""
        shared: list[Json] = [f"{key:016x}" for key in sorted(self.shared)]
        return {"settings": self.settings, "read": dict(self.read), "order": list(self.read), "open": within, "shared": shared}

    def later(self, name: str) -> dict[str, str]:
        """Return the files, with their digests, that were first read after one and are not to be read again anyway; none for one that never was."""
        names = list(self.read)
        return {other: self.read[other] for other in names[names.index(name) + 1 :] if self.read[other]} if name in self.read else {}


class Files:
    """Rows of CSV files as records.

    Cursor: {"settings": digest, "read": {file: digest}, "order": [file], "open": {"file", "digest", "row"} | null, "shared": [mark of an address]}. An unchanged file
    yields nothing; a changed one yields its rows again, and whoever stores them sees which differ. What a later file says stands: rows of ids that an
    unchanged file has which was first read after it are left out, so that a mended old file brings no old values back. "order" is that order: a new
    file is news whatever its name. Other "settings" have every file read again, for what they mend was rejected before. "open" is the file in the middle of which a run may have stopped; "shared" are the addresses that several people
    have (see `identity`).
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

    def describe(self, object_name: str) -> Mapping[str, FieldDescription]:  # noqa: ARG002 - a file has one object
        """Return the fields that a row can have. Only the headers are read. Raises Unclear where those of a file leave something open."""
        found = dict.fromkeys(mapped.native for mapped in MAPPING.fields)
        refused: list[str] = []
        questions: list[Question] = []
        for path in client.find(self.settings.base, self.settings.path):
            name = self._label(path)
            try:
                with client.opened(path, name, self.settings.encoding) as file:
                    found |= dict.fromkeys(Table(file, self.settings, self.wanted).columns.fields)
            except (FileRefused, HeaderError) as error:
                code = "M22 " if isinstance(error, HeaderError) and error.questions else ""
                refused.append(f"{code}{name}: {error}")
                questions += error.questions
        if refused:
            raise Unclear(" ".join(refused), questions=tuple(questions), next_step=_MEND)
        return {name: FieldDescription(name, name, writable=False) for name in found}

    def pull(self, since: Cursor | None) -> Iterator[Page]:
        """Yield the rows of the files that are new or changed, at most 1,000 a page: first those read before, then the new ones by their names.

        A file that cannot be taken in as a whole is left out, and named in a FatalError after the others are through. Raises AccessDenied too,
        and Unavailable when a file is being written.
        """
        state: Any = since or {}
        paths = {self._label(path): path for path in client.find(self.settings.base, self.settings.path)}
        if not paths:
            self.log.warning("no file matches", path=self.settings.path)
        place = self._place(state, paths, fresh=since is None)
        refused: list[str] = []
        questions: list[Question] = []
        for name in dict.fromkeys((*place.read, *paths)):
            try:
                with client.opened(paths[name], name, self.settings.encoding) as file:
                    if place.read.get(name) != file.digest:
                        later = Ids(
                            chain.from_iterable(self._ids(paths[other], other, place.shared, as_read) for other, as_read in place.later(name).items())
                        )
                        yield from self._pages(file, name, place, later, _rows_done(state, name, file.digest, place.settings))
                        place.read[name] = file.digest
            except (FileRefused, HeaderError) as error:
                refused.append(f"{name} was not taken in: {error}")
                questions += error.questions
        yield Page((), place.cursor(None))
        if refused:
            raise Unclear(" ".join(refused), questions=tuple(questions), next_step=_MEND)

    def _place(self, state: Mapping[str, Any], paths: Mapping[str, Path], *, fresh: bool) -> _Place:
        """Return how far an earlier pull came, as far as that counts under the present settings."""
        told = json.dumps(self.settings.model_dump(mode="json", exclude={"base", "path"}), sort_keys=True)
        settings, read = hashlib.sha256(told.encode()).hexdigest(), state.get("read", {})
        same = state.get("settings") == settings
        known = {name: read[name] if same else "" for name in state.get("order", sorted(read)) if name in paths}
        return _Place(settings, known, _shared(state), fresh=fresh)

    def _ids(self, path: Path, name: str, shared: frozenset[int], digest: str) -> Iterator[str]:
        """Yield the ids of a file's rows as they were given out, if it is as it was then; one that changed is read again anyway. Raises FileRefused."""
        try:
            with client.opened(path, name, self.settings.encoding) as file:
                if file.digest == digest:
                    table = Table(file, self.settings, self.wanted)
                    for _, told in table.taken(self._reader(IdentityReader, table), name):
                        if isinstance(told, Told):
                            yield id_of(told, shared)
        except (FileRefused, HeaderError) as error:
            raise FileRefused(f"{name}, which was read after it, cannot be read now, and what that says would count. First mend it.") from error

    def _pages(self, file: client.OpenFile, name: str, place: _Place, later: Ids, done: int) -> Iterator[Page]:
        found = self._survey(file, name, place.shared)
        place.shared = found.shared
        # A record that went by the shared address alone is nobody's now; before the first run there was none.
        gone = () if place.fresh else tuple(Record(ROW, address, {}, gone=Gone.VANISHED) for address in found.left)
        table = Table(file, self.settings, self.wanted)
        reader = self._reader(CellReader, table)
        self._tell("columns not taken in", name, table.columns.unused)
        self._tell("columns named in the settings are not in the file", name, table.columns.missing)
        read_as = {table.columns.names[i]: field for field, i in table.columns.fields.items()}
        key = None if table.columns.own_id is None else table.columns.names[table.columns.own_id]
        self.log.info("columns read", file=name, delimiter=table.delimiter, encoding=file.encoding, read_as=read_as, key=key)
        left: list[int] = []
        people = People(table, reader, found)
        records = _news(people.records(name), later, left)
        ahead = (taken for taken in records if taken[0] > done)
        while batch := list(islice(ahead, PAGE)):
            file.check_unchanged()
            here = tuple(told for _, told in batch if isinstance(told, Record))
            rejects = tuple(told for _, told in batch if isinstance(told, Reject))
            yield Page((*gone, *here), place.cursor({"file": name, "digest": file.digest, "row": batch[-1][0]}), rejects)
            gone = ()
        if people.repeats:
            event = f"{_rows(len(people.repeats), 'repeats', 'repeat')} an earlier row; of each field the last that says something counts"
            self.log.warning(event, file=name, rows=_numbers(people.repeats))
        if left:
            event = f"{_rows(len(left), 'is', 'are')} left to a file that was read later and has the same people"
            self.log.warning(event, file=name, rows=_numbers(left))
        for noted, what in ((reader.problems, "left out, the rest of the row taken in"), (reader.doubts, "kept as typed and should be mended")):
            for (header, problem), numbers in noted.items():
                event = f"{'1 value was' if len(numbers) == 1 else f'{len(numbers):,} values were'} {what}: {problem}"
                self.log.warning(event, file=name, column=header, rows=_numbers(numbers))

    def _survey(self, file: client.OpenFile, name: str, shared: frozenset[int]) -> Survey:
        """Look the whole file over before its first row is given out: what a row's id is depends on the others."""
        table = Table(file, self.settings, self.wanted)
        taken = table.taken(self._reader(IdentityReader, table), name)
        found = survey((told for _, told in taken if isinstance(told, Told)), shared)
        table.check_shape()
        if not table.count:
            self.log.warning("the file has a header and no rows", file=name)
        return found

    def _tell(self, event: str, name: str, headers: tuple[str, ...]) -> None:
        """Warn once, however many files look alike."""
        if headers and (event, headers) not in self._told:
            self._told.add((event, headers))
            self.log.warning(event, file=name, columns=list(headers))

    def _reader(self, kind: type[CellReader], table: Table) -> CellReader:
        settings = self.settings
        return kind(table.columns, formats=settings.formats, region=settings.region, explicit=settings.consent == "explicit")

    def _label(self, path: Path) -> str:
        """Return the file's name within the deployment's folder: what a person reads, and what stays when the folder moves."""
        return path.relative_to(self.settings.base).as_posix() if path.is_relative_to(self.settings.base) else path.as_posix()


def _news(records: Iterable[tuple[int, Record | Reject]], later: Ids, left: list[int]) -> Iterator[tuple[int, Record | Reject]]:
    """Yield what no later file speaks of; put the numbers of the other rows on the list."""
    for number, told in records:
        if isinstance(told, Record) and told.id in later:
            left.append(number)
        else:
            yield number, told


def _rows(count: int, does: str, do: str) -> str:
    return f"1 row {does}" if count == 1 else f"{count:,} rows {do}"


def _numbers(rows: Sequence[int]) -> str:
    """Return `3, 7`: of many the first ones."""
    more = f" and {len(rows) - MOST_NUMBERS:,} more" if len(rows) > MOST_NUMBERS else ""
    return ", ".join(map(str, rows[:MOST_NUMBERS])) + more


def _shared(state: Mapping[str, Any]) -> frozenset[int]:
    return frozenset(int(text, 16) for text in state.get("shared", ()))


def _rows_done(state: Mapping[str, Any], name: str, digest: str, settings: str) -> int:
    """Return the row up to which an earlier run came in this very file under these settings, or 0."""
    place = state.get("open") or {}
    return int(place["row"]) if (place.get("file"), place.get("digest"), state.get("settings")) == (name, digest, settings) else 0
