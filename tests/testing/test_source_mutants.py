"""The laws of reading find faults: each mutant of the reference connector breaks the law that it names, and no law goes without one."""

# ruff: noqa: D102 - each class says what its one method does wrong

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from html import escape
from typing import Any, ClassVar

import pytest
from pydantic import SecretStr, field_validator

from leadhub import Context, Cursor, FieldMapping, Identity, ObjectMapping, Page, RateLimited, Record, UnknownOutcome, Usage
from leadhub.testing import SourceConformance
from leadhub.testing.harness import Call
from leadhub.testing.memory import PERSON, MemoryConnector
from leadhub.testing.memory_remote import MemorySettings, Row


class Mutant(MemoryConnector):
    """A connector with a fault, and the law that it breaks."""

    law: ClassVar[str]


class NamesNoOrganization(Mutant):
    """Answers a check without saying who answers."""

    law = "test_check_answers_an_identity"

    def check(self) -> Identity:
        return replace(super().check(), org="")


class TakesRefusalForEmptiness(Mutant):
    """Reads a refused log-in as "no records"."""

    law = "test_check_is_denied_without_rights"

    def changed(self, since: datetime, after: tuple[datetime, str] | None) -> Sequence[Row]:
        try:
            return super().changed(since, after)
        except Exception:  # noqa: BLE001 - the fault
            return ()


class ForgetsTheLastPage(Mutant):
    """Yields full pages only."""

    law = "test_pull_yields_everything"

    def pull(self, since: Cursor) -> Iterator[Page]:
        for page in super().pull(since):
            full = len(page.records) == 10
            yield page if full else replace(page, records=())


class YieldsNoPageWithoutNews(Mutant):
    """Ends without a cursor when there is nothing to show."""

    law = "test_a_pull_without_news_ends_with_a_cursor"

    def pull(self, since: Cursor) -> Iterator[Page]:
        return (page for page in super().pull(since) if page.records)


class ShowsOtherValuesTheSecondTime(Mutant):
    """Shows fewer values in an incremental pull than in a first load."""

    law = "test_the_last_cursor_yields_nothing_new"

    def pull(self, since: Cursor) -> Iterator[Page]:
        for page in super().pull(since):
            slim = tuple(replace(r, values={"email": r.values.get("email")}) for r in page.records)
            yield replace(page, records=slim) if since else page


class RunsAheadOfItsCursor(Mutant):
    """Gives each page the cursor of the end of the run."""

    law = "test_resuming_after_any_page_loses_nothing"

    def pull(self, since: Cursor) -> Iterator[Page]:
        end = (self.remote.now + timedelta(seconds=1)).isoformat()
        return (replace(page, cursor=end) for page in super().pull(since))


class ShowsOnlyTheFirstLoad(Mutant):
    """Shows nothing after its first load."""

    law = "test_a_new_record_after_the_cursor_is_seen"

    def pull(self, since: Cursor) -> Iterator[Page]:
        return (page if since is None else replace(page, records=()) for page in super().pull(since))


class HoldsACursorThatIsNoJson(Mutant):
    """Puts a datetime into the cursor."""

    law = "test_an_edit_after_the_cursor_is_seen"

    def pull(self, since: Cursor) -> Iterator[Page]:
        stamp: Any = self.remote.now
        return (replace(page, cursor=stamp) for page in super().pull(since))


class ReadsOnlyNewRecords(Mutant):
    """Goes by the ids it knows: an edit of an old record is never seen."""

    law = "test_an_edit_after_the_cursor_is_seen"

    def pull(self, since: Cursor) -> Iterator[Page]:
        known, last = since if isinstance(since, list) else (None, "")
        for page in super().pull(known if isinstance(known, str) else None):
            fresh = tuple(r for r in page.records if r.id > str(last))
            yield replace(page, records=fresh, cursor=[None, max([str(last), *(r.id for r in fresh)])])


class AsksForStrictlyNewer(Mutant):
    """Asks for stamps greater than the last one, not greater or equal."""

    law = "test_equal_stamps_are_not_lost"
    overlap = timedelta(seconds=-1)


