"""The REST resources: what each path answers. The rules are elsewhere; here they meet HTTP."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from leadhub_sandbox.http import Request, Response, Router
from leadhub_sandbox.salesforce import ids, replication
from leadhub_sandbox.salesforce.auth import base
from leadhub_sandbox.salesforce.describe import describe_global, describe_object, summary
from leadhub_sandbox.salesforce.errors import ApiError, id_given, no_such_column, not_found
from leadhub_sandbox.salesforce.objects import find_object
from leadhub_sandbox.salesforce.org import Actor, Org
from leadhub_sandbox.salesforce.query import Queries, attributes, field_value
from leadhub_sandbox.salesforce.records import AUTO, Records
from leadhub_sandbox.salesforce.schema import Row, SObject
from leadhub_sandbox.salesforce.sobject_collections import MAX_READ, Collections, external_key
from leadhub_sandbox.salesforce.times import parse_instant
from leadhub_sandbox.salesforce.usage import Usage

OLDEST, NEWEST = 31, 68
UPSERT_TELLS = 46
"""From this version on an upsert that changed a record says so in a body."""
_LOOKS_LIKE_A_FILE = re.compile(r"\.[A-Za-z]{2,4}$")
_SEASONS = ("Spring", "Summer", "Winter")


def versions() -> list[dict[str, str]]:
    """Return the API versions of the org, oldest first: three a year, v31.0 being Summer '14."""
    found = []
    for number in range(OLDEST, NEWEST + 1):
        year, season = divmod(number - 30, 3)
        label = f"{_SEASONS[season]} '{14 + year + (season == 2)}"
        found.append({"label": label, "url": f"/services/data/v{number}.0", "version": f"{number}.0"})
    return found


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated call of the data API: the request, its version (`v62.0`) and whose it is."""

    request: Request
    version: str
    actor: Actor

    def body(self) -> Any:
        """Return the JSON body; raises 415 for another type and JSON_PARSER_ERROR for what is not JSON."""
        kind = self.request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", f"Content type '{kind}' is not supported")
        try:
            return self.request.json()
        except (json.JSONDecodeError, UnicodeDecodeError) as problem:
            raise ApiError(400, "JSON_PARSER_ERROR", f"The JSON could not be read: {problem}") from None

    def record(self) -> dict[str, Any]:
        """Return the JSON body as one record."""
        body = self.body()
        if not isinstance(body, dict):
            raise ApiError(400, "JSON_PARSER_ERROR", "The request body must be an object")
        return body

    def assign(self) -> str:
        """Return what Sforce-Auto-Assign says; without the header it is TRUE."""
        return self.request.headers.get("sforce-auto-assign", AUTO).strip()

    def since(self, header: str) -> datetime | None:
        """Return a conditional header's instant; raises 400 for one that cannot be read."""
        text = self.request.headers.get(header)
        try:
            found = parsedate_to_datetime(text) if text else None
        except (ValueError, OverflowError):
            raise ApiError(400, "INVALID_HEADER", f"The {header} header is not an HTTP date: {text}") from None
        return found.replace(tzinfo=UTC) if found and found.tzinfo is None else found


