"""What the pages know of a CRM: objects, fields, records and what can be done with one, whichever CRM it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from leadhub_sandbox.orders import Orders

Options = tuple[tuple[str, str], ...]
"""Values with their labels."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field, of a record or of a form. `kind` says how it is asked for.

    text, long, choice, choices (several), flag (true or false), pick (a text with suggestions), sure (a box to tick).
    """

    name: str
    label: str
    kind: str = "text"
    hint: str = ""
    options: Options = ()
    create: bool = False
    edit: bool = False
    required: bool = False
    given: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """One object. `columns` are the fields that a list shows beside the title, `first` those that a form shows first."""

    name: str
    label: str
    columns: tuple[str, ...]
    first: tuple[str, ...]
    creatable: bool = False
    mergeable: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One record, its values as texts. `gone` says in the CRM's words what it is if not live."""

    id: str
    title: str
    values: Mapping[str, str]
    changed: str
    gone: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one field, as the CRM's history has it."""

    at: str
    field: str
    old: str
    new: str
    who: str


@dataclass(frozen=True, slots=True)
class Act:
    """Something that can be done with a record, beside an edit, and what has to be said for it."""

    name: str
    label: str
    fields: tuple[Field, ...] = field(default=())
    danger: bool = False


@dataclass(frozen=True, slots=True)
class Related:
    """Another record, and how it belongs to the one at hand."""

    how: str
    kind: str
    id: str
    title: str


class Crm(Protocol):
    """One CRM as the pages need it. What it refuses is a RefusedError."""

    name: ClassVar[str]
    title: ClassVar[str]
    person: ClassVar[str]
    orders: Orders
    address: str

    def facts(self) -> list[tuple[str, str]]:
        """Return how to reach the CRM and how to get in."""
        ...

    def kinds(self) -> list[Kind]:
        """Return the objects, those that people work with first."""
        ...

    def fields(self, kind: Kind) -> list[Field]:
        """Return the fields of an object."""
        ...

    def rows(self, kind: Kind) -> list[Row]:
        """Return the records of an object, the newest first, those that are gone included."""
        ...

    def row(self, kind: Kind, row_id: str) -> Row | None:
        """Return one record; an id that was merged away may lead to the record that is left."""
        ...

    def changes(self, kind: Kind, row: Row) -> list[Change]:
        """Return a record's history, the newest first."""
        ...

    def related(self, kind: Kind, row: Row) -> list[Related]:
        """Return the records that belong to this one."""
        ...

    def acts(self, kind: Kind, row: Row) -> list[Act]:
        """Return what can be done with a record."""
        ...

    def create(self, kind: Kind, values: Mapping[str, str]) -> str:
        """Make a record and return its id."""
        ...

    def edit(self, kind: Kind, row: Row, values: Mapping[str, str]) -> None:
        """Change fields of a record."""
        ...

    def do(self, kind: Kind, row: Row, act: str, values: Mapping[str, str]) -> str | None:
        """Do one of `acts` and return the id to look at afterwards, None if there is nothing left."""
        ...


SURE = Field("sure", "For good: nothing brings it back", "sure", required=True)


def picked(rows: list[Row], but: Row | None = None, most: int = 200) -> Options:
    """Return records as suggestions: the newest live ones."""
    return tuple((row.id, row.title) for row in rows if not row.gone and row != but)[:most]
