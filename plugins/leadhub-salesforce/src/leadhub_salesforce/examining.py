"""What leadhub's login may and may not do in this org, asked before a run finds out. Reads only; what cannot be read is told as not proven."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from leadhub import FatalError, Finding, LeadhubError, Need, allowance_finding, clock_finding
from leadhub_salesforce.client import Client, format_soql
from leadhub_salesforce.mapping import LEAD, ROLES
from leadhub_salesforce.settings import ASSIGNMENT_RULES, Settings

KEY_LENGTH, ROOM = 24, 64
"""Characters of leadhub's key, and those that its field is best made for."""

NEARLY_RETIRED = 3
"""Versions: a year of Salesforce's releases. Each is kept for at least three years, and the oldest go first."""

_SETS = "SELECT PermissionsViewAllRecords, PermissionsModifyAllRecords FROM ObjectPermissions WHERE SobjectType = {} AND ParentId IN (SELECT PermissionSetId FROM PermissionSetAssignment WHERE AssigneeId = {})"
_RULES = "SELECT Name FROM AssignmentRule WHERE SobjectType = 'Lead' AND Active = true"
_DUPLICATES = "SELECT MasterLabel FROM DuplicateRule WHERE SobjectType = 'Lead' AND IsActive = true"
_STATUSES = "SELECT ApiName, IsConverted FROM LeadStatus"
_PERMISSION_SET = "Setup > Users > Permission Sets > leadhub's set"


class Examiner:
    """Asks one org what leadhub's user may do. `overlap` is how far each pull reaches back."""

    def __init__(self, client: Client, settings: Settings, now: Callable[[], datetime], overlap: timedelta) -> None:
        self._client, self._settings, self._now, self._overlap = client, settings, now, overlap

    def examine(self, needs: Sequence[Need]) -> Iterator[Finding]:
        """Yield what was found, the login first."""
        user = self._client.user_info()
        yield Finding("ok", "login", f"a token is to be had, and the API answers {user.get('preferred_username') or 'its user'}")
        yield self._version()
        yield clock_finding(self._now(), self._client.server_time(), self._overlap)
        for need in needs:
            yield from self._object(need, str(user.get("user_id") or ""))
        if any(need.object == LEAD for need in needs):
            yield self._statuses()
            yield from self._rules(creates=any(need.creates for need in needs))
        yield self._limits()

    # ---- the org -------------------------------------------------------------------------------------------------------------------------

    def _version(self) -> Finding:
        offered = [str(entry.get("version")) for entry in self._client.versions()]
        mine, newest = self._settings.api_version, offered[-1] if offered else "?"
        if mine not in offered:
            said = f"version {mine} is not offered; this org has {offered[0] if offered else '?'} to {newest}"
            return Finding("fail", "API version", said, f'api_version = "{newest}"')
        if offered.index(mine) < NEARLY_RETIRED and len(offered) > NEARLY_RETIRED:
            said = f"version {mine} is among the oldest that this org offers, which are retired first"
            return Finding("warn", "API version", said, f'api_version = "{newest}"')
        return Finding("ok", "API version", f"{mine} is offered; the newest is {newest}")

    def _limits(self) -> Finding:
        """By the limits, or by what every answer's header says where leadhub's user may not ask for them."""
        usage = self._client.usage()
        used, most = usage.used, usage.limit
        with suppress(FatalError):
            daily = self._client.limits().get("DailyApiRequests") or {}
            if isinstance(daily.get("Max"), int) and isinstance(daily.get("Remaining"), int):
                used, most = daily["Max"] - daily["Remaining"], daily["Max"]
        if used is None or not most:
            return Finding("note", "limits", "the org does not tell how many API calls of today are left")
        return allowance_finding(used, most)

    def _statuses(self) -> Finding:
        try:
            rows = self._client.query(_STATUSES)["records"]
        except FatalError as error:
            return Finding("fail", "LeadStatus", f"cannot be read: {error}", f"{_PERMISSION_SET} > Object Settings > Lead: tick Read")
        converted = sum(bool(row["IsConverted"]) for row in rows)
        return Finding("ok", "LeadStatus", f"{len(rows)} statuses can be read, {converted} of them set by conversion alone")

    def _rules(self, *, creates: bool) -> Iterator[Finding]:
        active = self._names(_RULES, "Name")
        if active is None:
            yield Finding("note", "assignment rules", "not proven: leadhub's user may not read which of them is active")
        elif creates and self._settings.owner_on_create == ASSIGNMENT_RULES and not active:
            said = 'on_create says "assignment_rules", and none is active: new leads go to the default owner'
            yield Finding(
                "warn", "assignment rules", said, "activate one in Setup > Lead Assignment Rules, or name a user or queue as on_create.owner"
            )
        else:
            which = f'"{active[0]}" is active: it runs when leadhub creates a lead, never when it updates one' if active else "none is active"
            yield Finding("ok", "assignment rules", which)
        rules = self._names(_DUPLICATES, "MasterLabel")
        if rules is None:
            yield Finding(
                "note", "duplicate rules", "not proven: leadhub's user may not read them; one that blocks refuses single creates and updates"
            )
        elif rules:
            said = f"{', '.join(rules)}: a lead that one of them holds for a duplicate is refused and listed; leadhub never overrules them"
            yield Finding("note", "duplicate rules", said)

    def _names(self, soql: str, field: str) -> list[str] | None:
        """Return one field of the rows; None where this login may not ask."""
        try:
            return [str(row[field]) for row in self._client.query(soql)["records"]]
        except FatalError:
            return None

    # ---- an object -----------------------------------------------------------------------------------------------------------------------

    def _object(self, need: Need, user_id: str) -> Iterator[Finding]:
        try:
            described = self._client.describe(need.object)
        except LeadhubError as error:
            yield Finding(
                "fail" if need.object == LEAD else "warn",
                need.object,
                f"cannot be seen by leadhub's user: {error}",
                f"{_PERMISSION_SET} > Object Settings > {need.object}: tick Read",
            )
            return
        wanted = {"Read": ("queryable", True), "Create": ("createable", need.creates), "Edit": ("updateable", bool(need.writes))}
        missing = [word for word, (key, asked) in wanted.items() if asked and not described.get(key)]
        if missing:
            yield Finding(
                "fail",
                need.object,
                f"leadhub's user lacks {' and '.join(missing)}",
                f"{_PERMISSION_SET} > Object Settings > {need.object}: tick {', '.join(missing)}",
            )
        fields = {str(row["name"]): row for row in described["fields"]}
        yield from _fields(need, fields)
        if need.object == LEAD and self._settings.external_id is not None and need.creates:
            yield from _key(self._settings.external_id, fields)
        yield self._sight(need, user_id)

    def _sight(self, need: Need, user_id: str) -> Finding:
        """Whether the login sees every record, which sharing may prevent without a word."""
        try:
            rows = self._client.query(format_soql(_SETS, need.object, user_id))["records"]
        except FatalError:
            said = "not proven: whether leadhub's user sees every record. A record that sharing hides is not read, and none says so"
            return Finding("note", need.object, said)
        if any(row.get("PermissionsModifyAllRecords") for row in rows):
            return Finding("note", need.object, "leadhub's user has Modify All: it sees every record, and may do more than it needs to")
        if any(row.get("PermissionsViewAllRecords") for row in rows):
            return Finding("ok", need.object, "leadhub's user has View All: it sees every record")
        return Finding(
            "warn",
            need.object,
            "no permission set gives leadhub's user View All: records that are not shared with it are not read",
            f"{_PERMISSION_SET} > Object Settings > {need.object}: tick View All Records, unless sharing shows it all that is to be kept in sync",
        )


