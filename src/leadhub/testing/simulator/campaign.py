"""Many schedules: how fast, what was found, and each kind of finding with a seed and the shortest schedule that still shows it."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from leadhub.testing.simulator.play import Played, play_fields, play_state, random_fields, random_state
from leadhub.testing.simulator.schedules import shrink
from leadhub.testing.simulator.world import Op, Setup

KINDS: dict[str, tuple[Callable[[int], Played], Callable[[Setup, Sequence[Op]], Played]]] = {
    "fields": (random_fields, play_fields),
    "state": (random_state, play_state),
}


@dataclass
class Tally:
    """What a campaign came to. `races` are findings behind an edit that lay unread when its record was marked current: no rule closes that."""

    kind: str
    schedules: int = 0
    rounds: int = 0
    asked: int = 0
    quiet: Counter[int] = field(default_factory=Counter)
    findings: Counter[str] = field(default_factory=Counter)
    races: Counter[str] = field(default_factory=Counter)
    seeds: dict[str, list[int]] = field(default_factory=dict)
    """By oracle, the seeds that made it speak."""

    def add(self, seed: int, played: Played) -> None:
        """Count one schedule; an oracle counts once a schedule."""
        self.schedules += 1
        self.rounds += played.rounds
        self.asked += played.asked
        if not any(site.rewrites for site in played.setup.sites):  # whoever answers each write with another goes on until it is left alone
            self.quiet[played.quiet] += 1
        for oracle in {f.oracle for f in played.findings if not f.raced}:
            self.findings[oracle] += 1
            self.seeds.setdefault(oracle, []).append(seed)
        for oracle in {f.oracle for f in played.findings if f.raced}:
            self.races[oracle] += 1


def run(kind: str, seeds: Iterator[int] | range, *, until: Callable[[], bool] = lambda: False) -> Tally:
    """Play the schedules of these seeds, or as many as there is time for."""
    tally = Tally(kind)
    for seed in seeds:
        if until():
            break
        tally.add(seed, KINDS[kind][0](seed))
    return tally


def shortest(kind: str, seed: int, oracle: str) -> Played:
    """Shrink the schedule of a seed to what still shows the finding."""
    by_seed, play = KINDS[kind]
    found = by_seed(seed)

    def fails(ops: Sequence[Op]) -> bool:
        return any(f.oracle == oracle and not f.raced for f in play(found.setup, ops).findings)

    return play(found.setup, shrink(found.ops, fails))
