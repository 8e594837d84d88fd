"""What the live org says of an object: which fields this login sees, which it may write, and which statuses exist. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
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
    labels: Mapping[str, str] = field(default_factory=dict)
    """What people see in place of each active value."""

    @classmethod
    def parse(cls, row: Mapping[str, Any]) -> "Field":
        """Read one entry of a describe's `fields`."""
        options, labels = None, {}
        if row["type"] in _PICKLISTS:
            labels = {str(entry["value"]): str(entry.get("label") or "") for entry in row.get("picklistValues") or () if entry.get("active")}
            options = tuple(labels)
        required = bool(row["createable"]) and not row["nillable"] and not row.get("defaultedOnCreate") and row["type"] != "boolean"
        names = str(row["name"]), str(row["label"]), str(row["type"])
        names_one = bool(row.get("externalId")) and bool(row.get("unique"))
        return cls(*names, bool(row["createable"]), bool(row["updateable"]), required, int(row.get("length") or 0), options, names_one, labels)


@dataclass(frozen=True, slots=True)
class Schema:
    """The fields of one object, and the statuses that only a conversion sets. A field that is hidden from this login is simply not here."""

    fields: Mapping[str, Field]
    converted: tuple[str, ...] = ()

    @classmethod
    def parse(cls, describe: Mapping[str, Any], converted: Iterable[str] = ()) -> "Schema":
        """Read a describe answer."""
        fields = (Field.parse(row) for row in describe["fields"])
        return cls({one.name: one for one in fields}, tuple(converted))

    def visible(self, names: Iterable[str]) -> list[str]:
        """Return those of the names that this login sees, each once, in their order."""
        return [name for name in dict.fromkeys(names) if name in self.fields]

    def describe(self) -> dict[str, FieldDescription]:
        """Return the fields in leadhub's terms."""
        return {
            one.name: FieldDescription(
                name=one.name,
                label=one.label,
                writable=one.updateable,
                required=one.required,
                max_length=one.length or None,
                options=one.options,
                converted=self.converted if one.name == STATUS else (),
                labels=one.labels,
            )
            for one in self.fields.values()
        }
