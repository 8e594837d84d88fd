"""What a sync costs when nothing happened, and when 1 % changed: CPU seconds, memory and API calls, with few and with many linked leads.

    python benchmarks/quiet_sync.py [--leads 10000 100000]

Each lead is a pair of records, a Salesforce Lead and a HubSpot contact that agree. Both sandboxes run in a process of their own, and so does every
run of leadhub: its CPU seconds and its memory are those of a `leadhub sync` from start to end. Two hours pass between the runs. The first sync reads
what the systems' indexes may still have hidden at adoption, the third one finds nothing; then 1 % of the leads are edited, one half in each system.
A cost that follows what changed is the same for few and for many leads; the ratio of the last two quiet runs says how far that is so.
"""

import argparse
from time import perf_counter

from town import Answer, begun


def measured(leads: int) -> tuple[Answer, Answer]:
    """Link so many leads, and return what the quiet sync cost and the one with 1 % changed."""
    with begun() as world:
        start = perf_counter()
        world.ask(fill=leads)
        print(f"{leads:,} leads, put into both sandboxes in {perf_counter() - start:.0f} s", flush=True)
        world.run("adopt", "adoption of both")
        world.run("sync", "first sync")
        world.run("sync", "second sync")
        quiet = world.run("sync", "third sync: nothing changed")
        world.ask(edit=max(2, leads // 100))
        changed = world.run("sync", "1 % changed")
        world.run("sync", "what that wrote, read back")
        world.run("sync", "nothing changed again")
        print(f"  the store: {(world.folder / 'leadhub.db').stat().st_size / 1e6:,.0f} MB")
        return quiet, changed


def main() -> None:
    """Run with each number of leads, and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, nargs="+", default=[10_000, 100_000])
    options = parser.parse_args()
    found = [measured(leads) for leads in options.leads]
    for leads, (quiet, changed) in zip(options.leads[1:], found[1:], strict=True):
        few, few_changed = found[0]
        print(f"{leads:,} leads against {options.leads[0]:,} ({leads / options.leads[0]:.0f} x as many):")
        print(f"  quiet sync       {quiet['cpu'] / few['cpu']:.2f} x the CPU seconds, calls {quiet['calls']} against {few['calls']}")
        print(f"  with 1 % changed {changed['cpu'] / few_changed['cpu']:.2f} x the CPU seconds")


if __name__ == "__main__":
    main()
