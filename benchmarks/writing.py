"""What it costs to carry changes over: API calls beside the least that the documented batch sizes allow, and seconds when each call takes its time.

    python benchmarks/writing.py [--leads 10000] [--changed 1000]

Every lead is in both systems. Then so many are edited in one system and arrive in the other, once in each direction. The least: to read them,
HubSpot's search tells 200 ids a call and its batch read 100 contacts, a Salesforce query 2,000 rows; to look at them once more right before the
write, 100 a call in HubSpot and 2,000 in Salesforce; to write them, 100 and 200. At last all leads are edited, and written without and with a
delay of 200 ms a call.
"""

import argparse
from math import ceil

from town import Answer, begun

READS = {"hubspot": lambda n: ceil(n / 200) + ceil(n / 100), "salesforce": lambda n: ceil(n / 2000)}
LOOKS = {"hubspot": lambda n: ceil(n / 100), "salesforce": lambda n: ceil(n / 2000)}
WRITES = {"hubspot": lambda n: ceil(n / 100), "salesforce": lambda n: ceil(n / 200)}
WRITING = {"hubspot": "POST contacts/batch/update", "salesforce": "PATCH composite/sobjects"}


def compared(told: Answer, quiet: Answer, source: str, target: str, changed: int) -> None:
    """Print the calls of one direction beside the least possible; a quiet sync's calls are what a run costs by itself."""
    writes = told["routes"][target].get(WRITING[target], 0)
    reads = sum(told["calls"].values()) - writes
    own = sum(quiet["calls"].values())
    least = READS[source](changed) + LOOKS[target](changed)
    print(f"{changed:,} leads changed in {source}, written to {target}:")
    print(f"  writes {writes} calls, at least {WRITES[target](changed)}: {writes / WRITES[target](changed):.2f} times")
    print(f"  reads {reads} calls, {own} of them a quiet sync's own; the others {reads - own}, at least {least}: {(reads - own) / least:.2f} times")
    for name, routes in told["routes"].items():
        print(f"    {name}: " + ", ".join(f"{count} {route}" for route, count in sorted(routes.items(), key=lambda item: -item[1])))


def main() -> None:
    """Fill, link, and change."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, default=10_000)
    parser.add_argument("--changed", type=int, default=1_000)
    options = parser.parse_args()
    with begun() as world:
        world.ask(fill=options.leads)
        world.run("adopt", "adoption of both")
        for _ in range(2):
            world.run("sync", "settling")
        quiet = world.run("sync", "nothing changed")
        for source, target in (("hubspot", "salesforce"), ("salesforce", "hubspot")):
            world.ask(edit=options.changed, systems=[source])
            compared(world.run("sync", f"{source} to {target}"), quiet, source, target, options.changed)
            for _ in range(2):
                world.run("sync", "read back, settled")
        for delay in (0.0, 0.2):
            for source, target in (("hubspot", "salesforce"), ("salesforce", "hubspot")):
                world.ask(edit=options.leads, systems=[source])
                if delay:
                    world.ask(order=[target, "faults", {"kind": "slow", "delay": delay, "times": 10**6}])
                world.run("sync", f"{options.leads:,} to {target}, {delay * 1000:.0f} ms")
                world.ask(order=[target, "faults", {}], method="DELETE")
                world.run("sync", "read back, settled")


if __name__ == "__main__":
    main()
