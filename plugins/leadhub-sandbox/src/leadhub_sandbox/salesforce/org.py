"""The org: its clock, settings, rows, people and id numbers. Deterministic: the same seed and the same calls give the same ids."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from leadhub_sandbox.clock import SandboxClock
from leadhub_sandbox.salesforce import ids, times
from leadhub_sandbox.salesforce.duplicates import DuplicateHeader
from leadhub_sandbox.salesforce.features import absent_fields, absent_objects, corporate_currency
from leadhub_sandbox.salesforce.objects import (
    BY_PREFIX,
    CURRENCY_TYPE,
    GROUP,
    LEAD_STATUS,
    OBJECTS,
    OPPORTUNITY_STAGE,
    ORGANIZATION,
    RECORD_TYPE,
    USER,
)
from leadhub_sandbox.salesforce.schema import Row, SObject
from leadhub_sandbox.salesforce.settings import Settings
from leadhub_sandbox.salesforce.store import Store

INTEGRATION = "leadhub"
AUTOMATED = "AutomatedProcess"
"""The type of a user who is no person: nobody logs in as one."""
PEOPLE = (
    ("leadhub", "Leadhub", "Integration", True, "Standard"),
    ("jane", "Jane", "Novak", True, "Standard"),
    ("omar", "Omar", "Haddad", True, "Standard"),
    ("priya", "Priya", "Raman", True, "Standard"),
    ("lena", "Lena", "Fischer", False, "Standard"),
    ("autoproc", "Automated", "Process", True, AUTOMATED),
)
AUTOMATION = "autoproc"
QUEUE = "Inbound Leads"
JOB_PREFIX = "750"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who writes: a user's id, and whether the write is the org's own (seeding, automation), which knows no read-only fields.

    `client`: it comes through the API. `duplicates` is what it says of duplicates; with None no duplicate rule is asked. An unchecked write
    is asked for nothing: no trigger, no validation rule, no duplicate rule.
    """

    user_id: str
    system: bool = False
    client: bool = False
    duplicates: DuplicateHeader | None = None
    checked: bool = True


