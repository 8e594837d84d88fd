"""The administrator's rules, which HubSpot holds API writes to from version 2026-09 on: what a record may not be without."""

from collections.abc import Mapping

from leadhub_sandbox.hubspot.objects import CONTACTS, ObjectType
from leadhub_sandbox.hubspot.settings import Settings

STRICT_VERSIONS = frozenset({"2026-09"})


def missing(settings: Settings, kind: ObjectType, after: Mapping[str, str]) -> list[str]:
    """Return the properties that a record of this type lacks, given the values that it has after a write."""
    wanted = [name for entry in settings.required_from_2026_09 for owner, name in [_named(entry)] if owner == kind.name]
    for rule in settings.conditional_from_2026_09:
        owner, name = _named(rule["property"])
        if owner == kind.name and after.get(name, "") in rule["values"]:
            wanted += rule["requires"]
    return [name for name in dict.fromkeys(wanted) if not after.get(name)]


def _named(entry: str) -> tuple[str, str]:
    """Return type and property: "deals.amount" is one of deals, a name alone is one of contacts."""
    owner, dot, name = entry.partition(".")
    return (owner, name) if dot else (CONTACTS.name, entry)
