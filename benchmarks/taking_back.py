"""Take back a run of 10,000 changes of which 100 fields were edited since, killed in the middle. Exits with 1 if anything else than those 100 differs.

    python benchmarks/taking_back.py [--changes 10000] [--edits 100]

People edit most leads in both CRMs, in several fields each (titles, phones, blanks, stages, owners), and add new ones; one run carries all of it
over. Every record was photographed before. Then people edit, `revert` is killed (SIGKILL) in the call with half of its writes, and made again. All
that people can write is compared with the photograph; then leadhub syncs three times: the first may carry the edits on, the others write nothing.
"""

import argparse
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import create_engine, text
from town import SYSTEMS, Answer, World, begun

CONFIG = {
    "salesforce": 'on_create = { owner = "assignment_rules" }',
    "hubspot": 'on_create = { owner = "7001" }\nowner_map = { "7001" = "jane@acme.example", "7002" = "omar@acme.example" }',
}
TWINS = {"Title": "jobtitle", "Phone": "phone", "Website": "website", "Fax": "fax", "Company": "company"} | {"OwnerId": "hubspot_owner_id"}
TWINS |= {native: own for own, native in TWINS.items()}
"""What shows the same in the other system."""
UNREAD = {"salesforce": ("Tier__c", "A"), "hubspot": ("numemployees", "5-25")}
"""Fields that leadhub does not read, with a value for each."""
Values = Mapping[str, Any]
Photo = dict[tuple[str, str], dict[str, Any]]
Edit = tuple[str, str, str]


class People:
    """Who works in both CRMs: what they do, and what they see."""

    def __init__(self, world: World) -> None:
        self.world = world
        users = self.ask("salesforce", "records/User", method="GET")
        self.users = {row["Email"].partition("@")[0]: row["Id"] for row in users}

    def ask(self, system: str, path: str, method: str = "POST", **body: Any) -> Any:
        return self.world.ask(order=[system, path, body], method=method)["answer"]

    def edit(self, system: str, record: str, values: Values) -> None:
        self.ask(system, "edit", id=record, **{"fields" if system == "salesforce" else "properties": values})

    def add(self, system: str, n: int) -> None:
        """Somebody new, whom the other system does not have."""
        email, company = f"new{n}@new{n}.example", f"New {n}"
        if system == "salesforce":
            fields = {"FirstName": f"Nia{n}", "LastName": f"New{n}", "Email": email, "Company": company, "Title": "CTO"}
            self.ask(system, "create", object="Lead", fields=fields)
        else:
            self.ask(
                system, "create", properties={"firstname": f"Nia{n}", "lastname": f"New{n}", "email": email, "company": company, "jobtitle": "CTO"}
            )

    def photo(self) -> Photo:
        """Return what people can write, of every record that is there, by system and address."""
        found: Photo = {}
        for row in self.ask("salesforce", "records/Lead", method="GET"):
            if not row["IsDeleted"]:
                found["salesforce", row["Email"].lower()] = {n: v or None for n, v in row.items() if not _own(n)}
        for row in self.ask("hubspot", "records", method="GET")["results"]:
            if not row["archived"]:
                properties = {n: v or None for n, v in row["properties"].items() if not _own(n)}
                found["hubspot", properties["email"].lower()] = {**properties, "Id": row["id"]}
        return found


def _own(name: str) -> bool:
    """Whether a system keeps this field itself."""
    stamps = ("System", "LastModified", "Created", "lastmodified", "createdate", "IsUnread", "Name")
    return name.startswith(stamps) or (name.startswith("hs_") and name != "hs_lead_status")


