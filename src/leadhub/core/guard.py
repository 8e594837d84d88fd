"""Guards: limits on a whole plan, per system, before the first write. Pure. A guard's message names what it saw and the flag that lets it pass."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from leadhub.core.agreement import field_of_key
from leadhub.model.record import Operation
from leadhub.model.run import PlannedChange

CREATES = 200
UPDATES_AT_LEAST, UPDATES_SHARE = 200, 0.05
MOVES_AT_LEAST, MOVES_AT_MOST, MOVES_SHARE = 50, 500, 0.05
ONE_VALUE_AT_LEAST, ONE_VALUE_SHARE = 50, 0.20
SHRANK_AT_LEAST, SHRANK_SHARE = 20, 0.30
SHRANK = "missing"
CANARY = "canary"
API_CALLS = "api_calls"
OTHERS = "installation"
GUARDS = ("creates", "updates", "stage_moves", "blanks", "one_value", SHRANK, API_CALLS, CANARY)
"""What is guarded, as `--allow SYSTEM.GUARD=N` names it."""
IDENTITY_FIELDS = frozenset({"email", "phone", "first_name", "last_name"})


@dataclass(slots=True)
class Tally:
    """What a plan does to one system, counted."""

    creates: int = 0
    updates: int = 0
    stage_moves: int = 0
    blanks: int = 0
    may_blank: frozenset[str] = frozenset()
    patterns: Counter[str] = field(default_factory=Counter)
    one_value: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, change: PlannedChange) -> None:
        """Count one change."""
        if change.operation is Operation.CREATE:
            self.creates += 1
            self.patterns["creates"] += 1
            return
        self.updates += 1
        self.stage_moves += change.stage_move
        if change.operation is Operation.CONVERT:
            self.patterns["conversions"] += 1
        state = set(change.state or ())
        for name, value in change.values.items():
            old = change.before.get(name)
            if name in state:
                self.patterns[f"{name}: {old or '(blank)'} -> {value or '(blank)'}"] += 1
            else:
                self.patterns[f"{name} changed"] += 1
        for key, base in change.fields.items():
            canonical = field_of_key(key)
            self.blanks += base.value is None and canonical not in self.may_blank
            if canonical in IDENTITY_FIELDS and base.value:
                self.one_value[canonical, base.value] += 1


def tally(changes: Iterable[PlannedChange], may_blank: frozenset[str] = frozenset()) -> dict[str, Tally]:
    """Count changes by system. `may_blank` are the canonical fields in which a blank is configured to travel."""
    counted: dict[str, Tally] = {}
    for change in changes:
        counted.setdefault(change.system, Tally(may_blank=may_blank)).add(change)
    return counted


@dataclass(frozen=True, slots=True)
class Refusal:
    """One guard that stops one system: what it saw, its limit, the pattern behind most of it, and how to let it pass."""

    system: str
    guard: str
    seen: int
    limit: int
    pattern: str
    of: int = 0
    made: int = 0
    """How many of those seen the run had written before it planned the others."""
    examples: tuple[str, ...] = ()
    other: str = ""
    """Of OTHERS, the other installation."""

    @property
    def flag(self) -> str:
        """The option that lets this plan pass; of another installation, the one of `leadhub adopt`."""
        if self.guard == OTHERS:
            return f"--take-over {self.other}"
        return f"--allow {self.system}.{self.guard}={self.seen}"

    @property
    def what(self) -> str:
        """What is counted, in the number that goes with the count."""
        words = self.guard.replace("_", " ")
        return words.removesuffix("s") if self.seen == 1 else words

    def __str__(self) -> str:
        if self.guard == OTHERS:
            return (
                f"{self.system}: another leadhub makes records here: {self.pattern}. Two of them would write over each other, so nothing is written;"
                " reading goes on. If that one is an old deployment of yours that works no more, say so with"
                f" `leadhub adopt {self.system} --take-over {self.other}`; else stop one of the two."
            )
        if self.guard == SHRANK:
            return (
                f"{self.system}: of {self.of} records that were there, {self.seen} did not come when all were read anew; the limit is {self.limit}."
                f" None was taken for gone. Look there for what hides them from leadhub's login, or pass {self.flag}."
            )
        if self.guard == CANARY:
            rest = "The other one was" if self.of == 1 else f"The other {self.of} were"
            return (
                f"{self.system}: of the first writes of {self.pattern}, {self.seen} {'does' if self.seen == 1 else 'do'} not show what was sent ({' | '.join(self.examples)}); the limit is"
                f" {self.limit}. {rest} not written. Look there for a workflow or a rule that changes them, or pass {self.flag}."
            )
        because = f", most of them {self.pattern}" if self.pattern else ""
        because += f", {self.made} of them written already in this run" if self.made else ""
        return f"{self.system}: {self.seen} {self.what} planned{because}; the limit is {self.limit}. Look at `leadhub plan`, then pass {self.flag}."


def judge(
    tallies: Mapping[str, Tally],
    linked: Mapping[str, int],
    caps: Mapping[str, int],
    allowed: Mapping[tuple[str, str], int],
    made: Mapping[str, Tally] | None = None,
) -> list[Refusal]:
    """Return the guards that refuse.

    Args:
        tallies: what a run writes to each system: what is planned, and what it has written by now.
        linked: the number of linked records by system.
        caps: the create caps by system.
        allowed: what a person let pass.
        made: the part of the tallies that is written already.
    """
    refusals: list[Refusal] = []
    for system, of in sorted(tallies.items()):
        count = linked.get(system, 0)
        most = max(of.one_value, key=lambda value: (of.one_value[value], value), default=("", ""))
        limits = {
            "creates": (caps.get(system, CREATES), ""),
            "updates": (max(UPDATES_AT_LEAST, int(UPDATES_SHARE * count)), _main_pattern(of)),
            "stage_moves": (max(MOVES_AT_LEAST, min(MOVES_AT_MOST, int(MOVES_SHARE * count))), _main_pattern(of)),
            "blanks": (0, "a value replaced by nothing"),
            "one_value": (max(ONE_VALUE_AT_LEAST - 1, int(ONE_VALUE_SHARE * count)), f"the same {most[0]}"),
        }
        seen, before = _counted(of, most), _counted((made or {}).get(system, Tally()), most)
        for guard, (limit, pattern) in limits.items():
            if seen[guard] > max(limit, allowed.get((system, guard), 0)):
                refusals.append(Refusal(system, guard, seen[guard], limit, pattern, made=before[guard]))
    return refusals


def _counted(of: Tally, value: tuple[str, str]) -> dict[str, int]:
    """What the guards look at, by their names."""
    return {
        "creates": of.creates,
        "updates": of.updates,
        "stage_moves": of.stage_moves,
        "blanks": of.blanks,
        "one_value": of.one_value[value],
    }


def shrank(system: str, missing: int, known: int, allowed: int) -> Refusal | None:
    """Return the refusal of a full reading in which too many of the `known` records are missing, or all of them: a login that lost its sight, not deletes."""
    limit = max(SHRANK_AT_LEAST, int(SHRANK_SHARE * known))
    nothing = 0 < missing == known > 1
    return Refusal(system, SHRANK, missing, limit, "", known) if missing > allowed and (missing > limit or nothing) else None


def _main_pattern(of: Tally) -> str:
    updates = [(count, name) for name, count in of.patterns.items() if name != "creates"]
    return max(updates)[1] if updates else ""
