"""A deployment with both sandbox CRMs, and the hands of the people who work in them. Shared by the tests that run the whole flow."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sandbox_boxes import START, HubClock, Sandboxes
from sqlalchemy import create_engine, update

from leadhub.core.reconcile import current_lead, voices_of
from leadhub.core.sides import Side
from leadhub.core.states import shown
from leadhub.hub import Hub, open_hub, opening
from leadhub.model.person import Aggregate, Lead, Link
from leadhub.model.record import Change, Outcome
from leadhub.model.run import Decision, Review
from leadhub.store import tables
from leadhub.sync.report import AdoptionReport, RunReport
from leadhub.sync.retry import Careful
from leadhub.sync.run import adopt, sync

__all__ = ["START", "SYSTEMS", "Killed", "World", "killed_in_a_write"]

SYSTEMS = ("salesforce", "hubspot")
NOT_FOR_US = 'field.Status.answers = { "Closed - Not Converted" = "not for us" }'
_READS = ("/oauth2/", "/search", "/batch/read", "/query")

check_laws_once = cache(opening.check_laws)
"""The laws of one configuration are checked for real, once: a hundred tests open the same one."""


class Write(NamedTuple):
    """One record in one accepted call: where, under which id (None: a create), and what was sent."""

    system: str
    id: str | None
    values: dict[str, Any]


class Killed(BaseException):
    """The process ends here: no handler of leadhub's may catch it."""


def killed_in_a_write(monkeypatch: pytest.MonkeyPatch, run: Callable[[], object], *, arrives: bool) -> None:
    """Let a run die in its first call that writes, before that has its effect or after it."""
    original = Careful.push

    def push(self: Careful, changes: Sequence[Change]) -> Iterator[Outcome]:
        if arrives:
            list(original(self, changes))
        raise Killed
        yield

    with monkeypatch.context() as patch:
        patch.setattr(Careful, "push", push)
        with pytest.raises(Killed):
            run()


