# ruff: noqa: ARG002 - the router calls every handler alike, with the request and the names in its path
"""Records one by one: list, get, create, update, archive, merge. Batches and search are elsewhere."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from leadhub_sandbox.http import Request, Response
from leadhub_sandbox.hubspot.account import API_SOURCE, Account
from leadhub_sandbox.hubspot.errors import invalid, not_found
from leadhub_sandbox.hubspot.objects import Objects
from leadhub_sandbox.hubspot.schema import is_address
from leadhub_sandbox.hubspot.store import Record, Source
from leadhub_sandbox.hubspot.views import Views, is_true, names_of, number_of
from leadhub_sandbox.hubspot.writes import Writer

PAGE, MAX_PAGE, MAX_PAGE_WITH_HISTORY = 10, 100, 50


class RecordHandlers:
    """The endpoints below /objects/{type} that take one record or list them."""

    def __init__(self, account: Account, objects: Objects, writer: Writer, views: Views) -> None:
        self._account = account
        self._objects = objects
        self._writer = writer
        self._views = views

    def list(self, request: Request, version: str) -> Response:
        """GET …/objects/{type}: in order of id, live or archived, a page at a time."""
        asked, history = names_of(request, "properties"), names_of(request, "propertiesWithHistory")
        limit = number_of(request.param("limit"), PAGE, MAX_PAGE_WITH_HISTORY if history else MAX_PAGE)
        archived = is_true(request, "archived")
        page: list[Record] = []
        more = False
        for record in self._objects.store.after(_last_id(request.param("after"))):
            if (record.archived_ms is not None) != archived:
                continue
            if len(page) == limit:
                more = True
                break
            page.append(record)
        ends = self._views.ends_of(names_of(request, "associations"))
        body: dict[str, Any] = {"results": [self._views.read(record, asked, history, ends) for record in page]}
        if more:
            body["paging"] = {"next": _next_page(request, page[-1].id)}
        return Response(body=body)

    def get(self, request: Request, version: str, record_id: str) -> Response:
        """GET …/objects/{type}/{id}: by id, by an id that was merged away, or by a unique property with idProperty."""
        record = self._find(request, record_id, archived=is_true(request, "archived"))
        asked, history = names_of(request, "properties"), names_of(request, "propertiesWithHistory")
        return Response(body=self._views.read(record, asked, history, self._views.ends_of(names_of(request, "associations"))))

    def create(self, request: Request, version: str) -> Response:
        """POST …/objects/{type}."""
        body = body_of(request)
        change = self._writer.prepare(None, body.get("properties"), API_SOURCE, version, associations=body.get("associations"))
        record = self._writer.commit(change)
        return Response(201, self._views.written(record, body["properties"], created=True))

    def update(self, request: Request, version: str, record_id: str) -> Response:
        """PATCH …/objects/{type}/{id}."""
        record = self._find(request, record_id, archived=False)
        if str(record.id) != record_id and not request.param("idProperty"):
            self._require_write_through(record_id)
        body = body_of(request)
        self._writer.commit(self._writer.prepare(record, body.get("properties"), API_SOURCE, version))
        return Response(body=self._views.written(record, body["properties"], created=False))

    def archive(self, request: Request, version: str, record_id: str) -> Response:
        """DELETE …/objects/{type}/{id}: 204, also when there is nothing to archive."""
        record = self._objects.store.get(record_id)
        if record is not None:
            self._writer.archive(record, API_SOURCE)
        return Response(204)

    def merge(self, request: Request, version: str) -> Response:
        """POST …/objects/{type}/merge."""
        if not self._objects.type.merges:
            raise not_found(f"{self._objects.type.name} cannot be merged.")
        body = body_of(request)
        pair = []
        for name in ("primaryObjectId", "objectIdToMerge"):
            record = self._objects.store.get(str(body.get(name, "")))
            if record is None or record.archived_ms is not None:
                raise not_found(f"{name} is no {self._objects.type.singular}.", [str(body.get(name))])
            pair.append(record)
        survivor = self._writer.merge(pair[0], pair[1], API_SOURCE)
        return Response(body=self._views.read(survivor, survivor.values))

    def purge(self, request: Request, version: str) -> Response:
        """POST …/objects/{type}/gdpr-delete: by id, or by e-mail; an address that no contact has is blocked instead."""
        if not self._objects.type.merges:
            raise not_found(f"{self._objects.type.name} have no privacy deletion.")
        body = body_of(request)
        named, id_property = body.get("objectId"), body.get("idProperty")
        if not isinstance(named, str) or not named or id_property not in (None, "email"):
            raise invalid("A privacy deletion needs objectId, and idProperty can only be email.")
        purge(self._account, self._objects, self._writer, named, API_SOURCE, by_email=id_property == "email")
        return Response(204)

    def _require_write_through(self, record_id: str) -> None:
        if not self._account.settings.write_through_merged:
            raise not_found("resource not found", [record_id])

    def _find(self, request: Request, record_id: str, *, archived: bool) -> Record:
        record = find_record(self._objects, record_id, request.param("idProperty"))
        if record is None or (record.archived_ms is not None) != archived:
            raise not_found("resource not found", [record_id])
        return record


def purge(account: Account, objects: Objects, writer: Writer, named: str, source: Source, *, by_email: bool) -> None:
    """Purge the contact with this id or address, an archived one too. Raises ApiError 404 for an id that no contact has."""
    address = named.strip().lower()
    if by_email:
        if not is_address(address):
            raise invalid(f"Email address {named} is invalid")
        record = objects.store.find("email", address) or next((one for one in objects.store.after(0) if address in one.emails()), None)
    else:
        record = objects.store.get(named)
    if record is not None:
        writer.purge(record, source)
    elif by_email:
        account.purged[address] = False
    else:
        raise not_found("resource not found", [named])


def find_record(objects: Objects, record_id: str, id_property: object) -> Record | None:
    """Return the record with this id or unique value. Raises ApiError 400 for a property that is not unique."""
    if not id_property or id_property == "hs_object_id":
        return objects.store.get(record_id)
    name = str(id_property)
    require_unique(objects, name)
    return objects.store.find(name, record_id)


def require_unique(objects: Objects, id_property: str) -> None:
    """Raise ApiError 400 unless a property identifies records."""
    known = objects.schema.properties.get(id_property)
    if known is None or not known.unique:
        raise invalid(f"idProperty {id_property} is not a unique property of {objects.type.name}.", idProperty=[id_property])


def body_of(request: Request) -> dict[str, Any]:
    """Return the JSON object of a request. Raises ApiError 400 for anything else."""
    try:
        body = request.json()
    except ValueError as error:
        raise invalid("Invalid input JSON: the body cannot be parsed.") from error
    if not isinstance(body, dict):
        raise invalid("Invalid input JSON: the body must be an object.")
    return body


def names_in(body: Mapping[str, Any], key: str) -> list[str]:
    """Return the property names that a body lists under `key`. Raises ApiError 400 for anything but a list."""
    names = body.get(key) or []
    if not isinstance(names, list):
        raise invalid(f"Invalid input JSON: {key} must be a list of names.")
    return [str(name) for name in names]


def _last_id(after: str | None) -> int:
    if not after:
        return 0
    try:
        return int(base64.urlsafe_b64decode(after).decode().removeprefix("id:"))
    except (binascii.Error, ValueError) as error:
        raise invalid("after is not a cursor of this list.") from error


def _next_page(request: Request, last_id: int) -> dict[str, str]:
    """Return the cursor, which is encoded so that no client comes to compute with it, and the link that uses it."""
    after = base64.urlsafe_b64encode(f"id:{last_id}".encode()).decode()
    query = {name: values for name, values in request.query.items() if name != "after"} | {"after": [after]}
    path = request.raw_target.partition("?")[0]
    return {"after": after, "link": f"http://{request.headers.get('host', '')}{path}?{urlencode(query, doseq=True)}"}
