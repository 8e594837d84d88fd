"""The laws of looking and of values find faults: each mutant of the reference connector breaks the law that it names, and no law goes without one."""

# ruff: noqa: D102 - each class says what its one method does wrong

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, ClassVar

import pytest

from leadhub import Author, Change, FieldDescription, Gone, NativeValue, Owner, Record, UnknownOutcome
from leadhub.testing import TargetConformance
from leadhub.testing.harness import Call
from leadhub.testing.looking import LookingLaws
from leadhub.testing.memory import KNOWN, PERSON, STATUS, MemoryConnector
from leadhub.testing.memory_remote import Row
from leadhub.testing.typed import ValueLaws


class Mutant(MemoryConnector):
    """A connector with a fault, and the law that it breaks."""

    law: ClassVar[str]


class LeavesTheGoneUnanswered(Mutant):
    """Leaves an id out of a reread when its record is gone."""

    law = "test_reread_answers_every_id"

    def reread(self, object_name: str, ids: Sequence[str]) -> Mapping[str, Record]:
        return {i: r for i, r in super().reread(object_name, ids).items() if r.gone is None}


class TakesAMergeForADeletion(Mutant):
    """Does not say which record took the place of a merged one."""

    law = "test_reread_follows_a_merge"

    def record(self, row: Row) -> Record:
        record = super().record(row)
        return replace(record, gone=Gone.DELETED, gone_to=None) if record.gone else record


class TakesEverybodyForAPerson(Mutant):
    """Takes every entry of the history for a person's."""

    law = "test_authors_tell_people_from_the_connector"

    def authors(self, object_name: str, ids: Sequence[str], fields: Sequence[str]) -> Mapping[tuple[str, str], Author]:
        return {place: Author("person") for place in super().authors(object_name, ids, fields)}


class DescribesAnotherName(Mutant):
    """Describes fields by their labels."""

    law = "test_describe_knows_the_mapped_fields"

    def describe(self, object_name: str) -> Mapping[str, FieldDescription]:
        return {name.title(): field for name, field in super().describe(object_name).items()}


class RaisesForAnUnknownId(Mutant):
    """Gives up a whole reread for one id that is not there."""

    law = "test_reread_takes_any_ids"

    def reread(self, object_name: str, ids: Sequence[str]) -> Mapping[str, Record]:
        shown = super().reread(object_name, ids)
        if any(record.gone is Gone.VANISHED for record in shown.values()):
            raise UnknownOutcome("400 Bad Request")
        return shown


class FindsByResemblance(Mutant):
    """Looks for whatever contains the key, as a search box does."""

    law = "test_find_takes_any_keys"

    def find(self, object_name: str, keys: Collection[str]) -> Mapping[str, Record]:
        found = super().find(object_name, ["key-1"])
        return {key: record for key in keys for record in found.values()} | dict(found if keys else {})


class AsksForFieldsUnseen(Mutant):
    """Asks for every wanted field in a reread, though the login may not see it: the system refuses the whole."""

    law = "test_a_hidden_field_breaks_no_look"

    def reread(self, object_name: str, ids: Sequence[str]) -> Mapping[str, Record]:
        unseen = [name for name in self.context.wanted[PERSON] if name not in KNOWN]
        if unseen:
            raise UnknownOutcome(f"No such column: {unseen[0]}")
        return super().reread(object_name, ids)


class ShowsMappedFieldsAlone(Mutant):
    """Shows the fields of its mapping, whatever else is asked for."""

    law = "test_what_is_wanted_is_shown"

    def record(self, row: Row) -> Record:
        record = super().record(row)
        return replace(record, values={k: v for k, v in record.values.items() if k != STATUS})


class MakesAuthorsUp(Mutant):
    """Names an author for whatever it is asked."""

    law = "test_authors_leave_out_what_they_do_not_know"

    def authors(self, object_name: str, ids: Sequence[str], fields: Sequence[str]) -> Mapping[tuple[str, str], Author]:
        known = super().authors(object_name, ids, fields)
        return {(i, name): known.get((i, name), Author("automation")) for i in ids for name in fields}


class DescribesWhatIsWanted(Mutant):
    """Describes every wanted field as if the system had it."""

    law = "test_describe_tells_of_no_field_that_is_not_there"

    def describe(self, object_name: str) -> Mapping[str, FieldDescription]:
        wanted = {name: FieldDescription(name, name, writable=True) for name in self.context.wanted[PERSON]}
        return wanted | dict(super().describe(object_name))


class ForgetsThoseWhoLeft(Mutant):
    """Tells of active users alone: an owner who left would be nobody."""

    law = "test_owners_are_told_once"

    def owners(self) -> Iterator[Owner]:
        return (owner for owner in super().owners() if owner.active)


class TellsOwnersTwice(Mutant):
    """Tells the users of each of two pages, which overlap."""

    law = "test_owners_are_told_once"

    def owners(self) -> Iterator[Owner]:
        return chain(super().owners(), super().owners())


class KnowsNobody(Mutant):
    """Maps an owner, and tells nobody who can be one."""

    law = "test_owner_fields_have_owners"
    owners: Any = None

    def __getattribute__(self, name: str) -> Any:
        if name == "owners":
            raise AttributeError(name)
        return super().__getattribute__(name)


class CountsReadsAlone(Mutant):
    """Counts the calls of reading."""

    law = "test_writes_are_metered"

    def call(self, kind: Call, act: Any) -> Any:
        self.made -= kind == "write"
        return super().call(kind, act)


class SendsTextForEveryType(Mutant):
    """Stores every value by Python's own way of writing it, and reads it back as a text."""

    law = "test_typed_values_read_back_equal"

    def save(self, change: Change, values: Mapping[str, NativeValue]) -> Row:
        return super().save(change, {k: v if v is None else str(v) for k, v in values.items()})


class ForgetsTheOwner(Mutant):
    """Leaves the owner out of what it sends."""

    law = "test_typed_values_read_back_equal"

    def save(self, change: Change, values: Mapping[str, NativeValue]) -> Row:
        return super().save(change, {k: v for k, v in values.items() if k != "owner_id"})


class StripsWhatLooksDangerous(Mutant):
    """Takes quotes out of texts instead of escaping them."""

    law = "test_texts_come_back_as_they_were_sent"

    def save(self, change: Change, values: Mapping[str, NativeValue]) -> Row:
        return super().save(change, {k: v.replace("'", "") if isinstance(v, str) else v for k, v in values.items()})


class ShowsMembersAsBlankText(Mutant):
    """Shows an empty set as an empty text."""

    law = "test_members_are_only_read"

    def record(self, row: Row) -> Record:
        record = super().record(row)
        return replace(record, values={**record.values, "other_emails": record.values.get("other_emails") or ""})


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
    """No law of looking or of values is without a fault that it finds, and each states itself in a docstring."""
    laws = laws_of(LookingLaws) | laws_of(ValueLaws)
    assert laws == {mutant.law for mutant in MUTANTS}
    assert [law for law in laws if not getattr(TargetConformance, law).__doc__] == []
