"""A field's entry in an object's description, with the values of its picklist."""

import base64
from typing import Any

from leadhub_sandbox.salesforce.features import restricted
from leadhub_sandbox.salesforce.objects import ACCOUNT, CONTACT, CURRENCY_TYPE, LEAD, OPPORTUNITY, RECORD_TYPE
from leadhub_sandbox.salesforce.org import Org
from leadhub_sandbox.salesforce.schema import INT_DIGITS, STRING_TYPES, Field, SObject

_SOAP = {"id": "tns:ID", "reference": "tns:ID", "boolean": "xsd:boolean", "int": "xsd:int", "double": "xsd:double", "currency": "xsd:double"}
_SOAP |= {"percent": "xsd:double", "date": "xsd:date", "datetime": "xsd:dateTime", "address": "urn:address", "anyType": "xsd:anyType"}
_ALWAYS = ("Id", "OwnerId", "Status", "CreatedById", "CreatedDate", "LastModifiedById", "LastModifiedDate", "SystemModstamp", "Name")
"""Fields that are never empty, though no client has to give them."""
_LONG = 255
Entry = tuple[str, str, bool, str | None]


def label(name: str) -> str:
    """Return a label: words apart, without the mark of a custom field."""
    words = name.removesuffix("__c").replace("_", " ")
    return "".join(f" {c}" if i and c.isupper() and words[i - 1].islower() else c for i, c in enumerate(words))


def _label(obj: SObject, field: Field) -> str:
    if field.name == "Id":
        return f"{label(obj.name)} ID"
    return label(f"{field.name[:-2]}ID") if field.references else label(field.name)


def _valid_for(indexes: list[int], total: int) -> str:
    """Return the controlling values for which a dependent one is valid, a bit each from the left, in base64."""
    bits = bytearray(max(1, (total + 7) // 8))
    for index in indexes:
        bits[index >> 3] |= 0x80 >> (index % 8)
    return base64.b64encode(bytes(bits)).decode()


def _entries(org: Org, obj: SObject, field: Field) -> list[Entry]:
    """Return a picklist's values: value, label, whether it is the default, and what it is valid for."""
    knobs = org.settings
    if obj is LEAD and field.name == "Status":
        return [(s["ApiName"], s["MasterLabel"], s["IsDefault"], None) for s in sorted(knobs.statuses, key=lambda s: s["SortOrder"])]
    if obj is OPPORTUNITY and field.name == "StageName":
        return [(s["ApiName"], s["MasterLabel"], False, None) for s in sorted(knobs.stages, key=lambda s: s["SortOrder"])]
    if field.name == "CurrencyIsoCode" or (obj is CURRENCY_TYPE and field.name == "IsoCode"):
        return [(c["IsoCode"], c["IsoCode"], c["IsCorporate"], None) for c in knobs.currencies if c["IsActive"]]
    if obj is RECORD_TYPE and field.name == "SobjectType":
        names = sorted(o.name for o in (LEAD, CONTACT, ACCOUNT, OPPORTUNITY))
        return [(name, label(name), False, None) for name in names]
    if field.name.endswith("CountryCode"):
        return [(code, country["name"], False, None) for code, country in knobs.countries.items()]
    if field.name.endswith("StateCode"):
        return _states(org)
    return [(v, v, v == field.default, None) for v in field.values]


def _states(org: Org) -> list[Entry]:
    countries = list(org.settings.countries.values())
    names = {code: name for country in countries for code, name in country.get("states", {}).items()}
    valid = {code: [i for i, country in enumerate(countries) if code in country.get("states", {})] for code in names}
    return [(code, name, False, _valid_for(valid[code], len(countries))) for code, name in names.items()]


def _defaulted(obj: SObject, field: Field) -> bool:
    if field.type == "boolean" or field.name in ("OwnerId", "CurrencyIsoCode"):
        return True
    return (obj is LEAD and field.name == "Status") or (field.name in _ALWAYS and field.name != "Name" and not field.createable)


def describe_field(org: Org, obj: SObject, field: Field) -> dict[str, Any]:
    """Return one field's entry."""
    picklist = field.type in ("picklist", "multipicklist")
    state = field.name.endswith("StateCode")
    entries = _entries(org, obj, field) if picklist else []
    return _uses(obj, field) | {
        "name": field.name,
        "label": _label(obj, field),
        "type": field.type,
        "nillable": field.nillable and field.name not in _ALWAYS,
        "createable": field.createable and obj.writable,
        "updateable": field.updateable and obj.writable,
        "defaultedOnCreate": _defaulted(obj, field),
        "defaultValue": field.default if field.type == "boolean" else None,
        "defaultValueFormula": None,
        "unique": field.unique,
        "externalId": field.external_id,
        "idLookup": field.type == "id" or field.external_id or (field.type == "email" and obj in (LEAD, CONTACT)),
        "caseSensitive": False,
        "custom": field.name.endswith("__c"),
        "compoundFieldName": field.compound,
        "nameField": field.name == "Name",
        "permissionable": field.createable and not field.required and field.name not in ("OwnerId", "Status", "IsUnreadByOwner"),
        "polymorphicForeignKey": len(field.references) > 1,
        "namePointing": len(field.references) > 1,
        "referenceTo": list(field.references),
        "relationshipName": field.relationship,
        "restrictedPicklist": picklist and restricted(field),
        "dependentPicklist": state,
        "controllerName": f"{field.name.removesuffix('StateCode')}CountryCode" if state else None,
        "picklistValues": [{"active": True, "defaultValue": d, "label": text, "validFor": only, "value": v} for v, text, d, only in entries],
        **_size(field),
        **_UNUSED,
    }


def _size(field: Field) -> dict[str, Any]:
    text = field.type in STRING_TYPES
    precision, scale = field.size
    return {
        "soapType": _SOAP.get(field.type, "xsd:string"),
        "length": field.length,
        "byteLength": field.length * 3 if text else field.length,
        "precision": precision,
        "scale": scale,
        "digits": INT_DIGITS if field.type == "int" else 0,
        "extraTypeInfo": "plaintextarea" if field.type == "textarea" else None,
    }


def _uses(obj: SObject, field: Field) -> dict[str, bool]:
    """Return what a query may do with a field."""
    countable = field.filterable and field.type not in ("boolean", "multipicklist") and field.length <= _LONG
    return {
        "filterable": field.filterable,
        "sortable": field.filterable and field.type != "multipicklist",
        "groupable": field.filterable and field.type not in ("multipicklist", "datetime", "double", "currency", "percent"),
        "aggregatable": countable,
        "searchPrefilterable": field.type == "reference" and obj.writable,
        "queryByDistance": field.type == "address",
    }


_UNUSED: dict[str, Any] = {
    "aiPredictionField": False,
    "autoNumber": False,
    "calculated": False,
    "calculatedFormula": None,
    "cascadeDelete": False,
    "deprecatedAndHidden": False,
    "displayLocationInDecimal": False,
    "encrypted": False,
    "filteredLookupInfo": None,
    "formulaTreatNullNumberAsZero": False,
    "highScaleNumber": False,
    "htmlFormatted": False,
    "inlineHelpText": None,
    "mask": None,
    "maskType": None,
    "referenceTargetField": None,
    "relationshipOrder": None,
    "restrictedDelete": False,
    "writeRequiresMasterRead": False,
}
"""What no field of the sandbox has."""