@dataclass
class World:
    """One deployment between both sandboxes."""

    boxes: Sandboxes
    folder: Path
    store_url: str = "sqlite:///leadhub.db"
    options: dict[str, str] = field(default_factory=dict)
    """Further lines of the configuration, by system, or under "defaults" and "" (the top)."""
    answers: bool = True
    hub: Hub = field(init=False)
    clock: HubClock = field(init=False)
    _marks: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SYSTEMS, 0))

    def __post_init__(self) -> None:
        self.clock = HubClock(self.boxes.clock)
        self.configure()

    # ---- the deployment ---------------------------------------------------------------------------------------------------------------

    def configure(self, **options: str) -> None:
        """Write the configuration anew, with further lines by system, and open it."""
        self.options |= options
        sf, hs = self.boxes.salesforce, self.boxes.hubspot
        status = NOT_FOR_US if self.answers else ""
        path = self.folder / "leadhub.toml"
        (self.folder / "drop").mkdir(exist_ok=True)
        for name, secret in {"store": self.store_url, "salesforce": sf.service.client_secret, "hubspot": hs.service.token}.items():
            (self.folder / f"{name}.secret").write_text(secret)
        path.write_text(
            f"""version = 1
store = "file:store.secret"
{self.options.get("", "")}
[defaults]
trust = "salesforce"
[system.files]
plugin = "files"
path = "drop/*.csv"
[system.salesforce]
plugin = "salesforce"
login_url = "{sf.url}"
client_id = "{sf.service.client_id}"
client_secret = "file:salesforce.secret"
on_create = {{ owner = "assignment_rules" }}
{status}
{self.options.get("salesforce", "")}
[system.hubspot]
plugin = "hubspot"
token = "file:hubspot.secret"
base_url = "{hs.url}"
on_create = {{ owner = "{self.boxes.owner}" }}
{self.options.get("hubspot", "")}
"""
        )
        self.reopen()

    def reopen(self) -> None:
        """Open the deployment as the next command would."""
        self.close()
        self.hub = open_hub(self.folder, clock=self.clock)

    def close(self) -> None:
        """Let go of the store."""
        if hasattr(self, "hub"):
            self.hub.store.close()

    def begin(self, *, create: bool = False) -> RunReport:
        """Adopt both systems, switch writing on, and let the first run settle: from here on every difference is somebody's edit."""
        if create:
            self.configure(salesforce='create = "always"', hubspot='create = "always"')
        for system in SYSTEMS:
            self.adopt(system)
            self.write_on(system)
        self.reopen()
        return self.sync()

    def expire_lease(self) -> None:
        """Let the lease of a dead process run out, on whichever clock the database goes by."""
        self.clock.sleep(3600)
        engine = create_engine(self.store_url)
        with engine.begin() as connection:
            connection.execute(update(tables.lease).values(expires_at=START))
        engine.dispose()

    def adopt(self, system: str) -> AdoptionReport:
        """First contact."""
        return adopt(self.hub, system)

    def write_on(self, system: str) -> None:
        """Allow writes to a system."""
        with self.hub.store.begin() as tx:
            row = next(row for row in tx.systems.list() if row.name == system)
            tx.systems.save(replace(row, mode="write"))

    def sync(self, allow: Mapping[tuple[str, str], int] | None = None) -> RunReport:
        """Let an hour pass and run."""
        self.clock.sleep(3600)
        return sync(self.hub, allowed=allow)

    def drop_csv(self, name: str, *rows: str) -> None:
        """Put a file where leadhub looks for files."""
        (self.folder / "drop" / name).write_text("\n".join(rows) + "\n")

    # ---- people and automation in the CRMs -----------------------------------------------------------------------------------------------

    def sf_create(self, **fields: Any) -> str:
        """Add a Salesforce lead as a person does."""
        self.clock.sleep(60)
        fields = {"LastName": "Lee", "Company": "Acme", **fields}
        return str(self.boxes.order(self.boxes.salesforce, "create", {"object": "Lead", "fields": fields})["id"])

    def sf_edit(self, id_: str, **fields: Any) -> None:
        """Change a Salesforce lead as a person does."""
        self.clock.sleep(60)
        self.boxes.order(self.boxes.salesforce, "edit", {"id": id_, "fields": fields})

    def sf_convert(self, id_: str, *, opportunity: bool = True) -> None:
        """Convert a lead as a person does."""
        self.clock.sleep(60)
        self.boxes.order(self.boxes.salesforce, "convert", {"id": id_, "create_opportunity": opportunity})

    def sf_convert_into(self, id_: str) -> str:
        """Convert a lead as a person does, and return the id of its opportunity."""
        self.sf_convert(id_)
        return str(self.sf(id_)["ConvertedOpportunityId"])

    def sf_deal(self, contact: str, stage: str = "Prospecting") -> str:
        """Add an opportunity of a contact as a person does."""
        self.clock.sleep(60)
        fields = {"Name": "Deal", "StageName": stage, "CloseDate": "2026-12-31"}
        deal = str(self.boxes.order(self.boxes.salesforce, "create", {"object": "Opportunity", "fields": fields})["id"])
        role = {"OpportunityId": deal, "ContactId": contact, "IsPrimary": True}
        self.boxes.order(self.boxes.salesforce, "create", {"object": "OpportunityContactRole", "fields": role})
        return deal

    def sf_delete(self, id_: str) -> None:
        """Delete a record of Salesforce as a person does."""
        self.clock.sleep(60)
        self.boxes.order(self.boxes.salesforce, "delete", {"id": id_})

    def hs_create(self, **properties: str) -> str:
        """Add a HubSpot contact as a person does."""
        self.clock.sleep(60)
        properties = {"lastname": "Lee", "company": "Acme", **properties}
        return str(self.boxes.order(self.boxes.hubspot, "create", {"properties": properties})["id"])

    def hs_edit(self, id_: str, *, by: str = "CRM_UI", **properties: str) -> None:
        """Change a HubSpot contact as a person does, or a workflow (`by="AUTOMATION_PLATFORM"`)."""
        self.clock.sleep(60)
        self.boxes.order(self.boxes.hubspot, "edit", {"id": id_, "properties": properties, "source": by})

    def hs_deal(self, *contacts: str, stage: str = "appointmentscheduled", **properties: str) -> str:
        """Add a deal of these contacts as a person does, and return its id."""
        self.clock.sleep(60)
        kind = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}
        associations = [{"to": {"id": contact}, "types": [kind]} for contact in contacts]
        order = {"object": "deals", "properties": {"dealname": "Deal", "dealstage": stage, **properties}, "associations": associations}
        return str(self.boxes.order(self.boxes.hubspot, "create", order)["id"])

    def hs_move(self, deal: str, stage: str) -> None:
        """Move a deal to another stage as a person does."""
        self.clock.sleep(60)
        self.boxes.order(self.boxes.hubspot, "edit", {"object": "deals", "id": deal, "properties": {"dealstage": stage}})

    def hs_lead(self, contact: str, stage: str = "new-stage-id", **properties: str) -> str:
        """Add a record of the Leads object about a contact as a person does, and return its id."""
        self.clock.sleep(60)
        kind = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 578}
        values = {"hs_lead_name": "Lead", "hs_pipeline_stage": stage, **properties}
        order = {"object": "leads", "properties": values, "associations": [{"to": {"id": contact}, "types": [kind]}]}
        return str(self.boxes.order(self.boxes.hubspot, "create", order)["id"])

    def hs_lead_edit(self, id_: str, *, by: str = "CRM_UI", **properties: str) -> None:
        """Change a record of the Leads object as a person does, or HubSpot's own automation."""
        self.clock.sleep(60)
        self.boxes.order(self.boxes.hubspot, "edit", {"object": "leads", "id": id_, "properties": properties, "source": by})

    def hs_lead_stage(self, id_: str) -> str:
        """Return the stage of a record of the Leads object."""
        rows = self.boxes.http.get(f"{self.boxes.hubspot.url}/_sandbox/records").json()["leads"]
        return str(next(row for row in rows if row["id"] == id_)["properties"]["hs_pipeline_stage"])

    def hs_archive(self, id_: str, *, of: str = "contacts") -> None:
        """Archive a record of HubSpot as a person does, and let the time pass until such records are listed."""
        self.boxes.order(self.boxes.hubspot, "archive", {"object": of, "id": id_})
        self.clock.sleep(6 * 3600)

    def pair(self, email: str = "ann@acme.example", *, sf: Mapping[str, Any] | None = None, hs: Mapping[str, str] | None = None) -> tuple[str, str]:
        """Make one person with a record in both CRMs, alike in every plain field; return both ids, Salesforce's first.

        The first name is the address's, and everyone but Ann has a phone of their own: nobody is linked by accident.
        """
        name = email.partition("@")[0].capitalize()
        phone = "+1 555 0100" if name == "Ann" else f"+1 555 {sum(name.encode()) % 900 + 101:04}"
        lead = self.sf_create(Email=email, FirstName=name, Phone=phone, Title="CTO", **(sf or {}))
        contact = self.hs_create(email=email, firstname=name, phone=phone, jobtitle="CTO", **(hs or {}))
        return lead, contact

    def fault(self, system: str, kind: str, path: str = ".*", **order: Any) -> None:
        """Let the next matching call go wrong."""
        self.boxes.order(getattr(self.boxes, system), "faults", {"kind": kind, "path": path, **order})

    def settings(self, system: str, **settings: Any) -> None:
        """Change a CRM's settings."""
        self.boxes.order(getattr(self.boxes, system), "settings", settings)

    # ---- what is there -----------------------------------------------------------------------------------------------------------------

    def sf(self, id_: str) -> dict[str, Any]:
        """Read a Salesforce lead raw."""
        return next(row for row in self.sf_all() if row["Id"] == id_)

    def sf_all(self) -> list[dict[str, Any]]:
        """Read all Salesforce leads raw."""
        rows: list[dict[str, Any]] = self.boxes.http.get(f"{self.boxes.salesforce.url}/_sandbox/records/Lead").json()
        return rows

    def hs(self, id_: str) -> dict[str, str]:
        """Read a HubSpot contact raw; blank and never set as ""."""
        found = next(row for row in self.hs_all() if row["id"] == id_)
        return defaultdict(str, {name: value or "" for name, value in found["properties"].items()})

    def hs_all(self) -> list[dict[str, Any]]:
        """Read all HubSpot contacts raw."""
        rows: list[dict[str, Any]] = self.boxes.http.get(f"{self.boxes.hubspot.url}/_sandbox/records").json()["results"]
        return rows

    def person(self, email: str = "ann@acme.example") -> Aggregate:
        """Return what leadhub holds of the one person with this address."""
        (found,) = [a for a in self.persons() if any(email.lower() == (v or "").lower() for v in a.person.sets.get("email", ()))]
        return found

    def persons(self) -> tuple[Aggregate, ...]:
        """Return everyone that leadhub knows."""
        with self.hub.store.read() as tx:
            ids = tx.persons.iter_ids("", 10_000)
            return tuple(tx.persons.load(ids))

    def lead(self, email: str = "ann@acme.example") -> Lead:
        """Return the person's current lead."""
        lead = current_lead(self.person(email).leads)
        assert lead is not None
        return lead

    def state(self, email: str = "ann@acme.example") -> str:
        """Return the current lead's state as stage/status/exit."""
        return str(self.lead(email).state)

    def value(self, name: str, email: str = "ann@acme.example") -> str | None:
        """Return a canonical field's value."""
        return self.person(email).person.fields[name].value

    def reviews(self, kind: str | None = None) -> list[Review]:
        """Return the open questions."""
        with self.hub.store.read() as tx:
            return [s.review for s in tx.reviews.open(kind=kind, limit=10_000)]

    def standing(self, report: RunReport) -> int:
        """Count a run's standing differences, but for the owner: every HubSpot contact of these tests has none, every Salesforce lead has one."""
        return sum(count for _, name, _, _, count in report.standing_patterns if name != "owner")

    # ---- decisions ---------------------------------------------------------------------------------------------------------------------

    def decide_state(self, state: str, email: str = "ann@acme.example") -> None:
        """Decide the state of the current lead, having seen what every record shows now."""
        aggregate, lead = self.person(email), self.lead(email)
        sides = [self._side(link, aggregate) for link in aggregate.links if link.role != "frozen"]
        voices = [v for side in sides for v in voices_of(side, aggregate.leads, self.hub.policy) if v.lead_id == lead.id]
        self._decide(aggregate.person.id, lead.id, "state", state, {v.id: shown(v) for v in voices})

    def decide(self, name: str, value: str | None, email: str = "ann@acme.example") -> None:
        """Decide a plain field, having seen what every record shows now."""
        aggregate = self.person(email)
        sides = [self._side(link, aggregate) for link in aggregate.links if link.role != "frozen"]
        self._decide(aggregate.person.id, None, name, value, {s.id: s.shown[name] for s in sides if name in s.shown})

    def _side(self, link: Link, aggregate: Aggregate) -> Side:
        with self.hub.store.read() as tx:
            return self.hub.side(link, aggregate.records[link.id], self.hub.books(tx), writes=True)

    def _decide(self, person: str, lead: str | None, name: str, value: str | None, saw: Mapping[str, str | None]) -> None:
        with self.hub.store.begin() as tx:
            tx.decisions.add([Decision(self.clock.new_id(), person, lead, name, value, saw, "olga", self.clock.now())])

    # ---- what was called -----------------------------------------------------------------------------------------------------------------

    def mark(self) -> None:
        """Count calls from here."""
        self._marks = {name: len(getattr(self.boxes, name).journal) for name in SYSTEMS}

    def calls(self, system: str) -> list[dict[str, Any]]:
        """Return every call of a CRM's API since the mark."""
        return list(getattr(self.boxes, system).journal[self._marks[system] :])

    def write_calls(self, system: str) -> Counter[tuple[str, str]]:
        """Count the calls that write, by method and path, accepted or not."""
        return Counter((c["method"], c["path"]) for c in self.calls(system) if _writes(c))

    def written(self) -> list[Write]:
        """Return every record in every call that wrote since the mark and reached the CRM, in the order of the calls."""
        found: list[Write] = []
        for name in SYSTEMS:
            for call in self.calls(name):
                if _writes(call) and call["fault"] not in ("drop_before", "html_503"):
                    body = json.loads(call["body"])
                    alone = {"id": call["path"].rpartition("/")[2], **body} if "/sobjects/Lead/00Q" in call["path"] else body
                    found += [_write(name, entry) for entry in body.get("records") or body.get("inputs") or [alone]]
        return found