def work(people: People, photo: Photo, leads: int, creates: int) -> None:
    """Change both records of every lead, in different fields of each; and add people."""
    users = people.users
    for n in range(leads):
        email = f"ann{n}@acme{n}.example"
        ours: list[Values] = [
            {"Title": f"Head {n}"},
            {"Title": f"Head {n}", "Phone": f"+4931{2_000_000 + n}"},
            {"Status": "Working - Contacted", "Fax": f"+4932{2_000_000 + n}"},
            {"OwnerId": users["omar"]},
            {"Website": f"https://s{n}.example", "Phone": None},
            {"Title": None, "Fax": f"+4932{2_000_000 + n}"},
            {"Company": f"Better {n}"},
            {"Status": "Working - Contacted", "Title": f"Head {n}"},
        ]
        theirs: list[Values] = [
            {"website": f"https://h{n}.example"},
            {"hubspot_owner_id": "7002"},
            {"jobtitle": f"Chief {n}"},
            {"lifecyclestage": "marketingqualifiedlead", "jobtitle": f"Chief {n}"},
            {"fax": f"+4932{2_000_000 + n}", "jobtitle": f"Chief {n}"},
            {"company": f"Best {n}"},
            {"hs_lead_status": "IN_PROGRESS", "fax": f"+4932{2_000_000 + n}"},
            {"website": f"https://h{n}.example", "phone": f"+4931{2_000_000 + n}"},
        ]
        for system, values in (("salesforce", ours[n % 8]), ("hubspot", theirs[n % 8])):
            people.edit(system, photo[system, email]["Id"], values)
    for n in range(creates):
        people.add(SYSTEMS[n % 2], n)