class HasNoOverlap(Mutant):
    """Goes on exactly where it stopped."""

    law = "test_a_change_that_shows_late_is_not_lost"
    overlap = timedelta()


class ShowsTheDeleted(Mutant):
    """Shows a deleted record as if it were there."""

    law = "test_a_deleted_record_is_not_shown_as_living"

    def record(self, row: Row) -> Record:
        return super().record(replace(row, deleted=False))


class ShowsBlanksAsText(Mutant):
    """Shows a blank as an empty string."""

    law = "test_a_known_blank_is_none"

    def record(self, row: Row) -> Record:
        record = super().record(row)
        return replace(record, values={k: "" if v is None else v for k, v in record.values.items()})


class LeavesBlanksOut(Mutant):
    """Leaves a known blank out: nobody can tell it from an unknown value."""

    law = "test_a_known_blank_is_none"

    def record(self, row: Row) -> Record:
        record = super().record(row)
        return replace(record, values={k: v for k, v in record.values.items() if v is not None})


class TakesHiddenForBlank(Mutant):
    """Shows every wanted field, known or not."""

    law = "test_a_hidden_field_is_absent"

    def record(self, row: Row) -> Record:
        record = super().record(row)
        return replace(record, values={name: row.values.get(name) for name in self.context.wanted[PERSON]})


class StampsWithoutTimeZone(Mutant):
    """Gives naive times."""

    law = "test_records_are_well_formed"

    def record(self, row: Row) -> Record:
        record = super().record(row)
        return replace(record, stamp=row.stamp.replace(tzinfo=None))


class PassesForeignTypes(Mutant):
    """Passes on a value as the parser made it."""

    law = "test_records_are_well_formed"

    def record(self, row: Row) -> Record:
        record = super().record(row)
        raw: Any = {"value": record.values.get("phone")}
        return replace(record, values={**record.values, "phone": raw})


class NumbersTheRows(Mutant):
    """Makes the id from the place in the run."""

    law = "test_ids_are_stable"

    def pull(self, since: Cursor) -> Iterator[Page]:
        n = int(self.remote.now.timestamp())
        for page in super().pull(since):
            yield replace(page, records=tuple(replace(r, id=f"row-{n}-{i}") for i, r in enumerate(page.records)))


class RepeatsReads(Mutant):
    """Repeats a broken read by itself."""

    law = "test_a_broken_read_is_raised_once"

    def changed(self, since: datetime, after: tuple[datetime, str] | None) -> Sequence[Row]:
        try:
            return super().changed(since, after)
        except UnknownOutcome:
            return super().changed(since, after)


class SkipsABrokenPage(Mutant):
    """Takes a broken read for the end."""

    law = "test_a_read_broken_in_mid_run_loses_nothing"

    def changed(self, since: datetime, after: tuple[datetime, str] | None) -> Sequence[Row]:
        try:
            return super().changed(since, after)
        except UnknownOutcome:
            return ()


class TellsItsTokenInErrors(Mutant):
    """Quotes the request, with its header, in an error."""

    law = "test_no_secret_is_told"

    def call(self, kind: Call, act: Any) -> Any:
        try:
            return super().call(kind, act)
        except UnknownOutcome as error:
            raise UnknownOutcome(f"Authorization: Bearer {self.context.settings.token.get_secret_value()}: no answer") from error


class LogsItsToken(Mutant):
    """Logs the settings with the secret in plain text."""

    law = "test_no_secret_is_told"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        context.log.info("connecting", token=context.settings.token.get_secret_value())


class MetersNothing(Mutant):
    """Always says that it made no call."""

    law = "test_calls_are_metered"

    def usage(self) -> Usage:
        return Usage(0)


class HoldsACursorThatComesBackDifferent(Mutant):
    """Puts a tuple into the cursor, which the store gives back as a list."""

    law = "test_every_cursor_is_json"

    def pull(self, since: Cursor) -> Iterator[Page]:
        inner: Any = since[0] if isinstance(since, list | tuple) else since
        for page in super().pull(inner):
            pair: Any = (page.cursor, 1)
            yield replace(page, cursor=pair)


