"""The conformance suites: what every connector promises, as tests that a connector's writer inherits. Needs the extra `leadhub[testing]`.

A connector's whole test file, beside its harness (`harness.TargetHarness`: hands on the remote system, behind the connector's back)::

    class TestAcme(TargetConformance):
        @pytest.fixture
        def harness(self) -> AcmeHarness:
            return AcmeHarness()

        @pytest.fixture
        def connector_factory(self, harness: AcmeHarness) -> Factory:
            return Factory(Acme, harness.settings)

A connector that is sent what it reads has `ReceiverConformance`. `memory` holds the smallest connector that keeps every law, `hostile` one that
keeps none.
"""

# ruff: noqa: E402 - pytest must hear of the laws' modules before they are imported, or their assertions fail without a word

import pytest

_LAWS = ("reading", "declared", "failing", "source", "writing", "looking", "typed", "target", "receiver")
pytest.register_assert_rewrite(*(f"leadhub.testing.{name}" for name in _LAWS))

from leadhub.testing.harness import Breaks, Call, Denies, Employs, Faults, Lags, Merges, ReceiverHarness, SourceHarness, TargetHarness
from leadhub.testing.kit import Factory, FrozenClock, RecordingLog, sample_values
from leadhub.testing.receiver import ReceiverConformance
from leadhub.testing.source import SourceConformance
from leadhub.testing.target import TargetConformance

__all__ = [
    "Breaks",
    "Call",
    "Denies",
    "Employs",
    "Factory",
    "Faults",
    "FrozenClock",
    "Lags",
    "Merges",
    "ReceiverConformance",
    "ReceiverHarness",
    "RecordingLog",
    "SourceConformance",
    "SourceHarness",
    "TargetConformance",
    "TargetHarness",
    "sample_values",
]
