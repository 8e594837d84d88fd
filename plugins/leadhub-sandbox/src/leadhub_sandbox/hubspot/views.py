"""How a record looks in an answer, and which properties a request asked for. It changes nothing."""

from collections.abc import Iterable, Mapping
from typing import Any

from leadhub_sandbox.http import Request
from leadhub_sandbox.hubspot.account import Account
from leadhub_sandbox.hubspot.errors import invalid
from leadhub_sandbox.hubspot.index import Entry
from leadhub_sandbox.hubspot.numerals import whole
from leadhub_sandbox.hubspot.objects import Objects, type_of
from leadhub_sandbox.hubspot.store import Record, Version
from leadhub_sandbox.hubspot.timestamps import iso


class Views:
    """Renders an account's records of one type."""

    def __init__(self, account: Account, objects: Objects) -> None:
        self._account = account
        self._objects = objects

    def read(self, record: Record, asked: Iterable[str] = (), history: Iterable[str] = (), ends: Iterable[str] = ()) -> dict[str, Any]:
        """Return a record with the default and the asked properties: unknown names are ignored, blank asked ones are null."""
        view = self._frame(record, self._picked(record.values, asked))
        names = [name for name in history if name in self._objects.schema.properties]
        linked = {end: self._associated(record, end) for end in ends}
        if any(linked.values()):
            view["associations"] = {end: {"results": results} for end, results in linked.items() if results}
        if names:
            view["propertiesWithHistory"] = {name: _versions(record.history.get(name, [])) for name in names}
        return view

    @staticmethod
    def ends_of(names: Iterable[str]) -> list[str]:
        """Return the types whose associations a request asks for. Raises ApiError 400 for an unknown one."""
        found = {name: type_of(name) for name in names}
        unknown = [name for name, kind in found.items() if kind is None]
        if unknown:
            raise invalid(f"Unable to infer object type from: {unknown[0]}")
        return [kind.name for kind in found.values() if kind is not None]

    def _associated(self, record: Record, end: str) -> list[dict[str, str]]:
        """Return the live records of one type that a record is associated with, once for each type of association."""
        links, store, node = self._account.links, self._account.objects[end].store, (self._objects.type.name, record.id)
        live = [far for far in links.of(node, end) if store.records[far[1]].archived_ms is None]
        return [{"id": str(far[1]), "type": kind.name} for far in live for kind in links.between(node, far)]

    def written(self, record: Record, sent: Iterable[str], *, created: bool) -> dict[str, Any]:
        """Return a record as the answer to a write shows it: what was sent, and what HubSpot adds by itself."""
        kind = self._objects.type
        added = (*kind.defaults, *kind.after_create) if created else (kind.created, "hs_object_id", kind.modified)
        values: dict[str, str | None] = {name: record.values[name] for name in added if name in record.values}
        values |= {name: record.values.get(name, self._blank()) for name in sent}
        return self._frame(record, values)

    def found(self, entry: Entry, asked: Iterable[str]) -> dict[str, Any]:
        """Return a record as the search index knows it, which may be an older state."""
        times = {"createdAt": entry.values[self._objects.type.created], "updatedAt": iso(entry.modified_ms)}
        return {"id": str(entry.id), "properties": self._picked(entry.values, asked), **times, "archived": False}

    def _picked(self, values: Mapping[str, str], asked: Iterable[str]) -> dict[str, str | None]:
        known = self._objects.schema.properties
        blank = self._blank()
        names = [*self._objects.type.defaults, *(name for name in asked if name in known)]
        return {name: values.get(name, blank) for name in names}

    def _blank(self) -> str | None:
        return None if self._account.settings.cleared_reads_as == "null" else ""

    @staticmethod
    def _frame(record: Record, values: Mapping[str, str | None]) -> dict[str, Any]:
        view: dict[str, Any] = {"id": str(record.id), "properties": values}
        view |= {"createdAt": iso(record.created_ms), "updatedAt": iso(record.modified_ms)}
        view["archived"] = record.archived_ms is not None
        if record.archived_ms is not None:
            view["archivedAt"] = iso(record.archived_ms)
        return view


def _versions(versions: list[Version]) -> list[dict[str, Any]]:
    """Return a property's history, newest first."""
    listed = []
    for version in reversed(versions):
        source = version.source
        entry = {"value": version.value, "timestamp": iso(version.ms), "sourceType": source.kind}
        entry |= {"sourceId": source.id, "sourceLabel": source.label}
        listed.append(entry if source.user_id is None else entry | {"updatedByUserId": source.user_id})
    return listed


def names_of(request: Request, parameter: str) -> list[str]:
    """Return the names in a query parameter, which may hold commas and may come several times."""
    return [name for part in request.query.get(parameter, []) for name in part.split(",") if name]


def is_true(request: Request, parameter: str) -> bool:
    """Read a boolean query parameter in either spelling: HubSpot's own Python client writes a capital letter."""
    return (request.param(parameter) or "false").lower() == "true"


def number_of(text: str | None, default: int, most: int, name: str = "limit") -> int:
    """Return a whole number from 1 to `most`. Raises ApiError 400 otherwise."""
    if text is None:
        return default
    number = whole(text)
    if number is None or not 1 <= number <= most:
        raise invalid(f"{name} must be a whole number from 1 to {most}, not {text}.")
    return number