@dataclass(slots=True)
class Rest:
    """The handlers of /services/data/vXX.0/…; each takes a `Call` and the path's names."""

    org: Org
    records: Records
    queries: Queries
    usage: Usage

    def routes(self) -> Router:
        """Return the router of the paths below a version."""
        router = Router()
        listed: list[tuple[str, str, Callable[..., Response]]] = [
            ("GET", "/", self.resources),
            ("GET", "/limits", self.limits),
            ("GET", "/query", self.query),
            ("GET", "/query/{locator}", self.query_more),
            ("GET", "/queryAll", self.query_all),
            ("GET", "/queryAll/{locator}", self.query_more),
            ("POST", "/composite/sobjects", self.collection_create),
            ("PATCH", "/composite/sobjects", self.collection_update),
            ("DELETE", "/composite/sobjects", self.collection_delete),
            ("POST", "/composite/sobjects/{name}", self.collection_read),
            ("GET", "/composite/sobjects/{name}", self.collection_read),
            ("PATCH", "/composite/sobjects/{name}/{key}", self.collection_upsert),
            ("GET", "/sobjects", self.describe_all),
            ("GET", "/sobjects/{name}", self.object_info),
            ("POST", "/sobjects/{name}", self.create),
            ("GET", "/sobjects/{name}/describe", self.describe),
            ("GET", "/sobjects/{name}/updated", self.updated),
            ("GET", "/sobjects/{name}/deleted", self.deleted),
            ("GET", "/sobjects/{name}/{row_id}", self.read),
            ("PATCH", "/sobjects/{name}/{row_id}", self.update),
            ("DELETE", "/sobjects/{name}/{row_id}", self.delete),
            ("GET", "/sobjects/{name}/{key}/{value:path}", self.read_by_key),
            ("PATCH", "/sobjects/{name}/{key}/{value:path}", self.upsert),
        ]
        for method, pattern, handler in listed:
            router.add(method, pattern, handler)
        return router

    def _object(self, name: str) -> SObject:
        obj = find_object(name)
        if obj is None or not self.org.shows(obj):
            raise not_found()
        return obj

    def resources(self, call: Call) -> Response:
        """List the resources of a version, and where the caller's identity is told."""
        below = f"/services/data/{call.version}"
        identity = f"{base(call.request)}/id/{self.org.organization_id}/{call.actor.user_id}"
        names = ("sobjects", "query", "queryAll", "limits", "composite", "jobs")
        return Response(body={name: f"{below}/{name}" for name in names} | {"identity": identity})

    def limits(self, _: Call) -> Response:
        """Tell what is left of the day's calls."""
        return Response(body=self.usage.limits())

    def query(self, call: Call) -> Response:
        """Run a query over live rows."""
        return self._query(call, deleted=False)

    def query_all(self, call: Call) -> Response:
        """Run a query over live rows and the recycle bin."""
        return self._query(call, deleted=True)

    def _query(self, call: Call, *, deleted: bool) -> Response:
        text = call.request.param("q")
        if not text:
            raise ApiError(400, "MALFORMED_QUERY", "A query string has to be specified")
        if call.request.param("columns") == "true":
            return Response(body=self.queries.columns(text))
        asked = re.search(r"batchSize\s*=\s*(\d+)", call.request.headers.get("sforce-query-options", ""), re.IGNORECASE)
        return Response(body=self.queries.run(text, call.version, deleted=deleted, batch=int(asked[1]) if asked else None))

    def query_more(self, call: Call, locator: str) -> Response:
        """Return a further page."""
        return Response(body=self.queries.more(locator, call.version))

    def describe_all(self, call: Call) -> Response:
        """Describe all objects in short."""
        return self._described(call, lambda: describe_global(self.org, call.version))

    def _described(self, call: Call, tell: Callable[[], dict[str, Any]]) -> Response:
        """Answer with a description, or 304 when nothing changed (a schema of the sandbox changes through its settings only)."""
        changed = self.org.schema_changed.replace(microsecond=0)
        self._check_unmodified(call, changed)
        since = call.since("if-modified-since")
        headers = {"Last-Modified": format_datetime(changed, usegmt=True)}
        return Response(304, headers=headers) if since and changed <= since else Response(body=tell(), headers=headers)

    def object_info(self, call: Call, name: str) -> Response:
        """Describe one object in short."""
        return Response(body={"objectDescribe": summary(self._object(name), call.version), "recentItems": []})

    def describe(self, call: Call, name: str) -> Response:
        """Describe one object in full."""
        obj = self._object(name)
        return self._described(call, lambda: describe_object(self.org, obj, call.version))

    def updated(self, call: Call, name: str) -> Response:
        """List what changed between two instants."""
        return Response(body=replication.updated(self.org, self._object(name), call.request))

    def deleted(self, call: Call, name: str) -> Response:
        """List what was deleted between two instants."""
        return Response(body=replication.deleted(self.org, self._object(name), call.request))

    def create(self, call: Call, name: str) -> Response:
        """Create one record."""
        row_id = self.records.create(self._object(name), call.record(), call.actor, call.assign())
        location = f"/services/data/{call.version}/sobjects/{name}/{row_id}"
        return Response(201, {"id": row_id, "success": True, "errors": []}, {"Location": location})

    def read(self, call: Call, name: str, row_id: str) -> Response:
        """Return one record; a field that is hidden is absent, one that is asked for by name and not there is an error."""
        obj, row = self._row(name, row_id)
        modified = parse_instant(str(row["LastModifiedDate"]))
        since = call.since("if-modified-since")
        if since and modified <= since:
            return Response(304)
        self._check_unmodified(call, modified)
        asked = call.request.param("fields")
        names = self._names(obj, asked.split(",")) if asked else [n for n in obj.fields if n not in self.org.hidden(obj)]
        shown = {name: field_value(obj, name, row) for name in names} | {"Id": row["Id"]}
        headers = {"Last-Modified": format_datetime(modified, usegmt=True)}
        return Response(body={"attributes": attributes(obj, row, call.version)} | shown, headers=headers)

    def _row(self, name: str, row_id: str) -> tuple[SObject, Row]:
        obj, complete = self._object(name), ids.full(row_id)
        row = self.org.seen(obj, complete) if complete else None
        if row is None or row.get("IsDeleted"):
            raise not_found()
        return obj, row

    def _names(self, obj: SObject, asked: list[str]) -> list[str]:
        names = []
        for text in asked:
            field = obj.find(text.strip())
            if field is None or field.name in self.org.hidden(obj):
                raise no_such_column(text.strip(), obj.name)
            names.append(field.name)
        return names

    def _check_unmodified(self, call: Call, changed: datetime) -> None:
        since = call.since("if-unmodified-since")
        if since and changed > since:
            raise ApiError(412, "PRECONDITION_FAILED", "The resource has changed since the instant of If-Unmodified-Since")

    def update(self, call: Call, name: str, row_id: str) -> Response:
        """Change one record."""
        obj, body = self._object(name), call.record()
        if any(given.lower() == "id" for given in body):
            raise id_given()
        if call.request.headers.get("if-unmodified-since"):
            self._check_unmodified(call, parse_instant(str(self.records.live(obj, row_id, call.actor)["LastModifiedDate"])))
        self.records.update(obj, row_id, body, call.actor, call.assign())
        return Response(204)

    def delete(self, call: Call, name: str, row_id: str) -> Response:
        """Move one record to the recycle bin."""
        self.records.archive(self._object(name), row_id, call.actor)
        return Response(204)

    def read_by_key(self, call: Call, name: str, key: str, value: str) -> Response:
        """Return one record by its external id; 300 with their paths if several hold it."""
        held = self._held(name, key, value)
        if not held:
            raise not_found()
        return self.read(call, name, held[0]) if len(held) == 1 else _choices(call, name, held)

    def upsert(self, call: Call, name: str, key: str, value: str) -> Response:
        """Create or change one record by its external id; `updateOnly=true` never creates. Several holders are a 300 with their paths."""
        obj, held, body = self._object(name), self._held(name, key, value), call.record()
        if any(given.lower() in (key.lower(), "id") for given in body):
            text = f"The {key} field should not be specified in the sobject data."
            raise ApiError(400, "INVALID_FIELD", text, [key])
        if len(held) > 1:
            return _choices(call, name, held)
        if not held:
            if call.request.param("updateOnly") == "true":
                raise not_found()
            made = self.records.create(obj, body | {key: value}, call.actor, call.assign())
            return Response(201, {"id": made, "success": True, "errors": [], "created": True})
        self.records.update(obj, held[0], body, call.actor, call.assign())
        if float(call.version[1:]) < UPSERT_TELLS:
            return Response(204)
        return Response(200, {"id": held[0], "success": True, "errors": [], "created": False})

    def _held(self, name: str, key: str, value: str) -> list[str]:
        obj = self._object(name)
        field = external_key(obj, key, self.org.hidden(obj))
        if _LOOKS_LIKE_A_FILE.search(value):
            raise not_found()
        return self.org.holders(obj, field.name, value)

    def _collections(self, call: Call) -> Collections:
        return Collections(self.records, call.actor, call.assign())

    def collection_create(self, call: Call) -> Response:
        """Create up to 200 records."""
        return Response(body=self._collections(call).create(call.body()))

    def collection_update(self, call: Call) -> Response:
        """Change up to 200 records."""
        return Response(body=self._collections(call).update(call.body()))

    def collection_upsert(self, call: Call, name: str, key: str) -> Response:
        """Create or change up to 200 records by an external id."""
        obj = self._object(name)
        return Response(body=self._collections(call).upsert(obj, external_key(obj, key, self.org.hidden(obj)), call.body()))

    def collection_delete(self, call: Call) -> Response:
        """Delete up to 200 records; allOrNone is a parameter here."""
        names = [n for n in (call.request.param("ids") or "").split(",") if n]
        strict = (call.request.param("allOrNone") or "").lower() == "true"
        return Response(body=self._collections(call).delete(names, strict=strict))

    def collection_read(self, call: Call, name: str) -> Response:
        """Return up to 2,000 records in the order asked, null for each that is not there."""
        obj = self._object(name)
        if call.request.method == "POST":
            order = call.record()
            wanted, asked = order.get("ids"), order.get("fields")
        else:
            wanted, asked = ((call.request.param(key) or "").split(",") for key in ("ids", "fields"))
        if not isinstance(wanted, list) or not isinstance(asked, list) or not asked or not all(isinstance(name, str) for name in asked):
            raise ApiError(400, "JSON_PARSER_ERROR", "ids and fields must be lists, fields of names")
        if len(wanted) > MAX_READ:
            raise ApiError(400, "EXCEEDED_ID_LIMIT", f"at most {MAX_READ} ids a call, not {len(wanted)}")
        names = self._names(obj, asked)
        return Response(body=[self._shown(call, obj, names, ids.wanted(i, (obj.prefix,), "Id")) for i in wanted])

    def _shown(self, call: Call, obj: SObject, names: list[str], row_id: str) -> dict[str, Any] | None:
        row = self.org.seen(obj, row_id)
        if row is None or row.get("IsDeleted"):
            return None
        shown: dict[str, Any] = {"attributes": attributes(obj, row, call.version)}
        return shown | {name: field_value(obj, name, row) for name in names} | {"Id": row["Id"]}


def _choices(call: Call, name: str, held: list[str]) -> Response:
    return Response(300, [f"/services/data/{call.version}/sobjects/{name}/{row_id}" for row_id in held])
