"""What every connector promises of failure: it is told at once, in leadhub's words, without a secret, and loses nothing."""

from collections.abc import Callable, Iterator

import pytest

from leadhub import Page, RetryableError, UnknownOutcome
from leadhub.errors import ConnectorError
from leadhub.testing.harness import Breaks, Faults, SourceHarness
from leadhub.testing.kit import Factory, drain, living
from leadhub.testing.reading import Reading


class FailureLaws(Reading):
    """The laws of failure."""

    def test_a_broken_read_is_raised_once(self, harness: SourceHarness, connector_factory: Factory) -> None:
        """A read whose answer is lost is raised at once, typed by recovery: the connector neither repeats it nor swallows it nor sleeps."""
        if not isinstance(harness, Breaks):
            pytest.skip("this source makes no calls")
        self.people(harness, connector_factory, 2)
        harness.advance(self.settle)
        drain(connector_factory())
        calls = harness.calls("read")
        harness.break_next("read")
        with pytest.raises((RetryableError, UnknownOutcome)):
            drain(connector_factory())
        assert harness.calls("read") == calls + 1, "calls were made after the one that broke: repeating is the core's business"
        assert connector_factory.clock.slept == 0.0, "the connector slept"

    def test_a_read_broken_in_mid_run_loses_nothing(self, harness: SourceHarness, connector_factory: Factory) -> None:
        """When a later read breaks, the pages before it hold, and a new instance goes on from the last of them."""
        if not isinstance(harness, Breaks):
            pytest.skip("this source makes no calls")
        people = self.people(harness, connector_factory, self.many)
        harness.advance(self.settle)
        before: list[Page] = []
        with pytest.raises((RetryableError, UnknownOutcome)):
            read_and_break(connector_factory().pull(None), before, harness)
        seen = living(before + drain(connector_factory(), before[-1].cursor), harness.object)
        assert seen.keys() >= people.keys()

    def test_every_fault_of_a_read_is_translated(self, harness: SourceHarness, connector_factory: Factory) -> None:
        """Whatever goes wrong in a read or a check is raised as one of leadhub's connector errors: never as the library's own, never as "no records"."""
        if not isinstance(harness, Faults):
            pytest.skip("this harness makes no faults")
        self.people(harness, connector_factory, 2)
        harness.advance(self.settle)
        for name in harness.faults:
            harness.fault(name, "read")
            assert is_translated(name, lambda: drain(connector_factory())), f"{name}: nothing was raised"
            calls = reads(harness)
            translated = is_translated(name, connector_factory().check)
            assert translated or reads(harness) == calls, f"{name}: a check that failed tells an identity"
        harness.fault("", "read")
        drain(connector_factory())

    def test_no_secret_is_told(self, harness: SourceHarness, connector_factory: Factory) -> None:
        """No secret of the settings stands in an error, its causes, its next step, a log event or a repr."""
        secrets = connector_factory.secrets()
        if not secrets:
            pytest.skip("the settings hold no secret")
        told = [repr(connector_factory.settings), repr(connector_factory()), repr(connector_factory().check())]
        told += self.failures(harness, connector_factory)
        told += connector_factory.log.events
        for secret in secrets:
            assert not [text for text in told if secret in text], "a secret of the settings is told"


def reads(harness: SourceHarness) -> int:
    """Return how many reads reached the remote, as far as the harness counts them."""
    return harness.calls("read") if isinstance(harness, Breaks) else 0


def is_translated(name: str, act: Callable[[], object]) -> bool:
    """Say whether an act fails. Demand that it fails with an error that the core knows what to do about and a person can read."""
    try:
        act()
    except (ConnectorError, UnknownOutcome) as error:
        assert_sentence(error, name)
        return True
    except Exception as error:  # noqa: BLE001 - whatever else it is, is the fault that this law looks for
        pytest.fail(f"{name}: {type(error).__module__}.{type(error).__name__} came through: {error}")
    return False


def assert_sentence(error: Exception, what: str) -> None:
    """Demand that a person can read an error."""
    assert str(error).strip(), f"{what}: an error without a sentence"


def read_and_break(pages: Iterator[Page], before: list[Page], harness: Breaks) -> None:
    """Read into `before`, and lose the answer of the read after the first page."""
    before.append(next(pages))
    harness.break_next("read")
    before.extend(pages)
