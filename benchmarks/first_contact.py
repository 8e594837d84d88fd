"""First contact with two CRMs that have gone their own ways, then thirty days of work in both: what is written, and how much is asked.

    python benchmarks/first_contact.py [--pairs 6000] [--days 30] [--seed 1] [--store URL] [--uniform]

Everything is drawn independently, so the pairs disagree far more than those of a real company:

- HubSpot's lifecyclestage: subscriber, lead, MQL, SQL, opportunity, customer at 10, 45, 20, 10, 8, 7 %; hs_lead_status blank at 75 %, else even
  over its values. Salesforce's Status at 50, 30, 10, 10 % over its four; "Closed - Not Converted" is answered "cannot tell".
- Twelve plain fields: filled on both sides at 45 % and there different at 8 %; on one side alone at 30 %; on neither at 25 %.
- 4 % of the persons have a second Salesforce lead.

Each day people make 35 edits of Salesforce's Status, 50 of HubSpot's stage or lead status, 370 of plain fields (both CRMs alike), and 15 new
leads (in either CRM), all at random leads; leadhub runs once a night. A Status edit goes to any other open or closed value; of HubSpot's edits
half are of the lead status (any other value) and half of the stage: four in five go one step forward (a customer, who has none, gets a lead status
instead), else to any other stage. With `--uniform` every stage edit goes to any other stage: two in three then go backward, as nobody works.
"""

import argparse
import random
import resource
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import httpx
from leadhub_sandbox import SandboxClock, start_hubspot, start_salesforce

from leadhub.hub import Hub, open_hub
from leadhub.insight.disagreement import disagreement
from leadhub.sync.run import adopt, sync

START = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
STAGES = ("subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer")
STAGE_SHARES = (10, 45, 20, 10, 8, 7)
STATUSES = ("NEW", "OPEN", "IN_PROGRESS", "OPEN_DEAL", "UNQUALIFIED", "ATTEMPTED_TO_CONTACT", "CONNECTED", "BAD_TIMING")
OPEN_VALUES = ("Open - Not Contacted", "Working - Contacted", "Closed - Not Converted")
CONVERTED = "Closed - Converted"
PLAIN = (
    ("FirstName", "firstname"), ("Title", "jobtitle"), ("Website", "website"), ("Street", "address"), ("City", "city"), ("State", "state"),
    ("PostalCode", "zip"), ("Country", "country"), ("Fax", "fax"), ("MobilePhone", "mobilephone"), ("Phone", "phone"), ("Salutation", "salutation"),
)  # fmt: skip
COUNTRIES = ("Germany", "France", "Spain", "Italy", "Poland", "Sweden")
SALUTATIONS = ("Mr.", "Ms.", "Mrs.", "Dr.", "Prof.")
PER_DAY = {"status": 35, "stage": 50, "plain": 370, "new": 15}


