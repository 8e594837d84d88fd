"""The state of a lead: how far it has come, what is being done about it, whether it has left. Names only; the rules are in `leadhub.lifecycle`."""

from dataclasses import dataclass, replace
from typing import Literal, assert_never, cast, get_args

Stage = Literal["known", "lead", "mql", "sal", "sql", "opportunity", "customer", "advocate"]
Status = Literal["none", "new", "assigned", "attempting", "connected", "nurturing", "in_deal"]
Exit = Literal["open", "recycled", "disqualified", "lost", "churned"]
Facet = Literal["stage", "status", "exit"]

STAGES: tuple[Stage, ...] = get_args(Stage)
"""In the order of the funnel."""
STATUSES: tuple[Status, ...] = get_args(Status)
EXITS: tuple[Exit, ...] = get_args(Exit)
FACETS: tuple[Facet, ...] = get_args(Facet)
VALUES: dict[Facet, tuple[str, ...]] = {"stage": STAGES, "status": STATUSES, "exit": EXITS}


@dataclass(frozen=True, slots=True)
class State:
    """One combination of the three facets. It may be an invalid one: `leadhub.lifecycle.is_valid` tells."""

    stage: Stage
    status: Status
    exit: Exit

    def facet(self, name: Facet) -> str:
        """The value of one facet."""
        match name:
            case "stage":
                return self.stage
            case "status":
                return self.status
            case "exit":
                return self.exit
            case _:
                assert_never(name)

    def replace_facet(self, name: Facet, value: str) -> "State":
        """The same state with one facet changed.

        Raises:
            ValueError: `value` is no value of that facet.
        """
        if value not in VALUES[name]:
            raise ValueError(f"{value!r} is not a {name}; {name} is one of {', '.join(VALUES[name])}")
        match name:
            case "stage":
                return replace(self, stage=cast("Stage", value))
            case "status":
                return replace(self, status=cast("Status", value))
            case "exit":
                return replace(self, exit=cast("Exit", value))
            case _:
                assert_never(name)

    def __str__(self) -> str:
        return f"{self.stage}/{self.status}/{self.exit}"
