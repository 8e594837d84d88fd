"""The one module that touches the file system: finds files, proves them readable, hands out their lines, and replaces one in a single step."""

import codecs
import csv
import errno
import getpass
import hashlib
import io
import os
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO, Self, TextIO

from filelock import FileLock, Timeout

from leadhub import AccessDenied, FatalError, Unavailable, UnknownOutcome
from leadhub_files.encoding import Check, encoding_of

CHUNK = 1 << 18
LINES_AT_ONCE = 1 << 16
"""Characters of text that are read at once."""
WILD = set("*?[")
LONGEST_WAIT = 10.0
"""Seconds that a writer waits for another."""


def find(base: Path, pattern: str) -> list[Path]:
    """Return the files that the pattern means, by name. None at all is fine for a wildcard in a folder that exists.

    Raises FatalError when a file without wildcards, or the folder before the first wildcard, is not there; AccessDenied when it may not be read.
    """
    path = base / Path(pattern).expanduser()
    try:
        if path.is_file():
            return [path]
        parts = path.parts
        wild = next((i for i, part in enumerate(parts) if WILD & set(part)), None)
        if wild is None:
            raise _missing(path, "is a folder, not a file" if path.is_dir() else "does not exist")
        folder = Path(*parts[:wild])
        if not folder.is_dir():
            raise _missing(folder, "is no folder")
        next(folder.iterdir(), None)  # a glob takes a folder that may not be read for an empty one
        found = folder.glob(str(Path(*parts[wild:])))
        return sorted(p for p in found if p.is_file() and not p.name.startswith((".", "~$")))
    except PermissionError as error:
        raise AccessDenied(f"{path} may not be read by {user()}.", next_step="Give that user the right to read it, then: leadhub doctor") from error


def _missing(path: Path, why: str) -> FatalError:
    return FatalError(f"{path} {why}.", next_step="Put the file there, or mend `path` in leadhub.toml; then: leadhub doctor")


def user() -> str:
    """Return the name of the operating system's user, or its number where it has no name (in a container)."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"uid {os.getuid()}"


class OpenFile:
    """A file that was read once to its end: `digest` of its bytes, known to be text. Its lines can then be read again, as they were.

    `encoding` is the one it is read in; `has_nul` tells of NUL characters anywhere in it, `marked` of a byte order mark in UTF-8.
    """

    def __init__(self, handle: BinaryIO, name: str, encoding: str) -> None:
        self._handle = handle
        self._name = name
        self.marked = False
        self._text: TextIOWrapper | None = None
        self.state = self._stat()
        self.digest = self._digest(encoding)
        self.check_unchanged()

    def lines(self) -> Iterator[list[str]]:
        """Yield the physical lines with their ends, some at a time. Raises Unavailable when the disk does not answer."""
        if self._text is not None:
            self._text.detach()  # an earlier reading: where it ends, the handle would be closed
        self._handle.seek(0)
        text = self._text = TextIOWrapper(self._handle, encoding=self.encoding, newline="")  # kept for the same reason
        while lines := self._some(text):
            yield lines

    def _some(self, text: TextIOWrapper) -> list[str]:
        try:
            return text.readlines(LINES_AT_ONCE)
        except OSError as error:
            raise _unreadable(self._name, error) from error

    def check_unchanged(self) -> None:
        """Raise Unavailable when the file was written to since it was opened: half a file is no file."""
        if self._stat() != self.state:
            raise Unavailable(f"{self._name} is being written while it is read.", next_step="Nothing: the next run reads it again.")

    def _stat(self) -> tuple[int, int, int]:
        return _state(os.fstat(self._handle.fileno()))

    def _digest(self, encoding: str) -> str:
        digest = hashlib.sha256()
        try:
            chunk = self._handle.read(CHUNK)
            self.encoding = encoding_of(chunk[:8], encoding)
            self.marked = chunk.startswith(codecs.BOM_UTF8)
            check = Check(self.encoding)
            while chunk:
                check.feed(chunk)
                digest.update(chunk)
                chunk = self._handle.read(CHUNK)
        except OSError as error:
            raise _unreadable(self._name, error) from error
        check.finish()
        self.has_nul = check.zeros > 0
        return digest.hexdigest()


def _state(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_ino, found.st_size, found.st_mtime_ns


def _unreadable(name: str, error: OSError) -> Unavailable:
    return Unavailable(f"{name} cannot be read: {error.strerror}.", next_step="See to the disk or the network drive; the next run reads it again.")


def raw(path: Path) -> io.RawIOBase:
    """Open a file's bytes."""
    return io.FileIO(path, "rb")


@contextmanager
def opened(path: Path, name: str, encoding: str = "utf-8-sig") -> Iterator[OpenFile]:
    """Open a file and read it once. Raises AccessDenied, FileRefused, Unavailable."""
    try:
        handle = io.BufferedReader(raw(path), CHUNK)
    except PermissionError as error:
        raise AccessDenied(f"{name} may not be read by {user()}.", next_step="Give that user the right to read it, then: leadhub doctor") from error
    except OSError as error:
        raise Unavailable(f"{name} cannot be opened: {error.strerror}.") from error
    with handle:
        yield OpenFile(handle, name, encoding)


# ---- writing ---------------------------------------------------------------------------------------------------------------------------


