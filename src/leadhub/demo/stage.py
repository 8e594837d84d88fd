"""What the chapters of the demo share: the page, both CRMs, the opened deployment, and the self-check."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from leadhub.clock import SystemClock
from leadhub.demo.page import Page
from leadhub.demo.people import Someone
from leadhub.demo.sandboxes import Sandboxes, is_write
from leadhub.hub import Hub
from leadhub.model.person import Aggregate
from leadhub.model.run import Edit, Intent, PlannedChange, Review, RunRow
from leadhub.store import LeadQuery
from leadhub.values.email import email_match


class StoryBroken(Exception):
    """Something did not come out as the story promises."""

    def __init__(self, step: int, sentence: str) -> None:
        super().__init__(sentence)
        self.step = step


HOURS = 3
"""Between two steps: longer than the time over which either connector reads twice."""
WRITTEN = ("salesforce", "hubspot")
"""The systems that leadhub writes to, in the order in which they are told of."""


class StoryClock(SystemClock):
    """leadhub's clock in the demo: it begins in the past and is moved on together with the sandboxes', so that nobody has to wait.

    It never passes the present, and so a kept deployment goes on in real time.
    """

    def __init__(self, behind: timedelta) -> None:
        self.behind = behind

    def now(self) -> datetime:
        """Return the story's present instant, aware, in UTC."""
        return super().now() - self.behind


@dataclass(slots=True)
class Stage:
    """The demo in progress. `ids` are record ids by a person's name, then by CRM."""

    page: Page
    sandboxes: Sandboxes
    hub: Hub
    clock: StoryClock
    ids: dict[str, dict[str, str]]
    _heard: dict[str, int] = field(default_factory=dict)

    def check(self, came_true: bool, promise: str) -> None:
        """Hold the story to its word. Raises StoryBroken."""
        if not came_true:
            raise StoryBroken(self.page.step, f"it is not so that {promise}.")

    def pass_time(self, hours: int = HOURS) -> None:
        """Move the story's clock on, leadhub's and the CRMs' alike."""
        self.clock.behind -= timedelta(hours=hours)
        self.check(self.clock.behind > timedelta(), "the story stays in the past")
        self.sandboxes.set_clock(self.clock.now())

    def catch_up(self) -> None:
        """Let the story's clock reach the present."""
        self.clock.behind = timedelta()
        self.sandboxes.set_clock(self.clock.now())

    # ---- the CRMs ------------------------------------------------------------------------------------------------------------------

    def listen(self) -> None:
        """Begin to count the CRMs' calls from here."""
        self._heard = {crm.name: len(crm.calls()) for crm in self.sandboxes.both}

    def heard(self) -> dict[str, tuple[int, int]]:
        """Return, by CRM, how many calls its own journal has since `listen`, and how many of them were writes."""
        since = {crm.name: crm.calls(self._heard.get(crm.name, 0)) for crm in self.sandboxes.both}
        return {name: (len(calls), sum(map(is_write, calls))) for name, calls in since.items()}

    # ---- the store -----------------------------------------------------------------------------------------------------------------

    def everyone(self) -> list[Aggregate]:
        """Return every person that leadhub knows."""
        with self.hub.store.read() as tx:
            found: list[Aggregate] = []
            while ids := tx.persons.iter_ids(found[-1].person.id if found else ""):
                found.extend(tx.persons.load(ids))
        return found

    def person(self, who: Someone) -> Aggregate:
        """Return what leadhub knows about one of the cast, found by address and name."""
        with self.hub.store.read() as tx:
            leads = tx.leads.search(LeadQuery(name=who.last), limit=50)
            mine = {found.lead.person_id for found in leads if found.name == who.name and email_match(found.email or "") == who.email}
            self.check(len(mine) == 1, f"leadhub knows {who.name} as one person")
            return tx.persons.load(mine)[0]

    def named(self, name: str) -> Aggregate:
        """Return what leadhub knows about somebody whose first and last name nobody shares."""
        mine = self.people_called(name)
        self.check(len(mine) == 1, f"leadhub knows {name} as one person")
        with self.hub.store.read() as tx:
            return tx.persons.load(mine)[0]

    def people_called(self, name: str) -> set[str]:
        """Return the ids of the persons with this first and last name."""
        with self.hub.store.read() as tx:
            return {found.lead.person_id for found in tx.leads.search(LeadQuery(name=name.rsplit(maxsplit=1)[-1]), limit=50) if found.name == name}

    def writes_of(self, run: str) -> list[Intent]:
        """Return every write that a run intended, in its order."""
        found: list[Intent] = []
        with self.hub.store.read() as tx:
            while batch := tx.intents.of_run(run, found[-1].seq if found else 0):
                found.extend(batch)
        return found

    def owners(self) -> dict[str, str]:
        """Return the addresses of those who own leads, by their ids in either CRM."""
        with self.hub.store.read() as tx:
            return {id_: name for book in self.hub.books(tx).values() for id_, name in book.names.items()}

    def history(self, aggregate: Aggregate) -> list[Edit]:
        """Return every edit of one person's values, oldest first."""
        with self.hub.store.read() as tx:
            return [stored.edit for stored in tx.edits.history(aggregate.person.id)]

    def run(self, run_id: str) -> RunRow:
        """Return one run as the journal has it."""
        with self.hub.store.read() as tx:
            return tx.runs.get(run_id)[0]

    def questions(self) -> list[Review]:
        """Return every open question."""
        with self.hub.store.read() as tx:
            return [stored.review for stored in tx.reviews.open(limit=1000)]

    def switch_writing_on(self, system: str) -> None:
        """What `leadhub adopt SYSTEM --write-on` does once its question is answered with yes."""
        with self.hub.store.begin() as tx:
            row = tx.systems.get(system)
            self.check(row is not None and row.mode == "read", f"{system} is adopted and not yet written")
            assert row is not None
            tx.systems.save(replace(row, mode="write"))
            for name in self.hub.systems:
                tx.records.mark_system_dirty(name)


def only_creates(changes: Sequence[PlannedChange]) -> bool:
    """Whether no record that exists would be changed."""
    return all(change.record_id is None for change in changes)
