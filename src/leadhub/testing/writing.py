"""What the laws of writing stand on: changes, and a look at what the remote holds after them."""

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from leadhub import Change, Finds, NativeValue, Operation, Outcome, Rereads, Result
from leadhub.testing.harness import Breaks, Denies, SourceHarness, TargetHarness
from leadhub.testing.kit import Factory, in_normal_form, sample_values
from leadhub.testing.reading import Reading


class Writing(Reading):
    """What a suite for a target is given besides."""

    tells_who_is_bad: ClassVar[bool] = True
    """Whether a batch with one bad record refuses that one alone, as far as the suite's bad record goes. If not, the core bisects."""
    clears_then_sets: ClassVar[bool] = True
    """Whether the connector offers clear-then-set. One whose system knows no order of values refuses it."""

    @pytest.fixture
    def harness(self) -> TargetHarness:
        """Return hands on a fresh, empty remote."""
        raise NotImplementedError("supply the fixture `harness`: see leadhub.testing.harness")

    def failures(self, harness: SourceHarness, factory: Factory) -> list[str]:
        """Make writes fail too."""
        told: list[str] = []
        change = self.create(harness, factory, 700)
        if isinstance(harness, Breaks):
            harness.break_next("write")
            told += self.told_by(lambda: list(factory().push([change])))
        told += super().failures(harness, factory)
        if isinstance(harness, Denies):
            told += self.told_by(lambda: list(factory().push([change])))
        return told

    def create(self, harness: SourceHarness, factory: Factory, n: int) -> Change:
        """Return the create of the nth sample person."""
        return Change(f"key-{n}", harness.object, Operation.CREATE, None, sample_values(factory.mapping(harness.object), n))

    def update(self, harness: SourceHarness, record_id: str, values: Mapping[str, NativeValue], key: str = "key-update") -> Change:
        """Return an update of a record."""
        return Change(key, harness.object, Operation.UPDATE, record_id, values)

    def push_one(self, factory: Factory, change: Change) -> Outcome:
        """Push one change with a fresh instance and return its one outcome."""
        outcomes: list[Outcome] = list(factory().push([change]))
        assert [o.key for o in outcomes] == [change.key]
        return outcomes[0]

    def made(self, harness: TargetHarness, factory: Factory) -> str:
        """Create the first sample person through the connector and return the id."""
        outcome = self.push_one(factory, self.create(harness, factory, 1))
        assert outcome.result is Result.ACCEPTED, f"{outcome.result}: {outcome.error}"
        assert outcome.record_id
        return outcome.record_id

    def accepted(self, outcomes: Mapping[str, Outcome], change: Change) -> Outcome:
        """Return the change's outcome, which must be an acceptance."""
        outcome = outcomes[change.key]
        assert outcome.result is Result.ACCEPTED, f"{change.key}: {outcome.result}: {outcome.error}"
        return outcome

    def normal(self, harness: SourceHarness, factory: Factory, values: Mapping[str, NativeValue]) -> dict[str, NativeValue]:
        """Return values in their declared normal form."""
        return in_normal_form(factory.mapping(harness.object), values)

    def assert_holds(self, harness: TargetHarness, factory: Factory, record_id: str, values: Mapping[str, NativeValue]) -> None:
        """Demand that the remote itself holds the values, in their declared normal form."""
        held = harness.raw(record_id)
        assert held is not None, f"{record_id} is not there"
        shown = self.normal(harness, factory, {name: held.get(name) for name in values})
        assert shown == self.normal(harness, factory, values)

    def picklist(self, harness: TargetHarness) -> str:
        """Return the harness's picklist field, or skip."""
        if harness.picklist is None:
            pytest.skip("this object has no writable picklist")
        return harness.picklist

    def finder(self, factory: Factory) -> Finds:
        """Return a connector that finds by key, or skip."""
        connector: Any = factory()
        if not isinstance(connector, Finds):
            pytest.skip("this connector does not find by key: an unknown create goes to a person")
        return connector

    def rereader(self, factory: Factory) -> Rereads:
        """Return a connector that reads by id, or skip."""
        connector: Any = factory()
        if not isinstance(connector, Rereads):
            pytest.skip("this connector does not reread")
        return connector
