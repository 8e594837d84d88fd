"""The connector keeps the laws of a target, over real HTTP on the sandbox."""

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from leadhub_hubspot.connector import HubSpot
from leadhub_hubspot.settings import Settings
from leadhub_sandbox import SandboxClock, start_hubspot

from leadhub import NativeValue
from leadhub.testing import Call, Factory, TargetConformance

PATHS: dict[Call, str] = {"write": r"/batch/(create|update|upsert|archive)$", "read": r"^(?!.*/batch/(create|update|upsert|archive)$)"}
FAULTS = (
    *("html_503", "bad_gateway", "too_many", "redirect", "truncate", "drop_before", "drop_after"),
    *("locked", "migrating", "internal", "unavailable", "gateway_timeout", "timeout_524", "daily_limit"),
)


class HubSpotHarness:
    """A person in HubSpot's pages, by the sandbox's admin API."""

    object = "contacts"
    picklist = "lifecyclestage"

    def __init__(self) -> None:
        self.clock = SandboxClock()
        self.clock.set(datetime(2026, 3, 2, 9, tzinfo=UTC))
        self.server = start_hubspot(seed=7, clock=self.clock)
        self.http = httpx.Client(base_url=self.server.url, timeout=10, verify=False)  # plain HTTP: no certificates to load

    @property
    def settings(self) -> Settings:
        """Return what a deployment would configure."""
        service: Any = self.server.service
        return Settings.model_validate({"token": service.token, "base_url": self.server.url})

    def order(self, path: str, /, **order: Any) -> Any:
        """Give the sandbox an order."""
        answer = self.http.post(f"/_sandbox/{path}", json=order)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def create(self, values: Mapping[str, NativeValue]) -> str:
        """Make a contact."""
        return str(self.order("create", properties=_texts(values))["id"])

    def edit(self, record_id: str, values: Mapping[str, NativeValue]) -> None:
        """Change a contact."""
        self.order("edit", id=record_id, properties=_texts(values))

    def delete(self, record_id: str) -> None:
        """Archive a contact, which is what deleting one in HubSpot's pages does."""
        self.order("archive", id=record_id)

    def merge(self, loser: str, winner: str) -> str:
        """Merge two contacts: HubSpot may give the survivor an id of its own."""
        return str(self.order("merge", primaryObjectId=winner, objectIdToMerge=loser)["id"])

    def advance(self, seconds: float) -> None:
        """Let time pass, in the search index too."""
        self.clock.advance(seconds)

    def break_next(self, call: Call, *, after_commit: bool = False) -> None:
        """Drop a connection."""
        self.order("faults", kind="drop_after" if after_commit else "drop_before", path=PATHS[call])

    def calls(self, call: Call) -> int:
        """Count the journal's calls."""
        return sum(re.search(PATHS[call], entry["path"]) is not None for entry in self.http.get("/_sandbox/journal").json())

    @property
    def faults(self) -> Collection[str]:
        """What a network and a busy HubSpot do."""
        return FAULTS

    def fault(self, name: str, call: Call) -> None:
        """Let all such calls fail."""
        self.http.delete("/_sandbox/faults")
        if name:
            self.order("faults", kind=name, path=PATHS[call], times=1000)

    def employ(self, email: str, *, active: bool) -> str:
        """Make an owner."""
        owner = str(self.order("owners", email=email)["id"])
        if not active:
            self.order("owners", id=owner, archived=True)
        return owner

    def deny(self) -> None:
        """Let the token expire."""
        self.order("settings", token_expired=True)

    def rows(self) -> dict[str, dict[str, Any]]:
        """Return the contacts that are not archived, by id."""
        return {row["id"]: row["properties"] for row in self.http.get("/_sandbox/records").json()["results"] if not row["archived"]}

    def raw(self, record_id: str) -> Mapping[str, NativeValue] | None:
        """Return a contact as it is stored."""
        return self.rows().get(record_id)

    def count(self) -> int:
        """Return the number of contacts."""
        return len(self.rows())

    def bad(self) -> Mapping[str, NativeValue]:
        """Return an e-mail address that HubSpot refuses."""
        return {"email": "nobody", "lastname": "Bad"}


def _texts(values: Mapping[str, NativeValue]) -> dict[str, str]:
    return {name: "" if value is None else str(value) for name, value in values.items()}


class TestHubSpot(TargetConformance):
    """The laws. A page holds a hundred contacts; deletions are told when a record is read by id, not by a pull."""

    many = 250

    @pytest.fixture
    def harness(self) -> Iterator[HubSpotHarness]:
        """Return a person in a fresh account."""
        made = HubSpotHarness()
        yield made
        made.http.close()
        made.server.stop()

    @pytest.fixture
    def connector_factory(self, harness: HubSpotHarness) -> Factory:
        """Return what makes connectors to the account."""
        return Factory(HubSpot, harness.settings, {"contacts": ("lifecyclestage", "hs_lead_status")})
