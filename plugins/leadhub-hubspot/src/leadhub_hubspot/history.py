"""Who set a value, from HubSpot's property history. The table is data; what it does not name counts as automation."""

from collections.abc import Mapping, Sequence
from typing import Any

from leadhub import Author
from leadhub_hubspot.client import HISTORY_LIMIT, Client
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


def authors(client: Client, ids: Sequence[str], fields: Sequence[str]) -> dict[tuple[str, str], Author]:
    """Return the author of each present value that the history names, by (contact id, property)."""
    found: dict[tuple[str, str], Author] = {}
    for batch in batches(list(dict.fromkeys(ids)), HISTORY_LIMIT):
        asked = set(batch)
        for result in client.batch_read(batch, list(fields), history=fields).results:
            if str(result["id"]) not in asked:
                continue  # merged away: the survivor's history is another contact's
            histories = result.get("propertiesWithHistory") or {}
            found |= {(str(result["id"]), name): author(histories[name]) for name in fields if histories.get(name)}
    return found


def author(versions: Sequence[Mapping[str, Any]]) -> Author:
    """Return the author of the newest version; the list's order is not relied on, only the first of equal instants."""
    newest = max(versions, key=lambda version: parse_instant(version.get("timestamp")) or EPOCH)
    kind = "person" if newest.get("sourceType") in PERSON_SOURCES else "automation"
    user, source_id = newest.get("updatedByUserId"), str(newest.get("sourceId") or "")
    name = str(newest.get("sourceLabel") or "") or (f"user {user}" if user else source_id)
    at = parse_instant(newest.get("timestamp"))
    return Author("person", name, at) if kind == "person" else Author("automation", name, at)
