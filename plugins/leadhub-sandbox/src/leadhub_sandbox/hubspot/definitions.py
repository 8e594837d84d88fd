# ruff: noqa: ARG002 - the router calls every handler alike, with the request and the names in its path
"""The definitions of one type of object: its properties and its pipelines. Only properties can be added."""

import re

from leadhub_sandbox.http import Request, Response
from leadhub_sandbox.hubspot.catalog import PIPELINE_ID
from leadhub_sandbox.hubspot.errors import ApiError, invalid, not_found
from leadhub_sandbox.hubspot.objects import CONTACTS, Objects
from leadhub_sandbox.hubspot.pipelines import Pipeline, Stage
from leadhub_sandbox.hubspot.records import body_of
from leadhub_sandbox.hubspot.schema import MAX_UNIQUE, Property

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
        """GET …/properties/{type}."""
        return Response(body={"results": [entry.describe() for entry in self._objects.schema.properties.values()]})

    def get_property(self, request: Request, version: str, name: str) -> Response:
        """GET …/properties/{type}/{name}."""
        known = self._objects.schema.properties.get(name)
        if known is None:
            raise not_found(f"There is no property {name}.", [name])
        return Response(body=known.describe())

    def create_property(self, request: Request, version: str) -> Response:
        """POST …/properties/{type}."""
        body = body_of(request)
        schema = self._objects.schema
        for key in ("name", "label", "type", "fieldType", "groupName"):
            if not isinstance(body.get(key), str) or not body[key]:
                raise invalid(f"A property needs {key}.", propertyName=[str(body.get("name", ""))])
        if body["type"] not in _FIELD_TYPES:
            raise invalid(f"{body['type']} is not a type of property: {', '.join(_FIELD_TYPES)}.")
        if body["fieldType"] not in _FIELD_TYPES[body["type"]]:
            raise invalid(f"A property of type {body['type']} has one of the field types {', '.join(_FIELD_TYPES[body['type']])}.")
        if not _NAME.fullmatch(body["name"]):
            raise invalid("A property's name is lower-case letters, digits and underscores, and begins with a letter.")
        if body["type"] == "enumeration" and not body.get("options"):
            raise invalid("An enumeration needs options.")
        if body["name"] in schema.properties:
            raise ApiError(409, "CONFLICT", f"A property named {body['name']} already exists.")
        unique = bool(body.get("hasUniqueValue"))
        if unique and len(schema.unique_names()) >= MAX_UNIQUE:
            raise invalid(f"An object takes at most {MAX_UNIQUE} properties with unique values.")
        made = Property(body["name"], body["label"], body["type"], body["fieldType"], body["groupName"])
        made.unique, made.hubspot_defined, made.hidden = unique, False, bool(body.get("hidden"))
        schema.properties[made.name] = made
        if made.type == "enumeration":
            schema.set_options(made.name, body.get("options") or [])
        return Response(201, made.describe())

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
