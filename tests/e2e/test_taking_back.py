"""A whole run with all kinds of changes is taken back after edits and a kill: `benchmarks/taking_back.py` in small, in this process."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import taking_back
import town

from leadhub.sync.retry import Careful


class Killed(BaseException):
    """The process ends here: no handler of leadhub's may catch it."""


class Near(town.World):
    """The town in this process, and the runs of leadhub too."""

    there: town.Town

    def ask(self, **order: Any) -> town.Answer:
        """Give an order."""
        return self.there.obey(order)

    def run(self, kind: str, title: str, hours: float = 2, *more: str) -> town.Answer:
        """Run once."""
        del title
        self.hours += hours
        self.ask(advance=hours * 3600)
        return town.one_run(kind, self.folder, self.hours, of=more[-1] if more else "")


@pytest.fixture
def near(tmp_path: Path) -> Iterator[Near]:
    """A deployment beside the town."""
    there = town.Town()
    town.configure(tmp_path, there.access())
    world = Near(tmp_path, None)  # type: ignore[arg-type]  # there is no process
    world.there = there
    yield world
    for server in there.servers.values():
        server.stop()


def test_all_is_as_before_but_what_was_edited_since(near: Near, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed half-way and made again, a revert leaves exactly the edited fields different; the syncs after it carry these on and redo nothing."""
    push = Careful.push

    def killed(world: Near, run: str, writes: int) -> None:
        made = []

        def pushing(self: Careful, changes: Any) -> Iterator[Any]:
            for outcome in push(self, changes):
                made.append(outcome)
                if len(made) >= writes:
                    raise Killed
                yield outcome

        with monkeypatch.context() as patch:
            patch.setattr(Careful, "push", pushing)
            with pytest.raises(Killed):
                world.run("revert", "", 2, "--of", run)
        assert len(made) == writes
        world.hours += 1  # the lease of the dead process runs out
        world.ask(advance=3600)

    monkeypatch.setattr(taking_back, "killed", killed)
    assert taking_back.take_back(near, changes=60, edits=20) == []