def edit_since(people: People, before: Photo, now: Photo, count: int) -> dict[tuple[str, str], set[str]]:
    """Edit so many fields after the run, in ways of every kind; return by record what may differ from the photograph since."""
    written = [(key, name) for key in sorted(before) for name in now[key] if name in TWINS and now[key][name] != before[key].get(name)]
    created = sorted(now.keys() - before.keys())
    touched: dict[tuple[str, str], set[str]] = {}

    def edit(key: tuple[str, str], name: str, value: str) -> None:
        people.edit(key[0], now[key]["Id"], {name: value})
        touched.setdefault(key, set()).add(name)

    for n in range(count):
        key, name = written[n * len(written) // count]
        city = "City" if key[0] == "salesforce" else "city"
        match n % 10:
            case 0 | 1 | 2:
                edit(key, name, _value(people, name, n))
            case 3:
                edit(key, name, _value(people, name, n + count))
                edit(key, name, _value(people, name, n))
            case 4:  # and back to what the run wrote, which is then no edit
                people.edit(key[0], now[key]["Id"], {name: _value(people, name, n)})
                people.edit(key[0], now[key]["Id"], {name: now[key][name]})
            case 5 | 6:
                edit(key, city, f"Town {n}")
            case 7:
                edit(key, *UNREAD[key[0]])
            case 8:  # where the value came from, so that the run's write is overtaken
                edit((_other(key[0]), key[1]), TWINS[name], _value(people, TWINS[name], n))
                touched.setdefault(key, set()).add(name)
            case _:
                key = created[n * len(created) // count]
                edit(key, "City" if key[0] == "salesforce" else "city", f"Town {n}")
    return touched


def _other(system: str) -> str:
    return next(name for name in SYSTEMS if name != system)


def _value(people: People, name: str, n: int) -> str:
    """Return a value for a field that nothing else of this program gives it."""
    match name.lower():
        case "ownerid":
            return str(people.users["priya"])
        case "hubspot_owner_id":
            return "7003"
        case "phone" | "fax":
            return f"+4933{1_000_000 + n}"
        case "website":
            return f"https://since{n}.example"
    return f"Since {n}"


def differing(before: Photo, now: Photo) -> Iterator[tuple[tuple[str, str], str, Any, Any]]:
    """Yield record, field, and both values, wherever two photographs differ."""
    for key in sorted(before.keys() | now.keys()):
        one, two = before.get(key, {}), now.get(key, {})
        yield from ((key, n, one.get(n), two.get(n)) for n in sorted(one.keys() | two.keys()) if one.get(n) != two.get(n))


def wrong(before: Photo, now: Photo, touched: Mapping[tuple[str, str], set[str]]) -> list[str]:
    """Return what differs though nobody edited it, and what was edited and does not differ."""
    found = list(differing(before, now))
    stray = [
        f"{key}: {name}: {old!r} became {new!r}"
        for key, name, old, new in found
        if name not in touched.get(key, ()) and (key in before or key not in touched)
    ]
    lost = touched.keys() - {key for key, *_ in found}
    return [*stray, *(f"{key}: what was edited since is gone" for key in sorted(lost))]


def killed(world: World, run: str, writes: int) -> None:
    """Take the run back, killed in the call with so many writes; and let its lease run out."""
    done = subprocess.run(world.command("revert", 2, "--of", run, "--kill-after", str(writes)), check=False, stdout=subprocess.DEVNULL)
    if done.returncode != -signal.SIGKILL:
        raise RuntimeError(f"the revert was to be killed, and ended with {done.returncode}")
    with create_engine(f"sqlite:///{world.folder}/leadhub.db").begin() as connection:
        connection.execute(text("UPDATE lease SET expires_at = '2000-01-01 00:00:00'"))


def take_back(world: World, changes: int, edits: int) -> list[str]:
    """Do all of it; return what was wrong."""
    people, run, before = carried_over(world, changes)
    made = people.photo()
    print(f"  {run['created']:,} created, {run['updated']:,} updated; {sum(1 for _ in differing(before, made)):,} fields differ from before")
    touched = edit_since(people, before, made, edits)
    print(f"  {edits} edits since, on {len(touched)} records")
    killed(world, run["run"], (run["updated"] + run["created"]) // 2)
    half, calls = sum(1 for _ in differing(before, people.photo())), world.ask(calls=True)["calls"]
    print(f"  killed: {half:,} fields still differ from before; calls: {', '.join(f'{name} {sum(of.values())}' for name, of in calls.items())}")
    told = world.run("revert", "the same revert again", 2, "--of", run["run"])
    after = people.photo()
    print(f"  {told['updated']:,} writes; {told['before']:,} parts were taken back before; left as it is: {len(told['left']):,}")
    for (where, name, reason), count in Counter((w, f, _kind(r)) for _, w, f, r in told["left"]).most_common(30):
        print(f"    {count:>6}  {where} {name}: {reason}")
    left = [key for key, *_ in differing(before, after)]
    print(f"  {len(left):,} fields on {len(set(left))} records differ from before, {len(set(left) - before.keys())} of these made by the run")
    return [*wrong(before, after, touched), *syncs(world, people, after, touched)]


def carried_over(world: World, changes: int) -> tuple[People, Answer, Photo]:
    """Fill both systems, let people work, and carry all of it over in one run; return that run, and what stood there before it."""
    creates = max(2, changes // 10)
    leads = (changes - creates) // 2
    config = world.folder / "leadhub.toml"
    lines = config.read_text()
    for name in SYSTEMS:
        lines = lines.replace(f'plugin = "{name}"', f'plugin = "{name}"\ncreate = "always"\ncreate_cap = {changes}\n{CONFIG[name]}')
    config.write_text(lines)
    people = People(world)
    world.ask(fill=leads)
    for row in people.ask("hubspot", "records", method="GET")["results"]:
        people.edit("hubspot", row["id"], {"hubspot_owner_id": "7001"})
    world.run("adopt", "adoption of both")
    world.run("sync", "settling")
    work(people, people.photo(), leads, creates)
    before = people.photo()
    run = world.run("sync", "the run")
    world.ask(advance=3600)
    return people, run, before


def _kind(reason: str) -> str:
    return reason.partition(" (run ")[0]


def syncs(world: World, people: People, after: Photo, touched: Mapping[tuple[str, str], set[str]]) -> list[str]:
    """Sync three times: the first may carry people's edits to the other system, the others write nothing, and nothing undone comes back."""
    bad: list[str] = []
    allowed = {key: set(names) for key, names in touched.items()}
    for (system, email), names in touched.items():
        twins = {TWINS.get(n, {"City": "city", "city": "City"}.get(n, n)) for n in names}
        allowed.setdefault((_other(system), email), set()).update(twins)
    for number in (1, 2, 3):
        told = world.run("sync", f"sync {number} after it")
        if number > 1 and told["created"] + told["updated"]:
            bad.append(f"sync {number} after the revert wrote {told['created'] + told['updated']} records")
    now = people.photo()
    bad += [
        f"{key}: {name}: {old!r} became {new!r} in a later sync" for key, name, old, new in differing(after, now) if name not in allowed.get(key, ())
    ]
    return bad


def main() -> int:
    """Take back, and judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--changes", type=int, default=10_000)
    parser.add_argument("--edits", type=int, default=100)
    options = parser.parse_args()
    with begun() as world:
        bad = take_back(world, options.changes, options.edits)
    for line in bad[:40]:
        print(f"BROKEN: {line}")
    print(f"{len(bad)} faults" if bad else "every field is as before, apart from those edited since")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
