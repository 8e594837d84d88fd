"""What every connector that reads promises. Subclass `SourceConformance`, supply the two fixtures, and pytest runs the laws.

The fixtures: `harness` (see `leadhub.testing.harness`), and `connector_factory`, for which `Factory(YourConnector, settings)` does.
"""

import pytest

from leadhub import AccessDenied, Identity, Meters, Page, Rereads
from leadhub.testing.declared import DeclarationLaws
from leadhub.testing.failing import FailureLaws
from leadhub.testing.harness import Denies, Lags, SourceHarness
from leadhub.testing.kit import Factory, drain, latest, living, stored
from leadhub.testing.reading import HIDDEN, ODD_TEXT, assert_well_formed


class SourceConformance(DeclarationLaws, FailureLaws):
    """The laws of reading."""

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

    def test_every_cursor_is_json(self, harness: SourceHarness, connector_factory: Factory) -> None:
        """The cursor of every page comes back from the store as it went: JSON alone, so no tuple, no date and no number as a key."""
        self.people(harness, connector_factory, self.many)
        harness.advance(self.settle)
        for page in drain(connector_factory()):
            assert stored(page.cursor) == page.cursor, f"the cursor {page.cursor!r} comes back as {stored(page.cursor)!r}"

    def test_an_instance_may_be_asked_twice(self, harness: SourceHarness, connector_factory: Factory) -> None:
        """A pull that was left after its first page takes nothing from the next one of the same instance: the retry layer asks it again."""
        people = self.people(harness, connector_factory, self.many)
        harness.advance(self.settle)
        connector = connector_factory()
        first = next(iter(connector.pull(None)))
        assert living(drain(connector), harness.object).keys() >= people.keys(), "a second pull from the beginning is not whole"
        after = drain(connector, first.cursor)
        assert living([first, *after], harness.object).keys() >= people.keys(), "going on with the same instance loses records"

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

    def test_texts_are_shown_as_they_were_typed(self, harness: SourceHarness, connector_factory: Factory) -> None:
        """Quotes, markup, backslashes, a formula's sign and letters of every script come through unchanged."""
        field = self.plain_text(harness, connector_factory)
        record_id = harness.create(self.sample(harness, connector_factory, 1) | {field: ODD_TEXT})
        harness.advance(self.settle)
        assert living(drain(connector_factory()), harness.object)[record_id].values[field] == ODD_TEXT

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

    # ---- accounts ---------------------------------------------------------------------------------------------------------------------

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
