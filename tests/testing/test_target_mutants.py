"""The laws of writing find faults: each mutant of the reference connector breaks the law that it names, and no law goes without one."""

# ruff: noqa: D102 - each class says what its one method does wrong

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar

import pytest

from leadhub import Change, Cursor, NativeValue, Operation, Outcome, Page, Record, Result, UnknownOutcome
from leadhub.testing import SourceConformance, TargetConformance
from leadhub.testing.looking import LookingLaws
from leadhub.testing.memory import STATUS, MemoryConnector
from leadhub.testing.memory_remote import Row
from leadhub.testing.typed import ValueLaws


class Mutant(MemoryConnector):
    """A connector with a fault, and the law that it breaks."""

    law: ClassVar[str]


class TakesNoBatch(Mutant):
    """Says that it takes batches of none."""

    law = "test_the_connector_is_a_target"
    batch_size = 0


class MatchesByPosition(Mutant):
    """Sorts the batch for the remote, and matches the results with the unsorted changes."""

    law = "test_one_outcome_a_change_by_key"

    def push(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        outcomes = list(super().push(list(reversed(changes))))
        return (replace(outcome, key=change.key) for change, outcome in zip(changes, outcomes, strict=True))


class ForgetsTheTail(Mutant):
    """Writes the first ten of a batch."""

    law = "test_a_full_batch_is_written"

    def push(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        return super().push(changes[:10])


class WritesToAskWhetherItMay(Mutant):
    """Makes a write call though there is nothing to write."""

    law = "test_an_empty_push_does_nothing"

    def push(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        if not changes:
            self.call("write", lambda: None)
        return super().push(changes)


class AcceptsEverything(Mutant):
    """Takes the status 200 of the batch for the success of each record."""

    law = "test_one_bad_record_is_refused_alone"

    def write(self, change: Change) -> Outcome:
        return replace(super().write(change), result=Result.ACCEPTED, error=None)


class CutsSilently(Mutant):
    """Cuts text to a length that no one declared."""

    law = "test_push_then_read_shows_what_was_sent"

    def save(self, change: Change, values: Mapping[str, NativeValue]) -> Row:
        return super().save(change, {k: v[:8] if isinstance(v, str) else v for k, v in values.items()})


class HidesItsOwnWrites(Mutant):
    """Leaves records out that it wrote itself, to avoid an echo."""

    law = "test_after_the_push_a_pull_has_nothing_to_correct"

    def pull(self, since: Cursor) -> Iterator[Page]:
        for page in super().pull(since):
            yield replace(page, records=tuple(r for r in page.records if self.remote.rows[r.id].key is None))


class BlanksTheRest(Mutant):
    """Sends the whole record, with blanks where the change is silent."""

    law = "test_fields_that_are_not_named_are_left_alone"

    def save(self, change: Change, values: Mapping[str, NativeValue]) -> Row:
        return super().save(change, {f.native: None for f in self.mappings[0].fields} | dict(values))


class CannotClear(Mutant):
    """Strips None from what it sends."""

    law = "test_none_clears"

    def save(self, change: Change, values: Mapping[str, NativeValue]) -> Row:
        return super().save(change, {k: v for k, v in values.items() if v is not None})


class TrustsTheSystemWithOptions(Mutant):
    """Sends any picklist value: this system, as many a CRM, stores it."""

    law = "test_an_unknown_option_is_refused"

    def write(self, change: Change) -> Outcome:
        row = self.save(change, change.values)
        return Outcome(change.key, Result.ACCEPTED, row.id)


class ClearsAndForgetsToSet(Mutant):
    """Does the first half of clear-then-set."""

    law = "test_clear_then_set_ends_set"

    def save(self, change: Change, values: Mapping[str, NativeValue]) -> Row:
        clear = change.operation is Operation.CLEAR_THEN_SET
        return super().save(change, dict.fromkeys(values) if clear else values)


class RaisesForOneGoneRecord(Mutant):
    """Lets one missing record end the batch."""

    law = "test_a_gone_record_is_refused"

    def write(self, change: Change) -> Outcome:
        outcome = super().write(change)
        if outcome.error is not None:
            raise outcome.error
        return outcome


class CreatesAgain(Mutant):
    """Does not tell the remote the key."""

    law = "test_a_create_repeated_by_key_makes_one_record"

    def save(self, change: Change, values: Mapping[str, NativeValue]) -> Row:
        return self.call("write", lambda: self.remote.save(change.record_id, None, values))


class FindsThroughALaggingIndex(Mutant):
    """Finds only what is older than a minute."""

    law = "test_find_tells_at_once"

    def find(self, object_name: str, keys: Collection[str]) -> Mapping[str, Record]:
        found = super().find(object_name, keys)
        return {key: r for key, r in found.items() if r.stamp is not None and r.stamp < self.remote.now - timedelta(minutes=1)}


class RepeatsWrites(Mutant):
    """Repeats a write whose answer was lost."""

    law = "test_a_lost_answer_is_an_unknown_outcome"

    def save(self, change: Change, values: Mapping[str, NativeValue]) -> Row:
        try:
            return super().save(change, values)
        except UnknownOutcome:
            return super().save(change, values)


class TakesALostAnswerForARefusal(Mutant):
    """Says that a write without an answer was refused."""

    law = "test_a_lost_answer_is_an_unknown_outcome"

    def write(self, change: Change) -> Outcome:
        try:
            return super().write(change)
        except UnknownOutcome:
            return Outcome(change.key, Result.REFUSED, change.record_id)


class RereadsFromACache(Mutant):
    """Answers a reread with what it sent."""

    law = "test_reread_tells_of_a_lost_update"
    sent: ClassVar[dict[str, Mapping[str, NativeValue]]] = {}

    def save(self, change: Change, values: Mapping[str, NativeValue]) -> Row:
        self.sent[str(change.record_id)] = values
        return super().save(change, values)

    def reread(self, object_name: str, ids: Sequence[str]) -> Mapping[str, Record]:
        shown = super().reread(object_name, ids)
        return {i: replace(r, values={**r.values, **self.sent.get(i, {})}) for i, r in shown.items()}


class WritesWhatItCan(Mutant):
    """Stores the values that it can and refuses the rest."""

    law = "test_a_refused_change_writes_nothing"

    def write(self, change: Change) -> Outcome:
        outcome = super().write(change)
        if outcome.error is not None:
            super().write(replace(change, values={k: v for k, v in change.values.items() if k != STATUS}))
        return outcome


class ArchivesUnasked(Mutant):
    """Archives, but does not say that it can."""

    law = "test_an_archived_record_is_gone"
    archives = False


class ArchivesByBlanking(Mutant):
    """Takes an archive for an update without values."""

    law = "test_an_archived_record_is_gone"

    def remove(self, change: Change) -> Row:
        return self.save(change, change.values)


class TakesAFaultForSuccess(Mutant):
    """Takes half an answer to a write for an acceptance."""

    law = "test_every_fault_of_a_write_is_translated"

    def write(self, change: Change) -> Outcome:
        try:
            return super().write(change)
        except UnknownOutcome:
            return Outcome(change.key, Result.ACCEPTED, "p0001")


MUTANTS = sorted(Mutant.__subclasses__(), key=lambda mutant: mutant.__name__)


def laws_of(suite: type[object]) -> set[str]:
    """Return the names of a suite's laws."""
    return {name for name in dir(suite) if name.startswith("test_")}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_the_named_law_finds_the_mutant(mutant: type[Mutant], breaks: Callable[[str, type[MemoryConnector]], bool]) -> None:
    """A connector with this fault fails the law that its class names, which the reference keeps."""
    assert not breaks(mutant.law, MemoryConnector)
    assert breaks(mutant.law, mutant), f"{mutant.law} does not notice: {mutant.__doc__}"


def test_every_law_has_a_mutant() -> None:
    """No law of writing is without a fault that it finds, and each states itself in a docstring."""
    laws = laws_of(TargetConformance) - laws_of(SourceConformance) - laws_of(LookingLaws) - laws_of(ValueLaws)
    assert laws == {mutant.law for mutant in MUTANTS}
    assert [law for law in laws if not getattr(TargetConformance, law).__doc__] == []
