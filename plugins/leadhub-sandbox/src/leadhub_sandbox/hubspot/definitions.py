# ruff: noqa: ARG002 - the router calls every handler alike, with the request and the names in its path
"""The definitions of one type of object: its properties, which can be made, changed and archived, and its pipelines."""

import re
from collections.abc import Mapping
from typing import Any

from leadhub_sandbox.http import Request, Response
from leadhub_sandbox.hubspot.catalog import PIPELINE_ID
from leadhub_sandbox.hubspot.errors import ApiError, invalid, not_found
from leadhub_sandbox.hubspot.objects import CONTACTS, Objects
from leadhub_sandbox.hubspot.pipelines import Pipeline, Stage
from leadhub_sandbox.hubspot.records import body_of
from leadhub_sandbox.hubspot.schema import MAX_UNIQUE, Property
from leadhub_sandbox.hubspot.views import is_true

_NAME = re.compile(r"[a-z][a-z0-9_]*")
# The field types that go with each type (HubSpot's "Properties" guide); the calculated ones cannot be made here.
_FIELD_TYPES = {
    "string": ("text", "textarea", "phonenumber", "html", "file"),
    "number": ("number",),
    "date": ("date",),
    "datetime": ("date",),
    "enumeration": ("select", "radio", "checkbox", "booleancheckbox"),
    "bool": ("booleancheckbox",),
    "phone_number": ("phonenumber",),
}


class DefinitionHandlers:
    """The endpoints that tell what the records of a type are like."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def list_properties(self, request: Request, version: str) -> Response:
        """GET …/properties/{type}: the live ones, or the archived ones."""
        return Response(body={"results": [entry.describe() for entry in self._asked(request).values()]})

    def get_property(self, request: Request, version: str, name: str) -> Response:
        """GET …/properties/{type}/{name}."""
        return Response(body=_known(self._asked(request), name).describe())

    def create_property(self, request: Request, version: str) -> Response:
        """POST …/properties/{type}."""
        body = body_of(request)
        schema = self._objects.schema
        for key in ("name", "label", "type", "fieldType", "groupName"):
            if not isinstance(body.get(key), str) or not body[key]:
                raise invalid(f"A property needs {key}.", propertyName=[str(body.get("name", ""))])
        if not _NAME.fullmatch(body["name"]):
            raise invalid("A property's name is lower-case letters, digits and underscores, and begins with a letter.")
        if body["name"] in schema.properties or body["name"] in schema.archived:
            raise ApiError(409, "CONFLICT", f"A property named {body['name']} already exists.")
        unique = bool(body.get("hasUniqueValue"))
        if unique and len(schema.unique_names()) >= MAX_UNIQUE:
            raise invalid(f"An object takes at most {MAX_UNIQUE} properties with unique values.")
        made = Property(body["name"], body["label"], unique=unique, hubspot_defined=False)
        self._define(made, body)
        schema.properties[made.name] = made
        if made.type == "enumeration":
            schema.set_options(made.name, body["options"])
        return Response(201, made.describe())

    def update_property(self, request: Request, version: str, name: str) -> Response:
        """PATCH …/properties/{type}/{name}: what the definition's modificationMetadata allows."""
        known, body = _known(self._objects.schema.properties, name), body_of(request)
        fixed = [key for key in ("name", "hasUniqueValue") if key in body and body[key] != known.describe()[key]]
        if fixed:
            raise invalid(f"{fixed[0]} of a property cannot be changed.", propertyName=[name])
        if known.hubspot_defined and body.keys() - {"options"}:
            raise invalid(f"The definition of {name} is read only.", propertyName=[name])
        if "options" in body and (known.external_options or known.type != "enumeration" or known.read_only):
            raise invalid(f"The options of {name} are read only.", propertyName=[name])
        self._define(known, known.describe() | body)
        if "options" in body:
            self._objects.schema.set_options(name, body["options"])
        return Response(body=known.describe())

    def archive_property(self, request: Request, version: str, name: str) -> Response:
        """DELETE …/properties/{type}/{name}: only of the account's own."""
        if _known(self._objects.schema.properties, name).hubspot_defined:
            raise invalid(f"{name} is HubSpot's own and cannot be archived.", propertyName=[name])
        self._objects.schema.archive(name)
        return Response(204)

    def _asked(self, request: Request) -> dict[str, Property]:
        return self._objects.schema.archived if is_true(request, "archived") else self._objects.schema.properties

    def _define(self, known: Property, form: Mapping[str, Any]) -> None:
        """Give a property the definition of a form. Raises ApiError 400 for one that does not fit together; then nothing is changed."""
        kind, field_type, group, choices = form["type"], form["fieldType"], form["groupName"], form.get("options")
        if kind not in _FIELD_TYPES:
            raise invalid(f"{kind} is not a type of property: {', '.join(_FIELD_TYPES)}.")
        if known.hubspot_defined is False and field_type not in _FIELD_TYPES[kind]:
            raise invalid(f"A property of type {kind} has one of the field types {', '.join(_FIELD_TYPES[kind])}.")
        if group not in {entry.group for entry in self._objects.schema.properties.values()}:
            raise invalid(f"There is no group {group} of properties of {self._objects.type.name}.")
        if kind == "enumeration" and not known.external_options:
            _require_options(choices)
        known.label, known.type, known.field_type, known.group = str(form["label"]), kind, field_type, group
        known.hidden, known.description = bool(form.get("hidden")), str(form.get("description") or "")

    def list_pipelines(self, request: Request, version: str) -> Response:
        """GET …/pipelines/{type}: for contacts the one whose stages are the life cycle's."""
        return Response(body={"results": [entry.describe(at) for at, entry in enumerate(self._pipelines())]})

    def get_pipeline(self, request: Request, version: str, pipeline_id: str) -> Response:
        """GET …/pipelines/{type}/{id}."""
        at, found = self._pipeline(pipeline_id)
        return Response(body=found.describe(at))

    def list_stages(self, request: Request, version: str, pipeline_id: str) -> Response:
        """GET …/pipelines/{type}/{id}/stages."""
        at, found = self._pipeline(pipeline_id)
        return Response(body={"results": found.describe(at)["stages"]})

    def _pipeline(self, pipeline_id: str) -> tuple[int, Pipeline]:
        found = next(((at, entry) for at, entry in enumerate(self._pipelines()) if entry.id == pipeline_id), None)
        if found is None:
            raise not_found(f"There is no pipeline {pipeline_id}.", [pipeline_id])
        return found

    def _pipelines(self) -> list[Pipeline]:
        if self._objects.type is not CONTACTS:
            return self._objects.pipelines
        stages = tuple(Stage(option.value, option.label) for option in self._objects.schema.stages())
        return [Pipeline(PIPELINE_ID, "Lifecycle Stage Pipeline", stages)]


def _known(properties: Mapping[str, Property], name: str) -> Property:
    known = properties.get(name)
    if known is None:
        raise not_found(f"There is no property {name}.", [name])
    return known


def _require_options(choices: object) -> None:
    """Raise ApiError 400 unless these are options: a value and a label each, no value twice."""
    if not isinstance(choices, list) or not choices:
        raise invalid("An enumeration needs options.")
    if not all(isinstance(entry, dict) and str(entry.get("value", "")) and str(entry.get("label", "")) for entry in choices):
        raise invalid("An option needs a label and a value.")
    values = [str(entry["value"]) for entry in choices]
    if len(set(values)) < len(values):
        raise invalid("Two options have one and the same value.")
