"""[fields.NAME]: how one canonical field is merged, and under which name each system keeps it."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from leadhub.config.scope import field_of
from leadhub.values.fields import Entity, Merge

FieldType = Literal["text", "number", "boolean", "date", "datetime", "email", "phone", "url", "country", "tags", "enum"]
Name = Annotated[str, Field(min_length=1)]


class NativeTable(BaseModel):
    """A native field whose values have other names."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    native: Name | tuple[Name, ...]
    """Its name ("Field" or "Object.Field"), or one for each object."""
    values: dict[str, Annotated[tuple[Name, ...], Field(min_length=1)]] = Field(default_factory=dict)
    """What leadhub calls a value to what the system calls it; of several the first is written."""


class NativeField(BaseModel):
    """Where one system keeps a field: `names` as written ("Field" or "Object.Field"); none: the field is left alone in that system."""

    model_config = ConfigDict(frozen=True)

    names: tuple[str, ...] = ()
    values: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    def native_in(self, object_name: str) -> str | None:
        """Return the native field in one object: the name given for that object, else the one given for all; None if there is none."""
        here = [field for name in self.names if "." in name and (field := field_of(name, object_name)) is not None]
        return next(iter([*here, *(name for name in self.names if "." not in name)]), None)


def _form(written: Any) -> str:
    """Which of the four ways of writing it is meant, so that a fault is told of that one alone."""
    match written:
        case str():
            return "name"
        case dict() | NativeTable():
            return "table"
        case bool():
            return "false"
        case _:
            return "list"


Native = Annotated[
    Annotated[Name, Tag("name")]
    | Annotated[tuple[Name, ...], Field(min_length=1), Tag("list")]
    | Annotated[NativeTable, Tag("table")]
    | Annotated[Literal[False], Tag("false")],
    Discriminator(_form),
]
"""A name, a list of names, a table with names of values, or false."""


class FieldDoc(BaseModel):
    """How one canonical field is merged where that differs from the default; a field that leadhub does not have is added by it.

    Every other key is a system: SYSTEM = "Native__c", ["Lead.Native__c", "Contact.Native__c"], { native = "…", values = { A = ["Gold"] } }, or false
    to leave the field alone there.
    """

    model_config = ConfigDict(extra="allow", frozen=True, use_attribute_docstrings=True)
    __pydantic_extra__: dict[str, Native]

    merge: Merge | None = None
    """`edit` the later edit wins; `owner` one system alone changes it; `first` the first value stays; `max` only upwards; `restrictive` the more protective
    value travels; `union` members are only added. Default: that of the field, `edit` for one of your own."""
    owner: str | None = None
    """The system that alone may change the field."""
    strict: bool = False
    """With an owner: what others change is written back."""
    conflict: Literal["review", "prefer"] | None = None
    """Of two edits that did not know of each other: ask, or take the one of `prefer`."""
    prefer: str | None = None
    """The system that wins a conflict of this field; without it `[defaults] trust`."""
    clear: Literal["keep", "propagate"] = "keep"
    """Whether a value that was cleared on one side is cleared on the others."""
    type: FieldType | None = None
    """For a field of your own: what it holds (default text)."""
    values: tuple[Name, ...] = ()
    """For type = "enum": the values there are."""
    lossy: bool = False
    """It is meant that several native values are read as one."""
    entity: Entity | None = None
    """For a field of your own: whether it belongs to the person (default) or to the lead."""

    @property
    def systems(self) -> dict[str, NativeField]:
        """Where each system that is named keeps the field."""
        return {system: _native_field(written) for system, written in (self.model_extra or {}).items()}


def _native_field(written: Any) -> NativeField:
    match written:
        case str():
            return NativeField(names=(written,))
        case NativeTable():
            names = (written.native,) if isinstance(written.native, str) else written.native
            return NativeField(names=names, values=written.values)
        case False:
            return NativeField()
        case _:
            return NativeField(names=tuple(written))
