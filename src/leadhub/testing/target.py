"""What every connector that writes promises, besides the laws of reading. Subclass it as `SourceConformance`, with a `TargetHarness`."""

import pytest

from leadhub import Change, Describes, Finds, InvalidValue, NativeValue, Operation, RecordError, RecordGone, Rereads, Result, Target, UnknownOutcome
from leadhub.errors import ConnectorError
from leadhub.testing.failing import assert_sentence
from leadhub.testing.harness import Faults, TargetHarness
from leadhub.testing.kit import Factory, bisect, drain, living
from leadhub.testing.looking import LookingLaws
from leadhub.testing.reading import assert_well_formed, is_native
from leadhub.testing.source import SourceConformance
from leadhub.testing.typed import ValueLaws

UNKNOWN_OPTION = "leadhub-no-such-option"


class TargetConformance(LookingLaws, ValueLaws, SourceConformance):
    """The laws of reading and writing."""

    # ---- outcomes ---------------------------------------------------------------------------------------------------------------------

    def test_the_connector_is_a_target(self, connector_factory: Factory) -> None:
        """It has the methods of a Target, and a batch size of at least one."""
        connector = connector_factory()
        assert isinstance(connector, Target)
        assert connector.batch_size >= 1

    def test_one_outcome_a_change_by_key(self, harness: TargetHarness, connector_factory: Factory) -> None:
        """A push yields exactly one outcome a change, in any order; each outcome's record is the one that its key's values went to."""
        changes = [self.create(harness, connector_factory, n) for n in range(1, 6)]
        outcomes = list(connector_factory().push(changes))
        assert sorted(o.key for o in outcomes) == sorted(c.key for c in changes)
        by_key = {o.key: o for o in outcomes}
        for change in changes:
            outcome = self.accepted(by_key, change)
            assert outcome.record_id, "a create was accepted under no id"
            self.assert_holds(harness, connector_factory, outcome.record_id, change.values)
        assert len({o.record_id for o in outcomes}) == len(changes)

    def test_a_full_batch_is_written(self, harness: TargetHarness, connector_factory: Factory) -> None:
        """A push takes `batch_size` changes."""
        connector = connector_factory()
        changes = [self.create(harness, connector_factory, n) for n in range(connector.batch_size)]
        before = harness.count()
        outcomes = {o.key: o for o in connector.push(changes)}
        assert {o.result for o in outcomes.values()} == {Result.ACCEPTED}
        assert outcomes.keys() == {c.key for c in changes}
        assert harness.count() == before + connector.batch_size

    def test_an_empty_push_does_nothing(self, harness: TargetHarness, connector_factory: Factory) -> None:
        """A push of no changes yields no outcome and makes no write."""
        assert list(connector_factory().push([])) == []
        assert harness.calls("write") == 0

    def test_one_bad_record_is_refused_alone(self, harness: TargetHarness, connector_factory: Factory) -> None:
        """Among good records a bad one ends refused, with a reason, and the others written once: at once, or after the core has bisected."""
        good = [self.create(harness, connector_factory, n) for n in range(1, 5)]
        bad = Change("key-bad", harness.object, Operation.CREATE, None, dict(harness.bad()))
        changes = [*good[:2], bad, *good[2:]]
        before = harness.count()
        connector = connector_factory()
        outcomes = {o.key: o for o in connector.push(changes)} if self.tells_who_is_bad else bisect(connector, changes)
        assert outcomes.keys() == {c.key for c in changes}
        refused = [key for key, outcome in outcomes.items() if outcome.result is Result.REFUSED]
        assert refused == ["key-bad"], f"refused: {refused}"
        error = outcomes["key-bad"].error
        assert isinstance(error, RecordError), "a refusal needs its reason"
        assert str(error)
        assert harness.count() == before + len(good)

    # ---- what was written -------------------------------------------------------------------------------------------------------------

    def test_push_then_read_shows_what_was_sent(self, harness: TargetHarness, connector_factory: Factory) -> None:
        """After a create and an update the remote holds what was sent, in its declared normal form, and an outcome's own values agree."""
        record_id = self.made(harness, connector_factory)
        values = self.sample(harness, connector_factory, 2)
        outcome = self.push_one(connector_factory, self.update(harness, record_id, values))
        assert outcome.result is Result.ACCEPTED
        assert outcome.record_id == record_id
        self.assert_holds(harness, connector_factory, record_id, values)
        assert outcome.stamp is None or outcome.stamp.utcoffset() is not None
        for name, value in (outcome.values or {}).items():
            assert is_native(value)
            assert name not in values or self.normal(harness, connector_factory, {name: value}) == self.normal(
                harness, connector_factory, {name: values[name]}
            )
        connector = connector_factory()
        if isinstance(connector, Rereads):
            self.assert_shows(connector.reread(harness.object, [record_id])[record_id], values, connector_factory)

    def test_after_the_push_a_pull_has_nothing_to_correct(self, harness: TargetHarness, connector_factory: Factory) -> None:
        """The pull after a push shows the values that were sent: applied, then planned again, the plan is empty."""
        self.people(harness, connector_factory, 2)
        cursor = self.cursor_now(harness, connector_factory)
        record_id = self.made(harness, connector_factory)
        values = self.sample(harness, connector_factory, 2)
        self.push_one(connector_factory, self.update(harness, record_id, values))
        harness.advance(self.settle)
        seen = living(drain(connector_factory(), cursor), harness.object)
        assert record_id in seen
        self.assert_shows(seen[record_id], values, connector_factory)

    def test_fields_that_are_not_named_are_left_alone(self, harness: TargetHarness, connector_factory: Factory) -> None:
        """An update writes the fields of the change and no others."""
        values = self.sample(harness, connector_factory, 1)
        record_id = harness.create(values)
        field = self.editable(harness, connector_factory)
        self.push_one(connector_factory, self.update(harness, record_id, {field: "+1 212 555 0100"}))
        self.assert_holds(harness, connector_factory, record_id, values | {field: "+1 212 555 0100"})

    def test_none_clears(self, harness: TargetHarness, connector_factory: Factory) -> None:
        """None in a change blanks the field, and the next pull shows a known blank."""
        values = self.sample(harness, connector_factory, 1)
        record_id = harness.create(values)
        field = self.editable(harness, connector_factory)
        outcome = self.push_one(connector_factory, self.update(harness, record_id, {field: None}))
        assert outcome.result is Result.ACCEPTED
        self.assert_holds(harness, connector_factory, record_id, values | {field: None})
        harness.advance(self.settle)
        record = living(drain(connector_factory()), harness.object)[record_id]
        assert field in record.values
        assert record.values[field] is None

    def test_an_unknown_option_is_refused(self, harness: TargetHarness, connector_factory: Factory) -> None:
        """A value that is no option of a picklist is refused as InvalidValue and not stored, though the system itself might take it."""
        field = self.picklist(harness)
        record_id = self.made(harness, connector_factory)
        before = (harness.raw(record_id) or {}).get(field)
        outcome = self.push_one(connector_factory, self.update(harness, record_id, {field: UNKNOWN_OPTION}))
        assert outcome.result is Result.REFUSED, f"{UNKNOWN_OPTION} was {outcome.result}"
        assert isinstance(outcome.error, InvalidValue)
        assert (harness.raw(record_id) or {}).get(field) == before

    def test_clear_then_set_ends_set(self, harness: TargetHarness, connector_factory: Factory) -> None:
        """Clear-then-set ends with every value of the change stored, from the last option to the first; where it is not offered, nothing is touched."""
        field = self.picklist(harness)
        connector = connector_factory()
        if not isinstance(connector, Describes):
            pytest.skip("this connector does not describe")
        described = connector.describe(harness.object)[field]
        free = [option for option in described.options or () if option not in described.converted]
        assert len(free) > 1, f"{field} needs two options that may be written"
        other = self.editable(harness, connector_factory)
        record_id = harness.create(self.sample(harness, connector_factory, 1) | {field: free[-1]})
        values: dict[str, NativeValue] = {field: free[0], other: "+1 212 555 0100"}
        outcome = self.push_one(connector_factory, Change("key-back", harness.object, Operation.CLEAR_THEN_SET, record_id, values))
        if not self.clears_then_sets:
            assert outcome.result is Result.REFUSED
            self.assert_holds(harness, connector_factory, record_id, {field: free[-1]})
            return
        assert outcome.result is Result.ACCEPTED, f"{outcome.result}: {outcome.error}"
        self.assert_holds(harness, connector_factory, record_id, values)

    def test_a_gone_record_is_refused(self, harness: TargetHarness, connector_factory: Factory) -> None:
        """A change to a record that was deleted is refused as RecordGone, and its neighbor is written."""
        here, there = self.made(harness, connector_factory), harness.create(self.sample(harness, connector_factory, 2))
        harness.delete(there)
        field = self.editable(harness, connector_factory)
        changes = [self.update(harness, i, {field: "+1 212 555 0100"}, key=f"key-{i}") for i in (there, here)]
        outcomes = {o.key: o for o in connector_factory().push(changes)}
        assert outcomes[f"key-{there}"].result is Result.REFUSED
        assert isinstance(outcomes[f"key-{there}"].error, RecordGone)
        assert outcomes[f"key-{here}"].result is Result.ACCEPTED

    def test_a_refused_change_writes_nothing(self, harness: TargetHarness, connector_factory: Factory) -> None:
        """Where one value of a change is refused, none of its others is stored: the core takes a refused change for one that did not happen."""
        picklist, field = self.picklist(harness), self.editable(harness, connector_factory)
        record_id = self.made(harness, connector_factory)
        before = (harness.raw(record_id) or {}).get(field)
        outcome = self.push_one(connector_factory, self.update(harness, record_id, {field: "+1 212 555 0100", picklist: UNKNOWN_OPTION}))
        assert outcome.result is Result.REFUSED
        assert (harness.raw(record_id) or {}).get(field) == before, f"{field} of a refused change was stored"

    def test_an_archived_record_is_gone(self, harness: TargetHarness, connector_factory: Factory) -> None:
        """Archiving takes the one record away and tells the rest of a record that is gone already; where it is not offered, nothing is touched."""
        connector = connector_factory()
        kept, lost = self.made(harness, connector_factory), harness.create(self.sample(harness, connector_factory, 2))
        outcome = self.push_one(connector_factory, Change("key-away", harness.object, Operation.ARCHIVE, lost, {}))
        assert harness.raw(kept) is not None
        if not getattr(connector, "archives", False):
            assert outcome.result is Result.REFUSED, "it archives: say so with `archives = True`, or leadhub never asks for it"
            assert harness.raw(lost) is not None, "a record was archived, though the connector says that it does not"
            return
        assert outcome.result is Result.ACCEPTED, f"{outcome.result}: {outcome.error}"
        assert harness.raw(lost) is None
        again = self.push_one(connector_factory, Change("key-again", harness.object, Operation.ARCHIVE, lost, {}))
        assert again.result is Result.REFUSED
        assert isinstance(again.error, RecordGone)

    # ---- creates happen once ----------------------------------------------------------------------------------------------------------

    def test_a_create_repeated_by_key_makes_one_record(self, harness: TargetHarness, connector_factory: Factory) -> None:
        """The same create pushed twice leaves one record, where the connector can find by key."""
        self.finder(connector_factory)
        change = self.create(harness, connector_factory, 1)
        before = harness.count()
        first = self.push_one(connector_factory, change)
        second = self.push_one(connector_factory, change)
        assert first.result is Result.ACCEPTED
        assert harness.count() == before + 1, "a repeated create made a second record"
        assert second.result is not Result.ACCEPTED or second.record_id == first.record_id

    def test_find_tells_at_once(self, harness: TargetHarness, connector_factory: Factory) -> None:
        """A record is found by its key in the instant after its create, whole; a key that was never written is not in the answer."""
        finder = self.finder(connector_factory)
        change = self.create(harness, connector_factory, 1)
        created = self.push_one(connector_factory, change)
        found = finder.find(harness.object, [change.key, "key-never-written"])
        assert set(found) == {change.key}
        assert found[change.key].id == created.record_id
        assert_well_formed(found[change.key])
        self.assert_shows(found[change.key], change.values, connector_factory)

    @pytest.mark.parametrize("after_commit", [False, True], ids=["before_commit", "after_commit"])
    def test_a_lost_answer_is_an_unknown_outcome(self, harness: TargetHarness, connector_factory: Factory, *, after_commit: bool) -> None:
        """A write whose answer is lost is raised as UnknownOutcome after one call, never repeated; looking afterwards tells what happened."""
        connector = connector_factory()
        change = self.create(harness, connector_factory, 1)
        before, calls = harness.count(), harness.calls("write")
        harness.break_next("write", after_commit=after_commit)
        with pytest.raises(UnknownOutcome):
            list(connector.push([change]))
        assert harness.calls("write") == calls + 1, "the write was repeated"
        assert harness.count() == before + after_commit
        if isinstance(connector, Finds):
            assert set(connector.find(harness.object, [change.key])) == ({change.key} if after_commit else set())

    @pytest.mark.parametrize("after_commit", [False, True], ids=["before_commit", "after_commit"])
    def test_reread_tells_of_a_lost_update(self, harness: TargetHarness, connector_factory: Factory, *, after_commit: bool) -> None:
        """After an update whose answer was lost, reading the record by id shows whether it happened."""
        rereader = self.rereader(connector_factory)
        record_id, field = self.made(harness, connector_factory), self.editable(harness, connector_factory)
        old = (harness.raw(record_id) or {}).get(field)
        harness.break_next("write", after_commit=after_commit)
        with pytest.raises(UnknownOutcome):
            list(connector_factory().push([self.update(harness, record_id, {field: "+1 212 555 0100"})]))
        shown = rereader.reread(harness.object, [record_id])[record_id]
        assert shown.values[field] == ("+1 212 555 0100" if after_commit else old)

    def test_every_fault_of_a_write_is_translated(self, harness: TargetHarness, connector_factory: Factory) -> None:
        """Whatever goes wrong in a write is raised as one of leadhub's errors or told in the outcome, and nothing is accepted that is not there."""
        if not isinstance(harness, Faults):
            pytest.skip("this harness makes no faults")
        for n, name in enumerate(harness.faults):
            harness.fault(name, "write")
            try:
                outcomes = list(connector_factory().push([self.create(harness, connector_factory, n)]))
            except (ConnectorError, UnknownOutcome) as error:
                assert_sentence(error, name)
                continue
            for outcome in outcomes:
                assert outcome.result is not Result.ACCEPTED or harness.raw(outcome.record_id or ""), f"{name}: accepted, but not there"
                assert outcome.result is not Result.REFUSED or isinstance(outcome.error, RecordError), f"{name}: a refusal needs its reason"
