"""What a connector's writer supplies to the suites: hands on the remote system, behind the connector's back.

A harness never goes through the connector: it edits the file, calls the sandbox's admin API, or reaches into a store in memory.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal, Protocol, runtime_checkable

from leadhub import Delivery, NativeValue

Call = Literal["read", "write"]


class SourceHarness(Protocol):
    """Plays a person at the remote system.

    The remote's clock stands still but for `advance`: so the suite can make changes that share one instant. Values go by native field name.
    """

    @property
    def object(self) -> str:
        """The object whose records the suite plays with: one that the connector has a mapping for."""
        ...

    def create(self, values: Mapping[str, NativeValue]) -> str:
        """Make a record as a person would, and return the id under which the connector must show it."""
        ...

    def edit(self, record_id: str, values: Mapping[str, NativeValue]) -> None:
        """Change fields as a person would; None blanks one."""
        ...

    def delete(self, record_id: str) -> None:
        """Delete the record as a person would."""
        ...

    def advance(self, seconds: float) -> None:
        """Let time pass at the remote, and in its indexes."""
        ...


@runtime_checkable
class Breaks(Protocol):
    """Breaks and counts calls. A source that makes no calls (a file) leaves it out; a target cannot."""

    def break_next(self, call: Call, *, after_commit: bool = False) -> None:
        """Close the connection of the next such call without an answer: before the remote acts on it, or after.

        Reading and writing are told apart by what the call does, not by its HTTP method. A log-in is neither.
        """
        ...

    def calls(self, call: Call) -> int:
        """Return how many such calls have reached the remote so far, broken ones too."""
        ...


@runtime_checkable
class Denies(Protocol):
    """Takes the connector's rights away."""

    def deny(self) -> None:
        """Make the remote refuse the credentials from now on, a fresh log-in too."""
        ...


@runtime_checkable
class Lags(Protocol):
    """Makes the remote's index lag, where it does not do so anyway."""

    def lag(self) -> None:
        """Let changes show up late in the index from now on, with the stamp of when they were made, but before the suite's `settle` is over."""
        ...


@runtime_checkable
class Merges(Protocol):
    """Merges records, as a person can in a CRM."""

    def merge(self, loser: str, winner: str) -> str:
        """Merge two records and return the id under which the survivor is found."""
        ...


@runtime_checkable
class Faults(Protocol):
    """Makes calls fail in the ways of the remote and of the library that speaks to it: an error page, half an answer, "try later"."""

    @property
    def faults(self) -> Collection[str]:
        """The names of the faults there are. None of them lets the remote act on the call and then tells of success."""
        ...

    def fault(self, name: str, call: Call) -> None:
        """Make every such call fail in this way until the next order; the empty name ends it."""
        ...


@runtime_checkable
class Employs(Protocol):
    """Makes people who can own records."""

    def employ(self, email: str, *, active: bool) -> str:
        """Make a user, or one who has left, and return the id under which records name them as their owner."""
        ...


class TargetHarness(SourceHarness, Breaks, Protocol):
    """Plays a person at a system that leadhub writes to."""

    @property
    def picklist(self) -> str | None:
        """A writable field that has options and that the factory's `wanted` names; None where the object has none."""
        ...

    def raw(self, record_id: str) -> Mapping[str, NativeValue] | None:
        """Return the record as the remote holds it (a blank is None, or missing), or None when no living record has this id."""
        ...

    def count(self) -> int:
        """Return how many living records of the object there are."""
        ...

    def bad(self) -> Mapping[str, NativeValue]:
        """Return values that the remote itself refuses in a create."""
        ...


class ReceiverHarness(Protocol):
    """Plays those who send. Deliveries are as they would come through the connector's door."""

    @property
    def good(self) -> Sequence[tuple[Delivery, Mapping[str, NativeValue]]]:
        """Deliveries, at least two with different bodies, each with native values that its first record must show."""
        ...

    @property
    def senseless(self) -> Sequence[Delivery]:
        """Deliveries that come in by the door and that no record can be made of."""
        ...

    @property
    def unwanted(self) -> Sequence[Delivery]:
        """Deliveries that are to be turned away at the door; none, where the connector takes whatever fits through it."""
        ...
