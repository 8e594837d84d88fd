"""One system lies, two tell the truth: whatever the liar does, the others agree with each other, the store stays whole, and the run says who did what."""

import copy
import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from leadhub.hub import open_hub, opening
from leadhub.store import Store
from leadhub.sync.report import RunReport
from leadhub.sync.run import adopt, sync
from leadhub.testing import FrozenClock
from leadhub.testing.hostile import LIES, REMOTES, Liar
from leadhub.testing.memory_remote import MemoryRemote, Row

PLUGIN = '''"""Every lie as a connector."""

from leadhub import hookimpl
from leadhub.testing.hostile import LIES, Town


@hookimpl
def register_connectors():
    return [Town, *LIES.values()]
'''
SYSTEMS = ("good", "other", "liar")
LONGEST = 40.0
"""Seconds after which a run counts as one that never ends."""


@dataclass
class Deployment:
    """Three towns with one plugin folder."""

    folder: Path
    clock: FrozenClock = field(default_factory=FrozenClock)

    def configure(self, liar: str = "town") -> None:
        """Write the configuration, with this connector for the liar."""
        tables = (
            f'[system.{name}]\nplugin = "{liar if name == "liar" else "town"}"\nremote = "{name}"\ntoken = "file:token.secret"\n'
            'create = "always"\non_create = { owner = "ada@example.com" }\n' + ('preset = "leadhub"\n' if name == "liar" else "")
            for name in SYSTEMS
        )
        (self.folder / "leadhub.toml").write_text("version = 1\n" + "".join(tables))

    def run(self, act: Any, longest: float = LONGEST) -> Any:
        """Open the deployment and act, in a thread of its own with so much time; let go of the store afterward."""
        ended: list[Any] = []

        def work() -> None:
            try:
                hub = open_hub(self.folder, clock=self.clock)
                try:
                    ended.append(act(hub))
                finally:
                    hub.store.close()
            except BaseException as error:  # noqa: BLE001 - the test looks at it
                ended.append(error)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(longest)
        assert ended, "the run never ends"
        if isinstance(ended[0], BaseException):
            raise ended[0]
        return ended[0]

    def sync(self) -> RunReport:
        """Run, a minute later."""
        self.pass_time(60)
        report: RunReport = self.run(sync)
        return report

    def pass_time(self, seconds: float) -> None:
        """Let time pass for everybody."""
        self.clock.instant += timedelta(seconds=seconds)
        for remote in REMOTES.values():
            remote.now = self.clock.instant


def row_of(system: str, email: str) -> Row:
    """Return the one living record of somebody."""
    found = [row for row in REMOTES[system].rows.values() if row.values.get("email") == email and not row.deleted]
    assert len(found) == 1, f"{system} has {len(found)} records of {email}"
    return found[0]


def person(name: str) -> dict[str, Any]:
    """Return somebody's values."""
    return {"email": f"{name}@acme.example", "first_name": name.title(), "last_name": "Lee", "phone": "+442079460000", "stage": "lead"}


@pytest.fixture(scope="module", autouse=True)
def _laws_checked_once() -> Iterator[None]:
    """The laws of one configuration are checked for real, once: a hundred tests open the same one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "check_laws", cache(opening.check_laws))
        yield


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Deployment, dict[str, MemoryRemote]]:
    """Ann, Bob and Cyd in all three systems, adopted and agreed on."""
    REMOTES.clear()
    deployment = Deployment(tmp_path_factory.mktemp("towns"))
    (deployment.folder / "plugins").mkdir()
    (deployment.folder / "plugins" / "towns.py").write_text(PLUGIN)
    (deployment.folder / "token.secret").write_text("memory-s3cret")
    deployment.configure()
    for system in SYSTEMS:
        for name in ("ann", "bob", "cyd"):
            REMOTES[system].save(None, None, person(name), person=True)
    for system in SYSTEMS:
        deployment.pass_time(60)
        deployment.run(lambda hub, name=system: adopt(hub, name), 100)  # the first of them checks the laws of the stages

        def write_on(hub: Any, name: str = system) -> None:
            with hub.store.begin() as tx:
                (row,) = [row for row in tx.systems.list() if row.name == name]
                tx.systems.save(replace(row, mode="write"))

        deployment.run(write_on)
    report = deployment.sync()
    assert report.status == "ok", report
    return deployment, copy.deepcopy(dict(REMOTES))


@pytest.fixture
def deployment(template: tuple[Deployment, dict[str, MemoryRemote]], tmp_path: Path) -> Iterator[Deployment]:
    """A copy of the template in which four things happened since: two edits, a move and a new lead."""
    first, remotes = template
    REMOTES.clear()
    REMOTES.update(copy.deepcopy(remotes))
    shutil.copytree(first.folder, tmp_path / "towns")
    made = Deployment(tmp_path / "towns", copy.deepcopy(first.clock))
    made.pass_time(600)
    REMOTES["good"].save(row_of("good", "ann@acme.example").id, None, {"phone": "+442079460111"}, person=True)
    REMOTES["liar"].save(row_of("liar", "bob@acme.example").id, None, {"phone": "+442079460222", "stage": "mql"}, person=True)
    REMOTES["good"].save(None, None, person("dave"), person=True)
    yield made
    REMOTES.clear()


def assert_whole(deployment: Deployment) -> None:
    """Demand that the store can be read, all of it."""
    engine = create_engine(f"sqlite:///{deployment.folder / 'leadhub.db'}")
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
        assert connection.execute(text("SELECT count(*) FROM lease WHERE owner IS NOT NULL AND expires_at IS NOT NULL")).scalar_one() <= 1
    engine.dispose()

    def read(hub: Any) -> None:
        store: Store = hub.store
        with store.read() as tx:
            after = ""
            while ids := tx.persons.iter_ids(after):
                for aggregate in tx.persons.load(ids):
                    assert aggregate.leads or aggregate.links
                    for record in aggregate.records.values():
                        hub.shown(record)
                after = ids[-1]

    deployment.run(read)


@pytest.mark.slow
@pytest.mark.parametrize("lie", LIES.values(), ids=lambda lie: lie.__name__)
def test_a_lie_harms_nobody_else(lie: type[Liar], deployment: Deployment) -> None:
    """The truthful systems agree in the run in which the third lies; it is told who did what; and once it is honest again, all three agree."""
    deployment.configure(lie.name)
    report = deployment.sync()
    assert row_of("other", "ann@acme.example").values["phone"] == "+442079460111"
    assert row_of("other", "dave@acme.example").values["last_name"] == "Lee"
    assert report.troubles.keys() <= {"liar"}
    if lie.noticed is not None:
        assert re.search(lie.noticed, report.troubles.get("liar", "")), f"nobody says so: {report.troubles}"
    assert_whole(deployment)
    deployment.configure()
    deployment.sync()
    last = deployment.sync()
    assert last.troubles == {}
    for name in ("ann", "bob", "cyd", "dave"):
        shown = {(row.values["last_name"], row.values["phone"]) for system in ("good", "other") for row in [row_of(system, f"{name}@acme.example")]}
        assert len(shown) == 1, shown


def test_every_lie_has_a_docstring() -> None:
    """Each says what it does wrong, since the name of a test is all that is seen when one fails."""
    assert [lie.__name__ for lie in LIES.values() if not lie.__doc__] == []
