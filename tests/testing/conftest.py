"""Runs a law of the suite outside of pytest's own collection, on a connector of the test's choice."""

import inspect
from collections.abc import Callable

import pytest

from leadhub.errors import LeadhubError
from leadhub.testing import Factory, TargetConformance
from leadhub.testing.memory import PERSON, STATUS, MemoryConnector, MemoryHarness


class _Suite(TargetConformance):
    """The suite as the reference connector runs it."""

    tells_gone = True


def _breaks(law: str, connector: type[MemoryConnector]) -> bool:
    test = getattr(_Suite(), law)
    names = inspect.signature(test).parameters
    for after_commit in (False, True) if "after_commit" in names else (None,):
        harness = MemoryHarness()
        factory = Factory(connector, harness.settings, {PERSON: (STATUS,)})
        given = {"harness": harness, "connector_factory": factory, "after_commit": after_commit}
        try:
            test(**{name: given[name] for name in names})
        except (AssertionError, pytest.fail.Exception, LeadhubError):  # a crash or a skip of the mutant proves nothing
            return True
    return False


@pytest.fixture
def breaks() -> Callable[[str, type[MemoryConnector]], bool]:
    """Return what says whether a connector breaks a law, with any of the law's parameters."""
    return _breaks
