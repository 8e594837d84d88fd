"""An org of the sandbox over real HTTP, with a clock that the test sets, and connectors to it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from leadhub_salesforce.connector import SalesforceConnector
from leadhub_salesforce.settings import Settings
from leadhub_sandbox import SandboxClock, SandboxServer, start_salesforce

from leadhub import Change, Context, Operation, Outcome, Record
from leadhub.connectors.http import client as http_client

START = datetime(2026, 11, 16, 10, tzinfo=UTC)
CONTACT_WANTED = ("Email", "Phone", "FirstName", "LastName", "Title", "Department", "HasOptedOutOfEmail")
WANTED = ("Email", "Phone", "FirstName", "LastName", "Company", "Title", "Status", "ConvertedOpportunityId", "IsConverted")


class SetClock:
    """leadhub's own clock, which no pull may depend on: it stands years away from the org's."""

    def __init__(self) -> None:
        self.time = datetime(2031, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        """Return what the test set."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Fail: a connector never sleeps."""
        raise AssertionError(seconds)

    def new_id(self) -> str:
        """Fail: a connector makes no ids."""
        raise AssertionError


class ListLog:
    """Keeps what is logged."""

    def __init__(self) -> None:
        self.warnings: list[tuple[str, dict[str, object]]] = []

    def info(self, event: str, /, **fields: object) -> None:
        """Forget it."""

    def warning(self, event: str, /, **fields: object) -> None:
        """Keep it."""
        self.warnings.append((event, fields))


class Org:
    """One sandbox org as a test sees it."""

    def __init__(self) -> None:
        self.clock = SandboxClock()
        self.clock.set(START)
        self.server: SandboxServer = start_salesforce(seed=7, clock=self.clock)
        self.our_clock = SetClock()
        self.log = ListLog()
        self._http = httpx.Client(base_url=self.server.url, timeout=10, verify=False)  # no certificates to load: it is faster

    def close(self) -> None:
        """Stop the server."""
        self._http.close()
        self.server.stop()

    def admin(self, path: str, /, **order: Any) -> Any:
        """Give the sandbox an order and return its answer."""
        answer = self._http.post(f"/_sandbox/{path}", json=order)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def lead(self, **fields: Any) -> str:
        """Create a lead as a person does, and return its id."""
        return str(self.admin("create", object="Lead", fields={"LastName": "Novak", "Company": "Acme", **fields})["id"])

    def edit(self, lead_id: str, **fields: Any) -> None:
        """Change a lead as a person does."""
        self.admin("edit", id=lead_id, fields=fields)

    def contact(self, **fields: Any) -> str:
        """Create a contact as a person does, and return its id."""
        return str(self.admin("create", object="Contact", fields={"LastName": "Novak", **fields})["id"])

    def converted(self, **fields: Any) -> tuple[str, str]:
        """Create a lead, convert it, and return the ids of both, lead and contact."""
        lead = self.lead(**fields)
        return lead, str(self.admin("convert", id=lead)["ConvertedContactId"])

    def user(self, alias: str) -> str:
        """Return a user's id."""
        service: Any = self.server.service
        return str(service.org.user_id(alias))

    def rows(self, name: str = "Lead") -> dict[str, dict[str, Any]]:
        """Return every lead, or other record, that there is or was, by id."""
        return {row["Id"]: row for row in self._http.get(f"/_sandbox/records/{name}").json()}

    def turn_round(self) -> None:
        """Reverse the order in which the org holds its leads: only an ORDER BY may decide in which order they come."""
        state = self._http.get("/_sandbox/snapshot").json()
        state["rows"]["Lead"].reverse()
        self._http.put("/_sandbox/snapshot", json=state).raise_for_status()

    def journal(self, method: str = "", part: str = "") -> list[dict[str, Any]]:
        """Return the calls so far whose method is this one and whose path holds this part."""
        return [e for e in self._http.get("/_sandbox/journal").json() if part in e["path"] and method in ("", e["method"])]

    def forget(self) -> None:
        """Empty the journal."""
        self._http.delete("/_sandbox/journal")

    def settings(self, **changed: Any) -> Settings:
        """Return the connector settings for this org."""
        service: Any = self.server.service
        base = {"login_url": self.server.url, "client_id": service.client_id, "client_secret": service.client_secret}
        return Settings.model_validate(base | changed)

    def connector(self, wanted: Sequence[str] = WANTED, **changed: Any) -> SalesforceConnector:
        """Return a new connector to this org."""
        asked = {"Lead": tuple(wanted), "Contact": CONTACT_WANTED}
        context = Context("crm", self.settings(**changed), asked, http_client, self.our_clock, self.log)
        return SalesforceConnector(context)


@pytest.fixture
def org() -> Iterator[Org]:
    made = Org()
    yield made
    made.close()


@pytest.fixture
def new_org() -> Iterator[Callable[[], Org]]:
    """Make orgs within a test: one an example of a property."""
    made: list[Org] = []

    def make() -> Org:
        made.append(Org())
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def create() -> Callable[..., Change]:
    def make(key: str, **values: Any) -> Change:
        return Change(key, "Lead", Operation.CREATE, None, {"LastName": "Novak", "Company": "Acme", **values})

    return make


@pytest.fixture
def update() -> Callable[..., Change]:
    def make(record_id: str | None, key: str = "k1", object_name: str = "Lead", **values: Any) -> Change:
        return Change(key, object_name, Operation.UPDATE, record_id, values)

    return make


@pytest.fixture
def pushed() -> Callable[..., Mapping[str, Outcome]]:
    def push(connector: SalesforceConnector, *changes: Change) -> dict[str, Outcome]:
        outcomes = list(connector.push(changes))
        assert len({outcome.key for outcome in outcomes}) == len(outcomes), "one outcome a change"
        return {outcome.key: outcome for outcome in outcomes}

    return push


@pytest.fixture
def pulled() -> Callable[..., tuple[dict[str, Record], Any]]:
    def pull(connector: SalesforceConnector, cursor: Any = None) -> tuple[dict[str, Record], Any]:
        seen: dict[str, Record] = {}
        for page in connector.pull(cursor):
            seen |= {record.id: record for record in page.records}
            cursor = page.cursor
        return seen, cursor

    return pull
