"""The properties of one type of object: their definitions, and the check of a value against them. It stores no values."""

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from leadhub_sandbox.hubspot.errors import Problem, problem
from leadhub_sandbox.hubspot.timestamps import DAY_MS, iso, iso_date, parse_ms

MAX_UNIQUE = 10
LONGEST = 65_536  # characters of a value
STAGE = "lifecyclestage"
OWNER = "hubspot_owner_id"
ADDITIONAL = "hs_additional_emails"
OPTED_OUT = "hs_email_optout"
BY_HAND = frozenset({ADDITIONAL, OPTED_OUT})  # read-only for the API, not for a person in HubSpot's pages
_EMAIL = re.compile(r"[^\s@;,<>]+@[^\s@;,<>.]+(\.[^\s@;,<>.]+)+")
_CODES = {
    "number": ("INVALID_INTEGER", "was not a valid number"),
    "date": ("INVALID_DATE", "was not a valid date: YYYY-MM-DD or midnight UTC in milliseconds"),
    "datetime": ("INVALID_DATE", "was not a valid instant: ISO 8601 or epoch milliseconds"),
    "bool": ("INVALID_BOOLEAN", "was not true or false"),
}


@dataclass(slots=True)
class Option:
    """One choice of an enumeration."""

    value: str
    label: str
    display_order: int
    hidden: bool = False

    def describe(self) -> dict[str, Any]:
        """Return the option as the properties API lists it."""
        order = {"displayOrder": self.display_order, "hidden": self.hidden}
        return {"label": self.label, "value": self.value, "description": "", **order}


@dataclass(slots=True)
class Property:
    """One property's definition. `read_only`: the API refuses values for it."""

    name: str
    label: str
    type: str = "string"
    field_type: str = "text"
    group: str = "contactinformation"
    options: list[Option] = field(default_factory=list)
    read_only: bool = False
    calculated: bool = False
    unique: bool = False
    hidden: bool = False
    external_options: bool = False
    hubspot_defined: bool = True
    description: str = ""
    archived: bool = False

    def describe(self) -> dict[str, Any]:
        """Return the definition as the properties API gives it (field names: HubSpot's "Properties" guide)."""
        metadata = {
            "archivable": not self.hubspot_defined,
            "readOnlyDefinition": self.hubspot_defined,
            "readOnlyOptions": self.external_options,
            "readOnlyValue": self.read_only,
        }
        return {
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "fieldType": self.field_type,
            "description": self.description,
            "groupName": self.group,
            "options": [] if self.external_options else [option.describe() for option in self.options],
            "displayOrder": -1,
            "calculated": self.calculated,
            "externalOptions": self.external_options,
            "hasUniqueValue": self.unique,
            "hidden": self.hidden,
            "hubspotDefined": self.hubspot_defined,
            "formField": not self.read_only,
            "archived": self.archived,
            "dataSensitivity": "non_sensitive",
            "modificationMetadata": metadata,
        }


