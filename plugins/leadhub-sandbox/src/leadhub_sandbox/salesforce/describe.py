"""An object's public description, as /sobjects and /sobjects/{name}/describe give it. Its fields are in `describe_fields`."""

from typing import Any

from leadhub_sandbox.salesforce.describe_fields import describe_field, label
from leadhub_sandbox.salesforce.features import MASTER, default_type, record_types
from leadhub_sandbox.salesforce.objects import OBJECTS
from leadhub_sandbox.salesforce.org import Org
from leadhub_sandbox.salesforce.schema import SObject

_CHILDREN = {
    ("Contact", "AccountId"): "Contacts",
    ("Opportunity", "AccountId"): "Opportunities",
    ("OpportunityContactRole", "OpportunityId"): "OpportunityContactRoles",
    ("OpportunityContactRole", "ContactId"): "OpportunityContactRoles",
    ("LeadHistory", "LeadId"): "Histories",
    ("ContactHistory", "ContactId"): "Histories",
}
"""The names of the relationships from a parent to its children; others have none."""


def _urls(obj: SObject, version: str) -> dict[str, str]:
    path = f"/services/data/{version}/sobjects/{obj.name}"
    found = {"sobject": path, "describe": f"{path}/describe", "rowTemplate": f"{path}/{{ID}}"}
    if obj.writable:
        found |= {"layouts": f"{path}/describe/layouts", "compactLayouts": f"{path}/describe/compactLayouts"}
        found |= {"approvalLayouts": f"{path}/describe/approvalLayouts", "listviews": f"{path}/listviews", "quickActions": f"{path}/quickActions"}
    return found


def summary(obj: SObject, version: str) -> dict[str, Any]:
    """Return an object's entry in the global description."""
    return {
        "activateable": False,
        "associateEntityType": "History" if obj.name.endswith("History") else None,
        "associateParentEntity": obj.name.removesuffix("History") if obj.name.endswith("History") else None,
        "createable": obj.writable,
        "custom": False,
        "customSetting": False,
        "deepCloneable": False,
        "deletable": obj.writable,
        "deprecatedAndHidden": False,
        "feedEnabled": False,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": obj.prefix,
        "label": label(obj.name),
        "labelPlural": obj.plural,
        "layoutable": obj.writable,
        "mergeable": "MasterRecordId" in obj.fields,
        "mruEnabled": obj.writable,
        "name": obj.name,
        "queryable": True,
        "replicateable": True,
        "retrieveable": True,
        "searchable": obj.writable,
        "triggerable": obj.writable,
        "undeletable": obj.writable,
        "updateable": obj.writable,
        "urls": _urls(obj, version),
    }


def describe_global(org: Org, version: str) -> dict[str, Any]:
    """Return the answer of /sobjects."""
    shown = (obj for obj in OBJECTS.values() if org.shows(obj))
    return {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": [summary(obj, version) for obj in shown]}


def describe_object(org: Org, obj: SObject, version: str) -> dict[str, Any]:
    """Return the answer of /sobjects/{name}/describe; hidden fields are absent."""
    hidden = org.hidden(obj)
    scopes = [("All", "everything"), *([("My", "mine")] if "OwnerId" in obj.fields else [])]
    more = {
        "actionOverrides": [],
        "childRelationships": _children(org, obj),
        "compactLayoutable": obj.writable,
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": [describe_field(org, obj, f) for f in obj.fields.values() if f.name not in hidden],
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": _record_type_infos(org, obj, version) if obj.writable else [],
        "searchLayoutable": obj.writable,
        "sobjectDescribeOption": "FULL",
        "supportedScopes": [{"label": f"{whose} {obj.plural.lower()}", "name": scope} for whose, scope in scopes],
    }
    return summary(obj, version) | more


def _children(org: Org, obj: SObject) -> list[dict[str, Any]]:
    """Return the references of other objects to this one."""
    return [
        {
            "cascadeDelete": (child.name, field.name) in _CHILDREN,
            "childSObject": child.name,
            "deprecatedAndHidden": False,
            "field": field.name,
            "junctionIdListNames": [],
            "junctionReferenceTo": [],
            "relationshipName": _CHILDREN.get((child.name, field.name)),
            "restrictedDelete": False,
        }
        for child in OBJECTS.values()
        if org.shows(child)
        for field in child.fields.values()
        if obj.name in field.references and field.name not in org.hidden(child)
    ]


def _record_type_infos(org: Org, obj: SObject, version: str) -> list[dict[str, Any]]:
    """Return the record types of an object; the last is Master, the one of a record that has none."""
    default = default_type(org, obj) if "RecordTypeId" in obj.fields else None
    found = record_types(org, obj) if "RecordTypeId" in obj.fields else []
    kinds = [(str(r["Id"]), str(r["Name"]), str(r["DeveloperName"]), bool(r["IsActive"]), bool(k.get("available", True))) for r, k in found]
    return [
        {
            "active": active,
            "available": active and available,
            "defaultRecordTypeMapping": row_id == (default or MASTER),
            "developerName": developer_name,
            "master": row_id == MASTER,
            "name": name,
            "recordTypeId": row_id,
            "urls": {"layout": f"/services/data/{version}/sobjects/{obj.name}/describe/layouts/{row_id}"},
        }
        for row_id, name, developer_name, active, available in [*kinds, (MASTER, "Master", "Master", True, True)]
    ]
