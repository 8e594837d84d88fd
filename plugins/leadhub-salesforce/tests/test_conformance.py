"""The connector keeps the laws of a target for Leads, and those of a source for Contacts, over real HTTP on the sandbox."""

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from leadhub_salesforce.connector import SalesforceConnector
from leadhub_salesforce.settings import Contacts, Settings
from leadhub_sandbox import SandboxClock, start_salesforce

from leadhub import NativeValue
from leadhub.testing import Call, Factory, SourceConformance, TargetConformance

PATHS: dict[Call, str] = {
    "write": r"/composite/sobjects(/Lead/LeadhubId__c)?$",
    "read": r"/(query|queryAll)(/[^/]*)?$|/(describe|userinfo)$|/composite/sobjects/(Lead|Contact)$",
}
FAULTS = (
    *("html_503", "bad_gateway", "too_many", "redirect", "truncate", "drop_before", "drop_after"),
    *("lock", "unavailable", "server_error", "limit", "concurrent", "query_timeout", "expired_session", "setting_up", "not_acceptable"),
)


class SalesforceHarness:
    """A person in Salesforce's pages, by the sandbox's admin API. Query pages hold ten rows, so that few leads fill several; Phone is tracked."""

    object = "Lead"
    picklist = "Status"

    def __init__(self) -> None:
        self.clock = SandboxClock()
        self.clock.set(datetime(2026, 3, 2, 9, tzinfo=UTC))
        self.server = start_salesforce(seed=7, clock=self.clock)
        self.http = httpx.Client(base_url=self.server.url, timeout=10, verify=False)  # plain HTTP: no certificates to load
        self.order("settings", page_size=10, field_history={"Lead": ["Phone", "Status"]})

    @property
    def settings(self) -> Settings:
        """Return what a deployment would configure."""
        service: Any = self.server.service
        return Settings.model_validate({"login_url": self.server.url, "client_id": service.client_id, "client_secret": service.client_secret})

    def order(self, path: str, /, **order: Any) -> Any:
        """Give the sandbox an order."""
        answer = self.http.post(f"/_sandbox/{path}", json=order)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def create(self, values: Mapping[str, NativeValue]) -> str:
        """Make a lead."""
        return str(self.order("create", object="Lead", fields=dict(values))["id"])

    def edit(self, record_id: str, values: Mapping[str, NativeValue]) -> None:
        """Change a lead."""
        self.order("edit", id=record_id, fields=dict(values))

    def delete(self, record_id: str) -> None:
        """Move a lead to the recycle bin."""
        self.order("delete", id=record_id)

    def merge(self, loser: str, winner: str) -> str:
        """Merge two leads: the winner keeps its id."""
        self.order("merge", winner=winner, losers=[loser])
        return winner

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(seconds)

    def lag(self) -> None:
        """Let each row be seen five minutes after the stamp that it gets, as when its transaction takes so long."""
        self.order("settings", commit_skew=300)

    def break_next(self, call: Call, *, after_commit: bool = False) -> None:
        """Drop a connection."""
        self.order("faults", kind="drop_after" if after_commit else "drop_before", path=PATHS[call])

    def calls(self, call: Call) -> int:
        """Count the journal's calls."""
        return sum(re.search(PATHS[call], entry["path"]) is not None for entry in self.http.get("/_sandbox/journal").json())

    @property
    def faults(self) -> Collection[str]:
        """What a network and a busy Salesforce do."""
        return FAULTS

    def fault(self, name: str, call: Call) -> None:
        """Let all such calls fail."""
        self.http.delete("/_sandbox/faults")
        if name:
            self.order("faults", kind=name, path=PATHS[call], times=1000)

    def employ(self, email: str, *, active: bool) -> str:
        """Make a user."""
        name = email.partition("@")[0]
        return str(self.order("users", alias=name, first=name, last="Lee", email=email, active=active)["id"])

    def deny(self) -> None:
        """End all sessions and give the client another secret."""
        service: Any = self.server.service
        service.org.seed += 1
        self.order("settings", expire_tokens=True)

    def rows(self) -> list[dict[str, Any]]:
        """Return the leads that are not deleted."""
        return [row for row in self.http.get("/_sandbox/records/Lead").json() if not row["IsDeleted"]]

    def raw(self, record_id: str) -> Mapping[str, NativeValue] | None:
        """Return a lead as it is stored."""
        return next((row for row in self.rows() if row["Id"] == record_id), None)

    def count(self) -> int:
        """Return the number of leads."""
        return len(self.rows())

    def bad(self) -> Mapping[str, NativeValue]:
        """Return a last name that is longer than Salesforce takes."""
        return {"LastName": "x" * 81, "Company": "Acme"}


class TestSalesforce(TargetConformance):
    """The laws; a pull tells of deletions, because it reads the recycle bin."""

    tells_gone = True
    clears_then_sets = False  # Salesforce knows no order of statuses: any goes in one step

    @pytest.fixture
    def harness(self) -> Iterator[SalesforceHarness]:
        """Return a person in a fresh org."""
        made = SalesforceHarness()
        yield made
        made.http.close()
        made.server.stop()

    @pytest.fixture
    def connector_factory(self, harness: SalesforceHarness) -> Factory:
        """Return what makes connectors to the org."""
        return Factory(SalesforceConnector, harness.settings, {"Lead": ("Status",)})


class ContactHarness(SalesforceHarness):
    """The same person, at work on Contacts: each is what a converted lead became, or, in an org that reads all of them, one that was simply made."""

    object = "Contact"

    def __init__(self, which: Contacts) -> None:
        super().__init__()
        self.which = which

    @property
    def settings(self) -> Settings:
        """Return what a deployment would configure."""
        return super().settings.model_copy(update={"contacts": self.which})

    def create(self, values: Mapping[str, NativeValue]) -> str:
        """Make a contact, by a conversion unless all are read."""
        if self.which == "all":
            return str(self.order("create", object="Contact", fields=dict(values))["id"])
        lead = self.order("create", object="Lead", fields={"LastName": "Lee", "Company": "Acme"})["id"]
        contact = str(self.order("convert", id=lead)["ConvertedContactId"])
        self.edit(contact, values)
        return contact


class TestContacts(SourceConformance):
    """The laws of reading, for the Contacts of converted leads and for all Contacts."""

    tells_gone = True

    @pytest.fixture(params=["converted", "all"])
    def harness(self, request: pytest.FixtureRequest) -> Iterator[ContactHarness]:
        """Return a person in a fresh org."""
        made = ContactHarness(request.param)
        yield made
        made.http.close()
        made.server.stop()

    @pytest.fixture
    def connector_factory(self, harness: ContactHarness) -> Factory:
        """Return what makes connectors to the org."""
        return Factory(SalesforceConnector, harness.settings)