def is_there(path: Path) -> bool:
    """Say whether a file is there that can be read. Raises FatalError when its folder is not there, AccessDenied, Unavailable."""
    if not path.parent.is_dir():
        raise _missing(path.parent, "is no folder")
    try:
        raw(path).close()
    except FileNotFoundError:
        return False
    except PermissionError as error:
        raise AccessDenied(f"{path} may not be read by {user()}.", next_step="Give that user the right to read it, then: leadhub doctor") from error
    except IsADirectoryError as error:
        raise _missing(path, "is a folder, not a file") from error
    except OSError as error:
        raise _unreadable(str(path), error) from error
    return True


def lost(name: str) -> Unavailable:
    """Return the error for a file that was there before."""
    return Unavailable(
        f"{name} is not there, though leadhub has records of it. Nothing was read or written.",
        next_step="Put it back, or mend `path` in leadhub.toml; to begin it anew, save a file there that holds the header row alone. Then: leadhub sync",
    )


@contextmanager
def locked(path: Path, name: str) -> Iterator[None]:
    """Keep other writers of leadhub away. Raises Unavailable when one is at work, or when somebody has the file open in LibreOffice."""
    try:
        with FileLock(path.with_name(f".{path.name}.lock"), timeout=LONGEST_WAIT):
            _must_be_writable(path, name)
            yield
    except Timeout as error:
        raise Unavailable(f"{name} is being written by another run of leadhub.", next_step="Nothing: the next run writes it.") from error
    except PermissionError as error:
        raise _may_not_write(name) from error


def _must_be_writable(path: Path, name: str) -> None:
    note = path.with_name(f".~lock.{path.name}#")  # LibreOffice keeps it beside a file that is open: "Ann Lee,ann,host,date,…"
    if note.exists():
        who = note.read_text("utf-8", errors="replace").split(",")[0] or "somebody"
        raise Unavailable(
            f"{name} is open in LibreOffice ({who}): what is saved there would undo a write.", next_step="Close it; the next run writes it."
        )
    if path.exists() and (not path.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) or not os.access(path, os.W_OK)):
        raise _may_not_write(name)


def _may_not_write(name: str) -> AccessDenied:
    return AccessDenied(
        f"{name} is read-only for {user()}. Nothing was written.",
        next_step='Give that user the right to write to it and to its folder, or set mode = "read"; then: leadhub sync',
    )


def swap(new: Path, path: Path) -> None:
    """Put a file in the place of another in one step, and make sure that the disk knows."""
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class Replacement:
    """A file that is written beside another and takes its place at `commit`. Until then, and whatever fails before, the old file is whole."""

    def __init__(self, path: Path, name: str, old: OpenFile | None) -> None:
        """Take the file to replace; `old` is what was read of it, None where there is none."""
        self._path, self._name, self._old = path.resolve(), name, old
        self._encoding = "utf-8-sig" if old is None or old.marked else "utf-8" if old.encoding == "utf-8-sig" else old.encoding

    def __enter__(self) -> Self:
        with self._in_words():
            number, beside = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.", suffix=".new")
            self._beside = Path(beside)
            self._handle: TextIO = os.fdopen(number, "w", encoding=self._encoding, newline="")
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # what could not be flushed is thrown away
            self._handle.close()
        self._beside.unlink(missing_ok=True)

    def begin(self, first: Sequence[str], delimiter: str, line_end: str) -> None:
        """Write what comes before the table, and say how rows are written."""
        self._handle.writelines(first)
        self._writer = csv.writer(_Lines(self._handle, line_end), delimiter=delimiter)

    def row(self, cells: Sequence[str]) -> None:
        """Write one row."""
        with self._in_words():
            self._writer.writerow(cells)

    def commit(self) -> None:
        """Put the new file in the place of the old one. Raises UnknownOutcome when that step itself fails: then it may have happened."""
        with self._in_words():
            self._handle.flush()
            os.fsync(self._handle.fileno())
            if self._old is None:
                self._beside.chmod(0o666 & ~_umask())
            else:
                _make_alike(self._beside, self._path.stat())
        now = _state(self._path.stat()) if self._path.exists() else None
        if now != (self._old.state if self._old is not None else None):
            raise Unavailable(
                f"{self._name} was saved by somebody while it was being written.", next_step="Nothing: the next run reads and writes it."
            )
        try:
            swap(self._beside, self._path)
        except PermissionError as error:
            raise _may_not_write(self._name) from error
        except OSError as error:
            raise UnknownOutcome(f"{self._name} may or may not have been replaced: {error.strerror}.") from error

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except PermissionError as error:
            raise _may_not_write(self._name) from error
        except OSError as error:
            why = "there is no room on the disk" if error.errno in {errno.ENOSPC, errno.EDQUOT} else str(error.strerror)
            raise FatalError(
                f"{self._name} cannot be written: {why}. The file is as it was.", next_step="See to the disk, then: leadhub sync"
            ) from error


class _Lines:
    """Ends rows as the file does. The csv module quotes a carriage return in a cell only where it may end a row, so it is let believe that."""

    def __init__(self, handle: TextIO, line_end: str) -> None:
        self._handle, self._end = handle, line_end

    def write(self, row: str) -> int:
        """Write a row that ends as csv ends it."""
        return self._handle.write(row.removesuffix("\r\n") + self._end)


def _make_alike(path: Path, old: os.stat_result) -> None:
    """Give a file the owner, the group and the mode of another: as far as the system lets us, for whoever may write there is to stay the same."""
    for owner in (old.st_uid, -1):
        with suppress(OSError):
            os.chown(path, owner, old.st_gid)
            break
    path.chmod(stat.S_IMODE(old.st_mode))  # after the owner: giving a file away takes bits of its mode


def _umask() -> int:
    now = os.umask(0)
    os.umask(now)
    return now
