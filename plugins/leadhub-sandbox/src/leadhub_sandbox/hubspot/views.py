"""How a contact looks in an answer, and which properties a request asked for. It changes nothing."""

from collections.abc import Iterable, Mapping
from typing import Any

from leadhub_sandbox.http import Request
from leadhub_sandbox.hubspot.account import Account
from leadhub_sandbox.hubspot.catalog import DEFAULT_PROPERTIES
from leadhub_sandbox.hubspot.errors import invalid
from leadhub_sandbox.hubspot.numerals import whole
from leadhub_sandbox.hubspot.schema import STAGE
from leadhub_sandbox.hubspot.store import Contact, Entry, Version
from leadhub_sandbox.hubspot.timestamps import iso

AFTER_CREATE = (
    *DEFAULT_PROPERTIES,
    "hs_is_unworked",
    "hs_object_source",
    "hs_pipeline",
    STAGE,
    "hs_lifecyclestage_lead_date",
)
AFTER_UPDATE = ("createdate", "hs_object_id", "lastmodifieddate")


class Views:
    """Renders contacts of one account."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def read(self, contact: Contact, asked: Iterable[str] = (), history: Iterable[str] = ()) -> dict[str, Any]:
        """Return a contact with the default and the asked properties: unknown names are ignored, blank asked ones are null."""
        view = self._frame(contact, self._picked(contact.values, asked))
        names = [name for name in history if name in self._account.schema.properties]
        if names:
            view["propertiesWithHistory"] = {name: _versions(contact.history.get(name, [])) for name in names}
        return view

    def written(self, contact: Contact, sent: Iterable[str], *, created: bool) -> dict[str, Any]:
        """Return a contact as the answer to a write shows it: what was sent, and what HubSpot adds by itself."""
        added = AFTER_CREATE if created else AFTER_UPDATE
        values: dict[str, str | None] = {name: contact.values[name] for name in added if name in contact.values}
        values |= {name: contact.values.get(name, self._blank()) for name in sent}
        return self._frame(contact, values)

    def found(self, entry: Entry, asked: Iterable[str]) -> dict[str, Any]:
        """Return a contact as the search index knows it, which may be an older state."""
        times = {"createdAt": entry.values["createdate"], "updatedAt": iso(entry.modified_ms)}
        return {"id": str(entry.id), "properties": self._picked(entry.values, asked), **times, "archived": False}

    def _picked(self, values: Mapping[str, str], asked: Iterable[str]) -> dict[str, str | None]:
        known = self._account.schema.properties
        blank = self._blank()
        names = [*DEFAULT_PROPERTIES, *(name for name in asked if name in known)]
        return {name: values.get(name, blank) for name in names}

    def _blank(self) -> str | None:
        return None if self._account.settings.cleared_reads_as == "null" else ""

    @staticmethod
    def _frame(contact: Contact, values: Mapping[str, str | None]) -> dict[str, Any]:
        view: dict[str, Any] = {"id": str(contact.id), "properties": values}
        view |= {"createdAt": iso(contact.created_ms), "updatedAt": iso(contact.modified_ms)}
        view["archived"] = contact.archived_ms is not None
        if contact.archived_ms is not None:
            view["archivedAt"] = iso(contact.archived_ms)
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