class Org:
    """The state that every part of the service works on."""

    def __init__(self, seed: int, clock: SandboxClock) -> None:
        self.seed, self.clock = seed, clock
        self.settings = Settings()
        self.schema_changed = clock.now()
        self.store = Store(clock)
        chance = random.Random(f"salesforce-{seed}")  # noqa: S311 - reproducible ids, not secrets
        self.pod = "".join(chance.choices("ABCDEFGHJKLMNPQRSTUVWXYZ", k=2)) + "0"
        self._first = chance.randrange(10**6, 10**7)
        self._counters: dict[str, int] = {}
        self._people: dict[str, str] = {}
        self._hidden: dict[str, set[str]] = {}
        self._unknown: set[str] = set()
        self._found()

    def _found(self) -> None:
        for alias, first, last, active, kind in PEOPLE:
            self.add_user(alias, first, last, active=active, kind=kind)
        self.organization_id = self.new_id(ORGANIZATION)
        names: Row = {"Name": "Acme Example", "InstanceName": "CS00", "OrganizationType": "Developer Edition"}
        self._insert(ORGANIZATION, {"Id": self.organization_id} | names)
        queue = self.add_queue(QUEUE)
        self._insert(GROUP, {"Name": "All Sales", "DeveloperName": "All_Sales", "Type": "Regular"})
        self.settings.assignment_rule = {"id": ids.make("01Q", self.pod, self._first), "active": True, "owner": queue}
        self.settings_changed()
        self.store.commit()

    def add_user(self, alias: str, first: str, last: str, *, active: bool = True, kind: str = "Standard", email: str = "") -> None:
        """Add a person (`kind` is the UserType); the admin API and the password flow know them by alias or user name."""
        name = f"{first} {last}"
        address = f"{alias}@acme.example"
        values = {"Username": address, "Email": email or address, "Alias": alias[:8], "FirstName": first, "LastName": last, "Name": name}
        self._insert(USER, {**values, "IsActive": active, "UserType": kind})

    def add_queue(self, name: str) -> str:
        """Add a queue and return its id."""
        return self._insert(GROUP, {"Name": name, "DeveloperName": name.replace(" ", "_"), "Type": "Queue"})

    def _insert(self, obj: SObject, values: Row) -> str:
        row: Row = {f.name: f.default for f in obj.fields.values()}
        row |= {"Id": self.new_id(obj)} | values
        author = str(row["Id"]) if not self._people else self._people[INTEGRATION]
        self.store.put(obj, row | self.stamps(author, created=True))
        if obj is USER:
            self._people |= {str(row["Alias"]): str(row["Id"]), str(row["Username"]): str(row["Id"])}
        return str(row["Id"])

    def settings_changed(self) -> None:
        """Bring what settings stand for into line with them: rows of setup objects, and which fields there are."""
        self.store.skew = 0.0
        self.schema_changed = self.clock.now()
        self._hide()
        knobs = self.settings
        self._mirror(LEAD_STATUS, ("ApiName",), knobs.statuses)
        self._mirror(OPPORTUNITY_STAGE, ("ApiName",), [{**s, "ForecastCategoryName": s["ForecastCategory"]} for s in knobs.stages])
        self._mirror(CURRENCY_TYPE, ("IsoCode",), [{**c, "DecimalPlaces": 2} for c in knobs.currencies])
        kinds = [
            {"SobjectType": k["object"], "DeveloperName": k["name"], "Name": k.get("label", k["name"]), "IsActive": k.get("active", True)}
            for k in knobs.record_types
        ]
        self._mirror(RECORD_TYPE, ("SobjectType", "DeveloperName"), kinds)
        self._give_currency()
        (organization,) = self.store.everything(ORGANIZATION)
        self.store.put(ORGANIZATION, organization | {"IsSandbox": knobs.is_sandbox})
        self.store.skew = knobs.commit_skew

    def _mirror(self, obj: SObject, keys: tuple[str, ...], wanted: list[dict[str, Any]]) -> None:
        """Have an object hold exactly these rows; one that was there keeps its id."""
        there = {tuple(row[key] for key in keys): row for row in self.store.everything(obj)}
        for values in wanted:
            old = there.pop(tuple(values[key] for key in keys), None)
            if old is None:
                self._insert(obj, {**values})
            elif old | values != old:
                self.store.put(obj, old | values | self.stamps(self._people[INTEGRATION]))
        for gone in there.values():
            self.store.remove(obj, str(gone["Id"]))

    def _give_currency(self) -> None:
        """Give the corporate currency to records that are older than the org's second currency."""
        corporate = corporate_currency(self.settings)
        for obj in OBJECTS.values() if corporate else ():
            for row in self.store.everything(obj) if "CurrencyIsoCode" in obj.fields else ():
                if row["CurrencyIsoCode"] is None:
                    self.store.put(obj, row | {"CurrencyIsoCode": corporate})

    def _hide(self) -> None:
        knobs = self.settings
        self._hidden = {o.name: absent_fields(knobs, o) | set(knobs.hidden_fields.get(o.name, ())) for o in OBJECTS.values()}
        self._unknown = absent_objects(knobs) | set(knobs.hidden_objects)

    def new_id(self, obj: SObject) -> str:
        """Return the next id of an object."""
        number = self._counters.get(obj.prefix, self._first) + 1
        self._counters[obj.prefix] = number
        return ids.make(obj.prefix, self.pod, number)

    def new_job_id(self) -> str:
        """Return the next id of a job of the Bulk API."""
        self._counters[JOB_PREFIX] = self._counters.get(JOB_PREFIX, self._first) + 1
        return ids.make(JOB_PREFIX, self.pod, self._counters[JOB_PREFIX])

    def now(self) -> str:
        """Return the present second as a stamp."""
        return times.stamp(self.clock.now())

    def stamps(self, user_id: str, *, created: bool = False) -> Row:
        """Return the audit fields of a write by a person or a program."""
        now = self.now()
        row: Row = {"LastModifiedDate": now, "LastModifiedById": user_id, "SystemModstamp": now}
        return row | {"CreatedDate": now, "CreatedById": user_id} if created else row

    def user_id(self, who: str) -> str:
        """Return a user's id from an alias, a user name or an id; raises ValueError naming those there are."""
        found = self._people.get(who) or ids.full(who)
        if found is None or self.store.get(USER, found) is None:
            known = sorted(str(row["Alias"]) for row in self.store.everything(USER))
            raise ValueError(f"no user {who!r}; known: {', '.join(known)}")
        return found

    def owner(self, owner_id: str) -> Row | None:
        """Return the user or queue that an owner id names."""
        return self.store.get(USER, owner_id) or self.store.get(GROUP, owner_id)

    def statuses(self, *, converted: bool) -> list[str]:
        """Return the lead statuses that do, or do not, mean converted."""
        return [s["ApiName"] for s in self.settings.statuses if bool(s["IsConverted"]) is converted]

    def default_status(self) -> str:
        """Return the status of a lead created without one."""
        plain = self.statuses(converted=False)
        return next((s["ApiName"] for s in self.settings.statuses if s["IsDefault"]), plain[0] if plain else "")

    def hidden(self, obj: SObject) -> set[str]:
        """Return the fields of an object that the clients' users do not see: hidden by field-level security, or not in this org at all."""
        return self._hidden[obj.name]

    def shows(self, obj: SObject) -> bool:
        """Return whether the clients' users may see an object at all."""
        return obj.name not in self._unknown

    def sees(self, row: Row) -> bool:
        """Return whether the clients' users may see a record: it is not kept from them, nor its owner's, nor the history of such a one."""
        kept = {ids.full(one) for one in self.settings.unshared} - {None}
        if not kept:
            return True
        parent = next((row[name] for name in ("LeadId", "ContactId") if name in row), None) if "OldValue" in row else None
        above = self.store.get(BY_PREFIX[str(parent)[:3]], str(parent)) if parent else None
        named = {row.get("OwnerId"), None if str(row["Id"])[:3] in (USER.prefix, GROUP.prefix) else row["Id"]}
        return not kept & named and (above is None or self.sees(above))

    def rows(self, obj: SObject, *, deleted: bool = False, among: list[str] | None = None) -> Iterator[Row]:
        """Yield the rows of an object that the clients' users see; see `Store.rows`."""
        return (row for row in self.store.rows(obj, deleted=deleted, among=among) if self.sees(row))

    def seen(self, obj: SObject, row_id: str) -> Row | None:
        """Return the version of a row that clients see by now, deleted or not."""
        row = self.store.seen(obj, row_id)
        return row if row is not None and self.sees(row) else None

    def holders(self, obj: SObject, field: str, value: object) -> list[str]:
        """Return the ids of the live rows that hold a value and that the clients' users see."""
        return [held for held in self.store.holders(obj, field, value) if self.sees(self.store.get(obj, held) or {"Id": held})]

    def snapshot(self) -> dict[str, Any]:
        """Return a JSON-able copy of rows (with those not yet visible), settings and counters."""
        rows = {"rows": self.store.snapshot(), "unseen": self.store.unseen()}
        return rows | {"settings": self.settings.as_json(), "counters": dict(self._counters)}

    def restore(self, state: dict[str, Any]) -> None:
        """Put back what `snapshot` returned."""
        self.store.restore({name: state["rows"].get(name, []) for name in OBJECTS}, state.get("unseen", ()))
        self.settings = Settings(**state["settings"])
        self._counters = dict(state["counters"])
        self._people = {str(r[k]): str(r["Id"]) for r in self.store.everything(USER) for k in ("Alias", "Username")}
        self.organization_id = str(self.store.everything(ORGANIZATION)[0]["Id"])
        self.settings_changed()
        self.store.commit()
