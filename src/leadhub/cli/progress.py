"""How far a run is: a bar on a terminal, elsewhere a line of the log every ten seconds (-v shows it). On stderr; stdout stays data."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from leadhub.cli.session import Cli
from leadhub.hub import Hub

EVERY = timedelta(seconds=10)
"""Where nobody watches, this often."""


@contextmanager
def following(cli: Cli, hub: Hub) -> Iterator[None]:
    """Show how far the run is while the block lasts. `-q` shows nothing."""
    if cli.screen.quiet:
        yield
    elif cli.screen.err.is_terminal:
        with _Bar(cli) as bar:
            hub.progress = bar.note
            yield
    else:
        hub.progress = _Lines(hub).note
        yield


class _Bar:
    """One line a step and system, which goes when the run is over."""

    def __init__(self, cli: Cli) -> None:
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=cli.screen.err, transient=True)
        self._tasks: dict[tuple[str, str], TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def note(self, step: str, system: str, done: int, total: int | None) -> None:
        """Move the line of a step."""
        key = step, system
        if key not in self._tasks:
            self._tasks[key] = self._progress.add_task(f"{step} {system}".rstrip(), total=total)
        self._progress.update(self._tasks[key], completed=done, total=total)


class _Lines:
    """A line of the log now and then."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._said: datetime = hub.clock.now()

    def note(self, step: str, system: str, done: int, total: int | None) -> None:
        """Say how far it is, if nothing was said for a while."""
        now = self._hub.clock.now()
        if now - self._said >= EVERY:
            self._said = now
            of = {} if total is None else {"of": total}
            self._hub.log.info("progress", step=step, system=system, done=done, **of)
