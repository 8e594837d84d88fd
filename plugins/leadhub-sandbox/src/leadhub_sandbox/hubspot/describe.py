# ruff: noqa: ARG002 - the router calls every handler alike, with the request and the names in its path
"""What describes the account: properties, the life cycle's pipeline, owners, account details. Only properties can be added."""

import re
from typing import Any

from leadhub_sandbox.http import Request, Response
from leadhub_sandbox.hubspot.account import Account
from leadhub_sandbox.hubspot.catalog import PIPELINE_ID
from leadhub_sandbox.hubspot.contacts import body_of
from leadhub_sandbox.hubspot.errors import ApiError, invalid, not_found
from leadhub_sandbox.hubspot.schema import MAX_UNIQUE, Property
from leadhub_sandbox.hubspot.views import is_true, number_of

LARGEST_AFTER = 1_000_000
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


class DescribeHandlers:
    """The endpoints that tell what the account is like."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def list_properties(self, request: Request, version: str) -> Response:
        """GET …/properties/contacts."""
        return Response(body={"results": [entry.describe() for entry in self._account.schema.properties.values()]})

    def get_property(self, request: Request, version: str, name: str) -> Response:
        """GET …/properties/contacts/{name}."""
        known = self._account.schema.properties.get(name)
        if known is None:
            raise not_found(f"There is no property {name}.", [name])
        return Response(body=known.describe())

    def create_property(self, request: Request, version: str) -> Response:
        """POST …/properties/contacts."""
        body = body_of(request)
        schema = self._account.schema
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
        """GET …/pipelines/contacts: the one pipeline, whose stages are the life cycle's."""
        return Response(body={"results": [self._pipeline()]})

    def get_pipeline(self, request: Request, version: str, pipeline_id: str) -> Response:
        """GET …/pipelines/contacts/{id}."""
        if pipeline_id != PIPELINE_ID:
            raise not_found(f"There is no pipeline {pipeline_id}.", [pipeline_id])
        return Response(body=self._pipeline())

    def _pipeline(self) -> dict[str, Any]:
        made = {"createdAt": "2026-01-05T09:00:00.000Z", "updatedAt": "2026-01-05T09:00:00.000Z", "archived": False}
        stages = [
            {"id": option.value, "label": option.label, "displayOrder": at, "metadata": {}, **made}
            for at, option in enumerate(self._account.schema.stages())
        ]
        return {"id": PIPELINE_ID, "label": "Lifecycle Stage Pipeline", "displayOrder": 0, "stages": stages, **made}

    def list_owners(self, request: Request, version: str) -> Response:
        """GET …/owners: the active ones or the archived ones, by e-mail if asked, a page at a time."""
        limit, archived, email = number_of(request.param("limit"), 100, 500), is_true(request, "archived"), request.param("email")
        after = number_of(request.param("after"), 0, LARGEST_AFTER, "after")
        found = [entry for entry in self._account.owners if entry["archived"] is archived and email in (None, entry["email"])]
        body: dict[str, Any] = {"results": found[after : after + limit]}
        if after + limit < len(found):
            body["paging"] = {"next": {"after": str(after + limit)}}
        return Response(body=body)

    def get_owner(self, request: Request, version: str, owner_id: str) -> Response:
        """GET …/owners/{id}: an active one, or with archived an archived one."""
        archived = is_true(request, "archived")
        owner = next((entry for entry in self._account.owners if entry["id"] == owner_id and entry["archived"] is archived), None)
        if owner is None:
            raise not_found(f"There is no owner {owner_id}.", [owner_id])
        return Response(body=owner)

    def account_details(self, request: Request, version: str) -> Response:
        """GET …/account-info/…/details: which account this is, and whether it is a real one."""
        settings = self._account.settings
        hours = settings.utc_offset_hours
        body = {
            "portalId": self._account.portal_id,
            "accountType": settings.account_type,
            "timeZone": settings.time_zone,
            "companyCurrency": "USD",
            "additionalCurrencies": [],
            "utcOffset": f"{'-' if hours < 0 else '+'}{abs(hours):02}:00",
            "utcOffsetMilliseconds": hours * 3_600_000,
            "uiDomain": settings.ui_domain,
            "dataHostingLocation": "na1",
        }
        return Response(body=body)
