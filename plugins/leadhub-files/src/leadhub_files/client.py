"""The one module that touches the file system: finds the files, proves them readable, and hands out their lines."""

import codecs
import getpass
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO

from leadhub import AccessDenied, FatalError, Unavailable

CHUNK = 1 << 20
LONGEST_LINE = 1_000_000
WILD = set("*?[")


class FileRefused(Exception):
    """One file cannot be taken in as a whole. The other files go on."""


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
    """A file that was read once to its end: `digest` of its bytes, known to be text. Its lines can then be read again, as they were."""

    def __init__(self, handle: BinaryIO, name: str) -> None:
        self._handle = handle
        self._name = name
        self._text: TextIOWrapper | None = None
        self._state = self._stat()
        self.digest = self._digest()
        self.check_unchanged()

    def lines(self) -> Iterator[str]:
        """Yield the physical lines with their ends. Raises FileRefused at one that no spreadsheet would write."""
        if self._text is not None:
            self._text.detach()  # an earlier reading: where it ends, the handle would be closed
        self._handle.seek(0)
        text = self._text = TextIOWrapper(self._handle, encoding="utf-8-sig", newline="")  # kept for the same reason
        for number, line in enumerate(iter(lambda: text.readline(LONGEST_LINE), ""), 1):
            if len(line) == LONGEST_LINE:
                raise FileRefused(f"line {number} has more than {LONGEST_LINE:,} characters: this is no table with one row a line")
            yield line

    def check_unchanged(self) -> None:
        """Raise Unavailable when the file was written to since it was opened: half a file is no file."""
        if self._stat() != self._state:
            raise Unavailable(f"{self._name} is being written while it is read.", next_step="Nothing: the next run reads it again.")

    def _stat(self) -> tuple[int, int]:
        stat = os.fstat(self._handle.fileno())
        return stat.st_size, stat.st_mtime_ns

    def _digest(self) -> str:
        digest, decoder, start, line = hashlib.sha256(), codecs.getincrementaldecoder("utf-8")(), 0, 1
        while chunk := self._handle.read(CHUNK):
            pending = len(decoder.getstate()[0])
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                at = start - pending + error.start
                raise FileRefused(_not_text(at, line + error.object[: error.start].count(b"\n"), error.object[error.start])) from error
            digest.update(chunk)
            start += len(chunk)
            line += chunk.count(b"\n")
        if left := len(decoder.getstate()[0]):
            raise FileRefused(f"it ends in the middle of a character (byte {start - left + 1}): it was not copied whole. Copy it again")
        return digest.hexdigest()


def _not_text(at: int, line: int, byte: int) -> str:
    hint = "It looks like UTF-16. " if at == 0 and byte in (0xFE, 0xFF) else ""
    return f'it is not UTF-8: line {line}, byte {at + 1} is 0x{byte:02X}. {hint}Save it again as "CSV UTF-8"'


@contextmanager
def opened(path: Path, name: str) -> Iterator[OpenFile]:
    """Open a file and read it once. Raises AccessDenied, FileRefused, Unavailable."""
    try:
        handle = path.open("rb")
    except PermissionError as error:
        raise AccessDenied(f"{name} may not be read by {user()}.", next_step="Give that user the right to read it, then: leadhub doctor") from error
    except OSError as error:
        raise Unavailable(f"{name} cannot be opened: {error.strerror}.") from error
    with handle:
        yield OpenFile(handle, name)
