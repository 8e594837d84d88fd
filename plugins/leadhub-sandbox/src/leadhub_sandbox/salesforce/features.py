"""What some orgs have and others have not: record types, several currencies, state and country picklists. Settings switch them on."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from leadhub_sandbox.salesforce.errors import ApiError
from leadhub_sandbox.salesforce.objects import CURRENCY_TYPE, LEAD, OPPORTUNITY, RECORD_TYPE
from leadhub_sandbox.salesforce.places import CODES, settle_places
from leadhub_sandbox.salesforce.schema import Field, Row, SObject
from leadhub_sandbox.salesforce.settings import Settings

if TYPE_CHECKING:
    from leadhub_sandbox.salesforce.org import Org

MASTER = "012000000000000AAA"
"""The record type of a record that has none."""
_RECORD_TYPE, _CURRENCY = "RecordTypeId", "CurrencyIsoCode"


def absent_fields(settings: Settings, obj: SObject) -> set[str]:
    """Return the fields of an object that this org has not."""
    absent = {name for name in obj.fields if name.endswith(CODES)} if not settings.countries else set()
    if not settings.currencies:
        absent.add(_CURRENCY)
    if not any(kind["object"] == obj.name for kind in settings.record_types):
        absent.add(_RECORD_TYPE)
    return absent & set(obj.fields)


def absent_objects(settings: Settings) -> set[str]:
    """Return the objects that this org has not."""
    return set() if settings.currencies else {CURRENCY_TYPE.name}


def restricted(field: Field) -> bool:
    """Return whether a picklist takes its own values alone."""
    return field.restricted or field.name == _CURRENCY or field.name.endswith(CODES)


def settle(org: "Org", obj: SObject, before: Row | None, given: Row) -> Row:
    """Return what a save gives, with what follows from it in this org; `before` is None for a new record. Raises ApiError."""
    found = given | settle_places(org.settings.countries, obj, before or {}, given)
    if _CURRENCY in obj.fields and org.settings.currencies:
        found |= _currency(org.settings, before, given)
    if _RECORD_TYPE in obj.fields:
        found |= _record_type(org, obj, before, given)
        _check_values(org, obj, (before or {}) | found, given)
        if before is None and obj is LEAD and "Status" not in given:
            found |= _status(org, found.get(_RECORD_TYPE))
    if obj is OPPORTUNITY:
        found |= _stage(org.settings, before or {}, given)
    return found


def _bad_value(label: str, value: object, name: str) -> ApiError:
    text = f"{label}: bad value for restricted picklist field: {value}"
    return ApiError(400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", text, [name])


def corporate_currency(settings: Settings) -> str | None:
    """Return the currency of a record that was given none; None in an org of one currency."""
    return next((str(c["IsoCode"]) for c in settings.currencies if c["IsCorporate"]), None)


def _currency(settings: Settings, before: Row | None, given: Row) -> Row:
    wanted = given.get(_CURRENCY)
    if wanted is None:
        return {_CURRENCY: corporate_currency(settings)} if before is None or _CURRENCY in given else {}
    if wanted not in [c["IsoCode"] for c in settings.currencies if c["IsActive"]]:
        raise _bad_value("Currency ISO Code", wanted, _CURRENCY)
    return {}


def record_types(org: "Org", obj: SObject) -> list[tuple[Row, Mapping[str, Any]]]:
    """Return an object's record types, each with its setting."""
    settings = {kind["name"]: kind for kind in org.settings.record_types if kind["object"] == obj.name}
    rows = (row for row in org.store.everything(RECORD_TYPE) if row["SobjectType"] == obj.name)
    return [(row, settings[str(row["DeveloperName"])]) for row in rows if row["DeveloperName"] in settings]


def _usable(row: Row, kind: Mapping[str, Any]) -> bool:
    return bool(row["IsActive"]) and bool(kind.get("available", True))


def default_type(org: "Org", obj: SObject) -> object:
    """Return the id of the record type that a new record has, or None for none."""
    return next((row["Id"] for row, kind in record_types(org, obj) if kind.get("default") and _usable(row, kind)), None)


def _record_type(org: "Org", obj: SObject, before: Row | None, given: Row) -> Row:
    wanted = given.get(_RECORD_TYPE)
    if wanted == MASTER:
        return {_RECORD_TYPE: None}
    if wanted is None:
        return {_RECORD_TYPE: default_type(org, obj)} if before is None and _RECORD_TYPE not in given else {}
    if not any(row["Id"] == wanted and _usable(row, kind) for row, kind in record_types(org, obj)):
        text = f"Record Type ID: this ID value isn't valid for the user: {wanted}"
        raise ApiError(400, "INVALID_CROSS_REFERENCE_KEY", text, [_RECORD_TYPE])
    return {}


def _narrowed(org: "Org", obj: SObject, type_id: object) -> Mapping[str, list[str]]:
    """Return the picklist values that a record type leaves, by field."""
    if type_id is None:
        return {}
    return next((kind.get("values", {}) for row, kind in record_types(org, obj) if row["Id"] == type_id), {})


def _check_values(org: "Org", obj: SObject, row: Row, given: Row) -> None:
    """Check restricted picklists against the record type. One that is not restricted, as Lead.Status is, takes any value through the API."""
    for name, allowed in _narrowed(org, obj, row.get(_RECORD_TYPE)).items():
        chosen = str(given.get(name) or "").split(";")
        wrong = next((value for value in chosen if value and value not in allowed), None)
        if wrong and obj.fields[name].restricted:
            raise _bad_value(name, wrong, name)


def _status(org: "Org", type_id: object) -> Row:
    """Return the status of a new lead: the org's default if its record type has it, else the first that it has."""
    allowed = _narrowed(org, LEAD, type_id).get("Status")
    default = org.default_status()
    return {"Status": default if not allowed or default in allowed else allowed[0]}


def _stage(settings: Settings, before: Row, given: Row) -> Row:
    """Return what an opportunity's stage brings: its probability and its forecast category, unless they are given too."""
    name = given.get("StageName")
    stage = next((s for s in settings.stages if s["ApiName"] == name), None)
    if stage is None or name == before.get("StageName"):
        return {}
    brought = {"Probability": stage["DefaultProbability"], "ForecastCategoryName": stage["ForecastCategory"]}
    return {key: value for key, value in brought.items() if key not in given}
