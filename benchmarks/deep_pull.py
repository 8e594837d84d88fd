"""Reading what is hard to read: does all of it come, and by how many calls? Exits with 1 if anything is missing.

    python benchmarks/deep_pull.py [--contacts 120000] [--at-once 12000] [--leads 50000]

HubSpot: contacts that all changed since the last pull, some of them within one and the same millisecond, found by a search that keeps to no order
and hears late. The least possible: a search tells 200 ids, a batch read 100 contacts. Salesforce: leads made in ten rounds, with rows that appear
minutes after the time they bear (a transaction that takes long), and a pull after each round.
"""

import argparse
import random
import sys
from math import ceil

from sqlalchemy import create_engine, text
from town import World, begun


def known(world: World, system: str) -> int:
    """Return how many live records of a system leadhub knows."""
    with create_engine(f"sqlite:///{world.folder}/leadhub.db").connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM record WHERE system = :s AND gone IS NULL"), {"s": system}).scalar_one())


def changed_since(world: World, value: str) -> int:
    """Return how many records of HubSpot leadhub knows with this job title."""
    with create_engine(f"sqlite:///{world.folder}/leadhub.db").connect() as connection:
        return int(
            connection.execute(text("SELECT count(*) FROM record WHERE system = 'hubspot' AND native LIKE :v"), {"v": f"%{value}%"}).scalar_one()
        )


def hubspot(contacts: int, at_once: int) -> int:
    """Fill HubSpot, change all of it, pull; return how many are missing."""
    with begun(only=("hubspot",)) as world:
        ids: list[str] = []
        for start in range(0, contacts, 5000):
            people = [{"email": f"p{n}@x{n}.example", "firstname": f"A{n}", "lastname": f"B{n}"} for n in range(start, min(contacts, start + 5000))]
            ids += world.ask(order=["hubspot", "create_many", {"records": people}])["answer"]["ids"]
        world.run("adopt", f"first load of {contacts:,}")
        world.run("sync", "settled")
        world.ask(order=["hubspot", "settings", {"search_lag_seconds": 30.0, "search_disorder_seconds": 3600.0, "search_shuffled": True}])
        chosen = random.Random(1).sample(ids, at_once)
        world.ask(edit_all="Moved", systems=["hubspot"])
        world.ask(order=["hubspot", "touch", {"ids": chosen}])
        told = world.run("sync", f"all changed, {at_once:,} in 1 ms")
        missing = contacts - changed_since(world, "Moved")
        least = ceil(contacts / 200) + ceil(contacts / 100)
        print(f"  HubSpot: {contacts - missing:,} of {contacts:,} changes came; {told['calls']['hubspot']:,} calls, at least {least:,}")
        for route, count in sorted(told["routes"]["hubspot"].items(), key=lambda item: -item[1])[:4]:
            print(f"    {count:,} {route}")
        world.run("sync", "nothing changed")
        return missing


def salesforce(leads: int) -> int:
    """Make leads in rounds, pull after each; return how many are missing."""
    rng = random.Random(1)
    with begun(only=("salesforce",)) as world:
        world.run("adopt", "empty")
        for number in range(10):
            world.ask(order=["salesforce", "settings", {"commit_skew": rng.uniform(60, 580)}])
            for _ in range(2):
                world.ask(fill=leads // 20, systems=["salesforce"])
                world.ask(advance=rng.uniform(10, 300))
            world.run("sync", f"round {number + 1}", hours=rng.uniform(0, 0.1))
        world.run("sync", "two hours later")
        missing = leads - known(world, "salesforce")
        print(f"  Salesforce: {leads - missing:,} of {leads:,} leads came")
        return missing


def main() -> int:
    """Read both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--contacts", type=int, default=120_000)
    parser.add_argument("--at-once", type=int, default=12_000)
    parser.add_argument("--leads", type=int, default=50_000)
    options = parser.parse_args()
    missing = hubspot(options.contacts, options.at_once) if options.contacts else 0
    missing += salesforce(options.leads) if options.leads else 0
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
