"""What goes wrong with databases, in words: what, where, why, and the next step."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, OperationalError, StatementError

from leadhub.errors import StoreError

BUSY_SECONDS = 10

_KNOWN = (
    (
        "database is locked",
        f"another process has been writing for more than {BUSY_SECONDS} seconds",
        "wait for the other run (leadhub runs list), then start again",
    ),
    ("unable to open database file", "the file cannot be opened", "check that the folder exists and that you may write in it"),
    ("file is not a database", "the file is not an SQLite database", "name another file as the store, or restore it from a backup"),
    ("malformed", "the file is damaged", "restore it from a backup; leadhub never repairs what it cannot vouch for"),
    (  # SQLite says so, too, where a full disk has no room for the small file that it puts beside the database
        "disk i/o error",
        "the disk is full or reports an error",
        "make room if it is full (df), then start again; if it is not, check the disk, and restore the file from a backup if it is damaged",
    ),
    ("disk is full", "the disk is full", "make room, then start again: nothing of the last transaction was stored"),
    ("readonly database", "the database can only be read", "mend the rights of the file and its folder; within Store.read nothing can be written"),
    ("read-only transaction", "the database can only be read", "write to the primary server; within Store.read nothing can be written"),
    ("password authentication failed", "the server refuses the login", "check user and password in the store's URL"),
    ("does not exist", "the server does not have it", "create the database (createdb), or check the store's URL"),
    ("permission denied", "the user lacks a right", "grant the user of the store's URL all rights on the database"),
)


def explained(where: str, error: DBAPIError) -> StoreError:
    """Return a database's error in words."""
    said = str(error.orig).strip()
    for mark, why, next_step in _KNOWN:
        if mark in said.lower():
            return StoreError(f"{where}: {why} ({_first_line(said)})", next_step=next_step)
    if isinstance(error, OperationalError):
        return StoreError(
            f"{where}: the database cannot be reached or broke off ({_first_line(said)})", next_step="check that the server runs and answers"
        )
    return StoreError(f"{where}: the database refuses ({_first_line(said)})", next_step="leadhub db check")


def _first_line(text: str) -> str:
    return text.splitlines()[0] if text else "it does not say why"


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Turn database errors into StoreErrors: no SQLAlchemy exception leaves the package."""
    try:
        yield
    except DBAPIError as error:
        raise explained(where, error) from error
    except StatementError as error:
        # A value that cannot be stored, a naive datetime for instance: the caller's fault, said in its own words.
        raise error.orig or error from error
