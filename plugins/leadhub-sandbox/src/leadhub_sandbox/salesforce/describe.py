"""An object's public description, as /sobjects and /sobjects/{name}/describe give it."""

from typing import Any

from leadhub_sandbox.salesforce.objects import LEAD, OBJECTS
from leadhub_sandbox.salesforce.org import Org
from leadhub_sandbox.salesforce.schema import STRING_TYPES, Field, SObject

_XSD = {"id": "tns:ID", "reference": "tns:ID", "boolean": "xsd:boolean", "int": "xsd:int", "double": "xsd:double", "currency": "xsd:double"}
_XSD |= {"date": "xsd:date", "datetime": "xsd:dateTime", "address": "urn:address", "anyType": "xsd:anyType"}


def _label(name: str) -> str:
    """Return a label: words apart, without the mark of a custom field."""
    words = name.removesuffix("__c").replace("_", " ")
    return "".join(f" {c}" if i and c.isupper() and words[i - 1].islower() else c for i, c in enumerate(words))


def _values(org: Org, obj: SObject, field: Field) -> list[dict[str, Any]]:
    if obj is LEAD and field.name == "Status":
        entries = [(s["ApiName"], s["MasterLabel"], s["IsDefault"]) for s in sorted(org.settings.statuses, key=lambda s: s["SortOrder"])]
    else:
        entries = [(v, v, v == field.default) for v in field.values]
    return [{"active": True, "defaultValue": d, "label": label, "validFor": None, "value": v} for v, label, d in entries]


def _defaulted(obj: SObject, field: Field) -> bool:
    return field.createable and (field.type == "boolean" or field.name == "OwnerId" or (obj is LEAD and field.name == "Status"))


def describe_field(org: Org, obj: SObject, field: Field) -> dict[str, Any]:
    """Return one field's entry."""
    text = field.type in STRING_TYPES or field.type in ("id", "reference")
    picklist = field.type in ("picklist", "multipicklist")
    number = field.type in ("double", "currency")
    always = field.name in ("Id", "OwnerId", "Status", "CreatedById", "CreatedDate", "LastModifiedById", "LastModifiedDate", "SystemModstamp")
    return {
        "name": field.name,
        "label": _label(field.name),
        "type": field.type,
        "soapType": _XSD.get(field.type, "xsd:string"),
        "length": field.length,
        "byteLength": field.length * 3 if text else 0,
        "precision": 18 if number else 0,
        "scale": 2 if number else 0,
        "digits": 8 if field.type == "int" else 0,
        "nillable": field.nillable and not always,
        "createable": field.createable and obj.writable,
        "updateable": field.updateable and obj.writable,
        "defaultedOnCreate": _defaulted(obj, field) or (always and not field.createable),
        "defaultValue": field.default,
        "unique": field.unique,
        "externalId": field.external_id,
        "idLookup": field.type == "id" or field.external_id,
        "caseSensitive": False,
        "custom": field.name.endswith("__c"),
        "calculated": False,
        "compoundFieldName": field.compound,
        "filterable": field.filterable,
        "sortable": field.filterable and field.type != "multipicklist",
        "groupable": field.filterable and field.type not in ("multipicklist", "datetime", "double", "currency"),
        "nameField": field.name == "Name",
        "permissionable": field.createable and not field.required,
        "polymorphicForeignKey": len(field.references) > 1,
        "referenceTo": list(field.references),
        "relationshipName": field.relationship,
        "restrictedPicklist": field.restricted,
        "dependentPicklist": False,
        "picklistValues": _values(org, obj, field) if picklist else [],
        "inlineHelpText": None,
        "deprecatedAndHidden": False,
    }


def summary(obj: SObject, version: str) -> dict[str, Any]:
    """Return an object's entry in the global description."""
    path = f"/services/data/{version}/sobjects/{obj.name}"
    return {
        "name": obj.name,
        "label": _label(obj.name),
        "labelPlural": obj.plural,
        "keyPrefix": obj.prefix,
        "custom": False,
        "createable": obj.writable,
        "updateable": obj.writable,
        "deletable": obj.writable,
        "undeletable": obj.writable,
        "mergeable": "MasterRecordId" in obj.fields,
        "queryable": True,
        "retrieveable": True,
        "replicateable": True,
        "searchable": obj.writable,
        "layoutable": obj.writable,
        "triggerable": obj.writable,
        "feedEnabled": False,
        "activateable": False,
        "customSetting": False,
        "deprecatedAndHidden": False,
        "urls": {"sobject": path, "describe": f"{path}/describe", "rowTemplate": f"{path}/{{ID}}"},
    }


def describe_global(org: Org, version: str) -> dict[str, Any]:
    """Return the answer of /sobjects."""
    shown = (obj for obj in OBJECTS.values() if org.shows(obj))
    return {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": [summary(obj, version) for obj in shown]}


def describe_object(org: Org, obj: SObject, version: str) -> dict[str, Any]:
    """Return the answer of /sobjects/{name}/describe; hidden fields are absent."""
    hidden = org.hidden(obj)
    fields = [describe_field(org, obj, f) for f in obj.fields.values() if f.name not in hidden]
    return summary(obj, version) | {"fields": fields, "childRelationships": [], "recordTypeInfos": []}
