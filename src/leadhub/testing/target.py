"""What every connector that writes promises, besides the laws of reading. Subclass it as `SourceConformance`, with a `TargetHarness`."""

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from leadhub import (
    Attributes,
    Change,
    Describes,
    Finds,
    InvalidValue,
    NativeValue,
    Operation,
    Outcome,
    RecordError,
    RecordGone,
    Rereads,
    Result,
    Target,
    UnknownOutcome,
)
from leadhub.testing.harness import Breaks, Denies, Merges, SourceHarness, TargetHarness
from leadhub.testing.kit import Factory, bisect, drain, in_normal_form, living, sample_values
from leadhub.testing.source import SourceConformance, assert_well_formed, is_native

UNKNOWN_OPTION = "leadhub-no-such-option"


class TargetConformance(SourceConformance):
    """The laws of reading and writing."""

    tells_who_is_bad: ClassVar[bool] = True
    """Whether a batch with one bad record refuses that one alone, as far as the suite's bad record goes. If not, the core bisects."""
    clears_then_sets: ClassVar[bool] = True
    """Whether the connector offers clear-then-set. One whose system knows no order of values refuses it."""

    @pytest.fixture
    def harness(self) -> TargetHarness:
        """Return hands on a fresh, empty remote."""
        raise NotImplementedError("supply the fixture `harness`: see leadhub.testing.harness")

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

    # ---- looking ----------------------------------------------------------------------------------------------------------------------

    def test_reread_answers_every_id(self, harness: TargetHarness, connector_factory: Factory) -> None:
        """Reread answers by the id asked for: the living with their values, a deleted record and one that never was with `gone` set."""
        connector = self.rereader(connector_factory)
        people = self.people(harness, connector_factory, 3)
        deleted = min(people)
        harness.delete(deleted)
        shown = connector.reread(harness.object, list(people))
        assert shown.keys() == people.keys(), "an id was left without an answer"
        for record_id, record in shown.items():
            assert (record.gone is not None) == (record_id == deleted)
            if record.gone is None:
                assert_well_formed(record)
                self.assert_shows(record, people[record_id], connector_factory)

    def test_reread_follows_a_merge(self, harness: TargetHarness, connector_factory: Factory) -> None:
        """A record that lost a merge comes back as gone, with the id that took its place."""
        connector = self.rereader(connector_factory)
        if not isinstance(harness, Merges):
            pytest.skip("this harness does not merge")
        loser, winner = self.people(harness, connector_factory, 2)
        survivor = harness.merge(loser, winner)
        shown = connector.reread(harness.object, [loser])[loser]
        assert shown.gone is not None
        assert shown.gone.value == "merged"
        assert shown.gone_to == survivor

    def test_authors_tell_people_from_the_connector(self, harness: TargetHarness, connector_factory: Factory) -> None:
        """Where the history names authors, a person's edit is a person's, and what the connector wrote is not."""
        connector = connector_factory()
        if not isinstance(connector, Attributes):
            pytest.skip("this connector tells no authors")
        ours, field = self.made(harness, connector_factory), self.editable(harness, connector_factory)
        theirs = harness.create(self.sample(harness, connector_factory, 2))
        harness.advance(1)
        harness.edit(theirs, {field: "+1 212 555 0100"})
        told = connector.authors(harness.object, [ours, theirs], [field])
        assert told[theirs, field].kind == "person"
        assert (ours, field) not in told or told[ours, field].kind == "automation"

    def test_describe_knows_the_mapped_fields(self, harness: TargetHarness, connector_factory: Factory) -> None:
        """Every mapped field is described under its native name, writable where the mapping says so, and a picklist with its options."""
        connector = connector_factory()
        if not isinstance(connector, Describes):
            pytest.skip("this connector does not describe")
        described = connector.describe(harness.object)
        for mapped in connector_factory.mapping(harness.object).fields:
            assert mapped.native in described, f"{mapped.native} is mapped, but not described"
            assert described[mapped.native].writable or not mapped.writable
        if harness.picklist is not None:
            assert described[harness.picklist].options

    # ---- what the laws stand on -------------------------------------------------------------------------------------------------------

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