class Schema:
    """All properties of one type, by name."""

    def __init__(self, properties: Iterable[Property]) -> None:
        self.properties = {entry.name: entry for entry in properties}
        self.archived: dict[str, Property] = {}
        self._dated_stages()

    def set_options(self, name: str, options: Iterable[str | Mapping[str, Any]]) -> None:
        """Replace an enumeration's options, in this order unless displayOrder says otherwise.

        Each is a value or {"value", "label"?, "displayOrder"?, "hidden"?}. Raises ValueError for anything but an enumeration.
        """
        known = self.properties.get(name)
        if known is None or known.type != "enumeration":
            raise ValueError(f"property {name!r} is not an enumeration")
        known.options = [_option(entry, at) for at, entry in enumerate(options)]
        self._dated_stages()

    def archive(self, name: str) -> None:
        """Take a property away: no value of it is read, written or searched any more; records keep theirs."""
        gone = self.properties.pop(name)
        gone.archived = True
        self.archived[name] = gone

    def _dated_stages(self) -> None:
        """Give every stage the read-only properties that hold when a contact entered it."""
        for option in self.stages():
            for name in stage_dates(option.value):
                label = f"Entered {option.label}"
                dated = Property(name, label, "datetime", "date", read_only=True, calculated=True)
                self.properties.setdefault(name, dated)

    def stages(self) -> list[Option]:
        """Return the life cycle stages in their order, which is displayOrder; none for a type without a life cycle."""
        held = self.properties[STAGE].options if STAGE in self.properties else []
        return sorted(held, key=lambda option: option.display_order)

    def stage_rank(self, value: str) -> int:
        """Return a stage's place in the order; -1 for blank and for a stage that is no longer an option."""
        return next((at for at, option in enumerate(self.stages()) if option.value == value), -1)

    def unique_names(self) -> list[str]:
        """Return the custom properties whose values are unique."""
        return [entry.name for entry in self.properties.values() if entry.unique and entry.name != "email"]

    def check(self, values: Mapping[str, str], unlocked: Container[str] = ()) -> tuple[dict[str, str], list[Problem]]:
        """Return the values in stored form, and what is wrong with the others. Read-only ones are refused unless they are `unlocked`."""
        stored: dict[str, str] = {}
        problems: list[Problem] = []
        for name, value in values.items():
            known = self.properties.get(name)
            if known is None:
                problems.append(problem(name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist'))
            elif known.read_only and name not in unlocked:
                message = f'"{name}" is a read only property; its value cannot be set.'
                problems.append(problem(name, "READ_ONLY_VALUE", message))
            else:
                checked = _stored_form(known, value)
                if isinstance(checked, str):
                    stored[name] = checked
                else:
                    problems.append(checked)
        return stored, problems

    def dump(self) -> list[dict[str, Any]]:
        """Return the definitions as plain data."""
        return [asdict(entry) for entry in (*self.properties.values(), *self.archived.values())]

    def load(self, state: Iterable[Mapping[str, Any]]) -> None:
        """Put back what `dump` returned."""
        entries = [{**entry, "options": [Option(**option) for option in entry["options"]]} for entry in state]
        listed = [Property(**entry) for entry in entries]
        self.properties = {entry.name: entry for entry in listed if not entry.archived}
        self.archived = {entry.name: entry for entry in listed if entry.archived}


def options(labels: Mapping[str, str]) -> list[Option]:
    """Return the choices of an enumeration, value → label, in this order."""
    return [Option(value, label, at) for at, (value, label) in enumerate(labels.items())]


def is_address(text: str) -> bool:
    """Say whether a text has the form of one e-mail address."""
    return _EMAIL.fullmatch(text) is not None


def stage_dates(stage: str) -> tuple[str, ...]:
    """Return the properties that date a stage's entry. Only the default stages, whose names are words, have the older one."""
    newer = f"hs_v2_date_entered_{stage}"
    return (newer,) if stage.isdigit() else (newer, f"hs_lifecyclestage_{stage}_date")


def _option(entry: str | Mapping[str, Any], at: int) -> Option:
    if isinstance(entry, str):
        return Option(entry, entry, at)
    value = str(entry["value"])
    hidden = bool(entry.get("hidden", False))
    return Option(value, str(entry.get("label", value)), int(entry.get("displayOrder", at)), hidden)


def _stored_form(known: Property, value: str) -> str | Problem:
    """Return the value as it is stored, or the problem with it. Blank clears, whatever the type."""
    if not value:
        return ""
    if len(value) > LONGEST:
        return problem(known.name, "VALUE_TOO_LONG", f"{known.name} has {len(value)} characters; at most {LONGEST} are allowed")
    if known.name in ("email", ADDITIONAL):
        return _addresses(known, value)
    if known.type == "enumeration":
        return _choice(known, value)
    try:
        return _typed(known.type, value)
    except (ValueError, InvalidOperation):
        code, text = _CODES[known.type]
        return problem(known.name, code, f"{value} {text}")


def _addresses(known: Property, value: str) -> str | Problem:
    addresses = [part.strip().lower() for part in (value.split(";") if known.name == ADDITIONAL else [value])]
    wrong = [address for address in addresses if not is_address(address)]
    if wrong:
        return problem(known.name, "INVALID_EMAIL", f"Email address {wrong[0]} is invalid")
    return ";".join(dict.fromkeys(addresses))


def _choice(known: Property, value: str) -> str | Problem:
    allowed = [option.value for option in known.options]
    if not allowed and not known.external_options:
        return value  # kept by HubSpot itself, which lists no options for it
    chosen = value.split(";") if known.field_type == "checkbox" else [value]
    for entry in chosen:
        if entry not in allowed:
            message = f"{entry} was not one of the allowed options: [{', '.join(allowed)}]"
            return problem(known.name, "INVALID_OPTION", message)
    return value


def _typed(kind: str, value: str) -> str:
    if kind == "number" and not Decimal(value).is_finite():
        raise ValueError(value)
    if kind == "bool" and value not in ("true", "false"):
        raise ValueError(value)
    if kind == "datetime":
        return iso(parse_ms(value))
    if kind == "date":
        ms = parse_ms(value)
        if ms % DAY_MS:
            raise ValueError(value)
        return iso_date(ms)
    return value
