"""What the live org says of an object: which fields this login sees, which it may write, and which statuses exist. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from leadhub import FieldDescription

STATUS = "Status"
_PICKLISTS = frozenset({"picklist", "multipicklist", "combobox"})


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the describe. `options` are a picklist's active values (never labels), None for other types."""

    name: str
    label: str
    type: str
    createable: bool
    updateable: bool
    required: bool
    length: int
    options: tuple[str, ...] | None
    names_one: bool = False
    """Whether the field is an external id and unique, so that a value of it names one record."""

    @classmethod
    def parse(cls, row: Mapping[str, Any]) -> "Field":
        """Read one entry of a describe's `fields`."""
        options = None
        if row["type"] in _PICKLISTS:
            options = tuple(str(entry["value"]) for entry in row.get("picklistValues") or () if entry.get("active"))
        required = bool(row["createable"]) and not row["nillable"] and not row.get("defaultedOnCreate") and row["type"] != "boolean"
        names = str(row["name"]), str(row["label"]), str(row["type"])
        names_one = bool(row.get("externalId")) and bool(row.get("unique"))
        return cls(*names, bool(row["createable"]), bool(row["updateable"]), required, int(row.get("length") or 0), options, names_one)


@dataclass(frozen=True, slots=True)
class Schema:
    """The fields of one object, and the statuses that only a conversion sets. A field that is hidden from this login is simply not here."""

    fields: Mapping[str, Field]
    converted: tuple[str, ...] = ()

    @classmethod
    def parse(cls, describe: Mapping[str, Any], converted: Iterable[str] = ()) -> "Schema":
        """Read a describe answer."""
        fields = (Field.parse(row) for row in describe["fields"])
        return cls({field.name: field for field in fields}, tuple(converted))

    def visible(self, names: Iterable[str]) -> list[str]:
        """Return those of the names that this login sees, each once, in their order."""
        return [name for name in dict.fromkeys(names) if name in self.fields]

    def describe(self) -> dict[str, FieldDescription]:
        """Return the fields in leadhub's terms."""
        return {
            field.name: FieldDescription(
                name=field.name,
                label=field.label,
                writable=field.updateable,
                required=field.required,
                max_length=field.length or None,
                options=field.options,
                converted=self.converted if field.name == STATUS else (),
            )
            for field in self.fields.values()
        }
