"""One HubSpot account: everything its handlers share. It answers no request itself."""

import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from leadhub_sandbox.clock import SandboxClock
from leadhub_sandbox.hubspot import catalog_deals, catalog_leads
from leadhub_sandbox.hubspot.catalog import default_owners, default_properties, owner_options
from leadhub_sandbox.hubspot.events import EventLog
from leadhub_sandbox.hubspot.links import Links
from leadhub_sandbox.hubspot.oauth_app import OAuthApp
from leadhub_sandbox.hubspot.objects import CONTACTS, DEALS, LEADS, Objects
from leadhub_sandbox.hubspot.schema import OPTED_OUT, OWNER, Schema
from leadhub_sandbox.hubspot.settings import Settings
from leadhub_sandbox.hubspot.store import Record, RecordStore, Source, Version
from leadhub_sandbox.hubspot.timestamps import iso, to_ms

T = TypeVar("T")
API_SOURCE = Source("INTEGRATION", "leadhub-sandbox-key", "Service key")


@dataclass(slots=True)
class Automation:
    """A rule of the account: once `name` of an object is written (and then holds `value`, if given), set other properties."""

    object: str
    name: str
    value: str | None
    changes: dict[str, str]
    times: int


class Account:
    """The state of one account, made from a seed: same seed, clock and calls give the same answers."""

    def __init__(self, seed: int, clock: SandboxClock) -> None:
        self.seed = seed
        self.clock = clock
        self.portal_id = 40_000_000 + seed
        self.token = f"pat-na1-{uuid.uuid5(uuid.NAMESPACE_OID, f'leadhub-sandbox hubspot {seed}')}"
        self.oauth = OAuthApp.of(seed)
        self.settings = Settings()
        self.owners = default_owners()
        # Ids of each type begin far apart, so that an id of one type is never taken for one of another.
        first_id = 1_000_000 + 1_000 * (seed % 1_000) + 1
        deals = catalog_deals.default_properties(self.owners), catalog_deals.default_pipelines()
        leads = catalog_leads.default_properties(self.owners), catalog_leads.default_pipelines()
        self.objects = {
            CONTACTS.name: Objects(CONTACTS, first_id, default_properties(self.owners)),
            DEALS.name: Objects(DEALS, first_id + 5_000_000_000, *deals),
            LEADS.name: Objects(LEADS, first_id + 9_000_000_000, *leads),
        }
        self.events = EventLog(self.objects.values())
        self.links = Links()
        self.automations: list[Automation] = []
        self.opted_out: set[str] = set()
        self.purged: dict[str, bool] = {}  # address → whether a contact had it when it was purged
        self.subscribed: dict[str, dict[int, str]] = {}
        self.written: list[tuple[str, int, frozenset[str]]] = []
        self.moved_deals: list[int] = []  # deals whose stage or contacts the last call changed
        self._drawn = 0
        self._acting_ms: int | None = None

    @property
    def schema(self) -> Schema:
        """The definitions of contacts."""
        return self.objects[CONTACTS.name].schema

    @property
    def store(self) -> RecordStore:
        """The contacts."""
        return self.objects[CONTACTS.name].store

    def now_ms(self) -> int:
        """Return the sandbox's present instant in epoch milliseconds."""
        return to_ms(self.clock.now()) if self._acting_ms is None else self._acting_ms

    @contextmanager
    def acting_at(self, ms: int) -> Iterator[None]:
        """Let what is done meanwhile bear this instant: HubSpot did it by itself then, and nobody has looked since."""
        self._acting_ms = ms
        try:
            yield
        finally:
            self._acting_ms = None

    def now_iso(self) -> str:
        """Return the present instant as answers carry it."""
        return iso(self.now_ms())

    def shuffled(self, items: list[T]) -> list[T]:
        """Return the items in an order that only the seed and the number of draws decide."""
        self._drawn += 1
        random.Random(f"{self.seed} {self._drawn}").shuffle(items)  # noqa: S311 - seeded on purpose, no secret
        return items

    def correlation_id(self) -> str:
        """Return the id that an error's body carries."""
        self._drawn += 1
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self.seed} {self._drawn}"))

    def user(self, name: str) -> Source:
        """Return the source of a person's edit; owners keep their user id, others get one from their name."""
        known = next((owner["userId"] for owner in self.owners if owner["email"] == name), None)
        user_id = known or 90_000 + uuid.uuid5(uuid.NAMESPACE_OID, name).int % 10_000
        return Source("CRM_UI", f"userId:{user_id}", name, user_id)

    def change_owners(self, owners: list[dict[str, Any]]) -> None:
        """Take these owners; the archived ones can no longer be written."""
        self.owners = owners
        for objects in self.objects.values():
            objects.schema.properties[OWNER].options = owner_options(owners)

    def show_opt_out(self, contact: Record, version: Version) -> bool:
        """Let a contact show whether its present address has opted out of all e-mail; blank until one has. Says whether anything changed."""
        shown = contact.values.get(OPTED_OUT, "")
        due = "true" if contact.values.get("email") in self.opted_out else shown and "false"
        if due == shown:
            return False
        self.store.set_value(contact, OPTED_OUT, due, Version(due, version.ms, version.source))
        return True

    def blocks(self, email: str) -> bool:
        """Say whether no contact may have this address after a privacy deletion."""
        if email not in self.purged or self.settings.blocked_emails == "none":
            return False
        return self.settings.blocked_emails == "all" or not self.purged[email]

    def dump(self) -> dict[str, Any]:
        """Return the whole state as plain data."""
        return {
            "seed": self.seed,
            "settings": asdict(self.settings),
            "oauth": asdict(self.oauth),
            "objects": {name: objects.dump() for name, objects in self.objects.items()},
            "links": self.links.dump(),
            "automations": [asdict(rule) for rule in self.automations],
            "owners": [dict(owner) for owner in self.owners],
            "purged": dict(self.purged),
            "opted_out": sorted(self.opted_out),
            "subscribed": [[address, list(states.items())] for address, states in self.subscribed.items()],
            "drawn": self._drawn,
        }

    def load(self, state: dict[str, Any]) -> None:
        """Put back what `dump` returned. Raises ValueError for another seed's: its token and portal would not fit."""
        if state["seed"] != self.seed:
            raise ValueError(f"the snapshot is of seed {state['seed']}, this account has seed {self.seed}")
        self.settings = Settings(**state["settings"])
        self.oauth = OAuthApp(**{**state["oauth"], "access": dict(state["oauth"]["access"])})
        for name, objects in self.objects.items():
            objects.load(state["objects"][name])
        self.links.load(state["links"])
        self.automations = [Automation(**rule) for rule in state["automations"]]
        self.owners = [dict(owner) for owner in state["owners"]]
        self.purged = dict(state["purged"])
        self.opted_out = set(state["opted_out"])
        self.subscribed = {address: dict(states) for address, states in state["subscribed"]}
        self._drawn = state["drawn"]
