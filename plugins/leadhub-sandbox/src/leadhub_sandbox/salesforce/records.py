"""Create, update, delete and undelete: every rule that Salesforce applies to one record, for the API and for people alike."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from leadhub_sandbox.salesforce import duplicates, ids, sales, values
from leadhub_sandbox.salesforce.errors import ApiError, deleted, invalid_field, not_found, not_shared
from leadhub_sandbox.salesforce.features import settle
from leadhub_sandbox.salesforce.history import note_save
from leadhub_sandbox.salesforce.objects import CONTACT, LEAD, OBJECTS, OPPORTUNITY, USER
from leadhub_sandbox.salesforce.org import AUTOMATION, INTEGRATION, Actor, Org
from leadhub_sandbox.salesforce.query import attributes, field_value
from leadhub_sandbox.salesforce.schema import Field, Row, SObject

AUTO, NONE = "TRUE", "FALSE"
QUEUE_TYPE = "Queue"
OWNING_TYPES = ("Standard", "PowerPartner")
"""The types of users that may own a lead."""


@dataclass(frozen=True, slots=True)
class Records:
    """Writes records of an org. `assign` is the value of Sforce-Auto-Assign: TRUE, FALSE or a rule's id."""

    org: Org

    def create(self, obj: SObject, body: Mapping[str, Any], actor: Actor, assign: str = NONE) -> str:
        """Store a new record and return its id; raises ApiError."""
        self._must_be_writable(obj, actor, "inserted")
        given = settle(self.org, obj, None, self._clean(obj, body, actor, "createable"))
        row: Row = {f.name: f.default for f in obj.fields.values()} | self._defaults(obj, actor) | given
        self._check_required(obj, row)
        self._check_status(obj, given, actor)
        self._check_owner(obj, given, actor)
        row |= self._assigned(obj, assign)
        row |= {"Id": self.org.new_id(obj)} | self.org.stamps(actor.user_id, created=True)
        row |= {k: v for k, v in given.items() if k in ("CreatedDate", "LastModifiedDate", "SystemModstamp")}
        return self._save(obj, row, actor)

    def update(self, obj: SObject, row_id: str, body: Mapping[str, Any], actor: Actor, assign: str = NONE) -> None:
        """Change a record; raises ApiError. A change to the values it has already is a change: the stamps move."""
        self._must_be_writable(obj, actor, "updated")
        given = self._clean(obj, body, actor, "updateable")
        before = self.live(obj, row_id, actor)
        given = settle(self.org, obj, before, given)
        converted = bool(before.get("IsConverted"))
        if converted and not (self.org.settings.view_edit_converted or actor.system):
            raise ApiError(400, "CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", [])
        self._must_be_free(before)
        self._check_required(obj, before | given)
        if given.get("Status") != before.get("Status"):
            self._check_status(obj, given, actor)
        self._check_owner(obj, given, actor)
        assigned = {} if converted else self._assigned(obj, assign)
        self._save(obj, before | given | assigned | self.org.stamps(actor.user_id), actor)

    def automate(self, obj: SObject, row_id: str, fields: Mapping[str, Any]) -> None:
        """Change a record as a background process does: SystemModstamp moves, LastModifiedDate and LastModifiedById stay."""
        before = self.live(obj, row_id)
        given = settle(self.org, obj, before, self._clean(obj, fields, Actor("", system=True), "updateable"))
        after = _derived(self.org, obj, before | given | {"SystemModstamp": self.org.now()})
        self.org.store.put(obj, after)
        note_save(self.org, obj, before, after, self.org.user_id(AUTOMATION))

    def archive(self, obj: SObject, row_id: str, actor: Actor) -> None:
        """Move a record to the recycle bin as a client does, whose user needs the right to delete; raises ApiError."""
        row = self.live(obj, row_id, actor)
        if {obj.name, row["Id"]} & set(self.org.settings.no_delete):
            raise ApiError(403, "INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id", [])
        self._must_be_free(row)
        self.delete(obj, row_id, actor)

    def delete(self, obj: SObject, row_id: str, actor: Actor, *, master_id: str | None = None) -> None:
        """Move a record to the recycle bin; `master_id` names the winner of a merge."""
        self._must_be_writable(obj, actor, "deleted")
        row = self.live(obj, row_id)
        if actor.checked:
            self._check_triggers(obj, row, "Delete")
        row = row | self.org.stamps(actor.user_id) | {"IsDeleted": True}
        if master_id:
            row["MasterRecordId"] = master_id
        self.org.store.put(obj, row)
        sales.let_go(self.org, obj, row, actor.user_id)

    def undelete(self, obj: SObject, row_id: str, actor: Actor) -> None:
        """Bring a record back from the recycle bin under its old id."""
        row = self._find(obj, row_id)
        if not row.get("IsDeleted"):
            raise ApiError(400, "UNDELETE_FAILED", "Entity is not in the recycle bin", [])
        restored = row | self.org.stamps(actor.user_id) | {"IsDeleted": False}
        if "MasterRecordId" in row:
            restored["MasterRecordId"] = None
        self._save(obj, restored, replace(actor, duplicates=None))

    def live(self, obj: SObject, row_id: str, actor: Actor | None = None) -> Row:
        """Return a record that can be written; raises 404 NOT_FOUND or ENTITY_IS_DELETED, and 400 for one that a client does not see."""
        row = self._find(obj, row_id)
        if actor is not None and actor.client and not self.org.sees(row):
            raise not_shared()
        if row.get("IsDeleted"):
            raise deleted()
        return row

    def _find(self, obj: SObject, row_id: str) -> Row:
        complete = ids.full(row_id)
        row = self.org.store.get(obj, complete) if complete else None
        if row is None:
            raise not_found()
        return row

    def _must_be_writable(self, obj: SObject, actor: Actor, verb: str) -> None:
        if not obj.writable and not actor.system:
            raise ApiError(400, "INVALID_TYPE_FOR_OPERATION", f"entity type cannot be {verb}: {obj.name}", [])

    def _must_be_free(self, row: Row) -> None:
        if row["Id"] in self.org.settings.locked_records:
            raise ApiError(400, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record", [])

    def _clean(self, obj: SObject, body: Mapping[str, Any], actor: Actor, access: str) -> Row:
        hidden = set() if actor.system else self.org.hidden(obj)
        given: list[tuple[Field, Any]] = []
        for name, value in body.items():
            if name == "attributes":
                continue
            known = obj.find(name)
            if known is None or known.name in hidden:
                raise invalid_field(f"No such column '{name}' on sobject of type {obj.name}")
            given.append((known, value))
        locked = [f.name for f, _ in given if not actor.system and not getattr(f, access)]
        if locked:
            verb = "create" if access == "createable" else "update"
            text = f"Unable to create/update fields: {', '.join(locked)}. Check that the field can be written ({verb})."
            raise ApiError(400, "INVALID_FIELD_FOR_INSERT_UPDATE", text, locked)
        return {f.name: value if f.type in ("id", "address") else values.clean(f, value) for f, value in given}

    def _defaults(self, obj: SObject, actor: Actor) -> Row:
        row: Row = {}
        if "OwnerId" in obj.fields:
            row["OwnerId"] = actor.user_id
        return row

    def _check_required(self, obj: SObject, row: Row) -> None:
        missing = [f.name for f in obj.fields.values() if f.required and row[f.name] is None]
        if missing:
            text = f"Required fields are missing: [{', '.join(missing)}]"
            raise ApiError(400, "REQUIRED_FIELD_MISSING", text, missing)

    def _check_status(self, obj: SObject, given: Row, actor: Actor) -> None:
        if obj is not LEAD or actor.system or "Status" not in given:
            return
        if given["Status"] is None:
            raise ApiError(400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Status]", ["Status"])
        if str(given["Status"]).lower() in (s.lower() for s in self.org.statuses(converted=True)):
            text = f"Status: {given['Status']} is a converted status: convert the lead to reach it"
            raise ApiError(400, "INVALID_STATUS", text, ["Status"])

    def _check_owner(self, obj: SObject, given: Row, actor: Actor) -> None:
        for name, kinds in ((f.name, f.references) for f in obj.fields.values() if f.references and f.name in given):
            target = given[name]
            if target is None and name == "OwnerId":
                raise ApiError(400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [OwnerId]", ["OwnerId"])
            rows = [self.org.store.get(OBJECTS[kind], str(target)) for kind in kinds] if target else []
            row = next((r for r in rows if r), None)
            plain_group = name == "OwnerId" and row is not None and row.get("Type", QUEUE_TYPE) != QUEUE_TYPE
            if target and (row is None or plain_group or row.get("IsDeleted")):
                raise ApiError(400, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [name])
            if row and actor.client and not actor.system and not self.org.sees(row):
                raise not_shared()
            if name == "OwnerId" and row and row.get("IsActive") is False:
                text = f"operation performed with inactive user [{target}] as owner of {obj.name}"
                raise ApiError(400, "INACTIVE_OWNER_OR_USER", text, [name])
            if name == "OwnerId" and row and row.get("UserType", "Standard") not in OWNING_TYPES:
                raise ApiError(400, "OP_WITH_INVALID_USER_TYPE_EXCEPTION", "Operation not valid for this user type", [name])

    def _assigned(self, obj: SObject, assign: str) -> Row:
        if obj is not LEAD or assign.upper() == NONE:
            return {}
        rule = self.org.settings.assignment_rule
        named = ids.full(assign)
        if assign.upper() != AUTO and (named is None or named != ids.full(rule.get("id"))):
            raise ApiError(400, "INVALID_CROSS_REFERENCE_KEY", f"invalid assignment rule id: {assign}", [])
        if rule.get("active") or assign.upper() != AUTO:
            return {"OwnerId": rule["owner"]}
        return {"OwnerId": rule["default_owner"]} if rule.get("default_owner") else {}

    def _save(self, obj: SObject, row: Row, actor: Actor) -> str:
        row = _derived(self.org, obj, row)
        before = self.org.store.get(obj, str(row["Id"]))
        if actor.checked:
            self._check_triggers(obj, row, "Insert" if before is None else "Update")
            self._check_rules(obj, row)
            self._check_duplicates(obj, row, before, actor)
        for f in (f for f in obj.fields.values() if f.unique and row[f.name] is not None):
            holder = self.org.store.holder(obj, f.name, row[f.name])
            if holder not in (None, row["Id"]):
                raise self._taken(obj, f, str(holder), actor)
        for rule in self.org.settings.automations:
            if rule.get("object", LEAD.name) == obj.name and _holds(rule.get("when", {}), row):
                row = _derived(self.org, obj, row | self._clean(obj, rule["set"], Actor("", system=True), "updateable"))
        self.org.store.put(obj, row)
        note_save(self.org, obj, before, row, str(row["LastModifiedById"]))
        sales.keep_one_primary(self.org, obj, row)
        return str(row["Id"])

    def _check_triggers(self, obj: SObject, row: Row, event: str) -> None:
        for rule in self.org.settings.trigger_errors:
            fits = rule.get("object", LEAD.name) == obj.name and event in rule.get("on", ("Insert", "Update"))
            if fits and _holds(rule.get("when", {}), row):
                name = rule.get("trigger", f"{obj.name}Trigger")
                text = f"{name}: execution of Before{event}\n\ncaused by: {rule['cause']}\n\nTrigger.{name}: line 3, column 1"
                raise ApiError(400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", text, [])

    def _check_rules(self, obj: SObject, row: Row) -> None:
        for rule in self.org.settings.validation_rules:
            if rule.get("object", LEAD.name) == obj.name and _holds(rule.get("when", {}), row):
                raise ApiError(400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", rule["message"], rule.get("fields", []))

    def _taken(self, obj: SObject, field: Field, holder: str, actor: Actor) -> ApiError:
        name: str = field.name
        if actor.client and not self.org.sees(self.org.store.get(obj, holder) or {"Id": holder}):
            name = holder = "<unknown>"  # a unique value is kept from everybody, the record that has it is not
        return ApiError(400, "DUPLICATE_VALUE", f"duplicate value found: {name} duplicates value on record with id: {holder}", [field.name])

    def _check_duplicates(self, obj: SObject, row: Row, before: Row | None, actor: Actor) -> None:
        said, settings = actor.duplicates, self.org.settings
        for rule in settings.duplicate_rules if said else ():
            if said is None or (rule["action"] == "alert" and said.allow_save):
                continue
            if not duplicates.applies(rule, obj, row, before, self.org.hidden(obj)):
                continue
            rows = self.org.rows if actor.client else self.org.store.rows
            if found := duplicates.matches(rows, rule, row, (row["Id"], said.ignoring)):
                shown = {name: [self._shown(OBJECTS[name], r, said) for r in rows] for name, rows in found.items()}
                key = "duplicateResut" if settings.misspelt_duplicate_key else "duplicateResult"
                raise duplicates.DuplicatesError(duplicates.result(rule, shown), key)

    def _shown(self, obj: SObject, row: Row, said: duplicates.DuplicateHeader) -> dict[str, Any]:
        names = [name for name in obj.fields if name not in self.org.hidden(obj)] if said.details else ["Id"]
        return {"attributes": attributes(obj, row, said.version)} | {name: field_value(obj, name, row) for name in names}

    def as_actor(self, who: str = INTEGRATION) -> Actor:
        """Return the person named by alias, user name or id; raises ValueError."""
        return Actor(self.org.user_id(who))


def _holds(when: Mapping[str, Any], row: Row) -> bool:
    return all(row.get(name) == value for name, value in when.items())


def _derived(org: Org, obj: SObject, row: Row) -> Row:
    """Fill what Salesforce computes: a person's Name, a stage's flags."""
    if obj in (LEAD, CONTACT, USER):
        return row | {"Name": " ".join(str(row[n]) for n in ("FirstName", "LastName") if row[n])}
    if obj is OPPORTUNITY:
        stage = next((s for s in org.settings.stages if s["ApiName"] == row["StageName"]), {})
        amount, chance = row["Amount"], row["Probability"]
        expected = amount * chance / 100 if isinstance(amount, int | float) and isinstance(chance, int | float) else None
        flags = {"IsClosed": bool(stage.get("IsClosed")), "IsWon": bool(stage.get("IsWon"))}
        return row | flags | {"ExpectedRevenue": expected, "ForecastCategory": row["ForecastCategoryName"]}
    return row
