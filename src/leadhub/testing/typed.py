"""What a target promises of values: what is written in a field's declared type reads back as the same canonical value, and texts come back as sent."""

from collections.abc import Mapping

import pytest

from leadhub import Describes, Directory, FieldDescription, FieldMapping, Record
from leadhub.core.nativize import native_of
from leadhub.core.normalize import display_of, members_of
from leadhub.core.owners import OwnerBook
from leadhub.testing.harness import TargetHarness
from leadhub.testing.kit import Factory, drain, living
from leadhub.testing.reading import ODD_TEXT
from leadhub.testing.writing import Writing
from leadhub.values.fields import FIELDS

SAMPLES = {
    "email": "grace@example.com",
    "phone": "+1 212 555 0100",
    "name": "Grace",
    "company": "Acme",
    "country": "DE",
    "language": "de",
    "url": "https://www.example.com/grace",
    "page": "https://www.example.com/form",
    "date": "2026-11-27",
    "instant": "2026-11-27T10:30:00+00:00",
    "number": "250",
    "boolean": "true",
    "tags": "alpha;beta",
}
"""A canonical value of each kind, in its display form; any text will do for the others."""


class ValueLaws(Writing):
    """The laws of values."""

    def test_typed_values_read_back_equal(self, harness: TargetHarness, connector_factory: Factory) -> None:
        """What leadhub writes into each writable field, in the type that its mapping declares, is the same canonical value when it is read again."""
        book = self.owner_book(connector_factory)
        written = self.canonical_samples(harness, connector_factory, book)
        fields = {f.native: f for f in connector_factory.mapping(harness.object).fields}
        record_id = self.made(harness, connector_factory)
        values = {native: native_of(fields[native], value, book) for native, value in written.items()}
        outcome = self.push_one(connector_factory, self.update(harness, record_id, values))
        assert outcome.error is None, f"a value of a declared type was refused: {outcome.error}"
        harness.advance(self.settle)
        for record in self.looks(harness, connector_factory, record_id):
            shown = {native: display_of(fields[native], record.values.get(native), FIELDS, owners=book) for native in written}
            same = {n: v for n, v in shown.items() if self.matches(fields[n], written[n], v)}
            wrong = {n: (written[n], v) for n, v in shown.items() if n not in same}
            assert not wrong, f"what was written does not read back, {{field: (written, read)}}: {wrong}"

    def test_texts_come_back_as_they_were_sent(self, harness: TargetHarness, connector_factory: Factory) -> None:
        """Quotes, markup, backslashes, a formula's sign and letters of every script are stored and read back unchanged."""
        record_id, field = self.made(harness, connector_factory), self.plain_text(harness, connector_factory)
        assert self.push_one(connector_factory, self.update(harness, record_id, {field: ODD_TEXT})).error is None
        self.assert_holds(harness, connector_factory, record_id, {field: ODD_TEXT})
        harness.advance(self.settle)
        assert {record.values[field] for record in self.looks(harness, connector_factory, record_id)} == {ODD_TEXT}

    def test_members_are_only_read(self, harness: TargetHarness, connector_factory: Factory) -> None:
        """A member field is shown as several values, whether as a list or with semicolons between, and is never blank text."""
        mapping = connector_factory.mapping(harness.object)
        members = [f for f in mapping.fields if f.member]
        if not members:
            pytest.skip("no field only adds to a set")
        record_id = harness.create(self.sample(harness, connector_factory, 1))
        harness.advance(self.settle)
        for record in self.looks(harness, connector_factory, record_id):
            for mapped in (m for m in members if m.native in record.values):
                assert record.values[mapped.native] != "", f"{mapped.native} is blank, but not None"
            told = members_of(mapping, record.values)
            assert all(part.strip() for parts in told.values() for part in parts)

    # ---- what the laws stand on -------------------------------------------------------------------------------------------------------

    def canonical_samples(self, harness: TargetHarness, factory: Factory, book: OwnerBook) -> dict[str, str]:
        """Return a canonical value for every field that may be written, by native name."""
        connector = factory()
        live = connector.describe(harness.object) if isinstance(connector, Describes) else None
        found: dict[str, str] = {}
        for mapped in factory.mapping(harness.object).fields:
            if mapped.writable and not mapped.member and (live is None or (mapped.native in live and live[mapped.native].writable)):
                value = sample_of(mapped, live, book)
                found |= {mapped.native: value} if value is not None else {}
        assert found, f"{harness.object} has no writable field"
        return found

    def owner_book(self, factory: Factory) -> OwnerBook:
        """Return the owners that the connector tells."""
        connector = factory()
        return OwnerBook.of(connector.owners(), {}, None) if isinstance(connector, Directory) else OwnerBook()

    def looks(self, harness: TargetHarness, factory: Factory, record_id: str) -> list[Record]:
        """Return the record as a pull shows it, and as a reread does where there is one."""
        shown = [living(drain(factory()), harness.object)[record_id]]
        connector = factory()
        return [*shown, connector.reread(harness.object, [record_id])[record_id]] if hasattr(connector, "reread") else shown

    def matches(self, mapped: FieldMapping, written: str, read: str | None) -> bool:
        """Say whether two canonical values are one."""
        if read is None or mapped.type == "owner":
            return written == read
        match = FIELDS[mapped.canonical].kind.match
        one, other = match(written, None), match(read, None)
        return one == other or (mapped.normal == "lower" and one.lower() == other.lower())


def sample_of(mapped: FieldMapping, live: Mapping[str, FieldDescription] | None, book: OwnerBook) -> str | None:
    """Return a canonical value that the field can take; None for an owner where there is nobody."""
    if mapped.type == "owner":
        return next(iter(book.ids), None)
    options = live[mapped.native].options if live is not None else None
    for value in mapped.values:
        if value.writes and (not options or value.native in options):
            return value.canonical[0]
    if options:
        return options[0]
    text = SAMPLES.get(FIELDS[mapped.canonical].kind.name, "Some text")
    return text[: mapped.max_length]
