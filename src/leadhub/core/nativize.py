"""The way back from a canonical value to what a system is sent. Pure."""

from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

from leadhub.core.owners import NOBODY, OwnerBook
from leadhub.model.person import Value
from leadhub.model.record import FieldMapping, NativeValue
from leadhub.values.country import country_name


class NoWord(Exception):
    """The system has no word for a value: it is left alone there. The text says why; it names no secret and no person but the owner."""


def native_of(mapped: FieldMapping, value: Value, owners: OwnerBook = NOBODY) -> NativeValue:
    """Return what to write for a canonical value; None blanks the field.

    Raises:
        NoWord: the field takes no such value, or the system knows no such owner.
    """
    if value is None:
        return None
    if mapped.type == "owner":
        return _owner(mapped, value, owners)
    listed = [v for v in mapped.values if value in v.canonical]
    if listed:
        best = next((v for v in listed if v.writes and v.canonical[0] == value), next((v for v in listed if v.writes), None))
        if best is None:
            raise NoWord(f"{mapped.native} has no value for {value}")
        return best.native
    if mapped.canonical == "country" and mapped.style == "name" and len(value) == 2:
        return country_name(value)
    return _typed(mapped, value)


def _owner(mapped: FieldMapping, value: str, owners: OwnerBook) -> str:
    found = owners.id_for(value)
    if found is None:
        why = "is inactive" if value.lower() in owners.inactive else "is nobody"
        raise NoWord(f"{mapped.native}: {value} {why} there")
    return found


def _typed(mapped: FieldMapping, value: str) -> NativeValue:
    try:
        match mapped.type:
            case "boolean":
                return {"true": True, "false": False}[value]
            case "integer":
                return int(Decimal(value))
            case "decimal":
                return Decimal(value)
            case "date":
                return date.fromisoformat(value[:10])
            case "datetime":
                instant = datetime.fromisoformat(value)
                return instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)
            case "multi":
                return value.split(";")
            case _:
                return value
    except (ValueError, KeyError, InvalidOperation) as error:
        raise NoWord(f'{mapped.native} takes a {mapped.type}; "{value}" is none') from error
