# ruff: noqa: ARG002 - the router calls every handler alike, with the request and the names in its path
"""The associations API, version 4 and dated: one record's associations, batches, and the labels that an account has made."""

from collections.abc import Callable, Mapping
from typing import Any

from leadhub_sandbox.http import Request, Response
from leadhub_sandbox.hubspot.account import Account
from leadhub_sandbox.hubspot.batch import inputs_of
from leadhub_sandbox.hubspot.errors import ApiError, invalid, not_found
from leadhub_sandbox.hubspot.linker import Linker
from leadhub_sandbox.hubspot.links import USER, LinkType, Node
from leadhub_sandbox.hubspot.objects import ObjectType
from leadhub_sandbox.hubspot.records import body_of
from leadhub_sandbox.hubspot.views import number_of

MAX_PAGE = 500
MAX_READ, MAX_CREATE, MAX_ARCHIVE = 1_000, 2_000, 100
MAX_LABELS = 10
Entry = Mapping[str, Any]


class AssociationHandlers:
    """The endpoints that tell and change which records are associated. `start` and `end` are the types that the path names."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._linker = Linker(account)

    def tell(self, request: Request, version: str, start: ObjectType, end: ObjectType, record_id: str) -> Response:
        """GET …/{start}/{id}/associations/{end}: in order of making, a page at a time."""
        node = self._node(start, record_id)
        limit, after = number_of(request.param("limit"), MAX_PAGE, MAX_PAGE), number_of(request.param("after"), 0, 1_000_000, "after")
        found = self._ends(node, end)
        body: dict[str, Any] = {"results": found[after : after + limit]}
        if after + limit < len(found):
            body["paging"] = {"next": {"after": str(after + limit)}}
        return Response(body=body)

    def put(self, request: Request, version: str, start: ObjectType, end: ObjectType, record_id: str, to_id: str) -> Response:
        """PUT …/{start}/{id}/associations/{end}/{id}: with labels."""
        try:
            types = request.json()
        except ValueError as error:
            raise invalid("Invalid input JSON: the body cannot be parsed.") from error
        kinds = self._linker.kinds(start.name, types, end.name)
        pair = self._node(start, record_id), self._node(end, to_id)
        self._linker.connect(*pair, kinds)
        return Response(201, self._labels(start, end, *pair))

    def put_default(self, request: Request, version: str, start: ObjectType, end: ObjectType, record_id: str, to_id: str) -> Response:
        """PUT …/{start}/{id}/associations/default/{end}/{id}: without a label."""
        started = self._account.now_iso()
        return self._answer(self._default(start, end, record_id, to_id), [], started)

    def delete(self, request: Request, version: str, start: ObjectType, end: ObjectType, record_id: str, to_id: str) -> Response:
        """DELETE …/{start}/{id}/associations/{end}/{id}: whatever the labels; also when there is nothing to take away."""
        self._part(start, end, record_id, to_id, None)
        return Response(204)

    def batch_read(self, request: Request, version: str, start: ObjectType, end: ObjectType) -> Response:
        """POST …/associations/{start}/{end}/batch/read: a record without any is told in a 207."""

        def read(entry: Entry) -> list[dict[str, Any]]:
            node = self._node(start, _id_in(entry))
            found = self._ends(node, end)
            if not found:
                raise not_found(f"No {end.singular} is associated with {start.singular} {node[1]}.", [str(node[1])])
            after = number_of(str(entry.get("after") or "") or None, 0, 1_000_000, "after")
            told: dict[str, Any] = {"from": {"id": str(node[1])}, "to": found[after : after + MAX_PAGE]}
            if after + MAX_PAGE < len(found):
                told["paging"] = {"next": {"after": str(after + MAX_PAGE)}}
            return [told]

        return self._each(request, MAX_READ, read)

    def batch_create(self, request: Request, version: str, start: ObjectType, end: ObjectType) -> Response:
        """POST …/associations/{start}/{end}/batch/create: with labels."""

        def create(entry: Entry) -> list[dict[str, Any]]:
            kinds = self._linker.kinds(start.name, entry.get("types"), end.name)
            pair = self._node(start, _id_in(entry.get("from"))), self._node(end, _id_in(entry.get("to")))
            self._linker.connect(*pair, kinds)
            return [self._labels(start, end, *pair)]

        return self._each(request, MAX_CREATE, create, 201)

    def batch_default(self, request: Request, version: str, start: ObjectType, end: ObjectType) -> Response:
        """POST …/associations/{start}/{end}/batch/associate/default: without labels."""
        return self._each(request, MAX_CREATE, lambda entry: self._default(start, end, _id_in(entry.get("from")), _id_in(entry.get("to"))))

    def batch_archive(self, request: Request, version: str, start: ObjectType, end: ObjectType) -> Response:
        """POST …/associations/{start}/{end}/batch/archive: {"from", "to": [...]} each; 204, also for what is not there."""
        for entry in inputs_of(body_of(request), MAX_ARCHIVE):
            ends = entry.get("to")
            if not isinstance(ends, list):
                raise invalid("Invalid input JSON: to must be a list of records.")
            for to in ends:
                self._part(start, end, _id_in(entry.get("from")), _id_in(to), None)
        return Response(204)

    def batch_archive_labels(self, request: Request, version: str, start: ObjectType, end: ObjectType) -> Response:
        """POST …/associations/{start}/{end}/batch/labels/archive: these labels alone."""
        for entry in inputs_of(body_of(request), MAX_ARCHIVE):
            kinds = self._linker.kinds(start.name, entry.get("types"), end.name)
            self._part(start, end, _id_in(entry.get("from")), _id_in(entry.get("to")), kinds)
        return Response(204)

    def list_labels(self, request: Request, version: str, start: ObjectType, end: ObjectType) -> Response:
        """GET …/associations/{start}/{end}/labels: every type of association in this direction."""
        found = [kind.spec() for kind in self._account.links.types if (kind.start, kind.end) == (start.name, end.name)]
        return Response(body={"results": found})

    def create_label(self, request: Request, version: str, start: ObjectType, end: ObjectType) -> Response:
        """POST …/associations/{start}/{end}/labels: a label of the account's own, seen from both ends."""
        body, links = body_of(request), self._account.links
        self._linker.default(start.name, end.name)
        name, label = body.get("name"), body.get("label")
        if not isinstance(name, str) or not name or not isinstance(label, str) or not label:
            raise invalid("A label needs name and label.")
        own = [kind for kind in links.types if (kind.start, kind.end, kind.category) == (start.name, end.name, USER)]
        if len(own) >= MAX_LABELS:
            raise invalid(f"Two types of object have at most {MAX_LABELS} labels.")
        if name in [kind.name for kind in own]:
            raise ApiError(409, "CONFLICT", f"A label named {name} already exists.")
        first = 1 + max(kind.id for kind in links.types)
        back, inverse = first + 1, str(body.get("inverseLabel") or label)
        made = (
            LinkType(start.name, end.name, first, back, name, label, USER),
            LinkType(end.name, start.name, back, first, name, inverse, USER),
        )
        links.types += made
        return Response(body={"results": [kind.spec() for kind in made]})

    def _node(self, kind: ObjectType, record_id: str) -> Node:
        return kind.name, self._linker.live(kind.name, record_id).id

    def _ends(self, node: Node, end: ObjectType) -> list[dict[str, Any]]:
        links, store = self._account.links, self._account.objects[end.name].store
        live = [far for far in links.of(node, end.name) if store.records[far[1]].archived_ms is None]
        return [{"toObjectId": far[1], "associationTypes": [kind.spec() for kind in links.between(node, far)]} for far in live]

    def _labels(self, start: ObjectType, end: ObjectType, near: Node, far: Node) -> dict[str, Any]:
        labels = [kind.label for kind in self._account.links.between(near, far) if kind.label]
        ends = {"fromObjectTypeId": start.type_id, "fromObjectId": near[1], "toObjectTypeId": end.type_id, "toObjectId": far[1]}
        return {**ends, "labels": labels}

    def _default(self, start: ObjectType, end: ObjectType, record_id: str, to_id: str) -> list[dict[str, Any]]:
        kind = self._linker.default(start.name, end.name)
        pair = self._node(start, record_id), self._node(end, to_id)
        self._linker.connect(*pair, [])
        told = []
        for near, far, type_id in ((*pair, kind.id), (pair[1], pair[0], kind.inverse)):
            spec = {"associationCategory": kind.category, "associationTypeId": type_id}
            told.append({"from": {"id": str(near[1])}, "to": {"id": str(far[1])}, "associationSpec": spec})
        return told

    def _part(self, start: ObjectType, end: ObjectType, record_id: str, to_id: str, kinds: list[LinkType] | None) -> None:
        near, far = (self._account.objects[kind.name].store.get(text) for kind, text in ((start, record_id), (end, to_id)))
        if near is not None and far is not None:
            self._linker.disconnect((start.name, near.id), (end.name, far.id), kinds or [])

    def _each(self, request: Request, most: int, act: Callable[[Entry], list[dict[str, Any]]], status: int = 200) -> Response:
        """Take the inputs one by one; what is not found is told in a 207, any other mistake refuses the whole batch."""
        started = self._account.now_iso()
        results, errors = [], []
        for entry in inputs_of(body_of(request), most):
            try:
                results += act(entry)
            except ApiError as error:
                if error.status != 404:
                    raise
                errors.append(error.entry())
        return self._answer(results, errors, started, status)

    def _answer(self, results: list[dict[str, Any]], errors: list[dict[str, Any]], started: str, status: int = 200) -> Response:
        body = {"status": "COMPLETE", "results": results, "startedAt": started, "completedAt": self._account.now_iso()}
        if not errors:
            return Response(status, body)
        return Response(207, body | {"numErrors": len(errors), "errors": errors})


def _id_in(entry: object) -> str:
    record_id = entry.get("id") if isinstance(entry, dict) else None
    if not isinstance(record_id, str) or not record_id:
        raise invalid("Invalid input JSON: every record needs an id, which is a string.")
    return record_id
