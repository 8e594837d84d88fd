"""What a run found out of the open writes of earlier runs. They stay the writes of the run that meant them, whoever finds out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from leadhub.model.record import Json
from leadhub.model.run import IntentState, PlannedChange

FOUND_OUT = "found_out"
"""Under which name a run's own row keeps it."""

_KEPT = ("run", "kind", "killed", "in_place", "not_made", "in_doubt", "never_sent")
_COUNTED = {IntentState.ACCEPTED: "in_place", IntentState.STALE: "not_made", IntentState.NOT_APPLIED: "in_doubt"}


@dataclass(slots=True)
class FoundOut:
    """What became of one earlier run's writes: of those that got no answer, and of those that were never sent.

    Of `in_doubt` nobody can tell, and a person is asked, unless the record is gone; `waiting` could not be looked up yet. `reverts`: the run that it was to take back.
    """

    run: str
    kind: str
    killed: bool
    reverts: str | None = None
    in_place: int = 0
    not_made: int = 0
    in_doubt: int = 0
    never_sent: int = 0
    waiting: int = 0
    written_now: int = 0
    again: list[PlannedChange] = field(default_factory=list)
    """What was not made: it is judged anew."""

    @property
    def unanswered(self) -> int:
        """How many of its writes had got no answer."""
        return self.in_place + self.not_made + self.in_doubt + self.waiting

    @property
    def found(self) -> int:
        """Of how many of its writes something was found out."""
        return self.in_place + self.not_made + self.in_doubt + self.never_sent

    def count(self, state: IntentState) -> None:
        """Note what became of one write that had got no answer."""
        name = _COUNTED[state]
        setattr(self, name, getattr(self, name) + 1)

    def as_json(self) -> dict[str, Json]:
        """Return it as reports tell it."""
        return {name: getattr(self, name) for name in (*_KEPT, "waiting", "written_now")}

    def kept(self) -> dict[str, Json]:
        """Return it as the run's row keeps it: what is known by then, and stays true."""
        return {name: getattr(self, name) for name in _KEPT}


def kept_of(counts: Mapping[str, Json]) -> list[FoundOut]:
    """Return what a run's row says that it found out."""
    told = counts.get(FOUND_OUT)
    return [FoundOut(**one) for one in told if isinstance(one, dict)] if isinstance(told, list) else []  # type: ignore[arg-type]  # as `kept` made it


def written_now(again: Iterable[PlannedChange], made: Iterable[tuple[PlannedChange, str]]) -> int:
    """Return how many writes that had not been made have been made since. `made` has the record's id with each, blank where nobody knows."""
    fields = {(*_place(change), name) for change, record_id in made if record_id for name in change.values or ("",)}
    return sum(any((*_place(change), name) in fields for name in change.values or ("",)) for change in again)


def _place(change: PlannedChange) -> tuple[str, str, str, str | None]:
    return change.system, change.object, change.person_id, change.record_id
