"""What later runs took back of a run, read from the journal: a revert names its run from its beginning, and its own writes say how far it came."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from leadhub.model.record import Operation
from leadhub.model.run import IntentState, PlannedChange, RunRow
from leadhub.store import Transaction

REVERTS, LEFT = "reverts", "left"
"""What a revert keeps in its row: the run that it takes back, and at its end how much of that it left; None where it was to take back a part only."""

How = Literal["whole", "part", "begun"]
_UNDER_WAY = frozenset({"running", "crashed", "interrupted"})
_Field = tuple[str, str, str | None, str]


@dataclass(frozen=True, slots=True)
class TakenBack:
    """By which reverts a run was taken back, oldest first, and how much of it is left: of its fields, a record made counting as one.

    `undone` tells by revert which runs took that one back again; `unfinished` is the revert that has not come to its end.
    """

    how: How
    by: tuple[RunRow, ...]
    fields: int
    left: int
    undone: Mapping[str, tuple[str, ...]]
    unfinished: RunRow | None = None

    def as_json(self) -> dict[str, object]:
        """Return it as `leadhub runs` tells it."""
        return {"how": self.how, "by": [run.id for run in self.by], "fields": self.fields, "left": self.left}


def reverted_by(run: RunRow) -> str | None:
    """Return the run that this one takes back; None for any but a revert."""
    told = run.counts.get(REVERTS)
    return told if isinstance(told, str) else None


class Reverts:
    """All reverts of a store, by the run that they take back."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._of: dict[str, list[RunRow]] = {}
        for run in reversed(tx.runs.list(1000, kind="revert")):
            self._of.setdefault(reverted_by(run) or "", []).append(run)
        self._standing: dict[str, frozenset[_Field]] = {}
        self._journals: dict[str, list[tuple[PlannedChange, IntentState]]] = {}

    def of(self, run: RunRow) -> TakenBack | None:
        """Return what was taken back of a run; None where nothing was."""
        reverts = self._of.get(run.id, [])
        acted = [one for one in reverts if one.status in _UNDER_WAY or self._written(one.id) or isinstance(one.counts.get(LEFT), int)]
        if not acted:
            return None
        written, left = self._written(run.id), self._standing_of(run.id)
        undone = {one.id: tuple(r.id for r in self._of[one.id] if self._written(r.id)) for one in acted if one.id in self._of}
        if any(one.counts.get(LEFT) == 0 and not undone.get(one.id) and self._all_made(one.id) for one in acted):
            left = frozenset()
        unfinished = acted[-1] if acted[-1].status in _UNDER_WAY and (left or not written) else None
        amount = len(left) if written else max((n for one in acted if isinstance(n := one.counts.get(LEFT), int)), default=0)
        how: How = "begun" if unfinished is not None else "part" if amount else "whole"
        by = tuple(one for one in acted if self._written(one.id) or not written or one is unfinished)
        return TakenBack(how, by, len(written), amount, undone, unfinished)

    def of_write(self, run: RunRow, change: PlannedChange) -> tuple[str, ...]:
        """Return the runs that took one write of a run back, wholly or in part; none where it stands."""
        back, fields = self.of(run), frozenset(_fields(change))
        if back is None or (back.how != "whole" and fields <= self._standing_of(run.id)):
            return ()
        return tuple(one.id for one in back.by if fields & self._written(one.id)) or tuple(one.id for one in back.by)

    def _standing_of(self, run_id: str) -> frozenset[_Field]:
        """What a run wrote and no later run took back: a revert that was taken back itself takes nothing back any more."""
        if run_id not in self._standing:
            gone = [self._standing_of(one.id) for one in self._of.get(run_id, [])]
            self._standing[run_id] = self._written(run_id).difference(*gone)
        return self._standing[run_id]

    def _written(self, run_id: str) -> frozenset[_Field]:
        return frozenset(field for change, state in self._journal(run_id) if state is IntentState.ACCEPTED for field in _fields(change))

    def _all_made(self, run_id: str) -> bool:
        last = {change.key: state for change, state in self._journal(run_id)}
        return all(state is IntentState.ACCEPTED for state in last.values())

    def _journal(self, run_id: str) -> Sequence[tuple[PlannedChange, IntentState]]:
        if run_id not in self._journals:
            found = self._journals[run_id] = []
            after = 0
            while some := self._tx.intents.of_run(run_id, after):
                found += [(intent.change, intent.state) for intent in some]
                after = some[-1].seq
        return self._journals[run_id]


def _fields(change: PlannedChange) -> list[_Field]:
    """What a write touched; a record is made and archived as one, and is known by its person as long as nobody knows its id."""
    if change.operation in (Operation.CREATE, Operation.ARCHIVE):
        return [(change.system, change.object, change.person_id, "")]
    return [(change.system, change.object, change.record_id, name) for name in change.values or ("",)]
