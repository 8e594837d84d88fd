"""Who set a value, from HubSpot's property history. The table is data; what it does not name counts as automation."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from leadhub import Author
from leadhub_hubspot.client import HISTORY_LIMIT, Client
from leadhub_hubspot.mapping import CONTACTS
from leadhub_hubspot.reader import batches
from leadhub_hubspot.values import EPOCH, parse_instant

# sourceType → why a person stands behind the value: somebody looked at this contact and chose it. All others are automation, named or not:
# AUTOMATION_PLATFORM and WORKFLOWS (rules), INTEGRATION, API and SALESFORCE (other programs, leadhub among them), CALCULATED (HubSpot's own
# arithmetic), IMPORT (a file's rows), FORM and BOT (the lead's own words, not a decision about the lead), MERGE_OBJECTS (a by-product).
# HubSpot publishes no closed list. An unknown one as a person could overrule people's edits, as automation it only yields to them.
PERSON_SOURCES: Mapping[str, str] = {
    "CRM_UI": "edited on a record's page",
    "CRM_UI_BULK_ACTION": "edited for a selection of records on a list's page",
    "MOBILE_ANDROID": "edited in the phone app",
    "MOBILE_IOS": "edited in the phone app",
}
OURS = "leadhub"
_USER = re.compile(r"userId:(\d+)")

Version = Mapping[str, Any]


class Historian:
    """Reads histories through one client, and learns on the way under which name HubSpot knows leadhub's own writes."""

    def __init__(self, client: Client, external_id: str | None) -> None:
        self._client = client
        self._external_id = external_id
        self._own: set[tuple[str, str]] = set()

    def authors(self, ids: Sequence[str], fields: Sequence[str], of: str = CONTACTS) -> dict[tuple[str, str], Author]:
        """Return the author of each present value that the history names, by (record id, property). Fifty records a call."""
        found: dict[tuple[str, str], Author] = {}
        known = self._client.properties(of=of)
        asked = [name for name in dict.fromkeys(fields) if name in known]
        if not asked:
            return found
        for batch in batches(list(dict.fromkeys(ids)), HISTORY_LIMIT):
            found |= self._of_batch(batch, asked, of)
        return found

    def _of_batch(self, ids: Sequence[str], fields: Sequence[str], of: str) -> dict[tuple[str, str], Author]:
        key = self._external_id if of == CONTACTS else None
        history = list(fields) if key is None or key in fields else [*fields, key]
        results = self._client.batch_read(ids, fields, of=of, history=history).results
        told = {str(result["id"]): result.get("propertiesWithHistory") or {} for result in results}
        if key is not None:  # leadhub alone writes its key: whoever did is leadhub, in the other histories too
            self._own |= {_source(version) for histories in told.values() for version in histories.get(key) or () if _is_program(version)}
        asked = set(ids)  # an id that was merged away is answered by the survivor, whose history is another contact's
        return {
            (record_id, name): author(histories[name], self._own)
            for record_id, histories in told.items()
            for name in fields
            if record_id in asked and histories.get(name)
        }


def author(versions: Sequence[Version], own: Collection[tuple[str, str]] = ()) -> Author:
    """Return the author of the newest version; the list's order is not relied on, only the first of equal instants.

    A person is named by an id of a user as well as by the source: without one nobody is named. `own` are the (sourceType, sourceId) of leadhub.
    """
    newest = max(versions, key=lambda version: parse_instant(version.get("timestamp")) or EPOCH)
    user, at = _user(newest), parse_instant(newest.get("timestamp"))
    name = str(newest.get("sourceLabel") or "") or (f"user {user}" if user else str(newest.get("sourceId") or ""))
    if newest.get("sourceType") in PERSON_SOURCES and user:
        return Author("person", name, at)
    return Author("automation", OURS if _source(newest) in own else name or str(newest.get("sourceType") or ""), at)


def _user(version: Version) -> str:
    """Return the id of the user behind a version, from either of the two places where HubSpot puts it."""
    found = _USER.search(str(version.get("sourceId") or ""))
    return str(version.get("updatedByUserId") or "") or (found[1] if found else "")


def _source(version: Version) -> tuple[str, str]:
    return str(version.get("sourceType")), str(version.get("sourceId"))


def _is_program(version: Version) -> bool:
    return version.get("sourceType") in {"INTEGRATION", "API"} and bool(version.get("sourceId"))
