"""The doors as leadhub.toml has them now: a form that is renamed, or gets another token, must not need somebody who remembers to restart the server."""

import asyncio
from pathlib import Path

from starlette.concurrency import run_in_threadpool

from leadhub.config.load import ENV_FILE
from leadhub.errors import LeadhubError
from leadhub.hub import Hub, open_hub
from leadhub.web.doors import Doors, open_doors

State = tuple[tuple[int, int, int] | None, ...]


class Reopening:
    """Opens the doors anew after leadhub.toml or .env changed. While they cannot be read, the doors stay as they were."""

    def __init__(self, hub: Hub, doors: Doors) -> None:
        self._hub, self._doors = hub, doors
        self._files = (hub.deployment.path, hub.deployment.folder / ENV_FILE)
        self._seen = self._state()
        self._one = asyncio.Lock()

    async def doors(self) -> Doors:
        """Return the doors. A request that comes while they are opened waits for it."""
        if self._state() != self._seen:
            async with self._one:
                state = self._state()
                if state != self._seen:
                    self._doors = await run_in_threadpool(self._opened)
                    self._seen = state
        return self._doors

    def _state(self) -> State:
        return tuple(map(_look, self._files))

    def _opened(self) -> Doors:
        try:
            hub = open_hub(self._hub.deployment.folder, clock=self._hub.clock)
            try:
                doors = open_doors(hub)
            finally:
                hub.store.close()
        except LeadhubError as error:
            told = "leadhub.toml changed and cannot be used; what is received goes on as before"
            self._hub.log.warning(told, error=str(error), next=error.next_step)
            return self._doors
        self._hub.log.info("leadhub.toml changed: the doors are those of now", systems=list(doors.systems))
        return doors


def _look(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
