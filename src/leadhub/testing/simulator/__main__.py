"""`python -m leadhub.testing.simulator`: search the rule for faults."""

import argparse
import sys
import time

from leadhub.testing.simulator.campaign import KINDS, Tally, run, shortest
from leadhub.testing.simulator.whole import play, run_whole, schedule, shorter

CHOICES = (*KINDS, "all", "whole", "kills")


def main() -> int:
    """Run campaigns and print what they found. Returns 1 if anything was found that is not a known race."""
    parser = argparse.ArgumentParser(prog="python -m leadhub.testing.simulator", description=__doc__)
    parser.add_argument("--schedules", type=int, default=20_000, help="how many, for each kind")
    parser.add_argument("--seed", type=int, default=1, help="the first seed; the others follow")
    parser.add_argument(
        "--kind",
        choices=[*KINDS, "all", "whole", "kills"],
        default="all",
        help="a rule by itself; or the whole engine, or it killed at every write point",
    )
    parser.add_argument("--show", type=int, default=1, help="how many findings to shrink and print")
    given = parser.parse_args()
    if given.kind in ("whole", "kills"):
        return _search_whole(given.seed, given.schedules, kills=given.kind == "kills", show=given.show)
    found = 0
    for kind in KINDS if given.kind == "all" else (given.kind,):
        start = time.monotonic()
        tally = run(kind, range(given.seed, given.seed + given.schedules))
        _print(tally, time.monotonic() - start, given.show)
        found += sum(tally.findings.values())
    return 1 if found else 0


def _search_whole(seed: int, schedules: int, *, kills: bool, show: int) -> int:
    out, start = sys.stdout.write, time.monotonic()
    tally = run_whole(seed, schedules, kills=kills)
    seconds = time.monotonic() - start
    out(f"{'killed at every write point' if kills else 'the whole engine'}: {tally.schedules:,} schedules from seed {seed}, {tally.plays:,} plays")
    out(f" in {seconds:,.0f} s, {tally.plays / seconds * 60:,.0f} a minute\n")
    out(f"  {tally.runs:,} runs, {tally.points:,} calls and commits, {tally.writes:,} fields written, {tally.asked:,} questions")
    out(f", {tally.reverts:,} fields taken back\n")
    out(f"  writing rounds until quiet: {dict(sorted(tally.quiet.items()))}\n")
    out(f"  findings: {dict(tally.findings) or 'none'}\n")
    out(f"  races (an edit lay unread when its record was marked current): {dict(tally.races) or 'none'}\n")
    for oracle, seeds in tally.seeds.items():
        out(f"  {oracle}: seeds {', '.join(f'{seed}' if at is None else f'{seed} at {at}' for seed, at in seeds)}\n")
    for oracle, ((example, point), *_) in list(tally.seeds.items())[:show]:
        played = play(shorter(schedule(example), oracle, kill_at=point), kill_at=point)
        details = "\n".join(f"# {f.oracle}: {f.detail}" for f in played.findings)
        out(f"\n# {oracle}, seed {example}{f', killed at point {point}' if point else ''}\n{details}\n{played.text()}\n")
    return 1 if tally.findings else 0


def _print(tally: Tally, seconds: float, show: int) -> None:
    out = sys.stdout.write
    out(f"{tally.kind}: {tally.schedules:,} schedules, {tally.schedules / seconds * 60:,.0f} a minute\n")
    out(f"  questions per round with edits around it: {tally.asked / max(1, tally.rounds):.3f}\n")
    out(f"  writing rounds until quiet: {dict(sorted(tally.quiet.items()))}\n")
    out(f"  findings: {dict(tally.findings) or 'none'}\n")
    out(f"  races (an edit lay unread when its record was marked current): {dict(tally.races) or 'none'}\n")
    for oracle, seeds in tally.seeds.items():
        out(f"  {oracle}: seeds {', '.join(map(str, seeds))}\n")
    for oracle, (seed, *_) in list(tally.seeds.items())[:show]:
        played = shortest(tally.kind, seed, oracle)
        details = "\n".join(f"# {f.oracle}: {f.detail}" for f in played.findings)
        out(f"\n# {oracle}, seed {seed}\n{details}\n{played.text()}\n")


if __name__ == "__main__":
    sys.exit(main())