def _fields(need: Need, fields: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """Which of the fields leadhub may read, edit, and give a new record."""
    reads = [name for name in need.reads if name != ROLES]
    hidden = [name for name in reads if name not in fields]
    fixed = [name for name in need.writes if name in fields and not fields[name].get("updateable")]
    withheld = [name for name in need.writes if need.creates and name in fields and name not in fixed and not fields[name].get("createable")]
    for names, what, box in (
        (hidden, "cannot be read", "Read Access"),
        (fixed, "cannot be edited", "Edit Access"),
        (withheld, "cannot be given to a new record", "Edit Access"),
    ):
        if names:
            where = f"{_PERMISSION_SET} > Object Settings > {need.object} > Field Permissions: tick {box} for {', '.join(names)}"
            yield Finding("warn", need.object, f"{', '.join(names)} {what} by leadhub's user", where)
    if not (hidden or fixed or withheld):
        yield Finding("ok", need.object, f"{len(reads)} fields can be read, {len(need.writes)} of them written")


def _key(name: str, fields: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """Whether the field that carries leadhub's key can do so."""
    there = f"Setup > Object Manager > Lead > Fields & Relationships > {name}"
    field = fields.get(name)
    if field is None:
        make = f"Setup > Object Manager > Lead > Fields & Relationships > New: Text, length {ROOM}, Unique, External ID, named {name}"
        yield Finding(
            "fail", name, "the field is not there, or hidden from leadhub's user", f"{make}; then tick Read and Edit Access in {_PERMISSION_SET}"
        )
        return
    lacks = [word for word, key in (("Unique", "unique"), ("External ID", "externalId")) if not field.get(key)]
    if lacks:
        yield Finding("fail", name, f"the field is not {' and not '.join(lacks)}", f"{there} > Edit: tick {', '.join(lacks)}")
    if int(field.get("length") or 0) < KEY_LENGTH:
        yield Finding(
            "fail",
            name,
            f"the field holds {field.get('length')} characters, and leadhub's key has {KEY_LENGTH}",
            f"{there} > Edit: length {ROOM}",
        )
    if not (field.get("createable") and field.get("updateable")):
        yield Finding(
            "fail",
            name,
            "leadhub's user may not write the field",
            f"{_PERMISSION_SET} > Object Settings > Lead > Field Permissions: tick Edit Access for {name}",
        )
