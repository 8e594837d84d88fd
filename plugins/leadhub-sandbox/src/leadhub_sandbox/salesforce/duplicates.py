"""Duplicate rules: a save that looks like another record is refused, with the records that it looks like.

After the REST guide's page on Sforce-Duplicate-Rule-Header and answers of orgs: a rule that only alerts refuses too, unless the call says
allowSave=true; nothing passes one that blocks. A match is exact here, by all fields of the rule, in any letter case; blanks match nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from leadhub_sandbox.salesforce.errors import ApiError
from leadhub_sandbox.salesforce.objects import OBJECTS, find_object
from leadhub_sandbox.salesforce.schema import Row, SObject

HEADER_SINCE = 52
"""The version from which on the header counts."""
MESSAGE = "Use one of these records?"
_KEYS = {"object", "action", "fields", "against", "on", "name", "message"}
_CHOICES = {"action": ("block", "alert"), "on": ("create", "update")}


@dataclass(frozen=True, slots=True)
class DuplicateHeader:
    """What a call says about duplicates: whether alerts are passed, whether the matches are told with their values and as of which version.

    `ignoring` is a record that never counts as one: the lead that becomes a contact.
    """

    allow_save: bool = False
    details: bool = False
    version: str = "v62.0"
    ignoring: str | None = None


def header(text: str, version: str) -> DuplicateHeader:
    """Return what Sforce-Duplicate-Rule-Header says in a call of a version (`v62.0`)."""
    if float(version[1:]) < HEADER_SINCE:
        return DuplicateHeader(version=version)
    parts = {name.strip().lower(): value.strip().lower() for name, _, value in (part.partition("=") for part in text.split(";"))}
    return DuplicateHeader(parts.get("allowsave") == "true", parts.get("includerecorddetails") == "true", version)


class DuplicatesError(ApiError):
    """The refusal of a duplicate rule; alone it tells the matches, inside a collection it does not."""

    def __init__(self, result: Mapping[str, Any], key: str) -> None:
        super().__init__(400, "DUPLICATES_DETECTED", result["errorMessage"])
        self.more = {key: dict(result)}


def applies(rule: Mapping[str, Any], obj: SObject, row: Row, before: Row | None, hidden: set[str]) -> bool:
    """Return whether a rule looks at a save: not at blanks, at unchanged fields, or for a user who does not see one of its fields."""
    fields = rule["fields"]
    if rule.get("object", "Lead") != obj.name or ("create" if before is None else "update") not in rule.get("on", _CHOICES["on"]):
        return False
    if hidden & set(fields) or any(row[name] is None for name in fields):
        return False
    return before is None or any(_fold(row[name]) != _fold(before[name]) for name in fields)


def matches(rows: Callable[[SObject], Iterator[Row]], rule: Mapping[str, Any], row: Row, skipped: tuple[object, ...]) -> dict[str, list[Row]]:
    """Return the live records that a row looks like, by object, but for those skipped; `rows` yields those that count. Converted leads never do."""
    wanted = [_fold(row[name]) for name in rule["fields"]]
    found: dict[str, list[Row]] = {}
    for entity in _against(rule):
        for other in rows(OBJECTS[entity]):
            if other["Id"] not in skipped and not other.get("IsConverted") and [_fold(other[name]) for name in rule["fields"]] == wanted:
                found.setdefault(entity, []).append(other)
    return found


def _against(rule: Mapping[str, Any]) -> list[str]:
    return list(rule.get("against", [rule.get("object", "Lead")]))


def _fold(value: object) -> str | None:
    return None if value is None else str(value).lower()


def result(rule: Mapping[str, Any], found: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Return `duplicateResult`: the rule, and the matching records as they are to be shown."""
    name, of = rule.get("name", f"Standard_{rule.get('object', 'Lead')}_Duplicate_Rule"), rule.get("object", "Lead")
    matches = [
        {
            "entityType": entity,
            "errors": [],
            "matchEngine": "ExactMatchEngine",
            "matchRecords": [{"additionalInformation": [], "fieldDiffs": [], "matchConfidence": 100.0, "record": record} for record in records],
            "rule": f"{name}_{entity}_Match",
            "size": len(records),
            "success": True,
        }
        for entity, records in found.items()
    ]
    told = {"duplicateRule": name, "duplicateRuleEntityType": of, "errorMessage": rule.get("message", MESSAGE), "matchResults": matches}
    return {"allowSave": rule["action"] == "alert"} | told


def check_rules(rules: list[dict[str, Any]]) -> None:
    """Check what a setting says; raises ValueError that names what a rule takes."""
    for rule in rules:
        if not isinstance(rule, dict) or set(rule) - _KEYS or rule.get("action") not in _CHOICES["action"] or not rule.get("fields"):
            raise ValueError(f"a duplicate rule needs action (block or alert) and fields, and may have {', '.join(sorted(_KEYS))}, not {rule!r}")
        if set(rule.get("on", ())) - set(_CHOICES["on"]):
            raise ValueError(f"a duplicate rule is on for {' and '.join(_CHOICES['on'])}, not {rule['on']!r}")
        for name in (rule.get("object", "Lead"), *_against(rule)):
            obj = find_object(name)
            unknown = [field for field in rule["fields"] if obj is None or field not in obj.fields]
            if unknown:
                raise ValueError(f"a duplicate rule's fields are those of every object it looks at; {name} has no {', '.join(unknown)}")