class HubClock:
    """The hub goes by the sandboxes' clock."""

    def __init__(self, clock: SandboxClock) -> None:
        self.clock, self.ids = clock, 0

    def now(self) -> datetime:
        return self.clock.now()

    def sleep(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def new_id(self) -> str:
        self.ids += 1
        return f"{self.ids:020x}"


@dataclass
class World:
    """Both CRMs, the people who work in them, and the deployment between."""

    folder: Path
    seed: int
    store: str
    contacts: list[str] = field(default_factory=list)
    leads: list[str] = field(default_factory=list)
    stages: dict[str, str] = field(default_factory=dict)
    uniform: bool = False
    number: int = 0

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.clock = SandboxClock()
        self.clock.set(START)
        self.salesforce = start_salesforce(self.seed, clock=self.clock)
        self.hubspot = start_hubspot(self.seed, clock=self.clock)
        self.http = httpx.Client(timeout=60)
        self.order("hubspot", "settings", {"search_lag_seconds": 0})

    def order(self, name: str, path: str, body: object) -> Any:
        answer = self.http.post(f"{getattr(self, name).url}/_sandbox/{path}", json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def configure(self) -> Hub:
        sf, hs = self.salesforce, self.hubspot
        for name, secret in {"store": self.store, "salesforce": sf.service.client_secret, "hubspot": hs.service.token}.items():
            (self.folder / f"{name}.secret").write_text(secret)
        (self.folder / "leadhub.toml").write_text(
            f"""version = 1
store = "file:store.secret"
[defaults]
trust = "salesforce"
[system.salesforce]
plugin = "salesforce"
login_url = "{sf.url}"
client_id = "{sf.service.client_id}"
client_secret = "file:salesforce.secret"
field.Status.answers = {{ "Closed - Not Converted" = "cannot tell" }}
[system.hubspot]
plugin = "hubspot"
base_url = "{hs.url}"
token = "file:hubspot.secret"
"""
        )
        return open_hub(self.folder, clock=HubClock(self.clock))

    # ---- people --------------------------------------------------------------------------------------------------------------------

    def value(self, name: str) -> str:
        """A new value of a plain field, unlike any other of free text."""
        self.number += 1
        match name:
            case "Country":
                return self.rng.choice(COUNTRIES)
            case "Salutation":
                return self.rng.choice(SALUTATIONS)
            case "Website":
                return f"https://www.site{self.number}.example"
            case "Phone" | "MobilePhone" | "Fax":
                return f"+49 30 {1000000 + self.number}"
            case _:
                return f"{name} {self.number}"

    def other_value(self, name: str, than: str) -> str:
        while (value := self.value(name)) == than:
            pass
        return value

    def pair(self) -> None:
        """One person in both CRMs, drawn as the module's text says."""
        person = len(self.contacts)
        both = {"Email": f"p{person}@c{person}.example", "LastName": f"Person{person}", "Company": f"Company {person}"}
        sf: dict[str, str] = dict(both)
        hs = {"email": both["Email"], "lastname": both["LastName"], "company": both["Company"]}
        for native, property_ in PLAIN:
            drawn = self.rng.random()
            if drawn < 0.75:
                value = self.value(native)
                sf |= {native: value} if drawn < 0.6 else {}
                hs |= {property_: value} if drawn < 0.45 or drawn >= 0.6 else {}
            if drawn < 0.45 and self.rng.random() < 0.08:
                hs[property_] = self.other_value(native, sf[native])
        stage = self.rng.choices(STAGES, STAGE_SHARES)[0]
        hs["lifecyclestage"] = stage
        if self.rng.random() >= 0.75:
            hs["hs_lead_status"] = self.rng.choice(STATUSES)
        self.contact(hs)
        self.lead(sf, self.rng.choices((*OPEN_VALUES, CONVERTED), (50, 30, 10, 10))[0])
        if self.rng.random() < 0.04:
            self.lead(both | {"FirstName": sf["FirstName"]} if "FirstName" in sf else both, self.rng.choices(OPEN_VALUES, (50, 30, 10))[0])

    def contact(self, properties: dict[str, str]) -> None:
        id_ = self.order("hubspot", "create", {"properties": properties})["id"]
        self.contacts.append(id_)
        self.stages[id_] = properties.get("lifecyclestage", "")

    def lead(self, fields: dict[str, str], status: str) -> None:
        made = {**fields, "Status": OPEN_VALUES[0] if status == CONVERTED else status}
        id_ = self.order("salesforce", "create", {"object": "Lead", "fields": made})["id"]
        if status == CONVERTED:
            self.order("salesforce", "convert", {"id": id_, "create_opportunity": self.rng.random() < 0.5})
        else:
            self.leads.append(id_)

    # ---- a day ---------------------------------------------------------------------------------------------------------------------

    def day(self) -> None:
        acts = [act for act, count in PER_DAY.items() for _ in range(count)]
        self.rng.shuffle(acts)
        for act in acts:
            self.clock.advance(60)
            getattr(self, act)()

    def status(self) -> None:
        id_ = self.rng.choice(self.leads)
        self.edit_lead(id_, {"Status": self.rng.choice(OPEN_VALUES)})

    def stage(self) -> None:
        id_ = self.rng.choice(self.contacts)
        at = STAGES.index(self.stages[id_]) if self.stages[id_] in STAGES else 0
        forward = not self.uniform and self.rng.random() < 0.8
        if self.rng.random() < 0.5 or (forward and at + 1 == len(STAGES)):
            self.edit_contact(id_, {"hs_lead_status": self.rng.choice(STATUSES)})
            return
        self.stages[id_] = STAGES[at + 1] if forward else self.rng.choice([s for s in STAGES if s != STAGES[at]])
        self.edit_contact(id_, {"lifecyclestage": self.stages[id_]})

    def plain(self) -> None:
        native, property_ = self.rng.choice(PLAIN)
        if self.rng.random() < 0.5:
            self.edit_lead(self.rng.choice(self.leads), {native: self.value(native)})
        else:
            self.edit_contact(self.rng.choice(self.contacts), {property_: self.value(native)})

    def new(self) -> None:
        self.number += 1
        name = f"new{self.number}"
        if self.rng.random() < 0.5:
            self.lead({"Email": f"{name}@{name}.example", "LastName": name, "Company": name}, OPEN_VALUES[0])
        else:
            self.contact({"email": f"{name}@{name}.example", "lastname": name, "company": name, "lifecyclestage": "lead"})

    def edit_lead(self, id_: str, fields: dict[str, str]) -> None:
        self.order("salesforce", "edit", {"id": id_, "fields": fields})

    def edit_contact(self, id_: str, properties: dict[str, str]) -> None:
        self.order("hubspot", "edit", {"id": id_, "properties": properties})

    def writes(self) -> int:
        """How many calls have changed anything in either CRM, by leadhub."""
        calls = (*self.salesforce.journal, *self.hubspot.journal)
        return sum(c["method"] in {"PATCH", "PUT", "DELETE"} or "/batch/update" in c["path"] or "/batch/upsert" in c["path"] for c in calls)


def _questions(hub: Hub) -> Counter[str]:
    """Open questions by kind, and the number of groups under "groups"."""
    with hub.store.read() as tx:
        found = Counter({"groups": len(tx.reviews.groups())})
        after = ""
        while batch := tx.reviews.open(after=after, limit=1000):
            found.update(stored.review.kind for stored in batch)
            after = batch[-1].review.id
    return found


def _opened(hub: Hub, seen: set[str]) -> Iterator[str]:
    """Kinds of the questions that were not open before."""
    with hub.store.read() as tx:
        after = ""
        while batch := tx.reviews.open(after=after, limit=1000):
            for stored in batch:
                if stored.review.id not in seen:
                    seen.add(stored.review.id)
                    yield stored.review.kind
            after = batch[-1].review.id


def _first_contact(world: World, hub: Hub) -> None:
    start, cpu = perf_counter(), process_time()
    for name in ("salesforce", "hubspot"):
        adopt(hub, name)
    print(f"adoption of both: {perf_counter() - start:.1f} s ({process_time() - cpu:.1f} CPU s with both sandboxes in the process)")
    questions = _questions(hub)
    with hub.store.read() as tx:
        counts = tx.persons.counts()
        found = disagreement(hub, tx)
    print(f"persons {counts.persons}, records {counts.records}, writes {world.writes()}")
    groups = questions.pop("groups")
    print(f"questions {sum(questions.values())} in {groups} groups: {dict(questions)}")
    print(f"standing differences {found.total} in {len(found.patterns)} patterns; the largest:")
    for pattern in found.patterns[:25]:
        told = pattern.kind or f"{pattern.there or '(blank)'} against {pattern.here or '(blank)'}"
        print(f"  {pattern.count:6}  {pattern.system} {pattern.field}: {told} ({pattern.reason})")


def _days(world: World, hub: Hub, days: int) -> None:
    with hub.store.begin() as tx:
        for row in tx.systems.list():
            tx.systems.save(replace(row, mode="write"))
    seen: set[str] = set()
    sync(hub)
    list(_opened(hub, seen))
    print(f"writing switched on; the first sync made {world.writes()} write calls")
    total: Counter[str] = Counter()
    statuses: Counter[str] = Counter()
    start = perf_counter()
    for day in range(1, days + 1):
        world.day()
        report = sync(hub)
        statuses[report.status] += 1
        kinds = Counter(_opened(hub, seen))
        total += kinds
        changed = {name: counts.updated for name, counts in report.systems.items()}
        print(f"day {day:2}: updates {changed}, questions {dict(kinds)}, {report.status}{''.join(f'; {r}' for r in report.refusals)}")
        for text in report.troubles.values():
            print(f"   trouble: {text}")
    print(f"{days} days in {perf_counter() - start:.0f} s: {dict(statuses)}")
    print("questions a day:", {kind: round(n / days, 2) for kind, n in total.most_common()}, "in all", round(sum(total.values()) / days, 2))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=6000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--store", default="sqlite:///leadhub.db")
    parser.add_argument("--uniform", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), args.seed, args.store, uniform=args.uniform)
        for _ in range(args.pairs):
            world.pair()
        world.clock.advance(3600)
        for server in (world.salesforce, world.hubspot):
            server.journal.clear()
        hub = world.configure()
        _first_contact(world, hub)
        _days(world, hub, args.days)
        hub.store.close()
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB, both sandboxes included")
    return 0


if __name__ == "__main__":
    sys.exit(main())
