"""The reference connector keeps every law."""

import pytest

from leadhub.testing import Factory, TargetConformance
from leadhub.testing.memory import PERSON, STATUS, MemoryConnector, MemoryHarness


class TestMemory(TargetConformance):
    """Eight lines: what a connector's writer writes."""

    tells_gone = True

    @pytest.fixture
    def harness(self) -> MemoryHarness:
        """Return a person at a fresh system."""
        return MemoryHarness()

    @pytest.fixture
    def connector_factory(self, harness: MemoryHarness) -> Factory:
        """Return what makes connectors."""
        return Factory(MemoryConnector, harness.settings, {PERSON: (STATUS,)})
