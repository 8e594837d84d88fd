"""What every connector that reads promises. Subclass `SourceConformance`, supply the two fixtures, and pytest runs the laws.

The fixtures: `harness` (see `leadhub.testing.harness`), and `connector_factory`, for which `Factory(YourConnector, settings)` does.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

import pytest

from leadhub import (
    AccessDenied,
    Identity,
    Meters,
    NativeValue,
    Page,
    Record,
    Rereads,
    RetryableError,
    UnknownOutcome,
)
from leadhub.errors import LeadhubError
from leadhub.testing.harness import Breaks, Denies, Lags, SourceHarness
from leadhub.testing.kit import Factory, drain, in_normal_form, latest, living, optional_field, sample_values, stored, traces

HIDDEN = "leadhub_no_such_field"


class SourceConformance:
    """The laws of reading."""

    many: ClassVar[int] = 25
    """How many records fill more than two pages of this connector."""
    settle: ClassVar[float] = 3600.0
    """Seconds after which the remote's indexes show every change, and the connector's overlap has passed."""
    tells_gone: ClassVar[bool] = False
    """Whether a pull shows deleted records with `gone` set."""

    @pytest.fixture
    def harness(self) -> SourceHarness:
        """Return hands on a fresh, empty remote."""
        raise NotImplementedError("supply the fixture `harness`: see leadhub.testing.harness")

    @pytest.fixture
    def connector_factory(self, harness: SourceHarness) -> Factory:
        """Return what makes connectors to that remote."""
        raise NotImplementedError("supply the fixture `connector_factory`: a leadhub.testing.Factory")

    # ---- who answers ------------------------------------------------------------------------------------------------------------------

    def test_check_answers_an_identity(self, harness: SourceHarness, connector_factory: Factory) -> None:
        """`check` names the organization, production or not, and the user, and says the same each time."""
        harness.create(self.sample(harness, connector_factory, 1))
        identity = connector_factory().check()
        assert isinstance(identity, Identity)
        assert identity.org, "the organization has no id: leadhub could not pin it"
        assert identity.name
        assert identity.user
        assert isinstance(identity.production, bool)
        assert connector_factory().check() == identity, "two checks of the same organization differ"

    def test_check_is_denied_without_rights(self, harness: SourceHarness, connector_factory: Factory) -> None:
        """Refused credentials are AccessDenied, in `check` and in `pull`: not an empty answer, not a retryable error."""
        if not isinstance(harness, Denies):
            pytest.skip("this harness takes no rights away")
        harness.create(self.sample(harness, connector_factory, 1))
        harness.deny()
        with pytest.raises(AccessDenied):
            connector_factory().check()
        with pytest.raises(AccessDenied):
            drain(connector_factory())

    # ---- completeness -----------------------------------------------------------------------------------------------------------------

    def test_pull_yields_everything(self, harness: SourceHarness, connector_factory: Factory) -> None:
        """`pull(None)` shows every record that exists, once or more, over several pages, with the values it has."""
        people = self.people(harness, connector_factory, self.many)
        harness.advance(self.settle)
        pages = drain(connector_factory())
        seen = living(pages, harness.object)
        assert seen.keys() >= people.keys(), f"never shown: {sorted(people.keys() - seen.keys())[:3]}"
        for record_id, values in people.items():
            self.assert_shows(seen[record_id], values, connector_factory)
        self.several_pages(pages)

    def test_a_pull_without_news_ends_with_a_cursor(self, harness: SourceHarness, connector_factory: Factory) -> None:
        """A pull that finds nothing, or nothing new, ends normally and with a cursor: at least one page."""
        nothing = drain(connector_factory())
        assert nothing, "no page at all: the core would have no cursor to store"
        assert not living(nothing, harness.object)
        people = self.people(harness, connector_factory, 1)
        cursor = self.cursor_now(harness, connector_factory)
        again = drain(connector_factory(), cursor)
        assert again, "no page at all: the core would have no cursor to store"
        assert living(again, harness.object).keys() <= people.keys()

    def test_the_last_cursor_yields_nothing_new(self, harness: SourceHarness, connector_factory: Factory) -> None:
        """Going on from the last cursor repeats known values or yields nothing: an overlap is no news."""
        self.people(harness, connector_factory, self.many)
        harness.advance(self.settle)
        first = drain(connector_factory())
        known = latest(first, harness.object)
        again = latest(drain(connector_factory(), first[-1].cursor), harness.object)
        for record_id, record in again.items():
            assert record_id in known, f"{record_id} appeared from nowhere"
            assert dict(record.values) == dict(known[record_id].values), f"{record_id} changed though nobody touched it"

    def test_resuming_after_any_page_loses_nothing(self, harness: SourceHarness, connector_factory: Factory) -> None:
        """A run that dies after page k goes on from that page's cursor, with a new instance, and what was read before and after is everything."""
        people = self.people(harness, connector_factory, self.many)
        harness.advance(self.settle)
        whole = self.several_pages(drain(connector_factory()))
        for k in range(1, len(whole)):
            before: list[Page] = []
            for page in connector_factory().pull(None):
                before.append(page)
                if len(before) == k:
                    break
            after = drain(connector_factory(), before[-1].cursor)
            seen = living(before + after, harness.object)
            assert seen.keys() >= people.keys(), f"dying after page {k} loses {sorted(people.keys() - seen.keys())[:3]}"

    # ---- change -----------------------------------------------------------------------------------------------------------------------

    def test_an_edit_after_the_cursor_is_seen(self, harness: SourceHarness, connector_factory: Factory) -> None:
        """A value that a person changes after a pull is in the next one."""
        people = self.people(harness, connector_factory, 3)
        cursor = self.cursor_now(harness, connector_factory)
        edited, field = sorted(people)[1], self.editable(harness, connector_factory)
        harness.edit(edited, {field: "+1 212 555 0100"})
        harness.advance(self.settle)
        seen = living(drain(connector_factory(), cursor), harness.object)
        assert edited in seen, "the edited record is not in the next pull"
        assert seen[edited].values[field] == "+1 212 555 0100"

    def test_a_new_record_after_the_cursor_is_seen(self, harness: SourceHarness, connector_factory: Factory) -> None:
        """A record that a person makes after a pull is in the next one."""
        self.people(harness, connector_factory, 3)
        cursor = self.cursor_now(harness, connector_factory)
        made = harness.create(self.sample(harness, connector_factory, 900))
        harness.advance(self.settle)
        assert made in living(drain(connector_factory(), cursor), harness.object)

    def test_equal_stamps_are_not_lost(self, harness: SourceHarness, connector_factory: Factory) -> None:
        """A change made in the very instant of the last pull is seen by a later one, though its stamp is no newer."""
        people = self.people(harness, connector_factory, 3)
        cursor = drain(connector_factory())[-1].cursor
        field = self.editable(harness, connector_factory)
        made = harness.create(self.sample(harness, connector_factory, 900))
        for record_id in people:
            harness.edit(record_id, {field: "+1 212 555 0100"})
        harness.advance(self.settle)
        seen = living(drain(connector_factory(), cursor), harness.object)
        assert made in seen, "a record made in the instant of the last pull is never seen"
        stale = [i for i in people if i not in seen or seen[i].values[field] != "+1 212 555 0100"]
        assert not stale, f"an edit made in the instant of the last pull is never seen: {stale}"

    def test_a_change_that_shows_late_is_not_lost(self, harness: SourceHarness, connector_factory: Factory) -> None:
        """A change that the remote's index does not show yet when a pull passes, though it shows younger ones, is in a later pull: the overlap."""
        people = self.people(harness, connector_factory, 6)
        cursor = self.cursor_now(harness, connector_factory)
        field = self.editable(harness, connector_factory)
        if isinstance(harness, Lags):
            harness.lag()
        for record_id in people:
            harness.edit(record_id, {field: "+1 212 555 0100"})
            harness.advance(1)
        passing = drain(connector_factory(), cursor)
        harness.advance(self.settle)
        seen = living(passing + drain(connector_factory(), passing[-1].cursor), harness.object)
        stale = [i for i in people if i not in seen or seen[i].values[field] != "+1 212 555 0100"]
        assert not stale, f"never seen, since the index showed it after the pull had passed: {stale}"

    def test_a_deleted_record_is_not_shown_as_living(self, harness: SourceHarness, connector_factory: Factory) -> None:
        """A record that a person deletes is never again shown without `gone`; a connector that tells of deletions shows it with."""
        people = self.people(harness, connector_factory, 3)
        cursor = self.cursor_now(harness, connector_factory)
        deleted = sorted(people)[1]
        harness.delete(deleted)
        harness.advance(self.settle)
        pages = drain(connector_factory(), cursor)
        assert deleted not in living(pages, harness.object), "a deleted record is shown as if it were there"
        assert deleted not in living(drain(connector_factory()), harness.object), "a first load shows a deleted record as if it were there"
        if self.tells_gone:
            assert deleted in latest(pages, harness.object), "the deletion is not told"
        connector = connector_factory()
        if isinstance(connector, Rereads):
            assert connector.reread(harness.object, [deleted])[deleted].gone is not None

    # ---- what a record is -------------------------------------------------------------------------------------------------------------

    def test_a_known_blank_is_none(self, harness: SourceHarness, connector_factory: Factory) -> None:
        """A field that is known to be blank is there and None: never an empty string, never left out."""
        field = self.editable(harness, connector_factory)
        values = self.sample(harness, connector_factory, 1) | {field: None}
        blank = harness.create(values)
        self.people(harness, connector_factory, 2)
        harness.advance(self.settle)
        record = living(drain(connector_factory()), harness.object)[blank]
        assert field in record.values, f"{field} is blank, but not shown: the core would hold it for unknown"
        assert record.values[field] is None, f"a blank {field} is shown as {record.values[field]!r}"

    def test_a_hidden_field_is_absent(self, harness: SourceHarness, connector_factory: Factory) -> None:
        """A wanted field that this login cannot see is absent from the values, not None, and breaks nothing."""
        people = self.people(harness, connector_factory, 2)
        harness.advance(self.settle)
        seen = living(drain(connector_factory(HIDDEN)), harness.object)
        assert seen.keys() >= people.keys()
        for record_id in people:
            assert HIDDEN not in seen[record_id].values, "what is not known is told as a known blank"

    def test_records_are_well_formed(self, harness: SourceHarness, connector_factory: Factory) -> None:
        """Ids are non-empty strings, values are of native types, times are aware, and objects are those that have a mapping."""
        self.people(harness, connector_factory, 3)
        harness.advance(self.settle)
        objects = {mapping.object for mapping in connector_factory.connector.mappings}
        for page in drain(connector_factory()):
            assert isinstance(page.records, tuple)
            for record in page.records:
                assert record.object in objects
                assert_well_formed(record)

    def test_ids_are_stable(self, harness: SourceHarness, connector_factory: Factory) -> None:
        """A record keeps its id over runs, and over an edit of a field that does not identify it."""
        people = self.people(harness, connector_factory, 3)
        harness.advance(self.settle)
        first = living(drain(connector_factory()), harness.object)
        harness.edit(min(people), {self.editable(harness, connector_factory): "+1 212 555 0100"})
        harness.advance(self.settle)
        assert living(drain(connector_factory()), harness.object).keys() == first.keys()

    # ---- failure ----------------------------------------------------------------------------------------------------------------------

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

    def test_calls_are_metered(self, harness: SourceHarness, connector_factory: Factory) -> None:
        """A connector that meters counts its own calls, and never more used than there is."""
        self.people(harness, connector_factory, 1)
        connector = meter = connector_factory()
        if not isinstance(meter, Meters):
            pytest.skip("this connector does not meter")
        before = meter.usage().calls
        drain(connector)
        usage = meter.usage()
        assert usage.calls > before
        assert usage.used is None or usage.limit is None or 0 <= usage.used <= usage.limit

    # ---- what the laws stand on -------------------------------------------------------------------------------------------------------

    def sample(self, harness: SourceHarness, factory: Factory, n: int) -> dict[str, NativeValue]:
        """Return the nth sample person."""
        return sample_values(factory.mapping(harness.object), n)

    def people(self, harness: SourceHarness, factory: Factory, count: int) -> dict[str, Mapping[str, NativeValue]]:
        """Make sample people at the remote; {id: values}."""
        samples = [self.sample(harness, factory, n) for n in range(100, 100 + count)]
        return {harness.create(values): values for values in samples}

    def editable(self, harness: SourceHarness, factory: Factory) -> str:
        """Return the native name of a field that may be edited and blanked."""
        return optional_field(factory.mapping(harness.object))

    def cursor_now(self, harness: SourceHarness, factory: Factory) -> Any:
        """Return the cursor after everything so far is pulled, with time passed since."""
        harness.advance(self.settle)
        cursor = drain(factory())[-1].cursor
        harness.advance(self.settle)
        return stored(cursor)

    def several_pages(self, pages: list[Page]) -> list[Page]:
        """Return the pages, of which there must be three for the laws of resuming to mean anything."""
        full = [page for page in pages if page.records]
        assert len(full) > 2, f"{self.many} records fit into {len(full)} pages: set `many` higher in the test class"
        return pages

    def assert_shows(self, record: Record, sent: Mapping[str, NativeValue], factory: Factory) -> None:
        """Demand that a record shows values, in their declared normal form."""
        mapping = factory.mapping(record.object)
        shown = in_normal_form(mapping, {name: record.values.get(name) for name in sent})
        assert shown == in_normal_form(mapping, sent)

    def failures(self, harness: SourceHarness, factory: Factory) -> list[str]:
        """Make the connector fail in every way that the harness knows, and return all texts of the errors."""
        told: list[str] = []
        if isinstance(harness, Breaks):
            harness.break_next("read")
            told += self.told_by(lambda: drain(factory()))
        if isinstance(harness, Denies):
            harness.deny()
            told += self.told_by(lambda: factory().check())
        return told

    def told_by(self, act: Any) -> list[str]:
        """Return the texts of the error that `act` raises."""
        with pytest.raises(LeadhubError) as caught:
            act()
        return list(traces(caught.value))


def read_and_break(pages: Iterator[Page], before: list[Page], harness: Breaks) -> None:
    """Read into `before`, and lose the answer of the read after the first page."""
    before.append(next(pages))
    harness.break_next("read")
    before.extend(pages)


def assert_well_formed(record: Record) -> None:
    """Demand that a record is made of what `leadhub.Record` says it is made of."""
    assert isinstance(record.id, str), f"the id {record.id!r} is no string"
    assert record.id.strip()
    for moment in (record.stamp, record.created):
        assert moment is None or moment.utcoffset() is not None, f"{record.id}: {moment!r} has no time zone"
    for name, value in record.values.items():
        assert isinstance(name, str)
        assert is_native(value), f"{record.id}: {name} is {type(value).__name__}, no native value"


def is_native(value: object) -> bool:
    """Say whether a value is one of leadhub.NativeValue."""
    if isinstance(value, list):
        return all(isinstance(item, str) for item in value)
    if isinstance(value, datetime):
        return value.utcoffset() is not None
    return value is None or isinstance(value, str | int | float | Decimal | bool | date)
