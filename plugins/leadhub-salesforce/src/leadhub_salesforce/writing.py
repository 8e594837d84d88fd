"""Writing Leads and Contacts through sObject Collections: up to 200 a call, an outcome for each, nothing written that the live org does not know.

Never writes a status that means converted (a conversion does, see `converting`), and makes and archives Leads alone.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from leadhub import (
    Change,
    DuplicateRefused,
    FatalError,
    InvalidValue,
    Json,
    Operation,
    Outcome,
    RecordError,
    Result,
    RetryableError,
    StaleRecord,
    Unavailable,
    UnknownOutcome,
)
from leadhub_salesforce.client import Client
from leadhub_salesforce.errors import Complaint, for_record, graver
from leadhub_salesforce.mapping import CONTACT, FEW, LEAD, OWNER
from leadhub_salesforce.schema import STATUS, Schema
from leadhub_salesforce.settings import ASSIGNMENT_RULES, Settings
from leadhub_salesforce.values import full_id, is_id, to_salesforce

BATCH = 200
AUTO_ASSIGN = "Sforce-Auto-Assign"
"""Salesforce takes a missing header for TRUE: every create and every update would hand the lead to whom the assignment rules name."""

LEAD_IDS = "00Q"
"""How every id of a Lead begins (`keyPrefix` of its describe). A delete names ids alone, so one of another object would be deleted as well."""

BY_RULE = "DUPLICATES_DETECTED"
NO_RIGHT = "INSUFFICIENT_ACCESS_OR_READONLY"

_LEADS_ALONE = {
    Operation.CREATE: "leadhub makes no Contacts: converting a Lead in Salesforce does.",
    Operation.ARCHIVE: "leadhub made no Contact, and so takes none away.",
}


class Writer:
    """Writes Leads and Contacts of one org."""

    def __init__(self, client: Client, settings: Settings, schema: Callable[[str], Schema], saved: Callable[[str], datetime | None]) -> None:
        self._client = client
        self._saved = saved
        self._settings = settings
        self._schema = schema

    def push(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        """Write the changes and yield an outcome for each.

        An archived Lead lies in the Recycle Bin, from where anybody who may undelete can bring it back under its old id: for 15 days, unless the
        bin is emptied before (Salesforce Help, "Recycle Bin"). One that lies there already is refused as `RecordGone`.

        Rows that were locked are not refused: all other outcomes come first, then `RowsLocked` is raised, which leaves exactly those rows not
        attempted.
        """
        if len(changes) > BATCH:
            raise ValueError(f"Salesforce takes at most {BATCH} records a call, and got {len(changes)}.")
        schemas = {name: self._schema(name) for name in (LEAD, CONTACT) if any(change.object == name for change in changes)}
        ready: list[tuple[Change, dict[str, Json]]] = []
        for change in changes:
            try:
                ready.append((change, self._row(change, schemas)))
            except RecordError as error:
                yield _refused(change, error)
        locked: Unavailable | None = None
        like_others: list[tuple[Change, RecordError]] = []
        for call in _calls(ready):
            for change, outcome in self._send(call):
                if isinstance(outcome, Unavailable):
                    locked = graver(locked, outcome)
                elif isinstance(outcome, DuplicateRefused) and outcome.code == BY_RULE and outcome.existing_id is None:
                    like_others.append((change, outcome))
                else:
                    yield _told(change, outcome)
        rows = {change.key: row for change, row in ready}
        for change, refusal in like_others:
            yield self._ask_like_whom(change, rows[change.key], refusal)
        if locked is not None:
            raise locked

    def _ask_like_whom(self, change: Change, row: dict[str, Json], refusal: RecordError) -> Outcome:
        """Send one row by itself that a duplicate rule refused: a collection does not name the records that it is like, a single row does.

        It never asks to be saved all the same. Where the rule lets it pass this time, it is written.
        """
        creates = change.operation is Operation.CREATE
        path = f"sobjects/{change.object}" if creates else f"sobjects/{change.object}/{row['id']}"
        body = {name: value for name, value in row.items() if name not in ("attributes", "id")}
        try:
            result = self._client.save_one("POST" if creates else "PATCH", path, body, self._assigning(creates=creates))
            return _told(change, _outcome(change, row, {"id": row.get("id"), **result}))
        except UnknownOutcome:
            return Outcome(change.key, Result.UNKNOWN, change.record_id)
        except (FatalError, RecordError, RetryableError):
            return _refused(change, refusal)

    def _row(self, change: Change, schemas: Mapping[str, Schema]) -> dict[str, Json]:
        """Return what goes over the wire for one change; raises RecordError for what must not, FatalError for a missing external-id field."""
        _check_offered(change)
        schema, creates = schemas[change.object], change.operation is Operation.CREATE
        for name, value in change.values.items():
            _check_field(schema, change.object, name, creates=creates)
            _check_value(schema, change.object, name, value)
        row: dict[str, Json] = {"attributes": {"type": change.object}}
        row |= {name: to_salesforce(value, name) for name, value in change.values.items()}
        if creates:
            return row | self._create_values(change, schema)
        if not is_id(change.record_id or "") or (change.operation is Operation.ARCHIVE and not str(change.record_id).startswith(LEAD_IDS)):
            raise InvalidValue(f"{change.record_id!r} is no id of a {change.object}, so there is nothing to {change.operation}.", code="MALFORMED_ID")
        return row | {"id": full_id(change.record_id or "")}

    def _create_values(self, change: Change, schema: Schema) -> dict[str, Json]:
        owner, external = self._settings.owner_on_create, self._settings.external_id
        values: dict[str, Json] = {}
        if owner not in (None, ASSIGNMENT_RULES) and OWNER not in change.values:
            values[OWNER] = owner
        if external:
            field = schema.fields.get(external)
            if field is None or not (field.createable and field.updateable and field.names_one):
                raise FatalError(
                    f"Lead.{external} is not there for leadhub's user to write, or not unique: a create could not be recognized again.",
                    next_step=f"create {external} on Lead (text, 64, unique, external id) and give leadhub's user edit access to it",
                )
            values[external] = change.key
        return values

    def _send(self, call: list[tuple[Change, dict[str, Json]]]) -> Iterator[tuple[Change, Outcome | RecordError | Unavailable]]:
        """Make one call for all, and one for each that depends on when its lead was saved. The results come in the order of the request (REST guide, sObject Collections); here, and only here, that is relied on."""
        alone = self._alone(call)
        yield from ((change, self._send_alone(change, row, alone[change.key])) for change, row in call if change.key in alone)
        call = [(change, row) for change, row in call if change.key not in alone]
        if not call:
            return
        operation, rows = call[0][0].operation, [row for _, row in call]
        try:
            archives = operation is Operation.ARCHIVE
            results = self._client.delete([str(row["id"]) for row in rows]) if archives else self._save(operation, rows)
        except RecordError as error:  # the call as a whole: which record is to blame, Salesforce does not say
            yield from ((change, error) for change, _ in call)
            return
        if len(results) != len(call):
            raise UnknownOutcome(f"Salesforce answered {len(results)} results to {len(call)} records: none can be told.")
        for (change, row), result in zip(call, results, strict=True):
            yield change, _outcome(change, row, result)

    def _alone(self, call: Sequence[tuple[Change, dict[str, Json]]]) -> dict[str, datetime]:
        """Return the changes to be sent by themselves, with the time after which nobody may have saved the lead.

        A collection knows no such condition. What a status or an owner sets off, an edit that is written over, nobody takes back: so it is worth
        a call of its own, while these are few.
        """
        found: dict[str, datetime] = {}
        for change, row in call:
            dangerous = change.operation is Operation.UPDATE and change.object == LEAD and not change.values.keys().isdisjoint((STATUS, OWNER))
            if dangerous and (at := self._saved(str(row["id"]))) is not None:
                found[change.key] = at
        return found if len(found) <= FEW else {}

    def _send_alone(self, change: Change, row: dict[str, Json], since: datetime) -> Outcome | RecordError | Unavailable:
        headers = {**self._assigning(creates=False), "If-Unmodified-Since": format_datetime(since, usegmt=True)}
        body = {name: value for name, value in row.items() if name not in ("attributes", "id")}
        result = self._client.save_one("PATCH", f"sobjects/{LEAD}/{row['id']}", body, headers)
        return _outcome(change, row, {"id": row["id"], **result})

    def _save(self, operation: Operation, rows: Sequence[dict[str, Json]]) -> list[dict[str, Any]]:
        creates = operation is Operation.CREATE
        method, path = "POST" if creates else "PATCH", "composite/sobjects"
        if creates and self._settings.external_id:
            method, path = "PATCH", f"composite/sobjects/{LEAD}/{self._settings.external_id}"
        body = {"allOrNone": False, "records": list(rows)}
        return self._client.write(method, path, body, self._assigning(creates=creates))

    def _assigning(self, *, creates: bool) -> dict[str, str]:
        by_rule = creates and self._settings.owner_on_create == ASSIGNMENT_RULES
        return {AUTO_ASSIGN: "TRUE" if by_rule else "FALSE"}


def _outcome(change: Change, row: dict[str, Json], result: Any) -> Outcome | RecordError | Unavailable:
    """Read one save result. Only `success` counts: a failed upsert may carry `created` all the same."""
    if not isinstance(result, dict) or not isinstance(result.get("success"), bool):
        raise UnknownOutcome("A result of the write cannot be read.")
    if not result["success"]:
        complaint = Complaint.parse(result.get("errors"))
        return _no_right(complaint) if change.operation is Operation.ARCHIVE and complaint.code == NO_RIGHT else for_record(complaint)
    record_id = str(result.get("id") or "")
    if not is_id(record_id) or full_id(record_id) != row.get("id", full_id(record_id)):
        raise UnknownOutcome(f"The result for {row.get('id', 'a new lead')} names another record ({record_id or 'none'}).")
    return Outcome(change.key, Result.ACCEPTED, record_id=full_id(record_id))


def _no_right(complaint: Complaint) -> RecordError:
    """Who may edit a lead may not always delete it: its owner may, who stands above the owner, and who has Modify All (Salesforce Help, 000385525)."""
    return RecordError(
        f"leadhub's user may not delete this lead ({complaint.code}: {complaint.message}). Delete it in Salesforce by hand,"
        " or give that user Delete on Lead, and Modify All for the leads that others own.",
        code=complaint.code,
        fields=complaint.fields,
    )


def _told(change: Change, outcome: Outcome | RecordError | Unavailable) -> Outcome:
    """Return what is yielded for a change; raises Unavailable for a row that is locked."""
    if isinstance(outcome, Unavailable):
        raise outcome
    return _refused(change, outcome) if isinstance(outcome, RecordError) else outcome


def _refused(change: Change, error: RecordError) -> Outcome:
    result = Result.STALE if isinstance(error, StaleRecord) else Result.REFUSED
    return Outcome(change.key, result, record_id=change.record_id, error=error)


def _calls(ready: Sequence[tuple[Change, dict[str, Json]]]) -> Iterator[list[tuple[Change, dict[str, Json]]]]:
    """Split so that no call names a record twice (Salesforce refuses that), and sort by record id: writers that lock in one order do not collide."""
    left = list(ready)
    while left:
        first: dict[tuple[Operation, str], tuple[Change, dict[str, Json]]] = {}
        again: list[tuple[Change, dict[str, Json]]] = []
        operation = left[0][0].operation
        for change, row in left:
            name = (change.operation, str(row.get("id") or change.key))
            if change.operation is operation and name not in first:
                first[name] = (change, row)
            else:
                again.append((change, row))
        yield [first[name] for name in sorted(first)]
        left = again


def _check_offered(change: Change) -> None:
    if change.object not in (LEAD, CONTACT):
        raise InvalidValue(f"leadhub writes Lead and Contact here, not {change.object}.", code="NOT_OFFERED")
    if change.operation is Operation.CONVERT:
        raise InvalidValue("A conversion comes alone, never among other writes.", code="NOT_OFFERED")
    if change.operation is Operation.CLEAR_THEN_SET:
        raise InvalidValue("Salesforce takes any status in one step, so nothing is cleared first.", code="NOT_OFFERED")
    if change.object == CONTACT and change.operation in _LEADS_ALONE:
        raise InvalidValue(_LEADS_ALONE[change.operation], code="NOT_OFFERED")


def _check_field(schema: Schema, object_name: str, name: str, *, creates: bool) -> None:
    field = schema.fields.get(name)
    if field is None:
        raise InvalidValue(
            f"{object_name}.{name} does not exist, or is hidden from leadhub's user.",
            code="INVALID_FIELD",
            fields=(name,),
            next_step="leadhub doctor",
        )
    if not (field.createable if creates else field.updateable):
        raise InvalidValue(f"{object_name}.{name} is read-only for leadhub's user.", code="INVALID_FIELD_FOR_INSERT_UPDATE", fields=(name,))


def _check_value(schema: Schema, object_name: str, name: str, value: object) -> None:
    """Salesforce takes null for a checkbox and stores false: a blank must not turn an opt-out into consent."""
    if value is None and schema.fields[name].type == "boolean":
        raise InvalidValue(f"{object_name}.{name} is a checkbox: it is true or false, never blank.", code="NO_BLANK", fields=(name,))
    if object_name == LEAD and name == STATUS:
        _check_status(schema, value)


def _check_status(schema: Schema, value: object) -> None:
    """Salesforce stores any text as a status, so a value that the org does not know must be stopped here."""
    options = schema.fields[STATUS].options or ()
    if value in schema.converted:
        raise InvalidValue(f"Lead.Status {value!r} means converted: only a conversion sets it.", code="CONVERTED_STATUS", fields=(STATUS,))
    if value not in options:
        live = ", ".join(repr(option) for option in options if option not in schema.converted)
        raise InvalidValue(
            f"Lead.Status {value!r} is no active value of this org. It knows {live}.",
            code="UNKNOWN_STATUS",
            fields=(STATUS,),
            next_step="leadhub map show",
        )
