"""The demo from its first line to its last: read `run`, then `_tell`. Each chapter does what its commands would do, and checks that it came true."""

import logging
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

import structlog
from rich.console import Console

from leadhub.demo import chapters, deployment, newcomers, people, sandboxes, working
from leadhub.demo.page import Page
from leadhub.demo.stage import Stage, StoryBroken, StoryClock
from leadhub.errors import LeadhubError
from leadhub.hub import open_hub

FIRST_LINE = "leadhub demo. No credentials, no network beyond this machine: both CRMs are sandboxes on 127.0.0.1."
DAYS_BACK = 2
"""So far in the past the story begins."""


def run(keep: Path | None, console: Console) -> int:
    """Run the demo; return its exit code: 0, or 1 if anything did not come out as told. With `keep` the deployment is left in that folder."""
    page = Page(console)
    page.first(FIRST_LINE)
    try:
        with _folder(keep) as folder:
            _tell(page, folder, keep)
    except StoryBroken as broken:
        page.first(f"The demo did not come out as told. Step {broken.step}: {broken}")
        page.say("This is a fault of leadhub or of its sandbox, not of yours. Next: report it with the lines above.", indent="")
        return 1
    except LeadhubError as error:
        page.first(f"The demo ended early, in step {page.step}: {error}")
        page.say(f"Next: {error.next_step or 'report it with the lines above'}", indent="")
        return 1
    return 0


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """The folder that is to be kept, else one that is gone afterwards."""
    if keep is not None:
        deployment.prepare(keep)
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="leadhub-demo-", ignore_cleanup_errors=sys.platform == "win32") as name:
        deployment.prepare(Path(name))
        yield Path(name)


@contextmanager
def _log_silenced() -> Iterator[None]:
    """What the log would say, the story says itself; what it must not say ends the demo."""
    before = structlog.get_config()["wrapper_class"]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    try:
        yield
    finally:
        structlog.configure(wrapper_class=before)


def _tell(page: Page, folder: Path, keep: Path | None) -> None:
    with ExitStack() as stack:
        stack.enter_context(deployment.environment(deployment.no_proxy()))
        both = stack.enter_context(sandboxes.started())
        stack.enter_context(deployment.environment(both.environment))
        stack.enter_context(_log_silenced())
        clock = StoryClock(timedelta(days=DAYS_BACK))
        both.set_clock(clock.now())
        ids = people.seed(both)
        hub = open_hub(folder, clock=clock)
        stack.callback(hub.store.close)
        stage = Stage(page, both, hub, clock, ids)
        chapters.introduce(stage)
        chapters.adopt_both(stage)
        planned = chapters.plan(stage)
        first = chapters.first_sync(stage, planned)
        chapters.five_leads(stage, first)
        working.people_at_work(stage)
        second = working.second_sync(stage)
        working.nothing_left(stage)
        working.taken_back(stage, second)
        newcomers.german_list(stage)
        newcomers.who_said_no(stage)
        newcomers.form(stage, both.environment["WEBSITE_TOKEN"])
        if keep is not None:
            deployment.keep(folder, both)
        chapters.where_next(stage, keep)
