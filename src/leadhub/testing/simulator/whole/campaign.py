"""Many schedules of the whole engine on all cores: how fast, what was found, and each kind of finding with a seed that shows it again."""

import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from leadhub.testing.simulator.whole.play import PlayedWhole, play
from leadhub.testing.simulator.whole.schedule import schedule

PORTION = 250
"""Schedules that one process plays at a time."""


@dataclass
class WholeTally:
    """What a campaign came to. `quiet` counts writing rounds after the last foreign change, where no automation types over what leadhub writes."""

    schedules: int = 0
    plays: int = 0
    runs: int = 0
    points: int = 0
    writes: int = 0
    asked: int = 0
    reverts: int = 0
    quiet: Counter[int] = field(default_factory=Counter)
    findings: Counter[str] = field(default_factory=Counter)
    races: Counter[str] = field(default_factory=Counter)
    seeds: dict[str, list[tuple[int, int | None]]] = field(default_factory=dict)
    """By oracle, the seeds that made it speak, each with the point at which the process ended."""

    def add(self, seed: int, played: PlayedWhole, kill_at: int | None = None) -> None:
        """Count one play; an oracle counts once a play."""
        self.plays += 1
        self.runs += played.rounds
        self.points += played.points
        self.writes += played.writes
        self.asked += played.asked
        self.reverts += played.reverts
        if not any(t.workflow for t in played.plan.traits):
            self.quiet[played.quiet] += 1
        for oracle in {f.oracle for f in played.findings if not f.raced}:
            self.findings[oracle] += 1
            self.seeds.setdefault(oracle, []).append((seed, kill_at))
        self.races.update({f.oracle for f in played.findings if f.raced})

    def join(self, other: "WholeTally") -> None:
        """Add what another process counted."""
        for name in ("schedules", "plays", "runs", "points", "writes", "asked", "reverts"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.quiet += other.quiet
        self.findings += other.findings
        self.races += other.races
        for oracle, seeds in other.seeds.items():
            self.seeds.setdefault(oracle, []).extend(seeds)


def _play_some(seeds: Sequence[int]) -> WholeTally:
    tally = WholeTally()
    for seed in seeds:
        tally.schedules += 1
        tally.add(seed, play(schedule(seed)))
    return tally


def _kill_everywhere(seed: int) -> WholeTally:
    """End the process at each point of one schedule that has to do with a write, in turn."""
    plan = schedule(seed)
    tally = WholeTally(schedules=1)
    for point in play(plan).write_points:
        tally.add(seed, play(plan, kill_at=point), point)
    return tally


def run_whole(first: int, schedules: int, *, kills: bool = False) -> WholeTally:
    """Play so many schedules from a seed on, on all cores. `kills`: each once for every point around a write, at which the process ends."""
    total = WholeTally()
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
        portions = [range(at, min(at + PORTION, first + schedules)) for at in range(first, first + schedules, PORTION)]
        results: Iterable[WholeTally] = (
            pool.imap_unordered(_kill_everywhere, range(first, first + schedules)) if kills else pool.imap_unordered(_play_some, portions)
        )
        for tally in results:
            total.join(tally)
    return total


def run_for(first: int, at_least: int, seconds: float) -> tuple[WholeTally, float]:
    """Play schedules from a seed on in this process, at least so many and as many more as there is time for; return with them how long it took."""
    started, total = time.monotonic(), WholeTally()
    while total.schedules < at_least or time.monotonic() - started < seconds:
        total.join(_play_some([first + total.schedules]))
    return total, time.monotonic() - started
