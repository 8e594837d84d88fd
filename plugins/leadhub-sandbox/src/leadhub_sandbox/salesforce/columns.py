"""What `columns=true` tells of a query in place of its rows: Salesforce's own command line client asks for it with every query.

After the type QueryResultMetadata of the Tooling API; no page of the REST guide has it.
"""

from typing import Any

from leadhub_sandbox.salesforce.filters import resolve
from leadhub_sandbox.salesforce.org import Org
from leadhub_sandbox.salesforce.schema import Field, SObject

_NUMBERS = ("int", "double", "currency")
_APEX = {"id": "Id", "reference": "Id", "boolean": "Boolean", "int": "Integer", "double": "Double", "currency": "Decimal", "date": "Date"}
_APEX |= {"datetime": "Datetime", "address": "Address"}


def metadata(org: Org, obj: SObject, paths: list[str]) -> dict[str, Any]:
    """Return the columns of a query, those of a relationship below its name; raises INVALID_FIELD."""
    columns: dict[str, dict[str, Any]] = {}
    for path in paths:
        field, _ = resolve(org, obj, path)
        head, _, rest = path.partition(".")
        if rest and head.lower() != obj.name.lower():
            columns.setdefault(head, _column(head, None))["joinColumns"].append(_column(rest, field))
        else:
            columns[field.name] = _column(field.name, field)
    shown = {"columnMetadata": list(columns.values()), "entityName": obj.name, "groupBy": False}
    return shown | {"idSelected": "Id" in columns, "keyPrefix": obj.prefix}


def _column(name: str, field: Field | None) -> dict[str, Any]:
    kind = field.type if field else ""
    return {
        "aggregate": False,
        "apexType": _APEX.get(kind, "String") if field else None,
        "booleanType": kind == "boolean",
        "columnName": name,
        "custom": name.endswith("__c"),
        "displayName": name,
        "foreignKeyName": field.relationship if field else name,
        "insertable": bool(field and field.createable),
        "joinColumns": [],
        "numberType": kind in _NUMBERS,
        "textType": field is not None and _APEX.get(kind) in (None, "Id"),
        "updatable": bool(field and field.updateable),
    }