class RemembersWhatItShowed(Mutant):
    """Shows a record once in the life of an instance, to save the core some work."""

    law = "test_an_instance_may_be_asked_twice"

    def pull(self, since: Cursor) -> Iterator[Page]:
        shown = vars(self).setdefault("shown", set())
        for page in super().pull(since):
            fresh = tuple(r for r in page.records if r.id not in shown)
            shown.update(r.id for r in fresh)
            yield replace(page, records=fresh)


class EscapesForAPage(Mutant):
    """Escapes texts for HTML when it reads them."""

    law = "test_texts_are_shown_as_they_were_typed"

    def record(self, row: Row) -> Record:
        record = super().record(row)
        return replace(record, values={k: escape(v) if isinstance(v, str) else v for k, v in record.values.items()})


class LetsALibraryErrorThrough(Mutant):
    """Translates the errors that its author met, and no others."""

    law = "test_every_fault_of_a_read_is_translated"

    def call(self, kind: Call, act: Any) -> Any:
        try:
            return super().call(kind, act)
        except RateLimited as error:
            raise RuntimeError(str(error)) from error


class TakesAFaultForEmptiness(Mutant):
    """Reads half an answer as "no records"."""

    law = "test_every_fault_of_a_read_is_translated"

    def changed(self, since: datetime, after: tuple[datetime, str] | None) -> Sequence[Row]:
        try:
            return super().changed(since, after)
        except UnknownOutcome:
            return ()


def mapped(*fields: FieldMapping) -> tuple[ObjectMapping, ...]:
    """Return the reference's mapping with further fields."""
    (mapping,) = MemoryConnector.mappings
    return (replace(mapping, fields=(*mapping.fields, *fields)),)


class MapsAFieldTwice(Mutant):
    """Maps two canonical fields to one native one: each write would undo the other."""

    law = "test_mappings_are_sound"
    mappings = mapped(FieldMapping("mobile", "phone"))


class MapsAFieldThatThereIsNot(Mutant):
    """Misspells a canonical field."""

    law = "test_mappings_are_sound"
    mappings = mapped(FieldMapping("jobtitle", "title"))


class SendsANameAsANumber(Mutant):
    """Declares a type that the field's values do not have."""

    law = "test_mappings_are_sound"
    mappings = mapped(FieldMapping("company", "company", type="integer"))


class WritesAMember(Mutant):
    """Declares a field writable that only adds to a set."""

    law = "test_mappings_are_sound"
    mappings = mapped(FieldMapping("phone", "other_phones", member=True))


class ChattySettings(MemorySettings):
    """Settings that quote what they refuse."""

    @field_validator("token")
    @classmethod
    def _printable(cls, token: SecretStr) -> SecretStr:
        text = token.get_secret_value()
        if not text.isascii() or "\n" in text:
            raise ValueError(f"{text!r} is no token")
        return token


class QuotesARefusedToken(Mutant):
    """Repeats a token that was copied badly, in the error that refuses it."""

    law = "test_refused_settings_tell_no_secret"
    settings_model = ChattySettings


MUTANTS = sorted(Mutant.__subclasses__(), key=lambda mutant: mutant.__name__)


def laws_of(suite: type[SourceConformance]) -> set[str]:
    """Return the names of a suite's laws."""
    return {name for name in dir(suite) if name.startswith("test_")}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_the_named_law_finds_the_mutant(mutant: type[Mutant], breaks: Callable[[str, type[MemoryConnector]], bool]) -> None:
    """A connector with this fault fails the law that its class names, which the reference keeps."""
    assert not breaks(mutant.law, MemoryConnector)
    assert breaks(mutant.law, mutant), f"{mutant.law} does not notice: {mutant.__doc__}"


def test_every_law_has_a_mutant() -> None:
    """No law of reading is without a fault that it finds, and each states itself in a docstring."""
    laws = laws_of(SourceConformance)
    assert laws == {mutant.law for mutant in MUTANTS}
    assert [law for law in laws if not getattr(SourceConformance, law).__doc__] == []
