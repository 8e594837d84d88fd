"""What the laws of reading stand on: the two fixtures, and people at the remote."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

import pytest

from leadhub import NativeValue, Page, Record
from leadhub.errors import LeadhubError
from leadhub.testing.harness import Breaks, Denies, SourceHarness
from leadhub.testing.kit import Factory, drain, in_normal_form, optional_field, sample_values, stored, traces

HIDDEN = "leadhub_no_such_field"
ODD_TEXT = """=O'Brien "Zoë" <b>&amp; %s {x} \\ 50%; 李, Łódź 🚀"""
"""What breaks a query, a page, a file or a template that it is put into as it is."""


class Reading:
    """What a suite is given, and what its laws have in common."""

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

    def plain_text(self, harness: SourceHarness, factory: Factory) -> str:
        """Return the native name of a field that holds any text: the company, the job title, or a name."""
        fields = {f.canonical: f.native for f in factory.mapping(harness.object).fields if f.type == "text" and not f.values and not f.member}
        found = [fields[name] for name in ("company", "job_title", "last_name", "first_name") if name in fields]
        assert found, f"{harness.object}: the suite needs a field for a plain text: a company, a job title or a name"
        return found[0]

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
