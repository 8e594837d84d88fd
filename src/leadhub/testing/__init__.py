"""The conformance suites: what every connector promises, as tests that a connector's writer inherits. Needs the extra `leadhub[testing]`.

A connector's whole test file, beside its harness (`harness.TargetHarness`: hands on the remote system, behind the connector's back)::

    class TestAcme(TargetConformance):
        @pytest.fixture
        def harness(self) -> AcmeHarness:
            return AcmeHarness()

        @pytest.fixture
        def connector_factory(self, harness: AcmeHarness) -> Factory:
            return Factory(Acme, harness.settings)

`memory` holds the smallest connector that keeps every law.
"""

# ruff: noqa: E402 - pytest must hear of the laws' modules before they are imported, or their assertions fail without a word

import pytest

pytest.register_assert_rewrite("leadhub.testing.source", "leadhub.testing.target")

from leadhub.testing.harness import Breaks, Call, Denies, Lags, Merges, SourceHarness, TargetHarness
from leadhub.testing.kit import Factory, FrozenClock, RecordingLog, sample_values
from leadhub.testing.source import SourceConformance
from leadhub.testing.target import TargetConformance

__all__ = [
    "Breaks",
    "Call",
    "Denies",
    "Factory",
    "FrozenClock",
    "Lags",
    "Merges",
    "RecordingLog",
    "SourceConformance",
    "SourceHarness",
    "TargetConformance",
    "TargetHarness",
    "sample_values",
]