def _writes(call: Mapping[str, Any]) -> bool:
    """Whether a call writes: all but GET, the logins, searches, and reads of many ids by POST."""
    return call["method"] != "GET" and not any(part in call["path"] for part in _READS) and '"ids"' not in call["body"]


def _write(system: str, entry: dict[str, Any]) -> Write:
    if system == "hubspot":
        return Write(system, None if "idProperty" in entry else entry.get("id"), entry["properties"])
    values = {k: v for k, v in entry.items() if k not in ("attributes", "id", "Id")}
    return Write(system, entry.get("id") or entry.get("Id"), values)


# ---- fixtures: a conftest imports those it offers ----------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def sandboxes() -> Iterator[Sandboxes]:
    """Both servers on loopback, with one clock."""
    boxes = Sandboxes()
    yield boxes
    boxes.stop()


@pytest.fixture
def world(sandboxes: Sandboxes, tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A deployment of its own between empty CRMs; search shows every write at once."""
    monkeypatch.setattr(opening, "check_laws", check_laws_once)
    sandboxes.reset()
    world = World(sandboxes, tmp_path, sqlite_url)
    yield world
    world.close()


@pytest.fixture
def any_world(sandboxes: Sandboxes, tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The same, once on each database."""
    monkeypatch.setattr(opening, "check_laws", check_laws_once)
    sandboxes.reset()
    world = World(sandboxes, tmp_path, database_url)
    yield world
    world.close()


@pytest.fixture
def lagging_world(world: World) -> World:
    """A world whose search index is a minute late."""
    world.settings("hubspot", search_lag_seconds=60)
    return world
