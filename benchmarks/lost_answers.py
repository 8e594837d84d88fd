"""Creates whose answers are lost: does anybody come twice? Exits with 1 if somebody does, or is missing.

    python benchmarks/lost_answers.py [--leads 1000] [--kills 20] [--seed 1] [--share 0.3]

So many people are in Salesforce alone and as many in HubSpot alone; each is to be created in the other system. Answers to writes are dropped at
random, after the record was made or before, and leadhub is killed (SIGKILL) at random moments; then it is run until it has nothing left to do. To
lose answers in many places, the systems are asked to take ten records a call.
"""

import argparse
import random
import signal
import subprocess
import sys
import time
from collections import Counter

from sqlalchemy import create_engine, text
from town import SYSTEMS, World, begun

ROUTES = {"salesforce": ("PATCH", "/composite/sobjects/Lead"), "hubspot": ("POST", "/batch/(create|upsert)")}
WITH_CREATES = 'create = "always"\ncreate_cap = 100000'
OWNERS = {"salesforce": "assignment_rules", "hubspot": "7001"}


def lose(world: World, rng: random.Random, share: float, calls: int) -> int:
    """Order that this share of the next calls which create lose their answers, two in three after the record was made."""
    ordered = 0
    for name in SYSTEMS:
        method, path = ROUTES[name]
        for skip in sorted(rng.sample(range(calls), int(calls * share))):
            kind = "drop_after" if rng.random() < 2 / 3 else "drop_before"
            world.ask(order=[name, "faults", {"kind": kind, "method": method, "path": path, "skip": max(0, skip - ordered)}])
            ordered += 1
    return ordered


def killed(world: World, seconds: float) -> bool:
    """Start a run, kill it after so long unless it has ended, and let its lease run out. Returns whether it was killed."""
    run = subprocess.Popen(world.command("sync"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        run.wait(seconds)
    except subprocess.TimeoutExpired:
        run.send_signal(signal.SIGKILL)
        run.wait()
        with create_engine(f"sqlite:///{world.folder}/leadhub.db").begin() as connection:
            connection.execute(text("UPDATE lease SET expires_at = '2000-01-01 00:00:00'"))
        return True
    return False


def people(world: World) -> dict[str, Counter[str]]:
    """Return how often each e-mail address is there, by system."""
    leads = world.ask(order=["salesforce", "records/Lead", {}], method="GET")["answer"]
    contacts = world.ask(order=["hubspot", "records", {}], method="GET")["answer"]["results"]
    return {
        "salesforce": Counter(row["Email"].lower() for row in leads if not row["IsDeleted"]),
        "hubspot": Counter(row["properties"]["email"] for row in contacts if not row.get("archived")),
    }


def main() -> int:
    """Lose, kill, run on, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--share", type=float, default=0.3)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with begun(system=WITH_CREATES) as world:
        config = world.folder / "leadhub.toml"
        lines = config.read_text()
        for name in SYSTEMS:
            lines = lines.replace(f'plugin = "{name}"', f'plugin = "{name}"\non_create = {{ owner = "{OWNERS[name]}" }}')
        config.write_text(lines)
        world.batch = 10
        world.ask(fill=options.leads, systems=["salesforce"])
        world.ask(fill=options.leads, systems=["hubspot"])
        world.run("adopt", "adoption of both")
        lost = lose(world, rng, options.share, options.leads // 10)
        kills, tries = 0, 0
        started = time.perf_counter()
        while kills < options.kills and tries < 3 * options.kills:
            tries += 1
            kills += killed(world, rng.uniform(0.4, 5))
        print(f"  {lost} losses ordered, {kills} runs killed in {tries}, {time.perf_counter() - started:.0f} s")
        for number in range(1, 9):
            told = world.run("sync", f"run {number} to its end")
            if told["status"] == "ok" and not told["created"] and not told["updated"]:
                break
        print(f"  {told['lost']} answers were lost")
        found, bad = people(world), 0
        for name, counted in found.items():
            doubled, missing = sum(n > 1 for n in counted.values()), 2 * options.leads - len(counted)
            bad += doubled + missing
            print(f"  {name}: {counted.total():,} records of {len(counted):,} people; {doubled} doubled, {missing} missing")
        return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
