"""Files that a command writes: readable by their owner alone, and in place only once they are whole."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from leadhub.errors import LeadhubError


@contextmanager
def target(file: str, *, encoding: str = "utf-8") -> Iterator[TextIO]:
    """Give stdout for "-", else a file beside the one that was named, which takes its place at the end.

    Raises:
        LeadhubError: it cannot be written; what was there before still is.
    """
    if file == "-":
        yield sys.stdout
        return
    path = Path(file)
    beside = path.with_name(f".{path.name}.part")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding=encoding, newline="") as out:
            yield out
        beside.replace(path)
    except OSError as error:
        raise LeadhubError(f"{file} cannot be written: {error.strerror}. What was there before still is.", next_step="name another file") from error
    finally:
        beside.unlink(missing_ok=True)
